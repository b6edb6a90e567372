//! Lints: warnings about charts that are valid but probably not intended.
//!
//! Most need only the chart. [`targets`] also needs the live state, as does `coverage`, which checks
//! patterns. Waivers are applied later.

use std::{collections::BTreeMap, sync::Arc};

use indexmap::IndexMap;
use serde_json::Value;

use super::check::similar_to;
use crate::{
    address::Address,
    copies::Target,
    diagnostics::{Diagnostic, Span, visible},
    kind::{self, copying::Backfill, organization, repository, sync_rule},
    names,
    plan::{self, Kept},
    region,
    state::{Chart, Live, Presence},
};

/// A rule and its place in the chart.
pub(crate) type PlacedRule = (Address, Span);

/// The codes of all lints. Waivers may name them.
pub(crate) const CODES: [&str; 17] = [
    "account-capitals",
    "unknown-region",
    "registry-host",
    "self-copy",
    "copy-cycle",
    "unknown-sync-region",
    "shared-override",
    "backfill-against-retention",
    "double-hyphen",
    "unusual-git-url",
    "literal-variable",
    "exception-glob",
    "exception-not-anchored",
    "latest-not-kept",
    NOT_LOOKED_AT,
    NOT_COMPARED,
    COVERS_NOTHING,
];

/// The lints that need the live state.
pub(crate) const OF_A_PLAN: [&str; 3] = [NOT_LOOKED_AT, NOT_COMPARED, COVERS_NOTHING];

/// The lints that depend on what could be read: their waivers are never unused.
pub(crate) const OF_A_READ: [&str; 2] = [NOT_LOOKED_AT, NOT_COMPARED];

/// The lints that need the live state of the whole chart.
pub(crate) const OF_A_WHOLE_PLAN: [&str; 1] = [COVERS_NOTHING];

const NOT_LOOKED_AT: &str = "target-not-looked-at";
const NOT_COMPARED: &str = "copies-not-compared";
const COVERS_NOTHING: &str = "pattern-covers-nothing";

/// The organization and the repository that a rule copies to.
struct Copy {
    organization: Address,
    repository: Address,
}

impl Copy {
    fn of(rule: &Address) -> Option<Copy> {
        let part = |name| rule.part(name).cloned();
        let organization =
            organization::address(part("target_region")?, part("target_organization")?);
        let parts = organization.parts();
        let repository =
            repository::address(parts[0].clone(), parts[1].clone(), part("repository")?);
        Some(Copy {
            organization,
            repository,
        })
    }
}

/// The findings about a chart's rules.
pub fn rules(chart: &Chart, rules: &[PlacedRule]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    // To look up the opposite rule of each rule, which a search of the list would make quadratic.
    let places: BTreeMap<&Address, Span> = rules
        .iter()
        .map(|(address, span)| (address, *span))
        .collect();
    // Grouped by what they write: comparing all pairs of rules would be quadratic.
    let mut writers = BTreeMap::<Address, Vec<&PlacedRule>>::new();
    for rule in rules {
        let Some(copy) = Copy::of(&rule.0) else {
            continue;
        };
        found.extend(self_copy(rule, &copy));
        found.extend(unknown_sync_region(rule));
        found.extend(copy_cycle(rule, &copy, &places));
        found.extend(endless_backfill(chart, rule, &copy.repository));
        writers.entry(copy.repository).or_default().push(rule);
    }
    for (copy, writers) in writers.iter().filter(|(_, writers)| writers.len() > 1) {
        found.extend(shared_override(chart, copy, writers));
    }
    one_per_place(found)
}

/// What the tables of the kinds find doubtful in single entries.
pub fn doubts(chart: &Chart, items: &[PlacedRule]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    // Entries that inherit the same attributes share them, so each is judged once.
    let mut known = BTreeMap::new();
    for (address, span) in items {
        let desired = chart.resources.get(address).map(|it| &it.presence);
        let (Some(collects), Some(Presence::Present(entry))) = (address.kind().collects, desired)
        else {
            continue;
        };
        let doubts = known
            .entry(Arc::as_ptr(entry))
            .or_insert_with(|| (collects.doubts)(entry));
        let doubts = doubts.iter().cloned();
        found.extend(doubts.map(|doubt| doubt.at(*span).address(address.to_string())));
    }
    one_per_place(found)
}

/// Merges findings with the same code and place. Many repositories can inherit the same rule: it is
/// reported once, with the count of the others.
fn one_per_place(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut groups = IndexMap::<(&'static str, Option<Span>), (Diagnostic, usize)>::new();
    for diagnostic in found {
        let (_, count) = groups
            .entry((diagnostic.code, diagnostic.span))
            .or_insert((diagnostic, 0));
        *count += 1;
    }
    let merged = groups.into_values().map(|(mut diagnostic, count)| {
        if count > 1 {
            diagnostic.message = format!(
                "{} (and {} more from this line)",
                diagnostic.message,
                count - 1
            );
        }
        diagnostic
    });
    merged.collect()
}

fn self_copy((address, span): &PlacedRule, copy: &Copy) -> Option<Diagnostic> {
    (address.parent().as_ref() == Some(&copy.repository)).then(|| {
        Diagnostic::warning("self-copy", "this rule copies a repository onto itself")
            .at(*span)
            .address(address.to_string())
            .hint("its target is the repository's own region and organization")
    })
}

fn unknown_sync_region((address, span): &PlacedRule) -> Option<Diagnostic> {
    let region = address.part("target_region")?;
    if region::TARGET_REGIONS.contains(&&**region) {
        return None;
    }
    let known = region::TARGET_REGIONS;
    let meant = similar_to(region, known.into_iter());
    let all = known.join(", ");
    let hint = match meant {
        Some(meant) => format!("did you mean `{meant}`? The known regions are {all}"),
        None => format!("the known regions are {all}"),
    };
    Some(
        Diagnostic::warning(
            "unknown-sync-region",
            format!("region `{region}` is not known to support image synchronization"),
        )
        .at(*span)
        .address(address.to_string())
        .hint(hint),
    )
}

/// Reported once, at the later of the two rules.
fn copy_cycle(
    (address, span): &PlacedRule,
    copy: &Copy,
    places: &BTreeMap<&Address, Span>,
) -> Option<Diagnostic> {
    let back = sync_rule::address(
        &copy.repository,
        address.region().clone(),
        address.part("organization")?.clone(),
    );
    let other = places
        .get(&back)
        // Spans are ordered by place, so only the later of the two rules reports the cycle.
        .filter(|other| **other < *span && back != *address)?;
    Some(
        Diagnostic::warning("copy-cycle", "two rules copy into each other")
            .at(*span)
            .address(address.to_string())
            .related(*other, "the other rule")
            .hint("every push on one side starts a copy to the other"),
    )
}

/// What a retention deletes at the target is missing there, and would be copied again.
fn endless_backfill(
    chart: &Chart,
    (address, span): &PlacedRule,
    copy: &Address,
) -> Option<Diagnostic> {
    let desired = |address: &Address| match &chart.resources.get(address)?.presence {
        Presence::Present(attributes) => Some(attributes.clone()),
        Presence::Absent => None,
    };
    let copying = address.kind().copying?;
    let is_endless = copying.backfill(&*desired(address)?) == Backfill::Missing;
    let collecting = copy
        .kind()
        .children()
        .filter(|kind| is_endless && kind.collects.is_some())
        .map(|kind| Address::new(kind, copy.parts().to_vec()));
    let collecting = collecting
        .into_iter()
        .find(|child| desired(child).is_some())?;
    Some(
        Diagnostic::warning(
            "backfill-against-retention",
            format!("`backfill: missing` copies again what {collecting} deletes"),
        )
        .at(*span)
        .address(address.to_string())
        .hint(
            "what the retention would delete now is left out, but its rules may change: \
            `backfill: on-create` copies once",
        ),
    )
}

fn shared_override(chart: &Chart, copy: &Address, writers: &[&PlacedRule]) -> Vec<Diagnostic> {
    let overrides = |address: &Address| {
        chart
            .resources
            .get(address)
            .is_some_and(|desired| match &desired.presence {
                Presence::Present(attributes) => {
                    attributes.get("override") == Some(&Value::Bool(true))
                }
                Presence::Absent => false,
            })
    };
    let mut found = Vec::new();
    for (address, span) in writers
        .iter()
        .copied()
        .filter(|(address, _)| overrides(address))
    {
        let Some((_, other)) = writers.iter().find(|(other, _)| other != address) else {
            continue;
        };
        found.push(
            Diagnostic::warning(
                "shared-override",
                format!("another rule also writes {copy}, and this one overwrites its tags"),
            )
            .at(*span)
            .address(address.to_string())
            .related(*other, "the other rule")
            .hint("which image a tag names then depends on the order of the pushes"),
        );
    }
    found
}

/// What is not known about the targets of rules: one finding for each region or place, at the
/// first of its rules.
pub fn targets(live: &Live, rules: &[PlacedRule]) -> Vec<Diagnostic> {
    let mut found = IndexMap::<(&'static str, String), (Diagnostic, usize)>::new();
    for (rule, span) in rules {
        let doubts = Copy::of(rule).map(|copy| unclear_target(rule, &copy, live));
        for doubt in doubts.into_iter().flatten() {
            let doubt = doubt.at(*span).address(rule.to_string());
            let key = (doubt.code, doubt.message.clone());
            found.entry(key).or_insert((doubt, 0)).1 += 1;
        }
    }
    let counted = found.into_values().map(|(mut doubt, rules)| {
        if rules > 1 {
            doubt.message = format!("{} (and of {} more rules)", doubt.message, rules - 1);
        }
        doubt
    });
    counted.collect()
}

fn unclear_target(rule: &Address, copy: &Copy, live: &Live) -> Option<Diagnostic> {
    let place = &copy.organization;
    if let Some(Target::NotLookedAt(reason)) = live.targets.get(place) {
        let problem = format!("{place}, the target of this rule, was not looked at: {reason}");
        let hint = "whether it exists is not known; if not, nothing is copied there";
        return Some(Diagnostic::warning(NOT_LOOKED_AT, problem).hint(hint));
    }
    let reason = plan::copies::unread(rule, live)?;
    let problem = format!("the copies of this rule in {place} were not compared: {reason}");
    let hint = "whether tags are missing there is not known";
    Some(Diagnostic::warning(NOT_COMPARED, problem).hint(hint))
}

/// Deletions that are left out because a child is excluded. Who excludes a child may not expect
/// that its parent is kept too.
pub fn kept(kept: &[Kept]) -> impl Iterator<Item = Diagnostic> {
    kept.iter().map(|Kept { address, inside }| {
        Diagnostic::warning(
            "kept-by-exclude",
            format!("{address} is not deleted: it contains {inside}, which is excluded"),
        )
        .address(address.to_string())
        .hint("the next apply without that `--exclude` deletes it")
    })
}

/// Source URLs without `.git` at the end: the service's console refuses them.
pub fn url(text: &str, span: Span) -> Option<Diagnostic> {
    (kind::is_web_address(text) && !text.ends_with(".git")).then(|| {
        Diagnostic::warning("unusual-git-url", "this URL does not end in `.git`")
            .at(span)
            .hint("the service's user guide asks for URLs that end in `.git`")
    })
}

/// Regions that are not in the official list. The service's host name is built from the region, so
/// the host of a mistyped one does not exist.
pub fn region(name: &str, span: Option<Span>) -> Option<Diagnostic> {
    if region::is_known(name) {
        return None;
    }
    let hint = match similar_to(name, region::known()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "a region looks like `cn-north-4`; a region of a partner cloud needs `endpoints`"
            .to_owned(),
    };
    let problem = format!(
        "region `{}` is not in the official list of regions",
        visible(name)
    );
    Some(Diagnostic {
        span,
        ..Diagnostic::warning("unknown-region", problem).hint(hint)
    })
}

/// Repository names that begin with a registry host, as image references do.
pub fn host(name: &str, span: Span) -> Option<Diagnostic> {
    let (first, rest) = name.split_once('/')?;
    names::is_host(first).then(|| {
        Diagnostic::warning(
            "registry-host",
            format!("`{first}` looks like a registry host"),
        )
        .at(span)
        .hint(format!(
            "write the name without the registry and the organization: did you mean `{}`?",
            rest.split_once('/').map_or(rest, |(_, name)| name)
        ))
    })
}

/// Names with several hyphens in a row.
pub fn name(name: &str, span: Span) -> Option<Diagnostic> {
    name.contains("--").then(|| {
        Diagnostic::warning(
            "double-hyphen",
            format!("`{name}` contains several hyphens in a row"),
        )
        .at(span)
        .hint("the service's documentation forbids this, although its naming pattern allows it")
    })
}
