//! What a shell offers at the Tab key: the addresses of a chart, and how each shell wants its words
//! written. The words that are offered come from files, and the shell puts them on a command line
//! that the next key press executes. So none may leave its quotes.

pub mod addresses;
pub mod line;

use crate::text::is_hidden;

/// A word to offer, with a few words about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    pub value: String,
    pub about: String,
}

/// The shells that have a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
}

/// What the script reads: on the first line what follows, then a word on each line, behind a tab
/// what it is. Words with hidden characters are left out: no person would type one, and a line break
/// would be another word.
pub fn answer(shell: Shell, typed: &str, candidates: &[Candidate]) -> String {
    let mut out = String::from("words\n");
    for Candidate { value, about } in candidates {
        if value.contains(is_hidden) {
            continue;
        }
        let Some(word) = line::quoted(shell, typed, value) else {
            continue;
        };
        out.push_str(&word);
        // bash shows no texts beside the words.
        if shell != Shell::Bash && !about.is_empty() {
            let about = about.lines().next().unwrap_or_default();
            out.push('\t');
            out.extend(about.chars().filter(|character| !is_hidden(*character)));
        }
        out.push('\n');
    }
    out
}

/// The answer where a file is expected: the shell knows best how to complete one.
pub const FILES: &str = "files\n";
