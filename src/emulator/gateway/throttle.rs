//! The limit of calls of CodeArts Repo: per minute, operation and region, for all users together.
//!
//! The minute is simulated time and begins with the first call.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// The calls of the current minutes, by region and operation.
#[derive(Debug, Default)]
pub(in super::super) struct Throttle(BTreeMap<(String, &'static str), Window>);

#[derive(Debug, Clone, Copy)]
struct Window {
    since: Timestamp,
    calls: u32,
}

impl Throttle {
    /// Counts a call and returns whether it is allowed.
    pub(super) fn admits(
        &mut self,
        region: &str,
        operation: &'static str,
        limit: u32,
        now: Timestamp,
    ) -> bool {
        let fresh = Window {
            since: now,
            calls: 0,
        };
        let window = self
            .0
            .entry((region.to_owned(), operation))
            .or_insert(fresh);
        // An edit of the state may move the clock back, hence the absolute value.
        if now.duration_since(window.since).abs() >= MINUTE {
            *window = fresh;
        }
        let admitted = window.calls < limit;
        window.calls += u32::from(admitted);
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_of_each_region_has_its_minute() {
        let at = |seconds: i64| Timestamp::new(1_800_000_000 + seconds, 0).unwrap();
        let mut throttle = Throttle::default();
        for (region, operation, seconds, admitted) in [
            ("cn-north-4", "Show", 0, true),
            ("cn-north-4", "Show", 30, true),
            ("cn-north-4", "Show", 59, false),
            ("cn-north-4", "Start", 59, true),
            ("cn-east-3", "Show", 59, true),
            ("cn-north-4", "Show", 60, true),
            ("cn-north-4", "Show", 61, true),
            ("cn-north-4", "Show", 119, false),
        ] {
            assert_eq!(
                throttle.admits(region, operation, 2, at(seconds)),
                admitted,
                "{region} {operation} {seconds}"
            );
        }
    }
}
