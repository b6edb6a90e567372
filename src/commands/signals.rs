//! The signals that ask a process to end. Work that can end cleanly listens; at any other time the
//! process ends at once.
//!
//! The handlers are installed from the start. Otherwise nothing would end portolan as the first
//! process of a container: the kernel drops the signals for which such a process has no handler.

use std::sync::{LazyLock, mpsc};

use tokio::sync::watch;

use crate::{apply::Shutdown, exit::Exit, progress::terminal};

/// The pending signals, and how many listeners could act on them.
#[derive(Default)]
struct Asked {
    /// Signals that no listener has acted on yet.
    pending: usize,
    listeners: usize,
}

static ASKED: LazyLock<watch::Sender<Asked>> = LazyLock::new(watch::Sender::default);

/// Installs the handlers. If no thread can be started, the signals keep their default effect.
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
            // Ignored: the receiver waits below, so it cannot be gone.
            let _ = ready.send(());
            loop {
                source.next().await;
                deliver();
            }
        });
    };
    if std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(watch)
        .is_ok()
    {
        // Waits until the handlers are installed: a signal before that would have its default
        // effect. An error means that the thread has no runtime, and so no handlers.
        let _ = is_ready.recv();
    }
}

/// Passes a signal to the listeners, or ends the process if there are none.
#[expect(
    clippy::exit,
    reason = "the main thread may wait for a file or a pipe that nobody reads"
)]
fn deliver() {
    let is_delivered = ASKED.send_if_modified(|asked| {
        asked.pending += usize::from(asked.listeners > 0);
        asked.listeners > 0
    });
    if !is_delivered {
        std::process::exit(Exit::Failed as i32);
    }
}

/// While it lives, a signal does not end the process by itself.
pub(super) struct Signals(watch::Receiver<Asked>);

impl Signals {
    /// Call this before work that a signal must not interrupt.
    pub(super) fn listen() -> Signals {
        ASKED.send_modify(|asked| asked.listeners += 1);
        Signals(ASKED.subscribe())
    }

    /// Returns at the next signal, or at once for an earlier one that no other listener acted on.
    pub(super) async fn next(&mut self) {
        loop {
            let mut is_taken = false;
            ASKED.send_if_modified(|asked| {
                is_taken = asked.pending > 0;
                asked.pending -= usize::from(is_taken);
                // Not a change that others wait for: there is one signal less, not one more.
                false
            });
            if is_taken {
                return;
            }
            // The sender is static, so this cannot fail; if it did, waiting is the safe answer.
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

/// Passes signals to the apply until it is over.
pub(super) async fn watch(mut signals: Signals, stop: Shutdown) {
    signals.next().await;
    stop.soon();
    terminal::print_line("stopping: what is in flight is finished; a second Ctrl-C stops at once");
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
    /// Needs a runtime. A signal whose handler cannot be installed keeps its default effect.
    fn open() -> Source {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).ok();
        Source {
            interrupt: listen(SignalKind::interrupt()),
            terminate: listen(SignalKind::terminate()),
            // A handler of ours would undo what `nohup` set up.
            hangup: if hangup_is_ignored() {
                None
            } else {
                listen(SignalKind::hangup())
            },
        }
    }

    async fn next(&mut self) {
        // A missing handler never gets a signal, so its branch must never end.
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

/// Whether the process was started to outlive its terminal, as by `nohup`. Without `/proc` this is
/// unknown, and counts as no.
#[cfg(unix)]
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // The first bit is SIGHUP's.
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

/// Where signals come from: the events of a console.
#[cfg(windows)]
struct Source {
    interrupt: Option<tokio::signal::windows::CtrlC>,
    interrupt_by_break: Option<tokio::signal::windows::CtrlBreak>,
    /// The window is closed. Windows ends the process after a few seconds, whatever it does.
    close: Option<tokio::signal::windows::CtrlClose>,
    shutdown: Option<tokio::signal::windows::CtrlShutdown>,
}

#[cfg(windows)]
impl Source {
    /// An event whose handler cannot be installed keeps its default effect.
    fn open() -> Source {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
        Source {
            interrupt: ctrl_c().ok(),
            interrupt_by_break: ctrl_break().ok(),
            close: ctrl_close().ok(),
            shutdown: ctrl_shutdown().ok(),
        }
    }

    async fn next(&mut self) {
        // A missing handler never gets an event, so its branch must never end.
        macro_rules! heard {
            ($event:expr) => {
                async {
                    match &mut $event {
                        Some(event) => drop(event.recv().await),
                        None => std::future::pending().await,
                    }
                }
            };
        }
        tokio::select! {
            () = heard!(self.interrupt) => {}
            () = heard!(self.interrupt_by_break) => {}
            () = heard!(self.close) => {}
            () = heard!(self.shutdown) => {}
        }
    }
}
