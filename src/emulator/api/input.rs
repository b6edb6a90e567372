//! What a request brings: the fields of its body and the parameters of its query, checked one by one.
//!
//! Unknown fields and parameters are passed over, as the service does.

use serde_json::{Map, Value};

use super::super::escape;
use super::errors::Refusal;

/// The body of a request: an object, or nothing.
#[derive(Debug)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn read(body: &[u8]) -> Result<Self, Refusal> {
        if body.is_empty() {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(Refusal::service(4_001_018, "The request body must be an object")),
            Err(error) => Err(Refusal::service(4_001_018, format!("The request body is not JSON: {error}"))),
        }
    }

    /// Null is the same as absent.
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        self.get(name).map(|value| value.as_str().ok_or_else(|| wrong_type(name, "a string"))).transpose()
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.get(name).map(|value| value.as_bool().ok_or_else(|| wrong_type(name, "a boolean"))).transpose()
    }

    /// A text that must be there; an empty one counts as missing.
    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        let missing = || Refusal::service(4_001_014, format!("The mandatory parameter {name} is missing"));
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(missing)
    }

    /// `is_public` has a code of its own for being absent or of another type.
    pub(super) fn visibility(&self) -> Result<bool, Refusal> {
        let refusal = || Refusal::service(4_001_009, "is_public must be true or false");
        self.get("is_public").and_then(Value::as_bool).ok_or_else(refusal)
    }
}

fn wrong_type(name: &str, expected: &str) -> Refusal {
    Refusal::service(4_001_018, format!("{name} must be {expected}"))
}

/// The parameters of a list, wherever they stood.
#[derive(Debug)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads the query; a `filter` makes the service ignore every other parameter.
    pub(super) fn read(query: &str, filter_keys: &[&str]) -> Result<Self, Refusal> {
        let decoded = |(name, value): (&str, &str)| (escape::decode_text(name), escape::decode_text(value));
        let plain: Vec<_> = escape::pairs(query).map(decoded).collect();
        match plain.iter().find(|(name, _)| name == "filter") {
            Some((_, filter)) => filter_pairs(filter, filter_keys).map(Self),
            None => Ok(Self(plain)),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<usize>, Refusal> {
        let parse = |text: &str| text.parse().map_err(|_| bad_parameter(format!("{name} is not a number")));
        self.get(name).map(parse).transpose()
    }
}

/// A query parameter that means nothing.
pub(super) fn bad_parameter(message: impl Into<String>) -> Refusal {
    Refusal::service(4_001_025, message)
}

/// `key::value` pairs joined with `|`, at least one.
fn filter_pairs(filter: &str, keys: &[&str]) -> Result<Vec<(String, String)>, Refusal> {
    let pair = |text: &str| match text.split_once("::") {
        Some((key, value)) if keys.contains(&key) => Ok((key.to_owned(), value.to_owned())),
        _ => Err(Refusal::service(4_001_035, format!("The filter does not know {text}"))),
    };
    filter.split('|').map(pair).collect()
}
