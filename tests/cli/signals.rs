//! A signal ends a command that waits for an answer, also as the first process of a container.

#![cfg(target_os = "linux")]

use std::{
    fs,
    process::{Child, Command, Output, Stdio},
};

use portolan::emulator::{Effect, Fault};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{NORTH, QUICKSTART, World, wait_until};

const KINDS: [Signal; 3] = [Signal::INT, Signal::TERM, Signal::HUP];

fn start(command: &mut Command) -> Child {
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Ends the process with a signal and with 1, not by the signal.
#[track_caller]
fn ended(child: Child, kind: Signal) -> Output {
    kill_process(Pid::from_child(&child), kind).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{kind:?}: {output:?}");
    output
}

/// Starts a command whose first read gets no answer, and ends it while it waits.
#[track_caller]
fn interrupted(world: &World, arguments: &[&str], kind: Signal) -> Output {
    world.clear_journal();
    world.inject(Fault::new(Effect::HangAfter).method("GET"));
    let child = start(&mut world.command(arguments));
    wait_until("it reads", || {
        world.journal().iter().any(|entry| entry.fault)
    });
    let output = ended(child, kind);
    assert_eq!(world.writes(), [""; 0]);
    output
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn an_interrupted_plan_is_unknown() {
    for kind in KINDS {
        let world = World::of(QUICKSTART);
        let _ = world.plan(&["--out", "plan.json"]).exits(0);
        let output = interrupted(
            &world,
            &["plan", "--format", "json", "--out", "plan.json"],
            kind,
        );
        let document = document(&output);
        assert_eq!(document["outcome"], "unknown", "{document:#}");
        let message = "cannot read the live state: interrupted by a signal";
        assert_eq!(
            document["diagnostics"][0]["message"], message,
            "{document:#}"
        );
        assert!(!world.path("plan.json").exists(), "an older plan stayed");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(message), "{stderr}");
    }
}

#[test]
fn an_interrupted_drift_is_unknown() {
    let world = World::of(QUICKSTART);
    let complete = |text: &str| {
        text.lines()
            .find(|line| line.contains("last_complete_read") && !line.starts_with('#'))
            .map(str::to_owned)
    };
    let _ = world.run(&["drift", "--metrics", "metrics.prom"]).exits(2);
    let before = fs::read_to_string(world.path("metrics.prom")).unwrap();
    for kind in KINDS {
        let output = interrupted(
            &world,
            &["drift", "--format", "json", "--metrics", "metrics.prom"],
            kind,
        );
        assert_eq!(document(&output)["outcome"], "unknown");
        let after = fs::read_to_string(world.path("metrics.prom")).unwrap();
        assert!(
            complete(&before).is_some() && complete(&before) == complete(&after),
            "{after}"
        );
        assert_ne!(before, after);
    }
}

#[test]
fn an_apply_that_is_interrupted_while_it_reads_reports() {
    for kind in KINDS {
        let world = World::of(QUICKSTART);
        // Before a saved plan is applied, its account is read from a repository.
        world.edit(|state| state.ensure_repository(NORTH, "another", "x").is_public = false);
        let _ = world.plan(&["--out", "plan.json"]).exits(0);
        for which in ["--yes", "plan.json"] {
            let arguments = [
                "apply",
                which,
                "--format",
                "json",
                "--receipt",
                "receipt.json",
            ];
            let report = document(&interrupted(&world, &arguments, kind));
            assert_eq!(
                (&report["outcome"], &report["applied"]),
                (&"refused".into(), &Value::Array(Vec::new()))
            );
            assert_eq!(world.json("receipt.json")["outcome"], "refused");
        }
    }
}

#[test]
fn an_interrupted_init_writes_nothing() {
    let world = World::new();
    let output = interrupted(
        &world,
        &["init", "--from-live", "team-a", "--region", NORTH],
        Signal::TERM,
    );
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("interrupted by a signal"),
        "{output:?}"
    );
    assert!(!world.path("portolan.yaml").exists());
}

#[test]
fn a_signal_ends_a_command_that_waits_for_its_chart() {
    let world = World::new();
    for command in ["plan", "validate"] {
        let child = start(world.command(&[command, "-f", "-"]).stdin(Stdio::piped()));
        let status = format!("/proc/{}/status", child.id());
        let catches = |line: &str| {
            let mask = line
                .strip_prefix("SigCgt:")
                .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
            mask.is_some_and(|mask| mask >> 14 & 1 == 1)
        };
        wait_until("SIGTERM has a handler", || {
            fs::read_to_string(&status).unwrap().lines().any(catches)
        });
        ended(child, Signal::TERM);
    }
}

/// As `docker run` starts it. Skipped where no process may have a namespace of its own.
#[test]
fn the_first_process_of_a_container_ends() {
    const APART: [&str; 5] = [
        "--user",
        "--map-root-user",
        "--pid",
        "--fork",
        "--kill-child",
    ];
    let probe = Command::new("unshare").args(APART).arg("true").output();
    if !probe.is_ok_and(|output| output.status.success()) {
        return;
    }
    let world = World::of(QUICKSTART);
    for arguments in [["plan", "--format", "json"], ["drift", "--format", "json"]] {
        world.clear_journal();
        world.inject(Fault::new(Effect::HangAfter).method("GET"));
        let inner = world.command(&arguments);
        let mut outer = Command::new("unshare");
        outer
            .args(APART)
            .arg(inner.get_program())
            .args(inner.get_args())
            .current_dir(inner.get_current_dir().unwrap());
        outer.envs(
            inner
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        let mut child = start(&mut outer);
        wait_until("it reads", || {
            world.journal().iter().any(|entry| entry.fault)
        });
        let first = fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap();
        kill_process(
            Pid::from_raw(first.trim().parse().unwrap()).unwrap(),
            Signal::TERM,
        )
        .unwrap();
        wait_until("it ends", || child.try_wait().unwrap().is_some());
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), &document(&output)["outcome"]),
            (Some(1), &"unknown".into()),
            "{output:?}"
        );
    }
}
