//! Sends requests: waits until they may be sent, and retries reads.
//!
//! It knows which answers allow a retry; the caller interprets all others. A write is sent once,
//! through an `Admission`: only the caller knows what must be checked before it is sent again.
//! `gate` admits requests, `retry` counts retries.

use std::{
    borrow::Cow,
    ops::RangeInclusive,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::{
    NoAnswer, Transport,
    gate::{Closed, EndpointState, Feedback, Gate, Pass},
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
    transport: Arc<dyn Transport>,
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

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// A complete answer that is not a success.
    #[error("{error}")]
    Answered { class: Class, error: ApiError },
    /// No complete answer in any of the tries.
    #[error("{0}")]
    NoAnswer(#[from] NoAnswer),
    /// Not sent: the credentials have ended, and there are no new ones.
    #[error("{0}")]
    Spent(Arc<str>),
}

impl CallError {
    pub fn class(&self) -> Option<Class> {
        match self {
            CallError::Answered { class, .. } => Some(*class),
            CallError::NoAnswer(_) => None,
            CallError::Spent(_) => Some(Class::Unauthorized),
        }
    }

    /// Whether the service may have executed the request. A throttled request and one that was
    /// never sent were certainly not executed.
    pub(crate) fn is_doubtful(&self) -> bool {
        match self {
            CallError::Answered { class, .. } => {
                // A 5xx may come from a proxy after the service has executed the request.
                matches!(class, Class::ServerError | Class::Unavailable)
            }
            CallError::NoAnswer(no_answer) => !no_answer.never_sent,
            CallError::Spent(_) => false,
        }
    }

    /// Whether the same request may succeed later.
    pub(crate) fn is_transient(&self) -> bool {
        // None: without an answer, also if the request was never sent.
        self.is_doubtful() || matches!(self.class(), None | Some(Class::Throttled))
    }

    /// Whether the object does not exist. `absent_codes` are further codes with that meaning.
    pub(crate) fn is_absence(&self, absent_codes: &[&str]) -> bool {
        match self {
            CallError::Answered {
                class: Class::Absent,
                ..
            } => true,
            // Some operations report absence with a 400 and a code of their own (swr-api: section
            // 4.4).
            CallError::Answered {
                class: Class::Refused,
                ..
            } => self.has_code(absent_codes),
            CallError::Answered { .. } | CallError::NoAnswer(_) | CallError::Spent(_) => false,
        }
    }

    /// Whether the service answered with one of these codes.
    pub(crate) fn has_code(&self, codes: &[&str]) -> bool {
        match self {
            CallError::Answered { error, .. } => {
                let code = error.code.as_deref();
                code.is_some_and(|code| codes.contains(&code))
            }
            CallError::NoAnswer(_) | CallError::Spent(_) => false,
        }
    }

    fn failure(&self) -> Failure {
        match self {
            CallError::Answered { class, .. } => Failure::Answered(*class),
            CallError::NoAnswer(_) => Failure::NoAnswer,
            CallError::Spent(_) => Failure::Answered(Class::Unauthorized),
        }
    }

    /// Adds the method and the path of the request.
    fn with_request(mut self, request: &Request) -> CallError {
        let line = line(request);
        match &mut self {
            CallError::Answered { error, .. } => {
                error.request = Some(line);
                error.right = request.right;
            }
            // A request that was refused before it was sent is named in the message already.
            CallError::NoAnswer(no_answer) if !no_answer.message.contains(&request.path) => {
                no_answer.message = format!("{} ({line})", no_answer.message);
            }
            CallError::NoAnswer(_) | CallError::Spent(_) => {}
        }
        self
    }

    /// What the user can do about it, if that is known.
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        if let CallError::Answered {
            class: Class::Forbidden,
            error,
        } = self
            && let Some(right) = error.right
        {
            let hint = format!(
                "the credentials are valid, but lack the permission for this; ask for `{right}`"
            );
            return Some(hint.into());
        }
        self.known_hint().map(Cow::Borrowed)
    }

    fn known_hint(&self) -> Option<&'static str> {
        match self {
            CallError::Answered {
                class: Class::Unauthorized,
                ..
            } => Some(
                "check the credentials in the environment, and the clock: a signature is valid for \
                minutes",
            ),
            CallError::Spent(_) => Some("check the source of the credentials, then run again"),
            CallError::Answered {
                class: Class::Forbidden,
                ..
            } => Some("the credentials are valid, but lack the permission for this; ask for it"),
            CallError::Answered {
                class: Class::Throttled,
                ..
            } => Some("the service limits the rate; try later, or with a smaller `--parallelism`"),
            CallError::Answered { error, .. } if error.is_redirect() => Some(
                "redirects are not followed: check the endpoint, and the proxies \
                before it, such as a login page",
            ),
            // The gateway's own 404: no service has read the path (swr-api: section 4.1).
            CallError::Answered { error, .. } if error.code.as_deref() == Some("APIGW.0101") => {
                Some("the gateway does not have this API: check the region and the endpoint")
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
    pub fn new(transport: Arc<dyn Transport>, parallelism: usize) -> Client {
        Client::with(transport, Gate::new(Some(parallelism.max(1))))
    }

    /// The number of requests in flight adapts to the endpoints.
    pub(crate) fn adaptive(transport: Arc<dyn Transport>) -> Client {
        Client::with(transport, Gate::new(None))
    }

    fn with(transport: Arc<dyn Transport>, gate: Gate) -> Client {
        Client {
            transport,
            gate,
            requests: AtomicUsize::new(0),
            mask: Arc::default(),
        }
    }

    /// Hides in answers what the mask hides.
    #[must_use]
    pub(crate) fn masking(self, mask: Arc<Mask>) -> Client {
        Client { mask, ..self }
    }

    /// How many requests the caller should have in progress: as many as may be in flight, and more
    /// while the limit may still grow.
    pub fn parallelism(&self) -> usize {
        self.gate.wanted_in_flight()
    }

    /// Whether the service refused the credentials. After that no request is sent.
    pub fn is_refused(&self) -> bool {
        self.gate.closed().is_some()
    }

    /// Whether that is because the credentials have ended.
    pub(crate) fn is_spent(&self) -> bool {
        matches!(self.gate.closed(), Some(Closed::Spent(_)))
    }

    /// How many requests were sent so far, retries included.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Sends a read, with retries.
    pub async fn read(&self, request: &Request) -> Result<Response, CallError> {
        self.read_traced(request, &Trace::default()).await
    }

    /// Like [`read`](Client::read), and records every try.
    pub(crate) async fn read_traced(
        &self,
        request: &Request,
        trace: &Trace,
    ) -> Result<Response, CallError> {
        let mut retries = Retries::default();
        loop {
            // Each try is admitted anew: the pace may have changed, and others are in the queue.
            let mut admission = self.admit(request, &[]).await?;
            let failed = match admission.send(request, &[], Purpose::Work, trace).await {
                Ok(response) => return Ok(response),
                Err(failed) => failed,
            };
            // The place in flight must be free during the wait.
            drop(admission);
            if !retries.wait(self, request, &failed).await {
                return Err(failed.error);
            }
        }
    }

    /// Sends a read once, without retries.
    pub(crate) async fn read_once(
        &self,
        request: &Request,
        purpose: Purpose,
    ) -> Result<Response, CallError> {
        let mut admission = self.admit(request, &[]).await?;
        let trace = Trace::default();
        let sent = admission.send(request, &[], purpose, &trace).await;
        sent.map_err(|failed| failed.error)
    }

    /// Ends when a success has proven the credentials, or a refusal has ended all requests.
    pub(crate) async fn proven(&self) {
        self.gate.proven().await;
    }

    /// Waits for one place in flight and for permission to send these requests, all to one
    /// endpoint, one after the other. This client then sends no other request between them.
    pub(crate) async fn admit(
        &self,
        first: &Request,
        others: &[&Request],
    ) -> Result<Admission<'_>, CallError> {
        // The published budget comes first: a request that waits for it must not take a place in
        // flight.
        self.transport.ready(first).await;
        for request in others {
            self.transport.ready(request).await;
        }
        let turns = 1 + u32::try_from(others.len()).unwrap_or(u32::MAX - 1);
        match self.gate.enter(first, turns).await {
            Ok(pass) => Ok(Admission { client: self, pass }),
            // The gate refuses only after an authentication failure of another request.
            Err(Closed::Refused(error)) => Err(CallError::Answered {
                class: Class::Unauthorized,
                error,
            }),
            Err(Closed::Spent(reason)) => Err(CallError::Spent(reason)),
        }
    }
}

/// Permission to send some requests one after the other. Dropping it frees the place in flight and
/// returns the permissions that were not used.
pub(crate) struct Admission<'c> {
    client: &'c Client,
    pass: Pass<'c>,
}

impl std::fmt::Debug for Admission<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admission").finish_non_exhaustive()
    }
}

/// Whether the success of a request counts as progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It does.
    Work,
    /// It reads what a write would change. Only the write is progress.
    Check,
    /// It does, but only for what it asks for: that an endpoint refuses the credentials says
    /// nothing about the others.
    Aside,
}

/// A failed try, and what decides about a retry.
#[derive(Debug, Clone)]
pub struct Failed {
    pub error: CallError,
    retry_after: Option<Duration>,
    endpoint: EndpointState,
}

impl Admission<'_> {
    /// Sends one request, once.
    pub(crate) async fn send(
        &mut self,
        request: &Request,
        absent_codes: &[&str],
        purpose: Purpose,
        trace: &Trace,
    ) -> Result<Response, Failed> {
        let client = self.client;
        // Only a count for the report, so its order relative to other memory does not matter.
        client.requests.fetch_add(1, Ordering::Relaxed);
        self.pass.departs();
        // Masked before anything reads it: logs, errors and the receipt take their texts from it.
        let answer = masked(client.transport.send(request).await, request, &client.mask);
        let (feedback, retry_after) = feedback(&answer, absent_codes, purpose);
        let result = match client.transport.spent().filter(|_| answer.is_err()) {
            Some(reason) => Err(CallError::Spent(reason)),
            None => checked(answer, absent_codes, trace),
        };
        let result = result.map_err(|error| error.with_request(request));
        // Before the place in flight becomes free: the request that waits for it must not fail to
        // authenticate as well.
        match &result {
            Err(CallError::Answered {
                class: Class::Unauthorized,
                error,
            }) if purpose != Purpose::Aside => {
                client.gate.close(Closed::Refused(error.clone()));
            }
            Err(CallError::Spent(reason)) => client.gate.close(Closed::Spent(reason.clone())),
            _ => {}
        }
        let endpoint = self.pass.learn(feedback);
        result.map_err(|error| Failed {
            error,
            retry_after,
            endpoint,
        })
    }
}

/// Counts the tries of one request and waits between them.
#[derive(Debug, Default)]
pub(crate) struct Retries {
    tries: Tries,
}

impl Retries {
    /// Waits until the request may be retried. Returns false if it must not be.
    pub(crate) async fn wait(
        &mut self,
        client: &Client,
        request: &Request,
        failed: &Failed,
    ) -> bool {
        let next = self
            .tries
            .failed(failed.error.failure(), failed.retry_after, failed.endpoint);
        let Next::Again { wait } = next else {
            // The tries were spent on throttling. The requests behind this one must not each take a
            // minute to find that out again.
            if failed.error.class() == Some(Class::Throttled) {
                client.gate.give_up(request);
            }
            tracing::info!("{request}: {}", failed.error);
            return false;
        };
        // Another request failed to authenticate meanwhile; a retry would, too.
        if client.gate.closed().is_some() {
            return false;
        }
        let wait = jittered(&wait);
        tracing::info!(
            "{request}: {}; retry in {} ms",
            failed.error,
            wait.as_millis()
        );
        tokio::time::sleep(wait).await;
        true
    }
}

/// Attaches the request and the mask to an answer, and masks its request id and error. A transport
/// that obtained keys has attached a mask that knows them too.
fn masked(
    answer: Result<Response, NoAnswer>,
    request: &Request,
    mask: &Arc<Mask>,
) -> Result<Response, NoAnswer> {
    match answer {
        Ok(response) => {
            let mask = match response.mask.is_empty() {
                true => mask.clone(),
                false => response.mask,
            };
            let id = response.request_id;
            Ok(Response {
                request_id: id.map(|id| mask.text(&id).into_owned()),
                request: Some(line(request)),
                mask,
                ..response
            })
        }
        Err(no_answer) => Err(NoAnswer {
            message: mask.text(&no_answer.message).into_owned(),
            ..no_answer
        }),
    }
}

/// What a message calls a request.
fn line(request: &Request) -> String {
    format!("{} {}", request.method, request.path)
}

/// What an answer says about the endpoint, and its `Retry-After`, at most the longest wait.
fn feedback(
    answer: &Result<Response, NoAnswer>,
    absent_codes: &[&str],
    purpose: Purpose,
) -> (Feedback, Option<Duration>) {
    // A failed connection says nothing about the load of the endpoint.
    let Ok(response) = answer else {
        return (Feedback::Other, None);
    };
    // A wrong `Retry-After`, such as a date next year, must not stop the endpoint for long.
    let retry_after = response.retry_after.map(|wait| wait.min(LONGEST_WAIT));
    let feedback = match classify(response, absent_codes) {
        Class::Success if purpose == Purpose::Check => Feedback::CheckSuccess,
        Class::Success => Feedback::Success,
        Class::Throttled => Feedback::Throttled { retry_after },
        _ => Feedback::Other,
    };
    (feedback, retry_after)
}

/// The response, if it is a success. Records the try.
fn checked(
    answer: Result<Response, NoAnswer>,
    absent_codes: &[&str],
    trace: &Trace,
) -> Result<Response, CallError> {
    // A try without an answer is in the receipt too: it may have been executed.
    let response = answer.inspect_err(|_| trace.record(None, None))?;
    trace.record(Some(response.status), response.request_id.as_deref());
    match classify(&response, absent_codes) {
        Class::Success => Ok(response),
        class => Err(CallError::Answered {
            class,
            error: ApiError::read(&response),
        }),
    }
}

/// A random wait between two bounds, so that requests that were throttled together do not retry
/// together.
fn jittered(wait: &RangeInclusive<Duration>) -> Duration {
    *wait.start() + (*wait.end() - *wait.start()).mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests;
