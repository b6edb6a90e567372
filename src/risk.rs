//! Risk classes of changes, and consent to them.
//!
//! The tables of the kinds declare which changes have a risk.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A class of risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RiskClass {
    /// A resource is deleted. Replacements do not count.
    Deletes,
    /// In addition: a repository with images is deleted.
    DestroysData,
    /// An existing repository becomes public.
    Exposes,
    /// Another account may pull from a repository, or for longer.
    Shares,
    /// A rule may overwrite tags in its target, or a run may overwrite what was pushed to its
    /// mirror.
    Overwrites,
    /// A rule is replaced: images pushed in between are not copied.
    Gap,
    /// The schedule of a mirror is switched off, which may be final.
    OneWay,
    /// A user gets the permission to manage.
    Admits,
    /// A user gets another permission, or a higher one.
    Grants,
    /// A retention can delete tags that would have stayed.
    Collects,
}

impl RiskClass {
    // The order matters: a withheld change names the first class without consent.
    pub const ALL: [RiskClass; 10] = [
        RiskClass::Deletes,
        RiskClass::DestroysData,
        RiskClass::Exposes,
        RiskClass::Shares,
        RiskClass::Overwrites,
        RiskClass::Gap,
        RiskClass::OneWay,
        RiskClass::Admits,
        RiskClass::Grants,
        RiskClass::Collects,
    ];

    pub fn name(self) -> &'static str {
        match self {
            RiskClass::Deletes => "deletes",
            RiskClass::DestroysData => "destroys-data",
            RiskClass::Exposes => "exposes",
            RiskClass::Shares => "shares",
            RiskClass::Overwrites => "overwrites",
            RiskClass::Gap => "gap",
            RiskClass::OneWay => "one-way",
            RiskClass::Admits => "admits",
            RiskClass::Grants => "grants",
            RiskClass::Collects => "collects",
        }
    }

    /// Whether a reviewer must see each change of this class on a row of its own.
    pub(crate) fn is_grave(self) -> bool {
        matches!(
            self,
            RiskClass::Exposes
                | RiskClass::OneWay
                | RiskClass::Admits
                | RiskClass::Grants
                | RiskClass::Shares
                | RiskClass::Collects
        )
    }

    /// Whether changes of this class are withheld without consent.
    pub fn needs_consent(self) -> bool {
        matches!(
            self,
            RiskClass::DestroysData
                | RiskClass::Exposes
                | RiskClass::OneWay
                | RiskClass::Admits
                | RiskClass::Shares
                | RiskClass::Collects
        )
    }
}

impl fmt::Display for RiskClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One risk of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Risk {
    pub class: RiskClass,
    /// Evidence from the live state, as a clause. Empty if the action says enough.
    pub evidence: String,
}

/// Consent to a risk class: to any number of changes, or to at most this many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consent {
    pub class: RiskClass,
    pub most: Option<usize>,
}

impl FromStr for Consent {
    type Err = String;

    /// `CLASS` or `CLASS=N`.
    fn from_str(text: &str) -> Result<Consent, String> {
        let (name, most) = match text.split_once('=') {
            Some((name, number)) => {
                let most = number
                    .parse()
                    .map_err(|_| format!("`{number}` is not a number of changes (`CLASS=N`)"))?;
                (name, Some(most))
            }
            None => (text, None),
        };
        let class = RiskClass::ALL
            .into_iter()
            .find(|class| class.name() == name)
            .ok_or_else(|| {
                let names = RiskClass::ALL.map(|class| format!("`{class}`")).join(", ");
                format!("`{name}` is not a risk class; expected one of {names}")
            })?;
        Ok(Consent { class, most })
    }
}
