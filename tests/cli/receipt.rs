//! The receipt of an apply (what was sent, observed and left to do), and the events during the
//! apply.

use std::fs;

use portolan::emulator::{Effect, Fault, SyncRule};
use serde_json::{Value, json};

use crate::support::{NORTH, World, wait_until};

/// One of each action.
const CHART: &str = "\
version: 1
region: cn-north-4
organizations:
  o:
    repositories:
      api: { sync: [ { target_region: cn-east-3, target_organization: dr, override: true } ] }
      gone: { state: absent }
      new: { category: linux }
      web: { description: after }
";

fn world() -> World {
    let world = World::of(CHART);
    world.edit(|state| {
        state
            .ensure_repository(NORTH, "o", "api")
            .sync_rules
            .push(SyncRule::to("cn-east-3", "dr"));
        state.ensure_repository(NORTH, "o", "gone");
        state.ensure_repository(NORTH, "o", "web").description = "before".to_owned();
    });
    world
}

/// The entry of a receipt for a repository or its rule.
fn entry<'r>(receipt: &'r Value, kind: &str, repository: &str) -> &'r Value {
    let is_wanted = |entry: &&Value| {
        entry["address"]["kind"] == kind && entry["address"]["repository"] == repository
    };
    receipt["changes"]
        .as_array()
        .unwrap()
        .iter()
        .find(is_wanted)
        .unwrap()
}

#[test]
fn a_receipt_lists_what_was_sent_and_observed() {
    let world = world();
    world.inject(Fault::new(Effect::throttled(Some(0))).method("PATCH"));
    let saved = world.plan(&["--out", "plan.json"]).exits(0);
    assert!(
        saved
            .stdout
            .contains("Plan: 2 to add, 1 to change, 2 to destroy."),
        "{saved}"
    );
    let _ = world
        .run(&["apply", "plan.json", "--receipt", "receipt.json"])
        .exits(0);
    world.is_settled();
    let receipt = world.json("receipt.json");
    assert_eq!(
        (&receipt["plan"]["id"], &receipt["outcome"]),
        (&world.json("plan.json")["digest"], &json!("complete"))
    );
    assert_eq!(
        receipt["resources"],
        json!({ "added": 2, "changed": 1, "destroyed": 2 })
    );
    assert_eq!(receipt["residual"]["outcome"], "no_changes");
    assert_eq!(receipt["residual"]["summary"]["unchanged"], 6);

    let web = entry(&receipt, "repository", "web");
    assert_eq!(
        (&web["status"], &web["verified"], &web["written"]),
        (&json!("applied"), &json!(true), &json!(true))
    );
    // The check and the refusal, each of them twice: a check is valid only for the write right
    // after it.
    assert_eq!(web["attempts"], 4, "{web:#}");
    let statuses: Vec<&Value> = web["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["status"])
        .collect();
    assert_eq!(statuses, [200, 429, 200, 201]);
    let ids: Vec<&str> = web["request_ids"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    assert!(
        ids.len() == 4 && ids.iter().all(|id| id.starts_with("emulator-")),
        "{ids:?}"
    );
    assert_eq!(
        (
            &web["before"]["attributes"]["description"],
            &web["before"]["exists"]
        ),
        (&json!("before"), &json!(true))
    );
    assert_eq!(web["after"]["attributes"]["description"], "after");

    let rule = entry(&receipt, "sync_rule", "api");
    assert_eq!(
        (&rule["actions"], &rule["attempts"]),
        (&json!(["delete", "create"]), &json!(3))
    );
    let overrides = |side: &str| rule[side]["attributes"]["override"].clone();
    assert_eq!(
        (overrides("before"), overrides("after")),
        (json!(false), json!(true))
    );
    assert_eq!(
        entry(&receipt, "repository", "gone")["after"],
        json!({ "exists": false })
    );
    assert_eq!(
        entry(&receipt, "repository", "new")["before"],
        json!({ "exists": false })
    );
}

#[test]
fn a_receipt_lists_what_is_left_to_do() {
    let world = world();
    world.inject(Fault::new(Effect::forbidden()).method("PATCH"));
    let output = world.try_apply(&["--receipt", "receipt.json"]).exits(1);
    let receipt = world.json("receipt.json");
    assert_eq!(receipt["outcome"], "incomplete");
    let web = entry(&receipt, "repository", "web");
    assert_eq!(
        (&web["status"], &web["written"], &web["verified"]),
        (&json!("failed"), &json!(true), &json!(false))
    );
    assert!(
        web["message"]
            .as_str()
            .unwrap()
            .starts_with("403 SVCSTG.SWR.4037018"),
        "{web:#}"
    );
    // It was written, so it was read again.
    assert_eq!(web["after"]["attributes"]["description"], "before");
    let left = receipt["residual"]["changes"].as_array().unwrap();
    assert_eq!(
        (left.len(), &left[0]["address"]["repository"]),
        (1, &json!("web")),
        "{output}"
    );
    assert_eq!(receipt["residual"]["summary"]["change"], 1);
    let again = world.plan_json(&[]);
    assert_eq!(
        again["changes"], receipt["residual"]["changes"],
        "the next plan is what was left"
    );
}

#[test]
fn a_receipt_is_written_though_nothing_was_done() {
    let world = World::of(
        "version: 1\nregion: cn-north-4\norganizations: { o: { repositories: { a: { state: absent \
        } } } }\n",
    );
    world.edit(|state| drop(state.ensure_repository(NORTH, "o", "a").clone()));
    let _ = world
        .try_apply(&["--receipt", "receipt.json", "--events", "events"])
        .exits(1);
    let receipt = world.json("receipt.json");
    assert!(
        receipt["refused"]
            .as_str()
            .unwrap()
            .starts_with("the plan is stopped"),
        "{receipt:#}"
    );
    assert_eq!(
        (&receipt["outcome"], &receipt["changes"][0]["status"]),
        (&json!("refused"), &json!("not_attempted"))
    );
    assert_eq!(receipt["residual"]["changes"].as_array().unwrap().len(), 1);
    assert_eq!(events(&world), ["plan", "ended"]);

    world.chart("version: 1\norganisations: {}\n");
    let _ = world.try_apply(&["--receipt", "receipt.json"]).exits(1);
    let receipt = world.json("receipt.json");
    assert_eq!(
        (&receipt["outcome"], &receipt["plan"]["id"]),
        (&json!("refused"), &json!(""))
    );
    assert_eq!(
        receipt["residual"]["outcome"], "unknown",
        "nobody knows what is left to do"
    );
    assert!(!receipt["diagnostics"].as_array().unwrap().is_empty());
}

fn lines(world: &World) -> Vec<Value> {
    let text = fs::read_to_string(world.path("events")).unwrap();
    assert!(
        text.is_empty() || text.ends_with('\n'),
        "a line is half-written: {text}"
    );
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn events(world: &World) -> Vec<String> {
    lines(world)
        .iter()
        .map(|line| line["event"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn events_report_each_change_as_it_happens() {
    let world = world();
    world.file("events", "what was here before\n");
    let _ = world.apply(&["--events", "events", "--parallelism", "1"]);
    let lines = lines(&world);
    let named = |name: &str| {
        lines
            .iter()
            .filter(|line| line["event"] == name)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (
            named("started").len(),
            named("finished").len(),
            named("checked").len()
        ),
        (4, 4, 4)
    );
    assert_eq!(
        (
            lines[0]["event"].as_str(),
            lines[13]["event"].as_str(),
            lines.len()
        ),
        (Some("plan"), Some("ended"), 14)
    );
    assert_eq!(lines[13]["outcome"], "complete");
    for finished in named("finished") {
        assert_eq!(
            (&finished["status"], &finished["verified"]),
            (&json!("applied"), &json!(false)),
            "{finished:#}"
        );
    }
    assert!(named("checked").iter().all(|line| line["verified"] == true));
    // A change begins before it ends.
    let at = |name: &str, address: &Value| {
        lines
            .iter()
            .position(|line| line["event"] == name && line["address"] == *address)
            .unwrap()
    };
    for started in named("started") {
        let address = &started["address"];
        assert!(
            at("started", address) < at("finished", address)
                && at("finished", address) < at("checked", address)
        );
    }
}

#[test]
fn events_of_a_killed_run_end_with_a_whole_line() {
    let world = world();
    world.inject(Fault::new(Effect::HangAfter).method("POST").path("/repos"));
    let running = world.spawn(&[
        "apply",
        "--yes",
        "--events",
        "events",
        "--receipt",
        "receipt.json",
    ]);
    wait_until("a write hangs", || {
        world.journal().iter().any(|entry| entry.fault)
    });
    running.kill();
    let events_so_far = events(&world);
    assert_eq!(events_so_far[0], "plan");
    assert!(
        events_so_far.contains(&"started".to_owned())
            && !events_so_far.contains(&"ended".to_owned()),
        "{events_so_far:?}"
    );
    assert!(
        !world.path("receipt.json").exists(),
        "a receipt is there whole or not at all"
    );
    let _ = world.apply(&[]);
}

#[test]
fn a_full_disk_is_reported_and_hides_no_report() {
    for option in ["--receipt", "--events"] {
        let world = world();
        let output = world.try_apply(&[option, "/dev/full"]).exits(1);
        assert!(
            output
                .stdout
                .contains("Apply complete! Resources: 2 added, 1 changed, 2 destroyed."),
            "{output}"
        );
        assert!(
            output.stderr.contains("/dev/full") && output.stderr.contains("No space left"),
            "{output}"
        );
        world.is_settled();
    }
}

#[test]
fn an_unwritable_file_is_reported_before_any_request() {
    let world = world();
    for option in ["--receipt", "--events"] {
        let output = world.try_apply(&[option, "no/such/folder"]).exits(1);
        assert!(
            output.stderr.contains("cannot write no/such/folder"),
            "{output}"
        );
        let _ = world
            .try_apply(&[option, "portolan.yaml", "-f", "portolan.yaml"])
            .exits(64);
    }
    let _ = world
        .try_apply(&["--receipt", "one", "--events", "one"])
        .exits(64);
    let _ = world.plan(&["--out", "plan.json"]).exits(0);
    let _ = world
        .run(&["apply", "plan.json", "--receipt", "plan.json"])
        .exits(64);
    // The same file under another name, existing or not.
    let _ = world
        .try_apply(&["--receipt", "one", "--events", "./one"])
        .exits(64);
    std::os::unix::fs::symlink("one", world.path("link")).unwrap();
    let _ = world
        .try_apply(&["--receipt", "one", "--events", "link"])
        .exits(64);
    fs::hard_link(world.path("portolan.yaml"), world.path("hard")).unwrap();
    let _ = world.try_apply(&["--events", "hard"]).exits(64);
    assert_eq!(world.writes(), [""; 0]);
    assert_eq!(
        fs::read_to_string(world.path("portolan.yaml")).unwrap(),
        CHART
    );
}

#[test]
fn no_output_replaces_what_is_read() {
    let world = world();
    world.file("charts/a.yaml", CHART);
    for (arguments, code) in [
        (&["drift", "--metrics", "portolan.yaml"][..], 64),
        (
            &[
                "drift",
                "--metrics",
                "./portolan.yaml",
                "-f",
                "portolan.yaml",
            ],
            64,
        ),
        (&["drift", "-f", "charts", "--metrics", "charts/a.yaml"], 64),
        (&["plan", "-f", "charts", "--out", "charts/a.yaml"], 64),
        // It would be a chart in the next run.
        (&["plan", "-f", "charts", "--out", "charts/new.yaml"], 64),
        (
            &[
                "apply",
                "--yes",
                "-f",
                "charts",
                "--events",
                "charts/a.yaml",
            ],
            64,
        ),
        (
            &[
                "apply",
                "--yes",
                "--ca-file",
                "ca.pem",
                "--receipt",
                "ca.pem",
            ],
            64,
        ),
        (&["plan", "-f", "charts", "--out", "charts/plan.json"], 0),
    ] {
        let _ = world.run(arguments).exits(code);
        assert_eq!(
            fs::read_to_string(world.path("charts/a.yaml")).unwrap(),
            CHART,
            "{arguments:?}"
        );
        assert_eq!(
            fs::read_to_string(world.path("portolan.yaml")).unwrap(),
            CHART,
            "{arguments:?}"
        );
    }
    assert!(!world.path("charts/new.yaml").exists());
}

#[test]
fn a_document_is_printed_although_a_file_cannot_be_written() {
    let world = world();
    for option in ["--receipt", "--events"] {
        let report = world
            .try_apply(&["--format", "json", option, "no/such"])
            .exits(1)
            .json();
        assert_eq!(
            (&report["outcome"], &report["plan"]["outcome"]),
            (&json!("refused"), &json!("unknown"))
        );
    }
    let drift = world
        .run(&["drift", "--format", "json", "--metrics", "no/such"])
        .exits(1)
        .json();
    assert_eq!(drift["outcome"], "changes");
    assert_eq!(world.writes(), [""; 0]);
}
