//! Faults: what a network, a gateway, a busy service or another client can do to a request.
//!
//! A fault matches requests and strikes some of them. This is deterministic: a probability has a
//! seed, so that the same requests in the same order get the same strikes.

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
    state::{State, jobs::JobEnding},
};

/// One fault and the requests that it strikes.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// Strikes only this operation.
    pub route: Option<Route>,
    /// Strikes only this method.
    pub method: Option<String>,
    /// Strikes only escaped paths that contain this pattern; `*` matches any text.
    pub path: Option<String>,
    /// Strikes only this region.
    pub region: Option<String>,
    /// How many matching requests it skips first.
    pub skip: usize,
    /// Of the following requests it may strike each n-th.
    pub every: usize,
    /// The probability with which it strikes one of these; none for always.
    pub chance: Option<Chance>,
    /// How many requests it strikes; none for no limit.
    pub count: Option<usize>,
    /// What it does to them.
    pub effect: Effect,
}

/// A reproducible probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chance {
    /// From 0, never, to 1, always.
    pub probability: f64,
    /// The seed of the generator.
    pub seed: u64,
}

impl Fault {
    /// A fault that strikes the next request.
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

    /// Strikes only that operation.
    pub fn route(mut self, route: Route) -> Self {
        self.route = Some(route);
        self
    }

    /// Strikes only that method.
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Strikes only escaped paths that contain `pattern`, in which `*` matches any text.
    pub fn path(mut self, pattern: &str) -> Self {
        self.path = Some(pattern.to_owned());
        self
    }

    /// Strikes only that region.
    pub fn region(mut self, region: &str) -> Self {
        self.region = Some(region.to_owned());
        self
    }

    /// Skips this number of matching requests first.
    pub fn skip(mut self, skip: usize) -> Self {
        self.skip = skip;
        self
    }

    /// Strikes only each n-th of the matching requests.
    pub fn every(mut self, every: usize) -> Self {
        self.every = every;
        self
    }

    /// Strikes a matching request with a probability.
    pub fn chance(mut self, probability: f64, seed: u64) -> Self {
        self.chance = Some(Chance { probability, seed });
        self
    }

    /// Strikes this number of requests.
    pub fn times(mut self, count: usize) -> Self {
        self.count = Some(count);
        self
    }

    /// Strikes all following requests.
    pub fn forever(mut self) -> Self {
        self.count = None;
        self
    }

    fn matches(&self, request: &Request) -> bool {
        self.selects(request) && self.effect.applies_to(request)
    }

    fn selects(&self, request: &Request) -> bool {
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
    }
}

/// Whether the path contains the pieces between the asterisks in their order.
fn contains(path: &str, pattern: &str) -> bool {
    // The leftmost match of a piece leaves the longest rest, so no other match has to be tried.
    let mut rest = Some(path);
    for piece in pattern.split('*') {
        rest = rest
            .and_then(|rest| rest.split_once(piece))
            .map(|(_, rest)| rest);
    }
    rest.is_some()
}

/// All faults, those that will not strike again included: their counts are still read.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Injected>);

/// A fault with its counters.
#[derive(Debug)]
struct Injected {
    fault: Fault,
    /// How many requests matched.
    matched: usize,
    struck: usize,
    rng: fastrand::Rng,
    past: Past,
}

/// The states before successful writes, the oldest first, each with the count of matching reads at
/// that time.
#[derive(Debug, Default)]
struct Past {
    states: VecDeque<(usize, Arc<State>)>,
    reads: usize,
}

/// What the faults do to one request.
#[derive(Debug, Default)]
pub(super) struct Strike {
    /// The edits of other clients before it is served.
    pub(super) edits: Vec<Edit>,
    /// What happens to it.
    pub(super) effect: Option<Effect>,
    /// The state that it sees, if not the current one.
    pub(super) past: Option<Arc<State>>,
}

impl Faults {
    pub(super) fn inject(&mut self, fault: Fault) {
        let rng = fastrand::Rng::with_seed(fault.chance.map_or(0, |chance| chance.seed));
        self.0.push(Injected {
            fault,
            matched: 0,
            struck: 0,
            rng,
            past: Past::default(),
        });
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Every fault, with how often it struck.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Fault, usize)> {
        self.0
            .iter()
            .map(|injected| (&injected.fault, injected.struck))
    }

    /// The effect on a request: the first fault that strikes it, and the edits of all strangers
    /// that do. A request has one effect, but edits of other clients do not exclude each other.
    pub(super) fn strike(&mut self, request: &Request) -> Strike {
        let mut strike = Strike::default();
        for injected in &mut self.0 {
            let edit = match &injected.fault.effect {
                Effect::Stranger(edit) => Some(edit.clone()),
                _ if strike.effect.is_some() => continue,
                _ => None,
            };
            if injected.is_spent() || !injected.fault.matches(request) {
                continue;
            }
            // Also for a read that is not struck: the lag counts all matching reads.
            let past = injected.past_state();
            if !injected.strikes(past.is_some()) {
                continue;
            }
            match edit {
                Some(edit) => strike.edits.push(edit),
                None => (strike.effect, strike.past) = (Some(injected.fault.effect.clone()), past),
            }
        }
        strike
    }

    /// The ending of a job, by the request that would start it: that of the first fault that
    /// strikes it.
    pub(super) fn job(&mut self, request: &Request) -> Option<JobEnding> {
        self.0.iter_mut().find_map(|injected| {
            let Effect::Job(ending) = injected.fault.effect else {
                return None;
            };
            let is_struck =
                !injected.is_spent() && injected.fault.selects(request) && injected.strikes(false);
            is_struck.then_some(ending)
        })
    }

    /// Whether a fault needs the states before writes. Copying them is expensive.
    pub(super) fn need_past_states(&self) -> bool {
        self.0.iter().any(Injected::needs_past_states)
    }

    /// Stores the state before a successful write.
    pub(super) fn remember(&mut self, before: State) {
        // Shared: a state is large, and several faults can keep it.
        let before = Arc::new(before);
        for injected in self
            .0
            .iter_mut()
            .filter(|injected| injected.needs_past_states())
        {
            if let Effect::Stale(lag) = injected.fault.effect {
                injected.past.push(lag, before.clone());
            }
        }
    }
}

impl Injected {
    fn is_spent(&self) -> bool {
        self.fault.count.is_some_and(|count| self.struck >= count)
    }

    fn needs_past_states(&self) -> bool {
        matches!(self.fault.effect, Effect::Stale(_)) && !self.is_spent()
    }

    /// Counts a read. Returns the past state that it would see.
    fn past_state(&mut self) -> Option<Arc<State>> {
        match self.fault.effect {
            Effect::Stale(lag) => self.past.read(lag),
            _ => None,
        }
    }

    /// Counts a matching request and returns whether it is struck.
    fn strikes(&mut self, has_past_state: bool) -> bool {
        if matches!(self.fault.effect, Effect::Stale(_)) && !has_past_state {
            return false;
        }
        self.matched += 1;
        let candidate = self.matched > self.fault.skip
            // A fault that is built in code may have zero.
            && (self.matched - self.fault.skip).is_multiple_of(self.fault.every.max(1));
        // The generator is asked for candidates only, so that `skip` does not shift its sequence.
        let strikes = candidate
            && self
                .fault
                .chance
                .is_none_or(|chance| self.rng.f64() < chance.probability);
        self.struck += usize::from(strikes);
        if self.is_spent() {
            // A spent fault never reads them, and states are large.
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
            // Writes between the same two reads become visible together, so the oldest state is
            // enough.
            Lag::Reads(_)
                if self
                    .states
                    .back()
                    .is_some_and(|(reads, _)| *reads == self.reads) => {}
            Lag::Reads(_) => self.states.push_back((self.reads, before)),
        }
    }

    fn read(&mut self, lag: Lag) -> Option<Arc<State>> {
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
    fn a_fault_skips_applies_and_ends() {
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
    fn an_asterisk_matches_any_text() {
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
    fn each_nth_request_is_struck() {
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
    fn the_same_seed_selects_the_same_requests() {
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
    fn the_first_fault_applies_and_every_edit_is_made() {
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

    /// Which of the states `0`, `1`, ... each read sees. In `story`, `r` is a read, and `w` is a
    /// write that replaces state `n` with `n + 1`.
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
    fn a_read_can_lag_by_reads() {
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
                .map(|injected| injected.past.states.len())
                .collect::<Vec<_>>(),
            [1, 2]
        );
    }

    #[test]
    fn states_are_stored_only_while_a_fault_needs_them() {
        let mut faults = Faults::default();
        faults.inject(cut().forever());
        assert!(!faults.need_past_states());
        faults.inject(Fault::new(Effect::Stale(Lag::Writes(1))));
        assert!(faults.need_past_states());
        faults.remember(State::default());
        faults.0.remove(0);
        assert!(faults.strike(&get("/a")).past.is_some());
        assert!(!faults.need_past_states() && faults.0[0].past.states.is_empty());
    }
}
