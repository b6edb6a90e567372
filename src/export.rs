//! Live state as a chart: what `init --from-live` writes. A plan of that chart is empty.
//!
//! Pure; asking for the state is `refresh`'s work, writing YAML is `render`'s. What a chart cannot say, and what could
//! not be read, is left out, and so keeps its live value: one strange repository does not stand in the way of the others.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    address::Address,
    config::names,
    diagnostics::Source,
    kind::{Kind, Unmentioned},
    mask,
    state::{Attributes, Chart, DesiredResource, Live, LiveResource, Presence, ReadFailure, UnlistedPolicy},
};

/// Something live that the chart says nothing of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmanaged {
    /// What it is, for people: an address, or an attribute of one.
    pub what: String,
    pub because: String,
}

/// A chart of what is live, and what of it is left out.
#[derive(Debug, Default)]
pub struct Exported {
    pub chart: Chart,
    pub unmanaged: Vec<Unmanaged>,
}

/// Declares every live resource as it is, rules included: an empty list says that there shall be none. `unread` holds
/// the repositories whose rules could not be read, `malformed` those that were not understood at all.
pub fn chart(
    live: &Live,
    unread: &BTreeMap<Address, ReadFailure>,
    malformed: &BTreeMap<Address, ReadFailure>,
) -> Exported {
    let mut exported = Exported::default();
    for (address, failure) in malformed {
        exported.leave(address.to_string(), failure.message.clone());
    }
    let mut without_rules = BTreeSet::new();
    for (repository, failure) in unread {
        exported.leave(format!("rules of {repository}"), failure.message.clone());
        without_rules.insert(repository.clone());
    }
    // A list that is present is the whole truth: one rule that cannot be written spares all of its repository.
    for (address, _) in live.resources.iter().filter(|(address, _)| is_listed(address)) {
        if let (Some(problem), Some(repository)) = (bad_name(address), address.parent())
            && without_rules.insert(repository.clone())
        {
            exported.leave(format!("rules of {repository}"), format!("{address}: {problem}"));
        }
    }
    let mut left_out: BTreeSet<Address> = BTreeSet::new();
    for (address, resource) in &live.resources {
        let parent = address.parent();
        if is_listed(address) && parent.as_ref().is_some_and(|parent| without_rules.contains(parent)) {
            continue;
        }
        if parent.as_ref().is_some_and(|parent| left_out.contains(parent)) {
            left_out.insert(address.clone());
        } else if let Some(problem) = bad_name(address) {
            left_out.insert(address.clone());
            exported.leave(address.to_string(), problem);
        } else {
            exported.declare(address, resource, !without_rules.contains(address));
        }
    }
    exported
}

impl Exported {
    fn leave(&mut self, what: String, because: String) {
        self.unmanaged.push(Unmanaged { what, because });
    }

    fn declare(&mut self, address: &Address, resource: &LiveResource, with_rules: bool) {
        let nowhere = Source { file: "live".into(), line: 1, column: 1 };
        if address.kind().children().any(|child| child.unmentioned == Unmentioned::ByPolicyOfParent) {
            self.chart.unlisted.insert(address.clone(), UnlistedPolicy::Report);
        }
        let mut attributes = Attributes::new();
        for (name, value) in &resource.attributes {
            let attribute = address.kind().attribute(name);
            if mask::is_masked(value) {
                // No chart may hold one.
                let problem = "it holds a URL with a login, or a secret of this run".to_owned();
                self.leave(format!("{name} of {address}"), problem);
            } else if attribute.is_some_and(|attribute| attribute.shape.accepts(value)) {
                attributes.insert(name, value.clone());
            } else {
                let value = crate::text::visible(&value.to_string());
                self.leave(format!("{name} of {address}"), format!("a chart cannot say {value}"));
            }
        }
        let desired = DesiredResource {
            presence: Presence::Present(attributes.into()),
            source: nowhere.clone(),
            children: listed_in(address).filter(|_| with_rules).map(|kind| (kind, nowhere.clone())).collect(),
        };
        self.chart.resources.insert(address.clone(), desired);
    }
}

/// Whether it stands in a list that is the whole truth.
fn is_listed(address: &Address) -> bool {
    address.kind().unmentioned == Unmentioned::ListIsWhole
}

/// The kinds of which the lists in a resource's entry hold everything.
fn listed_in(address: &Address) -> impl Iterator<Item = &'static Kind> {
    address.kind().children().filter(|child| child.unmentioned == Unmentioned::ListIsWhole)
}

/// What is wrong with the names in an address, for a chart.
fn bad_name(address: &Address) -> Option<String> {
    let mut parts = address.kind().names.iter().zip(address.parts());
    parts.find_map(|(name, text)| {
        let problem =
            || format!("`{}` is no name of a chart: expected {}", crate::text::visible(text), names::rule(*name));
        (!names::is_valid(*name, text)).then(problem)
    })
}
