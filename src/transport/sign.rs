//! SDK-HMAC-SHA256: an HMAC of a hashed canonical request, with the secret key itself as the key.
//!
//! Pure: the date is an argument. All headers that the caller passes are signed. The other
//! algorithms of the service (SM3, ECDSA, region-scoped keys) are not supported.

use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{percent_decode_str, percent_encode};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use super::credentials::Keys;
use crate::wire::RESERVED;

const ALGORITHM: &str = "SDK-HMAC-SHA256";
pub(crate) const DATE_HEADER: &str = "x-sdk-date";
/// With this header a caller sets the payload line itself, to leave the body unsigned.
const PAYLOAD_HEADER: &str = "x-sdk-content-sha256";

/// The parts of a request that a signature covers.
#[derive(Debug, Clone, Copy)]
pub struct ToSign<'a> {
    pub method: &'a str,
    /// As on the wire. Escapes are decoded once and encoded again, so `$` and `%24` sign alike.
    pub path: &'a str,
    /// Unescaped, in any order.
    pub query: &'a [(&'a str, &'a str)],
    /// With `Host` as it is sent, without the date.
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
    /// `YYYYMMDDTHHMMSSZ`, the value of the header `X-Sdk-Date`.
    pub date: &'a str,
}

/// A signature and the texts from which it was computed: comparing them shows why one is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The value of the header `Authorization`.
    pub authorization: String,
    pub canonical_request: String,
    pub string_to_sign: String,
    /// Lower case, sorted.
    pub signed_headers: Vec<String>,
}

/// Signs a request with the access key and the secret key. A security token is one of the headers.
pub fn sign(request: &ToSign<'_>, keys: &Keys) -> Signed {
    let headers = canonical_headers(request);
    let signed_headers: Vec<String> = headers.iter().map(|(name, _)| name.clone()).collect();
    let list = signed_headers.join(";");
    let canonical_request = [
        request.method.to_ascii_uppercase(),
        canonical_path(request.path),
        query_string(request.query),
        headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect(),
        list.clone(),
        payload(&headers, request.body),
    ]
    .join("\n");
    let string_to_sign = format!(
        "{ALGORITHM}\n{}\n{}",
        request.date,
        sha256_hex(canonical_request.as_bytes())
    );
    let signature = hmac_hex(
        keys.sk.expose_secret().as_bytes(),
        string_to_sign.as_bytes(),
    );
    // Comma and space between the parts, no comma after the algorithm (auth: section 1).
    let authorization = format!(
        "{ALGORITHM} Access={}, SignedHeaders={list}, Signature={signature}",
        keys.ak
    );
    Signed {
        authorization,
        canonical_request,
        string_to_sign,
        signed_headers,
    }
}

/// The query as it is signed and sent: sorted before it is encoded, always with `=`.
pub fn query_string(pairs: &[(&str, &str)]) -> String {
    let mut pairs = pairs.to_vec();
    // Before encoding: encoded text sorts in another order (auth: section 1).
    pairs.sort_unstable();
    let encoded: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name.as_bytes()), encode(value.as_bytes())))
        .collect();
    encoded.join("&")
}

/// Strict RFC 3986: escapes all but unreserved characters; a space is `%20`.
fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, RESERVED).to_string()
}

/// Always ends with `/`, as the service computes it. A decoded `%2F` is a separator.
fn canonical_path(path: &str) -> String {
    // Bytes and not text, because an escape need not be UTF-8.
    let decoded: Vec<u8> = percent_decode_str(path).collect();
    let mut canonical = decoded
        .split(|byte| *byte == b'/')
        .map(encode)
        .collect::<Vec<_>>()
        .join("/");
    // Only in the signed text: the path on the wire keeps its form (auth: section 1).
    if !canonical.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

/// Leaves out names with `_`, as the SDK does: gateways drop or rewrite such headers.
fn canonical_headers(request: &ToSign<'_>) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = request
        .headers
        .iter()
        .chain([&(DATE_HEADER, request.date)])
        .filter(|(name, _)| !name.contains('_'))
        // Only at the ends: inner blanks are signed as they are (auth: section 1).
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    headers.sort_unstable();
    headers
}

/// The payload header is used only if there is a body: for an empty one the official clients
/// differ.
fn payload(headers: &[(String, String)], body: &[u8]) -> String {
    let given = headers.iter().find(|(name, _)| name == PAYLOAD_HEADER);
    match given {
        Some((_, value)) if !body.is_empty() => value.clone(),
        _ => sha256_hex(body),
    }
}

fn sha256_hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(bytes))
}

fn hmac_hex(key: &[u8], message: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    base16ct::lower::encode_string(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_path_is_the_root() {
        assert_eq!(canonical_path(""), "/");
        assert_eq!(canonical_path("/"), "/");
    }

    #[test]
    fn an_invalid_escape_is_text() {
        assert_eq!(canonical_path("/100%/a%2/b%zz"), "/100%25/a%252/b%25zz/");
    }
}
