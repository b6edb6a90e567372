//! Drift: which differences and findings of a plan count.
//!
//! Pure: the plan, the chart's `accept`, the options and the day are parameters. A difference is
//! ignored, else accepted, else it counts. A finding is ignored, else accepted, else it counts if
//! the plan or `--fail-on` says so. An expired acceptance covers nothing.

mod fail_on;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use self::fail_on::{FailOn, NOTHING};

use crate::{
    address::Address,
    diagnostics::{Diagnostic, Source, View},
    pattern::{Index, Pattern},
    plan::{
        Change, Finding, Outcome, Plan, by_id, cloud,
        document::{ChangeDocument, PlanDocument},
    },
    state::Acceptance,
    time::Date,
};

/// A plan, divided by what counts.
#[derive(Debug, Clone, Default)]
pub struct Drift {
    /// With only the differences that count, and the findings that are neither ignored nor
    /// accepted.
    pub plan: Plan,
    pub accepted: Vec<Accepted>,
    pub accepted_findings: Vec<AcceptedFinding>,
    /// The number of ignored differences.
    pub ignored: usize,
    pub ignored_findings: usize,
    /// The expired acceptances, in the order of the chart. One makes the command fail.
    pub expired: Vec<Acceptance>,
}

/// A difference that the chart accepts for some time.
#[derive(Debug, Clone)]
pub struct Accepted {
    pub change: Change,
    pub by: Acceptance,
}

/// A finding that the chart accepts for some time.
#[derive(Debug, Clone)]
pub struct AcceptedFinding {
    pub finding: Finding,
    pub by: Acceptance,
}

/// What `--ignore` leaves out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ignores<'i> {
    pub patterns: &'i [Pattern],
    /// Codes of findings.
    pub codes: &'i [&'static str],
}

/// Divides the differences and findings of a plan. An acceptance is still valid on its last day.
pub fn judge(
    mut plan: Plan,
    acceptances: &[Acceptance],
    ignores: Ignores<'_>,
    fail_on: &[FailOn],
    today: Date,
) -> Drift {
    fail_on::decide(&mut plan.findings, fail_on);
    let (expired, valid): (Vec<&Acceptance>, Vec<&Acceptance>) = acceptances
        .iter()
        // Expired ones are kept apart and not only skipped: each is an error, used or not.
        .partition(|acceptance| acceptance.until < today);
    let mut drift = Drift {
        expired: expired.into_iter().cloned().collect(),
        ..Drift::default()
    };
    let ignored = Index::new(ignores.patterns);
    let accepted = Accepting::new(&valid, |acceptance| acceptance.code.is_none());
    for change in std::mem::take(&mut plan.changes) {
        if ignored.first(&change.address).is_some() {
            drift.ignored += 1;
        } else if let Some(by) = accepted.first(&change.address).cloned() {
            drift.accepted.push(Accepted { change, by });
        } else {
            plan.changes.push(change);
        }
    }
    let found: BTreeSet<String> = plan.findings.iter().map(|it| it.code.clone()).collect();
    let of_code = |code: String| {
        let applies = |by: &Acceptance| by.code.is_none_or(|only| only == code);
        let accepting = Accepting::new(&valid, applies);
        (code, accepting)
    };
    let accepted: BTreeMap<String, Accepting<'_>> = found.into_iter().map(of_code).collect();
    plan.retain_findings(|finding| {
        if ignores.codes.contains(&&*finding.code) || ignored.first(&finding.address).is_some() {
            drift.ignored_findings += 1;
            return false;
        }
        let of_code = accepted.get(&finding.code);
        let by = of_code.and_then(|accepted| accepted.first(&finding.address));
        drift.accepted_findings.extend(by.map(|by| AcceptedFinding {
            finding: finding.clone(),
            by: by.clone(),
        }));
        by.is_none()
    });
    if plan.changes.is_empty() {
        // Stops of an apply are shown only beside changes that count.
        plan.stopped
            .retain(|stop| stop.code == cloud::OTHER_ACCOUNT || by_id::is_unrepairable(&stop.code));
    }
    drift.plan = plan;
    drift
}

/// Acceptances, found by address.
struct Accepting<'a> {
    all: Vec<&'a Acceptance>,
    index: Index,
}

impl<'a> Accepting<'a> {
    /// Those that apply.
    fn new(valid: &[&'a Acceptance], applies: impl Fn(&Acceptance) -> bool) -> Accepting<'a> {
        let all: Vec<&Acceptance> = valid.iter().copied().filter(|it| applies(it)).collect();
        Accepting {
            index: Index::new(all.iter().map(|acceptance| &acceptance.pattern)),
            all,
        }
    }

    /// The first that covers the address.
    fn first(&self, address: &Address) -> Option<&'a Acceptance> {
        self.all.get(self.index.first(address)?).copied()
    }
}

impl Drift {
    /// The outcome of what counts.
    pub fn outcome(&self) -> Outcome {
        self.plan.outcome()
    }

    /// How many differences count, with those that portolan cannot repair.
    pub fn counted_changes(&self) -> usize {
        let stops = self.plan.stopped.iter();
        let unrepairable = stops.filter(|stop| by_id::is_unrepairable(&stop.code));
        self.plan.changes.len() + unrepairable.count()
    }

    /// How many findings count.
    pub fn counted_findings(&self) -> usize {
        let findings = self.plan.findings.iter();
        findings.filter(|finding| finding.counts).count()
    }

    /// Whether something differs that does not count. Then the text must not say that nothing
    /// differs.
    pub(crate) fn has_excused(&self) -> bool {
        self.ignored > 0 || !self.accepted.is_empty()
    }

    /// One error for each expired acceptance, at its line.
    pub fn errors(&self) -> impl Iterator<Item = Diagnostic> {
        self.expired.iter().map(|acceptance| {
            let code = acceptance
                .code
                .map_or_else(String::new, |code| format!("{code} of "));
            let problem = format!(
                "{code}`{}` was accepted until {}",
                acceptance.pattern, acceptance.until
            );
            Diagnostic::error("expired-acceptance", problem)
                .at(acceptance.span)
                .hint("resolve the difference and remove the acceptance, or set a later day")
        })
    }
}

/// The JSON document: that of the plan, and what does not count.
#[derive(Debug, Serialize)]
pub struct DriftDocument {
    #[serde(flatten)]
    plan: PlanDocument,
    accepted: Vec<AcceptedDocument>,
    ignored: usize,
    accepted_findings: Vec<AcceptedFindingDocument>,
    ignored_findings: usize,
    counted: Counted,
}

/// What makes the command exit with 2.
#[derive(Debug, Default, Serialize)]
struct Counted {
    changes: usize,
    findings: usize,
}

#[derive(Debug, Serialize)]
struct AcceptedFindingDocument {
    finding: Finding,
    acceptance: AcceptanceDocument,
}

#[derive(Debug, Serialize)]
struct AcceptedDocument {
    change: ChangeDocument,
    acceptance: AcceptanceDocument,
}

#[derive(Debug, Serialize)]
struct AcceptanceDocument {
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    until: Date,
    reason: String,
    source: Source,
}

impl From<&Acceptance> for AcceptanceDocument {
    fn from(by: &Acceptance) -> AcceptanceDocument {
        AcceptanceDocument {
            address: by.pattern.to_string(),
            code: by.code,
            until: by.until,
            reason: by.reason.clone(),
            source: by.source.clone(),
        }
    }
}

/// The name of the document.
const NAME: &str = "drift";

impl DriftDocument {
    /// The printed document. `diagnostics` are those of the chart, including expired acceptances.
    pub fn new(drift: &Drift, diagnostics: Vec<View>) -> DriftDocument {
        let accepted = drift.accepted.iter().map(|accepted| AcceptedDocument {
            change: ChangeDocument::from(&accepted.change),
            acceptance: AcceptanceDocument::from(&accepted.by),
        });
        let findings = drift.accepted_findings.iter();
        let accepted_findings = findings.map(|accepted| AcceptedFindingDocument {
            finding: accepted.finding.clone(),
            acceptance: AcceptanceDocument::from(&accepted.by),
        });
        DriftDocument {
            accepted: accepted.collect(),
            ignored: drift.ignored,
            accepted_findings: accepted_findings.collect(),
            ignored_findings: drift.ignored_findings,
            counted: Counted {
                changes: drift.counted_changes(),
                findings: drift.counted_findings(),
            },
            plan: PlanDocument {
                document: NAME.to_owned(),
                ..PlanDocument::new(&drift.plan, diagnostics)
            },
        }
    }

    /// The printed document without differences.
    pub fn unready(found: Vec<View>) -> DriftDocument {
        let empty = PlanDocument::new(&Plan::default(), found);
        let plan = PlanDocument {
            document: NAME.to_owned(),
            outcome: Outcome::Unknown,
            ..empty
        };
        DriftDocument {
            plan,
            accepted: Vec::new(),
            ignored: 0,
            accepted_findings: Vec::new(),
            ignored_findings: 0,
            counted: Counted::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{
        Scope, build,
        tests::{NOW, chart, live},
    };

    const CHART: &str = "organizations: { o: { repositories: { a: { is_public: true }, b: { \
        category: arm },
        c: { sync: [ { target_region: x-1, target_organization: y, override: true } ] }, d: } } \
        }\n";

    /// Counted differences, accepted ones with their reasons, the number of ignored ones, and
    /// expired entries.
    fn summary(
        accept: &str,
        ignores: &[&str],
        today: &str,
    ) -> (Vec<String>, Vec<String>, usize, Vec<String>) {
        let live = live(&[
            ("o/a", false, 1, &[]),
            ("o/b", false, 0, &[]),
            ("o/c", false, 0, &[("x-1", "y", false)]),
            ("o/d", false, 0, &[]),
        ]);
        let chart = chart(&format!("{CHART}accept: [ {accept} ]"));
        let ignores: Vec<Pattern> = ignores.iter().map(|text| text.parse().unwrap()).collect();
        let plan = build::build(&chart, &live, &[], Scope::default(), NOW);
        let drift = judge(
            plan,
            &chart.accept,
            Ignores {
                patterns: &ignores,
                codes: &[],
            },
            &[],
            today.parse().unwrap(),
        );
        assert_eq!(drift.expired.len(), drift.errors().count());
        (
            drift
                .plan
                .changes
                .iter()
                .map(|change| change.address.to_string())
                .collect(),
            drift
                .accepted
                .iter()
                .map(|it| format!("{}: {}", it.change.address, it.by.reason))
                .collect(),
            drift.ignored,
            drift
                .expired
                .iter()
                .map(|acceptance| acceptance.pattern.to_string())
                .collect(),
        )
    }

    #[test]
    fn a_difference_is_ignored_or_accepted_or_counts() {
        let [a, b, c] = [
            "repository r-1/o/a",
            "repository r-1/o/b",
            "sync_rule r-1/o/c -> x-1/y",
        ];
        let one = "{ address: o/a, until: 2026-06-30, reason: one }";
        let all = "{ address: o, until: 2026-12-31, reason: all }";
        let two = format!("{one}, {all}");
        for (accept, ignores, today, counted, accepted, ignored, expired) in [
            ("", &[][..], "2026-01-01", vec![a, b, c], vec![], 0, vec![]),
            (
                one,
                &[],
                "2026-06-29",
                vec![b, c],
                vec!["repository r-1/o/a: one"],
                0,
                vec![],
            ),
            // The last day is included.
            (
                one,
                &[],
                "2026-06-30",
                vec![b, c],
                vec!["repository r-1/o/a: one"],
                0,
                vec![],
            ),
            (
                one,
                &[],
                "2026-07-01",
                vec![a, b, c],
                vec![],
                0,
                vec!["o/a"],
            ),
            // An ignored difference needs no acceptance.
            (
                one,
                &["r-1/o/a"],
                "2026-01-01",
                vec![b, c],
                vec![],
                1,
                vec![],
            ),
            (
                "",
                &["r-1/o/*", "*/o/a"],
                "2026-01-01",
                vec![],
                vec![],
                3,
                vec![],
            ),
            (
                "",
                &["r-2/o/*", "o/a"],
                "2026-01-01",
                vec![a, b, c],
                vec![],
                0,
                vec![],
            ),
            // A pattern covers children too.
            (
                "{ address: '*/c', until: 2026-06-30, reason: its rules }",
                &[],
                "2026-01-01",
                vec![a, b],
                vec!["sync_rule r-1/o/c -> x-1/y: its rules"],
                0,
                vec![],
            ),
            // The first valid acceptance decides. An expired one fails even if another covers the
            // same.
            (
                &two,
                &["r-1/o/b", "r-1/o/c"],
                "2026-01-01",
                vec![],
                vec!["repository r-1/o/a: one"],
                2,
                vec![],
            ),
            (
                &two,
                &["r-1/o/b", "r-1/o/c"],
                "2026-07-01",
                vec![],
                vec!["repository r-1/o/a: all"],
                2,
                vec!["o/a"],
            ),
        ] {
            let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect::<Vec<_>>();
            let expected = (owned(counted), owned(accepted), ignored, owned(expired));
            assert_eq!(
                summary(accept, ignores, today),
                expected,
                "{accept} {ignores:?} {today}"
            );
        }
    }

    #[test]
    fn an_acceptance_holds_in_its_own_region() {
        let chart = chart("accept: [ { address: o, until: 2026-06-30, reason: x } ]");
        let covers = |region: &str| {
            chart.accept[0]
                .pattern
                .covers(&crate::kind::organization::address(region, "o"))
        };
        assert!(covers("r-1") && !covers("r-2"));
    }

    #[test]
    fn stops_are_shown_only_beside_changes_that_count() {
        let live = live(&[("o/a", false, 0, &[])]);
        let chart = chart("organizations: { o: { repositories: { a: { state: absent } } } }");
        let plan = || build::build(&chart, &live, &[], Scope::default(), NOW);
        let judged = |patterns: &[Pattern]| {
            let ignores = Ignores {
                patterns,
                codes: &[],
            };
            judge(plan(), &[], ignores, &[], "2026-01-01".parse().unwrap())
        };
        let counted = judged(&[]);
        assert_eq!(
            (counted.outcome(), counted.plan.stopped.len()),
            (Outcome::Changes, 1)
        );
        let ignored = judged(&["**".parse().unwrap()]);
        assert_eq!(
            (ignored.outcome(), ignored.plan.stopped.len()),
            (Outcome::NoChanges, 0)
        );
        assert!(ignored.has_excused());
    }

    #[test]
    fn an_unknown_plan_stays_unknown() {
        let failed = crate::state::ReadFailure {
            subject: "list".to_owned(),
            message: "no".to_owned(),
            hint: None,
        };
        let plan = Plan {
            failures: vec![failed],
            ..Plan::default()
        };
        let drift = judge(
            plan,
            &[],
            Ignores {
                patterns: &["**".parse().unwrap()],
                codes: &[],
            },
            &[],
            "2026-01-01".parse().unwrap(),
        );
        assert_eq!(drift.outcome(), Outcome::Unknown);
    }
}
