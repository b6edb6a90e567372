//! `sync_rule`: copies every image pushed to a repository to an organization in another region.
//!
//! The API has no update, no id in a path and no list across repositories. So a rule is identified
//! by its target, replaced instead of changed, and read one repository at a time (swr-api: section
//! 7).

mod copies;

use std::sync::Arc;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    ActionRisk, Attribute, Hazard, Identity, Kind, Lifecycle, Listing, Page, Preset, Role, Shape,
    Subject, Tail, Undecodable, Unmentioned, Verb, Wire, json as parse, organization,
    place::{Form, ItemError, ItemErrors, KeyRule, Place, REGION, Record, TextForm, key},
    repository,
};
use crate::{
    address::Address,
    names::Name,
    region::TARGET_REGIONS,
    risk::RiskClass,
    state::{Attributes, LiveResource},
    wire::{Method, Request, Response, Service, error::ApiError},
};

/// The code for deleting a rule that does not exist, with 400.
const NOT_FOUND: &str = "SVCSTG.SWR.4001158";

/// The list has no pages and "returns 100 records by default", so a list of exactly 100 may be
/// incomplete.
const LONGEST_LIST: usize = 100;

pub static SYNC_RULE: Kind = Kind {
    name: "sync_rule",
    service: Service::Swr,
    key: &[
        "region",
        "organization",
        "repository",
        "target_region",
        "target_organization",
    ],
    names: &[
        Name::Region,
        organization::NAME,
        repository::NAME,
        Name::Region,
        organization::NAME,
    ],
    tail: Some(&TARGET_TAIL),
    parent: Some(&repository::REPOSITORY),
    place: Place {
        key: key(
            "sync",
            Form::List(&RULE),
            "[ { target: dr } ]",
            "The rules that copy pushed images. If present, the list is complete: other rules of \
            the repository are deleted. Absent or `null`: its rules are left alone.",
        )
        .nullable()
        .aliases(&[
            "sync_rules",
            "sync_rule",
            "syncRules",
            "rules",
            "replication",
            "replications",
            "replicate",
            "sync_repo",
        ]),
        defaults: Some(key(
            "sync_rule",
            Form::Record(&DEFAULTS),
            "{ override: false }",
            "Defaults for rules.",
        )),
        shared: Some(key(
            "targets",
            Form::Dictionary(Name::Target, &TARGET),
            "{ dr: { region: cn-east-3, organization: team-a-dr } }",
            "Named destinations for `sync`, valid in the whole chart.",
        )),
        item_errors: Some(&ItemErrors {
            duplicate: ItemError {
                code: "duplicate-rule",
                problem: "two rules of this list have the same target",
            },
            incomplete: Some(ItemError {
                code: "missing-target",
                problem: "this rule has no target",
            }),
            fixed: Some((
                ItemError {
                    code: "auto-false",
                    problem: "a rule with `auto: false` cannot be managed",
                },
                "the service may hide such rules, so plans could never become empty",
            )),
            abroad: None,
        }),
    },
    attributes: &[
        Attribute {
            name: "auto",
            // The default of the service is `false`, and its list omits such rules.
            role: Role::Fixed(Preset::Bool(true)),
            shape: Shape::Bool,
            service_default: Preset::Bool(false),
            required: true,
            is_remark: false,
            hazard: None,
            aliases: &["syncAuto", "sync_auto"],
            example: "true",
            doc: "Whether the rule copies images as they are pushed. Only `true` can be managed: \
                the service may hide other rules.",
        },
        Attribute {
            name: "override",
            role: Role::Immutable,
            shape: Shape::Bool,
            service_default: Preset::Bool(false),
            required: false,
            is_remark: false,
            hazard: Some(Hazard {
                class: RiskClass::Overwrites,
                value: true,
                on_creation: true,
                evidence: |_| "tags that exist in the target are overwritten".to_owned(),
            }),
            aliases: &[],
            example: "false",
            doc: "Whether a tag that exists in the target is overwritten.",
        },
    ],
    lifecycle: Lifecycle::Owned,
    risks: &[ActionRisk {
        of: Verb::Replace,
        class: RiskClass::Gap,
        evidence: |_| Some("what is pushed in between is not copied".to_owned()),
    }],
    collects: None,
    copying: Some(&copies::COPYING),
    holds: None,
    blocks_parent: None,
    unmentioned: Unmentioned::ListIsComplete,
    expected_copy: Some(copy),
    note_on_creation: Some(not_copied),
    identity: Identity::Key,
    runs: None,
    listing: Listing::PerParent {
        request: list,
        decode: decode_list,
    },
    // In practice this deletion answers with 400 and not with 404 (swr-api: section 1, point 8).
    quota: None,
    gone_codes: &[NOT_FOUND],
    absent_codes: &[],
    wire: &Api,
};

static TARGET_TAIL: Tail = Tail {
    parts: 2,
    mark: " -> ",
    words: "REGION/ORGANIZATION",
    may_contain: crate::names::is_of_images,
    ignores_case: false,
};

pub fn address(
    repository: &Address,
    target_region: impl Into<Arc<str>>,
    target_organization: impl Into<Arc<str>>,
) -> Address {
    let mut key = repository.parts().to_vec();
    key.extend([target_region.into(), target_organization.into()]);
    Address::new(&SYNC_RULE, key)
}

/// The repository that the service creates when it copies the first image: it has the same name, in
/// the target organization.
fn copy(rule: &Address) -> Option<Address> {
    let part = |name| rule.part(name).cloned();
    Some(repository::address(
        part("target_region")?,
        part("target_organization")?,
        part("repository")?,
    ))
}

fn not_copied(tags: u64) -> String {
    match tags {
        1 => "1 existing tag is not copied".to_owned(),
        number => format!("{number} existing tags are not copied"),
    }
}

const ORGANIZATION: Form = Form::Text(TextForm::Name(organization::NAME));

static RULE: Form = Form::Record(&ITEM);

static TARGET: Record = Record {
    name: "target",
    keys: &[
        key(
            "region",
            REGION,
            "cn-east-3",
            "The region that images are copied to.",
        )
        .choices(&TARGET_REGIONS)
        .required(),
        key(
            "organization",
            ORGANIZATION,
            "team-a-dr",
            "The organization there.",
        )
        .required(),
    ],
    slots: &[],
    attributes_of: Some(&SYNC_RULE),
    key_rule: KeyRule::Any,
};

static DEFAULTS: Record = Record {
    name: "defaults of rules",
    keys: &[],
    slots: &[],
    attributes_of: Some(&SYNC_RULE),
    key_rule: KeyRule::Any,
};

static ITEM: Record = Record {
    name: "rule",
    keys: &[
        key(
            "target",
            Form::Text(TextForm::Name(Name::Target)),
            "dr",
            "One of the chart's `targets`, instead of `target_region` and `target_organization`.",
        ),
        key(
            "target_region",
            REGION,
            "cn-east-3",
            "The region that images are copied to.",
        )
        .choices(&TARGET_REGIONS)
        .aliases(&[
            "remoteRegionId",
            "remote_region_id",
            "remote_region",
            "region",
        ]),
        key(
            "target_organization",
            ORGANIZATION,
            "team-a-dr",
            "The organization there.",
        )
        .aliases(&[
            "remoteNamespace",
            "remote_namespace",
            "namespace",
            "organization",
        ]),
    ],
    slots: &[],
    attributes_of: Some(&SYNC_RULE),
    key_rule: KeyRule::Instead("target", &["target_region", "target_organization"]),
};

struct Api;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    namespace: Option<String>,
    repo_name: Option<String>,
    remote_region_id: Arc<str>,
    remote_namespace: Arc<str>,
    sync_auto: bool,
    r#override: bool,
}

impl Item {
    fn live(&self) -> LiveResource {
        let attributes = IndexMap::from([
            ("auto", Value::Bool(self.sync_auto)),
            ("override", Value::Bool(self.r#override)),
        ]);
        LiveResource {
            attributes,
            ..LiveResource::default()
        }
    }
}

fn request(address: &Address, method: Method) -> Request {
    let path = format!("{}/sync_repo", repository::path(address));
    let right = match method {
        Method::Get => "swr:repo:listAutoSyncRepoJobs",
        Method::Delete => "swr:repo:deleteAutoSyncRepoJob",
        _ => "swr:repo:createAutoSyncRepoJob",
    };
    Request::new(Service::Swr, address.region(), method, path).needs(right)
}

fn target(address: &Address) -> Value {
    json!({
        "remoteRegionId": address.part("target_region"),
        "remoteNamespace": address.part("target_organization"),
    })
}

/// Both `[]` and `null` mean an empty list. A response with a rule of another repository is refused
/// as a whole: it may also lack rules of this one.
fn items(repository: &Address, response: &Response) -> Result<Vec<Item>, Undecodable> {
    let items: Option<Vec<Item>> = parse(response, "a list of sync rules")?;
    let items = items.unwrap_or_default();
    let is_ours = |item: &Item| {
        repository::is_same(
            repository,
            item.namespace.as_deref(),
            item.repo_name.as_deref(),
        )
    };
    if items.iter().all(is_ours) {
        Ok(items)
    } else {
        Err(Undecodable::new(
            "sync rules of this repository only",
            response,
        ))
    }
}

fn list(repository: &Address) -> Request {
    request(repository, Method::Get)
}

fn decode_list(repository: &Address, response: &Response) -> Result<Page, Undecodable> {
    let items = items(repository, response)?;
    let doubt = (items.len() == LONGEST_LIST)
        .then(|| format!("the response has exactly {LONGEST_LIST} rules, so it may be incomplete"));
    let live = |item: &Item| {
        (
            address(
                repository,
                item.remote_region_id.clone(),
                item.remote_namespace.clone(),
            ),
            item.live(),
        )
    };
    Ok(Page {
        length: items.len(),
        items: items.iter().map(live).collect(),
        doubt,
        ..Page::default()
    })
}

impl Wire for Api {
    fn read(&self, Subject { address, .. }: Subject<'_>) -> Request {
        request(address, Method::Get)
    }

    fn decode_read(
        &self,
        address: &Address,
        response: &Response,
    ) -> Result<Option<LiveResource>, Undecodable> {
        let wanted = |item: &&Item| {
            Some(&item.remote_region_id) == address.part("target_region")
                && Some(&item.remote_namespace) == address.part("target_organization")
        };
        Ok(items(address, response)?
            .iter()
            .find(wanted)
            .map(Item::live))
    }

    fn create(&self, Subject { address, .. }: Subject<'_>, after: &Attributes) -> Request {
        let mut body = target(address);
        // `syncAuto` is always sent: its default is `false`, and the service hides such rules
        // (swr-api: section 1, point 6).
        for (name, field) in [("auto", "syncAuto"), ("override", "override")] {
            if let Some(value) = after.get(name) {
                body[field] = value.clone();
            }
        }
        let mut request = request(address, Method::Post);
        request.body = Some(body);
        request
    }

    fn update(&self, _subject: Subject<'_>, _after: &Attributes) -> Option<Request> {
        None
    }

    fn delete(&self, Subject { address, .. }: Subject<'_>) -> Option<Request> {
        let mut request = request(address, Method::Delete);
        // A rule has no id and no path of its own, so the body names it (swr-api: section 7.1).
        request.body = Some(target(address));
        Some(request)
    }

    fn explain(&self, error: &ApiError) -> Option<&'static str> {
        match error.code.as_deref()? {
            // The service returns this generic code (swr-api: section 4.3).
            "SVCSTG.SWR.5001101" => {
                Some("the service returns this code if it does not know the target region")
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_with_rules_of_another_repository_is_refused() {
        let repository = repository::address("r", "o", "a/b");
        let rule = address(&repository, "x", "y");
        let target =
            r#""remoteRegionId": "x", "remoteNamespace": "y", "syncAuto": true, "override": false"#;
        for (source, is_ours) in [
            ("", true),
            (r#""namespace": "o", "repoName": "a/b","#, true),
            (r#""namespace": "o", "repoName": "a$b","#, true),
            (r#""namespace": null, "repoName": "","#, true),
            (r#""namespace": "p", "repoName": "a/b","#, false),
            (r#""namespace": "p","#, false),
            (r#""namespace": "o", "repoName": "a","#, false),
            (r#""repoName": "A/b","#, false),
        ] {
            // One rule of another repository makes the whole response unusable.
            let body = format!("[{{ {target} }}, {{ {source} {target} }}]").into_bytes();
            let response = Response {
                status: 200,
                body,
                ..Response::default()
            };
            assert_eq!(
                decode_list(&repository, &response).is_ok(),
                is_ours,
                "{source}"
            );
            let read = SYNC_RULE.wire.decode_read(&rule, &response);
            assert_eq!(read.is_ok_and(|live| live.is_some()), is_ours, "{source}");
        }
    }

    #[test]
    fn null_and_an_empty_list_both_mean_no_rules() {
        let repository = repository::address("r", "o", "a");
        let rule = address(&repository, "x", "y");
        for body in ["[]", "null"] {
            let response = Response {
                status: 200,
                body: body.into(),
                ..Response::default()
            };
            let page = decode_list(&repository, &response).unwrap();
            assert_eq!(
                (page.items.len(), page.length, page.doubt),
                (0, 0, None),
                "{body}"
            );
            assert_eq!(
                SYNC_RULE.wire.decode_read(&rule, &response),
                Ok(None),
                "{body}"
            );
        }
    }
}
