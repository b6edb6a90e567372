//! The clock and the async runtime of a command that sends requests.

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

/// Runs the work in its own runtime, and does not wait for threads that it left behind: a DNS
/// lookup cannot be cancelled, and may take long.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = new()?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    Ok(done)
}
