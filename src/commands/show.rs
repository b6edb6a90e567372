//! Prints a plan in the format that was asked for; what `plan` and `drift` have in common.

use super::{output, session};
use crate::{
    cli::{Global, PlanFormat, ShowArgs},
    diagnostics::View,
    plan::{
        Outcome, Plan,
        document::{PlanDocument, pretty},
    },
    render::{
        self, findings,
        plan::{Depth, views},
    },
};

/// The plan on stdout.
pub(super) fn plan(global: &Global, args: &ShowArgs, plan: &Plan, found: Vec<View>) -> anyhow::Result<()> {
    let depth = if args.details { Depth::Full } else { Depth::Folded };
    output::document(&match args.format {
        PlanFormat::Text => render::plan::text(plan, output::stdout_color(global), depth),
        PlanFormat::Json => pretty(&PlanDocument::new(plan, found)),
        PlanFormat::Markdown => render::markdown::markdown(plan, args.max_bytes),
        PlanFormat::Diff => render::yaml_diff::diff(plan),
        PlanFormat::Sarif => findings::sarif(&found.into_iter().chain(views(plan)).collect::<Vec<_>>()),
    })
}

/// What is printed if there is no plan to speak of.
pub(super) fn unready(args: &ShowArgs, session::Unready(found): session::Unready) -> anyhow::Result<()> {
    match args.format {
        PlanFormat::Json => {
            let document = PlanDocument { outcome: Outcome::Unknown, ..PlanDocument::new(&Plan::default(), found) };
            output::document(&pretty(&document))
        }
        PlanFormat::Sarif => output::document(&findings::sarif(&found)),
        PlanFormat::Markdown => output::document(&render::markdown::unready(&found, args.max_bytes)),
        PlanFormat::Text | PlanFormat::Diff => Ok(()),
    }
}
