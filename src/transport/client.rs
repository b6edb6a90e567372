//! Asks until there is an answer: in-flight limit, retries of what certainly did nothing, and the stop after
//! the first authentication failure.
//!
//! It knows which answers mean "again later"; what any other answer means for a plan is the caller's business.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::{NoAnswer, Transport, trace::Trace};
use crate::wire::{
    Request, Response,
    error::{ApiError, Class, classify},
};

/// How often a request is sent at most.
const TRIES: u32 = 6;

/// A plain 500 is repeated once: the service answers so to some requests for ever (swr-api: section 15).
const TRIES_AFTER_500: u32 = 2;

/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The first wait after throttling, which lasts for a while.
const THROTTLED_WAIT: Duration = Duration::from_secs(1);

/// The first wait after anything else, which may be over at once.
const BROKEN_WAIT: Duration = Duration::from_millis(100);

/// In flight until the first answer has shown that the credentials are good: repeated failures lock a key.
const UNPROVEN: usize = 2;

/// Sends requests through a [`Transport`].
pub struct Client {
    door: Arc<dyn Transport>,
    parallelism: usize,
    slots: Semaphore,
    proven: AtomicBool,
    refused: OnceLock<ApiError>,
    requests: AtomicUsize,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("parallelism", &self.parallelism).finish_non_exhaustive()
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
        let parallelism = parallelism.max(1);
        Client {
            door,
            parallelism,
            slots: Semaphore::new(parallelism.min(UNPROVEN)),
            proven: AtomicBool::new(false),
            refused: OnceLock::new(),
            requests: AtomicUsize::new(0),
        }
    }

    pub fn parallelism(&self) -> usize {
        self.parallelism
    }

    /// How many requests were sent so far, tries included.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Sends a read, again where that may help, until an answer of class success.
    pub async fn read(&self, request: &Request) -> Result<Response, CallError> {
        self.read_traced(request, &Trace::default()).await
    }

    pub async fn read_traced(&self, request: &Request, trace: &Trace) -> Result<Response, CallError> {
        self.call(request, &[], trace, |class| match class {
            None | Some(Class::Throttled | Class::Unavailable) => TRIES,
            Some(Class::ServerError) => TRIES_AFTER_500,
            Some(_) => 1,
        })
        .await
    }

    /// Sends a write. Only throttling, which certainly did nothing, and a request that never left are
    /// repeated; what else remains without an answer may have been done, and only a read can tell.
    pub async fn write_traced(
        &self,
        request: &Request,
        also_absent: &[&str],
        trace: &Trace,
    ) -> Result<Response, CallError> {
        self.call(request, also_absent, trace, |class| if class == Some(Class::Throttled) { TRIES } else { 1 }).await
    }

    /// `tries` says how often a request is sent at most that ends in a class, or without an answer.
    async fn call(
        &self,
        request: &Request,
        also_absent: &[&str],
        trace: &Trace,
        tries: impl Fn(Option<Class>) -> u32,
    ) -> Result<Response, CallError> {
        let mut sent = 0;
        loop {
            self.door.ready(request).await;
            let slot = self.slot().await;
            self.permitted()?;
            let outcome = self.exchange(request).await;
            drop(slot);
            match &outcome {
                Ok(response) => trace.note(Some(response.status), response.request_id.as_deref()),
                Err(_) => trace.note(None, None),
            }
            sent += 1;
            let (error, retry_after) = match outcome {
                Ok(response) => match classify(&response, also_absent) {
                    Class::Success => return Ok(response),
                    class => {
                        let error = ApiError::read(&response);
                        if class == Class::Unauthorized {
                            let _ = self.refused.set(error.clone());
                        }
                        (CallError::Answered { class, error }, response.retry_after)
                    }
                },
                Err(no_answer) => (CallError::NoAnswer(no_answer), None),
            };
            let never_left = matches!(&error, CallError::NoAnswer(no_answer) if no_answer.never_sent);
            let allowed = if never_left { TRIES } else { tries(error.class()) };
            if sent >= allowed || self.refused.get().is_some() {
                tracing::info!("{request}: {error}");
                return Err(error);
            }
            let wait = retry_after.unwrap_or_else(|| backoff(error.class(), sent)).min(LONGEST_WAIT);
            tracing::info!("{request}: {error}; again in {} ms", wait.as_millis());
            tokio::time::sleep(wait).await;
        }
    }

    /// After an authentication failure nothing is sent any more: repeated ones lock a key.
    fn permitted(&self) -> Result<(), CallError> {
        match self.refused.get() {
            Some(error) => Err(CallError::Answered { class: Class::Unauthorized, error: error.clone() }),
            None => Ok(()),
        }
    }

    async fn exchange(&self, request: &Request) -> Result<Response, NoAnswer> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let outcome = self.door.send(request).await;
        if outcome.as_ref().is_ok_and(|response| (200..300).contains(&response.status)) {
            self.widen();
        }
        outcome
    }

    async fn slot(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed, so there is always a permit to come.
        self.slots.acquire().await.ok()
    }

    /// The first success shows that the credentials are good.
    fn widen(&self) {
        if !self.proven.swap(true, Ordering::Relaxed) {
            self.slots.add_permits(self.parallelism - self.parallelism.min(UNPROVEN));
        }
    }
}

/// Full jitter: anything up to a bound that doubles with each try.
fn backoff(class: Option<Class>, sent: u32) -> Duration {
    let first = if class == Some(Class::Throttled) { THROTTLED_WAIT } else { BROKEN_WAIT };
    let bound = first.saturating_mul(1 << (sent - 1).min(16)).min(LONGEST_WAIT);
    bound.mul_f64(fastrand::f64())
}
