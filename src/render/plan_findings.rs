//! Formats the findings of a plan: a section of the text, rows of a comment, and entries of the
//! reports that forges read.

use indexmap::IndexMap;

use super::{
    fold,
    style::{Color, Look, Role},
};
use crate::{
    address::Address,
    diagnostics::{Severity, View},
    plan::{
        Finding, Plan,
        finding::{UNLISTED, UNLISTED_LEAD, UNLISTED_ORGANIZATION},
    },
    text::{counted, escaped, visible},
};

const HEADING: &str = "Findings, which this plan does not fix:";

/// How many organizations one line names.
const MOST_NAMES: usize = 5;

/// The findings that have no section of their own.
pub(super) fn others(plan: &Plan) -> impl Iterator<Item = &Finding> {
    plan.findings
        .iter()
        .filter(|finding| finding.code != UNLISTED)
}

/// The section, or nothing without findings. `follows`: whether to separate it from text above.
pub(super) fn text(plan: &Plan, look: Look, follows: bool) -> String {
    let (most, color) = (look.depth.most(), look.color);
    let mut seen = IndexMap::<(&str, String), usize>::new();
    let mut out = tops(plan, look);
    for finding in others(plan).filter(|finding| finding.code != UNLISTED_ORGANIZATION) {
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

/// One line for the organizations of a region that no file names.
fn tops(plan: &Plan, look: Look) -> String {
    let mut regions = IndexMap::<&str, Vec<&Finding>>::new();
    for finding in others(plan).filter(|finding| finding.code == UNLISTED_ORGANIZATION) {
        regions
            .entry(finding.address.region())
            .or_default()
            .push(finding);
    }
    let line = |(region, found): (&str, Vec<&Finding>)| {
        let kind = found[0].address.kind().name;
        let most = look.depth.most_of(MOST_NAMES);
        let names = found.iter().take(most);
        let names: Vec<String> = names
            .filter_map(|finding| finding.address.parts().last())
            .map(|name| escaped(name))
            .collect();
        let rest = match found.len().saturating_sub(most) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let number = counted(found.len(), (kind, &format!("{kind}s")));
        let head = format!("  ? {number} in {}  {}", escaped(region), found[0].code);
        format!(
            "{}{}\n      no file names {}: {}{rest}\n",
            look.color.paint(Role::Warning, head),
            marks(found[0], look.color),
            if found.len() == 1 { "it" } else { "them" },
            names.join(", ")
        )
    };
    regions.into_iter().map(line).collect()
}

/// Whether the finding counts, and its place.
fn marks(finding: &Finding, color: Color) -> String {
    let counts = if finding.counts { " (counts)" } else { "" };
    let place = finding.source.as_ref().map_or_else(String::new, |source| {
        format!("  {}:{}", escaped(&source.file), source.line)
    });
    format!("{counts}{}", color.paint(Role::Quiet, place))
}

/// One finding with its message.
pub(super) fn block(finding: &Finding, color: Color) -> String {
    let head = format!("  ? {}  {}", finding.address, escaped(&finding.code));
    format!(
        "{}{}\n      {}\n",
        color.paint(Role::Warning, head),
        marks(finding, color),
        visible(&finding.message)
    )
}

/// What the message about an unlisted resource says of its content, and whether it counts. `None`
/// in plans of older versions.
pub(super) fn of_unlisted(plan: &Plan, address: &Address) -> Option<(String, bool)> {
    // Sorted by address.
    let start = plan
        .findings
        .partition_point(|finding| finding.address < *address);
    let here = plan.findings[start..]
        .iter()
        .take_while(|finding| finding.address == *address);
    let finding = here.into_iter().find(|finding| finding.code == UNLISTED)?;
    let content = finding.message.strip_prefix(UNLISTED_LEAD)?;
    Some((visible(content), finding.counts))
}

/// The clause for the line of counts.
pub(super) fn total(plan: &Plan) -> Option<String> {
    let count = others(plan).count();
    (count > 0).then(|| counted(count, ("finding", "findings")))
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
        ..View::error(
            "unreadable",
            format!("{}: {}", finding.address, finding.message),
            None,
        )
    }
}
