//! The types of the options' values, with what each accepts.

use std::{ops::RangeBounds, str::FromStr, time::Duration};

use clap::ValueEnum;
use jiff::SignedDuration;

use crate::names::{self, Name};

/// The longest time to wait for a run: a week.
const LONGEST_WAIT: Duration = Duration::from_secs(7 * 24 * 3_600);

/// A region follows the same rule here as in a chart.
pub(super) fn region(text: &str) -> Result<String, String> {
    let valid = names::is_valid(Name::Region, text);
    valid
        .then(|| text.to_owned())
        .ok_or_else(|| format!("expected {}", names::rule(Name::Region)))
}

/// Where credentials come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CredentialsFrom {
    /// Variables with keys or a token.
    Env,
    /// An id token of CI or of a cluster, which STS exchanges for keys.
    Oidc,
    /// A profile of KooCLI, or the file of the official SDK.
    Profile,
    /// The agency of this machine, from its metadata service.
    Metadata,
}

/// How many requests may be in flight at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parallelism {
    Auto,
    Fixed(usize),
}

impl FromStr for Parallelism {
    type Err = String;

    fn from_str(text: &str) -> Result<Parallelism, String> {
        match text.parse::<usize>() {
            _ if text == "auto" => Ok(Parallelism::Auto),
            Ok(number) if (1..=1000).contains(&number) => Ok(Parallelism::Fixed(number)),
            _ => Err("expected `auto` or a number from 1 to 1000".to_owned()),
        }
    }
}

/// How long a command may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeout(pub Duration);

impl FromStr for Timeout {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Timeout, Self::Err> {
        let time = duration(text, Duration::from_nanos(1)..);
        time.map(Timeout)
            .ok_or("expected a time above zero such as `90s`, `30m` or `1h30m`")
    }
}

/// How long to wait for the end of a mirror's run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait(pub Duration);

impl FromStr for Wait {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Wait, Self::Err> {
        let time = duration(text, Duration::from_secs(1)..=LONGEST_WAIT);
        time.map(Wait)
            .ok_or("expected a time from one second to a week, such as `90s`, `10m` or `1h`")
    }
}

/// How long each response of the emulator takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency(pub Duration);

impl FromStr for Latency {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Latency, Self::Err> {
        duration(text, Duration::ZERO..)
            .map(Latency)
            .ok_or("expected a time such as `50ms` or `2s`")
    }
}

/// The one grammar of times on the command line. A unit is needed: a bare number could be seconds
/// or minutes.
fn duration(text: &str, accepted: impl RangeBounds<Duration>) -> Option<Duration> {
    // The standard `Duration` has no parser. A negative time is refused below.
    let time = text.parse::<SignedDuration>().ok()?;
    Duration::try_from(time)
        .ok()
        .filter(|time| accepted.contains(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_has_a_unit_and_a_range() {
        let seconds = Duration::from_secs;
        for (text, timeout, wait, latency) in [
            ("50ms", true, false, true),
            ("90s", true, true, true),
            ("1h30m", true, true, true),
            ("168h", true, true, true),
            ("169h", true, false, true),
            ("0s", false, false, true),
            ("-5s", false, false, false),
            ("5", false, false, false),
            ("", false, false, false),
            ("soon", false, false, false),
            ("99999999999999999999s", false, false, false),
        ] {
            let accepted = (
                text.parse::<Timeout>().is_ok(),
                text.parse::<Wait>().is_ok(),
                text.parse::<Latency>().is_ok(),
            );
            assert_eq!(accepted, (timeout, wait, latency), "{text}");
        }
        assert_eq!("1h30m".parse(), Ok(Timeout(seconds(5_400))));
        assert_eq!("15m".parse(), Ok(Wait(seconds(900))));
        assert_eq!("50ms".parse(), Ok(Latency(Duration::from_millis(50))));
    }
}
