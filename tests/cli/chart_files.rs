//! Which files are read as charts, and the messages about other files: links, hidden names,
//! streams.

#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::symlink,
    process::{Command, Stdio},
};

use serde_json::json;

use crate::support::{NORTH, Output, World};

fn team(name: &str) -> String {
    format!("version: 1\nregion: {NORTH}\norganizations: {{ {name}: {{}} }}\n")
}

fn link(world: &World, target: &str, name: &str) {
    symlink(target, world.path(name)).unwrap();
}

/// The organizations that a plan would create.
#[track_caller]
fn created(world: &World, arguments: &[&str]) -> Vec<String> {
    let output = world
        .plan(&[&["--format", "json"], arguments].concat())
        .exits(0);
    let changes = output.json()["changes"].as_array().unwrap().clone();
    changes
        .iter()
        .map(|change| {
            change["address"]["organization"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

/// A shell that runs the program as `$0`.
pub(crate) fn bash(world: &World, script: &str) -> Output {
    let program = world.command(&[]);
    let mut command = Command::new("bash");
    command.args(["-c", script]).arg(program.get_program());
    command
        .current_dir(program.get_current_dir().unwrap())
        .env_clear()
        .stdin(Stdio::null());
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command.envs(
        program
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    world.output(command)
}

#[test]
fn an_unreadable_file_of_a_directory_is_an_error() {
    let world = World::new();
    world.file(
        "charts/a.yaml",
        team("team-a").replace("{}", "{ unlisted: delete }"),
    );
    world.edit(|state| {
        state.ensure_repository(NORTH, "team-a", "web");
    });
    link(&world, "nowhere.yaml", "charts/b.yaml");
    let refused = |words: &str| {
        let output = world.try_apply(&["-f", "charts"]).exits(1).warns(words);
        let _ = world
            .run(&["validate", "-f", "charts"])
            .exits(1)
            .warns(words);
        assert!(!output.stdout.contains("1 destroyed"), "{output}");
        assert_eq!(world.writes(), [""; 0]);
    };
    refused(
        "cannot read charts/b.yaml: it is a link to @DIR@/charts/nowhere.yaml, \
            which does not exist",
    );
    fs::remove_file(world.path("charts/b.yaml")).unwrap();
    fs::create_dir(world.path("charts/b.yaml")).unwrap();
    refused("cannot read charts/b.yaml: expected a regular file, found a directory");
    fs::remove_dir(world.path("charts/b.yaml")).unwrap();
    assert!(
        Command::new("mkfifo")
            .arg(world.path("charts/b.yml"))
            .status()
            .unwrap()
            .success()
    );
    refused("cannot read charts/b.yml: expected a regular file, found a pipe");
}

#[test]
fn a_broken_link_is_not_a_missing_default() {
    let world = World::new();
    world.file("portolan/a.yaml", team("team-a"));
    link(&world, "nowhere.yaml", "portolan.yaml");
    let _ = world
        .plan(&[])
        .exits(1)
        .warns("`portolan.yaml` and `portolan/`; choose one with `--file`");
    fs::remove_dir_all(world.path("portolan")).unwrap();
    let _ = world
        .plan(&[])
        .exits(1)
        .warns("cannot read portolan.yaml: it is a link");
    fs::remove_file(world.path("portolan.yaml")).unwrap();
    link(&world, "nowhere", "portolan");
    let _ = world
        .plan(&[])
        .exits(1)
        .warns("cannot read portolan: it is a link");
}

#[test]
fn hidden_files_of_a_directory_are_skipped() {
    let world = World::new();
    world.file("charts/a.yaml", team("team-a"));
    for name in ["._a.yaml", ".draft.yaml", ".b.yml", "..c.yaml"] {
        world.file(&format!("charts/{name}"), team("team-b"));
    }
    assert_eq!(created(&world, &["-f", "charts"]), ["team-a"]);
    // A hidden file that the user names is read.
    assert_eq!(created(&world, &["-f", "charts/.draft.yaml"]), ["team-b"]);
    fs::remove_file(world.path("charts/a.yaml")).unwrap();
    let _ = world
        .plan(&["-f", "charts"])
        .exits(1)
        .warns("charts contains no `*.yaml` or `*.yml` file");
}

#[test]
fn the_default_may_be_a_yml() {
    let world = World::new();
    world.file("portolan.yml", team("team-a"));
    // The program itself, for one.
    world.file("portolan", "no directory");
    assert_eq!(created(&world, &[]), ["team-a"]);
    world.chart(&team("team-b"));
    let _ = world
        .plan(&[])
        .exits(1)
        .warns("`portolan.yaml` and `portolan.yml`; choose one with `--file`");
    let _ = world.run(&["validate"]).exits(1);
}

#[test]
fn init_adds_no_chart_beside_another() {
    for name in ["portolan.yml", "portolan/a.yaml"] {
        let world = World::new();
        world.file(name, team("team-a"));
        let _ = world.run(&["init"]).exits(1).warns("exists already");
        assert!(!world.path("portolan.yaml").exists());
        let _ = world.run(&["init", "-f", "other.yaml"]).exits(0);
        let _ = world
            .run(&["init", "-f", "-"])
            .exits(64)
            .warns("standard input");
    }
}

/// A chart of `team-a` that is read under this name.
#[track_caller]
fn is_followed(world: &World, name: &str) {
    assert_eq!(created(world, &["-f", name]), ["team-a"]);
}

#[test]
fn a_link_to_what_is_beside_or_below_is_followed() {
    let world = World::new();
    world.file("real.yaml", team("team-a"));
    world.file("below/deep/real.yaml", team("team-a"));
    link(&world, "real.yaml", "beside.yaml");
    link(&world, "below/deep/real.yaml", "down.yaml");
    link(&world, "beside.yaml", "twice.yaml");
    link(&world, "down.yaml", "portolan.yaml");
    link(&world, "below/../real.yaml", "around.yaml");
    symlink(world.path("real.yaml"), world.path("absolute.yaml")).unwrap();
    // Where a directory is reached by a link, the person who names it knows.
    link(&world, "below/deep", "other");
    for name in [
        "beside.yaml",
        "down.yaml",
        "twice.yaml",
        "around.yaml",
        "absolute.yaml",
        "other/real.yaml",
        "other",
    ] {
        is_followed(&world, name);
    }
    assert_eq!(created(&world, &[]), ["team-a"]);
}

#[test]
fn a_mounted_volume_of_kubernetes_is_read() {
    let world = World::new();
    world.file("charts/..2026_11_28/portolan.yaml", team("team-a"));
    world.file("charts/..2026_11_28/sub/real.yaml", team("team-a"));
    link(&world, "..2026_11_28", "charts/..data");
    link(&world, "..data/portolan.yaml", "charts/portolan.yaml");
    link(&world, "..data/sub", "charts/sub");
    for name in [
        "charts/portolan.yaml",
        "charts",
        "charts/sub",
        "charts/sub/real.yaml",
        "charts/..data",
    ] {
        is_followed(&world, name);
    }
    let mut command = world.command(&["plan", "--format", "json"]);
    command.current_dir(world.path("charts"));
    assert_eq!(
        world.output(command).exits(0).json()["summary"]["add"],
        json!(1)
    );
}

#[test]
fn a_link_to_anything_else_is_refused() {
    let world = World::new();
    let foreign = format!("root:secret-canary:{NORTH}\nversion: 1\n");
    for name in [
        "outside.yaml",
        "charts/.env",
        "charts/.git/config",
        "charts/.git/a.yaml",
        "charts/.x/y/a.yaml",
    ] {
        world.file(name, &foreign);
    }
    link(&world, "../../outside.yaml", "charts/.git/out");
    link(&world, "..", "charts/up");
    let out = "outside the directory charts";
    let hidden = "names that begin with a dot";
    for (target, problem) in [
        ("../outside.yaml", out),
        ("up/outside.yaml", out),
        ("/etc/passwd", out),
        ("/proc/self/environ", "below /proc"),
        ("/dev/stdin", "below /dev"),
        (".env", hidden),
        (".git/config", hidden),
        (".git/a.yaml", hidden),
        (".git/out", hidden),
        (".x/y/a.yaml", hidden),
        (".git/../.env", hidden),
        ("portolan.yaml", "more than 40 symbolic links"),
        ("..", "outside the directory"),
        ("/", "outside the directory"),
    ] {
        let _ = fs::remove_file(world.path("charts/portolan.yaml"));
        link(&world, target, "charts/portolan.yaml");
        for arguments in [&["-f", "charts/portolan.yaml"][..], &["-f", "charts"]] {
            let output = world.run(&[&["validate"], arguments].concat()).exits(1);
            let output = output
                .warns("error: cannot read charts/portolan.yaml: ")
                .warns(problem);
            assert!(
                !output.stderr.contains("canary") && !output.stderr.contains("root:"),
                "{target}: {output}"
            );
        }
        let mut command = world.command(&["validate", "--format", "json"]);
        command.current_dir(world.path("charts"));
        let output = world
            .output(command)
            .exits(1)
            .warns("cannot read portolan.yaml: ");
        assert!(!output.stdout.contains("canary"), "{output}");
    }
}

#[test]
fn a_directory_that_is_a_link_is_held_to_the_same() {
    let world = World::new();
    world.file("elsewhere/a.yaml", team("team-a"));
    world.file("here/.hidden/a.yaml", team("team-a"));
    link(&world, "../elsewhere", "here/charts");
    link(&world, ".hidden", "here/portolan");
    let _ = world
        .plan(&["-f", "here/charts"])
        .exits(1)
        .warns("outside the directory here");
    let _ = world
        .plan(&["-f", "here/portolan"])
        .exits(1)
        .warns("names that begin with a dot");
    let mut command = world.command(&["plan"]);
    command.current_dir(world.path("here"));
    let _ = world
        .output(command)
        .exits(1)
        .warns("cannot read portolan: it is a link");
}

#[test]
fn standard_input_is_a_chart() {
    let world = World::new();
    world.file("a.yaml", team("team-a"));
    for name in ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"] {
        let mut command = world.command(&["plan", "--format", "json", "-f", name]);
        command.stdin(fs::File::open(world.path("a.yaml")).unwrap());
        let document = world.output(command).exits(0).json();
        assert_eq!(document["summary"]["add"], json!(1), "{name}");
        assert_eq!(document["chart"]["files"], json!([name]));
    }
    let _ = bash(&world, "cat a.yaml | \"$0\" plan -f -")
        .exits(0)
        .says("organization cn-north-4/team-a");
    let _ = bash(&world, "cat a.yaml | \"$0\" plan -f /dev/stdin")
        .exits(0)
        .says("cn-north-4/team-a");
    let _ = bash(&world, "\"$0\" plan -f <(cat a.yaml)")
        .exits(0)
        .says("cn-north-4/team-a");
    let two = bash(
        &world,
        "sed s/team-a/team-b/ a.yaml | \"$0\" plan -f <(cat a.yaml) -f -",
    )
    .exits(0);
    let _ = two.says("cn-north-4/team-a").says("cn-north-4/team-b");
    let mistake = bash(&world, "sed s/region/regoin/ a.yaml | \"$0\" validate -f -").exits(1);
    let _ = mistake.warns("--> -:2:1").warns("regoin");
}

#[test]
fn a_stream_is_read_once_and_must_not_be_empty() {
    let world = World::new();
    world.file("a.yaml", team("team-a"));
    for (one, other) in [
        ("-", "-"),
        ("-", "/dev/stdin"),
        ("/dev/stdin", "/proc/self/fd/0"),
    ] {
        let script = format!("cat a.yaml | \"$0\" plan -f {one} -f {other}");
        let _ = bash(&world, &script)
            .exits(1)
            .warns(&format!("error: {other} is given twice"));
    }
    let _ = bash(
        &world,
        "\"$0\" plan -f /dev/fd/3 -f /proc/self/fd/3 3<a.yaml",
    )
    .exits(1)
    .warns("is given twice");
    // A command that failed prints nothing, which must not be read as an empty chart.
    let _ = bash(&world, "\"$0\" plan -f a.yaml -f <(false)")
        .exits(1)
        .warns("it is empty");
    let _ = world
        .plan(&["-f", "a.yaml", "-f", "-"])
        .exits(1)
        .warns("cannot read -: it is empty");
}

#[test]
fn an_apply_cannot_ask_through_what_it_reads() {
    let world = World::new();
    world.file("a.yaml", team("team-a"));
    for name in ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"] {
        let script = format!("cat a.yaml | \"$0\" apply -f {name} --receipt receipt.json");
        let _ = bash(&world, &script).exits(64).warns("add `--yes`");
    }
    let _ = bash(&world, "cat a.yaml | PORTOLAN_FILE=- \"$0\" apply")
        .exits(64)
        .warns("add `--yes`");
    assert_eq!(
        (world.writes().len(), world.path("receipt.json").exists()),
        (0, false)
    );
    let _ = bash(&world, "cat a.yaml | \"$0\" apply --yes -f -")
        .exits(0)
        .says("1 added");
    // A saved plan needs no chart.
    world.file("b.yaml", team("team-b"));
    let _ = world.plan(&["-f", "b.yaml", "--out", "plan.json"]).exits(0);
    let _ = bash(&world, "PORTOLAN_FILE=- \"$0\" apply plan.json")
        .exits(0)
        .says("1 added");
}

#[test]
fn nothing_else_of_the_system_is_read() {
    let world = World::new();
    link(&world, "/proc/self", "system");
    for name in [
        "/proc/self/environ",
        "/proc/self/fd/../environ",
        "system/environ",
        "/proc/1/fd/0",
        "/dev/null",
    ] {
        let output = world
            .run(&["validate", "-f", name])
            .exits(1)
            .warns("error: cannot read ");
        assert!(!output.stderr.contains("PORTOLAN_ENDPOINT"), "{output}");
    }
    let _ = world
        .run(&["validate", "-f", "/dev/zero"])
        .exits(1)
        .warns("below /dev");
    let _ = world
        .run(&["validate", "-f", "/dev"])
        .exits(1)
        .warns("below /dev");
    let _ = world
        .run(&["validate", "-f", "/sys"])
        .exits(1)
        .warns("below /sys");
    world.file("a.yaml", team("team-a"));
    let _ = bash(&world, "\"$0\" validate -f /proc/self/cwd/a.yaml")
        .exits(1)
        .warns("below /proc");
}

#[test]
fn nothing_is_written_over_a_chart_that_is_read() {
    let world = World::new();
    world.file("charts/..data/a.yaml", team("team-a"));
    link(&world, "..data/a.yaml", "charts/a.yaml");
    link(&world, "charts/new.yaml", "plan.json");
    link(&world, "charts", "also");
    let refused = |arguments: &[&str]| {
        let _ = world
            .run(arguments)
            .exits(64)
            .warns("so it cannot write to it");
    };
    for path in [
        "charts/a.yaml",
        "charts/..data/a.yaml",
        "also/a.yaml",
        "also/new.yml",
        "plan.json",
    ] {
        refused(&["plan", "-f", "charts", "--out", path]);
    }
    let _ = world
        .plan(&["-f", "charts", "--out", "charts/.plan.yaml"])
        .exits(0);
    // Another default beside the one that is read makes the next run an error.
    world.file("portolan.yml", team("team-a"));
    for path in ["portolan.yml", "portolan.yaml", "portolan"] {
        refused(&["plan", "--out", path]);
    }
    let mut command = world.command(&["plan", "-f", "-", "--out", "portolan.yml"]);
    command.stdin(fs::File::open(world.path("portolan.yml")).unwrap());
    let _ = world.output(command).exits(64);
    assert_eq!(
        fs::read_to_string(world.path("portolan.yml")).unwrap(),
        team("team-a")
    );
    assert_eq!(
        fs::read_to_string(world.path("charts/..data/a.yaml")).unwrap(),
        team("team-a")
    );
}
