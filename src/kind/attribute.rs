//! The attributes of a kind: how each can change, and which values it can take.

use serde_json::Value;

use super::Hazard;
use crate::mask;

/// One attribute of a kind.
#[derive(Debug)]
pub struct Attribute {
    pub name: &'static str,
    pub role: Role,
    pub shape: Shape,
    /// What the service stores when a create request leaves it out, as the chart would write it.
    pub service_default: Preset,
    /// Whether a create request must name it, managed or not. Without a default of the service, so
    /// must the chart.
    pub required: bool,
    /// Whether it is a text for people only, which changes nothing.
    pub is_remark: bool,
    /// The value that may do harm.
    pub hazard: Option<Hazard>,
    /// What the API, its documents and other tools call it.
    pub also: &'static [&'static str],
    /// A value that a person would write, as YAML.
    pub example: &'static str,
    /// One sentence for the schema and the editor.
    pub doc: &'static str,
}

impl Attribute {
    /// Whether an entry of a chart has to name it.
    pub fn is_demanded(&self) -> bool {
        self.required && self.service_default == Preset::Nothing
    }

    /// Whether a chart could say this value.
    pub fn accepts(&self, value: &Value) -> bool {
        let fixed = match self.role {
            Role::Fixed(preset) => Some(Value::from(preset)),
            Role::Mutable | Role::Immutable | Role::WriteOnly => None,
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
    /// As `Immutable`, and the chart may not choose it: portolan always asks for this value.
    Fixed(Preset),
    /// In place, but the service never tells the value: it is sent along, and cannot be compared.
    WriteOnly,
}

impl Role {
    /// Whether a live value can be read, and so compared.
    pub fn is_readable(self) -> bool {
        self != Role::WriteOnly
    }

    pub fn changes_in_place(self) -> bool {
        matches!(self, Role::Mutable | Role::WriteOnly)
    }
}

/// A constant of a table, which cannot hold a [`Value`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    Bool(bool),
    Text(&'static str),
    Number(u64),
    /// No records.
    Empty,
    /// The service knows none: a create request names it, or the service refuses.
    Nothing,
}

impl Preset {
    /// Nothing, where there is none.
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

/// Which values an attribute can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Bool,
    /// Text, with its largest number of characters.
    Text(usize),
    OneOf(&'static [&'static str]),
    /// An address on the web without a name and a password in it.
    WebAddress,
    /// A UUID, or an empty text for none.
    Uuid,
    /// A whole number from one to the other.
    Number(u64, u64),
    /// A set of records. A record is a text, or one of these keys with a text; `longest` bounds the
    /// characters of the text. Attributes hold a set sorted, so that equal sets are equal values.
    Records {
        keys: &'static [&'static str],
        longest: usize,
    },
}

/// The longest address on the web that any program takes.
pub const LONGEST_ADDRESS: usize = 2048;

impl Shape {
    /// Whether a chart could say this value.
    pub fn accepts(self, value: &Value) -> bool {
        match (self, value) {
            (Shape::Bool, Value::Bool(_)) => true,
            (Shape::Text(most), Value::String(text)) => text.chars().count() <= most,
            (Shape::OneOf(values), Value::String(text)) => values.contains(&text.as_str()),
            (Shape::WebAddress, Value::String(text)) => is_web_address(text),
            (Shape::Uuid, Value::String(text)) => is_uuid(text),
            (Shape::Number(least, most), Value::Number(number)) => number
                .as_u64()
                .is_some_and(|number| (least..=most).contains(&number)),
            (Shape::Records { keys, longest }, Value::Array(records)) => records
                .iter()
                .all(|record| is_record(record, keys, longest)),
            _ => false,
        }
    }

    /// Whether the service could hold this value: the documents grow, so only its type is fixed.
    pub fn is_type_of(self, value: &Value) -> bool {
        match self {
            Shape::Bool => value.is_boolean(),
            Shape::Text(_) | Shape::OneOf(_) | Shape::WebAddress | Shape::Uuid => {
                mask::readable(value).is_some()
            }
            Shape::Number(..) => value.is_number(),
            Shape::Records { .. } => value.as_array().is_some_and(|records| {
                records
                    .iter()
                    .all(|record| of_record(record).and_then(mask::readable).is_some())
            }),
        }
    }

    pub(super) fn is_unordered(self) -> bool {
        matches!(self, Shape::Records { .. })
    }

    /// The one spelling of a value: what has no order is sorted, and holds nothing twice.
    pub(crate) fn settle(self, value: &mut Value) {
        if let (Shape::Records { .. }, Value::Array(records)) = (self, value) {
            records.sort_by_cached_key(Value::to_string);
            records.dedup();
        }
    }

    /// Whether this value is what somebody wrote as they liked, so that a secret may be in it. One
    /// of the values that portolan knows is not.
    pub(super) fn is_free_text(self, value: &Value) -> bool {
        matches!(self, Shape::Text(_) | Shape::WebAddress) || !self.accepts(value)
    }
}

/// What stands in a record: a text, or what is behind its only key.
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
    is_known && text.is_some_and(|text| text.chars().count() <= longest)
}

/// Whether a text is what [`Shape::WebAddress`] asks for.
pub fn is_web_address(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let is_plain = |host: &str| !host.is_empty() && !host.contains('@');
    text.len() <= LONGEST_ADDRESS
        && host.is_some_and(is_plain)
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether a text is what [`Shape::Uuid`] asks for: 32 hexadecimal digits, with or without dashes.
pub fn is_uuid(text: &str) -> bool {
    let digits = text.bytes().filter(|byte| byte.is_ascii_hexdigit()).count();
    let dashes: Vec<usize> = text.match_indices('-').map(|(at, _)| at).collect();
    let is_form = dashes.is_empty() || dashes == [8, 13, 18, 23];
    text.is_empty() || (digits == 32 && text.len() == 32 + dashes.len() && is_form)
}
