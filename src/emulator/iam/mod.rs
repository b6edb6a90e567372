//! The part of IAM and STS that clients of the other services need: a token for a password, keys of
//! an agency, and the ids of the projects and of the account. Beside them are the two services that
//! tell who a client is: the metadata service of a machine, and GitHub's token endpoint.
//!
//! A token is valid for 24 hours of simulated time in the region of the endpoint that issued it. It
//! is a secret, so it is never saved: tokens end with the process. The errors have the shape of
//! OpenStack Keystone, on which IAM is based.

mod agencies;
mod id_token;
mod sessions;

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use self::agencies::{ASSUME, ASSUME_WITH_OIDC, MACHINE_KEYS, MACHINE_TOKEN, TEMPORARY_KEYS};
pub(super) use self::sessions::Sessions;
use crate::emulator::{
    message::refusal::Refusal,
    message::{Request, Response, escape, operation::Operation, signature},
    settings::{Keys, Settings},
    state::{State, derived_id, identity::project_id, later, regions},
};

const TOKENS: &str = "/v3/auth/tokens";
const PROJECTS: &str = "/v3/projects";
const DOMAINS: &str = "/v3/auth/domains";
const USERS: &str = "/v3/users";

const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// The issued tokens, each with its region and expiry.
#[derive(Debug, Default)]
pub(super) struct Tokens(BTreeMap<String, (String, Timestamp)>);

impl Tokens {
    /// Whether a token may be used in a region.
    pub(super) fn admit(&self, token: &str, region: &str, now: Timestamp) -> bool {
        self.0
            .get(token)
            // A token of a regional endpoint works only in its region (`auth.md`, section 2.5).
            .is_some_and(|(issued, expires)| issued == region && now < *expires)
    }

    fn issue(&mut self, region: &str, now: Timestamp) -> (String, Timestamp) {
        // The count makes two tokens of the same instant differ.
        let digest = Sha256::digest(format!("{region} {now} {}", self.0.len()).as_bytes());
        let (token, expires) = (
            format!("MII{}", base16ct::lower::encode_string(&digest)),
            later(now, LIFETIME),
        );
        self.0.insert(token.clone(), (region.to_owned(), expires));
        (token, expires)
    }
}

/// Everything that was handed out.
#[derive(Debug, Default)]
pub(super) struct Identities {
    pub(super) tokens: Tokens,
    pub(super) sessions: Sessions,
}

impl Identities {
    /// Whether keys that were handed out sign the request.
    fn is_session(&self, request: &Request) -> bool {
        let access = signature::access(request);
        access.is_some_and(|access| self.sessions.get(access).is_some())
    }
}

/// Whether a path belongs to IAM, STS or the services beside them.
pub(super) fn owns(path: &str) -> bool {
    [TOKENS, PROJECTS, DOMAINS, USERS].contains(&path) || hands_out(path)
}

/// Whether keys or a token come from there.
fn hands_out(path: &str) -> bool {
    [
        ASSUME,
        ASSUME_WITH_OIDC,
        TEMPORARY_KEYS,
        MACHINE_KEYS,
        MACHINE_TOKEN,
        id_token::PATH,
    ]
    .contains(&path)
}

/// Whether the caller proves in another way who it is, and signs nothing.
pub(super) fn is_login(request: &Request) -> bool {
    let method = match request.path.as_str() {
        TOKENS | ASSUME_WITH_OIDC => "POST",
        MACHINE_KEYS | id_token::PATH => "GET",
        MACHINE_TOKEN => "PUT",
        _ => return false,
    };
    request.method == method
}

/// Whether keys of another account may send the request: only to get keys of this one.
pub(super) fn is_for_strangers(request: &Request) -> bool {
    matches!(request.path.as_str(), ASSUME | TEMPORARY_KEYS)
}

/// The operations that a fault can select.
pub(super) fn operations() -> impl Iterator<Item = Operation> {
    [
        Operation::new("list-projects", "GET", PROJECTS),
        Operation::new("list-domains", "GET", DOMAINS),
        Operation::new("list-users", "GET", USERS),
        Operation::new("assume-agency", "POST", ASSUME),
        Operation::new("assume-agency-with-oidc", "POST", ASSUME_WITH_OIDC),
        Operation::new("create-temporary-keys", "POST", TEMPORARY_KEYS),
        Operation::new("show-machine-keys", "GET", MACHINE_KEYS),
        Operation::new("create-machine-token", "PUT", MACHINE_TOKEN),
        Operation::new("create-id-token", "GET", id_token::PATH),
    ]
    .into_iter()
}

/// Answers a request to one of the paths of this service.
pub(super) fn answer(
    identities: &mut Identities,
    state: &State,
    settings: &Settings,
    request: &Request,
    now: Timestamp,
    request_id: &str,
) -> Response {
    let account = state.account();
    let known = regions::exists(&request.region);
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", id_token::PATH) => id_token::issue(state, request, now),
        ("PUT", MACHINE_TOKEN) => agencies::machine_token(request),
        ("GET", MACHINE_KEYS) => agencies::machine_keys(identities, state, request, now),
        ("POST", ASSUME) if known => agencies::assume(identities, state, request, now),
        ("POST", ASSUME_WITH_OIDC) if known => {
            agencies::assume_with_oidc(identities, state, request, now)
        }
        ("POST", TEMPORARY_KEYS) if known => {
            agencies::temporary_keys(identities, state, request, now)
        }
        ("POST", TOKENS) if known => {
            let tokens = &mut identities.tokens;
            login(tokens, account, settings, request, now).unwrap_or_else(|refusal| refusal)
        }
        ("GET", PROJECTS) if known => projects(account, &request.query),
        ("GET", USERS) if known => users(state, &request.query),
        ("GET", DOMAINS) if known => {
            let id = domain_id(account);
            let domain = json!({ "id": id, "name": account, "enabled": true, "description": "" });
            Response::json(200, &json!({ "domains": [domain], "links": {} }))
        }
        _ => Refusal::no_route().response(settings.error_shape, request_id),
    }
}

/// Without `verify` any password is accepted. With it the user is the access key and the password
/// the secret key.
fn login(
    tokens: &mut Tokens,
    account: &str,
    settings: &Settings,
    request: &Request,
    now: Timestamp,
) -> Result<Response, Response> {
    // Null if it is not JSON: then no field is found.
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let auth = &body["auth"];
    let by_password = auth["identity"]["methods"]
        .as_array()
        .is_some_and(|methods| methods.contains(&json!("password")));
    // The shape of Keystone's version 3, which the official clients send.
    let user = &auth["identity"]["password"]["user"];
    let (Some(name), Some(password), true) = (
        user["name"].as_str(),
        user["password"].as_str(),
        by_password,
    ) else {
        return Err(refusal(400, "Bad Request", "The request body is invalid"));
    };
    let matches = |keys: &Keys| keys.access == name && keys.secret.expose_secret() == password;
    if settings.verify.as_ref().is_some_and(|keys| !matches(keys))
        || user["domain"]["name"] != account
    {
        return Err(refusal(
            401,
            "Unauthorized",
            "The username or password is wrong.",
        ));
    }
    let project = &auth["scope"]["project"];
    // A project is the region scope of a token, and a region's endpoint issues tokens for its own
    // project only.
    let id = project_id(account, &request.region);
    if !(project.is_null() || project["name"] == *request.region || project["id"] == id) {
        return Err(refusal(
            401,
            "Unauthorized",
            "The user is not authorized for the project.",
        ));
    }
    let (token, expires) = tokens.issue(&request.region, now);
    let domain = json!({ "id": domain_id(account), "name": account });
    let mut issued_token = json!({
        "methods": ["password"],
        "issued_at": time(now),
        "expires_at": time(expires),
        "user": { "id": derived_id(&format!("user {name}")), "name": name, "domain": domain },
    });
    if !project.is_null() {
        issued_token["project"] = json!({ "id": id, "name": request.region, "domain": domain });
    }
    // The token is in a header, not in the body (`swr-api.md`, section 2.2).
    Ok(
        Response::json(201, &json!({ "token": issued_token }))
            .with_header("X-Subject-Token", token),
    )
}

/// One project for each region, of the same name.
fn projects(account: &str, query: &str) -> Response {
    // The SDK finds its project by the name of the region (`auth.md`, section 2.7).
    let wanted = wanted_name(query);
    let names = regions::REGIONS
        .iter()
        .filter(|region| wanted.as_ref().is_none_or(|wanted| wanted == *region));
    let domain = domain_id(account);
    let project = |name: &&str| {
        json!({
            "id": project_id(account, name),
            "name": name,
            "domain_id": domain,
            "parent_id": domain,
            "is_domain": false,
            "enabled": true,
            "description": "",
        })
    };
    Response::json(
        200,
        &json!({ "projects": names.map(project).collect::<Vec<_>>(), "links": {} }),
    )
}

/// The users of the account, or the one of that name.
fn users(state: &State, query: &str) -> Response {
    let wanted = wanted_name(query);
    let domain = domain_id(state.account());
    let user = |name: &str| {
        json!({
            "id": state.user_id(name),
            "name": name,
            "domain_id": domain,
            "enabled": true,
            "description": "",
        })
    };
    let users: Vec<Value> = state
        .user_names()
        .into_iter()
        .filter(|name| wanted.as_deref().is_none_or(|wanted| wanted == *name))
        .map(user)
        .collect();
    Response::json(200, &json!({ "users": users, "links": {} }))
}

/// The `name` of a query.
fn wanted_name(query: &str) -> Option<String> {
    escape::pairs(query)
        .find(|(name, _)| *name == "name")
        .map(|(_, value)| escape::decode_text(value))
}

fn refusal(status: u16, title: &str, message: &str) -> Response {
    Response::json(
        status,
        &json!({ "error": { "code": status, "title": title, "message": message } }),
    )
}

fn domain_id(account: &str) -> String {
    derived_id(account)
}

/// IAM always writes six fraction digits.
fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3600;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::new(1_800_000_000 + seconds, 0).unwrap()
    }

    fn ask(identities: &mut Identities, method: &str, path: &str, body: &Value) -> Response {
        let settings = Settings {
            verify: Some("AK:SK".parse().unwrap()),
            ..Settings::default()
        };
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Request {
            region: "cn-north-4".to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            body: body.to_string().into_bytes(),
            ..Request::default()
        };
        let mut state = State::new("acme");
        state.users.insert("ci-bot".to_owned(), "0a".to_owned());
        answer(identities, &state, &settings, &request, at(0), "id-1")
    }

    fn credentials(domain: &str, name: &str, password: &str) -> Value {
        json!({ "auth": {
            "identity": { "methods": ["password"], "password": { "user": {
                "domain": { "name": domain }, "name": name, "password": password } } },
            "scope": { "project": { "name": "cn-north-4" } },
        } })
    }

    #[test]
    fn a_token_is_valid_for_a_day_in_its_region() {
        let mut identities = Identities::default();
        let response = ask(
            &mut identities,
            "POST",
            TOKENS,
            &credentials("acme", "AK", "SK"),
        );
        let token = response.header("x-subject-token").unwrap();
        assert_eq!(
            (response.status, &response.value()["token"]["expires_at"]),
            (201, &json!("2027-01-16T08:00:00.000000Z"))
        );
        for (region, now, admitted) in [
            ("cn-north-4", 0, true),
            ("cn-north-4", DAY - 1, true),
            ("cn-north-4", DAY, false),
            ("cn-east-3", 0, false),
        ] {
            assert_eq!(
                identities.tokens.admit(token, region, at(now)),
                admitted,
                "{region} {now}"
            );
        }
        let again = ask(
            &mut identities,
            "POST",
            TOKENS,
            &credentials("acme", "AK", "SK"),
        );
        assert_ne!(again.header("x-subject-token"), Some(token));
        assert!(!identities.tokens.admit("MII", "cn-north-4", at(0)));
    }

    #[test]
    fn a_failed_login_gets_no_token() {
        let mut elsewhere = credentials("acme", "AK", "SK");
        elsewhere["auth"]["scope"]["project"]["name"] = json!("cn-east-3");
        for (body, status) in [
            (credentials("acme", "AK", "wrong"), 401),
            (credentials("acme", "KA", "SK"), 401),
            (credentials("other", "AK", "SK"), 401),
            (elsewhere, 401),
            (json!({}), 400),
            (
                json!({ "auth": { "identity": { "methods": ["token"] } } }),
                400,
            ),
        ] {
            let mut identities = Identities::default();
            let response = ask(&mut identities, "POST", TOKENS, &body);
            assert_eq!(
                (response.status, &response.value()["error"]["code"]),
                (status, &json!(status)),
                "{body}"
            );
            assert!(response.header("x-subject-token").is_none() && identities.tokens.0.is_empty());
        }
    }

    #[test]
    fn projects_and_the_account_have_ids() {
        let mut identities = Identities::default();
        let one = ask(
            &mut identities,
            "GET",
            "/v3/projects?name=cn-east-3",
            &Value::Null,
        )
        .value();
        assert_eq!(one["projects"].as_array().unwrap().len(), 1);
        let all = ask(&mut identities, "GET", PROJECTS, &Value::Null).value();
        assert!(
            all["projects"]
                .as_array()
                .unwrap()
                .contains(&one["projects"][0])
        );
        assert_eq!(one["projects"][0]["id"].as_str().unwrap().len(), 32);
        let domains = ask(&mut identities, "GET", DOMAINS, &Value::Null).value();
        assert_eq!(
            (&domains["domains"][0]["name"], &domains["domains"][0]["id"]),
            (&json!("acme"), &one["projects"][0]["domain_id"])
        );
        assert_eq!(
            ask(&mut identities, "GET", TOKENS, &Value::Null).status,
            404
        );
    }

    #[test]
    fn users_are_found_by_name() {
        let found = |query: &str| {
            let path = format!("{USERS}{query}");
            let answer = ask(&mut Identities::default(), "GET", &path, &Value::Null).value();
            let users = answer["users"].as_array().unwrap().clone();
            users
                .iter()
                .map(|user| user["name"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(found(""), ["acme", "ci-bot"]);
        assert_eq!(found("?name=ci-bot"), ["ci-bot"]);
        assert_eq!(found("?name=ci"), [""; 0]);
    }
}
