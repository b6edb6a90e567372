//! Laws about runs of rules: tags, pushes, faults and interruptions are random, and the raw state
//! of the emulator is the second opinion.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use portolan::{
    apply::{self, Options, Shutdown},
    config::{self, context::Context},
    copies::Wanted,
    diagnostics::SourceMap,
    emulator::{Emulator, Fault, Settings, State, SyncRule, Tag},
    plan::{Outcome, Plan, Scope, build::build},
    progress::{Listener, Silent},
    refresh::{RefreshOptions, refresh_with},
    report::{Fate, Record},
    transport::{Exchange, Transport, client::Client, emulated::Emulated},
    wire::Request,
};
use proptest::{collection::vec, prelude::*, sample::select};
use tokio::sync::Notify;

use super::mirrors;
use crate::law::try_on;

/// Fewer than of other laws: each case waits for many jobs, in simulated time.
const CASES: u32 = 100;

const NAMES: [&str; 5] = ["v1", "v2", "v3", "latest", "old"];
const OLD: &str = "2026-01-01T00:00:00Z";
const YOUNG: &str = "2026-11-21T07:55:00Z";

/// What may happen during an apply.
const FAULTS: [&str; 14] = [
    "status=500,route=copy-tags",
    "status=503,route=copy-tags",
    "cut-before,route=copy-tags",
    "cut-after,route=copy-tags",
    "status=403,route=copy-tags",
    "status=502,route=list-jobs",
    "cut-after,route=list-jobs,times=3",
    "drop-first=1,route=list-jobs",
    "job=failed",
    "job=timeout,skip=1",
    "job=cancel",
    "job=hang",
    "status=403,route=create-rule",
    "cut-after,route=create-rule",
];

/// What another client may do before one of the requests.
const STRANGERS: [&str; 3] = [
    "stranger=push-tag cn-north-4/o/web:new,route=copy-tags",
    "stranger=push-tag cn-east-3/dr/web:v1,route=copy-tags",
    "stranger=delete-tag cn-north-4/o/web:v2,route=copy-tags",
];

/// Pushes while a new rule is made, before and after each of its requests.
const PUSHES: [&str; 4] = [
    "stranger=push-tag cn-north-4/o/web:new,route=copy-tags",
    "stranger=push-tag cn-north-4/o/web:new,route=list-jobs",
    "stranger=push-tag cn-north-4/o/web:new,route=create-rule",
    "stranger=push-tag cn-north-4/o/web:newer,route=list-rules,skip=1",
];

/// A tag: its name, whether it is young, and whether source and target have it.
type Flags = (&'static str, bool, bool, bool);

#[derive(Debug, Clone)]
struct Case {
    /// Name, whether it is young, at the source, at the target.
    tags: Vec<Flags>,
    has_rule: bool,
    policy: &'static str,
    faults: Vec<&'static str>,
    strangers: Vec<&'static str>,
}

fn case(faults: usize, strangers: usize) -> impl Strategy<Value = Case> {
    let flags = vec((any::<bool>(), any::<bool>(), any::<bool>()), NAMES.len());
    (
        flags,
        any::<bool>(),
        select(&["on-create", "missing"][..]),
        vec(select(&FAULTS[..]), 0..=faults),
        vec(select(&STRANGERS[..]), 0..=strangers),
    )
        .prop_map(|(flags, has_rule, policy, faults, strangers)| Case {
            tags: NAMES
                .into_iter()
                .zip(flags)
                .map(|(name, (young, source, target))| (name, young, source, target))
                .collect(),
            has_rule,
            policy,
            faults,
            strangers,
        })
}

fn emulator(case: &Case) -> Emulator {
    emulator_with(case, Duration::ZERO)
}

/// An emulator whose jobs take that long.
fn emulator_with(case: &Case, job_duration: Duration) -> Emulator {
    let emulator = Emulator::new(Settings {
        latency: Duration::from_millis(1),
        clock: || mirrors::NOW.parse().unwrap(),
        job_delay: Duration::ZERO,
        job_duration,
        calls_per_minute: None,
        ..Settings::default()
    });
    let tags = |of: &dyn Fn(&Flags) -> bool, digest: char| -> Vec<Tag> {
        let chosen = case.tags.iter().filter(|tag| of(tag));
        let tag = |(name, young, ..): &Flags| Tag {
            pushed: if *young { YOUNG } else { OLD }.to_owned(),
            digest: format!("sha256:{}", digest.to_string().repeat(64)),
            ..Tag::named(name)
        };
        chosen.map(tag).collect()
    };
    emulator.edit(|state| {
        let source = state.ensure_repository("cn-north-4", "o", "web");
        source.tags = tags(&|tag| tag.2, 'a');
        source.num_images = source.tags.len() as u64;
        if case.has_rule {
            source.sync_rules.push(SyncRule {
                overrides: false,
                ..SyncRule::to("cn-east-3", "dr")
            });
        }
        let target = state.ensure_repository("cn-east-3", "dr", "web");
        target.tags = tags(&|tag| tag.3, 'b');
        target.num_images = target.tags.len() as u64;
    });
    emulator
}

fn disturb(emulator: &Emulator, case: &Case) {
    for fault in case.strangers.iter().chain(&case.faults) {
        emulator.inject(fault.parse::<Fault>().unwrap());
    }
}

fn yaml(policy: &str) -> String {
    format!(
        "version: 1\nregion: cn-north-4\norganizations: {{ o: {{ repositories: {{ web: {{ sync: [ \
        {{ target_region: cn-east-3, target_organization: dr, override: false, backfill: {policy} \
        }} ] }} }} }} }}\n"
    )
}

fn held(state: &State, place: [&str; 2]) -> BTreeMap<String, String> {
    let web = state.repository(place[0], place[1], "web");
    let tags = web.into_iter().flat_map(|web| &web.tags);
    tags.map(|tag| (tag.name.clone(), tag.digest.clone()))
        .collect()
}

/// Kills the process at a request.
struct Killing {
    door: Emulated,
    number: AtomicUsize,
    at: usize,
    after: bool,
    killed: Arc<Notify>,
}

impl Transport for Killing {
    fn send<'a>(&'a self, request: &'a Request) -> Exchange<'a> {
        Box::pin(async move {
            if self.number.fetch_add(1, Ordering::Relaxed) == self.at {
                if self.after {
                    self.door.send(request).await?;
                }
                self.killed.notify_one();
                std::future::pending::<()>().await;
            }
            self.door.send(request).await
        })
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(work)
}

fn client(emulator: &Emulator) -> Arc<Client> {
    Arc::new(Client::new(Arc::new(Emulated::new(emulator.clone())), 4))
}

async fn planned(client: &Arc<Client>, policy: &str) -> Plan {
    planned_with(client, policy, &[]).await
}

/// A plan with `--backfill` for each of these patterns.
async fn planned_with(client: &Arc<Client>, policy: &str, by_hand: &[&str]) -> Plan {
    let mut sources = SourceMap::default();
    sources.add("chart.yaml", yaml(policy));
    let mut decoded = config::decode(Context {
        sources: &sources,
        environment: &|_| None,
        region: None,
    });
    let patterns = by_hand.iter().map(|text| text.parse().unwrap());
    decoded.chart.backfill = patterns.collect();
    let options = RefreshOptions {
        copies: Wanted::All,
        abroad: Some(BTreeMap::from([("cn-east-3".into(), Ok(()))])),
        ..RefreshOptions::default()
    };
    let live = refresh_with(client, &decoded.chart, &options, &Silent).await;
    let now = live.clock.unwrap_or_default();
    build(&decoded.chart, &live, &[], Scope::default(), now)
}

async fn applied(client: &Arc<Client>, plan: &Plan) -> Vec<Record> {
    let listener: Arc<dyn Listener> = Arc::new(Silent);
    let options = Options {
        wait: Some(Duration::from_secs(60)),
        ..Options::default()
    };
    apply::run(client, plan, options, &Shutdown::default(), &listener).await
}

/// The tags that a plan or a report names as not copied.
fn named(plan: &Plan, records: &[Record]) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for copied in records.iter().filter_map(|record| record.copied.as_deref()) {
        named.extend(copied.failed.iter().map(|lost| lost.item.clone()));
        let rest = [&copied.in_progress, &copied.not_sent, &copied.gone];
        named.extend(rest.into_iter().flatten().cloned());
    }
    let notes = plan.changes.iter().flat_map(|change| &change.notes);
    let findings = plan.findings.iter().map(|finding| &finding.message);
    for text in notes.chain(findings) {
        let names = NAMES.into_iter();
        named.extend(names.filter(|name| text.contains(name)).map(str::to_owned));
    }
    named
}

#[test]
fn every_tag_arrives_or_is_named() {
    try_on(CASES, case(2, 1), |case| {
        let emulator = emulator(&case);
        let (plan, records) = block_on(async {
            let plan = planned(&client(&emulator), "missing").await;
            disturb(&emulator, &case);
            let records = applied(&client(&emulator), &plan).await;
            (plan, records)
        });
        emulator.clear_faults();
        let state = emulator.read(State::clone);
        let (source, target) = (
            held(&state, ["cn-north-4", "o"]),
            held(&state, ["cn-east-3", "dr"]),
        );
        let named = named(&plan, &records);
        let at_plan = case.tags.iter().filter(|tag| tag.2).map(|tag| tag.0);
        for name in at_plan.filter(|name| source.contains_key(*name)) {
            let is_told = named.contains(name);
            prop_assert!(
                target.contains_key(name) || is_told,
                "{name}: {records:#?}\n{plan:#?}"
            );
        }
        let is_done = records.iter().all(|record| record.fate.is_done());
        if case.faults.is_empty() {
            prop_assert!(is_done, "{records:#?}");
        }
        Ok(())
    });
}

#[test]
fn a_tag_is_never_overwritten() {
    try_on(CASES, case(2, 0), |case| {
        let emulator = emulator(&case);
        let before = held(&emulator.read(State::clone), ["cn-east-3", "dr"]);
        block_on(async {
            let plan = planned(&client(&emulator), case.policy).await;
            disturb(&emulator, &case);
            applied(&client(&emulator), &plan).await
        });
        let after = held(&emulator.read(State::clone), ["cn-east-3", "dr"]);
        for (name, digest) in before {
            prop_assert_eq!(after.get(&name), Some(&digest));
        }
        Ok(())
    });
}

/// Lets the emulated time pass during some work.
async fn passing<T>(emulator: &Emulator, work: impl Future<Output = T>) -> T {
    let tick = Duration::from_millis(500);
    let clock = async {
        loop {
            tokio::time::sleep(tick).await;
            emulator.advance(tick);
        }
    };
    tokio::select! {
        done = work => done,
        () = clock => unreachable!("the clock does not end"),
    }
}

/// Whether nothing is left to do.
async fn is_settled(emulator: &Emulator, policy: &str) -> bool {
    let plan = planned(&client(emulator), policy).await;
    plan.outcome() == Outcome::NoChanges
}

/// Applies a plan of the chart, and ends in the middle of the request with that number.
async fn applied_until(emulator: &Emulator, policy: &str, at: usize, after: bool) {
    let killed = Arc::new(Notify::new());
    let dying = Arc::new(Client::new(
        Arc::new(Killing {
            door: Emulated::new(emulator.clone()),
            number: AtomicUsize::new(0),
            at,
            after,
            killed: killed.clone(),
        }),
        4,
    ));
    let run = async {
        let plan = planned(&dying, policy).await;
        applied(&dying, &plan).await
    };
    tokio::select! {
        _ = run => {}
        () = killed.notified() => {}
    }
}

#[test]
fn the_next_apply_finishes_a_killed_one_and_copies_nothing_twice() {
    let durations = select(&[0, 3, 20][..]).prop_map(Duration::from_secs);
    let cases = (case(0, 0), 0..40_usize, any::<bool>(), durations);
    try_on(CASES, cases, |(case, at, after, duration)| {
        let emulator = emulator_with(&case, duration);
        let settled = block_on(passing(&emulator, async {
            applied_until(&emulator, case.policy, at, after).await;
            let plan = planned(&client(&emulator), case.policy).await;
            let records = applied(&client(&emulator), &plan).await;
            let is_done = records
                .iter()
                .all(|it| it.fate.is_done() || it.fate == Fate::Withheld);
            is_done && is_settled(&emulator, case.policy).await
        }));
        prop_assert!(settled);
        let state = emulator.read(State::clone);
        let jobs = &state.repository("cn-north-4", "o", "web").unwrap().jobs;
        let tags: BTreeSet<&String> = jobs.iter().map(|job| &job.tag).collect();
        prop_assert_eq!(
            tags.len(),
            jobs.len(),
            "something was copied twice: {:#?}",
            jobs
        );
        // A rule that existed, with `on-create`, is not run.
        let (source, target) = (
            held(&state, ["cn-north-4", "o"]),
            held(&state, ["cn-east-3", "dr"]),
        );
        let is_run = case.policy == "missing" || !case.has_rule;
        for (name, young, ..) in case.tags.iter().filter(|tag| is_run && tag.2) {
            let is_there = target.contains_key(*name) || *young && case.has_rule;
            // After a kill behind the creation, `missing` leaves young tags for half an hour.
            prop_assert!(
                is_there || *young,
                "{name} of {source:?} is not in {target:?}"
            );
        }
        Ok(())
    });
}

#[test]
fn a_run_by_hand_mends_what_a_killed_creation_left() {
    let cases = (
        case(0, 0),
        vec(select(&PUSHES[..]), 0..=3),
        0..60_usize,
        any::<bool>(),
    );
    try_on(CASES, cases, |(case, pushes, at, after)| {
        let case = Case {
            has_rule: false,
            policy: "on-create",
            strangers: pushes,
            ..case
        };
        let emulator = emulator(&case);
        disturb(&emulator, &case);
        let by_hand = block_on(async {
            applied_until(&emulator, case.policy, at, after).await;
            let plan = planned(&client(&emulator), case.policy).await;
            applied(&client(&emulator), &plan).await;
            emulator.clear_faults();
            // Until then a tag that was just pushed counts as under way.
            emulator.advance(Duration::from_secs(3600));
            let plan = planned_with(&client(&emulator), case.policy, &["cn-north-4/o/web"]).await;
            let records = applied(&client(&emulator), &plan).await;
            (plan, records)
        });
        let state = emulator.read(State::clone);
        let target = held(&state, ["cn-east-3", "dr"]);
        for name in held(&state, ["cn-north-4", "o"]).keys() {
            prop_assert!(target.contains_key(name), "{name}: {by_hand:#?}");
        }
        Ok(())
    });
}
