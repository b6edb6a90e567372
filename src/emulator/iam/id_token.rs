//! Id tokens: GitHub's token endpoint for a job, and the check of a token.
//!
//! A real issuer signs with a private key, and publishes the other half. The emulator is issuer and
//! verifier in one, so it signs with a key of its own, and accepts no other tokens.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::emulator::{
    message::{Request, Response, escape},
    state::{State, identity::Provider},
};

/// The path of GitHub's token endpoint, which a job gets in a variable.
pub(super) const PATH: &str = "/idtoken";

/// The issuer of GitHub's tokens (`auth.md`, section 2.6).
const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// Not a secret: these tokens are valid in the emulator only.
const KEY: &[u8] = b"the emulator issues these tokens";

/// The claims of a token that was issued here and has not expired.
#[derive(Debug)]
pub(super) struct Claims {
    pub(super) subject: String,
}

/// A token of the job for the audience of the query.
pub(super) fn issue(state: &State, request: &Request, now: Timestamp) -> Response {
    let Some(job) = &state.identity.job else {
        return Response::json(404, &json!({ "message": "no job is running" }));
    };
    let given = request.header("Authorization").unwrap_or_default();
    let bearer = given
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let is_known =
        bearer.is_some_and(|(_, token)| job.request_token.is_empty() || token == job.request_token);
    if !is_known {
        return Response::json(401, &json!({ "message": "the request token is wrong" }));
    }
    let audience = escape::pairs(&request.query)
        .find(|(name, _)| *name == "audience")
        .map_or_else(
            || "https://github.com".to_owned(),
            |(_, value)| escape::decode_text(value),
        );
    let issued = now.as_second();
    let claims = json!({
        "iss": GITHUB,
        "sub": job.subject,
        "aud": audience,
        "iat": issued,
        "nbf": issued,
        "exp": issued.saturating_add(job.lifetime.into()),
    });
    let token = signed(&claims);
    Response::json(200, &json!({ "count": token.len(), "value": token }))
}

/// The claims of a token of this provider, or why it is not accepted.
pub(super) fn check(
    token: &str,
    provider: &Provider,
    now: Timestamp,
) -> Result<Claims, &'static str> {
    let (text, signature) = token.rsplit_once('.').ok_or("it is no JSON web token")?;
    let signature = BASE64
        .decode(signature)
        .map_err(|_| "its signature is not Base64")?;
    let mac = mac(text).ok_or("no key")?;
    mac.verify_slice(&signature)
        .map_err(|_| "its signature is wrong")?;
    let payload = text.split('.').nth(1).unwrap_or_default();
    let claims = BASE64.decode(payload).map_err(|_| "it has no claims")?;
    let claims: Value = serde_json::from_slice(&claims).map_err(|_| "it has no claims")?;
    let is_for = |audience: &Value| match audience {
        Value::Array(several) => several.iter().any(|one| *one == *provider.audience),
        one => *one == *provider.audience,
    };
    if claims["iss"] != *provider.issuer {
        Err("another issuer made it")
    } else if !is_for(&claims["aud"]) {
        Err("it is for another audience")
    } else if claims["exp"].as_i64().unwrap_or_default() <= now.as_second() {
        Err("it has expired")
    } else {
        Ok(Claims {
            subject: claims["sub"].as_str().unwrap_or_default().to_owned(),
        })
    }
}

/// A token with these claims.
pub(super) fn signed(claims: &Value) -> String {
    let head = json!({ "alg": "HS256", "typ": "JWT" });
    let [head, claims] = [&head, claims].map(|part| BASE64.encode(part.to_string()));
    let text = format!("{head}.{claims}");
    let signature = mac(&text).map(|mac| mac.finalize().into_bytes().to_vec());
    format!("{text}.{}", BASE64.encode(signature.unwrap_or_default()))
}

/// HMAC takes keys of any length, so there always is one.
fn mac(text: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).ok()?;
    mac.update(text.as_bytes());
    Some(mac)
}
