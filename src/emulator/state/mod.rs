//! The state of the emulated services as a value, and its documented JSON form.
//!
//! The form can be written by hand. Names are keys. Everything else is optional and gets a default.
//! Unknown keys are refused, so that a misspelt key is noticed:
//!
//! ```json
//! {
//!   "format_version": 1,
//!   "regions": {
//!     "cn-north-4": {
//!       "organizations": {
//!         "team-a": { "repositories": { "web/front": { "num_images": 3 } } }
//!       }
//!     }
//!   }
//! }
//! ```

mod changes;
pub(super) mod draft;
pub(super) mod file;
pub(super) mod git;
pub(super) mod identity;
pub(super) mod jobs;
pub(super) mod regions;
mod regular;
mod rules;
pub(super) mod shares;
pub(super) mod tags;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use git::Project;
use identity::Identity;
use jobs::Job;
pub use rules::SyncRule;
use shares::Share;
pub use tags::{Collected, Retention, Tag};

/// The only `format_version` that is read.
pub(super) const FORMAT_VERSION: u32 = 1;

/// The default of `created` and `updated`.
const BEGINNING: &str = "2024-01-01T00:00:00Z";

/// Everything that exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct State {
    /// 1, the only version so far.
    pub format_version: u32,
    /// The caller's account; empty if the state does not name one.
    pub account: String,
    /// The caller's account if the state does not name one. It is not saved.
    #[serde(skip)]
    pub(super) default_account: String,
    /// The users of the account: names with ids. An empty id is replaced. The user who is named
    /// like the account, the caller and creators need no entry.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub users: BTreeMap<String, String>,
    /// The user who sends the requests; empty for the one who is named like the account.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub caller: String,
    /// Agencies, and whom they trust.
    #[serde(skip_serializing_if = "is_zero")]
    pub identity: Identity,
    /// By id, such as `cn-north-4`.
    pub regions: BTreeMap<String, Region>,
    /// The latest ids.
    pub counters: Counters,
    /// How far the emulated clock is ahead of the real one.
    #[serde(skip_serializing_if = "is_zero")]
    pub clock_ahead_ms: u64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            format_version: FORMAT_VERSION,
            account: String::new(),
            default_account: String::new(),
            users: BTreeMap::new(),
            caller: String::new(),
            identity: Identity::default(),
            regions: BTreeMap::new(),
            counters: Counters::default(),
            clock_ahead_ms: 0,
        }
    }
}

/// The latest ids that were assigned.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Counters {
    /// The highest id of organizations, repositories and rules.
    pub id: u64,
    /// The latest id of a git repository or a mirror.
    #[serde(skip_serializing_if = "is_zero")]
    pub git_id: u32,
    /// How many runs of mirrors were requested.
    #[serde(skip_serializing_if = "is_zero")]
    pub runs: u64,
    /// The latest id of a job that copies a tag.
    #[serde(skip_serializing_if = "is_zero")]
    pub jobs: u64,
}

/// One region. Regions share nothing: only jobs reach from one into another.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Region {
    /// By name. Names are unique in a region across all accounts.
    pub organizations: BTreeMap<String, Organization>,
    /// The projects of CodeArts, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub projects: BTreeMap<String, Project>,
    /// Whether the feature gate of image synchronization is closed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub image_sync_off: bool,
}

/// An organization ("namespace" in the API).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Organization {
    /// Ascending in the order of creation; 0 is replaced by the next free id.
    pub id: u64,
    /// The user who created it; an empty one is replaced by the account.
    pub creator: String,
    /// What the caller may do without an entry in `access`: 7 manage, 3 edit, 1 read, 0 nothing on
    /// the organization itself.
    pub auth: u8,
    /// The permissions of users beside the creator, in order of creation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access: Vec<Grant>,
    /// Whether the creator's permission was taken away.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub creator_left: bool,
    /// The account that owns it, if it is another one than the caller's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// By name, with real slashes.
    pub repositories: BTreeMap<String, Repository>,
}

impl Default for Organization {
    fn default() -> Self {
        Self {
            id: 0,
            creator: String::new(),
            auth: 7,
            access: Vec::new(),
            creator_left: false,
            owner: None,
            repositories: BTreeMap::new(),
        }
    }
}

impl Organization {
    /// Whether any repository contains an image.
    pub fn holds_images(&self) -> bool {
        self.repositories
            .values()
            .any(|repository| repository.num_images > 0)
    }
}

/// The permission of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The user's name.
    pub user: String,
    /// 7 manage, 3 edit, 1 read.
    pub auth: u8,
}

/// The level that a user has in a list of permissions; 0 for none.
pub(super) fn level_in(access: &[Grant], user: &str) -> u8 {
    access
        .iter()
        .find(|grant| grant.user == user)
        .map_or(0, |grant| grant.auth)
}

/// An image repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Repository {
    /// Ascending in the order of creation; 0 is replaced by the next free id.
    pub id: u64,
    /// Whether anyone may pull.
    pub is_public: bool,
    /// One of the eight categories; the service stores `other` for none.
    pub category: String,
    /// Empty for none.
    pub description: String,
    /// How many images (tags) it contains.
    pub num_images: u64,
    /// How often it was pulled.
    pub num_download: u64,
    /// In bytes.
    pub size: u64,
    /// UTC, RFC 3339.
    pub created: String,
    /// UTC, RFC 3339.
    pub updated: String,
    /// In order of creation.
    pub sync_rules: Vec<SyncRule>,
    /// The permissions of users on this repository alone, in order of creation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access: Vec<Grant>,
    /// The other accounts that may pull, in order of creation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<Share>,
    /// The tags that are known by name, in the order of their pushes. For further images, up to
    /// `num_images`, there are generated tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// At most one, unless the switch for a second one allows more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub retentions: Vec<Retention>,
    /// The tags that retention policies deleted, the last one at the end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub retention_log: Vec<Collected>,
    /// The jobs that copy its tags, in order of creation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<Job>,
}

impl Default for Repository {
    fn default() -> Self {
        Self {
            id: 0,
            is_public: false,
            category: "other".to_owned(),
            description: String::new(),
            num_images: 0,
            num_download: 0,
            size: 0,
            created: BEGINNING.to_owned(),
            updated: BEGINNING.to_owned(),
            sync_rules: Vec::new(),
            access: Vec::new(),
            shares: Vec::new(),
            tags: Vec::new(),
            retentions: Vec::new(),
            retention_log: Vec::new(),
            jobs: Vec::new(),
        }
    }
}

/// 32 hexadecimal digits that depend on the text only.
pub(super) fn derived_id(text: &str) -> String {
    // 32 digits, as the ids of accounts and projects have in the API.
    base16ct::lower::encode_string(&Sha256::digest(text.as_bytes())[..16])
}

/// Adds to a time, up to the latest one that can be represented.
pub(in super::super) fn later(time: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn beginning() -> String {
    BEGINNING.to_owned()
}

impl State {
    /// An empty state.
    pub fn new(account: &str) -> Self {
        Self {
            account: account.to_owned(),
            ..Self::default()
        }
    }

    /// The caller's account.
    pub fn account(&self) -> &str {
        if self.account.is_empty() {
            &self.default_account
        } else {
            &self.account
        }
    }

    /// The name of the user who sends the requests.
    pub fn caller(&self) -> &str {
        if self.caller.is_empty() {
            self.account()
        } else {
            &self.caller
        }
    }

    /// The id of a user, whether or not the user exists.
    pub fn user_id(&self, name: &str) -> String {
        match self.users.get(name) {
            Some(id) if !id.is_empty() => id.clone(),
            // The id that a login with this name gets.
            _ => derived_id(&format!("user {name}")),
        }
    }

    /// The names of all users of the account, sorted.
    pub fn user_names(&self) -> BTreeSet<&str> {
        let own = self
            .regions
            .values()
            .flat_map(|region| region.organizations.values())
            .filter(|organization| organization.owner.is_none());
        let of_lists = own.flat_map(|organization| {
            let inside = organization.repositories.values();
            let grants = inside.flat_map(|repository| &repository.access);
            let granted = organization.access.iter().chain(grants);
            granted
                .map(|grant| grant.user.as_str())
                .chain([organization.creator.as_str()])
        });
        let named = self.users.keys().map(String::as_str);
        let mut names: BTreeSet<&str> = named
            .chain(of_lists)
            .chain([self.account(), self.caller()])
            .collect();
        names.remove("");
        names
    }

    /// An organization, of any account.
    pub fn organization(&self, region: &str, name: &str) -> Option<&Organization> {
        self.regions.get(region)?.organizations.get(name)
    }

    /// An organization, of any account, to change it.
    pub fn organization_mut(&mut self, region: &str, name: &str) -> Option<&mut Organization> {
        self.regions.get_mut(region)?.organizations.get_mut(name)
    }

    /// A repository.
    pub fn repository(&self, region: &str, organization: &str, name: &str) -> Option<&Repository> {
        self.organization(region, organization)?
            .repositories
            .get(name)
    }

    /// A repository, to change it.
    pub fn repository_mut(
        &mut self,
        region: &str,
        organization: &str,
        name: &str,
    ) -> Option<&mut Repository> {
        self.organization_mut(region, organization)?
            .repositories
            .get_mut(name)
    }

    /// The organization of that name, created if it is missing.
    pub fn ensure_organization(&mut self, region: &str, name: &str) -> &mut Organization {
        let region = self.regions.entry(region.to_owned()).or_default();
        region.organizations.entry(name.to_owned()).or_default()
    }

    /// The repository of that name, created with its organization if it is missing.
    pub fn ensure_repository(
        &mut self,
        region: &str,
        organization: &str,
        name: &str,
    ) -> &mut Repository {
        self.ensure_organization(region, organization)
            .repositories
            .entry(name.to_owned())
            .or_default()
    }

    /// The next free id.
    pub(super) fn next_id(&mut self) -> u64 {
        self.counters.id = self.counters.id.saturating_add(1);
        self.counters.id
    }

    /// The next free id of a job.
    pub(super) fn next_job_id(&mut self) -> u64 {
        self.counters.jobs = self.counters.jobs.saturating_add(1);
        self.counters.jobs
    }

    /// When the status of a job changes next.
    pub(super) fn next_job(&self) -> Option<Timestamp> {
        self.repositories().filter_map(Repository::next_job).min()
    }

    fn repositories(&self) -> impl Iterator<Item = &Repository> {
        self.regions
            .values()
            .flat_map(|region| region.organizations.values())
            .flat_map(|organization| organization.repositories.values())
    }

    /// Fills in what a hand-written file or an edit left out.
    pub(super) fn fill_in(&mut self) {
        let account = self.account().to_owned();
        let unnumbered = self.users.iter().filter(|(_, id)| id.is_empty());
        let unnumbered: Vec<String> = unnumbered.map(|(name, _)| name.clone()).collect();
        for name in unnumbered {
            let id = self.user_id(&name);
            self.users.insert(name, id);
        }
        // New ids are above all ids in use, because lists are in the order of the ids.
        let mut last = self.ids().copied().max().unwrap_or(0).max(self.counters.id);
        let jobs = self.repositories().flat_map(|repository| &repository.jobs);
        let mut last_job = jobs
            .map(|job| job.id)
            .max()
            .unwrap_or(0)
            .max(self.counters.jobs);
        let assign = |id: &mut u64, last: &mut u64| {
            if *id == 0 {
                *last = last.saturating_add(1);
                *id = *last;
            }
        };
        // New ids follow the order of the names: a map keeps no order of creation.
        for organization in self
            .regions
            .values_mut()
            .flat_map(|region| region.organizations.values_mut())
        {
            assign(&mut organization.id, &mut last);
            if organization.creator.is_empty() {
                organization.creator = organization
                    .owner
                    .clone()
                    .unwrap_or_else(|| account.clone());
            }
            for repository in organization.repositories.values_mut() {
                assign(&mut repository.id, &mut last);
                repository
                    .sync_rules
                    .iter_mut()
                    .for_each(|rule| assign(&mut rule.id, &mut last));
                repository
                    .retentions
                    .iter_mut()
                    .for_each(|policy| assign(&mut policy.id, &mut last));
                repository
                    .jobs
                    .iter_mut()
                    .for_each(|job| assign(&mut job.id, &mut last_job));
                repository.fill_in_tags();
            }
        }
        self.counters.id = last;
        self.counters.jobs = last_job;
        self.fill_in_git();
    }

    fn ids(&self) -> impl Iterator<Item = &u64> {
        self.regions
            .values()
            .flat_map(|region| region.organizations.values())
            .flat_map(|organization| {
                let repositories = organization.repositories.values();
                let inside = repositories.flat_map(|repository| {
                    std::iter::once(&repository.id)
                        .chain(repository.sync_rules.iter().map(|rule| &rule.id))
                        .chain(repository.retentions.iter().map(|policy| &policy.id))
                });
                std::iter::once(&organization.id).chain(inside)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn read(text: &str) -> Result<State, String> {
        let mut state: State = serde_json::from_str(text).map_err(|error| error.to_string())?;
        state.fill_in();
        Ok(state)
    }

    #[test]
    fn a_hand_written_state_needs_only_names() {
        let state = read(
            r#"{ "account": "acme", "regions": { "cn-north-4": { "organizations": { "team-a": {
                "repositories": {
                "web": { "id": 7, "num_images": 3 },
                "api": { "sync_rules": [{ "remote_region": "cn-east-3",
                "remote_organization": "dr" }] } } } } } } }"#,
        )
        .unwrap();
        let organization = state.organization("cn-north-4", "team-a").unwrap();
        assert_eq!(
            (organization.auth, organization.creator.as_str()),
            (7, "acme")
        );
        let api = &organization.repositories["api"];
        assert_eq!(
            (api.category.as_str(), api.is_public, api.num_images),
            ("other", false, 0)
        );
        assert!(api.sync_rules[0].auto && !api.sync_rules[0].overrides);
        assert_eq!(
            (
                organization.id,
                api.id,
                api.sync_rules[0].id,
                state.counters.id
            ),
            (8, 9, 10, 10)
        );
        assert_eq!(organization.repositories["web"].id, 7);
    }

    #[test]
    fn unknown_keys_and_missing_names_are_refused() {
        for (text, part) in [
            (r#"{ "acount": "x" }"#, "unknown field `acount`"),
            (
                r#"{ "regions": { "r": { "organisations": {} } } }"#,
                "unknown field `organisations`",
            ),
            (
                r#"{ "regions": { "r": { "organizations": { "o": { "repositories": { "n": {
                "images": 1 } } } } } } }"#,
                "unknown field `images`",
            ),
            (
                r#"{ "regions": { "r": { "organizations": { "o": { "repositories": { "n": {
                "sync_rules": [{}] } } } } } } }"#,
                "missing field `remote_region`",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_written_state_is_read_back() {
        let mut state = State::new("acme");
        state
            .ensure_repository("cn-north-4", "team-a", "web")
            .sync_rules
            .push(SyncRule::to("cn-east-3", "dr"));
        state.ensure_organization("cn-north-4", "theirs").owner = Some("other".to_owned());
        state.fill_in();
        assert_eq!(
            read(&serde_json::to_string(&state).unwrap()).unwrap(),
            state
        );
    }

    #[test]
    fn adding_to_a_time_does_not_overflow() {
        assert_eq!(later(Timestamp::UNIX_EPOCH, Duration::MAX), Timestamp::MAX);
        let second = Timestamp::constant(1, 0);
        assert_eq!(later(Timestamp::UNIX_EPOCH, Duration::from_secs(1)), second);
    }
}
