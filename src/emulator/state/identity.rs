//! Who may obtain keys: the agencies of the account, the identity providers that it trusts, and the
//! job and the machine for which the emulator answers.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{State, derived_id};

/// The longest session of an agency that names none, in seconds.
const LONGEST_SESSION: u32 = 3_600;

/// What the account knows about identities. Everything is optional.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Identity {
    /// The account of the keys that requests must be signed with, if it is another one than the
    /// account of the state: such keys may only assume an agency.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub account_of_keys: String,
    /// By name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub agencies: BTreeMap<String, Agency>,
    /// The issuers of id tokens, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub providers: BTreeMap<String, Provider>,
    /// The job that asks for id tokens, as at GitHub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<CiJob>,
    /// The agency whose keys the metadata service hands out; empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub machine_agency: String,
}

/// An agency: keys for its rights are handed out to those whom it trusts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Agency {
    /// The accounts whose users may assume it.
    pub accounts: BTreeSet<String>,
    /// By provider, the beginnings of the subjects that may assume it; an empty one is any subject.
    pub subjects: BTreeMap<String, BTreeSet<String>>,
    /// In seconds. A longer session is shortened to it.
    pub longest_session: u32,
}

impl Default for Agency {
    fn default() -> Self {
        Self {
            accounts: BTreeSet::new(),
            subjects: BTreeMap::new(),
            longest_session: LONGEST_SESSION,
        }
    }
}

/// An issuer of id tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// The claim `iss` of its tokens.
    pub issuer: String,
    /// The claim `aud` that a token must have.
    pub audience: String,
}

/// A job in CI.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CiJob {
    /// The claim `sub` of its tokens.
    pub subject: String,
    /// What the job authenticates with; empty for anything.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub request_token: String,
    /// How long an id token is valid, in seconds.
    #[serde(default = "minutes", skip_serializing_if = "is_minutes")]
    pub lifetime: u32,
}

fn minutes() -> u32 {
    300
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_minutes(lifetime: &u32) -> bool {
    *lifetime == minutes()
}

/// The id of the account's project in a region, which has the name of the region.
pub(in super::super) fn project_id(account: &str, region: &str) -> String {
    derived_id(&format!("{account} in {region}"))
}

impl State {
    /// The id of the account, as URNs of its agencies hold it.
    pub fn account_id(&self) -> String {
        derived_id(self.account())
    }

    /// The account of the keys that `verify` names.
    pub(in super::super) fn account_of_keys(&self) -> &str {
        match self.identity.account_of_keys.as_str() {
            "" => self.account(),
            account => account,
        }
    }
}
