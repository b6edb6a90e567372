//! The check of `SDK-HMAC-SHA256` signatures (`swr-api.md`, section 2.2).
//!
//! Written from the description of the algorithm, independently of portolan's signer, which it
//! checks. The signed headers are taken from the request: official clients sign different ones.

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use crate::emulator::{
    message::refusal::Refusal,
    message::{Request, escape},
    settings::Keys,
};

const ALGORITHM: &str = "SDK-HMAC-SHA256";

/// The largest difference between the client's clock and ours. No page states it; 15 minutes is
/// usual.
const SKEW: SignedDuration = SignedDuration::from_mins(15);

/// The access key that a request names.
pub(in super::super) fn access(request: &Request) -> Option<&str> {
    let claim = Claim::parse(request.header("Authorization")?)?;
    Some(claim.access)
}

/// Refuses a request that is not signed with `keys`.
pub(in super::super) fn verify(
    request: &Request,
    keys: &Keys,
    now: Timestamp,
) -> Result<(), Refusal> {
    check(request, keys, now).map_err(Refusal::unauthorized)
}

fn check(request: &Request, keys: &Keys, now: Timestamp) -> Result<(), &'static str> {
    let authorization = request
        .header("Authorization")
        .ok_or("no Authorization header")?;
    let claim = Claim::parse(authorization).ok_or("malformed Authorization header")?;
    if claim.access != keys.access {
        return Err("unknown access key");
    }
    let date = request.header("X-Sdk-Date").ok_or("no X-Sdk-Date header")?;
    let sent = parse_date(date).ok_or("malformed X-Sdk-Date header")?;
    // In both directions: a client's clock can be ahead as well.
    if now.duration_since(sent).abs() > SKEW {
        return Err("X-Sdk-Date is too far from now");
    }
    // The prefix of a region is signed as well: the client signs the path that it sends.
    let canonical =
        canonical_request(request, claim.signed_headers).ok_or("a signed header is missing")?;
    let text = format!("{ALGORITHM}\n{date}\n{}", hex_digest(canonical.as_bytes()));
    let signature =
        base16ct::lower::decode_vec(claim.signature).map_err(|_| "malformed signature")?;
    // HMAC takes keys of any length, so this cannot fail.
    let mut mac = Hmac::<Sha256>::new_from_slice(keys.secret.expose_secret().as_bytes())
        .map_err(|_| "no key")?;
    mac.update(text.as_bytes());
    mac.verify_slice(&signature)
        .map_err(|_| "verify signature failed")
}

/// The parts of an `Authorization` header.
struct Claim<'a> {
    access: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Claim<'a> {
    fn parse(header: &'a str) -> Option<Self> {
        let mut parts = header.strip_prefix(ALGORITHM)?.trim_start().split(", ");
        let claim = Self {
            access: parts.next()?.strip_prefix("Access=")?,
            signed_headers: parts.next()?.strip_prefix("SignedHeaders=")?,
            signature: parts.next()?.strip_prefix("Signature=")?,
        };
        parts.next().is_none().then_some(claim)
    }
}

fn parse_date(text: &str) -> Option<Timestamp> {
    let date = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    TimeZone::UTC.to_timestamp(date).ok()
}

/// None if a signed header is missing.
fn canonical_request(request: &Request, signed_headers: &str) -> Option<String> {
    let mut headers = String::new();
    for name in signed_headers.split(';') {
        headers.push_str(&format!("{name}:{}\n", request.header(name)?.trim()));
    }
    let (method, path, query) = (
        &request.method,
        canonical_path(request),
        canonical_query(&request.query),
    );
    Some(format!(
        "{method}\n{path}\n{query}\n{headers}\n{signed_headers}\n{}",
        payload(request)
    ))
}

/// Decodes before it splits, so that `%2F` signs like `/`, and ends with a slash, both as the SDK
/// does.
fn canonical_path(request: &Request) -> String {
    let decoded = escape::decode(&format!("{}{}", request.prefix, request.path));
    let segments: Vec<String> = decoded
        .split(|byte| *byte == b'/')
        .map(escape::encode)
        .collect();
    let mut path = segments.join("/");
    if !path.ends_with('/') {
        path.push('/');
    }
    path
}

/// Sorts before it escapes, as the SDK does.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<_> = escape::pairs(query)
        .map(|(name, value)| (escape::decode(name), escape::decode(value)))
        .collect();
    pairs.sort();
    let pairs = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", escape::encode(name), escape::encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// `X-Sdk-Content-Sha256: UNSIGNED-PAYLOAD` leaves a body unsigned. An empty body is always hashed.
fn payload(request: &Request) -> String {
    match request.header("X-Sdk-Content-Sha256") {
        Some(value) if !request.body.is_empty() => value.to_owned(),
        _ => hex_digest(&request.body),
    }
}

fn hex_digest(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    //! The expected signatures come from the official Python client.

    use super::*;

    const HOST: &str = "swr-api.cn-north-4.myhuaweicloud.com";
    const PROJECT: (&str, &str) = ("X-Project-Id", "0000000000000000000000000000fa4e");

    fn keys() -> Keys {
        "FAKEAK00000000000001:fake-secret-key-0001-not-a-real-credential"
            .parse()
            .unwrap()
    }

    fn now() -> Timestamp {
        "2024-01-15T08:40:00Z".parse().unwrap()
    }

    fn signed(
        method: &str,
        path: &str,
        query: &str,
        extra: &[(&str, &str)],
        signature: &str,
    ) -> Request {
        let mut headers = vec![
            ("Content-Type", "application/json"),
            ("Host", HOST),
            ("x-sdk-date", "20240115T083000Z"),
        ];
        headers.extend(extra);
        let mut names: Vec<String> = headers
            .iter()
            .map(|(name, _)| name.to_lowercase())
            .collect();
        names.sort();
        let authorization = format!(
            "SDK-HMAC-SHA256 Access=FAKEAK00000000000001, SignedHeaders={}, Signature={signature}",
            names.join(";")
        );
        headers.push(("authorization", &authorization));
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: headers
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            ..Request::default()
        }
    }

    fn list() -> Request {
        let signature = "f5beb7d32817b45f2abeb9774d358cb013e921d1bb88e9e7eca2aaeab7a4e07f";
        signed(
            "GET",
            "/v2/manage/repos",
            "filter=namespace%3A%3Aa%7Climit%3A%3A100",
            &[PROJECT],
            signature,
        )
    }

    fn delete_rule() -> Request {
        let signature = "0c2f6b09c1600915fa13e8c8163ea39dc47f66e14a327a234ba025f1bb35611f";
        let path = "/v2/manage/namespaces/team-a/repos/group%24app/sync_repo";
        let body = br#"{"remoteRegionId": "cn-east-3", "remoteNamespace": "team-b"}"#.to_vec();
        Request {
            body,
            ..signed("DELETE", path, "", &[PROJECT], signature)
        }
    }

    #[test]
    fn official_signatures_are_accepted() {
        let dollar = "2a544af1707ec0de38a878803e833e0e118b2fc1c57ebb24e2afa1553e8aac02";
        let repeated = "aceb79bda9b72cdac430fff681e117c57dbdb17e5848ff521811fe5c7f82c7c2";
        let trimmed = "0f6fdd6acd28241f042683a2689f2c7f27a160e0094fe644499eb2b08837228e";
        let octets = "ea67b77b8e6c818bd4e35ae924813e0187d3155212b2c6cd14203fe4abe579ba";
        let mut upload = signed(
            "POST",
            "/v2/upload",
            "",
            &[("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD")],
            octets,
        );
        upload.headers[0].1 = "application/octet-stream".to_owned();
        upload.body = vec![0, 1, 2];
        for request in [
            list(),
            delete_rule(),
            signed(
                "GET",
                "/v2/manage/namespaces/team/repos/group$app",
                "",
                &[PROJECT],
                dollar,
            ),
            signed(
                "GET",
                "/v2/manage/namespaces/team/repos/group%24app",
                "",
                &[PROJECT],
                dollar,
            ),
            signed(
                "GET",
                "/v2/manage/repos",
                "f=n%C3%A9&f=n~&f=n1&f=n%3A1",
                &[],
                repeated,
            ),
            signed(
                "GET",
                "/v2/manage/namespaces/",
                "",
                &[("X-Trace", "  a   b  ")],
                trimmed,
            ),
            upload,
        ] {
            assert_eq!(check(&request, &keys(), now()), Ok(()), "{request:?}");
        }
    }

    #[test]
    fn official_signatures_for_codearts_are_accepted() {
        let keys = "AKEXAMPLE:SKEXAMPLE".parse().unwrap();
        let json = [
            ("content-type", "application/json"),
            ("x-project-id", "0123456789abcdef0123456789abcdef"),
        ];
        let mirror = "/v4/repositories/123/remote-mirror";
        let project = "/v4/projects/6cb920b7932948a3ade7ec1d712494eb/repositories";
        for (method, path, query, extra, body, signature) in [
            (
                "GET",
                mirror,
                "",
                &[][..],
                "",
                "9c5d3b48e9ba4a16ec5cce8a8f7067494039e8ba17f3a55e8bdb463fd17fbea2",
            ),
            (
                "POST",
                mirror,
                "",
                &json,
                r#"{"force_fetch":true}"#,
                "324d3bd6b9aa7c1b831ba35f2e7d4923576ea5ed85da554ce5af29602160154b",
            ),
            (
                "GET",
                project,
                "limit=100&offset=0&search=my%20repo",
                &[],
                "",
                "e97f672a78df6d15bafef56c5e715803ec8284617cfbe16db713849a2e2ff4f0",
            ),
        ] {
            let mut headers = vec![
                ("host", "codehub-ext.cn-north-4.myhuaweicloud.com"),
                ("x-sdk-date", "20260101T000000Z"),
            ];
            headers.extend(extra);
            headers.sort_unstable();
            let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
            let names = names.join(";");
            let authorization = format!(
                "SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders={names}, Signature={signature}"
            );
            headers.push(("authorization", &authorization));
            let request = Request {
                method: method.to_owned(),
                path: path.to_owned(),
                query: query.to_owned(),
                headers: headers
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect(),
                body: body.as_bytes().to_vec(),
                ..Request::default()
            };
            assert_eq!(
                check(&request, &keys, "2026-01-01T00:10:00Z".parse().unwrap()),
                Ok(()),
                "{request:?}"
            );
        }
    }

    #[test]
    fn the_prefix_of_a_region_is_part_of_the_signed_path() {
        let mut request = list();
        request.path = "/repos".to_owned();
        request.prefix = "/v2/manage".to_owned();
        assert_eq!(check(&request, &keys(), now()), Ok(()));
        request.prefix.clear();
        assert_eq!(
            check(&request, &keys(), now()),
            Err("verify signature failed")
        );
    }

    #[test]
    fn a_changed_request_is_refused() {
        let check_changed = |change: fn(&mut Request), reason: &str| {
            let mut request = delete_rule();
            change(&mut request);
            assert_eq!(check(&request, &keys(), now()), Err(reason));
        };
        let failed = "verify signature failed";
        check_changed(|request| request.body.clear(), failed);
        check_changed(|request| request.method = "POST".to_owned(), failed);
        check_changed(|request| request.path.push('x'), failed);
        check_changed(|request| request.query = "a=b".to_owned(), failed);
        check_changed(
            |request| request.headers[0].1 = "text/plain".to_owned(),
            failed,
        );
        check_changed(
            |request| drop(request.headers.remove(0)),
            "a signed header is missing",
        );
        check_changed(
            |request| drop(request.headers.remove(2)),
            "no X-Sdk-Date header",
        );
        check_changed(
            |request| drop(request.headers.pop()),
            "no Authorization header",
        );
    }

    #[test]
    fn keys_and_clocks_must_agree() {
        let late = "2024-01-15T08:45:01Z".parse().unwrap();
        assert_eq!(
            check(&list(), &keys(), late),
            Err("X-Sdk-Date is too far from now")
        );
        let other: Keys = "OTHER:fake-secret-key-0001-not-a-real-credential"
            .parse()
            .unwrap();
        assert_eq!(check(&list(), &other, now()), Err("unknown access key"));
        let wrong: Keys = "FAKEAK00000000000001:wrong".parse().unwrap();
        assert_eq!(
            check(&list(), &wrong, now()),
            Err("verify signature failed")
        );
    }
}
