//! `mirror`: a git repository of CodeArts Repo that follows another one.
//!
//! Paths contain the repository's id, never its name. Whether a PUT replaces or merges is not
//! documented, so each one sends all fields. Only the mirror itself shows the state of a run: the
//! job that a start returns cannot be queried, and there is no way to cancel a run or to detach a
//! mirror (codearts-repo-api: sections 1, 2 and 8).

use std::sync::Arc;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Attribute, Candidate, Hazard, IdField, Identity, Kind, Lifecycle, Listing, Lookup, Page,
    Preset, Role, Runs, Shape, Subject, Undecodable, Unmentioned, Unrepairable, Window, Wire,
    json as parse,
    place::{Form, KeyRule, Place, Record, TextForm, key},
};
use crate::{
    address::Address,
    mask::Foreign,
    names::{Name, Rule},
    risk::RiskClass,
    state::{Attributes, LARGEST_REMOTE_ID, LiveResource, RemoteId, RunState},
    time::{Moment, Stamp},
    wire::{Method, Request, Response, Service, error::ApiError, secret::Login},
};

/// The largest page that the service returns.
const PAGE: usize = 100;

/// The right that every read needs (codearts-repo-api: section 2).
const READS: &str = "codeartsrepo:repository:getRepository";

/// A longer job id is cut in reports, in characters.
const LONGEST_JOB: usize = 100;

/// A longer status or error of a run is cut, in characters.
const LONGEST_ERROR: usize = 600;

/// A CodeArts project and a git repository in it.
pub const NAME: Name = Name::Resource(&Rule {
    words: "`project/repository`: the project's name without `/`, then letters, digits, `-`, `_` \
        and `.`, with `/` for groups",
    regex: r"^[^\s/\x00-\x1f\x7f-\x9f]([^/\x00-\x1f\x7f-\x9f]*[^\s/\x00-\x1f\x7f-\x9f])?(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$",
    is_valid: |text| {
        text.split_once('/').is_some_and(|(project, path)| {
            let is_plain = !project.is_empty()
                && project.trim() == project
                && !project.chars().any(char::is_control);
            is_plain && path.split('/').all(is_git_name)
        })
    },
    meant: |_| None,
});

/// One segment of the path: a group or the repository (codearts-repo-api: section 4.1).
fn is_git_name(text: &str) -> bool {
    let is_start = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.bytes().next().is_some_and(is_start)
        && text
            .bytes()
            .all(|byte| is_start(byte) || matches!(byte, b'-' | b'.'))
}

/// The id of the repository. Its mirror has no id of its own.
static ID: IdField = IdField {
    name: "repository_id",
    moved: |was, is| format!("asked for repository {was}, but the response is about {is}"),
};

pub static MIRROR: Kind = Kind {
    name: "mirror",
    service: Service::CodeArts,
    key: &["region", "project", "repository"],
    names: &[Name::Region],
    tail: None,
    parent: None,
    place: Place {
        key: key(
            "mirrors",
            Form::Dictionary(NAME, &ENTRY),
            "{ platform/app: { url: 'https://git.example.com/app.git', scheduled: true, max_age: \
            6h } }",
            "Git repositories of CodeArts Repo that mirror another one, by project and repository. \
            The repository must exist already; portolan makes it a mirror and keeps it fresh.",
        ),
        defaults: None,
        shared: None,
        item_errors: None,
    },
    attributes: &[
        Attribute {
            name: "url",
            role: Role::Mutable,
            shape: Shape::WebAddress,
            service_default: Preset::Text(""),
            required: false,
            is_remark: false,
            hazard: None,
            aliases: &[],
            example: "https://git.example.com/app.git",
            doc: "The repository to mirror, without a user name or password: those go under \
                `credentials`.",
        },
        Attribute {
            name: "branches",
            role: Role::WriteOnly,
            shape: Shape::OneOf(&["all", "default"]),
            service_default: Preset::Text("all"),
            required: true,
            is_remark: false,
            hazard: None,
            aliases: &[],
            example: "all",
            doc: "Which branches are mirrored. The service does not return this, so it is sent \
                with other changes and never compared.",
        },
        Attribute {
            name: "scheduled",
            role: Role::Mutable,
            shape: Shape::Bool,
            service_default: Preset::Bool(false),
            required: true,
            is_remark: false,
            hazard: Some(Hazard {
                class: RiskClass::OneWay,
                value: false,
                on_creation: false,
                evidence: |_| {
                    "the service may not let the schedule be switched on again".to_owned()
                },
            }),
            aliases: &[],
            example: "true",
            doc: "Whether the service runs the mirror on its own schedule. Switching this off may \
                be final: the documents contradict each other.",
        },
        Attribute {
            name: "endpoint",
            role: Role::Mutable,
            shape: Shape::Uuid,
            service_default: Preset::Text(""),
            required: true,
            is_remark: false,
            hazard: None,
            aliases: &[],
            example: "b3dc4fb4-5f42-4b3a-9f6e-8f6d1f1f0c11",
            doc: "The service endpoint that stores the credentials for the other repository. Empty \
                for none.",
        },
        Attribute {
            name: "force",
            role: Role::WriteOnly,
            shape: Shape::Bool,
            service_default: Preset::Bool(false),
            required: true,
            is_remark: false,
            hazard: None,
            aliases: &[],
            example: "false",
            doc: "Whether a run overwrites what was pushed to the mirror. Sent only with runs.",
        },
    ],
    lifecycle: Lifecycle::Attached,
    risks: &[],
    collects: None,
    copying: None,
    holds: None,
    blocks_parent: None,
    unmentioned: Unmentioned::Kept,
    expected_copy: None,
    note_on_creation: None,
    identity: Identity::LookedUp(&Lookup {
        id: &ID,
        duplicate: "duplicate-mirror",
        missing: Unrepairable {
            code: "no-such-repository",
            problem: "there is no git repository of this name, and portolan cannot create one",
            remedy: "create the repository",
        },
        required: "url",
        incomplete: Unrepairable {
            code: "mirror-without-url",
            problem: "the repository is not a mirror yet, and the chart has no `url` for it",
            remedy: "add its `url`",
        },
    }),
    runs: Some(&Runs {
        url: "url",
        endpoint: "endpoint",
        force: "force",
        forced_risk: (
            RiskClass::Overwrites,
            "what was pushed to the mirror is overwritten",
        ),
        start,
        job,
        is_in_flight,
    }),
    listing: Listing::PerId {
        page_size: PAGE,
        request: list,
        decode: decode_list,
    },
    quota: None,
    gone_codes: &[],
    // "Invalid parameter": a read of a mirror has no parameter but the id. Whether the repository
    // exists without a mirror is decided by the list.
    absent_codes: &["CH.010001"],
    wire: &Api,
};

pub fn address(
    region: impl Into<Arc<str>>,
    project: impl Into<Arc<str>>,
    name: impl Into<Arc<str>>,
) -> Address {
    Address::new(&MIRROR, vec![region.into(), project.into(), name.into()])
}

static ENTRY: Record = Record {
    name: "mirror",
    keys: &[
        key(
            "repository_id",
            Form::Number(1, LARGEST_REMOTE_ID),
            "123",
            "The repository's id. Without it the repository is looked up by its exact name, which \
            must be unique.",
        ),
        key(
            "max_age",
            Form::Text(TextForm::Age),
            "6h",
            "How old the last success may be. The mirror is run if it is older, if there is none, \
            and after a change. Absent or `null`: it is never run.",
        )
        .nullable(),
        key(
            "credentials",
            Form::Record(&CREDENTIALS),
            "{ username: { env: GIT_USER }, password: { env: GIT_TOKEN } }",
            "The login for the other repository, if it is not public. It is read right before a \
            run and sent with it. The alternative is an `endpoint`.",
        )
        .nullable(),
    ],
    slots: &[],
    attributes_of: Some(&MIRROR),
    key_rule: KeyRule::Any,
};

static CREDENTIALS: Record = Record {
    name: "login",
    keys: &[
        key(
            "username",
            Form::Record(&SECRET),
            "{ env: GIT_USER }",
            "Where to read the user name.",
        )
        .required(),
        key(
            "password",
            Form::Record(&SECRET),
            "{ file: /run/secrets/git }",
            "Where to read the password or token.",
        )
        .required(),
    ],
    slots: &[],
    attributes_of: None,
    key_rule: KeyRule::Login,
};

static SECRET: Record = Record {
    name: "reference to a secret",
    keys: &[
        key(
            "env",
            Form::Text(TextForm::Name(Name::Variable)),
            "GIT_TOKEN",
            "The environment variable that holds it. One line break at its end is ignored.",
        ),
        key(
            "file",
            Form::Text(TextForm::Path),
            "/run/secrets/git",
            "A file that holds nothing else, of at most 64 KiB and not below /proc, /sys or /dev. \
            One line break at its end is ignored.",
        ),
    ],
    slots: &[],
    attributes_of: None,
    key_rule: KeyRule::OneSource,
};

struct Api;

#[derive(Deserialize)]
struct Item {
    repository_id: Option<u64>,
    url: Option<String>,
    mirroring_enabled: Option<bool>,
    endpoint_uuid: Option<String>,
    update_status: Option<String>,
    last_update_at: Option<String>,
    last_successful_update_at: Option<String>,
    number_of_failures: Option<u64>,
    last_error: Option<String>,
}

/// The documents describe both values of `mirroring_enabled` the other way round than its name
/// suggests. portolan follows the name. Should the service follow the documents, this is the one
/// place to change, for reads and writes.
fn polarity(value: bool) -> bool {
    value
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

impl Item {
    /// `None` if the repository is not a mirror.
    fn into_live(self, response: &Response) -> Result<Option<LiveResource>, Undecodable> {
        // What a read of an ordinary repository returns is not documented, and may be empty fields
        // (codearts-repo-api: section 2.2).
        let Some(url) = filled(self.url) else {
            return Ok(None);
        };
        let mut attributes = IndexMap::from([("url", Value::String(url))]);
        // Left out, it stays unknown: no default is documented.
        attributes.extend(
            self.mirroring_enabled
                .map(|value| ("scheduled", Value::Bool(polarity(value)))),
        );
        attributes.insert(
            "endpoint",
            Value::String(self.endpoint_uuid.unwrap_or_default()),
        );
        // Older interfaces write times without an offset, which can be UTC or China's. The clock of
        // the same response tells them apart.
        let clock = response.date.as_deref().and_then(Moment::of_http);
        let stamp = |text: Option<String>| match filled(text) {
            None => Ok(None),
            Some(text) => match Stamp::parse(&text, clock) {
                Some(stamp) => Ok(Some(stamp)),
                None => Err(Undecodable::new(
                    "times such as 2026-11-20T23:10:00Z in a mirror",
                    response,
                )),
            },
        };
        let runs = RunState {
            status: filled(self.update_status)
                .map(|status| Foreign::new(&response.mask, &status, LONGEST_ERROR)),
            last_attempt: stamp(self.last_update_at)?,
            last_success: stamp(self.last_successful_update_at)?,
            failures: self.number_of_failures.unwrap_or_default(),
            last_error: filled(self.last_error)
                .map(|error| Foreign::new(&response.mask, &error, LONGEST_ERROR)),
        };
        // An id of 0 is as good as none. A wrong one is reported when the plan is made.
        let id = self.repository_id.filter(|id| *id > 0);
        Ok(Some(LiveResource {
            attributes,
            runs: Some(Box::new(runs)),
            id,
            ..LiveResource::default()
        }))
    }
}

/// A plan contains no request for a mirror without an id, so the 0 is never sent.
fn path(Subject { id, .. }: Subject<'_>) -> String {
    format!("/v4/repositories/{}/remote-mirror", id.map_or(0, u64::from))
}

fn request(subject: Subject<'_>, method: Method, path: String) -> Request {
    let right = match method {
        Method::Get => READS,
        _ => "codeartsrepo:repository:setRepository",
    };
    Request::new(Service::CodeArts, subject.address.region(), method, path).needs(right)
}

/// Ordered by creation, so that concurrent changes do not shift pages. The service reports no
/// total: a short page is the last one.
fn list(region: &Arc<str>, Window { offset, limit }: Window) -> Request {
    let mut request = Request::new(
        Service::CodeArts,
        region,
        Method::Get,
        "/v4/user/repositories".to_owned(),
    )
    .needs(READS);
    request.query = vec![
        ("limit", limit.to_string()),
        ("offset", offset.to_string()),
        ("order_by", "created_at".to_owned()),
        // Ascending, because a new repository at the front would shift all pages; the service's
        // default is descending (codearts-repo-api: section 3).
        ("sort", "asc".to_owned()),
    ];
    request
}

#[derive(Deserialize)]
struct Listed {
    id: RemoteId,
    name: String,
    http_url_to_repo: Option<String>,
    project_name: Option<String>,
    /// Older versions of the API return text here.
    project_is_delete: Option<Value>,
}

fn decode_list(response: &Response) -> Result<Page<Candidate>, Undecodable> {
    let listed: Option<Vec<Listed>> = parse(response, "a list of git repositories")?;
    let items: Vec<_> = listed
        .unwrap_or_default()
        .into_iter()
        .map(Listed::into_candidate)
        .collect();
    Ok(Page {
        length: items.len(),
        items,
        ..Page::default()
    })
}

impl Listed {
    /// A repository in a group has a path below the project, which only the clone URL shows.
    /// Without a key, no entry of the chart matches a repository of a deleted project.
    fn into_candidate(self) -> Candidate {
        let is_deleted = self
            .project_is_delete
            .is_some_and(|value| value == json!(true) || value == json!("true"));
        let project = self.project_name.unwrap_or_default();
        let path = self
            .http_url_to_repo
            .as_deref()
            .and_then(|url| url.split_once("://")?.1.split_once('/'));
        // A group is visible only here, and one name may repeat in several groups of a project
        // (codearts-repo-api: section 3).
        let below =
            path.and_then(|(_, path)| path.strip_suffix(".git").unwrap_or(path).split_once('/'));
        let is_full = |path: &&str| {
            path.strip_suffix(&*self.name)
                .is_some_and(|groups| groups.ends_with('/'))
        };
        let name = below
            .map(|(_, path)| path)
            .filter(is_full)
            .unwrap_or(&self.name)
            .to_owned();
        Candidate {
            id: self.id,
            key: if is_deleted {
                Vec::new()
            } else {
                vec![project, name]
            },
        }
    }
}

impl Wire for Api {
    fn read(&self, subject: Subject<'_>) -> Request {
        request(subject, Method::Get, path(subject))
    }

    fn decode_read(
        &self,
        _address: &Address,
        response: &Response,
    ) -> Result<Option<LiveResource>, Undecodable> {
        parse::<Item>(response, "a mirror")?.into_live(response)
    }

    /// Only sets the URL; an update that follows sets the rest.
    fn create(&self, subject: Subject<'_>, after: &Attributes) -> Request {
        let mut request = request(
            subject,
            Method::Post,
            format!("{}/associate", path(subject)),
        );
        // The documents show no body for this request; the SDK's model of it has this one field
        // (codearts-repo-api: section 2.4).
        request.body = Some(json!({ "url": after.get("url") }));
        request
    }

    fn created(&self, after: &Attributes) -> Attributes {
        after
            .get("url")
            .map(|url| ("url", url.clone()))
            .into_iter()
            .collect()
    }

    fn update(&self, subject: Subject<'_>, after: &Attributes) -> Option<Request> {
        let mut request = request(subject, Method::Put, path(subject));
        request.body = Some(json!({
            "url": after.get("url"),
            "sync_branch_type": after.get("branches"),
            "mirroring_enabled": polarity(after.get("scheduled") == Some(&Value::Bool(true))),
            "endpoint_uuid": after.get("endpoint"),
        }));
        Some(request)
    }

    fn delete(&self, _subject: Subject<'_>) -> Option<Request> {
        None
    }

    fn explain(&self, error: &ApiError) -> Option<&'static str> {
        match error.code.as_deref()? {
            "CH.004403" => Some(
                "the caller's role in the repository lacks the permission to change its settings",
            ),
            "CH.004404" => Some("the repository is gone, or is not a mirror"),
            _ => None,
        }
    }
}

/// Starts a run. Sends a login or an endpoint, never both: which of the two the service would use
/// is not documented.
fn start(subject: Subject<'_>, force: bool, endpoint: &str, login: Option<&Login>) -> Request {
    let mut request = request(subject, Method::Post, path(subject));
    let endpoint = if login.is_some() { "" } else { endpoint };
    request.body = Some(
        json!({ "username": "", "password": "", "endpoint_uuid": endpoint, "force_fetch": force }),
    );
    if let Some(login) = login {
        request.secrets = vec![
            ("username", login.username.clone()),
            ("password", login.password.clone()),
        ];
    }
    request
}

/// The job id in the response to a start, for support tickets. The service cannot be asked about
/// it.
fn job(response: &Response) -> Option<String> {
    let answer: Value = serde_json::from_slice(&response.body).ok()?;
    let job = answer["jid"].as_str().filter(|job| !job.is_empty())?;
    Some(Foreign::new(&response.mask, job, LONGEST_JOB).to_string())
}

/// Whether a run is in progress. The documents list no values. These are GitLab's, which has fields
/// of the same names, and common synonyms. An unknown value counts as not running.
fn is_in_flight(state: &RunState) -> bool {
    state.status.as_deref().is_some_and(|status| {
        matches!(
            &*status.to_ascii_lowercase(),
            "scheduled" | "started" | "queued" | "running"
        )
    })
}

#[cfg(test)]
mod tests;
