//! The official Python SDK against the emulator: every operation of the emulator, through an
//! endpoint without a region, with signatures verified. The calls and the expected answers are in
//! `tests/sdk/emulator.py`.
//!
//! `.ci/run` installs the SDK and makes this test mandatory. Elsewhere it is skipped if the SDK is
//! missing.

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use portolan::emulator::REGIONS;
use serde_json::{Value, json};

use crate::{
    emulated::Served,
    support::{AK, NORTH, SK, World},
};

/// Of the environment that `.ci/run` makes.
const PYTHON: &str = "target/sdk/bin/python";

/// `required` where the test must not be skipped.
const MANDATORY: &str = "PORTOLAN_SDK_TEST";

/// Operations of IAM that only other clients call; they cannot have faults and so are in no table.
const IAM: [(&str, &str); 2] = [("POST", "/v3/auth/tokens"), ("GET", "/v3/projects")];

/// The beginnings of paths of operations that hand out keys. STS has an SDK of its own, and machines
/// and jobs have none; `tests/cli/credentials` calls all of them.
const OF_KEYS: [&str; 5] = [
    "/v5/agencies/",
    "/v3.0/OS-CREDENTIAL/",
    "/openstack/",
    "/meta-data/",
    "/idtoken",
];

/// A Python that has the SDK; none if the test may be skipped for want of it.
fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(PYTHON);
    if python.exists() {
        return Some(python);
    }
    assert_ne!(
        env::var(MANDATORY).as_deref(),
        Ok("required"),
        "{PYTHON} is missing; `.ci/run` installs it"
    );
    // The macros that print would be heard only if the test failed.
    let message =
        format!("SKIPPED: the official SDK is not installed in {PYTHON}; `.ci/run` installs it\n");
    io::stderr().write_all(message.as_bytes()).unwrap();
    None
}

/// The methods and paths of the operations, from the emulator's own help; `{}` is any segment.
fn operations(world: &World) -> Vec<(String, String)> {
    let help = world.run(&["emulator", "--fault", "help"]).stdout;
    let (_, table) = help.split_once("\nroutes:\n").unwrap();
    let rows = table
        .lines()
        .take_while(|line| !line.is_empty())
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [_, method, path] = words[..] else {
                panic!("a name, a method and a path: {line}")
            };
            (method.to_owned(), path.to_owned())
        });
    let of_keys = |path: &str| OF_KEYS.iter().any(|begin| path.starts_with(begin));
    rows.filter(|(_, path)| !of_keys(path))
        .chain(IAM.map(|(method, path)| (method.to_owned(), path.to_owned())))
        .collect()
}

fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) =
        (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern
            .iter()
            .zip(path)
            .all(|(wanted, found)| *wanted == "{}" || *wanted == found)
}

#[test]
fn the_official_sdk_works_with_all_operations() {
    let Some(python) = python() else { return };
    let world = World::new();
    let repositories = json!({
        "app": {
            "id": 123,
            "refs": { "branches": { "master": "0123456789abcdef0123456789abcdef01234567" } },
            "mirror": { "url": "https://git.example.com/app.git" },
        },
        "plain": { "id": 124 },
    });
    let projects = json!({ "platform": { "repositories": repositories } });
    world.file(
        "state.json",
        json!({
            "users": { "ci-bot": "" },
            "regions": {
                NORTH: { "projects": projects },
                "cn-east-3": { "organizations": { "team-b": {} } },
            },
        })
        .to_string(),
    );
    let keys = format!("{AK}:{SK}");
    let arguments = [
        "--verify",
        &keys,
        "--state",
        "state.json",
        "--journal",
        "journal.ndjson",
        // The SDK cannot push. The tag is there for the copy only, and then the repository goes.
        "--fault",
        "stranger=push-tag cn-north-4/team-a/group/app:v1,route=copy-tags",
        "--fault",
        "stranger=delete-tag cn-north-4/team-a/group/app:v1,route=delete-repository",
    ];
    let served = Served::start(&world, &arguments, REGIONS.len());

    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sdk/emulator.py");
    let endpoint = served.url(NORTH).strip_suffix("/cn-north-4").unwrap();
    let mut command = Command::new(python);
    // The SDK keeps an id of the machine in the home directory.
    command
        .args([script, endpoint, AK, SK])
        .env_clear()
        .env("HOME", world.path(""));
    let output = command
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    let journal = fs::read_to_string(world.path("journal.ndjson")).unwrap();
    let entries: Vec<Value> = journal
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for (method, pattern) in operations(&world) {
        let succeeded = entries.iter().any(|entry| {
            let success = entry["status"]
                .as_u64()
                .is_some_and(|status| (200..300).contains(&status));
            success
                && entry["method"] == *method
                && matches(&pattern, entry["path"].as_str().unwrap())
        });
        assert!(succeeded, "the SDK never did {method} {pattern}");
    }
}
