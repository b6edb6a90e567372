//! The environment of the scripts: a git repository with a chart, portolan with its emulator, and
//! stubs of the programs that call the forge. The stubs answer with files, through the filter of
//! the script's request.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::PathBuf,
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;

use super::files::Script;

pub(crate) const CHART: &str =
    "version: 1\nregion: cn-north-4\norganizations: { team-a: { repositories: { web: {} } } }\n";
pub(crate) const BAD_CHART: &str = "version: 1\nregion: cn-north-4\norganisations: {}\n";

pub(crate) struct Stage {
    folder: TempDir,
}

/// How a script ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) printed: String,
}

impl Ended {
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> Ended {
        assert_eq!(self.code, code, "{}", self.printed);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Ended {
        assert!(
            self.printed.contains(words),
            "`{words}` is not in\n{}",
            self.printed
        );
        self
    }
}

/// The scripts use these tools unchanged. Machines that are not runners may lack them.
pub(crate) fn has_the_tools() -> bool {
    ["bash", "git", "jq"].into_iter().all(|tool| {
        let found = Command::new(tool).arg("--version").output().is_ok();
        if !found {
            #[expect(
                clippy::print_stderr,
                reason = "whoever reads the output of a test wants to know"
            )]
            let () = eprintln!("not run: there is no `{tool}` here");
        }
        found
    })
}

impl Stage {
    pub(crate) fn new(chart: &str) -> Stage {
        let stage = Stage {
            folder: tempfile::tempdir().unwrap(),
        };
        for folder in ["bin", "temp", "answers"] {
            fs::create_dir(stage.path(folder)).unwrap();
        }
        symlink(env!("CARGO_BIN_EXE_portolan"), stage.path("bin/portolan")).unwrap();
        stage.program("gh", include_str!("../../ci/gh.sh"));
        stage.program("curl", include_str!("../../ci/curl.sh"));
        stage.git(&["init", "--quiet", "--initial-branch", "main", "."]);
        stage.commit(chart);
        stage
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Sets an answer of the forge; the name is a part of the requested path.
    pub(crate) fn answer(&self, name: &str, answer: &Value) {
        fs::write(
            self.path("answers").join(format!("{name}.json")),
            answer.to_string(),
        )
        .unwrap();
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
            .args(arguments);
        let output = git
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .current_dir(self.repository())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn repository(&self) -> PathBuf {
        let path = self.path("repository");
        fs::create_dir_all(&path).unwrap();
        path
    }

    pub(crate) fn commit(&self, chart: &str) {
        fs::write(self.repository().join("portolan.yaml"), chart).unwrap();
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "chart"]);
    }

    /// Makes the live state equal to the chart.
    pub(crate) fn settle(&self) {
        let status = self
            .portolan(&["apply", "--yes", "--quiet"])
            .current_dir(self.repository())
            .output()
            .unwrap();
        assert!(status.status.success(), "{status:?}");
    }

    fn portolan(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portolan"));
        command
            .env_clear()
            .env("PORTOLAN_EMULATOR", self.path("state.json"))
            .args(arguments);
        command
    }

    /// Runs a script as the runner does: GitHub with these options, and GitLab's script sets its
    /// own.
    pub(crate) fn run(&self, script: &Script, variables: &[(&str, &str)]) -> Ended {
        let path = self.path("script");
        fs::write(&path, &script.text).unwrap();
        let options: &[&str] = if script.name.starts_with("github") {
            &["-e", "-o", "pipefail"]
        } else {
            &["-e"]
        };
        let mut bash = Command::new("bash");
        bash.args(["--noprofile", "--norc"])
            .args(options)
            .arg(path)
            .env_clear()
            .current_dir(self.repository());
        let search = format!(
            "{}:{}",
            self.path("bin").display(),
            std::env::var("PATH").unwrap()
        );
        bash.env("PATH", search)
            .env("ANSWERS", self.path("answers"))
            .env("PORTOLAN_EMULATOR", self.path("state.json"));
        for (name, place) in [
            ("RUNNER_TEMP", "temp"),
            ("GITHUB_OUTPUT", "output"),
            ("GITHUB_STEP_SUMMARY", "summary"),
        ] {
            bash.env(name, self.path(place));
        }
        let plain =
            |(_, value): &(&String, &String)| !value.contains("${{") && !value.starts_with('$');
        bash.envs(script.variables.iter().filter(plain))
            .envs(variables.iter().copied());
        let output = bash.output().unwrap();
        let printed = [output.stdout, output.stderr]
            .map(|bytes| String::from_utf8(bytes).unwrap())
            .concat();
        Ended {
            code: output.status.code().unwrap(),
            printed,
        }
    }

    /// The text of a file; empty if it is missing.
    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The requests to the forge since the last call, one line each.
    pub(crate) fn requests(&self) -> Vec<String> {
        let asked = self
            .text("answers/asked")
            .lines()
            .map(str::to_owned)
            .collect();
        let _ = fs::remove_file(self.path("answers/asked"));
        asked
    }
}

#[test]
fn every_script_is_one_for_a_shell() {
    for script in super::files::names()
        .iter()
        .flat_map(|name| super::files::scripts(name))
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("script");
        fs::write(&path, &script.text).unwrap();
        let Ok(output) = Command::new("bash").arg("-n").arg(path).output() else {
            return;
        };
        assert!(
            output.status.success(),
            "{}: {}",
            script.name,
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
