//! Facts: counts that a read returns beside the attributes of a resource. Documents use their names
//! as keys.

use serde::{Serialize, Serializer};

use super::REGISTRY;

/// The largest number of facts of one resource: one for what it contains, one for its blocking
/// children.
const MOST: usize = 2;

/// A count.
#[derive(Debug)]
pub struct Fact {
    /// Its key in documents.
    pub name: &'static str,
    /// The noun for what is counted: `images`.
    pub things: &'static str,
}

impl Fact {
    /// Facts with only this count.
    pub fn count(&'static self, number: u64) -> Facts {
        Facts([Some((self, number)), None])
    }
}

/// Each fact is one static, so identity is equality.
impl PartialEq for Fact {
    fn eq(&self, other: &Fact) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Fact {}

/// The facts of all kinds: first what resources contain, then what blocks their deletion.
pub fn all() -> impl Iterator<Item = &'static Fact> {
    let held = REGISTRY
        .iter()
        .filter_map(|kind| kind.holds)
        .map(|holds| holds.fact);
    held.chain(
        REGISTRY
            .iter()
            .filter_map(|kind| kind.blocks_parent)
            .map(|block| block.fact),
    )
}

/// The known facts of one resource. An array, because a plan holds one for each of up to 100,000
/// resources, and a map would allocate for each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts([Option<(&'static Fact, u64)>; MOST]);

impl Facts {
    pub fn get(&self, fact: &Fact) -> Option<u64> {
        self.iter()
            .find(|(known, _)| *known == fact)
            .map(|(_, number)| number)
    }

    /// Sets a count. Returns `false` if the resource already has the largest number of facts.
    #[must_use]
    pub fn insert(&mut self, fact: &'static Fact, number: u64) -> bool {
        let is_place =
            |place: &&mut Option<(&Fact, u64)>| place.is_none_or(|(known, _)| known == fact);
        // Places are filled from the front, so a known fact is found before a free place.
        let place = self.0.iter_mut().find(is_place);
        place.map(|place| *place = Some((fact, number))).is_some()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'static Fact, u64)> {
        self.0.into_iter().flatten()
    }
}

/// A mapping from names to counts.
impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(fact, number)| (fact.name, number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_has_room_for_its_facts() {
        static ONE: Fact = Fact {
            name: "one",
            things: "ones",
        };
        static OTHER: Fact = Fact {
            name: "other",
            things: "others",
        };
        static THIRD: Fact = Fact {
            name: "third",
            things: "thirds",
        };
        let mut facts = ONE.count(1);
        assert!(facts.insert(&OTHER, 2) && facts.insert(&ONE, 3) && !facts.insert(&THIRD, 4));
        assert_eq!(
            (facts.get(&ONE), facts.get(&OTHER), facts.get(&THIRD)),
            (Some(3), Some(2), None)
        );
        assert_eq!(
            serde_json::to_string(&facts).unwrap(),
            r#"{"one":3,"other":2}"#
        );
        // A plan of 100,000 repositories holds as many of these.
        assert_eq!(size_of::<Facts>(), 32);
    }
}
