//! Escapes foreign text, from the services and from the user's files, before it is printed.
//!
//! Some characters are invisible or move the text around them. Some text is a command for the
//! runner of a CI job, which reads the output: GitHub's runner executes a line that begins with
//! `::`, after white space or not, and `##[` at any place in a line. The functions here escape
//! these, and change nothing else.

use std::borrow::Cow;

/// Starts a runner's command at any place in a line.
const COMMAND: &str = "##[";

/// Starts a runner's command at the beginning of a line, after white space or not.
const COMMAND_LINE: &str = "::";

/// Whether a character is invisible, controls a terminal, or changes the direction of the text.
///
/// The selectors U+FE0E and U+FE0F are not included, because they are part of common emoji.
pub fn is_hidden(character: char) -> bool {
    let is_invisible = matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0d}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}');
    character.is_control() || is_invisible || matches!(character, '\u{2028}'..='\u{202e}')
}

/// Escapes hidden characters in a message of ours with foreign names in it, on one line.
///
/// If anything is escaped, backslashes are too. Otherwise the text stays the same, so that applying
/// the function twice changes nothing.
pub fn visible(text: &str) -> String {
    if !text.contains(is_hidden) && !text.contains(COMMAND) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        // With the backslash escaped too, a text that already looks like an escape stays different.
        if is_hidden(character) || character == '\\' {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    without_commands(out)
}

/// Escapes a text for double quotes. Backslashes are escaped too, so that different texts stay
/// different.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // `escape_debug` would escape single quotes, which need none inside double quotes.
    for (number, piece) in text.split('\'').enumerate() {
        out.push_str(if number > 0 { "'" } else { "" });
        for character in piece.escape_debug() {
            if is_hidden(character) {
                out.extend(character.escape_unicode());
            } else {
                out.push(character);
            }
        }
    }
    without_commands(out)
}

fn without_commands(text: String) -> String {
    if text.contains(COMMAND) {
        text.replace(COMMAND, "##\\u{5b}")
    } else {
        text
    }
}

/// Whether a runner would execute a line of the text.
pub fn has_command(text: &str) -> bool {
    text.contains(COMMAND)
        || text
            .split(['\n', '\r'])
            .any(|line| line.trim_start().starts_with(COMMAND_LINE))
}

/// `1 error`, `2 errors`: a number with its noun.
pub(crate) fn counted(number: usize, (one, many): (&str, &str)) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The longest name in a list that is shown whole, in characters.
const LONGEST_NAME: usize = 128;

/// The first of these names, and the number of the others.
pub(crate) fn listed(names: &[String], most: usize) -> String {
    let shown = |name: &String| {
        let start: String = name.chars().take(LONGEST_NAME).collect();
        let cut = if start.len() < name.len() { "..." } else { "" };
        format!("{}{cut}", escaped(&start))
    };
    let first: Vec<String> = names.iter().take(most).map(shown).collect();
    match names.len() - first.len() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Whether a text can be a plain or block scalar in YAML. If not, it needs [`quoted`].
pub fn is_plain(text: &str) -> bool {
    !has_command(text)
        && !text
            .chars()
            .any(|character| is_hidden(character) && !matches!(character, '\n' | '\t'))
}

/// A double-quoted YAML scalar, on one line.
pub fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    escapes(&json, |out, character| match u32::from(character) {
        // YAML has no surrogate pairs.
        code @ 0x1_0000.. => out.push_str(&format!("\\U{code:08x}")),
        code => out.push_str(&format!("\\u{code:04x}")),
    })
}

/// Escapes hidden characters in the strings of a JSON text. It stays the same document.
pub fn json<'t>(text: impl Into<Cow<'t, str>>) -> String {
    let text = text.into();
    // A document may be large, so it is copied only if something is replaced.
    if !text.contains(COMMAND)
        && !text
            .chars()
            .any(|character| character != '\n' && is_hidden(character))
    {
        return text.into_owned();
    }
    escapes(&text, |out, character| {
        character
            .encode_utf16(&mut [0; 2])
            .iter()
            .for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
    })
}

/// Escapes hidden characters in a JSON text, except line breaks: they are never inside a string.
fn escapes(json: &str, escape: impl Fn(&mut String, char)) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        let is_command = character == '[' && out.ends_with("##");
        if is_command || (is_hidden(character) && character != '\n') {
            escape(&mut out, character);
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIDDEN: &str = "\u{61c}\u{ad}\u{180e}\u{e0041}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\
        \u{200b}\u{feff}\u{9b}\u{7f}\u{3164}";

    #[test]
    fn all_hidden_characters_are_escaped() {
        for text in [
            visible(HIDDEN),
            escaped(HIDDEN),
            quoted(HIDDEN),
            json(format!("\"{HIDDEN}\"")),
        ] {
            assert!(text.is_ascii() && !text.chars().any(is_hidden), "{text:?}");
        }
        assert_eq!(escaped("\u{202e}\u{e0041}"), r"\u{202e}\u{e0041}");
        assert_eq!(escaped("the shop's \"front\""), r#"the shop's \"front\""#);
        assert_eq!(quoted("\u{202e}\u{e0041}"), r#""\u202e\U000e0041""#);
        assert_eq!(json("\"\u{e0041}\""), r#""\udb40\udc41""#);
    }

    #[test]
    fn an_escape_and_its_own_letters_differ() {
        for character in HIDDEN.chars() {
            let letters = character.escape_unicode().to_string();
            assert_ne!(escaped(&character.to_string()), escaped(&letters));
            assert_ne!(
                visible(&format!("{character}{letters}")),
                visible(&format!("{letters}{character}"))
            );
            assert_ne!(quoted(&character.to_string()), quoted(&letters));
        }
    }

    #[test]
    fn a_text_without_hidden_characters_is_not_changed() {
        for text in [
            "",
            "a: b",
            "é 😀 ❤\u{fe0f} 日本",
            "C:\\new",
            "a :: b",
            "# [x] ## y",
            "a\u{301}",
        ] {
            assert_eq!(visible(text), text);
            assert!(
                is_plain(text) && quoted(text) == serde_json::to_string(text).unwrap(),
                "{text}"
            );
        }
    }

    #[test]
    fn commands_of_runners_are_found_and_escaped() {
        let commands = [
            "::add-mask::e",
            "a\n \t::error::",
            "\u{a0}::x",
            "a\r::x",
            "in ##[add-mask]e a line",
        ];
        for text in commands {
            assert!(has_command(text) && !is_plain(text), "{text:?}");
            for shown in [visible(text), escaped(text), quoted(text)] {
                assert!(
                    !shown.contains(COMMAND) && !shown.contains(['\n', '\r']),
                    "{shown:?}"
                );
            }
        }
        assert!(!has_command("a ::b") && !has_command("## [a]"));
        assert_eq!(json("[\"##[\"]\n"), "[\"##\\u005b\"]\n");
    }
}
