//! The rules of a repository are read while its list is in flight, and the result is the same as
//! after it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
};

use portolan::{
    emulator::{Emulator, State, SyncRule},
    plan::Outcome,
    transport::{Exchange, Transport, emulated::Emulated},
    wire::{Request, Response},
};
use tokio::{
    sync::Semaphore,
    time::{Duration, timeout},
};

use super::site::{Deletion, Site};

const NORTH: &str = "cn-north-4";

/// The service gives no longer pages, so the list is read again after its first page.
const PAGE: usize = 5;

/// Far longer than any run; the clock is paused.
const LONG: Duration = Duration::from_secs(3600);

/// The edits to the list and to the repository whose rules are read first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Story {
    /// Later pages arrive after the rules of all repositories on the first one were requested.
    Slow,
    /// Later pages are refused.
    Refused,
    /// It is missing when its rules are read, and exists again afterwards.
    Back,
    /// It is gone for good.
    Gone,
}

struct Staged {
    door: Emulated,
    emulator: Emulator,
    story: Story,
    /// Answers to requests for rules.
    rules: Semaphore,
    lists: AtomicUsize,
    was_gone: AtomicBool,
}

impl Staged {
    async fn list(&self, request: &Request) -> Option<Response> {
        let number = self.lists.fetch_add(1, Relaxed);
        let is_first = request.query.contains(&("offset", "0".to_owned()));
        let refused = || Response {
            status: 403,
            ..Response::default()
        };
        let wanted = match self.story {
            Story::Slow if !is_first => u32::try_from(PAGE).unwrap(),
            Story::Back | Story::Gone if number > 0 => 1,
            Story::Refused if !is_first => return Some(refused()),
            _ => 0,
        };
        let answered = timeout(LONG, self.rules.acquire_many(wanted)).await;
        drop(answered.expect("no rules are read while the list is under way"));
        None
    }

    fn is_first_read_of_rules(&self) -> bool {
        matches!(self.story, Story::Back | Story::Gone) && !self.was_gone.swap(true, Relaxed)
    }
}

impl Transport for Staged {
    fn send<'a>(&'a self, request: &'a Request) -> Exchange<'a> {
        Box::pin(async move {
            let mut request = request.clone();
            if request.path == "/v2/manage/repos" {
                if let Some(answer) = self.list(&request).await {
                    return Ok(answer);
                }
                for (_, value) in request
                    .query
                    .iter_mut()
                    .filter(|(name, _)| *name == "limit")
                {
                    *value = value.parse::<usize>().unwrap().min(PAGE).to_string();
                }
            }
            if !request.path.ends_with("/sync_repo") {
                return self.door.send(&request).await;
            }
            let name = request.path.split('/').nth(6).unwrap().to_owned();
            let is_gone = self.is_first_read_of_rules();
            let remove = |state: &mut State| {
                state
                    .ensure_organization(NORTH, "o")
                    .repositories
                    .remove(&name)
            };
            let before = is_gone.then(|| self.emulator.edit(remove)).flatten();
            let answer = self.door.send(&request).await;
            if let (Some(repository), Story::Back) = (before, self.story) {
                self.emulator.edit(|state| {
                    state
                        .ensure_organization(NORTH, "o")
                        .repositories
                        .insert(name, repository)
                });
            }
            self.rules.add_permits(1);
            answer
        })
    }
}

fn plan(story: Story) -> portolan::plan::Plan {
    let mut state = State::new("emulator");
    for number in 0..12 {
        let repository = state.ensure_repository(NORTH, "o", &format!("r{number:02}"));
        repository.sync_rules = [SyncRule::to("cn-east-3", "dr")].into();
    }
    let entries: String = (0..12)
        .map(|number| format!("      r{number:02}: {{}}\n"))
        .collect();
    let rule = "{ target_region: cn-east-3, target_organization: dr }";
    let chart = format!(
        "version: 1\nregion: {NORTH}\norganizations:\n  o:\n    defaults: {{ repository: {{ \
        sync: [{rule}] }} }}\n    repositories:\n{entries}"
    );
    let site = Site::new(&state, Deletion::Images).of_parallelism(64);
    let emulator = site.emulator.clone();
    let site = site.behind(move |door| {
        let (rules, lists, was_gone) = (
            Semaphore::new(0),
            AtomicUsize::new(0),
            AtomicBool::new(false),
        );
        Arc::new(Staged {
            door,
            emulator: emulator.clone(),
            story,
            rules,
            lists,
            was_gone,
        })
    });
    site.plan(&chart)
}

#[test]
fn rules_are_read_while_pages_are_in_flight() {
    let plan = plan(Story::Slow);
    assert_eq!(
        (plan.outcome(), plan.unchanged),
        (Outcome::NoChanges, 25),
        "{plan:#?}"
    );
}

#[test]
fn a_list_that_fails_is_one_failure_although_rules_were_read() {
    let plan = plan(Story::Refused);
    let subjects: Vec<&str> = plan
        .failures
        .iter()
        .map(|failure| failure.subject.as_str())
        .collect();
    assert_eq!(subjects, ["repository list of cn-north-4"]);
}

#[test]
fn rules_that_were_read_too_early_are_read_again() {
    let plan = plan(Story::Back);
    assert_eq!(
        (plan.outcome(), plan.unchanged),
        (Outcome::NoChanges, 25),
        "{plan:#?}"
    );
}

#[test]
fn rules_of_a_repository_that_the_list_lacks_are_dropped() {
    let plan = plan(Story::Gone);
    assert_eq!(
        (plan.outcome(), plan.unchanged, plan.changes.len()),
        (Outcome::Changes, 23, 2),
        "{plan:#?}"
    );
}
