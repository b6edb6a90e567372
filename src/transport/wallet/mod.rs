//! The credentials of a command while it runs: they are obtained before the first request, and
//! renewed before they end.
//!
//! One renewal runs at a time. Until the old keys end, other requests go on with them; after that
//! every request waits for the new ones. What was refused is not asked for again with the same
//! credentials.

mod call;
mod issuers;
mod lease;

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::time::{Duration, Instant};

pub(crate) use self::{
    issuers::{Issuers, Places, Problem},
    lease::Lease,
};
use super::{NoAnswer, credentials::Credentials};

/// How long after a failed renewal the next one is tried, while the old keys are valid.
const PAUSE: Duration = Duration::from_secs(20);

/// New credentials, when they arrive.
pub(crate) type Obtaining<'a> = Pin<Box<dyn Future<Output = Result<Lease, Problem>> + Send + 'a>>;

/// Where credentials come from.
pub(crate) trait Issue: fmt::Debug + Send + Sync {
    /// For messages.
    fn origin(&self) -> &str;

    fn obtain(&self) -> Obtaining<'_>;
}

/// Holds the credentials in use.
#[derive(Debug)]
pub(crate) struct Wallet {
    /// Where new ones come from; none if those in use do not end.
    issuers: Option<Box<dyn Issue>>,
    held: Mutex<Held>,
    renewing: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Held {
    lease: Option<Arc<Lease>>,
    /// Why there are no new ones.
    failed: Option<Failed>,
}

#[derive(Debug, Clone)]
struct Failed {
    reason: Arc<str>,
    /// When it is worth another try; none if it was refused, or nothing is valid any more.
    again: Option<Instant>,
}

/// What a request finds.
enum Look {
    Fresh(Arc<Lease>),
    /// Still valid, but soon to end.
    Due(Arc<Lease>),
    Ended,
    Failed(Arc<str>),
}

impl Wallet {
    /// Credentials that do not end.
    pub(crate) fn fixed(credentials: Credentials) -> Wallet {
        Wallet::holding(None, Some(Lease::endless(credentials)))
    }

    /// No credentials, and why.
    pub(crate) fn without(reason: &str) -> Wallet {
        let wallet = Wallet::holding(None, None);
        wallet.held().failed = Some(Failed {
            reason: reason.into(),
            again: None,
        });
        wallet
    }

    /// Credentials that are obtained when they are needed.
    pub(crate) fn of(issuers: impl Issue + 'static) -> Wallet {
        Wallet::holding(Some(Box::new(issuers)), None)
    }

    fn holding(issuers: Option<Box<dyn Issue>>, lease: Option<Lease>) -> Wallet {
        Wallet {
            issuers,
            held: Mutex::new(Held {
                lease: lease.map(Arc::new),
                failed: None,
            }),
            renewing: tokio::sync::Mutex::default(),
        }
    }

    /// The credentials for a request that is sent now.
    pub(crate) async fn current(&self) -> Result<Arc<Lease>, NoAnswer> {
        loop {
            let _renewing = match self.look() {
                Look::Fresh(lease) => return Ok(lease),
                Look::Failed(reason) => return Err(unsent(&reason)),
                Look::Due(lease) => match self.renewing.try_lock() {
                    Ok(renewing) => renewing,
                    Err(_) => return Ok(lease),
                },
                Look::Ended => self.renewing.lock().await,
            };
            // Another request may have renewed them while this one waited.
            if matches!(self.look(), Look::Due(_) | Look::Ended) {
                self.renew().await;
            }
        }
    }

    /// How long the credentials in use are still used. None if they do not end, or are not there.
    pub(crate) fn left(&self) -> Option<Duration> {
        let end = self.held().lease.as_ref()?.end()?;
        Some(end.saturating_duration_since(Instant::now()))
    }

    /// Why no request can be authenticated any more.
    pub(crate) fn spent(&self) -> Option<Arc<str>> {
        match self.look() {
            Look::Failed(reason) => Some(reason),
            Look::Fresh(_) | Look::Due(_) | Look::Ended => None,
        }
    }

    async fn renew(&self) {
        let Some(issuers) = &self.issuers else {
            return;
        };
        let obtained = issuers.obtain().await;
        let is_first = self.held().lease.is_none();
        let mut held = self.held();
        match obtained {
            Ok(lease) => {
                tracing::info!("new keys from {}", issuers.origin());
                *held = Held {
                    lease: Some(Arc::new(lease)),
                    failed: None,
                };
            }
            Err(problem) => {
                let verb = if is_first { "obtained" } else { "renewed" };
                let origin = issuers.origin();
                let reason = format!("the credentials from {origin} cannot be {verb}: {problem}");
                // The first failure ends the command, which prints it.
                if !is_first {
                    tracing::info!("{reason}");
                }
                // One more try once they have ended, and none after that.
                let now = Instant::now();
                let end = held.lease.as_ref().and_then(|lease| lease.end());
                let again = end.filter(|end| *end > now && matches!(problem, Problem::Passing(_)));
                let again = again.map(|end| end.min(now + PAUSE));
                held.failed = Some(Failed {
                    reason: reason.into(),
                    again,
                });
            }
        }
    }

    fn look(&self) -> Look {
        let held = self.held();
        let now = Instant::now();
        let lease = held.lease.as_ref().filter(|lease| !lease.has_ended(now));
        match (lease, &held.failed) {
            (Some(lease), None) if lease.is_due(now) => Look::Due(lease.clone()),
            (
                Some(lease),
                Some(Failed {
                    again: Some(at), ..
                }),
            ) if *at <= now => Look::Due(lease.clone()),
            (Some(lease), _) => Look::Fresh(lease.clone()),
            (None, Some(Failed { again: Some(_), .. })) => Look::Ended,
            (None, Some(failed)) => Look::Failed(failed.reason.clone()),
            (None, None) => Look::Ended,
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unsent(reason: &str) -> NoAnswer {
    NoAnswer {
        message: reason.to_owned(),
        never_sent: true,
    }
}

#[cfg(test)]
mod tests;
