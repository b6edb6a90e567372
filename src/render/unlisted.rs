//! Formats the unlisted resources. They have a section of their own above the summary, because a
//! person must decide about each.

use indexmap::IndexMap;

use super::{
    fold, plan_findings,
    style::{Look, Role},
};
use crate::plan::Plan;

const HEADING: &str = "Unlisted: add each to the chart, or set `unlisted: delete` or `ignore`.";

/// The section, or nothing if there are no unlisted resources. `follows`: whether to separate it
/// from text above.
pub(super) fn text(plan: &Plan, look: Look, follows: bool) -> String {
    let (most, color) = (look.depth.most(), look.color);
    if plan.unlisted.is_empty() {
        return String::new();
    }
    let gap = if follows { "\n" } else { "" };
    let mut out = format!("{gap}{}\n", color.paint(Role::Warning, HEADING));
    let mut seen = IndexMap::<String, usize>::new();
    for unlisted in &plan.unlisted {
        let count = seen
            .entry(fold::organization(&unlisted.address))
            .or_default();
        *count += 1;
        if *count <= most {
            let head = color.paint(Role::Warning, format!("  ? {}", unlisted.address));
            let holds = match unlisted.held {
                Some(0) => "empty".to_owned(),
                count => unlisted
                    .address
                    .kind()
                    .holds
                    .map_or_else(String::new, |holds| (holds.in_words)(count)),
            };
            let (content, counts) =
                plan_findings::of_unlisted(plan, &unlisted.address).unwrap_or((holds, false));
            let counts = if counts { "; counts" } else { "" };
            out.push_str(&format!("{head}  ({content}{counts})\n"));
        }
    }
    for (organization, count) in seen.into_iter().filter(|(_, count)| *count > most) {
        let head = color.paint(
            Role::Warning,
            format!("  ? {} more in {organization}", count - most),
        );
        out.push_str(&format!("{head}  (`portolan plan --details` shows them)\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::tests::{live, plan},
        render::style::Depth,
    };

    #[test]
    fn unlisted_repositories_fold_by_organization() {
        let names: Vec<String> = (0..12).map(|number| format!("o/r{number:02}")).collect();
        let rows: Vec<_> = names
            .iter()
            .map(|name| (name.as_str(), false, 3, &[][..]))
            .collect();
        let plan = plan(
            "organizations: { o: { repositories: { r00: } } }",
            &live(&rows),
            &[],
        );
        let folded = text(&plan, Look::plain(Depth::Folded), false);
        assert!(folded.starts_with("Unlisted: add each "), "{folded}");
        assert!(
            folded.contains("\n  ? repository r-1/o/r01  (3 tags)\n"),
            "{folded}"
        );
        assert!(
            folded.ends_with("\n  ? 1 more in r-1/o  (`portolan plan --details` shows them)\n"),
            "{folded}"
        );
        assert_eq!(
            text(&plan, Look::plain(Depth::Unfolded), true)
                .matches("  ? repository")
                .count(),
            11
        );
    }
}
