//! The page about an existing cloud: its console blocks print what they show, for 2,000
//! repositories in three regions.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::support::NORTH;

const PAGE: &str = include_str!("../../docs/adopt.md");

const EAST: &str = "cn-east-3";
const SOUTH: &str = "cn-south-1";

/// The repositories of an organization.
fn repositories(prefix: &str, number: usize, is_copied: bool) -> Value {
    let entry = |at: usize| {
        let mut entry = json!({ "tags": [{ "name": "v1", "pushed": "2026-01-01T00:00:00Z" }] });
        if at % 10 == 3 {
            entry["category"] = json!("app_server");
        }
        if at % 50 == 7 {
            entry["is_public"] = json!(true);
        }
        if is_copied && at % 20 != 11 {
            let rule = json!({ "remote_region": EAST, "remote_organization": "acme-dr" });
            entry["sync_rules"] = json!([rule]);
        }
        (format!("{prefix}-{at:03}"), entry)
    };
    (0..number)
        .map(entry)
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn state() -> Value {
    let mut copies = repositories("shop", 800, false);
    copies
        .as_object_mut()
        .unwrap()
        .retain(|name, _| name[5..].parse::<usize>().unwrap() % 20 != 11);
    json!({
        "format_version": 1,
        "account": "acme",
        "regions": {
            NORTH: { "organizations": {
                "acme-shop": { "repositories": repositories("shop", 800, true) },
                "acme-pay": { "repositories": repositories("pay", 200, false) },
            } },
            EAST: { "organizations": { "acme-dr": { "repositories": copies } } },
            SOUTH: { "organizations": {
                "acme-tools": { "repositories": repositories("tool", 240, false) },
            } },
        },
    })
}

/// What somebody does in the console of the cloud.
fn meddle(path: &Path) {
    let mut state: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let north = &mut state["regions"][NORTH]["organizations"];
    let shop = &mut north["acme-shop"]["repositories"];
    shop["shop-004"]["description"] = json!("moved to the new checkout");
    shop["shop-005"]["sync_rules"] = json!([]);
    north["acme-pay"]["repositories"]["pay-ledger"] = json!({ "category": "database" });
    fs::write(path, state.to_string()).unwrap();
}

/// Runs the commands of a block in one shell.
#[track_caller]
fn run(folder: &Path, block: &str) {
    let mut script = String::new();
    let mut lines = block.lines();
    while let Some(line) = lines.next() {
        let Some(command) = line.strip_prefix("$ ") else {
            continue;
        };
        let mut command = command.to_owned();
        while command.ends_with('\\') {
            command = format!("{command}\n{}", lines.next().unwrap());
        }
        script += &format!("cat <<'END'\n$ {command}\nEND\n{command}\n");
    }
    let program = Path::new(env!("CARGO_BIN_EXE_portolan"));
    let path = format!(
        "{}:{}",
        program.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let output = Command::new("sh")
        .args(["-c", &script])
        .env_clear()
        .env("PATH", path)
        .env("LC_ALL", "C")
        .env("PORTOLAN_EMULATOR", "state.json")
        .current_dir(folder)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(stdout, block, "{stderr}");
}

#[test]
fn an_existing_cloud_becomes_a_chart_that_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    fs::write(&path, state().to_string()).unwrap();
    let blocks: Vec<&str> = PAGE
        .split("```console\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    let [look, export, plan, drift, adopt] = blocks[..] else {
        panic!("five blocks")
    };
    run(folder.path(), look);
    run(folder.path(), export);
    run(folder.path(), plan);
    meddle(&path);
    run(folder.path(), drift);
    run(folder.path(), adopt);
}
