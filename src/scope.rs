//! Ownership: what happens to live resources that the chart does not list.
//!
//! Decided from the two states alone, before the comparison. A resource without an owner never
//! reaches the diff.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use crate::{
    address::{Address, Ascending},
    diagnostics::Source,
    kind::{Kind, Unmentioned},
    pattern::{Below, Index, Pattern},
    state::{Chart, DesiredResource, Live, Presence, UnlistedPolicy},
};

/// The selection of `--target` and `--exclude`. By default everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only what one of these covers. Everything, if empty.
    pub targets: Vec<Pattern>,
    /// Not what one of these covers.
    pub excludes: Vec<Pattern>,
    /// Not what is unknown, in a plan from a snapshot.
    pub unknown: Unknown,
}

/// What is not known of the live state. Nothing is planned for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unknown {
    /// These resources, and what is in them.
    pub whole: BTreeSet<Address>,
    /// The children of one kind of these resources, and what is in them.
    pub children: BTreeSet<(Address, &'static Kind)>,
}

impl Unknown {
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.children.is_empty()
    }

    pub fn holds(&self, address: &Address) -> bool {
        !self.is_empty()
            && std::iter::successors(Some(address.clone()), Address::parent).any(|it| {
                let list = it.parent().map(|parent| (parent, it.kind()));
                self.whole.contains(&it) || list.is_some_and(|list| self.children.contains(&list))
            })
    }
}

impl Selection {
    pub fn is_partial(&self) -> bool {
        !(self.targets.is_empty() && self.excludes.is_empty())
    }

    pub fn holds(&self, address: &Address) -> bool {
        let covers = |pattern: &Pattern| pattern.covers(address);
        (self.targets.is_empty() || self.targets.iter().any(covers))
            && !self.excludes.iter().any(covers)
            && !self.unknown.holds(address)
    }

    /// Whether a plan may leave out something of the chart.
    pub(crate) fn leaves_out(&self) -> bool {
        self.is_partial() || !self.unknown.is_empty()
    }

    /// The selected part of the chart; the chart itself, if everything is selected. Parents of
    /// selected resources are included, because a resource cannot be created without its parent.
    #[must_use]
    pub fn narrow<'c>(&self, chart: &'c Chart) -> Cow<'c, Chart> {
        if !self.leaves_out() {
            return Cow::Borrowed(chart);
        }
        let mut needed = BTreeSet::new();
        for address in chart.resources.keys().filter(|address| self.holds(address)) {
            needed.insert(address.clone());
            let mut parent = address.parent();
            while let Some(address) = parent {
                parent = address.parent();
                needed.insert(address);
            }
        }
        let mut narrowed = chart.clone();
        narrowed.left_out.clone_from(&self.excludes);
        narrowed.resources.retain(|address, desired| {
            // A parent is included only to be created, so one that is declared absent is not.
            needed.contains(address) && (self.holds(address) || !desired.is_absent())
        });
        Cow::Owned(narrowed)
    }

    /// The part of the chart that has to be read: the selected part, and the parents of children
    /// that a target names, because such a child may be live and in no file.
    #[must_use]
    pub(crate) fn to_read<'c>(&self, chart: &'c Chart) -> Cow<'c, Chart> {
        let mut read = self.narrow(chart);
        if self.targets.is_empty() {
            return read;
        }
        for (address, desired) in chart
            .resources
            .iter()
            .filter(|(_, desired)| !desired.children.is_empty())
        {
            let is_named = self
                .targets
                .iter()
                .any(|target| target.names_children_of(address));
            if is_named && !self.excludes.iter().any(|exclude| exclude.covers(address)) {
                read.to_mut()
                    .resources
                    .entry(address.clone())
                    .or_insert_with(|| desired.clone());
            }
        }
        read
    }
}

/// A live resource that is not in the chart although its parent is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Surplus<'a> {
    pub address: &'a Address,
    pub disposition: Disposition<'a>,
}

/// What happens to it.
#[derive(Debug, Clone, PartialEq)]
pub enum Disposition<'a> {
    /// An unlisted repository is reported and kept.
    Report {
        /// Whether `drift` fails because of it.
        counts: bool,
    },
    /// An unlisted repository is deleted because of this line.
    DeleteUnlisted(&'a Source),
    /// A rule is deleted: the list on this line is complete and lacks it.
    DeleteUndeclared(&'a Source),
    /// Its organization is to be deleted.
    Blocks,
}

/// The expected copies: repositories that the service creates because of rules in the chart.
pub(crate) fn expected_copies(chart: &Chart) -> BTreeSet<Address> {
    chart
        .resources
        .keys()
        .filter_map(|address| (address.kind().expected_copy?)(address))
        .collect()
}

/// The live resources without a parent, such as organizations, that no file names; the
/// targets of the chart's rules are named by them.
pub(crate) fn unlisted_tops<'a>(
    chart: &'a Chart,
    copies: &BTreeSet<Address>,
    live: &'a Live,
) -> impl Iterator<Item = &'a Address> {
    let named: BTreeSet<Address> = copies.iter().filter_map(Address::parent).collect();
    live.resources.keys().filter(move |address| {
        address.kind().holds_unlisted()
            && !chart.resources.contains_key(*address)
            && !named.contains(*address)
    })
}

/// All live resources that the chart must decide about without listing them, in address order.
/// `copies` are those of the whole chart, not of the selection.
pub(crate) fn surplus<'a>(
    chart: &'a Chart,
    copies: &BTreeSet<Address>,
    live: &'a Live,
) -> Vec<Surplus<'a>> {
    let mut declared = Ascending::new(&chart.resources);
    let undeclared = live
        .resources
        .keys()
        .filter(|address| !declared.holds(address) && !is_kept(chart, live, address));
    undeclared
        .filter_map(|address| {
            Some(Surplus {
                address,
                disposition: disposition(chart, copies, address)?,
            })
        })
        .collect()
}

/// Whether it belongs to somebody whose permissions are never changed: an operator, or the creator.
fn is_kept(chart: &Chart, live: &Live, address: &Address) -> bool {
    let Some(person) = address
        .kind()
        .naming()
        .and_then(|naming| address.part(naming.part))
    else {
        return false;
    };
    chart.operators.contains(person) || live.creator(address) == Some(person)
}

fn disposition<'a>(
    chart: &'a Chart,
    copies: &BTreeSet<Address>,
    address: &Address,
) -> Option<Disposition<'a>> {
    let parent = address.parent()?;
    let declared = chart.resources.get(&parent)?;
    match address.kind().unmentioned {
        Unmentioned::Kept => return None,
        Unmentioned::ListIsComplete => {
            // Rules are deleted with their repository.
            let list = declared
                .children
                .of(address.kind())
                .filter(|_| !declared.is_absent())?;
            return Some(Disposition::DeleteUndeclared(list));
        }
        // Before the copies: a copy prevents the deletion of its organization as well.
        Unmentioned::ByPolicyOfParent if declared.is_absent() => return Some(Disposition::Blocks),
        Unmentioned::ByPolicyOfParent if copies.contains(address) => return None,
        Unmentioned::ByPolicyOfParent => {}
    }
    match chart.unlisted.get(&parent)? {
        UnlistedPolicy::Ignore => None,
        UnlistedPolicy::Report => Some(Disposition::Report { counts: false }),
        UnlistedPolicy::Forbid => Some(Disposition::Report { counts: true }),
        UnlistedPolicy::Delete(source) => Some(Disposition::DeleteUnlisted(source)),
    }
}

/// The lists of children to read: of a resource that stays, the managed ones; of one that may be
/// deleted, those that may have a protected or excluded child.
pub(crate) fn to_list(chart: &Chart, live: &Live) -> Vec<(Address, &'static Kind)> {
    let mut is_live = Ascending::new(&live.resources);
    let matters = |desired: &DesiredResource| desired.is_absent() || !desired.children.is_empty();
    let declared = chart
        .resources
        .iter()
        .filter(|(_, desired)| matters(desired));
    let declared = declared.filter(|(address, _)| is_live.holds(address));
    let (going, staying): (Vec<_>, Vec<_>) = declared.partition(|(_, desired)| desired.is_absent());
    let managed = staying
        .into_iter()
        .flat_map(|(address, desired)| managed(address, desired));
    // Only unlisted repositories can be expected copies.
    let mut is_listed = Ascending::new(&chart.resources);
    let copies = if live
        .resources
        .keys()
        .all(|address| is_listed.holds(address))
    {
        BTreeSet::new()
    } else {
        expected_copies(chart)
    };
    let unlisted = surplus(chart, &copies, live)
        .into_iter()
        .filter_map(|surplus| {
            matches!(surplus.disposition, Disposition::DeleteUnlisted(_)).then_some(surplus.address)
        });
    let going = going
        .into_iter()
        .map(|(address, _)| address)
        .chain(unlisted);
    let keeping = Keeping::new(chart);
    let kept = going.flat_map(|address| {
        keeping
            .kinds_that_hold(address)
            .map(move |kind| (address, kind))
    });
    let alone = managed
        .chain(kept)
        .filter(|(_, kind)| kind.is_read_per_parent());
    let mut wanted: Vec<(Address, &'static Kind)> = alone
        .map(|(address, kind)| (address.clone(), kind))
        .collect();
    wanted.sort();
    wanted.dedup();
    wanted
}

/// The lists of children of these kinds, of every resource in what the chart declares.
pub(crate) fn to_include(
    chart: &Chart,
    live: &Live,
    kinds: &BTreeSet<&'static Kind>,
) -> Vec<(Address, &'static Kind)> {
    let is_inside = |address: &Address| {
        let top = std::iter::successors(Some(address.clone()), Address::parent).last();
        top.is_some_and(|top| chart.resources.contains_key(&top))
    };
    let parents = live.resources.keys().filter(|address| is_inside(address));
    let all = parents.flat_map(|address| {
        let own = address.kind().read_per_parent();
        own.filter(|kind| kinds.contains(kind))
            .map(|kind| (address.clone(), kind))
    });
    all.collect()
}

/// A person whose id has to be looked up: the kind says how, in that region, by name.
pub(crate) type Unidentified = (&'static Kind, Arc<str>, Arc<str>);

/// The persons of the chart who are new, and whose ids it does not have.
pub(crate) fn to_look_up(chart: &Chart, live: &Live) -> BTreeSet<Unidentified> {
    let lacks_id = |(address, desired): (&Address, &DesiredResource)| {
        let naming = address.kind().naming()?;
        let person = address.part(naming.part)?;
        let Presence::Present(wanted) = &desired.presence else {
            return None;
        };
        let is_known = naming.stated(wanted).is_some()
            || live.resources.contains_key(address)
            || live.creator(address) == Some(person);
        (!is_known).then(|| {
            let kind = address.kind().family();
            (kind, address.region().clone(), person.clone())
        })
    };
    chart.resources.iter().filter_map(lacks_id).collect()
}

/// The lists that are read only to find out whether the parent exists.
pub(crate) fn to_list_if_live(chart: &Chart) -> BTreeSet<(Address, &'static Kind)> {
    let staying = chart
        .resources
        .iter()
        .filter(|(_, desired)| !desired.is_absent());
    let managed = staying.flat_map(|(address, desired)| managed(address, desired));
    let alone = managed.filter(|(_, kind)| kind.is_read_per_parent());
    alone
        .map(|(address, kind)| (address.clone(), kind))
        .collect()
}

/// The kinds for which the chart has a complete list of children.
fn managed<'a>(
    address: &'a Address,
    desired: &'a DesiredResource,
) -> impl Iterator<Item = (&'a Address, &'static Kind)> {
    desired.children.kinds().map(move |kind| (address, kind))
}

/// What must not be deleted together with a parent.
struct Keeping {
    index: Index,
    below: Below,
}

impl Keeping {
    fn new(chart: &Chart) -> Keeping {
        let protected = chart.protect.iter().map(|protection| &protection.pattern);
        let patterns = protected.chain(&chart.left_out);
        Keeping {
            index: Index::new(patterns.clone()),
            below: Below::new(patterns),
        }
    }

    /// The kinds of which a child could be protected or excluded, while the parent itself is
    /// neither.
    fn kinds_that_hold(&self, address: &Address) -> impl Iterator<Item = &'static Kind> {
        let is_free = self.index.first(address).is_none();
        let may_hold = move |child: &&'static Kind| {
            // What deletes things may always be withdrawn, so it holds nothing.
            is_free
                && child.collects.is_none()
                && self
                    .below
                    .may_match(address, child.key.len() - address.parts().len())
        };
        address
            .kind()
            .read_per_parent()
            .filter(|child| child.is_protectable())
            .filter(may_hold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{repository, sync_rule};
    use crate::plan::tests::{chart, live};

    /// The disposition of each surplus resource.
    fn dispositions(text: &str, live: &Live) -> Vec<String> {
        let chart = chart(text);
        let word = |disposition: &Disposition<'_>| match disposition {
            Disposition::Report { counts: false } => "report",
            Disposition::Report { counts: true } => "forbid",
            Disposition::DeleteUnlisted(_) => "unlisted",
            Disposition::DeleteUndeclared(_) => "undeclared",
            Disposition::Blocks => "blocks",
        };
        let copies = expected_copies(&chart);
        surplus(&chart, &copies, live)
            .iter()
            .map(|it| format!("{} {}", word(&it.disposition), it.address))
            .collect()
    }

    #[test]
    fn only_what_the_chart_declares_is_in_scope() {
        let live = live(&[
            ("o/a", false, 0, &[("x-1", "y", false)]),
            ("o/b", false, 0, &[]),
            ("p/a", false, 0, &[]),
        ]);
        for (chart, expected) in [
            ("organizations: { q: }", &[][..]),
            (
                "organizations: { o: }",
                &["report repository r-1/o/a", "report repository r-1/o/b"],
            ),
            ("organizations: { o: { unlisted: ignore } }", &[]),
            (
                "organizations: { o: { unlisted: forbid, repositories: { a: } } }",
                &["forbid repository r-1/o/b"],
            ),
            (
                "organizations: { o: { unlisted: delete, repositories: { a: } } }",
                &["unlisted repository r-1/o/b"],
            ),
            (
                "organizations: { p: { state: absent } }",
                &["blocks repository r-1/p/a"],
            ),
            // Rules: not managed, managed, and deleted with their repository.
            (
                "organizations: { o: { unlisted: ignore, repositories: { a: } } }",
                &[],
            ),
            (
                "organizations: { o: { unlisted: ignore, repositories: { a: { sync: [] } } } }",
                &["undeclared sync_rule r-1/o/a -> x-1/y"],
            ),
            (
                "organizations: { o: { unlisted: ignore, repositories: { a: { state: absent } } } \
                }",
                &[],
            ),
        ] {
            assert_eq!(dispositions(chart, &live), expected, "{chart}");
        }
    }

    #[test]
    fn an_expected_copy_is_not_unlisted() {
        let live = live(&[
            ("o/a", false, 0, &[]),
            ("dr/a", false, 0, &[]),
            ("dr/b", false, 0, &[]),
        ]);
        let text = "organizations: { dr: { unlisted: delete }, o: { repositories: { a: { sync: [
          { target_region: r-1, target_organization: dr } ] } } } }";
        assert_eq!(dispositions(text, &live), ["unlisted repository r-1/dr/b"]);
        // Also if the rule itself is not selected.
        let targets = vec!["r-1/dr".parse().unwrap()];
        let chart = chart(text);
        let narrowed = Selection {
            targets,
            ..Selection::default()
        }
        .narrow(&chart);
        let copies = expected_copies(&chart);
        let found: Vec<_> = surplus(&narrowed, &copies, &live)
            .iter()
            .map(|it| it.address.to_string())
            .collect();
        assert_eq!(found, ["repository r-1/dr/b"]);
    }

    #[test]
    fn what_a_chosen_resource_lives_in_stays() {
        let chart =
            chart("organizations: { o: { repositories: { a: , b/c: } }, p: { state: absent } }");
        for (targets, excludes, expected) in [
            (vec![], vec![], "r-1/o r-1/o/a r-1/o/b/c r-1/p"),
            (vec!["r-1/o/a"], vec![], "r-1/o r-1/o/a"),
            (vec!["r-1/**/c"], vec![], "r-1/o r-1/o/b/c"),
            (vec!["*/*"], vec!["*/*/a"], "r-1/o r-1/o/b/c r-1/p"),
            (vec![], vec!["r-1/o"], "r-1/p"),
            (vec!["elsewhere/o"], vec![], ""),
        ] {
            let parse = |texts: Vec<&str>| {
                texts
                    .into_iter()
                    .map(|text| text.parse().unwrap())
                    .collect()
            };
            let selection = Selection {
                targets: parse(targets),
                excludes: parse(excludes),
                ..Selection::default()
            };
            assert_eq!(selection.is_partial(), selection != Selection::default());
            let names: Vec<_> = selection
                .narrow(&chart)
                .resources
                .keys()
                .map(|address| address.parts().join("/"))
                .collect();
            assert_eq!(names.join(" "), expected, "{selection:?}");
        }
    }

    #[test]
    fn rules_are_read_where_they_are_managed_and_can_be() {
        let chart = chart(
            "organizations: { o: { repositories: {
              left: , listed: { sync: [] }, new: { sync: [] }, gone: { state: absent } } } }",
        );
        let live = live(&[
            ("o/left", false, 0, &[]),
            ("o/listed", false, 0, &[]),
            ("o/gone", false, 0, &[]),
        ]);
        let rules = |name| (repository::address("r-1", "o", name), &sync_rule::SYNC_RULE);
        assert_eq!(to_list(&chart, &live), [rules("listed")]);
        // Before the live state is known.
        assert_eq!(
            to_list_if_live(&chart).into_iter().collect::<Vec<_>>(),
            ["listed", "new"].map(rules)
        );
    }

    #[test]
    fn rules_that_could_protect_a_deleted_resource_are_read() {
        let live = live(&[
            ("o/gone", false, 0, &[]),
            ("o/kept", false, 0, &[]),
            ("o/old/x", false, 0, &[]),
        ]);
        let text = "organizations: { o: { unlisted: delete, repositories: { kept: , gone: { state: \
            absent } } } }";
        for (protect, exclude, expected) in [
            ("", "", ""),
            ("o/gone/x-1/y", "", "gone"),
            ("o/old/x/x-1/y", "", "old/x"),
            ("o/old/x/x-1", "", ""),
            ("'*/*/*/*'", "", "gone"),
            ("'**/y'", "", "gone old/x"),
            ("'o/g*/*/y'", "", "gone"),
            ("'p/**'", "", ""),
            // A protected repository needs no read of its children.
            ("o/gone, '**/y'", "", "old/x"),
            ("", "r-1/o/gone/x-1/y", "gone"),
            ("", "r-1/o/gone", ""),
            ("", "o/gone/x-1/y", ""),
            ("", "**/y", "gone old/x"),
        ] {
            let chart = chart(&format!("protect: [ {protect} ]\n{text}"));
            let excludes = exclude.parse().into_iter().collect();
            let narrowed = Selection {
                excludes,
                ..Selection::default()
            }
            .narrow(&chart);
            let rules = to_list(&narrowed, &live)
                .into_iter()
                .filter(|(_, kind)| **kind == sync_rule::SYNC_RULE);
            let read: Vec<Address> = rules.map(|(address, _)| address).collect();
            let names: Vec<&str> = read.iter().map(|address| &*address.parts()[2]).collect();
            assert_eq!(names.join(" "), expected, "{protect} {exclude}");
        }
    }
}
