//! The fields of a fault as text, from either notation. The reader takes them out one by one.

use std::{collections::BTreeMap, str::FromStr};

use crate::emulator::faults::effects::Effect;

/// The fields that were not taken yet.
#[derive(Debug)]
pub(super) struct Fields(BTreeMap<String, String>);

impl Fields {
    /// Reads `name=value,name`. A name without a value is true.
    pub(super) fn of_text(text: &str) -> Result<Self, String> {
        let mut fields = Self(BTreeMap::new());
        for piece in split(text) {
            let (name, value) = piece.split_once('=').unwrap_or((&piece, "true"));
            fields.add(name.trim(), value)?;
        }
        Ok(fields)
    }

    /// Reads a mapping of names to scalar values.
    pub(super) fn of_mapping(value: &serde_yaml::Value) -> Result<Self, String> {
        let mapping = value
            .as_mapping()
            .ok_or("expected a mapping, such as `{ cut-after: true, method: POST }`")?;
        let mut fields = Self(BTreeMap::new());
        for (name, value) in mapping {
            let name = name
                .as_str()
                .ok_or("expected a text as the name of a field")?;
            let text = match value {
                serde_yaml::Value::String(text) => text.clone(),
                serde_yaml::Value::Number(number) => number.to_string(),
                serde_yaml::Value::Bool(flag) => flag.to_string(),
                _ => {
                    return Err(format!(
                        "expected a text, a number or a boolean as `{name}`"
                    ));
                }
            };
            fields.add(name, &text)?;
        }
        Ok(fields)
    }

    fn add(&mut self, name: &str, value: &str) -> Result<(), String> {
        match self.0.insert(name.to_owned(), value.to_owned()) {
            None => Ok(()),
            Some(_) => Err(format!("`{name}` is given twice")),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The first field that is not in the tables.
    pub(super) fn unknown(&self, tables: &[&[(&str, &str, &str)]]) -> Option<&str> {
        let known = |name: &str| {
            tables
                .iter()
                .any(|table| table.iter().any(|(known, ..)| *known == name))
        };
        // An empty name comes from a comma too many, not from an unknown effect.
        self.0
            .keys()
            .map(String::as_str)
            .find(|name| !name.is_empty() && !known(name))
    }

    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// Takes a number that satisfies `fits`.
    pub(super) fn number<T: FromStr>(
        &mut self,
        name: &str,
        fits: impl FnOnce(&T) -> bool,
        expected: &str,
    ) -> Result<Option<T>, String> {
        let Some(text) = self.take(name) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(number) if fits(&number) => Ok(Some(number)),
            _ => Err(format!("`{name}` cannot be `{text}`: expected {expected}")),
        }
    }

    /// Takes the field of an effect that has no value.
    pub(super) fn flag(&mut self, name: &str, effect: Effect) -> Result<Effect, String> {
        if self.truth(name)? {
            Ok(effect)
        } else {
            Err(format!("`{name}` cannot be `false`: leave it out"))
        }
    }

    /// Takes a boolean; a missing field is false.
    pub(super) fn truth(&mut self, name: &str) -> Result<bool, String> {
        match self.take(name).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(format!("`{name}` takes no value")),
        }
    }

    /// A field that was not taken.
    pub(super) fn rest(&self) -> Option<String> {
        self.0.keys().next().cloned()
    }
}

/// Splits at commas without a backslash before them.
fn split(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let last = pieces.len() - 1;
        match character {
            ',' => pieces.push(String::new()),
            // Before any other character it stays: a pattern or a message can contain it.
            '\\' => pieces[last].push(
                characters
                    .next_if(|next| matches!(next, ',' | '\\'))
                    .unwrap_or('\\'),
            ),
            _ => pieces[last].push(character),
        }
    }
    pieces
}

/// Writes fields in the notation of the command line.
pub(super) fn joined(fields: &[(&'static str, String)]) -> String {
    let piece = |(name, value): &(&str, String)| match value.as_str() {
        "true" => (*name).to_owned(),
        value => format!("{name}={}", value.replace('\\', "\\\\").replace(',', "\\,")),
    };
    fields.iter().map(piece).collect::<Vec<_>>().join(",")
}
