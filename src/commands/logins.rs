//! Reads the logins that a plan's runs need, right before it is applied: nothing else looks at them, and they go
//! nowhere but into the requests that start runs.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, Read as _},
};

use crate::{
    address::Address,
    plan::Plan,
    state::SecretSource,
    wire::secret::{Login, Secret},
};

/// The logins of all mirrors that will be run; or why one is missing, in words that do not hold it.
pub(super) fn read(plan: &Plan) -> Result<BTreeMap<Address, Login>, String> {
    let mut logins = BTreeMap::new();
    for change in plan.runnable() {
        let Some(source) = change.run.as_ref().and_then(|run| run.credentials.as_ref()) else { continue };
        let half = |source| secret(source).map_err(|problem| format!("{} cannot log in: {problem}", change.address));
        let login = Login { username: half(&source.username)?, password: half(&source.password)? };
        logins.insert(change.address.clone(), login);
    }
    Ok(logins)
}

fn secret(source: &SecretSource) -> Result<Secret, String> {
    let (text, place) = match source {
        SecretSource::Env(name) => match env::var(name) {
            Ok(text) => (text, format!("the variable `{}`", name.escape_debug())),
            Err(env::VarError::NotPresent) => return Err(format!("the variable `{}` is not set", name.escape_debug())),
            Err(env::VarError::NotUnicode(_)) => {
                return Err(format!("the variable `{}` holds no text", name.escape_debug()));
            }
        },
        SecretSource::File(path) => match read_file(path) {
            Ok(text) => (without_line_break(text), format!("the file {}", path.escape_debug())),
            Err(error) => return Err(format!("the file {} cannot be read: {error}", path.escape_debug())),
        },
    };
    if text.is_empty() { Err(format!("{place} is empty")) } else { Ok(Secret::new(text)) }
}

/// No login is longer. What is no file, such as a pipe or a device, may never end.
const LONGEST: u64 = 64 * 1024;

fn read_file(path: &str) -> io::Result<String> {
    let found = fs::metadata(path)?;
    if !found.is_file() || found.len() > LONGEST {
        return Err(io::Error::other(format!("expected a file of at most {LONGEST} bytes")));
    }
    io::read_to_string(fs::File::open(path)?.take(LONGEST))
}

/// Editors end a file with one.
fn without_line_break(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}
