//! `share`: another account may pull from a private repository, until a day.
//!
//! A repository is shared with an account by name, which the service may write in other case than
//! the chart. A share ends by itself: it then stays in the list with `status: false`. One list of
//! the region names the repositories that are shared at all, so the others need no request
//! (swr-next: section A2).

use std::sync::Arc;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    ActionRisk, Attribute, Identity, Kind, Lifecycle, Listing, Page, Parents, Preset, Role, Shape,
    Step, Subject, Tail, Undecodable, Unmentioned, Verb, Window, Wire, json as parse, organization,
    place::{Abroad, Form, ItemError, ItemErrors, KeyRule, Place, Record, TextForm, key},
    repository, segment,
};
use crate::{
    address::Address,
    names::{Name, Rule},
    risk::RiskClass,
    state::{Attributes, LiveResource},
    time::Deadline,
    wire::{Method, Request, Response, Service, error::ApiError},
};

/// The list of one repository has no pages and "100 by default", although 500 accounts are allowed.
const LONGEST_LIST: usize = 100;

/// The largest page of the list of shared repositories.
const PAGE: usize = 1000;

/// The only permission.
const PERMIT: &str = "read";

/// The documented answer to a read of a share that does not exist, beside `"exist": false`.
const NOT_SHARED: &str = "SVCSTG.SWR.4001090";

/// Lenient: the documents have no rule for names of accounts.
const ACCOUNT: Name = Name::Resource(&Rule {
    words: "the name of an account: 1 to 64 letters, digits, `-`, `_`, `.` and `@`",
    regex: "^[A-Za-z0-9_.@-]{1,64}$",
    is_valid: |text| {
        (1..=64).contains(&text.len())
            && text.chars().all(is_of_account)
            // A URL library would collapse them.
            && !matches!(text, "." | "..")
    },
    meant: |_| None,
});

fn is_of_account(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | '@')
}

static TAIL: Tail = Tail {
    parts: 1,
    mark: " => ",
    words: "ACCOUNT",
    may_contain: is_of_account,
    ignores_case: true,
};

pub static SHARE: Kind = Kind {
    name: "share",
    service: Service::Swr,
    key: &["region", "organization", "repository", "account"],
    names: &[Name::Region, organization::NAME, repository::NAME, ACCOUNT],
    tail: Some(&TAIL),
    parent: Some(&repository::REPOSITORY),
    place: Place {
        key: key(
            "share",
            Form::List(&Form::Record(&ITEM)),
            "[ { account: partner-co, until: 2027-12-31 } ]",
            "The other accounts that may pull. If present, the list is complete: other accounts \
            lose their access. Absent or `null`: what is shared is left alone.",
        )
        .nullable()
        .never_inherited()
        .aliases(&[
            "shares",
            "sharing",
            "shared_with",
            "access_domains",
            "access_domain",
        ]),
        defaults: None,
        shared: None,
        item_errors: Some(&ItemErrors {
            duplicate: ItemError {
                code: "duplicate-share",
                problem: "this account is in the list twice",
            },
            incomplete: None,
            fixed: None,
            abroad: Some(&Abroad {
                account: "account",
                public: ItemError {
                    code: "shared-public",
                    problem: "a public repository cannot be shared",
                },
                own: ItemError {
                    code: "shared-with-self",
                    problem: "this is the own account",
                },
                most: (
                    500,
                    ItemError {
                        code: "too-many-shares",
                        problem: "a repository can be shared with 500 accounts at most",
                    },
                ),
            }),
        }),
    },
    attributes: &[
        Attribute {
            name: "until",
            role: Role::Mutable,
            shape: Shape::Deadline,
            service_default: Preset::Nothing,
            required: true,
            is_remark: false,
            hazard: None,
            aliases: &["deadline", "expires", "expiry", "valid_until", "end"],
            example: "2027-12-31",
            doc: "When the access ends: a day, which is included and ends in UTC, an instant, or \
                `forever`.",
        },
        Attribute {
            name: "description",
            role: Role::Mutable,
            shape: Shape::Text(1000),
            service_default: Preset::Text(""),
            required: true,
            is_remark: true,
            hazard: None,
            aliases: &["desc", "comment"],
            example: "yearly audit",
            doc: "What it is for. `\"\"` clears it.",
        },
    ],
    lifecycle: Lifecycle::Granted,
    risks: &[
        ActionRisk {
            of: Verb::Create,
            class: RiskClass::Shares,
            evidence: shared,
        },
        ActionRisk {
            of: Verb::Update,
            class: RiskClass::Shares,
            evidence: |step| is_extended(step).then(|| shared(step)).flatten(),
        },
    ],
    holds: None,
    collects: None,
    copying: None,
    blocks_parent: None,
    unmentioned: Unmentioned::ListIsComplete,
    expected_copy: None,
    note_on_creation: None,
    identity: Identity::Key,
    runs: None,
    listing: Listing::PerListedParent {
        parents: Parents {
            page_size: PAGE,
            request: list_shared,
            decode: decode_shared,
            about: "it is shared with other accounts",
            longest: LONGEST_LIST,
        },
        request: list,
        decode: decode_list,
    },
    quota: None,
    gone_codes: &[NOT_SHARED],
    absent_codes: &[NOT_SHARED],
    wire: &Api,
};

static ITEM: Record = Record {
    name: "share",
    keys: &[key(
        "account",
        Form::Text(TextForm::Name(ACCOUNT)),
        "partner-co",
        "The name of the account. Case does not matter.",
    )
    .required()
    .aliases(&["domain", "access_domain", "name"])],
    slots: &[],
    attributes_of: Some(&SHARE),
    key_rule: KeyRule::Any,
};

pub fn address(repository: &Address, account: &str) -> Address {
    let mut key = repository.parts().to_vec();
    key.push(Arc::from(account));
    Address::new(&SHARE, key)
}

fn until(attributes: Option<&Attributes>) -> Option<&str> {
    attributes?.get("until")?.as_str()
}

/// Whether the access lasts longer than before. It does if that cannot be known.
fn is_extended(step: Step<'_>) -> bool {
    let read = |attributes| until(attributes).and_then(|text| text.parse::<Deadline>().ok());
    match (read(step.before), read(step.after)) {
        (Some(before), Some(after)) => after.is_after(before),
        _ => until(step.before) != until(step.after),
    }
}

/// An empty repository is a risk too: images are pushed later.
fn shared(step: Step<'_>) -> Option<String> {
    let account = step.address?.part("account")?;
    let tags = match step.held {
        None => "an unknown number of tags".to_owned(),
        Some(0) => "what will be pushed (empty now)".to_owned(),
        Some(1) => "1 tag".to_owned(),
        Some(number) => format!("{number} tags"),
    };
    let end = match until(step.after)? {
        "forever" => "forever".to_owned(),
        end => format!("until {}", crate::text::escaped(end)),
    };
    let account = crate::text::escaped(account);
    Some(format!("account {account} can pull {tags} {end}"))
}

struct Api;

#[derive(Deserialize)]
struct Item {
    /// Only in the answer for one account.
    exist: Option<bool>,
    namespace: Option<String>,
    repository: Option<String>,
    access_domain: Option<String>,
    permit: Option<String>,
    deadline: Option<String>,
    description: Option<String>,
    /// Whether it is still in force.
    status: Option<bool>,
}

impl Item {
    /// The account and its access. `None` if the answer is about another repository, or lacks what
    /// a share always has.
    fn into_live(self, repository: &Address) -> Option<(String, LiveResource)> {
        let (organization, name) = (self.namespace.as_deref(), self.repository.as_deref());
        let is_known = repository::is_same(repository, organization, name)
            // Another permission is one that this program does not know.
            && self.permit.is_none_or(|permit| permit == PERMIT);
        let account = self.access_domain.filter(|account| !account.is_empty())?;
        let attributes = IndexMap::from([
            ("until", Value::String(self.deadline?)),
            (
                "description",
                Value::String(self.description.unwrap_or_default()),
            ),
        ]);
        let live = LiveResource {
            attributes,
            is_expired: self.status == Some(false),
            ..LiveResource::default()
        };
        is_known.then_some((account, live))
    }
}

const EXPECTED: &str = "accounts that may read this repository";

fn path(repository: &Address) -> String {
    let name = repository.part("repository").map_or("", |name| name);
    // Not `repos`, as everywhere else (swr-next: section A2).
    format!(
        "{}/repositories/{}/access-domains",
        organization::path(repository),
        segment(name)
    )
}

fn request(address: &Address, method: Method, suffix: &str) -> Request {
    let path = format!("{}{suffix}", path(address));
    // The rights to change and to delete are not published (swr-next: A9).
    let right = match method {
        Method::Get => Some("swr:repo:listRepoDomains"),
        Method::Post => Some("swr:repo:createRepoDomain"),
        _ => None,
    };
    Request {
        right,
        ..Request::new(Service::Swr, address.region(), method, path)
    }
}

fn of_account(address: &Address, method: Method) -> Request {
    let account = address.part("account").map_or("", |account| account);
    request(address, method, &format!("/{}", segment(account)))
}

/// Both writes send everything: an update without a description would clear it.
fn body(after: &Attributes) -> Value {
    let deadline = until(Some(after)).map(|text| {
        // A value that is only sent back may have any form.
        let deadline = text.parse::<Deadline>().ok();
        deadline
            .and_then(Deadline::to_wire)
            .unwrap_or_else(|| text.to_owned())
    });
    json!({
        "permit": PERMIT,
        "deadline": deadline,
        "description": after.get("description"),
    })
}

fn list_shared(region: &Arc<str>, Window { offset, limit }: Window) -> Request {
    let path = "/v2/manage/shared-repositories".to_owned();
    let mut request =
        Request::new(Service::Swr, region, Method::Get, path).needs("swr:repo:listSharedRepos");
    request.query = vec![
        ("center", "self".to_owned()),
        ("limit", limit.to_string()),
        ("offset", offset.to_string()),
    ];
    request
}

fn decode_shared(region: &Arc<str>, response: &Response) -> Result<Page, Undecodable> {
    #[derive(Deserialize)]
    struct Shared {
        namespace: Arc<str>,
        name: Arc<str>,
        total_range: Option<usize>,
    }
    let items: Option<Vec<Shared>> = parse(response, "a list of shared repositories")?;
    let items = items.unwrap_or_default();
    if items
        .iter()
        .any(|item| item.namespace.is_empty() || item.name.is_empty())
    {
        return Err(Undecodable::new("repositories with names", response));
    }
    let from_header = response
        .content_range
        .as_deref()
        .and_then(repository::total_of);
    Ok(Page {
        length: items.len(),
        total: from_header.or_else(|| items.iter().find_map(|item| item.total_range)),
        items: items
            .into_iter()
            .map(|item| {
                let address = repository::address(region.clone(), item.namespace, item.name);
                (address, LiveResource::default())
            })
            .collect(),
        ..Page::default()
    })
}

fn list(repository: &Address) -> Request {
    request(repository, Method::Get, "")
}

fn decode_list(repository: &Address, response: &Response) -> Result<Page, Undecodable> {
    let items: Option<Vec<Item>> = parse(response, EXPECTED)?;
    let items: Option<Vec<_>> = items
        .unwrap_or_default()
        .into_iter()
        .map(|item| item.into_live(repository))
        .collect();
    let items = items.ok_or_else(|| Undecodable::new(EXPECTED, response))?;
    let doubt = (items.len() >= LONGEST_LIST).then(|| {
        format!("the response has {LONGEST_LIST} accounts or more, so it may be incomplete")
    });
    Ok(Page {
        length: items.len(),
        items: items
            .into_iter()
            .map(|(account, live)| (address(repository, &account), live))
            .collect(),
        doubt,
        ..Page::default()
    })
}

impl Wire for Api {
    fn read(&self, Subject { address, .. }: Subject<'_>) -> Request {
        of_account(address, Method::Get)
    }

    fn decode_read(
        &self,
        address: &Address,
        response: &Response,
    ) -> Result<Option<LiveResource>, Undecodable> {
        let item: Item = parse(response, EXPECTED)?;
        if item.exist == Some(false) {
            return Ok(None);
        }
        let wanted = address.part("account");
        match item.into_live(address) {
            Some((account, live))
                if wanted.is_some_and(|wanted| wanted.eq_ignore_ascii_case(&account)) =>
            {
                Ok(Some(live))
            }
            _ => Err(Undecodable::new("the access of this account", response)),
        }
    }

    fn create(&self, Subject { address, .. }: Subject<'_>, after: &Attributes) -> Request {
        let mut request = request(address, Method::Post, "");
        let mut body = body(after);
        body["access_domain"] = json!(address.part("account"));
        request.body = Some(body);
        request
    }

    fn update(&self, subject: Subject<'_>, after: &Attributes) -> Option<Request> {
        let mut request = of_account(subject.address, Method::Patch);
        request.body = Some(body(after));
        Some(request)
    }

    fn delete(&self, subject: Subject<'_>) -> Option<Request> {
        Some(of_account(subject.address, Method::Delete))
    }

    fn explain(&self, error: &ApiError) -> Option<&'static str> {
        (error.status == 403 && error.right.is_none())
            .then_some("to change shares, these credentials need to manage the repository")
    }
}
