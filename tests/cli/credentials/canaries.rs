//! Whatever a command knows of a source is in nothing that it writes.

use std::{fs, path::Path};

use crate::support::World;

const RUNS: [&[&str]; 6] = [
    &["doctor", "-vvv"],
    &["plan", "-vvv", "--out", "plan.json"],
    &["plan", "-vvv", "--format", "json"],
    &["drift", "-vvv", "--metrics", "metrics.prom"],
    &[
        "apply",
        "-vvv",
        "--yes",
        "--receipt",
        "receipt.json",
        "--events",
        "events",
    ],
    &["apply", "-vvv", "plan.json", "--format", "json"],
];

/// Applies the chart, and looks for the secrets in all output and in every file but those of the
/// home folder. Returns what was printed.
#[track_caller]
pub(super) fn apply_in_secret(world: &World, secrets: &[&str]) -> String {
    let mut everything = String::new();
    for arguments in RUNS {
        let output = world.run(arguments);
        let may_differ =
            ["doctor", "drift"].contains(&arguments[0]) || arguments.contains(&"plan.json");
        assert!(
            output.code == Some(0) || may_differ,
            "{arguments:?}: {output}"
        );
        everything += &output.to_string();
    }
    world.is_settled();
    for file in fs::read_dir(world.path(".")).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() && !is_given(&path) {
            everything += &fs::read_to_string(path).unwrap();
        }
    }
    for secret in secrets {
        assert!(
            !everything.contains(secret),
            "{secret} is told: {everything}"
        );
    }
    everything
}

/// What the test itself wrote.
fn is_given(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "token")
}
