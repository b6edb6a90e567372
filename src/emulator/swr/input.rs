//! What a request brings: the fields of its body and the parameters of its query, checked one by
//! one.
//!
//! Unknown fields and parameters are passed over, as the service does.

use serde_json::{Map, Value};

use super::{Refusal, form};
use crate::emulator::message::{Request, escape};

/// The body of a request: an object, a form, or nothing.
#[derive(Debug)]
pub(super) struct Fields {
    values: Map<String, Value>,
    /// Whether they came as a form, in which every value is a text.
    pub(super) form: bool,
}

impl Fields {
    /// Of a JSON object.
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

    /// Of a form, or of a JSON object where the request does not say that it is a form.
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

    /// Null is the same as absent.
    fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        self.get(name)
            .map(|value| value.as_str().ok_or_else(|| wrong_type(name, "a string")))
            .transpose()
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.get(name)
            .map(|value| value.as_bool().ok_or_else(|| wrong_type(name, "a boolean")))
            .transpose()
    }

    /// A text that must be there; an empty one counts as missing.
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

    /// `is_public` has a code of its own for being absent or of another type.
    pub(super) fn visibility(&self) -> Result<bool, Refusal> {
        let refusal = || Refusal::service(4_001_009, "is_public must be true or false");
        let value = self.get("is_public").ok_or_else(refusal)?;
        let flag = match self.form {
            true => value.as_str().and_then(|text| text.parse().ok()),
            false => value.as_bool(),
        };
        flag.ok_or_else(refusal)
    }
}

/// A body that cannot be understood.
pub(super) fn wrong_body(message: impl Into<String>) -> Refusal {
    Refusal::service(4_001_018, message)
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

/// A query parameter that means nothing.
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
