//! Findings: what a run saw that no change would mend.
//!
//! They stand beside the changes and touch neither the outcome of a plan nor, outside `drift`, the
//! exit code.

use serde::{Deserialize, Serialize};

use crate::{
    address::Address,
    diagnostics::Source,
    scope::Selection,
    state::{Chart, Live},
    text::visible,
};

/// A resource whose last run failed.
pub const FAILING_MIRROR: &str = "failing-mirror";

/// The codes of all findings, sorted. `portolan explain` must know each; a test checks that.
pub const CODES: [&str; 1] = [FAILING_MIRROR];

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

/// The findings of a plan, in address order.
pub(super) fn of(chart: &Chart, live: &Live, selection: &Selection) -> Vec<Finding> {
    let mut findings = failing(chart, live);
    findings.retain(|finding| selection.holds(&finding.address));
    findings.sort_by(|one, other| (&one.address, &one.code).cmp(&(&other.address, &other.code)));
    findings
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
