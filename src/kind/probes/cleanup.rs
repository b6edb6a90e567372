//! `cleanup`: a policy that deletes old images of a repository, at most one each, with an id that
//! the service assigns.
//!
//! Updates and deletions need the id. It is in the list of the repository's policies, which has one
//! item or none.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    address::Address,
    kind::{
        ActionRisk, Attribute, IdField, Identity, Kind, Lifecycle, Listing, Preset, Role, Shape,
        Step, Subject, Undecodable, Unmentioned, Verb, Wire, json as parse, organization,
        place::{Form, KeyRule, Place, Record, key},
        repository,
    },
    names::Name,
    risk::RiskClass,
    state::{Attributes, LiveResource},
    wire::{Method, Request, Response, Service, error::ApiError},
};

static ID: IdField = IdField {
    name: "cleanup_id",
    moved: |was, is| format!("it was policy {was}, is policy {is} now: it was created anew"),
};

pub(crate) static CLEANUP: Kind = Kind {
    name: "cleanup",
    service: Service::Swr,
    key: &["region", "organization", "repository"],
    names: &[Name::Region, organization::NAME, repository::NAME],
    tail: None,
    parent: Some(&repository::REPOSITORY),
    place: Place {
        key: key(
            "cleanup",
            Form::Single(&ENTRY, Some("none")),
            "{ days: 14 }",
            "Deletes old images.",
        )
        .nullable(),
        defaults: None,
        shared: None,
        item_errors: None,
    },
    attributes: &[
        Attribute {
            name: "days",
            role: Role::Mutable,
            shape: Shape::Number(1, 365),
            service_default: Preset::Nothing,
            required: true,
            is_remark: false,
            hazard: None,
            aliases: &["age"],
            example: "14",
            doc: "How many days a tag is kept.",
        },
        Attribute {
            name: "keep",
            role: Role::Mutable,
            shape: Shape::Records {
                keys: &["regexp"],
                longest: 64,
            },
            service_default: Preset::Empty,
            required: true,
            is_remark: false,
            hazard: None,
            aliases: &[],
            example: "[ latest, { regexp: '^v[0-9]' } ]",
            doc: "Tags that are always kept.",
        },
    ],
    lifecycle: Lifecycle::Owned,
    risks: &[
        ActionRisk {
            of: Verb::Create,
            class: RiskClass::DestroysData,
            evidence,
        },
        ActionRisk {
            of: Verb::Update,
            class: RiskClass::DestroysData,
            evidence,
        },
    ],
    collects: None,
    copying: None,
    holds: None,
    blocks_parent: None,
    unmentioned: Unmentioned::ListIsComplete,
    expected_copy: None,
    note_on_creation: None,
    identity: Identity::Assigned(&ID),
    runs: None,
    listing: Listing::Single,
    quota: None,
    gone_codes: &["CLEANUP.404"],
    absent_codes: &["CLEANUP.404"],
    wire: &Api,
};

static ENTRY: Record = Record {
    name: "cleanup",
    keys: &[],
    slots: &[],
    attributes_of: Some(&CLEANUP),
    key_rule: KeyRule::Any,
};

pub fn address(repository: &Address) -> Address {
    Address::new(&CLEANUP, repository.parts().to_vec())
}

fn evidence(step: Step<'_>) -> Option<String> {
    match step.held {
        Some(0) => None,
        Some(number) => Some(format!("{number} tags may go")),
        None => Some("tags may go".to_owned()),
    }
}

struct Api;

#[derive(Deserialize)]
struct Policy {
    id: u64,
    days: u64,
    keep: Vec<Pattern>,
}

#[derive(Deserialize)]
struct Pattern {
    kind: String,
    pattern: String,
}

impl Policy {
    fn into_live(self) -> LiveResource {
        let record = |Pattern { kind, pattern }| match kind.as_str() {
            "label" => Value::String(pattern),
            _ => json!({ kind: pattern }),
        };
        let keep = self.keep.into_iter().map(record).collect();
        let attributes = IndexMap::from([("days", self.days.into()), ("keep", keep)]);
        LiveResource {
            attributes,
            id: Some(self.id),
            ..LiveResource::default()
        }
    }
}

fn body(after: &Attributes) -> Value {
    let pattern = |record: &Value| match record.as_object().and_then(|fields| fields.iter().next())
    {
        Some((kind, pattern)) => json!({ "kind": kind, "pattern": pattern }),
        None => json!({ "kind": "label", "pattern": record }),
    };
    let keep: Vec<Value> = after
        .get("keep")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(pattern)
        .collect();
    json!({ "days": after.get("days"), "keep": keep })
}

fn request(address: &Address, method: Method, suffix: &str) -> Request {
    let path = format!("{}/cleanups{suffix}", repository::path(address));
    Request::new(Service::Swr, address.region(), method, path)
}

/// No plan contains such a request without an id, so the 0 is never sent.
fn by_id(Subject { address, id }: Subject<'_>, method: Method) -> Request {
    request(address, method, &format!("/{}", id.map_or(0, u64::from)))
}

impl Wire for Api {
    fn read(&self, Subject { address, .. }: Subject<'_>) -> Request {
        request(address, Method::Get, "")
    }

    fn decode_read(
        &self,
        _address: &Address,
        response: &Response,
    ) -> Result<Option<LiveResource>, Undecodable> {
        let mut policies: Vec<Policy> = parse(response, "a list of policies")?;
        let policy = policies.pop();
        if policies.is_empty() {
            Ok(policy.map(Policy::into_live))
        } else {
            Err(Undecodable::new("one policy at most", response))
        }
    }

    fn create(&self, Subject { address, .. }: Subject<'_>, after: &Attributes) -> Request {
        let mut request = request(address, Method::Post, "");
        request.body = Some(body(after));
        request
    }

    fn update(&self, subject: Subject<'_>, after: &Attributes) -> Option<Request> {
        let mut request = by_id(subject, Method::Patch);
        request.body = Some(body(after));
        Some(request)
    }

    fn delete(&self, subject: Subject<'_>) -> Option<Request> {
        Some(by_id(subject, Method::Delete))
    }

    fn explain(&self, _error: &ApiError) -> Option<&'static str> {
        None
    }
}
