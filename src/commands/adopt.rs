//! `portolan adopt`: puts drift into the chart's own files. Sends only reads.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context as _, bail};

use super::{UsageError, asked::Asked, door::Door, files, output, plan, runtime, session};
use crate::{
    address::Address,
    adopt::{Adopted, Done, Input, Left, adopt, edited, patch},
    cli::{AdoptArgs, Global},
    config::{context::Context, load},
    diagnostics::{FileId, SourceMap},
    exit::Exit,
    plan::{Outcome, Plan, build::build},
    refresh::{RefreshOptions, refresh_part},
    state::{Chart, Live},
    text::{counted, visible},
    time::Moment,
};

pub(super) fn run(global: &Global, args: &AdoptArgs) -> anyhow::Result<Exit> {
    let stream = global.file.iter().find(|path| load::is_stream(path));
    if let Some(path) = stream.filter(|_| args.write) {
        let problem = format!(
            "`--write` cannot change {}, which is a stream: without it, the difference is printed",
            path.display()
        );
        return Err(UsageError(problem).into());
    }
    let Ok(mut original) = session::load_original(global) else {
        return Ok(Exit::Failed);
    };
    let asked = Asked::adopting(&args.patterns, &original.loaded.chart)?;
    let found = runtime::block_on(async {
        let door = match Door::for_chart(global, &original.loaded.chart).await {
            Ok(door) => door,
            Err(error) if error.is::<UsageError>() => return Err(error),
            Err(error) => return Ok(Err(session::Unready::because(&error))),
        };
        let made = plan::make(global, &mut original.loaded, &door, &[], &asked).await;
        let made = made.map(|made| (made, door));
        match made {
            Ok((made, door)) => {
                output::failures(&made.plan.failures);
                Ok(Ok(rounds(global, &original, &door, made).await))
            }
            Err(unready) => Ok(Err(unready)),
        }
    })??;
    let Ok(Some(adopted)) = found else {
        return Ok(Exit::Failed);
    };
    finish(global, args, &original, &adopted)
}

/// Adopts, and then once more what is in the new entries: only now is known what has to be read.
/// `None` if something could not be read, which was printed.
async fn rounds(
    global: &Global,
    original: &session::Original,
    door: &Door,
    made: plan::Made,
) -> Option<Adopted> {
    let plan::Made { plan, mut live, .. } = made;
    if plan.outcome() == Outcome::Unknown {
        for stop in &plan.stopped {
            output::print_line(&format!("error: {}", visible(&stop.message)));
        }
        return None;
    }
    let now = live.clock.unwrap_or_else(runtime::now);
    let environment = |name: &str| std::env::var(name).ok();
    let round = |sources: &SourceMap, chart: &Chart, live: &Live, plan: &Plan, now: Moment| {
        adopt(&Input {
            context: Context {
                sources,
                environment: &environment,
                region: global.region(),
            },
            mask: &original.mask,
            chart,
            live,
            plan,
            now,
        })
    };
    let mut sources = edited(&original.texts, &BTreeMap::new());
    let (mut chart, mut plan) = (original.loaded.chart.clone(), plan);
    let mut whole = Adopted::default();
    for number in 0..MOST_ROUNDS {
        let adopted = round(&sources, &chart, &live, &plan, now);
        let (next, unread) = (adopted.chart.clone(), adopted.unread());
        sources = edited(&sources, &adopted.texts);
        whole = if number == 0 {
            adopted
        } else {
            whole.and(adopted)
        };
        let Some(next) = next.filter(|_| whole.may_go_on() || !unread.is_empty()) else {
            break;
        };
        chart = next.into();
        if !unread.is_empty() && !read_inside(global, door, &chart, &unread, &mut live).await {
            return None;
        }
        plan = build(&chart, &live, &[], plan.scope.clone(), now);
    }
    Some(whole)
}

/// Copies of rules can be rules themselves, but no chart is that deep.
const MOST_ROUNDS: usize = 5;

/// Reads the children of new entries. Returns whether all could be read; else it was printed.
async fn read_inside(
    global: &Global,
    door: &Door,
    chart: &Chart,
    new: &BTreeSet<Address>,
    live: &mut Live,
) -> bool {
    let mut part = chart.clone();
    part.resources.retain(|address, _| {
        let is_above = |new: &Address| new.parts().starts_with(address.parts());
        let is_inside = |new: &Address| address.parts().starts_with(new.parts());
        new.iter().any(|new| is_above(new) || is_inside(new))
    });
    let listener = output::listener(global);
    let options = RefreshOptions::default();
    let reading = refresh_part(&door.client, chart, &part, &options, &*listener);
    let read = door.deadline.within(reading).await;
    drop(listener);
    let more = read.unwrap_or_else(super::deadline::BrokenOff::live);
    output::failures(&more.failures);
    let is_inside = |address: &Address| {
        let parent = address.parent();
        parent.is_some_and(|parent| new.contains(&parent))
    };
    let inside = more.resources.into_iter().filter(|(it, _)| is_inside(it));
    live.resources.extend(inside);
    live.persons.extend(more.persons);
    more.failures.is_empty()
}

/// Prints or writes what was adopted, and says what was not.
fn finish(
    global: &Global,
    args: &AdoptArgs,
    original: &session::Original,
    adopted: &Adopted,
) -> anyhow::Result<Exit> {
    let mut is_whole = adopted.left.is_empty();
    let mut by_file: BTreeMap<FileId, Vec<&Done>> = BTreeMap::new();
    for done in &adopted.done {
        by_file.entry(done.file).or_default().push(done);
    }
    if args.write {
        write(&original.texts, &adopted.texts)?;
    }
    for (file, text) in &adopted.texts {
        let path = original.texts.path(*file);
        let done = by_file.get(file).map_or(&[][..], Vec::as_slice);
        let words = patch::words(&path, done);
        if args.write {
            output::document(&words)?;
            continue;
        }
        let before = String::from_utf8_lossy(original.texts.bytes(*file));
        match patch::diff(&shown(&path), &before, text, &original.mask) {
            Ok(diff) => output::document(&format!("{words}{diff}"))?,
            Err(patch::Secret { line }) => {
                is_whole = false;
                output::print_line(&format!(
                    "error: {}:{line}: this line may hold a secret, and the difference would show \
                    it: use `--write`, or remove it from the chart",
                    visible(&path)
                ));
            }
        }
    }
    adopted.left.iter().for_each(left);
    if !global.quiet {
        output::print_line(&summary(adopted));
    }
    Ok(if is_whole { Exit::Done } else { Exit::Failed })
}

fn left(left: &Left) {
    let Left {
        what,
        source,
        because,
    } = left;
    let place = source.as_ref().map_or_else(String::new, |source| {
        format!("{}:{}: ", visible(&source.file), source.line)
    });
    output::print_line(&format!(
        "left: {place}{}: {}",
        visible(what),
        visible(because)
    ));
}

fn summary(adopted: &Adopted) -> String {
    let left = adopted.left.len();
    match adopted.done.len() {
        0 if left == 0 => "Nothing to adopt: the chart says what is live.".to_owned(),
        done => {
            let done = counted(done, ("difference", "differences"));
            let files = counted(adopted.texts.len(), ("file", "files"));
            let left = if left > 0 {
                format!(", {left} left")
            } else {
                String::new()
            };
            format!("{done} adopted in {files}{left}.")
        }
    }
}

/// A path from the current directory, for a diff.
fn shown(path: &str) -> String {
    let here = std::env::current_dir().ok();
    let below = here.and_then(|here| Path::new(path).strip_prefix(here).ok().map(Path::to_owned));
    below.map_or_else(
        || path.to_owned(),
        |below| below.to_string_lossy().into_owned(),
    )
}

/// Replaces all files, or none.
fn write(sources: &SourceMap, texts: &BTreeMap<FileId, String>) -> anyhow::Result<()> {
    let mut prepared = Vec::new();
    for (file, text) in texts {
        let path = sources.path(*file).to_string();
        prepared.push((*file, files::prepare(Path::new(&path), text)?));
    }
    for (file, prepared) in &prepared {
        let path = prepared.path();
        let now = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        if now != sources.bytes(*file) {
            bail!(
                "{} changed since it was read: nothing is written; run the command again",
                path.display()
            );
        }
    }
    let mut replaced: Vec<FileId> = Vec::new();
    for (file, prepared) in prepared {
        let Err(error) = prepared.persist() else {
            replaced.push(file);
            continue;
        };
        for file in replaced {
            let before = String::from_utf8_lossy(sources.bytes(file)).into_owned();
            files::replace(Path::new(&*sources.path(file)), &before)?;
        }
        return Err(error.context("nothing is changed"));
    }
    Ok(())
}
