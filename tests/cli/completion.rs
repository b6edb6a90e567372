//! `portolan completion`: what the scripts get as an answer, and the scripts in the shells
//! themselves. A shell that is not installed is skipped by name.

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::support::{Output, QUICKSTART, World};

const CHART: &str = "\
version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web/frontend: { sync: [ { target_region: cn-east-3, target_organization: dr } ] }
      api: {}
mirrors:
  $(touch pwned)/app: { url: 'https://example.com/a.git' }
  my project/its: { url: 'https://example.com/a.git' }
";

/// A world without a service or credentials: completion needs neither.
fn world(chart: &str) -> World {
    let world = World::of(chart);
    [
        "HUAWEICLOUD_SDK_AK",
        "HUAWEICLOUD_SDK_SK",
        "PORTOLAN_ENDPOINT_SWR",
        "PORTOLAN_ENDPOINT_CODEARTS",
    ]
    .into_iter()
    .fold(world, |world, name| world.variable(name, ""))
}

/// What is offered for a line: what follows, and the words. Nothing else is ever printed.
#[track_caller]
fn ask(world: &World, line: &str) -> (String, Vec<String>) {
    let output = world.run(&["__complete", "bash", line]).exits(0);
    words(&output)
}

#[track_caller]
fn words(output: &Output) -> (String, Vec<String>) {
    assert_eq!(output.stderr, "", "{output}");
    let mut lines = output.stdout.lines().map(str::to_owned);
    (lines.next().unwrap_or_default(), lines.collect())
}

#[track_caller]
fn offers(world: &World, line: &str, expected: &[&str]) {
    let (kind, words) = ask(world, line);
    assert_eq!(
        (kind.as_str(), words),
        (
            "words",
            expected.iter().map(|word| (*word).to_owned()).collect()
        ),
        "{line}"
    );
}

#[test]
fn addresses_of_the_chart_complete_segment_by_segment() {
    let world = world(CHART);
    for option in [
        "plan --target",
        "plan --exclude",
        "apply --backfill",
        "apply --target",
        "drift --ignore",
    ] {
        offers(
            &world,
            &format!("portolan {option} te"),
            &["team-a", "team-a/"],
        );
        offers(
            &world,
            &format!("portolan {option}=te"),
            &["team-a", "team-a/"],
        );
    }
    offers(
        &world,
        "portolan plan --target team-a/",
        &["team-a/api", "team-a/web/"],
    );
    offers(
        &world,
        "portolan plan --target team-a/web/",
        &["team-a/web/frontend"],
    );
    offers(&world, "portolan plan --target cn-n", &["cn-north-4/"]);
    offers(
        &world,
        "portolan plan --target team-a/web/frontend",
        &[
            "team-a/web/frontend",
            "team-a/web/frontend\\ -\\>\\ cn-east-3/dr",
        ],
    );
    offers(&world, "portolan plan --target 'my ", &["my project/"]);
    // What is offered is accepted.
    for target in [
        "team-a",
        "team-a/api",
        "team-a/web/frontend -> cn-east-3/dr",
    ] {
        let known = world
            .run(&["plan", "--emulator", "--target", target])
            .exits(0);
        assert!(known.stdout.contains("to add"), "{known}");
    }
    assert_eq!(world.journal().len(), 0, "nothing was asked");
}

#[test]
fn the_chart_is_the_one_that_the_command_would_read() {
    let world = world(CHART);
    let other = CHART
        .replace("team-a", "other")
        .replace("my project", "theirs");
    world.file("charts/one.yaml", &other);
    world.file("two.yaml", CHART.replace("team-a", "two"));
    for line in [
        "portolan plan -f charts --target o",
        "portolan -f charts/one.yaml plan --target o",
        "portolan plan --file=charts --target o",
        "portolan -fcharts plan --exclude o",
    ] {
        offers(&world, line, &["other", "other/"]);
    }
    let line = "portolan plan -f charts -f two.yaml --target ";
    let (_, both) = ask(&world, line);
    assert!(
        ["other/", "two/"]
            .iter()
            .all(|word| both.contains(&(*word).to_owned())),
        "{both:?}"
    );
    let world = world.variable("PORTOLAN_FILE", "two.yaml");
    offers(&world, "portolan plan --target t", &["two", "two/"]);
    offers(
        &world,
        "portolan plan -f charts --target o",
        &["other", "other/"],
    );
}

#[test]
fn other_values_complete_too() {
    let world = world(QUICKSTART);
    offers(&world, "portolan explain unknown-k", &["unknown-key"]);
    offers(&world, "portolan plan --allow destroys", &["destroys-data"]);
    offers(&world, "portolan show --format di", &["diff"]);
    offers(
        &world,
        "portolan validate --format ",
        &["text", "json", "sarif", "github", "gitlab"],
    );
    offers(&world, "portolan apply --format ", &["text", "json"]);
    offers(&world, "portolan schema --document ve", &["version"]);
    offers(&world, "portolan completion z", &["zsh"]);
    offers(&world, "portolan --region cn-north-4", &["cn-north-4"]);
    offers(&world, "portolan --emulator v", &["validate", "version"]);
    offers(&world, "portolan plan --detailed", &["--detailed-exitcode"]);
    offers(&world, "portolan help dr", &["drift"]);
    offers(&world, "cd x && portolan dr", &["drift"]);
    let (_, commands) = ask(&world, "portolan ");
    assert!(commands.contains(&"plan".to_owned()), "{commands:?}");
    assert!(
        commands.iter().all(|word| !word.starts_with('_')),
        "{commands:?}"
    );
    for line in [
        "portolan -f ",
        "portolan --file=",
        "portolan validate ",
        "portolan show pl",
        "portolan apply pl",
        "portolan plan --out ",
        "portolan apply --receipt ",
        "portolan --ca-file ",
        "portolan man --out ",
    ] {
        assert_eq!(ask(&world, line), ("files".to_owned(), vec![]), "{line}");
    }
}

#[test]
fn what_is_wrong_offers_nothing_and_says_nothing() {
    let world = world("version: 1\norganizations: [");
    for line in [
        "",
        "portolan",
        "portolan plan --target ",
        "portolan plan -f missing.yaml --target ",
        "portolan plan -f - --target ",
        "portolan plan -f /dev/stdin --target ",
        "portolan plan -f /dev/zero --target ",
        "portolan plan --target \u{1b}[2J",
        "portolan plan --target 'x",
        "portolan plan --timeout ",
    ] {
        let (_, words) = ask(&world, line);
        assert_eq!(words, [""; 0], "{line}");
    }
    for arguments in [
        &["__complete"][..],
        &["__complete", "csh", "x"],
        &["__complete", "bash"],
        &["__complete", "bash", "a", "b"],
        &["__complete", "zsh"],
        &["__complete", "powershell", "portolan", "pl"],
    ] {
        let output = world.run(arguments).exits(0);
        assert_eq!(output.stdout + &output.stderr, "", "{arguments:?}");
    }
    // A chart with mistakes has addresses all the same: it is being written.
    world.chart(&CHART.replace("api: {}", "api: { is_public: maybe }"));
    offers(&world, "portolan plan --target team-a/a", &["team-a/api"]);
    // Variables that stop a command do not stop this.
    let world = world.variable("PORTOLAN_PARALLELISM", "many");
    offers(&world, "portolan dr", &["drift"]);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let world = world(CHART);
    let pipe = |name: &str| {
        let status = Command::new("mkfifo")
            .arg(world.path(name))
            .status()
            .unwrap();
        assert!(status.success());
    };
    pipe("pipe");
    offers(&world, "portolan plan -f pipe --target ", &[]);
    std::os::unix::fs::symlink("pipe", world.path("link.yaml")).unwrap();
    offers(&world, "portolan plan -f link.yaml --target ", &[]);
    fs::remove_file(world.path("portolan.yaml")).unwrap();
    pipe("portolan.yaml");
    offers(&world, "portolan plan --target ", &[]);
}

#[test]
fn no_word_leaves_its_quotes() {
    let world = world(CHART);
    offers(
        &world,
        "portolan plan --target \\$",
        &["\\$\\(touch\\ pwned\\)/"],
    );
    offers(&world, "portolan plan --target '$", &["$(touch pwned)/"]);
    offers(
        &world,
        "portolan plan --target \"",
        &["cn-north-4/", "my project/", "team-a", "team-a/"],
    );
    // A name with a control character is no word, for any shell.
    world.chart(
        "version: 1\nregion: cn-north-4\nmirrors:\n  \"a\\nb\\e[2J/c\": { url: \
        'https://example.com/a' }\n",
    );
    for arguments in [
        &["__complete", "bash", "portolan plan --target "][..],
        &["__complete", "zsh", "portolan", "plan", "--target", ""],
        &["__complete", "fish", "portolan", "plan", "--target", ""],
        &[
            "__complete",
            "powershell",
            "portolan",
            "plan",
            "--target",
            "=",
        ],
    ] {
        let output = world.run(arguments).exits(0);
        let hidden = output
            .stdout
            .chars()
            .any(|one| one.is_control() && !"\n\t".contains(one));
        assert!(!hidden && !output.stdout.contains("\nb"), "{output}");
    }
}

#[test]
fn a_big_chart_is_offered_in_segments() {
    let mut chart = "version: 1\nregion: cn-north-4\norganizations:\n".to_owned();
    for organization in 0..50 {
        chart += &format!("  o{organization:02}:\n    repositories:\n");
        for repository in 0..200 {
            chart += &format!("      r{repository:03}: {{}}\n");
        }
    }
    let world = world(&chart);
    let (_, all) = ask(&world, "portolan plan --target o");
    assert_eq!(all.len(), 100);
    let (_, all) = ask(&world, "portolan plan --target o42/");
    assert_eq!(all.len(), 200);
}

/// The path of a program; none if the test is skipped because it is missing.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    if found.is_none() {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        let message = format!("SKIPPED {test}: {name} is not installed\n");
        io::stderr().write_all(message.as_bytes()).unwrap();
    }
    found
}

/// The script in a file, under the name that packages install it as.
fn script(world: &World, shell: &str, name: &str) -> PathBuf {
    let output = world.run(&["completion", shell]).exits(0);
    assert_eq!(output.stderr, "");
    world.file(name, &output.stdout);
    world.path(name)
}

/// A shell that finds the program first.
fn shell(world: &World, program: &Path) -> Command {
    let ours = Path::new(env!("CARGO_BIN_EXE_portolan"))
        .parent()
        .unwrap()
        .to_owned();
    let folders = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(ours).chain(env::split_paths(&folders))).unwrap();
    let mut command = Command::new(program);
    command
        .current_dir(world.path("."))
        .env_clear()
        .env("PATH", path)
        .env("HOME", world.path("."))
        .env("TERM", "xterm")
        .stdin(Stdio::null());
    command
}

#[test]
fn each_script_is_one_of_its_shell() {
    let world = world(CHART);
    for (name, file, check) in [
        ("bash", "portolan.bash", "-n"),
        ("zsh", "_portolan", "-n"),
        ("fish", "portolan.fish", "-n"),
    ] {
        let script = script(&world, name, file);
        let Some(program) = program(name) else {
            continue;
        };
        let output = shell(&world, &program)
            .arg(check)
            .arg(script)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{name}: {said}");
    }
    let powershell = fs::read_to_string(script(&world, "powershell", "_portolan.ps1")).unwrap();
    assert!(
        !powershell.contains("Invoke-Expression"),
        "it would execute what is typed"
    );
    let Some(program) = program("pwsh") else {
        return;
    };
    let check = "$e = $null; [void][System.Management.Automation.Language.Parser]::ParseFile(\
        (Resolve-Path _portolan.ps1), [ref]$null, [ref]$e); exit $e.Count";
    let status = shell(&world, &program)
        .args(["-NoProfile", "-Command", check])
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn fish_completes() {
    let world = world(CHART);
    let script = script(&world, "fish", "portolan.fish");
    let Some(program) = program("fish") else {
        return;
    };
    world.file("plan one.json", "{}");
    for (line, expected) in [
        (
            "portolan plan --target te",
            &["team-a\torganization", "team-a/"][..],
        ),
        (
            "portolan plan --target=te",
            &["--target=team-a\torganization", "--target=team-a/"],
        ),
        ("portolan plan --target \"my p", &["my project/"]),
        ("portolan explain unknown-k", &["unknown-key"]),
        ("portolan show plan", &["plan one.json"]),
    ] {
        let ask = format!("source '{}'; complete -C '{line}'", script.display());
        let output = shell(&world, &program)
            .args(["--no-config", "-c", &ask])
            .output()
            .unwrap();
        let (stdout, stderr) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        let mut lines: Vec<&str> = stdout.lines().collect();
        lines.sort_unstable();
        assert_eq!(
            (lines.as_slice(), stderr.as_ref()),
            (expected, ""),
            "{line}"
        );
    }
}

/// What bash calls at the Tab key, and then the words that it was given.
const ASK_BASH: &str = "\
. ./portolan.bash
COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=() COMP_CWORD=0
_portolan portolan
printf '%s\\n' \"${COMPREPLY[@]}\"
";

#[test]
fn bash_completes() {
    let world = world(CHART);
    let _ = script(&world, "bash", "portolan.bash");
    let Some(program) = program("bash") else {
        return;
    };
    for (line, expected) in [
        ("portolan plan --target te", "team-a\nteam-a/\n"),
        ("portolan plan --target=team-a/a", "team-a/api\n"),
        ("portolan plan --target \\$", "\\$\\(touch\\ pwned\\)/\n"),
        ("portolan explain unknown-k", "unknown-key\n"),
        ("portolan show plan", "\n"),
    ] {
        let output = shell(&world, &program)
            .args(["--norc", "-c", ASK_BASH, "bash", line])
            .output()
            .unwrap();
        let (stdout, stderr) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert_eq!((stdout.as_ref(), stderr.as_ref()), (expected, ""), "{line}");
    }
    assert!(
        !world.path("pwned").exists(),
        "a name of the chart was executed"
    );
}
