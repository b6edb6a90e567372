//! The rules that copy pushed tags to other regions. What they start is in `jobs`.

use serde::{Deserialize, Serialize};

use super::beginning;

/// A rule that copies pushed images to another region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncRule {
    /// For information: no operation takes it. 0 is replaced by the next free id.
    #[serde(default)]
    pub id: u64,
    /// `remoteRegionId`.
    pub remote_region: String,
    /// `remoteNamespace`. It need not exist: the service does not check it.
    pub remote_organization: String,
    /// `syncAuto`. The default of a file is true and not the API's false, because a rule without
    /// it copies nothing.
    #[serde(default = "yes")]
    pub auto: bool,
    /// Whether an image of the same tag is replaced.
    #[serde(default, rename = "override")]
    pub overrides: bool,
    /// UTC, RFC 3339.
    #[serde(default = "beginning")]
    pub created: String,
    /// UTC, RFC 3339.
    #[serde(default = "beginning")]
    pub updated: String,
}

impl SyncRule {
    /// A rule with that target and the defaults of a hand-written file.
    pub fn to(region: &str, organization: &str) -> Self {
        Self {
            id: 0,
            remote_region: region.to_owned(),
            remote_organization: organization.to_owned(),
            auto: true,
            overrides: false,
            created: beginning(),
            updated: beginning(),
        }
    }

    /// Whether it has that target, which identifies a rule of a repository.
    pub fn is_to(&self, region: &str, organization: &str) -> bool {
        self.remote_region == region && self.remote_organization == organization
    }
}

fn yes() -> bool {
    true
}
