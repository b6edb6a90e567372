//! Keeps within the published rate limit of a service: CodeArts Repo allows 600 calls a minute of
//! each operation, for all users of a region together (codearts-repo-api: section 6).
//!
//! Limits that a service only signals with 429 are handled by [`client`](super::client).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{Exchange, Transport, Turn};
use crate::wire::{Method, Request, Service};

/// How many requests may be sent at once after a pause.
const BURST: u32 = 20;

/// With the burst this is at most 590 a minute, a little below the limit: other clients use it too.
const INTERVAL: Duration = Duration::from_millis(105);

/// The limit counts the calls of one operation in one region.
type Operation = (Arc<str>, Method, String);

/// Delays requests until the budget allows them.
pub(crate) struct Budget {
    inner: Arc<dyn Transport>,
    /// When the budget of an operation is full again.
    full_at: Mutex<HashMap<Operation, Instant>>,
}

impl std::fmt::Debug for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Budget").finish_non_exhaustive()
    }
}

impl Budget {
    pub(crate) fn new(inner: Arc<dyn Transport>) -> Budget {
        Budget {
            inner,
            full_at: Mutex::default(),
        }
    }

    /// Takes a request from the budget. Returns when it may be sent.
    fn take(&self, request: &Request) -> Instant {
        let now = Instant::now();
        let operation = (
            request.region.clone(),
            request.method,
            operation(&request.path),
        );
        let mut budgets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = budgets.entry(operation).or_insert(now);
        // Not in the past: what a pause leaves unused does not add up beyond the burst.
        *full_at = (*full_at).max(now) + INTERVAL;
        // In the past until the burst is used up, so the wait is zero. An instant cannot be before
        // the start of the clock, hence the fallback.
        full_at.checked_sub(INTERVAL * BURST).unwrap_or(now)
    }
}

/// The path without ids.
fn operation(path: &str) -> String {
    let is_number = |segment: &&str| segment.bytes().all(|byte| byte.is_ascii_digit());
    // The limit counts an operation, whichever repository it names.
    path.split('/')
        .map(|segment| if is_number(&segment) { "" } else { segment })
        .collect::<Vec<_>>()
        .join("/")
}

impl Transport for Budget {
    fn ready<'a>(&'a self, request: &'a Request) -> Turn<'a> {
        Box::pin(async move {
            // SWR publishes no limit (swr-api: section 15).
            if request.service == Service::CodeArts {
                tokio::time::sleep_until(self.take(request)).await;
            }
            self.inner.ready(request).await;
        })
    }

    fn send<'a>(&'a self, request: &'a Request) -> Exchange<'a> {
        self.inner.send(request)
    }

    fn spent(&self) -> Option<Arc<str>> {
        self.inner.spent()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Response;

    /// Answers at once.
    struct Open;

    impl Transport for Open {
        fn send<'a>(&'a self, _request: &'a Request) -> Exchange<'a> {
            Box::pin(async {
                Ok(Response {
                    status: 200,
                    ..Response::default()
                })
            })
        }
    }

    fn read(service: Service, number: usize) -> Request {
        Request::new(
            service,
            &"r".into(),
            Method::Get,
            format!("/v4/repositories/{number}/remote-mirror"),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn no_minute_has_more_than_600_calls_of_an_operation() {
        let budget = Budget::new(Arc::new(Open));
        let start = Instant::now();
        let mut sent = Vec::new();
        for number in 0..2_000 {
            budget.ready(&read(Service::CodeArts, number)).await;
            sent.push(start.elapsed());
        }
        let most = sent.iter().map(|from| {
            sent.iter()
                .filter(|at| *at >= from && **at - *from < Duration::from_secs(60))
                .count()
        });
        let most = most.max().unwrap();
        assert!((550..=600).contains(&most), "{most}");
        // The first requests do not wait, and neither do other operations and services.
        assert_eq!(sent[usize::try_from(BURST).unwrap() - 1], Duration::ZERO);
        let before = start.elapsed();
        let list = Request::new(
            Service::CodeArts,
            &"r".into(),
            Method::Get,
            "/v4/user/repositories".to_owned(),
        );
        budget.ready(&list).await;
        for number in 0..1_000 {
            budget.ready(&read(Service::Swr, number)).await;
        }
        assert_eq!(start.elapsed(), before);
    }
}
