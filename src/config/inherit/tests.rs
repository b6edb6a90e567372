//! Absent, `null` and empty mean three different things, at each level of inheritance.
//!
//! Each table tries all three at one level, with other values above and below.

use serde_json::{Value, json};

use crate::{
    config::{self, Decoded, context::Context},
    diagnostics::SourceMap,
    kind::{repository, sync_rule},
    state::{Chart, Presence},
};

fn decode(text: &str) -> Chart {
    let mut sources = SourceMap::default();
    sources.add("chart.yaml", text);
    let Decoded { chart, found, .. } = config::decode(Context {
        sources: &sources,
        environment: &|_| None,
        region: None,
    });
    assert!(found.is_empty(), "{found:?}\n{text}");
    chart
}

/// The value of a key at one level, if it is written there.
type Written = Option<&'static str>;

const ABSENT: Written = None;
const NULL: Written = Some("null");

fn pair(key: &str, written: Written) -> String {
    written.map_or_else(String::new, |value| format!("{key}: {value}"))
}

/// A chart with one repository, and with the key at each level.
fn chart(key: &str, entry: Written, organization: Written, document: Written) -> Chart {
    decode(&format!(
        "version: 1\nregion: cn-north-4\n\
         targets:\n  one: {{ region: cn-east-3, organization: one }}\n  two: {{ region: cn-east-3, \
         organization: two }}\n\
         defaults: {{ repository: {{ {} }} }}\n\
         organizations:\n  o:\n    defaults: {{ repository: {{ {} }} }}\n    repositories: {{ a: \
         {{ {} }} }}\n",
        pair(key, document),
        pair(key, organization),
        pair(key, entry),
    ))
}

/// The managed description, if there is one.
fn description(entry: Written, organization: Written, document: Written) -> Option<Value> {
    let chart = chart("description", entry, organization, document);
    let Presence::Present(attributes) =
        &chart.resources[&repository::address("cn-north-4", "o", "a")].presence
    else {
        panic!("the repository is absent")
    };
    attributes.get("description").cloned()
}

/// The target organizations of the rules, if they are managed.
fn rules(entry: Written, organization: Written, document: Written) -> Option<Vec<String>> {
    let chart = chart("sync", entry, organization, document);
    chart.resources[&repository::address("cn-north-4", "o", "a")]
        .children
        .of(&sync_rule::SYNC_RULE)?;
    let rules = chart
        .resources
        .keys()
        .filter(|address| address.kind().name == sync_rule::SYNC_RULE.name);
    Some(
        rules
            .map(|rule| rule.part("target_organization").unwrap().to_string())
            .collect(),
    )
}

const EMPTY: Written = Some("\"\"");
const TEXT: Written = Some("text");

#[test]
fn an_attribute_of_the_entry() {
    let table = [
        (ABSENT, Some(json!("text"))),
        (NULL, None),
        (EMPTY, Some(json!(""))),
    ];
    for (entry, managed) in table {
        assert_eq!(description(entry, TEXT, TEXT), managed, "{entry:?}");
        assert_eq!(
            description(entry, ABSENT, TEXT),
            managed,
            "{entry:?} over the document"
        );
    }
    assert_eq!(description(ABSENT, ABSENT, ABSENT), None);
}

#[test]
fn an_attribute_of_the_organization() {
    let table = [
        (ABSENT, Some(json!("text"))),
        (NULL, None),
        (EMPTY, Some(json!(""))),
    ];
    for (organization, managed) in table {
        assert_eq!(
            description(ABSENT, organization, TEXT),
            managed,
            "{organization:?}"
        );
        assert_eq!(
            description(Some("own"), organization, TEXT),
            Some(json!("own")),
            "{organization:?} below an entry"
        );
        assert_eq!(
            description(NULL, organization, TEXT),
            None,
            "{organization:?} below `null`"
        );
    }
}

#[test]
fn an_attribute_of_the_document() {
    for (document, managed) in [(ABSENT, None), (NULL, None), (EMPTY, Some(json!("")))] {
        assert_eq!(
            description(ABSENT, ABSENT, document),
            managed,
            "{document:?}"
        );
        assert_eq!(
            description(ABSENT, TEXT, document),
            Some(json!("text")),
            "{document:?} below an organization"
        );
        assert_eq!(
            description(ABSENT, NULL, document),
            None,
            "{document:?} below `null`"
        );
        assert_eq!(
            description(EMPTY, NULL, document),
            Some(json!("")),
            "{document:?} below an entry"
        );
    }
}

const NONE: Written = Some("[]");
const ONE: Written = Some("[{ target: one }]");
const TWO: Written = Some("[{ target: two }]");

fn to(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

#[test]
fn sync_of_the_entry() {
    for (entry, managed) in [
        (ABSENT, to(&["one"])),
        (NULL, None),
        (NONE, to(&[])),
        (TWO, to(&["two"])),
    ] {
        assert_eq!(rules(entry, ONE, TWO), managed, "{entry:?}");
        assert_eq!(
            rules(entry, ABSENT, ONE),
            managed,
            "{entry:?} over the document"
        );
    }
    assert_eq!(rules(ABSENT, ABSENT, ABSENT), None);
}

#[test]
fn sync_of_the_organization() {
    for (organization, managed) in [
        (ABSENT, to(&["one"])),
        (NULL, None),
        (NONE, to(&[])),
        (TWO, to(&["two"])),
    ] {
        assert_eq!(
            rules(ABSENT, organization, ONE),
            managed,
            "{organization:?}"
        );
        assert_eq!(
            rules(ONE, organization, TWO),
            to(&["one"]),
            "{organization:?} below an entry"
        );
        assert_eq!(
            rules(NULL, organization, ONE),
            None,
            "{organization:?} below `null`"
        );
    }
}

#[test]
fn sync_of_the_document() {
    for (document, managed) in [
        (ABSENT, None),
        (NULL, None),
        (NONE, to(&[])),
        (ONE, to(&["one"])),
    ] {
        assert_eq!(rules(ABSENT, ABSENT, document), managed, "{document:?}");
        assert_eq!(
            rules(ABSENT, TWO, document),
            to(&["two"]),
            "{document:?} below an organization"
        );
        assert_eq!(
            rules(ABSENT, NULL, document),
            None,
            "{document:?} below `null`"
        );
    }
}

/// `override` of the one rule: from the item, its target, the organization and the document.
fn overrides(levels: [Written; 4]) -> Option<Value> {
    let [item, target, organization, document] = levels.map(|written| pair("override", written));
    let comma = |pair: &str| {
        if pair.is_empty() {
            String::new()
        } else {
            format!(", {pair}")
        }
    };
    let chart = decode(&format!(
        "version: 1\nregion: cn-north-4\n\
         targets: {{ one: {{ region: cn-east-3, organization: one{} }} }}\n\
         defaults: {{ sync_rule: {{ {document} }} }}\n\
         organizations:\n  o:\n    defaults: {{ sync_rule: {{ {organization} }} }}\n    \
         repositories: {{ a: {{ sync: [{{ target: one{} }}] }} }}\n",
        comma(&target),
        comma(&item),
    ));
    let rule = sync_rule::address(
        &repository::address("cn-north-4", "o", "a"),
        "cn-east-3",
        "one",
    );
    let Presence::Present(attributes) = &chart.resources[&rule].presence else {
        panic!("the rule is absent")
    };
    attributes.get("override").cloned()
}

const TRUE: Written = Some("true");
const FALSE: Written = Some("false");

/// A rule's attributes have no empty value: `false` is the value that clears.
#[test]
fn an_attribute_of_a_rule_at_each_of_four_levels() {
    for level in 0..4 {
        let with = |written, below| {
            let mut levels = [ABSENT; 4];
            levels[level] = written;
            if let Some(next) = levels.get_mut(level + 1) {
                *next = below;
            }
            overrides(levels)
        };
        let inherited = if level < 3 { Some(json!(true)) } else { None };
        assert_eq!(with(ABSENT, TRUE), inherited, "absent at level {level}");
        assert_eq!(with(NULL, TRUE), None, "null at level {level}");
        assert_eq!(
            with(FALSE, TRUE),
            Some(json!(false)),
            "false at level {level}"
        );
        assert_eq!(
            with(TRUE, FALSE),
            Some(json!(true)),
            "true at level {level}"
        );
    }
    assert_eq!(overrides([ABSENT; 4]), None);
    assert_eq!(overrides([NULL, TRUE, TRUE, TRUE]), None);
    assert_eq!(overrides([ABSENT, NULL, TRUE, TRUE]), None);
}

/// The description of a repository, from its value in each layer from the entry to the chart.
fn description_below(written: [Written; 4]) -> Option<Value> {
    let [entry, organization, document, chart] =
        written.map(|written| pair("description", written));
    let chart = decode(&format!(
        "version: 1\nregion: cn-north-4\nchart_defaults: {{ repository: {{ {chart} }} }}\n\
         ---\nversion: 1\nregion: cn-north-4\ndefaults: {{ repository: {{ {document} }} }}\n\
         organizations: {{ o: {{ defaults: {{ repository: {{ {organization} }} }}, repositories: \
         {{ a: {{ {entry} }} }} }} }}\n",
    ));
    let Presence::Present(attributes) =
        &chart.resources[&repository::address("cn-north-4", "o", "a")].presence
    else {
        panic!("the repository is absent")
    };
    attributes.get("description").cloned()
}

#[test]
fn the_defaults_of_the_chart_have_the_lowest_precedence() {
    for layer in 0..4 {
        let mut written = [ABSENT, ABSENT, ABSENT, Some("chart")];
        for (other, expected) in [
            (TEXT, Some(json!("text"))),
            (EMPTY, Some(json!(""))),
            (NULL, None),
        ] {
            written[layer] = other;
            assert_eq!(description_below(written), expected, "{written:?}");
        }
    }
    assert_eq!(
        description_below([ABSENT, ABSENT, ABSENT, Some("chart")]),
        Some(json!("chart"))
    );
}

#[test]
fn the_defaults_of_the_chart_come_last_for_a_rule() {
    // The item, its target, the organization, the document, the chart; the resulting `override`.
    let written = ["true", "false", "true", "false", "true"];
    for first in 0..=written.len() {
        let layer = |at: usize| {
            written
                .get(at)
                .filter(|_| at >= first)
                .map_or_else(String::new, |value| format!("override: {value}"))
        };
        let chart = decode(&format!(
            "version: 1\nregion: cn-north-4\nchart_defaults: {{ sync_rule: {{ {} }} }}\n\
             targets: {{ dr: {{ region: cn-east-3, organization: dr, {} }} }}\ndefaults: {{ \
             sync_rule: {{ {} }} }}\n\
             organizations: {{ o: {{ defaults: {{ sync_rule: {{ {} }} }}, \
             repositories: {{ a: {{ sync: [ {{ target: dr, {} }} ] }} }} }} }}\n",
            layer(4),
            layer(1),
            layer(3),
            layer(2),
            layer(0),
        ));
        let rule = chart.resources.values().last().unwrap();
        let Presence::Present(attributes) = &rule.presence else {
            panic!("the rule is absent")
        };
        let expected = written.get(first).map(|value| json!(*value == "true"));
        assert_eq!(attributes.get("override").cloned(), expected, "{first}");
    }
}

#[test]
fn a_list_of_the_chart_is_replaced_whole() {
    let head = "version: 1\nregion: cn-north-4\n\
        targets: { one: { region: cn-east-3, organization: one }, two: { region: cn-east-3, \
        organization: two } }\n\
        chart_defaults: { repository: { sync: [ { target: one } ] } }\norganizations: { o: { \
        repositories: { a: ";
    for (entry, expected) in [
        ("", 1),
        ("{ sync: [ { target: two }, { target: one } ] }", 2),
        ("{ sync: [] }", 0),
        ("{ sync: null }", 0),
    ] {
        let chart = decode(&format!("{head}{entry} }} }} }}\n"));
        let rules = chart
            .resources
            .keys()
            .filter(|address| address.kind().name == sync_rule::SYNC_RULE.name);
        assert_eq!(rules.count(), expected, "{entry}");
        let is_managed = !chart.resources[&repository::address("cn-north-4", "o", "a")]
            .children
            .is_empty();
        assert_eq!(is_managed, !entry.contains("null"), "{entry}");
    }
}
