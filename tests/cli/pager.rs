//! Long text on a terminal goes through a pager, and nothing else does.

#![cfg(unix)]

use std::{fs, os::unix::fs::PermissionsExt as _, process::Stdio};

use crate::{
    support::{QUICKSTART, World, wait_until},
    terminal::Terminal,
};

/// A chart whose plan has more lines than the terminal.
fn long() -> World {
    let mut chart =
        "version: 1\nregion: cn-north-4\norganizations:\n  o:\n    repositories:\n".to_owned();
    for number in 0..20 {
        chart += &format!("      r{number:02}: {{ category: linux, is_public: false }}\n");
    }
    World::of(&chart)
}

/// A pager that keeps what it got, and shows something else.
fn keeping(world: World, variable: &str) -> World {
    let program = world.path("keep");
    fs::write(
        &program,
        "#!/bin/sh\necho \"$LESS\" >less.txt\ncat >paged.txt\necho paged\n",
    )
    .unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let program = program.display().to_string();
    world
        .variable(variable, &program)
        .variable("PATH", "/usr/bin:/bin")
}

fn kept(world: &World) -> String {
    fs::read_to_string(world.path("paged.txt")).unwrap_or_default()
}

#[test]
fn long_text_goes_through_the_pager() {
    for (arguments, code, part) in [
        (&["plan"][..], 0, "Plan: 21 to add"),
        (&["plan", "--detailed-exitcode"], 2, "Plan: 21 to add"),
        (&["drift"], 2, "Plan: 21 to add"),
        (&["validate", "--print"], 0, "r19"),
        (&["explain"], 0, "unknown-key"),
        (&["schema"], 0, "$schema"),
        (&["help", "plan"], 0, "--target"),
        (&["--help"], 0, "Everyday:"),
        (&["show", "plan.json"], 0, "Plan: 21 to add"),
    ] {
        let world = keeping(long(), "PORTOLAN_PAGER");
        if arguments[0] == "show" {
            let _ = world.plan(&["--out", "plan.json"]);
        }
        let (exit, screen) = Terminal::run(&world, arguments).ends();
        assert_eq!(exit, Some(code), "{arguments:?}: {screen}");
        assert!(kept(&world).contains(part), "{arguments:?}: {screen}");
        assert!(
            screen.contains("paged") && !screen.contains(part),
            "{arguments:?}: {screen}"
        );
        let less = fs::read_to_string(world.path("less.txt")).unwrap();
        assert_eq!(less, "FRX\n", "what less reads");
    }
}

#[test]
fn variables_name_the_pager_as_git_does() {
    let world = keeping(long(), "PAGER").variable("LESS", "-S");
    let _ = Terminal::run(&world, &["plan"]).ends();
    assert!(kept(&world).contains("Plan:"));
    assert_eq!(
        fs::read_to_string(world.path("less.txt")).unwrap(),
        "-S\n",
        "it is kept"
    );
    // The first one wins, and a line of a shell is one.
    let world = keeping(long(), "PAGER").variable("PORTOLAN_PAGER", "cat >'other one.txt'; echo x");
    let (code, _) = Terminal::run(&world, &["plan"]).ends();
    assert_eq!((code, kept(&world).as_str()), (Some(0), ""));
    let other = fs::read_to_string(world.path("other one.txt")).unwrap();
    assert!(other.contains("Plan: 21 to add"), "{other}");
    for none in ["cat", " "] {
        let world = long()
            .variable("PORTOLAN_PAGER", none)
            .variable("PAGER", "false");
        let (code, screen) = Terminal::run(&world, &["plan"]).ends();
        assert!(
            code == Some(0) && screen.contains("Plan: 21 to add"),
            "{screen}"
        );
    }
}

#[test]
fn what_is_not_long_text_on_a_terminal_is_printed_at_once() {
    let world = keeping(long(), "PORTOLAN_PAGER");
    for arguments in [
        &["plan", "--no-pager"][..],
        &["--no-pager", "help", "plan"],
        &["plan", "--format", "json"],
        &["plan", "--format", "markdown"],
        &["version"],
        &["completion", "bash"],
    ] {
        let (code, screen) = Terminal::run(&world, arguments).ends();
        assert_eq!(
            (code, kept(&world).as_str()),
            (Some(0), ""),
            "{arguments:?}: {screen}"
        );
    }
    let (_, screen) = Terminal::of_kind("dumb", &world, &["plan"]).ends();
    assert!(
        screen.contains("Plan: 21 to add") && kept(&world).is_empty(),
        "{screen}"
    );
    // stdout is no terminal, even if stderr is.
    let piped = Terminal::with(|end| {
        let mut command = world.command(&["plan"]);
        command
            .env("TERM", "xterm")
            .stdout(Stdio::null())
            .stderr(end())
            .spawn()
            .unwrap()
    });
    assert_eq!((piped.ends().0, kept(&world).as_str()), (Some(0), ""));
    let quiet = keeping(long(), "PORTOLAN_PAGER").variable("PORTOLAN_NO_PAGER", "1");
    for arguments in [&["plan"][..], &["help", "plan"]] {
        let _ = Terminal::run(&quiet, arguments).ends();
        assert_eq!(kept(&quiet), "");
    }
    let short = keeping(World::of(QUICKSTART), "PORTOLAN_PAGER");
    let (_, screen) = Terminal::run(&short, &["plan"]).ends();
    assert!(
        screen.contains("Plan: 3 to add") && kept(&short).is_empty(),
        "{screen}"
    );
}

#[test]
fn an_apply_never_waits_for_a_reader() {
    let world = keeping(long(), "PORTOLAN_PAGER");
    let (code, screen) = Terminal::run(&world, &["apply", "--yes"]).ends();
    assert!(
        code == Some(0) && screen.contains("Apply complete!"),
        "{screen}"
    );
    assert_eq!(kept(&world), "");
    world.is_settled();
}

#[test]
fn a_reader_who_leaves_early_changes_nothing() {
    for pager in ["true", "false", "head -n 1", "head -n 1; exit 3"] {
        let world = long()
            .variable("PORTOLAN_PAGER", pager)
            .variable("PATH", "/usr/bin:/bin");
        let (code, screen) = Terminal::run(&world, &["drift"]).ends();
        assert_eq!(code, Some(2), "{pager}: {screen}");
        assert!(
            !screen.contains("warning") && !screen.contains("error"),
            "{pager}: {screen}"
        );
    }
}

#[test]
fn a_pager_that_is_missing_is_no_reason_to_print_nothing() {
    for (pager, warnings) in [
        ("no-such-pager", 1),
        ("no-such-pager | cat -", 1),
        ("/dev/null", 1),
        ("", 0),
    ] {
        let world = long()
            .variable("PORTOLAN_PAGER", pager)
            .variable("PATH", "/usr/bin:/bin");
        // No pager is named, and the default one is not installed.
        let world = if pager.is_empty() {
            world.variable("PATH", "/nowhere")
        } else {
            world
        };
        let (code, screen) = Terminal::run(&world, &["plan", "--detailed-exitcode"]).ends();
        assert_eq!(code, Some(2), "{pager}: {screen}");
        if !pager.contains('|') {
            assert_eq!(
                screen.matches("Plan: 21 to add").count(),
                1,
                "{pager}: {screen}"
            );
        }
        let complaints = screen
            .lines()
            .filter(|line| line.contains("no-such-pager") || line.contains("warning"));
        assert_eq!(complaints.count(), warnings, "{pager}: {screen}");
    }
}

#[test]
fn ctrl_c_belongs_to_the_pager() {
    use rustix::process::{Pid, Signal, kill_process};
    let script = "cat >/dev/null; echo open; while [ ! -e closed ]; do sleep 0.05; done";
    let world = long()
        .variable("PORTOLAN_PAGER", script)
        .variable("PATH", "/usr/bin:/bin");
    let terminal = Terminal::run(&world, &["drift"]);
    wait_until("the pager is open", || terminal.shows("open"));
    kill_process(Pid::from_child(terminal.child()), Signal::INT).unwrap();
    world.file("closed", "");
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(2), "{screen}");
}
