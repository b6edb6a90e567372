//! The tries of one change, for the receipt.
//!
//! It contains only what the service's support needs, neither requests nor bodies.

use std::sync::{Mutex, PoisonError};

use crate::wire::Try;

/// Collects the tries of reads and writes, in the order in which they end.
#[derive(Debug, Default)]
pub(crate) struct Trace(Mutex<Vec<Try>>);

impl Trace {
    pub(crate) fn tries(&self) -> Vec<Try> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Appends the tries of another trace.
    pub(crate) fn append(&self, other: &Trace) {
        let tries = other.tries();
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(tries);
    }

    pub(super) fn record(&self, status: Option<u16>, request_id: Option<&str>) {
        let tried = Try {
            status,
            request_id: request_id.map(str::to_owned),
        };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(tried);
    }
}
