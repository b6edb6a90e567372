//! The accounts that may pull from a repository.

use serde::{Deserialize, Serialize};

use super::beginning;

/// Another account may pull from a repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// The name of the account.
    pub account: String,
    /// `forever`, or UTC, RFC 3339.
    #[serde(default = "forever")]
    pub deadline: String,
    /// Empty for none.
    #[serde(default)]
    pub description: String,
    /// UTC, RFC 3339.
    #[serde(default = "beginning")]
    pub created: String,
    /// UTC, RFC 3339.
    #[serde(default = "beginning")]
    pub updated: String,
}

impl Share {
    /// A share with that account and the defaults of a hand-written file.
    pub fn with(account: &str) -> Self {
        Self {
            account: account.to_owned(),
            deadline: forever(),
            description: String::new(),
            created: beginning(),
            updated: beginning(),
        }
    }
}

fn forever() -> String {
    "forever".to_owned()
}
