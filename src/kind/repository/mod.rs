//! `repository`: an image repository of an organization.
//!
//! Name and organization cannot change. What a PATCH does to an attribute that it omits is not
//! documented, so every PATCH sends all three (swr-api: section 6).

use std::sync::Arc;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    ActionRisk, Attribute, BlocksParent, ContentList, Hazard, Holds, Identity, Kind, Lifecycle,
    Listing, Named, Page, Preset, Role, Shape, Sizes, Subject, Undecodable, Unmentioned, Verb,
    Window, Wire,
    fact::Fact,
    json as parse, organization,
    place::{Form, KeyRule, Place, Record, STATE, Slot, key},
    segment,
};
use crate::{
    address::Address,
    names::{self, Name, Rule, is_words},
    risk::RiskClass,
    state::{Attributes, LiveResource},
    wire::{Method, Request, Response, Service, error::ApiError},
};

/// The largest page that the service returns.
const PAGE: usize = 1000;

/// The limit of the service's console, in characters.
const LONGEST_DESCRIPTION: usize = 30_000;

pub const NAME: Name = Name::Resource(&Rule {
    words: "1 to 128 characters: lowercase letters and digits with single `.`, `/`, `_`, `__` or \
        `-` between them",
    regex: r"^(?=.{1,128}$)[a-z0-9]+((\.|/|__?|-+)[a-z0-9]+)*$",
    is_valid: |text| text.len() <= 128 && is_words(text, "./_-"),
    meant: |text| {
        let is_hosted = text
            .split_once('/')
            .is_some_and(|(first, _)| names::is_host(first));
        let has_more = is_hosted || text.contains([':', '@']);
        has_more.then_some("a repository's name does not contain a tag, a digest or a registry")
    },
});

/// The number of images in a repository.
pub static IMAGES: Fact = Fact {
    name: "num_images",
    things: "images",
};

/// The size of all images in a repository.
pub static SIZE: Fact = Fact {
    name: "size",
    things: "bytes",
};

/// The number of repositories in an organization, if it was read.
pub static REPOSITORIES: Fact = Fact {
    name: "num_repositories",
    things: "repositories",
};

pub static REPOSITORY: Kind = Kind {
    name: "repository",
    service: Service::Swr,
    key: &["region", "organization", "repository"],
    names: &[Name::Region, organization::NAME, NAME],
    tail: None,
    parent: Some(&organization::ORGANIZATION),
    place: Place {
        key: key(
            "repositories",
            Form::Dictionary(NAME, &ENTRY),
            "{ web/frontend: {}, busybox: { category: linux } }",
            "The repositories. Those named here are created if they do not exist. An empty value \
            equals `{}`.",
        )
        .aliases(&["repos", "images", "repository"]),
        defaults: Some(key(
            "repository",
            Form::Record(&DEFAULTS),
            "{ category: other }",
            "Defaults for repositories.",
        )),
        shared: None,
        item_errors: None,
    },
    attributes: &[
        Attribute {
            name: "is_public",
            role: Role::Mutable,
            shape: Shape::Bool,
            service_default: Preset::Bool(false),
            required: true,
            is_remark: false,
            hazard: Some(Hazard {
                class: RiskClass::Exposes,
                value: true,
                on_creation: false,
                evidence: exposed,
            }),
            aliases: &["public", "isPublic", "visibility"],
            example: "true",
            doc: "Whether anyone may pull the images.",
        },
        Attribute {
            name: "category",
            role: Role::Mutable,
            shape: Shape::OneOf(&[
                "app_server",
                "linux",
                "framework_app",
                "database",
                "lang",
                "other",
                "windows",
                "arm",
            ]),
            service_default: Preset::Text("other"),
            required: false,
            is_remark: false,
            hazard: None,
            aliases: &["type", "kind"],
            example: "linux",
            doc: "What the images are for; the console groups repositories by it.",
        },
        Attribute {
            name: "description",
            role: Role::Mutable,
            shape: Shape::Text(LONGEST_DESCRIPTION),
            service_default: Preset::Text(""),
            required: false,
            is_remark: true,
            hazard: None,
            aliases: &["desc", "comment", "summary"],
            example: "what it is for",
            doc: "Free text. An empty text clears it.",
        },
    ],
    lifecycle: Lifecycle::Owned,
    risks: &[ActionRisk {
        of: Verb::Delete,
        class: RiskClass::DestroysData,
        // An unknown number counts as data: losing images cannot be undone.
        evidence: |step| (step.held != Some(0)).then(|| tags(step.held)),
    }],
    collects: None,
    copying: None,
    holds: Some(&Holds {
        fact: &IMAGES,
        in_words: tags,
        named,
        size: &SIZE,
        sized,
    }),
    // Whether the service deletes an organization that has only empty repositories is not
    // documented (swr-api: section 19, row 8). So portolan makes sure that it has none.
    blocks_parent: Some(&BlocksParent {
        fact: &REPOSITORIES,
        words: ("repository", "repositories"),
        contents: ContentList {
            page_size: PAGE,
            request: list_inside,
            decode: decode_list,
        },
    }),
    unmentioned: Unmentioned::ByPolicyOfParent,
    expected_copy: None,
    note_on_creation: None,
    identity: Identity::Key,
    runs: None,
    listing: Listing::PerRegion {
        page_size: Some(PAGE),
        request: list,
        decode: decode_list,
    },
    quota: None,
    gone_codes: &[],
    absent_codes: &[],
    wire: &Api,
};

pub fn address(
    region: impl Into<Arc<str>>,
    organization: impl Into<Arc<str>>,
    name: impl Into<Arc<str>>,
) -> Address {
    Address::new(
        &REPOSITORY,
        vec![region.into(), organization.into(), name.into()],
    )
}

/// `N tags`: users count tags, not images.
fn tags(images: Option<u64>) -> String {
    match images {
        None => "an unknown number of tags".to_owned(),
        Some(1) => "1 tag".to_owned(),
        Some(number) => format!("{number} tags"),
    }
}

/// What the public can pull. An empty repository is a risk too: images are pushed later.
fn exposed(images: Option<u64>) -> String {
    match images {
        Some(0) => "anyone can pull what will be pushed (empty now)".to_owned(),
        number => format!("anyone can pull {}", tags(number)),
    }
}

static DEFAULTS: Record = Record {
    name: "defaults of repositories",
    keys: &[],
    slots: &[Slot::Inherited(&REPOSITORY)],
    attributes_of: Some(&REPOSITORY),
    key_rule: KeyRule::Any,
};

static ENTRY: Record = Record {
    name: "repository",
    keys: &[STATE],
    slots: &[Slot::Entries(Some(&REPOSITORY))],
    attributes_of: Some(&REPOSITORY),
    key_rule: KeyRule::AbsentAlone,
};

struct Api;

/// The fields that list items and single repositories share. serde ignores all others: a field that
/// the service leaves out must not stop a plan (huaweicloud provider, issue 4336).
#[derive(Deserialize)]
struct Item {
    name: Arc<str>,
    // Not optional: with a guess in its place, a public repository could count as private.
    is_public: bool,
    category: Option<String>,
    description: Option<String>,
    num_images: Option<u64>,
    namespace: Option<Arc<str>>,
    domain_name: Option<String>,
    total_range: Option<usize>,
}

impl Item {
    fn into_live(self) -> LiveResource {
        // The service stores `other` and an empty text if a create omits them, and may leave them
        // out of its responses.
        let category = self
            .category
            .filter(|category| !category.is_empty())
            .unwrap_or_else(|| "other".to_owned());
        let attributes = IndexMap::from([
            ("is_public", Value::Bool(self.is_public)),
            ("category", Value::String(category)),
            (
                "description",
                Value::String(self.description.unwrap_or_default()),
            ),
        ]);
        let facts = self
            .num_images
            .map(|number| IMAGES.count(number))
            .unwrap_or_default();
        LiveResource {
            attributes,
            facts,
            ..LiveResource::default()
        }
    }
}

/// Also the base of the paths of the kinds below it.
pub(super) fn path(address: &Address) -> String {
    let name = address.part("repository").map_or("", |name| name);
    format!("{}/repos/{}", organization::path(address), segment(name))
}

fn request(address: &Address, method: Method, path: String) -> Request {
    let right = match method {
        Method::Get => "swr:repository:get",
        Method::Post => "swr:repository:create",
        Method::Delete => "swr:repository:delete",
        _ => "swr:repository:update",
    };
    Request::new(Service::Swr, address.region(), method, path).needs(right)
}

fn body(attributes: &Attributes) -> Map<String, Value> {
    attributes
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

/// Parses `{offset}-{items}/{total}` (swr-api: section 6.3).
pub(super) fn total_of(content_range: &str) -> Option<usize> {
    content_range.rsplit_once('/')?.1.trim().parse().ok()
}

/// Whether an item with these fields belongs to this repository. A field that is left out matches.
/// The service writes `$` for `/` in names, and no name contains a `$`.
pub(super) fn is_same(
    repository: &Address,
    organization: Option<&str>,
    name: Option<&str>,
) -> bool {
    let matches = |field: Option<&str>, part: &str| {
        let field = field.filter(|field| !field.is_empty());
        field.is_none_or(|field| {
            repository
                .part(part)
                .is_some_and(|name| **name == *field.replace('$', "/"))
        })
    };
    matches(organization, "organization") && matches(name, "repository")
}

/// Ordered by name, so that concurrent changes shift pages as little as possible.
fn list(region: &Arc<str>, Window { offset, limit }: Window) -> Request {
    let mut request = Request::new(
        Service::Swr,
        region,
        Method::Get,
        "/v2/manage/repos".to_owned(),
    )
    .needs("swr:repository:list");
    request.query = vec![
        ("limit", limit.to_string()),
        ("offset", offset.to_string()),
        ("order_column", "name".to_owned()),
        ("order_type", "asc".to_owned()),
    ];
    request
}

/// Whether the filter matches exactly is not documented, so the result may contain repositories of
/// other organizations.
fn list_inside(organization: &Address, window: Window) -> Request {
    let mut request = list(organization.region(), window);
    request.query.extend(
        organization
            .part("organization")
            .map(|name| ("namespace", name.to_string())),
    );
    request
}

fn decode_list(region: &Arc<str>, response: &Response) -> Result<Page, Undecodable> {
    let Ok(items) = parse::<Option<Vec<Item>>>(response, "a list of repositories") else {
        return decode_one_by_one(region, response);
    };
    let items = items.unwrap_or_default();
    let mut page = Page {
        length: items.len(),
        total: response.content_range.as_deref().and_then(total_of),
        ..Page::default()
    };
    // Neighbours are mostly in one organization, and share its name.
    let mut last: Option<Arc<str>> = None;
    for item in items {
        // The header goes first: an empty page has no item with the total (swr-api: section 6.3).
        page.total = page.total.or(item.total_range);
        page.account = page.account.take().or_else(|| item.domain_name.clone());
        let named = |name: &&str| !name.is_empty() && !item.name.is_empty();
        let Some(organization) = item.namespace.as_deref().filter(named) else {
            return Err(Undecodable::new(
                "a `name` and a `namespace` in each repository",
                response,
            ));
        };
        let organization = last
            .take_if(|last| **last == *organization)
            .unwrap_or_else(|| organization.into());
        last = Some(organization.clone());
        page.items.push((
            address(region.clone(), organization, item.name.clone()),
            item.into_live(),
        ));
    }
    Ok(page)
}

/// The names of tags that an item of the list carries.
#[derive(Deserialize)]
struct NamedItem {
    name: Arc<str>,
    namespace: Arc<str>,
    num_images: Option<u64>,
    tags: Option<Vec<Box<str>>>,
}

/// Whether the list has the names of hundreds of tags is not published, so only as many as there
/// are images count as all (swr-next: A7).
fn named(region: &Arc<str>, response: &Response) -> Named {
    let items = parse::<Option<Vec<NamedItem>>>(response, "a list of repositories");
    let items = items.ok().flatten().unwrap_or_default();
    let whole = |item: NamedItem| {
        let mut names = item.tags.unwrap_or_default();
        names.sort_unstable();
        names.dedup();
        let is_whole = item.num_images == Some(names.len() as u64);
        is_whole.then(|| (address(region.clone(), item.namespace, item.name), names))
    };
    items.into_iter().filter_map(whole).collect()
}

/// What an item of the list says about its size.
#[derive(Deserialize)]
struct SizedItem {
    name: Arc<str>,
    namespace: Arc<str>,
    size: Option<u64>,
}

fn sized(region: &Arc<str>, response: &Response) -> Sizes {
    let items = parse::<Option<Vec<SizedItem>>>(response, "a list of repositories");
    let items = items.ok().flatten().unwrap_or_default().into_iter();
    let sized = |item: SizedItem| {
        let address = address(region.clone(), item.namespace, item.name);
        Some((address, item.size?))
    };
    items.filter_map(sized).collect()
}

/// Decodes a list that has an undecodable item. If the item has a name, only that repository is
/// unknown, and the others stay usable.
fn decode_one_by_one(region: &Arc<str>, response: &Response) -> Result<Page, Undecodable> {
    let items: Vec<Value> = parse(response, "a list of repositories")?;
    let mut page = Page {
        length: items.len(),
        total: response.content_range.as_deref().and_then(total_of),
        ..Page::default()
    };
    for value in items {
        let text = |key: &str| {
            value
                .get(key)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let (Some(name), Some(organization)) = (text("name"), text("namespace")) else {
            return Err(Undecodable::new(
                "a `name` and a `namespace` in each repository",
                response,
            ));
        };
        // Before the decoding, which consumes the value.
        let problem =
            Undecodable::within("a repository", response, value.to_string().as_bytes()).to_string();
        let live = match serde_json::from_value::<Item>(value) {
            Ok(item) => {
                page.total = page.total.or(item.total_range);
                page.account = page.account.take().or_else(|| item.domain_name.clone());
                item.into_live()
            }
            Err(_) => LiveResource {
                malformed: Some(problem.into()),
                ..LiveResource::default()
            },
        };
        page.items
            .push((address(region.clone(), organization, name), live));
    }
    Ok(page)
}

impl Wire for Api {
    fn read(&self, Subject { address, .. }: Subject<'_>) -> Request {
        request(address, Method::Get, path(address))
    }

    /// Only newer versions of the API return the organization of a single repository.
    fn decode_read(
        &self,
        address: &Address,
        response: &Response,
    ) -> Result<Option<LiveResource>, Undecodable> {
        let item: Item = parse(response, "a repository")?;
        let organization = item.namespace.as_ref().filter(|name| !name.is_empty());
        let is_asked_for = Some(&item.name) == address.part("repository")
            && organization.is_none_or(|name| Some(name) == address.part("organization"));
        if is_asked_for {
            Ok(Some(item.into_live()))
        } else {
            Err(Undecodable::new(
                "the repository that was asked for",
                response,
            ))
        }
    }

    /// Paths contain the name with `$`, but the body contains it with `/`.
    fn create(&self, Subject { address, .. }: Subject<'_>, after: &Attributes) -> Request {
        let mut request = request(
            address,
            Method::Post,
            format!("{}/repos", organization::path(address)),
        );
        let mut fields =
            Map::from_iter([("repository".to_owned(), json!(address.part("repository")))]);
        fields.extend(body(after));
        request.body = Some(Value::Object(fields));
        request
    }

    fn update(&self, Subject { address, .. }: Subject<'_>, after: &Attributes) -> Option<Request> {
        let mut request = request(address, Method::Patch, path(address));
        request.body = Some(Value::Object(body(after)));
        Some(request)
    }

    fn delete(&self, Subject { address, .. }: Subject<'_>) -> Option<Request> {
        Some(request(address, Method::Delete, path(address)))
    }

    fn explain(&self, error: &ApiError) -> Option<&'static str> {
        match error.code.as_deref()? {
            "SVCSTG.SWR.4060012" => {
                Some("the repository still contains images: delete its tags first")
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
