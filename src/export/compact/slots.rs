//! What an entry of a chart says, key by key, before anything is inherited.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    address::Address,
    kind::{
        Kind, Preset, Role,
        place::{Form, Record},
    },
    state::{Attributes, Chart, Presence},
};

/// A key of an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub name: &'static str,
    /// The kind of the children that it lists. `None` for an attribute.
    pub child: Option<&'static Kind>,
    /// Whether `defaults` may have it.
    pub is_inherited: bool,
    /// Whether it is about one resource only, so that no default but an empty text makes sense.
    pub is_remark: bool,
}

/// The keys of the entries of a kind: attributes, then lists of children.
pub(super) fn slots(kind: &'static Kind) -> Vec<Slot> {
    let inherited = record(kind.place.defaults.map(|key| key.form));
    let is_inherited =
        |name: &str| inherited.is_some_and(|record| record.keys().any(|key| key.name == name));
    let attributes = kind
        .in_chart()
        .filter(|attribute| attribute.role != Role::Foreign)
        .map(|attribute| Slot {
            name: attribute.name,
            child: None,
            is_inherited: is_inherited(attribute.name),
            is_remark: attribute.is_remark,
        });
    let children = kind.children().filter(|child| child.place.name().is_none());
    let lists = children.map(|child| Slot {
        name: child.place.key.name,
        child: Some(child),
        is_inherited: is_inherited(child.place.key.name),
        is_remark: false,
    });
    attributes.chain(lists).collect()
}

/// The record in a form.
pub(super) fn record(form: Option<Form>) -> Option<&'static Record> {
    match form? {
        Form::Record(record) | Form::Single(record, _) | Form::Dictionary(_, record) => {
            Some(record)
        }
        _ => None,
    }
}

/// The values of an entry in the order of its slots. `None`: not managed.
pub(super) fn values(chart: &Chart, address: &Address, slots: &[Slot]) -> Vec<Option<Value>> {
    let Some(desired) = chart.resources.get(address) else {
        return vec![None; slots.len()];
    };
    let empty = Attributes::new();
    let attributes = match &desired.presence {
        Presence::Present(attributes) => &**attributes,
        Presence::Absent => &empty,
    };
    let mut lists: BTreeMap<&'static Kind, Vec<Value>> = BTreeMap::new();
    let below = chart.resources.range(address.clone()..);
    let below = below.take_while(|(other, _)| other.parts().starts_with(address.parts()));
    for (child, desired) in below {
        if let (true, Presence::Present(own)) =
            (child.parent().as_ref() == Some(address), &desired.presence)
        {
            lists
                .entry(child.kind())
                .or_default()
                .push(item(address, child, own));
        }
    }
    let value = |slot: &Slot| {
        let Some(child) = slot.child else {
            return attributes.get(slot.name).cloned();
        };
        desired.children.of(child)?;
        let mut items = lists.remove(child).unwrap_or_default();
        match child.place.key.form {
            Form::Single(_, word) if items.is_empty() => word.map(Value::from),
            Form::Single(..) => items.pop(),
            _ => Some(items.into()),
        }
    };
    slots.iter().map(value).collect()
}

/// A child without a name: the parts of its key behind those of its parent, and its attributes.
fn item(parent: &Address, child: &Address, attributes: &Attributes) -> Value {
    let kind = child.kind();
    let own = parent.parts().len();
    let key = kind.key[own..].iter().zip(&child.parts()[own..]);
    let mut fields: Map<String, Value> = key
        .map(|(name, part)| ((*name).to_owned(), Value::from(&**part)))
        .collect();
    for attribute in kind.in_chart() {
        let Some(value) = attributes.get(attribute.name) else {
            continue;
        };
        // Decoding adds both again.
        let is_implied = match attribute.role {
            Role::Fixed(preset) => *value == Value::from(preset),
            _ => attribute.service_default == Preset::Empty && *value == Value::from(Preset::Empty),
        };
        if !is_implied {
            fields.insert(attribute.name.to_owned(), value.clone());
        }
    }
    fields.into()
}

/// The error that a chart with this value has to waive.
pub(super) fn waived(slot: &Slot, value: &Value) -> Option<&'static str> {
    let child = slot.child?;
    let code = child.place.waivable_error()?;
    let is_fixed = |name: &str| {
        let attribute = child.attribute(name);
        attribute.is_some_and(|attribute| matches!(attribute.role, Role::Fixed(_)))
    };
    // What is as it should be is implied.
    let mut items = items_of(child, value);
    items
        .any(|item| item.keys().any(|name| is_fixed(name)))
        .then_some(code)
}

/// The items in the value of a key.
pub(super) fn items_of<'v>(
    kind: &Kind,
    value: &'v Value,
) -> impl Iterator<Item = &'v Map<String, Value>> {
    let list = match (kind.place.key.form, value) {
        (Form::List(_), Value::Array(items)) => items.as_slice(),
        (Form::Single(..), Value::Object(_)) => std::slice::from_ref(value),
        _ => &[],
    };
    list.iter().filter_map(Value::as_object)
}
