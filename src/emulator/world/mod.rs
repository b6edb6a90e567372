//! What happens to a request on its way to the service and back: faults, the signature, the file,
//! the journal.
//!
//! It waits for nothing: whoever asks for the answer does the waiting.

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
};
use journal::{Entry, Journal};

/// What the journal calls the strike of a stranger.
const STRANGER: &str = "stranger";

/// Everything that changes while an emulator runs.
pub(super) struct World {
    pub(super) state: State,
    file: Option<StateFile>,
    pub(super) faults: Faults,
    pub(super) journal: Journal,
    gateway: Gateway,
    requests: u64,
}

impl World {
    pub(super) fn new(state: State, file: Option<StateFile>) -> Self {
        Self {
            state,
            file,
            faults: Faults::default(),
            journal: Journal::default(),
            gateway: Gateway::default(),
            requests: 0,
        }
    }

    /// The answer to a request, and how much later than usual it comes.
    pub(super) fn answer(&mut self, request: &Request, settings: &Settings) -> (Answer, Duration) {
        self.requests += 1;
        let request_id = format!("emulator-{:08}", self.requests);
        let now = self.now(settings);
        let Strike {
            edits,
            effect,
            past,
        } = self.faults.strike(request);
        let mut effects = vec![STRANGER; edits.len()];
        effects.extend(effect.as_ref().map(Effect::name));
        if !edits.is_empty() {
            self.edit(settings, |state| {
                edits.iter().for_each(|edit| edit.apply(state))
            });
        }

        let prevented = effect.as_ref().is_some_and(Effect::prevents);
        let refused = (!prevented)
            .then(|| self.gateway.refuses(request, settings, now, &request_id))
            .flatten();
        let response = match (refused, past) {
            _ if prevented => Response::default(),
            (Some(refused), _) => refused,
            (None, past) => {
                let asked = effect
                    .as_ref()
                    .map_or(Cow::Borrowed(request), |effect| effect.replaces(request));
                match past {
                    Some(past) if !iam::owns(&asked.path) => {
                        gateway::answer(
                            &mut past.as_ref().clone(),
                            settings,
                            &asked,
                            now,
                            &request_id,
                        )
                        .0
                    }
                    _ => self.serve(&asked, settings, now, &request_id),
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
        let answer = identified(answer, &request_id, now);
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
        let account = self.state.account();
        if let Some(response) = self
            .gateway
            .answers(account, settings, request, now, request_id)
        {
            return response;
        }
        let writes = request.method != "GET";
        let past = (writes && self.faults.remembers()).then(|| self.state.clone());
        let (response, before) =
            gateway::answer(&mut self.state, settings, request, now, request_id);
        if !writes || !response.is_success() {
            return response;
        }
        match self.save(&before) {
            Ok(()) => {
                if let Some(past) = past {
                    self.faults.remember(past);
                }
                response
            }
            Err(error) => {
                // What is not in the file has not happened.
                before.put(&mut self.state);
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

    /// Lets happen what is due by now.
    pub(super) fn settle(&mut self, settings: &Settings) {
        let now = self.now(settings);
        codearts::settle(&mut self.state, settings, now);
    }

    /// Changes the state behind the API's back.
    pub(super) fn edit<T>(
        &mut self,
        settings: &Settings,
        change: impl FnOnce(&mut State) -> T,
    ) -> T {
        // What was due before the change knows nothing of it.
        self.settle(settings);
        let result = change(&mut self.state);
        self.state.settle();
        if let Some(file) = &mut self.file {
            // A file that cannot be written fails the next request that changes something, which
            // saves all.
            let _ = file.replace(&self.state);
        }
        result
    }

    /// Saves what changed since `before`.
    fn save(&mut self, before: &Change) -> io::Result<()> {
        let state = &self.state;
        self.file
            .as_mut()
            .map_or(Ok(()), |file| file.save(state, || before.now(state)))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(file) = &mut self.file {
            file.close(&self.state);
        }
    }
}

/// Every response carries an id and the emulated time, whoever made it.
fn identified(answer: Answer, request_id: &str, now: Timestamp) -> Answer {
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
