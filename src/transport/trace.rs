//! What was sent for one change, try by try, for whoever has to account for it.
//!
//! Nothing but what support asks for: neither requests nor bodies.

use std::sync::{Mutex, PoisonError};

use crate::wire::Try;

/// Collects the tries of the calls that it is handed to, reads and writes alike, in the order of
/// their ends.
#[derive(Debug, Default)]
pub struct Trace(Mutex<Vec<Try>>);

impl Trace {
    pub fn tries(&self) -> Vec<Try> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Notes what another trace holds, too.
    pub fn take_over(&self, other: &Trace) {
        let tries = other.tries();
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(tries);
    }

    pub(super) fn note(&self, status: Option<u16>, request_id: Option<&str>) {
        let noted = Try {
            status,
            request_id: request_id.map(str::to_owned),
        };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(noted);
    }
}
