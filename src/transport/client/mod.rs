//! Sends requests: waits for their turn, and repeats reads.
//!
//! It knows which answers mean "again later"; what any other answer means for a plan is the
//! caller's business. A write is sent through an [`Admission`], once; only the caller can say what
//! has to be checked before it is sent again. Turns are given by `gate`, repetitions
//! are counted by `retry`.

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
    gate::{Gate, Outcome, Pass, Standing},
    retry::{Failure, LONGEST_WAIT, Next, Tries},
    trace::Trace,
};
use crate::{
    mask::Mask,
    wire::{
        Request, Response,
        error::{ApiError, Class, classify},
    },
};

/// Sends requests through a [`Transport`].
pub struct Client {
    door: Arc<dyn Transport>,
    gate: Gate,
    requests: AtomicUsize,
    mask: Arc<Mask>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("requests", &self.requests())
            .finish_non_exhaustive()
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

    /// Whether the service may have done what was asked all the same. Throttling certainly did
    /// nothing, and neither did a request that never left.
    pub fn is_doubtful(&self) -> bool {
        match self {
            CallError::Answered { class, .. } => {
                matches!(class, Class::ServerError | Class::Unavailable)
            }
            CallError::NoAnswer(no_answer) => !no_answer.never_sent,
        }
    }

    /// Whether the same request may succeed later.
    pub fn may_pass(&self) -> bool {
        self.is_doubtful() || matches!(self.class(), None | Some(Class::Throttled))
    }

    /// Whether what was asked for is not there; these codes say so too.
    pub fn is_absence(&self, also: &[&str]) -> bool {
        match self {
            CallError::Answered {
                class: Class::Absent,
                ..
            } => true,
            CallError::Answered {
                class: Class::Refused,
                error,
            } => error
                .code
                .as_deref()
                .is_some_and(|code| also.contains(&code)),
            CallError::Answered { .. } | CallError::NoAnswer(_) => false,
        }
    }

    fn failure(&self) -> Failure {
        match self {
            CallError::Answered { class, .. } => Failure::Answered(*class),
            CallError::NoAnswer(_) => Failure::NoAnswer,
        }
    }

    /// With the method and the path of what was asked.
    fn about(mut self, request: &Request) -> CallError {
        let asked = format!("{} {}", request.method, request.path);
        match &mut self {
            CallError::Answered { error, .. } => error.asked = Some(asked),
            CallError::NoAnswer(no_answer) if !no_answer.message.contains(&request.path) => {
                no_answer.message = format!("{} ({asked})", no_answer.message);
            }
            CallError::NoAnswer(_) => {}
        }
        self
    }

    /// What to do about it, where that can be said.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            CallError::Answered {
                class: Class::Unauthorized,
                ..
            } => Some(
                "check the credentials in the environment, and the clock: a signature is valid for \
                minutes",
            ),
            CallError::Answered {
                class: Class::Forbidden,
                ..
            } => Some("the credentials are good, but not for this; ask for the permission"),
            CallError::Answered {
                class: Class::Throttled,
                ..
            } => {
                Some("the service asks to slow down; try later, or with a smaller `--parallelism`")
            }
            CallError::Answered { error, .. } if error.is_redirect() => Some(
                "redirects are not followed: check the endpoint, and what stands between, such as \
                a login page",
            ),
            CallError::Answered { error, .. } if error.code.as_deref() == Some("APIGW.0101") => {
                Some("the gateway knows no such API: check the region and the endpoint")
            }
            CallError::NoAnswer(_) => {
                Some("check the endpoint, the network and the proxy settings")
            }
            CallError::Answered { .. } => None,
        }
    }
}

impl Client {
    /// At most `parallelism` requests are in flight at once; at least one.
    pub fn new(door: Arc<dyn Transport>, parallelism: usize) -> Client {
        Client::with(door, Gate::new(Some(parallelism.max(1))))
    }

    /// As many are in flight as the endpoints answer quickly.
    pub fn adaptive(door: Arc<dyn Transport>) -> Client {
        Client::with(door, Gate::new(None))
    }

    fn with(door: Arc<dyn Transport>, gate: Gate) -> Client {
        Client {
            door,
            gate,
            requests: AtomicUsize::new(0),
            mask: Arc::default(),
        }
    }

    /// Shows nothing of answers that the mask hides.
    #[must_use]
    pub fn masking(self, mask: Arc<Mask>) -> Client {
        Client { mask, ..self }
    }

    /// How much is worth being begun at once: what may be in flight, and more while it is not known
    /// how much more that could be.
    pub fn parallelism(&self) -> usize {
        self.gate.appetite()
    }

    /// Whether the service refused the credentials, so that nothing is sent any more.
    pub fn is_refused(&self) -> bool {
        self.gate.is_closed()
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
    pub async fn read_traced(
        &self,
        request: &Request,
        trace: &Trace,
    ) -> Result<Response, CallError> {
        let mut retries = Retries::default();
        loop {
            let mut admission = self.admit(request, &[]).await?;
            let failed = match admission.send(request, &[], Purpose::Work, trace).await {
                Ok(response) => return Ok(response),
                Err(failed) => failed,
            };
            drop(admission);
            if !retries.wait(self, request, &failed).await {
                return Err(failed.error);
            }
        }
    }

    /// Waits for one place in flight and for the turns of all these requests, which go to one
    /// endpoint and are sent one after the other: nothing of this client comes between them but
    /// what is in flight already.
    pub async fn admit(
        &self,
        first: &Request,
        others: &[&Request],
    ) -> Result<Admission<'_>, CallError> {
        self.door.ready(first).await;
        for request in others {
            self.door.ready(request).await;
        }
        let turns = 1 + u32::try_from(others.len()).unwrap_or(u32::MAX - 1);
        match self.gate.enter(first, turns).await {
            Ok(pass) => Ok(Admission { client: self, pass }),
            Err(error) => Err(CallError::Answered {
                class: Class::Unauthorized,
                error,
            }),
        }
    }
}

/// The right to send some requests, one after the other. A place in flight is free again when this
/// is dropped, and turns that were not used are given back.
pub struct Admission<'c> {
    client: &'c Client,
    pass: Pass<'c>,
}

impl std::fmt::Debug for Admission<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admission").finish_non_exhaustive()
    }
}

/// What a request is for, as far as the progress of a run depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Its success is progress.
    Work,
    /// It looks at what a write would touch; only the write is progress.
    Check,
}

/// A try that brought no success, and what decides whether there is another one.
#[derive(Debug, Clone)]
pub struct Failed {
    pub error: CallError,
    retry_after: Option<Duration>,
    standing: Standing,
}

impl Admission<'_> {
    /// Sends one request, once.
    pub async fn send(
        &mut self,
        request: &Request,
        absent_codes: &[&str],
        purpose: Purpose,
        trace: &Trace,
    ) -> Result<Response, Failed> {
        let client = self.client;
        client.requests.fetch_add(1, Ordering::Relaxed);
        self.pass.departs();
        let answer = masked(client.door.send(request).await, &client.mask);
        let (outcome, retry_after) = meaning(&answer, absent_codes, purpose);
        let told = told(answer, absent_codes, trace).map_err(|error| error.about(request));
        // Before the place in flight is free: the request that waits for it must not be refused as
        // well.
        if let Err(CallError::Answered {
            class: Class::Unauthorized,
            error,
        }) = &told
        {
            client.gate.close(error);
        }
        let standing = self.pass.learn(outcome);
        told.map_err(|error| Failed {
            error,
            retry_after,
            standing,
        })
    }
}

/// The tries of one request, and the waits between them.
#[derive(Debug, Default)]
pub struct Retries {
    tries: Tries,
}

impl Retries {
    /// Waits until the request may be tried again; false if there is no point in that.
    pub async fn wait(&mut self, client: &Client, request: &Request, failed: &Failed) -> bool {
        let next = self
            .tries
            .failed(failed.error.failure(), failed.retry_after, failed.standing);
        let Next::Again { wait } = next else {
            if failed.error.class() == Some(Class::Throttled) {
                client.gate.give_up(request);
            }
            tracing::info!("{request}: {}", failed.error);
            return false;
        };
        if client.gate.is_closed() {
            return false;
        }
        let wait = anywhere(&wait);
        tracing::info!(
            "{request}: {}; again in {} ms",
            failed.error,
            wait.as_millis()
        );
        tokio::time::sleep(wait).await;
        true
    }
}

/// An answer with what must not be shown of it. The ids of requests are shown as they are.
fn masked(answer: Result<Response, NoAnswer>, mask: &Arc<Mask>) -> Result<Response, NoAnswer> {
    let hide = |text: String| mask.text(&text).into_owned();
    match answer {
        Ok(response) => Ok(Response {
            request_id: response.request_id.map(hide),
            mask: mask.clone(),
            ..response
        }),
        Err(no_answer) => Err(NoAnswer {
            message: hide(no_answer.message),
            ..no_answer
        }),
    }
}

/// What an answer means for the requests that wait. A wait that is asked for is no longer than any
/// other.
fn meaning(
    answer: &Result<Response, NoAnswer>,
    absent_codes: &[&str],
    purpose: Purpose,
) -> (Outcome, Option<Duration>) {
    let Ok(response) = answer else {
        return (Outcome::Other, None);
    };
    let retry_after = response.retry_after.map(|asked| asked.min(LONGEST_WAIT));
    let outcome = match classify(response, absent_codes) {
        Class::Success if purpose == Purpose::Check => Outcome::CheckSuccess,
        Class::Success => Outcome::Success,
        Class::Throttled => Outcome::Throttled { retry_after },
        _ => Outcome::Other,
    };
    (outcome, retry_after)
}

fn told(
    answer: Result<Response, NoAnswer>,
    absent_codes: &[&str],
    trace: &Trace,
) -> Result<Response, CallError> {
    let response = answer.inspect_err(|_| trace.note(None, None))?;
    trace.note(Some(response.status), response.request_id.as_deref());
    match classify(&response, absent_codes) {
        Class::Success => Ok(response),
        class => Err(CallError::Answered {
            class,
            error: ApiError::read(&response),
        }),
    }
}

/// Any of the waits between two bounds: those who were sent away together do not come back
/// together.
fn anywhere(wait: &RangeInclusive<Duration>) -> Duration {
    *wait.start() + (*wait.end() - *wait.start()).mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests;
