//! A text that is sent to a service and cannot be printed, logged or serialized.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};

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

    pub(crate) fn has_control_character(&self) -> bool {
        self.0.expose_secret().chars().any(char::is_control)
    }

    /// The text, for requests and for the mask.
    pub(crate) fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    /// In Base64, as the services expect it. This is not a protection: the result is as secret as
    /// the text.
    pub(super) fn on_the_wire(&self) -> String {
        STANDARD.encode(self.0.expose_secret())
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Secret) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl From<SecretString> for Secret {
    fn from(text: SecretString) -> Secret {
        Secret(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Removes one trailing line break: editors end a file with one, and so do commands whose output
/// becomes a variable.
pub(crate) fn without_line_break(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

/// The login at the git server from which a mirror is fetched.
#[derive(Debug, Clone, PartialEq)]
pub struct Login {
    pub username: Secret,
    pub password: Secret,
}
