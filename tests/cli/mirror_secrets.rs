//! Credentials of mirrors: only the service gets them; no output holds them.

use std::{fs, process::Stdio, time::Duration};

use jiff::Timestamp;
use portolan::emulator::{RunOutcome, Settings};
use serde_json::json;

use crate::{
    mirrors::{edit_mirror, settings, world, writes},
    support::{NORTH, Output, World, wait_until},
};

const USER: &str = "canary-user";
const PASSWORD: &str = "canary-password";

/// Both halves in plain text, and encoded.
const SECRETS: [&str; 4] = [USER, PASSWORD, "Y2FuYXJ5LXVzZXI=", "Y2FuYXJ5LXBhc3N3b3Jk"];

const CHART: &str = "platform/app:
  url: https://git.example.com/new.git
  max_age: 6h
  credentials: { username: { env: GIT_USER }, password: { file: token.txt } }";

/// A world in which the other side is private.
fn private() -> World {
    let world = world(settings(), CHART);
    edit_mirror(&world, |mirror| mirror.source.needs_credentials = true);
    world
}

fn with_secrets() -> World {
    let world = private().variable("GIT_USER", USER);
    world.file("token.txt", format!("{PASSWORD}\n"));
    world
}

#[track_caller]
fn is_clean(what: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "`{secret}` is in {what}:\n{text}");
    }
}

#[track_caller]
fn output_is_clean(output: Output) -> Output {
    is_clean("an output", &output.to_string());
    output
}

#[test]
fn secrets_are_nowhere_but_on_the_wire() {
    let world = with_secrets();
    let run = |arguments: &[&str]| output_is_clean(world.run(&[arguments, &["-vv"]].concat()));
    for format in ["text", "json", "markdown", "diff", "sarif", "gitlab"] {
        let _ = run(&["plan", "--format", format]).exits(0);
        let _ = run(&["drift", "--format", format]).exits(2);
    }
    let _ = run(&["validate", "--print"]).exits(0).says("env: GIT_USER");
    let _ = run(&["plan", "--out", "plan.json"]).exits(0);
    let saved = fs::read_to_string(world.path("plan.json")).unwrap();
    is_clean("a saved plan", &saved);
    assert!(
        saved.contains("GIT_USER") && saved.contains("token.txt"),
        "it says where they are"
    );
    // A run that fails, a start whose answer is lost, a report as JSON, and one that succeeds.
    edit_mirror(&world, |mirror| {
        mirror.next_outcomes = vec![RunOutcome::Fail("no access".to_owned())];
    });
    let _ = run(&["apply", "plan.json", "--format", "json"]).exits(1);
    let cut = portolan::emulator::Fault::new(portolan::emulator::Effect::CutAfter).method("POST");
    world.inject(cut);
    let files = ["--receipt", "receipt.json", "--events", "events.jsonl"];
    let report = run(&[&["apply", "--yes", "--format", "json"], &files[..]].concat()).exits(0);
    for name in ["receipt.json", "events.jsonl"] {
        is_clean(name, &fs::read_to_string(world.path(name)).unwrap());
    }
    assert_eq!(report.json()["applied"][0]["actions"], json!(["run"]));
    let run_body =
        json!({ "username": "...", "password": "...", "endpoint_uuid": "", "force_fetch": false });
    let (method, path, body) = writes(&world).pop().unwrap();
    assert_eq!(body, run_body);
    let shown = format!("{method} {path}\n   {body}\n");
    assert!(
        include_str!("../../docs/mirrors.md").contains(&shown),
        "the documentation shows {shown}"
    );
    is_clean("the journal", &format!("{:?}", world.journal()));
    is_clean(
        "the state",
        &world
            .emulator
            .read(|state| serde_json::to_string(state).unwrap()),
    );
    world.is_settled();
}

/// The login of the chart is for the `url` that the plan saw.
#[test]
fn a_url_that_changes_during_the_wait_gets_no_login() {
    let moving = Settings {
        clock: Timestamp::now,
        run_duration: Duration::from_secs(3),
        ..settings()
    };
    let chart = CHART.replace("new.git", "app.git");
    let world = world(moving, &chart).variable("GIT_USER", USER);
    world.file("token.txt", PASSWORD);
    edit_mirror(&world, |mirror| {
        mirror.next_outcomes = vec![RunOutcome::Fail("busy".to_owned())];
    });
    world.emulator.start_run(NORTH, "platform", "app").unwrap();
    let mut command = world.command(&["apply", "--yes"]);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let reads = |world: &World| {
        let reads = world
            .journal()
            .into_iter()
            .filter(|entry| entry.path.ends_with("/remote-mirror"));
        reads.count()
    };
    // The read of the plan, and the first of the apply, which finds the other run in progress.
    wait_until("the other run is waited for", || reads(&world) >= 2);
    edit_mirror(&world, |mirror| {
        mirror.url = "https://evil.example.com/app.git".to_owned();
    });
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("it changed since the plan was made: url was"),
        "{text}"
    );
    assert_eq!(
        (output.status.code(), writes(&world)),
        (Some(1), vec![]),
        "{text}"
    );
}

#[test]
fn only_an_apply_that_runs_needs_them() {
    let world = private();
    let _ = world.run(&["validate"]).exits(0);
    let _ = world.plan(&[]).exits(0);
    let _ = world.run(&["drift"]).exits(2);
    let message = "Nothing was changed: mirror cn-north-4/platform/app cannot log in: the variable \
        `GIT_USER` is not set";
    let _ = world.try_apply(&[]).exits(1).says(message);
    let world = world.variable("GIT_USER", USER);
    let _ = world
        .try_apply(&[])
        .exits(1)
        .says("cannot log in: the file token.txt cannot be read");
    world.file("token.txt", "\n");
    let _ = world
        .try_apply(&[])
        .exits(1)
        .says("cannot log in: the file token.txt is empty");
    assert_eq!(writes(&world), []);
    world.file("token.txt", PASSWORD);
    let _ = world.apply(&[]);
    // A mirror that is fresh needs no login.
    fs::remove_file(world.path("token.txt")).unwrap();
    let _ = world.apply(&[]);
}

#[test]
fn a_literal_secret_is_not_shown() {
    let world = private();
    for line in [
        format!("credentials: {{ username: {{ env: U }}, password: {PASSWORD} }}"),
        format!(
            "credentials: {{ username: {{ env: U }}, password: \"{PASSWORD}\", extra: {USER} }}"
        ),
        format!("credentials: {USER}:{PASSWORD}"),
        format!("credentials: [ {USER}, {PASSWORD} ]"),
        format!("url: 'https://{USER}:{PASSWORD}@git.example.com/a.git'"),
    ] {
        crate::mirrors::write(&world, &format!("platform/app: {{ {line} }}"));
        for format in ["text", "json", "sarif", "github", "gitlab"] {
            let output = output_is_clean(world.run(&["validate", "--format", format]).exits(1));
            let _ = output.warns("error[literal-secret]");
        }
    }
}

/// Where the name of a variable or a path was expected, and where YAML does not take the line.
#[test]
fn a_secret_instead_of_its_source_is_not_shown() {
    let world = private();
    for password in [
        format!("{{ env: {PASSWORD}! }}"),
        format!("{{ env: A, file: {PASSWORD} }}"),
        format!("{{ file: {PASSWORD}, env: A }}"),
        format!("{{ env: [ {PASSWORD} ] }}"),
        format!("{{ env: {{ {PASSWORD}: x }} }}"),
        format!("{{ {PASSWORD} }}"),
        format!("{{ env: '${{env:{PASSWORD}' }}"),
        format!("{{ env: A, env: {PASSWORD} }}"),
        format!("{{ env: {PASSWORD}: x }}"),
        format!("\n        env: A\n        env: {PASSWORD}"),
        format!("\n        env: A\n        file: {PASSWORD}"),
    ] {
        let login =
            format!("credentials:\n      username: {{ env: U }}\n      password: {password}");
        crate::mirrors::write(&world, &format!("platform/app:\n    {login}"));
        for format in ["text", "json", "sarif", "github", "gitlab"] {
            let _ = output_is_clean(world.run(&["validate", "--format", format]).exits(1));
        }
        for format in ["markdown", "json", "sarif", "gitlab"] {
            let _ = output_is_clean(world.run(&["plan", "--format", format]).exits(1));
        }
    }
    crate::mirrors::write(
        &world,
        &format!("platform/app: {{ credentials: {{ {PASSWORD} }} }}"),
    );
    let _ = output_is_clean(world.run(&["validate"]).exits(1)).warns("error[literal-secret]");
}
