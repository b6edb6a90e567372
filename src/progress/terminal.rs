//! The one way to stderr while bars may stand there: whoever writes moves them aside.

use std::{
    io::{self, Write},
    sync::LazyLock,
};

use indicatif::{MultiProgress, ProgressDrawTarget, TermLike};
use terminal_size::Width;

use crate::{mask::logins, render::fit::fit};

/// How often a bar is drawn again at most, in a second.
const REFRESH: u8 = 10;

/// The width where none is known.
const WIDTH: u16 = 80;

/// Where bars are drawn; without one it is only a lock.
pub(super) static AREA: LazyLock<MultiProgress> = LazyLock::new(|| {
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(Steadfast), REFRESH);
    MultiProgress::with_draw_target(target)
});

/// Writes a line to stderr, broken between words where it is a terminal, and without the logins of
/// URLs that a message may quote. A terminal that went away changes nothing, least of all an apply.
pub fn tell(text: &str) {
    let text = logins(text);
    let fitted = terminal_size::terminal_size_of(io::stderr())
        .map(|(Width(columns), _)| fit(&text, columns.into()));
    let text = fitted.as_deref().unwrap_or(&text);
    AREA.suspend(|| {
        let _ = writeln!(io::stderr(), "{text}");
    });
}

/// Writes log lines the same way.
#[derive(Debug, Clone, Copy, Default)]
pub struct Log;

impl Write for Log {
    /// Each call brings a line.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        AREA.suspend(|| io::stderr().write_all(logins(&line).as_bytes()))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// The terminal behind stderr, which never fails: indicatif ends the process if a line cannot be
/// drawn, and a terminal may be closed in the middle of an apply.
#[derive(Debug)]
struct Steadfast;

impl Steadfast {
    fn put(text: &str) {
        let _ = io::stderr().write_all(text.as_bytes());
    }

    /// An escape sequence of ECMA-48; without a number it would mean one.
    fn control(number: usize, letter: char) {
        if number > 0 {
            Steadfast::put(&format!("\u{1b}[{number}{letter}"));
        }
    }
}

impl TermLike for Steadfast {
    fn width(&self) -> u16 {
        terminal_size::terminal_size_of(io::stderr()).map_or(WIDTH, |(Width(columns), _)| columns)
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        Steadfast::control(lines, 'A');
        Ok(())
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        Steadfast::control(lines, 'B');
        Ok(())
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        Steadfast::control(columns, 'C');
        Ok(())
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        Steadfast::control(columns, 'D');
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        Steadfast::put(&format!("{text}\n"));
        Ok(())
    }

    /// Without the blanks up to the right edge: what a terminal echoes there, such as `^C`, would
    /// begin a new line, and the bar would stay where it is.
    fn write_str(&self, text: &str) -> io::Result<()> {
        if !text.bytes().all(|byte| byte == b' ') {
            Steadfast::put(text);
        }
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        Steadfast::put("\r\u{1b}[2K");
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let _ = io::stderr().flush();
        Ok(())
    }
}
