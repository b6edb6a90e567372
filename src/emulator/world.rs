//! What happens to a request on its way to the service and back: faults, the signature, the file, the journal.
//!
//! It waits for nothing: whoever asks for the answer does the waiting.

use std::{io, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    api::{self, Refusal},
    codearts::{self, Throttle},
    effects::Effect,
    faults::Faults,
    file::StateFile,
    iam::{self, Tokens},
    message::{Answer, Request, Response},
    redact,
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
    throttle: Throttle,
    tokens: Tokens,
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
    /// None if there was no body, or none that is JSON. Instead of a user or a password it says `...`.
    pub body: Option<Value>,
    /// None if no answer was sent.
    pub status: Option<u16>,
    /// Whether a fault had a hand in the answer.
    pub fault: bool,
}

impl World {
    pub(super) fn new(state: State, file: Option<StateFile>) -> Self {
        Self {
            state,
            file,
            faults: Faults::default(),
            journal: Vec::new(),
            throttle: Throttle::default(),
            tokens: Tokens::default(),
            requests: 0,
        }
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
        let answer = identified(answer, &request_id, self.now(settings));
        self.journal.push(Entry::new(request, &answer, effect.is_some()));
        (answer, delay)
    }

    fn serve(&mut self, request: &Request, settings: &Settings, request_id: &str) -> Response {
        let now = self.now(settings);
        if let Some(refused) = self.gate(request, settings, now, request_id) {
            return refused;
        }
        if iam::owns(&request.path) {
            return iam::answer(&mut self.tokens, &self.state.account, settings, request, now, request_id);
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

    /// What the gateway refuses before a service sees it.
    fn gate(&mut self, request: &Request, settings: &Settings, now: Timestamp, request_id: &str) -> Option<Response> {
        let refused = |refusal: Refusal| refusal.response(settings.error_shape, request_id);
        match (&settings.verify, request.header("X-Auth-Token")) {
            (Some(_), _) if iam::is_login(request) => {}
            (Some(_), Some(token)) if self.tokens.admit(token, &request.region, now) => {}
            (Some(_), Some(_)) if codearts::owns(&request.path) => return Some(codearts::expired(request)),
            (Some(_), Some(_)) => return Some(refused(Refusal::unauthorized("token expires"))),
            // The clock of whoever signs is the real one.
            (Some(keys), None) => {
                if let Err(refusal) = signature::verify(request, keys, (settings.clock)()) {
                    return Some(refused(refusal));
                }
            }
            (None, _) => {}
        }
        codearts::throttled(&mut self.throttle, request, settings, now).map(refused)
    }

    /// The emulated time.
    pub(super) fn now(&self, settings: &Settings) -> Timestamp {
        codearts::later((settings.clock)(), Duration::from_millis(self.state.clock_ahead_ms))
    }

    /// Lets happen what is due by now.
    pub(super) fn settle(&mut self, settings: &Settings) {
        let now = self.now(settings);
        codearts::settle(&mut self.state, settings, now);
    }

    pub(super) fn save(&self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| file.save(&self.state))
    }
}

/// Every response carries an id and the emulated time, whoever made it.
fn identified(answer: Answer, request_id: &str, now: Timestamp) -> Answer {
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let identify =
        |response: Response| response.with_header("X-Request-Id", request_id).with_header("Date", date.as_str());
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
            body: serde_json::from_slice(&request.body).ok().map(redact::without_secrets),
            status: match answer {
                Answer::Complete(response) | Answer::Truncated(response, _) => Some(response.status),
                Answer::Cut | Answer::Never => None,
            },
            fault,
        }
    }
}
