//! The control endpoint. It gives the tests of other programs what tests of this crate do with
//! [`Emulator`]: add faults, read the journal, set the state, make another client's edits.
//!
//! It is not part of the service. It exists only with `--control` and on loopback addresses, and a
//! request must name a loopback host, so that a web page cannot use it.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::emulator::{
    Emulator, Fault,
    faults::stranger::Edit,
    message::Response,
    state::{State, Tag, file},
    world::journal,
};

/// The prefix of its paths.
pub(in super::super) const PREFIX: &str = "/_emulator/";

/// Answers a request whose path begins with [`PREFIX`].
pub(in super::super) fn answer(
    emulator: &Emulator,
    method: &str,
    path: &str,
    body: &[u8],
) -> Response {
    let text = String::from_utf8_lossy(body);
    let outcome = match (method, path.strip_prefix(PREFIX).unwrap_or_default()) {
        ("GET", "faults") => Ok(faults(emulator)),
        ("POST", "faults") => add_faults(emulator, &text),
        ("DELETE", "faults") => {
            emulator.clear_faults();
            Ok(empty())
        }
        ("GET", "journal") => Ok(journal_lines(emulator)),
        ("DELETE", "journal") => {
            emulator.clear_journal();
            Ok(empty())
        }
        ("GET", "state") => Ok(Response::json(200, &json!(emulator.read(State::clone)))),
        ("PUT", "state") => set_state(emulator, &text),
        ("POST", "stranger") => make_edit(emulator, &text),
        ("POST", "tags") => push_tags(emulator, &text),
        ("DELETE", "tags") => delete_tags(emulator, &text),
        ("GET", "clock") => Ok(clock(emulator)),
        ("POST", "clock") => advance(emulator, &text),
        _ => {
            return Response::json(404, &json!({ "error": format!("expected one of {PATHS}") }));
        }
    };
    outcome.unwrap_or_else(|error| Response::json(400, &json!({ "error": error })))
}

/// The answer to a web page that uses the browser on this machine.
pub(in super::super) fn refused(error: &str) -> Response {
    Response::json(403, &json!({ "error": error }))
}

const PATHS: &str = "GET, POST and DELETE /_emulator/faults, GET and DELETE /_emulator/journal, \
    GET and PUT /_emulator/state, POST /_emulator/stranger, POST and DELETE /_emulator/tags, \
    GET and POST /_emulator/clock";

fn empty() -> Response {
    Response {
        status: 204,
        ..Response::default()
    }
}

/// All faults, each with its count of strikes.
fn faults(emulator: &Emulator) -> Response {
    let fault = |(fault, struck): (Fault, usize)| {
        let mut fields: Map<String, Value> = fault
            .fields()
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text.into()))
            .collect();
        fields.insert("struck".to_owned(), struck.into());
        Value::Object(fields)
    };
    Response::json(200, &emulator.faults().into_iter().map(fault).collect())
}

/// Adds all faults of the list, or none if one is invalid.
fn add_faults(emulator: &Emulator, text: &str) -> Result<Response, String> {
    Fault::list(text)?
        .into_iter()
        .for_each(|fault| emulator.inject(fault));
    Ok(empty())
}

fn journal_lines(emulator: &Emulator) -> Response {
    // Serializing an entry cannot fail: all its keys are strings.
    let lines: Vec<u8> = emulator
        .journal()
        .iter()
        .flat_map(|entry| journal::line(entry).unwrap_or_default())
        .collect();
    Response::text(200, "application/x-ndjson", lines)
}

fn set_state(emulator: &Emulator, text: &str) -> Result<Response, String> {
    let mut new = serde_json::from_str::<State>(text)
        .map_err(|error| format!("the body is not a state: {error}"))?;
    // Before the edit: an invalid state changes nothing.
    file::check(&new)?;
    emulator.edit(|state| {
        if new.account.is_empty() {
            new.account.clone_from(&state.account);
        }
        // Not part of the JSON form, so it would be lost.
        new.default_account.clone_from(&state.default_account);
        *state = new;
    });
    Ok(empty())
}

fn make_edit(emulator: &Emulator, text: &str) -> Result<Response, String> {
    let expected = r#"expected {"edit": "EDIT"}"#;
    let body: Value = serde_json::from_str(text).map_err(|error| format!("{expected}: {error}"))?;
    let edit: Edit = body["edit"].as_str().ok_or(expected)?.parse()?;
    let (now, settings) = (emulator.now(), &emulator.settings);
    emulator.edit(|state| edit.apply(state, settings, now));
    Ok(empty())
}

/// Tags of a repository: each a name, or a mapping as in the state file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tags {
    region: String,
    organization: String,
    repository: String,
    tags: Vec<NameOrTag>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NameOrTag {
    Name(String),
    Tag(Tag),
}

impl Tags {
    /// Reads them, and refuses what would do nothing.
    fn read(emulator: &Emulator, text: &str) -> Result<(Self, Vec<Tag>), String> {
        let mut body: Self = serde_json::from_str(text).map_err(|error| {
            let expected = r#"{"region": "cn-north-4", "organization": "team-a", "repository": "web", "tags": ["v1"]}"#;
            format!("expected {expected}; a tag is a name, or a mapping as in the state: {error}")
        })?;
        let tags: Vec<Tag> = body.tags.drain(..).map(NameOrTag::tag).collect();
        if tags.iter().any(|tag| tag.name.is_empty()) {
            return Err("a tag has no name".to_owned());
        }
        let Self {
            region,
            organization,
            repository,
            ..
        } = &body;
        let exists = |state: &State| state.repository(region, organization, repository).is_some();
        if emulator.read(exists) {
            Ok((body, tags))
        } else {
            Err(format!(
                "there is no repository {organization}/{repository} in {region}"
            ))
        }
    }
}

impl NameOrTag {
    fn tag(self) -> Tag {
        match self {
            Self::Name(name) => Tag::named(&name),
            Self::Tag(tag) => tag,
        }
    }
}

fn push_tags(emulator: &Emulator, text: &str) -> Result<Response, String> {
    let (place, tags) = Tags::read(emulator, text)?;
    emulator.push_tags(&place.region, &place.organization, &place.repository, tags);
    Ok(empty())
}

fn delete_tags(emulator: &Emulator, text: &str) -> Result<Response, String> {
    let (place, tags) = Tags::read(emulator, text)?;
    let names: Vec<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
    let deleted = emulator.delete_tags(
        &place.region,
        &place.organization,
        &place.repository,
        &names,
    );
    Ok(Response::json(200, &json!({ "deleted": deleted })))
}

fn clock(emulator: &Emulator) -> Response {
    Response::json(200, &json!({ "now": emulator.now().to_string() }))
}

fn advance(emulator: &Emulator, text: &str) -> Result<Response, String> {
    let expected = r#"expected {"advance_seconds": 60}"#;
    let body: Value = serde_json::from_str(text).map_err(|error| format!("{expected}: {error}"))?;
    let seconds = body["advance_seconds"].as_u64().ok_or(expected)?;
    emulator.advance(Duration::from_secs(seconds));
    Ok(clock(emulator))
}
