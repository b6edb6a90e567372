//! The requests and their answers, in memory and as lines of a file.
//!
//! It contains no headers, which may carry a token, and masks user names and passwords in bodies.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use serde::Serialize;
use serde_json::Value;

use crate::emulator::message::{Answer, Request};

/// The fields of bodies whose values are masked.
const SECRETS: [&str; 5] = ["username", "password", "secret", "token", "id_token"];

const MASK: &str = "...";

/// One request and how it was answered.
#[derive(Clone, PartialEq, Serialize)]
pub struct Entry {
    /// As in the `X-Request-Id` of the answer.
    pub request_id: String,
    /// The region of the endpoint that received it.
    pub region: String,
    /// In upper case.
    pub method: String,
    /// As received, escaped, without a region prefix.
    pub path: String,
    /// As received, escaped.
    pub query: String,
    /// None if there was no body or it is not JSON. User names and passwords are `...` unless they
    /// are empty.
    pub body: Option<Value>,
    /// None if no answer was sent.
    pub status: Option<u16>,
    /// Whether a fault changed the answer.
    pub fault: bool,
    /// The names of the faults that struck.
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

/// The entries so far, and the file to which each is appended.
#[derive(Debug, Default)]
pub(in super::super) struct Journal {
    pub(in super::super) entries: Vec<Entry>,
    /// Whether entries are written to the file only and not kept in memory.
    pub(in super::super) discards_entries: bool,
    file: Option<File>,
    /// Why an entry could not be written.
    pub(in super::super) failure: Option<io::Error>,
}

impl Journal {
    /// Appends each further entry to a file as well.
    pub(in super::super) fn append_to(&mut self, path: &Path) -> io::Result<()> {
        // A pipe or a device cannot be read and repaired.
        if std::fs::metadata(path).is_ok_and(|found| found.is_file()) {
            // Windows cuts no file that is open for appending.
            repair_last_line(&OpenOptions::new().read(true).write(true).open(path)?)?;
        }
        self.file = Some(OpenOptions::new().append(true).create(true).open(path)?);
        Ok(())
    }

    /// Whether an entry would be kept in memory or in a file.
    pub(in super::super) fn is_kept(&self) -> bool {
        !self.discards_entries || self.file.is_some()
    }

    /// Adds an entry. Its line is in the file before the answer is sent.
    pub(in super::super) fn push(&mut self, entry: Entry) {
        if let Some(file) = &mut self.file {
            // In one call: a killed emulator leaves at most one incomplete line.
            let written = line(&entry).and_then(|line| file.write_all(&line));
            if let Err(error) = written {
                // Later lines would hide that one is missing.
                self.failure = Some(error);
                self.file = None;
            }
        }
        if !self.discards_entries {
            self.entries.push(entry);
        }
    }
}

/// The beginning of each line.
const LINE_START: &[u8] = br#"{"request_id":""#;

/// How many bytes are read at a time.
const CHUNK: u64 = 64 * 1024;

/// Makes sure that the next entry begins a line: removes half an entry that a killed emulator left.
fn repair_last_line(mut file: &File) -> io::Result<()> {
    let size = file.metadata()?.len();
    let start = last_line(file, size)?;
    if start == size {
        return Ok(());
    }
    file.seek(SeekFrom::Start(start))?;
    let mut found = Vec::new();
    file.take(LINE_START.len() as u64).read_to_end(&mut found)?;
    // Text that the emulator did not write is kept.
    if LINE_START.starts_with(&found) {
        file.set_len(start)
    } else {
        file.seek(SeekFrom::End(0))?;
        file.write_all(b"\n")
    }
}

/// The start of the last line, which is the end of the file after a complete line.
fn last_line(mut file: &File, size: u64) -> io::Result<u64> {
    let mut end = size;
    // From the end, because a journal can be large.
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
            // A body that is not JSON, such as a form, is left out: its secrets could not be found.
            body: serde_json::from_slice(&request.body).ok().map(masked),
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

/// A body whose secret fields and user parts of URLs are masked.
fn masked(body: Value) -> Value {
    match body {
        Value::Object(fields) => {
            let field = |(name, value): (String, Value)| {
                let value = match is_secret(&name) {
                    true => masked_secret(value),
                    false => masked(value),
                };
                (name, value)
            };
            Value::Object(fields.into_iter().map(field).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(masked).collect()),
        Value::String(text) => Value::String(without_user_info(text)),
        other => other,
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRETS
        .iter()
        .any(|secret| name == *secret || name.ends_with(&format!("_{secret}")))
}

/// In a request for a token `password` is an object with the user; only the password in it is a
/// secret.
fn masked_secret(value: Value) -> Value {
    match value {
        Value::Object(fields) if fields.contains_key("user") => masked(Value::Object(fields)),
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| (name, masked_secret(value)))
                .collect(),
        ),
        Value::Null => value,
        // An empty value is not a secret, and a test may check that it was sent.
        Value::String(text) if text.is_empty() => text.into(),
        Value::Array(items) => Value::Array(items.into_iter().map(masked_secret).collect()),
        _ => MASK.into(),
    }
}

fn without_user_info(text: String) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text;
    };
    let end = rest.find('/').unwrap_or(rest.len());
    // The last one: a password can contain another.
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://{MASK}{}", &rest[at..]),
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
    fn secrets_are_masked_and_the_rest_is_exact() {
        let body = json!({
            "import_url": "https://me:hunter2@example.com/a/b.git?x=@",
            "url": "https://example.com/a@b",
            "endpoint": { "username": "aHVudGVyMg==", "password": "aHVudGVyMg==",
            "branch": "main" },
            "auth": { "identity": { "password": { "user": { "name": "me",
            "password": "hunter2" } } } },
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
    fn a_full_file_is_reported_once() {
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
