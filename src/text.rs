//! Text that is not ours: what the services and the files of the user say, before it is printed.
//!
//! Some characters are not seen, or move what is around them. Some words drive the runner of a CI
//! job, which reads the output of a job for commands: GitHub's runner obeys a line that begins with
//! `::`, blanks aside, and `##[` anywhere in a line. The functions here write these as escapes, and
//! leave everything else as it is.

use std::borrow::Cow;

/// What a runner obeys wherever it stands in a line.
const COMMAND: &str = "##[";

/// What a runner obeys at the beginning of a line, blanks aside.
const COMMAND_LINE: &str = "::";

/// Whether a character is invisible, or drives a terminal, or turns the direction of the text
/// around it.
///
/// The selectors U+FE0E and U+FE0F are not among them: they are a part of common emoji.
pub fn is_hidden(character: char) -> bool {
    let is_invisible = matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{feff}'
        | '\u{ffa0}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0d}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}');
    character.is_control() || is_invisible || matches!(character, '\u{2028}'..='\u{202e}')
}

/// Words of ours with names of others in them, on one line: what is hidden is an escape. Beside an
/// escape, a backslash is one too. A text without one is left as it is, so it may be given twice.
pub fn visible(text: &str) -> String {
    if !text.contains(is_hidden) && !text.contains(COMMAND) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) || character == '\\' {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    without_commands(out)
}

/// What stands between the quotes of a literal. A backslash is an escape too, so no two texts look
/// alike.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // A single quote ends nothing, so it stays as it is.
    for (number, piece) in text.split('\'').enumerate() {
        out.push_str(if number > 0 { "'" } else { "" });
        for character in piece.escape_debug() {
            if is_hidden(character) {
                out.extend(character.escape_unicode())
            } else {
                out.push(character)
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

/// Whether a runner would obey a line of the text if it were printed as it is.
pub fn has_command(text: &str) -> bool {
    text.contains(COMMAND)
        || text
            .split(['\n', '\r'])
            .any(|line| line.trim_start().starts_with(COMMAND_LINE))
}

/// Whether a text can stand in YAML without quotes or as a block: if not, it needs [`quoted`].
pub fn is_plain(text: &str) -> bool {
    !has_command(text)
        && !text
            .chars()
            .any(|character| is_hidden(character) && !matches!(character, '\n' | '\t'))
}

/// A double-quoted scalar of YAML, on one line.
pub fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    escapes(&json, |out, character| match u32::from(character) {
        // YAML has no surrogate pairs.
        code @ 0x1_0000.. => out.push_str(&format!("\\U{code:08x}")),
        code => out.push_str(&format!("\\u{code:04x}")),
    })
}

/// A JSON text with everything hidden in its strings as an escape: the same document.
pub fn json<'t>(text: impl Into<Cow<'t, str>>) -> String {
    let text = text.into();
    // A document may be large: it is copied only where something is to be replaced.
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

/// Line breaks stand between the strings of a JSON text, and never in them.
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

    const HIDDEN: &str = "\u{61c}\u{ad}\u{180e}\u{e0041}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{200b}\u{feff}\u{9b}\u{7f}\u{3164}";

    #[test]
    fn nothing_hidden_is_left() {
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
    fn what_holds_nothing_hidden_is_as_it_was() {
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
    fn a_command_is_found_where_a_runner_obeys_it() {
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
