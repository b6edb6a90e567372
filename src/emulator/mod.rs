//! The emulator: the services' habits and refusals on this machine.
//!
//! It is a second opinion. It is written from the API reference and from observed traffic and
//! imports nothing from the rest of the crate: a mistake that the two share would go unnoticed.
//! Where the documents are silent, a response header names the assumption and a switch changes it.
//!
//! A request passes through these parts in this order:
//!
//! ```text
//! server ─ faults ─ gateway ─ swr, codearts, iam (pure) ─ state (file)
//! server ─ latency ─ journal ─ faults ────────────────────────┘
//! ```
//!
//! `docs/emulator.md` is the manual.
//!
//! There is no registry behind it: an image is a tag with a digest, and a copy of it is the same tag
//! in another region. There is no git server either: a mirror's branches are names with commits.
//! Time is simulated, so a test does not wait for a run or a copy.

mod codearts;
mod faults;
mod gateway;
mod iam;
mod message;
mod server;
mod settings;
mod state;
mod swr;
mod world;

use std::{
    fmt, io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

pub use codearts::Rejected;
pub use faults::bodies::{CodeArtsShape, ErrorBody, RetryAfter};
pub use faults::effects::{Effect, Lag};
pub use faults::stranger::Edit;
pub use faults::{Chance, Fault};
pub use gateway::routes::Route;
pub use message::{Answer, Request, Response};
pub use server::{serve, serve_controlled};
pub use settings::assumptions::{
    AssociateNewRepository, AssociateTwice, AssociateWithoutUrl, Assumptions, BranchCommit,
    CreateRepositoryBody, CreateRepositoryStatus, CreatorGrant, DeleteMissingGrant,
    DeleteMissingRule, DeleteOrganizationWithRepositories, DeleteRepositoryWithImages,
    DeletedBranches, DivergedBranches, DuplicateRule, EmptyField, EmptySelectors,
    ForeignOrganization, GitTimes, GrantBatch, HEADER as ASSUMPTION_HEADER, HiddenRules,
    IdOutOfRange, InvalidValue, JobOrder, LastError, LastUpdateAt, ListedTags, MirrorUrl,
    MirroringEnabled, MissingOrganizationOnCreate, MissingQuota, MissingTarget, MovedTags,
    NameWithNamespace, NamespaceFilter, NotAMirror, NotBase64, NumImages, NumberOfFailures,
    OtherDigest, OtherProject, PageLimitOver, PatchGrants, PatchMissingGrant, PatchOmitted,
    ProjectListGroups, PushToScheduled, PutOmitted, RepeatStart, RepositoryPath,
    RetentionBadRegexp, RetentionNumber, RetentionRegexp, RetentionRules, RetentionTemplate,
    RetentionUpdate, RetentionZero, RuleAnswer, RuleJob, SchedulePeriod, ScheduleSwitch,
    SecondRetention, SelfAuth, StartWithoutBody, SyncImagesAnswer, SyncImagesLimit, SyncImagesRule,
    UnknownProject, UnknownTag, UpdateStatus, UrlCredentials,
};
pub use settings::rate::{Rate, Window};
pub use settings::{ErrorShape, Keys, Settings};
pub use state::file::StateError;
pub use state::git::{
    Access, Branches, GitRepository, Mirror, Project, Refs, Run, RunOutcome, Source,
};
pub use state::identity::{Agency, CiJob, Identity, Provider};
pub use state::regions::{REGIONS, exists as region_exists};
pub use state::{
    Collected, Counters, Grant, Organization, Region, Repository, Retention, State, SyncRule, Tag,
    jobs::{Job, JobEnding, JobStatus},
    shares::Share,
};
pub use world::journal::Entry;

use state::file::StateFile;
use tokio::sync::Notify;
use world::World;

/// The timer rounds up to a whole millisecond, and then the wait for it does. On average this makes
/// up for both, and an answer takes as long as was asked for.
const ROUNDING: Duration = Duration::from_micros(999);

/// An emulated service. Clones share one state.
#[derive(Clone)]
pub struct Emulator {
    settings: Arc<Settings>,
    world: Arc<Mutex<World>>,
    /// Notified when the journal's file could not be written.
    journal_failed: Arc<Notify>,
}

impl Emulator {
    /// An empty state in memory.
    pub fn new(settings: Settings) -> Self {
        let state = State::new(&settings.account);
        Self::with(settings, state, None)
    }

    /// The state of a file. The first change creates the file, and it stays locked until the last
    /// clone is dropped.
    pub fn open(path: impl AsRef<Path>, settings: Settings) -> Result<Self, StateError> {
        let (file, state) = StateFile::open(path.as_ref())?;
        let mut state = state.unwrap_or_default();
        // The file's account has precedence over that of the settings.
        state.default_account.clone_from(&settings.account);
        if state.account == settings::DEFAULT_ACCOUNT {
            // Earlier versions wrote the default name into every file. It is not a user's choice,
            // so the chart's account takes its place.
            state.account.clear();
        }
        state.fill_in();
        Ok(Self::with(settings, state, Some(file)))
    }

    fn with(settings: Settings, state: State, file: Option<StateFile>) -> Self {
        let world = Arc::new(Mutex::new(World::new(state, file)));
        Self {
            settings: Arc::new(settings),
            world,
            journal_failed: Arc::default(),
        }
    }

    /// Answers one request.
    ///
    /// The change is made at the first poll and stays when the caller drops the future: the real
    /// service does not undo a change when a client disconnects.
    pub async fn answer(&self, request: Request) -> Answer {
        let received = tokio::time::Instant::now();
        let (answer, delay, journal_failed) = {
            let mut world = self.world();
            let (answer, delay) = world.answer(&request, &self.settings);
            (answer, delay, world.journal.failure.is_some())
        };
        if journal_failed {
            // A permit is kept until someone waits, so the failure cannot be missed.
            self.journal_failed.notify_one();
        }
        // The lock is released before the wait, so that slow answers do not delay each other.
        let pause = self.settings.latency + delay;
        if !pause.is_zero() {
            tokio::time::sleep_until(received + pause.saturating_sub(ROUNDING)).await;
        }
        answer
    }

    /// The requests so far with their answers, in order.
    pub fn journal(&self) -> Vec<Entry> {
        self.world().journal.entries.clone()
    }

    /// Removes all entries of the journal.
    pub fn clear_journal(&self) {
        self.world().journal.entries.clear();
    }

    /// Keeps no further entry in memory, so that memory does not grow while an emulator runs.
    pub fn discard_journal(&self) {
        self.world().journal.discards_entries = true;
    }

    /// Appends each further entry to a file, as a line of JSON, before the answer is sent.
    pub fn record(&self, path: &Path) -> io::Result<()> {
        self.world().journal.append_to(path)
    }

    /// Waits until an entry cannot be written to the file. No entry is written after that.
    pub async fn journal_failure(&self) -> io::Error {
        loop {
            // A statement of its own, so that the lock is released before the wait.
            let failure = self.world().journal.failure.take();
            match failure {
                Some(error) => return error,
                None => self.journal_failed.notified().await,
            }
        }
    }

    /// Reads the state, after what is due.
    pub fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        let mut world = self.world();
        world.do_due(&self.settings);
        read(&world.state)
    }

    /// Changes the state directly, as another client would between two requests. Ids that are 0
    /// are filled in.
    pub fn edit<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        self.world().edit(&self.settings, change)
    }

    /// The emulated time.
    pub fn now(&self) -> Timestamp {
        self.world().now(&self.settings)
    }

    /// Moves the emulated time forward and does what is due by then: runs end, jobs copy.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.edit(|state| state.clock_ahead_ms = state.clock_ahead_ms.saturating_add(by));
        self.world().do_due(&self.settings);
    }

    /// Adds a fault.
    pub fn inject(&self, fault: Fault) {
        self.world().faults.inject(fault);
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.world().faults.clear();
    }

    /// Every fault, with how often it struck.
    pub fn faults(&self) -> Vec<(Fault, usize)> {
        self.world()
            .faults
            .all()
            .map(|(fault, struck)| (fault.clone(), struck))
            .collect()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn create(name: &str) -> Request {
        Request {
            region: "cn-north-4".to_owned(),
            method: "POST".to_owned(),
            path: "/v2/manage/namespaces".to_owned(),
            body: format!(r#"{{"namespace":"{name}"}}"#).into_bytes(),
            ..Request::default()
        }
    }

    fn exists(emulator: &Emulator, name: &str) -> bool {
        emulator.read(|state| state.organization("cn-north-4", name).is_some())
    }

    #[tokio::test]
    async fn a_change_is_on_disk_before_it_is_answered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/state.json");
        let emulator = Emulator::open(&path, Settings::default()).unwrap();
        assert!(matches!(
            Emulator::open(&path, Settings::default()),
            Err(StateError::Locked { .. })
        ));
        emulator.answer(create("team-a")).await;
        emulator.edit(|state| {
            state
                .ensure_repository("cn-north-4", "team-a", "web")
                .num_images = 2;
        });
        drop(emulator);

        let emulator = Emulator::open(
            &path,
            Settings {
                account: "acme".into(),
                ..Settings::default()
            },
        )
        .unwrap();
        let repository = emulator
            .read(|state| state.repository("cn-north-4", "team-a", "web").cloned())
            .unwrap();
        assert_eq!((repository.id, repository.num_images), (2, 2));
        assert_eq!(emulator.read(|state| state.account().to_owned()), "acme");
    }

    #[tokio::test]
    async fn a_change_that_cannot_be_saved_is_undone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let emulator = Emulator::open(&path, Settings::default()).unwrap();
        emulator.edit(|state| {
            state
                .ensure_repository("cn-north-4", "large", "web")
                .description = "x".repeat(100_000);
        });
        let before = emulator.read(State::clone);
        let blocker = folder.path().join("state.json.changes");
        std::fs::create_dir(&blocker).unwrap();
        let Answer::Complete(response) = emulator.answer(create("team-a")).await else {
            panic!("an answer")
        };
        assert_eq!(
            (response.status, emulator.read(State::clone)),
            (500, before)
        );
        std::fs::remove_dir(&blocker).unwrap();
        emulator.answer(create("team-a")).await;
        assert!(exists(&emulator, "team-a") && blocker.exists());
        drop(emulator);
        assert!(!blocker.exists());
        assert!(exists(
            &Emulator::open(&path, Settings::default()).unwrap(),
            "team-a"
        ));
    }

    #[tokio::test]
    async fn a_copy_that_cannot_be_saved_is_made_later() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let settings = Settings {
            job_delay: Duration::ZERO,
            job_duration: Duration::ZERO,
            ..Settings::default()
        };
        let emulator = Emulator::open(&path, settings).unwrap();
        emulator.edit(|state| {
            state.ensure_organization("cn-east-3", "dr");
            let web = state.ensure_repository("cn-north-4", "large", "web");
            web.description = "x".repeat(100_000);
            web.sync_rules.push(SyncRule::to("cn-east-3", "dr"));
        });
        assert!(emulator.push_tags("cn-north-4", "large", "web", [Tag::named("v1")]));
        let blocker = folder.path().join("state.json.changes");
        std::fs::create_dir(&blocker).unwrap();
        let is_copied = |emulator: &Emulator| {
            emulator.read(|state| state.repository("cn-east-3", "dr", "web").is_some())
        };
        assert!(!is_copied(&emulator));
        std::fs::remove_dir(&blocker).unwrap();
        assert!(is_copied(&emulator) && blocker.exists());
        drop(emulator);
        let emulator = Emulator::open(&path, Settings::default()).unwrap();
        assert!(is_copied(&emulator));
    }

    #[tokio::test]
    async fn faults_apply_before_or_after_the_change() {
        let before = [
            Effect::CutBefore,
            Effect::HangBefore,
            Effect::throttled(None),
            Effect::html_502(),
        ];
        let after = [
            Effect::CutAfter,
            Effect::HangAfter,
            Effect::Truncate(1),
            Effect::Delay(Duration::ZERO),
            Effect::html_502().after_commit(),
        ];
        let all = before
            .map(|effect| (effect, false))
            .into_iter()
            .chain(after.map(|effect| (effect, true)));
        for (effect, committed) in all {
            let emulator = Emulator::new(Settings::default());
            emulator.inject(Fault::new(effect.clone()));
            emulator.answer(create("team-a")).await;
            assert_eq!(exists(&emulator, "team-a"), committed, "{effect:?}");
        }
    }

    #[tokio::test]
    async fn the_journal_has_each_request_and_its_status() {
        let emulator = Emulator::new(Settings::default());
        emulator.inject(Fault::new(Effect::CutAfter).skip(1));
        let mut request = create("team-a");
        request
            .headers
            .push(("X-Auth-Token".to_owned(), "secret".to_owned()));
        for _ in 0..3 {
            emulator.answer(request.clone()).await;
        }
        let journal = emulator.journal();
        assert_eq!(
            journal[0].body,
            Some(serde_json::json!({ "namespace": "team-a" }))
        );
        let answered: Vec<_> = journal
            .iter()
            .map(|entry| (entry.status, entry.fault))
            .collect();
        assert_eq!(
            answered,
            [(Some(201), false), (None, true), (Some(409), false)]
        );
        assert!(!format!("{journal:?} {emulator:?} {request:?}").contains("secret"));
        emulator.clear_journal();
        assert_eq!(emulator.journal(), []);
        emulator.discard_journal();
        emulator.answer(request).await;
        assert_eq!(emulator.journal(), []);
    }

    #[tokio::test]
    async fn every_response_has_its_own_id() {
        let emulator = Emulator::new(Settings::default());
        emulator.inject(Fault::new(Effect::html_502()).skip(1));
        for expected in [
            "emulator-00000001",
            "emulator-00000002",
            "emulator-00000003",
        ] {
            let Answer::Complete(response) = emulator.answer(create("team-a")).await else {
                panic!("an answer")
            };
            assert_eq!(response.header("x-request-id"), Some(expected));
        }
    }

    #[tokio::test]
    async fn signatures_are_verified_when_keys_are_set() {
        let verify = Some("AK:SK".parse().unwrap());
        let emulator = Emulator::new(Settings {
            verify,
            ..Settings::default()
        });
        let mut request = create("team-a");
        request
            .headers
            .push(("X-Auth-Token".to_owned(), "any".to_owned()));
        let Answer::Complete(response) = emulator.answer(request).await else {
            panic!("an answer")
        };
        assert_eq!(
            (response.status, response.value()["error_code"].as_str()),
            (401, Some("APIGW.0301"))
        );
        assert!(!exists(&emulator, "team-a"));
    }
}
