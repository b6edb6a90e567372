//! What an emulator is started with. Nothing here changes while it runs.

use std::{str::FromStr, time::Duration};

use jiff::Timestamp;
use secrecy::SecretString;

use super::assumptions::Assumptions;

/// How an emulator behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The account that asks, unless the state file names another.
    pub account: String,
    /// How many organizations the account may have in a region; the real default is 5.
    pub quota: Option<usize>,
    /// The key that requests must be signed with; without one nothing is verified.
    pub verify: Option<Keys>,
    /// How long every answer takes.
    pub latency: Duration,
    /// The answers where the documents are silent.
    pub assumptions: Assumptions,
    /// The shape of the service's error bodies.
    pub error_shape: ErrorShape,
    /// Where timestamps come from.
    pub clock: fn() -> Timestamp,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            account: "emulator".to_owned(),
            quota: None,
            verify: None,
            latency: Duration::ZERO,
            assumptions: Assumptions::default(),
            error_shape: ErrorShape::default(),
            clock: Timestamp::now,
        }
    }
}

/// An access key with its secret.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The part that requests show.
    pub access: String,
    /// The part that signs.
    pub secret: SecretString,
}

impl FromStr for Keys {
    type Err = &'static str;

    /// Reads `ACCESS:SECRET`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some((access, secret)) if !access.is_empty() && !secret.is_empty() => {
                Ok(Self { access: access.to_owned(), secret: secret.into() })
            }
            _ => Err("expected ACCESS_KEY:SECRET_KEY"),
        }
    }
}

/// The three bodies in which the service has been seen to refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorShape {
    /// A bare array: the error-code page, older regions.
    A,
    /// An object with `errors`: what the Terraform provider parses.
    B,
    /// Both notations in one object: the newest pages.
    #[default]
    C,
}
