//! The types of plain scalars by the core schema of YAML 1.2, and the core tags.
//!
//! `no`, `on`, `yes`, dates and `1_000` are strings. `0755` is the number 755, as in the standard
//! and in editors that check a chart with the JSON Schema.

use serde_yaml::Number;

use super::{Entry, Node, Scalar, Style};

/// A value with its resolved type.
#[derive(Debug, Clone, PartialEq)]
pub enum Resolved<'n, 's> {
    Null,
    Bool(bool),
    Number(Number),
    String(&'n str),
    List(&'n [Node<'s>]),
    Mapping(&'n [Entry<'s>]),
}

impl Resolved<'_, '_> {
    pub(crate) fn kind_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Mapping(_) => "a mapping",
        }
    }
}

impl Scalar<'_> {
    pub(super) fn resolve<'s>(&self) -> Resolved<'_, 's> {
        match self.style {
            Style::Plain => plain(&self.text),
            Style::Quoted | Style::Block => Resolved::String(&self.text),
        }
    }
}

fn plain<'s>(text: &str) -> Resolved<'_, 's> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Resolved::Null,
        "true" | "True" | "TRUE" => Resolved::Bool(true),
        "false" | "False" | "FALSE" => Resolved::Bool(false),
        _ => number(text).map_or(Resolved::String(text), Resolved::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    // Most scalars are words, which the first byte rules out quickly.
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    integer(text).or_else(|| float(text).map(Number::from))
}

fn integer(text: &str) -> Option<Number> {
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return to_the_base(radix, digits);
        }
    }
    let unsigned = text.parse::<u64>().ok().map(Number::from);
    unsigned.or_else(|| text.parse::<i64>().ok().map(Number::from))
}

/// An integer in hexadecimal or octal. One that is too large for 64 bits becomes a float.
fn to_the_base(radix: u32, digits: &str) -> Option<Number> {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let values = digits.chars().filter_map(|digit| digit.to_digit(radix));
    let rounded = || values.fold(0.0, |sum, digit| sum * f64::from(radix) + f64::from(digit));
    let exact = u64::from_str_radix(digits, radix).ok().map(Number::from);
    exact.or_else(|| Some(rounded().into()))
}

fn float(text: &str) -> Option<f64> {
    match text {
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Some(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Some(f64::NAN),
        _ => {}
    }
    // Rust also parses `-inf` and `nan`, which are strings in YAML.
    let spelled =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    if text.bytes().all(spelled) {
        text.parse().ok()
    } else {
        None
    }
}

/// The tags of the core schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Str,
    Int,
    Float,
    Bool,
    Null,
    Seq,
    Map,
}

impl Tag {
    pub(super) fn core(suffix: &str) -> Option<Self> {
        Some(match suffix {
            "str" => Self::Str,
            "int" => Self::Int,
            "float" => Self::Float,
            "bool" => Self::Bool,
            "null" => Self::Null,
            "seq" => Self::Seq,
            "map" => Self::Map,
            _ => return None,
        })
    }

    /// The style with which the text resolves to the type of the tag, if there is one.
    pub(super) fn style(self, text: &str) -> Option<Style> {
        let fits = match (self, plain(text)) {
            (Self::Str, _) => return Some(Style::Quoted),
            (Self::Int, Resolved::Number(number)) => !number.is_f64(),
            (Self::Float, Resolved::Number(_)) => true,
            (Self::Bool, Resolved::Bool(_)) => true,
            (Self::Null, Resolved::Null) => true,
            _ => false,
        };
        fits.then_some(Style::Plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_strings() {
        let words = [
            "no",
            "No",
            "on",
            "off",
            "yes",
            "y",
            "n",
            "nUll",
            "tRue",
            "1_000",
            "12:30",
            "2024-01-01",
            "0b11",
            "0xg",
            "0x",
            "0o8",
            "0x-1",
            "-0x1",
            "1.2.3",
            "-",
            "+",
            ".",
            "-.",
            "1e",
            "e3",
            "inf",
            "nan",
            "-inf",
            "-nan",
            "+.nan",
            "0xé",
            "-0o7",
            "+0x3A",
            "=",
            "+-1",
            "--1",
            "é",
        ];
        for word in words {
            assert_eq!(plain(word), Resolved::String(word), "{word}");
        }
    }

    #[test]
    fn numbers_booleans_and_null_are_not_strings() {
        let float = |text| match plain(text) {
            Resolved::Number(number) => number.as_f64(),
            _ => None,
        };
        let floats = [
            ("1e3", 1000.0),
            ("1.10", 1.1),
            (".5", 0.5),
            ("1.", 1.0),
            ("-1.5E-2", -0.015),
            ("+1", 1.0),
            ("0x1f", 31.0),
            ("0o17", 15.0),
            ("-12", -12.0),
            ("0", 0.0),
            (".inf", f64::INFINITY),
            ("-.Inf", f64::NEG_INFINITY),
            ("18446744073709551615", u64::MAX as f64),
            ("99999999999999999999", 1e20),
            ("007.5", 7.5),
            ("0755", 755.0),
            ("007", 7.0),
            ("-012", -12.0),
            ("+09", 9.0),
            ("00", 0.0),
            ("-0", 0.0),
            ("0x3A", 58.0),
            ("0o7", 7.0),
            ("0x10000000000000000", 18_446_744_073_709_551_616.0),
            ("-99999999999999999999", -1e20),
            ("1e999", f64::INFINITY),
        ];
        for (text, number) in floats {
            assert_eq!(float(text), Some(number), "{text}");
        }
        assert!(float(".NaN").is_some_and(f64::is_nan));
        for text in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(plain(text), Resolved::Null);
        }
        assert_eq!(plain("TRUE"), Resolved::Bool(true));
        assert_eq!(plain("False"), Resolved::Bool(false));
    }
}
