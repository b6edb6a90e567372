//! The path of a request through the emulator: faults, gateway, service, state file, journal.
//!
//! It does not wait. It returns the delay, and the caller waits.

pub(super) mod journal;

use std::{borrow::Cow, io, time::Duration};

use jiff::Timestamp;

use super::{
    codearts,
    faults::{Faults, Strike, effects::Effect},
    gateway::{self, Gateway},
    iam,
    message::{Answer, Request, Response, refusal::Refusal},
    settings::Settings,
    state::{self, State, draft::Change, file::StateFile},
    swr,
};
use journal::{Entry, Journal};

/// The journal's name for an edit by another client.
const STRANGER: &str = "stranger";

/// Everything that changes while an emulator runs.
pub(super) struct World {
    pub(super) state: State,
    file: Option<StateFile>,
    pub(super) faults: Faults,
    pub(super) journal: Journal,
    gateway: Gateway,
    requests: u64,
    /// When the status of a job changes next, or before. It saves a search before each request.
    next_job: Option<Timestamp>,
}

impl World {
    pub(super) fn new(state: State, file: Option<StateFile>) -> Self {
        Self {
            next_job: state.next_job(),
            state,
            file,
            faults: Faults::default(),
            journal: Journal::default(),
            gateway: Gateway::default(),
            requests: 0,
        }
    }

    /// The answer to a request, and the additional delay before it is sent.
    pub(super) fn answer(&mut self, request: &Request, settings: &Settings) -> (Answer, Duration) {
        self.requests += 1;
        let request_id = format!("emulator-{:08}", self.requests);
        let now = self.now(settings);
        self.advance_jobs(settings, now);
        // Faults come first: the network and the proxies are in front of the gateway.
        let Strike {
            edits,
            effect,
            past,
        } = self.faults.strike(request);
        let mut effects = vec![STRANGER; edits.len()];
        effects.extend(effect.as_ref().map(Effect::name));
        // An edit writes the whole state file, so an empty one is not made.
        if !edits.is_empty() {
            self.edit(settings, |state| {
                edits
                    .iter()
                    .for_each(|edit| edit.apply(state, settings, now));
            });
        }

        // A request that does not reach the service must not count against its rate limit either.
        let is_prevented = effect.as_ref().is_some_and(Effect::prevents_request);
        let refused = (!is_prevented)
            .then(|| {
                self.gateway
                    .refusal(request, &self.state, settings, now, &request_id)
            })
            .flatten();
        let response = match (refused, past) {
            _ if is_prevented => Response::default(),
            (Some(refused), _) => refused,
            (None, past) => {
                let served = effect.as_ref().map_or(Cow::Borrowed(request), |effect| {
                    effect.changed_request(request)
                });
                match past {
                    // A read from a past state works on a copy, which is then dropped.
                    Some(past) if !iam::owns(&served.path) => {
                        gateway::answer(
                            &mut past.as_ref().clone(),
                            settings,
                            &served,
                            now,
                            &request_id,
                        )
                        .0
                    }
                    _ => self.serve(&served, settings, now, &request_id),
                }
            }
        };
        let (answer, delay) = match &effect {
            Some(effect) => (
                effect.answer(response, settings.error_shape, &request_id, now),
                effect.delay(),
            ),
            None => (Answer::Complete(response), Duration::ZERO),
        };
        let answer = with_id_and_date(answer, &request_id, now);
        // An entry parses and masks the body, so none is made that is not kept.
        if self.journal.is_kept() {
            self.journal
                .push(Entry::new(request, &request_id, &answer, effects));
        }
        (answer, delay)
    }

    fn serve(
        &mut self,
        request: &Request,
        settings: &Settings,
        now: Timestamp,
        request_id: &str,
    ) -> Response {
        if let Some(response) =
            self.gateway
                .answer_without_change(&self.state, settings, request, now, request_id)
        {
            return response;
        }
        let is_write = request.method != "GET";
        let past = (is_write && self.faults.need_past_states()).then(|| self.state.clone());
        let (response, before) =
            gateway::answer(&mut self.state, settings, request, now, request_id);
        // A read or a refusal changes at most runs that were due, and a restart finishes these
        // again.
        if !is_write || !response.is_success() {
            return response;
        }
        match self.save(&before) {
            Ok(()) => {
                let next = before.next_job(&self.state);
                self.next_job = [self.next_job, next].into_iter().flatten().min();
                if let Some(past) = past {
                    self.faults.remember(past);
                }
                response
            }
            Err(error) => {
                // A change that is not on disk is undone, so that the answer is true after a
                // restart.
                before.apply_to(&mut self.state);
                let refusal = Refusal::service(
                    5_001_101,
                    format!("The emulator cannot save its state: {error}"),
                );
                refusal.response(settings.error_shape, request_id)
            }
        }
    }

    /// The emulated time.
    pub(super) fn now(&self, settings: &Settings) -> Timestamp {
        state::later(
            (settings.clock)(),
            Duration::from_millis(self.state.clock_ahead_ms),
        )
    }

    /// Does what is due by now: it finishes runs, and moves jobs.
    pub(super) fn do_due(&mut self, settings: &Settings) {
        let now = self.now(settings);
        codearts::finish_due_runs(&mut self.state, settings, now);
        self.advance_jobs(settings, now);
    }

    /// Moves the jobs that are due. A copy is a write: it is on disk before anybody sees it.
    fn advance_jobs(&mut self, settings: &Settings, now: Timestamp) {
        if self.next_job.is_none_or(|next| next > now) {
            return;
        }
        let past = self.faults.need_past_states().then(|| self.state.clone());
        let faults = &mut self.faults;
        let ending = |place: &_| faults.job(&swr::copies::request(place));
        let before = swr::copies::advance(&mut self.state, settings, now, ending);
        if before.is_empty() {
            // The job went away with its repository.
        } else if self.save(&before).is_err() {
            // The next request tries again.
            before.apply_to(&mut self.state);
            return;
        } else if let Some(past) = past {
            self.faults.remember(past);
        }
        self.next_job = self.state.next_job();
    }

    /// Changes the state directly, not through an API.
    pub(super) fn edit<T>(
        &mut self,
        settings: &Settings,
        change: impl FnOnce(&mut State) -> T,
    ) -> T {
        // What was due before the edit must not see it.
        self.do_due(settings);
        let result = change(&mut self.state);
        self.state.fill_in();
        self.next_job = self.state.next_job();
        if let Some(file) = &mut self.file {
            // An edit has no answer that could report the error. The next write request saves
            // everything again and fails if it cannot.
            let _ = file.replace(&self.state);
        }
        result
    }

    /// Saves the places that `before` lists, as they are now.
    fn save(&mut self, before: &Change) -> io::Result<()> {
        let state = &self.state;
        self.file
            .as_mut()
            .map_or(Ok(()), |file| file.save(state, || before.current(state)))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(file) = &mut self.file {
            file.close(&self.state);
        }
    }
}

/// Adds the headers that every response has: the request id and the emulated time.
fn with_id_and_date(answer: Answer, request_id: &str, now: Timestamp) -> Answer {
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let identify = |response: Response| {
        response
            .with_header("X-Request-Id", request_id)
            .with_header("Date", date.as_str())
    };
    match answer {
        Answer::Complete(response) => Answer::Complete(identify(response)),
        Answer::Truncated(response, bytes) => Answer::Truncated(identify(response), bytes),
        Answer::Cut | Answer::Never => answer,
    }
}
