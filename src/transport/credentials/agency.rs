//! The agency that a command assumes with the credentials that it found.

use std::fmt;

use super::{CredentialError, Surroundings};
use crate::text::escaped;

const VARIABLE: &str = "PORTOLAN_ASSUME_AGENCY";

/// An agency, usually of another account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agency {
    /// `iam::ACCOUNT_ID:agency:NAME`, which STS knows.
    Urn(String),
    /// Which IAM knows.
    Named { domain: String, agency: String },
}

impl fmt::Display for Agency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Agency::Urn(urn) => write!(f, "`{}`", escaped(urn)),
            Agency::Named { domain, agency } => {
                write!(f, "`{}/{}`", escaped(domain), escaped(agency))
            }
        }
    }
}

/// The agency that the variable names, if it is set.
pub(super) fn find(here: &Surroundings<'_>) -> Result<Option<Agency>, CredentialError> {
    let Some(text) = here.set(VARIABLE) else {
        return Ok(None);
    };
    if text.contains("::") {
        return Ok(Some(Agency::Urn(text)));
    }
    match text.split_once('/') {
        Some((domain, agency)) if !domain.is_empty() && !agency.is_empty() => {
            Ok(Some(Agency::Named {
                domain: domain.to_owned(),
                agency: agency.to_owned(),
            }))
        }
        _ => Err(CredentialError::BadAgency),
    }
}
