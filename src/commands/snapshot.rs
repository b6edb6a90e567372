//! `portolan snapshot`: writes the live state as JSON, without secrets. Sends only reads.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::bail;

use super::{
    cloud::{self, Learned},
    door::Door,
    files, output, paths, runtime, session,
};
use crate::{
    address::Address,
    cli::{Global, SnapshotArgs},
    copies::Wanted,
    exit::Exit,
    input,
    kind::Kind,
    plan::{Scope, backfill, cloud::other_account},
    refresh::{RefreshOptions, Understood, read_for_snapshot},
    render,
    scope::Selection,
    snapshot::{Snapshot, Taken, document, kinds_of},
    state::{Chart, ReadFailure, Unread},
};

pub(super) fn run(global: &Global, args: &SnapshotArgs) -> anyhow::Result<Exit> {
    if let Some(path) = &args.out {
        paths::is_no_input(global, path)?;
        files::is_not_stdout(path)?;
    }
    let Ok(loaded) = session::load_chart(global) else {
        return Ok(Exit::Failed);
    };
    let chart = &*loaded.chart;
    let Some(snapshot) = runtime::block_on(take(global, args, chart))?? else {
        return Ok(Exit::Failed);
    };
    let text = document::text(&snapshot);
    // The limit of the reader.
    if text.len() > input::MOST {
        let most = input::MOST >> 20;
        bail!("the snapshot is not written: `plan --live` reads {most} MiB at most");
    }
    match &args.out {
        Some(path) => save(global, path, &text, &snapshot)?,
        None => output::document(&text)?,
    }
    Ok(match snapshot.is_incomplete() {
        true => Exit::Failed,
        false => Exit::Done,
    })
}

fn save(global: &Global, path: &Path, text: &str, snapshot: &Snapshot) -> anyhow::Result<()> {
    files::replace(path, text)?;
    let color = output::stdout_color(global);
    let summary = render::snapshot::wrote(&path.display().to_string(), snapshot, color);
    output::document(&output::fitted(summary))
}

/// Reads the live state; `None` if nothing of it could be read.
async fn take(
    global: &Global,
    args: &SnapshotArgs,
    chart: &Chart,
) -> anyhow::Result<Option<Snapshot>> {
    let door = Door::for_chart(global, chart).await?;
    let kinds: BTreeSet<&'static Kind> = args
        .include
        .iter()
        .flat_map(|word| kinds_of(word))
        .collect();
    let options = RefreshOptions {
        copies: match args.includes(SnapshotArgs::COPIES) {
            true => Wanted::All,
            false => backfill::compared(chart),
        },
        jobs: args.includes(SnapshotArgs::JOBS),
        abroad: Some(door.abroad.clone()),
        include: kinds.clone(),
        contents: args.includes(SnapshotArgs::TAGS),
        ..RefreshOptions::default()
    };
    let listener = output::listener(global);
    let wanted = chart.account.as_deref();
    let mut scope = door.scope(chart, &Selection::default());
    let reads = async {
        let all = read_for_snapshot(&door.client, chart, &options, &*listener).await;
        let overviews = cloud::overviews(&door, chart).await;
        let mut learned = Learned::new(overviews, &all.live);
        learned.complete(wanted, &mut scope, &door).await;
        all
    };
    let read = door.deadline.within(reads).await;
    drop(listener);
    let Understood {
        live,
        unread,
        malformed,
    } = read.unwrap_or_else(|broken_off| Understood {
        live: broken_off.live(),
        ..Understood::default()
    });
    if let Some(stop) = other_account(wanted, &scope) {
        bail!("{}", stop.message);
    }
    report(&live.failures, &unread, &malformed);
    let reads = &live.reads;
    if !live.failures.is_empty() && reads.lists.is_empty() && reads.ids.is_empty() {
        return Ok(None);
    }
    let mut include = args.include.clone();
    include.sort();
    include.dedup();
    let taken = Taken {
        live,
        unread,
        malformed,
    };
    let now = runtime::now();
    Ok(Some(Snapshot::new(
        chart, scope, include, &kinds, taken, now,
    )))
}

/// Prints what could not be read.
fn report(failures: &[ReadFailure], unread: &[Unread], malformed: &BTreeMap<Address, ReadFailure>) {
    let all = failures.iter().chain(malformed.values());
    let all = all.chain(unread.iter().map(|unread| &unread.failure));
    output::failures(&all.cloned().collect::<Vec<_>>());
}

/// The scope of a plan of this chart from the snapshot.
pub(super) fn scope_of(snapshot: &Snapshot, chart: &Chart, selection: Selection) -> Scope {
    let places = chart.places();
    let regions: BTreeSet<String> = places
        .iter()
        .map(|(_, region)| region.to_string())
        .collect();
    let of = &snapshot.scope;
    let endpoints = of.endpoints.iter();
    let account = of.account.iter();
    Scope {
        endpoints: endpoints
            .filter(|((_, region), _)| regions.contains(region))
            .map(|(place, url)| (place.clone(), url.clone()))
            .collect(),
        account: account
            .filter(|(region, _)| regions.contains(*region))
            .map(|(region, name)| (region.clone(), name.clone()))
            .collect(),
        regions: regions.into_iter().collect(),
        selection,
    }
}
