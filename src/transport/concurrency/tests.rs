//! The limit, answer by answer.

use super::*;

const FAST: Duration = Duration::from_millis(50);

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// One round of answers to as many requests as are allowed.
fn round(limit: &mut Limit, latency: Duration) {
    for _ in 0..limit.allowed() {
        limit.succeeded(latency, true);
    }
}

#[test]
fn it_doubles_from_round_to_round_up_to_the_most() {
    let mut limit = Limit::adaptive();
    let mut seen = vec![limit.allowed()];
    for _ in 0..4 {
        round(&mut limit, FAST);
        seen.push(limit.allowed());
    }
    assert_eq!(seen, [START, 20, 40, MOST, MOST]);
}

#[test]
fn concurrency_is_not_raised_without_waiting_requests() {
    let mut limit = Limit::adaptive();
    for _ in 0..100 {
        limit.succeeded(FAST, false);
    }
    assert_eq!(limit.allowed(), START);
}

#[test]
fn a_burst_of_refusals_halves_once() {
    let mut limit = Limit::fixed(64);
    for number in 0..64 {
        assert_eq!(limit.throttled(ms(number), ms(100 + number)), number == 0);
    }
    assert_eq!(limit.allowed(), 32);
    assert!(
        !limit.throttled(ms(100), ms(200)),
        "it was sent before the limit fell"
    );
    assert!(limit.throttled(ms(101), ms(201)));
    assert_eq!(limit.allowed(), 16);
}

#[test]
fn one_is_always_allowed() {
    let mut limit = Limit::adaptive();
    for number in 0..20 {
        limit.throttled(ms(number), ms(number));
    }
    assert_eq!(limit.allowed(), 1);
    assert_eq!(Limit::fixed(0).allowed(), 1);
}

#[test]
fn it_recovers_step_by_step() {
    let mut limit = Limit::fixed(64);
    limit.throttled(ms(0), ms(1));
    let mut seen = Vec::new();
    for _ in 0..9 {
        round(&mut limit, FAST);
        seen.push(limit.allowed());
    }
    assert!(
        seen.windows(2)
            .all(|pair| pair[0] == 64 || (3..=4).contains(&(pair[1] - pair[0])) || pair[1] == 64)
    );
    assert_eq!((seen[0], seen.last()), (35, Some(&64)), "{seen:?}");
}

#[test]
fn slow_answers_end_the_climb_and_take_back_what_was_too_much() {
    let mut limit = Limit::adaptive();
    round(&mut limit, FAST);
    round(&mut limit, FAST);
    assert_eq!(limit.allowed(), 40);
    round(&mut limit, 2 * FAST);
    assert!(limit.allowed() < 60, "{}", limit.allowed());
    // The next round was sent before the limit fell.
    let fallen = limit.allowed();
    round(&mut limit, 2 * FAST);
    assert_eq!(limit.allowed(), fallen);
    for _ in 0..20 {
        round(&mut limit, 2 * FAST);
    }
    assert_eq!(limit.allowed(), START);
}

#[test]
fn a_fixed_number_does_not_fall_for_slow_answers() {
    let mut limit = Limit::fixed(30);
    round(&mut limit, FAST);
    for _ in 0..5 {
        round(&mut limit, 10 * FAST);
    }
    assert_eq!(limit.allowed(), 30);
}

#[test]
fn a_few_slow_answers_change_nothing() {
    let mut limit = Limit::adaptive();
    for _ in 0..10 {
        for number in 0..limit.allowed() {
            limit.succeeded(if number % 2 == 0 { FAST } else { 20 * FAST }, true);
        }
    }
    assert_eq!(limit.allowed(), MOST);
}
