//! Where text goes: the document to stdout, everything else to stderr.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::Arc,
};

use anstream::{AutoStream, stream::RawStream};
use anyhow::Context as _;
use indexmap::IndexMap;
use serde::Serialize;
use terminal_size::{Height, Width};

use super::{pager, streamed::write_pretty};
use crate::{
    cli::{ColorChoice, Global},
    diagnostics::{Diagnostics, SourceMap, brief, render},
    progress::{Listener, Silent, bars::Bars, lines::Lines, terminal},
    render::{
        fit::fit,
        style::{Color, Depth, Look},
        words::gist,
    },
    state::ReadFailure,
    text::counted,
};

pub(super) use crate::progress::terminal::print_line;

/// `EIO`: the error of a write to a terminal that was closed.
const INPUT_OUTPUT_ERROR: i32 = 5;

/// Whether stdout is a terminal, or was one. `isatty` fails once a terminal is closed, so this asks
/// for the file's type; `EIO` on a regular file means a broken disk.
#[cfg(unix)]
fn is_device() -> bool {
    use std::os::{fd::AsFd as _, unix::fs::FileTypeExt as _};
    let found = io::stdout()
        .as_fd()
        .try_clone_to_owned()
        .and_then(|stdout| std::fs::File::from(stdout).metadata());
    found.is_ok_and(|found| found.file_type().is_char_device())
}

#[cfg(windows)]
fn is_device() -> bool {
    false
}

/// The width of messages where none is known.
const WIDTH: usize = 100;

/// How many reasons of failed reads are printed.
const MOST_FAILURES: usize = 20;

/// How many diagnostics of one code are shown with the text that they are about.
const MOST_WHOLE: usize = 5;

/// Prints a document, or a piece of one. A reader that went away, as in `portolan plan | head` or a
/// closed terminal, changes neither what the command does nor its exit code.
pub(super) fn document(text: &str) -> anyhow::Result<()> {
    written(|stdout| stdout.write_all(text.as_bytes()))
}

/// Prints a value as JSON.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    written(|stdout| write_pretty(value, stdout))
}

fn written(
    write: impl FnOnce(&mut io::StdoutLock<'static>) -> io::Result<()>,
) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match write(&mut stdout).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) if error.raw_os_error() == Some(INPUT_OUTPUT_ERROR) && is_device() => Ok(()),
        written => written.context("cannot write to stdout"),
    }
}

/// Prints a document for people: on a terminal that it does not fit, through a pager. `apply` never
/// prints through this: it must not wait for a person who reads.
pub(super) fn paged(global: &Global, text: &str) -> anyhow::Result<()> {
    if !global.no_pager && pager::shows(text) {
        return Ok(());
    }
    document(text)
}

/// The same for a help, of which the options are not read. Its colours are those of clap.
pub(super) fn help(text: &str, no_pager: bool) -> anyhow::Result<()> {
    let plain = || anstream::adapter::strip_str(text).to_string();
    let text = match AutoStream::choice(&io::stdout()) {
        anstream::ColorChoice::Never => plain(),
        _ => text.to_owned(),
    };
    if !no_pager && pager::shows(&text) {
        return Ok(());
    }
    document(&text)
}

/// A text for stdout, whose lines break between words where it is a terminal.
pub(super) fn fitted(text: String) -> String {
    match columns(terminal_size::terminal_size_of(io::stdout())) {
        Some(width) => fit(&text, width),
        None => text,
    }
}

/// The same for stderr.
pub(super) fn fitted_for_stderr(text: String) -> String {
    match columns(terminal_size::terminal_size_of(io::stderr())) {
        Some(width) => fit(&text, width),
        None => text,
    }
}

fn columns(size: Option<(Width, Height)>) -> Option<usize> {
    size.map(|(Width(columns), _)| usize::from(columns))
}

/// Whether a stream is coloured: by the options, else by the terminal and the variables `NO_COLOR`,
/// `CLICOLOR`, `CLICOLOR_FORCE` and `TERM`, as in other programs.
fn color(global: &Global, stream: &impl RawStream) -> Color {
    let asked = if global.no_color {
        ColorChoice::Never
    } else {
        global.color
    };
    match asked {
        ColorChoice::Always => Color::Always,
        ColorChoice::Auto if AutoStream::choice(stream) != anstream::ColorChoice::Never => {
            Color::Always
        }
        ColorChoice::Auto | ColorChoice::Never => Color::Never,
    }
}

pub(super) fn stdout_color(global: &Global) -> Color {
    color(global, &io::stdout())
}

pub(super) fn stdout_look(global: &Global, depth: Depth) -> Look {
    look(global, depth, terminal_size::terminal_size_of(io::stdout()))
}

pub(super) fn stderr_look(global: &Global, depth: Depth) -> Look {
    let look = look(global, depth, terminal_size::terminal_size_of(io::stderr()));
    Look {
        color: stderr_color(global),
        ..look
    }
}

fn look(global: &Global, depth: Depth, size: Option<(Width, Height)>) -> Look {
    Look {
        color: stdout_color(global),
        depth,
        width: columns(size),
    }
}

pub(super) fn stderr_color(global: &Global) -> Color {
    color(global, &io::stderr())
}

/// How progress is shown: bars on a terminal, lines elsewhere.
pub(super) fn listener(global: &Global) -> Arc<dyn Listener> {
    // Such a terminal cannot move the cursor, which bars need.
    let dumb = std::env::var_os("TERM").is_some_and(|kind| kind == "dumb");
    if global.quiet || global.no_progress {
        Arc::new(Silent)
    } else if io::stderr().is_terminal() && !dumb {
        Arc::new(Bars::new(stderr_color(global)))
    } else {
        Arc::new(Lines::new(stderr_color(global)))
    }
}

/// Prints all diagnostics and their count. After the first few of one code, the others get one line
/// each: their explanation is the same.
pub(super) fn diagnostics(global: &Global, found: &Diagnostics, sources: &SourceMap) {
    let styled = stderr_color(global) == Color::Always;
    let width = columns(terminal_size::terminal_size_of(io::stderr())).unwrap_or(WIDTH);
    let has_errors = found.has_errors();
    let (mut counts, mut was_brief) = (IndexMap::<_, (usize, Option<&str>)>::new(), false);
    // `--quiet` hides warnings only while there is no error, to which they may be the key.
    for diagnostic in found.iter().filter(|_| has_errors || !global.quiet) {
        let (count, last_hint) = counts
            .entry((diagnostic.severity, diagnostic.code))
            .or_default();
        *count += 1;
        // One that stands for several places is shown in full: it is the only one that lists them.
        let is_whole = *count <= MOST_WHOLE || diagnostic.count > 1;
        if is_whole {
            let gap = if was_brief { "\n" } else { "" };
            print_line(&format!(
                "{gap}{}\n",
                render(diagnostic, sources, styled, width)
            ));
        } else {
            print_line(&brief(diagnostic, sources, *last_hint));
        }
        *last_hint = diagnostic.hint.as_deref();
        was_brief = !is_whole;
    }
    if was_brief {
        print_line("");
    }
    if has_errors {
        let mut total = counted(found.errors(), ("error", "errors"));
        if found.warnings() > 0 {
            total = format!(
                "{total}, {}",
                counted(found.warnings(), ("warning", "warnings"))
            );
        }
        print_line(&total);
    }
}

/// Prints the failed reads: one line for all with the same cause, such as a wrong key, which fails
/// every read.
pub(super) fn failures(failures: &[ReadFailure]) {
    let mut alike = IndexMap::<(String, Option<&str>), Vec<&ReadFailure>>::new();
    for failure in failures {
        alike
            .entry((gist(&failure.message), failure.hint.as_deref()))
            .or_default()
            .push(failure);
    }
    let beyond = alike.len().saturating_sub(MOST_FAILURES);
    for ((_, hint), failures) in alike.into_iter().take(MOST_FAILURES) {
        let rest = match failures.len() - 1 {
            0 => String::new(),
            rest => format!(" (and {rest} more)"),
        };
        print_line(&format!(
            "error: cannot read the {}{rest}: {}",
            failures[0].subject, failures[0].message
        ));
        if let Some(hint) = hint {
            print_line(&format!("  hint: {hint}"));
        }
    }
    if beyond > 0 {
        print_line(&format!(
            "error: {beyond} more reads failed, each for another reason"
        ));
    }
}

/// `-v` logs failed requests, `-vv` all.
pub(super) fn log(global: &Global) {
    let level = match global.verbose {
        0 => return,
        1 => tracing::Level::INFO,
        _ => tracing::Level::DEBUG,
    };
    // Only portolan's own events: a library's may hold headers, and so secrets.
    let own = tracing_subscriber::filter::filter_fn(move |event| {
        event.target().starts_with("portolan") && *event.level() <= level
    });
    use tracing_subscriber::{Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(terminal::Log::default)
        .without_time()
        .with_target(false)
        .with_level(false)
        .with_ansi(false);
    // Ignored: it fails only if a subscriber is set already, as when tests share a process.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(own))
        .try_init();
}
