//! The bucket, second by second; what it learns from whole services is shown with the client.

use super::*;

fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// Everything that may be sent from one time to another is sent, and succeeds at once.
fn all(pace: &mut Pace, from: f64, to: f64) -> usize {
    let (mut now, mut sent) = (at(from), 0);
    while now < at(to) {
        match pace.take(now, false, 1) {
            Ok(_) => {
                pace.succeeded(now, now);
                sent += 1;
                now += Duration::from_micros(100);
            }
            Err(later) => now = later,
        }
    }
    sent
}

/// A hundred a second for two seconds, then nothing for a while.
fn learned() -> Pace {
    let mut pace = Pace::new(at(0.0));
    for number in 0..200 {
        pace.succeeded(at(0.01 * f64::from(number)), at(0.01 * f64::from(number)));
    }
    for number in 0..5 {
        let now = at(2.0 + 0.1 * f64::from(number));
        pace.throttled(now, now, None);
    }
    pace.succeeded(at(2.85), at(2.85));
    pace
}

#[test]
fn without_throttling_there_is_no_pace() {
    let mut pace = Pace::new(at(0.0));
    assert_eq!(
        (0..10_000)
            .filter(|_| pace.take(at(1.0), false, 1).is_ok())
            .count(),
        10_000
    );
    assert_eq!(pace.rate(), None);
}

#[test]
fn what_was_let_through_becomes_the_pace() {
    let pace = learned();
    let rate = pace.rate().unwrap();
    assert!(
        (70.0..77.0).contains(&rate),
        "200 in between 2.4 and 2.85 seconds, and not {rate}"
    );
}

#[test]
fn a_pace_is_kept_evenly_then_raised() {
    let mut pace = learned();
    let rate = pace.rate().unwrap();
    let first = all(&mut pace, 3.0, 4.0) as f64;
    assert!((first - rate).abs() <= 3.0, "{first} at a pace of {rate}");
    assert!(pace.rate() == Some(rate), "it is held");
    all(&mut pace, 4.0, 15.0);
    assert!(pace.rate() > Some(rate * 1.05), "{:?}", pace.rate());
    all(&mut pace, 15.0, 200.0);
    assert_eq!(pace.rate(), None, "nothing was ever refused again");
}

#[test]
fn a_pace_that_nobody_uses_is_not_raised() {
    let mut pace = learned();
    let rate = pace.rate();
    for second in 4..100 {
        assert!(pace.take(at(f64::from(second)), false, 1).is_ok());
        pace.succeeded(at(f64::from(second)), at(f64::from(second)));
    }
    assert_eq!(pace.rate(), rate);
}

#[test]
fn while_nothing_gets_through_one_asks_ever_less_often() {
    let mut pace = Pace::new(at(0.0));
    let (mut now, mut asked) = (at(1.0), Vec::new());
    for _ in 0..14 {
        pace.throttled(now, now, None);
        while let Err(later) = pace.take(now, true, 1) {
            now = later;
        }
        asked.push(now.as_millis());
    }
    assert!(pace.is_shut());
    let waits: Vec<u128> = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits.is_sorted(), "{waits:?}");
    assert_eq!(waits.last(), Some(&5000));
    pace.succeeded(now, now);
    assert!(!pace.is_shut());
}

#[test]
fn no_pace_is_so_slow_that_nothing_is_learned() {
    let mut pace = learned();
    let mut now = at(3.0);
    for _ in 0..2000 {
        while let Err(later) = pace.take(now, true, 1) {
            assert!(later < now + at(60.0), "{pace:?}");
            now = later;
        }
        pace.throttled(now, now, Some(at(1.0)));
        now += at(1.0);
        pace.succeeded(now, now);
    }
    assert!(pace.rate() >= Some(SLOWEST));
}

#[test]
fn all_that_were_in_flight_together_count_once() {
    let mut pace = Pace::new(at(0.0));
    for number in 0..64 {
        let now = at(1.0 + 0.001 * f64::from(number));
        pace.throttled(at(0.5), now, None);
        pace.succeeded(at(0.5), now);
    }
    assert!(!pace.is_shut());
    pace.throttled(at(1.01), at(1.1), None);
    assert!(pace.is_shut());
}

#[test]
fn three_refusals_in_a_row_are_no_chance() {
    let mut pace = Pace::new(at(0.0));
    for number in 1..=3 {
        assert!(!pace.is_shut());
        pace.throttled(at(0.5), at(1.0 + 0.001 * f64::from(number)), None);
    }
    assert!(pace.is_shut());
}

/// Takes all that may be sent at a time, and says how many that were and when there is more.
fn at_once(pace: &mut Pace, now: f64) -> (usize, Duration) {
    let mut taken = 0;
    loop {
        match pace.take(at(now), false, 1) {
            Ok(_) => taken += 1,
            Err(later) => return (taken, later),
        }
    }
}

/// So many get through at once, and the next has to wait for a second.
fn refused_after(number: usize) -> Pace {
    let mut pace = Pace::new(at(0.0));
    (0..number).for_each(|_| pace.succeeded(at(0.1), at(0.2)));
    pace.throttled(at(0.1), at(0.25), Some(at(1.0)));
    pace
}

#[test]
fn what_was_let_through_at_once_is_the_limit_of_a_second() {
    let mut pace = refused_after(100);
    let (taken, later) = at_once(&mut pace, 1.25);
    assert_eq!(taken, 100);
    assert!(later >= at(2.25), "{later:?}");
    // It was more than the limit: the second had ended meanwhile.
    for _ in 0..60 {
        pace.succeeded(at(1.25), at(1.3));
    }
    pace.throttled(at(1.25), at(1.31), Some(at(1.0)));
    assert_eq!(at_once(&mut pace, 2.31).0, 60);
    pace.succeeded(at(2.31), at(2.36));
    assert_eq!(pace.rate(), Some(60.0 * MARGIN));
}

#[test]
fn what_was_in_flight_at_the_first_refusal_counts_as_well() {
    let mut pace = refused_after(20);
    for _ in 0..30 {
        pace.succeeded(at(0.1), at(0.26));
    }
    assert_eq!(at_once(&mut pace, 1.25).0, 50);
}

#[test]
fn no_second_holds_more_than_what_may_go_at_once() {
    let mut pace = refused_after(100);
    // At first few, then many, as when a limit grows.
    let mut sent = Vec::new();
    for (now, number) in [(1.25, 1), (1.3, 29), (1.35, 70)] {
        sent.extend(
            (0..number)
                .filter(|_| pace.take(at(now), false, 1).is_ok())
                .map(|_| at(now)),
        );
    }
    assert_eq!(sent.len(), 100);
    let mut now = at(1.36);
    while sent.len() < 300 {
        match pace.take(now, false, 1) {
            Ok(_) => sent.push(now),
            Err(later) => now = later,
        }
    }
    assert!(
        sent.windows(101)
            .all(|sent| sent[100] - sent[0] >= at(0.9999)),
        "{sent:?}"
    );
}

#[test]
fn nothing_is_sent_before_the_service_said() {
    let mut pace = Pace::new(at(0.0));
    pace.throttled(at(0.0), at(1.0), Some(at(7.0)));
    pace.throttled(at(0.5), at(1.5), Some(at(2.0)));
    assert_eq!(pace.take(at(2.0), true, 1), Err(at(8.0)));
    assert!(pace.take(at(8.0), true, 1).is_ok());
}

/// How many pairs go in the second after a pace was learned, if `sent` of each pair are sent.
fn pairs_in_a_second(sent: u32) -> f64 {
    let mut pace = learned();
    let rate = pace.rate();
    let (mut now, mut pairs) = (at(3.0), 0);
    while now < at(4.0) {
        match pace.take(now, false, 2) {
            Ok(mut taken) => {
                (0..sent).for_each(|_| taken.spend());
                pace.give_back(taken);
                pairs += 1;
            }
            Err(later) => now = later,
        }
    }
    assert_eq!(pace.rate(), rate, "it is held");
    f64::from(pairs) / rate.unwrap()
}

#[test]
fn what_is_sent_together_is_paid_for_together() {
    let share = pairs_in_a_second(2);
    assert!((0.47..0.55).contains(&share), "{share}");
}

#[test]
fn what_is_not_sent_is_given_back() {
    let share = pairs_in_a_second(1);
    assert!((0.95..1.07).contains(&share), "{share}");
}
