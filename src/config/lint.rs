//! Lints: what is allowed and seldom meant. Each is a warning with a code of its own.
//!
//! Most look at the chart alone; [`targets`] and [`failing`] need the live state as well and run
//! when there is one, and so does `coverage`, which looks at patterns. Which of them a chart waives
//! is not known here.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::Value;

use super::check::similar_to;
use crate::{
    address::Address,
    diagnostics::{Diagnostic, Span, visible},
    kind::{self, organization, repository, sync_rule},
    names,
    plan::Kept,
    region,
    state::{Chart, Live, Presence},
};

/// A rule and where it stands.
pub type PlacedRule = (Address, Span);

/// The codes of all lints, for the check of waivers.
pub const CODES: [&str; 12] = [
    "unknown-region",
    "registry-host",
    "self-copy",
    "copy-cycle",
    "unknown-sync-region",
    "shared-override",
    "double-hyphen",
    "unusual-git-url",
    "literal-variable",
    UNKNOWN_TARGET,
    FAILING,
    COVERS_NOTHING,
];

/// Those that only a plan can find.
pub const OF_A_PLAN: [&str; 3] = [UNKNOWN_TARGET, FAILING, COVERS_NOTHING];

/// Those that only a plan of the whole chart can find.
pub const OF_A_WHOLE_PLAN: [&str; 1] = [COVERS_NOTHING];

const UNKNOWN_TARGET: &str = "unknown-target-organization";
const FAILING: &str = "failing-mirror";
const COVERS_NOTHING: &str = "pattern-covers-nothing";

/// Where a rule's images end up.
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

/// Everything to be said of a chart's rules.
pub fn rules(chart: &Chart, rules: &[PlacedRule]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let places: BTreeMap<&Address, Span> = rules
        .iter()
        .map(|(address, span)| (address, *span))
        .collect();
    let mut writers = BTreeMap::<Address, Vec<&PlacedRule>>::new();
    for rule in rules {
        let Some(copy) = Copy::of(&rule.0) else {
            continue;
        };
        found.extend(self_copy(rule, &copy));
        found.extend(unknown_sync_region(rule));
        found.extend(copy_cycle(rule, &copy, &places));
        writers.entry(copy.repository).or_default().push(rule);
    }
    for (copy, writers) in writers.iter().filter(|(_, writers)| writers.len() > 1) {
        found.extend(shared_override(chart, copy, writers));
    }
    once_a_place(found)
}

/// A list that many repositories inherit is one line: what is wrong with it is told once, with the
/// number of the rest.
fn once_a_place(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut alike = IndexMap::<(&'static str, Option<Span>), (Diagnostic, usize)>::new();
    for diagnostic in found {
        let (_, number) = alike
            .entry((diagnostic.code, diagnostic.span))
            .or_insert((diagnostic, 0));
        *number += 1;
    }
    let told = alike.into_values().map(|(mut diagnostic, number)| {
        if number > 1 {
            diagnostic.message = format!(
                "{} (and {} more from this line)",
                diagnostic.message,
                number - 1
            );
        }
        diagnostic
    });
    told.collect()
}

fn self_copy((address, span): &PlacedRule, copy: &Copy) -> Option<Diagnostic> {
    (address.parent().as_ref() == Some(&copy.repository)).then(|| {
        Diagnostic::warning("self-copy", "this rule copies a repository onto itself")
            .at(*span)
            .address(address.to_string())
            .hint("the target is the rule's own region and organization")
    })
}

fn unknown_sync_region((address, span): &PlacedRule) -> Option<Diagnostic> {
    let region = address.part("target_region")?;
    if region::TARGET_REGIONS.contains(&&**region) {
        return None;
    }
    let known = region::TARGET_REGIONS;
    let meant = similar_to(region, known.into_iter());
    let meant = meant.map_or_else(String::new, |meant| format!("did you mean `{meant}`? "));
    let known = known.join(", ");
    Some(
        Diagnostic::warning(
            "unknown-sync-region",
            format!("region `{region}` is not known to take copies"),
        )
        .at(*span)
        .address(address.to_string())
        .hint(format!("{meant}known are {known}")),
    )
}

/// Told once, at the later of the two.
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
        .filter(|other| **other < *span && back != *address)?;
    Some(
        Diagnostic::warning("copy-cycle", "two rules copy into each other")
            .at(*span)
            .address(address.to_string())
            .related(*other, "the other one")
            .hint("every push on one side starts a copy on the other"),
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
                format!("another rule writes {copy} too, and this one overwrites"),
            )
            .at(*span)
            .address(address.to_string())
            .related(*other, "the other one")
            .hint("which of two images a tag names then depends on who pushed last"),
        );
    }
    found
}

/// A target organization in one of the chart's own regions that is neither live nor declared: the
/// service takes such a rule, and copies nothing.
pub fn targets(chart: &Chart, live: &Live, rules: &[PlacedRule]) -> Vec<Diagnostic> {
    let regions: BTreeSet<_> = chart.resources.keys().map(Address::region).collect();
    let is_there = |organization: &Address| {
        let declared = chart
            .resources
            .get(organization)
            .is_some_and(|desired| !desired.is_absent());
        declared || live.resources.contains_key(organization)
    };
    let missing = rules.iter().filter_map(|(address, span)| {
        let organization = Copy::of(address)?.organization;
        (regions.contains(organization.region()) && !is_there(&organization)).then(|| {
            Diagnostic::warning(
                UNKNOWN_TARGET,
                format!("{organization} does not exist, and no file declares it"),
            )
            .at(*span)
            .address(address.to_string())
            .hint("the service takes such a rule, and copies nothing")
        })
    });
    missing.collect()
}

/// Mirrors whose last attempt failed. One that is not fresh any more has a run in the plan as well;
/// one that still is would otherwise fail in silence until then.
pub fn failing(chart: &Chart, live: &Live) -> Vec<Diagnostic> {
    let failing = chart.terms.iter().filter_map(|(address, terms)| {
        let state = live.resources.get(address)?.runs.as_deref()?;
        let said = state.failure(live.clock)?;
        Some(
            Diagnostic::warning(FAILING, format!("the last run failed: {said}"))
                .at(terms.span)
                .address(address.to_string())
                .hint(match &state.last_success {
                    Some(success) => format!("the last success was {}", visible(&success.text)),
                    None => "it never succeeded".to_owned(),
                }),
        )
    });
    failing.collect()
}

/// Deletions that are left out because of something that lives there: who excludes a child may not
/// think of its parent.
pub fn kept(kept: &[Kept]) -> impl Iterator<Item = Diagnostic> {
    kept.iter().map(|Kept { address, inside }| {
        Diagnostic::warning(
            "kept-by-exclude",
            format!("{address} shall go, but {inside} is excluded and lives in it"),
        )
        .address(address.to_string())
        .hint("it goes with the next run that does not exclude that")
    })
}

/// The console takes only addresses that end so.
pub fn url(text: &str, span: Span) -> Option<Diagnostic> {
    (kind::is_web_address(text) && !text.ends_with(".git")).then(|| {
        Diagnostic::warning("unusual-git-url", "this address does not end in `.git`")
            .at(span)
            .hint("the service's user guide asks for that")
    })
}

/// Where a region is named that no official document knows: the name of its host is made from it,
/// and may not exist.
pub fn region(name: &str, span: Option<Span>) -> Option<Diagnostic> {
    if region::is_known(name) {
        return None;
    }
    let hint = match similar_to(name, region::known()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "a region is called as in `cn-north-4`; one of a partner's cloud wants `endpoints`"
            .to_owned(),
    };
    let problem = format!(
        "no document of the service knows a region `{}`",
        visible(name)
    );
    Some(Diagnostic {
        span,
        ..Diagnostic::warning("unknown-region", problem).hint(hint)
    })
}

/// An image is named with its registry and its organization, a repository without them.
pub fn host(name: &str, span: Span) -> Option<Diagnostic> {
    let (first, rest) = name.split_once('/')?;
    names::is_host(first).then(|| {
        Diagnostic::warning(
            "registry-host",
            format!("`{first}` looks like the host of a registry"),
        )
        .at(span)
        .hint(format!(
            "the name begins behind the registry and the organization: is it `{}`?",
            rest.split_once('/').map_or(rest, |(_, name)| name)
        ))
    })
}

/// Several hyphens in a row: the documents forbid them, the service's patterns allow them.
pub fn name(name: &str, span: Span) -> Option<Diagnostic> {
    name.contains("--").then(|| {
        Diagnostic::warning(
            "double-hyphen",
            format!("`{name}` has several hyphens in a row"),
        )
        .at(span)
        .hint("the service's documents forbid that, though its patterns allow it")
    })
}
