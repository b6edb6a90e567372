//! `portolan plan --live`: a plan from a snapshot. Nothing is sent, and no credentials are read.

use std::{path::Path, sync::Arc};

use anyhow::Context as _;

use super::{UsageError, asked::Asked, output, runtime, session, snapshot::scope_of};
use crate::{
    cli::{Global, PlanArgs},
    config::lint,
    diagnostics::Diagnostics,
    input,
    plan::{Gap, Plan, backfill, build::build, cloud::other_account_in_snapshot, health},
    snapshot::{
        Snapshot, document,
        replay::{ReplayOptions, Replayed, age, complete, replay},
    },
};

/// Reads a snapshot from its file.
pub(super) fn read(path: &Path) -> anyhow::Result<Snapshot> {
    let text = input::text(path, input::MOST)
        .with_context(|| format!("cannot read {}", path.display()))?;
    document::read(&text).with_context(|| format!("cannot use {}", path.display()))
}

/// Loads chart and snapshot, and compares.
pub(super) fn make(
    global: &Global,
    args: &PlanArgs,
    path: &Path,
) -> anyhow::Result<Result<(Plan, session::Loaded), session::Unready>> {
    if global.emulator_is_typed {
        let problem = "`--live` reads a file in place of the service, so `--emulator` has no \
            meaning beside it";
        return Err(UsageError(problem.to_owned()).into());
    }
    let mut loaded = match session::load_chart(global) {
        Ok(loaded) => loaded,
        Err(unready) => return Ok(Err(unready)),
    };
    let backfills = &args.backfill.backfill;
    let mut asked = Asked::read(&args.selection, &[], backfills, &loaded.chart)?;
    asked.jobs = args.jobs.jobs;
    let snapshot = match read(path) {
        Ok(snapshot) => snapshot,
        Err(error) => return Ok(Err(session::Unready::because(&error))),
    };
    if !asked.backfills.is_empty() {
        Arc::make_mut(&mut loaded.chart)
            .backfill
            .clone_from(&asked.backfills);
    }
    let chart = loaded.chart.clone();
    let scope = scope_of(&snapshot, &chart, asked.selection.clone());
    if let Some(stop) = other_account_in_snapshot(chart.account.as_deref(), &scope) {
        let plan = Plan::stopped_by(stop, chart.stamp.clone(), scope);
        return Ok(Ok((plan, loaded)));
    }
    let part = asked.selection.to_read(&chart);
    let options = ReplayOptions {
        copies: backfill::compared(&chart),
        jobs: asked.jobs,
        targets: true,
    };
    let Replayed {
        live,
        unknown,
        gaps,
    } = replay(&snapshot, &chart, &part, &options);
    let mut scope = scope;
    scope.selection.unknown = unknown;
    // Ages are those at the time of the snapshot.
    let consents = &args.consent.allow;
    let mut plan = build(&chart, &live, consents, scope, snapshot.taken_at);
    complete(&mut plan, gaps);
    let old = age(&snapshot, args.live.max_age, runtime::now());
    old.iter().for_each(tell);
    plan.gaps.extend(old);
    if let Err(unready) = loaded.conclude(global, Some((&live, &part, &mut plan)), &asked) {
        return Ok(Err(unready));
    }
    let mut found = Diagnostics::new();
    found.extend(lint::kept(&plan.kept));
    found.extend(health::unread(&live));
    loaded.report(global, found);
    Ok(Ok((plan, loaded)))
}

/// Prints why the whole plan is not known.
fn tell(gap: &Gap) {
    output::print_line(&format!("error: {}", gap.message));
    if let Some(hint) = &gap.hint {
        output::print_line(&format!("  hint: {hint}"));
    }
}
