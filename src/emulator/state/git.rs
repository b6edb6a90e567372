//! The git repositories of CodeArts Repo as a value, and their part of the documented JSON form.
//!
//! It stores facts, such as when runs started and ended. How the service reports them is an
//! assumption, and is computed from the facts for each answer. Credentials are never stored.
//!
//! ```json
//! "cn-north-4": { "projects": { "platform": { "repositories": {
//!   "app": {
//!     "id": 123,
//!     "mirror": { "url": "https://git.example.com/app.git", "outcome": { "fail": "timed out" } }
//!   }
//! } } } }
//! ```

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::emulator::state::{State, derived_id};

/// The highest id that the API accepts.
pub(in super::super) const LAST_ID: u32 = 2_147_483_647;

/// The default of `created` and `updated`: 2024-01-01T00:00:00Z.
const BEGINNING: Timestamp = Timestamp::constant(1_704_067_200, 0);

/// A project of CodeArts. It is not a project of IAM.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Project {
    /// 32 hexadecimal digits; an empty one is derived from the name.
    pub id: String,
    /// The beginning of clone URLs and namespaces, which may differ from the name; an empty one is
    /// replaced by the name.
    pub namespace: String,
    /// By their path below the project: the groups, then the name.
    pub repositories: BTreeMap<String, GitRepository>,
}

/// A git repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GitRepository {
    /// 1 to 2147483647, unique in the region; 0 is replaced by the next free id.
    pub id: u32,
    /// 32 hexadecimal digits; an empty one is derived from the id.
    pub uuid: String,
    /// Empty for none.
    pub description: String,
    /// 0 normal, 1 creating, 2 creation failed, 3 frozen, 4 closed, 5 being cleaned up, 7 deleting.
    pub status: u8,
    /// Whether it is archived, which makes it read-only.
    pub archived: bool,
    /// Whether the caller marked it.
    pub starred: bool,
    /// Whether the caller is a member of it.
    pub member: bool,
    /// Whether the caller created it.
    pub user_created: bool,
    /// What the caller may do with it.
    pub access: Access,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// The branch that a clone checks out.
    pub default_branch: String,
    /// Its branches and tags.
    pub refs: Refs,
    /// Absent in an ordinary repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<Mirror>,
}

impl Default for GitRepository {
    fn default() -> Self {
        Self {
            id: 0,
            uuid: String::new(),
            description: String::new(),
            status: 0,
            archived: false,
            starred: false,
            member: true,
            user_created: true,
            access: Access::Set,
            created: BEGINNING,
            updated: BEGINNING,
            default_branch: "master".to_owned(),
            refs: Refs::default(),
            mirror: None,
        }
    }
}

/// The permissions of a role in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// None: no list contains the repository, and reading it is forbidden.
    None,
    /// `getRepository`: all reads.
    Read,
    /// `setRepository` as well.
    #[default]
    Set,
}

/// Branches and tags with the commits they point at.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Refs {
    /// By name.
    pub branches: BTreeMap<String, String>,
    /// By name.
    pub tags: BTreeMap<String, String>,
}

/// Which branches a run copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Branches {
    /// All of them.
    #[default]
    All,
    /// The default branch of the source.
    Default,
}

/// The repository from which a mirror is fetched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Source {
    /// The branch that `Branches::Default` means.
    pub default_branch: String,
    /// Its branches and tags.
    pub refs: Refs,
    /// Whether a run fails without a user and a password, or an endpoint that stores them.
    pub needs_credentials: bool,
}

impl Default for Source {
    fn default() -> Self {
        Self {
            default_branch: "master".to_owned(),
            refs: Refs::default(),
            needs_credentials: false,
        }
    }
}

/// How a run ends.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// The mirror has the refs of the source, unless they have diverged.
    #[default]
    Succeed,
    /// It fails, with this text in `last_error`.
    Fail(String),
    /// It never ends.
    Hang,
}

/// The mirror configuration of a repository, and the state of its runs.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mirror {
    /// The id of the configuration, not of the repository; 0 is replaced by the next free id.
    pub id: u32,
    /// The address of the source.
    pub url: String,
    /// Which branches a run copies.
    pub branches: Branches,
    /// Whether the schedule starts runs.
    pub scheduled: bool,
    /// Whether the schedule was on before and is off now.
    pub was_scheduled: bool,
    /// The id of the stored credentials; empty for none.
    pub endpoint_uuid: String,
    /// Its meaning is not documented.
    pub is_private: bool,
    /// The repository at `url`.
    pub source: Source,
    /// The outcomes of the next runs, one each; later runs use `outcome`.
    pub next_outcomes: Vec<RunOutcome>,
    /// The outcome of the other runs.
    pub outcome: RunOutcome,
    /// The duration of a run; absent for the emulator's setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_seconds: Option<u64>,
    /// When the latest run started.
    pub last_started_at: Option<Timestamp>,
    /// When the latest run ended.
    pub last_ended_at: Option<Timestamp>,
    /// When the configuration was last written.
    pub last_changed_at: Option<Timestamp>,
    /// When the latest successful run ended.
    pub last_successful_update_at: Option<Timestamp>,
    /// How many runs failed since the last that succeeded.
    pub failures_in_a_row: u32,
    /// How many runs failed.
    pub failures: u32,
    /// The error of the latest failed run.
    pub last_error: Option<String>,
    /// When the schedule starts the next run.
    pub next_scheduled_at: Option<Timestamp>,
    /// The runs that have not ended.
    pub runs: Vec<Run>,
    /// The refs that runs copied. A ref that differs from this was pushed by another client.
    pub copied: Refs,
}

/// One attempt to copy the source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The id in the answer to its start. No operation takes it.
    pub jid: String,
    /// When it starts, which is later than the request.
    pub starts: Timestamp,
    /// When it ends; none if it hangs.
    pub ends: Option<Timestamp>,
    /// The error with which it will fail.
    pub error: Option<String>,
    /// Whether it overwrites diverged refs.
    pub force: bool,
}

impl Mirror {
    /// A mirror of that URL without runs.
    pub fn of(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            ..Self::default()
        }
    }
}

impl State {
    /// The project of that name, created if it is missing.
    pub fn ensure_project(&mut self, region: &str, name: &str) -> &mut Project {
        let projects = &mut self.regions.entry(region.to_owned()).or_default().projects;
        let project = projects.entry(name.to_owned()).or_default();
        project.fill_in(region, name);
        project
    }

    /// The id of the repository of that path, which is created with its project if it is missing.
    pub fn ensure_git_repository(&mut self, region: &str, project: &str, path: &str) -> u32 {
        self.ensure_project(region, project)
            .repositories
            .entry(path.to_owned())
            .or_default();
        self.fill_in_git();
        self.git_repository(region, project, path)
            .map_or(0, |repository| repository.id)
    }

    /// Makes the repository of that path a mirror of that URL and returns its id.
    pub fn ensure_mirror(&mut self, region: &str, project: &str, path: &str, url: &str) -> u32 {
        let id = self.ensure_git_repository(region, project, path);
        if let Some(repository) = self.git_repository_mut(region, project, path) {
            repository.mirror.get_or_insert_default().url = url.to_owned();
        }
        self.fill_in_git();
        id
    }

    /// A git repository.
    pub fn git_repository(
        &self,
        region: &str,
        project: &str,
        path: &str,
    ) -> Option<&GitRepository> {
        self.regions
            .get(region)?
            .projects
            .get(project)?
            .repositories
            .get(path)
    }

    /// A git repository, to change it.
    pub fn git_repository_mut(
        &mut self,
        region: &str,
        project: &str,
        path: &str,
    ) -> Option<&mut GitRepository> {
        self.regions
            .get_mut(region)?
            .projects
            .get_mut(project)?
            .repositories
            .get_mut(path)
    }

    /// The project and the path of the git repository of that id.
    pub(in super::super) fn find_git_repository(
        &self,
        region: &str,
        id: u32,
    ) -> Option<(String, String)> {
        let projects = self
            .regions
            .get(region)
            .into_iter()
            .flat_map(|region| &region.projects);
        let mut all = projects.flat_map(|(project, content)| {
            content
                .repositories
                .iter()
                .map(move |(path, repository)| (project, path, repository.id))
        });
        all.find(|(.., found)| *found == id)
            .map(|(project, path, _)| (project.clone(), path.clone()))
    }

    /// A mirror.
    pub fn mirror(&self, region: &str, project: &str, path: &str) -> Option<&Mirror> {
        self.git_repository(region, project, path)?.mirror.as_ref()
    }

    /// A mirror, to change it.
    pub fn mirror_mut(&mut self, region: &str, project: &str, path: &str) -> Option<&mut Mirror> {
        self.git_repository_mut(region, project, path)?
            .mirror
            .as_mut()
    }

    /// Every git repository there is.
    pub(in super::super) fn git_repositories_mut(
        &mut self,
    ) -> impl Iterator<Item = &mut GitRepository> {
        let projects = self
            .regions
            .values_mut()
            .flat_map(|region| region.projects.values_mut());
        projects.flat_map(|project| project.repositories.values_mut())
    }

    /// A git repository id that is not unique or out of range, with its region.
    pub(in super::super) fn invalid_git_id(&self) -> Option<(&str, u32)> {
        self.regions.iter().find_map(|(region, content)| {
            let mut seen = BTreeSet::new();
            let repositories = content
                .projects
                .values()
                .flat_map(|project| project.repositories.values());
            // Not of mirrors: no operation takes the id of one. A 0 is filled in later.
            let mut ids = repositories
                .map(|repository| repository.id)
                .filter(|id| *id != 0);
            ids.find(|id| *id > LAST_ID || !seen.insert(*id))
                .map(|id| (region.as_str(), id))
        })
    }

    /// Fills in the ids and names that a hand-written file or an edit left out.
    pub(in super::super) fn fill_in_git(&mut self) {
        let mut used: BTreeSet<u32> = self
            .git_repositories_mut()
            .flat_map(|repository| repository.ids())
            .collect();
        let mut last = self.counters.git_id;
        for (region, content) in &mut self.regions {
            for (name, project) in &mut content.projects {
                project.fill_in(region, name);
                for repository in project.repositories.values_mut() {
                    let mirror = repository.mirror.as_mut().map(|mirror| &mut mirror.id);
                    // A repository and its mirror take ids from the same counter.
                    for id in std::iter::once(&mut repository.id)
                        .chain(mirror)
                        .filter(|id| **id == 0)
                    {
                        *id = next_free(&mut last, &mut used);
                    }
                    if repository.uuid.is_empty() {
                        // From the id: the same state has the same uuid after a restart.
                        repository.uuid = derived_id(&format!("{region}/{}", repository.id));
                    }
                }
            }
        }
        self.counters.git_id = last;
    }

    /// The next free id of a git repository or a mirror.
    pub(in super::super) fn next_git_id(&mut self) -> u32 {
        loop {
            let last = self.counters.git_id;
            // The API accepts no higher id, so the counter starts again.
            self.counters.git_id = if last >= LAST_ID { 1 } else { last + 1 };
            let id = self.counters.git_id;
            if !self
                .git_repositories()
                .any(|repository| repository.ids().contains(&id))
            {
                return id;
            }
        }
    }

    fn git_repositories(&self) -> impl Iterator<Item = &GitRepository> {
        let projects = self
            .regions
            .values()
            .flat_map(|region| region.projects.values());
        projects.flat_map(|project| project.repositories.values())
    }

    /// The id of the next run, in the form of a UUID as in the API's example.
    pub(in super::super) fn next_jid(&self) -> String {
        let digits = derived_id(&format!("run {}", self.counters.runs));
        let ends = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
        ends.map(|(from, to)| &digits[from..to]).join("-")
    }

    /// Takes that id, so that no other run gets it.
    pub(in super::super) fn use_jid(&mut self) {
        self.counters.runs = self.counters.runs.saturating_add(1);
    }
}

impl Project {
    fn fill_in(&mut self, region: &str, name: &str) {
        if self.id.is_empty() {
            self.id = derived_id(&format!("{region}/{name}"));
        }
        if self.namespace.is_empty() {
            self.namespace = name.to_owned();
        }
    }
}

impl GitRepository {
    fn ids(&self) -> [u32; 2] {
        [self.id, self.mirror.as_ref().map_or(0, |mirror| mirror.id)]
    }
}

/// The next id that is not used. A hand-written file may use any ids, so the counter alone is not
/// enough.
fn next_free(last: &mut u32, used: &mut BTreeSet<u32>) -> u32 {
    loop {
        *last = if *last >= LAST_ID { 1 } else { *last + 1 };
        if used.insert(*last) {
            return *last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::*;

    #[test]
    fn a_hand_written_state_needs_only_names() {
        let state = read(
            r#"{ "regions": { "cn-north-4": { "projects": { "platform": { "repositories": {
                "app": { "id": 2, "mirror": { "url": "https://git.example.com/app.git",
                "outcome": { "fail": "x" } } },
                "group/app": {}, "high": { "id": 2147483647 } } } } } } }"#,
        )
        .unwrap();
        let repository = |path| {
            state
                .git_repository("cn-north-4", "platform", path)
                .unwrap()
        };
        assert_eq!(
            (
                repository("app").id,
                repository("group/app").id,
                repository("high").id
            ),
            (2, 3, LAST_ID)
        );
        let mirror = repository("app").mirror.as_ref().unwrap();
        assert_eq!(
            (mirror.id, &mirror.outcome),
            (1, &RunOutcome::Fail("x".to_owned()))
        );
        assert_eq!(
            (
                mirror.scheduled,
                mirror.branches,
                mirror.last_successful_update_at
            ),
            (false, Branches::All, None)
        );
        let project = &state.regions["cn-north-4"].projects["platform"];
        assert_eq!(
            (project.id.len(), project.namespace.as_str()),
            (32, "platform")
        );
        assert_eq!(
            (repository("app").uuid.len(), repository("app").access),
            (32, Access::Set)
        );
    }

    #[test]
    fn a_credential_or_a_misspelt_key_is_refused() {
        for (key, value) in [
            ("username", "\"u\""),
            ("password", "\"p\""),
            ("shceduled", "true"),
            ("outcome", "\"no\""),
        ] {
            let text = format!(
                r#"{{ "regions": {{ "r": {{ "projects": {{ "p": {{ "repositories": {{ "a": {{
                    "mirror": {{ "{key}": {value} }} }} }} }} }} }} }} }}"#
            );
            let error = read(&text).unwrap_err();
            assert!(error.contains("unknown"), "{key}: {error}");
        }
    }

    #[test]
    fn a_written_state_is_read_back() {
        let mut state = State::new("acme");
        let id = state.ensure_mirror(
            "cn-north-4",
            "platform",
            "app",
            "https://git.example.com/app.git",
        );
        assert_eq!(
            state.ensure_git_repository("cn-north-4", "platform", "app"),
            id
        );
        let jid = state.next_jid();
        state.use_jid();
        assert_ne!(state.next_jid(), jid);
        let starts = BEGINNING;
        let mirror = state.mirror_mut("cn-north-4", "platform", "app").unwrap();
        mirror.runs.push(Run {
            jid,
            starts,
            ends: None,
            error: None,
            force: false,
        });
        assert_eq!(
            read(&serde_json::to_string(&state).unwrap()).unwrap(),
            state
        );
    }

    #[test]
    fn a_state_without_git_has_no_git_keys() {
        let mut state = State::new("acme");
        state.ensure_repository("cn-north-4", "team-a", "web");
        let text = serde_json::to_string(&state).unwrap();
        assert!(
            !text.contains("projects") && !text.contains("git_id") && !text.contains("clock"),
            "{text}"
        );
    }
}
