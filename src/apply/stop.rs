//! How a run that is under way is asked to end. Who asks, and why, is not known here.

use std::sync::Arc;

use tokio::sync::watch;

/// How soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Wish {
    #[default]
    None,
    /// Nothing new is started; what is in flight is finished and proved.
    Soon,
    /// Nothing is waited for any more.
    AtOnce,
}

/// A wish that can be raised and never taken back. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<watch::Sender<Wish>>);

impl Stop {
    /// Start nothing new, and finish what is in flight.
    pub fn soon(&self) {
        self.raise(Wish::Soon);
    }

    /// Wait for nothing any more.
    pub fn at_once(&self) {
        self.raise(Wish::AtOnce);
    }

    fn raise(&self, wish: Wish) {
        self.0
            .send_if_modified(|before| std::mem::replace(before, wish.max(*before)) < wish);
    }

    /// Whether nothing new may be started.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow() >= Wish::Soon
    }

    /// Ends when nothing new may be started.
    pub async fn asked(&self) {
        self.raised_to(Wish::Soon).await;
    }

    /// Ends when nothing is to be waited for any more.
    pub async fn wanted_at_once(&self) {
        self.raised_to(Wish::AtOnce).await;
    }

    async fn raised_to(&self, least: Wish) {
        // The sender lives as long as this, so the wait ends only with the wish.
        let _ = self.0.subscribe().wait_for(|wish| *wish >= least).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wish_is_never_taken_back() {
        let stop = Stop::default();
        assert!(!stop.is_asked());
        stop.soon();
        stop.asked().await;
        assert!(stop.clone().is_asked());
        stop.at_once();
        stop.soon();
        stop.wanted_at_once().await;
        assert!(stop.is_asked());
    }
}
