//! Formats the changes of a plan in sections, one for each organization. A long plan gets headings
//! and shorter rows.

use super::{
    change,
    fold::{Folding, Group, organization},
    style::{Color, Look, Role},
    words,
};
use crate::plan::{Action, Change, Summary};

/// A plan with more changes is long: it does not fit on a screen.
const LONG: usize = 50;

/// How many equal changes of an organization are shown in a long plan.
const MOST_IN_LONG: usize = 3;

/// With fewer changes for each section on average, the headings would outweigh the changes.
const LEAST_PER_HEADING: usize = 3;

/// The remark of a row that does the same as the row above it.
const AS_ABOVE: &str = "(as above)";

/// All sections, and a hint if rows were folded.
pub(super) fn text(changes: &[Change], column: usize, look: Look) -> String {
    // The changes are sorted by address, so those of an organization are adjacent.
    let sections: Vec<&[Change]> = changes
        .chunk_by(|one, next| one.address.organization() == next.address.organization())
        .collect();
    let is_long = changes.len() > LONG;
    let has_headings =
        is_long && sections.len() > 1 && changes.len() >= LEAST_PER_HEADING * sections.len();
    let most = if is_long {
        look.depth.most_of(MOST_IN_LONG)
    } else {
        look.depth.most()
    };
    let mut page = Page {
        out: String::new(),
        column,
        look,
        is_long,
        most,
        folded: false,
    };
    for (number, section) in sections.into_iter().enumerate() {
        if has_headings {
            page.out.push_str(if number > 0 { "\n" } else { "" });
            page.out.push_str(&heading(section, look.color));
        }
        page.section(section);
    }
    if page.folded {
        page.out.push_str(if has_headings { "\n" } else { "" });
        page.out.push_str(&look.color.paint(
            Role::Quiet,
            "(`portolan plan --details` shows every change)",
        ));
        page.out.push('\n');
    }
    page.out
}

struct Page {
    out: String,
    column: usize,
    look: Look,
    is_long: bool,
    most: usize,
    folded: bool,
}

impl Page {
    fn section(&mut self, changes: &[Change]) {
        let mut folding = Folding::new(self.most);
        let mut above: Option<(Group, &[String])> = None;
        for change in changes {
            if !folding.shows(change, "") {
                continue;
            }
            let may_refer = self.is_long && self.look.depth.may_shorten() && may_refer(change);
            let group = may_refer.then(|| (Group::of(change), change.notes.as_slice()));
            if group.is_some() && group == above {
                let head = change::headline(change, self.column, self.look);
                self.out.push_str(&format!(
                    "{head}  {}\n",
                    self.look.color.paint(Role::Quiet, AS_ABOVE)
                ));
            } else {
                change::block(&mut self.out, change, self.column, self.look);
            }
            above = group.filter(|_| has_details(change));
        }
        for folded in folding.rest() {
            self.folded = true;
            self.out.push_str(&folded.line("", self.look.color));
        }
    }
}

/// Whether a row may refer to the one above it: only creations without risks. All others are shown
/// in full.
fn may_refer(change: &Change) -> bool {
    matches!(change.action, Action::Create { .. })
        && change.withheld.is_none()
        && change.risks.is_empty()
}

/// Whether a row has details that the next row can refer to.
fn has_details(change: &Change) -> bool {
    !change.notes.is_empty()
        || change
            .fields
            .iter()
            .any(|field| change::is_worth_showing(change, field))
}

/// `Organization REGION/NAME: 3 to add, 1 to destroy.`
fn heading(section: &[Change], color: Color) -> String {
    let Some(first) = section.first() else {
        return String::new();
    };
    let mut summary = Summary::default();
    section.iter().for_each(|change| summary.count(change));
    let counts = [
        (summary.add, "to add"),
        (summary.change, "to change"),
        (summary.destroy, "to destroy"),
        (summary.run, "to run"),
        (summary.withheld, "withheld"),
    ];
    let counted = words::counted(&counts);
    let place = words::capital(first.address.kind().key.get(1).unwrap_or(&""));
    let line = format!("{place} {}: {}.", organization(&first.address), counted);
    format!("{}\n", color.paint(Role::Strong, line))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use crate::{
        plan::tests::{live, plan},
        render::{
            plan::text,
            style::{Depth, Look},
        },
    };

    /// A chart with that many organizations, each with that many new repositories.
    fn chart(organizations: usize, repositories: usize, terms: impl Fn(usize) -> String) -> String {
        let mut chart = String::from("organizations:\n");
        for organization in 0..organizations {
            let _ = writeln!(chart, "  o{organization}:\n    repositories:");
            for number in 0..repositories {
                let _ = writeln!(chart, "      r{number:03}: {{ {} }}", terms(number));
            }
        }
        chart
    }

    #[test]
    fn a_long_plan_has_a_heading_for_each_organization() {
        let plan = plan(
            &chart(2, 40, |_| "category: linux".to_owned()),
            &live(&[]),
            &[],
        );
        insta::assert_snapshot!(text(&plan, Look::plain(Depth::Folded)), @r#"
        Organization r-1/o0: 41 to add.
          + organization r-1/o0     chart.yaml:4
          + repository r-1/o0/r000  chart.yaml:6
              is_public    false
              category     "linux"
              (left to the service: description)
          + repository r-1/o0/r001  chart.yaml:7  (as above)
          + repository r-1/o0/r002  chart.yaml:8  (as above)
          + 37 more like repository r-1/o0/r000

        Organization r-1/o1: 41 to add.
          + organization r-1/o1     chart.yaml:46
          + repository r-1/o1/r000  chart.yaml:48
              is_public    false
              category     "linux"
              (left to the service: description)
          + repository r-1/o1/r001  chart.yaml:49  (as above)
          + repository r-1/o1/r002  chart.yaml:50  (as above)
          + 37 more like repository r-1/o1/r000

        (`portolan plan --details` shows every change)

        Plan: 82 to add, 0 to change, 0 to destroy.
        "#);
    }

    #[test]
    fn additions_that_differ_in_their_description_fold() {
        let terms = |number: usize| format!("description: the {number}th");
        let text = text(
            &plan(&chart(5, 160, terms), &live(&[]), &[]),
            Look::plain(Depth::Folded),
        );
        assert!(text.lines().count() < 100, "{text}");
        let rest = "  + 157 more like repository r-1/o4/r000, descriptions differ\n";
        assert!(text.contains(rest), "{text}");
        assert!(text.contains("description  \"the 2th\""), "{text}");
    }

    #[test]
    fn public_additions_are_all_named() {
        let text = text(
            &plan(
                &chart(5, 160, |_| "is_public: true".to_owned()),
                &live(&[]),
                &[],
            ),
            Look::plain(Depth::Folded),
        );
        assert_eq!(text.matches("  + repository").count(), 800, "{text}");
        assert!(text.lines().count() < 900, "{} lines", text.lines().count());
        assert_eq!(text.matches("is_public    true").count(), 5, "{text}");
    }

    #[test]
    fn deletions_are_named_under_their_heading() {
        let names: Vec<String> = (0..2)
            .flat_map(|organization| (0..40).map(move |at| format!("o{organization}/r{at:03}")))
            .collect();
        let rows: Vec<_> = names
            .iter()
            .map(|name| (name.as_str(), false, 3, &[][..]))
            .collect();
        let chart = chart(2, 40, |at| {
            if at < 35 {
                "state: absent"
            } else {
                "category: linux"
            }
            .to_owned()
        });
        let plan = plan(&chart, &live(&rows), &["destroys-data"]);
        let text = text(&plan, Look::plain(Depth::Folded));
        assert_eq!(text.matches("  - repository").count(), 70, "{text}");
        assert!(
            text.contains("\nOrganization r-1/o1: 5 to change, 35 to destroy.\n"),
            "{text}"
        );
    }

    #[test]
    fn a_few_changes_in_each_of_many_places_get_no_headings() {
        let text = text(
            &plan(&chart(60, 1, |_| String::new()), &live(&[]), &[]),
            Look::plain(Depth::Folded),
        );
        assert!(!text.contains("Organization"), "{text}");
    }
}
