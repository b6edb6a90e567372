//! The precondition of a change: checked against the live object right before the write.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    kind::{
        IdField, REGISTRY,
        collects::Count,
        fact::{self, Facts},
    },
    mask::shown,
    state::{LiveResource, RemoteId},
    text::escaped,
};

/// What the live object must be like right before the change.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "Document", into = "Document")]
pub struct Precondition {
    pub exists: bool,
    /// The live value of each attribute that the change sends.
    pub attributes: Map<String, Value>,
    /// For a change that lets the service delete what the parent contains: what must stay.
    pub stays: Option<Stays>,
    /// For a deletion: the resource contains at most what the reviewer saw.
    pub facts: Facts,
    /// The id that requests use. The name is not looked up again: it may belong to another object
    /// by then.
    pub id: Option<(&'static IdField, RemoteId)>,
}

/// What must stay in the parent of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stays {
    /// Everything.
    All,
    /// These, which the plan counted as staying. New ones may join, and go.
    #[serde(untagged)]
    Named(Vec<String>),
}

impl Stays {
    /// What would go although it must stay, as a message.
    pub(crate) fn check(&self, count: &Count, (one, many): (&str, &str)) -> Option<String> {
        let unsure = [&count.going, &count.doubtful, &count.instead];
        let unsure: BTreeSet<&str> = unsure.into_iter().flatten().map(String::as_str).collect();
        let (lost, all): (Vec<&str>, _) = match self {
            Stays::All => (count.going.iter().map(String::as_str).collect(), ""),
            Stays::Named(names) => {
                let may_go = |name: &&str| unsure.contains(name);
                (
                    names.iter().map(String::as_str).filter(may_go).collect(),
                    ", which the plan keeps,",
                )
            }
        };
        let first = lost.first()?;
        Some(match lost.len() {
            1 => format!("the {one} {}{all} would go now", escaped(first)),
            more => format!(
                "{more} {many}{all} would go now, such as {}",
                escaped(first)
            ),
        })
    }
}

/// The JSON form, with each fact under its own name.
#[derive(Serialize, Deserialize)]
struct Document {
    exists: bool,
    #[serde(default)]
    attributes: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stays: Option<Stays>,
    #[serde(flatten)]
    // A map, because the names are those of the kinds' tables. It also takes unknown keys, which
    // are refused below: an unknown condition could not be checked.
    counts: IndexMap<String, Option<u64>>,
}

impl From<Precondition> for Document {
    fn from(
        Precondition {
            exists,
            attributes,
            stays,
            facts,
            id,
        }: Precondition,
    ) -> Document {
        let facts = facts.iter().map(|(fact, number)| (fact.name, number));
        let id = id.map(|(id, number)| (id.name, number.into()));
        let counts = facts
            .chain(id)
            .map(|(name, number)| (name.to_owned(), Some(number)))
            .collect();
        Document {
            exists,
            attributes,
            stays,
            counts,
        }
    }
}

impl TryFrom<Document> for Precondition {
    type Error = String;

    fn try_from(
        Document {
            exists,
            attributes,
            stays,
            counts,
        }: Document,
    ) -> Result<Precondition, String> {
        let mut precondition = Precondition {
            exists,
            attributes,
            stays,
            ..Precondition::default()
        };
        for (name, number) in counts {
            let is_called = |known: &str| known == name;
            let fact = fact::all().find(|fact| is_called(fact.name));
            let id = REGISTRY
                .iter()
                .filter_map(|kind| kind.id())
                .find(|id| is_called(id.name));
            match (fact, id, number) {
                (None, None, _) => return Err(format!("unknown field `{name}` in a precondition")),
                // A null is read as an absent key, as earlier versions did.
                (_, _, None) => {}
                (Some(fact), _, Some(number)) => {
                    if !precondition.facts.insert(fact, number) {
                        return Err(format!("a precondition has too many counts: `{name}`"));
                    }
                }
                (None, Some(id), Some(number)) => {
                    precondition.id = Some((id, RemoteId::try_from(number)?));
                }
            }
        }
        Ok(precondition)
    }
}

impl Precondition {
    /// What changed since the plan was made, as messages. Empty if the precondition holds.
    pub fn check(&self, live: Option<&LiveResource>) -> Vec<String> {
        let Some(live) = live else {
            return if self.exists {
                vec!["it existed, but is gone now".to_owned()]
            } else {
                Vec::new()
            };
        };
        if !self.exists {
            return vec!["it did not exist, but exists now".to_owned()];
        }
        let mut changed = Vec::new();
        for (name, was) in &self.attributes {
            match live.attributes.get(name.as_str()) {
                Some(is) if is == was => {}
                Some(is) => {
                    changed.push(format!("{name} was {}, is {} now", shown(was), shown(is)));
                }
                None => changed.push(format!("{name} was {}, but cannot be read now", shown(was))),
            }
        }
        // A read that returns no id cannot contradict; the request itself used the planned one.
        if let (Some((id, was)), Some(is)) = (self.id, live.id)
            && u64::from(was) != is
        {
            changed.push((id.moved)(was, is));
        }
        for (fact, was) in self.facts.iter() {
            match live.facts.get(fact) {
                // Fewer is fine: then the deletion destroys less than the reviewer saw.
                Some(is) if is > was => {
                    changed.push(format!("it had {was} {}, has {is} now", fact.things));
                }
                // An omitted count may be anything, so the precondition fails.
                None => {
                    let things = fact.things;
                    changed.push(format!(
                        "it had {was} {things}; the current number is unknown"
                    ));
                }
                Some(_) => {}
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::repository;

    #[test]
    fn facts_and_ids_have_their_own_keys_and_others_are_refused() {
        let read = |text: &str| {
            serde_json::from_str::<Precondition>(text).map_err(|error| error.to_string())
        };
        let text = r#"{"exists":true,"attributes":{},"num_images":2,"repository_id":7}"#;
        let precondition = read(text).unwrap();
        assert_eq!(precondition.facts, repository::IMAGES.count(2));
        assert_eq!(
            precondition
                .id
                .map(|(id, number)| (id.name, u64::from(number))),
            Some(("repository_id", 7))
        );
        assert_eq!(serde_json::to_string(&precondition).unwrap(), text);
        let refused = [
            (
                r#"{"exists":true,"num_tags":2}"#,
                "unknown field `num_tags` in a precondition",
            ),
            (
                r#"{"exists":true,"num_images":-1}"#,
                "invalid value: integer `-1`, expected u64",
            ),
            (r#"{"exists":true,"repository_id":0}"#, "from 1 to"),
            (r#"{"num_images":1}"#, "missing field `exists`"),
        ];
        for (text, problem) in refused {
            assert!(
                read(text).unwrap_err().contains(problem),
                "{text}: {:?}",
                read(text)
            );
        }
    }
}
