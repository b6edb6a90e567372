//! What a run does, with everything that is sent except secrets.

use serde::{Deserialize, Serialize};

use crate::{state::LoginSource, time::Age};

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run {
    /// The resource fetches from elsewhere.
    Fetch(Fetch),
    /// The service copies what the parent contained already.
    Copy(Copies),
}

/// A run that fetches. The login is read right before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fetch {
    /// For display only.
    pub because: String,
    /// The last success at plan time. If a newer one, not older than `max_age`, is there at apply
    /// time, the run is skipped.
    pub last_success: Option<String>,
    pub max_age: Age,
    pub force: bool,
    /// The service endpoint that stores credentials. Empty for none.
    pub endpoint: String,
    pub credentials: Option<LoginSource>,
}

/// A run that copies. It never overwrites.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copies {
    /// For display only.
    pub because: String,
    /// What is copied, in this order.
    pub items: Vec<String>,
    /// For a new rule, which copies again what is still missing after its creation: what stays
    /// missing nevertheless.
    pub left_out: Vec<String>,
}

/// A run in a document. The items of a run that copies are in `after`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RunDocument {
    Fetch(Fetch),
    Copy(CopyDocument),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyDocument {
    pub because: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

impl Run {
    /// The reason, for display only.
    pub fn because(&self) -> &str {
        match self {
            Run::Fetch(fetch) => &fetch.because,
            Run::Copy(copies) => &copies.because,
        }
    }

    pub fn fetch(&self) -> Option<&Fetch> {
        match self {
            Run::Fetch(fetch) => Some(fetch),
            Run::Copy(_) => None,
        }
    }

    pub fn copies(&self) -> Option<&Copies> {
        match self {
            Run::Copy(copies) => Some(copies),
            Run::Fetch(_) => None,
        }
    }

    pub(super) fn document(&self) -> RunDocument {
        match self {
            Run::Fetch(fetch) => RunDocument::Fetch(fetch.clone()),
            Run::Copy(copies) => RunDocument::Copy(CopyDocument {
                because: copies.because.clone(),
                left_out: copies.left_out.clone(),
            }),
        }
    }
}

impl RunDocument {
    /// The run with the items of `after`, which only a run that copies has.
    pub(super) fn with(self, items: Option<Vec<String>>) -> Result<Run, String> {
        match (self, items) {
            (RunDocument::Fetch(fetch), None) => Ok(Run::Fetch(fetch)),
            (RunDocument::Copy(copy), Some(items)) => Ok(Run::Copy(Copies {
                because: copy.because,
                items,
                left_out: copy.left_out,
            })),
            _ => Err("`run` does not match `after`".to_owned()),
        }
    }
}
