//! Runs of mirrors: failed ones, endless ones, those of another client, and those whose start got
//! no answer.

use std::{process::Stdio, time::Duration};

use jiff::Timestamp;
use portolan::emulator::{Effect, Fault, RunOutcome, Settings};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::{
    mirrors::{FRESH, edit_mirror, settings, world, write, writes},
    support::{NORTH, World, wait_until},
};

/// A world whose clock moves, in which a run has this duration.
fn moving(run_duration: Duration) -> World {
    world(
        Settings {
            clock: Timestamp::now,
            run_duration,
            ..settings()
        },
        FRESH,
    )
}

fn starts(world: &World) -> usize {
    writes(world)
        .iter()
        .filter(|(method, path, _)| method == "POST" && path.ends_with("/remote-mirror"))
        .count()
}

/// Another client starts a run.
fn start_by_another_client(world: &World) {
    world.emulator.start_run(NORTH, "platform", "app").unwrap();
}

#[test]
fn a_failed_run_is_reported_in_the_words_of_the_service() {
    let world = world(settings(), FRESH);
    edit_mirror(&world, |mirror| {
        mirror.outcome = RunOutcome::Fail("remote: \u{1b}[31mno access".to_owned());
    });
    let output = world.try_apply(&["--format", "json"]).exits(1);
    let failed = &output.json()["failed"][0];
    assert_eq!(
        failed["message"],
        "the run failed: remote: \\u{1b}[31mno access"
    );
    assert_eq!(
        (&failed["actions"], failed["job_id"].as_str().unwrap().len()),
        (&json!(["run"]), 36)
    );
    assert_eq!(output.json()["outcome"], "incomplete");
    // It failed once, and is due as before; the plan shows the message of the service.
    let _ = world
        .plan(&["--detailed-exitcode"])
        .exits(2)
        .says("never succeeded")
        .says("(the last run failed: remote:");
    edit_mirror(&world, |mirror| mirror.outcome = RunOutcome::Succeed);
    let _ = world.apply(&[]);
}

#[test]
fn a_change_whose_run_fails_is_changed_all_the_same() {
    let world = world(
        settings(),
        "platform/app: { url: 'https://git.example.com/new.git', max_age: 6h }",
    );
    edit_mirror(&world, |mirror| {
        mirror.outcome = RunOutcome::Fail("no access".to_owned());
    });
    let _ = world
        .try_apply(&[])
        .exits(1)
        .says("failed: it was changed as planned, but the run failed: no access (job ");
    assert_eq!(writes(&world).len(), 2);
}

#[test]
fn a_signal_ends_the_wait_with_a_report() {
    let world = world(settings(), FRESH);
    edit_mirror(&world, |mirror| mirror.outcome = RunOutcome::Hang);
    let mut command = world.command(&["apply", "--yes", "--format", "json"]);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // By the fourth read it waits for many seconds.
    let reads = |world: &World| {
        let journal = world.journal();
        let started = journal
            .iter()
            .position(|entry| entry.method == "POST")
            .unwrap_or(journal.len());
        journal.len() - started
    };
    wait_until("it waits", || reads(&world) > 4);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let begun = reads(&world);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let applied = &report["applied"][0];
    assert_eq!(
        (
            &applied["verified"],
            applied["job_id"].as_str().unwrap().len()
        ),
        (&json!(false), 36)
    );
    // The last read, and the read-back.
    assert!(reads(&world) <= begun + 2, "it went on waiting");
}

#[test]
fn a_run_that_does_not_end_is_unknown() {
    let world = world(settings(), FRESH);
    edit_mirror(&world, |mirror| mirror.outcome = RunOutcome::Hang);
    let output = world
        .try_apply(&["--wait", "2s", "--format", "json"])
        .exits(1);
    let applied = &output.json()["applied"][0];
    assert_eq!(
        (&applied["verified"], &applied["written"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(applied["job_id"].as_str().unwrap().len(), 36);
    assert_eq!(output.json()["outcome"], "incomplete");
    let message = "run, outcome unknown: it has not ended yet (job ";
    edit_mirror(&world, |mirror| mirror.runs.clear());
    let _ = world
        .try_apply(&["--wait", "1s"])
        .exits(1)
        .says(message)
        .says("1 run, 1 with unknown outcome.");
    assert_eq!(starts(&world), 2);
}

#[test]
fn a_command_can_skip_the_wait_for_a_run() {
    let world = world(settings(), FRESH);
    edit_mirror(&world, |mirror| mirror.outcome = RunOutcome::Hang);
    let output = world.try_apply(&["--no-wait", "--format", "json"]).exits(0);
    let applied = &output.json()["applied"][0];
    assert_eq!(
        (
            &applied["verified"],
            applied["job_id"].as_str().unwrap().len()
        ),
        (&json!(false), 36)
    );
    assert_eq!(starts(&world), 1);
}

#[test]
fn the_end_is_waited_for() {
    let world = moving(Duration::from_secs(2));
    let output = world.apply(&["--format", "json", "--receipt", "receipt.json"]);
    let applied = &output.json()["applied"][0];
    assert_eq!(applied["verified"], true);
    let receipt = std::fs::read_to_string(world.path("receipt.json")).unwrap();
    let receipt: serde_json::Value = serde_json::from_str(&receipt).unwrap();
    let entry = &receipt["changes"][0];
    assert_eq!(
        (&entry["job_id"], &entry["status"]),
        (&applied["job_id"], &json!("applied"))
    );
    assert_eq!(receipt["resources"]["run"], 1);
    assert_eq!(receipt["residual"]["changes"], json!([]));
    assert_eq!(starts(&world), 1);
}

#[test]
fn a_run_of_another_client_is_waited_for_and_not_repeated() {
    let world = moving(Duration::from_secs(2));
    start_by_another_client(&world);
    let _ = world.apply(&[]).says("1 already as planned.");
    assert_eq!(starts(&world), 0);
    // It fails: then one of our own is started.
    edit_mirror(&world, |mirror| {
        mirror.last_successful_update_at = None;
        mirror.next_outcomes = vec![RunOutcome::Fail("busy".to_owned())];
    });
    start_by_another_client(&world);
    let _ = world.apply(&[]).says("1 run.");
    assert_eq!(starts(&world), 1);
}

#[test]
fn a_run_of_another_client_that_hangs_is_left_alone() {
    let world = world(settings(), FRESH);
    edit_mirror(&world, |mirror| {
        mirror.last_ended_at = Some("2026-11-20T22:00:00Z".parse().unwrap());
        mirror.next_outcomes = vec![RunOutcome::Hang];
    });
    start_by_another_client(&world);
    let _ = world
        .try_apply(&["--wait", "2s"])
        .exits(1)
        .says("another run is in progress: it has not ended yet");
    assert_eq!(starts(&world), 0);
    // With `--no-wait` the run is not waited for, and the report does not claim to have started it.
    let output = world
        .try_apply(&["--no-wait", "--format", "json", "--receipt", "receipt.json"])
        .exits(0);
    let applied = &output.json()["applied"][0];
    assert_eq!(
        (&applied["verified"], &applied["written"]),
        (&json!(false), &json!(false)),
        "{output}"
    );
    let entry = &world.json("receipt.json")["changes"][0];
    assert_eq!(
        (&entry["status"], &entry["written"]),
        (&json!("as_planned"), &json!(false)),
        "{entry:#}"
    );
    let text = world.try_apply(&["--no-wait"]).exits(0);
    assert!(
        text.stdout.contains("1 in progress.") && !text.stdout.contains("1 run"),
        "{text}"
    );
    assert_eq!(starts(&world), 0);
}

#[test]
fn the_first_run_of_a_mirror_is_not_started_again_while_it_lasts() {
    let world = world(settings(), FRESH);
    edit_mirror(&world, |mirror| {
        mirror.last_ended_at = None;
        mirror.outcome = RunOutcome::Hang;
    });
    for arguments in [&["--no-wait"][..], &["--no-wait"], &["--wait", "2s"]] {
        let _ = world.try_apply(arguments);
        assert_eq!(starts(&world), 1, "{arguments:?}");
    }
}

#[test]
fn a_run_of_a_whole_day_is_stale() {
    let mut settings = settings();
    settings.assumptions.set("repeat-start=concurrent").unwrap();
    let world = world(settings, FRESH);
    edit_mirror(&world, |mirror| {
        mirror.last_ended_at = Some("2026-11-19T23:09:00Z".parse().unwrap());
        mirror.next_outcomes = vec![RunOutcome::Hang];
    });
    start_by_another_client(&world);
    let _ = world.try_apply(&["--wait", "6s"]).exits(0).says("1 run.");
    assert_eq!(starts(&world), 1);
}

#[test]
fn a_mirror_that_is_not_due_any_more_is_not_run() {
    let world = world(settings(), FRESH);
    let _ = world.plan(&["--out", "plan.json"]).exits(0);
    start_by_another_client(&world);
    let _ = world
        .run(&["apply", "plan.json", "--wait", "9s"])
        .exits(0)
        .says("1 already as planned.");
    assert_eq!(starts(&world), 0);
    // The success of another client's run may be too old by now.
    world.emulator.advance(Duration::from_secs(7 * 3600));
    let _ = world
        .run(&["apply", "plan.json", "--wait", "9s"])
        .exits(0)
        .says("1 run.");
    assert_eq!(starts(&world), 1);
}

#[test]
fn a_start_whose_answer_is_lost_is_not_repeated() {
    for effect in [
        Effect::CutAfter,
        Effect::Truncate(1),
        Effect::internal().after_commit(),
        Effect::html_502(),
    ] {
        let committed = !matches!(
            &effect,
            Effect::Status {
                committed: false,
                ..
            }
        );
        let world = moving(Duration::from_millis(100));
        world.inject(
            Fault::new(effect.clone())
                .method("POST")
                .path("/remote-mirror"),
        );
        let _ = world.apply(&[]).says("1 run.");
        let expected = if committed { 1 } else { 2 };
        assert_eq!(starts(&world), expected, "{effect:?}");
        assert!(world.emulator.read(|state| {
            state
                .mirror(NORTH, "platform", "app")
                .unwrap()
                .runs
                .is_empty()
        }));
    }
}

#[test]
fn a_start_that_was_throttled_is_repeated() {
    let world = world(settings(), FRESH);
    world.inject(
        Fault::new(Effect::throttled(Some(0)))
            .method("POST")
            .times(2),
    );
    let _ = world.apply(&[]);
    assert_eq!(starts(&world), 3);
}

#[test]
fn failed_reads_do_not_hide_the_end_of_a_run() {
    let world = moving(Duration::from_secs(1));
    // The reads of the plan, of the check and of the snapshot; then one that fails with an error
    // that is not retried.
    let broken = Effect::Status {
        body: portolan::emulator::ErrorBody::Other {
            status: 400,
            content_type: "text/plain".to_owned(),
            text: "what".to_owned(),
        },
        retry_after: None,
        committed: false,
    };
    world.inject(
        Fault::new(broken)
            .method("GET")
            .path("/remote-mirror")
            .skip(3),
    );
    let _ = world.apply(&[]).says("1 run.");
}

#[test]
fn waiting_for_one_mirror_does_not_hold_up_the_others() {
    let names = ["app", "b", "c", "d", "e"];
    let chart: Vec<String> = names
        .iter()
        .map(|name| format!("platform/{name}: {{ max_age: 6h }}"))
        .collect();
    let world = world(settings(), &chart.join("\n"));
    world.edit(|state| {
        for name in names {
            state.ensure_mirror(NORTH, "platform", name, "https://git.example.com/x.git");
            state.mirror_mut(NORTH, "platform", name).unwrap().outcome = RunOutcome::Hang;
        }
    });
    let _running = world.spawn(&["apply", "--yes", "--parallelism", "1"]);
    wait_until("all are started", || starts(&world) == names.len());
}

#[test]
fn a_failed_run_of_a_fresh_mirror_is_reported_and_is_not_drift() {
    let world = world(settings(), FRESH);
    let _ = world.apply(&[]);
    world.emulator.advance(Duration::from_secs(3600));
    edit_mirror(&world, |mirror| {
        mirror.next_outcomes = vec![RunOutcome::Fail("no route to host".to_owned())];
    });
    start_by_another_client(&world);
    let output = world.run(&["drift", "--format", "json"]).exits(0);
    let document = output.json();
    let finding = &document["findings"][0];
    assert_eq!(finding["code"], "failing-mirror");
    let message = finding["message"].as_str().unwrap();
    let reason = "the last run failed: no route to host; the last success was ";
    assert!(message.starts_with(reason), "{message}");
    assert_eq!(finding["address"]["repository"], "app");
    assert_eq!(
        (&finding["counts"], &finding["source"]["line"]),
        (&json!(false), &json!(4))
    );
    assert_eq!(document["summary"]["findings"], json!(1));
    assert_eq!(document["diagnostics"], json!([]));
    // Each format has it, and it changes no exit code.
    for format in ["text", "markdown", "diff", "sarif", "gitlab"] {
        let _ = world
            .run(&["plan", "--detailed-exitcode", "--format", format])
            .exits(0)
            .says("failing-mirror")
            .says("no route to host");
    }
    let _ = world.run(&["drift", "--metrics", "m.prom"]).exits(0);
    let metrics = std::fs::read_to_string(world.path("m.prom")).unwrap();
    let sample = "portolan_findings{chart=\"portolan\",\
        code=\"failing-mirror\"} 1\n";
    assert!(metrics.contains(sample), "{metrics}");
    // It can be waived, and is drift as soon as the success is too old.
    write(&world, &format!("{FRESH} # portolan: allow failing-mirror"));
    let waived = world.run(&["drift", "--format", "json"]).exits(0).json();
    assert_eq!(
        (&waived["findings"], &waived["diagnostics"]),
        (&json!([]), &json!([]))
    );
    write(&world, FRESH);
    world.emulator.advance(Duration::from_secs(6 * 3600));
    let _ = world
        .run(&["drift"])
        .exits(2)
        .says("older than 6h")
        .says("(the last run failed: no route to host)");
}
