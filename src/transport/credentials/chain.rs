//! The order in which credentials are looked for.
//!
//! A source that was named is the only one. Otherwise the first complete one is used; what is half
//! there, or there and unusable, is an error and not skipped, because the next source may belong to
//! another account.

use std::path::Path;

use secrecy::SecretString;

use super::{CredentialError, Credentials, Surroundings, koocli, sdk_file, variables};
use crate::wire::secret::without_line_break;

/// The variable of Terraform that names a profile.
const PROFILE: &str = "HW_PROFILE";

/// A source that a user can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceName {
    /// The variables with keys or a token.
    Env,
    /// A profile in a file.
    Profile,
}

impl SourceName {
    /// As it is written on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            SourceName::Env => "env",
            SourceName::Profile => "profile",
        }
    }

    fn expected(self) -> &'static str {
        match self {
            SourceName::Env => {
                "set `HUAWEICLOUD_SDK_AK` and `HUAWEICLOUD_SDK_SK`, or `HW_ACCESS_KEY` and \
                `HW_SECRET_KEY`"
            }
            SourceName::Profile => {
                "neither ~/.hcloud/config.json nor ~/.huaweicloud/credentials holds keys"
            }
        }
    }
}

/// What the user named.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    pub source: Option<SourceName>,
    pub profile: Option<String>,
}

/// Credentials and where they were found.
#[derive(Debug, Clone)]
pub struct Found {
    pub credentials: Credentials,
    /// For messages: `HW_ACCESS_KEY and HW_SECRET_KEY`.
    pub origin: String,
}

/// Finds credentials.
pub fn find(here: &Surroundings<'_>, choice: &Choice) -> Result<Found, CredentialError> {
    let (source, profile) = named(here, choice)?;
    let profile = profile.as_deref();
    let found = match source {
        None => in_order(here)?,
        Some(SourceName::Env) => of_variables(here)?,
        Some(SourceName::Profile) => of_profile(here, profile)?,
    };
    found.ok_or_else(|| source.map_or(CredentialError::Missing, missing))
}

/// All cloud secrets that can be found here, also those that are not used: none may be printed.
pub fn secrets(here: &Surroundings<'_>) -> Vec<SecretString> {
    let found = [
        variables::secrets(here),
        koocli::secrets(here),
        sdk_file::secrets(here),
    ];
    let found = found.into_iter().flatten().map(without_line_break);
    // A mask would find an empty text everywhere.
    found
        .filter(|value| !value.is_empty())
        .map(SecretString::from)
        .collect()
}

fn in_order(here: &Surroundings<'_>) -> Result<Option<Found>, CredentialError> {
    if let Some(found) = of_variables(here)? {
        return Ok(Some(found));
    }
    of_profile(here, None)
}

fn of_variables(here: &Surroundings<'_>) -> Result<Option<Found>, CredentialError> {
    let found = variables::find(here)?;
    Ok(found.map(|(credentials, origin)| Found {
        credentials,
        origin: origin.to_owned(),
    }))
}

/// A name is one of KooCLI's: the SDK's file has no profiles.
fn of_profile(
    here: &Surroundings<'_>,
    name: Option<&str>,
) -> Result<Option<Found>, CredentialError> {
    let found = match koocli::find(here, name)? {
        None if name.is_none() => sdk_file::find(here)?,
        found => found,
    };
    Ok(found.map(|(credentials, origin)| Found {
        credentials,
        origin,
    }))
}

/// The source that the user named, and the profile. An option beats Terraform's variable.
fn named(
    here: &Surroundings<'_>,
    choice: &Choice,
) -> Result<(Option<SourceName>, Option<String>), CredentialError> {
    match (choice.source, &choice.profile) {
        (Some(source), Some(_)) if source != SourceName::Profile => {
            Err(CredentialError::ProfileElsewhere {
                by: "`--profile`",
                source_name: source.name(),
            })
        }
        (_, Some(profile)) => Ok((Some(SourceName::Profile), Some(profile.clone()))),
        (Some(SourceName::Profile), None) => Ok((choice.source, here.set(PROFILE))),
        (Some(source), None) => Ok((Some(source), None)),
        (None, None) => {
            let profile = here.set(PROFILE);
            Ok((profile.is_some().then_some(SourceName::Profile), profile))
        }
    }
}

fn missing(source: SourceName) -> CredentialError {
    CredentialError::MissingSource {
        source_name: source.name(),
        expected: source.expected(),
    }
}

/// The path, for messages, and the text of a file; `None` if there is no such file.
pub(super) fn text_of(
    here: &Surroundings<'_>,
    path: &Path,
) -> Result<Option<(String, String)>, CredentialError> {
    let shown = crate::text::escaped(&path.display().to_string());
    match (here.file)(path) {
        Ok(text) => Ok(text.map(|text| (shown, text))),
        Err(error) => Err(CredentialError::Unreadable {
            file: shown,
            problem: error.to_string(),
        }),
    }
}
