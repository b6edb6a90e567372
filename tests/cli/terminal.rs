//! Commands on a terminal: questions, progress, Ctrl-C, and a terminal that is closed.

#![cfg(unix)]

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    process::{Child, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use portolan::emulator::{Effect, Fault, Settings};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

use crate::support::{AK, NORTH, QUICKSTART, SK, World, wait_until};

const RISKY: &str = "\
version: 1
region: cn-north-4
organizations:
  o:
    repositories:
      full: { state: absent }
      new: { category: arm }
      stays: { is_public: true }
";

/// A terminal with a program on it.
pub(crate) struct Terminal {
    child: Child,
    keyboard: Option<File>,
    screen: Arc<Mutex<String>>,
    reader: thread::JoinHandle<()>,
    closed: Arc<AtomicBool>,
}

impl Terminal {
    pub(crate) fn run(world: &World, arguments: &[&str]) -> Terminal {
        Terminal::of_kind("xterm", world, arguments)
    }

    /// The kind is the value of `TERM`; if it is empty, the variable is not set.
    pub(crate) fn of_kind(kind: &str, world: &World, arguments: &[&str]) -> Terminal {
        let mut command = world.command(arguments);
        if !kind.is_empty() {
            command.env("TERM", kind);
        }
        Terminal::with(move |end| {
            command
                .stdin(end())
                .stdout(end())
                .stderr(end())
                .spawn()
                .unwrap()
        })
    }

    /// Starts a program, some of whose streams are ends of the terminal.
    pub(crate) fn with(start: impl FnOnce(&dyn Fn() -> Stdio) -> Child) -> Terminal {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&master, size).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let end = || {
            Stdio::from(
                OpenOptions::new()
                    .read(true)
                    .write(true)
                    .open(&name)
                    .unwrap(),
            )
        };
        let child = start(&end);
        let keyboard = File::from(master);
        let (mut reader, screen) = (
            keyboard.try_clone().unwrap(),
            Arc::new(Mutex::new(String::new())),
        );
        let (shown, closed) = (screen.clone(), Arc::new(AtomicBool::new(false)));
        let gone = closed.clone();
        // Ends with an error when the program's side is closed.
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                let mut ready = [PollFd::new(&reader, PollFlags::IN)];
                let moment = Timespec {
                    tv_sec: 0,
                    tv_nsec: 20_000_000,
                };
                let count = poll(&mut ready, Some(&moment)).unwrap();
                if gone.load(Ordering::Relaxed) {
                    break;
                }
                if count == 0 {
                    continue;
                }
                let Ok(count @ 1..) = reader.read(&mut bytes) else {
                    break;
                };
                shown
                    .lock()
                    .unwrap()
                    .push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Terminal {
            child,
            keyboard: Some(keyboard),
            screen,
            reader,
            closed,
        }
    }

    pub(crate) fn child(&self) -> &Child {
        &self.child
    }

    pub(crate) fn shows(&self, text: &str) -> bool {
        self.screen.lock().unwrap().contains(text)
    }

    pub(crate) fn types(&mut self, text: &str) {
        self.keyboard
            .as_mut()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
    }

    /// Closes the window: the other end of the terminal is gone.
    fn close(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
        self.keyboard = None;
        wait_until("nobody reads", || self.reader.is_finished());
    }

    pub(crate) fn ends(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        self.reader.join().unwrap();
        let screen = self.screen.lock().unwrap().clone();
        (code, screen)
    }
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

fn risky() -> World {
    let world = World::of(RISKY);
    world.edit(|state| {
        state.ensure_repository(NORTH, "o", "full").num_images = 3;
        state.ensure_repository(NORTH, "o", "stays");
    });
    world
}

/// Whether a plan on stdout and a warning on stderr are coloured on a terminal.
fn colours(kind: &str, variables: &[(&str, &str)], arguments: &[&str]) -> bool {
    let chart = RISKY.replace("new:", "new--one:");
    let mut world = World::of(&chart);
    for (name, value) in variables {
        world = world.variable(name, value);
    }
    let (code, screen) = Terminal::of_kind(kind, &world, &[&["plan"], arguments].concat()).ends();
    assert!(
        code == Some(0) && screen.contains("double-hyphen") && screen.contains("to add"),
        "{screen}"
    );
    screen.contains("\u{1b}[3") || screen.contains("\u{1b}[1m") || screen.contains("\u{1b}[9")
}

#[test]
fn a_terminal_without_colours_gets_none() {
    assert!(colours("xterm", &[], &[]));
    for kind in ["dumb", ""] {
        assert!(!colours(kind, &[], &[]), "{kind:?}");
        assert!(colours(kind, &[], &["--color", "always"]), "{kind:?}");
        assert!(colours(kind, &[("CLICOLOR_FORCE", "1")], &[]), "{kind:?}");
    }
    for refusal in [
        ("NO_COLOR", "1"),
        ("CLICOLOR", "0"),
        ("PORTOLAN_NO_COLOR", "1"),
    ] {
        assert!(!colours("xterm", &[refusal], &[]), "{refusal:?}");
    }
    assert!(!colours(
        "xterm",
        &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")],
        &[]
    ));
}

#[test]
fn the_risks_are_shown_above_the_question() {
    let world = risky();
    let mut terminal = Terminal::run(&world, &["apply", "--allow", "exposes=1", "--no-color"]);
    wait_until("it asks", || terminal.shows("Only `yes` is accepted: "));
    assert_eq!(world.writes(), [""; 0]);
    let asked = terminal.screen.lock().unwrap().clone();
    let (_, question) = asked.split_once("Hard to undo:").unwrap();
    assert!(
        question
            .contains("stays\r\n      ! exposes: anyone can pull what will be pushed (empty now)"),
        "{asked}"
    );
    assert!(
        question.contains("\nChart `portolan.yaml`, account `emulator`, 127.0.0.1:"),
        "{asked}"
    );
    let counted = "(not Huawei Cloud).\r\nMake these 2 changes (1 to add, 1 to change)? Only";
    assert!(question.contains(counted), "{asked}");
    // A withheld change is not made, and a harmless one is not a risk.
    assert!(
        !question.contains("full") && !question.contains("new"),
        "{asked}"
    );
    terminal.types("yes\n");
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(1), "one change is withheld: {screen}");
    assert!(
        screen.contains("stays: applied") && screen.contains("Apply incomplete!"),
        "{screen}"
    );
    let left = world.plan_json(&[]);
    assert_eq!(
        (
            &left["summary"]["withheld"],
            left["changes"].as_array().unwrap().len()
        ),
        (&1.into(), 1)
    );
}

#[test]
fn the_cloud_is_named_once_above_the_question() {
    let world = World::of(THREE);
    for format in ["text", "json"] {
        let mut terminal = Terminal::run(&world, &["apply", "--no-color", "--format", format]);
        wait_until("it asks", || terminal.shows("Only `yes` is accepted: "));
        terminal.types("no\n");
        let (_, screen) = terminal.ends();
        let (above, _) = screen.split_once("Make these 4 changes").unwrap();
        assert_eq!(
            above
                .matches("Chart `portolan.yaml`, account `emulator`, ")
                .count(),
            1,
            "{screen}"
        );
        assert!(
            above.trim_end().ends_with("(not Huawei Cloud)."),
            "{screen}"
        );
    }
    // If the plan is written to another stream, the question repeats it.
    let (plan, mut command) = (
        File::create(world.path("plan.txt")).unwrap(),
        world.command(&["apply", "--no-color"]),
    );
    let terminal = Terminal::with(move |end| {
        command
            .stdin(end())
            .stdout(plan)
            .stderr(end())
            .spawn()
            .unwrap()
    });
    wait_until("it asks", || terminal.shows("Only `yes` is accepted: "));
    assert!(terminal.shows("Chart `portolan.yaml`, account `emulator`, "));
    signal(&terminal.child, Signal::INT);
    let _ = terminal.ends();
}

#[test]
fn only_yes_is_yes() {
    for answer in ["y\n", "Yes\n", "no\n", "\n", "yes please\n", "\u{4}"] {
        let world = risky();
        let mut terminal = Terminal::run(&world, &["apply"]);
        wait_until("it asks", || terminal.shows("accepted: "));
        terminal.types(answer);
        let (code, screen) = terminal.ends();
        assert_eq!(
            (code, world.writes()),
            (Some(1), vec![]),
            "{answer:?}: {screen}"
        );
        assert!(
            screen.contains("Nothing was changed: it was not confirmed"),
            "{screen}"
        );
    }
}

#[test]
fn bars_are_for_terminals_and_leave_nothing_behind() {
    // A bar is drawn a few times a second, so each stage has to last a little.
    let world = World::with(Settings {
        latency: Duration::from_millis(150),
        ..Settings::default()
    })
    .variable("HUAWEICLOUD_SDK_AK", AK)
    .variable("HUAWEICLOUD_SDK_SK", SK);
    world.chart(QUICKSTART);
    let (code, screen) = Terminal::run(&world, &["apply", "--yes"]).ends();
    assert_eq!(code, Some(0), "{screen}");
    for stage in ["reading [", "applying [", "checking ["] {
        assert!(screen.contains(stage), "`{stage}` is not in {screen}");
    }
    // The cursor stays after the bar, so that echoed characters are wiped with it.
    let longest = screen.split(|letter| letter != ' ').map(str::len).max();
    assert!(longest <= Some(30), "{longest:?} blanks in {screen:?}");
    let last = screen
        .lines()
        .rfind(|line| !line.trim().is_empty())
        .unwrap();
    assert!(
        last.contains("Apply complete! Resources: 3 added, 0 changed, 0 destroyed."),
        "{screen}"
    );
    world.is_settled();

    let (code, screen) = Terminal::run(&world, &["plan", "--no-progress"]).ends();
    assert!(code == Some(0) && !screen.contains("reading"), "{screen}");
    let mut command = world.command(&["plan"]);
    let piped = command.stderr(Stdio::piped()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&piped.stderr), "");
}

/// What a terminal shows, without colours.
fn plain(screen: &str) -> Vec<String> {
    anstream::adapter::strip_str(screen)
        .to_string()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn lines_break_between_words() {
    let world = World::new();
    world.chart(
        "version: 1\nregion: cn-north-4\norganizations: { an-organization-with-a-name: { \
        repositories: { its-only-one: } } }\n",
    );
    let _ = world.apply(&[]);
    world.chart(
        "version: 1\nregion: cn-north-4\norganizations: { an-organization-with-a-name: { unlisted: \
        delete } }\n",
    );
    let (code, screen) = Terminal::run(&world, &["plan", "--no-progress"]).ends();
    let lines = plain(&screen);
    assert!(
        code == Some(1) && lines.iter().all(|line| line.chars().count() <= 80),
        "{screen}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("Stopped: ") && !line.contains("--allow")),
        "{screen}"
    );
    assert_eq!(
        lines.join(" ").matches("--allow deletes=1").count(),
        1,
        "{screen}"
    );

    let missing = "a-folder-that-is/not-there/and-has-a-name-of-some-length/chart.yaml";
    let (code, screen) = Terminal::run(&world, &["plan", "-f", missing]).ends();
    let lines = plain(&screen);
    assert!(code == Some(1) && lines.len() > 1, "{screen}");
    assert!(
        lines.iter().all(|line| line.chars().count() <= 80),
        "{screen}"
    );
    assert!(lines.iter().any(|line| line.contains(missing)), "{screen}");

    // Messages about a command line, and those of a command that prints no plan.
    for (arguments, beginning) in [
        (&["import"][..], "hint: "),
        (&["init", "-f", "a/name/of/some/length.yaml"], "Wrote "),
    ] {
        std::fs::create_dir_all(world.path("a/name/of/some")).unwrap();
        let (_, screen) = Terminal::run(&world, arguments).ends();
        let lines = plain(&screen);
        assert!(
            lines.iter().any(|line| line.starts_with(beginning)),
            "{screen}"
        );
        assert!(
            lines.iter().all(|line| line.chars().count() <= 80),
            "{screen}"
        );
    }
}

#[test]
fn a_signal_at_the_question_is_a_no() {
    for kind in [Signal::INT, Signal::TERM] {
        let world = risky();
        let terminal = Terminal::run(&world, &["apply"]);
        wait_until("it asks", || terminal.shows("accepted: "));
        signal(&terminal.child, kind);
        let (code, screen) = terminal.ends();
        assert_eq!(
            (code, world.writes()),
            (Some(1), vec![]),
            "{kind:?}: {screen}"
        );
        assert!(
            screen.contains("Nothing was changed: it was not confirmed"),
            "{screen}"
        );
    }
}

/// Three repositories, of which one is created after the other.
const THREE: &str =
    "version: 1\nregion: cn-north-4\norganizations: { o: { repositories: { a: , b: , c: } } }\n";

/// An apply that waits for the answer to the creation of its first repository.
fn waiting(world: &World) -> Child {
    world.inject(
        Fault::new(Effect::Delay(Duration::from_secs(1)))
            .method("POST")
            .path("/repos"),
    );
    let mut command = world.command(&["apply", "--yes", "--parallelism", "1", "--format", "json"]);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("a repository is created", || {
        world.journal().iter().any(|entry| entry.fault)
    });
    child
}

fn names(report: &serde_json::Value, list: &str) -> Vec<String> {
    let name = |item: &serde_json::Value| {
        item["address"]["repository"]
            .as_str()
            .unwrap_or("-")
            .to_owned()
    };
    report[list].as_array().unwrap().iter().map(name).collect()
}

#[test]
fn a_request_to_end_finishes_what_is_in_flight() {
    for kind in [Signal::INT, Signal::TERM, Signal::HUP] {
        let world = World::of(THREE);
        let child = waiting(&world);
        signal(&child, kind);
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{kind:?}: {stderr}");
        assert!(
            stderr.contains("stopping: what is in flight is finished"),
            "{stderr}"
        );
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["outcome"], "incomplete");
        assert_eq!(names(&report, "applied"), ["-", "a"], "{report:#}");
        assert_eq!(report["applied"][1]["verified"], true);
        assert_eq!(names(&report, "not_attempted"), ["b", "c"]);
        assert_eq!(report["ended_early"]["reason"], "interrupted", "{report:#}");
        let _ = world.apply(&[]);
    }
}

#[test]
fn a_second_signal_ends_it_at_once_with_a_report() {
    let world = World::of(THREE);
    world.inject(Fault::new(Effect::HangAfter).method("POST").path("/repos"));
    let mut command = world.command(&["apply", "--yes", "--parallelism", "1", "--format", "json"]);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("a repository is created", || {
        world.journal().iter().any(|entry| entry.fault)
    });
    signal(&child, Signal::INT);
    // Two signals at once may arrive as one.
    thread::sleep(Duration::from_millis(300));
    signal(&child, Signal::TERM);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (names(&report, "applied"), names(&report, "failed")),
        (vec!["-".to_owned()], vec!["a".to_owned()])
    );
    assert_eq!(report["applied"][0]["verified"], false);
    assert!(
        report["failed"][0]["message"]
            .as_str()
            .unwrap()
            .contains("outcome is unknown")
    );
    assert_eq!(names(&report, "not_attempted"), ["b", "c"]);
    let _ = world.apply(&[]);
}

#[test]
fn a_closed_terminal_does_not_interrupt_a_write() {
    let world = World::of(THREE);
    world.inject(
        Fault::new(Effect::Delay(Duration::from_secs(1)))
            .method("POST")
            .path("/repos"),
    );
    let arguments = [
        "apply",
        "--yes",
        "--parallelism",
        "1",
        "--receipt",
        "receipt.json",
    ];
    let mut terminal = Terminal::run(&world, &arguments);
    wait_until("a repository is created", || {
        world.journal().iter().any(|entry| entry.fault)
    });
    terminal.close();
    signal(&terminal.child, Signal::HUP);
    assert_eq!(terminal.child.wait().unwrap().code(), Some(1));
    let receipt = world.json("receipt.json");
    assert_eq!(
        (
            &receipt["outcome"],
            receipt["changes"].as_array().unwrap().len()
        ),
        (&"incomplete".into(), 4)
    );
    assert_eq!(receipt["ended_early"]["reason"], "interrupted");
    assert_eq!(
        world.state(),
        ["cn-north-4/o", "cn-north-4/o/a false other \"\" 0"]
    );
    let _ = world.apply(&[]);
}
