//! A text that goes to a service and nowhere else: it cannot be printed, logged, compared by eye or
//! serialized.

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

    pub fn has_control_character(&self) -> bool {
        self.0.expose_secret().chars().any(char::is_control)
    }

    /// The text itself: for the requests that carry it, and for finding it where it must not be.
    pub(crate) fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    /// As the services take it. That is an encoding and no protection, so what comes out is as
    /// secret as what went in.
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

/// A secret as it was meant: editors end a file with a line break, and so do commands whose output
/// becomes a variable.
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
