//! Prints a plan, or the drift in one, in the requested format.

use super::{checkout, output, session};
use crate::{
    cli::{Global, PlanFormat, ShowArgs},
    diagnostics::View,
    drift::{Drift, DriftDocument},
    plan::{Outcome, Plan, document::PlanDocument},
    render::{self, gitlab::gitlab, plan::views, sarif::sarif, style::Depth},
};

/// The plan on stdout.
pub(super) fn plan(
    global: &Global,
    args: &ShowArgs,
    plan: &Plan,
    found: Vec<View>,
) -> anyhow::Result<()> {
    output::document(&match args.format {
        PlanFormat::Text => {
            let look = output::stdout_look(global, depth(args));
            return output::paged(global, &output::fitted(render::plan::text(plan, look)));
        }
        PlanFormat::Json => return output::json(&PlanDocument::new(plan, found)),
        PlanFormat::Markdown => render::markdown::markdown(plan, args.max_bytes),
        PlanFormat::Diff => render::yaml_diff::diff(plan),
        PlanFormat::Sarif => sarif(&all(plan, found), &[], &checkout::of(global)?),
        PlanFormat::Gitlab => gitlab(&all(plan, found), &checkout::of(global)?),
    })
}

/// What a forge shows of a plan: the findings about the chart, then the changes.
fn all(plan: &Plan, found: Vec<View>) -> Vec<View> {
    found.into_iter().chain(views(plan)).collect()
}

/// The drift on stdout. `found` holds the expired acceptances.
pub(super) fn drift(
    global: &Global,
    args: &ShowArgs,
    drift: &Drift,
    found: Vec<View>,
) -> anyhow::Result<()> {
    output::document(&match args.format {
        PlanFormat::Text => {
            let look = output::stdout_look(global, depth(args));
            return output::paged(global, &output::fitted(render::drift::text(drift, look)));
        }
        PlanFormat::Json => return output::json(&DriftDocument::new(drift, found)),
        PlanFormat::Markdown => render::drift::markdown(drift, args.max_bytes),
        PlanFormat::Diff => render::yaml_diff::diff(&drift.plan),
        PlanFormat::Sarif => render::drift::sarif(drift, found, &checkout::of(global)?),
        PlanFormat::Gitlab => render::drift::gitlab(drift, found, &checkout::of(global)?),
    })
}

/// What is printed if drift cannot be determined.
pub(super) fn drift_unready(
    global: &Global,
    args: &ShowArgs,
    unready: session::Unready,
) -> anyhow::Result<()> {
    match args.format {
        PlanFormat::Json => output::json(&DriftDocument::unready(unready.0)),
        PlanFormat::Markdown => output::document(&render::markdown::unready(
            "drift",
            &unready.0,
            args.max_bytes,
        )),
        // Without a plan, these are the same for both commands.
        PlanFormat::Sarif | PlanFormat::Gitlab | PlanFormat::Text | PlanFormat::Diff => {
            self::unready(global, args, unready)
        }
    }
}

fn depth(args: &ShowArgs) -> Depth {
    if args.details {
        Depth::Full
    } else {
        Depth::Folded
    }
}

/// What is printed if there is no plan.
pub(super) fn unready(
    global: &Global,
    args: &ShowArgs,
    unready: session::Unready,
) -> anyhow::Result<()> {
    let session::Unready(found) = unready;
    match args.format {
        PlanFormat::Json => {
            let document = PlanDocument {
                outcome: Outcome::Unknown,
                ..PlanDocument::new(&Plan::default(), found)
            };
            output::json(&document)
        }
        PlanFormat::Sarif => output::document(&sarif(&found, &[], &checkout::of(global)?)),
        PlanFormat::Gitlab => output::document(&gitlab(&found, &checkout::of(global)?)),
        PlanFormat::Markdown => {
            output::document(&render::markdown::unready("plan", &found, args.max_bytes))
        }
        PlanFormat::Text | PlanFormat::Diff => Ok(()),
    }
}
