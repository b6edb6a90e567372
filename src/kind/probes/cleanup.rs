//! `cleanup`: what is thrown away in a repository, one policy each, with a number that the service
//! gives.
//!
//! A change names the number; the list of a repository's policies, which has one item or none,
//! tells it.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    address::Address,
    kind::{
        ActionRisk, Attribute, Id, Identity, Kind, Lifecycle, Listing, Preset, Role, Shape,
        Subject, Undecodable, Unmentioned, Verb, Wire, json as parse, organization,
        place::{Form, Place, Record, Together, key},
        repository,
    },
    names::Name,
    risk::RiskClass,
    state::{Attributes, LiveResource},
    wire::{Method, Request, Response, Service, error::ApiError},
};

static ID: Id = Id {
    name: "cleanup_id",
    moved: |was, is| format!("it was policy {was}, and is policy {is} now: it was made again"),
};

pub static CLEANUP: Kind = Kind {
    name: "cleanup",
    service: Service::Swr,
    key: &["region", "organization", "repository"],
    names: &[Name::Region, organization::NAME, repository::NAME],
    joined_parts: 3,
    parent: Some(&repository::REPOSITORY),
    place: Place {
        key: key(
            "cleanup",
            Form::Single(&ENTRY, Some("none")),
            "{ days: 14 }",
            "What is thrown away.",
        )
        .nullable(),
        defaults: None,
        beside: None,
        items: None,
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
            also: &["age"],
            example: "14",
            doc: "How long a tag stays.",
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
            also: &[],
            example: "[ latest, { regexp: '^v[0-9]' } ]",
            doc: "What stays whatever its age is.",
        },
    ],
    lifecycle: Lifecycle::Owned,
    risks: &[
        ActionRisk {
            of: Verb::Create,
            class: RiskClass::DestroysData,
            evidence: thrown_away,
        },
        ActionRisk {
            of: Verb::Update,
            class: RiskClass::DestroysData,
            evidence: thrown_away,
        },
    ],
    holds: None,
    fills: None,
    unmentioned: Unmentioned::ListIsWhole,
    makes: None,
    note_on_creation: None,
    identity: Identity::Told(&ID),
    runs: None,
    listing: Listing::Single,
    also_gone: &["CLEANUP.404"],
    also_absent: &["CLEANUP.404"],
    wire: &Api,
};

static ENTRY: Record = Record {
    name: "cleanup",
    keys: &[],
    slots: &[],
    attributes_of: Some(&CLEANUP),
    together: Together::All,
};

pub fn address(repository: &Address) -> Address {
    Address::new(&CLEANUP, repository.parts().to_vec())
}

fn thrown_away(tags: Option<u64>) -> Option<String> {
    match tags {
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
            number: Some(self.id),
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

fn request(address: &Address, method: Method, number: &str) -> Request {
    let path = format!("{}/cleanups{number}", repository::path(address));
    Request::new(Service::Swr, address.region(), method, path)
}

/// Of a number that no plan lacks.
fn numbered(Subject { address, number }: Subject<'_>, method: Method) -> Request {
    request(
        address,
        method,
        &format!("/{}", number.map_or(0, u64::from)),
    )
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
        let mut request = numbered(subject, Method::Patch);
        request.body = Some(body(after));
        Some(request)
    }

    fn delete(&self, subject: Subject<'_>) -> Option<Request> {
        Some(numbered(subject, Method::Delete))
    }

    fn explain(&self, _error: &ApiError) -> Option<&'static str> {
        None
    }
}
