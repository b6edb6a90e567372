//! The JSON form of a snapshot: what `snapshot` prints, and `plan --live` reads.
//!
//! The digest guards against accidents, not against attackers, who can recompute it.

mod read;

use std::{collections::BTreeMap, sync::Arc};

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;

pub use self::read::{SnapshotError, is_one, read};
use super::{Clock, NAME, NotRead, Snapshot};
use crate::{
    address::Address,
    copies::{Held, Target},
    kind::{Item, Kind, copying::Job},
    plan::{
        Scope,
        cloud::EndpointDocument,
        document::{FORMAT_VERSION, digest, pretty},
    },
    state::{ChartStamp, Live, LiveResource, RemoteId, RunState},
    time::{Moment, Stamp},
};

/// A time in documents. What has no written form is its number of seconds.
#[derive(Debug, Clone, Copy)]
struct Time(Moment);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.to_string();
        match Moment::parse(&text) == Some(self.0) {
            true => serializer.serialize_str(&text),
            false => serializer.serialize_i64(self.0.0),
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let moment = match &value {
            Value::String(text) => Moment::parse(text),
            number => number.as_i64().map(Moment),
        };
        let moment = moment.ok_or_else(|| D::Error::custom(format!("{value} is not a time")))?;
        Ok(Time(moment))
    }
}

fn times(moment: Option<Moment>) -> Option<Time> {
    moment.map(Time)
}

#[derive(Debug, Serialize, Deserialize)]
struct SnapshotDocument {
    format_version: String,
    document: String,
    tool: String,
    taken_at: Time,
    clock: Clock,
    chart: ChartStamp,
    account: Option<String>,
    endpoints: Vec<EndpointDocument>,
    scope: Scope,
    include: Vec<String>,
    lists: Vec<ListDocument>,
    resources: Vec<ResourceDocument>,
    ids: Vec<IdDocument>,
    persons: Vec<PersonDocument>,
    contents: Vec<ContentsDocument>,
    copies: Vec<CopyDocument>,
    targets: Vec<TargetDocument>,
    jobs: Vec<JobsDocument>,
    not_read: Vec<NotRead>,
}

/// A list of a region that was read whole.
#[derive(Debug, Serialize, Deserialize)]
struct ListDocument {
    kind: String,
    region: Arc<str>,
    /// For a list of what has children of the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<Vec<Address>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ResourceDocument {
    address: Address,
    attributes: IndexMap<String, Value>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    facts: IndexMap<String, u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    runs: Option<RunsDocument>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    standing: Option<StandingDocument>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    expired: bool,
    /// The kinds of which every child of this resource is in the snapshot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    children_read: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct RunsDocument {
    status: Option<String>,
    last_attempt: Option<StampDocument>,
    last_success: Option<StampDocument>,
    failures: u64,
    last_error: Option<String>,
}

/// A time as the service wrote it, and what it means.
#[derive(Debug, Serialize, Deserialize)]
struct StampDocument {
    text: String,
    at: Time,
}

#[derive(Debug, Serialize, Deserialize)]
struct StandingDocument {
    creator: Option<Arc<str>>,
    right: Option<u64>,
    is_callers: bool,
}

/// Null: it does not exist.
#[derive(Debug, Serialize, Deserialize)]
struct IdDocument {
    address: Address,
    id: Option<RemoteId>,
}

/// Null: nobody has this name.
#[derive(Debug, Serialize, Deserialize)]
struct PersonDocument {
    region: Arc<str>,
    name: Arc<str>,
    id: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ContentsDocument {
    address: Address,
    items: Vec<ItemDocument>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ItemDocument {
    name: String,
    since: Option<Time>,
    digest: Option<String>,
}

/// Exactly one of the last three.
#[derive(Debug, Serialize, Deserialize)]
struct CopyDocument {
    address: Address,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    names: Option<Vec<Box<str>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    items: Option<Vec<ItemDocument>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unread: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct TargetDocument {
    address: Address,
    state: TargetState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<Arc<str>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TargetState {
    There,
    Missing,
    NotLookedAt,
}

/// The newest jobs of a parent, or why they are not known.
#[derive(Debug, Serialize, Deserialize)]
struct JobsDocument {
    address: Address,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    jobs: Option<Vec<JobDocument>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unread: Option<UnreadDocument>,
}

#[derive(Debug, Serialize, Deserialize)]
struct UnreadDocument {
    what: String,
    why: String,
    hint: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct JobDocument {
    id: u64,
    rule: Address,
    item: String,
    status: String,
    created: Option<Time>,
    updated: Option<Time>,
}

/// The text of the file.
pub fn text(snapshot: &Snapshot) -> String {
    let mut value = serde_json::to_value(document_of(snapshot)).unwrap_or_default();
    // The digest covers the document without itself.
    let digest = digest(&value);
    if let Some(fields) = value.as_object_mut() {
        fields.insert("digest".to_owned(), Value::String(digest));
    }
    pretty(&value)
}

fn document_of(snapshot: &Snapshot) -> SnapshotDocument {
    let live = &snapshot.live;
    let mut children = BTreeMap::<&Address, Vec<String>>::new();
    for (parent, kind) in &live.reads.children {
        children
            .entry(parent)
            .or_default()
            .push(kind.name.to_owned());
    }
    SnapshotDocument {
        format_version: FORMAT_VERSION.to_owned(),
        document: NAME.to_owned(),
        tool: format!("portolan {}", env!("CARGO_PKG_VERSION")),
        taken_at: Time(snapshot.taken_at),
        clock: snapshot.clock,
        chart: snapshot.chart.clone(),
        account: snapshot.scope.account_name().map(str::to_owned),
        endpoints: snapshot.scope.endpoint_documents(),
        scope: snapshot.scope.clone(),
        include: snapshot.include.clone(),
        lists: lists(live),
        resources: live
            .resources
            .iter()
            .map(|(address, found)| {
                let children = children.remove(address).unwrap_or_default();
                resource(address, found, children)
            })
            .collect(),
        ids: live
            .reads
            .ids
            .iter()
            .map(|address| IdDocument {
                address: address.clone(),
                id: live.ids.get(address).copied(),
            })
            .collect(),
        persons: live
            .reads
            .persons
            .iter()
            .map(|person| PersonDocument {
                region: person.0.clone(),
                name: person.1.clone(),
                id: live.persons.get(person).cloned(),
            })
            .collect(),
        contents: live
            .contents
            .iter()
            .map(|(address, items)| ContentsDocument {
                address: address.clone(),
                items: items.iter().map(item).collect(),
            })
            .collect(),
        copies: copies(live),
        targets: live.targets.iter().map(target).collect(),
        jobs: jobs(live),
        not_read: snapshot.not_read.clone(),
    }
}

fn lists(live: &Live) -> Vec<ListDocument> {
    let list = |(kind, region): &(&'static Kind, Arc<str>)| {
        let holders = live.holders.get(kind).into_iter().flatten();
        let here = holders.filter(|holder| holder.region() == region);
        ListDocument {
            kind: kind.unique_name(),
            region: region.clone(),
            of: kind.parents().map(|_| here.cloned().collect()),
        }
    };
    live.reads.lists.iter().map(list).collect()
}

fn resource(
    address: &Address,
    found: &LiveResource,
    children_read: Vec<String>,
) -> ResourceDocument {
    let named = |(name, value): (&&'static str, &Value)| ((*name).to_owned(), value.clone());
    ResourceDocument {
        address: address.clone(),
        attributes: found.attributes.iter().map(named).collect(),
        facts: found
            .facts
            .iter()
            .map(|(fact, number)| (fact.name.to_owned(), number))
            .collect(),
        id: found.id,
        runs: found.runs.as_deref().map(runs),
        standing: found.standing.as_deref().map(|standing| StandingDocument {
            creator: standing.creator.clone(),
            right: standing.right,
            is_callers: standing.is_callers,
        }),
        expired: found.is_expired,
        children_read,
    }
}

fn runs(state: &RunState) -> RunsDocument {
    let stamp = |stamp: &Stamp| StampDocument {
        text: stamp.text.clone(),
        at: Time(stamp.moment),
    };
    RunsDocument {
        status: state.status.as_deref().map(str::to_owned),
        last_attempt: state.last_attempt.as_ref().map(stamp),
        last_success: state.last_success.as_ref().map(stamp),
        failures: state.failures,
        last_error: state.last_error.as_deref().map(str::to_owned),
    }
}

fn item(item: &Item) -> ItemDocument {
    ItemDocument {
        name: item.name.clone(),
        since: times(item.since),
        digest: item.digest.clone(),
    }
}

fn copies(live: &Live) -> Vec<CopyDocument> {
    let held = live.copies.held.iter().map(|(address, held)| {
        let (names, items) = match held {
            Held::Named(names) => (Some(names.clone()), None),
            Held::Listed(items) => (None, Some(items.iter().map(item).collect())),
        };
        CopyDocument {
            address: address.clone(),
            names,
            items,
            unread: None,
        }
    });
    let unread = live.copies.unread.iter();
    let unread = unread.map(|(address, why)| CopyDocument {
        address: address.clone(),
        names: None,
        items: None,
        unread: Some(why.clone()),
    });
    held.chain(unread).collect()
}

fn target((address, target): (&Address, &Target)) -> TargetDocument {
    let (state, why) = match target {
        Target::There => (TargetState::There, None),
        Target::Missing => (TargetState::Missing, None),
        Target::NotLookedAt(why) => (TargetState::NotLookedAt, Some(why.clone())),
    };
    TargetDocument {
        address: address.clone(),
        state,
        why,
    }
}

fn jobs(live: &Live) -> Vec<JobsDocument> {
    let job = |job: &Job| JobDocument {
        id: job.id,
        rule: job.rule.clone(),
        item: job.item.clone(),
        status: job.status.word().to_owned(),
        created: times(job.created),
        updated: times(job.updated),
    };
    let read = live.jobs.iter().map(|(address, jobs)| JobsDocument {
        address: address.clone(),
        jobs: Some(jobs.iter().map(job).collect()),
        unread: None,
    });
    let unread = live.unread_jobs.iter();
    let unread = unread.map(|(address, failure)| JobsDocument {
        address: address.clone(),
        jobs: None,
        unread: Some(UnreadDocument {
            what: failure.subject.clone(),
            why: failure.message.clone(),
            hint: failure.hint.clone(),
        }),
    });
    read.chain(unread).collect()
}
