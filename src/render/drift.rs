//! Drift in the formats of a plan: what counts is shown as a plan shows it, then what is accepted,
//! and until when.

use super::{
    change,
    checkout::Checkout,
    fold::Folding,
    gitlab,
    markdown::{self, Comment, escape, raw_code},
    plan, sarif,
    style::{Color, Depth, Look, Role},
    unlisted, words,
};
use crate::{
    diagnostics::View,
    drift::{Accepted, Drift},
    state::Acceptance,
    text::escaped,
};

/// Everything, the summary lines included.
pub fn text(drift: &Drift, look: Look) -> String {
    let color = look.color;
    let mut out = plan::blocks(&drift.plan, look);
    out.push_str(&accepted(drift, look));
    out.push_str(&unlisted::text(&drift.plan, look, !out.is_empty()));
    if !out.is_empty() {
        out.push('\n');
    }
    for acceptance in &drift.expired {
        out.push_str(&color.paint(Role::Destroy, format!("Over: {}", said(acceptance))));
        out.push('\n');
    }
    out.push_str(&plan::stops(&drift.plan, color));
    out.push_str(&summary(drift, color));
    out.push_str(&plan::cloud(&drift.plan, color));
    out
}

/// What differs and does not count. It folds as the changes of a plan do, and only below one
/// acceptance.
fn accepted(drift: &Drift, look: Look) -> String {
    let Look { color, depth, .. } = look;
    let column =
        change::source_column(drift.accepted.iter().map(|accepted| &accepted.change), look);
    let mut out = String::new();
    let mut folding = Folding::new(depth.most());
    for Accepted { change, by } in &drift.accepted {
        let by = said(by);
        if folding.shows(change, &by) {
            change::block(&mut out, change, column, look);
            out.push_str(&format!(
                "      {}\n",
                color.paint(Role::Quiet, format!("({by})"))
            ));
        }
    }
    for folded in folding.rest() {
        out.push_str(&folded.line("(accepted as well; `--details` shows them)", color));
    }
    out
}

fn said(acceptance: &Acceptance) -> String {
    let (file, line) = (&acceptance.source.file, acceptance.source.line);
    format!(
        "`{}` accepted until {}: {}; {}:{line}",
        escaped(&acceptance.pattern.to_string()),
        acceptance.until,
        escaped(&acceptance.reason),
        escaped(file),
    )
}

/// The closing lines of a plan, and one of what does not count.
fn summary(drift: &Drift, color: Color) -> String {
    let mut out = plan::summary(&drift.plan, is_all(drift), color);
    out.extend(beside(drift).map(|line| line + "\n"));
    out
}

/// A run that fails does not begin with good news.
fn is_all(drift: &Drift) -> bool {
    !drift.plan.scope.selection.is_partial() && !drift.has_excused() && drift.expired.is_empty()
}

/// How much does not count.
fn beside(drift: &Drift) -> Option<String> {
    let counts = [
        (drift.accepted.len(), "accepted"),
        (drift.ignored, "ignored"),
    ];
    let told = words::counted(&counts);
    (!told.is_empty()).then(|| format!("Beside that: {told}."))
}

/// The comment, at most `budget` bytes long.
pub fn markdown(drift: &Drift, budget: usize) -> String {
    let place = |acceptance: &Acceptance| {
        raw_code(&format!(
            "{}:{}",
            acceptance.source.file, acceptance.source.line
        ))
    };
    let warning = |acceptance: &Acceptance| {
        let (pattern, until) = (raw_code(&acceptance.pattern.to_string()), acceptance.until);
        format!(
            "**Over:** {pattern} was accepted until {until} ({}): {}",
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
    let comment = Comment {
        command: "drift",
        plan: &drift.plan,
        totals: plan::totals(&drift.plan, is_all(drift))
            .into_iter()
            .chain(beside(drift))
            .collect(),
        warnings: drift.expired.iter().map(warning).collect(),
        accepted: drift.accepted.iter().map(row).collect(),
        whole: &|| text(drift, Look::plain(Depth::Unfolded)),
    };
    markdown::comment(&comment, budget)
}

/// Findings for code scanning; what is accepted is among them, and closed. `found` are those of the
/// chart.
pub fn sarif(drift: &Drift, found: Vec<View>, checkout: &Checkout) -> String {
    let open: Vec<View> = found.into_iter().chain(plan::views(&drift.plan)).collect();
    let closed: Vec<(View, String)> = drift
        .accepted
        .iter()
        .map(|accepted| (plan::view(&accepted.change), accepted.by.reason.clone()))
        .collect();
    sarif::sarif(&open, &closed, checkout)
}

/// What counts, as a Code Quality report: it knows nothing of what is accepted.
pub fn gitlab(drift: &Drift, found: Vec<View>, checkout: &Checkout) -> String {
    let open: Vec<View> = found.into_iter().chain(plan::views(&drift.plan)).collect();
    gitlab::gitlab(&open, checkout)
}
