//! Addresses of resources: a kind and the parts of its key.
//!
//! Parts are stored separately. A repository's name may contain `/`, so an address is printed by
//! joining its parts, but never parsed by splitting a text. Ids that a service assigns are not part
//! of an address.

use std::{
    borrow::Cow,
    cmp::Ordering,
    collections::{BTreeMap, btree_map},
    fmt,
    hash::{Hash, Hasher},
    iter::Peekable,
    sync::Arc,
};

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeMap};

use crate::kind::{self, Kind};

/// A kind and its key, with the parts of [`Kind::key`]. The first is always the region.
#[derive(Clone)]
pub struct Address {
    kind: &'static Kind,
    /// Shared, because addresses are copied often.
    key: Arc<[Arc<str>]>,
}

impl Address {
    /// `key` has the parts in the order of [`Kind::key`]. Use the constructors of the kinds, which
    /// ensure that.
    pub(crate) fn new(kind: &'static Kind, key: Vec<Arc<str>>) -> Address {
        debug_assert_eq!(
            kind.key.len(),
            key.len(),
            "a key part for each name of the kind"
        );
        Address {
            kind,
            key: key.into(),
        }
    }

    pub fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// The part of that name, if the kind has one.
    pub fn part(&self, name: &str) -> Option<&Arc<str>> {
        let index = self.kind.key.iter().position(|part| *part == name)?;
        self.key.get(index)
    }

    pub fn region(&self) -> &Arc<str> {
        &self.key[0]
    }

    /// The parts in the order of [`Kind::key`].
    pub fn parts(&self) -> &[Arc<str>] {
        &self.key
    }

    /// The address of the parent. Its key is a prefix of this one's.
    pub fn parent(&self) -> Option<Address> {
        let parent = self.kind.parent?;
        Some(Address {
            kind: parent,
            key: self.key[..parent.key.len()].into(),
        })
    }

    /// The region and the organization or project of this resource.
    pub fn organization(&self) -> &[Arc<str>] {
        &self.key[..self.key.len().min(2)]
    }

    /// The parts behind the mark: a target, an account or a user. Empty for most kinds.
    pub fn target(&self) -> &[Arc<str>] {
        &self.key[self.own_parts()..]
    }

    /// The parts as they are compared: the service may take two spellings of a name for one.
    fn folded(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let first = match self.kind.ignores_case() {
            true => self.own_parts(),
            false => self.key.len(),
        };
        self.key.iter().enumerate().map(move |(at, part)| {
            if at >= first {
                Cow::Owned(part.to_ascii_lowercase())
            } else {
                Cow::Borrowed(&**part)
            }
        })
    }

    fn cmp_folded(&self, other: &Address) -> Ordering {
        let order = self.folded().cmp(other.folded());
        order.then_with(|| self.kind.rank().cmp(&other.kind.rank()))
    }

    /// The parts after the parent's key: the name of the resource in its parent.
    fn own_parts(&self) -> usize {
        self.kind.joined_parts().min(self.key.len())
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Address) -> bool {
        self.kind == other.kind && (self.key == other.key || self.folded().eq(other.folded()))
    }
}

impl Eq for Address {}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Equal kinds are one static, so their names are equal too, as `Eq` demands.
        self.kind.name.hash(state);
        if self.kind.ignores_case() {
            self.folded().collect::<Vec<_>>().hash(state);
        } else {
            self.key.hash(state);
        }
    }
}

/// Looks up addresses in ascending order, so that two large maps are compared in one pass.
pub(crate) struct Ascending<'m, V> {
    rest: Peekable<btree_map::Iter<'m, Address, V>>,
}

impl<'m, V> Ascending<'m, V> {
    pub(crate) fn new(map: &'m BTreeMap<Address, V>) -> Ascending<'m, V> {
        Ascending {
            rest: map.iter().peekable(),
        }
    }

    /// The map's value. An address below an earlier one finds nothing.
    pub(crate) fn get(&mut self, address: &Address) -> Option<&'m V> {
        loop {
            // Not consumed when equal: the same address may be looked up again.
            let (next, value) = self.rest.peek()?;
            match (*next).cmp(address) {
                Ordering::Less => drop(self.rest.next()),
                Ordering::Equal => return Some(value),
                Ordering::Greater => return None,
            }
        }
    }

    pub(crate) fn holds(&mut self, address: &Address) -> bool {
        self.get(address).is_some()
    }
}

/// By key, so that children follow their parent, then by kind.
impl Ord for Address {
    fn cmp(&self, other: &Address) -> Ordering {
        if self.kind.ignores_case() || other.kind.ignores_case() {
            return self.cmp_folded(other);
        }
        for (one, another) in self.key.iter().zip(&*other.key) {
            // Siblings share the parts of their parent, and most comparisons are of siblings.
            let order = match Arc::ptr_eq(one, another) {
                true => Ordering::Equal,
                false => one.cmp(another),
            };
            if order.is_ne() {
                return order;
            }
        }
        let length = self.key.len().cmp(&other.key.len());
        length.then_with(|| self.kind.rank().cmp(&other.kind.rank()))
    }
}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Address) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Address {
    /// `sync_rule cn-north-4/team-a/web/frontend -> cn-east-3/team-a-dr`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name)?;
        for (position, part) in self.key.iter().enumerate() {
            f.write_str(match position {
                0 => " ",
                position if position == self.own_parts() => {
                    self.kind.tail.map_or("/", |tail| tail.mark)
                }
                _ => "/",
            })?;
            f.write_str(&printed(part))?;
        }
        Ok(())
    }
}

/// A part of a key, escaped: a live name may contain anything, and must not control the terminal.
pub fn printed(part: &str) -> Cow<'_, str> {
    if part.bytes().all(|byte| byte.is_ascii_graphic()) && crate::text::is_plain(part) {
        Cow::Borrowed(part)
    } else {
        Cow::Owned(crate::text::escaped(part))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1 + self.key.len()))?;
        map.serialize_entry("kind", self.kind.name)?;
        for (name, part) in self.kind.key.iter().zip(self.key.iter()) {
            map.serialize_entry(name, part)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
        let mut parts = IndexMap::<String, Arc<str>>::deserialize(deserializer)?;
        let name = parts
            .shift_remove("kind")
            .ok_or_else(|| D::Error::missing_field("kind"))?;
        let kind = kind::find_with(&name, |part| parts.contains_key(part))
            .ok_or_else(|| D::Error::custom(format_args!("unknown kind `{name}` in an address")))?;
        let key = kind
            .key
            .iter()
            .map(|part| {
                parts
                    .shift_remove(*part)
                    .ok_or_else(|| D::Error::missing_field(part))
            })
            .collect::<Result<Vec<_>, _>>()?;
        // A part that is ignored would make two different addresses of a file equal.
        match parts.keys().next() {
            Some(extra) => Err(D::Error::custom(format_args!(
                "a {name} has no part `{extra}`"
            ))),
            None => Ok(Address {
                kind,
                key: key.into(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use crate::kind::{organization, probes::member, repository, share, sync_rule};

    #[test]
    fn prints_as_people_call_it() {
        let repository = repository::address("cn-north-4", "team-a", "web/frontend");
        assert_eq!(
            repository.to_string(),
            "repository cn-north-4/team-a/web/frontend"
        );
        let rule = sync_rule::address(&repository, "cn-east-3", "team-a-dr");
        assert_eq!(
            rule.to_string(),
            "sync_rule cn-north-4/team-a/web/frontend -> cn-east-3/team-a-dr"
        );
        assert_eq!(rule.parent().unwrap(), repository);
        assert_eq!(
            repository.parent().unwrap(),
            organization::address("cn-north-4", "team-a")
        );
    }

    #[test]
    fn the_table_says_how_the_last_parts_are_printed() {
        let repository = repository::address("r", "o", "a/b");
        let member = member::address(&repository, "ada");
        assert_eq!(member.to_string(), "repository_member r/o/a/b: ada");
        assert_eq!(member.target(), ["ada".into()]);
        let member = member::address(&organization::address("r", "o"), "ada");
        assert_eq!(member.to_string(), "member r/o: ada");
        assert_eq!(
            serde_json::to_string(&member).unwrap(),
            r#"{"kind":"member","region":"r","organization":"o","user":"ada"}"#
        );
    }

    #[test]
    fn an_account_is_one_in_any_case() {
        let (one, other) = (
            repository::address("r", "o", "a"),
            repository::address("r", "o", "A"),
        );
        let [lower, upper, next] = ["co", "CO", "D"].map(|account| share::address(&one, account));
        assert_eq!(upper.to_string(), "share r/o/a => CO");
        assert_eq!(lower, upper);
        assert!(HashSet::from([lower.clone()]).contains(&upper));
        assert_ne!(lower, share::address(&other, "co"), "only in the account");
        let rule = sync_rule::address(&one, "CO", "x");
        let mut all = [&next, &rule, &upper, &one, &lower, &other];
        all.sort();
        // Between a folded key and one that is not, each is compared as it is.
        let sorted: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(
            sorted,
            [
                "repository r/o/A",
                "repository r/o/a",
                "sync_rule r/o/a -> CO/x",
                "share r/o/a => CO",
                "share r/o/a => co",
                "share r/o/a => D",
            ]
        );
    }

    #[test]
    fn a_live_name_cannot_control_the_terminal() {
        let strange = repository::address("r", "o", "a\u{1b}[31m\u{202e}");
        assert_eq!(strange.to_string(), "repository r/o/a\\u{1b}[31m\\u{202e}");
    }

    #[test]
    fn children_follow_their_parent() {
        let plain = repository::address("r", "o", "a");
        let nested = repository::address("r", "o", "a/b");
        let rule = sync_rule::address(&plain, "x", "y");
        let mut all = vec![
            nested.clone(),
            rule.clone(),
            plain.clone(),
            organization::address("r", "o"),
        ];
        all.sort();
        assert_eq!(all, [organization::address("r", "o"), plain, rule, nested]);
    }

    #[test]
    fn the_json_of_an_address_has_its_parts_and_is_read_back() {
        let rule = sync_rule::address(&repository::address("r", "o", "a/b"), "x", "y");
        let text = serde_json::to_string(&rule).unwrap();
        assert_eq!(
            text,
            r#"{"kind":"sync_rule","region":"r","organization":"o","repository":"a/b","target_region":"x","target_organization":"y"}"#
        );
        assert_eq!(serde_json::from_str::<super::Address>(&text).unwrap(), rule);
        for wrong in [
            r#"{"kind":"repository","region":"r","organization":"o"}"#,
            r#"{"kind":"organization","region":"r","organization":"o","repository":"x"}"#,
            r#"{"kind":"bucket","region":"r"}"#,
        ] {
            assert!(
                serde_json::from_str::<super::Address>(wrong).is_err(),
                "{wrong}"
            );
        }
    }
}
