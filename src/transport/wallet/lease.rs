//! Credentials with the time until which they are used.

use std::sync::Arc;

use tokio::time::{Duration, Instant};

use crate::{mask::Mask, transport::credentials::Credentials};

/// Keys are renewed this long before they end, or earlier if they are valid for a short time.
const MARGIN: Duration = Duration::from_secs(600);
/// The last moments are not used: a request takes time until it is checked.
const GUARD: Duration = Duration::from_secs(5);

/// Credentials that are valid for a time.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) credentials: Credentials,
    /// Hides what this command knows, these keys included. Empty where they came from the
    /// environment, which is masked everywhere.
    pub(crate) mask: Arc<Mask>,
    ends: Option<Ends>,
}

#[derive(Debug, Clone, Copy)]
struct Ends {
    due: Instant,
    end: Instant,
}

impl Lease {
    pub(super) fn endless(credentials: Credentials) -> Lease {
        Lease {
            credentials,
            mask: Arc::default(),
            ends: None,
        }
    }

    /// Credentials that are valid for this long from now on.
    pub(super) fn lasting(credentials: Credentials, lifetime: Duration, mask: Mask) -> Lease {
        // By a clock that no one sets: the machine's time may be wrong, or corrected meanwhile.
        let now = Instant::now();
        let ends = Ends {
            due: now + lifetime.saturating_sub(MARGIN.min(lifetime / 3)),
            end: now + lifetime.saturating_sub(GUARD.min(lifetime / 10)),
        };
        Lease {
            credentials,
            mask: Arc::new(mask),
            ends: Some(ends),
        }
    }

    pub(super) fn has_ended(&self, now: Instant) -> bool {
        self.ends.is_some_and(|ends| ends.end <= now)
    }

    /// When they are not used any more.
    pub(super) fn end(&self) -> Option<Instant> {
        self.ends.map(|ends| ends.end)
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.ends.is_some_and(|ends| ends.due <= now)
    }
}
