//! Splits a command line that is being typed, and writes words so that a shell reads them back.

use super::Shell;

/// Where bash ends a word in a completion, beside blanks: its `COMP_WORDBREAKS`, without the
/// characters that need quotes.
const BREAKS: [char; 2] = ['=', ':'];

/// Characters that no shell treats as special in a word, wherever they stand in it.
const HARMLESS: &str = "_-./:=@%+,";

/// The quotes around the end of an unfinished word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    None,
    Single,
    Double,
}

/// The words of a line up to the cursor, without their quotes. The last one is being typed; it is
/// empty after a blank. Nothing is expanded. Only the words after the last `;`, `&` or `|` count.
pub fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut quotes, mut is_word) = (Quotes::None, false);
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let is_kept = match (quotes, character) {
            (Quotes::None, ';' | '&' | '|') => {
                words = vec![String::new()];
                is_word = false;
                continue;
            }
            (Quotes::None, blank) if blank.is_whitespace() => {
                if is_word {
                    words.push(String::new());
                }
                is_word = false;
                continue;
            }
            (Quotes::None, '\'') => {
                quotes = Quotes::Single;
                false
            }
            (Quotes::None, '"') => {
                quotes = Quotes::Double;
                false
            }
            (Quotes::Single, '\'') | (Quotes::Double, '"') => {
                quotes = Quotes::None;
                false
            }
            (Quotes::None | Quotes::Double, '\\') => {
                let last = words.last_mut();
                if let (Some(word), Some(next)) = (last, characters.next()) {
                    word.push(next);
                }
                false
            }
            _ => true,
        };
        is_word = true;
        if let Some(word) = words.last_mut().filter(|_| is_kept) {
            word.push(character);
        }
    }
    words
}

/// The quotes that are open at the end of a line, and where its last word begins.
fn open(line: &str) -> (Quotes, usize) {
    let (mut quotes, mut begin, mut escaped) = (Quotes::None, 0, false);
    for (at, character) in line.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        quotes = match (quotes, character) {
            (Quotes::None | Quotes::Double, '\\') => {
                escaped = true;
                quotes
            }
            (Quotes::None, '\'') => Quotes::Single,
            (Quotes::None, '"') => Quotes::Double,
            (Quotes::Single, '\'') | (Quotes::Double, '"') => Quotes::None,
            (Quotes::None, blank) if blank.is_whitespace() || ";&|".contains(blank) => {
                begin = at + blank.len_utf8();
                quotes
            }
            _ => quotes,
        };
    }
    (quotes, begin)
}

/// The word as the shell's script expects it; none if it cannot be written there. `typed` is the
/// line up to the cursor for bash; the other shells have the whole word replaced.
pub(super) fn quoted(shell: Shell, typed: &str, value: &str) -> Option<String> {
    match shell {
        Shell::Bash => for_bash(typed, value),
        // Both quote what they insert.
        Shell::Zsh | Shell::Fish => Some(value.to_owned()),
        Shell::Powershell if value.chars().all(is_harmless) => Some(value.to_owned()),
        Shell::Powershell => Some(format!("'{}'", value.replace('\'', "''"))),
    }
}

fn is_harmless(character: char) -> bool {
    character.is_alphanumeric() || HARMLESS.contains(character)
}

/// bash inserts the word as it is, instead of what follows the last break or quote.
fn for_bash(typed: &str, value: &str) -> Option<String> {
    let (quotes, begin) = open(typed);
    let raw = &typed[begin..];
    match quotes {
        // bash closes the quotes itself, and a quote cannot stand inside of single ones.
        Quotes::Single => after_quote(raw, '\'', value).filter(|rest| !rest.contains('\'')),
        Quotes::Double => after_quote(raw, '"', value)
            .filter(|rest| !rest.contains(|special| "\"\\$`!".contains(special))),
        Quotes::None => {
            let mut word = String::new();
            for (at, character) in value.chars().enumerate() {
                if !is_harmless(character) || (at == 0 && character == '~') {
                    word.push('\\');
                }
                word.push(character);
            }
            // A word that mixes quotes and plain text is not replaced as a whole.
            if raw.contains(['\'', '"']) {
                return None;
            }
            let kept = raw.rfind(BREAKS).map_or(0, |at| at + 1);
            word.starts_with(raw).then(|| word[kept..].to_owned())
        }
    }
}

/// What follows the opening quote. Before it there may be an option, as in `--target='a`.
fn after_quote(raw: &str, quote: char, value: &str) -> Option<String> {
    let (before, inside) = raw.split_once(quote)?;
    let rest = value.strip_prefix(before)?;
    rest.starts_with(inside).then(|| rest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_as_a_shell_does_it() {
        for (line, expected) in [
            ("portolan ", &["portolan", ""][..]),
            (
                "portolan plan --target te",
                &["portolan", "plan", "--target", "te"],
            ),
            ("a 'b c' \"d e\"f g\\ h ", &["a", "b c", "d ef", "g h", ""]),
            ("a 'b c", &["a", "b c"]),
            ("a ''", &["a", ""]),
            ("a \"\\\"", &["a", "\""]),
            ("x; cd y && portolan --f", &["portolan", "--f"]),
            ("a $(b", &["a", "$(b"]),
            ("", &[""]),
            ("a \\", &["a", ""]),
        ] {
            assert_eq!(words(line), expected, "{line}");
        }
    }

    #[test]
    fn bash_gets_what_follows_the_last_break() {
        for (typed, value, expected) in [
            ("p --target te", "team-a", Some("team-a")),
            ("p --target=te", "--target=team-a", Some("team-a")),
            ("p --target=", "--target=team-a", Some("team-a")),
            ("p --target ", "my project/a b", Some("my\\ project/a\\ b")),
            ("p --target my\\ ", "my project/a", Some("my\\ project/a")),
            ("p --target 'my ", "my project/a", Some("my project/a")),
            (
                "p --target='my ",
                "--target=my project/a",
                Some("my project/a"),
            ),
            ("p --target \"my ", "my project/a", Some("my project/a")),
            (
                "p --target ",
                "$(touch x)`y`*?",
                Some("\\$\\(touch\\ x\\)\\`y\\`\\*\\?"),
            ),
            ("p --target '", "$(touch x)", Some("$(touch x)")),
            ("p --target '", "it's", None),
            ("p --target \"", "$(touch x)", None),
            ("p --target \"", "a!b", None),
            ("p --target ", "~root", Some("\\~root")),
            ("p --target 'a'b", "ab", None),
        ] {
            assert_eq!(
                for_bash(typed, value).as_deref(),
                expected,
                "{typed} {value}"
            );
        }
    }

    #[test]
    fn powershell_gets_quotes_where_it_needs_them() {
        let quoted = |value| quoted(Shell::Powershell, "", value).unwrap();
        assert_eq!(quoted("cn-north-4/team-a"), "cn-north-4/team-a");
        assert_eq!(quoted("$(it's)"), "'$(it''s)'");
    }
}
