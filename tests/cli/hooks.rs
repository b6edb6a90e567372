//! `.pre-commit-hooks.yaml`: valid, and run by the real pre-commit, if it is installed.

use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

use crate::{
    completion::program,
    installed::root,
    support::{QUICKSTART, World},
};

const MANIFEST: &str = ".pre-commit-hooks.yaml";

#[test]
fn every_hook_checks_the_whole_chart() {
    let text = fs::read_to_string(root().join(MANIFEST)).unwrap();
    let hooks: Vec<Value> = serde_yaml::from_str(&text).unwrap();
    let ids: Vec<&str> = hooks
        .iter()
        .filter_map(|hook| hook["id"].as_str())
        .collect();
    assert_eq!(ids, ["portolan-validate", "portolan-validate-system"]);
    let world = World::of(QUICKSTART);
    for hook in &hooks {
        assert_eq!(
            hook["pass_filenames"], false,
            "a part of a chart is no chart"
        );
        let entry = hook["entry"].as_str().unwrap();
        let arguments: Vec<&str> = entry.split(' ').skip(1).collect();
        assert!(entry.starts_with("portolan "), "{entry}");
        let _ = world.run(&arguments).exits(0);
    }
    let page = fs::read_to_string(root().join("docs/shell.md")).unwrap();
    assert!(ids.iter().all(|id| page.contains(&format!("id: {id}\n"))));
}

/// Runs a program in the directory, with the portolan of this test in front.
fn run(world: &World, program: &Path, arguments: &[&str]) -> Output {
    let ours = Path::new(env!("CARGO_BIN_EXE_portolan")).parent().unwrap();
    let folders = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(ours.to_owned()).chain(env::split_paths(&folders));
    Command::new(program)
        .args(arguments)
        .current_dir(world.path("."))
        .env_clear()
        .env("PATH", env::join_paths(folders).unwrap())
        .env("HOME", world.path("home"))
        .env("PRE_COMMIT_HOME", world.path("home/cache"))
        .output()
        .unwrap()
}

#[test]
fn pre_commit_runs_the_hook() {
    let Some(pre_commit) = program("pre-commit") else {
        return;
    };
    let world = World::of(QUICKSTART);
    fs::create_dir_all(world.path("home")).unwrap();
    let git = |arguments: &[&str]| {
        let output = run(&world, Path::new("git"), arguments);
        assert!(output.status.success(), "{output:?}");
    };
    git(&["init", "-q"]);
    // The hook of the package needs a build; its entry is that of the other one.
    let text = fs::read_to_string(root().join(MANIFEST)).unwrap();
    let hooks: Vec<Value> = serde_yaml::from_str(&text).unwrap();
    let hook = hooks
        .iter()
        .find(|hook| hook["language"] == "system")
        .unwrap();
    let config = serde_json::json!({ "repos": [{ "repo": "local", "hooks": [hook] }] });
    world.file(".pre-commit-config.yaml", config.to_string());
    git(&["add", ".pre-commit-config.yaml", "portolan.yaml"]);
    let checked = |world: &World| run(world, &pre_commit, &["run", "--all-files"]);
    let said = checked(&world);
    assert!(said.status.success(), "{said:?}");
    assert!(
        String::from_utf8_lossy(&said.stdout).contains("Passed"),
        "{said:?}"
    );

    world.chart("version: 1\norganisations: {}\n");
    git(&["add", "portolan.yaml"]);
    let said = checked(&world);
    let stdout = String::from_utf8_lossy(&said.stdout);
    assert!(
        !said.status.success() && stdout.contains("unknown-key"),
        "{stdout}"
    );

    let manifest = root().join(MANIFEST);
    let valid = run(
        &world,
        &pre_commit,
        &["validate-manifest", manifest.to_str().unwrap()],
    );
    assert!(valid.status.success(), "{valid:?}");
}
