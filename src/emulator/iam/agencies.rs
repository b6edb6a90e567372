//! The calls that hand out keys for the rights of an agency: two of STS, one of IAM, and the
//! metadata service of a machine (`auth.md`, sections 2.4 and 2.6; `swr-next.md`, A10).
//!
//! The documents do not list the error codes of these calls, so those here are the emulator's own.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Identities, id_token, sessions::Handed, time};
use crate::emulator::{
    message::{Request, Response},
    state::{State, identity::Agency},
};

pub(super) const ASSUME: &str = "/v5/agencies/assume";
pub(super) const ASSUME_WITH_OIDC: &str = "/v5/agencies/assume-with-oidc";
pub(super) const TEMPORARY_KEYS: &str = "/v3.0/OS-CREDENTIAL/securitytokens";
pub(super) const MACHINE_KEYS: &str = "/openstack/latest/securitykey";
pub(super) const MACHINE_TOKEN: &str = "/meta-data/latest/api/token";

/// The bounds of a session in seconds, of both versions of the call.
const V5: std::ops::RangeInclusive<u64> = 900..=43_200;
const V3: std::ops::RangeInclusive<u64> = 900..=86_400;
/// The longest session that another session may open.
const CHAINED: u64 = 3_600;
const DEFAULT: u64 = 3_600;

/// How long the metadata service's keys are valid, unless the agency says less, in seconds.
const MACHINE: u64 = 86_400;

/// What a machine sends with its requests after it asked for it.
const MACHINE_SESSION: &str = "emulator-metadata-session";

/// Why keys are not handed out.
struct Refused {
    status: u16,
    code: &'static str,
    message: String,
}

type Outcome<T> = Result<T, Refused>;

fn malformed(message: impl Into<String>) -> Refused {
    Refused {
        status: 400,
        code: "STS.0400",
        message: message.into(),
    }
}

fn forbidden(message: impl Into<String>) -> Refused {
    Refused {
        status: 403,
        code: "STS.0403",
        message: message.into(),
    }
}

/// `POST /v5/agencies/assume`, which is signed.
pub(super) fn assume(
    identities: &mut Identities,
    state: &State,
    request: &Request,
    now: Timestamp,
) -> Response {
    let granted = || -> Outcome<u32> {
        let body = body(request);
        let (_, agency) = by_urn(state, &body)?;
        trusts_caller(identities, state, agency, request)?;
        session_name(&body)?;
        let most = if identities.is_session(request) {
            CHAINED
        } else {
            *V5.end()
        };
        let asked = duration(&body["duration_seconds"], *V5.start()..=most)?;
        Ok(shorter(asked, agency))
    };
    let seconds = granted();
    answer_v5(
        seconds.map(|seconds| identities.sessions.open(seconds, now)),
        state,
    )
}

/// `POST /v5/agencies/assume-with-oidc`, which nobody signs: the id token tells who asks.
pub(super) fn assume_with_oidc(
    identities: &mut Identities,
    state: &State,
    request: &Request,
    now: Timestamp,
) -> Response {
    let granted = || -> Outcome<u32> {
        let body = body(request);
        let (_, agency) = by_urn(state, &body)?;
        session_name(&body)?;
        let urn = body["provider_urn"].as_str().unwrap_or_default();
        let provider = name_in(urn, state).ok_or_else(|| malformed("provider_urn is invalid"))?;
        let known = state.identity.providers.get(provider);
        let known = known.ok_or_else(|| forbidden(format!("the provider {urn} does not exist")))?;
        let token = body["id_token"].as_str().unwrap_or_default();
        if !(4..=20_000).contains(&token.len()) {
            return Err(malformed("id_token must have 4 to 20000 characters"));
        }
        let claims = id_token::check(token, known, now).map_err(|problem| Refused {
            status: 401,
            code: "STS.0401",
            message: format!("the id token is not accepted: {problem}"),
        })?;
        let trusted = agency.subjects.get(provider).into_iter().flatten();
        let mut trusted = trusted.map(String::as_str);
        if !trusted.any(|beginning| claims.subject.starts_with(beginning)) {
            return Err(forbidden(
                "the agency does not trust the subject of the id token",
            ));
        }
        let asked = duration(&body["duration_seconds"], V5)?;
        Ok(shorter(asked, agency))
    };
    let seconds = granted();
    answer_v5(
        seconds.map(|seconds| identities.sessions.open(seconds, now)),
        state,
    )
}

/// `POST /v3.0/OS-CREDENTIAL/securitytokens` with the method `assume_role`.
pub(super) fn temporary_keys(
    identities: &mut Identities,
    state: &State,
    request: &Request,
    now: Timestamp,
) -> Response {
    let granted = || -> Outcome<u32> {
        let body = body(request);
        let identity = &body["auth"]["identity"];
        let role = &identity["assume_role"];
        let name = role["agency_name"].as_str().unwrap_or_default();
        if identity["methods"] != json!(["assume_role"]) || name.is_empty() {
            return Err(malformed("only the method assume_role is served"));
        }
        let account = &role["domain_name"];
        let agency = state.identity.agencies.get(name);
        let agency = agency
            .filter(|_| *account == *state.account())
            .ok_or_else(|| forbidden("the agency does not exist"))?;
        trusts_caller(identities, state, agency, request)?;
        let asked = duration(&role["duration_seconds"], V3)?;
        Ok(shorter(asked, agency))
    };
    let seconds = granted();
    match seconds.map(|seconds| identities.sessions.open(seconds, now)) {
        Ok(keys) => Response::json(201, &json!({ "credential": v3(&keys) })),
        Err(refused) => super::refusal(refused.status, "Forbidden", &refused.message),
    }
}

/// The metadata service: keys of the machine's agency.
pub(super) fn machine_keys(
    identities: &mut Identities,
    state: &State,
    request: &Request,
    now: Timestamp,
) -> Response {
    let session = request.header("X-Metadata-Token");
    if session.is_some_and(|session| session != MACHINE_SESSION) {
        return Response::text(401, "text/plain", "401 Unauthorized");
    }
    match state.identity.agencies.get(&state.identity.machine_agency) {
        Some(agency) => {
            let keys = identities.sessions.open(shorter(MACHINE, agency), now);
            Response::json(200, &json!({ "credential": v3(&keys) }))
        }
        None => Response::text(404, "text/plain", "404 Not Found"),
    }
}

/// The token with which a machine asks for its keys.
pub(super) fn machine_token(request: &Request) -> Response {
    let seconds = request.header("X-Metadata-Token-Ttl-Seconds");
    match seconds.and_then(|seconds| seconds.parse::<u32>().ok()) {
        Some(1..=21_600) => Response::text(200, "text/plain", MACHINE_SESSION),
        _ => Response::text(400, "text/plain", "400 Bad Request"),
    }
}

/// Null if it is not JSON: then no field is found.
fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap_or_default()
}

fn by_urn<'s>(state: &'s State, body: &Value) -> Outcome<(&'s str, &'s Agency)> {
    let urn = body["agency_urn"].as_str().unwrap_or_default();
    let name = name_in(urn, state).filter(|_| urn.contains(":agency:"));
    let name = name.ok_or_else(|| malformed("agency_urn is invalid"))?;
    let known = state.identity.agencies.get_key_value(name);
    let (name, agency) =
        known.ok_or_else(|| forbidden(format!("the agency {urn} does not exist")))?;
    Ok((name, agency))
}

/// `NAME` of `iam::ACCOUNT_ID:KIND:NAME`, if the account is this one.
fn name_in<'u>(urn: &'u str, state: &State) -> Option<&'u str> {
    let rest = urn.strip_prefix("iam::")?;
    let (account, rest) = rest.split_once(':')?;
    let (_, name) = rest.split_once(':')?;
    (account == state.account_id()).then_some(name)
}

fn trusts_caller(
    identities: &Identities,
    state: &State,
    agency: &Agency,
    request: &Request,
) -> Outcome<()> {
    // A session has the rights of an agency of this account.
    let caller = match identities.is_session(request) {
        true => state.account(),
        false => state.account_of_keys(),
    };
    let is_trusted = agency.accounts.contains(caller);
    is_trusted
        .then_some(())
        .ok_or_else(|| forbidden("the agency does not trust the caller"))
}

fn session_name(body: &Value) -> Outcome<()> {
    let name = body["agency_session_name"].as_str().unwrap_or_default();
    let is_valid = (2..=128).contains(&name.chars().count());
    is_valid
        .then_some(())
        .ok_or_else(|| malformed("agency_session_name must have 2 to 128 characters"))
}

fn duration(asked: &Value, allowed: std::ops::RangeInclusive<u64>) -> Outcome<u64> {
    let seconds = match asked {
        Value::Null => Some(DEFAULT),
        asked => asked.as_u64(),
    };
    let seconds = seconds.filter(|seconds| allowed.contains(seconds));
    seconds.ok_or_else(|| {
        let (least, most) = (allowed.start(), allowed.end());
        malformed(format!("duration_seconds must be {least} to {most}"))
    })
}

/// The agency's own limit shortens a session.
fn shorter(asked: u64, agency: &Agency) -> u32 {
    u32::try_from(asked)
        .unwrap_or(u32::MAX)
        .min(agency.longest_session)
}

fn answer_v5(opened: Outcome<Handed>, state: &State) -> Response {
    match opened {
        Ok(keys) => Response::json(
            200,
            &json!({
                "credentials": {
                    "access_key_id": keys.access,
                    "secret_access_key": keys.secret,
                    "security_token": keys.security_token,
                    "expiration": time(keys.expires),
                },
                "assumed_agency": { "urn": format!("sts::{}:assumed-agency", state.account_id()) },
            }),
        ),
        Err(Refused {
            status,
            code,
            message,
        }) => Response::json(status, &json!({ "error_code": code, "error_msg": message })),
    }
}

fn v3(keys: &Handed) -> Value {
    json!({
        "access": keys.access,
        "secret": keys.secret,
        "securitytoken": keys.security_token,
        "expires_at": time(keys.expires),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::state::identity::{CiJob, Provider};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::new(1_800_000_000 + seconds, 0).unwrap()
    }

    fn state() -> State {
        let mut state = State::new("acme");
        let identity = &mut state.identity;
        "tools".clone_into(&mut identity.account_of_keys);
        let agency = Agency {
            accounts: ["tools".to_owned()].into(),
            subjects: [("ci".to_owned(), ["repo:acme/".to_owned()].into())].into(),
            longest_session: 1_000,
        };
        identity.agencies.insert("portolan".to_owned(), agency);
        let provider = Provider {
            issuer: "https://token.actions.githubusercontent.com".to_owned(),
            audience: "sts".to_owned(),
        };
        identity.providers.insert("ci".to_owned(), provider);
        identity.job = Some(CiJob {
            subject: "repo:acme/charts".to_owned(),
            request_token: "bearer-1".to_owned(),
            lifetime: 300,
        });
        state
    }

    fn request(method: &str, body: &Value) -> Request {
        Request {
            region: "cn-north-4".to_owned(),
            method: method.to_owned(),
            body: body.to_string().into_bytes(),
            ..Request::default()
        }
    }

    fn token(state: &State, bearer: &str, audience: &str) -> Response {
        let request = Request {
            query: format!("audience={audience}"),
            headers: vec![("authorization".to_owned(), format!("Bearer {bearer}"))],
            ..request("GET", &Value::Null)
        };
        id_token::issue(state, &request, at(0))
    }

    fn urn(state: &State, kind: &str, name: &str) -> String {
        format!("iam::{}:{kind}:{name}", state.account_id())
    }

    fn exchange(state: &State, change: impl FnOnce(&mut Value), now: i64) -> Response {
        let token = token(state, "bearer-1", "sts").value()["value"].clone();
        let mut body = json!({
            "provider_urn": urn(state, "oidc-provider", "ci"),
            "agency_urn": urn(state, "agency", "portolan"),
            "agency_session_name": "portolan",
            "id_token": token,
        });
        change(&mut body);
        let request = request("POST", &body);
        assume_with_oidc(&mut Identities::default(), state, &request, at(now))
    }

    #[test]
    fn an_id_token_gets_keys_that_the_agency_limits() {
        let answer = exchange(&state(), |_| {}, 0);
        assert_eq!(answer.status, 200);
        let keys = &answer.value()["credentials"];
        // 1000 seconds, although an hour is the default.
        assert_eq!(keys["expiration"], "2027-01-15T08:16:40.000000Z");
        assert_eq!(keys["access_key_id"].as_str().unwrap().len(), 20);
    }

    #[test]
    fn what_is_refused() {
        let state = state();
        let set = |key: &'static str, value: Value| move |body: &mut Value| body[key] = value;
        let theirs = "iam::0a:agency:portolan";
        let no_agency = urn(&state, "agency", "none");
        let no_provider = urn(&state, "oidc-provider", "none");
        let forged = id_token::signed(&json!({ "iss": "https://evil.example" }));
        for (change, status) in [
            (("agency_urn", json!(theirs)), 400),
            (("agency_urn", json!(no_agency)), 403),
            (("provider_urn", json!(no_provider)), 403),
            (("agency_session_name", json!("x")), 400),
            (("duration_seconds", json!(899)), 400),
            (("duration_seconds", json!(43_201)), 400),
            (("id_token", json!("a.b")), 400),
            (("id_token", json!("a.b.c!")), 401),
            (("id_token", json!(forged)), 401),
        ] {
            let (key, value) = change;
            let answer = exchange(&state, set(key, value.clone()), 0);
            assert_eq!(answer.status, status, "{key}: {value}");
        }
        // It is valid for five minutes.
        assert_eq!(exchange(&state, |_| {}, 299).status, 200);
        assert_eq!(exchange(&state, |_| {}, 300).status, 401);
        assert_eq!(token(&state, "bearer-2", "sts").status, 401);
        let mut other = state.clone();
        other.identity.job.as_mut().unwrap().subject = "repo:other/acme".to_owned();
        assert_eq!(exchange(&other, |_| {}, 0).status, 403);
    }

    #[test]
    fn an_agency_trusts_accounts() {
        let mut state = state();
        let by_urn = json!({
            "agency_urn": urn(&state, "agency", "portolan"),
            "agency_session_name": "portolan",
        });
        let by_name = json!({ "auth": { "identity": {
            "methods": ["assume_role"],
            "assume_role": { "domain_name": "acme", "agency_name": "portolan" },
        } } });
        let (by_urn, by_name) = (request("POST", &by_urn), request("POST", &by_name));
        let statuses = |state: &State| {
            let identities = &mut Identities::default();
            let first = assume(identities, state, &by_urn, at(0)).status;
            [
                first,
                temporary_keys(identities, state, &by_name, at(0)).status,
            ]
        };
        assert_eq!(statuses(&state), [200, 201]);
        state.identity.account_of_keys.clear();
        assert_eq!(statuses(&state), [403, 403]);
    }

    #[test]
    fn a_session_is_refused_once_it_has_expired() {
        let mut identities = Identities::default();
        let keys = identities.sessions.open(900, at(0));
        let session = identities.sessions.get(&keys.access).unwrap();
        let token = Some(keys.security_token.as_str());
        assert_eq!(session.flaw(token, at(899)), None);
        assert!(session.flaw(token, at(900)).unwrap().contains("expired"));
        assert!(session.flaw(None, at(0)).is_some());
        assert!(session.flaw(Some("other"), at(0)).is_some());
        let again = identities.sessions.open(900, at(0));
        assert_ne!(again.access, keys.access);
    }
}
