//! Converts live state to a chart, for `init --from-live`. A plan of that chart is empty.
//!
//! Pure: `refresh` reads the state, `render` writes YAML. What a chart cannot express or what could
//! not be read is left out, and so keeps its live value: one unusual repository must not prevent
//! the export of the others.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    address::Address,
    diagnostics::Source,
    kind::{Kind, Listing, Unmentioned},
    mask, names,
    state::{
        Attributes, Chart, DesiredResource, Live, LiveResource, Presence, ReadFailure,
        UnlistedPolicy, Unread,
    },
};

/// Something live that is left out of the chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmanaged {
    /// An address, or an attribute of one, as text.
    pub what: String,
    pub because: String,
}

/// A chart of the live state, and what it leaves out.
#[derive(Debug, Default)]
pub struct Exported {
    pub chart: Chart,
    pub unmanaged: Vec<Unmanaged>,
}

/// Declares every live resource as it is, including rules: an empty list declares that there are
/// none. `unread` are children that could not be read, `malformed` undecodable resources.
pub fn chart(
    live: &Live,
    unread: &[Unread],
    malformed: &BTreeMap<Address, ReadFailure>,
) -> Exported {
    let mut exported = Exported::default();
    for (address, failure) in malformed {
        exported.leave(address.to_string(), failure.message.clone());
    }
    let mut unknown = BTreeSet::new();
    for Unread {
        parent,
        kind,
        failure,
    } in unread
    {
        exported.leave(
            format!("{} of {parent}", several(kind)),
            failure.message.clone(),
        );
        unknown.insert((parent.clone(), kind.rank()));
    }
    // A list in a chart is complete. So if one rule cannot be written, the list is left out: with
    // the others alone, the chart would delete that rule.
    for (address, _) in live
        .resources
        .iter()
        .filter(|(address, _)| is_listed(address))
    {
        if let (Some(problem), Some(parent)) = (bad_name(address), address.parent())
            // One entry for each list, however many of its names are bad.
            && unknown.insert((parent.clone(), address.kind().rank()))
        {
            exported.leave(
                format!("{} of {parent}", several(address.kind())),
                format!("{address}: {problem}"),
            );
        }
    }
    let mut left_out: BTreeSet<Address> = BTreeSet::new();
    for (address, resource) in &live.resources {
        let parent = address.parent();
        let list = parent.clone().map(|parent| (parent, address.kind().rank()));
        if is_listed(address) && list.is_some_and(|list| unknown.contains(&list)) {
            continue;
        }
        // Parents come before their children, so the set is complete when a child is reached.
        if parent
            .as_ref()
            .is_some_and(|parent| left_out.contains(parent))
        {
            left_out.insert(address.clone());
        } else if let Some(problem) = bad_name(address) {
            left_out.insert(address.clone());
            exported.leave(address.to_string(), problem);
        } else {
            exported.declare(address, resource, &unknown);
        }
    }
    exported
}

impl Exported {
    fn leave(&mut self, what: String, because: String) {
        self.unmanaged.push(Unmanaged { what, because });
    }

    fn declare(
        &mut self,
        address: &Address,
        resource: &LiveResource,
        unknown: &BTreeSet<(Address, usize)>,
    ) {
        let nowhere = Source {
            file: "live".into(),
            line: 1,
            column: 1,
        };
        if address
            .kind()
            .children()
            .any(|child| child.unmentioned == Unmentioned::ByPolicyOfParent)
        {
            self.chart
                .unlisted
                // With `delete`, the next plan would delete what is created after the export.
                .insert(address.clone(), UnlistedPolicy::Report);
        }
        let mut attributes = Attributes::new();
        for (name, value) in &resource.attributes {
            let attribute = address.kind().attribute(name);
            if mask::is_masked(value) {
                // A chart must not contain a secret.
                let problem =
                    "it contains a URL with a login, or a secret of this invocation".to_owned();
                self.leave(format!("{name} of {address}"), problem);
            } else if attribute.is_some_and(|attribute| attribute.shape.accepts(value)) {
                attributes.insert(name, value.clone());
            } else {
                let value = crate::text::visible(&value.to_string());
                self.leave(
                    format!("{name} of {address}"),
                    format!("a chart cannot have the value {value}"),
                );
            }
        }
        let desired = DesiredResource {
            presence: Presence::Present(attributes.into()),
            source: nowhere.clone(),
            children: known_lists(address, unknown)
                .map(|kind| (kind, nowhere.clone()))
                .collect(),
        };
        self.chart.resources.insert(address.clone(), desired);
    }
}

/// Whether it belongs to a complete list.
fn is_listed(address: &Address) -> bool {
    address.kind().unmentioned == Unmentioned::ListIsComplete
}

/// The kinds for which the resource gets a complete list: those that were read.
fn known_lists(
    address: &Address,
    unknown: &BTreeSet<(Address, usize)>,
) -> impl Iterator<Item = &'static Kind> {
    let lists = address
        .kind()
        .children()
        .filter(|child| child.unmentioned == Unmentioned::ListIsComplete && child.is_exported());
    lists.filter(|child| !unknown.contains(&(address.clone(), child.rank())))
}

/// The plural of the entries' name in the chart: `rules`.
fn several(kind: &Kind) -> String {
    let one = kind.place.entry().map_or(kind.name, |entry| entry.name);
    if matches!(kind.listing, Listing::Single) {
        one.to_owned()
    } else {
        format!("{one}s")
    }
}

/// The problem with a name in an address that a chart may not have.
fn bad_name(address: &Address) -> Option<String> {
    let mut parts = address.kind().names.iter().zip(address.parts());
    parts.find_map(|(name, text)| {
        let problem = || {
            format!(
                "`{}` is not a valid name in a chart: expected {}",
                crate::text::visible(text),
                names::rule(*name)
            )
        };
        (!names::is_valid(*name, text)).then(problem)
    })
}
