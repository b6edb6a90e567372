//! `member` of an organization and `repository_member`: permissions, one resource for each user.
//!
//! They differ only in their parent, so one function builds both tables.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    address::Address,
    kind::{
        Attribute, Identity, Kind, Lifecycle, Listing, Page, Preset, Role, Shape, Subject, Tail,
        Undecodable, Unmentioned, Wire, json as parse, organization,
        place::{Form, ItemError, ItemErrors, Key, KeyRule, Place, Record, TextForm, key},
        repository, segment,
    },
    names::{Name, Rule},
    state::{Attributes, LiveResource},
    wire::{Method, Request, Response, Service, error::ApiError},
};

pub(crate) static OF_ORGANIZATION: Kind = table(
    "member",
    &organization::ORGANIZATION,
    &["region", "organization", "user"],
    &[Name::Region, organization::NAME, USER],
    &Form::Record(&ITEM_OF_ORGANIZATION),
);

pub(crate) static OF_REPOSITORY: Kind = table(
    "repository_member",
    &repository::REPOSITORY,
    &["region", "organization", "repository", "user"],
    &[Name::Region, organization::NAME, repository::NAME, USER],
    &Form::Record(&ITEM_OF_REPOSITORY),
);

static ITEM_OF_ORGANIZATION: Record = item("member", &OF_ORGANIZATION);
static ITEM_OF_REPOSITORY: Record = item("repository member", &OF_REPOSITORY);

const USER: Name = Name::Resource(&Rule {
    words: "letters, digits and `-`",
    regex: "^[A-Za-z0-9-]+$",
    is_valid: |text| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    },
    meant: |_| None,
});

static TAIL: Tail = Tail {
    parts: 1,
    mark: ": ",
    words: "USER",
    may_contain: |character| character.is_ascii_alphanumeric() || character == '-',
    ignores_case: false,
};

const ATTRIBUTES: &[Attribute] = &[Attribute {
    name: "level",
    role: Role::Mutable,
    shape: Shape::OneOf(&["read", "write", "manage"]),
    service_default: Preset::Nothing,
    required: true,
    is_remark: false,
    hazard: None,
    aliases: &["auth"],
    example: "read",
    doc: "The user's permissions.",
}];

const KEYS: &[Key] = &[key(
    "user",
    Form::Text(TextForm::Name(USER)),
    "ada",
    "The user's name.",
)
.required()];

const fn item(name: &'static str, kind: &'static Kind) -> Record {
    Record {
        name,
        keys: KEYS,
        slots: &[],
        attributes_of: Some(kind),
        key_rule: KeyRule::Any,
    }
}

const fn table(
    name: &'static str,
    parent: &'static Kind,
    keys: &'static [&'static str],
    names: &'static [Name],
    item: &'static Form,
) -> Kind {
    Kind {
        name,
        service: Service::Swr,
        key: keys,
        names,
        tail: Some(&TAIL),
        parent: Some(parent),
        place: Place {
            key: key(
                "members",
                Form::List(item),
                "[ { user: ada, level: read } ]",
                "Permissions of users.",
            )
            .nullable(),
            defaults: None,
            shared: None,
            item_errors: Some(&ItemErrors {
                duplicate: ItemError {
                    code: "duplicate-member",
                    problem: "this user is in the list twice",
                },
                incomplete: None,
                fixed: None,
                abroad: None,
            }),
        },
        attributes: ATTRIBUTES,
        lifecycle: Lifecycle::Owned,
        risks: &[],
        collects: None,
        copying: None,
        holds: None,
        blocks_parent: None,
        unmentioned: Unmentioned::ListIsComplete,
        expected_copy: None,
        note_on_creation: None,
        identity: Identity::Key,
        runs: None,
        listing: Listing::PerParent {
            request: list,
            decode: decode_list,
        },
        quota: None,
        gone_codes: &[],
        absent_codes: &[],
        wire: &Api,
    }
}

/// The member of that name, of an organization or of a repository.
pub fn address(of: &Address, user: &str) -> Address {
    let kind = if *of.kind() == organization::ORGANIZATION {
        &OF_ORGANIZATION
    } else {
        &OF_REPOSITORY
    };
    let mut key = of.parts().to_vec();
    key.push(Arc::from(user));
    Address::new(kind, key)
}

struct Api;

#[derive(Deserialize)]
struct Item {
    user: String,
    level: String,
}

fn request(address: &Address, method: Method, user: &str) -> Request {
    let above = match address.part("repository") {
        Some(_) => repository::path(address),
        None => organization::path(address),
    };
    Request::new(
        Service::Swr,
        address.region(),
        method,
        format!("{above}/members{user}"),
    )
}

fn of_user(address: &Address, method: Method) -> Request {
    let user = address.part("user").map_or("", |user| user);
    request(address, method, &format!("/{}", segment(user)))
}

fn list(parent: &Address) -> Request {
    request(parent, Method::Get, "")
}

fn items(response: &Response) -> Result<Vec<Item>, Undecodable> {
    parse(response, "a list of members")
}

fn live(level: String) -> LiveResource {
    LiveResource {
        attributes: IndexMap::from([("level", Value::String(level))]),
        ..LiveResource::default()
    }
}

fn decode_list(parent: &Address, response: &Response) -> Result<Page, Undecodable> {
    let items: Vec<_> = items(response)?
        .into_iter()
        .map(|item| (address(parent, &item.user), live(item.level)))
        .collect();
    Ok(Page {
        length: items.len(),
        items,
        ..Page::default()
    })
}

impl Wire for Api {
    fn read(&self, Subject { address, .. }: Subject<'_>) -> Request {
        list(address)
    }

    fn decode_read(
        &self,
        address: &Address,
        response: &Response,
    ) -> Result<Option<LiveResource>, Undecodable> {
        let is_wanted = |item: &Item| {
            address
                .part("user")
                .is_some_and(|user| **user == *item.user)
        };
        Ok(items(response)?
            .into_iter()
            .find(is_wanted)
            .map(|item| live(item.level)))
    }

    fn create(&self, Subject { address, .. }: Subject<'_>, after: &Attributes) -> Request {
        let mut request = request(address, Method::Post, "");
        request.body = Some(json!({ "user": address.part("user"), "level": after.get("level") }));
        request
    }

    fn update(&self, Subject { address, .. }: Subject<'_>, after: &Attributes) -> Option<Request> {
        let mut request = of_user(address, Method::Patch);
        request.body = Some(json!({ "level": after.get("level") }));
        Some(request)
    }

    fn delete(&self, Subject { address, .. }: Subject<'_>) -> Option<Request> {
        Some(of_user(address, Method::Delete))
    }

    fn explain(&self, _error: &ApiError) -> Option<&'static str> {
        None
    }
}
