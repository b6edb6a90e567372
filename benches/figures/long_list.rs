//! A plan without changes with a list of many pages, against a service with latency.
//!
//! `PORTOLAN_BEFORE` is the path of an older program to compare with. The two run in turn, so that
//! a change of the machine's load affects both.

use std::{env, fmt::Write as _, fs, time::Duration};

use portolan::emulator::{Settings, State, SyncRule};

use super::{
    figure,
    plan_latency::{Estate, LATENCY, REGION},
};

const REPOSITORIES: usize = 20_000;
/// One repository of this number has managed rules.
const WITH_RULES: usize = 100;
const TARGET: (&str, &str) = ("cn-east-3", "estate-dr");

/// How often each plan is measured; the medians count.
const RUNS: usize = 5;

/// The CPU time of a tick in `/proc`.
const TICK: Duration = Duration::from_millis(10);

pub(super) fn measure() {
    let managed = REPOSITORIES / WITH_RULES;
    println!(
        "  {REPOSITORIES} repositories, {managed} of them with managed rules, all as in the chart; \
        {} ms an answer",
        LATENCY.as_millis()
    );
    let settings = Settings {
        latency: LATENCY,
        ..Settings::default()
    };
    let estate = Estate::of(settings, fill, &chart_text());
    let before = env::var("PORTOLAN_BEFORE").ok();
    let programs: Vec<&str> = before
        .as_deref()
        .into_iter()
        .chain([env!("CARGO_BIN_EXE_portolan")])
        .collect();
    for (parallelism, most) in [("10", None), ("64", Some(700.0))] {
        let mut runs = vec![Vec::new(); programs.len()];
        for _ in 0..RUNS {
            for (program, runs) in programs.iter().zip(&mut runs) {
                runs.push(run(&estate, program, parallelism));
            }
        }
        for (program, runs) in programs.iter().zip(&runs) {
            let median = |value: fn(&Run) -> f64| {
                let mut values: Vec<f64> = runs.iter().map(value).collect();
                values.sort_by(f64::total_cmp);
                values[RUNS / 2]
            };
            let requests = median(|run| run.requests);
            let milliseconds = median(|run| run.milliseconds);
            println!("  parallelism {parallelism}: {requests} requests by {program}");
            match (most, parallelism.parse::<f64>()) {
                (Some(most), _) => figure("  time", milliseconds, most, "ms"),
                (None, Ok(parallelism)) => {
                    let bound = (requests / parallelism).ceil() * LATENCY.as_millis() as f64;
                    figure(
                        &format!("  ratio to the bound of {bound} ms"),
                        milliseconds / bound,
                        1.3,
                        "times",
                    );
                }
                (None, Err(_)) => {}
            }
            if runs.iter().all(|run| run.cpu.is_some()) {
                println!(
                    "    CPU time of the client: {:.0} ms",
                    median(|run| run.cpu.unwrap_or_default())
                );
            }
        }
    }
}

#[derive(Clone)]
struct Run {
    milliseconds: f64,
    requests: f64,
    cpu: Option<f64>,
}

fn run(estate: &Estate, program: &str, parallelism: &str) -> Run {
    estate.emulator.clear_journal();
    let before = cpu_of_children();
    let (time, _) = estate.plan_by(program, parallelism);
    let cpu = cpu_of_children()
        .zip(before)
        .map(|(after, before)| (after - before).as_secs_f64() * 1000.0);
    Run {
        milliseconds: time.as_secs_f64() * 1000.0,
        requests: estate.emulator.journal().len() as f64,
        cpu,
    }
}

/// The CPU time of all child processes that have ended; none without `/proc`.
fn cpu_of_children() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // User and system time are the 16th and the 17th field. The second is a name in brackets, which
    // may contain spaces.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(13);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    Some(TICK * (ticks()? + ticks()?))
}

fn name(number: usize) -> String {
    format!("service-{:03}/component-{number:05}", number / 100)
}

fn fill(state: &mut State) {
    for number in 0..REPOSITORIES {
        let repository = state.ensure_repository(REGION, "estate", &name(number));
        if number.is_multiple_of(WITH_RULES) {
            repository.sync_rules = [SyncRule::to(TARGET.0, TARGET.1)].into();
        }
    }
}

fn chart_text() -> String {
    let mut text =
        format!("version: 1\nregion: {REGION}\norganizations:\n  estate:\n    repositories:\n");
    for number in 0..REPOSITORIES {
        let rules = match number.is_multiple_of(WITH_RULES) {
            true => format!(
                "sync: [ {{ target_region: {}, target_organization: {} }} ]",
                TARGET.0, TARGET.1
            ),
            false => String::new(),
        };
        writeln!(text, "      {}: {{ {rules} }}", name(number)).unwrap();
    }
    text
}
