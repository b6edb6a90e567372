//! Drift: which differences of a plan somebody must look at.
//!
//! Pure: the plan, what the chart accepts, what this run ignores and the day come in as values. A
//! difference is ignored, or else accepted, or else it counts; an acceptance that is over covers
//! nothing any more.

use serde::Serialize;

use crate::{
    diagnostics::{Diagnostic, Source, View},
    pattern::{Index, Pattern},
    plan::{
        Change, Outcome, Plan, by_id, cloud,
        document::{ChangeDocument, PlanDocument},
    },
    state::Acceptance,
    time::Date,
};

/// A plan, sorted by what counts.
#[derive(Debug, Clone, Default)]
pub struct Drift {
    /// With the differences that count, and no others.
    pub plan: Plan,
    pub accepted: Vec<Accepted>,
    /// How many differences were left out.
    pub ignored: usize,
    /// The acceptances whose last day has passed, in the order of the chart; one is a failure.
    pub expired: Vec<Acceptance>,
}

/// A difference that the chart accepts for a while.
#[derive(Debug, Clone)]
pub struct Accepted {
    pub change: Change,
    pub by: Acceptance,
}

/// Sorts the differences of a plan. An acceptance holds on its last day.
pub fn judge(
    mut plan: Plan,
    acceptances: &[Acceptance],
    ignores: &[Pattern],
    today: Date,
) -> Drift {
    let (expired, valid): (Vec<&Acceptance>, Vec<&Acceptance>) = acceptances
        .iter()
        .partition(|acceptance| acceptance.until < today);
    let mut drift = Drift {
        expired: expired.into_iter().cloned().collect(),
        ..Drift::default()
    };
    let ignored = Index::new(ignores);
    let accepted = Index::new(valid.iter().map(|acceptance| &acceptance.pattern));
    for change in std::mem::take(&mut plan.changes) {
        if ignored.first(&change.address).is_some() {
            drift.ignored += 1;
        } else if let Some(by) = accepted
            .first(&change.address)
            .and_then(|number| valid.get(number))
        {
            drift.accepted.push(Accepted {
                change,
                by: (*by).clone(),
            });
        } else {
            plan.changes.push(change);
        }
    }
    if plan.changes.is_empty() {
        // What an apply would stop at is told beside what it would do.
        plan.stopped
            .retain(|stop| stop.code == cloud::OTHER_ACCOUNT || by_id::is_unrepairable(&stop.code));
    }
    drift.plan = plan;
    drift
}

impl Drift {
    /// What the run comes to, of what counts.
    pub fn outcome(&self) -> Outcome {
        self.plan.outcome()
    }

    /// Whether something differs that does not count: then it cannot be said that nothing differs.
    pub fn has_excused(&self) -> bool {
        self.ignored > 0 || !self.accepted.is_empty()
    }

    /// One error for each acceptance that is over, at its line.
    pub fn errors(&self) -> impl Iterator<Item = Diagnostic> {
        self.expired.iter().map(|acceptance| {
            let problem = format!(
                "`{}` was accepted until {}",
                acceptance.pattern, acceptance.until
            );
            Diagnostic::error("expired-acceptance", problem)
                .at(acceptance.span)
                .hint("mend the difference and remove the acceptance, or agree on a later day")
        })
    }
}

/// The JSON document: a plan's, and what does not count.
#[derive(Debug, Serialize)]
pub struct DriftDocument {
    #[serde(flatten)]
    plan: PlanDocument,
    accepted: Vec<AcceptedDocument>,
    ignored: usize,
}

#[derive(Debug, Serialize)]
struct AcceptedDocument {
    change: ChangeDocument,
    acceptance: AcceptanceDocument,
}

#[derive(Debug, Serialize)]
struct AcceptanceDocument {
    address: String,
    until: Date,
    reason: String,
    source: Source,
}

/// What this document is called.
const NAME: &str = "drift";

impl DriftDocument {
    /// What is printed. `diagnostics` are those of the chart, the acceptances that are over among
    /// them.
    pub fn new(drift: &Drift, diagnostics: Vec<View>) -> DriftDocument {
        let accepted = drift.accepted.iter().map(|accepted| AcceptedDocument {
            change: ChangeDocument::from(&accepted.change),
            acceptance: AcceptanceDocument {
                address: accepted.by.pattern.to_string(),
                until: accepted.by.until,
                reason: accepted.by.reason.clone(),
                source: accepted.by.source.clone(),
            },
        });
        DriftDocument {
            accepted: accepted.collect(),
            ignored: drift.ignored,
            plan: PlanDocument {
                document: NAME.to_owned(),
                ..PlanDocument::new(&drift.plan, diagnostics)
            },
        }
    }

    /// What is printed if there is nothing to speak of.
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

    /// What counts, what is accepted and with which reason, how many are ignored, and what is over.
    fn told(
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
        let drift = judge(plan, &chart.accept, &ignores, today.parse().unwrap());
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
            // The last day is a day of it.
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
            // What is ignored needs no acceptance.
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
            // A pattern covers what lives in what it names.
            (
                "{ address: '*/c', until: 2026-06-30, reason: its rules }",
                &[],
                "2026-01-01",
                vec![a, b],
                vec!["sync_rule r-1/o/c -> x-1/y: its rules"],
                0,
                vec![],
            ),
            // The first that is not over decides, and one that is over fails although another one
            // covers.
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
                told(accept, ignores, today),
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
    fn what_stops_an_apply_is_told_only_beside_what_counts() {
        let live = live(&[("o/a", false, 0, &[])]);
        let chart = chart("organizations: { o: { repositories: { a: { state: absent } } } }");
        let plan = || build::build(&chart, &live, &[], Scope::default(), NOW);
        let judged =
            |ignores: &[Pattern]| judge(plan(), &[], ignores, "2026-01-01".parse().unwrap());
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
            &["**".parse().unwrap()],
            "2026-01-01".parse().unwrap(),
        );
        assert_eq!(drift.outcome(), Outcome::Unknown);
    }
}
