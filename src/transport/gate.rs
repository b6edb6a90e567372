//! Decides when a request may be sent. Each endpoint has a queue. The request at its head waits for
//! the endpoint's pace and for a free place in flight, at the endpoint and in total.
//!
//! [`concurrency`](super::concurrency) and [`pace`](super::pace) compute how many and how fast;
//! this module waits. It knows neither the content of a request nor whether it is a retry.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::{
    concurrency::{Limit, MOST},
    pace::{Pace, Taken},
};
use crate::wire::{Request, Service, error::ApiError};

/// The limit in flight until a first success proves the credentials: the service locks an access
/// key after repeated authentication failures.
const UNPROVEN: usize = 2;

/// How long an endpoint may throttle every request before all waiting requests give up. Each
/// request alone retries for more than a minute; hundreds one after the other would take hours.
const PATIENCE: Duration = Duration::from_secs(120);

/// Admits requests, and learns from their answers.
pub(super) struct Gate {
    began: Instant,
    traffic: Mutex<Traffic>,
    /// Something may have become free: the heads of all queues check again.
    freed: Notify,
}

type Key = (Service, Arc<str>);

struct Traffic {
    /// None for adaptive.
    fixed: Option<usize>,
    in_flight: usize,
    proven: bool,
    closed: Option<Closed>,
    endpoints: HashMap<Key, Endpoint>,
}

struct Endpoint {
    /// Fair: the first request to wait is the first at the head.
    queue: Arc<tokio::sync::Mutex<()>>,
    limit: Limit,
    pace: Pace,
    in_flight: usize,
    /// How many requests are in the queue.
    waiting: usize,
    /// Whether the head of the queue waits for the pace and not for a place in flight.
    is_paced: bool,
    successes: u64,
    /// Since when every request was throttled.
    shut_since: Option<Duration>,
    given_up: bool,
}

/// Why nothing more may be sent.
#[derive(Debug, Clone)]
pub(super) enum Closed {
    /// A service refused the credentials.
    Refused(ApiError),
    /// The credentials have ended, and there are no new ones.
    Spent(Arc<str>),
}

/// What an answer says about the load of an endpoint.
#[derive(Debug, Clone, Copy)]
pub(super) enum Feedback {
    Success,
    /// A check before a write succeeded. It shows the capacity of the endpoint, but it is not
    /// progress: if every write is throttled, checks alone must not keep the command running.
    CheckSuccess,
    Throttled {
        retry_after: Option<Duration>,
    },
    Other,
}

/// The state of an endpoint after an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct EndpointState {
    /// How many requests succeeded there so far.
    pub(super) successes: u64,
    /// Whether it throttled for so long that requests do not wait for it any more.
    pub(super) given_up: bool,
}

enum Admission {
    Granted(Taken),
    Full,
    At(Duration),
}

impl Gate {
    /// At most `fixed` requests in flight in total, or as many as the endpoints can take.
    pub(super) fn new(fixed: Option<usize>) -> Gate {
        let traffic = Traffic {
            fixed,
            in_flight: 0,
            proven: false,
            closed: None,
            endpoints: HashMap::new(),
        };
        Gate {
            began: Instant::now(),
            traffic: Mutex::new(traffic),
            freed: Notify::new(),
        }
    }

    /// How many requests the caller should have in progress. This is more than may be in flight: an
    /// adaptive limit grows only while requests wait.
    pub(super) fn wanted_in_flight(&self) -> usize {
        let traffic = self.traffic();
        traffic
            .fixed
            .unwrap_or_else(|| (2 * traffic.allowed()).min(MOST))
    }

    /// Waits until `requests` requests, of which this is the first, may be sent one after the
    /// other. Fails after an authentication failure.
    pub(super) async fn enter(&self, request: &Request, requests: u32) -> Result<Pass<'_>, Closed> {
        let key = (request.service, request.region.clone());
        let waiting = Waiting::new(self, &key);
        // The lock on the traffic ends with this line: it must not be held while waiting.
        let queue = self.traffic().endpoint(&key, self.now()).queue.clone();
        // Held until the request is admitted: only the head competes for a place and for the pace,
        // so requests leave in the order in which they came.
        let _head = queue.lock().await;
        loop {
            // Created before the check, so that a notification in between is not missed.
            let freed = self.freed.notified();
            let now = self.now();
            let admission = {
                let mut traffic = self.traffic();
                // In every round: a request that waits while another one fails to authenticate must
                // not be sent. Repeated failures lock the access key (codearts-repo-api: section
                // 6).
                if let Some(reason) = &traffic.closed {
                    return Err(reason.clone());
                }
                traffic.admit(&key, now, requests)
            };
            match admission {
                Admission::Granted(taken) => {
                    // An admitted request must not count as waiting, which would let the limit
                    // grow.
                    drop(waiting);
                    return Ok(Pass {
                        gate: self,
                        key,
                        turns: requests,
                        taken,
                        sent: now,
                    });
                }
                Admission::Full => freed.await,
                // The gate may close, or the endpoint be given up, before the time comes.
                Admission::At(time) => tokio::select! {
                    () = freed => {}
                    () = sleep_until(self.began + time) => {}
                },
            }
        }
    }

    /// Stops all requests after an authentication failure.
    pub(super) fn close(&self, reason: Closed) {
        // The first reason stays: requests in flight at that time fail for the same.
        self.traffic().closed.get_or_insert(reason);
        self.freed.notify_waiters();
    }

    /// Ends after the first success, or an authentication failure.
    pub(super) async fn proven(&self) {
        loop {
            // Created before the check, so that a notification in between is not missed.
            let freed = self.freed.notified();
            let is_decided = {
                let traffic = self.traffic();
                traffic.proven || traffic.closed.is_some()
            };
            if is_decided {
                return;
            }
            freed.await;
        }
    }

    pub(super) fn closed(&self) -> Option<Closed> {
        self.traffic().closed.clone()
    }

    /// Marks an endpoint at which a request was throttled in all its tries.
    pub(super) fn give_up(&self, request: &Request) {
        let key = (request.service, request.region.clone());
        self.traffic().endpoint(&key, self.now()).given_up = true;
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request in the queue, until it is admitted or dropped.
struct Waiting<'g> {
    gate: &'g Gate,
    key: Key,
}

impl Waiting<'_> {
    fn new<'g>(gate: &'g Gate, key: &Key) -> Waiting<'g> {
        gate.traffic().endpoint(key, gate.now()).waiting += 1;
        Waiting {
            gate,
            key: key.clone(),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let now = self.gate.now();
        self.gate.traffic().endpoint(&self.key, now).waiting -= 1;
    }
}

impl Traffic {
    /// The limit in flight in total: that of the endpoint that can take most.
    fn allowed(&self) -> usize {
        let start = Endpoint::new_limit(self.fixed).allowed();
        let most = self
            .endpoints
            .values()
            .map(|endpoint| endpoint.limit.allowed())
            .max()
            .unwrap_or(start);
        if self.proven {
            most
        } else {
            most.min(UNPROVEN)
        }
    }

    fn endpoint(&mut self, key: &Key, now: Duration) -> &mut Endpoint {
        let fixed = self.fixed;
        self.endpoints
            .entry(key.clone())
            .or_insert_with(|| Endpoint {
                queue: Arc::default(),
                limit: Endpoint::new_limit(fixed),
                pace: Pace::new(now),
                in_flight: 0,
                waiting: 0,
                is_paced: false,
                successes: 0,
                shut_since: None,
                given_up: false,
            })
    }

    fn admit(&mut self, key: &Key, now: Duration, requests: u32) -> Admission {
        let full = self.in_flight >= self.allowed();
        let endpoint = self.endpoint(key, now);
        // While nothing gets through, more requests would only add refusals.
        let one_at_a_time = endpoint.given_up || endpoint.pace.is_shut();
        let allowed = if one_at_a_time {
            1
        } else {
            endpoint.limit.allowed()
        };
        // Set anew on each check: a head that finds no free place puts pressure on the limit.
        endpoint.is_paced = false;
        // Before the pace: a token must not be taken for a request that cannot be sent yet.
        if full || endpoint.in_flight >= allowed {
            return Admission::Full;
        }
        // After the endpoint is given up, each request only checks whether that has changed. With
        // the pace a long command would wait for the same answer again and again.
        let turn = if endpoint.given_up {
            Ok(Taken::default())
        } else {
            endpoint.pace.take(now, requests)
        };
        match turn {
            Ok(taken) => {
                endpoint.in_flight += 1;
                self.in_flight += 1;
                Admission::Granted(taken)
            }
            Err(time) => {
                endpoint.is_paced = true;
                Admission::At(time)
            }
        }
    }

    fn leave(&mut self, key: &Key, taken: Taken, now: Duration) {
        self.in_flight -= 1;
        let endpoint = self.endpoint(key, now);
        endpoint.in_flight -= 1;
        endpoint.pace.give_back(taken);
    }
}

impl Endpoint {
    fn new_limit(fixed: Option<usize>) -> Limit {
        fixed.map_or_else(Limit::adaptive, Limit::fixed)
    }

    fn learn(&mut self, feedback: Feedback, sent: Duration, now: Duration) -> EndpointState {
        match feedback {
            Feedback::Success | Feedback::CheckSuccess => {
                // Several answers can arrive before the next request in the queue has checked.
                let pressed = self.waiting > 0 && !self.is_paced;
                self.limit.succeeded(now.saturating_sub(sent), pressed);
                self.pace.succeeded(sent, now);
                if matches!(feedback, Feedback::Success) {
                    self.successes += 1;
                    (self.shut_since, self.given_up) = (None, false);
                }
            }
            Feedback::Throttled { retry_after } => {
                self.limit.throttled(sent, now);
                self.pace.throttled(sent, now, retry_after);
                self.given_up |= now > *self.shut_since.get_or_insert(now) + PATIENCE;
                // The pause would only delay the refusals of the requests that still wait.
                if self.given_up {
                    self.pace.resume(now);
                }
            }
            Feedback::Other => {}
        }
        EndpointState {
            successes: self.successes,
            given_up: self.given_up,
        }
    }
}

/// A place in flight, and permission for some requests one after the other. Dropping it frees the
/// place and returns the permissions that were not used.
pub(super) struct Pass<'a> {
    gate: &'a Gate,
    key: Key,
    /// How many announced requests were not sent yet.
    turns: u32,
    taken: Taken,
    /// When the request in flight was sent.
    sent: Duration,
}

impl Pass<'_> {
    /// Records that a request is sent now. If it was not announced, the pace of later requests is
    /// reduced instead.
    pub(super) fn departs(&mut self) {
        // A write follows its check in the same pass: its latency must not include the check's.
        self.sent = self.gate.now();
        self.taken.spend();
        // A check can need more requests than it announced, such as further pages of a list.
        if self.turns == 0 {
            self.gate
                .traffic()
                .endpoint(&self.key, self.sent)
                .pace
                .borrow();
        }
        self.turns = self.turns.saturating_sub(1);
    }

    /// Learns from the answer to the request that was sent.
    pub(super) fn learn(&mut self, feedback: Feedback) -> EndpointState {
        let now = self.gate.now();
        let mut traffic = self.gate.traffic();
        // A check proves the credentials like any other success.
        traffic.proven |= matches!(feedback, Feedback::Success | Feedback::CheckSuccess);
        let state = traffic
            .endpoint(&self.key, now)
            .learn(feedback, self.sent, now);
        drop(traffic);
        // More requests may be allowed in flight now, although this place is still taken.
        self.gate.freed.notify_waiters();
        state
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.gate
            .traffic()
            .leave(&self.key, self.taken, self.gate.now());
        self.gate.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::Future as _,
        task::{Context, Poll, Waker},
    };

    use super::*;
    use crate::wire::{Method, Service};

    fn succeeds(mut pass: Pass<'_>) {
        pass.departs();
        pass.learn(Feedback::Success);
    }

    #[test]
    fn a_waiting_request_counts_before_it_has_checked() {
        let gate = Gate::new(None);
        let request = Request::new(Service::Swr, &Arc::from("r-1"), Method::Get, "/".to_owned());
        let mut context = Context::from_waker(Waker::noop());
        let mut enter = |gate| {
            let mut entering = Box::pin(Gate::enter(gate, &request, 1));
            let polled = entering.as_mut().poll(&mut context);
            (polled, entering)
        };
        let (Poll::Ready(Ok(first)), _) = enter(&gate) else {
            panic!("a free way")
        };
        succeeds(first);
        let mut out: Vec<_> = (0..10).map(|_| enter(&gate).0).collect();
        let mut queue: Vec<_> = (0..2).map(|_| enter(&gate).1).collect();
        let mut answer = || {
            let Some(Poll::Ready(Ok(pass))) = out.pop() else {
                panic!("in flight")
            };
            succeeds(pass);
        };
        let before = gate.wanted_in_flight();
        answer();
        // The head of the queue is admitted, and the next request has not checked yet.
        let head = queue.remove(0);
        let admitted = std::pin::pin!(head).poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(admitted, Poll::Ready(Ok(_))));
        answer();
        assert_eq!(
            gate.wanted_in_flight(),
            before + 4,
            "two more may be in flight, and twice as many are wanted"
        );
    }
}
