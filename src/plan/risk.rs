//! Finds the risks of changes from the tables of the kinds, and withholds changes without consent.
//!
//! `limits` bounds how much one apply may delete.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Action, Change, Withheld,
    finding::renamed::{self, Renamed},
};
use crate::{
    address::Address,
    kind::{Attribute, Hazard, Step},
    pattern::{Index, Pattern},
    state::{Attributes, Consent, Live, Protection},
};

pub use crate::risk::{Risk, RiskClass};

/// The risks of an action. `held` is the number of things in the resource.
pub(super) fn assess(address: &Address, action: &Action, held: Option<u64>) -> Vec<Risk> {
    let kind = address.kind();
    let mut risks = Vec::new();
    if let Action::Delete { .. } = action {
        risks.push(Risk {
            class: RiskClass::Deletes,
            evidence: String::new(),
        });
    }
    for attribute in kind.attributes {
        let hazard = attribute
            .hazard
            .as_ref()
            .filter(|hazard| takes_risky_value(action, attribute, hazard));
        risks.extend(hazard.map(|hazard| Risk {
            class: hazard.class,
            evidence: (hazard.evidence)(held),
        }));
    }
    let verb = action.verb();
    let step = Step {
        address: Some(address),
        before: action.before(),
        after: action.after(),
        held,
    };
    for risk in kind.risks.iter().filter(|risk| risk.of == verb) {
        risks.extend((risk.evidence)(step).map(|evidence| Risk {
            class: risk.class,
            evidence,
        }));
    }
    risks
}

/// Whether the action changes the attribute to its risky value.
fn takes_risky_value(action: &Action, attribute: &Attribute, hazard: &Hazard) -> bool {
    let is_on =
        |attributes: &Attributes| attributes.get(attribute.name) == Some(&Value::Bool(true));
    match action {
        Action::Update { before, after, .. } | Action::Replace { before, after, .. } => {
            is_on(before) != hazard.value && is_on(after) == hazard.value
        }
        // A new public repository exposes nothing that exists; a new rule with `override` can
        // overwrite tags that do.
        Action::Create { after, .. } => hazard.on_creation && is_on(after) == hazard.value,
        Action::Delete { .. } | Action::Run { .. } => false,
    }
}

/// Withholds changes that are protected or have a risk without consent. `large`: changes that
/// delete so much that the consent needs a number.
pub(super) fn withhold(
    changes: &mut [Change],
    protect: &[Protection],
    live: &Live,
    renamed: &Renamed,
    consents: &[Consent],
    large: &BTreeSet<Address>,
) {
    // Protection goes first: consent to a risk does not lift it.
    let guard = Guard::new(protect);
    for change in changes.iter_mut() {
        // Then names: which of both it is decides what the consent would be for.
        change.withheld = guard
            .holds(change, live)
            .or_else(|| renamed::withheld(change, renamed));
    }
    let carried: Vec<(RiskClass, usize)> = RiskClass::ALL
        .into_iter()
        // Consent to `deletes` is a limit of the whole apply, not of one change.
        .filter(|class| *class != RiskClass::Deletes)
        .map(|class| {
            (
                class,
                changes
                    .iter()
                    .filter(|change| change.withheld.is_none() && carries(change, class))
                    .count(),
            )
        })
        .collect();
    let needs_number = |change: &Change, class: RiskClass, count: usize| {
        let has_number = |consent: &Consent| {
            consent.class == class && consent.most.is_some_and(|most| count <= most)
        };
        class == RiskClass::Collects
            && large.contains(&change.address)
            && !consents.iter().any(has_number)
    };
    for change in changes
        .iter_mut()
        .filter(|change| change.withheld.is_none())
    {
        let unconsented: Vec<&(RiskClass, usize)> = carried
            .iter()
            .filter(|(class, count)| {
                let is_allowed =
                    consented(*class, *count, consents) && !needs_number(change, *class, *count);
                carries(change, *class) && !is_allowed
            })
            .collect();
        let Some((class, _)) = unconsented.first() else {
            continue;
        };
        // Each class needs its own consent.
        let lift: Vec<String> = unconsented
            .iter()
            .map(|(class, count)| format!("--allow {class}={count}"))
            .collect();
        change.withheld = Some(Withheld::Risk {
            class: *class,
            lift: lift.join(" "),
        });
    }
    withhold_parents(changes);
}

fn carries(change: &Change, class: RiskClass) -> bool {
    change.risks.iter().any(|risk| risk.class == class)
}

/// The patterns of `protect`, sorted by text: if several cover a resource, the plan names the
/// first, whatever their order in the chart.
struct Guard {
    names: Vec<String>,
    index: Index,
}

impl Guard {
    fn new(protect: &[Protection]) -> Guard {
        let mut named: Vec<(String, &Pattern)> = protect
            .iter()
            .map(|it| (it.pattern.to_string(), &it.pattern))
            .collect();
        named.sort_by(|(one, _), (other, _)| one.cmp(other));
        let index = Index::new(named.iter().map(|(_, pattern)| *pattern));
        Guard {
            names: named.into_iter().map(|(name, _)| name).collect(),
            index,
        }
    }

    /// Deleting a resource deletes its children too, so a protected child protects its parent.
    fn holds(&self, change: &Change, live: &Live) -> Option<Withheld> {
        let first = |address: &Address| {
            let is_protectable = address.kind().is_protectable();
            is_protectable.then(|| self.index.first(address)).flatten()
        };
        let own = || first(&change.address);
        let number = match &change.action {
            // Such a resource deletes what others contain. Without it, nothing goes.
            _ if change.address.kind().collects.is_some() => {
                change.precondition.stays.as_ref().and_then(|_| own())
            }
            Action::Delete { .. } => {
                // The smallest position is the first pattern by text, so that the plan is the same
                // however the live state is ordered.
                own().or_else(|| live.inside(&change.address).filter_map(first).min())
            }
            // No kind that is replaced has children.
            Action::Replace { .. } => own(),
            Action::Create { .. } | Action::Update { .. } | Action::Run { .. } => None,
        };
        Some(Withheld::Protect {
            pattern: self.names.get(number?)?.clone(),
        })
    }
}

/// The consents of one invocation. For each class, `--allow` replaces the chart's consent, so that
/// `--allow CLASS=0` withdraws it.
pub(super) fn in_force(of_chart: &[Consent], of_command: &[Consent]) -> Vec<Consent> {
    let is_replaced =
        |consent: &&Consent| of_command.iter().any(|other| other.class == consent.class);
    of_chart
        .iter()
        .filter(|consent| !is_replaced(consent))
        .chain(of_command)
        .copied()
        .collect()
}

/// The widest of several consents to a class. `Some(None)`: without a limit. `None`: no consent.
pub(super) fn widest(class: RiskClass, consents: &[Consent]) -> Option<Option<usize>> {
    let given = consents
        .iter()
        .filter(|consent| consent.class == class)
        .map(|consent| consent.most);
    given.max_by_key(|most| most.unwrap_or(usize::MAX))
}

/// Whether the consents permit this number of changes of a class.
fn consented(class: RiskClass, count: usize, consents: &[Consent]) -> bool {
    widest(class, consents).map_or(!class.needs_consent(), |most| {
        most.is_none_or(|most| count <= most)
    })
}

/// Withholds the deletion of each parent that has a child whose deletion is withheld.
fn withhold_parents(changes: &mut [Change]) {
    // One level is enough: what is deleted along with a repository has no change of its own.
    let kept: Vec<(Address, Withheld)> = changes
        .iter()
        .filter(|change| matches!(change.action, Action::Delete { .. }))
        .filter_map(|change| Some((change.address.parent()?, change.withheld.clone()?)))
        .collect();
    for change in changes
        .iter_mut()
        .filter(|change| change.withheld.is_none())
    {
        if !matches!(change.action, Action::Delete { .. }) {
            continue;
        }
        // `protect` comes first: naming an option would be wrong if it cannot help.
        let reasons = kept
            .iter()
            .filter(|(parent, _)| *parent == change.address)
            .map(|(_, withheld)| withheld);
        let reason = reasons.max_by_key(|withheld| matches!(withheld, Withheld::Protect { .. }));
        change.withheld = reason.cloned();
    }
}
