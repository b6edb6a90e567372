//! A text that goes to a service and nowhere else: it cannot be printed, logged, compared by eye or serialized.

use std::fmt;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use secrecy::{ExposeSecret as _, SecretString};

/// A shorter text may be in another one by chance.
const SHORTEST: usize = 8;

/// A secret that is part of a request's body.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    pub fn new(text: String) -> Secret {
        Secret(SecretString::from(text))
    }

    pub fn is_empty(&self) -> bool {
        self.0.expose_secret().is_empty()
    }

    pub fn has_control_character(&self) -> bool {
        self.0.expose_secret().chars().any(char::is_control)
    }

    /// Whether the other one is a part of it, as it is or in Base64. One of a few characters proves nothing.
    pub fn contains(&self, other: &SecretString) -> bool {
        let (text, other) = (self.0.expose_secret(), other.expose_secret());
        if other.chars().count() < SHORTEST {
            return false;
        }
        // Both alphabets of Base64 as one.
        let encoded = text.replace('-', "+").replace('_', "/");
        text.contains(other) || (0..3).any(|offset| encoded.contains(&middle(other.as_bytes(), offset)))
    }

    /// As the services take it. That is an encoding and no protection, so what comes out is as secret as what went in.
    pub(super) fn on_the_wire(&self) -> String {
        STANDARD.encode(self.0.expose_secret())
    }
}

/// What every Base64 text holds that encodes these bytes behind `offset` others, modulo three: without the characters
/// at the ends, which depend on what is around.
fn middle(bytes: &[u8], offset: usize) -> String {
    let padded = [&vec![0; offset], bytes].concat();
    let encoded = STANDARD_NO_PAD.encode(&padded);
    encoded[(offset * 8).div_ceil(6)..padded.len() * 8 / 6].to_owned()
}

impl PartialEq for Secret {
    fn eq(&self, other: &Secret) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// A secret as it was meant: editors end a file with a line break, and so do commands whose output becomes a variable.
pub fn without_line_break(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

/// Who asks the other git server.
#[derive(Debug, Clone, PartialEq)]
pub struct Login {
    pub username: Secret,
    pub password: Secret,
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};

    use super::*;

    #[test]
    fn another_secret_is_found_however_it_is_wrapped() {
        let key = "s3cr?t>>key~~ÿ-1";
        let other = SecretString::from(key);
        let holds = |text: String| Secret::new(text).contains(&other);
        assert!(holds(key.to_owned()) && holds(format!("x{key}y")));
        for around in ["", "a", "ab", "abc", "user:"] {
            for text in [format!("{around}{key}"), format!("{around}{key}{around}")] {
                assert!(holds(STANDARD.encode(&text)) && holds(STANDARD_NO_PAD.encode(&text)), "{text}");
                assert!(
                    holds(URL_SAFE.encode(&text)) && holds(format!("x{}", URL_SAFE_NO_PAD.encode(&text))),
                    "{text}"
                );
            }
        }
        assert!(!holds(key[1..].to_owned()) && !holds(STANDARD.encode(&key[1..])) && !holds(String::new()));
        let short = |key: &str| Secret::new("a-password".to_owned()).contains(&SecretString::from(key));
        assert!(short("password") && !short("passwor") && !short(""));
    }
}
