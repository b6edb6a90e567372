//! Charts and what `portolan validate` says of them, to the letter.
//!
//! `invalid/NAME.yaml`, or a directory `invalid/NAME/`, has its golden in `invalid/NAME.txt`:
//! stderr and the exit code. `valid/` holds charts that look wrong and are not; their goldens hold
//! the chart as it is understood too. Comment lines `# env: NAME=VALUE` set variables and `# args:
//! ..` add arguments. `UPDATE_GOLDEN=1` rewrites the goldens: read the difference as a user would.

mod generated;
mod registry;

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A chart and the golden beside it.
struct Case {
    chart: PathBuf,
    golden: PathBuf,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/charts")
}

/// All charts of a directory, sorted; a golden without a chart is an error.
fn cases(directory: &str) -> Vec<Case> {
    let mut charts = BTreeSet::new();
    let mut goldens = BTreeSet::new();
    for entry in fs::read_dir(root().join(directory)).unwrap() {
        let path = entry.unwrap().path();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("txt") => goldens.insert(path),
            Some("yaml") | None => charts.insert(path),
            Some(_) => panic!("{} is neither a chart nor a golden", path.display()),
        };
    }
    let cases: Vec<Case> = charts
        .into_iter()
        .map(|chart| Case {
            golden: chart.with_extension("txt"),
            chart,
        })
        .collect();
    for golden in goldens {
        assert!(
            cases.iter().any(|case| case.golden == golden),
            "{} has no chart",
            golden.display()
        );
    }
    cases
}

impl Case {
    fn name(&self) -> String {
        self.chart
            .file_stem()
            .unwrap()
            .to_string_lossy()
            .into_owned()
    }

    /// The comments with that mark, from the chart or from the first file of a directory.
    fn header(&self, mark: &str) -> Vec<String> {
        let file = if self.chart.is_dir() {
            self.chart.join("a.yaml")
        } else {
            self.chart.clone()
        };
        let text = String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).into_owned();
        text.lines()
            .filter_map(|line| Some(line.strip_prefix(mark)?.trim().to_owned()))
            .collect()
    }

    fn command(&self) -> Command {
        let mut command = portolan();
        command
            .current_dir(self.chart.parent().unwrap())
            .arg("validate");
        for variable in self.header("# env:") {
            let (name, value) = variable.split_once('=').expect("`NAME=VALUE`");
            command.env(name, value);
        }
        for arguments in self.header("# args:") {
            command.args(arguments.split_whitespace());
        }
        command.arg("-f").arg(self.chart.file_name().unwrap());
        command
    }

    fn compare(&self, said: &str) -> Option<String> {
        if env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&self.golden, said).unwrap();
            return None;
        }
        let golden = fs::read_to_string(&self.golden).unwrap_or_default();
        (golden != said).then(|| {
            format!(
                "{}\n--- golden\n{golden}\n--- said\n{said}",
                self.chart.display()
            )
        })
    }
}

/// The binary, with nothing of the environment that the tests run in.
fn portolan() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portolan"));
    command.env_clear();
    command
}

/// What a run told, as goldens hold it.
fn told(mut command: Command) -> String {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    let mut said = String::new();
    for (title, text) in [("stdout", stdout), ("stderr", stderr)] {
        if !text.is_empty() {
            said.push_str(&format!("--- {title}\n{text}"));
        }
    }
    said + &format!("--- exit {}\n", output.status.code().unwrap())
}

#[test]
fn wrong_charts_are_explained() {
    let failures: Vec<String> = cases("invalid")
        .iter()
        .filter_map(|case| {
            let said = told(case.command());
            assert!(
                !said.contains("panicked") && !said.contains("exit 0"),
                "{}\n{said}",
                case.chart.display()
            );
            case.compare(&said)
        })
        .collect();
    assert!(
        failures.is_empty(),
        "{}\n`UPDATE_GOLDEN=1 cargo test --test cli charts::` rewrites",
        failures.join("\n")
    );
}

#[test]
fn charts_that_only_look_wrong_are_understood() {
    let failures: Vec<String> = cases("valid")
        .iter()
        .filter_map(|case| {
            let mut command = case.command();
            command.arg("--print");
            let said = told(command);
            assert!(
                said.ends_with("exit 0\n"),
                "{}\n{said}",
                case.chart.display()
            );
            case.compare(&said)
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
    let mut command = portolan();
    command.current_dir(root().join("invalid")).args([
        "validate",
        "--format",
        "json",
        "-f",
        "001-twelve-mistakes.yaml",
    ]);
    let output = command.output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["diagnostics"].as_array().unwrap().len(), 12);
}

#[test]
fn there_are_enough_of_them() {
    let cases = cases("invalid");
    assert!(cases.len() >= 60, "{}", cases.len());
    let numbers: BTreeSet<String> = cases
        .iter()
        .map(|case| case.name().chars().take(3).collect())
        .collect();
    assert_eq!(numbers.len(), cases.len(), "every number once");
}
