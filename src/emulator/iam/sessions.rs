//! The keys that were handed out: temporary, each with a security token.
//!
//! They are secrets, so they are never saved: sessions end with the process.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest, Sha256};

use crate::emulator::state::later;

/// The sessions by access key.
#[derive(Debug, Default)]
pub(in super::super) struct Sessions(BTreeMap<String, Session>);

#[derive(Debug)]
pub(in super::super) struct Session {
    pub(in super::super) secret: SecretString,
    security_token: SecretString,
    pub(in super::super) expires: Timestamp,
}

impl Session {
    /// Why requests of the session are refused; `None` if they are not.
    pub(in super::super) fn flaw(
        &self,
        security_token: Option<&str>,
        now: Timestamp,
    ) -> Option<&'static str> {
        match security_token {
            None => Some("no X-Security-Token header"),
            Some(token) if token != self.security_token.expose_secret() => {
                Some("wrong security token")
            }
            Some(_) if now >= self.expires => Some("the security token has expired"),
            Some(_) => None,
        }
    }
}

/// New keys, as an answer contains them.
pub(super) struct Handed {
    pub(super) access: String,
    pub(super) secret: String,
    pub(super) security_token: String,
    pub(super) expires: Timestamp,
}

impl Sessions {
    pub(in super::super) fn get(&self, access: &str) -> Option<&Session> {
        self.0.get(access)
    }

    /// Hands out keys for a time.
    pub(super) fn open(&mut self, seconds: u32, now: Timestamp) -> Handed {
        // The count makes two sessions of the same instant differ.
        let number = self.0.len();
        let text = |what: &str| {
            let digest = Sha256::digest(format!("{what} {number} {now}").as_bytes());
            base16ct::lower::encode_string(&digest)
        };
        let handed = Handed {
            // As the service's: 20 capitals and digits.
            access: format!("HST{}", text("access")[..17].to_uppercase()),
            secret: text("secret")[..40].to_owned(),
            security_token: format!("hQpjbi1ub3J0aC00{}{}", text("one"), text("two")),
            expires: later(now, Duration::from_secs(seconds.into())),
        };
        let session = Session {
            secret: handed.secret.clone().into(),
            security_token: handed.security_token.clone().into(),
            expires: handed.expires,
        };
        self.0.insert(handed.access.clone(), session);
        handed
    }
}
