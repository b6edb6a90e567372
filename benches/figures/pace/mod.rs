//! Plans against a service that allows so many requests a second: how much of that is used, and how
//! much refused.

mod comparison;
mod cubic;
mod services;
mod simulation;

use std::time::Duration;

use portolan::emulator::Settings;

use super::{
    figure,
    plan_latency::{Estate, REPOSITORIES},
};

const LATENCY: Duration = Duration::from_millis(50);

/// Requests of one plan: two lists, and the rules of each repository.
const REQUESTS: usize = REPOSITORIES + 2;

pub(super) fn measure() {
    comparison::print();
    println!(
        "  {REQUESTS} reads with default flags; {} ms an answer",
        LATENCY.as_millis()
    );
    for rate in [
        "20/s",
        "50/s",
        "100/s",
        "20/s,retry-after",
        "50/s,retry-after",
        "100/s,retry-after",
    ] {
        let parsed = rate.parse().unwrap();
        let estate = Estate::new(Settings {
            latency: LATENCY,
            rate: Some(parsed),
            ..Settings::default()
        });
        // It must succeed: one read that is given up would fail the plan.
        let (time, _) = estate.plan("auto");
        let refused = estate
            .emulator
            .journal()
            .iter()
            .filter(|entry| entry.status == Some(429))
            .count();
        let achieved = REQUESTS as f64 / time.as_secs_f64();
        println!(
            "  {rate}: {:.1} s, {achieved:.1} answers a second, {refused} refusals",
            time.as_secs_f64()
        );
        figure(
            "  of what is allowed",
            achieved / f64::from(parsed.requests),
            1.0,
            "times",
        );
    }
}
