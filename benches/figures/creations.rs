//! How the time of an apply grows with the number of repositories that it creates.

use std::{fmt::Write as _, fs, process::Command};

use super::{figure, watched};

const FEW: usize = 5_000;
const MANY: usize = 4 * FEW;

const REGION: &str = "cn-north-4";

pub(super) fn measure() {
    let (few, many) = (seconds(FEW), seconds(MANY));
    figure(&format!("{MANY} creations"), many, 30.0, "s");
    figure(&format!("{MANY} against {FEW}"), many / few, 5.0, "times");
}

/// The time of an apply that creates this number of repositories in an emulator in the same
/// process.
fn seconds(repositories: usize) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let mut chart =
        format!("version: 1\nregion: {REGION}\norganizations:\n  estate:\n    repositories:\n");
    for number in 0..repositories {
        let fields = "category: linux, is_public: false, description: a component";
        writeln!(
            chart,
            "      service-{:03}/component-{number:05}: {{ {fields} }}",
            number / 20
        )
        .unwrap();
    }
    let path = folder.path().join("estate.yaml");
    fs::write(&path, chart).unwrap();
    let state = format!("--emulator={}", folder.path().join("state.json").display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_portolan"));
    command
        .env_clear()
        .args([&state, "--quiet", "apply", "--yes", "--file"])
        .arg(&path);
    watched(&mut command).0.as_secs_f64()
}
