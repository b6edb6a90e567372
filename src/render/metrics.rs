//! What a drift run found, in Prometheus' text format, for the textfile collector of a node exporter.
//!
//! A run that could not read everything has no counts: a zero would read as "no changes".

use crate::{
    drift::Drift,
    kind::{Kind, Listing, REGISTRY},
    plan::{Action, Outcome, risk::RiskClass},
};

/// What there is to tell.
#[derive(Debug, Clone, Copy)]
pub struct Metrics<'m> {
    /// Nothing, where the run did not come that far.
    pub drift: Option<&'m Drift>,
    pub requests: usize,
    /// In seconds since 1970; nothing, if there never was one.
    pub last_complete_read: Option<i64>,
}

const LAST_COMPLETE_READ: &str = "portolan_last_complete_read_timestamp_seconds";

/// What can become of the resources of a kind.
fn actions(kind: &Kind) -> &'static [&'static str] {
    match kind.listing {
        Listing::PerNumber { .. } => &["create", "update", "run"],
        Listing::PerRegion { .. } | Listing::PerParent { .. } => &["create", "update", "replace", "delete"],
    }
}

/// The whole file. Every series is there even where it is zero, so that none vanishes from one run to the next.
pub fn text(metrics: &Metrics<'_>) -> String {
    let mut out = String::new();
    let known = metrics.drift.filter(|drift| drift.outcome() != Outcome::Unknown);
    let mut gauge =
        |name: &str, help: &str, samples: Vec<(String, String)>| family(&mut out, "gauge", name, help, samples);
    let one = |number: Option<String>| number.map(|number| (String::new(), number)).into_iter().collect::<Vec<_>>();
    let count = |of: fn(&Drift) -> usize| one(known.map(|drift| of(drift).to_string()));
    gauge(
        "portolan_changes",
        "Differences that count, withheld ones among them.",
        known.map(changes).unwrap_or_default(),
    );
    gauge(
        "portolan_risks",
        "Differences that count, by the class of risk that mending them has.",
        known.map(risks).unwrap_or_default(),
    );
    gauge("portolan_unchanged", "Resources that are as the chart says.", count(|drift| drift.plan.unchanged));
    gauge("portolan_unlisted", "Repositories that no file lists.", count(|drift| drift.plan.unlisted.len()));
    gauge(
        "portolan_withheld",
        "Differences that an apply would not mend unasked.",
        count(|drift| drift.plan.summary().withheld),
    );
    gauge("portolan_accepted", "Differences that the chart accepts for a while.", count(|drift| drift.accepted.len()));
    gauge("portolan_ignored", "Differences that the run was told to ignore.", count(|drift| drift.ignored));
    gauge(
        "portolan_expired_acceptances",
        "Acceptances of the chart that are over.",
        one(metrics.drift.map(|drift| drift.expired.len().to_string())),
    );
    gauge(
        "portolan_outcome",
        "What the last run came to: 1 for one of the outcomes, 0 for the others.",
        outcome(metrics.drift),
    );
    gauge(
        "portolan_partial",
        "Whether the last run looked at a part of the chart only.",
        one(metrics.drift.map(|drift| u8::from(drift.plan.scope.partial).to_string())),
    );
    gauge(
        LAST_COMPLETE_READ,
        "When everything could last be read.",
        one(metrics.last_complete_read.map(|seconds| seconds.to_string())),
    );
    gauge(
        "portolan_requests",
        "Requests of the last run, repeated ones among them.",
        one(Some(metrics.requests.to_string())),
    );
    out
}

/// The time that an older file holds.
pub fn last_complete_read(text: &str) -> Option<i64> {
    text.lines().find_map(|line| line.strip_prefix(LAST_COMPLETE_READ)?.trim().parse().ok())
}

/// A family of samples, each with its labels.
fn family(out: &mut String, kind: &str, name: &str, help: &str, samples: Vec<(String, String)>) {
    out.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    for (labels, value) in samples {
        out.push_str(&format!("{name}{labels} {value}\n"));
    }
}

fn action(action: &Action) -> &'static str {
    match action {
        Action::Create { .. } => "create",
        Action::Update { .. } => "update",
        Action::Replace { .. } => "replace",
        Action::Delete { .. } => "delete",
        Action::Run { .. } => "run",
    }
}

fn changes(drift: &Drift) -> Vec<(String, String)> {
    let mut samples = Vec::new();
    for (kind, name) in REGISTRY.iter().flat_map(|kind| actions(kind).iter().map(|name| (kind.name, *name))) {
        let changes = drift.plan.changes.iter();
        let number =
            changes.filter(|change| change.address.kind().name == kind && action(&change.action) == name).count();
        samples.push((format!("{{kind=\"{kind}\",action=\"{name}\"}}"), number.to_string()));
    }
    samples
}

fn risks(drift: &Drift) -> Vec<(String, String)> {
    let count = |class: RiskClass| {
        let has = |risks: &[crate::plan::risk::Risk]| risks.iter().any(|risk| risk.class == class);
        drift.plan.changes.iter().filter(|change| has(&change.risks)).count()
    };
    RiskClass::ALL.map(|class| (format!("{{class=\"{class}\"}}"), count(class).to_string())).into()
}

fn outcome(drift: Option<&Drift>) -> Vec<(String, String)> {
    let is = drift.map_or(Outcome::Unknown, Drift::outcome);
    let outcomes = [("no_changes", Outcome::NoChanges), ("changes", Outcome::Changes), ("unknown", Outcome::Unknown)];
    let sample = |(name, outcome)| (format!("{{outcome=\"{name}\"}}"), u8::from(outcome == is).to_string());
    outcomes.map(sample).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_has_no_counts() {
        let text = text(&Metrics { drift: None, requests: 0, last_complete_read: None });
        let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            samples,
            [
                "portolan_outcome{outcome=\"no_changes\"} 0",
                "portolan_outcome{outcome=\"changes\"} 0",
                "portolan_outcome{outcome=\"unknown\"} 1",
                "portolan_requests 0",
            ]
        );
        assert_eq!(last_complete_read(&text), None);
    }

    #[test]
    fn the_time_of_the_last_complete_read_comes_back() {
        let text = text(&Metrics { drift: None, requests: 0, last_complete_read: Some(1_800_000_000) });
        assert_eq!(last_complete_read(&text), Some(1_800_000_000));
        for broken in ["", "portolan_last_complete_read_timestamp_seconds x\n", "\u{0}"] {
            assert_eq!(last_complete_read(broken), None, "{broken}");
        }
    }
}
