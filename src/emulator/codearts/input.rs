//! The fields of the body and the parameters of the query, each checked when it is read.
//!
//! The mirror operations document no 400. Whether an invalid value is refused or ignored is
//! therefore an assumption, the same for all values.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::errors::Refusal;
use crate::emulator::{message::escape, settings::assumptions::InvalidValue};

/// The values of one request. Unknown names are ignored.
#[derive(Debug)]
pub(super) struct Input {
    fields: Map<String, Value>,
    query: Vec<(String, String)>,
    choice: InvalidValue,
    /// Whether an invalid value was ignored, so that the answer depends on the assumption.
    pub(super) ignored: bool,
}

impl Input {
    pub(super) fn read(query: &str, body: &[u8], choice: InvalidValue) -> Result<Self, Refusal> {
        let decoded =
            |(name, value): (&str, &str)| (escape::decode_text(name), escape::decode_text(value));
        let query = escape::pairs(query).map(decoded).collect();
        let mut input = Self {
            fields: Map::new(),
            query,
            choice,
            ignored: false,
        };
        if !body.is_empty() {
            input.fields = match serde_json::from_slice(body) {
                Ok(Value::Object(fields)) => fields,
                // Ignored as a whole, if that is assumed: a value of another type has no fields.
                _ => input.invalid("the body is not a JSON object", Map::new())?,
            };
        }
        Ok(input)
    }

    /// Refuses an invalid value, or ignores it and returns the default.
    fn invalid<T>(&mut self, message: &str, default: T) -> Result<T, Refusal> {
        match self.choice {
            InvalidValue::Refuse => Err(Refusal::invalid(message).assuming(InvalidValue::NAME)),
            InvalidValue::Ignore => {
                self.ignored = true;
                Ok(default)
            }
        }
    }

    /// A string of the body; null counts as absent.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => self.invalid(&format!("{name} is not a string"), None),
        }
    }

    /// A boolean of the body.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => self.invalid(&format!("{name} is not a boolean"), None),
        }
    }

    /// One of the given strings, from the body.
    pub(super) fn choice<T: Copy>(
        &mut self,
        name: &str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        match choices.iter().find(|(choice, _)| *choice == text) {
            Some((_, value)) => Ok(Some(*value)),
            None => self.invalid(&format!("{name} cannot be {text}"), None),
        }
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A number of the query.
    pub(super) fn number(
        &mut self,
        name: &str,
        range: RangeInclusive<usize>,
        default: usize,
    ) -> Result<usize, Refusal> {
        match self
            .parameter(name)
            .map(|text| text.parse().ok().filter(|number| range.contains(number)))
        {
            None => Ok(default),
            Some(Some(number)) => Ok(number),
            Some(None) => self.invalid(
                &format!(
                    "{name} must be between {} and {}",
                    range.start(),
                    range.end()
                ),
                default,
            ),
        }
    }

    /// One of the given strings, from the query; the first is the default.
    pub(super) fn one_of(
        &mut self,
        name: &str,
        choices: &[&'static str],
    ) -> Result<&'static str, Refusal> {
        let default = choices.first().copied().unwrap_or_default();
        match self
            .parameter(name)
            .map(|text| choices.iter().find(|choice| **choice == text))
        {
            None => Ok(default),
            Some(Some(choice)) => Ok(choice),
            Some(None) => self.invalid(
                &format!("{name} must be one of {}", choices.join(", ")),
                default,
            ),
        }
    }

    /// A boolean of the query.
    pub(super) fn flag_parameter(&mut self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.parameter(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => self.invalid(&format!("{name} must be true or false"), None),
        }
    }

    /// The `search` parameter of a list, in lower case: 1 to 512 characters.
    pub(super) fn keyword(&mut self) -> Result<Option<String>, Refusal> {
        // Lower case: the pages say "keyword", not that case matters (section 3).
        match self.parameter("search").map(str::to_lowercase) {
            Some(text) if !(1..=512).contains(&text.chars().count()) => {
                self.invalid("search must have 1 to 512 characters", None)
            }
            keyword => Ok(keyword),
        }
    }
}
