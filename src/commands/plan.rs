//! `portolan plan`: chart and live state to a plan, printed and saved. Sends nothing but reads.

use super::{output, session, show};
use crate::{
    cli::{Global, PlanArgs},
    diagnostics::View,
    exit::Exit,
    plan::{Outcome, Plan, build::build, document::PlanDocument},
    refresh::refresh_part,
    scope::Selection,
    state::Consent,
};

pub(super) fn run(global: &Global, args: &PlanArgs) -> anyhow::Result<Exit> {
    let (plan, found) = match ready(global, &args.consent.allow, &args.selection.selection())? {
        Ok(ready) => ready,
        Err(unready) => return show::unready(&args.show, unready).map(|()| Exit::Failed),
    };
    output::failures(&plan.failures);
    // Who asked for a document gets one, though the file could not be written.
    let saved = args.out.as_ref().map_or(Ok(()), |path| save(path, &plan, found.clone()));
    show::plan(global, &args.show, &plan, found)?;
    saved?;
    Ok(exit(&plan, args.detailed_exitcode))
}

fn ready(
    global: &Global,
    allow: &[Consent],
    selection: &Selection,
) -> anyhow::Result<Result<(Plan, Vec<View>), session::Unready>> {
    let mut loaded = match session::load_chart(global) {
        Ok(loaded) => loaded,
        Err(unready) => return Ok(Err(unready)),
    };
    let door = match session::open(global, &loaded.chart) {
        Ok(door) => door,
        Err(error) if error.is::<session::UsageError>() => return Err(error),
        Err(error) => return Ok(Err(session::Unready::because(&error))),
    };
    let plan = session::runtime()?.block_on(make(global, &mut loaded, &door, allow, selection));
    Ok(Ok((plan, loaded.views)))
}

/// Reads the live state and compares.
pub(super) async fn make(
    global: &Global,
    loaded: &mut session::Loaded,
    door: &session::Door,
    allow: &[Consent],
    selection: &Selection,
) -> Plan {
    let live = refresh_part(&door.client, &loaded.chart, &selection.narrow(&loaded.chart)).await;
    loaded.conclude(global, Some(&live));
    let scope = session::scope(&loaded.chart, door, &live.accounts, selection);
    build(&loaded.chart, &live, allow, scope)
}

/// A plan of which something is unknown is not saved, and an older one does not stay: either could be applied.
fn save(path: &std::path::PathBuf, plan: &Plan, views: Vec<View>) -> anyhow::Result<()> {
    if plan.outcome() == Outcome::Unknown {
        if std::fs::remove_file(path).is_ok() {
            output::tell(&format!("{} held an older plan, and is removed", path.display()));
        }
        return Ok(());
    }
    session::replace_file(path, &PlanDocument::new(plan, views).to_file(plan))
}

fn exit(plan: &Plan, detailed: bool) -> Exit {
    match plan.outcome() {
        Outcome::Unknown => Exit::Failed,
        _ if !plan.stopped.is_empty() => Exit::Failed,
        Outcome::Changes if detailed => Exit::Changes,
        Outcome::Changes | Outcome::NoChanges => Exit::Done,
    }
}
