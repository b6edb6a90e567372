//! The managed kinds: each one's key, attributes and wire translation stand in a file of its own.
//!
//! Decoder, schema, diff, plan and renderers read these tables and know no kind by name. The functions here
//! turn values into requests and answers into values; sending is `transport`'s work. Adding a kind is one
//! file and one line in [`REGISTRY`].

pub mod fact;
pub mod mirror;
pub mod organization;
pub mod place;
#[cfg(test)]
pub mod probes;
pub mod repository;
pub mod sync_rule;
mod table;

use std::{borrow::Cow, cmp::Ordering, fmt, sync::Arc};

use indexmap::IndexMap;
use percent_encoding::utf8_percent_encode;
use serde_json::Value;

use self::place::Place;
pub use self::table::{
    ActionRisk, Fills, Hazard, Holds, Id, Identity, Lack, Lifecycle, Numbered, Runs, Unmentioned, Verb,
};
use crate::{
    address::Address,
    config::names::Name,
    mask::{self, Foreign, Hidden, Mask},
    risk::RiskClass,
    state::{Attributes, LiveResource, RemoteId},
    wire::{RESERVED, Request, Response, Service, error::ApiError, secret::Secret},
};

/// Parents first; the position is also the order among resources of one key.
pub static REGISTRY: &[&Kind] = ALL;

/// How many kinds there are.
pub const COUNT: usize = ALL.len();

const ALL: &[&Kind] = &[
    &organization::ORGANIZATION,
    &repository::REPOSITORY,
    &sync_rule::SYNC_RULE,
    &mirror::MIRROR,
    #[cfg(test)]
    &probes::cleanup::CLEANUP,
    #[cfg(test)]
    &probes::member::OF_ORGANIZATION,
    #[cfg(test)]
    &probes::member::OF_REPOSITORY,
];

/// The kind that a chart begins with, and that a name at the top means where nothing says otherwise.
pub fn first() -> &'static Kind {
    REGISTRY[0]
}

/// The kind of that name.
pub fn find(name: &str) -> Option<&'static Kind> {
    REGISTRY.iter().copied().find(|kind| kind.name == name)
}

/// One managed kind.
pub struct Kind {
    pub name: &'static str,
    /// Where it lives.
    pub service: Service,
    /// The names of the key's parts, the region first.
    pub key: &'static [&'static str],
    /// What a chart can write as each part; what is behind them is written as one.
    pub names: &'static [Name],
    /// How many of the parts an address joins with `/`; the rest are shown behind an arrow.
    pub joined_parts: usize,
    pub parent: Option<&'static Kind>,
    pub place: Place,
    pub attributes: &'static [Attribute],
    pub lifecycle: Lifecycle,
    /// What its actions risk, whatever the attributes are.
    pub risks: &'static [ActionRisk],
    /// What a resource holds that is no resource itself.
    pub holds: Option<&'static Holds>,
    /// Where its number is what its parent is measured by: how that is found out.
    pub fills: Option<&'static Fills>,
    /// What happens to a live resource that the chart does not mention.
    pub unmentioned: Unmentioned,
    /// What the service makes by itself where a resource of this kind is.
    pub makes: Option<fn(&Address) -> Option<Address>>,
    /// What a reader should know of a new one, from how much its parent holds.
    pub note_on_creation: Option<fn(held: u64) -> String>,
    pub identity: Identity,
    /// How it is run, if it can be.
    pub runs: Option<&'static Runs>,
    pub listing: Listing,
    /// Codes that mean "there is nothing to delete" besides the ordinary ones.
    pub also_gone: &'static [&'static str],
    /// Codes that mean "there is nothing" in the answer to a read besides the ordinary ones.
    pub also_absent: &'static [&'static str],
    pub wire: &'static dyn Wire,
}

impl Kind {
    pub(crate) fn rank(&self) -> usize {
        REGISTRY.iter().position(|kind| *kind == self).unwrap_or(REGISTRY.len())
    }

    /// The address with that key.
    pub fn address<const N: usize>(&'static self, key: [&str; N]) -> Address {
        Address::new(self, key.map(Arc::from).into())
    }

    /// The address of an entry below that region and those parts; nothing, if the name has too few of them.
    pub fn named(&'static self, above: impl Iterator<Item = Arc<str>>, name: &str) -> Option<Address> {
        let mut key = Vec::with_capacity(self.key.len());
        key.extend(above);
        let own = self.key.len().checked_sub(key.len())?;
        key.extend(name.splitn(own, '/').map(Arc::<str>::from));
        (key.len() == self.key.len()).then(|| Address::new(self, key))
    }

    /// The kinds that live in it.
    pub fn children(&'static self) -> impl Iterator<Item = &'static Kind> {
        REGISTRY.iter().copied().filter(move |child| child.parent == Some(self))
    }

    /// The kind that must be gone before one of this kind can be deleted.
    pub fn filled_by(&'static self) -> Option<&'static Fills> {
        self.children().find_map(|child| child.fills)
    }

    /// The attribute that exposes what is live to strangers.
    pub fn exposing(&self) -> Option<&'static Attribute> {
        let exposes =
            |attribute: &&Attribute| attribute.hazard.as_ref().is_some_and(|hazard| hazard.class == RiskClass::Exposes);
        self.attributes.iter().find(exposes)
    }

    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// Puts masks where a value holds a secret; what is behind them comes back, but for what is in a record: such a value
    /// cannot be written.
    pub fn hide(&self, mask: &Mask, attributes: &mut Attributes) -> Hidden {
        let mut hidden = Hidden::new();
        for (name, masked) in self.masked(mask, attributes) {
            let text = attributes.insert(name, masked);
            hidden.extend(text.as_ref().and_then(Value::as_str).map(|text| (name, Secret::new(text.to_owned()))));
        }
        self.settle(attributes);
        hidden
    }

    /// Gives each value its one spelling.
    fn settle(&self, attributes: &mut Attributes) {
        for attribute in self.attributes.iter().filter(|attribute| attribute.shape.is_unordered()) {
            attributes.get_mut(attribute.name).into_iter().for_each(|value| attribute.shape.settle(value));
        }
    }

    /// The values with a secret in them, masked.
    pub fn masked(&self, mask: &Mask, attributes: &Attributes) -> Vec<(&'static str, Value)> {
        let masked = |attribute: &Attribute| {
            let value = attributes.get(attribute.name)?;
            if attribute.shape.is_unordered() {
                return Some((attribute.name, mask::records(mask, value)?));
            }
            let text = value.as_str().filter(|_| attribute.shape.is_free_text(value))?;
            match mask.text(text) {
                Cow::Owned(masked) => Some((attribute.name, mask::value(&masked))),
                Cow::Borrowed(_) => None,
            }
        };
        self.attributes.iter().filter_map(masked).collect()
    }

    /// Finds the resource in a successful answer to [`Wire::read`], with its secrets masked.
    pub fn decode_read(&self, address: &Address, response: &Response) -> Result<Option<LiveResource>, Undecodable> {
        let live = self.wire.decode_read(address, response)?;
        Ok(live.map(|mut live| {
            live.hidden = self.hide(&response.mask, &mut live.attributes);
            live
        }))
    }

    /// Named values as attributes of this kind, in the kind's order; a name that the kind does not have, or a value of
    /// another type, is refused with a sentence. The service may hold values that no chart could say.
    pub fn attributes_from(&self, mut named: IndexMap<String, Value>) -> Result<Attributes, String> {
        let mut attributes = Attributes::new();
        for attribute in self.attributes {
            if let Some(value) = named.shift_remove(attribute.name) {
                if !attribute.shape.is_type_of(&value) {
                    return Err(format!("`{}` of a {} cannot be {value}", attribute.name, self.name));
                }
                attributes.insert(attribute.name, value);
            }
        }
        match named.keys().next() {
            Some(extra) => Err(format!("a {} has no attribute `{extra}`", self.name)),
            None => {
                self.settle(&mut attributes);
                Ok(attributes)
            }
        }
    }
}

/// Each kind is one static, and so only equal to itself.
impl PartialEq for Kind {
    fn eq(&self, other: &Kind) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Kind {}

/// In the order of the registry.
impl Ord for Kind {
    fn cmp(&self, other: &Kind) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Kind) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// One attribute of a kind.
#[derive(Debug)]
pub struct Attribute {
    pub name: &'static str,
    pub role: Role,
    pub shape: Shape,
    /// What the service stores when a create request leaves it out, as the chart would write it.
    pub service_default: Preset,
    /// Whether a create request must name it, managed or not. Without a default of the service, so must the chart.
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
    /// Text of at most so many characters.
    Text(usize),
    OneOf(&'static [&'static str]),
    /// An address on the web without a name and a password in it.
    WebAddress,
    /// A UUID, or an empty text for none.
    Uuid,
    /// A whole number from one to the other.
    Number(u64, u64),
    /// Records in no order, each once: a text of at most so many characters, or a mapping of one of these keys to such a
    /// text. In attributes they are sorted, so that equal sets are equal values.
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
            (Shape::Number(least, most), Value::Number(number)) => {
                number.as_u64().is_some_and(|number| (least..=most).contains(&number))
            }
            (Shape::Records { keys, longest }, Value::Array(records)) => {
                records.iter().all(|record| is_record(record, keys, longest))
            }
            _ => false,
        }
    }

    /// Whether the service could hold this value: the documents grow, so only its type is fixed.
    pub fn is_type_of(self, value: &Value) -> bool {
        match self {
            Shape::Bool => value.is_boolean(),
            Shape::Text(_) | Shape::OneOf(_) | Shape::WebAddress | Shape::Uuid => mask::readable(value).is_some(),
            Shape::Number(..) => value.is_number(),
            Shape::Records { .. } => value.as_array().is_some_and(|records| {
                records.iter().all(|record| of_record(record).and_then(mask::readable).is_some())
            }),
        }
    }

    fn is_unordered(self) -> bool {
        matches!(self, Shape::Records { .. })
    }

    /// The one spelling of a value: what has no order is sorted, and holds nothing twice.
    pub(crate) fn settle(self, value: &mut Value) {
        if let (Shape::Records { .. }, Value::Array(records)) = (self, value) {
            records.sort_by_cached_key(Value::to_string);
            records.dedup();
        }
    }

    /// Whether this value is what somebody wrote as they liked, so that a secret may be in it. One of the values that
    /// portolan knows is not.
    fn is_free_text(self, value: &Value) -> bool {
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
    let is_known = record.as_object().is_none_or(|fields| fields.keys().all(|key| keys.contains(&key.as_str())));
    let text = of_record(record).and_then(Value::as_str);
    is_known && text.is_some_and(|text| text.chars().count() <= longest)
}

/// Whether a text is what [`Shape::WebAddress`] asks for.
pub fn is_web_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let is_plain = |host: &str| !host.is_empty() && !host.contains('@');
    text.len() <= LONGEST_ADDRESS && host.is_some_and(is_plain) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether a text is what [`Shape::Uuid`] asks for: 32 hexadecimal digits, with or without dashes.
pub fn is_uuid(text: &str) -> bool {
    let digits = text.bytes().filter(|byte| byte.is_ascii_hexdigit()).count();
    let dashes: Vec<usize> = text.match_indices('-').map(|(at, _)| at).collect();
    let is_form = dashes.is_empty() || dashes == [8, 13, 18, 23];
    text.is_empty() || (digits == 32 && text.len() == 32 + dashes.len() && is_form)
}

/// A resource as requests name it: by its address, and by the number that the service gave it, in kinds that have one.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub address: &'a Address,
    pub number: Option<RemoteId>,
}

/// How live resources of a kind are found.
#[derive(Debug)]
pub enum Listing {
    /// All of a region: in one answer, or so many a page at most. Pages overlap or shrink when somebody
    /// writes meanwhile.
    PerRegion {
        page_size: Option<usize>,
        request: fn(region: &Arc<str>, window: Window) -> Request,
        decode: fn(region: &Arc<str>, response: &Response) -> Result<Page, Undecodable>,
    },
    /// One answer for each resource of the parent kind.
    PerParent {
        request: fn(parent: &Address) -> Request,
        decode: fn(parent: &Address, response: &Response) -> Result<Page, Undecodable>,
    },
    /// At most one for each resource of the parent kind, and so with the parent's key. The read of it is its list too.
    Single,
    /// One answer for each resource that the chart names, under a number. The number stands in the chart, or in a list
    /// of all that could be meant.
    PerNumber {
        page_size: usize,
        request: fn(region: &Arc<str>, window: Window) -> Request,
        decode: fn(response: &Response) -> Result<Page<Candidate>, Undecodable>,
    },
}

/// The list of what lives in a resource, in pages.
#[derive(Debug, Clone, Copy)]
pub struct Contents {
    pub page_size: usize,
    /// May show more than what lives in there.
    pub request: fn(of: &Address, window: Window) -> Request,
    pub decode: fn(region: &Arc<str>, response: &Response) -> Result<Page, Undecodable>,
}

/// Something that a resource of the chart could be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub number: RemoteId,
    /// The parts of the key behind the region.
    pub key: Vec<String>,
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub offset: usize,
    pub limit: usize,
}

impl Window {
    /// The beginning of a list.
    pub fn first(limit: usize) -> Window {
        Window { offset: 0, limit }
    }

    /// The offset behind it.
    pub fn end(self) -> usize {
        self.offset.saturating_add(self.limit)
    }
}

/// What one list answer holds.
#[derive(Debug)]
pub struct Page<T = (Address, LiveResource)> {
    pub items: Vec<T>,
    /// How many items the answer held, strange ones included: what decides whether another page follows.
    pub length: usize,
    /// How many the service says there are in all.
    pub total: Option<usize>,
    /// The account that the items belong to, where the answer tells.
    pub account: Option<String>,
    /// Why the answer may not be the whole truth.
    pub doubt: Option<String>,
}

impl<T> Default for Page<T> {
    fn default() -> Page<T> {
        Page { items: Vec::new(), length: 0, total: None, account: None, doubt: None }
    }
}

impl Page {
    /// The same with the secrets of the items masked.
    pub fn hidden(mut self, mask: &Mask) -> Page {
        for (address, live) in &mut self.items {
            live.hidden = address.kind().hide(mask, &mut live.attributes);
        }
        self
    }
}

/// The wire translation of a kind: pure functions between values.
pub trait Wire: Sync {
    /// The one request that shows the resource, alone or among its siblings.
    fn read(&self, subject: Subject<'_>) -> Request;
    /// Finds the resource in a successful answer to [`Wire::read`], as it is: [`Kind::decode_read`] masks it.
    fn decode_read(&self, address: &Address, response: &Response) -> Result<Option<LiveResource>, Undecodable>;
    fn create(&self, subject: Subject<'_>, after: &Attributes) -> Request;
    /// What of `after` is there after [`Wire::create`]. Where that is not all, an update follows; so it must be all of a
    /// kind with [`Identity::Told`], whose number is not known yet.
    fn created(&self, after: &Attributes) -> Attributes {
        after.clone()
    }
    /// `None`: the kind cannot be changed in place. `after` holds every attribute.
    fn update(&self, subject: Subject<'_>, after: &Attributes) -> Option<Request>;
    /// `None`: the service offers no way to delete it.
    fn delete(&self, subject: Subject<'_>) -> Option<Request>;
    /// What a refusal of a write means, where the service's own words do not say.
    fn explain(&self, error: &ApiError) -> Option<&'static str>;
}

/// A successful answer whose content is not what the API describes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct Undecodable {
    pub expected: &'static str,
    pub found: String,
}

/// How much of a body is shown.
const SHOWN: usize = 120;

impl Undecodable {
    fn new(expected: &'static str, response: &Response) -> Undecodable {
        Undecodable::within(expected, response, &response.body)
    }

    /// About a part of the body.
    fn within(expected: &'static str, response: &Response, part: &[u8]) -> Undecodable {
        let found = match part {
            [] => "an empty body".to_owned(),
            body => format!("`{}`", Foreign::body(&response.mask, body, SHOWN)),
        };
        Undecodable { expected, found }
    }
}

/// Parses a body that should be JSON.
fn json<T: serde::de::DeserializeOwned>(response: &Response, expected: &'static str) -> Result<T, Undecodable> {
    serde_json::from_slice(&response.body).map_err(|_| Undecodable::new(expected, response))
}

/// Escapes one path segment; a `/` becomes `$`, as the API asks for repository names.
fn segment(name: &str) -> String {
    let parts: Vec<String> = name.split('/').map(|part| utf8_percent_encode(part, RESERVED).to_string()).collect();
    parts.join("$")
}

#[cfg(test)]
mod tests;
