//! The resources and the errors of whole charts.

use super::{Decoded, context::Context};
use crate::{
    diagnostics::{Severity, SourceMap},
    state::{Presence, UnlistedPolicy},
};

fn decoded(files: &[&str]) -> (Decoded, SourceMap) {
    let mut sources = SourceMap::default();
    for (number, text) in files.iter().enumerate() {
        sources.add(format!("{number}.yaml"), *text);
    }
    let environment = |name: &str| (name == "PORTOLAN_VAR_KIND").then(|| "arm".to_owned());
    let decoded = super::decode(Context {
        sources: &sources,
        environment: &environment,
        region: Some("r-1"),
    });
    (decoded, sources)
}

/// One line for each resource, with its managed values.
#[track_caller]
fn resources(files: &[&str]) -> Vec<String> {
    let (decoded, _) = decoded(files);
    assert!(!decoded.found.has_errors(), "{:#?}", decoded.found);
    let line = |(address, desired): (&crate::address::Address, &crate::state::DesiredResource)| {
        let values = match &desired.presence {
            Presence::Absent => " absent".to_owned(),
            Presence::Present(values) => values
                .iter()
                .map(|(name, value)| format!(" {name}={value}"))
                .collect(),
        };
        let list = if desired.children.is_empty() {
            ""
        } else {
            " sync"
        };
        format!("{address}{values}{list}")
    };
    decoded.chart.resources.iter().map(line).collect()
}

/// Code, file, line and column of each error.
fn errors(files: &[&str]) -> Vec<String> {
    let (decoded, sources) = decoded(files);
    let errors = decoded
        .found
        .iter()
        .filter(|found| found.severity == Severity::Error);
    errors
        .map(|found| format!("{} {}", found.code, sources.location(found.span.unwrap())))
        .collect()
}

#[test]
fn absent_null_and_empty_are_three_things_at_every_layer() {
    // The entry, its organization's defaults, the document's; the resulting description.
    let table = [
        ("", "", "", None),
        ("", "", "description: doc", Some("doc")),
        ("", "description: org", "description: doc", Some("org")),
        (
            "description: own",
            "description: org",
            "description: doc",
            Some("own"),
        ),
        (
            "description: ''",
            "description: org",
            "description: doc",
            Some(""),
        ),
        ("", "description: ''", "description: doc", Some("")),
        (
            "description: null",
            "description: org",
            "description: doc",
            None,
        ),
        ("", "description: null", "description: doc", None),
        (
            "description: own",
            "description: null",
            "description: doc",
            Some("own"),
        ),
        ("", "", "description: null", None),
    ];
    for (entry, organization, document, expected) in table {
        let chart = format!(
            "version: 1\ndefaults: {{ repository: {{ {document} }} }}\n\
            organizations: {{ o: {{ defaults: {{ repository: {{ {organization} }} }}, \
            repositories: {{ r: {{ {entry} }} }} }} }}"
        );
        let value = expected.map_or(String::new(), |text| format!(" description={text:?}"));
        assert_eq!(
            resources(&[&chart])[1],
            format!("repository r-1/o/r{value}"),
            "{chart}"
        );
    }
}

#[test]
fn a_sync_list_is_replaced_whole() {
    let rule =
        |name: &str| format!("sync: [ {{ target_region: x-1, target_organization: {name} }} ]");
    for (entry, organization, expected) in [
        ("", String::new(), &["repository r-1/o/r"][..]),
        (
            "",
            rule("org"),
            &[
                "repository r-1/o/r sync",
                "sync_rule r-1/o/r -> x-1/org auto=true",
            ],
        ),
        ("sync: []", rule("org"), &["repository r-1/o/r sync"]),
        ("sync: null", rule("org"), &["repository r-1/o/r"]),
        (
            &rule("own"),
            rule("org"),
            &[
                "repository r-1/o/r sync",
                "sync_rule r-1/o/r -> x-1/own auto=true",
            ],
        ),
    ] {
        let chart = format!(
            "version: 1\norganizations: {{ o: {{ defaults: {{ repository: {{ {organization} }} }}, \
             repositories: {{ r: {{ {entry} }} }} }} }}"
        );
        assert_eq!(resources(&[&chart])[1..], *expected, "{chart}");
    }
}

#[test]
fn a_rule_inherits_from_item_target_organization_and_document() {
    // The item, its target, the organization's defaults, the document's; the resulting
    // `override`.
    for (item, target, organization, document, expected) in [
        ("", "", "", "", ""),
        ("", "", "", "override: true", " override=true"),
        (
            "",
            "",
            "override: false",
            "override: true",
            " override=false",
        ),
        (
            "",
            "override: true",
            "override: false",
            "",
            " override=true",
        ),
        (
            "override: false",
            "override: true",
            "",
            "",
            " override=false",
        ),
        ("override: null", "override: true", "", "override: true", ""),
        ("", "override: null", "override: true", "override: true", ""),
    ] {
        let chart = format!(
            "version: 1\ntargets: {{ dr: {{ region: x-1, organization: y, {target} }} }}\n\
             defaults: {{ sync_rule: {{ {document} }} }}\n\
             organizations: {{ o: {{ defaults: {{ sync_rule: {{ {organization} }} }}, \
             repositories: {{ r: {{ sync: [ {{ target: dr, {item} }} ] }} }} }} }}"
        );
        assert_eq!(
            resources(&[&chart])[2],
            format!("sync_rule r-1/o/r -> x-1/y auto=true{expected}"),
            "{chart}"
        );
    }
}

#[test]
fn documents_and_files_make_one_chart() {
    let one =
        "version: 1\nregion: a-1\ndefaults: { repository: { category: linux } }\norganizations:
  o: { unlisted: ignore, defaults: { repository: { is_public: true } }, repositories: { one: } }";
    let two = "version: 1\nregion: a-1\norganizations: { o: { repositories: { two/x: } } }\n---
version: 1\nregion: b-1\norganizations: { o: { repositories: { one: { category: '${env:KIND}' } } \
} }
---\nversion: 1\norganizations: { p: { state: absent, repositories: { x: { state: absent } } } }\n";
    assert_eq!(
        resources(&[one, two]),
        [
            "organization a-1/o",
            "repository a-1/o/one is_public=true category=\"linux\"",
            "repository a-1/o/two/x is_public=true",
            "organization b-1/o",
            "repository b-1/o/one category=\"arm\"",
            "organization r-1/p absent",
            "repository r-1/p/x absent",
        ]
    );
    let (decoded, _) = decoded(&[one, two]);
    let policies: Vec<_> = decoded
        .chart
        .unlisted
        .iter()
        .map(|(of, policy)| (of.to_string(), policy))
        .collect();
    let expected = [
        ("organization a-1/o", UnlistedPolicy::Ignore),
        ("organization b-1/o", UnlistedPolicy::Report),
    ];
    assert_eq!(
        policies[..2],
        expected
            .each_ref()
            .map(|(of, policy)| ((*of).to_owned(), policy))
    );
}

#[test]
fn duplicates_are_errors_in_every_document() {
    let head = "version: 1\nregion: a-1\n";
    for (first, second, expected) in [
        (
            "organizations: { o: { repositories: { r: } } }",
            "organizations: { o: { repositories: { r: } } }",
            "duplicate-repository 1.yaml:3:39",
        ),
        (
            "organizations: { o: { unlisted: ignore } }",
            "organizations: { o: { unlisted: ignore } }",
            "duplicate-setting 1.yaml:3:23",
        ),
        (
            "organizations: { o: { defaults: {} } }",
            "organizations: { o: { defaults: {} } }",
            "duplicate-setting 1.yaml:3:23",
        ),
        (
            "targets: { t: { region: x-1, organization: y } }",
            "targets: { t: { region: x-1, organization: y } }",
            "duplicate-target 1.yaml:3:12",
        ),
        ("limits: {}", "limits: {}", "duplicate-limits 1.yaml:3:1"),
        ("name: a", "name: b", "duplicate-chart-key 1.yaml:3:1"),
        ("account: a", "account: a", "duplicate-chart-key 1.yaml:3:1"),
        (
            "chart_defaults: {}",
            "chart_defaults: {}",
            "duplicate-chart-key 1.yaml:3:1",
        ),
        (
            "endpoints: { swr: a }",
            "endpoints: { swr: b }",
            "two-endpoints 1.yaml:3:19",
        ),
    ] {
        let files = [first, second].map(|text| format!("{head}{text}\n"));
        assert_eq!(
            errors(&files.each_ref().map(String::as_str)),
            [expected],
            "{second}"
        );
    }
    let list = "version: 1\norganizations: { o: { repositories: { r: { sync: [
  { target_region: x-1, target_organization: y }, { target_region: x-1, target_organization: y } ] \
  } } } }";
    assert_eq!(errors(&[list]), ["duplicate-rule 0.yaml:3:51"]);
}

#[test]
fn contradictions_are_errors_at_their_place() {
    let repository = |text: &str| {
        format!("version: 1\norganizations: {{ o: {{ repositories: {{ r: {{ {text} }} }} }} }}\n")
    };
    let table = [
        (
            repository("sync: [ { target: dr } ]"),
            "unknown-target 0.yaml:2:62",
        ),
        (repository("sync: [ {} ]"), "missing-target 0.yaml:2:52"),
        (
            repository("sync: [ { target_region: x-1 } ]"),
            "missing-target 0.yaml:2:52",
        ),
        (
            repository("sync: [ { target_region: x-1, target_organization: y, auto: false } ]"),
            "auto-false 0.yaml:2:104",
        ),
        (
            repository("state: absent, is_public: true"),
            "key-beside-absent 0.yaml:2:59",
        ),
        (
            repository("description: '${env:UNSET}'"),
            "unset-variable 0.yaml:2:57",
        ),
        (
            "version: 1\norganizations: { o: { state: absent, repositories: { r: } } }\n"
                .to_owned(),
            "repository-in-absent 0.yaml:2:54",
        ),
        (
            "version: 1\norganizations: { o: { state: absent, unlisted: delete } }\n".to_owned(),
            "key-beside-absent 0.yaml:2:38",
        ),
    ];
    let found = table
        .each_ref()
        .map(|(chart, _)| errors(&[chart]).join(", "));
    assert_eq!(found, table.map(|(_, expected)| expected));
}

#[test]
fn the_stamp_changes_with_every_text_and_its_place() {
    let stamp = |files: &[&str]| decoded(files).0.chart.stamp;
    let (a, b) = (
        "version: 1\norganizations: { a: }\n",
        "version: 1\norganizations: { b: }\n",
    );
    assert_eq!(stamp(&[a, b]).files, ["0.yaml", "1.yaml"]);
    let digests = [&[a][..], &[b], &[a, b], &[b, a], &[a, b, ""]].map(|files| stamp(files).digest);
    assert!(
        digests.iter().all(|digest| digest.len() == 64),
        "{digests:?}"
    );
    let different: std::collections::BTreeSet<_> = digests.iter().collect();
    assert_eq!(different.len(), digests.len(), "{digests:?}");
    assert_eq!(stamp(&[a]).digest, digests[0]);
}

#[test]
fn several_documents_may_give_the_same_endpoint() {
    let document = "version: 1\nendpoints: { swr: https://swr.example.com }\n";
    let (decoded, _) = decoded(&[document, document]);
    assert!(!decoded.found.has_errors(), "{:#?}", decoded.found);
    let urls: Vec<&str> = decoded
        .chart
        .endpoints
        .values()
        .map(|endpoint| &*endpoint.url)
        .collect();
    assert_eq!(urls, ["https://swr.example.com"]);
}

#[test]
fn null_in_place_of_a_secret_is_a_wrong_type() {
    let chart = |place: &str| {
        format!(
            "version: 1\nmirrors: {{ p/a: {{ credentials: {{ username: {place}, password: {{ env: \
            X }} }} }} }}"
        )
    };
    for (place, expected) in [
        ("me", "literal-secret 0.yaml:2:44"),
        ("[me]", "literal-secret 0.yaml:2:44"),
        ("null", "wrong-type 0.yaml:2:44"),
        ("{ env: X }", ""),
    ] {
        assert_eq!(errors(&[&chart(place)]).join(", "), expected, "{place}");
    }
}

#[test]
fn the_waivers_of_a_document_apply_only_in_it() {
    let rule = "{ target_region: cn-north-4, target_organization: o, override: false }";
    let document = |lints: &str| {
        format!(
            "version: 1\nregion: cn-north-4\n{lints}organizations: {{ o: {{ repositories: {{ \
            LETTER: {{ sync: [ {rule} ] }} }} }} }}\n"
        )
    };
    let (allows, plain) = (document("lints: { allow: [self-copy] }\n"), document(""));
    let warnings = |files: &[String]| {
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let (decoded, sources) = decoded(&files);
        decoded
            .found
            .iter()
            .map(|found| format!("{} {}", found.code, sources.location(found.span.unwrap())))
            .collect::<Vec<_>>()
    };
    let both = [allows.replace("LETTER", "a"), plain.replace("LETTER", "b")];
    assert_eq!(warnings(&both), ["self-copy 1.yaml:3:52"]);
    assert_eq!(warnings(&[both.join("---\n")]), ["self-copy 0.yaml:8:52"]);
    assert_eq!(
        warnings(&[[both[1].clone(), both[0].clone()].join("---\n")]),
        ["self-copy 0.yaml:3:52"]
    );
}

/// How many findings the checks report before repetitions are dropped.
fn raw(text: &str) -> usize {
    let file = SourceMap::default().add("c.yaml", "");
    let mut found = crate::diagnostics::Diagnostics::new();
    for root in super::tree::parse(file, text.as_bytes(), &mut found) {
        let form = super::grammar::Form::Record(&super::grammar::DOCUMENT);
        super::check::check(&root, form, &|_| None, &mut found);
    }
    found.len()
}

#[test]
fn an_aliased_collection_is_checked_once() {
    let keys: String = (0..50).map(|at| format!("        k{at}: 1\n")).collect();
    let head = format!(
        "version: 1\norganizations:\n  o:\n    repositories:\n      a: &a\n{keys}        category: \
        no\n"
    );
    let alone = raw(&head);
    assert_eq!(alone, 51);
    let many = |line: &dyn Fn(usize) -> String| (0..20).map(line).collect::<String>();
    for lines in [
        many(&|at| format!("      r{at}: *a\n")),
        many(&|at| format!("      r{at}: {{ <<: *a, is_public: true }}\n")),
        many(&|at| format!("      r{at}: &a{at}\n        <<: *a\n      s{at}: *a{at}\n")),
    ] {
        // Once at the anchor, and once through an alias.
        let found = raw(&format!("{head}{lines}"));
        assert!(found <= 2 * alone, "{found} {lines}");
    }
    // An error in the use of an alias is at the alias.
    let sync = "      a: { sync: [ &s { override: true }, *s, *s ] }\n      b: { sync: *s }\n";
    let chart = format!("version: 1\nregion: r-1\norganizations:\n  o:\n    repositories:\n{sync}");
    let codes = |found: &str| {
        errors(&[&chart])
            .iter()
            .filter(|error| error.starts_with(found))
            .count()
    };
    assert_eq!(
        (codes("missing-target"), codes("wrong-type")),
        (3, 1),
        "{:?}",
        errors(&[&chart])
    );
    // The same collection is checked again where another form is expected.
    let two = "version: 1\nlimits: &l { deletes: 1 }\norganizations:\n  o: *l\n  p: *l\n";
    assert_eq!(errors(&[two]), ["unknown-key 0.yaml:2:14"]);
}

#[test]
fn a_merged_entry_counts_more_than_an_alias() {
    let keys: String = (0..1_000).map(|at| format!("    k{at}: 1\n")).collect();
    let merging = |number: usize, value: &str| {
        let lines: String = (0..number)
            .map(|at| format!("  o{at}: {value}\n"))
            .collect();
        errors(&[&format!("version: 1\ntargets:\n  o: &a\n{keys}{lines}")])
    };
    let is_refused =
        |errors: Vec<String>| errors.iter().any(|error| error.starts_with("alias-limit"));
    assert!(is_refused(merging(667, "{ <<: *a }")) && !is_refused(merging(667, "*a")));
    assert!(!is_refused(merging(666, "{ <<: *a }")));
}

#[test]
fn resources_that_inherit_the_same_share_it() {
    let (decoded, _) = decoded(&[
        "version: 1\norganizations: { o: { defaults: { repository: { description: d } }, \
        repositories: { a: , b: , c: { description: e }, d: } } }",
    ]);
    let values: Vec<_> = decoded
        .chart
        .resources
        .values()
        .map(|desired| match &desired.presence {
            Presence::Present(values) => values.clone(),
            Presence::Absent => panic!("nothing is absent"),
        })
        .collect();
    let [_, a, b, c, d] = &values[..] else {
        panic!("{values:?}")
    };
    assert!(std::sync::Arc::ptr_eq(a, b) && a != c && a == d);
}

#[test]
fn a_section_with_too_many_keys_is_ignored() {
    let managed = |number: usize| {
        let keys: String = (0..number).map(|at| format!("k{at}: 1, ")).collect();
        let (decoded, _) = decoded(&[&format!(
            "version: 1\norganizations: {{ o: {{ defaults: {{ repository: {{ \
            {keys}description: d }} }}, repositories: {{ a: }} }} }}"
        )]);
        match &decoded.chart.resources.values().last().unwrap().presence {
            Presence::Present(values) => values.len(),
            Presence::Absent => panic!("it is there"),
        }
    };
    assert_eq!((managed(63), managed(64)), (1, 0));
}

#[test]
fn keys_for_anchors_have_the_limits_of_a_chart() {
    let tens: String = (1..8)
        .map(|at| {
            format!(
                "  a{at}: &a{at} [{}]\n",
                vec![format!("*a{}", at - 1); 10].join(", ")
            )
        })
        .collect();
    let chart = format!(
        "version: 1\nx-all:\n  a0: &a0 [{}]\n{tens}",
        ["x"; 10].join(", ")
    );
    assert!(
        errors(&[&chart])
            .iter()
            .all(|error| error.starts_with("alias-limit")),
        "{:?}",
        errors(&[&chart])
    );
    assert!(!errors(&[&chart]).is_empty());
    // A secret behind aliases is found once.
    let lines: String = (0..50)
        .map(|at| format!("x-{at}: {{ <<: *a }}\ny{at}: 1\nx-b{at}: *a\n"))
        .collect();
    let secret = format!(
        "version: 1\nx-a: &a {{ password: s3cr3t }}\n{}",
        lines.replace("y", "x-y")
    );
    assert!(raw(&secret) <= 2, "{}", raw(&secret));
}
