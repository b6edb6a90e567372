//! What is asked before an apply, with what is at risk right above it. Whoever asks also reads the answer.

use super::style::{Color, Role};
use crate::plan::{Change, Plan};

/// So many risks that wait for no consent are named one by one.
const MOST: usize = 10;

/// The risky changes that would be made, and the question.
pub fn text(plan: &Plan, color: Color) -> String {
    let mut out = String::new();
    let (mut named, mut folded) = (0, 0);
    for change in plan.runnable().filter(|change| !change.risks.is_empty()) {
        // What somebody had to consent to is never folded away.
        let consented = change.risks.iter().any(|risk| risk.class.needs_consent());
        if consented || named < MOST {
            lines(&mut out, change, color);
            named += usize::from(!consented);
        } else {
            folded += 1;
        }
    }
    if folded > 0 {
        out.push_str(&format!("    {folded} more with a risk, as the plan says\n"));
    }
    if !out.is_empty() {
        out = format!("{}\n{out}\n", color.paint(Role::Strong, "Not simply undone:"));
    }
    out + "Make these changes? Only `yes` is accepted: "
}

fn lines(out: &mut String, change: &Change, color: Color) {
    let head = color.paint(super::plan::role(&change.action), super::plan::plain_headline(change));
    out.push_str(&format!("{head}\n"));
    for risk in change.risks.iter().filter(|risk| !risk.evidence.is_empty()) {
        let said = color.paint(Role::Warning, format!("! {}: {}", risk.class, risk.evidence));
        out.push_str(&format!("      {said}\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::{live, plan};

    #[test]
    fn what_is_at_risk_stands_above_the_question() {
        let live = live(&[
            ("o/full", false, 143, &[]),
            ("o/gone", false, 0, &[]),
            ("o/kept", false, 7, &[]),
            ("o/web", false, 3, &[]),
            ("o/z", false, 0, &[]),
        ]);
        let chart = "organizations: { o: { repositories: { full: { state: absent }, gone: { state: absent },
            new: { category: arm }, web: { is_public: true }, z: } } }";
        insta::assert_snapshot!(text(&plan(chart, &live, &["destroys-data", "exposes"]), Color::Never), @r"
        Not simply undone:
          - repository r-1/o/full
              ! destroys-data: 143 tags
          - repository r-1/o/gone
          ~ repository r-1/o/web
              ! exposes: anyone can pull 3 tags

        Make these changes? Only `yes` is accepted:
        ");
        // What is withheld is not made, and needs no answer.
        insta::assert_snapshot!(text(&plan(chart, &live, &[]), Color::Never), @r"
        Not simply undone:
          - repository r-1/o/gone

        Make these changes? Only `yes` is accepted:
        ");
        let harmless = plan("organizations: { o: { repositories: { n: } } }", &live, &[]);
        assert_eq!(text(&harmless, Color::Never), "Make these changes? Only `yes` is accepted: ");
    }

    #[test]
    fn many_risks_fold_but_never_what_needed_consent() {
        let names: Vec<String> = (0..30).map(|number| format!("o/r{number:02}")).collect();
        let rows: Vec<_> =
            names.iter().enumerate().map(|(at, name)| (name.as_str(), false, u64::from(at < 2), &[][..])).collect();
        let mut chart =
            String::from("limits: { deletes: 40, delete_percent: 100 }\norganizations: { o: { repositories: {");
        chart.extend((0..29).map(|number| format!(" r{number:02}: {{ state: absent }},")));
        let text = text(&plan(&format!("{chart} r29: }} }} }}"), &live(&rows), &["destroys-data"]), Color::Never);
        assert_eq!(text.matches("destroys-data").count(), 2, "{text}");
        assert_eq!(text.matches("  - repository").count(), 12, "{text}");
        assert!(text.contains("\n    17 more with a risk"), "{text}");
    }
}
