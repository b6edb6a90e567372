//! Risk classes: what a change could do that cannot be undone, and consent to it.
//!
//! Which changes carry a risk stands in the tables of the kinds.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A class of risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RiskClass {
    /// Something goes; replacements aside.
    Deletes,
    /// In addition: a repository that holds images goes.
    DestroysData,
    /// An existing repository turns public.
    Exposes,
    /// A rule may overwrite tags in its target, or a run what was pushed to its mirror.
    Overwrites,
    /// A rule is replaced: what is pushed in between is not copied.
    Gap,
    /// The schedule of a mirror is switched off, which may be final.
    OneWay,
}

impl RiskClass {
    pub const ALL: [RiskClass; 6] = [
        RiskClass::Deletes,
        RiskClass::DestroysData,
        RiskClass::Exposes,
        RiskClass::Overwrites,
        RiskClass::Gap,
        RiskClass::OneWay,
    ];

    pub fn name(self) -> &'static str {
        match self {
            RiskClass::Deletes => "deletes",
            RiskClass::DestroysData => "destroys-data",
            RiskClass::Exposes => "exposes",
            RiskClass::Overwrites => "overwrites",
            RiskClass::Gap => "gap",
            RiskClass::OneWay => "one-way",
        }
    }

    /// Whether changes of this class wait for consent even where nobody set a number.
    pub fn needs_consent(self) -> bool {
        matches!(
            self,
            RiskClass::DestroysData | RiskClass::Exposes | RiskClass::OneWay
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
    /// What the live state says about it, as half a sentence; empty where the action says it all.
    pub evidence: String,
}

/// Consent to a class of risk: to any number of changes, or to at most so many.
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
                format!("`{name}` is not a class of risk; there are {names}")
            })?;
        Ok(Consent { class, most })
    }
}
