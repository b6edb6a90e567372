//! Plans against a service that allows so many requests a second: how much of that is used, and how
//! much refused. And what one accident costs: a stray refusal, or another client's burst.
//!
//! More of this, in simulated time, is in `src/transport/client/tests/limits.rs`.

use std::time::Duration;

use portolan::emulator::{Request, Settings};
use tokio::{runtime::Runtime, task::JoinSet};

use super::{
    figure,
    plan_latency::{Estate, REGION, REPOSITORIES},
};

const LATENCY: Duration = Duration::from_millis(50);

/// Requests of one plan: two lists, and the rules of each repository.
const REQUESTS: usize = REPOSITORIES + 2;

pub(super) fn measure() {
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
    accidents();
}

fn accidents() {
    let estate = Estate::new(Settings {
        latency: LATENCY,
        ..Settings::default()
    });
    let without = estate.plan("auto").0;
    let fault = "status=429,retry-after=1,route=list-rules";
    estate.emulator.inject(fault.parse().unwrap());
    compare("a stray refusal", without, estate.plan("auto").0);

    let estate = Estate::new(Settings {
        latency: LATENCY,
        rate: Some("50/s,retry-after".parse().unwrap()),
        ..Settings::default()
    });
    let without = estate.plan("auto").0;
    Runtime::new().unwrap().block_on(async {
        let mut others = JoinSet::new();
        for _ in 0..55 {
            let emulator = estate.emulator.clone();
            others.spawn(async move { emulator.answer(organizations()).await });
        }
        others.join_all().await;
    });
    compare(
        "55 requests of another client",
        without,
        estate.plan("auto").0,
    );
}

fn organizations() -> Request {
    Request {
        region: REGION.to_owned(),
        method: "GET".to_owned(),
        path: "/v2/manage/namespaces".to_owned(),
        ..Request::default()
    }
}

/// An accident may cost a second of waiting and a quarter of the time.
fn compare(what: &str, without: Duration, with: Duration) {
    let most = 1.25 * without.as_secs_f64() + 1.5;
    figure(&format!("  {what}"), with.as_secs_f64(), most, "s");
}
