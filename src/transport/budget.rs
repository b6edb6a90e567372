//! Keeps a budget of requests that a service publishes, before it has to ask for that: CodeArts
//! Repo takes 600 calls a minute of each operation, from all users of a region together
//! (codearts-repo-api: section 6).
//!
//! What a service asks for is [`client`](super::client)'s business.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{Exchange, Transport, Turn};
use crate::wire::{Method, Request, Service};

/// How many may go at once after a pause.
const BURST: u32 = 20;

/// With the burst, a minute holds 590: this run may not be alone.
const INTERVAL: Duration = Duration::from_millis(105);

/// What counts together: calls of one operation in one region.
type Operation = (Arc<str>, Method, String);

/// Holds requests back until there is room for them.
pub struct Budget {
    door: Arc<dyn Transport>,
    /// When the budget of an operation is whole again.
    whole: Mutex<HashMap<Operation, Instant>>,
}

impl std::fmt::Debug for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Budget").finish_non_exhaustive()
    }
}

impl Budget {
    pub fn new(door: Arc<dyn Transport>) -> Budget {
        Budget {
            door,
            whole: Mutex::default(),
        }
    }

    /// Takes a place in the line, and says when its turn is.
    fn turn(&self, request: &Request) -> Instant {
        let now = Instant::now();
        let operation = (
            request.region.clone(),
            request.method,
            operation(&request.path),
        );
        let mut whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = whole.entry(operation).or_insert(now);
        *whole = (*whole).max(now) + INTERVAL;
        whole.checked_sub(INTERVAL * BURST).unwrap_or(now)
    }
}

/// The path without the numbers in it.
fn operation(path: &str) -> String {
    let is_number = |segment: &&str| segment.bytes().all(|byte| byte.is_ascii_digit());
    path.split('/')
        .map(|segment| if is_number(&segment) { "" } else { segment })
        .collect::<Vec<_>>()
        .join("/")
}

impl Transport for Budget {
    fn ready<'a>(&'a self, request: &'a Request) -> Turn<'a> {
        Box::pin(async move {
            if request.service == Service::CodeArts {
                tokio::time::sleep_until(self.turn(request)).await;
            }
            self.door.ready(request).await;
        })
    }

    fn send<'a>(&'a self, request: &'a Request) -> Exchange<'a> {
        self.door.send(request)
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
    async fn no_minute_holds_more_than_600_calls_of_an_operation() {
        let paced = Budget::new(Arc::new(Open));
        let start = Instant::now();
        let mut sent = Vec::new();
        for number in 0..2_000 {
            paced.ready(&read(Service::CodeArts, number)).await;
            sent.push(start.elapsed());
        }
        let most = sent.iter().map(|from| {
            sent.iter()
                .filter(|at| *at >= from && **at - *from < Duration::from_secs(60))
                .count()
        });
        let most = most.max().unwrap();
        assert!((550..=600).contains(&most), "{most}");
        // A few need not wait, and neither does another operation or another service.
        assert_eq!(sent[usize::try_from(BURST).unwrap() - 1], Duration::ZERO);
        let before = start.elapsed();
        let list = Request::new(
            Service::CodeArts,
            &"r".into(),
            Method::Get,
            "/v4/user/repositories".to_owned(),
        );
        paced.ready(&list).await;
        for number in 0..1_000 {
            paced.ready(&read(Service::Swr, number)).await;
        }
        assert_eq!(start.elapsed(), before);
    }
}
