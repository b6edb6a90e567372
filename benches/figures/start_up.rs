//! How long portolan takes to start, compared with a program that does nothing.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use super::figure;

const RUNS: usize = 50;
const NOTHING: &str = "/bin/true";

pub(super) fn measure() {
    let ours = median(Command::new(env!("CARGO_BIN_EXE_portolan")).arg("--version"));
    figure("median of `portolan --version`", ours, 10.0, "ms");
    if Path::new(NOTHING).exists() {
        let nothing = median(&mut Command::new(NOTHING));
        println!(
            "  {:.1} times as long as `{NOTHING}` with {nothing:.2} ms",
            ours / nothing
        );
    }
}

/// In milliseconds.
fn median(command: &mut Command) -> f64 {
    let command = command.env_clear().stdout(Stdio::null());
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            assert!(command.status().unwrap().success());
            start.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[RUNS / 2]
}
