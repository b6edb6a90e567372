//! The one way to stderr while bars may stand there: whoever writes moves them aside.

use std::{
    io::{self, Write},
    sync::LazyLock,
};

use indicatif::{MultiProgress, ProgressDrawTarget};

/// How often a bar is drawn again at most, in a second.
const REFRESH: u8 = 10;

/// Where bars are drawn; without one it is only a lock.
pub(super) static AREA: LazyLock<MultiProgress> =
    LazyLock::new(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(REFRESH)));

/// Writes a line to stderr. A terminal that went away changes nothing, least of all an apply.
pub fn tell(text: &str) {
    AREA.suspend(|| {
        let _ = writeln!(io::stderr(), "{text}");
    });
}

/// Writes log lines the same way.
#[derive(Debug, Clone, Copy, Default)]
pub struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        AREA.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
