//! Percent-encoding, for routing and for the signature check.
//!
//! A plus is a plus: none of the official clients writes a space as `+`, and the signature leaves it alone.

/// Undoes percent-encoding; a `%` without two hexadecimal digits stands for itself.
pub(in super::super) fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = (first == b'%').then(|| tail.get(..2).and_then(hex)).flatten();
        bytes.push(escaped.unwrap_or(first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    bytes
}

/// Decodes to text; bytes that are not UTF-8 become U+FFFD and so match no name.
pub(in super::super) fn decode_text(text: &str) -> String {
    String::from_utf8_lossy(&decode(text)).into_owned()
}

/// Escapes every byte but the unreserved ones of RFC 3986.
pub(in super::super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(byte.into()),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// The raw names and values of a query; a name without `=` has an empty value.
pub(in super::super) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    // Two hexadecimal digits always fit.
    u8::try_from(digit(digits[0])? * 16 + digit(digits[1])?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_once() {
        for (text, decoded) in
            [("a%24b", "a$b"), ("%2525", "%25"), ("a%2", "a%2"), ("%zz", "%zz"), ("a+b", "a+b"), ("%e7%bB%84", "组")]
        {
            assert_eq!(decode_text(text), decoded, "{text}");
        }
    }

    #[test]
    fn only_unreserved_bytes_stay_bare() {
        assert_eq!(encode("a-z_.~ $/+:|é".as_bytes()), "a-z_.~%20%24%2F%2B%3A%7C%C3%A9");
    }
}
