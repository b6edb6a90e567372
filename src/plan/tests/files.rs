//! Plan files: which are read back, and which are refused.

use super::*;

/// One change of each action.
fn of_all_actions() -> Plan {
    let live = live(&[
        (
            "o/a",
            false,
            1,
            &[("x-1", "gone", false), ("x-1", "y", false)],
        ),
        ("o/b", false, 0, &[]),
    ]);
    let chart = "organizations: { o: { repositories: { b: { state: absent }, new: ,
      a: { is_public: true, sync: [ { target_region: x-1, target_organization: y, override: true } \
      ] } } } }";
    plan(chart, &live, &["exposes"])
}

#[test]
fn a_written_plan_is_read_back() {
    let plan = of_all_actions();
    let symbols: Vec<&str> = plan
        .changes
        .iter()
        .map(|change| change.action.symbol())
        .collect();
    assert_eq!(symbols, ["~", "-", "-/+", "-", "+"]);
    let file = PlanDocument::new(&plan, Vec::new()).to_file(&plan);
    assert_eq!(document::read(&file).as_ref(), Ok(&plan));
}

/// A plan for a live repository with values that a chart may not have.
fn strange(entry: &str) -> Plan {
    let mut live = live(&[("o/a", false, 0, &[]), ("o/kept", false, 0, &[])]);
    let found = live
        .resources
        .get_mut(&repository::address("r-1", "o", "a"))
        .unwrap();
    found.attributes["category"] = json!("ai_model");
    found.attributes["description"] = json!("x".repeat(30_001));
    plan(
        &format!("organizations: {{ o: {{ repositories: {{ kept: , a: {entry} }} }} }}"),
        &live,
        &["exposes"],
    )
}

#[test]
fn live_values_are_always_legal() {
    for entry in [
        "{ is_public: true }",
        "{ category: linux }",
        "{ state: absent }",
    ] {
        let plan = strange(entry);
        assert_eq!(plan.changes.len(), 1);
        let file = PlanDocument::new(&plan, Vec::new()).to_file(&plan);
        assert_eq!(document::read(&file).as_ref(), Ok(&plan), "{entry}");
    }
}

#[test]
fn illegal_values_are_sent_only_if_they_are_live() {
    for (name, value, message) in [
        (
            "category",
            json!("other_model"),
            "`after` has a value that a chart may not have",
        ),
        (
            "description",
            json!("y".repeat(30_001)),
            "`after` has a value that a chart may not have",
        ),
        (
            "category",
            json!(7),
            "`category` of a repository cannot be 7",
        ),
        (
            "description",
            json!(null),
            "`description` of a repository cannot be null",
        ),
        (
            "is_public",
            json!("true"),
            "`is_public` of a repository cannot be \"true\"",
        ),
    ] {
        let plan = strange("{ is_public: true }");
        let mut document = PlanDocument::new(&plan, Vec::new());
        document.changes[0]
            .after
            .as_mut()
            .unwrap()
            .insert(name.to_owned(), value);
        let error = document::read(&document.to_file(&plan)).unwrap_err();
        assert!(error.to_string().contains(message), "{name}: {error}");
    }
}

#[test]
fn the_digest_of_the_file_identifies_a_plan() {
    let plan = of_all_actions();
    let name = document::id(&plan, &[]);
    assert!(
        name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{name}"
    );
    assert_eq!(
        document::id_of(&PlanDocument::new(&plan, Vec::new()).to_file(&plan)),
        name
    );
    let other = Plan {
        changes: plan.changes[1..].to_vec(),
        ..plan
    };
    assert_ne!(document::id(&other, &[]), name);
    assert_eq!(document::id_of("no plan"), "");
}

#[test]
fn changes_out_of_order_are_refused() {
    let plan = of_all_actions();
    let swapped = Plan {
        changes: plan.changes.iter().rev().cloned().collect(),
        ..plan
    };
    let error =
        document::read(&PlanDocument::new(&swapped, Vec::new()).to_file(&swapped)).unwrap_err();
    assert!(error.to_string().contains("unique addresses"), "{error}");
}

#[test]
fn a_syntax_error_is_reported_with_its_place() {
    let error = document::read("{\n  \"format_version\": ]").unwrap_err();
    assert!(error.to_string().contains("at line 2 column 21"), "{error}");
}

#[test]
fn the_selection_is_read_back_or_refused() {
    let live = live(&[("o/a", false, 1, &[])]);
    let (targets, excludes) = (
        vec!["*/o".parse().unwrap()],
        vec!["repository r-1/o/b".parse().unwrap()],
    );
    let scope = Scope {
        selection: Selection {
            targets,
            excludes,
            ..Selection::default()
        },
        ..Scope::default()
    };
    let chart = chart("organizations: { o: { repositories: { a: { is_public: true } } } }");
    let plan = build::build(&chart, &live, &[], scope, NOW);
    let file = PlanDocument::new(&plan, Vec::new()).to_file(&plan);
    assert_eq!(document::read(&file).as_ref(), Ok(&plan));
    let mut touched: serde_json::Value = serde_json::from_str(&file).unwrap();
    touched.as_object_mut().unwrap().shift_remove("digest");
    touched["scope"]["targets"][0] = json!("*//o");
    touched["digest"] = json!(document::digest(&touched));
    let error = document::read(&touched.to_string()).unwrap_err();
    assert!(
        error.to_string().contains("`*//o` is not a valid pattern"),
        "{error}"
    );
}

/// One change, with a risk.
fn exposing() -> Plan {
    let live = live(&[("o/a", false, 1, &[])]);
    plan(
        "organizations: { o: { repositories: { a: { is_public: true } } } }",
        &live,
        &["exposes"],
    )
}

type Forgery = fn(&mut PlanDocument);

/// A changed plan file with the right digest.
fn forged(plan: &Plan, change: Forgery) -> String {
    let mut document = PlanDocument::new(plan, Vec::new());
    change(&mut document);
    document.to_file(plan)
}

#[test]
fn an_edited_plan_file_is_refused() {
    let plan = exposing();
    let printed = document::pretty(&PlanDocument::new(&plan, Vec::new()));
    let file = PlanDocument::new(&plan, Vec::new()).to_file(&plan);
    assert_eq!(document::read(&file).as_ref(), Ok(&plan));
    let refused = |text: &str| document::read(text).unwrap_err();
    assert_eq!(refused(&printed), PlanFileError::NotSaved);
    assert_eq!(
        refused(&file.replace("\"other\"", "\"linux\"")),
        PlanFileError::Damaged
    );
    for version in ["2.0", "", "10.0", "1.2", "1.10", "0.9", "1", "1.x"] {
        let text = file.replace(
            "\"format_version\": \"1.1\"",
            &format!("\"format_version\": \"{version}\""),
        );
        assert_eq!(
            refused(&text),
            PlanFileError::UnknownFormat {
                found: version.to_owned()
            }
        );
    }
    // An older minor version is accepted.
    let mut older: serde_json::Value = serde_json::from_str(&file).unwrap();
    older["format_version"] = "1.0".into();
    let fields = older.as_object_mut().unwrap();
    fields.shift_remove("document");
    fields.shift_remove("digest");
    older["digest"] = document::digest(&older).into();
    assert_eq!(document::read(&older.to_string()).as_ref(), Ok(&plan));
    for text in ["", "[]", "{}", "plan", "{\"format_version\": 1}"] {
        assert!(
            matches!(refused(text), PlanFileError::NotAPlan(_)),
            "{text}"
        );
    }
}

/// A right digest is not enough: the content is checked too.
#[test]
fn an_inconsistent_plan_file_is_refused() {
    let plan = exposing();
    let forgeries: [Forgery; 7] = [
        |document| document.summary.change = 2,
        |document| document.outcome = Outcome::NoChanges,
        |document| document.changes[0].actions = vec!["delete".to_owned()],
        |document| document.changes[0].after = None,
        |document| {
            drop(
                document.changes[0]
                    .after
                    .as_mut()
                    .unwrap()
                    .insert("owner".to_owned(), json!("me")),
            );
        },
        |document| document.changes[0].fields[0].name = "owner",
        |document| document.changes[0].fields[0].name = "override",
    ];
    for forgery in forgeries {
        let text = forged(&plan, forgery);
        let error = document::read(&text).unwrap_err();
        assert!(matches!(error, PlanFileError::Inconsistent(_)), "{text}");
    }
}

#[test]
fn a_change_that_is_never_planned_is_refused() {
    let plan = exposing();
    let forgeries: [(Forgery, &str); 7] = [
        (
            |document| {
                document.changes[0].actions = vec!["delete".to_owned(), "create".to_owned()];
                (
                    document.summary.change,
                    document.summary.add,
                    document.summary.destroy,
                ) = (0, 1, 1);
            },
            "its kind has no such action",
        ),
        (
            |document| {
                drop(
                    document.changes[0]
                        .after
                        .as_mut()
                        .unwrap()
                        .shift_remove("category"),
                );
            },
            "`after` is not complete",
        ),
        (
            |document| document.changes[0].precondition.exists = false,
            "its precondition does not match",
        ),
        (
            |document| document.changes[0].precondition.attributes.clear(),
            "its precondition does not match",
        ),
        (
            |document| {
                document.changes[0]
                    .precondition
                    .attributes
                    .insert("is_public".to_owned(), json!(true));
            },
            "its precondition does not match",
        ),
        (
            |document| document.changes[0].risks.clear(),
            "it hides a risk",
        ),
        (
            |document| {
                document.changes.push(document.changes[0].clone());
                document.summary.change = 2;
            },
            "unique addresses",
        ),
    ];
    for (change, message) in forgeries {
        let error = document::read(&forged(&plan, change)).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(message), "{message}: {error}");
    }
}
