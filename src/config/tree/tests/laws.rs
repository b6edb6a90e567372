//! Properties that hold for every text.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_yaml::Value;

use super::*;

fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[ -~]{0,12}",
        "\\PC{0,8}",
        "(no|yes|on|y|~|null|true|0x1f|0o17|017|1e3|\\.5|1_0|<<|=|-|\\?|: |a: b| \
        #c|&a|\\*a|!t|%|@|`|\\[|\\{|---|\\.inf)",
        "[a-z\n \t]{0,12}",
    ];
    // The serializer breaks lines at these characters as in YAML 1.1. In 1.2 that is another text.
    let text = text
        .prop_filter("old line breaks", |text| {
            !text.contains(['\u{85}', '\u{2028}', '\u{2029}'])
        })
        .boxed();
    let leaf = prop_oneof![
        text.clone().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        Just(Value::Null),
    ];
    let inner = leaf.prop_recursive(4, 32, 6, move |inner| {
        let key = text.clone();
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            // The serializer does not quote the merge key.
            btree_map(key.prop_filter("merge key", |key| key != "<<"), inner, 0..6).prop_map(
                |map| Value::Mapping(
                    map.into_iter()
                        .map(|(key, value)| (key.into(), value))
                        .collect()
                )
            ),
        ]
    });
    btree_map("[a-z]{1,6}", inner, 0..6).prop_map(|map| {
        Value::Mapping(
            map.into_iter()
                .map(|(key, value)| (key.into(), value))
                .collect(),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..200)) {
        check(bytes);
    }

    #[test]
    fn any_text(text in "\\PC{0,80}") {
        check(text);
    }

    #[test]
    fn the_signs_of_yaml(signs in vec(prop::sample::select(vec![
        "a", "b", ": ", ":", "- ", "-", "? ", "[", "]", "{", "}", ", ", "\n", "\n  ", "\n\t", "&a ", "*a", "<<: ",
        "!!str ", "!t ", "\"", "'", "|\n", ">\n", "#", " # \
            c\n", "\n---\n", "\n...\n", "%YAML 1.2\n", "~", "é", "\r",
        "\\", "日", "\u{feff}",
    ]), 0..40)) {
        check(signs.concat());
    }

    #[test]
    fn a_broken_chart(value in value(), at in any::<prop::sample::Index>(), with in "[\\[\\]{}:,\n\t\"'&*!|>-]{0,3}") {
        let mut text = serde_yaml::to_string(&value).unwrap();
        let mut at = at.index(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        text.insert_str(at, &with);
        check(text);
    }

    #[test]
    fn what_is_written_reads_back(value in value()) {
        let text = serde_yaml::to_string(&value).unwrap();
        let mut sources = SourceMap::default();
        let file = sources.add("c.yaml", text.as_str());
        let mut diagnostics = Diagnostics::new();
        let roots = parse(file, sources.bytes(file), &mut diagnostics);
        prop_assert!(diagnostics.is_empty(), "{text}\n{diagnostics:?}");
        prop_assert_eq!(roots.len(), 1);
        prop_assert_eq!(roots[0].to_value(), value, "{}", text);
    }
}
