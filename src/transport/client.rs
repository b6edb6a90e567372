//! Asks until there is an answer: waits for its turn, sends, and repeats what may be repeated.
//!
//! It knows which answers mean "again later"; what any other answer means for a plan is the caller's business. Turns
//! are given by [`gate`](super::gate), repetitions are counted by [`retry`](super::retry).

use std::{
    ops::RangeInclusive,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::{
    NoAnswer, Transport,
    gate::{Gate, Outcome},
    retry::{Failure, LONGEST_WAIT, Next, Repeat, Tries},
    trace::Trace,
};
use crate::wire::{
    Request, Response,
    error::{ApiError, Class, classify},
};

/// Sends requests through a [`Transport`].
pub struct Client {
    door: Arc<dyn Transport>,
    gate: Gate,
    requests: AtomicUsize,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("requests", &self.requests()).finish_non_exhaustive()
    }
}

/// Why a request brought no success.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// A complete answer of another class than success.
    #[error("{error}")]
    Answered { class: Class, error: ApiError },
    /// None of the tries brought a complete answer.
    #[error("{0}")]
    NoAnswer(#[from] NoAnswer),
}

impl CallError {
    pub fn class(&self) -> Option<Class> {
        match self {
            CallError::Answered { class, .. } => Some(*class),
            CallError::NoAnswer(_) => None,
        }
    }

    /// Whether what was asked for is not there; these codes say so too.
    pub fn is_absence(&self, also: &[&str]) -> bool {
        match self {
            CallError::Answered { class: Class::Absent, .. } => true,
            CallError::Answered { class: Class::Refused, error } => {
                error.code.as_deref().is_some_and(|code| also.contains(&code))
            }
            CallError::Answered { .. } | CallError::NoAnswer(_) => false,
        }
    }

    fn failure(&self) -> Failure {
        match self {
            CallError::Answered { class, .. } => Failure::Answered(*class),
            CallError::NoAnswer(no_answer) => Failure::NoAnswer { never_sent: no_answer.never_sent },
        }
    }

    /// What to do about it, where that can be said.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            CallError::Answered { class: Class::Unauthorized, .. } => {
                Some("check the credentials in the environment, and the clock: a signature is valid for minutes")
            }
            CallError::Answered { class: Class::Forbidden, .. } => {
                Some("the credentials are good, but not for this; ask for the permission")
            }
            CallError::Answered { class: Class::Throttled, .. } => {
                Some("the service asks to slow down; try later, or with a smaller `--parallelism`")
            }
            CallError::Answered { error, .. } if error.code.as_deref() == Some("APIGW.0101") => {
                Some("the gateway knows no such API: check the region and the endpoint")
            }
            CallError::NoAnswer(_) => Some("check the endpoint, the network and the proxy settings"),
            CallError::Answered { .. } => None,
        }
    }
}

impl Client {
    /// At most `parallelism` requests are in flight at once; at least one.
    pub fn new(door: Arc<dyn Transport>, parallelism: usize) -> Client {
        Client { door, gate: Gate::new(Some(parallelism.max(1))), requests: AtomicUsize::new(0) }
    }

    /// As many are in flight as the endpoints answer quickly.
    pub fn adaptive(door: Arc<dyn Transport>) -> Client {
        Client { door, gate: Gate::new(None), requests: AtomicUsize::new(0) }
    }

    /// How much is worth being begun at once: what may be in flight, and more while it is not known how much more
    /// that could be.
    pub fn parallelism(&self) -> usize {
        self.gate.appetite()
    }

    /// How many requests were sent so far, tries included.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Sends a read, again where that may help, until an answer of class success.
    pub async fn read(&self, request: &Request) -> Result<Response, CallError> {
        self.read_traced(request, &Trace::default()).await
    }

    /// As [`read`](Client::read), and notes every try.
    pub async fn read_traced(&self, request: &Request, trace: &Trace) -> Result<Response, CallError> {
        self.call(request, &[], Repeat::Read, trace).await
    }

    /// Sends a write. Only throttling, which certainly did nothing, and a request that never left are
    /// repeated; what else remains without an answer may have been done, and only a read can tell.
    pub async fn write(&self, request: &Request, also_absent: &[&str]) -> Result<Response, CallError> {
        self.write_traced(request, also_absent, &Trace::default()).await
    }

    /// As [`write`](Client::write), and notes every try.
    pub async fn write_traced(
        &self,
        request: &Request,
        also_absent: &[&str],
        trace: &Trace,
    ) -> Result<Response, CallError> {
        self.call(request, also_absent, Repeat::Write, trace).await
    }

    async fn call(
        &self,
        request: &Request,
        also_absent: &[&str],
        repeat: Repeat,
        trace: &Trace,
    ) -> Result<Response, CallError> {
        let mut tries = Tries::default();
        loop {
            self.door.ready(request).await;
            let entered = self.gate.enter(request).await;
            let pass = entered.map_err(|error| CallError::Answered { class: Class::Unauthorized, error })?;
            self.requests.fetch_add(1, Ordering::Relaxed);
            let answer = self.door.send(request).await;
            let (outcome, retry_after) = meaning(&answer, also_absent);
            let told = told(answer, also_absent, trace);
            // Before the place in flight is free: whoever waits for it must not be refused as well.
            if let Err(CallError::Answered { class: Class::Unauthorized, error }) = &told {
                self.gate.close(error);
            }
            let standing = pass.settle(outcome);
            let error = match told {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let next = tries.failed(error.failure(), repeat, retry_after, standing);
            let Next::Again { wait } = next else {
                if error.class() == Some(Class::Throttled) {
                    self.gate.give_up(request);
                }
                tracing::info!("{request}: {error}");
                return Err(error);
            };
            if self.gate.is_closed() {
                return Err(error);
            }
            let wait = anywhere(&wait);
            tracing::info!("{request}: {error}; again in {} ms", wait.as_millis());
            tokio::time::sleep(wait).await;
        }
    }
}

/// What an answer means for the requests that wait. A wait that is asked for is no longer than any other.
fn meaning(answer: &Result<Response, NoAnswer>, also_absent: &[&str]) -> (Outcome, Option<Duration>) {
    let Ok(response) = answer else { return (Outcome::Other, None) };
    let retry_after = response.retry_after.map(|asked| asked.min(LONGEST_WAIT));
    let outcome = match classify(response, also_absent) {
        Class::Success => Outcome::Success,
        Class::Throttled => Outcome::Throttled { retry_after },
        _ => Outcome::Other,
    };
    (outcome, retry_after)
}

fn told(answer: Result<Response, NoAnswer>, also_absent: &[&str], trace: &Trace) -> Result<Response, CallError> {
    let response = answer.inspect_err(|_| trace.note(None, None))?;
    trace.note(Some(response.status), response.request_id.as_deref());
    match classify(&response, also_absent) {
        Class::Success => Ok(response),
        class => Err(CallError::Answered { class, error: ApiError::read(&response) }),
    }
}

/// Any of the waits between two bounds: those who were sent away together do not come back together.
fn anywhere(wait: &RangeInclusive<Duration>) -> Duration {
    *wait.start() + (*wait.end() - *wait.start()).mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests;
