//! A command that is killed during a write of a file leaves a partial file; the next command
//! removes it.

#![cfg(unix)]

use std::fs::{self, File};

use crate::{
    chart_files::bash,
    emulated::Served,
    support::{NORTH, Output, QUICKSTART, World},
};

/// The system kills it at the first byte that it writes to a file.
fn killed(world: &World, arguments: &str) -> Output {
    let output = bash(
        world,
        &format!("ulimit -c 0; ulimit -f 0; exec \"$0\" {arguments}"),
    );
    assert_eq!(output.code, None, "{output}");
    output
}

fn names(world: &World, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(world.path(folder)).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[track_caller]
fn leaves_something(world: &World, folder: &str, target: &str) {
    let names = names(world, folder);
    let hidden: Vec<&String> = names
        .iter()
        .filter(|name| name.starts_with(&format!(".{target}.")))
        .collect();
    assert_eq!(hidden.len(), 1, "{names:?}");
}

#[test]
fn the_next_command_removes_the_partial_file_of_a_killed_one() {
    for arguments in [
        "plan --out out/file",
        "drift --metrics out/file",
        "apply --yes --receipt out/file",
    ] {
        let world = World::of(QUICKSTART);
        fs::create_dir(world.path("out")).unwrap();
        let _ = killed(&world, arguments);
        leaves_something(&world, "out", "file");
        let _ = bash(&world, &format!("\"$0\" {arguments}"));
        assert_eq!(names(&world, "out"), ["file"], "{arguments}");
    }
}

#[test]
fn a_run_without_a_plan_removes_it_too() {
    let world = World::of(QUICKSTART);
    fs::create_dir(world.path("out")).unwrap();
    let _ = killed(&world, "plan --out out/plan.json");
    leaves_something(&world, "out", "plan.json");
    world.chart("version: 1\norganisations: {}\n");
    let _ = world.plan(&["--out", "out/plan.json"]).exits(1);
    assert_eq!(names(&world, "out"), [""; 0]);
}

#[test]
fn the_partial_file_of_a_running_command_stays() {
    let world = World::of(QUICKSTART);
    let others = [
        ".plan.json.portolan-abcdefg",
        ".plan.json.portolan-abcd.fgh",
        ".other.json.portolan-abcdefgh",
    ];
    for name in others {
        world.file(&format!("out/{name}"), "");
    }
    let written = "out/.plan.json.portolan-abcdefgh";
    world.file(written, "");
    let lock = File::open(world.path(written)).unwrap();
    lock.lock().unwrap();
    let _ = world.plan(&["--out", "out/plan.json"]).exits(0);
    assert!(world.path(written).exists());
    drop(lock);
    let _ = world.plan(&["--out", "out/plan.json"]).exits(0);
    let mut left = others.to_vec();
    left.push("plan.json");
    left.sort_unstable();
    assert_eq!(names(&world, "out"), left);
}

#[test]
fn a_link_and_a_long_name_are_targets_like_others() {
    let world = World::of(QUICKSTART);
    fs::create_dir(world.path("out")).unwrap();
    let long = "ä".repeat(125);
    for target in ["plan.json", &long] {
        let _ = fs::remove_file(world.path("link"));
        std::os::unix::fs::symlink(format!("out/{target}"), world.path("link")).unwrap();
        fs::write(world.path("out").join(target), "").unwrap();
        let _ = killed(&world, "plan --out link");
        let _ = world.plan(&["--out", "link"]).exits(0);
        assert_eq!(names(&world, "out"), [target]);
        fs::remove_file(world.path("out").join(target)).unwrap();
    }
}

#[test]
fn half_a_chart_is_never_there() {
    let world = World::new();
    let schema = "portolan.schema.json";
    let _ = killed(&world, "init -f out.yaml");
    leaves_something(&world, ".", schema);
    assert!(!world.path("out.yaml").exists() && !world.path(schema).exists());
    // The schema is written first, so the next run dies at the chart.
    world.file(schema, world.run(&["schema"]).exits(0).stdout);
    let _ = killed(&world, "init -f out.yaml");
    leaves_something(&world, ".", "out.yaml");
    assert!(!world.path("out.yaml").exists());
    std::fs::remove_file(world.path(schema)).unwrap();
    let _ = world.run(&["init", "-f", "out.yaml"]).exits(0);
    assert_eq!(names(&world, "."), ["out.yaml", schema]);
}

#[test]
fn an_emulator_that_was_killed_leaves_no_half_a_state() {
    let world = World::of(QUICKSTART)
        .variable("PORTOLAN_ENDPOINT_SWR", "")
        .variable("PORTOLAN_ENDPOINT_CODEARTS", "");
    let _ = killed(&world, "--emulator=state/a.json apply --yes");
    leaves_something(&world, "state", "a.json");
    world.file("state/.a.json.abcdefg.new", "not ours");
    let _ = world.run(&["--emulator=state/a.json", "plan"]).exits(0);
    assert_eq!(
        names(&world, "state"),
        [".a.json.abcdefg.new", "a.json.lock"]
    );
}

#[test]
fn half_a_line_of_a_killed_emulator_is_not_joined_with_the_next() {
    let whole = r#"{"request_id":"emulator-00000001","region":"cn-north-4"}"#.to_owned() + "\n";
    let long = format!("{}{}", &whole[..whole.len() - 3], "x".repeat(200_000));
    for (half, left) in [
        ("", ""),
        (&whole[..20], ""),
        ("{", ""),
        (&long, ""),
        ("a note", "a note\n"),
    ] {
        let world = World::of(QUICKSTART);
        world.file("journal", format!("{whole}{half}"));
        let served = Served::start(
            &world,
            &["--journal", "journal"],
            portolan::emulator::REGIONS.len(),
        );
        let endpoint = served.url(NORTH).replace(NORTH, "{region}");
        let world = world.variable("PORTOLAN_ENDPOINT_SWR", &endpoint);
        let _ = world.plan(&[]).exits(0);
        let text = fs::read_to_string(world.path("journal")).unwrap();
        let lines = text
            .strip_prefix(&format!(
                "{whole}{left}{{\"request_id\":\"emulator-00000001\",\"region\""
            ))
            .unwrap();
        assert!(lines.ends_with("}\n"), "{text}");
    }
}
