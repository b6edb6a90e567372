//! Lists of several pages, while others delete and create repositories between any two requests.
//!
//! What nobody touches is planned as if nobody did anything. What is touched is planned as it was
//! at some time of the run. Where that cannot be had the plan is unknown, and it never is if
//! everything happens at one time.

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

/// The organization of the chart, and one that only takes up room on the pages.
const ORGANIZATIONS: [&str; 2] = ["alpha", "beta"];

/// Names of repositories: `r00` and so on.
const NAMES: usize = 20;

fn name(number: usize) -> String {
    format!("r{number:02}")
}

/// What the chart says of a repository of `alpha`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Present,
    Absent,
}

/// A repository of that organization is deleted if it is there, else created.
type Deed = (&'static str, usize);

#[derive(Debug, Clone)]
struct Case {
    live: BTreeSet<Deed>,
    chart: BTreeMap<usize, Said>,
    /// How long the service's pages are at most.
    page: usize,
    /// What happens before which request for a page.
    deeds: Vec<(usize, Vec<Deed>)>,
}

fn cases() -> impl Strategy<Value = Case> {
    let repository = || (select(&ORGANIZATIONS[..]), 0..NAMES);
    let said = prop_oneof![3 => Just(Said::Present), 1 => Just(Said::Absent)];
    (
        btree_set(repository(), 15..35),
        btree_map(0..NAMES, said, 0..NAMES),
        5..10_usize,
        vec((0..12_usize, vec(repository(), 1..6)), 0..4),
    )
        .prop_map(|(live, chart, page, deeds)| Case {
            live,
            chart,
            page,
            deeds,
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
        let entry = |(number, said): (&usize, &Said)| match said {
            Said::Present => format!("      {}: {{}}\n", name(*number)),
            Said::Absent => format!("      {}: {{ state: absent }}\n", name(*number)),
        };
        let entries: String = self.chart.iter().map(entry).collect();
        let head =
            "version: 1\nregion: cn-north-4\norganizations:\n  alpha:\n    unlisted: report\n";
        format!("{head}    repositories:\n      none: {{ state: absent }}\n{entries}")
    }
}

fn toggle(state: &mut State, (organization, number): &Deed) {
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

/// What others do before which request for a page.
type Act = dyn Fn(usize, &mut State) + Send + Sync;

/// A service with short pages, and others who act before it is asked for one.
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

/// What a plan says of the repositories of `alpha`: to be made, to go, unlisted.
fn told(plan: &Plan) -> [BTreeSet<String>; 3] {
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
        let (deeds, seen) = (case.deeds.clone(), history.clone());
        let act = move |at, state: &mut State| {
            for (_, deeds) in deeds.iter().filter(|(when, _)| *when == at) {
                deeds.iter().for_each(|deed| toggle(state, deed));
                seen.lock().unwrap().push(there(state));
            }
        };
        let (site, _) =
            Site::new(&before, Deletion::Images).busy("/v2/manage/repos", case.page, act);
        let plan = site.plan(&case.yaml());
        let times: BTreeSet<usize> = case.deeds.iter().map(|(when, _)| *when).collect();
        if plan.outcome() == Outcome::Unknown {
            prop_assert!(times.len() > 1, "unknown, and all happened at one time");
            return Ok(());
        }
        let [made, gone, unlisted] = told(&plan);
        let history = history.lock().unwrap();
        for number in 0..NAMES {
            let name = name(number);
            let (made, gone, unlisted) = (
                made.contains(&name),
                gone.contains(&name),
                unlisted.contains(&name),
            );
            let at_some_time = |is_there: bool| {
                history
                    .iter()
                    .any(|there| there.contains(&name) == is_there)
            };
            let right = match case.chart.get(&number) {
                Some(Said::Present) => at_some_time(!made) && !gone && !unlisted,
                Some(Said::Absent) => at_some_time(gone) && !made && !unlisted,
                None => at_some_time(unlisted) && !made && !gone,
            };
            prop_assert!(
                right,
                "{}: made {}, gone {}, unlisted {}, {:#?}",
                name,
                made,
                gone,
                unlisted,
                history
            );
        }
        Ok(())
    });
}

/// The list of git repositories has no total, and its pages cannot be shorter than asked for.
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
    // What such a list lacks is looked for in a second one.
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
