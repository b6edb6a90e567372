//! Today's limiter beside a cubic one, scenario by scenario, in simulated time: the share of the
//! limit that is used, the mean and the longest time, and the share of requests that is refused.

use std::time::Duration;

use portolan::transport::pace::Pace;

use super::{
    REQUESTS, cubic,
    services::{Service, Window, at_random, refusing},
    simulation::{Limiter, Outcome, run},
};

type Make = fn() -> Box<dyn Limiter>;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// The phases of the service's clock that are tried.
const PHASES: u32 = 20;

pub(super) fn print() {
    println!("  in simulated time{:>36}{:>28}", "today", "cubic");
    for retry_after in [false, true] {
        for requests in [20, 50, 100] {
            let window = window(requests, SECOND, retry_after);
            row("a plan", &window, &|make| plans(make, window));
            row("1000 s", &window, &|make| long(make, window));
        }
        let window = window(600, MINUTE, retry_after);
        row("1000 s", &window, &|make| long(make, window));
        for at in [Duration::ZERO, SECOND / 10, 2 * SECOND] {
            let mut window = self::window(50, SECOND, retry_after);
            window.others = Some((at, 55));
            let what = format!("55 of another client at {at:?}");
            row(&what, &window, &|make| plans(make, window));
        }
        // 5 get through in the second in which the client tries again.
        let mut window = self::window(50, SECOND, retry_after);
        window.others = Some((SECOND / 2, 45));
        let what = "45 of another client at 500ms";
        row(what, &window, &|make| plans(make, window));
        for numbers in [&[][..], &[1], &[3], &[30], &[400], &[3, 300]] {
            let what = format!("no limit, {numbers:?} refused{}", word(retry_after));
            print_row(&what, &|make| one(make, refusing(numbers, retry_after)));
        }
        let what = format!("no limit, 5 % refused{}", word(retry_after));
        print_row(&what, &|make| one(make, at_random(20, retry_after)));
    }
}

fn window(requests: u32, length: Duration, retry_after: bool) -> Window {
    Window {
        requests,
        length,
        began: 0.0,
        retry_after,
        others: None,
    }
}

fn word(retry_after: bool) -> &'static str {
    if retry_after { ", Retry-After" } else { "" }
}

fn row(what: &str, window: &Window, measure: &dyn Fn(Make) -> String) {
    let (requests, seconds) = (window.requests, window.length.as_secs());
    let word = word(window.retry_after);
    print_row(&format!("{requests} in {seconds} s{word}: {what}"), measure);
}

fn print_row(what: &str, measure: &dyn Fn(Make) -> String) {
    let today = measure(|| Box::new(Pace::new(Duration::ZERO)));
    let cubic = measure(|| Box::new(cubic::Pace::new(Duration::ZERO)));
    println!("  {what:<48} {today:>27} {cubic:>27}");
}

/// Seconds of one plan.
fn one(make: Make, service: Service) -> String {
    let outcome = run(&mut *make(), service, REQUESTS, Duration::MAX);
    format!("{:.2} s", outcome.time.as_secs_f64())
}

/// Plans that begin in each phase of the service's clock.
fn plans(make: Make, window: Window) -> String {
    let (mut seconds, mut longest, mut refused) = (0.0, 0.0, 0.0);
    for phase in 0..PHASES {
        let began = f64::from(phase) / f64::from(PHASES);
        let service = Window { began, ..window }.service();
        let Outcome { time, log } = run(&mut *make(), service, REQUESTS, Duration::MAX);
        seconds += time.as_secs_f64() / f64::from(PHASES);
        longest = f64::max(longest, time.as_secs_f64());
        let share = (log.len() - REQUESTS) as f64 / log.len() as f64;
        refused += share / f64::from(PHASES);
    }
    let used = REQUESTS as f64 / seconds / f64::from(window.requests);
    format!(
        "{used:.2}, {seconds:.1} to {longest:.1} s, {:.0} %",
        100.0 * refused
    )
}

/// More than is allowed, for a long time.
fn long(make: Make, window: Window) -> String {
    let until = Duration::from_secs(1000);
    let allowed = f64::from(window.requests) * until.div_duration_f64(window.length);
    let Outcome { log, .. } = run(&mut *make(), window.service(), 2 * allowed as usize, until);
    let succeeded = log.iter().filter(|(_, is_success)| *is_success).count();
    let refused = (log.len() - succeeded) as f64 / log.len() as f64;
    format!(
        "{:.2}, {:.0} %",
        succeeded as f64 / allowed,
        100.0 * refused
    )
}
