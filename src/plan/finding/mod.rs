//! Findings: what a run saw that no change would mend.
//!
//! They stand beside the changes and touch neither the outcome of a plan nor, outside `drift`, the
//! exit code.

pub(super) mod renamed;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    address::Address,
    diagnostics::Source,
    kind::Kind,
    plan::{Plan, copies, risk::RiskClass},
    state::{Chart, Live, LiveResource, Notice},
    text::visible,
};

/// Tags of the source of a rule that are not at its target.
pub const COPIES_MISSING: &str = "copies-missing";

/// Tags that were copied, and then deleted at the target.
pub const COPIES_REMOVED: &str = "copies-removed";

/// Tags that were pushed so lately that their copies may still be made.
pub const COPIES_UNDER_WAY: &str = "copies-under-way";

/// A rule whose target does not exist.
pub const TARGET_MISSING: &str = "target-organization-missing";

/// A resource whose last run failed.
pub const FAILING_MIRROR: &str = "failing-mirror";

/// Something that the plan creates, and something unlisted with a name that is alike.
pub const MAYBE_RENAMED: &str = "maybe-renamed";

/// A resource that has ended by itself.
pub const EXPIRED_SHARE: &str = "expired-share";

/// A resource that has children of a kind, and whose entry does not mention them.
pub const UNDECLARED_SHARE: &str = "undeclared-share";

/// A rule with copies that failed.
pub const SYNC_FAILED: &str = "sync-failed";

/// A rule with copies that hang.
pub const SYNC_STUCK: &str = "sync-stuck";

/// A repository that no file lists. It is in the plan's `unlisted` list too.
pub const UNLISTED: &str = "unlisted";

/// An organization that no file names.
pub const UNLISTED_ORGANIZATION: &str = "unlisted-organization";

/// The codes of all findings, sorted. `portolan explain` must know each; a test checks that.
pub const CODES: [&str; 12] = [
    COPIES_MISSING,
    COPIES_REMOVED,
    COPIES_UNDER_WAY,
    EXPIRED_SHARE,
    FAILING_MIRROR,
    MAYBE_RENAMED,
    SYNC_FAILED,
    SYNC_STUCK,
    TARGET_MISSING,
    UNDECLARED_SHARE,
    UNLISTED,
    UNLISTED_ORGANIZATION,
];

/// What every message about an unlisted repository begins with; what it contains follows.
pub(crate) const UNLISTED_LEAD: &str = "no file lists it: ";

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    pub code: String,
    /// What it is about.
    pub address: Address,
    pub message: String,
    /// Whether `drift` fails because of it.
    pub counts: bool,
    /// The line of the chart at which it is shown, and at which it can be waived.
    pub source: Option<Source>,
}

impl Finding {
    /// A finding that does not count.
    pub fn new(code: &'static str, address: &Address, message: String) -> Finding {
        Finding {
            code: code.to_owned(),
            address: address.clone(),
            message,
            counts: false,
            source: None,
        }
    }

    /// The same finding at a line of the chart.
    #[must_use]
    pub fn at(mut self, source: Option<&Source>) -> Finding {
        self.source = source.cloned();
        self
    }
}

/// The codes that a plan of this chart does not look for everywhere: their waivers are then not
/// unused.
pub(crate) fn not_looked_for(chart: &Chart, live: &Live) -> Vec<&'static str> {
    let is_open = |address: &Address| {
        let has_list = address.kind().lookup().is_none();
        has_list && !chart.unlisted_tops.contains_key(address.region())
    };
    let mut codes = copies::not_looked_for(chart, live);
    if chart.resources.keys().any(is_open) {
        codes.push(UNLISTED_ORGANIZATION);
    }
    codes
}

/// Adds the findings of the two states and the others to those of the plan, and sorts them by
/// address.
pub(super) fn complete(
    plan: &mut Plan,
    chart: &Chart,
    live: &Live,
    tops: &[&Address],
    others: Vec<Finding>,
) {
    let selection = &plan.scope.selection;
    // What is true of something that this plan deletes ends with it.
    let goes = |address: &Address| {
        let at = plan.changes.binary_search_by(|it| it.address.cmp(address));
        let change = at.ok().and_then(|at| plan.changes.get(at));
        change.is_some_and(|it| it.withheld.is_none() && it.action.after().is_none())
    };
    let found = failing(chart, live)
        .into_iter()
        .chain(unlisted_tops(chart, tops))
        .chain(others)
        .filter(|finding| selection.holds(&finding.address) && !goes(&finding.address));
    let found: Vec<Finding> = found.collect();
    plan.findings.extend(found);
    plan.findings
        .sort_by(|one, other| (&one.address, &one.code).cmp(&(&other.address, &other.code)));
}

/// The finding about an unlisted resource. `counts`: whether its parent forbids it.
pub(super) fn unlisted(
    chart: &Chart,
    address: &Address,
    found: &LiveResource,
    counts: bool,
) -> Finding {
    let message = format!("{UNLISTED_LEAD}{}", contents(address.kind(), found));
    let parent = address
        .parent()
        .and_then(|parent| chart.resources.get(&parent));
    Finding {
        counts,
        ..Finding::new(UNLISTED, address, message).at(parent.map(|parent| &parent.source))
    }
}

/// What a live resource contains, and whether it is exposed.
fn contents(kind: &Kind, found: &LiveResource) -> String {
    let held = kind.held(found);
    let hazards = kind.attributes.iter().filter_map(|attribute| {
        let hazard = attribute.hazard.as_ref()?;
        let value = found.attributes.get(attribute.name)?;
        let is_exposed = hazard.class == RiskClass::Exposes && *value == json!(hazard.value);
        is_exposed.then(|| (hazard.evidence)(held))
    });
    let exposed: Vec<String> = hazards.collect();
    match (held, kind.holds) {
        _ if !exposed.is_empty() => exposed.join(", "),
        (Some(0), _) => "empty".to_owned(),
        (held, Some(holds)) => (holds.in_words)(held),
        (_, None) => String::new(),
    }
}

fn unlisted_tops<'a>(chart: &'a Chart, tops: &'a [&Address]) -> impl Iterator<Item = Finding> {
    tops.iter().filter_map(|address| {
        let policy = chart.unlisted_tops.get(address.region())?;
        let message = "no file names it".to_owned();
        let finding = Finding::new(UNLISTED_ORGANIZATION, address, message);
        (policy.notice != Notice::Ignored).then(|| Finding {
            counts: policy.notice == Notice::Forbidden,
            ..finding.at(Some(&policy.source))
        })
    })
}

impl Plan {
    /// Keeps only some findings. What is unlisted has a list of its own, from which it goes too.
    pub(crate) fn retain_findings(&mut self, keeps: impl FnMut(&Finding) -> bool) {
        let addresses = |plan: &Plan| -> BTreeSet<Address> {
            let findings = plan.findings.iter();
            let unlisted = findings.filter(|finding| finding.code == UNLISTED);
            unlisted.map(|finding| finding.address.clone()).collect()
        };
        let before = addresses(self);
        self.findings.retain(keeps);
        let after = addresses(self);
        self.unlisted.retain(|unlisted| {
            !before.contains(&unlisted.address) || after.contains(&unlisted.address)
        });
    }
}

/// Mirrors whose last run failed. Without this finding, nobody would notice before the last success
/// is older than `max_age` and a run is planned.
fn failing(chart: &Chart, live: &Live) -> Vec<Finding> {
    let failing = chart.terms.keys().filter_map(|address| {
        let state = live.resources.get(address)?.runs.as_deref()?;
        let reason = state.failure(live.clock)?;
        let success = match &state.last_success {
            Some(success) => format!("the last success was {}", visible(&success.text)),
            None => "it never succeeded".to_owned(),
        };
        let message = format!("the last run failed: {reason}; {success}");
        let source = chart.resources.get(address).map(|desired| &desired.source);
        Some(Finding::new(FAILING_MIRROR, address, message).at(source))
    });
    failing.collect()
}
