//! Facts: counts that a read brings beside the values of a resource. Documents call them by their
//! names.

use serde::{Serialize, Serializer};

use super::REGISTRY;

/// The most facts that one resource has: what it holds, and what fills it.
const MOST: usize = 2;

/// A count.
#[derive(Debug)]
pub struct Fact {
    /// What documents call it.
    pub name: &'static str,
    /// What is counted: `images`.
    pub things: &'static str,
}

impl Fact {
    /// The facts of a resource of which this count alone is known.
    pub fn count(&'static self, number: u64) -> Facts {
        Facts([Some((self, number)), None])
    }
}

/// Each fact is one static, and so only equal to itself.
impl PartialEq for Fact {
    fn eq(&self, other: &Fact) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Fact {}

/// All facts of all kinds: what resources hold, then what fills them.
pub fn all() -> impl Iterator<Item = &'static Fact> {
    let held = REGISTRY
        .iter()
        .filter_map(|kind| kind.holds)
        .map(|holds| holds.fact);
    held.chain(
        REGISTRY
            .iter()
            .filter_map(|kind| kind.fills)
            .map(|fills| fills.fact),
    )
}

/// What is known of one resource. There are many of these, so it needs no room of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts([Option<(&'static Fact, u64)>; MOST]);

impl Facts {
    pub fn get(&self, fact: &Fact) -> Option<u64> {
        self.iter()
            .find(|(known, _)| *known == fact)
            .map(|(_, number)| number)
    }

    /// Adds a count, or puts it in the place of the one before. False: a resource has no more facts
    /// than these.
    #[must_use]
    pub fn insert(&mut self, fact: &'static Fact, number: u64) -> bool {
        let is_place =
            |place: &&mut Option<(&Fact, u64)>| place.is_none_or(|(known, _)| known == fact);
        let place = self.0.iter_mut().find(is_place);
        place.map(|place| *place = Some((fact, number))).is_some()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'static Fact, u64)> {
        self.0.into_iter().flatten()
    }
}

/// Numbers by name.
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
        // What counts 100,000 repositories must not need much.
        assert_eq!(size_of::<Facts>(), 32);
    }
}
