//! Charts with probes: what they mean, and the errors of wrong ones.

use super::*;

#[test]
fn a_single_child_is_a_record_a_word_or_unmanaged() {
    let address = cleanup::address(&repository());
    for (entry, is_managed, value) in [
        ("", false, None),
        ("cleanup: null", false, None),
        ("cleanup: none", true, None),
        (
            "cleanup: { days: 14 }",
            true,
            Some(json!({ "days": 14, "keep": [] })),
        ),
        (
            "cleanup: { days: 14, keep: null }",
            true,
            Some(json!({ "days": 14 })),
        ),
        (
            "cleanup: { days: 1, keep: [] }",
            true,
            Some(json!({ "days": 1, "keep": [] })),
        ),
        (
            "cleanup: { days: 365, keep: [ b, { regexp: '^v' }, a ] }",
            true,
            Some(json!({ "days": 365, "keep": ["a", "b", { "regexp": "^v" }] })),
        ),
    ] {
        let chart = chart(entry);
        assert_eq!(
            chart.resources[&repository()]
                .children
                .of(&CLEANUP)
                .is_some(),
            is_managed,
            "{entry}"
        );
        assert_eq!(
            chart
                .resources
                .contains_key(&address)
                .then(|| values(&chart, &address)),
            value,
            "{entry}"
        );
        // Another kind of the same repository is not managed by it.
        assert_eq!(
            chart.resources[&repository()]
                .children
                .of(&member::OF_REPOSITORY),
            None,
            "{entry}"
        );
    }
}

#[test]
fn a_single_child_is_inherited_whole() {
    let address = cleanup::address(&repository());
    for (entry, organization, document, expected) in [
        (
            "",
            "",
            "cleanup: { days: 3 }",
            Some(json!({ "days": 3, "keep": [] })),
        ),
        (
            "",
            "cleanup: { days: 2 }",
            "cleanup: { days: 3, keep: [ x ] }",
            Some(json!({ "days": 2, "keep": [] })),
        ),
        (
            "cleanup: { days: 1 }",
            "cleanup: { days: 2, keep: [ x ] }",
            "",
            Some(json!({ "days": 1, "keep": [] })),
        ),
        ("cleanup: null", "cleanup: { days: 2 }", "", None),
        ("cleanup: none", "cleanup: { days: 2 }", "", None),
        ("", "cleanup: none", "cleanup: { days: 3 }", None),
        (
            "",
            "cleanup: { days: 2, keep: null }",
            "cleanup: { days: 3, keep: [ x ] }",
            Some(json!({ "days": 2 })),
        ),
    ] {
        let keys = format!(
            "defaults: {{ repository: {{ {document} }}, sync_rule: {{ override: true }} }}\n\
            organizations: {{ o: {{ defaults: {{ repository: {{ {organization} }} }}, \
            repositories: {{ a: {{ {entry} }} }} }} }}"
        );
        let chart = tests::chart(&keys);
        let found = chart
            .resources
            .contains_key(&address)
            .then(|| values(&chart, &address));
        assert_eq!(found, expected, "{keys}");
    }
    // A list too, and each kind by itself.
    let keys = "defaults: { repository: { members: [ { user: ada, level: read } ], cleanup: { \
        days: 3 } } }\n\
                organizations: { o: { repositories: { a: { members: [] }, b: { cleanup: null } } } \
                }";
    let resources = tests::chart(keys).resources;
    let own: Vec<String> = resources
        .keys()
        .filter(|it| it.parts().len() > 2)
        .map(Address::to_string)
        .collect();
    assert_eq!(
        own,
        [
            "repository r-1/o/a",
            "cleanup r-1/o/a",
            "repository r-1/o/b",
            "repository_member r-1/o/b: ada",
        ]
    );
}

#[test]
fn members_belong_to_an_organization_or_a_repository() {
    let chart = tests::chart(
        "organizations: { o: { members: [ { user: ada, level: manage } ],
           repositories: { a: { members: [ { user: ada, level: read }, { user: bob, level: write } \
           ] } } } }",
    );
    for (of, user, level) in [
        (organization(), "ada", "manage"),
        (repository(), "ada", "read"),
        (repository(), "bob", "write"),
    ] {
        assert_eq!(
            values(&chart, &member::address(&of, user)),
            json!({ "level": level })
        );
    }
    assert!(
        chart.resources[&organization()]
            .children
            .of(&member::OF_ORGANIZATION)
            .is_some()
    );
    assert_eq!(
        chart.resources[&organization()]
            .children
            .of(&member::OF_REPOSITORY),
        None
    );
    assert!(
        chart.resources[&repository()]
            .children
            .of(&member::OF_REPOSITORY)
            .is_some()
    );
}

fn of_organization(entry: &str) -> String {
    format!("organizations: {{ o: {{ {entry} }} }}")
}

/// Each chart has one error, with this code and message, and a place.
#[track_caller]
fn are_refused<const N: usize>(charts: [(String, &str); N]) {
    for (keys, expected) in charts {
        let found = errors(&keys);
        let messages: Vec<String> = found
            .iter()
            .map(|found| format!("{} {}", found.code, found.message))
            .collect();
        assert_eq!(messages, [expected], "{keys}");
        assert!(found[0].span.is_some(), "{keys}");
    }
}

#[test]
fn errors_of_a_setting_have_a_code_a_message_and_a_place() {
    are_refused([
        (
            of_repository("cleanup: { days: 0 }"),
            "wrong-type expected a whole number from 1 to 365, found 0",
        ),
        (
            of_repository("cleanup: { days: 366 }"),
            "wrong-type expected a whole number from 1 to 365, found 366",
        ),
        (
            of_repository("cleanup: { days: 1.5 }"),
            "wrong-type expected a whole number from 1 to 365, found 1.5",
        ),
        (
            of_repository("cleanup: { days: '3' }"),
            "wrong-type expected a whole number from 1 to 365, found a string",
        ),
        (
            of_repository("cleanup: { days: null }"),
            "wrong-type expected a whole number from 1 to 365, found null",
        ),
        (
            of_repository("cleanup: { keep: [] }"),
            "missing-key a cleanup needs `days`",
        ),
        (
            of_repository("cleanup: {}"),
            "missing-key a cleanup needs `days`",
        ),
        (
            of_repository("cleanup: never"),
            "unknown-value unknown value `never`",
        ),
        (
            of_repository("cleanup: []"),
            "wrong-type expected a mapping, found a list",
        ),
        (
            of_repository("cleanup: { days: 1, age: 2 }"),
            "unknown-key unknown key `age`",
        ),
        (
            of_repository("cleanup: { days: 1, keep: latest }"),
            "wrong-type expected a list, found a string",
        ),
        (
            of_repository("cleanup: { days: 1, keep: [ 7 ] }"),
            "wrong-type expected a string, found a number",
        ),
        (
            of_repository("cleanup: { days: 1, keep: [ { glob: a } ] }"),
            "unknown-key unknown key `glob`",
        ),
        (
            of_repository("cleanup: { days: 1, keep: [ {} ] }"),
            "wrong-type expected one key, found 0",
        ),
        (
            of_repository("cleanup: { days: 1, keep: [ a, b, a ] }"),
            "duplicate-item `a` is in this list twice",
        ),
        (
            of_repository("cleanup: { days: 1, keep: [ { regexp: ^v }, { regexp: ^v } ] }"),
            "duplicate-item `^v` is in this list twice",
        ),
        (
            of_repository(&format!(
                "cleanup: {{ days: 1, keep: [ {{ regexp: {} }} ] }}",
                "x".repeat(65)
            )),
            "too-long this text has 65 characters; the service allows at most 64",
        ),
        (
            of_repository("cleanup: { days: 1, keep: [ 'https://u:p@h' ] }"),
            "literal-secret this text contains a URL with a user name or a password",
        ),
    ]);
}

#[test]
fn errors_of_a_list_have_a_code_a_message_and_a_place() {
    are_refused([
        (
            of_repository("members: [ { user: ada, level: read }, { user: ada, level: write } ]"),
            "duplicate-member this user is in the list twice",
        ),
        (
            of_repository("members: [ { level: read } ]"),
            "missing-key a repository member needs `user`",
        ),
        (
            of_repository("members: [ { user: ada } ]"),
            "missing-key a repository member needs `level`",
        ),
        (
            of_repository("members: [ { user: ada, level: own } ]"),
            "unknown-value unknown value `own`",
        ),
        (
            of_repository("members: [ { user: 'a b', level: read } ]"),
            "bad-name `a b` is not a valid name",
        ),
        (
            of_repository("members: { ada: read }"),
            "wrong-type expected a list, found a mapping",
        ),
        (
            of_organization("members: [ ada ]"),
            "wrong-type expected a mapping, found a string",
        ),
        (
            of_organization("members: [ { user: ada, level: read }, { user: ada, level: read } ]"),
            "duplicate-member this user is in the list twice",
        ),
        (
            of_organization("cleanup: { days: 1 }"),
            "unknown-key unknown key `cleanup`",
        ),
        (
            of_organization("state: absent, members: []"),
            "key-beside-absent `members` is not allowed beside `state: absent`",
        ),
        (
            of_repository("state: absent, cleanup: none"),
            "key-beside-absent `cleanup` is not allowed beside `state: absent`",
        ),
        (
            format!(
                "{}\n---\nversion: 1\nregion: r-1\n{}",
                of_organization("members: []"),
                of_organization("members: []")
            ),
            "duplicate-setting `members` of this organization appears twice in the chart",
        ),
    ]);
}

#[test]
fn schema_and_decoder_agree() {
    let validator = jsonschema::draft202012::options()
        .build(&schema::chart())
        .unwrap();
    for (entry, is_right) in [
        (
            "cleanup: { days: 14, keep: [ latest, { regexp: ^v } ] }",
            true,
        ),
        ("cleanup: none", true),
        ("cleanup: null", true),
        ("cleanup: { days: 1 }", true),
        ("members: [ { user: ada, level: read } ]", true),
        ("members: null", true),
        ("cleanup: { keep: [] }", false),
        ("cleanup: { days: 0 }", false),
        ("cleanup: { days: null }", false),
        ("cleanup: { days: 14, keep: a }", false),
        ("cleanup: { days: 14, keep: [ 7 ] }", false),
        ("cleanup: { days: 14, keep: [ { glob: a } ] }", false),
        ("cleanup: { days: 14, keep: [ {} ] }", false),
        ("cleanup: sometimes", false),
        ("members: [ { user: ada } ]", false),
        ("members: [ { user: ada, level: own } ]", false),
        ("members: { ada: read }", false),
    ] {
        let of_organization = format!("organizations: {{ o: {{ {entry} }} }}");
        let keys = [of_repository(entry), of_organization]
            .into_iter()
            .filter(|keys| entry.starts_with("members") || keys.contains("repositories"));
        for keys in keys {
            let yaml = format!("version: 1\nregion: r-1\n{keys}");
            assert_eq!(
                validator.is_valid(&serde_yaml::from_str(&yaml).unwrap()),
                is_right,
                "{keys}"
            );
            assert_eq!(errors(&keys).is_empty(), is_right, "{keys}");
        }
    }
}

#[test]
fn inherited_sets_count_towards_the_size_limit() {
    let records: String = (0..2_000).map(|number| format!("a{number}, ")).collect();
    let chart_with = |count: usize| {
        let names: String = (0..count).map(|number| format!("r{number}: , ")).collect();
        let defaults = format!("repository: {{ cleanup: {{ days: 1, keep: [ {records} ] }} }}");
        format!(
            "defaults: {{ {defaults} }}\norganizations: {{ o: {{ repositories: {{ {names} }} }} }}"
        )
    };
    assert_eq!(errors(&chart_with(10)), []);
    let codes: Vec<&str> = errors(&chart_with(1_000))
        .iter()
        .map(|found| found.code)
        .collect();
    assert_eq!(codes, ["chart-too-large"]);
}
