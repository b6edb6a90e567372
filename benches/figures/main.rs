//! The speed and memory of portolan, printed as ratios to a bound: `cargo bench`, or `cargo bench
//! -- start_up`.
//!
//! Nothing is asserted, because a busy machine is not a defect. The eleven measurements share an
//! executable, because each would link the whole library with fat LTO.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that cannot be made fails by panicking"
)]

mod apply_latency;
mod creations;
mod decode_and_plan;
mod long_list;
mod pace;
mod parity;
mod plan_latency;
mod render;
mod start_up;
mod validate;
mod worst_shapes;

use std::{
    fs,
    process::{self, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How often the peak memory of a process is read. It only grows, so little is missed.
const INTERVAL: Duration = Duration::from_millis(2);

const MIB: f64 = 1024.0 * 1024.0;

/// The measurements with their names on the command line.
const ALL: [(&str, fn()); 11] = [
    ("plan_latency", plan_latency::measure),
    ("long_list", long_list::measure),
    ("parity", parity::measure),
    ("apply_latency", apply_latency::measure),
    ("pace", pace::measure),
    ("decode_and_plan", decode_and_plan::measure),
    ("start_up", start_up::measure),
    ("validate", validate::measure),
    ("render", render::measure),
    ("creations", creations::measure),
    ("worst_shapes", worst_shapes::measure),
];

fn main() {
    // Cargo adds `--bench`.
    let named: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    if named.iter().any(|name| name == decode_and_plan::CHILD) {
        return decode_and_plan::child();
    }
    for (name, measure) in ALL {
        if named.is_empty() || named.iter().any(|wanted| wanted == name) {
            println!("{name}");
            measure();
        }
    }
}

/// Prints a figure and its target.
fn figure(what: &str, value: f64, target: f64, unit: &str) {
    println!(
        "  {what:<40} {value:>8.2} {unit:<5} {:>6.2} of the target, {target} {unit}",
        value / target
    );
}

/// The peak memory of a process; none after its end or without `/proc`.
fn peak_memory(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0 / MIB)
}

fn own_peak_memory() -> Option<f64> {
    peak_memory(process::id())
}

/// Runs a command that must succeed. Returns its time and its peak memory.
fn watched(command: &mut Command) -> (Duration, f64) {
    let (time, peak, status) = ended(command, Stdio::null());
    assert!(status.success(), "it failed: {status}");
    (time, peak)
}

/// Runs a command that may fail. Returns its time, its peak memory and its status.
fn ended(command: &mut Command, stdout: Stdio) -> (Duration, f64, process::ExitStatus) {
    let start = Instant::now();
    let mut child = command.stdout(stdout).spawn().unwrap();
    let mut peak: f64 = 0.0;
    let status = loop {
        peak = peak.max(peak_memory(child.id()).unwrap_or(0.0));
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None => thread::sleep(INTERVAL),
        }
    };
    (start.elapsed(), peak, status)
}
