//! The control endpoint. It gives the tests of other programs what tests of this crate do with
//! [`Emulator`]: add faults, read the journal, set the state, make another client's edits.
//!
//! It is not part of the service. It exists only with `--control` and on loopback addresses, and a
//! request must name a loopback host, so that a web page cannot use it.

use serde_json::{Map, Value, json};

use crate::emulator::{
    Emulator, Fault,
    faults::stranger::Edit,
    message::Response,
    state::{State, file},
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
    GET and PUT /_emulator/state, POST /_emulator/stranger";

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
    emulator.edit(|state| edit.apply(state));
    Ok(empty())
}
