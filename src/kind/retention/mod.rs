//! `retention`: which tags of a repository the service keeps; it deletes the others. At most one
//! policy in each repository, with an id that the service assigns.
//!
//! It works as soon as it exists, and nothing can be tried out first (swr-next: A1). The number and
//! the exceptions can be changed in place. Newer pages say that the way of counting cannot.

mod count;
#[cfg(test)]
mod tests;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Attribute, IdField, Identity, Kind, Lifecycle, Listing, Preset, REGEXP, Role, Shape, Subject,
    Undecodable, Unmentioned, Wire,
    collects::Collects,
    json as parse, organization,
    place::{Form, KeyRule, Place, Record, key},
    repository, tag,
};
use crate::{
    address::Address,
    names::Name,
    state::{Attributes, LiveResource},
    wire::{Method, Request, Response, Service, error::ApiError},
};

/// No limit is published. This one keeps a plan readable.
const LONGEST_PATTERN: usize = 512;

/// The code for a policy that does not exist (swr-next: A1).
const MISSING: &str = "SVCSTG.SWR.4000306";

static ID: IdField = IdField {
    name: "retention_id",
    moved: |was, is| format!("it was policy {was}, is policy {is} now: it was created anew"),
};

pub static RETENTION: Kind = Kind {
    name: "retention",
    service: Service::Swr,
    key: &["region", "organization", "repository"],
    names: &[Name::Region, organization::NAME, repository::NAME],
    tail: None,
    parent: Some(&repository::REPOSITORY),
    place: Place {
        key: key(
            "retention",
            Form::Single(&ENTRY, Some("none")),
            "{ keep_tags: 30, except: [ latest, { regexp: '^v[0-9].*$' } ] }",
            "Which tags the service keeps; it deletes the others. Replaced whole, never merged. \
            `none`: the repository shall have no policy. Absent or `null`: not managed.",
        )
        .aliases(&["retention_policy", "image_retention", "cleanup"])
        .nullable(),
        defaults: None,
        shared: None,
        item_errors: None,
    },
    attributes: &[
        Attribute {
            name: "keep_tags",
            role: Role::Mutable,
            shape: Shape::Number(1, 1000),
            service_default: Preset::Nothing,
            required: false,
            is_remark: false,
            hazard: None,
            aliases: &["num", "count", "keep", "tag_rule"],
            example: "30",
            doc: "How many tags are kept: those that were pushed last. Exceptions do not count.",
        },
        Attribute {
            name: "keep_days",
            role: Role::Mutable,
            shape: Shape::Number(1, 365),
            service_default: Preset::Nothing,
            required: false,
            is_remark: false,
            hazard: None,
            aliases: &["days", "age", "date_rule"],
            example: "14",
            doc: "How many days a tag is kept after it was pushed. Instead of `keep_tags`.",
        },
        Attribute {
            name: "except",
            role: Role::Mutable,
            shape: Shape::Records {
                keys: &[REGEXP],
                longest: LONGEST_PATTERN,
            },
            service_default: Preset::Empty,
            required: true,
            is_remark: false,
            hazard: None,
            aliases: &["exceptions", "tag_selectors", "exclude", "keep_always"],
            example: "[ latest, { regexp: '^v[0-9].*$' } ]",
            doc: "Tags that are always kept, in any order: a tag, or a regular expression. Absent: \
                no exception.",
        },
        Attribute {
            name: "policy",
            role: Role::Foreign,
            shape: Shape::Text(usize::MAX),
            service_default: Preset::Nothing,
            required: false,
            is_remark: false,
            hazard: None,
            aliases: &[],
            example: "",
            doc: "A live policy in a form that a chart cannot have, as JSON.",
        },
    ],
    lifecycle: Lifecycle::Owned,
    risks: &[],
    collects: Some(&Collects {
        reach: count::reach,
        list: &tag::TAGS,
        count: count::count,
        doubts: count::doubts,
    }),
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
    gone_codes: &[MISSING],
    absent_codes: &[MISSING],
    wire: &Api,
};

static ENTRY: Record = Record {
    name: "retention",
    keys: &[],
    slots: &[],
    attributes_of: Some(&RETENTION),
    key_rule: KeyRule::OneOf(&["keep_tags", "keep_days"]),
};

/// The address of the policy of a repository.
pub fn address(repository: &Address) -> Address {
    Address::new(&RETENTION, repository.parts().to_vec())
}

/// The ways of counting: the attribute, the template of the service, its parameter.
const WAYS: [(&str, &str, &str); 2] = [
    ("keep_tags", "tag_rule", "num"),
    ("keep_days", "date_rule", "days"),
];

struct Api;

#[derive(Deserialize)]
struct Policy {
    id: u64,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    template: String,
    #[serde(default)]
    params: Map<String, Value>,
    tag_selectors: Option<Vec<Selector>>,
}

#[derive(Deserialize)]
struct Selector {
    kind: String,
    pattern: String,
}

impl Rule {
    /// The attributes of a rule in a form that a chart can have. `Err`: its number is unreadable.
    fn attributes(self) -> Result<Option<Attributes>, ()> {
        let way = WAYS
            .iter()
            .find(|(_, template, _)| *template == self.template);
        let Some((name, _, parameter)) = way else {
            return Ok(None);
        };
        // The API writes numbers as strings (swr-next: A1).
        let number = self.params.get(*parameter).ok_or(())?;
        let number = number
            .as_u64()
            .or_else(|| number.as_str()?.trim().parse().ok())
            .ok_or(())?;
        let record = |Selector { kind, pattern }| match kind.as_str() {
            "label" => Some(Value::String(pattern)),
            REGEXP => Some(json!({ REGEXP: pattern })),
            _ => None,
        };
        let except = self.tag_selectors.into_iter().flatten().map(record);
        let except: Option<Value> = except.collect::<Option<Vec<Value>>>().map(Value::from);
        Ok(except.map(|except| IndexMap::from([(*name, number.into()), ("except", except)])))
    }
}

/// The policies as a text with sorted keys: the order of keys has no meaning.
fn as_it_is(policies: &Value) -> String {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let mut fields: Vec<_> = fields.iter().collect();
                fields.sort_by_key(|(name, _)| *name);
                let sorted = fields
                    .into_iter()
                    .map(|(name, value)| (name.clone(), sorted(value)));
                Value::Object(sorted.collect())
            }
            Value::Array(items) => items.iter().map(sorted).collect(),
            other => other.clone(),
        }
    }
    sorted(policies).to_string()
}

/// The policies in the text of a foreign one.
fn foreign(before: &Attributes) -> Vec<Value> {
    let text = before.get("policy").and_then(Value::as_str);
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

/// The attributes of these policies, as a read shows them.
fn left_over(address: &Address, policies: &[&Value]) -> Option<Attributes> {
    let response = Response {
        status: 200,
        body: json!(policies).to_string().into_bytes(),
        ..Response::default()
    };
    let read = Api.decode_read(address, &response).ok()??;
    Some(read.attributes)
}

fn body(after: &Attributes) -> Value {
    let selector = |record: &Value| match record.as_object().and_then(|it| it.iter().next()) {
        Some((kind, pattern)) => json!({ "kind": kind, "pattern": pattern }),
        None => json!({ "kind": "label", "pattern": record }),
    };
    let except = after.get("except").and_then(Value::as_array);
    let selectors: Vec<Value> = except.into_iter().flatten().map(selector).collect();
    let rule = WAYS.iter().find_map(|(name, template, parameter)| {
        let number = after.get(*name)?.to_string();
        Some(json!({
            "template": template,
            "params": { *parameter: number },
            "tag_selectors": selectors,
        }))
    });
    // Only to restore a policy in another form.
    let other = || Some(foreign(after).first()?.get("rules")?.clone());
    let rules = rule.map(|rule| json!([rule])).or_else(other);
    json!({ "algorithm": "or", "rules": rules })
}

fn request(address: &Address, method: Method, suffix: &str) -> Request {
    let path = format!("{}/retentions{suffix}", repository::path(address));
    // The rights to create and to delete are not published, and named by analogy (swr-next: A9).
    let right = match method {
        Method::Get => "swr:repo:listRetentions",
        Method::Post => "swr:repo:createRetention",
        Method::Delete => "swr:repo:deleteRetention",
        _ => "swr:repo:updateRetention",
    };
    Request::new(Service::Swr, address.region(), method, path).needs(right)
}

/// No plan contains such a request without an id, so the 0 is never sent.
fn by_id(address: &Address, id: u64, method: Method) -> Request {
    request(address, method, &format!("/{id}"))
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
        let expected = "a list of retention policies";
        let written: Value = parse(response, expected)?;
        // Not `default`: an answer in another form is not an empty list.
        let mut policies: Vec<Policy> = parse(response, expected)?;
        let Some(id) = policies.first().map(|policy| policy.id) else {
            return Ok(None);
        };
        let only = (policies.len() == 1).then(|| policies.remove(0).rules);
        let rule = only.and_then(|rules| <[Rule; 1]>::try_from(rules).ok());
        let known = match rule.map(|[rule]| rule.attributes()) {
            Some(Err(())) => {
                let expected = "a retention policy with a number of tags or days";
                return Err(Undecodable::new(expected, response));
            }
            Some(Ok(known)) => known,
            None => None,
        };
        let attributes =
            known.unwrap_or_else(|| IndexMap::from([("policy", as_it_is(&written).into())]));
        Ok(Some(LiveResource {
            attributes,
            id: Some(id),
            ..LiveResource::default()
        }))
    }

    fn create(&self, Subject { address, .. }: Subject<'_>, after: &Attributes) -> Request {
        let mut request = request(address, Method::Post, "");
        request.body = Some(body(after));
        request
    }

    /// With the whole body: a PATCH replaces the policy.
    fn update(&self, Subject { address, id }: Subject<'_>, after: &Attributes) -> Option<Request> {
        let mut request = by_id(address, id.map_or(0, u64::from), Method::Patch);
        request.body = Some(body(after));
        Some(request)
    }

    fn delete(&self, Subject { address, id }: Subject<'_>) -> Option<Request> {
        Some(by_id(address, id.map_or(0, u64::from), Method::Delete))
    }

    /// Several policies of one repository are one foreign policy. The last is deleted by its id.
    fn delete_first(
        &self,
        Subject { address, .. }: Subject<'_>,
        before: &Attributes,
    ) -> Vec<(Request, Attributes)> {
        let policies = foreign(before);
        let id = |policy: &Value| policy.get("id")?.as_u64();
        let first = |at: usize| {
            let request = by_id(address, id(policies.get(at)?)?, Method::Delete);
            // All but the first go, in this order.
            let left: Vec<&Value> = policies.iter().take(1).chain(&policies[at + 1..]).collect();
            Some((request, left_over(address, &left)?))
        };
        (1..policies.len()).filter_map(first).collect()
    }

    fn explain(&self, _error: &ApiError) -> Option<&'static str> {
        None
    }
}
