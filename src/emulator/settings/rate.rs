//! The rate limit of the gateway, as text and as a value.

use std::str::FromStr;

/// How many requests a region answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The limit per window.
    pub requests: u32,
    /// A window begins with each second, or with each minute.
    pub window: Window,
    /// Whether a refusal has `Retry-After` with the start of the next window. It is not documented.
    pub retry_after: bool,
}

/// The length of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    Second,
    Minute,
}

impl Window {
    pub(in super::super) fn milliseconds(self) -> i64 {
        match self {
            Self::Second => 1_000,
            Self::Minute => 60_000,
        }
    }

    /// As the gateway's error message has it.
    pub(in super::super) fn name(self) -> &'static str {
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
        let requests = requests
            .parse()
            .ok()
            .filter(|requests| *requests > 0)
            .ok_or(EXPECTED)?;
        let window = match window {
            "s" => Window::Second,
            "m" => Window::Minute,
            _ => return Err(EXPECTED),
        };
        Ok(Self {
            requests,
            window,
            retry_after,
        })
    }
}

const EXPECTED: &str =
    "expected a number above 0 and a unit, such as `50/s`, `600/m` or `50/s,retry-after`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_count_and_a_unit() {
        assert_eq!(
            "600/m".parse(),
            Ok(Rate {
                requests: 600,
                window: Window::Minute,
                retry_after: false
            })
        );
        assert_eq!(
            "5/s,retry-after".parse(),
            Ok(Rate {
                requests: 5,
                window: Window::Second,
                retry_after: true
            })
        );
        for wrong in ["", "5", "5/h", "0/s", "-1/s", "5/s,", "5/s,retry", "/s"] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }
}
