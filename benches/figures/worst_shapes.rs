//! The charts that cost most for their size, each of about 1 MB, with every command that reads one.
//! The figures of a command that uses a service include the emulator, which is in the same process.
//!
//! The bounds: 5 s and 500 MiB for any chart of 1 MB; 2 s, 300 MiB and 1 MiB of output for 100,000
//! mistakes of one kind.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use super::{MIB, ended, figure};

const HEAD: &str = "version: 1\nregion: cn-north-4\n";
const REPOSITORIES: &str = "organizations:\n  a:\n    repositories:\n";

/// The size of a chart in bytes, and half of it.
const WHOLE: usize = 1_000_000;
const HALF: usize = WHOLE / 2;

struct Bounds {
    seconds: f64,
    mebibytes: f64,
    output: f64,
}

const ANY: Bounds = Bounds {
    seconds: 5.0,
    mebibytes: 500.0,
    output: f64::INFINITY,
};
const MISTAKES: Bounds = Bounds {
    seconds: 2.0,
    mebibytes: 300.0,
    output: 1.0,
};

/// A command with its options, and whether it uses a service.
const COMMANDS: [(&[&str], bool); 10] = [
    (&["validate"], false),
    (&["validate", "--format", "json"], false),
    (&["validate", "--print"], false),
    (&["plan"], true),
    (&["plan", "--format", "json"], true),
    (&["plan", "--format", "markdown"], true),
    (&["plan", "--format", "diff"], true),
    (&["plan", "--format", "sarif"], true),
    (&["drift", "--format", "json"], true),
    (&["apply", "--yes"], true),
];

pub(super) fn measure() {
    let directory = tempfile::tempdir().unwrap();
    for (what, bounds, text) in shapes() {
        fs::write(directory.path().join("c.yaml"), text).unwrap();
        let runs: Vec<_> = COMMANDS
            .iter()
            .map(|command| run(command, directory.path()))
            .collect();
        println!("  {what}");
        let worst = |value: fn(&Run) -> f64, bound: f64, unit: &str| {
            let run = runs
                .iter()
                .max_by(|one, other| value(one).total_cmp(&value(other)))
                .unwrap();
            figure(&format!("  {}", run.name), value(run), bound, unit);
        };
        worst(|run| run.seconds, bounds.seconds, "s");
        worst(|run| run.mebibytes, bounds.mebibytes, "MiB");
        if bounds.output.is_finite() {
            worst(|run| run.output, bounds.output, "MiB of output");
        }
    }
}

/// The cost of a command.
struct Run {
    name: String,
    seconds: f64,
    mebibytes: f64,
    output: f64,
}

/// Runs a command. It starts with an empty state, so that it has everything to do.
fn run((options, uses_service): &(&[&str], bool), directory: &Path) -> Run {
    let state = directory.join("state.json");
    let _ = fs::remove_file(&state);
    let errors = directory.join("errors");
    let document = directory.join("document");
    let mut command = Command::new(env!("CARGO_BIN_EXE_portolan"));
    command
        .env_clear()
        .arg("--quiet")
        .args(*options)
        .arg("--file")
        .arg(directory.join("c.yaml"));
    if *uses_service {
        command.arg(format!("--emulator={}", state.display()));
    }
    let file = |path: &Path| Stdio::from(fs::File::create(path).unwrap());
    command.stderr(file(&errors));
    let (time, peak, _) = ended(&mut command, file(&document));
    let bytes: u64 = [errors, document]
        .iter()
        .map(|path| fs::metadata(path).unwrap().len())
        .sum();
    Run {
        name: options.join(" "),
        seconds: time.as_secs_f64(),
        mebibytes: peak,
        output: bytes as f64 / MIB,
    }
}

/// The head, and as many lines as fit.
fn filled(head: &str, room: usize, line: impl Fn(usize) -> String) -> String {
    let mut text = head.to_owned();
    for at in 0.. {
        let line = line(at);
        if text.len() + line.len() > room {
            break;
        }
        text.push_str(&line);
    }
    text
}

fn repository(at: usize) -> String {
    format!("      r{at}:\n")
}

fn rule(at: usize) -> String {
    format!("        - {{ target_region: cn-east-3, target_organization: o{at} }}\n")
}

/// A chart of which one half is patterns and the other repositories.
fn patterns(head: &str, pattern: impl Fn(usize) -> String) -> String {
    let patterns = filled(&format!("{HEAD}{head}"), HALF, pattern);
    filled(&format!("{patterns}{REPOSITORIES}"), WHOLE, repository)
}

fn shapes() -> Vec<(&'static str, Bounds, String)> {
    let entries = format!("{HEAD}{REPOSITORIES}");
    let one_line = format!("{} ", entries.trim_end());
    let keys: String = (0..100_000)
        .map(|at| format!("        k{at}: 1\n"))
        .collect();
    let targets: String = (0..100_000)
        .map(|at| format!("        - target: t{at}\n"))
        .collect();
    let some_keys: String = (0..1_000).map(|at| format!("        k{at}: 1\n")).collect();
    let some_rules: String = (0..40).map(rule).collect();
    let inherited = |values: &str| {
        format!(
            "{HEAD}organizations:\n  a:\n    defaults: {{ repository: {{ {values} \
            }} }}\n    repositories:\n"
        )
    };
    let text = "x".repeat(400);
    let rules: Vec<String> = (0..3)
        .map(|at| format!("{{ target_region: cn-east-3, target_organization: o{at} }}"))
        .collect();
    let star = |at: usize| format!("  - {{ address: '*/q{at}*', until: 2036-01-01, reason: x }}\n");
    vec![
        (
            "100,000 unknown keys",
            MISTAKES,
            format!("{entries}      r:\n{keys}"),
        ),
        (
            "100,000 unknown targets",
            MISTAKES,
            format!("{entries}      r:\n        sync:\n{targets}"),
        ),
        (
            "wrong values on one line",
            MISTAKES,
            filled(&one_line, WHOLE, |at| {
                format!("{} r{at}: 1", if at == 0 { "{" } else { "," })
            }) + "}\n",
        ),
        ("repositories", ANY, filled(&entries, WHOLE, repository)),
        (
            "a long inherited text",
            ANY,
            filled(
                &inherited(&format!("description: {text}")),
                WHOLE / 2,
                repository,
            ),
        ),
        (
            "three inherited rules",
            ANY,
            filled(
                &inherited(&format!("sync: [{}]", rules.join(", "))),
                400_000,
                repository,
            ),
        ),
        (
            "rules of one repository",
            ANY,
            filled(&format!("{entries}      r:\n        sync:\n"), WHOLE, rule),
        ),
        (
            "rules behind aliases",
            ANY,
            filled(
                &format!("{entries}      r: &r\n        sync:\n{some_rules}"),
                WHOLE,
                |at| format!("      s{at}: *r\n"),
            ),
        ),
        (
            "unknown keys behind aliases",
            ANY,
            filled(&format!("{entries}      r: &r\n{some_keys}"), WHOLE, |at| {
                format!("      s{at}: {{ <<: *r }}\n")
            }),
        ),
        (
            "names and patterns",
            ANY,
            patterns("protect:\n", |at| format!("  - a/r{at}/*/*\n")),
        ),
        (
            "names and patterns of nothing",
            ANY,
            patterns("accept:\n", star),
        ),
    ]
}
