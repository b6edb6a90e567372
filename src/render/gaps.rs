//! Formats what a plan from a snapshot leaves out.

use super::style::{Look, Role};
use crate::{
    plan::{Gap, Plan},
    text::{counted, visible},
};

const HEADING: &str = "Not in the snapshot: nothing is planned for these.";

/// The gaps that are about something, and those about the whole plan.
fn parted(plan: &Plan) -> (Vec<&Gap>, Vec<&Gap>) {
    plan.gaps.iter().partition(|gap| gap.address.is_some())
}

/// The section, or nothing without gaps. `follows`: whether to separate it from text above.
pub(super) fn text(plan: &Plan, look: Look, follows: bool) -> String {
    let (lacking, _) = parted(plan);
    if lacking.is_empty() {
        return String::new();
    }
    let most = look.depth.most();
    let mut out = if follows {
        "\n".to_owned()
    } else {
        String::new()
    };
    out.push_str(&look.color.paint(Role::Warning, HEADING.to_owned()));
    out.push('\n');
    for gap in lacking.iter().take(most) {
        let view = gap.view();
        out.push_str(
            &look
                .color
                .paint(Role::Warning, format!("  ? {}", visible(&view.message))),
        );
        out.push('\n');
        let hint = gap.hint.as_deref().map(visible);
        out.push_str(&hint.map_or_else(String::new, |hint| format!("      {hint}\n")));
    }
    if lacking.len() > most {
        let rest = lacking.len() - most;
        out.push_str(&format!("  ? {rest} more  (`--details` shows them)\n"));
    }
    out
}

/// Why the plan is not whole, as its first line.
pub(super) fn headline(plan: &Plan) -> String {
    let (lacking, whole) = parted(plan);
    let mut reasons: Vec<String> = whole.iter().map(|gap| visible(&gap.message)).collect();
    if !lacking.is_empty() {
        let things = counted(lacking.len(), ("thing", "things"));
        let verb = if lacking.len() == 1 { "is" } else { "are" };
        reasons.push(format!(
            "{things} that the chart needs {verb} not in the snapshot"
        ));
    }
    format!("Unknown: {}. What it holds:", reasons.join(", and "))
}
