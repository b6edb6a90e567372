//! A snapshot: the live state at one time, as a value that is written to a file and planned from.
//!
//! Only values: `refresh` reads the live state, the commands read and write the file. [`document`]
//! is its JSON form, [`replay`] is what a plan reads from it in place of the service.

pub mod document;
pub mod replay;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    address::Address,
    kind::{self, Kind, REGISTRY},
    mask::Hidden,
    plan::Scope,
    state::{Chart, ChartStamp, Live, ReadFailure, Unread},
    time::Moment,
};

/// The name of the document, for `portolan schema --document`.
pub const NAME: &str = "snapshot";

/// The live state at one time.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub taken_at: Moment,
    /// Whose clock that is.
    pub clock: Clock,
    pub scope: Scope,
    /// The chart whose live state it is.
    pub chart: ChartStamp,
    /// The options with which more than the chart needs was read.
    pub include: Vec<String>,
    /// Without secrets and failures.
    pub live: Live,
    pub not_read: Vec<NotRead>,
}

/// The source of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    Service,
    Local,
}

/// Something that the snapshot does not hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NotRead {
    /// `None` for a list of a whole region.
    pub address: Option<Address>,
    /// The kind of the children of the address that are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub children: Option<String>,
    /// The same for people.
    pub what: String,
    /// A clause.
    pub why: String,
    pub hint: Option<String>,
    /// Whether the read was tried, and failed.
    pub failed: bool,
}

/// What was read for a snapshot.
#[derive(Debug, Default)]
pub struct Taken {
    pub live: Live,
    pub unread: Vec<Unread>,
    pub malformed: BTreeMap<Address, ReadFailure>,
}

impl Snapshot {
    /// The snapshot of what was read for this chart. `now` is the time on this machine.
    pub fn new(
        chart: &Chart,
        scope: Scope,
        include: Vec<String>,
        kinds: &BTreeSet<&'static Kind>,
        taken: Taken,
        now: Moment,
    ) -> Snapshot {
        let Taken {
            mut live,
            unread,
            malformed,
        } = taken;
        let failures = std::mem::take(&mut live.failures);
        let mut not_read: Vec<NotRead> = failures.into_iter().map(failed).collect();
        not_read.extend(malformed.into_iter().map(|(address, failure)| NotRead {
            address: Some(address),
            ..failed(failure)
        }));
        not_read.extend(unread.into_iter().map(|unread| NotRead {
            address: Some(unread.parent),
            children: Some(unread.kind.name.to_owned()),
            ..failed(unread.failure)
        }));
        for found in live.resources.values_mut() {
            found.hidden = Hidden::new();
        }
        live.accounts.clear();
        live.judged_jobs.clear();
        whole_lists(chart, &mut live);
        not_read.extend(not_asked_for(&live, kinds));
        not_read.sort();
        let (taken_at, clock) = match live.clock.max(live.reads.at.take()) {
            Some(at) => (at, Clock::Service),
            None => (now, Clock::Local),
        };
        live.clock = (clock == Clock::Service).then_some(taken_at);
        Snapshot {
            taken_at,
            clock,
            scope,
            chart: chart.stamp.clone(),
            include,
            live,
            not_read,
        }
    }

    /// Whether something that was asked for could not be read.
    pub fn is_incomplete(&self) -> bool {
        self.not_read.iter().any(|not_read| not_read.failed)
    }
}

impl NotRead {
    /// The word with which `--include` reads it.
    pub fn word(&self) -> Option<String> {
        let kind = kind::find(self.children.as_deref()?)?;
        Some(kind.included_as())
    }
}

fn failed(failure: ReadFailure) -> NotRead {
    NotRead {
        address: None,
        children: None,
        what: failure.subject,
        why: failure.message,
        hint: failure.hint,
        failed: true,
    }
}

/// Of lists of a region only what is in the chart's resources is kept, so these are the parents of
/// which all children are known.
fn whole_lists(chart: &Chart, live: &mut Live) {
    let listed = |parent: &Address, kind: &'static Kind| {
        let list = (kind, parent.region().clone());
        kind.parents().is_none() && live.reads.lists.contains(&list)
    };
    let parents = live.resources.keys();
    let parents = parents.filter(|parent| chart.resources.contains_key(parent));
    let whole: Vec<(Address, &'static Kind)> = parents
        .flat_map(|parent| parent.kind().children().map(move |kind| (parent, kind)))
        .filter(|(parent, kind)| listed(parent, kind))
        .map(|(parent, kind)| (parent.clone(), kind))
        .collect();
    live.reads.children.extend(whole);
}

/// The children that nobody asked for: one entry for each kind and resource at the top.
fn not_asked_for(live: &Live, kinds: &BTreeSet<&'static Kind>) -> Vec<NotRead> {
    let mut counts = BTreeMap::<(Address, &'static Kind), usize>::new();
    let of_list = |parent: &Address, kind: &Kind| {
        let has_list = live.reads.lists.iter();
        kind.parents().is_some()
            && has_list
                .filter(|(of, region)| *of == kind && region == parent.region())
                .count()
                > 0
    };
    for parent in live.resources.keys() {
        let top = std::iter::successors(Some(parent.clone()), Address::parent).last();
        let Some(top) = top.filter(|top| is_known_inside(live, top)) else {
            continue;
        };
        for kind in parent.kind().read_per_parent() {
            let is_read = live.reads.children.contains(&(parent.clone(), kind))
                || of_list(parent, kind)
                || kinds.contains(kind);
            if !is_read {
                *counts.entry((top.clone(), kind)).or_default() += 1;
            }
        }
    }
    let entry = |((top, kind), count): ((Address, &'static Kind), usize)| {
        let (word, parent) = (kind.included_as(), kind.parent.unwrap_or(kind));
        let of = match parent == top.kind() {
            true => top.to_string(),
            false => format!("{} of {top}", parent.counted(count)),
        };
        NotRead {
            what: format!("{word} of {of}"),
            why: "the chart does not manage them".to_owned(),
            hint: Some(format!("`--include {word}` reads them")),
            children: Some(kind.name.to_owned()),
            address: Some(top),
            failed: false,
        }
    };
    counts.into_iter().map(entry).collect()
}

/// Whether what is directly in a resource was listed.
fn is_known_inside(live: &Live, top: &Address) -> bool {
    let mut kinds = top.kind().children();
    kinds.any(|kind| live.reads.children.contains(&(top.clone(), kind)))
}

/// The kinds of which every resource can be read, by their word in `--include`.
pub fn kinds_of(word: &str) -> Vec<&'static Kind> {
    let kinds = REGISTRY.iter().copied();
    kinds
        .filter(|kind| kind.is_read_per_parent() && kind.included_as() == word)
        .collect()
}

/// The words of all kinds in `--include`, in the order of the registry.
pub fn words() -> Vec<String> {
    let kinds = REGISTRY.iter().filter(|kind| kind.is_read_per_parent());
    let mut words: Vec<String> = kinds.map(|kind| kind.included_as()).collect();
    words.dedup();
    words
}
