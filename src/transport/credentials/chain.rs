//! The order in which credentials are looked for.
//!
//! A source that was named is the only one. Otherwise the first complete one is used; what is half
//! there, or there and unusable, is an error and not skipped, because the next source may belong to
//! another account.

use secrecy::SecretString;

use super::{
    Agency, CredentialError, Credentials, Oidc, Surroundings, agency, koocli, oidc, sdk_file,
    variables,
};
use crate::wire::{Service, secret::without_line_break};

/// The variable of Terraform that names a profile.
const PROFILE: &str = "HW_PROFILE";

/// A source that a user can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceName {
    /// The variables with keys or a token.
    Env,
    /// An id token that STS exchanges for keys.
    Oidc,
    /// A profile in a file.
    Profile,
    /// The metadata service of the machine. Never without being named: elsewhere its address may
    /// belong to anybody, and asking takes long.
    Metadata,
}

impl SourceName {
    /// As it is written on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            SourceName::Env => "env",
            SourceName::Oidc => "oidc",
            SourceName::Profile => "profile",
            SourceName::Metadata => "metadata",
        }
    }

    fn expected(self) -> &'static str {
        match self {
            SourceName::Env => {
                "set `HUAWEICLOUD_SDK_AK` and `HUAWEICLOUD_SDK_SK`, or `HW_ACCESS_KEY` and \
                `HW_SECRET_KEY`"
            }
            SourceName::Oidc => {
                "set `HUAWEICLOUD_OIDC_PROVIDER_URN` and `HUAWEICLOUD_OIDC_AGENCY_URN`"
            }
            // It is not looked for here, so it is never missing.
            SourceName::Metadata => "the machine has no agency",
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

/// Credentials, or where they can be obtained.
#[derive(Debug, Clone)]
pub enum Source {
    Fixed(Credentials),
    Oidc(Oidc),
    Metadata,
}

/// A source, and what is done with it.
#[derive(Debug, Clone)]
pub struct Found {
    pub source: Source,
    /// For messages: `HW_ACCESS_KEY and HW_SECRET_KEY`.
    pub origin: String,
    /// The agency that is assumed with the credentials of the source.
    pub agency: Option<Agency>,
}

impl Found {
    fn new(source: Source, origin: impl Into<String>) -> Found {
        Found {
            source,
            origin: origin.into(),
            agency: None,
        }
    }

    /// The services that hand out the keys, in the region of the chart.
    pub(crate) fn issuers(&self) -> Vec<Service> {
        let by_sts =
            matches!(self.source, Source::Oidc(_)) || matches!(self.agency, Some(Agency::Urn(_)));
        let by_iam = matches!(self.agency, Some(Agency::Named { .. }));
        let needed = [(Service::Sts, by_sts), (Service::Iam, by_iam)];
        needed
            .into_iter()
            .filter_map(|(service, is_needed)| is_needed.then_some(service))
            .collect()
    }
}

/// Finds credentials.
pub fn find(here: &Surroundings<'_>, choice: &Choice) -> Result<Found, CredentialError> {
    let (source, profile) = named(here, choice)?;
    let profile = profile.as_deref();
    let found = match source {
        None => in_order(here)?,
        Some(SourceName::Env) => of_variables(here)?,
        Some(SourceName::Oidc) => of_oidc(here)?,
        Some(SourceName::Profile) => of_profile(here, profile)?,
        Some(SourceName::Metadata) => Some(Found::new(
            Source::Metadata,
            "the machine's metadata service",
        )),
    };
    let found = found.ok_or_else(|| source.map_or(CredentialError::Missing, missing))?;
    Ok(match agency::find(here)? {
        Some(agency) => Found {
            origin: format!("{}, with the agency {agency}", found.origin),
            agency: Some(agency),
            ..found
        },
        None => found,
    })
}

/// All cloud secrets that can be found here, also those that are not used: none may be printed.
pub fn secrets(here: &Surroundings<'_>) -> Vec<SecretString> {
    let found = [
        variables::secrets(here),
        oidc::secrets(here),
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
    let found = of_variables(here)?;
    // Looked at in any case: half of its settings are an error beside complete keys too.
    let by_oidc = of_oidc(here)?;
    match found.or(by_oidc) {
        None => of_profile(here, None),
        found => Ok(found),
    }
}

fn of_variables(here: &Surroundings<'_>) -> Result<Option<Found>, CredentialError> {
    let found = variables::find(here)?;
    Ok(found.map(|(credentials, origin)| Found::new(Source::Fixed(credentials), origin)))
}

fn of_oidc(here: &Surroundings<'_>) -> Result<Option<Found>, CredentialError> {
    let found = oidc::find(here)?;
    Ok(found.map(|oidc| {
        let origin = format!("OIDC with {}", oidc.token);
        Found::new(Source::Oidc(oidc), origin)
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
    Ok(found.map(|(credentials, origin)| Found::new(Source::Fixed(credentials), origin)))
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
