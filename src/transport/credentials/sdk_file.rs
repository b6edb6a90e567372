//! The file of the official SDK, `~/.huaweicloud/credentials`: sections of `key = value`.
//!
//! Only the section `[basic]` is used. `[global]` holds the credentials of services without
//! regions.

use super::{CredentialError, Credentials, Keys, Surroundings, header_value};

/// The variable with another path of the file.
const FILE: &str = "HUAWEICLOUD_SDK_CREDENTIALS_FILE";

const SECTION: &str = "basic";

/// The keys of the file, and the words for it. `None` if there are none.
pub(super) fn find(
    here: &Surroundings<'_>,
) -> Result<Option<(Credentials, String)>, CredentialError> {
    let Some((path, text)) = file(here)? else {
        return Ok(None);
    };
    let place = format!("the section `[{SECTION}]` of {path}");
    let value = |key: &str| {
        let text = of_section(&text, key).unwrap_or_default();
        header_value(text.to_owned(), || format!("`{key}` of {place}"))
    };
    let half = |given, missing| {
        let place = place.clone();
        Err(CredentialError::HalfAProfile {
            place,
            given,
            missing,
        })
    };
    let security_token = value("security_token")?;
    let (ak, sk) = match (value("ak")?, value("sk")?) {
        (Some(ak), Some(sk)) => (ak, sk),
        (Some(_), None) => return half("ak", "sk"),
        (None, Some(_)) => return half("sk", "ak"),
        (None, None) if security_token.is_some() => return half("security_token", "ak"),
        (None, None) => return Ok(None),
    };
    let keys = Keys {
        ak,
        sk: sk.into(),
        security_token: security_token.map(Into::into),
        project_id: value("project_id")?,
    };
    Ok(Some((Credentials::Keys(keys), place)))
}

/// The secrets of all sections. A file that cannot be read has none.
pub(super) fn secrets(here: &Surroundings<'_>) -> Vec<String> {
    let text = file(here).ok().flatten().map(|(_, text)| text);
    let text = text.unwrap_or_default();
    let pairs = text.lines().filter_map(pair);
    pairs
        .filter(|(key, _)| matches!(*key, "sk" | "security_token"))
        .map(|(_, value)| value.to_owned())
        .collect()
}

fn file(here: &Surroundings<'_>) -> Result<Option<(String, String)>, CredentialError> {
    let named = here.set(FILE).map(std::path::PathBuf::from);
    match named.or_else(|| here.of_home(".huaweicloud/credentials")) {
        Some(path) => here.text_of(&path),
        None => Ok(None),
    }
}

/// The last value of a key in the section, as the SDK reads it.
fn of_section<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let mut is_inside = false;
    let mut found = None;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            is_inside = name.trim() == SECTION;
        } else if let Some((_, value)) = pair(line).filter(|(name, _)| is_inside && *name == key) {
            found = Some(value);
        }
    }
    found
}

/// `key = value` or `key: value`; not a comment.
fn pair(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let (key, value) = line.split_once(['=', ':'])?;
    let is_comment = line.starts_with(['#', ';']);
    (!is_comment).then(|| (key.trim(), value.trim()))
}
