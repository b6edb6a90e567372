//! Pipes, devices and streams in place of a file: they are written directly and never read, or read
//! up to a limit.

#![cfg(unix)]

use std::{fs, os::unix::fs::symlink, process::Command};

use serde_json::Value;

use crate::{
    chart_files::bash,
    relay::Relay,
    support::{Output, QUICKSTART, World},
};

/// Limits the time and the memory of a command.
const LIMITS: &str = "ulimit -v 4000000; exec timeout 40 ";

fn limited(world: &World, arguments: &str) -> Output {
    bash(world, &format!("{LIMITS}\"$0\" {arguments}"))
}

fn pipe(world: &World, name: &str) {
    assert!(
        Command::new("mkfifo")
            .arg(world.path(name))
            .status()
            .unwrap()
            .success()
    );
}

/// A world without an endpoint: the emulator in the process needs none.
fn offline() -> World {
    World::of(QUICKSTART)
        .variable("PORTOLAN_ENDPOINT_SWR", "")
        .variable("PORTOLAN_ENDPOINT_CODEARTS", "")
}

fn text(world: &World, name: &str) -> String {
    fs::read_to_string(world.path(name)).unwrap()
}

#[test]
fn a_special_file_is_not_read_to_remove_an_old_plan() {
    let world = World::of("version: 1\norganisations: {}\n");
    pipe(&world, "pipe");
    for out in ["pipe", "/dev/zero", "/dev/fd/3", "/dev/full"] {
        let script = format!("exec 3<>pipe; {LIMITS}\"$0\" plan --out {out}");
        let _ = bash(&world, &script).exits(1).warns("error[unknown-key]");
    }
    let _ = limited(&world, "plan --out pipe").exits(1);
    let _ = limited(&world, "drift --metrics /dev/zero").exits(1);
    assert!(world.path("pipe").exists());
}

#[test]
fn a_document_is_not_mixed_with_another() {
    let world = World::of(QUICKSTART);
    symlink("/dev/stdout", world.path("link")).unwrap();
    pipe(&world, "pipe");
    let options = [
        "plan --out",
        "drift --metrics",
        "apply --yes --receipt",
        "apply --yes --events",
        "emulator --journal",
    ];
    for option in options {
        for path in [
            "-",
            "/dev/stdout",
            "/dev/fd/1",
            "/dev//fd/./1",
            "/proc/self/fd/1",
            "/proc/$$/fd/1",
            "link",
        ] {
            let output = limited(&world, &format!("{option} {path}"))
                .exits(64)
                .warns("is standard output");
            assert_eq!(output.stdout, "", "{option} {path}");
        }
        // By a name of its own.
        for to in ["named", "pipe"] {
            let script = format!("exec 3<>pipe; exec timeout 40 \"$0\" {option} {to} >{to}");
            let _ = bash(&world, &script)
                .exits(64)
                .warns(&format!("{to} is standard output"));
        }
        assert_eq!(text(&world, "named"), "", "{option}");
    }
    assert_eq!(world.journal(), []);
    let _ = bash(&world, "\"$0\" plan --out /dev/null >/dev/null").exits(0);
    // A file of that name is meant where its folder is given.
    let _ = world.plan(&["--out", "./-"]).exits(0);
    assert!(text(&world, "-").contains("\"digest\""));
}

#[test]
fn a_special_file_is_written_directly() {
    let world = World::of(QUICKSTART);
    pipe(&world, "pipe");
    let got = |script: &str| {
        let _ = bash(&world, script).exits(0);
        let document: Value =
            serde_json::from_str(&text(&world, "got")).unwrap_or_else(|_| panic!("{script}"));
        assert_eq!(document["outcome"], "changes", "{script}");
    };
    got("cat pipe >got & \"$0\" plan --out pipe; code=$?; wait; exit $code");
    got("\"$0\" plan --out /dev/stderr 2>got");
    got("\"$0\" plan --out /dev/fd/2 2>got");
    got("\"$0\" plan --out /dev/fd/3 3>got");
    let _ = bash(&world, "\"$0\" plan --out /dev/stderr 3>&2 2>&1 >/dev/null")
        .exits(0)
        .says("\"digest\"");
    assert!(world.path("pipe").exists());
    // Other text on that stream stays.
    let _ = bash(&world, "\"$0\" plan -vv --out /dev/stderr 2>log").exits(0);
    let log = text(&world, "log");
    assert!(
        log.contains("GET") && log.find("GET") < log.find("\"digest\""),
        "{log}"
    );
    let script = "\"$0\" apply --yes --events /dev/fd/3 --receipt /dev/fd/4 3>events 4>got";
    let _ = bash(&world, script).exits(0).says("Apply complete!");
    assert!(
        text(&world, "events").lines().count() > 2 && text(&world, "got").contains("\"complete\"")
    );
}

#[test]
fn a_closed_pipe_of_a_file_is_reported_and_hides_no_report() {
    for option in ["--receipt", "--events"] {
        let world = World::of(QUICKSTART);
        pipe(&world, "pipe");
        let script = format!(
            "head -c 1 pipe >got & \"$0\" apply --yes {option} pipe; code=$?; wait; exit $code"
        );
        let output = bash(&world, &script).says("Apply complete!");
        assert!(
            matches!(output.code, Some(0 | 1)) && !output.stderr.contains("panicked"),
            "{output}"
        );
        assert_eq!(
            output.code == Some(1),
            output.stderr.contains("Broken pipe"),
            "{output}"
        );
        world.is_settled();
    }
}

#[test]
fn a_full_stderr_causes_no_panic() {
    let world = World::of(QUICKSTART);
    for arguments in [
        "--emulator state.json plan",
        "plan --no-such-option",
        "plan -f nowhere",
    ] {
        let output = bash(&world, &format!("\"$0\" {arguments} 2>/dev/full"));
        assert!(matches!(output.code, Some(1 | 64)), "{arguments}: {output}");
    }
}

#[test]
fn authorities_come_from_a_file_or_a_pipe_with_an_end() {
    let world = World::of(QUICKSTART);
    let (relay, authority) = Relay::with_tls(&world);
    world.file("ca.pem", authority);
    let world = world.variable("PORTOLAN_ENDPOINT_SWR", &relay.endpoint);
    let _ = limited(&world, "plan --ca-file /dev/zero")
        .exits(1)
        .warns("expected a file or a pipe, found a device");
    let _ = limited(&world, "plan --ca-file .")
        .exits(1)
        .warns("found a directory");
    let endless = format!("{LIMITS}\"$0\" plan --ca-file <(cat /dev/zero)");
    let _ = bash(&world, &endless)
        .exits(1)
        .warns("it is larger than 16 MiB");
    let _ = bash(&world, "PORTOLAN_CA_FILE=/dev/zero \"$0\" plan")
        .exits(1)
        .warns("found a device");
    assert_eq!(world.journal(), []);
    let _ = bash(&world, "\"$0\" plan --ca-file <(cat ca.pem)")
        .exits(0)
        .says("3 to add");
    let _ = bash(&world, "\"$0\" plan --ca-file /dev/stdin <ca.pem")
        .exits(0)
        .says("3 to add");
}

#[test]
fn a_saved_plan_comes_from_a_file_or_a_pipe_with_an_end() {
    let world = World::of(QUICKSTART);
    let _ = world.plan(&["--out", "plan.json"]).exits(0);
    world.clear_journal();
    let _ = limited(&world, "apply /dev/zero")
        .exits(1)
        .warns("expected a file or a pipe, found a device");
    let endless = format!("{LIMITS}\"$0\" apply <(cat /dev/zero)");
    let _ = bash(&world, &endless)
        .exits(1)
        .warns("it is larger than 64 MiB");
    let _ = limited(&world, "apply /proc/self/environ")
        .exits(1)
        .warns("below /proc; files there are not read");
    assert_eq!(world.journal(), []);
    let _ = bash(&world, "\"$0\" apply <(cat plan.json)")
        .exits(0)
        .says("3 added");
    world.is_settled();
    let world = World::of(QUICKSTART);
    let _ = bash(
        &world,
        "\"$0\" plan --out plan.json && \"$0\" apply /dev/stdin <plan.json",
    )
    .exits(0)
    .says("3 added");
}

#[test]
fn a_state_is_a_regular_file() {
    let world = offline();
    pipe(&world, "pipe");
    for path in ["/dev/zero", "pipe", "."] {
        let plan = format!("--emulator={path} plan");
        for arguments in [&plan, &format!("emulator --state {path}")] {
            let output = limited(&world, arguments).exits(1);
            let _ = output.warns(&format!("cannot use `{path}`: expected a regular file"));
        }
    }
    for suffix in [".changes", ".lock"] {
        world.file(&format!("{suffix}/state.json"), "{}");
        pipe(&world, &format!("{suffix}/state.json{suffix}"));
        let _ = limited(&world, &format!("--emulator={suffix}/state.json plan"))
            .exits(1)
            .warns("expected a regular file");
    }
    let _ = limited(&world, "emulator --faults /dev/zero")
        .exits(1)
        .warns("expected a file or a pipe");
}

#[test]
fn an_unwritable_special_file_is_reported_before_any_request() {
    for option in ["--receipt", "--events"] {
        let world = World::of(QUICKSTART);
        let _ = limited(&world, &format!("apply --yes {option} /dev/fd/99"))
            .exits(1)
            .warns("cannot write /dev/fd/99");
        assert_eq!(world.writes(), [""; 0]);
        pipe(&world, "pipe");
        // The pipe has no reader: the command is still waiting, and a signal ends it.
        let _ = bash(
            &world,
            &format!("timeout -s INT 2 \"$0\" apply --yes {option} pipe"),
        )
        .exits(124);
        assert_eq!(world.writes(), [""; 0]);
    }
}
