//! `sync_rule`: copies every image pushed to a repository to an organization in another region.
//!
//! The API has no update, no id in any path and no list across repositories: a rule is found by its
//! target, changed by deleting and creating it, and read one repository at a time (swr-api: section
//! 7).

use std::sync::Arc;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    ActionRisk, Attribute, Hazard, Identity, Kind, Lifecycle, Listing, Page, Preset, Role, Shape,
    Subject, Undecodable, Unmentioned, Verb, Wire, json as parse, organization,
    place::{Form, Items, Place, REGION, Record, TextForm, Together, Wrong, key},
    repository,
};
use crate::{
    address::Address,
    names::Name,
    region::TARGET_REGIONS,
    risk::RiskClass,
    state::{Attributes, LiveResource},
    wire::{
        Method, Request, Response, Service,
        error::{ApiError, SYNC_RULE_NOT_FOUND},
    },
};

/// The list is not paged, and "returns 100 records by default": so many may be all, or the first
/// hundred.
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
    joined_parts: 3,
    parent: Some(&repository::REPOSITORY),
    place: Place {
        key: key(
            "sync",
            Form::List(&RULE),
            "[ { target: dr } ]",
            "The rules that copy pushed images. Present: the list is the whole truth about the \
    repository's rules. Absent or `null`: its rules are left alone.",
        )
        .nullable()
        .also(&[
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
            "For rules.",
        )),
        beside: Some(key(
            "targets",
            Form::Dictionary(Name::Target, &TARGET),
            "{ dr: { region: cn-east-3, organization: team-a-dr } }",
            "Named destinations for `sync`, known in the whole chart.",
        )),
        items: Some(&Items {
            twice: Wrong {
                code: "duplicate-rule",
                problem: "two rules of this list copy to the \
                same place",
            },
            incomplete: Some(Wrong {
                code: "missing-target",
                problem: "this rule does not say \
                where it copies to",
            }),
            fixed: Some((
                Wrong {
                    code: "auto-false",
                    problem: "a rule that does not copy by itself cannot \
                    be managed",
                },
                "the service may hide such rules, so the chart could never be reached",
            )),
        }),
    },
    attributes: &[
        Attribute {
            name: "auto",
            // The service's own default is `false`, and it hides such rules from its list.
            role: Role::Fixed(Preset::Bool(true)),
            shape: Shape::Bool,
            service_default: Preset::Bool(false),
            required: true,
            is_remark: false,
            hazard: None,
            also: &["syncAuto", "sync_auto"],
            example: "true",
            doc: "Whether the rule copies images by itself. Only `true` can be managed: the \
                service may hide others.",
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
                of_creation: true,
                evidence: |_| "tags that exist in the target are overwritten".to_owned(),
            }),
            also: &[],
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
    holds: None,
    fills: None,
    unmentioned: Unmentioned::ListIsWhole,
    makes: Some(copy),
    note_on_creation: Some(not_copied),
    identity: Identity::Key,
    runs: None,
    listing: Listing::PerParent {
        request: list,
        decode: decode_list,
    },
    also_gone: &[SYNC_RULE_NOT_FOUND],
    also_absent: &[],
    wire: &Api,
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

/// The repository that the service creates for the first image that is copied: the same name in the
/// target.
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
    together: Together::All,
};

static DEFAULTS: Record = Record {
    name: "defaults of rules",
    keys: &[],
    slots: &[],
    attributes_of: Some(&SYNC_RULE),
    together: Together::All,
};

static ITEM: Record = Record {
    name: "rule",
    keys: &[
        key(
            "target",
            Form::Text(TextForm::Name(Name::Target)),
            "dr",
            "One of the chart's `targets`; or else both of the following.",
        ),
        key(
            "target_region",
            REGION,
            "cn-east-3",
            "The region that images are copied to.",
        )
        .choices(&TARGET_REGIONS)
        .also(&[
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
        .also(&[
            "remoteNamespace",
            "remote_namespace",
            "namespace",
            "organization",
        ]),
    ],
    slots: &[],
    attributes_of: Some(&SYNC_RULE),
    together: Together::Instead("target", &["target_region", "target_organization"]),
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

    /// Whether it is a rule of this repository, as far as it says: a field that is left out
    /// contradicts nothing. Paths write a `/` as a `$`, which no name holds.
    fn is_of(&self, repository: &Address) -> bool {
        let is = |said: &Option<String>, part: &str| {
            let said = said.as_deref().filter(|said| !said.is_empty());
            said.is_none_or(|said| {
                repository
                    .part(part)
                    .is_some_and(|name| **name == *said.replace('$', "/"))
            })
        };
        is(&self.namespace, "organization") && is(&self.repo_name, "repository")
    }
}

fn request(address: &Address, method: Method) -> Request {
    Request::new(
        Service::Swr,
        address.region(),
        method,
        format!("{}/sync_repo", repository::path(address)),
    )
}

fn target(address: &Address) -> Value {
    json!({
        "remoteRegionId": address.part("target_region"),
        "remoteNamespace": address.part("target_organization"),
    })
}

/// An empty list comes as `[]` or as `null`. An answer that holds a rule of another repository
/// answers another question, so what it leaves out is not known either.
fn items(repository: &Address, response: &Response) -> Result<Vec<Item>, Undecodable> {
    let items: Option<Vec<Item>> = parse(response, "a list of sync rules")?;
    let items = items.unwrap_or_default();
    if items.iter().all(|item| item.is_of(repository)) {
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
    let doubt = (items.len() == LONGEST_LIST).then(|| {
        format!("exactly {LONGEST_LIST} rules came back; the service may have left some out")
    });
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
        request.body = Some(target(address));
        Some(request)
    }

    fn explain(&self, error: &ApiError) -> Option<&'static str> {
        match error.code.as_deref()? {
            // The service has no better words for it (swr-api: section 4.3).
            "SVCSTG.SWR.5001101" => {
                Some("the service answers so when it does not know the target region")
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_with_rules_of_another_repository_is_not_believed() {
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
            // One strange rule spoils the answer: what else does it not hold?
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
    fn no_rules_come_in_two_spellings() {
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
