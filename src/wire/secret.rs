//! A text that goes to a service and nowhere else: it cannot be printed, logged, compared by eye or serialized.

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

    /// As the services take it. That is an encoding and no protection, so what comes out is as secret as what went in.
    pub(super) fn on_the_wire(&self) -> String {
        STANDARD.encode(self.0.expose_secret())
    }
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

/// Who asks the other git server.
#[derive(Debug, Clone, PartialEq)]
pub struct Login {
    pub username: Secret,
    pub password: Secret,
}
