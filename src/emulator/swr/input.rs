//! The fields of the body and the parameters of the query, each checked when it is read.
//!
//! Unknown fields and parameters are ignored, as the service ignores them.

use serde_json::{Map, Value};

use super::{Refusal, form};
use crate::emulator::message::{Request, escape};

/// The body of a request: an object, a form, or empty.
#[derive(Debug)]
pub(super) struct Fields {
    values: Map<String, Value>,
    /// Whether the body was a form, in which every value is a string.
    pub(super) form: bool,
}

impl Fields {
    /// Reads a JSON object.
    pub(super) fn read(body: &[u8]) -> Result<Self, Refusal> {
        if body.is_empty() {
            return Ok(Self {
                values: Map::new(),
                form: false,
            });
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(values)) => Ok(Self {
                values,
                form: false,
            }),
            Ok(_) => Err(wrong_body("The request body must be an object")),
            Err(error) => Err(wrong_body(format!("The request body is not JSON: {error}"))),
        }
    }

    /// Reads a form if `Content-Type` says so, else a JSON object.
    pub(super) fn read_any(request: &Request) -> Result<Self, Refusal> {
        match request
            .header("Content-Type")
            .filter(|content_type| form::is_form(content_type))
        {
            None => Self::read(&request.body),
            Some(content_type) => {
                let values = form::read(content_type, &request.body);
                let values = values.map_err(|error| {
                    wrong_body(format!("The request body is not a form: {error}"))
                })?;
                Ok(Self { values, form: true })
            }
        }
    }

    /// The value of a field; null counts as absent.
    fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        self.get(name)
            .map(|value| value.as_str().ok_or_else(|| wrong_type(name, "a string")))
            .transpose()
    }

    /// A list of strings.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<&str>>, Refusal> {
        let wrong = || wrong_type(name, "a list of strings");
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let items = value.as_array().ok_or_else(wrong)?;
        let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
        texts.map(Some).ok_or_else(wrong)
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.get(name)
            .map(|value| value.as_bool().ok_or_else(|| wrong_type(name, "a boolean")))
            .transpose()
    }

    /// A required string; an empty one counts as missing.
    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        let missing = || {
            Refusal::service(
                4_001_014,
                format!("The mandatory parameter {name} is missing"),
            )
        };
        self.text(name)?
            .filter(|text| !text.is_empty())
            .ok_or_else(missing)
    }

    /// `is_public`, which has its own error code for an absent value and for another type.
    pub(super) fn visibility(&self) -> Result<bool, Refusal> {
        let refusal = || Refusal::service(4_001_009, "is_public must be true or false");
        let value = self.get("is_public").ok_or_else(refusal)?;
        // A form has no types, so its values are texts.
        let flag = match self.form {
            true => value.as_str().and_then(|text| text.parse().ok()),
            false => value.as_bool(),
        };
        flag.ok_or_else(refusal)
    }
}

/// The error for a body that cannot be parsed.
pub(super) fn wrong_body(message: impl Into<String>) -> Refusal {
    Refusal::service(4_001_018, message)
}

fn wrong_type(name: &str, expected: &str) -> Refusal {
    Refusal::service(4_001_018, format!("{name} must be {expected}"))
}

/// The parameters of a list, from the query or from its `filter`.
#[derive(Debug)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads the query. With a `filter` the service ignores all other parameters (section 6.2).
    pub(super) fn read(query: &str, filter_keys: &[&str]) -> Result<Self, Refusal> {
        // Terraform sends a filter raw, the SDK escapes it: both have to work (section 2.4).
        let decoded =
            |(name, value): (&str, &str)| (escape::decode_text(name), escape::decode_text(value));
        let plain: Vec<_> = escape::pairs(query).map(decoded).collect();
        match plain.iter().find(|(name, _)| name == "filter") {
            Some((_, filter)) => filter_pairs(filter, filter_keys).map(Self),
            None => Ok(Self(plain)),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<usize>, Refusal> {
        let parse = |text: &str| {
            text.parse()
                .map_err(|_| bad_parameter(format!("{name} is not a number")))
        };
        self.get(name).map(parse).transpose()
    }
}

/// The error for an invalid query parameter.
pub(super) fn bad_parameter(message: impl Into<String>) -> Refusal {
    Refusal::service(4_001_025, message)
}

/// `key::value` pairs joined with `|`, at least one.
fn filter_pairs(filter: &str, keys: &[&str]) -> Result<Vec<(String, String)>, Refusal> {
    let pair = |text: &str| match text.split_once("::") {
        Some((key, value)) if keys.contains(&key) => Ok((key.to_owned(), value.to_owned())),
        _ => Err(Refusal::service(
            4_001_035,
            format!("The filter does not know {text}"),
        )),
    };
    filter.split('|').map(pair).collect()
}
