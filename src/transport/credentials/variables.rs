//! The sets of variables of other tools.
//!
//! The variables of one tool are used together or not at all: an access key of one set is never
//! combined with a secret or a token of another.

use secrecy::ExposeSecret as _;

use super::{CredentialError, Credentials, Keys, Surroundings, Token};

/// The variables of one tool.
struct Names {
    ak: &'static str,
    sk: &'static str,
    security_token: &'static str,
    project_id: &'static str,
    origin: &'static str,
}

const TOKEN: &str = "HW_AUTH_TOKEN";

/// The official SDK's, Terraform's, and those that the vendor's GitHub action exports, in both of
/// their spellings.
const SETS: [Names; 4] = [
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
    Names {
        ak: "HUAWEI_CLOUD_ACCESS_KEY_ID",
        sk: "HUAWEI_CLOUD_SECRET_ACCESS_KEY",
        security_token: "HUAWEI_CLOUD_SECURITY_TOKEN",
        project_id: "HUAWEI_CLOUD_PROJECT_ID",
        origin: "HUAWEI_CLOUD_ACCESS_KEY_ID and HUAWEI_CLOUD_SECRET_ACCESS_KEY",
    },
    Names {
        ak: "HUAWEI_CLOUD_AK",
        sk: "HUAWEI_CLOUD_SK",
        security_token: "HUAWEI_CLOUD_SECURITY_TOKEN",
        project_id: "HUAWEI_CLOUD_PROJECT_ID",
        origin: "HUAWEI_CLOUD_AK and HUAWEI_CLOUD_SK",
    },
];

/// The first complete set, with its name.
///
/// A token beside keys is an error: Terraform would use the token, the SDK does not know it, and a
/// wrong guess writes to another account. Half a set is an error even if another set is complete:
/// it is usually a typo or a leftover.
pub(super) fn find(
    here: &Surroundings<'_>,
) -> Result<Option<(Credentials, &'static str)>, CredentialError> {
    let mut sets: Vec<(Keys, &Names)> = Vec::new();
    for names in &SETS {
        if let Some(keys) = key_set(here, names)? {
            sets.push((keys, names));
        }
    }
    tokens_have_keys(here, &sets)?;
    let token = token(here)?;
    let other = |(first, _): &(Keys, _)| {
        let differs = |(keys, _): &&(Keys, _)| !is_same(first, keys);
        sets.iter().find(differs).map(|(_, names)| names.ak)
    };
    match (sets.first(), token) {
        (Some((_, names)), Some(_)) => Err(CredentialError::Ambiguous { keys: names.origin }),
        (Some(set), None) => match other(set) {
            Some(second) => Err(CredentialError::TwoSets {
                first: set.1.ak,
                second,
            }),
            None => Ok(Some((Credentials::Keys(set.0.clone()), set.1.origin))),
        },
        (None, Some(token)) => Ok(Some((Credentials::Token(token), TOKEN))),
        (None, None) => Ok(None),
    }
}

/// The secrets in the variables, also of sets that are not used: none may be printed.
pub(super) fn secrets(here: &Surroundings<'_>) -> Vec<String> {
    let of_sets = SETS
        .iter()
        .flat_map(|names| [names.sk, names.security_token]);
    of_sets
        .chain([TOKEN])
        .filter_map(|variable| here.set(variable))
        .collect()
}

fn key_set(here: &Surroundings<'_>, names: &Names) -> Result<Option<Keys>, CredentialError> {
    let (ak, sk) = (here.value(names.ak)?, here.value(names.sk)?);
    let security_token = here.value(names.security_token)?;
    let project_id = here.value(names.project_id)?;
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
        // A project id alone is not half a set: it may belong to a token, or to another tool.
        (None, None) => Ok(None),
    }
}

/// A security token without any key that it can belong to is half a set too.
fn tokens_have_keys(
    here: &Surroundings<'_>,
    sets: &[(Keys, &Names)],
) -> Result<(), CredentialError> {
    for names in &SETS {
        // Two sets have one name for the token.
        let mut siblings = SETS
            .iter()
            .filter(|other| other.security_token == names.security_token);
        let has_keys = siblings.any(|sibling| sets.iter().any(|(_, names)| names.ak == sibling.ak));
        if !has_keys && here.set(names.security_token).is_some() {
            return Err(CredentialError::HalfASet {
                given: names.security_token,
                missing: names.ak,
            });
        }
    }
    Ok(())
}

fn is_same(one: &Keys, other: &Keys) -> bool {
    let token = |keys: &Keys| {
        let token = keys.security_token.as_ref();
        token.map(|token| token.expose_secret().to_owned())
    };
    one.ak == other.ak
        && one.sk.expose_secret() == other.sk.expose_secret()
        && token(one) == token(other)
}

fn token(here: &Surroundings<'_>) -> Result<Option<Token>, CredentialError> {
    let Some(token) = here.value(TOKEN)? else {
        return Ok(None);
    };
    Ok(Some(Token {
        token: token.into(),
        // The variable of the same tool: only Terraform reads a token (auth: section 2).
        project_id: here.value("HW_PROJECT_ID")?,
    }))
}
