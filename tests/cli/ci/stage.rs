//! The environment of the scripts: a git repository with a chart, an emulator's state, and stubs of
//! the programs that call the forge. The stubs answer with files, through the filter of the
//! script's request.

use std::{
    collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, path::PathBuf, process::Command,
};

use serde_json::Value;
use tempfile::TempDir;

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
    ["bash", "curl", "git", "jq", "tar"]
        .into_iter()
        .all(|tool| {
            let found = Command::new(tool).arg("--version").output().is_ok();
            if !found {
                #[expect(clippy::print_stderr, reason = "a skipped test has to be visible")]
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
        stage.git(&["init", "--quiet", "--initial-branch", "main", "."]);
        stage.commit(chart);
        stage
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Adds a program, which is found before those of the machine.
    pub(crate) fn program(&self, name: &str, text: &str) {
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

    /// The programs of the stage, before those of the machine.
    pub(crate) fn search_path(&self) -> String {
        let ours = self.path("bin");
        format!("{}:{}", ours.display(), std::env::var("PATH").unwrap())
    }

    /// Runs a script in the repository, with these variables and no others.
    pub(crate) fn run(
        &self,
        shell: &[&str],
        script: &str,
        variables: &BTreeMap<String, String>,
    ) -> Ended {
        let path = self.path("script");
        fs::write(&path, script).unwrap();
        // The shell itself is one of the machine, so that a test may empty the PATH of the script.
        let mut command = Command::new(shell[0]);
        command
            .args(&shell[1..])
            .arg(path)
            .env_clear()
            .env("ANSWERS", self.path("answers"))
            .env("TMPDIR", self.path("temp"))
            .env("PORTOLAN_EMULATOR", self.path("state.json"))
            .envs(variables)
            .current_dir(self.repository());
        let output = command.output().unwrap();
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
    for script in super::files::scripts() {
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
