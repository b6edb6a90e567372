//! Reads the logins that a plan's runs need, right before it is applied. They go only into the
//! requests that start runs.
//!
//! A chart names the file or variable with a login and the git server that gets it. So a person who
//! may change the chart could send any file or variable to a server of theirs: the secrets that
//! this command signs with are refused, wherever they were found.

use std::{
    collections::BTreeMap,
    env,
    io::{self, Read as _},
    path::Path,
};

use crate::{
    address::Address,
    config::load::links::{follow, refuse_system_path},
    mask::Mask,
    plan::{Plan, Run},
    state::{LoginSource, SecretSource},
    text::escaped,
    wire::secret::{Login, Secret, without_line_break},
};

/// The logins of all mirrors that will be run, or why one cannot be used; the message never
/// contains it. `own` are the secrets that this command signs with.
pub(super) fn read(plan: &Plan, own: &Mask) -> Result<BTreeMap<Address, Login>, String> {
    let mut logins = BTreeMap::new();
    for change in plan.runnable() {
        let Some(run) = change.action.run().and_then(Run::fetch) else {
            continue;
        };
        let Some(source) = &run.credentials else {
            continue;
        };
        let half = |source| {
            secret(source, own)
                .map_err(|problem| format!("{} cannot log in: {problem}", change.address))
        };
        let login = Login {
            username: half(&source.username)?,
            password: half(&source.password)?,
        };
        logins.insert(change.address.clone(), login);
    }
    Ok(logins)
}

/// Those of these logins that can be read now, for the mask. The others are no error here: they are
/// checked when they are needed.
pub(super) fn known<'s>(sources: impl Iterator<Item = &'s LoginSource>) -> Vec<Secret> {
    // Compared with no own keys: a key must be masked here, even if it is no valid login.
    let halves = sources.flat_map(|source| [&source.username, &source.password]);
    halves
        .filter_map(|source| secret(source, &Mask::default()).ok())
        .collect()
}

fn secret(source: &SecretSource, own: &Mask) -> Result<Secret, String> {
    let (text, place) = match source {
        SecretSource::Env(name) => {
            let place = format!("the variable `{}`", escaped(name));
            (
                read_variable(name).map_err(|problem| format!("{place} {problem}"))?,
                place,
            )
        }
        SecretSource::File(path) => {
            let place = format!("the file {}", escaped(path));
            (
                read_file(path).map_err(|error| format!("{place} cannot be read: {error}"))?,
                place,
            )
        }
    };
    // Editors and `echo` end a file with a line break, which is not a part of the login.
    let secret = Secret::new(without_line_break(text));
    if secret.is_empty() {
        Err(format!("{place} is empty"))
    } else if secret.has_control_character() {
        Err(format!(
            "{place} holds more than one line, or another control character; expected a login alone"
        ))
    } else if own.is_in(&secret) {
        Err(format!(
            "{place} holds a key or a token of the cloud, which is not for a git server"
        ))
    } else {
        Ok(secret)
    }
}

/// Far above any login; bounds what is read of a device or a large file.
const LONGEST: usize = 64 * 1024;

fn read_variable(name: &str) -> Result<String, String> {
    match env::var(name) {
        Ok(text) if text.len() > LONGEST => Err(format!("holds more than {LONGEST} bytes")),
        Ok(text) => Ok(text),
        Err(env::VarError::NotPresent) => Err("is not set".to_owned()),
        Err(env::VarError::NotUnicode(_)) => Err("is not UTF-8".to_owned()),
    }
}

/// Mounted secrets are links, so links are followed, but never through `/proc` and the like.
fn read_file(path: &str) -> io::Result<String> {
    let end = follow(Path::new(path), &refuse_system_path)?;
    end.expect_file()?;
    let file = end.open()?;
    let length = file.metadata()?.len();
    let mut bytes = Vec::new();
    // One byte more than allowed shows that a file is too long without reading all of it.
    file.take(LONGEST as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > LONGEST {
        return Err(io::Error::other(format!(
            "expected a file of at most {LONGEST} bytes"
        )));
    }
    // Files of procfs and sysfs have a size that is not their content's, wherever they are mounted:
    // this refuses them even if the path did not give them away.
    if bytes.len() as u64 != length {
        return Err(io::Error::other(
            "its size is not that of its content, as of a file that is being written",
        ));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8"))
}
