//! Turns the signals that ask a process to end into a wish to stop: the first ends a run in good order, the second at
//! once.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::output;
use crate::apply::Stop;

/// The signals that ask the process to end.
#[cfg(unix)]
pub(super) struct Signals {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    hangup: Option<Signal>,
}

#[cfg(unix)]
impl Signals {
    /// From now on they do not end the process by themselves, so this comes before what they must not tear apart. Within
    /// a runtime; a signal that cannot be listened to keeps its own effect.
    pub(super) fn listen() -> Signals {
        let listen = |kind| signal(kind).ok();
        Signals {
            interrupt: listen(SignalKind::interrupt()),
            terminate: listen(SignalKind::terminate()),
            hangup: if hangup_is_ignored() { None } else { listen(SignalKind::hangup()) },
        }
    }

    /// Ends with the next of them.
    pub(super) async fn next(&mut self) {
        async fn heard(signal: &mut Option<Signal>) {
            match signal {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        }
        tokio::select! {
            () = heard(&mut self.interrupt) => {}
            () = heard(&mut self.terminate) => {}
            () = heard(&mut self.hangup) => {}
        }
    }
}

/// Passes them on until the run is over.
pub(super) async fn watch(mut signals: Signals, stop: Stop) {
    signals.next().await;
    stop.soon();
    output::tell("stopping: what is in flight is finished; once more to stop at once");
    signals.next().await;
    stop.at_once();
}

/// Whether the run was started to survive its terminal, as `nohup` does. Where that cannot be told, it was not.
#[cfg(unix)]
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // The first bit is SIGHUP's.
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

/// Ctrl-C, which is listened to when somebody waits for it.
#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(super) fn listen() -> Signals {
        Signals
    }

    pub(super) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
