//! `organization`: the namespace that repositories live in.
//!
//! The API has no update: an organization has only a name. Names are unique per region across all
//! accounts, so a create is refused if another account has the name (swr-api: sections 3 and 5).

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::{
    Identity, Kind, Lifecycle, Listing, Page, Subject, Undecodable, Unmentioned, Window, Wire,
    json as parse,
    place::{DEFAULTS, DEFAULTS_DOC, Form, KeyRule, Place, Record, STATE, Slot, key},
    segment,
};
use crate::{
    address::Address,
    names::{Name, Rule, is_words},
    state::{Attributes, LiveResource, Standing},
    wire::{Method, Request, Response, Service, error::ApiError},
};

pub const NAME: Name = Name::Resource(&Rule {
    words: "1 to 64 characters: lowercase letters and digits, a letter first, with single `.`, \
        `_`, `__` or `-` between them",
    regex: r"^(?=.{1,64}$)[a-z][a-z0-9]*((\.|__?|-+)[a-z0-9]+)*$",
    is_valid: |text| {
        text.len() <= 64
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && is_words(text, "._-")
    },
    meant: |_| None,
});

pub static ORGANIZATION: Kind = Kind {
    name: "organization",
    service: Service::Swr,
    key: &["region", "organization"],
    names: &[Name::Region, NAME],
    tail: None,
    parent: None,
    place: Place {
        key: key(
            "organizations",
            Form::Dictionary(NAME, &ENTRY),
            "{ team-a: { repositories: { web/frontend: {} } } }",
            "The organizations of this document's region. Those named here are created if they do \
            not exist.",
        )
        .aliases(&["namespaces", "namespace", "projects", "project", "orgs"]),
        defaults: None,
        shared: None,
        item_errors: None,
    },
    attributes: &[],
    lifecycle: Lifecycle::Owned,
    risks: &[],
    collects: None,
    copying: None,
    holds: None,
    blocks_parent: None,
    unmentioned: Unmentioned::Kept,
    expected_copy: None,
    note_on_creation: None,
    identity: Identity::Key,
    runs: None,
    listing: Listing::PerRegion {
        page_size: None,
        request: list,
        decode: decode_list,
    },
    quota: Some("namespace"),
    gone_codes: &[],
    absent_codes: &[],
    wire: &Api,
};

pub fn address(region: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Address {
    Address::new(&ORGANIZATION, vec![region.into(), name.into()])
}

static ENTRY: Record = Record {
    name: "organization",
    keys: &[
        STATE,
        key(
            "unlisted",
            Form::OneOf(&["ignore", "report", "forbid", "delete"]),
            "delete",
            "What to do about repositories of the organization that no file lists: `report` shows \
            each as a finding, with `forbid` `drift` fails because of it, and `delete` deletes it. \
            Copies that a rule of this chart creates do not count as unlisted.",
        )
        .default("report"),
        key(
            "defaults",
            Form::Record(&DEFAULTS),
            "{ repository: { is_public: false } }",
            DEFAULTS_DOC,
        ),
    ],
    slots: &[Slot::Entries(Some(&ORGANIZATION))],
    attributes_of: Some(&ORGANIZATION),
    key_rule: KeyRule::AbsentHoldsAbsent,
};

struct Api;

#[derive(Deserialize)]
struct Listed {
    namespaces: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    name: Arc<str>,
    creator_name: Option<Arc<str>>,
    /// What the caller may do, as a number.
    auth: Option<u64>,
}

impl Item {
    fn into_live(self) -> LiveResource {
        let standing = Standing {
            creator: self.creator_name.filter(|name| !name.is_empty()),
            right: self.auth,
            is_callers: false,
        };
        LiveResource {
            standing: (standing != Standing::default()).then(|| Box::new(standing)),
            ..LiveResource::default()
        }
    }
}

fn request(region: &Arc<str>, method: Method, path: String) -> Request {
    let right = match method {
        Method::Get => "swr:namespace:get",
        Method::Post => "swr:namespace:create",
        _ => "swr:namespace:delete",
    };
    Request::new(Service::Swr, region, method, path).needs(right)
}

/// Also the base of the paths of the kinds below it.
pub(super) fn path(address: &Address) -> String {
    let name = address.part("organization").map_or("", |name| name);
    format!("/v2/manage/namespaces/{}", segment(name))
}

/// Without `mode::visible` the list omits organizations in which the caller may use only some
/// repositories.
fn list(region: &Arc<str>, _window: Window) -> Request {
    let mut request = request(region, Method::Get, "/v2/manage/namespaces".to_owned())
        .needs("swr:namespace:list");
    request.query.push(("filter", "mode::visible".to_owned()));
    request
}

fn decode_list(region: &Arc<str>, response: &Response) -> Result<Page, Undecodable> {
    let listed: Listed = parse(response, "an object with `namespaces`")?;
    // With an empty name, the path of an organization would be that of the list.
    if listed.namespaces.iter().any(|item| item.name.is_empty()) {
        return Err(Undecodable::new("a `name` in each organization", response));
    }
    let items: Vec<_> = listed
        .namespaces
        .into_iter()
        .map(|item| (address(region.clone(), item.name.clone()), item.into_live()))
        .collect();
    Ok(Page {
        length: items.len(),
        items,
        ..Page::default()
    })
}

impl Wire for Api {
    fn read(&self, Subject { address, .. }: Subject<'_>) -> Request {
        request(address.region(), Method::Get, path(address))
    }

    fn decode_read(
        &self,
        address: &Address,
        response: &Response,
    ) -> Result<Option<LiveResource>, Undecodable> {
        let item: Item = parse(response, "an organization")?;
        // Otherwise the state of another object would count as the state of this one.
        if Some(&item.name) == address.part("organization") {
            Ok(Some(item.into_live()))
        } else {
            Err(Undecodable::new(
                "the organization that was asked for",
                response,
            ))
        }
    }

    fn create(&self, Subject { address, .. }: Subject<'_>, _after: &Attributes) -> Request {
        let mut request = request(
            address.region(),
            Method::Post,
            "/v2/manage/namespaces".to_owned(),
        );
        request.body = Some(json!({ "namespace": address.part("organization") }));
        request
    }

    fn update(&self, _subject: Subject<'_>, _after: &Attributes) -> Option<Request> {
        None
    }

    fn delete(&self, Subject { address, .. }: Subject<'_>) -> Option<Request> {
        Some(request(address.region(), Method::Delete, path(address)))
    }

    fn explain(&self, error: &ApiError) -> Option<&'static str> {
        match error.code.as_deref()? {
            "SVCSTG.SWR.4000097" => {
                Some("the account's quota of organizations is used up; support can raise it")
            }
            "SVCSTG.SWR.4090060" => Some(
                "another account has an organization of this name: names are unique in a region",
            ),
            "SVCSTG.SWR.4037017" => Some(
                "the permission is missing, or the organization belongs to another account: names \
                are unique in a region",
            ),
            "SVCSTG.SWR.4060074" => Some("it still contains images"),
            _ => None,
        }
    }
}
