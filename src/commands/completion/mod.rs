//! `portolan completion SHELL` prints the script of a shell. The script asks `portolan __complete`
//! for words, which is answered here.
//!
//! clap's engine finds out what is typed: an option, its value, a command. The scripts are our own,
//! because clap's put names of files and of the chart on bash's command line without quotes,
//! evaluate the line in PowerShell, and are not meant to be installed apart from the program.

mod values;

use std::{env, ffi::OsString, path::PathBuf};

use clap_complete::engine::complete;

use super::output;
use crate::{
    cli::{self, CompletionArgs},
    completion::{Candidate, FILES, Shell, answer, line},
    exit::Exit,
};

/// The first word of the scripts' questions. It is no command: the help does not list it.
const QUESTION: &str = "__complete";

/// A candidate that stands for files; no word has this character.
const ANY_FILE: &str = "\0files";

pub(super) fn run(args: &CompletionArgs) -> anyhow::Result<Exit> {
    output::document(match args.shell {
        Shell::Bash => include_str!("scripts/portolan.bash"),
        Shell::Zsh => include_str!("scripts/_portolan"),
        Shell::Fish => include_str!("scripts/portolan.fish"),
        Shell::Powershell => include_str!("scripts/_portolan.ps1"),
    })?;
    Ok(Exit::Done)
}

/// The answer to a script, if the command line is its question. Whatever goes wrong, nothing is
/// offered: an error would appear in the middle of what a person types.
pub fn reply(typed: &[String]) -> Option<Exit> {
    if typed.get(1).is_none_or(|word| word != QUESTION) {
        return None;
    }
    let answered = question(&typed[2..]).map(|(shell, words, line)| offer(shell, words, &line));
    // Ignored: the script is gone, or reads no further.
    let _ = output::document(&answered.unwrap_or_default());
    Some(Exit::Done)
}

/// The shell, the words with the one that is typed last, and for bash the line.
fn question(asked: &[String]) -> Option<(Shell, Vec<String>, String)> {
    let (shell, rest) = asked.split_first()?;
    let shell = <Shell as clap::ValueEnum>::from_str(shell, false).ok()?;
    let mut words = rest.to_vec();
    let line = match shell {
        Shell::Bash => {
            let [line] = rest else { return None };
            words = line::words(line);
            line.clone()
        }
        Shell::Powershell => {
            let last = words.pop()?;
            words.push(last.strip_prefix('=')?.to_owned());
            String::new()
        }
        // These words are without their quotes, but for the last: its quotes may still be open.
        Shell::Zsh | Shell::Fish => {
            let last = words.pop()?;
            words.push(line::words(&last).pop().unwrap_or_default());
            String::new()
        }
    };
    // At least the program's name and a word, which may be empty.
    (words.len() > 1).then_some((shell, words, line))
}

fn offer(shell: Shell, words: Vec<String>, line: &str) -> String {
    let mut command = values::with_values(cli::command(), shell, &words);
    let last = words.len() - 1;
    let typed = words[last].clone();
    let words = words.into_iter().map(OsString::from).collect();
    let found = complete(
        &mut command,
        words,
        last,
        env::current_dir().ok().as_deref(),
    );
    let mut found: Vec<Candidate> = found
        .unwrap_or_default()
        .into_iter()
        .filter_map(|candidate| {
            let about = candidate.get_help().map(ToString::to_string);
            Some(Candidate {
                value: candidate.get_value().to_str()?.to_owned(),
                about: about.unwrap_or_default(),
            })
        })
        .collect();
    // Each has a long form too.
    let is_short = |value: &str| value.starts_with('-') && !value.starts_with("--");
    if typed.is_empty() {
        found.retain(|candidate| !is_short(&candidate.value));
        // Options come after what is most often wanted, at the first dash.
        if found
            .iter()
            .any(|candidate| !candidate.value.starts_with('-'))
        {
            found.retain(|candidate| !candidate.value.starts_with('-'));
        }
    }
    // clap's engine offers an argument beside the value of an option such as `--target=a`: a word
    // that fits is more likely than a file.
    let is_file = |candidate: &Candidate| candidate.value.contains('\0');
    if !found.is_empty() && found.iter().all(is_file) {
        return FILES.to_owned();
    }
    found.retain(|candidate| !is_file(candidate));
    answer(shell, line, &found)
}

/// What `--file` names on the line, else in its variable.
fn charts(words: &[String]) -> Vec<PathBuf> {
    let typed = values::of_option(words, 'f', "file");
    let set = env::var("PORTOLAN_FILE")
        .ok()
        .filter(|path| !path.is_empty());
    let named = if typed.is_empty() {
        set.into_iter().collect()
    } else {
        typed
    };
    named.into_iter().map(PathBuf::from).collect()
}
