//! The bucket, second by second; what it learns from whole services is shown with the client.

use super::*;

fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// Everything that may be sent from one time to another is sent, and succeeds at once.
fn all(pace: &mut Pace, from: f64, to: f64) -> usize {
    let (mut now, mut sent) = (at(from), 0);
    while now < at(to) {
        match pace.take(now, 1) {
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

/// A hundred a second for two seconds, then nothing for a while, and the same once more.
fn learned() -> Pace {
    let mut pace = Pace::new(at(0.0));
    for start in [0.0, 3.0] {
        for number in 0..200 {
            let now = at(start + 0.01 * f64::from(number));
            pace.succeeded(now, now);
        }
        for number in 0..3 {
            let now = at(start + 2.0 + 0.01 * f64::from(number));
            pace.throttled(now, now, None);
        }
    }
    pace.succeeded(at(5.9), at(5.9));
    pace
}

#[test]
fn without_throttling_there_is_no_rate_limit() {
    let mut pace = Pace::new(at(0.0));
    assert_eq!(
        (0..10_000)
            .filter(|_| pace.take(at(1.0), 1).is_ok())
            .count(),
        10_000
    );
    assert_eq!(pace.rate(), None);
}

#[test]
fn the_second_burst_sets_a_rate_and_the_first_none() {
    let mut pace = Pace::new(at(0.0));
    for (start, is_limited) in [(0.0, false), (2.0, true)] {
        (0..100).for_each(|_| pace.succeeded(at(start), at(start + 0.1)));
        (0..40).for_each(|_| pace.throttled(at(start), at(start + 0.2), Some(at(1.0))));
        assert_eq!(pace.rate().is_some(), is_limited, "{start}");
    }
    assert_eq!(pace.rate(), Some(100.0 * LEFT));
}

#[test]
fn single_refusals_set_no_rate() {
    let mut pace = Pace::new(at(0.0));
    for number in 0..1000 {
        let now = at(0.1 * f64::from(number));
        pace.throttled(now, now, (number % 2 == 0).then_some(at(1.0)));
        pace.succeeded(now + at(0.01), now + at(0.02));
    }
    assert_eq!(pace.rate(), None);
}

#[test]
fn a_rate_climbs_back_rests_and_climbs_on() {
    let mut pace = learned();
    let rates: Vec<f64> = (0..40)
        .map(|second| {
            all(&mut pace, 5.9 + f64::from(second), 6.9 + f64::from(second));
            pace.rate().unwrap()
        })
        .collect();
    assert!(
        (LEFT * 100.0..LEFT * 110.0).contains(&rates[0]),
        "{rates:?}"
    );
    let grown: Vec<f64> = rates.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // A hundred is reached after eleven seconds.
    assert!((98.0..102.0).contains(&rates[11]), "{rates:?}");
    assert!(
        grown[0] > 2.0 && grown[10] < 0.1 && grown[30] > 10.0,
        "{grown:?}"
    );
}

#[test]
fn a_rate_is_kept_evenly() {
    let mut pace = learned();
    let sent = all(&mut pace, 6.0, 7.0) as f64;
    let rate = pace.rate().unwrap();
    assert!((sent - rate).abs() <= 4.0, "{sent} at a rate of {rate}");
}

#[test]
fn one_cut_takes_a_bounded_share() {
    let mut pace = learned();
    let rate = pace.rate().unwrap();
    // Another client has used the second up.
    pace.throttled(at(8.0), at(8.0), Some(at(1.0)));
    assert_eq!(pace.rate(), Some(rate * LEAST_MEASURED * LEFT));
}

#[test]
fn single_refusals_cut_a_rate_only_if_they_ask_to_wait() {
    for (retry_after, is_cut) in [(None, false), (Some(at(1.0)), true)] {
        let mut pace = learned();
        for second in 6..26 {
            let now = at(f64::from(second));
            pace.throttled(now, now + at(0.1), retry_after);
            all(&mut pace, f64::from(second) + 0.2, f64::from(second) + 1.0);
            pace.succeeded(now + at(1.2), now + at(1.3));
        }
        let rate = pace.rate().unwrap();
        assert_eq!(rate < LEFT * 100.0, is_cut, "{retry_after:?}: {rate}");
    }
}

#[test]
fn an_unused_rate_does_not_grow() {
    let mut pace = learned();
    all(&mut pace, 5.9, 6.9);
    let rate = pace.rate().unwrap();
    for second in (10..100).step_by(2) {
        assert!(pace.take(at(f64::from(second)), 1).is_ok());
    }
    assert!(pace.rate().unwrap() - rate < 0.1, "{:?}", pace.rate());
}

#[test]
fn no_burst_follows_a_pause() {
    let mut pace = learned();
    let rate = pace.rate().unwrap();
    let mut sent = 0;
    while pace.take(at(10.0), 1).is_ok() {
        sent += 1;
    }
    assert!(f64::from(sent) <= 2.0 + 1.2 * rate * BURST, "{sent}");
}

#[test]
fn while_every_request_is_throttled_the_pauses_grow() {
    let mut pace = Pace::new(at(0.0));
    let (mut now, mut asked) = (at(1.0), Vec::new());
    for _ in 0..14 {
        let sent = now;
        now += at(0.001);
        pace.throttled(sent, now, None);
        while let Err(later) = pace.take(now, 1) {
            now = later;
        }
        asked.push(now.as_millis());
    }
    assert!(pace.is_shut());
    let waits: Vec<u128> = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits.is_sorted(), "{waits:?}");
    assert_eq!(waits.last(), Some(&5001));
    pace.succeeded(now + at(0.001), now + at(0.002));
    assert!(!pace.is_shut());
}

#[test]
fn the_rate_has_a_minimum() {
    let mut pace = learned();
    let mut now = at(6.0);
    for _ in 0..2000 {
        while let Err(later) = pace.take(now, 1) {
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
fn three_refusals_in_a_row_shut_the_endpoint() {
    let mut pace = Pace::new(at(0.0));
    for number in 1..=3 {
        assert!(!pace.is_shut());
        pace.throttled(at(0.5), at(1.0 + 0.001 * f64::from(number)), None);
    }
    assert!(pace.is_shut());
}

#[test]
fn nothing_is_sent_before_retry_after() {
    let mut pace = Pace::new(at(0.0));
    pace.throttled(at(0.0), at(1.0), Some(at(7.0)));
    pace.throttled(at(0.5), at(1.5), Some(at(2.0)));
    assert_eq!(pace.take(at(2.0), 1), Err(at(8.0)));
    assert!(pace.take(at(8.0), 1).is_ok());
}

/// How many pairs go in the second after a rate was learned, for each request of that rate, if
/// `sent` of each pair are sent.
fn pairs_in_a_second(sent: u32) -> f64 {
    let mut pace = learned();
    let rate = pace.rate().unwrap();
    let (mut now, mut pairs) = (at(5.9), 0);
    while now < at(6.9) {
        match pace.take(now, 2) {
            Ok(mut taken) => {
                (0..sent).for_each(|_| taken.spend());
                pace.give_back(taken);
                pairs += 1;
            }
            Err(later) => now = later,
        }
    }
    f64::from(pairs) / rate
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
