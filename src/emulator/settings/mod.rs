//! The settings an emulator starts with. They do not change while it runs.

pub(super) mod assumptions;
pub(super) mod rate;

use std::{str::FromStr, time::Duration};

use jiff::Timestamp;
use secrecy::SecretString;

use assumptions::Assumptions;
use rate::Rate;

/// The caller's account, where neither the state nor the settings name one.
pub(super) const DEFAULT_ACCOUNT: &str = "emulator";

/// How an emulator behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The caller's account, unless the state file names another.
    pub account: String,
    /// The region of a request whose path has no region, on an address that serves all regions.
    pub region: String,
    /// How many organizations the account may have in a region; the real default is 5.
    pub quota: Option<usize>,
    /// The key that requests must be signed with; none turns verification off.
    pub verify: Option<Keys>,
    /// How long every answer takes.
    pub latency: Duration,
    /// How many requests each region answers; none for no limit.
    pub rate: Option<Rate>,
    /// The answers where the documents are silent.
    pub assumptions: Assumptions,
    /// The shape of the service's error bodies.
    pub error_shape: ErrorShape,
    /// The source of timestamps. `Emulator::advance` is added to it, except for the check of
    /// signatures.
    pub clock: fn() -> Timestamp,
    /// How often each operation of CodeArts Repo may be called in a region; none for no limit.
    pub calls_per_minute: Option<u32>,
    /// How long the run of a mirror waits before it starts.
    pub run_delay: Duration,
    /// How long the run of a mirror takes, unless the mirror has its own duration.
    pub run_duration: Duration,
    /// How long a job that copies a tag waits before it starts.
    pub job_delay: Duration,
    /// How long it takes.
    pub job_duration: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            account: DEFAULT_ACCOUNT.to_owned(),
            region: "cn-north-4".to_owned(),
            quota: None,
            verify: None,
            latency: Duration::ZERO,
            rate: None,
            assumptions: Assumptions::default(),
            error_shape: ErrorShape::default(),
            clock: Timestamp::now,
            // The published limit (`codearts-repo-api.md`, section 6).
            calls_per_minute: Some(600),
            run_delay: Duration::from_secs(1),
            run_duration: Duration::from_secs(4),
            job_delay: Duration::from_secs(1),
            job_duration: Duration::from_secs(4),
        }
    }
}

/// An access key with its secret.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The access key, which requests contain.
    pub access: String,
    /// The secret key, which signs.
    pub secret: SecretString,
}

impl FromStr for Keys {
    type Err = &'static str;

    /// Reads `ACCESS:SECRET`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // One trailing line break is dropped, as `$(cat FILE)` drops it: the text may come from a
        // file or another program.
        let text = text
            .strip_suffix('\n')
            .map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
        match text.split_once(':') {
            Some((access, secret)) if !access.is_empty() && !secret.is_empty() => Ok(Self {
                access: access.to_owned(),
                secret: secret.into(),
            }),
            _ => Err("expected ACCESS_KEY:SECRET_KEY"),
        }
    }
}

/// The three shapes of error bodies that the service has been seen to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorShape {
    /// A bare array: on the error-code page and in older regions.
    A,
    /// An object with `errors`, which the Terraform provider parses.
    B,
    /// Both notations in one object, as on the newest pages.
    #[default]
    C,
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_trailing_line_break_is_not_part_of_a_key() {
        for text in ["ak:s k", "ak:s k\n", "ak:s k\r\n"] {
            let keys: Keys = text.parse().unwrap();
            assert_eq!(
                (keys.access.as_str(), keys.secret.expose_secret()),
                ("ak", "s k")
            );
        }
        assert!("ak:\n".parse::<Keys>().is_err());
    }
}
