//! A fixed world of fifty changes: each request of an apply fails in every way, and a second apply
//! follows.
//!
//! The second apply ends in the state of an undisturbed one, and over both, every write takes
//! effect exactly once and no other write does.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use portolan::{
    emulator::{Grant, Repository, Share, State, SyncRule},
    transport::{Exchange, NoAnswer, Transport, emulated::Emulated},
    wire::{Request, Response},
};
use tokio::sync::Notify;

use super::{
    expected, grants,
    retentions::Retention,
    site::{Deletion, Site, subject},
};

/// Nine changes of a new organization, and all kinds of them in an old one.
const CHART: &str = "version: 1
region: cn-north-4
limits: { allow: [ deletes, destroys-data, exposes, shares, collects ] }
targets: { dr: { region: cn-east-3, organization: dr } }
organizations:
  fresh:
    defaults: { repository: { category: linux, sync: [ { target: dr } ] } }
    repositories: { a: {}, b: {}, web/c: {}, web/d: {} }
  old:
    unlisted: delete
    access: [ { user: ci-bot, level: write }, { user: bob, level: read } ]
    repositories:
      u1: { description: new }
      u2: { is_public: true, access: [] }
      u3: { category: arm, retention: { keep_days: 30 } }
      u4: { description: new, category: arm }
      u5: { description: '', retention: { keep_tags: 2 } }
      web/u6:
        description: new
        share: [ { account: partner-co, until: forever }, { account: audit-co, until: forever } ]
      u7: { category: arm, access: [ { user: bob, level: read } ] }
      u8: { is_public: true }
      c1: {}
      c2: { is_public: true }
      web/c3: { description: new }
      c4: { sync: [ { target: dr } ] }
      d1: { state: absent }
      d2: { state: absent }
      d3: { state: absent }
      full1: { state: absent }
      full2: { state: absent }
      r1: { sync: [ { target: dr, override: true }, { target_region: cn-east-3, \
      target_organization: more } ] }
      r2: { sync: [ { target: dr, override: true } ] }
      r3: { sync: [ { target: dr, override: true }, { target_region: cn-south-1, \
      target_organization: more } ] }
      r4: { sync: [] }
      r5: { sync: [] }
  gone: { state: absent, repositories: { x: { state: absent }, y: { state: absent } } }
";

fn live() -> State {
    let mut state = State::new("emulator");
    for name in [
        "u1", "u2", "u3", "u4", "u5", "web/u6", "u7", "u8", "d1", "d2", "d3", "full1", "full2",
        "r1", "r2", "r3", "r4", "r5", "left1", "left2",
    ] {
        state
            .ensure_repository("cn-north-4", "old", name)
            .description = "before".to_owned();
    }
    for name in ["full1", "full2"] {
        state
            .ensure_repository("cn-north-4", "old", name)
            .num_images = 3;
    }
    let rule = |organization| SyncRule {
        overrides: false,
        auto: true,
        ..SyncRule::to("cn-east-3", organization)
    };
    for name in ["r1", "r2", "r3", "r4"] {
        state
            .ensure_repository("cn-north-4", "old", name)
            .sync_rules = vec![rule("dr")];
    }
    state
        .ensure_repository("cn-north-4", "old", "r5")
        .sync_rules = vec![rule("dr"), rule("other")];
    let grant = |user: &str, auth| Grant {
        user: user.to_owned(),
        auth,
    };
    let edit = |state: &mut State, name, change: &dyn Fn(&mut Repository)| {
        change(state.ensure_repository("cn-north-4", "old", name));
    };
    grants::settle(&mut state, "emulator");
    state.ensure_organization("cn-north-4", "old").access = vec![grant("bob", 7), grant("ada", 3)];
    edit(&mut state, "u2", &|found| {
        found.access = vec![grant("ci-bot", 1)];
    });
    edit(&mut state, "u3", &|found| {
        found.retentions = vec![Retention::least().live()];
    });
    edit(&mut state, "u5", &|found| found.num_images = 3);
    edit(&mut state, "web/u6", &|found| {
        let until_then = Share {
            deadline: "2099-12-31T16:00:00Z".to_owned(),
            ..Share::with("audit-co")
        };
        found.shares = vec![until_then, Share::with("other")];
    });
    for name in ["x", "y"] {
        state.ensure_repository("cn-north-4", "gone", name);
    }
    state
}

/// The fault of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    CutBefore,
    CutAfter,
    /// The process ends before it is sent, or before its answer arrives.
    KillBefore,
    KillAfter,
    /// An answer with this status before the write is carried out.
    StatusBefore(u16),
    StatusAfter(u16),
}

const BREAKS: [Break; 9] = [
    Break::CutBefore,
    Break::CutAfter,
    Break::KillBefore,
    Break::KillAfter,
    Break::StatusBefore(429),
    Break::StatusBefore(500),
    Break::StatusAfter(500),
    Break::StatusBefore(503),
    Break::StatusAfter(502),
];

/// Breaks the request of that number.
struct Breaking {
    door: Emulated,
    number: Arc<AtomicUsize>,
    at: usize,
    how: Break,
    killed: Arc<Notify>,
}

impl Transport for Breaking {
    fn send<'a>(&'a self, request: &'a Request) -> Exchange<'a> {
        Box::pin(async move {
            if self.number.fetch_add(1, Ordering::Relaxed) != self.at {
                return self.door.send(request).await;
            }
            if matches!(
                self.how,
                Break::CutAfter | Break::KillAfter | Break::StatusAfter(_)
            ) {
                self.door.send(request).await?;
            }
            match self.how {
                Break::CutBefore | Break::CutAfter => Err(NoAnswer {
                    message: "the connection was closed".to_owned(),
                    never_sent: false,
                }),
                Break::StatusBefore(status) | Break::StatusAfter(status) => Ok(Response {
                    status,
                    ..Response::default()
                }),
                Break::KillBefore | Break::KillAfter => {
                    self.killed.notify_one();
                    std::future::pending().await
                }
            }
        })
    }
}

/// The writes that took effect: method, subject and body of each, sorted.
fn effects(site: &Site) -> Vec<String> {
    let writes = site
        .writes()
        .into_iter()
        .filter(|write| write.status.is_some_and(|status| status < 300));
    let mut effects: Vec<String> = writes
        .map(|write| {
            format!(
                "{} {:?} {}",
                write.method,
                subject(&write),
                write.body.clone().unwrap_or_default()
            )
        })
        .collect();
    effects.sort();
    effects
}

/// Plans and applies; whether everything was done.
fn run(site: &Site) -> bool {
    site.run_until(&Notify::new(), CHART)
}

#[test]
fn after_a_fault_at_any_request_the_next_apply_finishes() {
    let clean = Site::new(&live(), Deletion::Images);
    assert_eq!(clean.plan(CHART).changes.len(), 50);
    clean.emulator.clear_journal();
    assert!(run(&clean));
    let requests = clean.emulator.journal().len();
    let (expected_state, expected_effects) = (expected::anonymous(clean.state()), effects(&clean));
    for how in BREAKS {
        let mut struck = 0;
        for at in 0.. {
            let number = Arc::new(AtomicUsize::new(0));
            let killed = Arc::new(Notify::new());
            let site = Site::new(&live(), Deletion::Images);
            let (counting, kill) = (number.clone(), killed.clone());
            let site = site.behind(move |door| {
                Arc::new(Breaking {
                    door,
                    number: counting.clone(),
                    at,
                    how,
                    killed: kill.clone(),
                })
            });
            let ended = site.run_until(&killed, CHART);
            if number.load(Ordering::Relaxed) <= at {
                break;
            }
            struck += 1;
            // One fault that is not a refusal is overcome at once, unless it ended the process.
            let is_killed = matches!(how, Break::KillBefore | Break::KillAfter);
            assert_eq!(ended, !is_killed, "{how:?} at {at}");
            // If one creation and one deletion are left, that may be a new name. The deletion is held
            // back then until the creation is done.
            assert!(run(&site) || run(&site), "{how:?} at {at}");
            assert_eq!(
                expected::anonymous(site.state()),
                expected_state,
                "{how:?} at {at}"
            );
            assert_eq!(effects(&site), expected_effects, "{how:?} at {at}");
        }
        assert!(
            struck >= requests,
            "{how:?} struck {struck} of {requests} requests"
        );
    }
}
