//! The program that shows long text on a terminal page by page, as git does it.

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
    process::{Child, Command, Stdio},
};

use anstream::adapter::strip_str;
use terminal_size::{Height, Width};

use super::signals::Signals;
use crate::progress::terminal;

/// The pager if no variable names one.
const DEFAULT: &str = "less -FRX";

/// What a shell treats as special: a pager without any of these is started without a shell.
const SPECIAL: &str = "|&;<>()$`\\\"'*?[]#~=%{}!";

/// A shell that cannot start a program exits with one of these.
const NOT_STARTED: [i32; 2] = [126, 127];

/// Shows the text in a pager, and waits for its end. False if there is no need for a pager, or none
/// could be started: then the caller prints the text.
pub(super) fn shows(text: &str) -> bool {
    if !is_long(text) {
        return false;
    }
    let named = ["PORTOLAN_PAGER", "PAGER"]
        .into_iter()
        .find_map(env::var_os);
    let named = named.map(|pager| pager.to_string_lossy().trim().to_owned());
    match &named {
        // So git reads them: no pager.
        Some(pager) if pager.is_empty() || pager == "cat" => false,
        Some(pager) => page(pager, text).unwrap_or_else(|error| {
            terminal::print_line(&format!(
                "warning: cannot start the pager `{pager}`: {error}"
            ));
            false
        }),
        // Nobody asked for this one, so it is not missed.
        None => page(DEFAULT, text).unwrap_or(false),
    }
}

/// Whether the text is longer than the terminal. Everything else on stdout gets it at once.
fn is_long(text: &str) -> bool {
    let is_dumb = env::var_os("TERM").is_none_or(|kind| kind == "dumb");
    let size = terminal_size::terminal_size_of(io::stdout());
    let Some((Width(columns), Height(rows))) = size.filter(|_| io::stdout().is_terminal()) else {
        return false;
    };
    let columns = usize::from(columns).max(1);
    let rows_of = |line: &str| {
        strip_str(line)
            .to_string()
            .chars()
            .count()
            .div_ceil(columns)
    };
    // The last row is for the prompt of the shell.
    let taken = text.lines().map(|line| rows_of(line).max(1));
    !is_dumb && taken.sum::<usize>() >= usize::from(rows)
}

fn page(pager: &str, text: &str) -> io::Result<bool> {
    // Ctrl-C is for the pager, as long as it has the terminal.
    let _signals = Signals::listen();
    let mut child = start(pager)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A pager that is quit early closes the pipe, which is no failure.
        let _ = stdin.write_all(text.as_bytes());
    }
    let ended = child.wait()?;
    Ok(!ended.code().is_some_and(|code| NOT_STARTED.contains(&code)))
}

fn start(pager: &str) -> io::Result<Child> {
    let mut words = pager.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    if cfg!(unix) && pager.contains(|character| SPECIAL.contains(character)) {
        command = Command::new("sh");
        command.args(["-c", pager]);
    }
    if env::var_os("LESS").is_none() {
        command.env("LESS", "FRX");
    }
    command.stdin(Stdio::piped()).spawn()
}
