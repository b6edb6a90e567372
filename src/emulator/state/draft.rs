//! A state while a request changes it.
//!
//! Services change a state only through [`Draft`], which keeps the previous content of the changed
//! places. A change can then be undone, or written to a file, without a copy of the whole state.

use std::{
    collections::{BTreeMap, HashSet},
    ops::Deref,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::emulator::state::{
    Counters, Organization, Repository, State, SyncRule, git::GitRepository,
};

/// A state that can be read, and changed place by place.
#[derive(Debug)]
pub(in super::super) struct Draft<'a> {
    state: &'a mut State,
    before: Change,
    /// The places in `before`.
    known: HashSet<Key>,
}

/// What tells a place from others: its sort, its names, its position.
type Key = (u8, Vec<String>, usize);

/// The content of some places of a state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Change {
    counters: Counters,
    parts: Vec<Part>,
    /// A region that was not in the state before.
    #[serde(skip)]
    new_region: Option<String>,
}

/// One place, by its region and names, and its content; none if the object does not exist.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    Organization([String; 2], Option<Organization>),
    Repository([String; 3], Option<Box<Repository>>),
    GitRepository([String; 3], Option<Box<GitRepository>>),
    /// The rule at a position in the list of a repository; none past the end.
    SyncRule([String; 3], usize, Option<SyncRule>),
}

impl Deref for Draft<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        self.state
    }
}

impl<'a> Draft<'a> {
    pub(in super::super) fn of(state: &'a mut State) -> Self {
        let before = Change {
            counters: state.counters.clone(),
            parts: Vec::new(),
            new_region: None,
        };
        Self {
            state,
            before,
            known: HashSet::new(),
        }
    }

    /// The previous content of the changed places.
    pub(in super::super) fn before(self) -> Change {
        self.before
    }

    /// Only the first change of a place counts: a later one would store a content of this request.
    fn remember(&mut self, place: Part) {
        if self.known.insert(place.key()) {
            self.before.parts.push(place.read(self.state));
        }
    }

    /// Adds an organization that does not exist yet.
    pub(in super::super) fn add_organization(
        &mut self,
        region: &str,
        name: &str,
        organization: Organization,
    ) {
        self.remember(Part::organization(region, name));
        if !self.state.regions.contains_key(region) {
            self.before.new_region = Some(region.to_owned());
        }
        *self.state.ensure_organization(region, name) = organization;
    }

    /// An organization, to change what is in it.
    pub(in super::super) fn organization_mut(
        &mut self,
        region: &str,
        name: &str,
    ) -> Option<&mut Organization> {
        self.remember(Part::organization(region, name));
        self.state.organization_mut(region, name)
    }

    pub(in super::super) fn remove_organization(&mut self, region: &str, name: &str) {
        self.remember(Part::organization(region, name));
        if let Some(region) = self.state.regions.get_mut(region) {
            region.organizations.remove(name);
        }
    }

    /// Adds a repository that does not exist yet, to an organization that exists.
    pub(in super::super) fn add_repository(
        &mut self,
        region: &str,
        organization: &str,
        name: &str,
        repository: Repository,
    ) {
        self.remember(Part::repository(region, organization, name));
        *self.state.ensure_repository(region, organization, name) = repository;
    }

    pub(in super::super) fn remove_repository(
        &mut self,
        region: &str,
        organization: &str,
        name: &str,
    ) {
        self.remember(Part::repository(region, organization, name));
        if let Some(organization) = self.state.organization_mut(region, organization) {
            organization.repositories.remove(name);
        }
    }

    pub(in super::super) fn repository_mut(
        &mut self,
        region: &str,
        organization: &str,
        name: &str,
    ) -> Option<&mut Repository> {
        self.remember(Part::repository(region, organization, name));
        self.state
            .organization_mut(region, organization)?
            .repositories
            .get_mut(name)
    }

    /// Adds a rule. Only the end of the list is remembered: copying a repository with thousands of
    /// rules would take long.
    pub(in super::super) fn push_sync_rule(
        &mut self,
        region: &str,
        organization: &str,
        name: &str,
        rule: SyncRule,
    ) {
        let rules = self
            .state
            .repository(region, organization, name)
            .map_or(0, |found| found.sync_rules.len());
        self.remember(Part::SyncRule(
            [region, organization, name].map(str::to_owned),
            rules,
            None,
        ));
        let organization = self.state.organization_mut(region, organization);
        if let Some(repository) = organization.and_then(|found| found.repositories.get_mut(name)) {
            repository.sync_rules.push(rule);
        }
    }

    pub(in super::super) fn git_repository_mut(
        &mut self,
        region: &str,
        project: &str,
        path: &str,
    ) -> Option<&mut GitRepository> {
        self.remember(Part::git_repository(region, project, path));
        self.state.git_repository_mut(region, project, path)
    }

    /// The next free id.
    pub(in super::super) fn next_id(&mut self) -> u64 {
        self.state.next_id()
    }

    /// The next free id of a job.
    pub(in super::super) fn next_job_id(&mut self) -> u64 {
        self.state.next_job_id()
    }

    /// The next free id of a git repository or a mirror.
    pub(in super::super) fn next_git_id(&mut self) -> u32 {
        self.state.next_git_id()
    }

    /// Takes the id that `next_jid` returns, so that no other run gets it.
    pub(in super::super) fn use_jid(&mut self) {
        self.state.use_jid();
    }
}

impl Change {
    /// The current content of the same places.
    pub(in super::super) fn current(&self, state: &State) -> Self {
        let parts = self.parts.iter().map(|part| part.read(state)).collect();
        Self {
            counters: state.counters.clone(),
            parts,
            new_region: None,
        }
    }

    /// Whether nothing was changed.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// When the status of a job in one of these places changes next.
    pub(in super::super) fn next_job(&self, state: &State) -> Option<Timestamp> {
        let repositories = self.parts.iter().filter_map(|part| match part {
            Part::Repository([region, organization, name], _) => {
                state.repository(region, organization, name)
            }
            _ => None,
        });
        repositories.filter_map(Repository::next_job).min()
    }

    /// Writes this content to its places of a state.
    pub(in super::super) fn apply_to(self, state: &mut State) {
        state.counters = self.counters;
        self.parts.into_iter().for_each(|part| part.apply_to(state));
        if let Some(region) = self.new_region {
            state.regions.remove(&region);
        }
    }
}

impl Part {
    fn organization(region: &str, name: &str) -> Self {
        Self::Organization([region, name].map(str::to_owned), None)
    }

    fn repository(region: &str, organization: &str, name: &str) -> Self {
        Self::Repository([region, organization, name].map(str::to_owned), None)
    }

    fn git_repository(region: &str, project: &str, path: &str) -> Self {
        Self::GitRepository([region, project, path].map(str::to_owned), None)
    }

    fn key(&self) -> Key {
        match self {
            Self::Organization(names, _) => (0, names.to_vec(), 0),
            Self::Repository(names, _) => (1, names.to_vec(), 0),
            Self::GitRepository(names, _) => (2, names.to_vec(), 0),
            Self::SyncRule(names, position, _) => (3, names.to_vec(), *position),
        }
    }

    /// The same place with its content in `state`.
    fn read(&self, state: &State) -> Self {
        match self {
            Self::Organization(at @ [region, name], _) => {
                Self::Organization(at.clone(), state.organization(region, name).cloned())
            }
            Self::Repository(at @ [region, organization, name], _) => Self::Repository(
                at.clone(),
                state
                    .repository(region, organization, name)
                    .cloned()
                    .map(Box::new),
            ),
            Self::GitRepository(at @ [region, project, path], _) => Self::GitRepository(
                at.clone(),
                state
                    .git_repository(region, project, path)
                    .cloned()
                    .map(Box::new),
            ),
            Self::SyncRule(at @ [region, organization, name], position, _) => {
                let repository = state.repository(region, organization, name);
                let rule = repository.and_then(|found| found.sync_rules.get(*position));
                Self::SyncRule(at.clone(), *position, rule.cloned())
            }
        }
    }

    fn apply_to(self, state: &mut State) {
        match self {
            Self::Organization([region, name], content) => {
                // The region can be missing: a recorded change is applied to the state before it.
                let organizations = &mut state.regions.entry(region).or_default().organizations;
                set(organizations, name, content);
            }
            Self::Repository([region, organization, name], content) => {
                let repositories = &mut state
                    .ensure_organization(&region, &organization)
                    .repositories;
                set(repositories, name, content.map(|repository| *repository));
            }
            Self::GitRepository([region, project, path], content) => {
                let repositories = &mut state.ensure_project(&region, &project).repositories;
                set(repositories, path, content.map(|repository| *repository));
            }
            Self::SyncRule([region, organization, name], position, content) => {
                let rules = &mut state
                    .ensure_repository(&region, &organization, &name)
                    .sync_rules;
                // Rules are only appended, so those from the position on were added later.
                rules.truncate(position);
                rules.extend(content);
            }
        }
    }
}

fn set<T>(objects: &mut BTreeMap<String, T>, name: String, content: Option<T>) {
    match content {
        Some(content) => drop(objects.insert(name, content)),
        None => drop(objects.remove(&name)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::emulator::{gateway, message::Request, settings::Settings};

    const REPOS: &str = "/v2/manage/namespaces/team-a/repos";
    const WEB: &str = "/v2/manage/namespaces/team-a/repos/web";
    const RULES: &str = "/v2/manage/namespaces/team-a/repos/web/sync_repo";
    const MIRROR: &str = "/v4/repositories/123/remote-mirror";

    fn state() -> State {
        let mut state = State::new("acme");
        state.ensure_repository("cn-north-4", "team-a", "web");
        state.ensure_mirror(
            "cn-north-4",
            "platform",
            "app",
            "https://git.example.com/app.git",
        );
        state.ensure_git_repository("cn-north-4", "platform", "plain");
        for (path, id) in [("app", 123), ("plain", 124)] {
            state
                .git_repository_mut("cn-north-4", "platform", path)
                .unwrap()
                .id = id;
        }
        state.fill_in();
        state
    }

    fn request(region: &str, method: &str, path: &str, body: &Value) -> Request {
        Request {
            region: region.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            body: body.to_string().into_bytes(),
            ..Request::default()
        }
    }

    #[test]
    fn each_write_can_be_undone_and_replayed() {
        let mut settings = Settings::default();
        settings
            .assumptions
            .set("delete-organization-with-repositories=cascade")
            .unwrap();
        for switch in ["unknown-tag=failed-job", "missing-target=failed-job"] {
            settings.assumptions.set(switch).unwrap();
        }
        let rule = |organization: &str| {
            json!({ "remoteRegionId": "cn-east-3",
            "remoteNamespace": organization, "syncAuto": true })
        };
        let mut state = state();
        for (region, method, path, body) in [
            (
                "cn-north-4",
                "POST",
                REPOS,
                json!({ "repository": "a/b", "is_public": true }),
            ),
            (
                "cn-north-4",
                "PATCH",
                WEB,
                json!({ "is_public": true, "description": "x" }),
            ),
            ("cn-north-4", "POST", RULES, rule("dr")),
            ("cn-north-4", "POST", RULES, rule("audit")),
            ("cn-north-4", "DELETE", RULES, rule("dr")),
            (
                "cn-north-4",
                "POST",
                "/v2/manage/namespaces/team-a/repos/web/sync_images",
                json!({ "remoteRegionId": "cn-east-3", "remoteNamespace": "dr",
                    "imageTag": ["v1"] }),
            ),
            ("cn-north-4", "DELETE", WEB, json!({})),
            (
                "cn-north-4",
                "POST",
                "/v2/manage/namespaces",
                json!({ "namespace": "team-b" }),
            ),
            (
                "cn-east-3",
                "POST",
                "/v2/manage/namespaces",
                json!({ "namespace": "team-a" }),
            ),
            (
                "cn-north-4",
                "DELETE",
                "/v2/manage/namespaces/team-a",
                json!({}),
            ),
            ("cn-north-4", "POST", MIRROR, json!({ "force_fetch": true })),
            (
                "cn-north-4",
                "PUT",
                MIRROR,
                json!({ "mirroring_enabled": true }),
            ),
            (
                "cn-north-4",
                "POST",
                "/v4/repositories/124/remote-mirror/associate",
                json!({ "url": "https://x.test/y" }),
            ),
        ] {
            let old = state.clone();
            let now = "2026-01-02T03:04:05Z".parse().unwrap();
            let request = request(region, method, path, &body);
            let (response, before) = gateway::answer(&mut state, &settings, &request, now, "id-1");
            assert!(
                (200..300).contains(&response.status),
                "{method} {path}: {}",
                response.value()
            );
            assert_ne!(state, old, "{method} {path}");

            let written = serde_json::to_string(&before.current(&state)).unwrap();
            let mut replayed = old.clone();
            serde_json::from_str::<Change>(&written)
                .unwrap()
                .apply_to(&mut replayed);
            assert_eq!(replayed, state, "{method} {path}");

            let mut undone = state.clone();
            before.apply_to(&mut undone);
            assert_eq!(undone, old, "{method} {path}");
        }
    }

    #[test]
    fn the_first_content_of_a_place_is_restored() {
        let mut state = state();
        let old = state.clone();
        let mut draft = Draft::of(&mut state);
        for description in ["one", "two"] {
            let repository = draft.repository_mut("cn-north-4", "team-a", "web").unwrap();
            repository.description = description.to_owned();
        }
        draft.remove_repository("cn-north-4", "team-a", "web");
        draft.before().apply_to(&mut state);
        assert_eq!(state, old);
    }
}
