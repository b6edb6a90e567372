//! Plans from charts with probes.

use super::*;

#[test]
fn a_plan_has_a_change_for_each_difference() {
    let rest = "sync: null, ";
    for (entry, expected) in [
        // The order is no difference.
        (
            "cleanup: { days: 14, keep: [ { regexp: ^v }, latest ] }",
            vec![],
        ),
        ("cleanup: { days: 14, keep: null }", vec![]),
        (
            "cleanup: { days: 14 }",
            vec![r#"~ cleanup r-1/o/a keep: ["latest",{"regexp":"^v"}] -> []"#],
        ),
        (
            "cleanup: { days: 30, keep: null }",
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
                r#"~ repository_member r-1/o/a: ada level: "read" -> "write""#,
                r#"- repository_member r-1/o/a: bob level: "manage" -> -"#,
                r#"+ repository_member r-1/o/a: cyd level: - -> "read""#,
            ],
        ),
    ] {
        assert_eq!(
            summary(&plan(&of_repository(&format!("{rest}{entry}")))),
            expected,
            "{entry}"
        );
    }
    let of_organization =
        "organizations: { o: { unlisted: ignore, members: [ { user: bob, level: read } ] } }";
    assert_eq!(
        summary(&plan(of_organization)),
        [
            r#"- member r-1/o: ada level: "read" -> -"#,
            r#"~ member r-1/o: bob level: "manage" -> "read""#,
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
        summary(&created),
        ["+ cleanup r-1/o/a days: - -> 14 keep: - -> []"]
    );
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
        &of_repository("cleanup: { days: 30, keep: null }"),
        &live,
        &["destroys-data"],
    );
    let file = PlanDocument::new(&plan, Vec::new()).to_file(&plan);
    assert!(!file.contains("t0ken"));
    assert_eq!(document::read(&file).as_ref(), Ok(&plan));
}

/// Five faults that a new kind once had although it compiled.
#[test]
fn a_new_kind_is_not_treated_as_another() {
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
        json!({ "days": 1, "keep": [] })
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
    // An undeclared object was treated as a repository: it was never removed, or it prevented the
    // deletion of its organization.
    assert_eq!(summary(&plan(&of_repository("sync: []"))).len(), 1);
    let gone = "organizations: { o: { state: absent, repositories: { a: { state: absent } } } }";
    let plan = plan(gone);
    let deleted: Vec<String> = plan
        .changes
        .iter()
        .map(|change| change.address.to_string())
        .collect();
    assert_eq!(deleted, ["organization r-1/o", "repository r-1/o/a"]);
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
