//! What was asked and answered, in memory and as lines of a file.
//!
//! Headers are left out: they may carry a token. The names and passwords in a body are not kept
//! either.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use serde::Serialize;
use serde_json::Value;

use crate::emulator::message::{Answer, Request};

/// Fields of bodies whose values nobody else is to see.
const SECRETS: [&str; 4] = ["username", "password", "secret", "token"];

const HIDDEN: &str = "...";

/// One request as it was answered.
#[derive(Clone, PartialEq, Serialize)]
pub struct Entry {
    /// As in the `X-Request-Id` of the answer.
    pub request_id: String,
    /// The region whose endpoint was asked.
    pub region: String,
    /// In upper case.
    pub method: String,
    /// As received, escaped, without a region prefix.
    pub path: String,
    /// As received, escaped.
    pub query: String,
    /// None if there was no body, or none that is JSON. For a name or a password it says `...`,
    /// unless that is empty.
    pub body: Option<Value>,
    /// None if no answer was sent.
    pub status: Option<u16>,
    /// Whether a fault had a hand in the answer.
    pub fault: bool,
    /// What the faults are called that struck.
    pub effects: Vec<&'static str>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            request_id,
            region,
            method,
            path,
            query,
            body,
            status,
            effects,
            ..
        } = self;
        write!(
            f,
            "{request_id} {method} {region} {path}?{query} {body:?} {status:?} {effects:?}"
        )
    }
}

/// The entries so far, and the file that gets each of them as a line.
#[derive(Debug, Default)]
pub(in super::super) struct Journal {
    pub(in super::super) entries: Vec<Entry>,
    /// Whether entries are kept in memory no longer than it takes to write them.
    pub(in super::super) forgetful: bool,
    file: Option<File>,
    /// Why the file stopped getting them.
    pub(in super::super) failure: Option<io::Error>,
}

impl Journal {
    /// From now on each entry is also appended to the file.
    pub(in super::super) fn append_to(&mut self, path: &Path) -> io::Result<()> {
        if std::fs::metadata(path).is_ok_and(|found| found.is_file()) {
            end_last_line(&OpenOptions::new().read(true).append(true).open(path)?)?;
        }
        self.file = Some(OpenOptions::new().append(true).create(true).open(path)?);
        Ok(())
    }

    /// Whether an entry would be kept anywhere.
    pub(in super::super) fn is_kept(&self) -> bool {
        !self.forgetful || self.file.is_some()
    }

    /// Returns with the line written, so that it is there before the answer is.
    pub(in super::super) fn push(&mut self, entry: Entry) {
        if let Some(file) = &mut self.file {
            let written = line(&entry).and_then(|line| file.write_all(&line));
            if let Err(error) = written {
                self.failure = Some(error);
                self.file = None;
            }
        }
        if !self.forgetful {
            self.entries.push(entry);
        }
    }
}

/// What a line begins with.
const BEGINNING: &[u8] = br#"{"request_id":""#;

/// The most bytes that are looked at at once.
const CHUNK: u64 = 64 * 1024;

/// Makes sure that the next line is one of its own: half an entry, as a killed emulator leaves it,
/// is removed.
fn end_last_line(mut file: &File) -> io::Result<()> {
    let size = file.metadata()?.len();
    let start = last_line(file, size)?;
    if start == size {
        return Ok(());
    }
    file.seek(SeekFrom::Start(start))?;
    let mut beginning = Vec::new();
    file.take(BEGINNING.len() as u64)
        .read_to_end(&mut beginning)?;
    // Anything else is not ours to remove.
    if BEGINNING.starts_with(&beginning) {
        file.set_len(start)
    } else {
        file.write_all(b"\n")
    }
}

/// Where the last line begins; that is the end if the one before it is whole.
fn last_line(mut file: &File, size: u64) -> io::Result<u64> {
    let mut end = size;
    while end > 0 {
        let start = end.saturating_sub(CHUNK);
        file.seek(SeekFrom::Start(start))?;
        let mut chunk = Vec::new();
        file.take(end - start).read_to_end(&mut chunk)?;
        if let Some(at) = chunk.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// An entry as a line of JSON.
pub(in super::super) fn line(entry: &Entry) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(entry)?;
    line.push(b'\n');
    Ok(line)
}

impl Entry {
    pub(in super::super) fn new(
        request: &Request,
        request_id: &str,
        answer: &Answer,
        effects: Vec<&'static str>,
    ) -> Self {
        Self {
            request_id: request_id.to_owned(),
            region: request.region.clone(),
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            body: serde_json::from_slice(&request.body).ok().map(hidden),
            status: match answer {
                Answer::Complete(response) | Answer::Truncated(response, _) => {
                    Some(response.status)
                }
                Answer::Cut | Answer::Never => None,
            },
            fault: !effects.is_empty(),
            effects,
        }
    }
}

/// A body without its secrets: the values of some fields, and what stands before the `@` of an
/// address.
fn hidden(body: Value) -> Value {
    match body {
        Value::Object(fields) => {
            let field = |(name, value): (String, Value)| {
                let value = match is_secret(&name) {
                    true => covered(value),
                    false => hidden(value),
                };
                (name, value)
            };
            Value::Object(fields.into_iter().map(field).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(hidden).collect()),
        Value::String(text) => Value::String(without_user(text)),
        other => other,
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRETS
        .iter()
        .any(|secret| name == *secret || name.ends_with(&format!("_{secret}")))
}

/// In a request for a token `password` is a method with a user in it; of that only the password
/// proper is a secret.
fn covered(value: Value) -> Value {
    match value {
        Value::Object(fields) if fields.contains_key("user") => hidden(Value::Object(fields)),
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| (name, covered(value)))
                .collect(),
        ),
        Value::Null => value,
        // That a client sent an empty text is no secret, and worth seeing.
        Value::String(text) if text.is_empty() => text.into(),
        Value::Array(items) => Value::Array(items.into_iter().map(covered).collect()),
        _ => HIDDEN.into(),
    }
}

fn without_user(text: String) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text;
    };
    let end = rest.find('/').unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://{HIDDEN}{}", &rest[at..]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(body: &Value) -> Entry {
        let request = Request {
            method: "POST".to_owned(),
            body: body.to_string().into_bytes(),
            ..Request::default()
        };
        Entry::new(
            &request,
            "emulator-00000001",
            &Answer::Cut,
            vec!["cut-after"],
        )
    }

    #[test]
    fn secrets_are_hidden_and_the_rest_is_exact() {
        let body = json!({
            "import_url": "https://me:hunter2@example.com/a/b.git?x=@",
            "url": "https://example.com/a@b",
            "endpoint": { "username": "aHVudGVyMg==", "password": "aHVudGVyMg==", "branch": "main" },
            "auth": { "identity": { "password": { "user": { "name": "me", "password": "hunter2" } } } },
            "hw_ak_sk": { "access": { "key": "AK" }, "secret": { "key": "hunter2" } },
            "access_token": ["hunter2"],
            "Password": 7,
            "token": null,
            "username": "",
        });
        let expected = json!({
            "import_url": "https://...@example.com/a/b.git?x=@",
            "url": "https://example.com/a@b",
            "endpoint": { "username": "...", "password": "...", "branch": "main" },
            "auth": { "identity": { "password": { "user": { "name": "me", "password": "..." } } } },
            "hw_ak_sk": { "access": { "key": "AK" }, "secret": { "key": "..." } },
            "access_token": ["..."],
            "Password": "...",
            "token": null,
            "username": "",
        });
        let entry = entry(&body);
        assert_eq!(entry.body.as_ref(), Some(&expected));
        assert_eq!(serde_json::to_value(&entry).unwrap()["body"], expected);
        assert!(
            !format!("{entry:?}").contains("hunter2")
                && !format!("{entry:?}").contains("aHVudGVyMg"),
            "{entry:?}"
        );
    }

    #[test]
    fn a_file_gets_a_line_for_each_entry() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.ndjson");
        std::fs::write(&path, "{}\n").unwrap();
        let mut journal = Journal::default();
        journal.append_to(&path).unwrap();
        for number in 0..2 {
            journal.push(entry(&json!({ "number": number })));
            let text = std::fs::read_to_string(&path).unwrap();
            let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
            assert_eq!(
                (text.lines().count(), &last["body"]["number"]),
                (number + 2, &json!(number))
            );
            assert_eq!(
                (&last["status"], &last["effects"]),
                (&Value::Null, &json!(["cut-after"]))
            );
        }
        assert!(journal.failure.is_none());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_is_full_is_told_once() {
        let mut journal = Journal::default();
        journal.append_to(Path::new("/dev/full")).unwrap();
        journal.push(entry(&json!({})));
        assert_eq!(
            journal.failure.as_ref().map(io::Error::kind),
            Some(io::ErrorKind::StorageFull)
        );
        journal.push(entry(&json!({})));
        assert_eq!(journal.entries.len(), 2);
    }
}
