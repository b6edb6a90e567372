//! Formats drift: the differences that count as in a plan, then the accepted ones with their last
//! day.

use super::{
    change,
    checkout::Checkout,
    fold::Folding,
    gitlab,
    markdown::{self, Comment, escape, raw_code},
    plan, plan_findings, sarif,
    style::{Color, Depth, Look, Role},
    unlisted, words,
};
use crate::{
    diagnostics::View,
    drift::{Accepted, AcceptedFinding, Drift},
    plan::{Finding, Outcome},
    state::Acceptance,
    text::escaped,
};

/// The whole text, including the summary lines.
pub fn text(drift: &Drift, look: Look) -> String {
    let color = look.color;
    let begins = only_findings_count(drift).map_or_else(String::new, |first| {
        color.paint(Role::Strong, first) + "\n\n"
    });
    let mut out = plan::blocks(&drift.plan, look);
    out.push_str(&accepted(drift, look));
    for AcceptedFinding { finding, by } in &drift.accepted_findings {
        // What is accepted is not counted.
        let finding = Finding {
            counts: false,
            ..finding.clone()
        };
        out.push_str(&plan_findings::block(&finding, color));
        let by = format!("({})", acceptance_text(by));
        out.push_str(&format!("      {}\n", color.paint(Role::Quiet, by)));
    }
    out.push_str(&unlisted::text(&drift.plan, look, !out.is_empty()));
    out.push_str(&plan_findings::text(&drift.plan, look, !out.is_empty()));
    if !out.is_empty() {
        out.push('\n');
    }
    for acceptance in &drift.expired {
        out.push_str(&color.paint(
            Role::Destroy,
            format!("Expired: {}", acceptance_text(acceptance)),
        ));
        out.push('\n');
    }
    out.push_str(&plan::stops(&drift.plan, color));
    out.push_str(&summary(drift, color));
    out.push_str(&plan::cloud(&drift.plan, color));
    begins + &out
}

/// The accepted differences. They fold like the changes of a plan, but only with others of the same
/// acceptance.
fn accepted(drift: &Drift, look: Look) -> String {
    let Look { color, depth, .. } = look;
    let column =
        change::source_column(drift.accepted.iter().map(|accepted| &accepted.change), look);
    let mut out = String::new();
    let mut folding = Folding::new(depth.most());
    for Accepted { change, by } in &drift.accepted {
        let by = acceptance_text(by);
        if folding.shows(change, &by) {
            change::block(&mut out, change, column, look);
            out.push_str(&format!(
                "      {}\n",
                color.paint(Role::Quiet, format!("({by})"))
            ));
        }
    }
    for folded in folding.rest() {
        out.push_str(&folded.line("(also accepted; `--details` shows them)", color));
    }
    out
}

fn acceptance_text(acceptance: &Acceptance) -> String {
    let (file, line) = (&acceptance.source.file, acceptance.source.line);
    let code = acceptance
        .code
        .map_or_else(String::new, |code| format!("{code} of "));
    format!(
        "{code}`{}` accepted until {}: {}; {}:{line}",
        escaped(&acceptance.pattern.to_string()),
        acceptance.until,
        escaped(&acceptance.reason),
        escaped(file),
    )
}

/// The closing lines of a plan, and one with the differences that do not count.
fn summary(drift: &Drift, color: Color) -> String {
    let complete = is_complete(drift);
    let mut out = if only_findings_count(drift).is_some() {
        // The first line stands above everything.
        plan::closing(
            &drift.plan,
            plan::totals(&drift.plan, complete).into_iter().skip(1),
        )
    } else {
        plan::summary(&drift.plan, complete, color)
    };
    out.extend(not_counted(drift).map(|line| line + "\n"));
    out
}

/// The first line where nothing else counts but findings.
fn only_findings_count(drift: &Drift) -> Option<String> {
    let only = drift.outcome() == Outcome::NoChanges && drift.expired.is_empty();
    let counting = match drift.counted_findings() {
        0 => return None,
        1 => "1 finding counts".to_owned(),
        number => format!("{number} findings count"),
    };
    only.then(|| format!("No changes, but {counting}."))
}

/// The totals of a comment.
fn totals(drift: &Drift) -> Vec<String> {
    let totals = plan::totals(&drift.plan, is_complete(drift)).into_iter();
    match only_findings_count(drift) {
        Some(first) => [first]
            .into_iter()
            .chain(totals.skip(1))
            .chain(not_counted(drift))
            .collect(),
        None => totals.chain(not_counted(drift)).collect(),
    }
}

/// Whether the text may begin with "No changes". Not if an acceptance has expired: then the command
/// fails.
fn is_complete(drift: &Drift) -> bool {
    !drift.plan.scope.selection.is_partial() && !drift.has_excused() && drift.expired.is_empty()
}

/// The line with the counts of differences that do not count.
fn not_counted(drift: &Drift) -> Option<String> {
    let findings = |number, word: &str| {
        let noun = if number == 1 { "finding" } else { "findings" };
        (number, format!("{word} {noun}"))
    };
    let counts = [
        (drift.accepted.len(), "accepted".to_owned()),
        (drift.ignored, "ignored".to_owned()),
        findings(drift.accepted_findings.len(), "accepted"),
        findings(drift.ignored_findings, "ignored"),
    ];
    let counts = counts.each_ref().map(|(number, words)| (*number, &**words));
    let counted = words::counted(&counts);
    (!counted.is_empty()).then(|| format!("Not counted: {counted}."))
}

/// The comment, at most `budget` bytes long.
pub fn markdown(drift: &Drift, budget: usize) -> String {
    // The pattern and the place come from the chart, so they are shown as code.
    let place = |acceptance: &Acceptance| {
        raw_code(&format!(
            "{}:{}",
            acceptance.source.file, acceptance.source.line
        ))
    };
    let warning = |acceptance: &Acceptance| {
        let (pattern, until) = (raw_code(&acceptance.pattern.to_string()), acceptance.until);
        let code = acceptance
            .code
            .map_or_else(String::new, |code| format!("{code} of "));
        format!(
            "**Expired:** {code}{pattern} was accepted until {until} ({}): {}",
            place(acceptance),
            escape(&acceptance.reason)
        )
    };
    let row = |Accepted { change, by }: &Accepted| {
        let address = raw_code(&change.address.to_string());
        format!(
            "| `{}` | {address} | until {}: {} | {} |\n",
            change.action.symbol(),
            by.until,
            escape(&by.reason),
            place(by)
        )
    };
    let finding_row = |AcceptedFinding { finding, by }: &AcceptedFinding| {
        format!(
            "| `?` | {} | {}, until {}: {} | {} |\n",
            raw_code(&finding.address.to_string()),
            raw_code(&finding.code),
            by.until,
            escape(&by.reason),
            place(by)
        )
    };
    let comment = Comment {
        command: "drift",
        plan: &drift.plan,
        totals: totals(drift),
        warnings: drift.expired.iter().map(warning).collect(),
        accepted: drift
            .accepted
            .iter()
            .map(row)
            .chain(drift.accepted_findings.iter().map(finding_row))
            .collect(),
        whole: &|| text(drift, Look::plain(Depth::Unfolded)),
    };
    markdown::comment(&comment, budget)
}

/// A SARIF report with the findings of the chart (`found`) and the differences. The accepted ones
/// are marked as suppressed.
pub fn sarif(drift: &Drift, found: Vec<View>, checkout: &Checkout) -> String {
    let open: Vec<View> = found.into_iter().chain(plan::views(&drift.plan)).collect();
    let closed: Vec<(View, String)> = drift
        .accepted
        .iter()
        .map(|accepted| (plan::view(&accepted.change), accepted.by.reason.clone()))
        .chain(drift.accepted_findings.iter().map(|accepted| {
            let view = plan_findings::view(&accepted.finding);
            (view, accepted.by.reason.clone())
        }))
        .collect();
    sarif::sarif(&open, &closed, checkout)
}

/// A Code Quality report of the differences that count. Its format has no suppressed findings, so
/// accepted ones are left out.
pub fn gitlab(drift: &Drift, found: Vec<View>, checkout: &Checkout) -> String {
    let open: Vec<View> = found.into_iter().chain(plan::views(&drift.plan)).collect();
    gitlab::gitlab(&open, checkout)
}
