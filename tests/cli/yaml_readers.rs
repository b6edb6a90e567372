//! The YAML that portolan writes, and the numbers that it reads, compared with independent readers:
//! PyYAML, which implements YAML 1.1, and ruamel.yaml, which implements 1.1 and 1.2.
//!
//! `.ci/run` installs them and makes these tests mandatory. Elsewhere they are skipped if the
//! readers are missing.

use std::{
    collections::BTreeMap,
    env,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::support::{NORTH, World};

/// Of the environment that `.ci/run` makes.
const PYTHON: &str = "target/yaml/bin/python";

/// `required` where the tests must not be skipped.
const MANDATORY: &str = "PORTOLAN_YAML_TEST";

const READERS: usize = 3;

/// Texts that some reader does not read as a string.
const TEXTS: &str = "no No on ON yes y Y n N off null Null true FALSE 0755 007 -012 +09 1_000 0b1 \
    0o7 0x3A 0x_ff \
    12:30:45 190:20:30.15 2026-12-31 2001-12-14t21:59:43.10-05:00 .inf -.Inf .NaN 1e3 6.8e+5 1. .5 \
    ._ +1 -0 = << ~ - ? \
    1.10 1,000 &a *a !t %a @a `a [a {a |- >+ # #a";

/// The same among the names that the service allows.
const NAMES: &str =
    "no on yes y n off null true 1 007 1.10 1_000 0x1f 1e3 0b1 0o7 2026-12-31 0 9.5_1";

/// A Python that has the readers; none if the test may be skipped for want of it.
fn python(test: &str) -> Option<PathBuf> {
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
    let message = format!(
        "SKIPPED: {test}: no YAML readers are installed in {PYTHON}; `.ci/run` installs them\n"
    );
    io::stderr().write_all(message.as_bytes()).unwrap();
    None
}

/// The documents of a file by reader.
#[track_caller]
fn read(python: &Path, world: &World, file: &str) -> BTreeMap<String, Vec<Value>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/yaml/read.py");
    let mut command = Command::new(python);
    let output = command
        .arg(script)
        .arg(world.path(file))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{file}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let readers: BTreeMap<String, Vec<Value>> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(readers.len(), READERS);
    readers
}

#[test]
fn every_reader_takes_what_is_written_for_what_is_live() {
    let Some(python) = python("every_reader_takes_what_is_written_for_what_is_live") else {
        return;
    };
    let world = World::new();
    let mut texts: Vec<&str> = TEXTS.split_whitespace().collect();
    texts.extend([
        "",
        "2001-12-14 21:59:43.10 -5",
        "2026-12-31 ",
        "no\n",
        "1\n2\n",
        "\u{feff}a",
        "é😀",
        "a: b",
        "'\"\\",
    ]);
    let mut wanted = serde_json::Map::new();
    world.edit(|state| {
        for (number, text) in texts.iter().enumerate() {
            let name = format!("text-{number}");
            state.ensure_repository(NORTH, "on", &name).description = (*text).to_owned();
            wanted.insert(name, json!(text));
        }
        for name in NAMES.split_whitespace() {
            let repository = state.ensure_repository(NORTH, "on", name);
            repository.description = name.to_owned();
            repository
                .sync_rules
                .push(portolan::emulator::SyncRule::to("cn-east-3", "off"));
            wanted.insert(name.to_owned(), json!(name));
        }
    });
    let _ = world
        .run(&["init", "--from-live", "on", "--region", NORTH])
        .exits(0);
    let printed = world.run(&["validate", "--print"]).exits(0).stdout;
    world.file("printed.yaml", printed);
    for file in ["portolan.yaml", "printed.yaml"] {
        for (reader, documents) in read(&python, &world, file) {
            let [document] = documents.as_slice() else {
                panic!("{reader} finds {} documents", documents.len())
            };
            let repositories = document["organizations"]["on"]["repositories"].as_object();
            let repositories =
                repositories.unwrap_or_else(|| panic!("{reader} reads {document:#}"));
            let found: serde_json::Map<String, Value> = repositories
                .iter()
                .map(|(name, entry)| (name.clone(), entry["description"].clone()))
                .collect();
            assert_eq!(found, wanted, "{reader}, {file}");
            // Most have this rule, so it may be a default, and its target may have a name.
            let own = repositories["007"].get("sync");
            let rules = own.unwrap_or(&document["defaults"]["repository"]["sync"]);
            let target = match rules[0]["target"].as_str() {
                Some(name) => &document["targets"][name]["organization"],
                None => &rules[0]["target_organization"],
            };
            assert_eq!(*target, json!("off"), "{reader}, {file}");
        }
    }
}

#[test]
fn every_reader_takes_the_rest_of_a_chart_for_texts() {
    let Some(python) = python("every_reader_takes_the_rest_of_a_chart_for_texts") else {
        return;
    };
    let world = World::of(
        "version: 1
region: '1'
organizations: { y: {} }
protect: [ y ]
accept: [ { address: n, until: 2026-12-31, reason: 12:30 } ]
",
    );
    world.file(
        "printed.yaml",
        world.run(&["validate", "--print"]).exits(0).stdout,
    );
    let _ = world
        .run(&["-f", "fresh.yaml", "--region", "0", "init", "no", "y"])
        .exits(0);
    for (reader, documents) in read(&python, &world, "printed.yaml") {
        let accept = json!([{ "address": "n", "until": "2026-12-31", "reason": "12:30" }]);
        let wanted = json!([{
            "version": 1, "region": "1", "organizations": { "y": {} }, "protect": ["y"],
            "accept": accept,
        }]);
        assert_eq!(Value::from(documents), wanted, "{reader}");
    }
    for (reader, documents) in read(&python, &world, "fresh.yaml") {
        let organization = json!({ "repositories": {} });
        let wanted = json!([{
            "version": 1, "region": "0", "organizations": { "no": organization, "y": organization },
        }]);
        assert_eq!(Value::from(documents), wanted, "{reader}");
    }
}

#[test]
fn a_chart_takes_for_a_number_what_yaml_1_2_does() {
    let Some(python) = python("a_chart_takes_for_a_number_what_yaml_1_2_does") else {
        return;
    };
    let words = "0755 007 -012 +09 00 0o7 0x3A 12 -0 1e3 1.10 .5 1. .inf -.Inf .NaN +1 1e999 \
        0x10000000000000000 true \
        null ~ no on yes y n off 12:30:45 1.2.3 v1 0xg 1e inf nan";
    for word in words.split_whitespace() {
        let world = World::new();
        world.chart(&format!(
            "version: 1\nregion: r\norganizations: {{ o: {{ repositories: {{ a: {{ description: \
            {word} }} }} }} }}\n"
        ));
        let document = read(&python, &world, "portolan.yaml")
            .remove("ruamel.yaml 1.2")
            .unwrap()
            .remove(0);
        let value = &document["organizations"]["o"]["repositories"]["a"]["description"];
        // `null` is legal there: it ends inheritance.
        let code = if value.is_string() || value.is_null() {
            0
        } else {
            1
        };
        assert_eq!(
            world.run(&["validate"]).code,
            Some(code),
            "{word} is {value}"
        );
    }
}
