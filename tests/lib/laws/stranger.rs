//! Another client edits one object between plan and apply: before every request, and each object in
//! turn.
//!
//! A value that was set before the object's precondition was read survives, and the report names
//! it. One that was set after the write survives too, and is reported unless it came after the
//! read-back. Only between that read and the first write to the object can a value be lost; a
//! creation loses none even then.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use portolan::{
    emulator::{Emulator, Entry, Grant, State, SyncRule},
    kind::Window,
    plan::{Action, Change, Plan},
    report::Fate,
    transport::{Exchange, Transport, emulated::Emulated, sign::query_string},
    wire::Request,
};
use serde_json::Value;

use super::{
    done, governed, grants, parts,
    site::{Deletion, Site, subject},
};

pub(crate) const CHART: &str = "version: 1
region: cn-north-4
limits: { allow: [ deletes, destroys-data ] }
organizations:
  alpha:
    repositories:
      changed: { category: linux }
      described: { description: new }
      full: { state: absent }
      empty: { state: absent }
      made: { description: new, sync: [ { target_region: cn-east-3, target_organization: dr } ] }
      rules:
        sync:
          - { target_region: cn-east-3, target_organization: added }
          - { target_region: cn-east-3, target_organization: replaced, override: true }
  beta: { repositories: { first: { description: mine } } }
  gone: { state: absent }
";

/// A value that only the other client writes.
const MARK: &str = "of a stranger";

pub(crate) fn live() -> State {
    let mut state = State::new("emulator");
    for name in ["changed", "described", "full", "empty", "rules"] {
        state
            .ensure_repository("cn-north-4", "alpha", name)
            .description = "old".to_owned();
    }
    state
        .ensure_repository("cn-north-4", "alpha", "full")
        .num_images = 2;
    let rule = |organization| SyncRule {
        overrides: false,
        auto: true,
        ..SyncRule::to("cn-east-3", organization)
    };
    state
        .ensure_repository("cn-north-4", "alpha", "rules")
        .sync_rules = vec![rule("replaced"), rule("dropped")];
    state.ensure_organization("cn-north-4", "gone");
    state
}

/// Lets requests through one after the other, and acts right before one of them.
struct Stranger {
    door: Emulated,
    emulator: Emulator,
    turn: tokio::sync::Mutex<()>,
    at: usize,
    edit: Arc<Edit>,
}

/// The object of the edit, and the object after the edit.
pub(crate) struct Edit {
    pub(crate) victim: Change,
    pub(crate) left: Mutex<Option<Raw>>,
}

impl Transport for Stranger {
    fn send<'a>(&'a self, request: &'a Request) -> Exchange<'a> {
        Box::pin(async move {
            let _turn = self.turn.lock().await;
            if self.emulator.journal().len() == self.at {
                self.edit.perform(&self.emulator);
            }
            self.door.send(request).await
        })
    }
}

/// An object in the emulator, without the objects that it contains.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Raw {
    Nothing,
    /// With the names of its repositories if it is to be deleted: a new repository must prevent the
    /// deletion.
    Organization(Vec<String>),
    Repository {
        is_public: bool,
        category: String,
        description: String,
        num_images: u64,
    },
    Rule {
        auto: bool,
        overrides: bool,
    },
    Permission(u8),
    Share(String, String),
    Policy(Vec<Value>),
}

pub(crate) fn raw(state: &State, victim: &Change) -> Raw {
    let parts = parts(victim);
    let names: Vec<&str> = parts.iter().map(String::as_str).collect();
    let goes = matches!(victim.action, Action::Delete { .. });
    let found = match names[..] {
        [region, organization] => state.organization(region, organization).map(|found| {
            Raw::Organization(if goes {
                found.repositories.keys().cloned().collect()
            } else {
                Vec::new()
            })
        }),
        [region, organization, "access", user] => {
            let found = state.organization(region, organization);
            let list = found.map_or(&[][..], |found| &found.access);
            let grant = list.iter().find(|grant| grant.user == user);
            grant.map(|grant| Raw::Permission(grant.auth))
        }
        [region, organization, name, "retention"] => {
            let found = state.repository(region, organization, name);
            let policy = found.and_then(|found| found.retentions.first());
            policy.map(|policy| Raw::Policy(policy.rules.clone()))
        }
        [region, organization, name, account] => {
            let found = state.repository(region, organization, name);
            let shares = found.map_or(&[][..], |found| &found.shares);
            let share = shares.iter().find(|share| share.account == account);
            share.map(|share| Raw::Share(share.deadline.clone(), share.description.clone()))
        }
        [region, organization, name] => {
            state
                .repository(region, organization, name)
                .map(|found| Raw::Repository {
                    is_public: found.is_public,
                    category: found.category.clone(),
                    description: found.description.clone(),
                    num_images: found.num_images,
                })
        }
        [region, organization, name, target_region, target] => {
            let rules = state
                .repository(region, organization, name)
                .map_or(&[][..], |found| &found.sync_rules);
            let rule = rules.iter().find(|rule| rule.is_to(target_region, target));
            rule.map(|rule| Raw::Rule {
                auto: rule.auto,
                overrides: rule.overrides,
            })
        }
        _ => unreachable!("addresses have two, three or five parts"),
    };
    found.unwrap_or(Raw::Nothing)
}

impl Edit {
    /// A difference that the plan did not see and the chart does not want. It must be one that the
    /// check reads: before a deletion, a new image or repository prevents it, and another
    /// description does not.
    pub(crate) fn perform(&self, emulator: &Emulator) {
        let parts = parts(&self.victim);
        let names: Vec<&str> = parts.iter().map(String::as_str).collect();
        let goes = matches!(self.victim.action, Action::Delete { .. });
        emulator.edit(|state| {
            let exists = raw(state, &self.victim) != Raw::Nothing;
            match names[..] {
                [region, organization] if goes && exists => {
                    state.ensure_repository(region, organization, "of-a-stranger");
                }
                [region, organization] => {
                    drop(state.ensure_organization(region, organization).clone());
                }
                [region, organization, name] if goes && exists => {
                    state
                        .ensure_repository(region, organization, name)
                        .num_images += 1;
                }
                [region, organization, name] => {
                    state
                        .ensure_repository(region, organization, name)
                        .description = MARK.to_owned();
                }
                [region, organization, "access", user] => {
                    let list = &mut state.ensure_organization(region, organization).access;
                    if goes && exists {
                        list.retain(|grant| grant.user != user);
                    } else {
                        let user = user.to_owned();
                        grants::set(list, &Grant { user, auth: 7 });
                    }
                }
                [region, organization, name, "retention"] => {
                    let policies = &mut state
                        .ensure_repository(region, organization, name)
                        .retentions;
                    policies[0].rules = governed::policy(7).rules;
                }
                [region, organization, name, _account] => {
                    let shares = &mut state.ensure_repository(region, organization, name).shares;
                    MARK.clone_into(&mut shares[0].description);
                }
                [region, organization, name, target_region, target] => {
                    // A rule needs a repository: a missing one is created as the plan would.
                    if state.repository(region, organization, name).is_none() {
                        state
                            .ensure_repository(region, organization, name)
                            .description = "new".to_owned();
                    }
                    let rules = &mut state
                        .ensure_repository(region, organization, name)
                        .sync_rules;
                    let rest = rules
                        .iter()
                        .filter(|rule| !rule.is_to(target_region, target))
                        .cloned()
                        .collect();
                    *rules = rest;
                    if !(goes && exists) {
                        rules.push(SyncRule {
                            auto: false,
                            overrides: false,
                            ..SyncRule::to(target_region, target)
                        });
                    }
                }
                _ => unreachable!("addresses have two, three or five parts"),
            }
        });
        *self.left.lock().unwrap() = Some(emulator.read(|state| raw(state, &self.victim)));
    }
}

/// When the object was checked, first written, last written, and read again, as indexes of
/// requests.
#[derive(Debug)]
struct Times {
    check: Option<usize>,
    write: Option<usize>,
    last_write: Option<usize>,
    read_back: Option<usize>,
}

fn times(change: &Change, journal: &[Entry]) -> Times {
    let wire = change.address.kind().wire;
    let goes = matches!(change.action, Action::Delete { .. });
    let fills = change.address.kind().blocked_by().filter(|_| goes);
    let contents = fills.map(|block| block.contents);
    let check = contents.map_or_else(
        || wire.read(change.subject()),
        |contents| (contents.request)(&change.address, Window::first(contents.page_size)),
    );
    let query: Vec<(&str, &str)> = check
        .query
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let (path, query) = (check.path, query_string(&query));
    let is_check =
        |entry: &Entry| entry.method == "GET" && entry.path == path && entry.query == query;
    let is_write = |entry: &Entry| entry.method != "GET" && subject(entry) == parts(change);
    // Children of a new object are not checked: their first read is the one afterwards.
    let write = journal.iter().position(is_write);
    let check = journal
        .iter()
        .position(is_check)
        .filter(|check| write.is_none_or(|write| *check < write));
    let last = journal
        .iter()
        .rposition(|entry| entry.method != "GET")
        .unwrap_or(0);
    let list = match parts(change).len() {
        2 => "/v2/manage/namespaces".to_owned(),
        3 => "/v2/manage/repos".to_owned(),
        _ => path,
    };
    let read_back = journal
        .iter()
        .skip(last + 1)
        .position(|entry| entry.path == list)
        .map(|at| last + 1 + at);
    Times {
        check,
        write,
        last_write: journal.iter().rposition(is_write),
        read_back,
    }
}

fn kind(change: &Change) -> &'static str {
    change.address.kind().name
}

/// The message about an object that was edited before its check, by the action.
pub(crate) fn moved(change: &Change) -> Option<&'static str> {
    Some(match (&change.action, parts(change).len()) {
        (Action::Update { .. }, _) if kind(change) == "access" => {
            r#"level was "read", is "manage" now"#
        }
        (Action::Update { .. }, _) if kind(change) == "retention" => "keep_tags was 9, is 7 now",
        (Action::Create { .. }, _) if kind(change) == "access" => {
            "it did not exist, but exists now"
        }
        (Action::Update { .. }, _) => r#"description was "old", is "of a stranger" now"#,
        (Action::Replace { .. }, _) => "auto was true, is false now",
        (Action::Create { .. }, 3 | 5) => "it did not exist, but exists now",
        (Action::Delete { .. }, 2) => "it had 0 repositories, has 1 now",
        (Action::Delete { .. }, 3) => " images, has ",
        // The edit equals the planned change.
        _ => return None,
    })
}

/// The result for the other client's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// Before the object was checked.
    Refused,
    /// In the time that stays open.
    Lost,
    /// In that time too, but the service itself refused.
    Kept,
    /// Between the write and the read-back.
    Noticed,
    /// After it.
    Later,
    /// The edit equals the planned change, or undid it only after the last read.
    Agreed,
}

struct Run {
    at: usize,
    plan: Plan,
    victim: usize,
    fates: Vec<Fate>,
    journal: Vec<Entry>,
    survived: bool,
}

fn run(world: Fixed, at: usize, victim: usize) -> Run {
    let (chart, live) = world;
    let site = Site::new(&live(), Deletion::Everything);
    let plan = site.plan(chart);
    site.emulator.clear_journal();
    let edit = Arc::new(Edit {
        victim: plan.changes[victim].clone(),
        left: Mutex::new(None),
    });
    let (emulator, shared) = (site.emulator.clone(), edit.clone());
    let site = site.behind(move |door| {
        let (emulator, turn) = (emulator.clone(), tokio::sync::Mutex::new(()));
        Arc::new(Stranger {
            door,
            emulator,
            turn,
            at,
            edit: shared.clone(),
        })
    });
    let fates = site.apply(&plan);
    let journal = site.emulator.journal();
    let left = edit
        .left
        .lock()
        .unwrap()
        .clone()
        .expect("the request was sent, so it happened");
    let survived = site
        .emulator
        .read(|state| raw(state, &plan.changes[victim]))
        == left;
    Run {
        at,
        plan,
        victim,
        fates,
        journal,
        survived,
    }
}

impl Run {
    /// Checks everything that must hold, and returns how the apply ended.
    fn end(&self) -> End {
        let (change, fate) = (&self.plan.changes[self.victim], &self.fates[self.victim]);
        let times = times(change, &self.journal);
        let context = format!(
            "{} before request {}, {times:?}: {fate:?}\n{:#?}",
            change.address, self.at, self.journal
        );
        self.other_changes_are_made(&context);
        let creates = matches!(change.action, Action::Create { .. });
        let message = match fate {
            Fate::Failed { message, .. } => message.as_str(),
            _ => "",
        };
        let before = |time: Option<usize>| time.is_some_and(|time| self.at <= time);
        if before(times.check) {
            assert!(
                self.survived && times.write.is_none() || moved(change).is_none(),
                "{context}"
            );
            return match moved(change) {
                Some(words) => {
                    assert!(message.contains(words), "{context}");
                    End::Refused
                }
                None => {
                    assert!(done(fate), "{context}");
                    End::Agreed
                }
            };
        }
        if before(times.write) {
            // If the edit deleted a rule, or the plan creates an organization, no value can be
            // lost.
            if done(fate) && moved(change).is_none() {
                return End::Agreed;
            }
            assert_eq!(self.survived, creates, "{context}");
            assert_eq!(done(fate), !creates, "{context}");
            assert!(
                !creates || message.contains("it exists now, with other values"),
                "{context}"
            );
            return if creates { End::Kept } else { End::Lost };
        }
        assert!(self.survived, "{context}");
        if before(times.last_write) {
            assert!(
                message.contains("it exists now, with other values"),
                "{context}"
            );
            return End::Kept;
        }
        if done(fate) {
            // An organization that two clients create is as planned.
            assert!(
                !before(times.read_back) || parts(change).len() == 2 && creates,
                "{context}"
            );
            return End::Later;
        }
        assert!(
            before(times.read_back) && message.contains("did not stick: "),
            "{context}"
        );
        let expected = match (&change.action, parts(change).len()) {
            (Action::Delete { .. }, _) => "it was deleted, but still exists",
            (_, 5) => "auto: sent true, the service has false",
            _ if kind(change) == "access" => r#"the service has "manage""#,
            _ if kind(change) == "retention" => "the service has 7",
            _ => r#"the service has "of a stranger""#,
        };
        assert!(message.contains(expected), "{context}");
        End::Noticed
    }

    /// Changes that do not depend on the object are made as planned.
    fn other_changes_are_made(&self, context: &str) {
        let victim = &self.plan.changes[self.victim].address;
        for (change, fate) in self.plan.changes.iter().zip(&self.fates) {
            let hangs = change.address.parent().as_ref() == Some(victim);
            assert!(
                change.address == *victim || hangs || done(fate),
                "{}: {fate:?}\n{context}",
                change.address
            );
        }
    }
}

#[test]
fn a_concurrent_change_is_overwritten_only_between_the_last_read_and_the_write() {
    let ends = ends((CHART, live), 12);
    assert!(
        [End::Refused, End::Lost, End::Kept, End::Noticed, End::Later]
            .iter()
            .all(|end| ends.contains_key(end)),
        "{ends:?}"
    );
}

#[test]
fn a_concurrent_change_of_a_permission_a_share_or_a_policy_is_too() {
    let ends = ends((governed::CHART, governed::live), 5);
    assert!(
        [End::Refused, End::Lost, End::Kept, End::Noticed, End::Later]
            .iter()
            .all(|end| ends.contains_key(end)),
        "{ends:?}"
    );
}

/// A chart and its live state.
type Fixed = (&'static str, fn() -> State);

/// Tries each change of a fixed world before each request.
fn ends(world: Fixed, changes: usize) -> BTreeMap<End, usize> {
    let (chart, live) = world;
    let site = Site::new(&live(), Deletion::Everything);
    let plan = site.plan(chart);
    let symbols: Vec<String> = plan
        .changes
        .iter()
        .map(|change| format!("{} {}", change.action.symbol(), change.address))
        .collect();
    assert_eq!(
        (symbols.len(), plan.stopped.len()),
        (changes, 0),
        "{symbols:#?}"
    );
    assert!(plan.changes.iter().all(|change| change.withheld.is_none()));
    site.emulator.clear_journal();
    assert!(site.apply(&plan).iter().all(done));
    let requests = site.emulator.journal().len();

    let (mut lost, mut open, mut ends) = (0, 0, BTreeMap::new());
    for victim in 0..plan.changes.len() {
        for at in 0..requests {
            let run = run(world, at, victim);
            let end = run.end();
            *ends.entry(end).or_insert(0) += 1;
            lost += usize::from(end == End::Lost);
            let Times { check, write, .. } = times(&run.plan.changes[victim], &run.journal);
            let in_between =
                check.is_some_and(|check| check < at) && write.is_some_and(|write| at <= write);
            let can_lose =
                !matches!(plan.changes[victim].action, Action::Create { .. }) && end != End::Agreed;
            open += usize::from(in_between && can_lose);
        }
    }
    assert_eq!(lost, open, "{ends:?}");
    assert_eq!(ends.values().sum::<usize>(), changes * requests);
    ends
}
