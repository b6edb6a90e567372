//! Credentials: which ones a command uses, and where it finds them.
//!
//! Nothing is sent here. Variables and files are read through the functions in [`Surroundings`];
//! `wallet` obtains what is short-lived. No value is ever printed.

mod agency;
mod chain;
mod error;
pub mod files;
mod koocli;
pub(crate) mod oidc;
mod sdk_file;
mod variables;

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

pub(crate) use self::oidc::{IdToken, Job};
pub use self::{
    agency::Agency,
    chain::{Choice, Found, Source, SourceName, find, secrets},
    error::CredentialError,
    oidc::Oidc,
};
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

/// The variables and files of the machine.
pub struct Surroundings<'a> {
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The text of a regular file; `None` if there is no such file.
    pub file: &'a dyn Fn(&Path) -> io::Result<Option<String>>,
}

impl fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings").finish_non_exhaustive()
    }
}

impl Surroundings<'_> {
    /// A file of the user's own folder; `None` where there is no such folder.
    fn of_home(&self, name: &str) -> Option<PathBuf> {
        let folder = |variable: &str| self.set(variable);
        let home = folder("HOME").or_else(|| folder("USERPROFILE"))?;
        Some(Path::new(&home).join(name))
    }

    /// The path, for messages, and the text of a file; `None` if there is no such file.
    fn text_of(&self, path: &Path) -> Result<Option<(String, String)>, CredentialError> {
        let shown = crate::text::escaped(&path.display().to_string());
        match (self.file)(path) {
            Ok(text) => Ok(text.map(|text| (shown, text))),
            Err(error) => Err(CredentialError::Unreadable {
                file: shown,
                problem: error.to_string(),
            }),
        }
    }

    /// The value of a variable. An empty one counts as unset.
    fn set(&self, variable: &str) -> Option<String> {
        (self.variable)(variable).filter(|value| !value.is_empty())
    }

    /// The value of a variable that goes into a header.
    fn value(&self, variable: &'static str) -> Result<Option<String>, CredentialError> {
        let value = (self.variable)(variable).unwrap_or_default();
        header_value(value, || format!("`{variable}`"))
    }
}

/// A value that goes into a header, or into a part of one; `None` if it is empty.
///
/// Removes one trailing line break, as from every other secret: a file that becomes a variable, as
/// in a Kubernetes secret, ends with one. Any other mistake is an error, to be corrected at its
/// origin.
fn header_value(
    text: String,
    place: impl Fn() -> String,
) -> Result<Option<String>, CredentialError> {
    let text = without_line_break(text);
    if text.contains(['\n', '\r']) {
        return Err(CredentialError::LineBreak { place: place() });
    }
    if !text.chars().all(|character| character.is_ascii_graphic()) {
        return Err(CredentialError::BadCharacter { place: place() });
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Credentials for the regions of one chart.
#[derive(Debug, Clone)]
pub(crate) struct Scoped {
    pub credentials: Credentials,
    /// Whether a project id is ignored, which the user should know.
    pub dropped_project_id: bool,
}

impl Credentials {
    /// Adapts credentials to the number of regions: a project and a token belong to one region.
    pub(crate) fn for_regions(self, regions: usize) -> Result<Scoped, CredentialError> {
        match self {
            Credentials::Token(_) if regions > 1 => {
                Err(CredentialError::TokenForRegions { regions })
            }
            credentials if regions > 1 => Ok(credentials.without_project()),
            credentials => Ok(Scoped {
                credentials,
                dropped_project_id: false,
            }),
        }
    }

    /// The same without the id of a project.
    pub(crate) fn without_project(mut self) -> Scoped {
        let (Credentials::Keys(Keys { project_id, .. })
        | Credentials::Token(Token { project_id, .. })) = &mut self;
        Scoped {
            dropped_project_id: project_id.take().is_some(),
            credentials: self,
        }
    }
}

#[cfg(test)]
mod tests;
