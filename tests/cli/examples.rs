//! Every chart in `examples/` can be validated, planned and applied, and the next plan is empty.
//!
//! The text of the plans is tested elsewhere; this test finds new examples by itself.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

const SCHEMA_COMMENT: &str = "# yaml-language-server: $schema=../schemas/portolan.schema.json\n";

/// A chart, and a new emulator. Objects that portolan cannot create are in the world of that name.
struct Example {
    chart: PathBuf,
    folder: tempfile::TempDir,
}

impl Example {
    fn new(chart: PathBuf) -> Example {
        let folder = tempfile::tempdir().unwrap();
        if chart.with_extension("json").exists() {
            fs::copy(
                chart.with_extension("json"),
                folder.path().join("state.json"),
            )
            .unwrap();
        }
        Example { chart, folder }
    }

    /// The content of the emulated service, byte by byte.
    fn state(&self) -> Option<Vec<u8>> {
        fs::read(self.folder.path().join("state.json")).ok()
    }

    /// Runs a command, requires an exit code, and returns its stdout.
    #[track_caller]
    fn run(&self, arguments: &[&str], code: i32) -> String {
        let Output {
            status,
            stdout,
            stderr,
        } = Command::new(env!("CARGO_BIN_EXE_portolan"))
            .env_clear()
            .current_dir(self.folder.path())
            .arg("--emulator=state.json")
            .arg("--file")
            .arg(&self.chart)
            .args(arguments)
            .output()
            .unwrap();
        let (stdout, stderr) = (
            String::from_utf8(stdout).unwrap(),
            String::from_utf8_lossy(&stderr),
        );
        assert_eq!(
            status.code(),
            Some(code),
            "{} {arguments:?}\n{stdout}\n{stderr}",
            self.chart.display()
        );
        assert!(
            code != 0 || !stderr.contains("warning"),
            "{} {arguments:?}\n{stderr}",
            self.chart.display()
        );
        stdout
    }
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

fn charts() -> Vec<PathBuf> {
    let entries = fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut charts: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|name| name == "yaml"))
        .collect();
    charts.sort();
    charts
}

#[test]
fn every_example_converges() {
    let charts = charts();
    assert!(charts.len() >= 4, "{charts:?}");
    for chart in charts {
        let example = Example::new(chart);
        let begin = example.state();
        example.run(&["validate"], 0);
        example.run(&["plan", "--detailed-exitcode"], 2);
        assert_eq!(example.state(), begin, "a plan writes nothing");
        example.run(&["apply", "--yes"], 0);
        let before = example.state();
        let second = example.run(&["plan", "--detailed-exitcode"], 0);
        assert_eq!(example.state(), before, "a plan writes nothing");
        assert!(
            second.contains("No changes."),
            "{}\n{second}",
            example.chart.display()
        );
    }
}

#[test]
fn editors_find_the_schema() {
    for chart in charts() {
        assert!(
            fs::read_to_string(&chart)
                .unwrap()
                .starts_with(SCHEMA_COMMENT),
            "{}",
            chart.display()
        );
    }
}

#[test]
fn the_example_has_the_size_that_the_guide_names() {
    let example = Example::new(directory().join("estate.yaml"));
    let plan: Value = serde_json::from_str(&example.run(&["plan", "--format", "json"], 0)).unwrap();
    let addresses = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| &change["address"]);
    let repositories: Vec<&Value> = addresses
        .filter(|address| address["kind"] == "repository")
        .collect();
    let organizations: BTreeSet<_> = repositories
        .iter()
        .map(|address| address["organization"].as_str())
        .collect();
    assert!(
        (180..=220).contains(&repositories.len()),
        "{}",
        repositories.len()
    );
    assert_eq!(organizations.len(), 5, "{organizations:?}");
}
