//! The clock and the runtime of a command that asks a service.

use anyhow::Context as _;

use crate::time::Moment;

/// The time on this machine.
pub(super) fn now() -> Moment {
    Moment(jiff::Timestamp::now().as_second())
}

/// A runtime for a command that sends requests or answers them.
pub(super) fn new() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
}

/// Runs the work in a runtime of its own, and does not wait for what the work left behind: the
/// lookup of a host name cannot be cancelled, and may take long.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = new()?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    Ok(done)
}
