//! Replaces secrets in foreign text, which comes from a service or the chart.
//!
//! A login in a URL is masked in every text. Each known secret is masked in free texts, verbatim
//! and in Base64. A text without a secret stays the same to the byte. A value with a masked part is
//! `{ "masked": "https://***@git.example.com/x" }` in plans and receipts; its full text is a
//! [`Secret`].

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt,
    ops::{Deref, Range},
};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::{text::visible, wire::secret::Secret};

/// A text of a service, safe to print in a message: on one line, shortened, masked, and with
/// invisible characters escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign(String);

impl Foreign {
    /// At most `most` characters of the text.
    pub fn new(mask: &Mask, text: &str, most: usize) -> Foreign {
        // Masked before it is cut: half a login would not be recognized.
        let masked = mask.text(text);
        let cut = masked.char_indices().nth(most).map(|(at, _)| at);
        let mut shown = visible(&masked[..cut.unwrap_or(masked.len())]);
        if cut.is_some() {
            shown.push('…');
        }
        Foreign(shown)
    }

    /// Our own words in place of a foreign text.
    pub fn ours(words: &'static str) -> Foreign {
        Foreign(words.to_owned())
    }

    /// Our own words, followed by a foreign text.
    pub fn quoted(words: &'static str, text: &Foreign) -> Foreign {
        Foreign(format!("{words} \"{text}\""))
    }

    /// The same with the foreign text in parentheses.
    pub fn described(words: &'static str, text: &Foreign) -> Foreign {
        Foreign(format!("{words} (\"{text}\")"))
    }

    /// The body of an answer, as text or as one line of JSON.
    pub fn body(mask: &Mask, body: &[u8], most: usize) -> Foreign {
        Foreign::new(mask, &mask.body(body), most)
    }
}

impl Deref for Foreign {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The replacement for a secret.
const MARK: &str = "***";

/// The only key of a value with a masked part.
const KEY: &str = "masked";

/// Shorter secrets are not masked: they could be part of another text by chance.
const SHORTEST: usize = 8;

/// The full texts of masked values, by attribute name.
pub(crate) type Hidden = BTreeMap<&'static str, Secret>;

/// The known secrets. Without any, only logins in URLs are masked.
#[derive(Clone, Default)]
pub struct Mask {
    needles: Vec<Needle>,
}

/// One form in which a secret can appear in a text.
#[derive(Clone)]
struct Needle {
    text: SecretString,
    is_encoded: bool,
}

impl Mask {
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Mask {
        // Short ones could be part of another text by chance.
        let long = secrets
            .into_iter()
            .filter(|secret| secret.reveal().chars().count() >= SHORTEST);
        Mask {
            needles: long.flat_map(|secret| forms(secret.reveal())).collect(),
        }
    }

    /// The same with more secrets.
    pub(crate) fn with(&self, secrets: impl IntoIterator<Item = Secret>) -> Mask {
        let mut all = self.clone();
        all.needles.extend(Mask::new(secrets).needles);
        all
    }

    /// Whether it knows no secret.
    pub(crate) fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }

    /// Masks all secrets in a free text.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut places = login_places(text);
        places.extend(self.places(text));
        masked(text, places)
    }

    /// Whether the text contains a secret.
    pub fn hides(&self, text: &str) -> bool {
        matches!(self.text(text), Cow::Owned(_))
    }

    /// Masks the body of an answer: one line of JSON, or else a text.
    pub fn body(&self, body: &[u8]) -> String {
        match serde_json::from_slice::<Value>(body) {
            Ok(mut value) => {
                self.mask_strings(&mut value);
                value.to_string()
            }
            // In incomplete JSON, escaped slashes would hide the `//` of a URL.
            Err(_) => self
                .text(&String::from_utf8_lossy(body).replace("\\/", "/"))
                .into_owned(),
        }
    }

    fn mask_strings(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text).into_owned(),
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask_strings(item)),
            Value::Object(fields) => fields
                .values_mut()
                .for_each(|field| self.mask_strings(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Whether the text contains a known secret.
    pub fn is_in(&self, secret: &Secret) -> bool {
        !self.places(secret.reveal()).is_empty()
    }

    fn places(&self, text: &str) -> Vec<Range<usize>> {
        if self.needles.is_empty() {
            return Vec::new();
        }
        // Both alphabets of Base64 are compared as one.
        let encoded = one_alphabet(text);
        let mut places = Vec::new();
        for needle in &self.needles {
            let within = if needle.is_encoded { &encoded } else { text };
            let found = within.match_indices(needle.text.expose_secret());
            let found = found.map(|(at, found)| at..at + found.len());
            places.extend(found.map(|place| {
                if needle.is_encoded {
                    with_ends(&encoded, place)
                } else {
                    place
                }
            }));
        }
        places
    }
}

impl PartialEq for Mask {
    fn eq(&self, other: &Mask) -> bool {
        let texts = |mask: &Mask| {
            mask.needles
                .iter()
                .map(|it| it.text.expose_secret().to_owned())
                .collect::<Vec<_>>()
        };
        texts(self) == texts(other)
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No field: each of them is a secret.
        f.debug_struct("Mask").finish_non_exhaustive()
    }
}

/// The forms of a secret: verbatim, and the Base64 of it after zero, one or two other bytes. Base64
/// encodes groups of three bytes, so these are all possible encodings.
fn forms(secret: &str) -> Vec<Needle> {
    let encoded = (0..3).map(|offset| Needle {
        text: middle(secret.as_bytes(), offset).into(),
        is_encoded: true,
    });
    encoded
        .chain([Needle {
            text: secret.into(),
            is_encoded: false,
        }])
        .collect()
}

/// The Base64 of the bytes after `offset` others, without the characters at the ends: these depend
/// on the bytes before and after.
fn middle(bytes: &[u8], offset: usize) -> String {
    let padded = [&vec![0; offset], bytes].concat();
    let encoded = STANDARD_NO_PAD.encode(&padded);
    encoded[(offset * 8).div_ceil(6)..padded.len() * 8 / 6].to_owned()
}

/// Replaces the characters of URL-safe Base64 by those of standard Base64. Offsets do not change.
fn one_alphabet(text: &str) -> String {
    text.replace('-', "+").replace('_', "/")
}

/// Extends a part of a Base64 text by the character at each end, which may hold bits of the secret.
fn with_ends(text: &str, part: Range<usize>) -> Range<usize> {
    // Without `-` and `_`: the text was changed to the standard alphabet before.
    let is_encoded = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/');
    let bytes = text.as_bytes();
    let before = part
        .start
        .checked_sub(1)
        .and_then(|at| bytes.get(at))
        .is_some_and(is_encoded);
    let after = bytes.get(part.end).is_some_and(is_encoded);
    part.start - usize::from(before)..part.end + usize::from(after)
}

/// Masks the logins in the URLs of a text.
pub fn logins(text: &str) -> Cow<'_, str> {
    masked(text, login_places(text))
}

/// Whether a text contains a URL with a user name or a password.
pub(crate) fn holds_login(text: &str) -> bool {
    !login_places(text).is_empty()
}

/// The parts between `//` and the last `@` before the next `/`, `?`, `#` or white space.
fn login_places(text: &str) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("//") {
        let start = from + at + 2;
        let rest = text[start..]
            .split(|c: char| matches!(c, '/' | '?' | '#') || c.is_whitespace())
            .next();
        // The last `@`: a password may contain one that is not escaped.
        let end = rest.and_then(|host| host.rfind('@')).filter(|end| *end > 0);
        places.extend(end.map(|end| start..start + end));
        // In `///`, the second slash may begin another `//`.
        from = start - 1;
    }
    places
}

fn masked(text: &str, mut places: Vec<Range<usize>>) -> Cow<'_, str> {
    if places.is_empty() {
        return Cow::Borrowed(text);
    }
    // Places can overlap, because a secret can be a part of a login.
    places.sort_by_key(|place| place.start);
    let (mut out, mut done) = (String::with_capacity(text.len()), 0);
    for place in places {
        if place.start >= done {
            out.push_str(&text[done..place.start]);
            out.push_str(MARK);
        }
        done = done.max(place.end);
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

/// The value for a text with a masked part.
pub fn value(masked: &str) -> Value {
    json!({ KEY: masked })
}

/// A list with the secrets in its texts masked, or `None` if there are none.
pub fn records(mask: &Mask, value: &Value) -> Option<Value> {
    let masked = |text: &Value| match mask.text(text.as_str()?) {
        Cow::Owned(masked) => Some(self::value(&masked)),
        Cow::Borrowed(_) => None,
    };
    let mut records = value.as_array()?.clone();
    let mut is_masked = false;
    for record in &mut records {
        let texts: Vec<&mut Value> = match record {
            Value::Object(fields) => fields.values_mut().collect(),
            text => vec![text],
        };
        for text in texts {
            if let Some(masked) = masked(text) {
                (*text, is_masked) = (masked, true);
            }
        }
    }
    is_masked.then(|| records.into())
}

/// The texts in a value, masked or not.
pub fn texts(value: &Value) -> Vec<&str> {
    match (readable(value), value) {
        (Some(text), _) => vec![text],
        (None, Value::Array(items)) => items.iter().flat_map(texts).collect(),
        (None, Value::Object(fields)) => fields.values().flat_map(texts).collect(),
        (None, _) => Vec::new(),
    }
}

/// The value with each text replaced.
pub(crate) fn with_texts(value: &Value, text: &mut impl FnMut(&str) -> String) -> Value {
    match (readable(value), value) {
        (Some(own), _) => Value::String(text(own)),
        (None, Value::Array(items)) => items.iter().map(|item| with_texts(item, text)).collect(),
        (None, Value::Object(fields)) => Value::Object(
            fields
                .iter()
                .map(|(key, field)| (key.clone(), with_texts(field, text)))
                .collect(),
        ),
        (None, other) => other.clone(),
    }
}

/// Whether a part of the value is masked.
pub(crate) fn is_masked(value: &Value) -> bool {
    let parts = || {
        value
            .as_array()
            .into_iter()
            .flatten()
            .chain(value.as_object().into_iter().flat_map(|it| it.values()))
    };
    masked_text(value).is_some() || parts().any(is_masked)
}

/// The visible text of a value with a masked part.
pub(crate) fn masked_text(value: &Value) -> Option<&str> {
    let fields = value.as_object().filter(|fields| fields.len() == 1)?;
    fields.get(KEY)?.as_str()
}

/// A value for a message: JSON that cannot control a terminal or a CI runner.
pub fn shown(value: &Value) -> String {
    match masked_text(value) {
        Some(masked) => crate::text::json(Value::from(masked).to_string()),
        None => crate::text::json(value.to_string()),
    }
}

/// The text of a value, masked or not.
pub(crate) fn readable(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| masked_text(value))
}

#[cfg(test)]
mod tests;
