//! The profiles of KooCLI, in `~/.hcloud/config.json`.
//!
//! KooCLI encrypts the keys in this file unless it was told not to, and nobody else can read them
//! then (swr-next: A10). Such a profile is an error: its ciphertext must not sign anything.

use serde_json::Value;

use super::{CredentialError, Credentials, Keys, Surroundings, header_value};
use crate::text::escaped;

/// The keys of the profile of that name, else of the current one, and the words for it. `None` if
/// there is no file, or if no name was given and the current profile has no keys.
pub(super) fn find(
    here: &Surroundings<'_>,
    name: Option<&str>,
) -> Result<Option<(Credentials, String)>, CredentialError> {
    let Some((path, text)) = file(here)? else {
        return Ok(None);
    };
    let config: Value = serde_json::from_str(&text).map_err(|error| {
        // Only the place: the error's own text may quote a value.
        let (line, column) = (error.line(), error.column());
        CredentialError::Malformed {
            file: path.clone(),
            problem: format!("expected JSON (line {line}, column {column})"),
        }
    })?;
    let wanted = name.unwrap_or_else(|| text_of(&config["current"]));
    let Some(profile) = profiles(&config).find(|known| text_of(&known["name"]) == wanted) else {
        return match name {
            Some(name) => Err(no_profile(path, name, &config)),
            None => Ok(None),
        };
    };
    let place = format!("the profile `{}` of {path}", escaped(wanted));
    match keys(profile, &config["authEncrypt"], &place)? {
        Some(keys) => Ok(Some((Credentials::Keys(keys), place))),
        None if name.is_none() => Ok(None),
        None => Err(CredentialError::Malformed {
            file: place,
            problem: "it holds no keys".to_owned(),
        }),
    }
}

/// The secrets of all profiles. A file that cannot be read has none.
pub(super) fn secrets(here: &Surroundings<'_>) -> Vec<String> {
    let text = file(here).ok().flatten().map(|(_, text)| text);
    let config: Value = text
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    let keys = profiles(&config).flat_map(|profile| [profile, sso(profile)]);
    keys.flat_map(|keys| [&keys["secretAccessKey"], &keys["securityToken"]])
        .map(|secret| text_of(secret).to_owned())
        .collect()
}

fn profiles(config: &Value) -> impl Iterator<Item = &Value> {
    config["profiles"].as_array().into_iter().flatten()
}

/// The keys of a login through a web page.
fn sso(profile: &Value) -> &Value {
    &profile["ssoAuth"]["stsToken"]
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn file(here: &Surroundings<'_>) -> Result<Option<(String, String)>, CredentialError> {
    let Some(path) = here.of_home(".hcloud/config.json") else {
        return Ok(None);
    };
    here.text_of(&path)
}

fn keys(profile: &Value, encrypted: &Value, place: &str) -> Result<Option<Keys>, CredentialError> {
    let found = match text_of(&profile["mode"]) {
        "SSO" => sso(profile),
        "" | "AKSK" => profile,
        mode => {
            return Err(CredentialError::Mode {
                place: place.to_owned(),
                mode: escaped(mode),
                instead: instead(mode),
            });
        }
    };
    let text = |field: &str| text_of(&found[field]);
    let half = |given, missing| {
        let place = place.to_owned();
        Err(CredentialError::HalfAProfile {
            place,
            given,
            missing,
        })
    };
    let (ak, sk) = ("accessKeyId", "secretAccessKey");
    match (text(ak).is_empty(), text(sk).is_empty()) {
        (true, true) if text("securityToken").is_empty() => return Ok(None),
        (true, true) => return half("securityToken", ak),
        (false, true) => return half(ak, sk),
        (true, false) => return half(sk, ak),
        (false, false) => {}
    }
    if is_encrypted(encrypted, text(ak)) {
        return Err(CredentialError::Encrypted {
            place: place.to_owned(),
        });
    }
    let value =
        |text: &str, field: &str| header_value(text.to_owned(), || format!("`{field}` of {place}"));
    let (Some(ak), Some(sk)) = (value(text(ak), ak)?, value(text(sk), sk)?) else {
        return Ok(None);
    };
    Ok(Some(Keys {
        ak,
        sk: sk.into(),
        security_token: value(text("securityToken"), "securityToken")?.map(Into::into),
        project_id: value(text_of(&profile["projectId"]), "projectId")?,
    }))
}

/// Where the file does not say, by the look of the key: one of the cloud has capitals and digits
/// only.
fn is_encrypted(setting: &Value, ak: &str) -> bool {
    let looks_plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    match setting {
        Value::Bool(setting) => *setting,
        Value::String(setting) if setting.eq_ignore_ascii_case("true") => true,
        Value::String(setting) if setting.eq_ignore_ascii_case("false") => false,
        _ => !ak.bytes().all(looks_plain),
    }
}

fn instead(mode: &str) -> &'static str {
    match mode {
        "ecsAgency" => "on that machine, `--credentials metadata` uses its agency",
        "AssumeRole" | "agency" => {
            "name the profile that it starts from, and the agency in `PORTOLAN_ASSUME_AGENCY`"
        }
        _ => "use a profile of the mode `AKSK` or `SSO`, or other credentials",
    }
}

fn no_profile(file: String, name: &str, config: &Value) -> CredentialError {
    let names = profiles(config).map(|profile| text_of(&profile["name"]));
    let names: Vec<String> = names.map(|name| format!("`{}`", escaped(name))).collect();
    CredentialError::NoProfile {
        file,
        name: format!("`{}`", escaped(name)),
        known: match names.is_empty() {
            true => String::new(),
            false => format!("; it has {}", names.join(", ")),
        },
    }
}
