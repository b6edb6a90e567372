//! The gateway's rate limit: a number of requests per second or minute of the clock and region, and
//! 429 for the rest (`swr-api.md`, section 15). A refused request does not reach the service.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use crate::emulator::{
    message::Response,
    message::refusal::Refusal,
    settings::{ErrorShape, rate::Rate},
};

/// The requests of the current window, by region.
#[derive(Debug, Default)]
pub(in super::super) struct Windows(BTreeMap<String, (i64, u32)>);

impl Windows {
    /// Counts a request. Returns the refusal if it is above the limit.
    pub(in super::super) fn count(
        &mut self,
        rate: Rate,
        region: &str,
        now: Timestamp,
        shape: ErrorShape,
        request_id: &str,
    ) -> Option<Response> {
        // Windows are aligned to the clock: a client that waits for the next second or minute gets
        // the full count.
        let length = rate.window.milliseconds();
        let current = now.as_millisecond().div_euclid(length);
        let (window, count) = self.0.entry(region.to_owned()).or_insert((current, 0));
        if *window != current {
            (*window, *count) = (current, 0);
        }
        if *count < rate.requests {
            *count += 1;
            return None;
        }
        let limit = format!("limit:{},time:{}", rate.requests, rate.window.name());
        let message =
            format!("The throttling threshold has been reached: policy api over ratelimit,{limit}");
        let response = Refusal::gateway(429, "0308", message).response(shape, request_id);
        let left = Duration::from_millis(length.abs_diff(now.as_millisecond().rem_euclid(length)));
        // Rounded up: a client that retries after this time is in the next window.
        let seconds = left.as_millis().div_ceil(1000).to_string();
        Some(if rate.retry_after {
            response.with_header("Retry-After", seconds)
        } else {
            response
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(windows: &mut Windows, rate: &str, region: &str, at: i64) -> Option<Response> {
        let now = Timestamp::from_millisecond(at).unwrap();
        windows.count(rate.parse().unwrap(), region, now, ErrorShape::C, "id-1")
    }

    #[test]
    fn each_window_of_each_region_has_its_own_count() {
        let mut windows = Windows::default();
        for at in [60_200, 60_900, 61_000, 61_999] {
            assert_eq!(
                count(&mut windows, "1/s", "a", at).is_some(),
                at % 1000 == 900 || at % 1000 == 999,
                "{at}"
            );
        }
        assert_eq!(count(&mut windows, "1/s", "b", 61_999), None);
        let mut windows = Windows::default();
        let refused = [60_000, 90_000, 119_999, 120_000]
            .map(|at| count(&mut windows, "2/m", "a", at).is_some());
        assert_eq!(refused, [false, false, true, false]);
    }

    #[test]
    fn a_refusal_is_the_gateways() {
        let mut windows = Windows::default();
        assert_eq!(count(&mut windows, "1/m,retry-after", "a", 60_000), None);
        let refusal = count(&mut windows, "1/m,retry-after", "a", 62_500).unwrap();
        assert_eq!(
            (refusal.status, refusal.header("retry-after")),
            (429, Some("58"))
        );
        assert_eq!(refusal.value()["error_code"], "APIGW.0308");
        assert!(
            refusal.value()["error_msg"]
                .as_str()
                .unwrap()
                .contains("limit:1,time:1 minute")
        );
        let silent = count(&mut windows, "1/m", "a", 62_500).unwrap();
        assert_eq!((silent.status, silent.header("retry-after")), (429, None));
    }
}
