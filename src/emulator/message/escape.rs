//! Percent-encoding, for routing and for the signature check.
//!
//! `+` is not decoded to a space: no official client writes a space that way, and the signature
//! covers a `+` unchanged.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// Every byte except the unreserved ones of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Decodes percent-encoding. A `%` without two hexadecimal digits is kept as it is.
pub(in super::super) fn decode(text: &str) -> Vec<u8> {
    percent_decode_str(text).collect()
}

/// Decodes to text. Bytes that are not UTF-8 become U+FFFD, which matches no name.
pub(in super::super) fn decode_text(text: &str) -> String {
    String::from_utf8_lossy(&decode(text)).into_owned()
}

/// Escapes every byte except the unreserved ones.
pub(in super::super) fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, RESERVED).to_string()
}

/// The raw names and values of a query; a name without `=` has an empty value.
pub(in super::super) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_once() {
        for (text, decoded) in [
            ("a%24b", "a$b"),
            ("%2525", "%25"),
            ("a%2", "a%2"),
            ("%zz", "%zz"),
            ("a+b", "a+b"),
            ("%e7%bB%84", "组"),
        ] {
            assert_eq!(decode_text(text), decoded, "{text}");
        }
    }

    #[test]
    fn only_unreserved_bytes_are_not_escaped() {
        assert_eq!(
            encode("a-z_.~ $/+:|é".as_bytes()),
            "a-z_.~%20%24%2F%2B%3A%7C%C3%A9"
        );
    }
}
