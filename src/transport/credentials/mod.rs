//! Credentials: access keys or a token, from the environment variables that the caller passes in.
//!
//! There is no credentials file, no metadata service and no login. No value is ever printed.

use std::fmt;

use secrecy::SecretString;

use crate::wire::secret::without_line_break;

/// What authenticates the requests.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// Every request is signed.
    Keys(Keys),
    /// Every request carries the token, and no signature.
    Token(Token),
}

/// An access key with its secret, permanent or (with a security token) temporary.
#[derive(Clone)]
pub struct Keys {
    pub ak: String,
    pub sk: SecretString,
    pub security_token: Option<SecretString>,
    /// The IAM project of one region.
    pub project_id: Option<String>,
}

/// An IAM token, which is scoped to the project of one region.
#[derive(Clone)]
pub struct Token {
    pub token: SecretString,
    pub project_id: Option<String>,
}

// Not derived: an access key is not a secret, but it names an account, and logs are published.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

/// Credentials and the variables from which they were read.
#[derive(Debug, Clone)]
pub struct Found {
    pub credentials: Credentials,
    /// For messages: `HW_ACCESS_KEY and HW_SECRET_KEY`.
    pub origin: &'static str,
}

/// Credentials for the regions of one chart.
#[derive(Debug, Clone)]
pub(crate) struct Scoped {
    pub credentials: Credentials,
    /// Whether a project id is ignored, which the user should know.
    pub dropped_project_id: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    #[error(
        "no credentials found: set `HUAWEICLOUD_SDK_AK` and `HUAWEICLOUD_SDK_SK`, \
        or `HW_ACCESS_KEY` and `HW_SECRET_KEY`, or `HW_AUTH_TOKEN`; `--emulator` needs none"
    )]
    Missing,
    #[error("`{given}` is set, but `{missing}` is not: set it too, or unset `{given}`")]
    HalfASet {
        given: &'static str,
        missing: &'static str,
    },
    #[error(
        "`HW_AUTH_TOKEN` and {keys} are both set, and may belong to different accounts: unset the \
        token or the keys"
    )]
    Ambiguous { keys: &'static str },
    #[error("`{variable}` contains a line break: set it again as one line")]
    LineBreak { variable: &'static str },
    #[error(
        "`{variable}` contains a character that no credential has (a blank, a control character, \
        or not ASCII): set it again"
    )]
    BadCharacter { variable: &'static str },
    #[error(
        "`HW_AUTH_TOKEN` is valid in one region, but the chart has {regions}: use access keys, or \
        one region at a time"
    )]
    TokenForRegions { regions: usize },
}

type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The variables of one tool. They are used together or not at all: an access key of one set is
/// never combined with a secret or a token of another.
struct Names {
    ak: &'static str,
    sk: &'static str,
    security_token: &'static str,
    project_id: &'static str,
    origin: &'static str,
}

const TOKEN_VARIABLE: &str = "HW_AUTH_TOKEN";

/// The variables of the official SDK, then of Terraform. Neither tool reads the other's.
const SETS: [Names; 2] = [
    Names {
        ak: "HUAWEICLOUD_SDK_AK",
        sk: "HUAWEICLOUD_SDK_SK",
        security_token: "HUAWEICLOUD_SDK_SECURITY_TOKEN",
        project_id: "HUAWEICLOUD_SDK_PROJECT_ID",
        origin: "HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK",
    },
    Names {
        ak: "HW_ACCESS_KEY",
        sk: "HW_SECRET_KEY",
        security_token: "HW_SECURITY_TOKEN",
        project_id: "HW_PROJECT_ID",
        origin: "HW_ACCESS_KEY and HW_SECRET_KEY",
    },
];

/// Finds credentials. An empty variable counts as unset.
///
/// Of two complete key sets the SDK's is used. A token beside keys is an error: Terraform would use
/// the token, the SDK does not know it, and a wrong guess writes to another account. Half a set is
/// an error even if another set is complete: it is usually a typo or a leftover.
pub fn find(env: Environment<'_>) -> Result<Found, CredentialError> {
    let mut sets = Vec::new();
    for names in &SETS {
        sets.extend(key_set(env, names)?.map(|keys| (keys, names.origin)));
    }
    let token = token(env)?;
    match (sets.into_iter().next(), token) {
        (Some((_, keys)), Some(_)) => Err(CredentialError::Ambiguous { keys }),
        (Some((keys, origin)), None) => Ok(Found {
            credentials: Credentials::Keys(keys),
            origin,
        }),
        (None, Some(token)) => Ok(Found {
            credentials: Credentials::Token(token),
            origin: TOKEN_VARIABLE,
        }),
        (None, None) => Err(CredentialError::Missing),
    }
}

/// All cloud secrets in the environment, also those that are not used: none may be printed.
pub fn secrets(env: Environment<'_>) -> Vec<SecretString> {
    let of_sets = SETS
        .iter()
        .flat_map(|names| [names.sk, names.security_token]);
    let values = of_sets.chain([TOKEN_VARIABLE]).filter_map(env);
    values
        .map(without_line_break)
        // A mask would find an empty text everywhere.
        .filter(|value| !value.is_empty())
        .map(SecretString::from)
        .collect()
}

impl Credentials {
    /// Adapts credentials to the number of regions: a project and a token belong to one region.
    pub(crate) fn for_regions(self, regions: usize) -> Result<Scoped, CredentialError> {
        match self {
            Credentials::Token(_) if regions > 1 => {
                Err(CredentialError::TokenForRegions { regions })
            }
            Credentials::Keys(keys) if regions > 1 => Ok(Scoped {
                dropped_project_id: keys.project_id.is_some(),
                credentials: Credentials::Keys(Keys {
                    project_id: None,
                    ..keys
                }),
            }),
            credentials => Ok(Scoped {
                credentials,
                dropped_project_id: false,
            }),
        }
    }
}

fn key_set(env: Environment<'_>, names: &Names) -> Result<Option<Keys>, CredentialError> {
    let ak = value(env, names.ak)?;
    let sk = value(env, names.sk)?;
    let security_token = value(env, names.security_token)?;
    let project_id = value(env, names.project_id)?;
    let half = |given, missing| Err(CredentialError::HalfASet { given, missing });
    match (ak, sk) {
        (Some(ak), Some(sk)) => Ok(Some(Keys {
            ak,
            sk: sk.into(),
            security_token: security_token.map(Into::into),
            project_id,
        })),
        (Some(_), None) => half(names.ak, names.sk),
        (None, Some(_)) => half(names.sk, names.ak),
        (None, None) if security_token.is_some() => half(names.security_token, names.ak),
        // A project id alone is not half a set: it may belong to a token, or to another tool.
        (None, None) => Ok(None),
    }
}

fn token(env: Environment<'_>) -> Result<Option<Token>, CredentialError> {
    let Some(token) = value(env, TOKEN_VARIABLE)? else {
        return Ok(None);
    };
    // The variable of the same tool: only Terraform reads a token (auth: section 2).
    let project_id = value(env, "HW_PROJECT_ID")?;
    Ok(Some(Token {
        token: token.into(),
        project_id,
    }))
}

/// Removes one trailing line break, as from every other secret: a file that becomes a variable, as
/// in a Kubernetes secret, ends with one. Any other mistake is an error, to be corrected at its
/// origin.
fn value(env: Environment<'_>, variable: &'static str) -> Result<Option<String>, CredentialError> {
    let Some(value) = env(variable)
        .map(without_line_break)
        .filter(|value| !value.is_empty())
    else {
        return Ok(None);
    };
    if value.contains(['\n', '\r']) {
        return Err(CredentialError::LineBreak { variable });
    }
    // The values become header values, or a part of one.
    if !value.chars().all(|character| character.is_ascii_graphic()) {
        return Err(CredentialError::BadCharacter { variable });
    }
    Ok(Some(value))
}

#[cfg(test)]
mod tests;
