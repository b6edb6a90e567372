//! The settings of OIDC: an id token that CI, a cluster or a file holds is exchanged for keys.
//!
//! `wallet` fetches the token and exchanges it. Nobody has to store a key for that.

use std::{fmt, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::{CredentialError, Surroundings, header_value};
use crate::{text::escaped, wire::secret::without_line_break};

const PROVIDER: &str = "HUAWEICLOUD_OIDC_PROVIDER_URN";
const AGENCY: &str = "HUAWEICLOUD_OIDC_AGENCY_URN";
const FILE: &str = "HUAWEICLOUD_OIDC_TOKEN_FILE";
const TOKEN: &str = "HUAWEICLOUD_OIDC_ID_TOKEN";
const AUDIENCE: &str = "HUAWEICLOUD_OIDC_AUDIENCE";
const SESSION: &str = "HUAWEICLOUD_OIDC_SESSION_NAME";
const DURATION: &str = "HUAWEICLOUD_OIDC_DURATION_SECONDS";
const POLICY: &str = "HUAWEICLOUD_OIDC_POLICY";
const POLICY_IDS: &str = "HUAWEICLOUD_OIDC_POLICY_IDS";
/// A job of GitHub that may ask for id tokens has these two.
const JOB_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const JOB_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

const DEFAULT_AUDIENCE: &str = "sts.myhuaweicloud.com";
pub(crate) const DEFAULT_SESSION: &str = "portolan";
pub(crate) const DEFAULT_DURATION: u32 = 3_600;

/// What is sent to STS, but for the id token.
#[derive(Debug, Clone)]
pub struct Oidc {
    pub(crate) provider_urn: String,
    pub(crate) agency_urn: String,
    pub(crate) session_name: String,
    /// In seconds.
    pub(crate) duration: u32,
    /// Limits the rights of the session.
    pub(crate) policy: Option<String>,
    pub(crate) policy_ids: Vec<String>,
    pub(crate) token: IdToken,
}

/// Where the id token comes from.
#[derive(Debug, Clone)]
pub(crate) enum IdToken {
    /// Read again for each exchange: a cluster replaces the file before its token expires.
    File(PathBuf),
    /// Cannot be renewed.
    Variable(SecretString),
    Job(Job),
}

/// GitHub's token endpoint for a job.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) url: String,
    pub(crate) request_token: SecretString,
    pub(crate) audience: String,
}

impl fmt::Display for IdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IdToken::File(path) => {
                let path = escaped(&path.display().to_string());
                write!(f, "the id token of the file {path}")
            }
            IdToken::Variable(_) => write!(f, "the id token of `{TOKEN}`"),
            IdToken::Job(_) => f.write_str("the id token of GitHub's token endpoint"),
        }
    }
}

/// The settings, if there are any. A part of them is an error.
pub(super) fn find(here: &Surroundings<'_>) -> Result<Option<Oidc>, CredentialError> {
    let half = |given, missing| Err(CredentialError::HalfASet { given, missing });
    let (provider_urn, agency_urn) = match (here.set(PROVIDER), here.set(AGENCY)) {
        (Some(provider), Some(agency)) => (provider, agency),
        (Some(_), None) => return half(PROVIDER, AGENCY),
        (None, Some(_)) => return half(AGENCY, PROVIDER),
        // What a job of GitHub has says nothing about Huawei Cloud.
        (None, None) => {
            let given = [FILE, TOKEN]
                .into_iter()
                .find(|name| here.set(name).is_some());
            return given.map_or(Ok(None), |given| half(given, PROVIDER));
        }
    };
    let token = token(here)?.ok_or(CredentialError::NoIdToken)?;
    let duration = match here.set(DURATION) {
        None => DEFAULT_DURATION,
        Some(text) => text
            .parse()
            .map_err(|_| CredentialError::NoNumber { variable: DURATION })?,
    };
    let ids = here.set(POLICY_IDS).unwrap_or_default();
    Ok(Some(Oidc {
        provider_urn,
        agency_urn,
        session_name: here
            .set(SESSION)
            .unwrap_or_else(|| DEFAULT_SESSION.to_owned()),
        duration,
        policy: here.set(POLICY),
        policy_ids: ids
            .split(',')
            .map(str::trim)
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
            .collect(),
        token,
    }))
}

/// The tokens in variables and files, also unused ones.
pub(super) fn secrets(here: &Surroundings<'_>) -> Vec<String> {
    let file = here.set(FILE).map(PathBuf::from);
    let text = file.and_then(|path| (here.file)(&path).ok().flatten());
    let variables = [TOKEN, JOB_TOKEN].into_iter();
    variables
        .filter_map(|name| here.set(name))
        .chain(text)
        .collect()
}

fn token(here: &Surroundings<'_>) -> Result<Option<IdToken>, CredentialError> {
    if let Some(path) = here.set(FILE) {
        return Ok(Some(IdToken::File(PathBuf::from(path))));
    }
    if let Some(token) = here.value(TOKEN)? {
        return Ok(Some(IdToken::Variable(token.into())));
    }
    let (Some(url), Some(token)) = (here.set(JOB_URL), here.value(JOB_TOKEN)?) else {
        return Ok(None);
    };
    Ok(Some(IdToken::Job(Job {
        url,
        request_token: token.into(),
        audience: here
            .set(AUDIENCE)
            .unwrap_or_else(|| DEFAULT_AUDIENCE.to_owned()),
    })))
}

/// The id token in a text of this origin.
pub(crate) fn checked(text: String, origin: &IdToken) -> Result<SecretString, CredentialError> {
    // Written by hand or by a cluster: one line break at its end is not part of it.
    let token = header_value(without_line_break(text), || origin.to_string())?;
    let token = token.ok_or_else(|| CredentialError::EmptyIdToken {
        origin: origin.to_string(),
    })?;
    Ok(token.into())
}

/// When a token expires, in seconds since 1970; `None` if it does not say.
pub(crate) fn expiry(token: &SecretString) -> Option<i64> {
    let claims = token.expose_secret().split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    claims["exp"].as_i64()
}
