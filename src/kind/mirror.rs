//! `mirror`: a git repository of CodeArts Repo that follows another one.
//!
//! Paths take the repository's number, never its name. A PUT may replace or merge, which is not
//! documented, so every one sends all fields. The state of a run can only be read from the mirror
//! itself: the job that a start answers with cannot be asked for, and neither cancelling nor
//! detaching exists (codearts-repo-api: sections 1, 2 and 8).

use std::sync::Arc;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Attribute, Candidate, Hazard, Id, Identity, Kind, Lack, Lifecycle, Listing, Numbered, Page,
    Preset, Role, Runs, Shape, Subject, Undecodable, Unmentioned, Window, Wire, json as parse,
    place::{Form, Place, Record, TextForm, Together, key},
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

/// The most that the service gives in one page.
const PAGE: usize = 100;

/// The longest job id that is repeated.
const LONGEST_JOB: usize = 100;

/// The most that is repeated of why a run failed.
const LONGEST_ERROR: usize = 600;

/// A CodeArts project and a git repository in it.
pub const NAME: Name = Name::Resource(&Rule {
    words: "`project/repository`: the project's name without `/`, then letters, digits, `-`, `_` \
        and `.`, with `/` for groups",
    regex: r"^[^\s/\x00-\x1f\x7f]([^/\x00-\x1f\x7f]*[^\s/\x00-\x1f\x7f])?(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$",
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

/// A git repository, or a group of some (codearts-repo-api: section 4.1).
fn is_git_name(text: &str) -> bool {
    let is_start = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.bytes().next().is_some_and(is_start)
        && text
            .bytes()
            .all(|byte| is_start(byte) || matches!(byte, b'-' | b'.'))
}

/// The number of the repository, which its mirror is part of.
static ID: Id = Id {
    name: "repository_id",
    moved: |was, is| format!("the repository {was} was asked for, and the answer is about {is}"),
};

pub static MIRROR: Kind = Kind {
    name: "mirror",
    service: Service::CodeArts,
    key: &["region", "project", "repository"],
    names: &[Name::Region],
    joined_parts: 3,
    parent: None,
    place: Place {
        key: key(
            "mirrors",
            Form::Dictionary(NAME, &ENTRY),
            "{ platform/app: { url: 'https://git.example.com/app.git', scheduled: true, max_age: \
            6h } }",
            "The git repositories of CodeArts Repo that follow another one, by project and \
            repository. The repository itself must exist; portolan makes it a mirror, and keeps it \
            fresh.",
        ),
        defaults: None,
        beside: None,
        items: None,
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
            also: &[],
            example: "https://git.example.com/app.git",
            doc: "The repository that is followed. Without a user name and a password in it: those \
                are `credentials`.",
        },
        Attribute {
            name: "branches",
            role: Role::WriteOnly,
            shape: Shape::OneOf(&["all", "default"]),
            service_default: Preset::Text("all"),
            required: true,
            is_remark: false,
            hazard: None,
            also: &[],
            example: "all",
            doc: "Which branches are followed. The service never tells, so this is sent with other \
                changes and not compared.",
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
                of_creation: false,
                evidence: |_| {
                    "the service may not let the schedule be switched on again".to_owned()
                },
            }),
            also: &[],
            example: "true",
            doc: "Whether the service runs the mirror by itself. Switching it off may be final: \
                the documents contradict each other.",
        },
        Attribute {
            name: "endpoint",
            role: Role::Mutable,
            shape: Shape::Uuid,
            service_default: Preset::Text(""),
            required: true,
            is_remark: false,
            hazard: None,
            also: &[],
            example: "b3dc4fb4-5f42-4b3a-9f6e-8f6d1f1f0c11",
            doc: "The service endpoint that holds the credentials of the other side; an empty text \
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
            also: &[],
            example: "false",
            doc: "Whether a run overwrites what was pushed to the mirror. It is sent with each \
                run, and nothing else.",
        },
    ],
    lifecycle: Lifecycle::Attached,
    risks: &[],
    holds: None,
    fills: None,
    unmentioned: Unmentioned::Left,
    makes: None,
    note_on_creation: None,
    identity: Identity::LookedUp(&Numbered {
        id: &ID,
        missing: Lack {
            code: "no-such-repository",
            problem: "no git repository is called so, and portolan cannot create one",
            remedy: "create the repository",
        },
        needs: "url",
        needless: Lack {
            code: "mirror-without-url",
            problem: "the repository is no mirror yet, and the chart names no `url` to follow",
            remedy: "write its `url`",
        },
    }),
    runs: Some(&Runs {
        from: "url",
        endpoint: "endpoint",
        force: "force",
        forced: (
            RiskClass::Overwrites,
            "what was pushed to the mirror is overwritten",
        ),
        start,
        job,
        is_in_flight,
    }),
    listing: Listing::PerNumber {
        page_size: PAGE,
        request: list,
        decode: decode_list,
    },
    also_gone: &[],
    also_absent: &["CH.010001"],
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
            "The repository's number. Without it the repository is looked up by its exact name, of \
            which there must be one.",
        ),
        key(
            "max_age",
            Form::Text(TextForm::Age),
            "6h",
            "How old the last success may be. Older, or without one, or after a change, the mirror \
            is run. Absent or `null`: never.",
        )
        .nullable(),
        key(
            "credentials",
            Form::Record(&CREDENTIALS),
            "{ username: { env: GIT_USER }, password: { env: GIT_TOKEN } }",
            "Who asks the other side, if it is not public: read right before a run, and sent with \
            it. Or else an `endpoint`.",
        )
        .nullable(),
    ],
    slots: &[],
    attributes_of: Some(&MIRROR),
    together: Together::All,
};

static CREDENTIALS: Record = Record {
    name: "login",
    keys: &[
        key(
            "username",
            Form::Record(&SECRET),
            "{ env: GIT_USER }",
            "Where the user name is.",
        )
        .required(),
        key(
            "password",
            Form::Record(&SECRET),
            "{ file: /run/secrets/git }",
            "Where the password, or a token, is.",
        )
        .required(),
    ],
    slots: &[],
    attributes_of: None,
    together: Together::Login,
};

static SECRET: Record = Record {
    name: "place of a secret",
    keys: &[
        key(
            "env",
            Form::Text(TextForm::Name(Name::Variable)),
            "GIT_TOKEN",
            "The variable of the environment that holds it; a line break at its end does not \
            count.",
        ),
        key(
            "file",
            Form::Text(TextForm::Path),
            "/run/secrets/git",
            "The file of at most 64 KiB that holds it and nothing else, not below /proc, /sys or \
            /dev; a line break at its end does not count.",
        ),
    ],
    slots: &[],
    attributes_of: None,
    together: Together::OneSource,
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

/// The documents describe both values of `mirroring_enabled` the other way round than its name; the
/// name is believed. Works in both directions.
fn polarity(value: bool) -> bool {
    value
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

impl Item {
    /// Nothing, if the repository is no mirror.
    fn into_live(self, response: &Response) -> Result<Option<LiveResource>, Undecodable> {
        let Some(url) = filled(self.url) else {
            return Ok(None);
        };
        let mut attributes = IndexMap::from([("url", Value::String(url))]);
        attributes.extend(
            self.mirroring_enabled
                .map(|value| ("scheduled", Value::Bool(polarity(value)))),
        );
        attributes.insert(
            "endpoint",
            Value::String(self.endpoint_uuid.unwrap_or_default()),
        );
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
        let number = self.repository_id.filter(|number| *number > 0);
        Ok(Some(LiveResource {
            attributes,
            runs: Some(Box::new(runs)),
            number,
            ..LiveResource::default()
        }))
    }
}

/// Of a number that no plan lacks.
fn path(Subject { number, .. }: Subject<'_>) -> String {
    format!(
        "/v4/repositories/{}/remote-mirror",
        number.map_or(0, u64::from)
    )
}

fn request(subject: Subject<'_>, method: Method, path: String) -> Request {
    Request::new(Service::CodeArts, subject.address.region(), method, path)
}

/// In an order that writes do not change; there is no total, so the last page is a short one.
fn list(region: &Arc<str>, Window { offset, limit }: Window) -> Request {
    let mut request = Request::new(
        Service::CodeArts,
        region,
        Method::Get,
        "/v4/user/repositories".to_owned(),
    );
    request.query = vec![
        ("limit", limit.to_string()),
        ("offset", offset.to_string()),
        ("order_by", "created_at".to_owned()),
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
    /// A text in older interfaces.
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
    /// One in a group is called by its path below the project, which the address to clone from
    /// shows. One of a project that is deleted has no key, and is nobody's.
    fn into_candidate(self) -> Candidate {
        let gone = self
            .project_is_delete
            .is_some_and(|value| value == json!(true) || value == json!("true"));
        let project = self.project_name.unwrap_or_default();
        let path = self
            .http_url_to_repo
            .as_deref()
            .and_then(|url| url.split_once("://")?.1.split_once('/'));
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
            number: self.id,
            key: if gone {
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

    /// Ties the repository to the other one; how is up to the update that follows.
    fn create(&self, subject: Subject<'_>, after: &Attributes) -> Request {
        let mut request = request(
            subject,
            Method::Post,
            format!("{}/associate", path(subject)),
        );
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
            "CH.004403" => {
                Some("the role in the repository needs the permission to change its settings")
            }
            "CH.004404" => Some("the repository is gone, or it is no mirror"),
            _ => None,
        }
    }
}

/// Starts a run. Either a login or an endpoint is sent: which of two the service would take is not
/// documented.
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

/// The job that a start answered with, for a ticket: the service offers no way to ask for it.
fn job(response: &Response) -> Option<String> {
    let answer: Value = serde_json::from_slice(&response.body).ok()?;
    let job = answer["jid"].as_str().filter(|job| !job.is_empty())?;
    Some(Foreign::new(&response.mask, job, LONGEST_JOB).to_string())
}

/// Whether a run is under way. The documents list no values; these are GitLab's, whose fields have
/// the same names, and the words of other services for them. What is not known is not "finished",
/// and neither is it under way.
fn is_in_flight(state: &RunState) -> bool {
    state.status.as_deref().is_some_and(|status| {
        matches!(
            &*status.to_ascii_lowercase(),
            "scheduled" | "started" | "queued" | "running"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{mask::Mask, wire::secret::Secret};

    fn read(body: Value) -> Result<Option<LiveResource>, Undecodable> {
        let response = Response {
            body: body.to_string().into_bytes(),
            ..Response::default()
        };
        MIRROR.wire.decode_read(&address("r", "p", "a"), &response)
    }

    #[test]
    fn requests_name_the_repository_by_its_number() {
        let address = address("r", "p", "a/b");
        let subject = Subject {
            address: &address,
            number: RemoteId::try_from(2_147_483_647).ok(),
        };
        let after = Attributes::from([
            ("url", json!("https://x/a.git")),
            ("branches", json!("default")),
            ("scheduled", json!(true)),
            ("endpoint", json!("")),
            ("force", json!(true)),
        ]);
        assert_eq!(
            MIRROR.wire.read(subject).to_string(),
            "GET r /v4/repositories/2147483647/remote-mirror"
        );
        let associate = MIRROR.wire.create(subject, &after);
        assert_eq!(
            associate.to_string(),
            "POST r /v4/repositories/2147483647/remote-mirror/associate"
        );
        assert_eq!(
            associate.body_text().unwrap(),
            r#"{"url":"https://x/a.git"}"#
        );
        let change = MIRROR.wire.update(subject, &after).unwrap();
        assert_eq!(
            change.to_string(),
            "PUT r /v4/repositories/2147483647/remote-mirror"
        );
        let body = r#"{"url":"https://x/a.git","sync_branch_type":"default","mirroring_enabled":true,"endpoint_uuid":""}"#;
        assert_eq!(change.body_text().unwrap(), body);
    }

    #[test]
    fn a_start_is_as_the_api_page_writes_it() {
        let address = address("r", "p", "a");
        let subject = Subject {
            address: &address,
            number: RemoteId::try_from(1).ok(),
        };
        let plain = start(subject, false, "", None).body_text().unwrap();
        assert_eq!(
            plain,
            r#"{"username":"","password":"","endpoint_uuid":"","force_fetch":false}"#
        );
        let secret = |text: &str| Secret::new(text.to_owned());
        let login = Login {
            username: secret("me"),
            password: secret("p4ss"),
        };
        let body = start(subject, true, "uuid", Some(&login))
            .body_text()
            .unwrap();
        assert_eq!(
            body,
            r#"{"username":"bWU=","password":"cDRzcw==","endpoint_uuid":"","force_fetch":true}"#
        );
        let stored = start(subject, false, "uuid", None).body_text().unwrap();
        assert_eq!(
            stored,
            r#"{"username":"","password":"","endpoint_uuid":"uuid","force_fetch":false}"#
        );
    }

    #[test]
    fn what_is_not_filled_is_no_mirror_or_no_time() {
        for body in [
            json!({}),
            json!({ "url": null, "id": 0 }),
            json!({ "url": "", "mirroring_enabled": false }),
        ] {
            assert_eq!(read(body), Ok(None));
        }
        let live = read(
            json!({ "url": "u", "mirroring_enabled": false, "last_successful_update_at": "", "extra": 1 }),
        );
        let live = live.unwrap().unwrap();
        let expected = [
            ("url", json!("u")),
            ("scheduled", json!(false)),
            ("endpoint", json!("")),
        ];
        assert_eq!(live.attributes, Attributes::from(expected));
        assert_eq!(live.runs, Some(Box::default()));
        for (told, expected) in [(json!(7), Some(7)), (json!(0), None), (json!(null), None)] {
            assert_eq!(
                read(json!({ "url": "u", "repository_id": told }))
                    .unwrap()
                    .unwrap()
                    .number,
                expected
            );
        }
        let error =
            read(json!({ "url": "u", "last_successful_update_at": "a while ago" })).unwrap_err();
        assert!(error.to_string().contains("a while ago"), "{error}");
    }

    #[test]
    fn a_repository_in_a_group_is_called_by_its_path() {
        let body = json!([
            { "id": 1, "name": "app", "http_url_to_repo": "https://x.example/plat/app.git", "project_name": "platform" },
            { "id": 2, "name": "app", "http_url_to_repo": "https://x.example/plat/a/b/app.git",
              "project_name": "platform", "project_is_delete": "false" },
            { "id": 3, "name": "app", "project_name": "platform", "project_is_delete": "true" },
            { "id": 4, "name": "app" },
        ]);
        let response = Response {
            body: body.to_string().into_bytes(),
            ..Response::default()
        };
        let keys: Vec<String> = decode_list(&response)
            .unwrap()
            .items
            .iter()
            .map(|one| one.key.join("/"))
            .collect();
        assert_eq!(keys, ["platform/app", "platform/a/b/app", "", "/app"]);
        for id in ["0", "-1", "2147483648", "\"1\""] {
            let body = format!(r#"[{{ "id": {id}, "name": "app" }}]"#).into_bytes();
            assert!(
                decode_list(&Response {
                    body,
                    ..Response::default()
                })
                .is_err(),
                "{id}"
            );
        }
    }

    #[test]
    fn only_known_words_mean_that_a_run_is_under_way() {
        for (status, expected) in [
            ("started", true),
            ("Scheduled", true),
            ("finished", false),
            ("3", false),
        ] {
            let state = RunState {
                status: Some(Foreign::new(&Mask::default(), status, 100)),
                ..RunState::default()
            };
            assert_eq!(is_in_flight(&state), expected, "{status}");
        }
    }

    #[test]
    fn a_job_is_shown_on_one_line() {
        let job = |body: &str| {
            super::job(&Response {
                body: body.into(),
                ..Response::default()
            })
        };
        assert_eq!(
            job(r#"{"jid":"09a56216-cb37"}"#).as_deref(),
            Some("09a56216-cb37")
        );
        assert_eq!(job(r#"{"jid":"a\nb"}"#).as_deref(), Some("a\\nb"));
        assert_eq!(
            (
                job("{}"),
                job("[]"),
                job(r#"{"jid":7}"#),
                job(r#"{"jid":""}"#)
            ),
            (None, None, None, None)
        );
        let long = job(&format!(r#"{{"jid":"{}"}}"#, "x".repeat(999))).unwrap();
        assert_eq!(long.chars().count(), LONGEST_JOB + 1);
    }
}
