//! The signals that ask a process to end. What can end in good order listens; at any other time the
//! process ends at once.
//!
//! The handlers are there from the start. As the first process of a container nothing ends portolan
//! otherwise: the kernel drops what such a process has no handler for.

use std::sync::{LazyLock, mpsc};

use tokio::sync::watch;

use super::output;
use crate::{apply::Shutdown, exit::Exit};

/// What was asked for, and who would act on it.
#[derive(Default)]
struct Asked {
    /// Signals that nobody has acted on.
    pending: usize,
    listeners: usize,
}

static ASKED: LazyLock<watch::Sender<Asked>> = LazyLock::new(watch::Sender::default);

/// Takes the signals over from the kernel. Where no thread can be had, they keep their own effect.
pub(super) fn take_over() {
    let (ready, is_ready) = mpsc::channel();
    let watch = move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
        else {
            return;
        };
        runtime.block_on(async {
            let mut source = Source::open();
            // The other end waits.
            let _ = ready.send(());
            loop {
                source.next().await;
                hear();
            }
        });
    };
    if std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(watch)
        .is_ok()
    {
        let _ = is_ready.recv();
    }
}

/// Passes a signal on, or ends the process if nobody would act on it.
#[expect(
    clippy::exit,
    reason = "the main thread may wait for a file or a pipe that nobody reads"
)]
fn hear() {
    let is_heard = ASKED.send_if_modified(|asked| {
        asked.pending += usize::from(asked.listeners > 0);
        asked.listeners > 0
    });
    if !is_heard {
        std::process::exit(Exit::Failed as i32);
    }
}

/// While it lives, a signal does not end the process by itself.
pub(super) struct Signals(watch::Receiver<Asked>);

impl Signals {
    /// Comes before what a signal must not tear apart.
    pub(super) fn listen() -> Signals {
        ASKED.send_modify(|asked| asked.listeners += 1);
        Signals(ASKED.subscribe())
    }

    /// Ends with the next of them. One that arrived earlier, and that no other listener acted on,
    /// counts.
    pub(super) async fn next(&mut self) {
        loop {
            let mut is_taken = false;
            ASKED.send_if_modified(|asked| {
                is_taken = asked.pending > 0;
                asked.pending -= usize::from(is_taken);
                false
            });
            if is_taken {
                return;
            }
            if self.0.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        ASKED.send_modify(|asked| asked.listeners -= 1);
    }
}

/// Passes them on until the run is over.
pub(super) async fn watch(mut signals: Signals, stop: Shutdown) {
    signals.next().await;
    stop.soon();
    output::print_line("stopping: what is in flight is finished; a second Ctrl-C stops at once");
    signals.next().await;
    stop.at_once();
}

/// Where signals come from.
#[cfg(unix)]
struct Source {
    interrupt: Option<tokio::signal::unix::Signal>,
    terminate: Option<tokio::signal::unix::Signal>,
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Source {
    /// Within a runtime; a signal that cannot be listened to keeps its own effect.
    fn open() -> Source {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).ok();
        Source {
            interrupt: listen(SignalKind::interrupt()),
            terminate: listen(SignalKind::terminate()),
            hangup: if hangup_is_ignored() {
                None
            } else {
                listen(SignalKind::hangup())
            },
        }
    }

    async fn next(&mut self) {
        async fn heard(signal: &mut Option<tokio::signal::unix::Signal>) {
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

/// Whether the run was started to survive its terminal, as `nohup` does. Where that cannot be told,
/// it was not.
#[cfg(unix)]
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // The first bit is SIGHUP's.
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

/// Ctrl-C alone.
#[cfg(not(unix))]
struct Source;

#[cfg(not(unix))]
impl Source {
    fn open() -> Source {
        Source
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
