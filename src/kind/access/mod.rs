//! `access`: the permission of a user on an organization or on a repository, one resource for each
//! user.
//!
//! Requests name a user by id and name; a chart needs only the name. Each request is about one
//! user, so that nobody loses a permission because of another (swr-next: section A3). The list of
//! an organization contains the caller and the creator; that of a repository lacks the caller,
//! whose permission is beside it.

use std::sync::Arc;

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::{
    ActionRisk, Attribute, Identity, Kind, Lifecycle, Listing, Naming, Page, Preset, Role, Shape,
    Step, Subject, Tail, Undecodable, Unmentioned, Unrepairable, Verb, Wire, json as parse,
    organization,
    place::{Form, ItemError, ItemErrors, Key, KeyRule, Place, Record, TextForm, key},
    repository,
};
use crate::{
    address::Address,
    names::{Name, PERSON, is_of_person},
    risk::RiskClass,
    state::{Attributes, LiveResource, Standing},
    wire::{Method, Request, Response, Service, error::ApiError},
};

/// On an organization, and so on all of its repositories.
pub static OF_ORGANIZATION: Kind = table(
    &organization::ORGANIZATION,
    &["region", "organization", "user"],
    &[Name::Region, organization::NAME, PERSON],
    &Form::Record(&ITEM_OF_ORGANIZATION),
);

/// On one repository, in addition.
pub static OF_REPOSITORY: Kind = table(
    &repository::REPOSITORY,
    &["region", "organization", "repository", "user"],
    &[Name::Region, organization::NAME, repository::NAME, PERSON],
    &Form::Record(&ITEM_OF_REPOSITORY),
);

static ITEM_OF_ORGANIZATION: Record = item(&OF_ORGANIZATION);
static ITEM_OF_REPOSITORY: Record = item(&OF_REPOSITORY);

static TAIL: Tail = Tail {
    parts: 1,
    mark: ": ",
    words: "USER",
    ignores_case: false,
    may_contain: is_of_person,
};

const LEVEL: &str = "level";
const USER_ID: &str = "user_id";

/// The levels with their numbers on the wire.
const LEVELS: [(&str, u64); 3] = [("read", 1), ("write", 3), ("manage", 7)];

const ATTRIBUTES: &[Attribute] = &[
    Attribute {
        name: LEVEL,
        role: Role::Mutable,
        shape: Shape::OneOf(&["read", "write", "manage"]),
        service_default: Preset::Nothing,
        required: true,
        is_remark: false,
        hazard: None,
        aliases: &["auth", "permission", "role"],
        example: "write",
        doc: "What the user may do: `read` pulls, `write` also pushes, `manage` also deletes and \
            gives permissions.",
    },
    Attribute {
        name: USER_ID,
        role: Role::Immutable,
        shape: Shape::Uuid,
        service_default: Preset::Nothing,
        required: false,
        is_remark: false,
        hazard: None,
        aliases: &["id"],
        example: "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        doc: "The user's id. Default: the id in the list of permissions, or for a new user the \
            one that IAM has for this name.",
    },
];

const KEYS: &[Key] = &[key(
    "user",
    Form::Text(TextForm::Name(PERSON)),
    "ci-bot",
    "The user's name. Neither one of the `operators` nor, below `manage`, the creator of the \
        organization.",
)
.required()
.aliases(&["user_name", "username", "name"])];

static NAMING: Naming = Naming {
    id: USER_ID,
    part: "user",
    rank: |attributes| level_of(attributes).unwrap_or_default(),
    highest: 7,
    word,
    lacks,
    look_up,
    decode: found_user,
    id_hint: "write the user's `user_id` beside the name, or allow these credentials to list the \
        users of IAM",
    missing: Unrepairable {
        code: "no-such-user",
        problem: "the account has no user of this name",
        remedy: "correct the name, create the user, or write its `user_id`",
    },
    disagrees: Unrepairable {
        code: "other-user-id",
        problem: "the user of this name has another id",
        remedy: "correct `user_id`, or remove it to mean whoever has the name now",
    },
    renamed: Unrepairable {
        code: "renamed-user",
        problem: "the service lists the user with this id under another name",
        remedy: "write the name that the service lists",
    },
    of_creator: Unrepairable {
        code: "creator-level",
        problem: "this user created the organization, and keeps the level `manage`",
        remedy: "remove the user from the list, or write `level: manage`",
    },
    operator: ItemError {
        code: "operator-in-list",
        problem: "this user is one of the `operators`, whose permissions portolan never changes",
    },
};

const fn item(kind: &'static Kind) -> Record {
    Record {
        name: "permission",
        keys: KEYS,
        slots: &[],
        attributes_of: Some(kind),
        key_rule: KeyRule::Any,
    }
}

const fn table(
    parent: &'static Kind,
    keys: &'static [&'static str],
    names: &'static [Name],
    item: &'static Form,
) -> Kind {
    Kind {
        name: "access",
        service: Service::Swr,
        key: keys,
        names,
        tail: Some(&TAIL),
        parent: Some(parent),
        place: Place {
            key: key(
                "access",
                Form::List(item),
                "[ { user: ci-bot, level: write } ]",
                "Who has a permission here, beside the creator and the `operators`. If the list \
                is present, everybody else loses theirs; `[]` means nobody else.",
            )
            .nullable()
            .aliases(&["permissions", "members", "users"]),
            defaults: None,
            shared: None,
            item_errors: Some(&ItemErrors {
                duplicate: ItemError {
                    code: "duplicate-user",
                    problem: "this user is in the list twice",
                },
                incomplete: None,
                fixed: None,
                abroad: None,
            }),
        },
        attributes: ATTRIBUTES,
        lifecycle: Lifecycle::Granted,
        risks: RISKS,
        holds: None,
        collects: None,
        copying: None,
        blocks_parent: None,
        unmentioned: Unmentioned::ListIsComplete,
        expected_copy: None,
        note_on_creation: None,
        identity: Identity::Named(&NAMING),
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

const RISKS: &[ActionRisk] = &[
    ActionRisk {
        of: Verb::Create,
        class: RiskClass::Admits,
        evidence: admitted,
    },
    ActionRisk {
        of: Verb::Update,
        class: RiskClass::Admits,
        evidence: admitted,
    },
    ActionRisk {
        of: Verb::Create,
        class: RiskClass::Grants,
        evidence: granted,
    },
    ActionRisk {
        of: Verb::Update,
        class: RiskClass::Grants,
        evidence: granted,
    },
];

/// The number of a level. A level that the table does not know is its own number.
fn level_of(attributes: &Attributes) -> Option<u64> {
    let level = attributes.get(LEVEL)?.as_str()?;
    let known = LEVELS.iter().find(|(word, _)| *word == level);
    known.map_or_else(|| level.parse().ok(), |(_, number)| Some(*number))
}

/// What a caller with this level may not do, as a clause.
fn lacks(level: u64) -> Option<&'static str> {
    match level {
        0 => Some("this level sees no more than single repositories"),
        1 => Some("enough for `plan` and `drift`; `apply` may change nothing"),
        2..=6 => Some("`apply` may not delete, share, or give permissions"),
        _ => None,
    }
}

fn word(level: u64) -> String {
    let known = LEVELS.iter().find(|(_, number)| *number == level);
    known.map_or_else(|| level.to_string(), |(word, _)| (*word).to_owned())
}

fn granted(step: Step<'_>) -> Option<String> {
    let after = level_of(step.after?)?;
    let before = step.before.and_then(level_of).unwrap_or_default();
    // To manage is a risk of its own.
    (after > before && after < NAMING.highest).then(|| {
        let may = match after {
            3.. => "may pull and push",
            _ => "may pull",
        };
        may.to_owned()
    })
}

fn admitted(step: Step<'_>) -> Option<String> {
    let is_manager = |attributes: &Attributes| level_of(attributes) == Some(NAMING.highest);
    let becomes = is_manager(step.after?) && !step.before.is_some_and(is_manager);
    becomes.then(|| "may delete everything here and admit others".to_owned())
}

/// The permission of a user on an organization or on a repository.
pub fn address(of: &Address, user: &str) -> Address {
    let kind = match of.part("repository") {
        Some(_) => &OF_REPOSITORY,
        None => &OF_ORGANIZATION,
    };
    let mut key = of.parts().to_vec();
    key.push(Arc::from(user));
    Address::new(kind, key)
}

struct Api;

#[derive(Deserialize)]
struct Listed {
    name: Option<String>,
    creator_name: Option<String>,
    self_auth: Option<Entry>,
    /// The key must be there: without it the list is unknown, and not empty.
    #[serde(deserialize_with = "list_or_null")]
    others_auths: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    user_id: String,
    user_name: String,
    auth: u64,
}

fn list_or_null<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Entry>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// Of an organization or a repository, or of a user in it.
fn request(address: &Address, method: Method) -> Request {
    let above = match address.part("repository") {
        Some(_) => repository::path(address),
        None => organization::path(address),
    };
    let path = format!("{above}/access");
    // Published are those to read and those to create in an organization (swr-next: A9). The others
    // are named by analogy.
    let right = match (address.part("repository"), method) {
        (None, Method::Get) => "swr:namespace:getNamespaceAccess",
        (None, Method::Post) => "swr:namespace:createNamespaceAccess",
        (None, Method::Delete) => "swr:namespace:deleteNamespaceAccess",
        (None, _) => "swr:namespace:updateNamespaceAccess",
        (Some(_), Method::Get) => "swr:repo:getRepoAccess",
        (Some(_), Method::Post) => "swr:repo:createRepoAccess",
        (Some(_), Method::Delete) => "swr:repo:deleteRepoAccess",
        (Some(_), _) => "swr:repo:updateRepoAccess",
    };
    Request::new(Service::Swr, address.region(), method, path).needs(right)
}

fn list(parent: &Address) -> Request {
    request(parent, Method::Get)
}

fn entries(of: &Address, response: &Response) -> Result<Vec<(String, LiveResource)>, Undecodable> {
    let listed: Listed = parse(response, "an object with `others_auths`")?;
    let is_organization = of.part("repository").is_none();
    let is_other = |name: &String| Some(name.as_str()) != of.part("organization").map(|it| &**it);
    // Otherwise the users of another organization would lose their permissions.
    if is_organization && listed.name.as_ref().is_some_and(is_other) {
        return Err(Undecodable::new(
            "the organization that was asked for",
            response,
        ));
    }
    let is_named = |entry: &Entry| !entry.user_id.is_empty() && !entry.user_name.is_empty();
    if !listed.others_auths.iter().all(is_named) {
        return Err(Undecodable::new(
            "a `user_id` and a `user_name` in each of `others_auths`",
            response,
        ));
    }
    // Without it, an apply could take away the permission of its own caller.
    let Some(caller) = listed.self_auth.filter(is_named) else {
        return Err(Undecodable::new("the caller, as `self_auth`", response));
    };
    // Without it, the creator could lose the permission.
    if is_organization && listed.creator_name.is_none() {
        return Err(Undecodable::new("a `creator_name`", response));
    }
    // The list of organizations names the creator too, but may leave that out. Who created a
    // repository is not a question: the creator of its organization has every right in it.
    let creator = listed.creator_name.as_deref().filter(|_| is_organization);
    let is_callers = |entry: &Entry| caller.user_id == entry.user_id;
    let mut found: Vec<_> = listed
        .others_auths
        .iter()
        .map(|entry| live(entry, is_callers(entry), None, creator))
        .collect();
    // The list of an organization has everybody. That of a repository lacks the caller.
    let is_listed = listed.others_auths.iter().any(is_callers);
    let is_creator = |entry: &Entry| Some(&entry.user_name) == listed.creator_name.as_ref();
    if !is_listed && caller.auth > 0 && (!is_organization || is_creator(&caller)) {
        found.push(live(&caller, true, Some(caller.auth), creator));
    }
    Ok(found)
}

/// `right`: the number beside the list, which may include what the caller may do elsewhere.
fn live(
    entry: &Entry,
    is_callers: bool,
    right: Option<u64>,
    creator: Option<&str>,
) -> (String, LiveResource) {
    let attributes = Attributes::from([
        (LEVEL, Value::String(word(entry.auth))),
        (USER_ID, Value::String(entry.user_id.clone())),
    ]);
    let standing = Standing {
        is_callers,
        right,
        creator: creator.map(Arc::from),
    };
    let live = LiveResource {
        attributes,
        standing: (standing != Standing::default()).then(|| Box::new(standing)),
        ..LiveResource::default()
    };
    (entry.user_name.clone(), live)
}

fn decode_list(parent: &Address, response: &Response) -> Result<Page, Undecodable> {
    let items: Vec<_> = entries(parent, response)?
        .into_iter()
        .map(|(user, live)| (address(parent, &user), live))
        .collect();
    Ok(Page {
        length: items.len(),
        items,
        ..Page::default()
    })
}

/// The body of a request that sets a permission.
fn body(address: &Address, after: &Attributes) -> Value {
    json!([{
        "user_id": after.get(USER_ID),
        "user_name": address.part("user"),
        "auth": level_of(after),
    }])
}

fn look_up(region: &Arc<str>, user: &str) -> Request {
    let mut request = Request::new(Service::Iam, region, Method::Get, "/v3/users".to_owned());
    request.query.push(("name", user.to_owned()));
    request
}

#[derive(Deserialize)]
struct Users {
    users: Vec<User>,
}

#[derive(Deserialize)]
struct User {
    id: String,
    name: String,
}

/// Only a user of exactly this name: whether the filter matches exactly is not documented.
fn found_user(user: &str, response: &Response) -> Result<Option<String>, Undecodable> {
    let found: Users = parse(response, "an object with `users`")?;
    let mut named = found.users.into_iter().filter(|found| found.name == user);
    Ok(named
        .next()
        .map(|found| found.id)
        .filter(|id| !id.is_empty()))
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
        let user = address.part("user");
        let is_wanted =
            |(name, _): &(String, LiveResource)| user.is_some_and(|user| **user == **name);
        Ok(entries(address, response)?
            .into_iter()
            .find(is_wanted)
            .map(|(_, live)| live))
    }

    fn create(&self, Subject { address, .. }: Subject<'_>, after: &Attributes) -> Request {
        let mut request = request(address, Method::Post);
        request.body = Some(body(address, after));
        request
    }

    fn update(&self, Subject { address, .. }: Subject<'_>, after: &Attributes) -> Option<Request> {
        let mut request = request(address, Method::Patch);
        request.body = Some(body(address, after));
        Some(request)
    }

    /// See `delete_known`: without the id there is no request.
    fn delete(&self, _subject: Subject<'_>) -> Option<Request> {
        None
    }

    fn delete_known(
        &self,
        Subject { address, .. }: Subject<'_>,
        before: &Attributes,
    ) -> Option<Request> {
        let mut request = request(address, Method::Delete);
        // An empty list might mean everybody.
        request.body = Some(json!([before.get(USER_ID)?.as_str()?]));
        Some(request)
    }

    fn explain(&self, error: &ApiError) -> Option<&'static str> {
        match error.code.as_deref()? {
            "SVCSTG.SWR.4001067" | "SVCSTG.SWR.4001066" => Some(
                "the name and the id belong to different users, or to no user of this account: \
                correct `user_id`, or remove it",
            ),
            "SVCSTG.SWR.4037017" | "SVCSTG.SWR.4037018" => Some(
                "to change permissions, these credentials need the permission to manage the \
                organization, or for a repository to edit its organization",
            ),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
