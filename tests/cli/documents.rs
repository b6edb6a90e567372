//! The JSON documents agree with the text and the exit code.

use portolan::emulator::SyncRule;
use serde_json::{Value, json};

use crate::support::{NORTH, QUICKSTART, World};

/// One change of each kind: create, update, replace, delete, withheld, and something unlisted.
const CHART: &str = "\
version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      created: { is_public: true }
      replaced: { sync: [ { target_region: cn-east-3, target_organization: dr, override: true } ] }
      updated: { category: arm }
      gone: { state: absent }
      kept: { state: absent }
";

fn world() -> World {
    let world = World::of(CHART);
    world.edit(|state| {
        state.ensure_organization("cn-east-3", "dr");
        for name in ["replaced", "updated", "gone", "kept", "unlisted"] {
            state.ensure_repository(NORTH, "team-a", name);
        }
        state
            .ensure_repository(NORTH, "team-a", "replaced")
            .sync_rules
            .push(SyncRule::to("cn-east-3", "dr"));
        state.ensure_repository(NORTH, "team-a", "kept").num_images = 4;
    });
    world
}

fn change(document: &Value, repository: &str) -> Value {
    let changes = document["changes"].as_array().unwrap();
    changes
        .iter()
        .find(|change| change["address"]["repository"] == json!(repository))
        .unwrap()
        .clone()
}

#[test]
fn the_document_has_its_fields() {
    let document = world().plan_json(&[]);
    let names: Vec<&String> = document.as_object().unwrap().keys().collect();
    let expected = [
        "format_version",
        "document",
        "outcome",
        "summary",
        "changes",
        "stopped",
        "unlisted",
        "findings",
        "diagnostics",
        "chart",
        "account",
        "endpoints",
    ];
    assert_eq!(names, expected);
    assert_eq!(
        (&document["format_version"], &document["outcome"]),
        (&json!("1.1"), &json!("changes"))
    );
    let summary = json!({
        "add": 2, "change": 1, "destroy": 2, "run": 0, "unchanged": 2, "withheld": 1, "unlisted": 1,
        "findings": 2,
    });
    assert_eq!(document["summary"], summary);
    assert_eq!(document["chart"]["files"], json!(["portolan.yaml"]));
    assert_eq!(document["chart"]["digest"].as_str().unwrap().len(), 64);
    assert_eq!(
        (&document["stopped"], &document["diagnostics"]),
        (&json!([]), &json!([]))
    );
}

#[test]
fn changes_are_in_the_order_of_addresses() {
    let document = world().plan_json(&[]);
    let changes = document["changes"].as_array().unwrap();
    let names: Vec<&str> = changes
        .iter()
        .map(|change| change["address"]["repository"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["created", "gone", "kept", "replaced", "updated"]);
}

#[test]
fn a_create() {
    let created = change(&world().plan_json(&[]), "created");
    let address = json!({
        "kind": "repository", "region": "cn-north-4", "organization": "team-a",
        "repository": "created",
    });
    assert_eq!(created["address"], address);
    assert_eq!(
        (&created["actions"], &created["reason"]),
        (&json!(["create"]), &json!("missing"))
    );
    assert_eq!(
        (&created["before"], &created["after"]),
        (&Value::Null, &json!({ "is_public": true }))
    );
    assert_eq!(
        created["fields"],
        json!([{ "name": "is_public", "before": null, "after": true }])
    );
    assert_eq!(
        created["source"],
        json!({ "file": "portolan.yaml", "line": 6, "column": 7 })
    );
    assert_eq!(
        (&created["risks"], &created["withheld"]),
        (&json!([]), &Value::Null)
    );
    assert_eq!(
        created["precondition"],
        json!({ "exists": false, "attributes": {} })
    );
}

#[test]
fn an_update() {
    let updated = change(&world().plan_json(&[]), "updated");
    assert_eq!(
        (&updated["actions"], &updated["reason"]),
        (&json!(["update"]), &json!("differs"))
    );
    let before = json!({ "is_public": false, "category": "other", "description": "" });
    assert_eq!(updated["before"], before);
    assert_eq!(
        updated["after"],
        json!({ "is_public": false, "category": "arm", "description": "" })
    );
    assert_eq!(
        updated["fields"],
        json!([{ "name": "category", "before": "other", "after": "arm" }])
    );
    assert_eq!(
        updated["precondition"],
        json!({ "exists": true, "attributes": before })
    );
}

#[test]
fn a_replace() {
    let replaced = change(&world().plan_json(&[]), "replaced");
    let address = json!({
        "kind": "sync_rule", "region": "cn-north-4", "organization": "team-a",
        "repository": "replaced",
        "target_region": "cn-east-3", "target_organization": "dr",
    });
    assert_eq!(replaced["address"], address);
    assert_eq!(replaced["actions"], json!(["delete", "create"]));
    assert_eq!(replaced["reason"], json!("cannot-be-changed-in-place"));
    assert_eq!(replaced["risks"], json!(["overwrites", "gap"]));
    let before = json!({ "auto": true, "override": false });
    assert_eq!(
        (&replaced["before"], &replaced["restore"]),
        (&before, &before)
    );
    assert_eq!(replaced["after"], json!({ "auto": true, "override": true }));
    assert_eq!(
        replaced["precondition"],
        json!({ "exists": true, "attributes": before })
    );
}

#[test]
fn a_delete() {
    let gone = change(&world().plan_json(&[]), "gone");
    assert_eq!(
        (&gone["actions"], &gone["reason"]),
        (&json!(["delete"]), &json!("declared-absent"))
    );
    assert_eq!(gone["after"], Value::Null);
    assert_eq!(gone["risks"], json!(["deletes"]));
    assert_eq!(
        gone["precondition"],
        json!({ "exists": true, "attributes": {}, "num_images": 0 })
    );
    assert_eq!(gone["source"]["line"], json!(9));
}

#[test]
fn a_withheld_delete() {
    let kept = change(&world().plan_json(&[]), "kept");
    assert_eq!(kept["risks"], json!(["deletes", "destroys-data"]));
    assert_eq!(
        kept["withheld"],
        json!({ "by": "risk", "class": "destroys-data", "lift": "--allow destroys-data=1" })
    );
    assert_eq!(kept["evidence"]["destroys-data"], json!("4 tags"));
}

#[test]
fn a_protected_delete() {
    let world = world();
    world.chart(&format!("{CHART}protect: [ \"team-a/g*\" ]\n"));
    let gone = change(&world.plan_json(&[]), "gone");
    assert_eq!(
        gone["withheld"],
        json!({ "by": "protect", "pattern": "team-a/g*" })
    );
}

#[test]
fn unlisted_resources_are_not_among_the_changes() {
    let document = world().plan_json(&[]);
    let address = json!({
        "kind": "repository", "region": "cn-north-4", "organization": "team-a",
        "repository": "unlisted",
    });
    assert_eq!(
        document["unlisted"],
        json!([{ "address": address, "num_images": 0 }])
    );
}

#[test]
fn exit_codes_agree_with_the_outcome() {
    let world = world();
    for (arguments, code) in [(&[][..], 0), (&["--detailed-exitcode"], 2)] {
        let output = world
            .plan(&[&["--format", "json"], arguments].concat())
            .exits(code);
        assert_eq!(output.json()["outcome"], json!("changes"));
        let _ = world.plan(arguments).exits(code);
    }
    world
        .chart("version: 1\nregion: cn-north-4\norganizations: { team-a: { unlisted: ignore } }\n");
    let output = world
        .plan(&["--format", "json", "--detailed-exitcode"])
        .exits(0);
    assert_eq!(output.json()["outcome"], json!("no_changes"));
}

#[test]
fn withheld_changes_count_as_changes() {
    let world = world();
    world.chart(
        "version: 1\nregion: cn-north-4\n\
        organizations:\n  team-a: { unlisted: ignore, repositories: { \
        kept: { state: absent } } }\n",
    );
    let _ = world
        .plan(&["--detailed-exitcode"])
        .exits(2)
        .says("1 withheld");
}

#[test]
fn the_same_document_twice() {
    let world = world();
    let print = || world.plan(&["--format", "json"]).stdout;
    assert_eq!(print(), print());
}

#[test]
fn the_order_in_the_chart_makes_no_difference() {
    let world = world();
    let first = world.plan_json(&[])["changes"].clone();
    let mut lines: Vec<&str> = CHART.lines().collect();
    lines[5..].reverse();
    world.chart(&lines.join("\n"));
    let mut second = world.plan_json(&[])["changes"].clone();
    for (one, other) in first
        .as_array()
        .unwrap()
        .iter()
        .zip(second.as_array_mut().unwrap())
    {
        other["source"] = one["source"].clone();
    }
    assert_eq!(first, second);
}

#[test]
fn each_document_names_its_schema() {
    let world = World::of(QUICKSTART);
    let plan = world
        .plan(&["--format", "json", "--out", "plan.json"])
        .json();
    let drift = world.run(&["drift", "--format", "json"]).json();
    let report = world
        .apply(&[
            "--format",
            "json",
            "--receipt",
            "receipt.json",
            "--events",
            "events.ndjson",
        ])
        .json();
    let validate = world.run(&["validate", "--format", "json"]).json();
    let events = std::fs::read_to_string(world.path("events.ndjson")).unwrap();
    let first = serde_json::from_str(events.lines().next().unwrap()).unwrap();
    let documents = [
        ("plan", plan),
        ("plan", world.json("plan.json")),
        ("drift", drift),
        ("report", report),
        ("receipt", world.json("receipt.json")),
        ("events", first),
        ("validate", validate),
    ];
    for (name, document) in documents {
        assert_eq!(document["document"], *name, "{document:#}");
        let printed = world.run(&["schema", "--document", name]).exits(0);
        let published = format!("{}/schemas/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(
            printed.stdout,
            std::fs::read_to_string(published).unwrap(),
            "{name}"
        );
        // As it is published, with room for more.
        let validator = jsonschema::draft202012::options()
            .build(&printed.json())
            .unwrap();
        assert!(validator.is_valid(&document), "{name}: {document:#}");
        // No other document passes for it.
        let mut other = document.clone();
        other["document"] = json!("other");
        assert!(!validator.is_valid(&other), "{name}");
    }
    assert_eq!(
        world.run(&["schema", "--document", "chart"]).stdout,
        world.run(&["schema"]).stdout
    );
    let _ = world
        .run(&["schema", "--document", "chart", "--markdown"])
        .exits(64);
}
