//! An apply against a service with latency: each change costs a check and its writes, in parallel
//! with others.
//!
//! `PORTOLAN_RIVAL=/path/to/another/portolan` runs that program in turn with this one and prints
//! the ratio.

use std::{env, time::Duration};

use portolan::emulator::Settings;

use super::{
    figure,
    plan_latency::{Estate, REPOSITORIES},
    watched,
};

const LATENCY: Duration = Duration::from_millis(50);
const PARALLELISM: usize = 50;

/// How often each apply is measured; the median counts.
const RUNS: usize = 5;

const RIVAL: &str = "PORTOLAN_RIVAL";

pub(super) fn measure() {
    println!(
        "  {REPOSITORIES} repositories with 2 rules each, {} ms an answer",
        LATENCY.as_millis()
    );
    scenario("created", &|estate| {
        estate.emulator.edit(|state| state.regions.clear());
    });
    scenario("changed", &|estate| {
        estate.emulator.edit(Estate::change_descriptions);
    });
}

/// Applies the same chart several times, each time after `undo`.
fn scenario(what: &str, undo: &dyn Fn(&Estate)) {
    let estate = Estate::new(Settings {
        latency: LATENCY,
        ..Settings::default()
    });
    let rival = env::var(RIVAL).ok();
    let (mut own, mut others, mut requests) = (Vec::new(), Vec::new(), 0);
    for _ in 0..RUNS {
        undo(&estate);
        estate.emulator.clear_journal();
        own.push(apply(&estate, env!("CARGO_BIN_EXE_portolan")));
        requests = estate.emulator.journal().len();
        if let Some(rival) = &rival {
            undo(&estate);
            others.push(apply(&estate, rival));
        }
    }
    let milliseconds = median(own);
    println!("  {what}: {milliseconds:.0} ms, {requests} requests");
    let bound = requests.div_ceil(PARALLELISM) as f64 * LATENCY.as_secs_f64() * 1000.0;
    figure(
        &format!("  ratio to the bound of {bound:.0} ms"),
        milliseconds / bound,
        1.35,
        "times",
    );
    if rival.is_some() {
        figure(
            "  against the other program",
            milliseconds / median(others),
            1.05,
            "times",
        );
    }
}

fn apply(estate: &Estate, program: &str) -> f64 {
    let mut command = estate.command(program);
    command.args([
        "apply",
        "--yes",
        "--quiet",
        "--parallelism",
        &PARALLELISM.to_string(),
        "--file",
    ]);
    watched(command.arg(estate.chart())).0.as_secs_f64() * 1000.0
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
