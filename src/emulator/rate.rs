//! The gateway's limit: so many requests in each second or minute, counted for each region by the clock's own
//! windows, and 429 for the rest (`swr-api.md`, section 15). What is refused never reaches the service.

use std::{collections::BTreeMap, str::FromStr, time::Duration};

use jiff::Timestamp;

use super::{api::Refusal, message::Response, settings::ErrorShape};

/// How many requests a region answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// In each window.
    pub requests: u32,
    /// A window begins with every second, or with every minute.
    pub window: Window,
    /// Whether a refusal says when the next window begins; the documents do not promise it.
    pub retry_after: bool,
}

/// How long a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    Second,
    Minute,
}

impl Window {
    fn milliseconds(self) -> i64 {
        match self {
            Self::Second => 1_000,
            Self::Minute => 60_000,
        }
    }

    /// As the gateway says it.
    fn name(self) -> &'static str {
        match self {
            Self::Second => "1 second",
            Self::Minute => "1 minute",
        }
    }
}

impl FromStr for Rate {
    type Err = &'static str;

    /// Reads `50/s`, `600/m` and `50/s,retry-after`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (rate, retry_after) = match text.split_once(',') {
            Some((rate, "retry-after")) => (rate, true),
            Some(_) => return Err(EXPECTED),
            None => (text, false),
        };
        let (requests, window) = rate.split_once('/').ok_or(EXPECTED)?;
        let requests = requests.parse().ok().filter(|requests| *requests > 0).ok_or(EXPECTED)?;
        let window = match window {
            "s" => Window::Second,
            "m" => Window::Minute,
            _ => return Err(EXPECTED),
        };
        Ok(Self { requests, window, retry_after })
    }
}

const EXPECTED: &str = "expected a number above 0 and a unit, such as `50/s`, `600/m` or `50/s,retry-after`";

/// The requests of the current window, by region.
#[derive(Debug, Default)]
pub(super) struct Windows(BTreeMap<String, (i64, u32)>);

impl Windows {
    /// Counts a request; the refusal, if it is one too many.
    pub(super) fn count(
        &mut self,
        rate: Rate,
        region: &str,
        now: Timestamp,
        shape: ErrorShape,
        request_id: &str,
    ) -> Option<Response> {
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
        let message = format!("The throttling threshold has been reached: policy api over ratelimit,{limit}");
        let response = Refusal::gateway(429, "0308", message).response(shape, request_id);
        let left = Duration::from_millis(length.abs_diff(now.as_millisecond().rem_euclid(length)));
        let seconds = left.as_millis().div_ceil(1000).to_string();
        Some(if rate.retry_after { response.with_header("Retry-After", seconds) } else { response })
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
            assert_eq!(count(&mut windows, "1/s", "a", at).is_some(), at % 1000 == 900 || at % 1000 == 999, "{at}");
        }
        assert_eq!(count(&mut windows, "1/s", "b", 61_999), None);
        let mut windows = Windows::default();
        let refused = [60_000, 90_000, 119_999, 120_000].map(|at| count(&mut windows, "2/m", "a", at).is_some());
        assert_eq!(refused, [false, false, true, false]);
    }

    #[test]
    fn a_refusal_is_the_gateways() {
        let mut windows = Windows::default();
        assert_eq!(count(&mut windows, "1/m,retry-after", "a", 60_000), None);
        let refusal = count(&mut windows, "1/m,retry-after", "a", 62_500).unwrap();
        assert_eq!((refusal.status, refusal.header("retry-after")), (429, Some("58")));
        assert_eq!(refusal.value()["error_code"], "APIGW.0308");
        assert!(refusal.value()["error_msg"].as_str().unwrap().contains("limit:1,time:1 minute"));
        let silent = count(&mut windows, "1/m", "a", 62_500).unwrap();
        assert_eq!((silent.status, silent.header("retry-after")), (429, None));
    }

    #[test]
    fn a_rate_is_a_number_and_a_unit() {
        assert_eq!("600/m".parse(), Ok(Rate { requests: 600, window: Window::Minute, retry_after: false }));
        assert_eq!("5/s,retry-after".parse(), Ok(Rate { requests: 5, window: Window::Second, retry_after: true }));
        for wrong in ["", "5", "5/h", "0/s", "-1/s", "5/s,", "5/s,retry", "/s"] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }
}
