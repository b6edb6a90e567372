//! Reads a snapshot from its JSON form, and checks it.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use super::{
    ContentsDocument, CopyDocument, IdDocument, ItemDocument, JobDocument, JobsDocument,
    PersonDocument, ResourceDocument, RunsDocument, SnapshotDocument, StampDocument,
    TargetDocument, TargetState,
};
use crate::{
    copies::{Held, Target},
    kind::{
        self, Item, Kind, REGISTRY,
        copying::{Job, JobStatus},
        fact::{self, Facts},
    },
    mask::{Foreign, Mask},
    plan::document::{FORMAT_VERSION, digest},
    snapshot::{Clock, NAME, Snapshot},
    state::{Live, LiveResource, ReadFailure, RunState, Standing},
    text::visible,
    time::Stamp,
};

/// Why a text is not a snapshot that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    #[error("it is not a snapshot: {0}; `portolan snapshot --out FILE` writes one")]
    NotASnapshot(String),
    #[error(
        "its format version is {found}, but this portolan reads only {FORMAT_VERSION} and what is \
        compatible with it; take the snapshot again with this version"
    )]
    UnknownFormat { found: String },
    #[error(
        "it is damaged: its digest does not match its content, so it was changed or cut; take the \
        snapshot again"
    )]
    Damaged,
    #[error("it is damaged: {0}; take the snapshot again")]
    Inconsistent(String),
}

/// A longer message is cut, in characters: it may quote the file.
const LONGEST_MESSAGE: usize = 300;

fn shown(error: &impl ToString) -> String {
    let text = visible(&error.to_string());
    text.chars().take(LONGEST_MESSAGE).collect()
}

/// Whether a text claims to be a snapshot, intact or not.
pub fn is_one(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Named {
        document: String,
    }
    serde_json::from_str::<Named>(text).is_ok_and(|it| it.document == NAME)
}

/// Reads the text of a file.
pub fn read(text: &str) -> Result<Snapshot, SnapshotError> {
    let mut value: Value =
        serde_json::from_str(text).map_err(|error| SnapshotError::NotASnapshot(shown(&error)))?;
    if value.get("document").and_then(Value::as_str) != Some(NAME) {
        let other = value.get("document").and_then(Value::as_str);
        let reason = match other {
            Some(other) => format!("it is a document of the name `{}`", shown(&other)),
            None => "it has no `document: snapshot`".to_owned(),
        };
        return Err(SnapshotError::NotASnapshot(reason));
    }
    let version = value
        .get("format_version")
        .and_then(Value::as_str)
        .unwrap_or_default();
    // A newer minor version adds keys, and all that is known here keeps its meaning.
    let major = |version: &str| version.split_once('.').map(|(major, _)| major.to_owned());
    if major(version) != major(FORMAT_VERSION) {
        return Err(SnapshotError::UnknownFormat {
            found: crate::text::escaped(version),
        });
    }
    let written = value
        .as_object_mut()
        .and_then(|fields| fields.shift_remove("digest"));
    if written != Some(Value::String(digest(&value))) {
        return Err(SnapshotError::Damaged);
    }
    let document: SnapshotDocument = serde_json::from_value(value)
        .map_err(|error| SnapshotError::Inconsistent(shown(&error)))?;
    snapshot_of(document).map_err(SnapshotError::Inconsistent)
}

fn snapshot_of(document: SnapshotDocument) -> Result<Snapshot, String> {
    let mut live = Live {
        clock: (document.clock == Clock::Service).then_some(document.taken_at.0),
        ..Live::default()
    };
    for list in document.lists {
        let kind = kind_of(&list.kind)?;
        if let Some(of) = list.of {
            live.holders.entry(kind).or_default().extend(of);
        }
        live.reads.lists.insert((kind, list.region));
    }
    for resource in document.resources {
        read_resource(resource, &mut live)?;
    }
    for IdDocument { address, id } in document.ids {
        live.ids.extend(id.map(|id| (address.clone(), id)));
        live.reads.ids.insert(address);
    }
    for PersonDocument { region, name, id } in document.persons {
        let person = (region, name);
        live.persons.extend(id.map(|id| (person.clone(), id)));
        live.reads.persons.insert(person);
    }
    for ContentsDocument { address, items } in document.contents {
        let items = items.into_iter().map(item_of).collect();
        live.contents.insert(address, items);
    }
    for copy in document.copies {
        read_copy(copy, &mut live)?;
    }
    for TargetDocument {
        address,
        state,
        why,
    } in document.targets
    {
        let target = match state {
            TargetState::There => Target::There,
            TargetState::Missing => Target::Missing,
            TargetState::NotLookedAt => {
                Target::NotLookedAt(visible(why.as_deref().unwrap_or_default()).into())
            }
        };
        live.targets.insert(address, target);
    }
    for jobs in document.jobs {
        read_jobs(jobs, &mut live)?;
    }
    Ok(Snapshot {
        taken_at: document.taken_at.0,
        clock: document.clock,
        scope: document.scope,
        chart: document.chart,
        include: document.include,
        live,
        not_read: document.not_read,
    })
}

fn kind_of(name: &str) -> Result<&'static Kind, String> {
    let found = REGISTRY.iter().find(|kind| kind.unique_name() == name);
    found
        .copied()
        .or_else(|| kind::find(name))
        .ok_or_else(|| format!("it has a kind `{}`, which is not known", visible(name)))
}

fn read_resource(resource: ResourceDocument, live: &mut Live) -> Result<(), String> {
    let ResourceDocument {
        address,
        attributes,
        facts,
        id,
        runs,
        standing,
        expired,
        children_read,
    } = resource;
    let known = |problem: String| format!("{address}: {}", visible(&problem));
    for name in children_read {
        let kind = address.kind().child(&name);
        let kind = kind.ok_or_else(|| known(format!("it has no children of a kind `{name}`")))?;
        live.reads.children.insert((address.clone(), kind));
    }
    let found = LiveResource {
        attributes: address.kind().attributes_from(attributes).map_err(known)?,
        facts: facts_of(facts).map_err(known)?,
        id,
        runs: runs.map(runs_of).map(Box::new),
        standing: standing.map(|standing| {
            Box::new(Standing {
                creator: standing.creator,
                right: standing.right,
                is_callers: standing.is_callers,
            })
        }),
        is_expired: expired,
        ..LiveResource::default()
    };
    live.resources.insert(address, found);
    Ok(())
}

fn facts_of(named: IndexMap<String, u64>) -> Result<Facts, String> {
    let mut facts = Facts::default();
    for (name, number) in named {
        let fact = fact::all().find(|fact| fact.name == name);
        let fact = fact.ok_or_else(|| format!("the fact `{name}` is not known"))?;
        if !facts.insert(fact, number) {
            return Err("it has too many facts".to_owned());
        }
    }
    Ok(facts)
}

/// A text that was made safe to print when it was written. Making it so again changes nothing.
fn foreign(text: &str) -> Foreign {
    Foreign::new(&Mask::default(), text, usize::MAX)
}

fn runs_of(runs: RunsDocument) -> RunState {
    let stamp = |stamp: StampDocument| Stamp {
        text: stamp.text,
        moment: stamp.at.0,
    };
    RunState {
        status: runs.status.as_deref().map(foreign),
        last_attempt: runs.last_attempt.map(stamp),
        last_success: runs.last_success.map(stamp),
        failures: runs.failures,
        last_error: runs.last_error.as_deref().map(foreign),
    }
}

fn item_of(item: ItemDocument) -> Item {
    Item {
        name: item.name,
        since: item.since.map(|time| time.0),
        digest: item.digest,
    }
}

fn read_copy(copy: CopyDocument, live: &mut Live) -> Result<(), String> {
    let CopyDocument {
        address,
        names,
        items,
        unread,
    } = copy;
    let held = match (names, items, unread) {
        (None, None, Some(why)) => {
            live.copies.unread.insert(address, visible(&why));
            return Ok(());
        }
        (Some(mut names), None, None) => {
            // Comparisons search in them.
            names.sort_unstable();
            Held::Named(names)
        }
        (None, Some(items), None) => {
            let mut items: Vec<Item> = items.into_iter().map(item_of).collect();
            items.sort_by(|one, other| one.name.cmp(&other.name));
            Held::Listed(items)
        }
        _ => {
            return Err(format!(
                "the copies of {address} have one of `names`, `items` and `unread`"
            ));
        }
    };
    live.copies.held.insert(address, held);
    Ok(())
}

fn read_jobs(of: JobsDocument, live: &mut Live) -> Result<(), String> {
    let job = |job: JobDocument| Job {
        id: job.id,
        rule: job.rule,
        item: job.item,
        status: JobStatus::of_word(&job.status)
            .unwrap_or_else(|| JobStatus::Other(foreign(&job.status))),
        created: job.created.map(|time| time.0),
        updated: job.updated.map(|time| time.0),
    };
    match (of.jobs, of.unread) {
        (Some(jobs), None) => {
            let jobs = jobs.into_iter().map(job).collect();
            live.jobs.insert(of.address, jobs);
        }
        (None, Some(unread)) => {
            let failure = ReadFailure {
                subject: visible(&unread.what),
                message: visible(&unread.why),
                hint: unread.hint.as_deref().map(visible),
            };
            live.unread_jobs.insert(of.address, failure);
        }
        _ => return Err(format!("{} has one of `jobs` and `unread`", of.address)),
    }
    Ok(())
}
