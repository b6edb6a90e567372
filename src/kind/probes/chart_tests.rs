//! The probes from the chart to the plan, and to everything that is written of both.

use serde_json::{Value, json};

use super::{
    cleanup::{self, CLEANUP},
    member,
};
use crate::{
    address::Address,
    config::{self, Decoded, context::Context},
    diagnostics::{Diagnostic, Severity, SourceMap},
    diff::FieldChange,
    kind::{organization, repository, sync_rule},
    plan::{
        Change, Plan,
        document::{self, PlanDocument},
        tests,
    },
    render, schema,
    state::{Chart, Live, LiveResource},
    wire::Response,
};

fn decoded(keys: &str) -> Decoded {
    let mut sources = SourceMap::default();
    sources.add("chart.yaml", format!("version: 1\nregion: r-1\n{keys}"));
    config::decode(Context {
        sources: &sources,
        environment: &|_| None,
        region: None,
    })
}

fn errors(keys: &str) -> Vec<Diagnostic> {
    decoded(keys)
        .found
        .into_iter()
        .filter(|found| found.severity == Severity::Error)
        .collect()
}

fn repository() -> Address {
    repository::address("r-1", "o", "a")
}

fn organization() -> Address {
    organization::address("r-1", "o")
}

/// A chart with one repository.
fn chart(entry: &str) -> Chart {
    tests::chart(&of_repository(entry))
}

fn of_repository(entry: &str) -> String {
    format!("organizations: {{ o: {{ unlisted: ignore, repositories: {{ a: {{ {entry} }} }} }} }}")
}

/// What the service answers about a policy, read as everything that it answers.
fn policy(days: u64, keep: &Value) -> LiveResource {
    let body = json!([{ "id": 7, "days": days, "keep": keep }])
        .to_string()
        .into_bytes();
    let response = Response {
        status: 200,
        body,
        ..Response::default()
    };
    CLEANUP
        .decode_read(&cleanup::address(&repository()), &response)
        .unwrap()
        .unwrap()
}

fn level(of: &Address, user: &str, level: &str) -> (Address, LiveResource) {
    let address = member::address(of, user);
    let body = json!([{ "user": user, "level": level }])
        .to_string()
        .into_bytes();
    let response = Response {
        status: 200,
        body,
        ..Response::default()
    };
    let live = address
        .kind()
        .decode_read(&address, &response)
        .unwrap()
        .unwrap();
    (address, live)
}

/// A repository with a rule, a policy and two members, in an organization with two.
fn live() -> Live {
    let mut live = tests::live(&[("o/a", false, 3, &[("x-1", "y", false)])]);
    let keep =
        json!([{ "kind": "regexp", "pattern": "^v" }, { "kind": "label", "pattern": "latest" }]);
    live.resources
        .insert(cleanup::address(&repository()), policy(14, &keep));
    for of in [organization(), repository()] {
        live.resources
            .extend([level(&of, "ada", "read"), level(&of, "bob", "manage")]);
    }
    live
}

/// Symbol and address of each change, with its fields.
fn told(plan: &Plan) -> Vec<String> {
    assert!(plan.stopped.is_empty(), "{:?}", plan.stopped);
    let fields = |change: &Change| -> String {
        let side = |value: &Option<Value>| {
            value
                .as_ref()
                .map_or_else(|| "-".to_owned(), Value::to_string)
        };
        let field = |field: &FieldChange| {
            format!(
                " {}: {} -> {}",
                field.name,
                side(&field.before),
                side(&field.after)
            )
        };
        change.fields.iter().map(field).collect()
    };
    let line = |change: &Change| {
        format!(
            "{} {}{}",
            change.action.symbol(),
            change.address,
            fields(change)
        )
    };
    plan.changes.iter().map(line).collect()
}

fn plan(keys: &str) -> Plan {
    tests::plan(keys, &live(), &["destroys-data"])
}

/// What the chart says of one resource.
fn values(chart: &Chart, address: &Address) -> Value {
    let crate::state::Presence::Present(attributes) = &chart.resources[address].presence else {
        panic!("absent")
    };
    json!(**attributes)
}

#[test]
fn a_single_one_is_a_value_a_word_or_nothing() {
    let address = cleanup::address(&repository());
    for (entry, is_managed, value) in [
        ("", false, None),
        ("cleanup: null", false, None),
        ("cleanup: none", true, None),
        ("cleanup: { days: 14 }", true, Some(json!({ "days": 14 }))),
        (
            "cleanup: { days: 1, keep: [] }",
            true,
            Some(json!({ "days": 1, "keep": [] })),
        ),
        (
            "cleanup: { days: 365, keep: [ b, { regexp: '^v' }, a, b, { regexp: '^v' } ] }",
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
fn it_is_inherited_whole() {
    let address = cleanup::address(&repository());
    for (entry, organization, document, expected) in [
        ("", "", "cleanup: { days: 3 }", Some(json!({ "days": 3 }))),
        (
            "",
            "cleanup: { days: 2 }",
            "cleanup: { days: 3, keep: [ x ] }",
            Some(json!({ "days": 2 })),
        ),
        (
            "cleanup: { days: 1 }",
            "cleanup: { days: 2, keep: [ x ] }",
            "",
            Some(json!({ "days": 1 })),
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
            "defaults: {{ repository: {{ {document} }}, sync_rule: {{ override: true }} \
            }}\norganizations: {{ o: {{ \
             defaults: {{ repository: {{ {organization} }} }}, repositories: {{ a: {{ {entry} }} \
             }} }} }}"
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
            "repository_member r-1/o/b/ada",
        ]
    );
}

#[test]
fn members_are_of_an_organization_or_of_a_repository() {
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

#[test]
fn what_is_wrong_is_said_where_it_stands() {
    let of_organization = |entry: &str| format!("organizations: {{ o: {{ {entry} }} }}");
    for (keys, expected) in [
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
            "wrong-type this has 0 keys, and one is expected",
        ),
        (
            of_repository(&format!(
                "cleanup: {{ days: 1, keep: [ {{ regexp: {} }} ] }}",
                "x".repeat(65)
            )),
            "too-long this text has 65 characters, and the service takes 64 at most",
        ),
        (
            of_repository("cleanup: { days: 1, keep: [ 'https://u:p@h' ] }"),
            "literal-secret this text contains a URL with a user name or a password",
        ),
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
    ] {
        let found = errors(&keys);
        let said: Vec<String> = found
            .iter()
            .map(|found| format!("{} {}", found.code, found.message))
            .collect();
        assert_eq!(said, [expected], "{keys}");
        assert!(found[0].span.is_some(), "{keys}");
    }
}

#[test]
fn a_plan_holds_what_differs() {
    let rest = "sync: null, ";
    for (entry, expected) in [
        // Neither order nor repetition is a difference.
        (
            "cleanup: { days: 14, keep: [ latest, { regexp: ^v }, latest ] }",
            vec![],
        ),
        ("cleanup: { days: 14 }", vec![]),
        (
            "cleanup: { days: 30 }",
            vec!["~ cleanup r-1/o/a days: 14 -> 30"],
        ),
        (
            "cleanup: { days: 14, keep: [ { regexp: ^v } ] }",
            vec![r#"~ cleanup r-1/o/a keep: ["latest",{"regexp":"^v"}] -> [{"regexp":"^v"}]"#],
        ),
        (
            "cleanup: { days: 14, keep: [] }",
            vec![r#"~ cleanup r-1/o/a keep: ["latest",{"regexp":"^v"}] -> []"#],
        ),
        (
            "cleanup: none",
            vec![r#"- cleanup r-1/o/a days: 14 -> - keep: ["latest",{"regexp":"^v"}] -> -"#],
        ),
        (
            "members: [ { user: ada, level: read }, { user: bob, level: manage } ]",
            vec![],
        ),
        (
            "members: [ { user: ada, level: write }, { user: cyd, level: read } ]",
            vec![
                r#"~ repository_member r-1/o/a/ada level: "read" -> "write""#,
                r#"- repository_member r-1/o/a/bob level: "manage" -> -"#,
                r#"+ repository_member r-1/o/a/cyd level: - -> "read""#,
            ],
        ),
    ] {
        assert_eq!(
            told(&plan(&of_repository(&format!("{rest}{entry}")))),
            expected,
            "{entry}"
        );
    }
    let of_organization =
        "organizations: { o: { unlisted: ignore, members: [ { user: bob, level: read } ] } }";
    assert_eq!(
        told(&plan(of_organization)),
        [
            r#"- member r-1/o/ada level: "read" -> -"#,
            r#"~ member r-1/o/bob level: "manage" -> "read""#,
        ]
    );
    let mut empty = live();
    empty
        .resources
        .retain(|address, _| *address.kind() != CLEANUP);
    let created = tests::plan(
        &of_repository("cleanup: { days: 14 }"),
        &empty,
        &["destroys-data"],
    );
    assert_eq!(
        told(&created),
        ["+ cleanup r-1/o/a days: - -> 14 keep: - -> []"]
    );
}

/// All of what a plan can do to them.
const CHANGES: &str =
    "organizations: { o: { unlisted: ignore, members: [ { user: bob, level: read } ], \
    repositories: { a: {
  cleanup: { days: 30, keep: [ { regexp: '^v[0-9]+' }, latest, stable, { regexp: '^release-' }, \
  edge, nightly ] },
  members: [ { user: bob, level: manage }, { user: cyd, level: write } ] } } } }";

#[test]
fn a_plan_file_is_read_back() {
    for keys in [
        CHANGES.to_owned(),
        of_repository("cleanup: none, members: []"),
    ] {
        let plan = plan(&keys);
        let file = PlanDocument::new(&plan, Vec::new()).to_file(&plan);
        assert_eq!(document::read(&file).as_ref(), Ok(&plan));
        let validator = jsonschema::draft202012::options()
            .build(&schema::closed(schema::plan()))
            .unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&serde_json::from_str(&file).unwrap())
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
    for (name, value, said) in [
        (
            "days",
            json!(0),
            "`after` holds a value that no chart could say",
        ),
        ("days", json!("30"), "`days` of a cleanup cannot be \"30\""),
        ("keep", json!("a"), "`keep` of a cleanup cannot be \"a\""),
        (
            "keep",
            json!([{ "glob": "a" }]),
            "`after` holds a value that no chart could say",
        ),
    ] {
        let plan = plan(&of_repository("cleanup: { days: 30 }"));
        let mut document = PlanDocument::new(&plan, Vec::new());
        document.changes[0]
            .after
            .as_mut()
            .unwrap()
            .insert(name.to_owned(), value);
        let error = document::read(&document.to_file(&plan)).unwrap_err();
        assert!(error.to_string().contains(said), "{name}: {error}");
    }
}

#[test]
fn people_read_what_changes() {
    let look = render::style::Look::plain(render::style::Depth::Unfolded);
    insta::assert_snapshot!(render::plan::text(&plan(CHANGES), look), @r##"
      ~ cleanup r-1/o/a                chart.yaml:4
          days         14 -> 30
          keep
            | [-{ regexp: "^v" }-]
            | {+"edge"+}
            | {+"nightly"+}
            | {+"stable"+}
            | {+{ regexp: "^release-" }+}
            | {+{ regexp: "^v[0-9]+" }+}
            | "latest"
          ! destroys-data (allowed): 3 tags may go
      - repository_member r-1/o/a/ada  chart.yaml:5
          (not in the repository's `members` list)
      + repository_member r-1/o/a/cyd  chart.yaml:5
          level        "write"
      - member r-1/o/ada               chart.yaml:3
          (not in the organization's `members` list)
      ~ member r-1/o/bob               chart.yaml:3
          level        "manage" -> "read"

    Plan: 1 to add, 2 to change, 2 to destroy.
    3 unchanged.
    "##);
    insta::assert_snapshot!(render::plan::text(&plan(&of_repository("cleanup: none, members: \
        []")), look), @r##"
      - cleanup r-1/o/a                chart.yaml:3
          (the repository says `cleanup: none`)
      - repository_member r-1/o/a/ada  chart.yaml:3
          (not in the repository's `members` list)
      - repository_member r-1/o/a/bob  chart.yaml:3
          (not in the repository's `members` list)

    Plan: 0 to add, 0 to change, 3 to destroy.
    2 unchanged.
    "##);
    let markdown = render::markdown::markdown(&plan(CHANGES), 10_000);
    let rows: Vec<&str> = markdown
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    insta::assert_snapshot!(rows.join("\n"), @r##"
    | `-` | `repository_member r-1/o/a/ada` | not in the repository's `members` list | `chart.yaml:5` |
    | `-` | `member r-1/o/ada` | not in the organization's `members` list | `chart.yaml:3` |
    | `~` | `cleanup r-1/o/a` | `days`: `14` -> `30`<br>`keep`: `[-{ regexp: "^v" }-], {+"edge"+}, {+"nightly"+}, {+"stable"+}, {+{ regexp: "^release-" }+}, {+{ regexp: "^v[0-9]+" }+}, "latest"`<br>**destroys-data**: 3 tags may go | `chart.yaml:4` |
    | `+` | `repository_member r-1/o/a/cyd` | `level`: `"write"` | `chart.yaml:5` |
    | `~` | `member r-1/o/bob` | `level`: `"manage"` -> `"read"` | `chart.yaml:3` |
    "##);
    insta::assert_snapshot!(render::yaml_diff::diff(&plan(&of_repository("cleanup: { days: 14, \
        keep: [ edge ] }"))), @r##"
    --- live: cleanup r-1/o/a
    +++ chart: cleanup r-1/o/a
    @@ -1,5 +1,4 @@
     cleanup r-1/o/a:
       days: 14
       keep:
    -  - latest
    -  - regexp: ^v
    +  - edge
    "##);
}

#[test]
fn a_chart_is_written_and_read_again() {
    let keys = "organizations: { o: { members: [ { user: cyd, level: read } ], repositories: {
      a: { sync: [], cleanup: none, members: [ { user: ada, level: read } ] },
      b: { cleanup: { days: 14, keep: [ '7', { regexp: '${env:_:-$}{env:X}' }, \"a\\u202e\" ] } },
      c: { cleanup: { days: 1 }, members: [] }, d: } } }";
    let chart = tests::chart(keys);
    let text = render::chart::text(&chart);
    insta::assert_snapshot!(text, @r##"
    version: 1
    region: r-1
    organizations:
      o:
        repositories:
          a:
            sync: []
            cleanup: none
            members:
            - user: ada
              level: read
          b:
            cleanup:
              days: 14
              keep:
              - '7'
              - "a\u202e"
              - regexp: ${env:_:-$}{env:X}
          c:
            cleanup:
              days: 1
            members: []
          d: {}
        members:
        - user: cyd
          level: read
    "##);
    let again = tests::chart(text.split_once("region: r-1\n").unwrap().1);
    let said = |chart: &Chart| -> Vec<String> {
        let kinds = |children: &crate::state::Children| children.kinds().collect::<Vec<_>>();
        let resources = chart.resources.iter();
        resources
            .map(|(address, it)| format!("{address} {:?} {:?}", it.presence, kinds(&it.children)))
            .collect()
    };
    assert_eq!(said(&again), said(&chart));
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
fn the_reference_names_them() {
    let page = render::reference::markdown();
    for row in [
        "| `cleanup` | [cleanup](#cleanup), or `none`, or `null` |  | What is thrown away. |",
        "| `days` | a number from 1 to 365 | required | How long a tag stays. |",
        "| `keep` | a list in any order: a text, or `{ regexp: TEXT }`, or `null` |",
        "| `members` | a list: [member](#member), or `null` |",
        "| `members` | a list: [repository member](#repository-member), or `null` |",
        "| `user` | letters, digits and `-` | required | Who. |",
    ] {
        assert!(page.contains(row), "{row}\n{page}");
    }
}

#[test]
fn a_secret_in_a_set_is_masked_and_never_sent() {
    let found = policy(
        14,
        &json!([{ "kind": "regexp", "pattern": "https://u:t0ken@h" }, { "kind": "label", "pattern": "b" }]),
    );
    let masked = json!(["b", { "regexp": { "masked": "https://***@h" } }]);
    assert_eq!(found.attributes["keep"], masked);
    assert!(found.hidden.is_empty());
    let mut live = live();
    live.resources
        .insert(cleanup::address(&repository()), found);
    let plan = tests::plan(
        &of_repository("cleanup: { days: 30 }"),
        &live,
        &["destroys-data"],
    );
    let file = PlanDocument::new(&plan, Vec::new()).to_file(&plan);
    assert!(!file.contains("t0ken"));
    assert_eq!(document::read(&file).as_ref(), Ok(&plan));
}

#[test]
fn a_set_that_many_inherit_is_counted() {
    let records = "a, ".repeat(2_000);
    let of = |number: usize| {
        let names: String = (0..number).map(|number| format!("r{number}: , ")).collect();
        let defaults = format!("repository: {{ cleanup: {{ days: 1, keep: [ {records} ] }} }}");
        format!(
            "defaults: {{ {defaults} }}\norganizations: {{ o: {{ repositories: {{ {names} }} }} }}"
        )
    };
    assert_eq!(errors(&of(10)), []);
    let codes: Vec<&str> = errors(&of(1_000)).iter().map(|found| found.code).collect();
    assert_eq!(codes, ["chart-too-large"]);
}

/// The five ways in which a new kind compiled and was wrong.
#[test]
fn no_kind_is_taken_for_another() {
    // The writer made every child of a repository an item of its rules.
    let text = render::chart::text(&chart(
        "sync: [], cleanup: { days: 1 }, members: [ { user: ada, level: read } ]",
    ));
    assert!(
        text.contains("sync: []\n") && text.contains("cleanup:\n") && text.contains("members:\n"),
        "{text}"
    );
    // A third kind of defaults read those of rules.
    let chart = tests::chart(&format!(
        "defaults: {{ sync_rule: {{ override: true }} }}\n{}",
        of_repository("cleanup: { days: 1 }")
    ));
    assert_eq!(
        values(&chart, &cleanup::address(&repository())),
        json!({ "days": 1 })
    );
    // One managed list had all of them read.
    let read = |entry: &str| crate::scope::to_list(&self::chart(entry), &live());
    assert_eq!(read("sync: []"), [(repository(), &sync_rule::SYNC_RULE)]);
    assert_eq!(read("cleanup: none"), [(repository(), &CLEANUP)]);
    assert_eq!(
        read("members: []"),
        [(repository(), &member::OF_REPOSITORY)]
    );
    assert_eq!(read(""), []);
    let of_organization =
        tests::chart("organizations: { o: { members: [], repositories: { a: } } }");
    assert_eq!(
        crate::scope::to_list(&of_organization, &live()),
        [(organization(), &member::OF_ORGANIZATION)]
    );
    // An undeclared one was judged as a repository: never removed, or in the way of its
    // organization.
    assert_eq!(told(&plan(&of_repository("sync: []"))).len(), 1);
    let gone = "organizations: { o: { state: absent, repositories: { a: { state: absent } } } }";
    let plan = plan(gone);
    let going: Vec<String> = plan
        .changes
        .iter()
        .map(|change| change.address.to_string())
        .collect();
    assert_eq!(going, ["organization r-1/o", "repository r-1/o/a"]);
    assert!(
        plan.stopped
            .iter()
            .all(|stop| stop.code != "organization-not-empty"),
        "{:?}",
        plan.stopped
    );
    // Its risks were guessed from its attributes; now they are those of its table alone.
    let changed = self::plan(&of_repository(
        "cleanup: { days: 30 }, members: [ { user: ada, level: manage } ]",
    ));
    let risks: Vec<(String, usize)> = changed
        .changes
        .iter()
        .map(|change| (change.address.kind().name.to_owned(), change.risks.len()))
        .collect();
    assert_eq!(
        risks,
        [
            ("cleanup", 1),
            ("repository_member", 0),
            ("repository_member", 1)
        ]
        .map(|(kind, risks)| (kind.to_owned(), risks))
    );
}
