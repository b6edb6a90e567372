//! Plans what belongs to a person: finds the person's id, and keeps what nobody may change.
//!
//! Pure. The plan does not depend on the caller. Only [`locks_out`] looks at who that is, for an
//! apply.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use serde_json::Value;

use super::{Action, Change, Plan, Stop, Withheld, by_id::stop};
use crate::{
    address::Address,
    kind::{Kind, Naming},
    state::{Attributes, Chart, DesiredResource, Live, LiveResource, Presence, ReadFailure},
    text::visible,
};

/// What a declared resource needs before it is compared.
pub(super) enum Judged {
    /// It belongs to nobody, or the chart has everything.
    Plain,
    /// With the id of the person.
    Known(DesiredResource),
    /// It is the creator's, and as it should be.
    Kept,
    Stopped(Stop),
}

pub(super) fn judge(
    address: &Address,
    desired: &DesiredResource,
    found: Option<&LiveResource>,
    live: &Live,
) -> Judged {
    let (Some(naming), Presence::Present(wanted)) = (address.kind().naming(), &desired.presence)
    else {
        return Judged::Plain;
    };
    let Some(person) = address.part(naming.part) else {
        return Judged::Plain;
    };
    let stated = naming.stated(wanted);
    let seen = found.and_then(|found| found.attributes.get(naming.id)?.as_str());
    if let (Some(stated), Some(seen)) = (stated, seen)
        && stated != seen
    {
        let mut stop = stop(address, &desired.source, &naming.disagrees);
        stop.message = format!("{}: {seen}, and not {stated}", stop.message);
        return Judged::Stopped(stop);
    }
    if live.creator(address) == Some(person) {
        return if (naming.rank)(wanted) == naming.highest {
            Judged::Kept
        } else {
            Judged::Stopped(stop(address, &desired.source, &naming.of_creator))
        };
    }
    let key = (address.region().clone(), person.clone());
    let looked_up = || live.persons.get(&key).map(String::as_str);
    let Some(id) = stated.or(seen).or_else(looked_up) else {
        return Judged::Stopped(stop(address, &desired.source, &naming.missing));
    };
    // Only for new ones: the list shows what belongs to the others.
    if found.is_none()
        && let Some(other) = holder(address, naming, id, live)
    {
        let mut stop = stop(address, &desired.source, &naming.renamed);
        stop.message = format!("{}: {}", stop.message, visible(other));
        // Left out, the old name would still go, and the person with it.
        stop.lift = Some(naming.renamed.remedy.to_owned());
        return Judged::Stopped(stop);
    }
    Judged::Known(with_id(address.kind(), desired, naming, wanted, id))
}

/// The name under which a list shows this id. A person who was renamed would lose everything: the
/// old name is not in the chart, and requests refer to both by the id.
fn holder<'a>(address: &Address, naming: &Naming, id: &str, live: &'a Live) -> Option<&'a str> {
    let parent = address.parent()?;
    let near = live.resources.range(parent.clone()..);
    let below = near.take_while(|(other, _)| other.parts().starts_with(parent.parts()));
    let mut named = below.filter(|(other, found)| {
        other.kind() == address.kind()
            && found.attributes.get(naming.id).and_then(Value::as_str) == Some(id)
    });
    let (other, _) = named.next()?;
    other.part(naming.part).map(|name| &**name)
}

fn with_id(
    kind: &Kind,
    desired: &DesiredResource,
    naming: &Naming,
    wanted: &Attributes,
    id: &str,
) -> DesiredResource {
    // In the order of the table, as all attributes are.
    let value = |name: &'static str| match name == naming.id {
        true => Some((name, Value::from(id))),
        false => Some((name, wanted.get(name)?.clone())),
    };
    let attributes: Attributes = kind
        .attributes
        .iter()
        .filter_map(|attribute| value(attribute.name))
        .collect();
    DesiredResource {
        presence: Presence::Present(Arc::new(attributes)),
        ..desired.clone()
    }
}

/// Failures for permissions of the caller that the response mixes with what the caller may do
/// anyway. As another user, the plan would be another one.
pub(super) fn unclear(chart: &Chart, live: &Live) -> impl Iterator<Item = ReadFailure> {
    mixed(live)
        .filter(|(_, person)| !chart.operators.contains(*person))
        .map(|(address, person)| ReadFailure {
            subject: address.to_string(),
            message: MIXED.to_owned(),
            hint: Some(format!(
                "add {person} to `operators`, or use the credentials of one of them"
            )),
        })
}

pub(crate) const MIXED: &str = "the service does not show whether the caller has this permission \
    here, or only through the organization";

/// The permissions of the caller that the response mixes with others, and the caller's name.
pub(crate) fn mixed(live: &Live) -> impl Iterator<Item = (&Address, &Arc<str>)> {
    live.resources.iter().filter_map(|(address, found)| {
        let naming = address.kind().naming()?;
        let person = address.part(naming.part)?;
        let right = found.standing.as_ref()?.right?;
        // What is above may not show it.
        let is_mixed = live.right_above(address).is_none_or(|above| above == right);
        (is_mixed && live.creator(address) != Some(person)).then_some((address, person))
    })
}

/// Stops for changes that would lower or remove the caller's own permission. `own`: what belongs to
/// the caller.
pub(crate) fn locks_out(plan: &Plan, own: &BTreeSet<Address>) -> Vec<Stop> {
    let stop = |change: &Change| {
        let lift = "use the credentials of another user, or add this one to `operators`";
        let message = format!(
            "{} belongs to the user who would make this change, and would lose it",
            change.address
        );
        Stop::new("locks-out", message, Some(lift.to_owned()))
    };
    plan.runnable()
        .filter(|change| own.contains(&change.address) && is_loss(change))
        .map(stop)
        .collect()
}

/// Whether the person may do less afterwards.
pub(crate) fn is_loss(change: &Change) -> bool {
    let Some(naming) = change.address.kind().naming() else {
        return false;
    };
    match &change.action {
        Action::Delete { .. } => true,
        Action::Update { before, after, .. } | Action::Replace { before, after, .. } => {
            (naming.rank)(after) < (naming.rank)(before)
        }
        Action::Create { .. } | Action::Run { .. } => false,
    }
}

/// Whether the person may do more afterwards.
pub(super) fn is_gain(change: &Change) -> bool {
    let Some(naming) = change.address.kind().naming() else {
        return false;
    };
    match &change.action {
        Action::Create { .. } => true,
        Action::Update { before, after, .. } | Action::Replace { before, after, .. } => {
            (naming.rank)(after) > (naming.rank)(before)
        }
        Action::Delete { .. } | Action::Run { .. } => false,
    }
}

/// A person in an organization, whether on it or on something in it.
pub(super) type Person<'c> = (&'c [Arc<str>], &'c Arc<str>);

/// Whose permission it is, if it is one.
pub(super) fn person(address: &Address) -> Option<Person<'_>> {
    let naming = address.kind().naming()?;
    Some((address.parts().get(..2)?, address.part(naming.part)?))
}

/// Withholds what a person would lose while something that they would get instead is withheld:
/// alone, the loss would leave them with less than before and after.
pub(super) fn withhold_losses(changes: &mut [Change]) {
    let owned = |change: &Change| {
        let (organization, name) = person(&change.address)?;
        Some((organization.to_vec(), name.clone()))
    };
    let held_back: HashMap<_, Withheld> = changes
        .iter()
        .filter(|change| is_gain(change))
        .filter_map(|change| Some((owned(change)?, change.withheld.clone()?)))
        .collect();
    for change in changes {
        if change.withheld.is_none() && is_loss(change) {
            change.withheld = owned(change).and_then(|person| held_back.get(&person).cloned());
        }
    }
}

/// What belongs to the caller.
pub(crate) fn of_caller<'a>(
    found: impl IntoIterator<Item = (&'a Address, &'a LiveResource)>,
) -> BTreeSet<Address> {
    let is_own = |found: &LiveResource| found.standing.as_ref().is_some_and(|it| it.is_callers);
    found
        .into_iter()
        .filter(|(_, found)| is_own(found))
        .map(|(address, _)| address.clone())
        .collect()
}
