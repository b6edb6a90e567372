//! The signer against vectors of the official SDK: all three texts, byte by byte.

use std::collections::BTreeMap;

use portolan::transport::{
    credentials::Keys,
    sign::{ToSign, query_string, sign},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    name: String,
    method: String,
    url: String,
    wire_url: String,
    query: Vec<(String, String)>,
    headers: BTreeMap<String, String>,
    /// Headers that the SDK adds before it signs.
    added_headers: BTreeMap<String, String>,
    body_base64: String,
    ak: String,
    sk: String,
    x_sdk_date: String,
    canonical_request: String,
    string_to_sign: String,
    authorization: String,
    signed_headers: Vec<String>,
}

impl Vector {
    fn path(&self) -> &str {
        let after_scheme = self.url.split_once("://").map_or("", |(_, rest)| rest);
        let path = after_scheme
            .find('/')
            .map_or("", |start| &after_scheme[start..]);
        path.split('?').next().unwrap_or_default()
    }

    fn wire_query(&self) -> &str {
        self.wire_url.split_once('?').map_or("", |(_, query)| query)
    }
}

/// Enough of base64 for the vectors: the standard alphabet, padded.
fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits: Vec<usize> = text
        .chars()
        .filter_map(|character| ALPHABET.find(character))
        .collect();
    digits
        .chunks(4)
        .flat_map(|chunk| {
            let bits = (0..4).fold(0, |bits, index| {
                bits << 6 | chunk.get(index).copied().unwrap_or(0)
            });
            let bytes = [bits >> 16, bits >> 8, bits].map(|byte| (byte & 0xff) as u8);
            bytes.into_iter().take(chunk.len() - 1)
        })
        .collect()
}

#[test]
fn every_vector_is_reproduced() {
    let vectors: Vec<Vector> =
        serde_json::from_str(include_str!("../data/signing-vectors.json")).unwrap();
    assert_eq!(vectors.len(), 85);
    for vector in &vectors {
        let query: Vec<(&str, &str)> = vector
            .query
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        let headers: Vec<(&str, &str)> = vector
            .headers
            .iter()
            .chain(&vector.added_headers)
            .filter(|(name, _)| *name != "X-Sdk-Date")
            .map(|(name, value)| (&**name, &**value))
            .collect();
        let request = ToSign {
            method: &vector.method,
            path: vector.path(),
            query: &query,
            headers: &headers,
            body: &base64(&vector.body_base64),
            date: &vector.x_sdk_date,
        };
        let keys = Keys {
            ak: vector.ak.clone(),
            sk: vector.sk.as_str().into(),
            security_token: None,
            project_id: None,
        };
        let signed = sign(&request, &keys);
        assert_eq!(
            signed.canonical_request, vector.canonical_request,
            "{}",
            vector.name
        );
        assert_eq!(
            signed.string_to_sign, vector.string_to_sign,
            "{}",
            vector.name
        );
        assert_eq!(
            signed.authorization, vector.authorization,
            "{}",
            vector.name
        );
        assert_eq!(
            signed.signed_headers, vector.signed_headers,
            "{}",
            vector.name
        );
        assert_eq!(query_string(&query), vector.wire_query(), "{}", vector.name);
    }
}
