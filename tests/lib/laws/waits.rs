//! Another client edits an object while a write waits for its retry: after each failed try of each
//! kind of write.
//!
//! With any answer of the service, the write neither overwrites nor destroys the edit, and the
//! command ends. The same holds under a low rate limit: no write is sent long after its check.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use portolan::{
    emulator::{Emulator, Entry, Mirror, State, SyncRule},
    plan::Change,
    report::Fate,
    transport::{Exchange, NoAnswer, Transport, emulated::Emulated},
    wire::{Method, Request, Response},
};
use tokio::time::Instant;

use super::{
    done, parts,
    site::{Deletion, Site, subject},
    stranger::{CHART, Edit, live, moved, raw},
};

/// Mirrors beside the changes of the other kinds.
const MIRRORS: &str = "
mirrors:
  platform/app: { url: 'https://git.example.com/new.git' }
  platform/lib: { url: 'https://git.example.com/tied.git' }
  platform/group/app: { url: 'https://git.example.com/old.git', max_age: 6h }
";

/// Why a try fails. The service carried nothing out.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Break {
    Status(u16),
    RetryAfter(u16, u64),
    Cut,
    NeverSent,
}

const BREAKS: [Break; 9] = [
    Break::Status(429),
    Break::Status(500),
    Break::Status(502),
    Break::Status(503),
    Break::Status(504),
    Break::RetryAfter(429, 7),
    Break::RetryAfter(503, 7),
    Break::Cut,
    Break::NeverSent,
];

impl Break {
    fn answer(self) -> Result<Response, NoAnswer> {
        let message = "no answer".to_owned();
        match self {
            Break::Status(status) => Ok(Response {
                status,
                ..Response::default()
            }),
            Break::RetryAfter(status, seconds) => {
                let retry_after = Some(Duration::from_secs(seconds));
                Ok(Response {
                    status,
                    retry_after,
                    ..Response::default()
                })
            }
            Break::Cut => Err(NoAnswer {
                message,
                never_sent: false,
            }),
            Break::NeverSent => Err(NoAnswer {
                message,
                never_sent: true,
            }),
        }
    }
}

/// Breaks the first writes to one object, and edits it right after one of them.
struct Breaking {
    door: Emulated,
    emulator: Emulator,
    victim: Change,
    how: Break,
    tries: usize,
    /// After which try the edit happens.
    edits_after: usize,
    edit: Box<dyn Fn(&Emulator) + Send + Sync>,
    broken: Mutex<usize>,
    /// How long the journal was when the edit happened.
    edited: Arc<Mutex<Option<usize>>>,
}

impl Breaking {
    fn is_of_victim(&self, request: &Request) -> bool {
        let entry = Entry {
            region: request.region.to_string(),
            method: request.method.as_str().to_owned(),
            path: request.path.clone(),
            body: request.body.clone(),
            request_id: String::new(),
            query: String::new(),
            status: None,
            fault: false,
            effects: Vec::new(),
        };
        request.method != Method::Get && subject(&entry) == parts(&self.victim)
    }
}

impl Transport for Breaking {
    fn send<'a>(&'a self, request: &'a Request) -> Exchange<'a> {
        Box::pin(async move {
            if !self.is_of_victim(request) {
                return self.door.send(request).await;
            }
            let broken = {
                let mut broken = self.broken.lock().unwrap();
                *broken += 1;
                *broken
            };
            if broken > self.tries {
                return self.door.send(request).await;
            }
            if broken == self.edits_after {
                (self.edit)(&self.emulator);
                *self.edited.lock().unwrap() = Some(self.emulator.journal().len());
            }
            self.how.answer()
        })
    }
}

fn world() -> State {
    let mut state = live();
    for name in ["app", "group/app"] {
        state.ensure_mirror(
            "cn-north-4",
            "platform",
            name,
            "https://git.example.com/old.git",
        );
    }
    state.ensure_git_repository("cn-north-4", "platform", "lib");
    // The ids that distinguish the requests.
    for (id, name) in [(1000, "app"), (1001, "lib"), (1002, "group/app")] {
        state
            .git_repository_mut("cn-north-4", "platform", name)
            .unwrap()
            .id = id;
    }
    state
}

/// The edit of another client to the object of a change.
fn edit(victim: &Change) -> Box<dyn Fn(&Emulator) + Send + Sync> {
    if victim.address.kind().name == "mirror" {
        let names = parts(victim);
        return Box::new(move |emulator| {
            emulator.edit(|state| {
                let repository = state
                    .git_repository_mut(&names[0], &names[1], &names[2])
                    .unwrap();
                repository.mirror = Some(Mirror {
                    id: 9000,
                    ..Mirror::of("https://git.example.com/other.git")
                });
            });
        });
    }
    let edit = Edit {
        victim: victim.clone(),
        left: Mutex::new(None),
    };
    Box::new(move |emulator| edit.perform(emulator))
}

struct Run {
    fates: Vec<Fate>,
    /// The writes to the object after the edit.
    written: Vec<Entry>,
    requests: usize,
    survived: bool,
}

/// Plans, and applies with one object's writes broken so often, and edited after one of the tries.
fn run(victim: usize, how: Break, tries: usize, edits_after: usize) -> (Vec<Change>, Run) {
    let site = Site::new(&world(), Deletion::Everything);
    let plan = site.plan(&format!("{CHART}{MIRRORS}"));
    site.emulator.clear_journal();
    let change = plan.changes[victim].clone();
    let edited = Arc::new(Mutex::new(None));
    let (emulator, seen) = (site.emulator.clone(), edited.clone());
    let victim = change.clone();
    let site = site.behind(move |door| {
        Arc::new(Breaking {
            door,
            emulator: emulator.clone(),
            edit: edit(&victim),
            victim: victim.clone(),
            how,
            tries,
            edits_after,
            broken: Mutex::new(0),
            edited: seen.clone(),
        })
    });
    let fates = site.apply(&plan);
    let at = edited.lock().unwrap().expect("the object was written to");
    let journal = site.emulator.journal();
    let is_of_victim = |entry: &&Entry| entry.method != "GET" && subject(entry) == parts(&change);
    let written = journal[at..].iter().filter(is_of_victim).cloned().collect();
    let survived = change.address.kind().name == "mirror" || {
        let reference = Site::new(&world(), Deletion::Everything);
        edit(&change)(&reference.emulator);
        let wanted = reference.emulator.read(|state| raw(state, &change));
        site.emulator.read(|state| raw(state, &change)) == wanted
    };
    (
        plan.changes,
        Run {
            fates,
            written,
            requests: journal.len(),
            survived,
        },
    )
}

#[test]
fn an_edit_during_a_wait_is_neither_overwritten_nor_destroyed() {
    let site = Site::new(&world(), Deletion::Everything);
    let changes = site.plan(&format!("{CHART}{MIRRORS}")).changes;
    let kinds: BTreeMap<&str, usize> = changes.iter().fold(BTreeMap::new(), |mut kinds, change| {
        *kinds.entry(change.address.kind().name).or_default() += 1;
        kinds
    });
    assert_eq!(kinds.len(), 4, "every kind is written: {kinds:?}");
    for victim in 0..changes.len() {
        for how in BREAKS {
            // A 500 is tried twice, and then it is given up.
            let most = if how == Break::Status(500) { 1 } else { 3 };
            for (tries, edits_after) in [(1, 1), (2, 1), (2, 2), (3, 1), (3, 2), (3, 3)] {
                if tries <= most {
                    is_kept(victim, how, tries, edits_after);
                }
            }
        }
    }
}

fn is_kept(victim: usize, how: Break, tries: usize, edits_after: usize) {
    let (changes, run) = run(victim, how, tries, edits_after);
    let (change, fate) = (&changes[victim], &run.fates[victim]);
    let context = format!(
        "{} broken by {how:?} {tries} times, edited after {edits_after}: {fate:?}\n{:#?}",
        change.address, run.written
    );
    assert!(run.requests < 100, "{context}");
    for (other, fate) in changes.iter().zip(&run.fates) {
        let hangs = other.address.parent().as_ref() == Some(&change.address);
        assert!(
            other.address == change.address || hangs || done(fate),
            "{}: {fate:?}\n{context}",
            other.address
        );
    }
    let is_mirror = change.address.kind().name == "mirror";
    if !is_mirror && moved(change).is_none() {
        // The edit equals the planned change.
        assert!(done(fate), "{context}");
        return;
    }
    assert_eq!(run.written, [], "{context}");
    assert!(run.survived, "{context}");
    let Fate::Failed { message, .. } = fate else {
        panic!("it is not made: {context}")
    };
    // A run of a mirror is given up after three starts without an answer.
    let is_given_up = is_mirror && tries == 3 && message.starts_with("not run: ");
    assert!(
        ["changed since the plan", "changed meanwhile"]
            .iter()
            .any(|words| message.contains(words))
            || message.contains("it exists now")
            || is_given_up,
        "{context}"
    );
}

/// A service that accepts a number of requests in each minute of its clock, and the times of the
/// accepted ones.
struct Minutes {
    door: Emulated,
    began: Instant,
    limit: Limit,
    window: Mutex<(u64, u32)>,
    log: Arc<Mutex<Vec<Taken>>>,
}

#[derive(Debug, Clone, Copy)]
struct Limit {
    most: u32,
    latency: Duration,
    /// Whether a refusal names the beginning of the next minute.
    retry_after: bool,
}

/// A request and the times of its beginning and its end.
#[derive(Debug, Clone)]
struct Taken {
    request: Request,
    from: Duration,
    to: Duration,
    is_refused: bool,
}

impl Transport for Minutes {
    fn send<'a>(&'a self, request: &'a Request) -> Exchange<'a> {
        Box::pin(async move {
            let from = self.began.elapsed();
            let is_refused = {
                let mut window = self.window.lock().unwrap();
                let minute = from.as_secs() / 60;
                *window = if window.0 == minute {
                    (minute, window.1 + 1)
                } else {
                    (minute, 1)
                };
                window.1 > self.limit.most
            };
            tokio::time::sleep(self.limit.latency).await;
            let answer = if is_refused {
                let left = Duration::from_secs(60 - self.began.elapsed().as_secs() % 60);
                let retry_after = self.limit.retry_after.then_some(left);
                Ok(Response {
                    status: 429,
                    retry_after,
                    ..Response::default()
                })
            } else {
                self.door.send(request).await
            };
            let taken = Taken {
                request: request.clone(),
                from,
                to: self.began.elapsed(),
                is_refused,
            };
            self.log.lock().unwrap().push(taken);
            answer
        })
    }
}

/// Applies a chart to a service with a rate limit; the accepted requests, in order.
fn limited(live: &State, chart: &str, limit: Limit) -> (Vec<Fate>, Vec<Taken>) {
    let site = Site::new(live, Deletion::Everything);
    let plan = site.plan(chart);
    assert_eq!(plan.stopped, []);
    let log = Arc::new(Mutex::new(Vec::new()));
    let shared = log.clone();
    let site = site.of_parallelism(64).behind(move |door| {
        let (began, window) = (Instant::now(), Mutex::new((0, 0)));
        Arc::new(Minutes {
            door,
            began,
            limit,
            window,
            log: shared.clone(),
        })
    });
    let fates = site.apply(&plan);
    let log = log.lock().unwrap().clone();
    (fates, log)
}

/// Repositories that are deleted, and one that stays.
fn many(deletions: usize) -> (State, String) {
    let mut state = State::new("emulator");
    let mut entries = String::new();
    for number in 0..deletions {
        state.ensure_repository("cn-north-4", "alpha", &format!("gone{number}"));
        entries.push_str(&format!("      gone{number}: {{ state: absent }}\n"));
    }
    state.ensure_repository("cn-north-4", "alpha", "stays");
    let chart = format!(
        "version: 1\nregion: cn-north-4\nlimits: {{ allow: [ deletes ] }}\n\
        organizations:\n  alpha:\n    repositories:\n{entries}"
    );
    (state, chart)
}

#[test]
fn a_slow_service_costs_time_and_few_requests() {
    let (state, chart) = many(100);
    // The waits after `Retry-After` are random, and decide how many changes are in flight when the
    // limit is reached again.
    for (retry_after, seed) in [(false, 0), (true, 3), (true, 11), (true, 31)] {
        fastrand::seed(seed);
        let limit = Limit {
            most: 20,
            latency: Duration::from_millis(50),
            retry_after,
        };
        let (fates, log) = limited(&state, &chart, limit);
        assert!(fates.iter().all(done), "{fates:#?}");
        let context = format!("Retry-After: {retry_after}, seed {seed}");
        is_repeated_after_refusals_only(&log, fates.len(), &context);
        is_checked_right_before(&log);
    }
}

/// A check is wasted if the limit of a minute is reached between it and its write. No client can
/// avoid that while it does not know the limit, so the bound is the number of refused writes. The
/// second burst shows the rate. From the next minute on, one change follows another, and an even
/// limit refuses no write.
#[track_caller]
fn is_repeated_after_refusals_only(log: &[Taken], deletions: usize, context: &str) {
    let minute = |taken: &Taken| taken.from.as_secs() / 60;
    let accepted = log.iter().filter(|taken| !taken.is_refused).count();
    let is_refused_write = |taken: &&Taken| taken.is_refused && taken.request.method != Method::Get;
    let refused: Vec<u64> = log.iter().filter(is_refused_write).map(minute).collect();
    // One list reads all deletions back.
    let (checks, lists) = (deletions + refused.len(), 1);
    assert_eq!(
        accepted,
        deletions + checks + lists,
        "writes refused in the minutes {refused:?}: {context}"
    );
    // Three refusals without a success in between are a burst. It counts once a minute: answers to
    // earlier requests can come in between.
    let mut in_a_row = 0;
    let bursts: BTreeSet<u64> = log
        .iter()
        .filter(|taken| {
            in_a_row = if taken.is_refused { in_a_row + 1 } else { 0 };
            in_a_row == 3
        })
        .map(minute)
        .collect();
    let learned = bursts.iter().nth(1).expect("a second burst");
    let is_early = refused.iter().all(|at| at <= learned);
    assert!(is_early, "{refused:?}, bursts {bursts:?}: {context}");
}

/// Two changes and three requests a minute: both checks and one write are accepted.
#[test]
fn the_check_of_a_refused_write_is_repeated() {
    let (state, chart) = many(2);
    for retry_after in [false, true] {
        let limit = Limit {
            most: 3,
            latency: Duration::from_millis(50),
            retry_after,
        };
        let (fates, log) = limited(&state, &chart, limit);
        assert!(fates.iter().all(done), "{fates:#?}");
        let accepted = |method| {
            let is_accepted = |taken: &&Taken| !taken.is_refused && taken.request.method == method;
            log.iter().filter(is_accepted).count()
        };
        // Two checks, the one that is repeated, and a list that reads both deletions back.
        let counts = (accepted(Method::Get), accepted(Method::Delete));
        assert_eq!(counts, (4, 2), "Retry-After: {retry_after}\n{log:#?}");
        is_checked_right_before(&log);
    }
}

#[test]
fn no_write_is_sent_long_after_its_check() {
    let mut state = State::new("emulator");
    let mut entries = String::new();
    for number in 0..12 {
        let repository = state.ensure_repository("cn-north-4", "alpha", &format!("a{number}"));
        repository.sync_rules = ["x", "y"]
            .map(|name| SyncRule {
                auto: true,
                ..SyncRule::to("cn-east-3", name)
            })
            .to_vec();
        entries.push_str(&format!(
            "      a{number}: {{ description: new, sync: [ {{ target_region: cn-east-3, \
            target_organization: x, override: true }} ] }}\n"
        ));
    }
    let chart = format!(
        "version: 1\nregion: cn-north-4\nlimits: {{ allow: [ deletes=99 ] \
        }}\norganizations:\n  alpha:\n    repositories:\n{entries}"
    );
    for (most, latency, retry_after) in [
        (20, 50, false),
        (20, 50, true),
        (200, 3000, false),
        (60, 700, false),
        (60, 700, true),
    ] {
        let limit = Limit {
            most,
            latency: Duration::from_millis(latency),
            retry_after,
        };
        let (fates, log) = limited(&state, &chart, limit);
        assert!(fates.iter().all(done), "{fates:#?}");
        is_checked_right_before(&log);
    }
}

/// The last read of the same path ended at most two seconds before each write began, the writes to
/// the same path in between aside.
#[track_caller]
fn is_checked_right_before(log: &[Taken]) {
    let writes = log
        .iter()
        .filter(|taken| taken.request.method != Method::Get);
    let mut longest = Duration::ZERO;
    for write in writes {
        let is_before = |taken: &&Taken| {
            taken.to <= write.from && taken.request.path == write.request.path && !taken.is_refused
        };
        let last = log.iter().filter(is_before).map(|taken| taken.to).max();
        let age = write.from - last.unwrap_or_else(|| panic!("{:?} is not checked", write.request));
        longest = longest.max(age);
    }
    assert!(
        longest <= Duration::from_secs(2),
        "a check was {longest:?} old"
    );
}
