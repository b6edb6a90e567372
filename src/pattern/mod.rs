//! Patterns for addresses: `*` matches within a segment, `**` across segments. A `**` between
//! slashes matches one or more segments: `team-a/**` matches the contents of the organization, not
//! the organization.
//!
//! A pattern for a region, an organization or a repository also covers the children. A printed
//! address is a pattern: a kind in front restricts it to that kind and its children, and what
//! follows the mark of a kind, such as ` -> REGION/ORGANIZATION`, to the resources of that kind with
//! these last parts. A text is parsed into a [`Written`] first: only the chart can tell a region
//! from an organization.

mod below;
mod index;
mod matching;
#[cfg(test)]
mod tests;
mod written;

use std::{borrow::Cow, collections::BTreeSet, fmt, iter::successors, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use self::matching::matches;
pub use self::{
    below::Below,
    index::Index,
    written::{Names, Problem, Written},
};
use crate::{
    address::{Address, printed},
    kind::{Kind, REGISTRY},
};

/// A pattern with its region. Two patterns are equal if they cover the same, even if they are
/// written differently.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    /// `None` for all kinds.
    kind: Option<&'static Kind>,
    /// The segments, starting with the region.
    place: String,
    /// What follows the mark of an address: a target, an account or a user. If there is one, there
    /// is a kind too, whose table has the mark.
    target: Option<String>,
}

impl Pattern {
    /// Whether the address or one of its ancestors matches.
    pub fn covers(&self, address: &Address) -> bool {
        // A pattern with escapes was copied from a printed address.
        self.covers_parts(address.kind(), &Parts::of(address, Cow::Borrowed))
            || (self.place.contains('\\')
                && self.covers_parts(address.kind(), &Parts::of(address, printed)))
    }

    fn covers_parts(&self, kind: &'static Kind, parts: &Parts) -> bool {
        // A pattern for a kind covers the children of that kind too.
        // Without a kind, the address itself is compared; `place_covers` goes up from there.
        let mut lineage = successors(Some(kind), |kind| kind.parent);
        let subject = match self.kind {
            Some(wanted) => lineage.find(|kind| kind.family() == wanted),
            None => lineage.next(),
        };
        let (Some(target), Some(rule)) = (&self.target, subject) else {
            return subject.is_some_and(|kind| self.place_covers(kind, parts));
        };
        matches(target, parts.between(rule.joined_parts(), rule.key.len()))
            && rule
                .parent
                .is_some_and(|parent| self.place_covers(parent, parts))
    }

    fn place_covers(&self, kind: &'static Kind, parts: &Parts) -> bool {
        successors(Some(kind), |kind| kind.parent)
            .any(|kind| matches(&self.place, parts.first(kind.key.len())))
    }

    /// The kind that it is for, if it names one.
    pub(crate) fn kind(&self) -> Option<&'static Kind> {
        self.kind
    }

    /// Whether the pattern is for one of these kinds.
    pub(crate) fn names_kind_of(&self, kinds: &BTreeSet<&'static Kind>) -> bool {
        self.kind.is_some_and(|kind| kinds.contains(kind))
    }

    /// Whether the pattern names children of the resource that are read separately. Whether such
    /// children are live is unknown before they are read.
    pub fn names_children_of(&self, parent: &Address) -> bool {
        let (kind, parts) = (parent.kind(), Parts::of(parent, Cow::Borrowed));
        // Without a kind, `team-a/web` means a repository, and not a user in an unread list.
        let is_meant = |child: &Kind| self.kind.is_some() || child.is_protectable();
        let is_child = |child: &Kind| child.parent == Some(kind) && is_meant(child);
        let mut children = REGISTRY
            .iter()
            .filter(|child| is_child(child) && child.is_read_per_parent());
        children.any(|child| match self.kind {
            Some(wanted) if wanted != child.family() => false,
            Some(_) if self.place_covers(kind, &parts) => true,
            _ if self.target.is_some() || self.place.contains("**") => false,
            _ => {
                // Without `**` each segment is one part of the address: without the last ones, the
                // place is a pattern for the parent.
                let own = child.key.len() - kind.key.len();
                let place = self.place.rsplitn(own + 1, '/').nth(own);
                place.is_some_and(|place| matches(place, parts.first(kind.key.len())))
            }
        })
    }

    /// Whether the pattern is for the contents of the resource, whose name it gives without a `*`.
    pub(crate) fn is_inside(&self, top: &Address) -> bool {
        let mut segments = self.place.splitn(3, '/');
        let names = |region: &str, name: &str| {
            matches(region, top.region()) && top.parts().get(1).is_some_and(|own| **own == *name)
        };
        match (segments.next(), segments.next(), segments.next()) {
            (Some(region), Some(name), Some(_)) => names(region, name),
            _ => false,
        }
    }

    /// Whether the pattern has a `*`, so that it may be meant for future resources.
    pub(crate) fn is_open(&self) -> bool {
        self.text.contains('*')
    }

    /// The region, unless it has a `*`.
    pub fn region(&self) -> Option<&str> {
        self.place
            .split('/')
            .next()
            .filter(|region| !region.contains('*'))
    }

    /// The segments, starting with the region.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The same pattern with another place.
    #[must_use]
    pub fn at(&self, place: String) -> Pattern {
        let mut pattern = Pattern {
            place,
            ..self.clone()
        };
        // The text as written belongs to the old place.
        pattern.text = pattern.full();
        pattern
    }

    /// The full form, which means the same in every context: with the region, and with the kind if
    /// there is one.
    pub fn full(&self) -> String {
        let kind = self
            .kind
            .map_or_else(String::new, |kind| format!("{} ", kind.name));
        format!(
            "{kind}{}{}",
            self.place,
            marked(self.kind, self.target.as_deref())
        )
    }
}

/// The end of a pattern: the mark of the kind and what follows it, if there is that.
fn marked(kind: Option<&Kind>, target: Option<&str>) -> String {
    let mark = kind.and_then(|kind| kind.tail).map_or("", |tail| tail.mark);
    target.map_or_else(String::new, |target| format!("{mark}{target}"))
}

/// The parts of an address, joined with `/`. The parts of an ancestor are a prefix of them.
struct Parts {
    text: String,
    ends: Vec<usize>,
}

impl Parts {
    fn of<'a>(address: &'a Address, form: fn(&'a str) -> Cow<'a, str>) -> Parts {
        let parts = address.parts();
        let mut joined = Parts {
            text: String::with_capacity(parts.iter().map(|part| part.len() + 1).sum()),
            ends: Vec::with_capacity(parts.len()),
        };
        let kind = address.kind();
        for (at, part) in parts.iter().enumerate() {
            if !joined.ends.is_empty() {
                joined.text.push('/');
            }
            let text = form(part);
            if kind.ignores_case() && at >= kind.joined_parts() {
                joined.text.push_str(&text.to_ascii_lowercase());
            } else {
                joined.text.push_str(&text);
            }
            joined.ends.push(joined.text.len());
        }
        joined
    }

    fn first(&self, count: usize) -> &str {
        self.between(0, count)
    }

    fn between(&self, first: usize, end: usize) -> &str {
        let start = first
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .map_or(0, |end| end + 1);
        let end = end
            .checked_sub(1)
            .and_then(|last| self.ends.get(last))
            .copied()
            .unwrap_or_default();
        self.text.get(start..end).unwrap_or_default()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        let name = |pattern: &Pattern| pattern.kind.map(|kind| kind.name);
        name(self) == name(other) && self.place == other.place && self.target == other.target
    }
}

impl Eq for Pattern {}

/// The text as written.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Parses the full form, which always starts with the region.
impl FromStr for Pattern {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Pattern, Problem> {
        text.parse::<Written>().map(Written::full)
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.full())
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pattern, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}
