//! Special cases of YAML, one text for each.

mod broken;
mod laws;
mod limits;
mod sharing;

use super::*;
use crate::diagnostics::{SourceMap, render};

/// The documents, one line each, and the reports.
fn check(text: impl AsRef<[u8]>) -> String {
    let mut sources = SourceMap::default();
    let file = sources.add("c.yaml", text.as_ref());
    let mut diagnostics = Diagnostics::new();
    let roots = parse(file, sources.bytes(file), &mut diagnostics);
    let mut out = String::new();
    for root in &roots {
        dump(root, &sources, &mut out);
        out.push('\n');
    }
    for found in &diagnostics {
        out.push_str(&render(found, &sources, false, 80));
        out.push('\n');
    }
    out
}

fn dump(node: &Node<'_>, sources: &SourceMap, out: &mut String) {
    let at = sources.location(node.span);
    out.push_str(&format!("{}:{} ", at.line, at.column));
    match node.resolve() {
        Resolved::List(items) => {
            out.push_str("[ ");
            items.iter().for_each(|item| dump(item, sources, out));
            out.push_str("] ");
        }
        Resolved::Mapping(entries) => {
            out.push_str("{ ");
            for (key, node) in entries {
                let at = sources.location(key.span);
                out.push_str(&format!("{}:{} {:?}= ", at.line, at.column, &*key.text));
                dump(node, sources, out);
            }
            out.push_str("} ");
        }
        Resolved::Number(number) => out.push_str(&format!("{number} ")),
        other => out.push_str(&format!("{other:?} ")),
    }
}

fn codes(text: impl AsRef<[u8]>) -> Vec<&'static str> {
    let mut sources = SourceMap::default();
    let file = sources.add("c.yaml", text.as_ref());
    let mut diagnostics = Diagnostics::new();
    parse(file, sources.bytes(file), &mut diagnostics);
    diagnostics.iter().map(|found| found.code).collect()
}

#[test]
fn values_and_places() {
    insta::assert_snapshot!(check("a: no\nb: [1e3, 0x1f, ~, '1', \
        true]\nc:\n  d: \"x\\ty\"\n  e:\n"), @r#"1:1 { 1:1 "a"= 1:4 String("no") 2:1 "b"= 2:4 [ 2:5 1000.0 2:10 31 2:16 Null 2:19 String("1") 2:24 Bool(true) ] 3:1 "c"= 4:3 { 4:3 "d"= 4:6 String("x\ty") 5:3 "e"= 5:4 Null } }"#);
}

#[test]
fn empty_files() {
    for text in [
        "",
        "\n\n",
        "# only this\n",
        "---\n---\n",
        "\u{feff}",
        "---\n# c\n...\n",
    ] {
        assert_eq!(check(text), "", "{text:?}");
    }
    insta::assert_snapshot!(check("--- ~\n"), @r#"1:5 Null"#);
}

#[test]
fn several_documents() {
    insta::assert_snapshot!(check("a: 1\n---\n\n---\nb: 2\n...\n# c\n---\n- 3\n"), @r#"
        1:1 { 1:1 "a"= 1:4 1 } 
        5:1 { 5:1 "b"= 5:4 2 } 
        9:1 [ 9:3 3 ]
        "#);
}

#[test]
fn the_byte_order_mark_and_windows() {
    insta::assert_snapshot!(check("\u{feff}a: 1\r\nb:\r\n  - x\r\na: 2\r\n"), @r#"
        1:1 { 1:1 "a"= 1:4 1 2:1 "b"= 3:3 [ 3:5 String("x") ] } 
        error[duplicate-key]: the key `a` appears twice
         --> c.yaml:4:1
          |
        4 | a: 2
          | ^
         ::: c.yaml:1:1
          |
        1 | a: 1
          | - first defined here
        "#);
}

#[test]
fn unicode_columns() {
    insta::assert_snapshot!(check("{日本: é, 😀: [*ñ]}\n"), @r#"
        1:1 { 1:2 "日本"= 1:6 String("é") 1:9 "😀"= 1:12 [ ] } 
        error[unknown-anchor]: there is no anchor `ñ`
         --> c.yaml:1:13
          |
        1 | {日本: é, 😀: [*ñ]}
          |                ^^
          |
          = help: an anchor must come before its aliases, in the same document; a text that begins with `*` needs quotes
        "#);
}

#[test]
fn block_texts() {
    insta::assert_snapshot!(check("a: |\n  one\n   two\n\nb: >-\n  x\n  y\n# c\nc: plain\n  goes \
        on\n"), @r#"1:1 { 1:1 "a"= 2:3 String("one\n two\n") 5:1 "b"= 6:3 String("x y") 9:1 "c"= 9:4 String("plain goes on") }"#);
}

#[test]
fn spans_end_with_their_text() {
    let text = "a: |\n  one\n  two\n\n# c\nb:\n  c: 1\n\n# d\nd: [1,\n 2 ]\n";
    let mut sources = SourceMap::default();
    let file = sources.add("c.yaml", text);
    let roots = parse(file, sources.bytes(file), &mut Diagnostics::new());
    let written = |key| {
        let span = roots[0].get(key).unwrap().span;
        &text[span.start as usize..span.end as usize]
    };
    assert_eq!(written("a"), "one\n  two");
    assert_eq!(written("b"), "c: 1");
    assert_eq!(written("d"), "[1,\n 2 ]");
    assert_eq!(&text[..roots[0].span.end as usize], text.trim_end());
}

#[test]
fn duplicate_keys() {
    insta::assert_snapshot!(check("a: 1\nb: {x: 1, 'x': 2}\n\"a\": 3\n"), @r#"
        1:1 { 1:1 "a"= 1:4 1 2:1 "b"= 2:4 { 2:5 "x"= 2:8 1 } } 
        error[duplicate-key]: the key `x` appears twice
         --> c.yaml:2:11
          |
        2 | b: {x: 1, 'x': 2}
          |           ^^^
         ::: c.yaml:2:5
          |
        2 | b: {x: 1, 'x': 2}
          |     - first defined here
        error[duplicate-key]: the key `a` appears twice
         --> c.yaml:3:1
          |
        3 | "a": 3
          | ^^^
         ::: c.yaml:1:1
          |
        1 | a: 1
          | - first defined here
        "#);
    let many = (0..100).map(|n| format!("k{n}: 1\n")).collect::<String>();
    assert!(codes(&many).is_empty());
    assert_eq!(
        codes(format!("{many}k50: 2\nk51: 2\nk50: 3\n")),
        ["duplicate-key"; 3]
    );
}

#[test]
fn invalid_keys() {
    insta::assert_snapshot!(check("? [a, b]\n: 1\n{c: d}: 2\n: 3\ne: 4\n"), @r#"
        1:1 { 5:1 "e"= 5:4 4 } 
        error[bad-key]: a list or mapping cannot be a key
         --> c.yaml:1:3
          |
        1 | ? [a, b]
          |   ^^^^^^
          |
          = help: quote a text that starts with `[` or `{`
        error[bad-key]: a list or mapping cannot be a key
         --> c.yaml:3:1
          |
        3 | {c: d}: 2
          | ^^^^^^
          |
          = help: quote a text that starts with `[` or `{`
        error[bad-key]: there is no key before this `:`
         --> c.yaml:4:1
          |
        4 | : 3
          | ^
        "#);
}

#[test]
fn keys_are_strings() {
    insta::assert_snapshot!(check("1: a\nnull: b\n'': c\n&k key: d\n*k : e\n"), @r#"
        1:1 { 1:1 "1"= 1:4 String("a") 2:1 "null"= 2:7 String("b") 3:1 ""= 3:5 String("c") 4:4 "key"= 4:9 String("d") } 
        error[duplicate-key]: the key `key` appears twice
         --> c.yaml:5:1
          |
        5 | *k : e
          | ^^
         ::: c.yaml:4:4
          |
        4 | &k key: d
          |    --- first defined here
        "#);
}

#[test]
fn tags() {
    insta::assert_snapshot!(
        check("a: !!str 123\nb: !!int '7'\nc: !!bool true\nd: !!map {x: 1}\ne: !!seq []\nf: \
            !!null\ng: !!float 3\n"),
        @r#"1:1 { 1:1 "a"= 1:10 String("123") 2:1 "b"= 2:10 7 3:1 "c"= 3:11 Bool(true) 4:1 "d"= 4:10 { 4:11 "x"= 4:14 1 } 5:1 "e"= 5:10 [ ] 6:1 "f"= 6:10 Null 7:1 "g"= 7:12 3 }"#
    );
    insta::assert_snapshot!(
        check("a: !secret x\nb: !!int y\nc: !!seq {x: 1}\nd: !!timestamp 2020-01-01\n\
            e: !!str [1]\n"),
        @r#"
        1:1 { 1:1 "a"= 1:12 String("x") 4:1 "d"= 4:16 String("2020-01-01") } 
        error[unsupported-tag]: the tag `!secret` is not supported
         --> c.yaml:1:4
          |
        1 | a: !secret x
          |    ^^^^^^^
        error[bad-tag]: `y` does not have the type of its tag
         --> c.yaml:2:10
          |
        2 | b: !!int y
          |          ^
        error[bad-tag]: the value does not have the type of its tag
         --> c.yaml:3:4
          |
        3 | c: !!seq {x: 1}
          |    ^^^^^
        error[unsupported-tag]: the tag `!!timestamp` is not supported
         --> c.yaml:4:4
          |
        4 | d: !!timestamp 2020-01-01
          |    ^^^^^^^^^^^
        error[bad-tag]: the value does not have the type of its tag
         --> c.yaml:5:4
          |
        5 | e: !!str [1]
          |    ^^^^^
        "#
    );
}
