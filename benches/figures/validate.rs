//! How long `portolan validate` takes for a chart of 100,000 repositories.

use std::{fs, process::Command};

use super::{decode_and_plan::chart_text, figure, watched};

pub(super) fn measure() {
    let directory = tempfile::tempdir().unwrap();
    let chart = directory.path().join("estate.yaml");
    fs::write(&chart, chart_text()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_portolan"));
    let (time, peak) = watched(
        command
            .env_clear()
            .arg("validate")
            .arg("--file")
            .arg(&chart),
    );
    figure("validate", time.as_secs_f64() * 1000.0, 1500.0, "ms");
    figure("its peak memory", peak, 500.0, "MiB");
}
