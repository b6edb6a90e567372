//! Formats the question before an apply, with the risky changes above it. The caller reads the
//! answer.

use super::{
    cloud,
    fold::Folding,
    style::{Color, Role},
    words,
};
use crate::plan::{Action, Change, Plan};

/// How many equal changes are listed one by one.
const MOST: usize = 10;

/// The risky changes, and the question. What is destroyed or exposed never folds. If a plan ends
/// right above the question, its last line names the account and the endpoints, so the question
/// does not repeat them.
pub fn text(plan: &Plan, is_below_plan: bool, color: Color) -> String {
    let mut out = String::new();
    let mut folding = Folding::new(MOST);
    for change in plan.runnable().filter(|change| !change.risks.is_empty()) {
        if folding.shows(change, "") {
            lines(&mut out, change, color);
        }
    }
    for folded in folding.rest() {
        out.push_str(&folded.line("(see the plan)", color));
    }
    // With risky changes in between, the last line of the plan is too far up to be seen.
    let follows_plan = is_below_plan && out.is_empty();
    if !out.is_empty() {
        out = format!("{}\n{out}\n", color.paint(Role::Strong, "Hard to undo:"));
    }
    if !follows_plan {
        out.extend(cloud::line(plan, cloud::quoted).map(|line| line + "\n"));
    }
    out + &question(plan)
}

/// The question, with the counts of the plan's summary.
fn question(plan: &Plan) -> String {
    let (summary, runnable) = (plan.summary(), plan.runnable().count());
    let counts = [
        (summary.add, "to add"),
        (summary.change, "to change"),
        (summary.destroy, "to destroy"),
        (summary.run, "to run"),
    ];
    let counted = words::counted(&counts);
    // A replacement counts as one to add and one to destroy, as in the plan's summary. Without this
    // note, the counts would not add up to the number of changes.
    let replaced = plan
        .runnable()
        .filter(|change| matches!(change.action, Action::Replace { .. }))
        .count();
    let twice = match replaced {
        0 => String::new(),
        1 => "; 1 replacement is counted twice".to_owned(),
        count => format!("; {count} replacements are counted twice"),
    };
    let these = if runnable == 1 {
        "this 1 change".to_owned()
    } else {
        format!("these {runnable} changes")
    };
    format!("Make {these} ({counted}{twice})? Only `yes` is accepted: ")
}

fn lines(out: &mut String, change: &Change, color: Color) {
    let head = color.paint(
        super::change::role(&change.action),
        super::change::plain_headline(change),
    );
    out.push_str(&format!("{head}\n"));
    for risk in change.risks.iter().filter(|risk| !risk.evidence.is_empty()) {
        let warning = color.paint(
            Role::Warning,
            format!("! {}: {}", risk.class, risk.evidence),
        );
        out.push_str(&format!("      {warning}\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::{live, plan};

    #[test]
    fn risky_changes_are_listed_above_the_question() {
        let live = live(&[
            ("o/full", false, 143, &[]),
            ("o/gone", false, 0, &[]),
            ("o/kept", false, 7, &[]),
            ("o/web", false, 3, &[]),
            ("o/z", false, 0, &[]),
        ]);
        let chart =
            "organizations: { o: { repositories: { full: { state: absent }, gone: { state: \
            absent },
            new: { category: arm }, web: { is_public: true }, z: } } }";
        let allowed = plan(chart, &live, &["destroys-data", "exposes"]);
        insta::assert_snapshot!(text(&allowed, false, Color::Never), @r"
        Hard to undo:
          - repository r-1/o/full
              ! destroys-data: 143 tags
          - repository r-1/o/gone
          ~ repository r-1/o/web
              ! exposes: anyone can pull 3 tags

        Make these 4 changes (1 to add, 1 to change, 2 to destroy)? Only `yes` is accepted:
        ");
        // Withheld changes are not made, so the question leaves them out.
        insta::assert_snapshot!(text(&plan(chart, &live, &[]), false, Color::Never), @r"
        Hard to undo:
          - repository r-1/o/gone

        Make these 2 changes (1 to add, 1 to destroy)? Only `yes` is accepted:
        ");
        let harmless = plan("organizations: { o: { repositories: { n: } } }", &live, &[]);
        assert_eq!(
            text(&harmless, false, Color::Never),
            "Make this 1 change (1 to add)? Only `yes` is accepted: "
        );
    }

    #[test]
    fn a_replacement_is_named_where_it_is_counted_twice() {
        let live = live(&[(
            "o/api",
            false,
            3,
            &[("x-1", "y", false), ("x-1", "z", false)],
        )]);
        let rule = |target: &str| {
            format!("{{ target_region: x-1, target_organization: {target}, override: true }}")
        };
        let chart = |rules: String| {
            format!(
                "organizations: {{ o: {{ repositories: {{ api: {{ sync: [ {rules} ] }} }} }} }}"
            )
        };
        let asked = |rules: String| question(&plan(&chart(rules), &live, &[]));
        let (one, two) = (rule("y"), format!("{}, {}", rule("y"), rule("z")));
        let numbers = "(1 to add, 2 to destroy; 1 replacement is counted twice)";
        assert_eq!(
            asked(one),
            format!("Make these 2 changes {numbers}? Only `yes` is accepted: ")
        );
        let numbers = "(2 to add, 2 to destroy; 2 replacements are counted twice)";
        assert_eq!(
            asked(two),
            format!("Make these 2 changes {numbers}? Only `yes` is accepted: ")
        );
    }

    #[test]
    fn many_risks_fold_but_never_deletions() {
        let names: Vec<String> = (0..30).map(|number| format!("o/r{number:02}")).collect();
        let rows: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(at, name)| (name.as_str(), false, u64::from(at < 2), &[][..]))
            .collect();
        let mut chart = String::from(
            "limits: { deletes: 40, delete_percent: 100 }\norganizations: { o: { repositories: {",
        );
        chart.extend((0..29).map(|number| format!(" r{number:02}: {{ state: absent }},")));
        let text = text(
            &plan(
                &format!("{chart} r29: }} }} }}"),
                &live(&rows),
                &["destroys-data"],
            ),
            false,
            Color::Never,
        );
        assert_eq!(text.matches("destroys-data").count(), 2, "{text}");
        assert_eq!(text.matches("  - repository").count(), 29, "{text}");
        assert!(!text.contains(" more "), "{text}");
    }

    #[test]
    fn risks_fold_only_in_one_organization_and_with_one_target() {
        let names: Vec<String> = ["a", "b"]
            .iter()
            .flat_map(|organization| {
                (0..14).map(move |number| format!("{organization}/r{number:02}"))
            })
            .collect();
        let rows: Vec<_> = names
            .iter()
            .map(|name| (name.as_str(), false, 0, &[][..]))
            .collect();
        let organization = |name: &str, number: usize| {
            let rule = |number: usize| {
                let target = if number == 13 { "attacker" } else { "dr" };
                let rule = format!(
                    "{{ target_region: x-1, target_organization: {target}, override: true }}"
                );
                format!("r{number:02}: {{ sync: [ {rule} ] }},")
            };
            let rules: String = (14 - number..14).map(rule).collect();
            format!("{name}: {{ repositories: {{ {rules} }} }}")
        };
        let chart = format!(
            "organizations: {{ {}, {} }}",
            organization("a", 14),
            organization("b", 3)
        );
        let text = text(&plan(&chart, &live(&rows), &[]), false, Color::Never);
        for address in [
            "a/r13 -> x-1/attacker",
            "b/r11 -> x-1/dr",
            "b/r12 -> x-1/dr",
            "b/r13 -> x-1/attacker",
        ] {
            assert!(
                text.contains(&format!("  + sync_rule r-1/{address}\n      ! overwrites")),
                "{text}"
            );
        }
        let rest = "\n  + 3 more like sync_rule r-1/a/r00 -> x-1/dr  (see the plan)\n";
        assert!(text.contains(rest), "{text}");
        assert_eq!(text.matches(" more ").count(), 1, "{text}");
    }
}
