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

#[cfg(test)]
mod tests {
    use super::*;

    /// A line break would be another word, a tab its text, an escape would reach the terminal.
    #[test]
    fn words_with_hidden_characters_are_not_offered() {
        let candidate = |value: &str| Candidate {
            value: value.to_owned(),
            about: "one\u{1b}[31m\u{202e} line\nanother".to_owned(),
        };
        let hidden = ["a\nb", "a\tb", "a\u{1b}[2Jb", "a\u{202e}b", "a\u{200b}b"];
        let mut candidates: Vec<Candidate> = hidden.map(candidate).into();
        candidates.push(candidate("team-a"));
        for (shell, expected) in [
            (Shell::Bash, "words\nteam-a\n"),
            (Shell::Zsh, "words\nteam-a\tone[31m line\n"),
            (Shell::Fish, "words\nteam-a\tone[31m line\n"),
            (Shell::Powershell, "words\nteam-a\tone[31m line\n"),
        ] {
            assert_eq!(answer(shell, "", &candidates), expected, "{shell:?}");
        }
    }
}
