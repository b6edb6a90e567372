//! What happens to a request on its way to the service and back: faults, the signature, the file, the journal.
//!
//! It waits for nothing: whoever asks for the answer does the waiting.

use std::{io, time::Duration};

use serde_json::Value;

use super::{
    api::{self, Refusal},
    effects::Effect,
    faults::Faults,
    file::StateFile,
    message::{Answer, Request, Response},
    settings::Settings,
    signature,
    store::State,
};

/// Everything that changes while an emulator runs.
pub(super) struct World {
    pub(super) state: State,
    file: Option<StateFile>,
    pub(super) faults: Faults,
    pub(super) journal: Vec<Entry>,
    requests: u64,
}

/// One request as it was answered. Headers are left out: they may carry a token.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The region whose endpoint was asked.
    pub region: String,
    /// In upper case.
    pub method: String,
    /// As received, escaped, without a region prefix.
    pub path: String,
    /// As received, escaped.
    pub query: String,
    /// None if there was no body, or none that is JSON.
    pub body: Option<Value>,
    /// None if no answer was sent.
    pub status: Option<u16>,
    /// Whether a fault had a hand in the answer.
    pub fault: bool,
}

impl World {
    pub(super) fn new(state: State, file: Option<StateFile>) -> Self {
        Self { state, file, faults: Faults::default(), journal: Vec::new(), requests: 0 }
    }

    /// The answer to a request, and how much later than usual it comes.
    pub(super) fn answer(&mut self, request: &Request, settings: &Settings) -> (Answer, Duration) {
        self.requests += 1;
        let request_id = format!("emulator-{:08}", self.requests);
        let effect = self.faults.strike(request);

        let prevented = effect.as_ref().is_some_and(Effect::prevents);
        let response = if prevented { Response::default() } else { self.serve(request, settings, &request_id) };
        let (answer, delay) = match &effect {
            Some(effect) => (effect.answer(response, settings.error_shape, &request_id), effect.delay()),
            None => (Answer::Complete(response), Duration::ZERO),
        };
        let answer = identified(answer, &request_id);
        self.journal.push(Entry::new(request, &answer, effect.is_some()));
        (answer, delay)
    }

    fn serve(&mut self, request: &Request, settings: &Settings, request_id: &str) -> Response {
        let now = (settings.clock)();
        let verified = settings.verify.as_ref().map_or(Ok(()), |keys| signature::verify(request, keys, now));
        if let Err(refusal) = verified {
            return refusal.response(settings.error_shape, request_id);
        }
        let writes = self.file.is_some() && request.method != "GET";
        let before = writes.then(|| self.state.clone());
        let response = api::answer(&mut self.state, settings, request, now, request_id);
        if request.method == "GET" || !response.is_success() {
            return response;
        }
        match self.save() {
            Ok(()) => response,
            Err(error) => {
                // What is not in the file has not happened.
                self.state = before.unwrap_or_default();
                let refusal = Refusal::service(5_001_101, format!("The emulator cannot save its state: {error}"));
                refusal.response(settings.error_shape, request_id)
            }
        }
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

impl Entry {
    fn new(request: &Request, answer: &Answer, fault: bool) -> Self {
        Self {
            region: request.region.clone(),
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            body: serde_json::from_slice(&request.body).ok(),
            status: match answer {
                Answer::Complete(response) | Answer::Truncated(response, _) => Some(response.status),
                Answer::Cut | Answer::Never => None,
            },
            fault,
        }
    }
}
