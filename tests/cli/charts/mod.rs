//! Charts and the exact output of `portolan validate` about them.
//!
//! Each case is one file: `invalid/NNN-name.txt` holds a chart, stderr and the exit code. `valid/`
//! holds charts that look invalid and are valid; their expected output includes the effective
//! chart. Comment lines `# env: NAME=VALUE` set variables and `# args: ..` add arguments. A new
//! case is a file with a chart: `UPDATE_GOLDEN=1 cargo test --test cli charts::` writes the
//! expected output into each file. Read the difference as a user would.

mod generated;
mod registry;

use std::{collections::BTreeSet, env, fs, process::Command};

use crate::cases::{Case, cases};

impl Case {
    /// The comments with that mark in the first file.
    fn header(&self, mark: &str) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.files[0].1).into_owned();
        text.lines()
            .filter_map(|line| Some(line.strip_prefix(mark)?.trim().to_owned()))
            .collect()
    }

    /// The output of `portolan validate` about the case, in a directory of its own.
    fn run(&self, arguments: &[&str]) -> String {
        let directory = tempfile::tempdir().unwrap();
        for (name, content) in &self.files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let mut command = portolan();
        command.current_dir(directory.path()).arg("validate");
        for variable in self.header("# env:") {
            let (name, value) = variable.split_once('=').expect("`NAME=VALUE`");
            command.env(name, value);
        }
        for line in self.header("# args:") {
            command.args(line.split_whitespace());
        }
        command.arg("-f").arg(&self.chart).args(arguments);
        output_of(command)
    }

    /// The difference from the expected output, if there is one.
    fn compare(&self, printed: &str) -> Option<String> {
        if env::var_os("UPDATE_GOLDEN").is_some() {
            let text = fs::read(&self.path).unwrap();
            let mark = b"==== expected\n";
            let end = text.windows(mark.len()).position(|next| next == mark);
            let chart = &text[..end.unwrap_or(text.len())];
            fs::write(&self.path, [chart, mark, printed.as_bytes()].concat()).unwrap();
            return None;
        }
        (self.expected != printed).then(|| {
            let (path, expected) = (self.path.display(), &self.expected);
            format!("{path}\n--- expected\n{expected}\n--- printed\n{printed}")
        })
    }
}

/// The binary, without the environment of the tests.
fn portolan() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portolan"));
    command.env_clear();
    command
}

/// The output and the exit code of a command, in the format of the cases.
fn output_of(mut command: Command) -> String {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    let mut printed = String::new();
    for (title, text) in [("stdout", stdout), ("stderr", stderr)] {
        if !text.is_empty() {
            printed.push_str(&format!("--- {title}\n{text}"));
        }
    }
    printed + &format!("--- exit {}\n", output.status.code().unwrap())
}

#[test]
fn wrong_charts_are_explained() {
    let failures: Vec<String> = cases("invalid")
        .iter()
        .filter_map(|case| {
            let printed = case.run(&[]);
            assert!(
                !printed.contains("panicked") && !printed.contains("exit 0"),
                "{}\n{printed}",
                case.chart
            );
            case.compare(&printed)
        })
        .collect();
    assert!(
        failures.is_empty(),
        "{}\n`UPDATE_GOLDEN=1 cargo test --test cli charts::` rewrites",
        failures.join("\n")
    );
}

#[test]
fn charts_that_only_look_invalid_are_accepted() {
    let failures: Vec<String> = cases("valid")
        .iter()
        .filter_map(|case| {
            let printed = case.run(&["--print"]);
            assert!(printed.ends_with("exit 0\n"), "{}\n{printed}", case.chart);
            case.compare(&printed)
        })
        .collect();
    assert!(
        failures.is_empty(),
        "{}\n`UPDATE_GOLDEN=1 cargo test --test cli charts::` rewrites",
        failures.join("\n")
    );
}

#[test]
fn twelve_mistakes_are_twelve_diagnostics() {
    let cases = cases("invalid");
    let printed = cases[0].run(&["--format", "json"]);
    assert_eq!(cases[0].chart, "001-twelve-mistakes.yaml");
    assert_eq!(printed.matches("\"severity\":").count(), 12, "{printed}");
}

#[test]
fn there_are_enough_of_them() {
    let cases = cases("invalid");
    assert!(cases.len() >= 60, "{}", cases.len());
    let numbers: BTreeSet<String> = cases
        .iter()
        .map(|case| case.chart.chars().take(3).collect())
        .collect();
    assert_eq!(numbers.len(), cases.len(), "every number once");
}
