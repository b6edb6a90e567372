//! What happens to a request on its way to the service and back: faults, the signature, the file, the journal.
//!
//! It waits for nothing: whoever asks for the answer does the waiting.

use std::{borrow::Cow, io, time::Duration};

use jiff::Timestamp;

use super::{
    api::{self, Refusal},
    effects::Effect,
    faults::{Faults, Strike},
    file::StateFile,
    journal::{Entry, Journal},
    message::{Answer, Request, Response},
    settings::Settings,
    signature,
    store::State,
};

/// What the journal calls the strike of a stranger.
const STRANGER: &str = "stranger";

/// Everything that changes while an emulator runs.
pub(super) struct World {
    pub(super) state: State,
    file: Option<StateFile>,
    pub(super) faults: Faults,
    pub(super) journal: Journal,
    requests: u64,
}

impl World {
    pub(super) fn new(state: State, file: Option<StateFile>) -> Self {
        Self { state, file, faults: Faults::default(), journal: Journal::default(), requests: 0 }
    }

    /// The answer to a request, and how much later than usual it comes.
    pub(super) fn answer(&mut self, request: &Request, settings: &Settings) -> (Answer, Duration) {
        self.requests += 1;
        let request_id = format!("emulator-{:08}", self.requests);
        let now = (settings.clock)();
        let Strike { edits, effect, past } = self.faults.strike(request);
        let mut effects = vec![STRANGER; edits.len()];
        effects.extend(effect.as_ref().map(Effect::name));
        if !edits.is_empty() {
            self.edit(|state| edits.iter().for_each(|edit| edit.apply(state)));
        }

        let prevented = effect.as_ref().is_some_and(Effect::prevents);
        let verified = settings.verify.as_ref().map_or(Ok(()), |keys| signature::verify(request, keys, now));
        let response = match verified {
            _ if prevented => Response::default(),
            Err(refusal) => refusal.response(settings.error_shape, &request_id),
            Ok(()) => {
                let asked = effect.as_ref().map_or(Cow::Borrowed(request), |effect| effect.replaces(request));
                match past {
                    Some(past) => api::answer(&mut past.as_ref().clone(), settings, &asked, now, &request_id),
                    None => self.serve(&asked, settings, now, &request_id),
                }
            }
        };
        let (answer, delay) = match &effect {
            Some(effect) => (effect.answer(response, settings.error_shape, &request_id, now), effect.delay()),
            None => (Answer::Complete(response), Duration::ZERO),
        };
        let answer = identified(answer, &request_id);
        self.journal.push(Entry::new(request, &request_id, &answer, effects));
        (answer, delay)
    }

    fn serve(&mut self, request: &Request, settings: &Settings, now: Timestamp, request_id: &str) -> Response {
        let writes = request.method != "GET" && (self.file.is_some() || self.faults.remembers());
        let before = writes.then(|| self.state.clone());
        let response = api::answer(&mut self.state, settings, request, now, request_id);
        if request.method == "GET" || !response.is_success() {
            return response;
        }
        match self.save() {
            Ok(()) => {
                if let Some(before) = before {
                    self.faults.remember(before);
                }
                response
            }
            Err(error) => {
                // What is not in the file has not happened.
                self.state = before.unwrap_or_default();
                let refusal = Refusal::service(5_001_101, format!("The emulator cannot save its state: {error}"));
                refusal.response(settings.error_shape, request_id)
            }
        }
    }

    /// Changes the state behind the API's back.
    pub(super) fn edit<T>(&mut self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state);
        self.state.settle();
        // A file that cannot be written fails the next request that changes something, which saves all.
        let _ = self.save();
        result
    }

    pub(super) fn save(&self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| file.save(&self.state))
    }
}

/// Every response carries an id, whoever made it.
fn identified(answer: Answer, request_id: &str) -> Answer {
    let identify = |response: Response| response.with_header("X-Request-Id", request_id);
    match answer {
        Answer::Complete(response) => Answer::Complete(identify(response)),
        Answer::Truncated(response, bytes) => Answer::Truncated(identify(response), bytes),
        Answer::Cut | Answer::Never => answer,
    }
}
