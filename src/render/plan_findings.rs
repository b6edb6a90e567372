//! Formats the findings of a plan: a section of the text, rows of a comment, and entries of the
//! reports that forges read.

use indexmap::IndexMap;

use super::{
    fold,
    markdown::{escape, raw_code},
    style::{Color, Look, Role},
};
use crate::{
    diagnostics::{Severity, View},
    plan::{Finding, Plan},
    text::{counted, escaped, visible},
};

const HEADING: &str = "Findings: no change of this plan mends them.";

/// The findings that have no section of their own.
fn others(plan: &Plan) -> impl Iterator<Item = &Finding> {
    plan.findings.iter()
}

/// The section, or nothing without findings. `follows`: whether to separate it from text above.
pub(super) fn text(plan: &Plan, look: Look, follows: bool) -> String {
    let (most, color) = (look.depth.most(), look.color);
    let mut seen = IndexMap::<(&str, String), usize>::new();
    let mut out = String::new();
    for finding in others(plan) {
        let place = (&*finding.code, fold::organization(&finding.address));
        let count = seen.entry(place).or_default();
        *count += 1;
        if *count <= most {
            out.push_str(&block(finding, color));
        }
    }
    for ((code, organization), count) in seen.into_iter().filter(|(_, count)| *count > most) {
        let rest = format!("  ? {} more in {organization}: {code}", count - most);
        let rest = color.paint(Role::Warning, rest);
        out.push_str(&format!("{rest}  (`--details` shows them)\n"));
    }
    if out.is_empty() {
        return out;
    }
    let gap = if follows { "\n" } else { "" };
    format!("{gap}{}\n{out}", color.paint(Role::Warning, HEADING))
}

fn block(finding: &Finding, color: Color) -> String {
    let head = format!("  ? {}  {}", finding.address, escaped(&finding.code));
    let counts = if finding.counts { " (counts)" } else { "" };
    let place = finding.source.as_ref().map_or_else(String::new, |source| {
        format!("  {}:{}", escaped(&source.file), source.line)
    });
    format!(
        "{}{counts}{}\n      {}\n",
        color.paint(Role::Warning, head),
        color.paint(Role::Quiet, place),
        visible(&finding.message)
    )
}

/// The clause for the line of counts.
pub(super) fn total(plan: &Plan) -> Option<String> {
    let count = others(plan).count();
    (count > 0).then(|| counted(count, ("finding", "findings")))
}

/// The rows of a comment.
pub(super) fn rows(plan: &Plan) -> impl Iterator<Item = String> {
    others(plan).map(|finding| {
        let counts = if finding.counts { " (counts)" } else { "" };
        let place = finding.source.as_ref().map_or_else(String::new, |source| {
            raw_code(&format!("{}:{}", source.file, source.line))
        });
        format!(
            "| `?` | {} | {}{counts}: {} | {place} |\n",
            raw_code(&finding.address.to_string()),
            raw_code(&finding.code),
            escape(&finding.message),
        )
    })
}

/// The finding for services that annotate files. One that counts is an error.
pub(super) fn view(finding: &Finding) -> View {
    let source = finding.source.as_ref();
    View {
        code: finding.code.clone(),
        severity: if finding.counts {
            Severity::Error
        } else {
            Severity::Warning
        },
        address: Some(finding.address.to_string()),
        file: source.map(|source| source.file.clone()),
        line: source.map(|source| source.line),
        column: source.map(|source| source.column),
        ..View::error("unreadable", finding.message.clone(), None)
    }
}
