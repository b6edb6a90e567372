//! When credentials are renewed, in simulated time.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicUsize, Ordering},
};

use tokio::time::advance;

use super::*;
use crate::{mask::Mask, transport::credentials::Token};

/// Answers with one outcome after the other, the last one again and again.
#[derive(Debug, Default)]
pub(super) struct Script {
    outcomes: Mutex<VecDeque<Result<u64, Problem>>>,
    pub(super) calls: AtomicUsize,
}

impl Script {
    fn of(outcomes: impl IntoIterator<Item = Result<u64, Problem>>) -> Arc<Script> {
        Arc::new(Script {
            outcomes: Mutex::new(outcomes.into_iter().collect()),
            calls: AtomicUsize::new(0),
        })
    }

    async fn next(&self) -> Result<Lease, Problem> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        // Others get their turn meanwhile.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let mut outcomes = self.outcomes.lock().unwrap();
        let outcome = match outcomes.len() {
            1 => outcomes[0].clone(),
            _ => outcomes.pop_front().unwrap(),
        };
        let seconds = outcome?;
        let credentials = Credentials::Token(Token {
            token: "t".into(),
            project_id: None,
        });
        Ok(Lease::lasting(
            credentials,
            Duration::from_secs(seconds),
            Mask::default(),
        ))
    }
}

impl Issue for Arc<Script> {
    fn origin(&self) -> &str {
        "a script"
    }

    fn obtain(&self) -> Obtaining<'_> {
        Box::pin(self.next())
    }
}

fn wallet(script: &Arc<Script>) -> Wallet {
    Wallet::of(script.clone())
}

fn calls(script: &Script) -> usize {
    script.calls.load(Ordering::Relaxed)
}

async fn pass(seconds: u64) {
    advance(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn they_are_renewed_ten_minutes_before_they_end() {
    let script = Script::of([Ok(3_600)]);
    let wallet = wallet(&script);
    for (wait, expected) in [(0, 1), (2_990, 1), (20, 2), (2_900, 2), (200, 3)] {
        pass(wait).await;
        wallet.current().await.unwrap();
        assert_eq!(calls(&script), expected, "{wait}");
    }
}

#[tokio::test(start_paused = true)]
async fn short_ones_are_renewed_after_two_thirds() {
    let script = Script::of([Ok(900)]);
    let wallet = wallet(&script);
    for (wait, expected) in [(0, 1), (590, 1), (20, 2)] {
        pass(wait).await;
        wallet.current().await.unwrap();
        assert_eq!(calls(&script), expected, "{wait}");
    }
}

#[tokio::test(start_paused = true)]
async fn many_at_once_renew_once() {
    let script = Script::of([Ok(900)]);
    let wallet = Arc::new(wallet(&script));
    for wait in [0, 700, 5_000] {
        pass(wait).await;
        let before = calls(&script);
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let wallet = wallet.clone();
                tokio::spawn(async move { wallet.current().await.map(drop) })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(calls(&script), before + 1, "{wait}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_renewal_is_tried_again_while_the_old_ones_are_valid() {
    let passing = || Err(Problem::Passing("busy".to_owned()));
    let script = Script::of([Ok(900), passing(), Ok(900)]);
    let wallet = wallet(&script);
    wallet.current().await.unwrap();
    pass(700).await;
    wallet.current().await.unwrap();
    wallet.current().await.unwrap();
    assert_eq!(calls(&script), 2);
    pass(PAUSE.as_secs() + 1).await;
    wallet.current().await.unwrap();
    assert_eq!((calls(&script), wallet.spent()), (3, None));
}

#[tokio::test(start_paused = true)]
async fn there_is_a_last_try_once_they_have_ended() {
    let passing = || Err(Problem::Passing("busy".to_owned()));
    for (last, is_renewed) in [(Ok(900), true), (passing(), false)] {
        let script = Script::of([Ok(900), passing(), last, passing()]);
        let wallet = wallet(&script);
        wallet.current().await.unwrap();
        pass(890).await;
        wallet.current().await.unwrap();
        pass(10).await;
        assert_eq!(wallet.current().await.is_ok(), is_renewed);
        let _ = wallet.current().await;
        assert_eq!((calls(&script), wallet.spent().is_none()), (3, is_renewed));
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_is_not_asked_for_again() {
    let refused = Err(Problem::Refused("no".to_owned()));
    let script = Script::of([Ok(900), refused]);
    let wallet = wallet(&script);
    wallet.current().await.unwrap();
    for _ in 0..3 {
        pass(250).await;
        wallet.current().await.unwrap();
    }
    assert_eq!((calls(&script), wallet.spent()), (2, None));
    pass(200).await;
    let error = wallet.current().await.unwrap_err();
    let expected = "the credentials from a script cannot be renewed: no";
    assert_eq!((error.message.as_str(), error.never_sent), (expected, true));
    assert_eq!(wallet.spent().as_deref(), Some(expected));
    assert_eq!(calls(&script), 2);
}
