//! The request to an apply to end early. The caller decides when; this only carries it.

use std::sync::Arc;

use tokio::sync::watch;

/// How urgently an apply must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Urgency {
    #[default]
    None,
    /// Start nothing new, but finish and verify what is in flight.
    Soon,
    /// Wait for nothing any more.
    AtOnce,
}

/// A request that can become more urgent, but is never withdrawn. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Shutdown(Arc<watch::Sender<Urgency>>);

impl Shutdown {
    /// Asks to start nothing new and to finish what is in flight.
    pub fn soon(&self) {
        self.raise(Urgency::Soon);
    }

    /// Wait for nothing any more.
    pub(crate) fn at_once(&self) {
        self.raise(Urgency::AtOnce);
    }

    fn raise(&self, urgency: Urgency) {
        // A weaker request after a stronger one must not lower it, and wakes nothing.
        self.0
            .send_if_modified(|before| std::mem::replace(before, urgency.max(*before)) < urgency);
    }

    /// Whether the apply must start nothing new.
    pub(crate) fn is_asked(&self) -> bool {
        *self.0.borrow() >= Urgency::Soon
    }

    /// Completes when the apply must start nothing new.
    pub async fn asked(&self) {
        self.raised_to(Urgency::Soon).await;
    }

    /// Completes when the apply must wait for nothing any more.
    pub(crate) async fn asked_at_once(&self) {
        self.raised_to(Urgency::AtOnce).await;
    }

    async fn raised_to(&self, least: Urgency) {
        // The sender lives as long as `self`, so this cannot fail.
        let _ = self
            .0
            .subscribe()
            .wait_for(|urgency| *urgency >= least)
            .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_is_never_withdrawn() {
        let stop = Shutdown::default();
        assert!(!stop.is_asked());
        stop.soon();
        stop.asked().await;
        assert!(stop.clone().is_asked());
        stop.at_once();
        stop.soon();
        stop.asked_at_once().await;
        assert!(stop.is_asked());
    }
}
