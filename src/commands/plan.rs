//! `portolan plan`: compares chart and live state; prints and saves the plan. Sends only reads.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use anyhow::bail;

use super::{
    asked::Asked,
    cloud::{self, Learned},
    door::Door,
    files, from_snapshot, output, paths, runtime, session, show,
};
use crate::{
    cli::{Global, JobsArgs, PlanArgs, SelectionArgs},
    config::lint,
    copies::Wanted,
    diagnostics::{Diagnostics, View},
    exit::Exit,
    input,
    pattern::Written,
    plan::{
        Outcome, Plan, Stop, backfill,
        build::build,
        cloud::other_account,
        document::{self, PlanDocument, PlanFileError},
        health, persons,
    },
    refresh::{RefreshOptions, refresh_part},
    state::{Consent, Live},
};

pub(super) fn run(global: &Global, args: &PlanArgs) -> anyhow::Result<Exit> {
    if let Some(path) = &args.out {
        paths::is_no_input(global, path)?;
        files::is_not_stdout(path)?;
    }
    let made = match &args.live.live {
        Some(path) => from_snapshot::make(global, args, path)?,
        None => ready(global, &args.selection, &args.jobs, Use::Plan(args))?
            .map(|Ready { plan, loaded, .. }| (plan, loaded)),
    };
    let (plan, loaded) = match made {
        Ok(made) => made,
        Err(unready) => {
            args.out.iter().for_each(|path| forget(path));
            return show::unready(global, &args.show, unready).map(|()| Exit::Failed);
        }
    };
    // Drops the chart before the documents are built: with large charts each takes much memory.
    let session::Loaded { views: found, .. } = loaded;
    output::failures(&plan.failures);
    // Its error comes after the document: stdout must not stay empty because a file failed.
    let saved = args
        .out
        .as_ref()
        .map_or(Ok(()), |path| save(path, &plan, found.clone()));
    show::plan(global, &args.show, &plan, found)?;
    saved?;
    Ok(exit(&plan, args.detailed_exitcode))
}

/// A plan with its inputs.
pub(super) struct Ready {
    pub(super) plan: Plan,
    pub(super) asked: Asked,
    pub(super) loaded: session::Loaded,
    pub(super) door: Door,
}

/// What a plan is for.
#[derive(Clone, Copy)]
pub(super) enum Use<'u> {
    /// With its consent, and the rules that are run.
    Plan(&'u PlanArgs),
    /// Without what these cover. Organizations that no file names are findings by default, and
    /// every target is compared.
    Drift(&'u [Written]),
}

/// Loads the chart, reads the live state and compares.
pub(super) fn ready(
    global: &Global,
    selection: &SelectionArgs,
    jobs: &JobsArgs,
    use_: Use<'_>,
) -> anyhow::Result<Result<Ready, session::Unready>> {
    let mut loaded = match session::load_chart(global) {
        Ok(loaded) => loaded,
        Err(unready) => return Ok(Err(unready)),
    };
    let (allow, ignore, backfill) = match use_ {
        Use::Plan(args) => (
            &args.consent.allow[..],
            &[][..],
            &args.backfill.backfill[..],
        ),
        Use::Drift(ignore) => {
            Arc::make_mut(&mut loaded.chart).report_unlisted_tops();
            (&[][..], ignore, &[][..])
        }
    };
    let mut asked = Asked::read(selection, ignore, backfill, &loaded.chart)?;
    if matches!(use_, Use::Drift(_)) {
        asked.copies = Wanted::All;
    }
    asked.jobs = jobs.jobs;
    runtime::block_on(async {
        let door = match Door::for_chart(global, &loaded.chart).await {
            Ok(door) => door,
            Err(error) if error.is::<super::UsageError>() => return Err(error),
            Err(error) => return Ok(Err(session::Unready::because(&error))),
        };
        let made = make(global, &mut loaded, &door, allow, &asked).await;
        Ok(made.map(|made| Ready {
            plan: made.plan,
            asked,
            loaded,
            door,
        }))
    })?
}

/// What a comparison gives.
pub(super) struct Made {
    pub(super) plan: Plan,
    /// Stops that only forbid to apply it: the account is not known, or the caller would lose its own
    /// permission.
    pub(super) stops: Vec<Stop>,
    pub(super) live: Live,
}

/// Reads the live state and compares.
pub(super) async fn make(
    global: &Global,
    loaded: &mut session::Loaded,
    door: &Door,
    allow: &[Consent],
    asked: &Asked,
) -> Result<Made, session::Unready> {
    if !asked.backfills.is_empty() {
        Arc::make_mut(&mut loaded.chart)
            .backfill
            .clone_from(&asked.backfills);
    }
    let chart = loaded.chart.clone();
    let part = asked.selection.to_read(&chart);
    let listener = output::listener(global);
    let wanted = chart.account.as_deref();
    let mut scope = door.scope(&chart, &asked.selection);
    let options = RefreshOptions {
        copies: match &asked.copies {
            Wanted::Nothing => backfill::compared(&chart),
            wanted => wanted.clone(),
        },
        jobs: asked.jobs,
        abroad: Some(door.abroad.clone()),
        ..RefreshOptions::default()
    };
    let reads = async {
        let live = refresh_part(&door.client, &chart, &part, &options, &*listener).await;
        let is_whole = live.failures.is_empty();
        // The wrong account may be why a read failed, so a chart with an account asks even then.
        let ask = is_whole || wanted.is_some();
        let overviews = if ask {
            cloud::overviews(door, &chart).await
        } else {
            BTreeMap::new()
        };
        let mut learned = Learned::new(overviews, &live);
        learned
            .complete(wanted.filter(|_| is_whole), &mut scope, door)
            .await;
        (live, learned)
    };
    let read = door.deadline.within(reads).await;
    // Removes the progress bars before anything else is printed.
    drop(listener);
    let (live, learned) = read.unwrap_or_else(|broken_off| (broken_off.live(), Learned::default()));
    if let Some(stop) = other_account(wanted, &scope) {
        return Ok(Made {
            plan: Plan::stopped_by(stop, loaded.chart.stamp.clone(), scope),
            stops: Vec::new(),
            live,
        });
    }
    let unknown = learned.unknown(wanted, &scope);
    // The service's clock where a response had one: with a wrong local clock a mirror would look
    // stale, and be run without need.
    let mut plan = build(
        &chart,
        &live,
        allow,
        scope,
        live.clock.unwrap_or_else(runtime::now),
    );
    loaded.conclude(global, Some((&live, &part, &mut plan)), asked)?;
    let mut found = Diagnostics::new();
    found.extend(lint::kept(&plan.kept));
    found.extend(health::unread(&live));
    loaded.report(global, found);
    let mut stops: Vec<Stop> = unknown.into_iter().collect();
    stops.extend(persons::locks_out(
        &plan,
        &persons::of_caller(&live.resources),
    ));
    Ok(Made { plan, stops, live })
}

/// Saves the plan. If part of it is unknown, nothing is saved and an older file is removed: either
/// could be applied by mistake.
fn save(path: &Path, plan: &Plan, views: Vec<View>) -> anyhow::Result<()> {
    if plan.outcome() == Outcome::Unknown {
        forget(path);
        return Ok(());
    }
    let text = PlanDocument::new(plan, views).to_file(plan);
    // The limit of the reader: a plan that `apply` refuses must not be saved.
    if text.len() > input::MOST {
        forget(path);
        let most = input::MOST >> 20;
        bail!(
            "the plan is not saved: `apply` reads {most} MiB at most; plan a part of it with \
            `--target`"
        );
    }
    files::replace(path, &text)
}

/// Removes an older plan, and replacements that killed processes left; any other file stays.
fn forget(path: &Path) {
    if !files::is_replaced(path) {
        return;
    }
    files::sweep(path);
    let is_plan = |text: String| !matches!(document::read(&text), Err(PlanFileError::NotAPlan(_)));
    if input::text_if_file(path, input::MOST).is_some_and(is_plan) && fs::remove_file(path).is_ok()
    {
        output::print_line(&format!("removed the older plan {}", path.display()));
    }
}

fn exit(plan: &Plan, detailed: bool) -> Exit {
    match plan.outcome() {
        Outcome::Unknown => Exit::Failed,
        // Before the changes: a pipeline that goes on to apply at exit code 2 must not do so with a
        // plan that no apply accepts.
        _ if !plan.stopped.is_empty() => Exit::Failed,
        Outcome::Changes if detailed => Exit::Changes,
        Outcome::Changes | Outcome::NoChanges => Exit::Done,
    }
}
