//! Quotes strings in the YAML that portolan writes, where the YAML library does not.
//!
//! The library prints some characters unescaped that are invisible, that YAML versions read
//! differently, or that start a command of a CI runner. Such a string is written as one
//! double-quoted scalar on one line. The library also leaves words unquoted that are strings in
//! YAML 1.2 and something else in YAML 1.1, which many readers still follow. Those are quoted too.

use crate::text::{is_plain, quoted};

/// Strings that are replaced by placeholders while the YAML library writes the document.
pub(super) struct Quoted {
    /// The prefix of placeholders. No string of the document contains it.
    mark: String,
    strings: Vec<String>,
}

impl Quoted {
    /// For a document with these strings.
    pub(super) fn among<'t>(texts: impl Iterator<Item = &'t str>) -> Quoted {
        let mut mark = "quoted-text".to_owned();
        let texts: Vec<&str> = texts.filter(|text| text.contains(&mark)).collect();
        // A string that looks like a placeholder would be replaced, so the mark grows until none
        // does.
        while texts.iter().any(|text| text.contains(&mark)) {
            mark.push_str("-x");
        }
        Quoted {
            mark,
            strings: Vec::new(),
        }
    }

    /// The string itself, or a placeholder if the library would write it wrongly.
    pub(super) fn hold(&mut self, text: &str) -> String {
        if is_plain(text) && !is_ambiguous(text) {
            return text.to_owned();
        }
        self.strings.push(text.to_owned());
        format!("{}-{}-", self.mark, self.strings.len() - 1)
    }

    /// Replaces the placeholders in the written document by the quoted strings.
    pub(super) fn fill(&self, yaml: &str) -> String {
        let mut pieces = yaml.split(&self.mark);
        let mut out = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let place = piece
                .strip_prefix('-')
                .and_then(|rest| rest.split_once('-'));
            let held = place.and_then(|(index, rest)| {
                Some((self.strings.get(index.parse::<usize>().ok()?)?, rest))
            });
            match held {
                Some((text, rest)) => out.extend([&*in_quotes(text), rest]),
                None => out.extend([&*self.mark, piece]),
            }
        }
        out
    }
}

/// A scalar that every YAML reader reads as this string.
pub(super) fn scalar(text: &str) -> String {
    let needs_no_quotes =
        |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-');
    let is_safe =
        !is_ambiguous(text) && text.chars().all(needs_no_quotes) && !text.starts_with('-');
    if is_safe {
        text.to_owned()
    } else {
        in_quotes(text)
    }
}

/// The string in single quotes as the library uses them, or in double quotes if it needs escapes.
pub(crate) fn in_quotes(text: &str) -> String {
    let is_bare = |character: char| {
        (character.is_ascii_graphic() || character == ' ')
            && !matches!(character, '\'' | '\\' | '"')
    };
    if is_plain(text) && text.chars().all(is_bare) {
        format!("'{text}'")
    } else {
        quoted(text)
    }
}

/// Whether a YAML reader could read the unquoted text as something else: a boolean, a number (also
/// to the base of 60), a date, a time, null, or a special key.
pub(crate) fn is_ambiguous(text: &str) -> bool {
    // `=` and `<<` have a meaning as keys in YAML 1.1.
    const WORDS: [&str; 14] = [
        "", "~", "null", "y", "yes", "on", "true", "n", "no", "off", "false", "=", "<<", "nan",
    ];
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(text)) || is_like_a_number(text)
}

/// Covers the number and date rules of all YAML versions, and more: needless quotes do no harm.
fn is_like_a_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if [".inf", ".nan"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(digits))
    {
        return true;
    }
    let begins = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    let is_based = digits.starts_with("0x") || digits.starts_with("0X");
    let is_part = |character: char| match character {
        '0'..='9' | '_' | '.' | ':' | '+' | '-' | ' ' | '\t' | ',' => true,
        'e' | 'E' | 't' | 'T' | 'z' | 'Z' | 'o' | 'O' | 'b' | 'B' | 'x' | 'X' => true,
        'a'..='f' | 'A'..='F' => is_based,
        _ => false,
    };
    begins && digits.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ambiguous_strings_are_quoted() {
        for text in [
            "no",
            "Off",
            "ON",
            "y",
            "N",
            "TRUE",
            "Null",
            "~",
            "",
            "=",
            "<<",
            "007",
            "0755",
            "-012",
            "+09",
            "1_000",
            "0b1",
            "0o7",
            "0x_3A",
            "12:30:45",
            "190:20:30.15",
            "2026-12-31",
            "2001-12-14t21:59:43.10-05:00",
            "2001-12-14 21:59:43.10 -5",
            ".inf",
            "-.Inf",
            ".NaN",
            "6.8523015e+5",
            "._",
            "1,000",
            "+1",
            "1e3",
        ] {
            let mut writer = Quoted::among([text].into_iter());
            let held = writer.hold(text);
            let yaml = writer.fill(&serde_yaml::to_string(&[&held]).unwrap());
            assert!(matches!(yaml.as_bytes()[2], b'\'' | b'"'), "{yaml}");
            assert_eq!(serde_yaml::from_str::<[String; 1]>(&yaml).unwrap(), [text]);
            assert_eq!(serde_yaml::from_str::<String>(&scalar(text)).unwrap(), text);
            assert!(scalar(text).starts_with(['\'', '"']), "{text}");
        }
        for text in [
            "6h",
            "90m",
            "1d",
            "team-a",
            "cn-north-4",
            "1.2.3-rc1",
            "normal",
            "yes-man",
            "7zip",
            "v1.0",
        ] {
            assert!(!is_ambiguous(text) && scalar(text) == text, "{text}");
        }
    }

    #[test]
    fn all_strings_are_read_back() {
        let texts = [
            "quoted-text-0-",
            "\u{202e}",
            "::x",
            "quoted-text-x",
            "plain",
            "quoted-text-1-\u{200b}",
        ];
        let mut writer = Quoted::among(texts.into_iter());
        let held: Vec<String> = texts.iter().map(|text| writer.hold(text)).collect();
        let yaml = writer.fill(&serde_yaml::to_string(&held).unwrap());
        assert!(yaml.contains("- \"\\u202e\"\n- \"::x\"\n"), "{yaml}");
        assert_eq!(serde_yaml::from_str::<Vec<String>>(&yaml).unwrap(), texts);
    }
}
