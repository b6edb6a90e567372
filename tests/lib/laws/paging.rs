//! Lists of several pages, with deletions and creations by other clients between any two requests.
//!
//! An unchanged repository is planned as without these changes. A changed one is planned as it was
//! at some time of the read. If no such plan is possible, the plan is unknown, but never when all
//! changes happen at one time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use portolan::{
    emulator::{Emulator, State},
    plan::{Action, Outcome, Plan},
    transport::{Exchange, Transport, emulated::Emulated},
    wire::Request,
};
use proptest::{
    collection::{btree_map, btree_set, vec},
    prelude::*,
    sample::select,
};

use super::site::{Deletion, Site};
use crate::law::law;

const NORTH: &str = "cn-north-4";

/// The organization of the chart, and one that only fills the pages.
const ORGANIZATIONS: [&str; 2] = ["alpha", "beta"];

/// Names of repositories: `r00` and so on.
const NAMES: usize = 20;

fn name(number: usize) -> String {
    format!("r{number:02}")
}

/// The state of a repository of `alpha` in the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Declared {
    Present,
    Absent,
}

/// A repository of that organization is deleted if it exists, else created.
type Edit = (&'static str, usize);

#[derive(Debug, Clone)]
struct Case {
    live: BTreeSet<Edit>,
    chart: BTreeMap<usize, Declared>,
    /// How long the service's pages are at most.
    page: usize,
    /// The edits before each request for a page.
    edits: Vec<(usize, Vec<Edit>)>,
}

fn cases() -> impl Strategy<Value = Case> {
    let repository = || (select(&ORGANIZATIONS[..]), 0..NAMES);
    let declared = prop_oneof![3 => Just(Declared::Present), 1 => Just(Declared::Absent)];
    (
        btree_set(repository(), 15..35),
        btree_map(0..NAMES, declared, 0..NAMES),
        5..10_usize,
        vec((0..12_usize, vec(repository(), 1..6)), 0..4),
    )
        .prop_map(|(live, chart, page, edits)| Case {
            live,
            chart,
            page,
            edits,
        })
}

impl Case {
    fn state(&self) -> State {
        let mut state = State::new("emulator");
        for organization in ORGANIZATIONS {
            state.ensure_organization(NORTH, organization);
        }
        for (organization, number) in &self.live {
            state.ensure_repository(NORTH, organization, &name(*number));
        }
        state
    }

    fn yaml(&self) -> String {
        let entry = |(number, declared): (&usize, &Declared)| match declared {
            Declared::Present => format!("      {}: {{}}\n", name(*number)),
            Declared::Absent => format!("      {}: {{ state: absent }}\n", name(*number)),
        };
        let entries: String = self.chart.iter().map(entry).collect();
        let head =
            "version: 1\nregion: cn-north-4\norganizations:\n  alpha:\n    unlisted: report\n";
        format!("{head}    repositories:\n      none: {{ state: absent }}\n{entries}")
    }
}

fn toggle(state: &mut State, (organization, number): &Edit) {
    let repositories = &mut state.ensure_organization(NORTH, organization).repositories;
    if repositories.remove(&name(*number)).is_none() {
        state.ensure_repository(NORTH, organization, &name(*number));
    }
}

/// The repositories of `alpha`.
fn there(state: &State) -> BTreeSet<String> {
    let organization = state.organization(NORTH, "alpha");
    organization
        .into_iter()
        .flat_map(|organization| organization.repositories.keys().cloned())
        .collect()
}

/// What other clients do before a request for a page.
type Act = dyn Fn(usize, &mut State) + Send + Sync;

/// A service with short pages, and other clients that act before a request for a page.
struct Busy {
    door: Emulated,
    emulator: Emulator,
    path: &'static str,
    page: usize,
    act: Box<Act>,
    asked: Arc<AtomicUsize>,
}

impl Transport for Busy {
    fn send<'a>(&'a self, request: &'a Request) -> Exchange<'a> {
        Box::pin(async move {
            let mut request = request.clone();
            if request.path == self.path {
                let at = self.asked.fetch_add(1, Ordering::Relaxed);
                self.emulator.edit(|state| (self.act)(at, state));
            }
            for (name, value) in &mut request.query {
                if *name == "limit" {
                    *value = value.parse::<usize>().unwrap().min(self.page).to_string();
                }
            }
            self.door.send(&request).await
        })
    }
}

impl Site {
    /// The same service, with short pages of one list and others who act. Counts the requests for
    /// its pages.
    fn busy(
        self,
        path: &'static str,
        page: usize,
        act: impl Fn(usize, &mut State) + Clone + Send + Sync + 'static,
    ) -> (Site, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let (emulator, counter) = (self.emulator.clone(), asked.clone());
        let site = self.behind(move |door| {
            let (emulator, asked, act) = (emulator.clone(), counter.clone(), Box::new(act.clone()));
            Arc::new(Busy {
                door,
                emulator,
                path,
                page,
                act,
                asked,
            })
        });
        (site, asked)
    }
}

/// The repositories of `alpha` in a plan: created, deleted, unlisted.
fn planned(plan: &Plan) -> [BTreeSet<String>; 3] {
    let name =
        |address: &portolan::address::Address| address.part("repository").unwrap().to_string();
    let changed = |is: fn(&Action) -> bool| {
        plan.changes
            .iter()
            .filter(|change| is(&change.action))
            .map(|change| name(&change.address))
            .collect()
    };
    [
        changed(|action| matches!(action, Action::Create { .. })),
        changed(|action| matches!(action, Action::Delete { .. })),
        plan.unlisted
            .iter()
            .map(|unlisted| name(&unlisted.address))
            .collect(),
    ]
}

#[test]
fn an_unchanged_resource_is_planned_although_the_list_changes_between_pages() {
    law(cases(), |case| {
        let before = case.state();
        let history = Arc::new(Mutex::new(vec![there(&before)]));
        let (edits, seen) = (case.edits.clone(), history.clone());
        let act = move |at, state: &mut State| {
            for (_, edits) in edits.iter().filter(|(when, _)| *when == at) {
                edits.iter().for_each(|edit| toggle(state, edit));
                seen.lock().unwrap().push(there(state));
            }
        };
        let (site, _) =
            Site::new(&before, Deletion::Images).busy("/v2/manage/repos", case.page, act);
        let plan = site.plan(&case.yaml());
        let times: BTreeSet<usize> = case.edits.iter().map(|(when, _)| *when).collect();
        if plan.outcome() == Outcome::Unknown {
            prop_assert!(times.len() > 1, "unknown, and all happened at one time");
            return Ok(());
        }
        let [created, deleted, unlisted] = planned(&plan);
        let history = history.lock().unwrap();
        for number in 0..NAMES {
            let name = name(number);
            let (created, deleted, unlisted) = (
                created.contains(&name),
                deleted.contains(&name),
                unlisted.contains(&name),
            );
            let at_some_time = |is_there: bool| {
                history
                    .iter()
                    .any(|there| there.contains(&name) == is_there)
            };
            let right = match case.chart.get(&number) {
                Some(Declared::Present) => at_some_time(!created) && !deleted && !unlisted,
                Some(Declared::Absent) => at_some_time(deleted) && !created && !unlisted,
                None => at_some_time(unlisted) && !created && !deleted,
            };
            prop_assert!(
                right,
                "{}: created {}, deleted {}, unlisted {}, {:#?}",
                name,
                created,
                deleted,
                unlisted,
                history
            );
        }
        Ok(())
    });
}

/// The list of git repositories has no total, and its pages cannot be shorter than requested.
#[test]
fn a_git_repository_is_found_although_the_list_changes_between_pages() {
    const LIST: &str = "/v4/user/repositories";
    let mut state = State::new("emulator");
    for number in 0..150 {
        state.ensure_mirror(
            NORTH,
            "platform",
            &format!("m{number:03}"),
            "https://git.example.com/a.git",
        );
    }
    let chart = |names: &[&str]| {
        let entries: String = names
            .iter()
            .map(|name| format!("  platform/{name}: {{}}\n"))
            .collect();
        format!("version: 1\nregion: cn-north-4\nmirrors:\n{entries}")
    };
    let delete = |when: Vec<usize>| {
        move |at, state: &mut State| {
            for number in when.iter().filter(|when| **when == at) {
                let repositories = &mut state.ensure_project(NORTH, "platform").repositories;
                repositories.remove(&format!("m{:03}", number * 10));
            }
        }
    };
    let names = ["m098", "m099", "m100", "m101", "m149"];
    let site = Site::new(&state, Deletion::Images);
    let (site, asked) = site.busy(LIST, 100, delete(vec![1]));
    let plan = site.plan(&chart(&names));
    assert_eq!(
        (plan.outcome(), plan.stopped.len(), plan.unchanged),
        (Outcome::NoChanges, 0, 5),
        "{plan:#?}"
    );
    assert_eq!(asked.load(Ordering::Relaxed), 4);
    // Again and again.
    let (site, asked) = Site::new(&state, Deletion::Images).busy(LIST, 100, delete(vec![1, 3, 5]));
    assert_eq!(site.plan(&chart(&names)).outcome(), Outcome::Unknown);
    assert_eq!(asked.load(Ordering::Relaxed), 6);
    // A repository that such a list lacks is looked up in a second one.
    let (site, asked) = Site::new(&state, Deletion::Images).busy(LIST, 100, delete(vec![]));
    assert_eq!(
        site.plan(&chart(&["m001", "none"])).stopped[0].code,
        "no-such-repository"
    );
    assert_eq!(asked.load(Ordering::Relaxed), 4);
    // It was created after the first.
    let create = |at, state: &mut State| {
        if at == 2 {
            state.ensure_mirror(NORTH, "platform", "none", "https://git.example.com/a.git");
        }
    };
    let (site, _) = Site::new(&state, Deletion::Images).busy(LIST, 100, create);
    assert_eq!(
        site.plan(&chart(&["m001", "none"])).outcome(),
        Outcome::NoChanges
    );
}
