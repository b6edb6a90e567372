//! `portolan version`, and what the build script learns about the commit.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::World;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/build.rs");
const ID: &str = "0123456789abcdef0123456789abcdef01234567";

/// The day of 1795959890, in UTC.
const TIME: &str = "1795959890";

#[test]
fn the_first_line_is_the_version_alone() {
    let output = World::new().run(&["version"]).exits(0);
    let first = output.stdout.lines().next();
    assert_eq!(first, Some(concat!("portolan ", env!("CARGO_PKG_VERSION"))));
    let short = World::new().run(&["--version"]).exits(0);
    assert_eq!(short.stdout.lines().next(), first);
}

#[test]
fn the_document_has_the_commit_and_the_version_of_charts() {
    let version = World::new()
        .run(&["version", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(version["chart_version"], 1);
    // The program was built by the same command as this test.
    let built = option_env!("PORTOLAN_BUILT_COMMIT").map_or(Value::Null, Value::from);
    assert_eq!(version["commit"], built);
    assert_eq!(version["date"].is_null(), built.is_null());
}

/// The build script, compiled, and a directory for a package.
struct Script {
    directory: TempDir,
}

impl Script {
    fn new() -> Script {
        let directory = tempfile::tempdir().unwrap();
        let compiler = option_env!("RUSTC").unwrap_or("rustc");
        let status = Command::new(compiler)
            .args(["--edition", "2024", SCRIPT, "-o"])
            .arg(directory.path().join("script"))
            .status()
            .unwrap();
        assert!(status.success());
        fs::create_dir(directory.path().join("package")).unwrap();
        Script { directory }
    }

    fn package(&self) -> PathBuf {
        self.directory.path().join("package")
    }

    fn run(&self, variables: &[(&str, &str)]) -> Result<BTreeMap<String, String>, String> {
        let output = Command::new(self.directory.path().join("script"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("CARGO_MANIFEST_DIR", self.package())
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        if !output.status.success() {
            return Err(String::from_utf8(output.stderr).unwrap());
        }
        let stdout = String::from_utf8(output.stdout).unwrap();
        // A path that does not exist makes Cargo run the script at every build.
        for path in stdout
            .lines()
            .filter_map(|line| line.split("if-changed=").nth(1))
        {
            assert!(path == "build.rs" || Path::new(path).exists(), "{path}");
        }
        let set = |line: &str| {
            let (name, value) = line.strip_prefix("cargo:rustc-env=")?.split_once('=')?;
            Some((name.replace("PORTOLAN_BUILT_", ""), value.to_owned()))
        };
        Ok(stdout.lines().filter_map(set).collect())
    }

    fn commits(&self, variables: &[(&str, &str)]) -> (Option<String>, Option<String>) {
        let mut set = self.run(variables).unwrap();
        (set.remove("COMMIT"), set.remove("SECONDS"))
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
            .args(arguments)
            .current_dir(self.package())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("GIT_COMMITTER_DATE", format!("{TIME} +0800"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

#[test]
fn the_commit_is_learnt_from_variables_the_package_or_git() {
    let script = Script::new();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        script.commits(&[]),
        (None, None),
        "nothing is known, and that is no error"
    );
    assert_eq!(
        script.commits(&[("PORTOLAN_COMMIT", ID), ("SOURCE_DATE_EPOCH", TIME)]),
        (some(ID), some(TIME))
    );
    let empty = [("PORTOLAN_COMMIT", ""), ("SOURCE_DATE_EPOCH", "")];
    assert_eq!(script.commits(&empty), (None, None));

    // A package inside a checkout of something else has another history.
    let checkout = Command::new("git")
        .args(["init", "-q"])
        .current_dir(script.directory.path())
        .status()
        .unwrap();
    assert!(checkout.success());
    assert_eq!(script.commits(&[]), (None, None));

    let note = script.package().join(".cargo_vcs_info.json");
    fs::write(&note, format!("{{ \"git\": {{ \"sha1\": \"{ID}\" }} }}")).unwrap();
    assert_eq!(script.commits(&[]), (some(ID), None));
    let dirty = format!("{{ \"git\": {{ \"sha1\": \"{ID}\", \"dirty\": true }} }}");
    fs::write(&note, dirty).unwrap();
    assert_eq!(script.commits(&[]), (None, None));
    fs::remove_file(&note).unwrap();

    script.git(&["init", "-q"]);
    assert_eq!(script.commits(&[]), (None, None), "there is no commit yet");
    script.git(&["commit", "-q", "--allow-empty", "-m", "one"]);
    let head = script.git(&["rev-parse", "HEAD"]);
    assert_eq!(script.commits(&[]), (some(&head), some(TIME)));
    assert_eq!(script.commits(&[("PROFILE", "debug")]), (None, None));
    let other = [("GIT_DIR", script.directory.path().to_str().unwrap())];
    assert_eq!(
        script.commits(&other),
        (some(&head), some(TIME)),
        "as in a hook of git"
    );
    assert_eq!(script.commits(&[("PORTOLAN_COMMIT", ID)]), (some(ID), None));
    assert_eq!(
        script.commits(&[("PORTOLAN_COMMIT", &head)]),
        (some(&head), some(TIME))
    );
    let both = [("PORTOLAN_COMMIT", ID), ("SOURCE_DATE_EPOCH", "1")];
    assert_eq!(script.commits(&both), (some(ID), some("1")));
    script.git(&["pack-refs", "--all"]);
    assert_eq!(script.commits(&[]), (some(&head), some(TIME)));
    script.git(&["checkout", "-q", "--detach"]);
    assert_eq!(script.commits(&[]), (some(&head), some(TIME)));
}

#[test]
fn a_wrong_variable_stops_the_build_with_a_sentence() {
    let script = Script::new();
    for (name, value) in [
        ("PORTOLAN_COMMIT", "v0.1.0"),
        ("PORTOLAN_COMMIT", "abc"),
        ("PORTOLAN_COMMIT", "0123456789abcdef\ncargo:rustc-env=X=1"),
        ("SOURCE_DATE_EPOCH", "2026-11-29"),
        ("SOURCE_DATE_EPOCH", "-1"),
        ("SOURCE_DATE_EPOCH", "999999999999"),
    ] {
        let error = script.run(&[(name, value)]).unwrap_err();
        assert!(
            error.contains(name) && error.contains("expected"),
            "{error}"
        );
    }
}
