//! The managed kinds: each one's key, attributes and wire translation stand in a file of its own.
//!
//! Decoder, schema, diff, plan and renderers read these tables and know no kind by name. The
//! functions here turn values into requests and answers into values; sending is `transport`'s work.
//! Adding a kind is one file and one line in [`REGISTRY`].

mod attribute;
pub mod fact;
mod listing;
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
    ActionRisk, Fills, Hazard, Holds, Id, Identity, Lack, Lifecycle, Numbered, Runs, Unmentioned,
    Verb,
};
pub use self::{
    attribute::{Attribute, LONGEST_ADDRESS, Preset, Role, Shape, is_uuid, is_web_address},
    listing::{Candidate, Contents, Listing, Page, Window},
};
use crate::{
    address::Address,
    mask::{self, Foreign, Hidden, Mask},
    names::Name,
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

/// The kind that a chart begins with, and that a name at the top means where nothing says
/// otherwise.
pub fn first() -> &'static Kind {
    REGISTRY[0]
}

/// The kind of that name.
pub fn find(name: &str) -> Option<&'static Kind> {
    REGISTRY.iter().copied().find(|kind| kind.name == name)
}

/// The codes of errors that a waiver lifts: the chart could never be reached, and its author may
/// know better.
pub fn waivable_errors() -> impl Iterator<Item = &'static str> {
    REGISTRY
        .iter()
        .filter_map(|kind| kind.place.waivable_error())
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
        REGISTRY
            .iter()
            .position(|kind| *kind == self)
            .unwrap_or(REGISTRY.len())
    }

    /// The address with that key.
    pub fn address<const N: usize>(&'static self, key: [&str; N]) -> Address {
        Address::new(self, key.map(Arc::from).into())
    }

    /// The address of an entry below that region and those parts; nothing, if the name has too few
    /// of them.
    pub fn named(
        &'static self,
        above: impl Iterator<Item = Arc<str>>,
        name: &str,
    ) -> Option<Address> {
        let mut key = Vec::with_capacity(self.key.len());
        key.extend(above);
        let own = self.key.len().checked_sub(key.len())?;
        key.extend(name.splitn(own, '/').map(Arc::<str>::from));
        (key.len() == self.key.len()).then(|| Address::new(self, key))
    }

    /// The kinds that live in it.
    pub fn children(&'static self) -> impl Iterator<Item = &'static Kind> {
        REGISTRY
            .iter()
            .copied()
            .filter(move |child| child.parent == Some(self))
    }

    /// The kind that must be gone before one of this kind can be deleted.
    pub fn filled_by(&'static self) -> Option<&'static Fills> {
        self.children().find_map(|child| child.fills)
    }

    /// The attribute that exposes what is live to strangers.
    pub fn exposing(&self) -> Option<&'static Attribute> {
        let exposes = |attribute: &&Attribute| {
            attribute
                .hazard
                .as_ref()
                .is_some_and(|hazard| hazard.class == RiskClass::Exposes)
        };
        self.attributes.iter().find(exposes)
    }

    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
    }

    /// Puts masks where a value holds a secret; what is behind them comes back, but for what is in
    /// a record: such a value cannot be written.
    pub fn hide(&self, mask: &Mask, attributes: &mut Attributes) -> Hidden {
        let mut hidden = Hidden::new();
        for (name, masked) in self.masked(mask, attributes) {
            let text = attributes.insert(name, masked);
            hidden.extend(
                text.as_ref()
                    .and_then(Value::as_str)
                    .map(|text| (name, Secret::new(text.to_owned()))),
            );
        }
        self.settle(attributes);
        hidden
    }

    /// Gives each value its one spelling.
    fn settle(&self, attributes: &mut Attributes) {
        for attribute in self
            .attributes
            .iter()
            .filter(|attribute| attribute.shape.is_unordered())
        {
            attributes
                .get_mut(attribute.name)
                .into_iter()
                .for_each(|value| attribute.shape.settle(value));
        }
    }

    /// The values with a secret in them, masked.
    pub fn masked(&self, mask: &Mask, attributes: &Attributes) -> Vec<(&'static str, Value)> {
        let masked = |attribute: &Attribute| {
            let value = attributes.get(attribute.name)?;
            if attribute.shape.is_unordered() {
                return Some((attribute.name, mask::records(mask, value)?));
            }
            let text = value
                .as_str()
                .filter(|_| attribute.shape.is_free_text(value))?;
            match mask.text(text) {
                Cow::Owned(masked) => Some((attribute.name, mask::value(&masked))),
                Cow::Borrowed(_) => None,
            }
        };
        self.attributes.iter().filter_map(masked).collect()
    }

    /// Finds the resource in a successful answer to [`Wire::read`], with its secrets masked.
    pub fn decode_read(
        &self,
        address: &Address,
        response: &Response,
    ) -> Result<Option<LiveResource>, Undecodable> {
        let live = self.wire.decode_read(address, response)?;
        Ok(live.map(|mut live| {
            live.hidden = self.hide(&response.mask, &mut live.attributes);
            live
        }))
    }

    /// Named values as attributes of this kind, in the kind's order; a name that the kind does not
    /// have, or a value of another type, is refused with a sentence. The service may hold values
    /// that no chart could say.
    pub fn attributes_from(
        &self,
        mut named: IndexMap<String, Value>,
    ) -> Result<Attributes, String> {
        let mut attributes = Attributes::new();
        for attribute in self.attributes {
            if let Some(value) = named.shift_remove(attribute.name) {
                if !attribute.shape.is_type_of(&value) {
                    return Err(format!(
                        "`{}` of a {} cannot be {value}",
                        attribute.name, self.name
                    ));
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

/// A resource as requests name it: by its address, and by the number that the service gave it, in
/// kinds that have one.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub address: &'a Address,
    pub number: Option<RemoteId>,
}

/// The wire translation of a kind: pure functions between values.
pub trait Wire: Sync {
    /// The one request that shows the resource, alone or among its siblings.
    fn read(&self, subject: Subject<'_>) -> Request;
    /// Finds the resource in a successful answer to [`Wire::read`], as it is: [`Kind::decode_read`]
    /// masks it.
    fn decode_read(
        &self,
        address: &Address,
        response: &Response,
    ) -> Result<Option<LiveResource>, Undecodable>;
    fn create(&self, subject: Subject<'_>, after: &Attributes) -> Request;
    /// What of `after` is there after [`Wire::create`]. Where that is not all, an update follows;
    /// so it must be all of a kind with [`Identity::Told`], whose number is not known yet.
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
fn json<T: serde::de::DeserializeOwned>(
    response: &Response,
    expected: &'static str,
) -> Result<T, Undecodable> {
    serde_json::from_slice(&response.body).map_err(|_| Undecodable::new(expected, response))
}

/// Escapes one path segment; a `/` becomes `$`, as the API asks for repository names.
fn segment(name: &str) -> String {
    let parts: Vec<String> = name
        .split('/')
        .map(|part| utf8_percent_encode(part, RESERVED).to_string())
        .collect();
    parts.join("$")
}

#[cfg(test)]
mod tests;
