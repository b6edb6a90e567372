//! The managed kinds. Each has one file, with its key, attributes and wire translation.
//!
//! Decoder, schema, diff, plan and renderers read these tables and name no kind. The functions here
//! turn values into requests and responses into values; `transport` sends them. To add a kind, add
//! one file and one line in `ALL`.

pub mod access;
mod attribute;
pub mod collects;
pub mod copying;
pub mod fact;
mod listing;
pub mod mirror;
pub mod organization;
pub mod place;
#[cfg(test)]
pub mod probes;
pub mod repository;
pub mod retention;
pub mod share;
pub mod sync_rule;
mod table;
pub mod tag;

use std::{borrow::Cow, cmp::Ordering, fmt, sync::Arc};

use indexmap::IndexMap;
use percent_encoding::utf8_percent_encode;
use serde_json::Value;

pub use self::table::{
    ActionRisk, BlocksParent, Hazard, Holds, IdField, Identity, Lifecycle, Lookup, Named, Naming,
    Runs, Sizes, Step, Tail, Unmentioned, Unrepairable, Verb,
};
pub use self::{
    attribute::{Attribute, LONGEST_ADDRESS, Preset, REGEXP, Role, Shape, is_uuid, is_web_address},
    listing::{Candidate, ContentList, Item, ItemList, Listing, Page, Parents, Window},
};
use self::{collects::Collects, copying::Copying, place::Place};
use crate::{
    address::Address,
    mask::{self, Foreign, Hidden, Mask},
    names::Name,
    risk::RiskClass,
    state::{Attributes, LiveResource, RemoteId},
    wire::{RESERVED, Request, Response, Service, error::ApiError, secret::Secret},
};

/// Parents come first. The position also orders resources that have the same key.
pub static REGISTRY: &[&Kind] = ALL;

/// The number of kinds.
pub(crate) const COUNT: usize = ALL.len();

const ALL: &[&Kind] = &[
    &organization::ORGANIZATION,
    &repository::REPOSITORY,
    &sync_rule::SYNC_RULE,
    &retention::RETENTION,
    &access::OF_ORGANIZATION,
    &access::OF_REPOSITORY,
    &share::SHARE,
    &mirror::MIRROR,
    #[cfg(test)]
    &probes::cleanup::CLEANUP,
    #[cfg(test)]
    &probes::member::OF_ORGANIZATION,
    #[cfg(test)]
    &probes::member::OF_REPOSITORY,
];

/// The kind at the root of a chart. A name at the top of a chart or pattern means this kind unless
/// something else is written.
pub fn first() -> &'static Kind {
    REGISTRY[0]
}

/// Finds a kind by its name; the first of several.
pub fn find(name: &str) -> Option<&'static Kind> {
    REGISTRY.iter().copied().find(|kind| kind.name == name)
}

/// Finds a kind by its name and by the parts of its key that an address has.
pub(crate) fn find_with(name: &str, has: impl Fn(&str) -> bool) -> Option<&'static Kind> {
    // Kinds of one name differ in their parents: the deepest whose parts are all there is meant.
    let mut named = REGISTRY.iter().copied().filter(|kind| kind.name == name);
    let complete = named
        .clone()
        .filter(|kind| kind.key.iter().all(|part| has(part)))
        .max_by_key(|kind| kind.key.len());
    complete.or_else(|| named.next())
}

/// The codes of errors that a waiver can lift: the plan could never converge to such a chart, but
/// its author may know better.
pub(crate) fn waivable_errors() -> impl Iterator<Item = &'static str> {
    REGISTRY
        .iter()
        .filter_map(|kind| kind.place.waivable_error())
}

/// One managed kind.
pub struct Kind {
    pub name: &'static str,
    /// The service that hosts the resources.
    pub service: Service,
    /// The names of the key's parts. The region is the first.
    pub key: &'static [&'static str],
    /// What a chart may write for each part. The parts behind the last of these form one name.
    pub names: &'static [Name],
    /// The last parts of the key, if an address prints them behind a mark and not behind a `/`.
    pub tail: Option<&'static Tail>,
    pub parent: Option<&'static Kind>,
    pub place: Place,
    pub attributes: &'static [Attribute],
    pub lifecycle: Lifecycle,
    /// Risks of its actions that do not depend on attributes.
    pub risks: &'static [ActionRisk],
    /// Set if the service deletes what the parent contains because of a resource of this kind.
    pub collects: Option<&'static Collects>,
    /// Set if a resource of this kind makes the service copy what the parent contains.
    pub copying: Option<&'static Copying>,
    /// What a resource contains that is not a managed resource, such as images.
    pub holds: Option<&'static Holds>,
    /// Set if a parent can be deleted only when it has none of these.
    pub blocks_parent: Option<&'static BlocksParent>,
    /// What happens to a live resource that the chart does not mention.
    pub unmentioned: Unmentioned,
    /// The resource that the service creates by itself because a resource of this kind exists.
    pub expected_copy: Option<fn(&Address) -> Option<Address>>,
    /// A note for the plan about a new resource, from the number of things that its parent holds.
    pub note_on_creation: Option<fn(held: u64) -> String>,
    pub identity: Identity,
    /// How it is run, if it can be.
    pub runs: Option<&'static Runs>,
    pub listing: Listing,
    /// The name of the account's quota that counts these in a region, if there is one.
    pub quota: Option<&'static str>,
    /// Error codes of a delete that mean "already gone", beside the common ones.
    pub gone_codes: &'static [&'static str],
    /// Error codes of a read that mean "does not exist", beside the common ones.
    pub absent_codes: &'static [&'static str],
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

    /// The address of a chart entry called `name` below `parents` (the region first). `None` if the
    /// name has too few parts.
    pub fn named(
        &'static self,
        above: impl Iterator<Item = Arc<str>>,
        name: &str,
    ) -> Option<Address> {
        let mut key = Vec::with_capacity(self.key.len());
        key.extend(above);
        let own = self.key.len().checked_sub(key.len())?;
        // Not `split`: the last part of a name may itself contain `/`.
        key.extend(name.splitn(own, '/').map(Arc::<str>::from));
        (key.len() == self.key.len()).then(|| Address::new(self, key))
    }

    /// The kinds whose parent this is.
    pub fn children(&'static self) -> impl Iterator<Item = &'static Kind> {
        REGISTRY
            .iter()
            .copied()
            .filter(move |child| child.parent == Some(self))
    }

    /// The child kind that must be gone before a resource of this kind can be deleted.
    pub fn blocked_by(&'static self) -> Option<&'static BlocksParent> {
        self.children().find_map(|child| child.blocks_parent)
    }

    /// The attribute that makes a resource public.
    pub(crate) fn exposing(&self) -> Option<&'static Attribute> {
        let exposes = |attribute: &&Attribute| {
            attribute
                .hazard
                .as_ref()
                .is_some_and(|hazard| hazard.class == RiskClass::Exposes)
        };
        self.attributes.iter().find(exposes)
    }

    /// What a chart may say of a resource: its attributes, and how portolan treats it.
    pub fn in_chart(&self) -> impl Iterator<Item = &'static Attribute> + use<> {
        let policy = self.copying.map(|copying| &copying.policy);
        self.attributes.iter().chain(policy)
    }

    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
    }

    /// Masks each value that holds a secret, and returns the originals for later writes. A secret
    /// inside a record is not returned: such a value cannot be written back.
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
        // After the masks, which change the texts by which a set is sorted.
        self.settle(attributes);
        hidden
    }

    /// Normalizes each value, so that equal values compare equal.
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

    /// The masked form of each value that holds a secret.
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

    /// Decodes a successful response to [`Wire::read`], and masks its secrets.
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

    /// Converts named values to attributes of this kind, in the kind's order. Unknown names and
    /// values of another type are refused with a message. Only the type is checked: the service may
    /// hold values that a chart could not.
    pub(crate) fn attributes_from(
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

/// Each kind is one static, so identity is equality.
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

/// A resource as requests refer to it: its address, and its id if the service assigns one.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub address: &'a Address,
    pub id: Option<RemoteId>,
}

/// The wire translation of a kind: pure functions between values.
pub trait Wire: Sync {
    /// The one request that returns the resource, alone or among its siblings.
    fn read(&self, subject: Subject<'_>) -> Request;
    /// Decodes a successful response to [`Wire::read`], without masks. Callers use
    /// [`Kind::decode_read`], which masks.
    fn decode_read(
        &self,
        address: &Address,
        response: &Response,
    ) -> Result<Option<LiveResource>, Undecodable>;
    fn create(&self, subject: Subject<'_>, after: &Attributes) -> Request;
    /// The part of `after` that [`Wire::create`] sets; an update sends the rest. It must be all of
    /// `after` for [`Identity::Assigned`]: no update is possible before the id is known.
    fn created(&self, after: &Attributes) -> Attributes {
        after.clone()
    }
    /// `None` if the kind cannot be changed in place. `after` holds every attribute.
    fn update(&self, subject: Subject<'_>, after: &Attributes) -> Option<Request>;
    /// `None` if the service has no request to delete it.
    fn delete(&self, subject: Subject<'_>) -> Option<Request>;
    /// [`Wire::delete`] with the attributes before it, for kinds whose requests need one of them.
    fn delete_known(&self, subject: Subject<'_>, _before: &Attributes) -> Option<Request> {
        self.delete(subject)
    }
    /// Deletes that must go before [`Wire::delete`], where the service holds several objects for
    /// the one resource with these attributes.
    fn delete_first(
        &self,
        _subject: Subject<'_>,
        _before: &Attributes,
    ) -> Vec<(Request, Attributes)> {
        Vec::new()
    }
    /// What a refused write means, where the message of the service does not make it clear.
    fn explain(&self, error: &ApiError) -> Option<&'static str>;
}

/// A successful response with another body than the API documents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct Undecodable {
    pub expected: &'static str,
    pub found: String,
}

/// The longest part of a body that an error shows, in characters.
const MAX_SHOWN: usize = 120;

impl Undecodable {
    fn new(expected: &'static str, response: &Response) -> Undecodable {
        Undecodable::within(expected, response, &response.body)
    }

    /// As [`Undecodable::new`], but shows only this part of the body.
    fn within(expected: &'static str, response: &Response, part: &[u8]) -> Undecodable {
        let found = match part {
            [] => "an empty body".to_owned(),
            body => format!("`{}`", Foreign::body(&response.mask, body, MAX_SHOWN)),
        };
        Undecodable { expected, found }
    }
}

/// Parses a body that should be JSON.
fn json<T: serde::de::DeserializeOwned>(
    response: &Response,
    expected: &'static str,
) -> Result<T, Undecodable> {
    // Not the error of serde, which may quote a part of the body without masks.
    serde_json::from_slice(&response.body).map_err(|_| Undecodable::new(expected, response))
}

/// Escapes one path segment. The API wants `$` for a `/` in a repository's name.
fn segment(name: &str) -> String {
    let parts: Vec<String> = name
        .split('/')
        .map(|part| utf8_percent_encode(part, RESERVED).to_string())
        .collect();
    // The gateway does not find the path if the slash is sent as it is (swr-api: section 2.4). No
    // name contains a `$`.
    parts.join("$")
}

#[cfg(test)]
mod tests;
