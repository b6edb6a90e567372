//! Apply: the confirmation, which changes a failure skips, and the report.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use insta::assert_snapshot;
use portolan::emulator::{Assumptions, Effect, Fault, Settings, SyncRule};
use serde_json::{Value, json};

use crate::support::{NORTH, Output, QUICKSTART, Running, World, wait_until};

/// Two organizations with a repository each, of which the first has a rule.
const TWO: &str = "version: 1\nregion: cn-north-4\n\
                   organizations:\n  team-a:\n    repositories:\n      web: { sync: [ { \
                   target_region: cn-east-3, target_organization: dr } \
                   ] }\n  team-b:\n    repositories: { api: {} }\n";

fn repositories(names: &[&str]) -> String {
    let entries: String = names
        .iter()
        .map(|name| format!("      {name}: {{}}\n"))
        .collect();
    format!(
        "version: 1\nregion: cn-north-4\norganizations:\n  team-a:\n    repositories:\n{entries}"
    )
}

fn addresses(list: &Value) -> Vec<String> {
    let items = list.as_array().unwrap().iter().map(|item| &item["address"]);
    items
        .map(|address| {
            format!(
                "{} {}",
                address["kind"].as_str().unwrap(),
                address["organization"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn without_a_terminal_or_consent_nothing_is_changed() {
    let world = World::of(QUICKSTART);
    let output = world
        .run(&["apply"])
        .exits(1)
        .says("Plan: 3 to add, 0 to change, 0 to destroy.");
    assert!(
        output
            .stdout
            .contains("Nothing was changed: standard input is not a terminal; `--yes`"),
        "{output}"
    );
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn an_empty_plan_asks_no_question() {
    let world = World::of(QUICKSTART);
    let _ = world.apply(&[]);
    let _ = world.run(&["apply"]).exits(0).says("No changes.");
}

#[test]
fn consent_cannot_come_from_the_environment() {
    let world = World::of(QUICKSTART)
        .variable("PORTOLAN_YES", "1")
        .variable("PORTOLAN_ALLOW", "deletes");
    let _ = world.run(&["apply"]).exits(1);
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn a_failure_takes_only_its_dependents_along() {
    let world = World::of(TWO);
    world.edit(|state| drop(state.ensure_organization("cn-east-3", "dr").clone()));
    world.inject(
        Fault::new(Effect::forbidden())
            .method("POST")
            .path("/team-a/repos"),
    );
    assert_snapshot!(world.try_apply(&["--no-progress", "--parallelism", "1"]), @r"
    exit: 1
    -- stdout
      + organization cn-north-4/team-a                   portolan.yaml:4
      + repository cn-north-4/team-a/web                 portolan.yaml:6
          is_public    false                 (left to the service: category, description)
      + sync_rule cn-north-4/team-a/web -> cn-east-3/dr  portolan.yaml:6
          (left to the service: override)
      + organization cn-north-4/team-b                   portolan.yaml:7
      + repository cn-north-4/team-b/api                 portolan.yaml:8
          is_public    false                 (left to the service: category, description)

    Plan: 5 to add, 0 to change, 0 to destroy.
    Chart `portolan.yaml`, account `emulator`, @HOST@ (not Huawei Cloud).

      + repository cn-north-4/team-a/web: failed: 403 SVCSTG.SWR.4037018: No permission on the images of this organization (POST /v2/manage/namespaces/team-a/repos, request id emulator-00000009)
          hint: the credentials are valid, but lack the permission for this; ask for `swr:repository:create`
      + sync_rule cn-north-4/team-a/web -> cn-east-3/dr: skipped, because of repository cn-north-4/team-a/web

    Apply incomplete! Resources: 3 added, 0 changed, 0 destroyed.
    1 failed, 1 skipped.
    To continue, fix what failed, then plan and apply again; changes that were made are not repeated.
    -- stderr
    ");
}

#[test]
fn the_report_has_a_list_for_each_outcome() {
    let world = World::of(TWO);
    world.inject(
        Fault::new(Effect::forbidden())
            .method("POST")
            .path("/team-a/repos"),
    );
    let report = world.try_apply(&["--format", "json"]).exits(1).json();
    assert_eq!(
        (&report["format_version"], &report["outcome"]),
        (&json!("1.1"), &json!("incomplete"))
    );
    assert_eq!(
        addresses(&report["applied"]),
        [
            "organization team-a",
            "organization team-b",
            "repository team-b"
        ]
    );
    assert_eq!(addresses(&report["failed"]), ["repository team-a"]);
    assert_eq!(addresses(&report["skipped"]), ["sync_rule team-a"]);
    assert_eq!(
        report["skipped"][0]["because"],
        report["failed"][0]["address"]
    );
    assert_eq!(report["not_attempted"], json!([]));
    assert_eq!(report["applied"][0]["verified"], json!(true));
    assert_eq!(report["plan"]["summary"]["add"], json!(5));
    assert!(
        report["failed"][0]["message"]
            .as_str()
            .unwrap()
            .contains("SVCSTG.SWR.4037018"),
        "{report}"
    );
    assert!(
        report["failed"][0]["message"]
            .as_str()
            .unwrap()
            .contains("request id emulator-"),
        "{report}"
    );
}

#[test]
fn a_second_run_finishes_what_failed() {
    let world = World::of(TWO);
    world.inject(
        Fault::new(Effect::forbidden())
            .method("POST")
            .path("/team-a/repos"),
    );
    let _ = world.try_apply(&[]).exits(1);
    world.clear_journal();
    let _ = world.apply(&[]);
    assert_eq!(world.writes().len(), 2);
}

#[test]
fn fail_fast_starts_nothing_after_a_failure() {
    let world = World::of(&repositories(&["r1", "r2", "r3", "r4"]));
    world.edit(|state| drop(state.ensure_organization(NORTH, "team-a").clone()));
    world.inject(Fault::new(Effect::forbidden()).method("POST").skip(1));
    let output = world
        .try_apply(&[
            "--fail-fast",
            "--parallelism",
            "1",
            "--receipt",
            "receipt.json",
        ])
        .exits(1);
    assert_eq!(
        world.json("receipt.json")["ended_early"]["reason"],
        "fail-fast"
    );
    let _ = output
        .says(
            "1 failed, 2 not attempted.\nStopped by `--fail-fast` after the first failure. To continue, fix what failed",
        )
        .says("1 added");
    assert_eq!(world.writes().len(), 2);
}

#[test]
fn without_fail_fast_the_rest_is_tried() {
    let world = World::of(&repositories(&["r1", "r2", "r3", "r4"]));
    world.inject(
        Fault::new(Effect::forbidden())
            .method("POST")
            .path("/repos"),
    );
    let _ = world
        .try_apply(&["--parallelism", "1"])
        .exits(1)
        .says("4 added")
        .says("1 failed.");
}

#[test]
fn a_refused_deletion_of_a_repository_with_images_names_the_images() {
    let world = World::of(
        &repositories(&["kept"]).replace("      kept", "      old: { state: absent }\n      kept"),
    );
    world.edit(|state| {
        state.ensure_repository(NORTH, "team-a", "old").num_images = 3;
        state.ensure_repository(NORTH, "team-a", "kept");
    });
    let output = world
        .try_apply(&["--allow", "destroys-data"])
        .exits(1)
        .says("SVCSTG.SWR.4060012");
    let _ = output.says("the repository still contains images");
    assert_eq!(
        world.writes(),
        ["DELETE cn-north-4 /namespaces/team-a/repos/old"]
    );
}

/// An organization that exists, and a repository that does not. Its creation is refused, as if
/// another client had just created it with these attributes.
fn raced(attributes: &str) -> World {
    let world =
        World::of(&repositories(&["web"]).replace("web: {}", &format!("web: {{ {attributes} }}")));
    world.edit(|state| drop(state.ensure_organization(NORTH, "team-a").clone()));
    let taken = Effect::service(4_090_006, "The repository web exists already");
    world.inject(
        Fault::new(taken.after_commit())
            .method("POST")
            .path("/repos"),
    );
    world
}

#[test]
fn an_equal_resource_of_another_client_counts_as_applied() {
    let world = raced("category: arm");
    let _ = world.try_apply(&[]).exits(0).says("1 added");
    assert_eq!(world.writes(), ["POST cn-north-4 /namespaces/team-a/repos"]);
    world.is_settled();
}

/// Starts an apply, and does something between a request and its answer.
fn while_waiting(world: &World, method: &str, path: &str, act: impl FnOnce()) -> Output {
    let late = Effect::Delay(Duration::from_secs(2));
    world.inject(Fault::new(late).method(method).path(path));
    let seen = |world: &World| {
        world
            .journal()
            .iter()
            .any(|entry| entry.method == method && entry.path.contains(path) && entry.fault)
    };
    std::thread::scope(|scope| {
        let apply = scope.spawn(|| world.try_apply(&[]));
        wait_until("the program asks", || seen(world));
        act();
        apply.join().unwrap()
    })
}

#[test]
fn a_different_resource_of_another_client_is_never_changed() {
    let world = World::of(&repositories(&["web"]));
    world.edit(|state| drop(state.ensure_organization(NORTH, "team-a").clone()));
    let output = while_waiting(&world, "GET", "/repos/web", || {
        world.edit(|state| state.ensure_repository(NORTH, "team-a", "web").is_public = true);
    });
    let _ = output
        .exits(1)
        .says("it exists now, with other values")
        .says("plan again");
    assert_eq!(world.writes(), ["POST cn-north-4 /namespaces/team-a/repos"]);
    assert!(
        world
            .state()
            .contains(&"cn-north-4/team-a/web true other \"\" 0".to_owned())
    );
}

#[test]
fn a_value_that_the_service_does_not_keep_is_a_failure() {
    let world = World::of(&repositories(&["web"]).replace("{}", "{ category: arm }"));
    world.edit(|state| drop(state.ensure_repository(NORTH, "team-a", "web").clone()));
    let output = while_waiting(&world, "PATCH", "/repos/web", || {
        world.edit(|state| {
            state.ensure_repository(NORTH, "team-a", "web").category = "lang".to_owned();
        });
    });
    let _ = output
        .exits(1)
        .says(r#"did not stick: category: sent "arm", the service has "lang""#);
    assert_eq!(world.writes().len(), 1);
}

#[test]
fn an_organization_name_can_belong_to_another_account() {
    let world = World::of(TWO);
    world.edit(|state| {
        state.ensure_organization(NORTH, "team-a").owner = Some("somebody".to_owned());
    });
    let output = world
        .try_apply(&[])
        .exits(1)
        .says("another account")
        .says("1 failed, 2 skipped.");
    assert!(output.stdout.contains("2 added"), "{output}");
    assert!(
        world
            .writes()
            .iter()
            .all(|write| !write.contains("/team-a")),
        "{:?}",
        world.writes()
    );
}

#[test]
fn an_invisible_organization_of_another_account_is_never_treated_as_ours() {
    let mut assumptions = Assumptions::default();
    assumptions.set("foreign-organization=404").unwrap();
    let world = World::with(Settings {
        assumptions,
        ..Settings::default()
    })
    .variable("HW_AUTH_TOKEN", "any");
    world.chart(TWO);
    world.edit(|state| {
        state.ensure_organization(NORTH, "team-a").owner = Some("somebody".to_owned());
    });
    let output = world
        .try_apply(&[])
        .exits(1)
        .says("SVCSTG.SWR.4090060")
        .says("another account");
    let _ = output.says("1 failed, 2 skipped.");
}

/// As Ctrl-C does.
fn interrupt(running: &Running) {
    let id = running.0.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn an_interrupted_run_finishes_what_is_in_flight() {
    let world = World::of(&repositories(&["r1", "r2", "r3"]));
    world.inject(
        Fault::new(Effect::Delay(Duration::from_secs(3)))
            .method("POST")
            .path("/repos"),
    );
    let mut command = world.command(&["apply", "--yes", "--parallelism", "1", "--format", "json"]);
    let mut running = Running(
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    wait_until("a write is in flight", || {
        world.journal().iter().any(|entry| entry.fault)
    });
    interrupt(&running);
    let report: Value = serde_json::from_reader(running.0.stdout.take().unwrap()).unwrap();
    assert_eq!(running.0.wait().unwrap().code(), Some(1));
    assert_eq!(report["applied"].as_array().unwrap().len(), 2);
    assert_eq!(report["applied"][1]["verified"], json!(true));
    assert_eq!(report["not_attempted"].as_array().unwrap().len(), 2);
    assert_eq!(world.writes().len(), 2);
    let _ = world.apply(&[]);
}

#[test]
fn a_second_interrupt_ends_the_command_at_once() {
    let world = World::of(QUICKSTART);
    world.inject(Fault::new(Effect::HangAfter).method("POST"));
    let mut command = world.command(&["apply", "--yes"]);
    let mut running = Running(
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    wait_until("a write hangs", || {
        world.journal().iter().any(|entry| entry.fault)
    });
    wait_until("the program has ended", || {
        interrupt(&running);
        running.0.try_wait().unwrap().is_some()
    });
    let _ = world.apply(&[]);
}

#[test]
fn a_failure_for_the_quota_names_the_quota() {
    let world = World::with(Settings {
        quota: Some(1),
        ..Settings::default()
    });
    let world = world.variable("HW_AUTH_TOKEN", "any");
    world.chart(TWO);
    let _ = world
        .try_apply(&["--parallelism", "1"])
        .exits(1)
        .says("SVCSTG.SWR.4000097");
}

#[test]
fn an_unknown_target_region_is_explained() {
    let world = World::of(&TWO.replace("cn-east-3", "xx-nowhere-1"));
    let _ = world
        .try_apply(&[])
        .exits(1)
        .says("does not know the target region");
}

/// A rule whose `override` is turned on.
fn replacing() -> World {
    let world = World::of(&QUICKSTART.replace("is_public: true", "is_public: false"));
    world.edit(|state| {
        let repository = state.ensure_repository(NORTH, "group", "busybox");
        repository.category = "linux".to_owned();
        repository.description = "this is a busybox repository".to_owned();
        repository
            .sync_rules
            .push(SyncRule::to("cn-north-208", "sdsad"));
    });
    world
}

#[test]
fn a_refused_replacement_puts_the_old_rule_back() {
    let world = replacing();
    let before = world.state();
    world.inject(Fault::new(Effect::forbidden()).method("POST"));
    let report = world.try_apply(&["--format", "json"]).exits(1).json();
    assert_eq!(report["failed"][0]["restored"], json!(true));
    assert_eq!(world.state(), before);
    assert_eq!(world.bodies().len(), 3);
    assert_eq!(world.bodies()[2]["override"], json!(false));
}

#[test]
fn a_refused_restore_is_reported() {
    let world = replacing();
    world.inject(Fault::new(Effect::forbidden()).method("POST").times(2));
    let output = world.try_apply(&["--format", "json"]).exits(1);
    assert_eq!(output.json()["failed"][0]["restored"], json!(false));
    let _ = output.says("the old one was not restored");
    let _ = world.apply(&[]);
}

#[test]
fn a_rule_that_could_not_be_read_back_fails_the_run() {
    let world = World::of(QUICKSTART);
    // The first read of the rules is the one that checks the result.
    world.inject(
        Fault::new(Effect::forbidden())
            .method("GET")
            .path("sync_repo")
            .forever(),
    );
    let output = world.try_apply(&["--format", "json"]).exits(1);
    let report = output.json();
    assert_eq!(report["applied"][2]["verified"], json!(false));
    assert_eq!(report["failed"], json!([]));
}

#[test]
fn reads_that_fail_keep_apply_from_writing() {
    let world = World::of(TWO);
    world.inject(
        Fault::new(Effect::forbidden())
            .method("GET")
            .path("/namespaces")
            // The target of the rule is looked at beside the list, and may take a single fault.
            .forever(),
    );
    let _ = world
        .try_apply(&[])
        .exits(1)
        .says("Nothing was changed: part of the live state could not be read");
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn a_service_that_creates_with_another_status_is_understood() {
    let mut assumptions = Assumptions::default();
    for switch in [
        "create-repository-status=201",
        "delete-missing-rule=404",
        "hidden-rules=show",
    ] {
        assumptions.set(switch).unwrap();
    }
    let world = World::with(Settings {
        assumptions,
        ..Settings::default()
    })
    .variable("HW_AUTH_TOKEN", "any");
    world.chart(QUICKSTART);
    let _ = world.apply(&[]);
}
