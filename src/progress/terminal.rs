//! Output to stderr. All of it goes through this module, which hides a bar while a line is written.

use std::{
    io::{self, Write},
    sync::LazyLock,
};

use indicatif::{MultiProgress, ProgressDrawTarget, TermLike};
use terminal_size::Width;

use crate::{mask::logins, render::fit::fit};

/// How often a bar is drawn per second, at most.
const REFRESH: u8 = 10;

/// The width of a terminal that does not report one.
const WIDTH: u16 = 80;

/// The area of the bars. Without a bar it is only a lock.
pub(super) static AREA: LazyLock<MultiProgress> = LazyLock::new(|| {
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(Infallible), REFRESH);
    MultiProgress::with_draw_target(target)
});

/// Writes a line to stderr, wrapped between words on a terminal. Logins in URLs that a message
/// quotes are masked. Errors are ignored: an apply must not stop because its terminal was closed.
pub fn print_line(text: &str) {
    let text = logins(text);
    // Measured for each line: the window may be resized.
    let fitted = terminal_size::terminal_size_of(io::stderr())
        .map(|(Width(columns), _)| fit(&text, columns.into()));
    let text = fitted.as_deref().unwrap_or(&text);
    // The bar is cleared and drawn again below the line.
    AREA.suspend(|| {
        let _ = writeln!(io::stderr(), "{text}");
    });
}

/// Writes log lines in the same way.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Log;

impl Write for Log {
    /// Each call has one line.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        AREA.suspend(|| io::stderr().write_all(logins(&line).as_bytes()))?;
        // The count of the caller's bytes: the masked line has another length.
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// stderr as a terminal that never fails: indicatif ends the process if it cannot draw, but a
/// terminal may be closed during an apply.
#[derive(Debug)]
struct Infallible;

impl Infallible {
    fn put(text: &str) {
        let _ = io::stderr().write_all(text.as_bytes());
    }

    /// Writes an escape sequence of ECMA-48. Zero is skipped: the terminal would take it as one.
    fn control(number: usize, letter: char) {
        if number > 0 {
            Infallible::put(&format!("\u{1b}[{number}{letter}"));
        }
    }
}

impl TermLike for Infallible {
    fn width(&self) -> u16 {
        terminal_size::terminal_size_of(io::stderr()).map_or(WIDTH, |(Width(columns), _)| columns)
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        Infallible::control(lines, 'A');
        Ok(())
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        Infallible::control(lines, 'B');
        Ok(())
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        Infallible::control(columns, 'C');
        Ok(())
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        Infallible::control(columns, 'D');
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        Infallible::put(&format!("{text}\n"));
        Ok(())
    }

    /// Skips the spaces up to the right edge. With them an echo such as `^C` would begin a new
    /// line, and the old bar would stay on the screen.
    fn write_str(&self, text: &str) -> io::Result<()> {
        if !text.bytes().all(|byte| byte == b' ') {
            Infallible::put(text);
        }
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        Infallible::put("\r\u{1b}[2K");
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let _ = io::stderr().flush();
        Ok(())
    }
}
