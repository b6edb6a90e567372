//! Who is asking: access keys or a token, found in an environment that is passed in.
//!
//! Only the environment is looked at: no credentials file, no metadata service, no login. Nothing
//! here reads the environment itself, and nothing prints a value.

use std::fmt;

use secrecy::SecretString;

use crate::wire::secret::without_line_break;

/// What proves to the services who is asking.
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
    /// Belongs to one region.
    pub project_id: Option<String>,
}

/// An IAM token, scoped to the project of one region by whoever obtained it.
#[derive(Clone)]
pub struct Token {
    pub token: SecretString,
    pub project_id: Option<String>,
}

// By hand: an access key is no secret, but it names an account, and logs get published.
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

/// Credentials, and the variables they came from.
#[derive(Debug, Clone)]
pub struct Found {
    pub credentials: Credentials,
    /// For messages: `HW_ACCESS_KEY and HW_SECRET_KEY`.
    pub source: &'static str,
}

/// Credentials for the regions of one chart.
#[derive(Debug, Clone)]
pub struct Scoped {
    pub credentials: Credentials,
    /// Whether a project id was left out, which the user should be told.
    pub dropped_project_id: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    #[error(
        "no credentials found: set `HUAWEICLOUD_SDK_AK` and `HUAWEICLOUD_SDK_SK`, or \
        `HW_ACCESS_KEY` and `HW_SECRET_KEY`, \
         or `HW_AUTH_TOKEN`; `--emulator` needs none"
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

/// The names of one tool's variables. They are taken together or not at all: an access key of one
/// set is never paired with a secret or a token of another.
struct Names {
    ak: &'static str,
    sk: &'static str,
    security_token: &'static str,
    project_id: &'static str,
    source: &'static str,
}

const TOKEN_VARIABLE: &str = "HW_AUTH_TOKEN";

/// The official SDK's, then Terraform's. Neither tool reads the other's.
const SETS: [Names; 2] = [
    Names {
        ak: "HUAWEICLOUD_SDK_AK",
        sk: "HUAWEICLOUD_SDK_SK",
        security_token: "HUAWEICLOUD_SDK_SECURITY_TOKEN",
        project_id: "HUAWEICLOUD_SDK_PROJECT_ID",
        source: "HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK",
    },
    Names {
        ak: "HW_ACCESS_KEY",
        sk: "HW_SECRET_KEY",
        security_token: "HW_SECURITY_TOKEN",
        project_id: "HW_PROJECT_ID",
        source: "HW_ACCESS_KEY and HW_SECRET_KEY",
    },
];

/// Looks for credentials; an empty variable counts as unset.
///
/// Of two complete key sets the SDK's is taken. A token beside keys is an error: Terraform would
/// take the token, the SDK does not know it, and a wrong guess writes to somebody else's account.
/// Half a set is an error even when another source is complete, since it is a typo or a leftover
/// far more often than intended.
pub fn find(env: Environment<'_>) -> Result<Found, CredentialError> {
    let mut sets = Vec::new();
    for names in &SETS {
        sets.extend(key_set(env, names)?.map(|keys| (keys, names.source)));
    }
    let token = token(env)?;
    match (sets.into_iter().next(), token) {
        (Some((_, keys)), Some(_)) => Err(CredentialError::Ambiguous { keys }),
        (Some((keys, source)), None) => Ok(Found {
            credentials: Credentials::Keys(keys),
            source,
        }),
        (None, Some(token)) => Ok(Found {
            credentials: Credentials::Token(token),
            source: TOKEN_VARIABLE,
        }),
        (None, None) => Err(CredentialError::Missing),
    }
}

/// Every secret that the environment holds for logging in to the cloud, whether it is used or not.
pub fn secrets(env: Environment<'_>) -> Vec<SecretString> {
    let of_sets = SETS
        .iter()
        .flat_map(|names| [names.sk, names.security_token]);
    let values = of_sets.chain([TOKEN_VARIABLE]).filter_map(env);
    values
        .map(without_line_break)
        .filter(|value| !value.is_empty())
        .map(SecretString::from)
        .collect()
}

impl Credentials {
    /// Fits credentials to the number of regions that are asked: a project and a token belong to
    /// one region.
    pub fn for_regions(self, regions: usize) -> Result<Scoped, CredentialError> {
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
        // A project alone proves nothing and says where: it may serve a token, or another tool.
        (None, None) => Ok(None),
    }
}

fn token(env: Environment<'_>) -> Result<Option<Token>, CredentialError> {
    let Some(token) = value(env, TOKEN_VARIABLE)? else {
        return Ok(None);
    };
    let project_id = value(env, "HW_PROJECT_ID")?;
    Ok(Some(Token {
        token: token.into(),
        project_id,
    }))
}

/// One line break at the end is cut, as from every other secret: a file that became a variable, as
/// in a secret of Kubernetes, ends with one. Nothing else is: a value that was pasted wrong should
/// be mended where it is set.
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
    // The values become header values, and part of one.
    if !value.chars().all(|character| character.is_ascii_graphic()) {
        return Err(CredentialError::BadCharacter { variable });
    }
    Ok(Some(value))
}

#[cfg(test)]
mod tests;
