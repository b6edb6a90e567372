//! What a chart has to say so that it says what is live: from the changes of a plan, and from what
//! no file lists. What is never adopted is named with the reason.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Input, Left};
use crate::{
    address::Address,
    diff::FieldChange,
    kind::{Attribute, Kind, Role},
    mask,
    plan::{Action, Change, Reason, finding},
    state::Attributes,
};

/// All that is adopted in one named entry. Edits of two entries never touch each other.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) owner: Address,
    pub(super) pieces: Vec<Piece>,
}

/// One difference that is adopted.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) address: Address,
    pub(super) what: What,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    /// It is not live, so the chart shall not have it.
    Gone,
    /// It is live with these values, and the chart shall have it.
    New(Attributes),
    /// It has these values.
    Values(Vec<(&'static str, Value)>),
}

/// The differences by entry, and what is left.
pub(super) fn units(input: &Input<'_>, left: &mut Vec<Left>) -> Vec<Unit> {
    let mut wanted = Wanted {
        pieces: BTreeMap::new(),
        left,
    };
    let selection = &input.plan.scope.selection;
    let changes = || {
        let changes = input.plan.changes.iter();
        changes.filter(|change| selection.holds(&change.address))
    };
    let is_creation = |change: &&Change| matches!(change.action, Action::Create { .. });
    // With what is gone, all that the chart has in it is gone too.
    let gone: BTreeSet<&Address> = changes()
        .filter(is_creation)
        .map(|change| &change.address)
        .collect();
    for change in changes() {
        let parent = std::iter::successors(change.address.parent(), Address::parent);
        let gone_above = parent.filter(|parent| gone.contains(parent)).last();
        match gone_above {
            Some(top) if is_kept(top.kind()) => {
                let because = format!("{top} does not exist either, and its entry is left");
                wanted.leave(change, because);
            }
            Some(_) => {}
            None => wanted.judge(change),
        }
    }
    for unlisted in &input.plan.unlisted {
        if let Some(found) = input.live.resources.get(&unlisted.address) {
            wanted.add(&unlisted.address, &found.attributes);
        }
    }
    for finding in &input.plan.findings {
        if finding.code == finding::UNLISTED_ORGANIZATION {
            wanted.left.push(Left {
                what: finding.address.to_string(),
                source: finding.source.clone(),
                because: format!("an {} is never adopted", finding.address.kind().name),
            });
        }
    }
    // Only those about a line of the chart: limits are about what an apply would delete.
    let stops = input
        .plan
        .stopped
        .iter()
        .filter(|stop| stop.source.is_some());
    wanted.left.extend(stops.map(|stop| Left {
        what: stop.code.clone(),
        source: stop.source.clone(),
        because: stop.message.clone(),
    }));
    let unit = |(owner, pieces)| Unit { owner, pieces };
    wanted.pieces.into_iter().map(unit).collect()
}

/// Whether entries of a kind stay whatever is live: they hold what others describe.
fn is_kept(kind: &'static Kind) -> bool {
    kind.parent.is_none() && kind.lookup().is_none()
}

/// The entry that a resource stands in: its own, or that of the nearest ancestor with a name.
fn owner(address: &Address) -> Address {
    let line = std::iter::successors(Some(address.clone()), Address::parent);
    let mut named = line.filter(|address| address.kind().place.name().is_some());
    named.next().unwrap_or_else(|| address.clone())
}

struct Wanted<'l> {
    pieces: BTreeMap<Address, Vec<Piece>>,
    left: &'l mut Vec<Left>,
}

impl Wanted<'_> {
    fn leave(&mut self, change: &Change, because: impl Into<String>) {
        self.left.push(Left {
            what: change.address.to_string(),
            source: change.source.clone(),
            because: because.into(),
        });
    }

    fn take(&mut self, address: &Address, what: What) {
        let pieces = self.pieces.entry(owner(address)).or_default();
        pieces.push(Piece {
            address: address.clone(),
            what,
        });
    }

    fn judge(&mut self, change: &Change) {
        if change.action.run().is_some() {
            self.leave(change, "a run is work to do, and no difference of values");
        }
        match &change.action {
            Action::Run { .. } => {}
            Action::Create { .. } if is_kept(change.address.kind()) => {
                let name = change.address.kind().name;
                self.leave(
                    change,
                    format!("it does not exist, but an {name} is never adopted"),
                );
            }
            Action::Create { .. } => self.take(&change.address, What::Gone),
            Action::Delete { .. } if change.reason == Reason::DeclaredAbsent => {
                self.leave(
                    change,
                    "the chart says `state: absent`, which is never adopted",
                );
            }
            Action::Delete { before } => self.add(&change.address, before),
            Action::Update { before, .. } | Action::Replace { before, .. } => {
                self.differ(change, before);
            }
        }
    }

    /// Something live that the chart lacks.
    fn add(&mut self, address: &Address, live: &Attributes) {
        let kind = address.kind();
        let mut known = Attributes::new();
        for (name, value) in live {
            let Some(attribute) = kind.attribute(name) else {
                continue;
            };
            let Err(problem) = expressed(attribute, Some(value)) else {
                known.insert(attribute.name, attribute.shape.in_short(value));
                continue;
            };
            self.left.push(Left {
                what: format!("`{name}` of {address}"),
                source: None,
                because: problem.to_owned(),
            });
            let is_fixed = matches!(attribute.role, Role::Fixed(_));
            if is_fixed || attribute.is_required_in_chart() || kind.is_alternative(attribute) {
                return;
            }
        }
        self.take(address, What::New(known));
    }

    /// Something that the chart describes differently.
    fn differ(&mut self, change: &Change, before: &Attributes) {
        let kind = change.address.kind();
        let is_exchanged = |field: &&FieldChange| {
            let attribute = kind.attribute(field.name);
            attribute.is_some_and(|it| kind.is_alternative(it))
                && (field.before.is_none() || field.after.is_none())
        };
        // Only whole can it have another of several attributes.
        if change.fields.iter().any(|field| is_exchanged(&field)) {
            return self.add(&change.address, before);
        }
        let mut values = Vec::new();
        for field in &change.fields {
            let Some(attribute) = kind.attribute(field.name) else {
                continue;
            };
            match (expressed(attribute, field.before.as_ref()), &field.before) {
                (Ok(()), Some(value)) => values.push((field.name, attribute.shape.in_short(value))),
                (Ok(()), None) => {}
                (Err(problem), _) => self.left.push(Left {
                    what: format!("`{}` of {}", field.name, change.address),
                    source: change.source.clone(),
                    because: problem.to_owned(),
                }),
            }
        }
        if !values.is_empty() {
            self.take(&change.address, What::Values(values));
        }
    }
}

/// Whether a chart can have the live value of an attribute.
fn expressed(attribute: &Attribute, live: Option<&Value>) -> Result<(), &'static str> {
    match live {
        None => Err("the service does not return it"),
        Some(value) if mask::is_masked(value) || has_masked(value) => {
            Err("it holds a secret, which no chart may have")
        }
        Some(_) if attribute.role == Role::Foreign => Err("the chart language has no word for it"),
        Some(value) if !attribute.accepts(value) => Err("a chart cannot have its value"),
        Some(_) => Ok(()),
    }
}

/// Whether a value has a masked part.
fn has_masked(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|it| mask::is_masked(it) || has_masked(it)),
        Value::Object(fields) => fields.values().any(mask::is_masked),
        _ => false,
    }
}
