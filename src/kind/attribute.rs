//! The attributes of a kind: how each can change, and which values it can have.

use serde_json::Value;

use super::Hazard;
use crate::{mask, time::Deadline};

/// One attribute of a kind.
#[derive(Debug)]
pub struct Attribute {
    pub name: &'static str,
    pub role: Role,
    pub shape: Shape,
    /// The value that the service stores if a create request omits it, in the chart's form.
    pub service_default: Preset,
    /// Whether a create request must contain it, managed or not. If the service has no default, the
    /// chart must contain it too.
    pub required: bool,
    /// Whether it is free text for people, without an effect.
    pub is_remark: bool,
    /// The value that carries a risk.
    pub hazard: Option<Hazard>,
    /// Other names for it, from the API, its documents and other tools. An error suggests the right
    /// one.
    pub aliases: &'static [&'static str],
    /// A realistic value, as YAML.
    pub example: &'static str,
    /// One sentence for the schema and the editor.
    pub doc: &'static str,
}

impl Attribute {
    /// Whether a chart entry must contain it.
    pub(crate) fn is_required_in_chart(&self) -> bool {
        self.required && self.service_default == Preset::Nothing
    }

    /// Whether a chart may have this value.
    pub fn accepts(&self, value: &Value) -> bool {
        let fixed = match self.role {
            Role::Fixed(preset) => Some(Value::from(preset)),
            // Only the service can have such a value.
            Role::Foreign => return false,
            Role::Mutable | Role::Immutable | Role::WriteOnly | Role::Policy => None,
        };
        self.shape.accepts(value) && fixed.is_none_or(|fixed| fixed == *value)
    }
}

/// How an attribute can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// In place.
    Mutable,
    /// Only by deleting the resource and creating it again.
    Immutable,
    /// As `Immutable`, and portolan always asks for this value: the chart cannot choose another.
    Fixed(Preset),
    /// In place, but the service never returns it: it is sent with other changes and not compared.
    WriteOnly,
    /// Of a live resource only, in place of attributes that a chart can have: its form is one that
    /// the chart language does not know. Only a new resource can take its place.
    Foreign,
    /// Of the chart alone: it says what portolan does. It is never sent, and never differs.
    Policy,
}

impl Role {
    /// Whether the service returns the value, so that it can be compared.
    pub(crate) fn is_readable(self) -> bool {
        !matches!(self, Role::WriteOnly | Role::Policy)
    }

    pub(crate) fn changes_in_place(self) -> bool {
        matches!(self, Role::Mutable | Role::WriteOnly)
    }
}

/// The key of records whose text is a regular expression.
pub const REGEXP: &str = "regexp";

/// A constant in a table, where a [`Value`] is not possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    Bool(bool),
    Text(&'static str),
    Number(u64),
    /// An empty set of records.
    Empty,
    /// The service has no default: a create request without the attribute is refused.
    Nothing,
}

impl Preset {
    /// `None` for [`Preset::Nothing`].
    pub fn value(self) -> Option<Value> {
        (self != Preset::Nothing).then(|| Value::from(self))
    }
}

impl From<Preset> for Value {
    fn from(preset: Preset) -> Value {
        match preset {
            Preset::Bool(value) => Value::Bool(value),
            Preset::Text(text) => Value::from(text),
            Preset::Number(number) => Value::from(number),
            Preset::Empty => Value::Array(Vec::new()),
            Preset::Nothing => Value::Null,
        }
    }
}

/// The type and range of an attribute's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Bool,
    /// Text of at most this number of characters.
    Text(usize),
    OneOf(&'static [&'static str]),
    /// An `http` or `https` URL without a user name or password.
    WebAddress,
    /// A UUID. Empty text means none.
    Uuid,
    /// When something ends: a day, an instant, or `forever`.
    Deadline,
    /// A whole number between two bounds, both included.
    Number(u64, u64),
    /// A set of records. A record is a text, or a mapping of one of these keys to a text of at most
    /// `longest` characters. Sets are kept sorted, so that equal sets are equal values.
    Records {
        keys: &'static [&'static str],
        longest: usize,
    },
}

/// The longest URL that common programs accept, in bytes.
pub const LONGEST_ADDRESS: usize = 2048;

impl Shape {
    /// Whether a chart may have this value.
    pub fn accepts(self, value: &Value) -> bool {
        match (self, value) {
            (Shape::Bool, Value::Bool(_)) => true,
            // Characters and not bytes, as the documents count (swr-api: section 6.1).
            (Shape::Text(most), Value::String(text)) => text.chars().count() <= most,
            (Shape::OneOf(values), Value::String(text)) => values.contains(&text.as_str()),
            (Shape::WebAddress, Value::String(text)) => is_web_address(text),
            (Shape::Uuid, Value::String(text)) => is_uuid(text),
            (Shape::Deadline, Value::String(text)) => text.parse::<Deadline>().is_ok(),
            (Shape::Number(least, most), Value::Number(number)) => number
                .as_u64()
                .is_some_and(|number| (least..=most).contains(&number)),
            (Shape::Records { keys, longest }, Value::Array(records)) => records
                .iter()
                .all(|record| is_record(record, keys, longest)),
            _ => false,
        }
    }

    /// Whether the service may return this value. Only the type is checked: the service may add
    /// values of its own at any time.
    pub(crate) fn is_type_of(self, value: &Value) -> bool {
        match self {
            Shape::Bool => value.is_boolean(),
            Shape::Text(_)
            | Shape::OneOf(_)
            | Shape::WebAddress
            | Shape::Uuid
            | Shape::Deadline => mask::readable(value).is_some(),
            Shape::Number(..) => value.is_number(),
            Shape::Records { .. } => value.as_array().is_some_and(|records| {
                records
                    .iter()
                    .all(|record| of_record(record).and_then(mask::readable).is_some())
            }),
        }
    }

    /// Whether two values mean the same.
    pub(crate) fn is_same(self, one: &Value, other: &Value) -> bool {
        if self != Shape::Deadline || one == other {
            return one == other;
        }
        let read = |value: &Value| value.as_str()?.parse::<Deadline>().ok();
        read(one).is_some_and(|one| read(other).is_some_and(|other| one.is_same(other)))
    }

    /// The shortest value that means the same.
    pub(crate) fn in_short(self, value: &Value) -> Value {
        let deadline = || value.as_str()?.parse::<Deadline>().ok();
        match self {
            Shape::Deadline => deadline().map(|it| Value::from(it.in_short().to_string())),
            _ => None,
        }
        .filter(|short| self.is_same(short, value))
        .unwrap_or_else(|| value.clone())
    }

    pub(super) fn is_unordered(self) -> bool {
        matches!(self, Shape::Records { .. })
    }

    /// Sorts a set and removes duplicates, so that equal sets are equal values.
    pub(crate) fn settle(self, value: &mut Value) {
        if let (Shape::Records { .. }, Value::Array(records)) = (self, value) {
            // By their text, because a record is a text or a mapping, which have no common order.
            records.sort_by_cached_key(Value::to_string);
            records.dedup();
        }
    }

    /// Whether the value may contain a secret, as text that a user chose freely. An allowed word of
    /// an enumeration cannot.
    pub(super) fn is_free_text(self, value: &Value) -> bool {
        // A value that no chart may have is not a word of the enumeration, so it may be any text.
        matches!(self, Shape::Text(_) | Shape::WebAddress) || !self.accepts(value)
    }
}

/// The text of a record: the record itself, or the value of its only key.
fn of_record(record: &Value) -> Option<&Value> {
    match record.as_object() {
        Some(fields) if fields.len() == 1 => fields.values().next(),
        Some(_) => None,
        None => Some(record),
    }
}

fn is_record(record: &Value, keys: &[&str], longest: usize) -> bool {
    let is_known = record
        .as_object()
        .is_none_or(|fields| fields.keys().all(|key| keys.contains(&key.as_str())));
    let text = of_record(record).and_then(Value::as_str);
    // Not whether it is a regular expression: thousands of entries may inherit it, and compiling it
    // takes long. The chart's checks do that once.
    is_known && text.is_some_and(|text| text.chars().count() <= longest)
}

/// Whether the text is a valid [`Shape::WebAddress`].
pub fn is_web_address(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let is_plain = |host: &str| !host.is_empty() && !host.contains('@');
    // The last condition also excludes blanks and line breaks, which no URL contains unescaped.
    text.len() <= LONGEST_ADDRESS
        && host.is_some_and(is_plain)
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether the text is a valid [`Shape::Uuid`]: 32 hexadecimal digits, with or without dashes.
pub fn is_uuid(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_hexdigit).count();
    let dashes: Vec<usize> = text.match_indices('-').map(|(at, _)| at).collect();
    // The documents show ids of both forms (codearts-repo-api: sections 2.1 and 3).
    let is_form = dashes.is_empty() || dashes == [8, 13, 18, 23];
    text.is_empty() || (digits == 32 && text.len() == 32 + dashes.len() && is_form)
}
