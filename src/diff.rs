//! Compares the desired attributes of one resource with the live ones.
//!
//! Only managed attributes are compared: one that the desired state lacks keeps its live value.
//! `scope` decides which resources are compared.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;

use crate::{
    kind::{Attribute, Kind, REGISTRY, Role},
    state::Attributes,
};

/// An alias, because serde borrows a plain `&str` in a struct from the input.
type AttributeName = &'static str;

/// One attribute that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    #[serde(deserialize_with = "attribute_name")]
    pub name: AttributeName,
    /// `None`: the resource did not exist, or the API does not return it.
    pub before: Option<Value>,
    /// `None`: the resource is deleted.
    pub after: Option<Value>,
}

/// Only checks that some kind has the attribute. The reader of the whole change checks it against
/// the address.
fn attribute_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static str, D::Error> {
    let name = String::deserialize(deserializer)?;
    let known = REGISTRY.iter().find_map(|kind| kind.attribute(&name));
    known
        .map(|attribute| attribute.name)
        .ok_or_else(|| D::Error::custom(format!("no kind has an attribute `{name}`")))
}

/// The managed and readable attributes that differ, in the kind's order.
pub fn fields(kind: &Kind, desired: &Attributes, live: &Attributes) -> Vec<FieldChange> {
    let differing = |name: &'static str| {
        let (wanted, found) = (desired.get(name)?, live.get(name));
        // A value that the response lacks counts as different, so that the chart's value is
        // written.
        let is_same = found.is_some_and(|found| kind.is_same(name, wanted, found));
        (!is_same).then(|| FieldChange {
            name,
            before: found.cloned(),
            after: Some(wanted.clone()),
        })
    };
    let replaced = |attribute: &Attribute| {
        is_replaced(kind, attribute, desired).then(|| {
            live.get(attribute.name).map(|found| FieldChange {
                name: attribute.name,
                before: Some(found.clone()),
                after: None,
            })
        })?
    };
    let readable = kind
        .attributes
        .iter()
        .filter(|attribute| attribute.role.is_readable());
    readable
        .filter_map(|attribute| differing(attribute.name).or_else(|| replaced(attribute)))
        .collect()
}

/// Whether the chart chooses another attribute in place of this one, of which a resource has only
/// one.
fn is_replaced(kind: &Kind, attribute: &Attribute, desired: &Attributes) -> bool {
    let is_chosen =
        |other: &Attribute| kind.is_alternative(other) && desired.contains_key(other.name);
    kind.is_alternative(attribute)
        && !desired.contains_key(attribute.name)
        && kind.attributes.iter().any(is_chosen)
}

/// All attributes of a new resource.
pub(crate) fn appearing(after: &Attributes) -> Vec<FieldChange> {
    each(after, |name, value| FieldChange {
        name,
        before: None,
        after: Some(value),
    })
}

/// All attributes of a deleted resource.
pub(crate) fn vanishing(before: &Attributes) -> Vec<FieldChange> {
    each(before, |name, value| FieldChange {
        name,
        before: Some(value),
        after: None,
    })
}

/// Allocates exactly, as `gathered` does.
fn each(
    attributes: &Attributes,
    field: impl Fn(&'static str, Value) -> FieldChange,
) -> Vec<FieldChange> {
    let mut fields = Vec::with_capacity(attributes.len());
    fields.extend(
        attributes
            .iter()
            .map(|(name, value)| field(name, value.clone())),
    );
    fields
}

/// Whether one of these differences needs a new resource.
pub(crate) fn needs_replacement(kind: &Kind, fields: &[FieldChange]) -> bool {
    fields.iter().any(|field| {
        kind.attribute(field.name).is_some_and(|attribute| {
            let is_exchanged = field.before.is_none() || field.after.is_none();
            !attribute.role.changes_in_place() || (is_exchanged && kind.is_alternative(attribute))
        })
    })
}

/// The attributes that a write sends: the live ones, overlaid with those of the chart. The API may
/// reset what is left out. For a required attribute that cannot be read, the service's default is
/// sent.
pub(crate) fn overlay(kind: &Kind, desired: &Attributes, live: &Attributes) -> Attributes {
    let value = |attribute: &Attribute| {
        let wanted = desired.get(attribute.name);
        let found = live
            .get(attribute.name)
            .filter(|_| !is_replaced(kind, attribute, desired));
        // A value that means the same is sent as the service has it: it was not meant to change.
        let is_same =
            |found: &&Value| wanted.is_none_or(|wanted| attribute.shape.is_same(wanted, found));
        let known = found.filter(is_same).or(wanted).cloned();
        let unknown = || {
            // A readable attribute that is in neither state is left out: its value would be a
            // guess.
            (attribute.role == Role::WriteOnly)
                .then(|| attribute.service_default.value())
                .flatten()
        };
        Some((attribute.name, known.or_else(unknown)?))
    };
    gathered(kind.attributes.iter().filter_map(value))
}

/// The attributes that a create sends: those of the chart, and defaults for those that the API
/// requires.
pub fn creation(kind: &Kind, desired: &Attributes) -> Attributes {
    let value = |attribute: &Attribute| match desired.get(attribute.name) {
        Some(value) => Some((attribute.name, value.clone())),
        // Without a default the decoder demands the attribute, so none is missing here.
        None if attribute.required => Some((attribute.name, attribute.service_default.value()?)),
        None => None,
    };
    gathered(kind.attributes.iter().filter_map(value))
}

/// Allocates exactly: a plan has one of these for each change.
fn gathered(values: impl Iterator<Item = (&'static str, Value)>) -> Attributes {
    let mut attributes: Attributes = values.collect();
    attributes.shrink_to_fit();
    attributes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind::{repository::REPOSITORY, sync_rule::SYNC_RULE};

    fn repository(is_public: bool, category: &str, description: &str) -> Attributes {
        Attributes::from([
            ("is_public", json!(is_public)),
            ("category", json!(category)),
            ("description", json!(description)),
        ])
    }

    #[test]
    fn only_managed_attributes_differ() {
        let live = repository(true, "linux", "old");
        let desired = Attributes::from([("description", json!("new"))]);
        let fields = fields(&REPOSITORY, &desired, &live);
        assert_eq!(
            fields,
            [FieldChange {
                name: "description",
                before: Some(json!("old")),
                after: Some(json!("new"))
            }]
        );
        assert!(!needs_replacement(&REPOSITORY, &fields));
    }

    #[test]
    fn an_update_sends_the_live_value_of_what_is_unmanaged() {
        let live = repository(true, "linux", "old");
        let desired = Attributes::from([("description", json!("new"))]);
        assert_eq!(
            overlay(&REPOSITORY, &desired, &live),
            repository(true, "linux", "new")
        );
    }

    #[test]
    fn a_create_sends_the_managed_and_the_required() {
        let desired = Attributes::from([("category", json!("linux"))]);
        let created = creation(&REPOSITORY, &desired);
        assert_eq!(
            created,
            Attributes::from([("is_public", json!(false)), ("category", json!("linux"))])
        );
    }

    #[test]
    fn a_rule_can_only_be_replaced() {
        let live = Attributes::from([("auto", json!(true)), ("override", json!(false))]);
        let desired = Attributes::from([("auto", json!(true)), ("override", json!(true))]);
        assert!(needs_replacement(
            &SYNC_RULE,
            &fields(&SYNC_RULE, &desired, &live)
        ));
    }
}
