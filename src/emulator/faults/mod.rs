//! Faults: what a network, a gateway, a busy service or a stranger does to a request.
//!
//! A fault is put in by a test or by hand, waits for the requests it matches, and strikes as often
//! as it was told to. Which request is the unlucky one is never left to chance: even a probability
//! has a seed, so that the same requests meet the same strikes.

pub(super) mod bodies;
pub(super) mod effects;
mod grammar;
mod pages;
pub(super) mod stranger;

use std::{collections::VecDeque, sync::Arc};

use crate::emulator::{
    faults::{
        effects::{Effect, Lag},
        stranger::Edit,
    },
    gateway::routes::Route,
    message::Request,
    state::State,
};

/// One fault and the requests it is meant for.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// Strikes this operation only.
    pub route: Option<Route>,
    /// Strikes this method only.
    pub method: Option<String>,
    /// Strikes only where the escaped path contains this; `*` stands for anything.
    pub path: Option<String>,
    /// Strikes this region only.
    pub region: Option<String>,
    /// How many matching requests pass first.
    pub skip: usize,
    /// Of those that follow, each so-many-th may be struck.
    pub every: usize,
    /// How likely one that may be struck is; none for certain.
    pub chance: Option<Chance>,
    /// How many requests it strikes; none for all that follow.
    pub count: Option<usize>,
    /// What happens to them.
    pub effect: Effect,
}

/// A probability that is the same every time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chance {
    /// From 0, never, to 1, always.
    pub probability: f64,
    /// Another one strikes other requests.
    pub seed: u64,
}

impl Fault {
    /// A fault that strikes the next request, once.
    pub fn new(effect: Effect) -> Self {
        Self {
            route: None,
            method: None,
            path: None,
            region: None,
            skip: 0,
            every: 1,
            chance: None,
            count: Some(1),
            effect,
        }
    }

    /// Only that operation.
    pub fn route(mut self, route: Route) -> Self {
        self.route = Some(route);
        self
    }

    /// Only that method.
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only where the escaped path contains `part`, in which `*` stands for anything.
    pub fn path(mut self, part: &str) -> Self {
        self.path = Some(part.to_owned());
        self
    }

    /// Only that region.
    pub fn region(mut self, region: &str) -> Self {
        self.region = Some(region.to_owned());
        self
    }

    /// Lets so many matching requests pass first.
    pub fn skip(mut self, skip: usize) -> Self {
        self.skip = skip;
        self
    }

    /// Strikes each so-many-th of the matching requests only.
    pub fn every(mut self, every: usize) -> Self {
        self.every = every;
        self
    }

    /// Strikes a matching request with a probability only.
    pub fn chance(mut self, probability: f64, seed: u64) -> Self {
        self.chance = Some(Chance { probability, seed });
        self
    }

    /// Strikes so many requests.
    pub fn times(mut self, count: usize) -> Self {
        self.count = Some(count);
        self
    }

    /// Strikes all requests that follow.
    pub fn forever(mut self) -> Self {
        self.count = None;
        self
    }

    fn matches(&self, request: &Request) -> bool {
        self.route.is_none_or(|route| route.matches(request))
            && self
                .method
                .as_ref()
                .is_none_or(|method| *method == request.method)
            && self
                .path
                .as_ref()
                .is_none_or(|pattern| contains(&request.path, pattern))
            && self
                .region
                .as_ref()
                .is_none_or(|region| *region == request.region)
            && self.effect.concerns(request)
    }
}

/// Whether the pieces between the asterisks occur in the path, one after the other.
fn contains(path: &str, pattern: &str) -> bool {
    let mut rest = Some(path);
    for piece in pattern.split('*') {
        rest = rest
            .and_then(|rest| rest.split_once(piece))
            .map(|(_, rest)| rest);
    }
    rest.is_some()
}

/// The faults that still wait, and those that are spent.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Waiting>);

/// A fault, and what it has met so far.
#[derive(Debug)]
struct Waiting {
    fault: Fault,
    /// Matching requests.
    met: usize,
    struck: usize,
    dice: fastrand::Rng,
    past: Past,
}

/// States before successful writes, the oldest first, each with how many reads the fault had met by
/// then.
#[derive(Debug, Default)]
struct Past {
    states: VecDeque<(usize, Arc<State>)>,
    reads: usize,
}

/// What happens to one request.
#[derive(Debug, Default)]
pub(super) struct Strike {
    /// Done by others before it is served.
    pub(super) edits: Vec<Edit>,
    /// Done to it.
    pub(super) effect: Option<Effect>,
    /// What it sees instead of the present.
    pub(super) past: Option<Arc<State>>,
}

impl Faults {
    pub(super) fn inject(&mut self, fault: Fault) {
        let dice = fastrand::Rng::with_seed(fault.chance.map_or(0, |chance| chance.seed));
        self.0.push(Waiting {
            fault,
            met: 0,
            struck: 0,
            dice,
            past: Past::default(),
        });
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Every fault that was put in, with how often it struck.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Fault, usize)> {
        self.0
            .iter()
            .map(|waiting| (&waiting.fault, waiting.struck))
    }

    /// The effect on a request: of the faults that match, the first whose turn it is. Strangers are
    /// apart from that: whatever else happens, they do what they do.
    pub(super) fn strike(&mut self, request: &Request) -> Strike {
        let mut strike = Strike::default();
        for waiting in &mut self.0 {
            let edit = match &waiting.fault.effect {
                Effect::Stranger(edit) => Some(edit.clone()),
                _ if strike.effect.is_some() => continue,
                _ => None,
            };
            if waiting.is_spent() || !waiting.fault.matches(request) {
                continue;
            }
            let past = waiting.see();
            if !waiting.turn(past.is_some()) {
                continue;
            }
            match edit {
                Some(edit) => strike.edits.push(edit),
                None => (strike.effect, strike.past) = (Some(waiting.fault.effect.clone()), past),
            }
        }
        strike
    }

    /// Whether any fault wants to know the state before a write.
    pub(super) fn remembers(&self) -> bool {
        self.0.iter().any(Waiting::remembers)
    }

    /// Takes the state before a write that succeeded.
    pub(super) fn remember(&mut self, before: State) {
        let before = Arc::new(before);
        for waiting in self.0.iter_mut().filter(|waiting| waiting.remembers()) {
            if let Effect::Stale(lag) = waiting.fault.effect {
                waiting.past.push(lag, before.clone());
            }
        }
    }
}

impl Waiting {
    fn is_spent(&self) -> bool {
        self.fault.count.is_some_and(|count| self.struck >= count)
    }

    fn remembers(&self) -> bool {
        matches!(self.fault.effect, Effect::Stale(_)) && !self.is_spent()
    }

    /// Lets a read pass; what it would see if it were struck.
    fn see(&mut self) -> Option<Arc<State>> {
        match self.fault.effect {
            Effect::Stale(lag) => self.past.see(lag),
            _ => None,
        }
    }

    /// Counts a matching request; whether it is struck.
    fn turn(&mut self, sees_the_past: bool) -> bool {
        if matches!(self.fault.effect, Effect::Stale(_)) && !sees_the_past {
            return false;
        }
        self.met += 1;
        let candidate = self.met > self.fault.skip
            && (self.met - self.fault.skip).is_multiple_of(self.fault.every.max(1));
        let strikes = candidate
            && self
                .fault
                .chance
                .is_none_or(|chance| self.dice.f64() < chance.probability);
        self.struck += usize::from(strikes);
        if self.is_spent() {
            // States are large.
            self.past = Past::default();
        }
        strikes
    }
}

impl Past {
    fn push(&mut self, lag: Lag, before: Arc<State>) {
        match lag {
            Lag::Writes(most) => {
                self.states.push_back((self.reads, before));
                while self.states.len() > most {
                    self.states.pop_front();
                }
            }
            // Two writes between the same reads come to light together.
            Lag::Reads(_)
                if self
                    .states
                    .back()
                    .is_some_and(|(reads, _)| *reads == self.reads) => {}
            Lag::Reads(_) => self.states.push_back((self.reads, before)),
        }
    }

    fn see(&mut self, lag: Lag) -> Option<Arc<State>> {
        if let Lag::Reads(most) = lag {
            while self
                .states
                .front()
                .is_some_and(|(reads, _)| self.reads - reads >= most)
            {
                self.states.pop_front();
            }
        }
        self.reads += 1;
        self.states.front().map(|(_, state)| state.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str) -> Request {
        Request {
            method: "GET".into(),
            region: "cn-north-4".into(),
            path: path.into(),
            ..Request::default()
        }
    }

    fn strikes(fault: Fault, paths: &[&str]) -> Vec<bool> {
        let mut faults = Faults::default();
        faults.inject(fault);
        paths
            .iter()
            .map(|path| faults.strike(&get(path)).effect.is_some())
            .collect()
    }

    fn cut() -> Fault {
        Fault::new(Effect::CutBefore)
    }

    #[test]
    fn a_fault_waits_counts_and_is_spent() {
        let fault = cut().path("sync_repo").skip(1).times(2);
        let hits = strikes(
            fault,
            &[
                "/sync_repo",
                "/repos",
                "/sync_repo",
                "/sync_repo",
                "/sync_repo",
            ],
        );
        assert_eq!(hits, [false, false, true, true, false]);
        assert_eq!(strikes(cut().forever(), &["/a", "/b", "/c"]), [true; 3]);
        assert_eq!(strikes(cut().times(0), &["/a"]), [false]);
    }

    #[test]
    fn method_region_and_route_must_match() {
        assert_eq!(strikes(cut().method("POST"), &["/a"]), [false]);
        assert_eq!(strikes(cut().region("cn-east-3"), &["/a"]), [false]);
        assert_eq!(
            strikes(cut().method("GET").region("cn-north-4"), &["/a"]),
            [true]
        );
        let route = |name| cut().route(Route::named(name).unwrap());
        assert_eq!(
            strikes(
                route("list-repositories"),
                &["/v2/manage/namespaces", "/v2/manage/repos"]
            ),
            [false, true]
        );
        assert_eq!(
            strikes(route("create-organization"), &["/v2/manage/namespaces"]),
            [false]
        );
    }

    #[test]
    fn an_asterisk_stands_for_anything() {
        for (pattern, expected) in [
            ("", true),
            ("*", true),
            ("/team-a/", true),
            ("namespaces/*/repos/*/sync_repo", true),
            ("*sync_repo", true),
            ("/repos*namespaces", false),
            ("sync_repo*sync_repo", false),
            ("team-b", false),
        ] {
            let path = "/v2/manage/namespaces/team-a/repos/web$front/sync_repo";
            assert_eq!(
                strikes(cut().path(pattern), &[path]),
                [expected],
                "{pattern}"
            );
        }
    }

    #[test]
    fn each_nth_is_struck() {
        let paths = ["/a"; 8];
        let hits = strikes(cut().skip(1).every(3).forever(), &paths);
        assert_eq!(hits, [false, false, false, true, false, false, true, false]);
        assert_eq!(
            strikes(cut().every(2).times(1), &paths)
                .iter()
                .filter(|hit| **hit)
                .count(),
            1
        );
    }

    #[test]
    fn the_same_seed_strikes_the_same_requests() {
        let run =
            |seed, probability| strikes(cut().chance(probability, seed).forever(), &["/a"; 2000]);
        assert_eq!(run(7, 0.05), run(7, 0.05));
        assert_ne!(run(7, 0.05), run(8, 0.05));
        let hits = run(7, 0.05).into_iter().filter(|hit| *hit).count();
        assert!((60..140).contains(&hits), "{hits} of 2000");
        assert_eq!(
            (run(1, 0.0).contains(&true), run(1, 1.0).contains(&false)),
            (false, false)
        );
    }

    #[test]
    fn the_first_fault_whose_turn_it_is_strikes_and_strangers_always_do() {
        let edit = || "push-image cn-north-4/team-a/web".parse::<Edit>().unwrap();
        let mut faults = Faults::default();
        faults.inject(cut());
        faults.inject(Fault::new(Effect::Stranger(edit())));
        faults.inject(Fault::new(Effect::HangAfter));
        let first = faults.strike(&get("/a"));
        assert_eq!(
            (first.effect, first.edits.len()),
            (Some(Effect::CutBefore), 1)
        );
        let second = faults.strike(&get("/a"));
        assert_eq!(
            (second.effect, second.edits.len()),
            (Some(Effect::HangAfter), 0)
        );
        assert_eq!(
            faults.all().map(|(_, struck)| struck).collect::<Vec<_>>(),
            [1, 1, 1]
        );
    }

    /// Which of the states `0`, `1`, ... a read sees; a `w` is a write, which ends state `n` and
    /// begins `n + 1`.
    fn seen(fault: Fault, story: &str) -> Vec<Option<String>> {
        let (mut faults, mut writes) = (Faults::default(), 0);
        faults.inject(fault);
        let mut seen = Vec::new();
        for step in story.chars() {
            if step == 'w' {
                faults.remember(State::new(&writes.to_string()));
                writes += 1;
            } else {
                seen.push(
                    faults
                        .strike(&get("/a"))
                        .past
                        .map(|state| state.account.clone()),
                );
            }
        }
        seen
    }

    fn states<const N: usize>(states: [&str; N]) -> Vec<Option<String>> {
        states
            .map(|state| (!state.is_empty()).then(|| state.to_owned()))
            .into()
    }

    #[test]
    fn a_read_can_lag_by_writes() {
        let stale = |lag| Fault::new(Effect::Stale(lag)).forever();
        assert_eq!(
            seen(stale(Lag::Writes(1)), "rwrrwwr"),
            states(["", "0", "0", "2"])
        );
        assert_eq!(
            seen(stale(Lag::Writes(2)), "wrwrwr"),
            states(["0", "0", "1"])
        );
        assert_eq!(
            seen(stale(Lag::Writes(1)).times(1), "rwrr"),
            states(["", "0", ""])
        );
        assert_eq!(
            seen(stale(Lag::Writes(1)).skip(1).times(1), "rwrrr"),
            states(["", "", "0", ""])
        );
    }

    #[test]
    fn a_read_can_lag_until_others_have_passed() {
        let stale = |reads| Fault::new(Effect::Stale(Lag::Reads(reads))).forever();
        assert_eq!(seen(stale(2), "wrrr"), states(["0", "0", ""]));
        assert_eq!(seen(stale(2), "wwrrr"), states(["0", "0", ""]));
        assert_eq!(seen(stale(2), "wrwrrr"), states(["0", "0", "1", ""]));
        assert_eq!(seen(stale(1), "wrwrr"), states(["0", "1", ""]));
    }

    #[test]
    fn many_writes_between_two_reads_are_one_state() {
        let mut faults = Faults::default();
        faults.inject(Fault::new(Effect::Stale(Lag::Reads(9))).forever());
        faults.inject(Fault::new(Effect::Stale(Lag::Writes(2))).forever());
        (0..100).for_each(|_| faults.remember(State::default()));
        assert_eq!(
            faults
                .0
                .iter()
                .map(|waiting| waiting.past.states.len())
                .collect::<Vec<_>>(),
            [1, 2]
        );
    }

    #[test]
    fn states_are_kept_only_while_somebody_wants_them() {
        let mut faults = Faults::default();
        faults.inject(cut().forever());
        assert!(!faults.remembers());
        faults.inject(Fault::new(Effect::Stale(Lag::Writes(1))));
        assert!(faults.remembers());
        faults.remember(State::default());
        faults.0.remove(0);
        assert!(faults.strike(&get("/a")).past.is_some());
        assert!(!faults.remembers() && faults.0[0].past.states.is_empty());
    }
}
