//! The drill of the page on copies, in which a standby region is set up, loses a part and is
//! repaired: its console blocks print what they show.
//!
//! Time passes here: a job of the emulator takes five seconds, and each `apply` waits for some.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

const PAGE: &str = include_str!("../../docs/copies.md");

const REPOSITORIES: usize = 200;
const TAGS: usize = 15;

fn name(number: usize) -> String {
    format!("app-{number:03}")
}

/// The blocks of a language in the drill.
fn blocks(language: &str) -> Vec<&'static str> {
    let (_, drill) = PAGE.split_once("## A standby region\n").unwrap();
    drill
        .split(&format!("```{language}\n"))
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

/// The chart of the page, with the repositories that it leaves out.
fn chart() -> String {
    let others: String = (3..=REPOSITORIES)
        .map(|number| format!("      {}:\n", name(number)))
        .collect();
    let left_out = "      # and so on, to app-200\n";
    let [chart] = blocks("yaml")[..] else {
        panic!("one chart")
    };
    assert!(chart.contains(left_out), "{chart}");
    chart.replace(left_out, &others)
}

fn state() -> Value {
    let tag = |day: usize| json!({ "name": format!("v{day}"), "pushed": format!("2024-01-{day:02}T00:00:00Z") });
    let tags: Vec<Value> = (1..=TAGS).map(tag).collect();
    let repositories: Value = (1..=REPOSITORIES)
        .map(|number| (name(number), json!({ "tags": tags })))
        .collect::<serde_json::Map<_, _>>()
        .into();
    json!({
        "format_version": 1,
        "regions": {
            "cn-north-4": { "organizations": { "acme": { "repositories": repositories } } },
            "cn-east-3": { "organizations": { "acme-standby": {} } }
        }
    })
}

/// Deletes the last five tags of twenty repositories in the standby region.
fn lose_a_part(path: &Path) {
    let mut state: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let standby = &mut state["regions"]["cn-east-3"]["organizations"]["acme-standby"];
    for number in 1..=20 {
        let repository = standby["repositories"][name(number)]
            .as_object_mut()
            .unwrap();
        repository.remove("num_images");
        let tags = repository["tags"].as_array_mut().unwrap();
        assert_eq!(tags.len(), TAGS);
        tags.truncate(TAGS - 5);
    }
    fs::write(path, state.to_string()).unwrap();
}

/// Runs the commands of a block.
#[track_caller]
fn run(folder: &Path, block: &str) {
    let program = concat!("'", env!("CARGO_BIN_EXE_portolan"), "' ");
    let mut printed = String::new();
    for command in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let output = Command::new("sh")
            .args(["-c", &command.replacen("portolan ", program, 1)])
            .env_clear()
            .env("PORTOLAN_EMULATOR", "state.json")
            .current_dir(folder)
            .output()
            .unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        printed += &format!("$ {command}\n{stdout}");
    }
    assert_eq!(printed, block);
}

#[test]
fn a_standby_region_is_set_up_loses_a_part_and_is_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    fs::write(&path, state().to_string()).unwrap();
    fs::write(folder.path().join("portolan.yaml"), chart()).unwrap();
    let [set_up, found, repaired] = blocks("console")[..] else {
        panic!("three blocks")
    };
    run(folder.path(), set_up);
    lose_a_part(&path);
    run(folder.path(), found);
    run(folder.path(), repaired);
}
