//! The charts that cost the most for their size: 100,000 mistakes, and what defaults and aliases multiply.

use std::{fs, process::Command};

use super::{ended, figure};

const HEAD: &str = "version: 1\nregion: cn-north-4\norganizations:\n  a:\n";

pub(super) fn measure() {
    let lines = |number: usize, line: &dyn Fn(usize) -> String| (0..number).map(line).collect::<String>();
    let text = "x".repeat(30_000);
    let rule = |at: usize| format!("        - {{ target_region: cn-east-3, target_organization: o{at} }}\n");
    let rules = lines(40, &rule);
    let repositories = lines(80_000, &|at| format!("      r{at}:\n"));
    let shared = lines(60_000, &|at| format!("      s{at}: *r\n"));
    let keys = lines(100_000, &|at| format!("        k{at}: 1\n"));
    let shapes = [
        ("100,000 unknown keys", 2.0, 300.0, format!("{HEAD}    repositories:\n      r:\n{keys}")),
        ("80,000 repositories", 5.0, 500.0, format!("{HEAD}    repositories:\n{repositories}")),
        (
            "a long inherited text",
            5.0,
            500.0,
            format!(
                "{HEAD}    defaults: {{ repository: {{ description: {text} }} }}\n    repositories:\n{repositories}"
            ),
        ),
        (
            "rules behind aliases",
            5.0,
            500.0,
            format!("{HEAD}    repositories:\n      r: &r\n        sync:\n{rules}{shared}"),
        ),
    ];
    let directory = tempfile::tempdir().unwrap();
    let chart = directory.path().join("c.yaml");
    for (what, seconds, mebibytes, text) in shapes {
        fs::write(&chart, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_portolan"));
        let command = command.env_clear().args(["--quiet", "--emulator", "plan", "--file"]).arg(&chart);
        let (time, peak, _) = ended(command);
        figure(what, time.as_secs_f64(), seconds, "s");
        figure("its peak memory", peak, mebibytes, "MiB");
    }
}
