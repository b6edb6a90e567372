//! Formats a plan as text for people, and as findings. Scripts read the JSON document instead.

use std::sync::Arc;

use super::{
    change::{reason, source_column},
    cloud, gaps, outline, plan_findings,
    style::{Color, Look, Role},
    unlisted, words,
};
use crate::{
    diagnostics::{Severity, View},
    pattern::Pattern,
    plan::{Change, Gap, Outcome, Plan, Summary, Withheld},
    text::{counted, escaped, visible},
};

/// The whole plan, including its summary lines.
pub fn text(plan: &Plan, look: Look) -> String {
    let mut out = blocks(plan, look);
    out.push_str(&unlisted::text(plan, look, !out.is_empty()));
    out.push_str(&plan_findings::text(plan, look, !out.is_empty()));
    out.push_str(&gaps::text(plan, look, !out.is_empty()));
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&stops(plan, look.color));
    out.push_str(&summary(
        plan,
        !plan.scope.selection.is_partial(),
        look.color,
    ));
    out.push_str(&cloud(plan, look.color));
    out
}

/// The changes.
pub(super) fn blocks(plan: &Plan, look: Look) -> String {
    outline::text(
        &plan.changes,
        source_column(plan.changes.iter(), look),
        look,
    )
}

/// The reasons why the plan cannot be applied.
pub(super) fn stops(plan: &Plan, color: Color) -> String {
    let mut out = String::new();
    for stop in &plan.stopped {
        let place = stop
            .source
            .as_ref()
            .map_or_else(String::new, |source| format!(" ({})", words::place(source)));
        out.push_str(&color.paint(
            Role::Destroy,
            format!("Stopped: {}{place}", visible(&stop.message)),
        ));
        out.push_str(&stop.lift.as_ref().map_or_else(String::new, |lift| {
            format!("; to continue: {}", visible(lift))
        }));
        out.push_str(&format!(" [{}]\n", stop.code));
    }
    out
}

/// Each change and finding at its line, for services that annotate files. Grave changes are errors,
/// and so are findings that count. A stop or a failed read is a finding too: a report without findings would look like
/// success.
pub fn views(plan: &Plan) -> impl Iterator<Item = View> {
    let whole = |message: String, hint: &Option<String>| View {
        file: plan
            .chart
            .files
            .first()
            .map(|file| Arc::from(file.as_str())),
        ..View::error("unreadable", message, hint.clone())
    };
    let failures = plan.failures.iter().map(move |failure| {
        whole(
            format!("cannot read the {}: {}", failure.subject, failure.message),
            &failure.hint,
        )
    });
    let stops = plan.stopped.iter().map(move |stop| {
        let lift = stop
            .lift
            .as_ref()
            .map(|lift| format!("to continue: {lift}"));
        let view = View {
            code: stop.code.clone(),
            ..whole(format!("stopped: {}", stop.message), &lift)
        };
        match &stop.source {
            Some(source) => View {
                file: Some(source.file.clone()),
                line: Some(source.line),
                column: Some(source.column),
                ..view
            },
            None => view,
        }
    });
    let part = plan.scope.selection.is_partial().then(|| View {
        severity: Severity::Warning,
        code: "plan-partial".to_owned(),
        ..whole(
            "this covers only a part of the chart; the rest was not compared".to_owned(),
            &None,
        )
    });
    part.into_iter()
        .chain(failures)
        .chain(plan.gaps.iter().map(Gap::view))
        .chain(stops)
        .chain(plan.changes.iter().map(view))
        .chain(plan.findings.iter().map(plan_findings::view))
}

pub(super) fn view(change: &Change) -> View {
    let mut message = format!("{} {}", change.verbs().join(" and "), change.address);
    let fields = change.fields.iter().filter_map(|field| {
        let (before, after) = (field.before.as_ref()?, field.after.as_ref()?);
        Some(format!(
            "{} {} -> {}",
            field.name,
            words::short(before),
            words::short(after)
        ))
    });
    let details: Vec<String> = fields
        .chain(
            change
                .risks
                .iter()
                .map(|risk| risk.evidence.clone())
                .filter(|evidence| !evidence.is_empty()),
        )
        .chain(reason(change))
        .chain(
            change
                .action
                .run()
                .map(|run| words::run(run, words::MOST_ITEMS)),
        )
        .chain(
            change
                .action
                .run()
                .into_iter()
                .flat_map(|_| change.notes.iter().cloned()),
        )
        .collect();
    if !details.is_empty() {
        message.push_str(&format!(": {}", details.join("; ")));
    }
    let hint = change.withheld.as_ref().map(|withheld| match withheld {
        Withheld::Risk { lift, .. } => format!("withheld; {lift} would let it go"),
        Withheld::Renamed { created, lift } => {
            format!("withheld: maybe renamed to {created}; {lift} would let it go")
        }
        Withheld::Protect { pattern } => format!("withheld: protected by `{}`", escaped(pattern)),
    });
    View {
        severity: if change.is_grave() {
            Severity::Error
        } else {
            Severity::Warning
        },
        address: Some(change.address.to_string()),
        file: change.source.as_ref().map(|source| source.file.clone()),
        line: change.source.as_ref().map(|source| source.line),
        column: change.source.as_ref().map(|source| source.column),
        ..View::error(&format!("plan-{}", change.verbs()[0]), message, hint)
    }
}

/// The two closing lines, and the selection of a partial plan. `is_complete`: whether the plan
/// contains all differences.
pub(super) fn summary(plan: &Plan, is_complete: bool, color: Color) -> String {
    let mut lines = totals(plan, is_complete).into_iter();
    let first = color.paint(Role::Strong, lines.next().unwrap_or_default());
    format!("{first}\n{}", closing(plan, lines))
}

/// The lines behind the first, and the selection of a partial plan.
pub(super) fn closing(plan: &Plan, lines: impl Iterator<Item = String>) -> String {
    let mut out: String = lines.map(|line| line + "\n").collect();
    if plan.scope.selection.is_partial() {
        out.push_str(&partial(plan));
    }
    out
}

/// The line with chart, account and endpoints. It comes last, because tools look for the summary
/// lines before it.
pub(super) fn cloud(plan: &Plan, color: Color) -> String {
    let line = cloud::line(plan, cloud::quoted);
    line.map_or_else(String::new, |line| color.paint(Role::Quiet, line) + "\n")
}

/// The lines with the counts.
pub(super) fn totals(plan: &Plan, is_complete: bool) -> Vec<String> {
    let summary = plan.summary();
    let first = match plan.outcome() {
        Outcome::Unknown if plan.is_for_other_account() => {
            "Unknown: nothing was compared, because this is not the chart's account.".to_owned()
        }
        Outcome::Unknown if plan.failures.is_empty() => gaps::headline(plan),
        Outcome::Unknown => format!(
            "Unknown: {} could not be read, so no plan can be made.",
            failures(plan)
        ),
        Outcome::NoChanges if is_complete && plan.uncompared.is_empty() => {
            "No changes. The live state matches the chart.".to_owned()
        }
        Outcome::NoChanges if is_complete => {
            "No changes. The live state matches the chart, as far as it can be compared.".to_owned()
        }
        _ => terraform(&summary),
    };
    // What a snapshot holds is planned.
    let is_part = plan.failures.is_empty() && !plan.gaps.is_empty();
    let part = is_part.then(|| terraform(&summary));
    let second = counts(plan);
    let known = (is_part || plan.outcome() != Outcome::Unknown) && !second.is_empty();
    [Some(first), part, known.then_some(second), uncompared(plan)]
        .into_iter()
        .flatten()
        .collect()
}

/// The line that other tools look for.
fn terraform(summary: &Summary) -> String {
    format!(
        "Plan: {} to add, {} to change, {} to destroy.",
        summary.add, summary.change, summary.destroy
    )
}

/// The line with the attributes that cannot be compared.
fn uncompared(plan: &Plan) -> Option<String> {
    let mut names: Vec<&str> = plan
        .uncompared
        .iter()
        .flat_map(|it| &it.attributes)
        .map(String::as_str)
        .collect();
    // The same attribute of several resources is named once; `dedup` needs them sorted.
    names.sort_unstable();
    names.dedup();
    let of = match plan.uncompared.as_slice() {
        [] => return None,
        [only] => only.address.to_string(),
        many => format!("{} {}", many.len(), many[0].address.kind().several()),
    };
    Some(format!(
        "Cannot be compared: {} of {of}.",
        names.join(" and ")
    ))
}

/// The line with the selection of a partial plan.
fn partial(plan: &Plan) -> String {
    let options = |option: &str, patterns: &[Pattern]| {
        patterns
            .iter()
            .map(|pattern| format!(" {option} '{}'", escaped(&pattern.to_string())))
            .collect::<String>()
    };
    let (targets, excludes) = (
        options("--target", &plan.scope.selection.targets),
        options("--exclude", &plan.scope.selection.excludes),
    );
    format!("Only a part of the chart was compared:{targets}{excludes}.\n")
}

fn failures(plan: &Plan) -> String {
    counted(plan.failures.len(), ("object", "objects"))
}

/// The counts of run, unchanged, withheld, unlisted and other findings that are not zero.
fn counts(plan: &Plan) -> String {
    let summary = plan.summary();
    let counts = [
        (summary.run, "to run"),
        (summary.unchanged, "unchanged"),
        (summary.withheld, "withheld"),
        (summary.unlisted, "unlisted"),
    ];
    let counted = Some(words::counted(&counts)).filter(|counted| !counted.is_empty());
    let all: Vec<String> = counted
        .into_iter()
        .chain(plan_findings::total(plan))
        .collect();
    if all.is_empty() {
        String::new()
    } else {
        format!("{}.", all.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::{live, plan};
    use crate::render::style::Depth;

    #[test]
    fn one_of_each_action() {
        let live = live(&[
            (
                "o/api",
                false,
                3,
                &[("x-1", "y", false), ("x-1", "z", true)],
            ),
            ("o/full", false, 143, &[]),
            ("o/gone", false, 0, &[]),
            ("o/web", false, 3, &[]),
            ("o/forgotten", false, 0, &[]),
        ]);
        let chart = "organizations: { o: { repositories: {
  api: { sync: [ { target_region: x-1, target_organization: y, override: true }, { target_region: \
  x-1, target_organization: new } ] },
  full: { state: absent }, gone: { state: absent },
  new: { category: linux },
  web: { is_public: true, description: new } } } }";
        let plan = plan(chart, &live, &["exposes"]);
        insta::assert_snapshot!(text(&plan, Look::plain(Depth::Unfolded)), @r#"
          + sync_rule r-1/o/api -> x-1/new  chart.yaml:4
              (3 existing tags are not copied)
              (left to the service: override)
        -/+ sync_rule r-1/o/api -> x-1/y    chart.yaml:4
              override     false -> true         (cannot be changed in place)
              ! overwrites: tags that exist in the target are overwritten
              ! gap: what is pushed in between is not copied
          - sync_rule r-1/o/api -> x-1/z    chart.yaml:4
              (not in the repository's `sync` list)
          - repository r-1/o/full           chart.yaml:5
              withheld: destroys-data, 143 tags; --allow destroys-data=1 would let it go
          - repository r-1/o/gone           chart.yaml:5
          + repository r-1/o/new            chart.yaml:6
              is_public    false
              category     "linux"
              (left to the service: description)
          ~ repository r-1/o/web            chart.yaml:7
              is_public    false -> true         ! exposes (allowed): anyone can pull 3 tags
              description  "old" -> "new"

        Unlisted: add each to the chart, or set `unlisted: delete` or `ignore`.
          ? repository r-1/o/forgotten  (empty)

        Findings, which this plan does not fix:
          ? repository r-1/o/forgotten  maybe-renamed  chart.yaml:6
              perhaps renamed to repository r-1/o/new, which is created; the service cannot rename, so it stays behind

        Plan: 3 to add, 1 to change, 3 to destroy.
        2 unchanged, 1 withheld, 1 unlisted, 1 finding.
        "#);
    }

    #[test]
    fn a_narrow_terminal_breaks_no_line() {
        let live = live(&[
            (
                "o/api",
                false,
                3,
                &[("x-1", "a-long-name-of-a-target", false)],
            ),
            ("o/web", false, 3, &[]),
        ]);
        let chart = "organizations: { o: { repositories: { api: { sync: [
  { target_region: x-1, target_organization: a-long-name-of-a-target, override: true } ] }, web: { \
  is_public: true } } } }";
        let look = Look {
            width: Some(60),
            ..Look::plain(Depth::Folded)
        };
        insta::assert_snapshot!(text(&plan(chart, &live, &["exposes"]), look), @r"
        -/+ sync_rule r-1/o/api -> x-1/a-long-name-of-a-target
              chart.yaml:4
              override     false -> true
              (cannot be changed in place)
              ! overwrites: tags that exist in the target are overwritten
              ! gap: what is pushed in between is not copied
          ~ repository r-1/o/web                        chart.yaml:4
              is_public    false -> true
              ! exposes (allowed): anyone can pull 3 tags

        Plan: 1 to add, 1 to change, 1 to destroy.
        2 unchanged.
        ");
    }

    #[test]
    fn nothing_unknown_and_stopped() {
        let same = live(&[("o/a", false, 0, &[])]);
        let none = plan("organizations: { o: { repositories: { a: } } }", &same, &[]);
        let stopped = plan(
            "organizations: { o: { repositories: { a: { state: absent } } } }",
            &same,
            &[],
        );
        let failed = crate::state::ReadFailure {
            subject: "list".to_owned(),
            message: "no".to_owned(),
            hint: None,
        };
        let unknown = Plan {
            failures: vec![failed],
            ..Plan::default()
        };
        let texts = [none, stopped, unknown].map(|plan| text(&plan, Look::plain(Depth::Unfolded)));
        insta::assert_snapshot!(texts.join("\n"), @r"
        No changes. The live state matches the chart.
        2 unchanged.

          - repository r-1/o/a  chart.yaml:3

        Stopped: organization r-1/o would lose its only repository; to continue: --allow deletes=1 [organization-emptied]
        Plan: 0 to add, 0 to change, 1 to destroy.
        1 unchanged.

        Unknown: 1 object could not be read, so no plan can be made.
        ");
    }
}
