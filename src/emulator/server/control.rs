//! The control endpoint, with which a test of another program does what a test of this crate does
//! by calling [`Emulator`]: put faults in, read the journal, set the state, be a stranger.
//!
//! It is no part of the service. The server uses it only with `--control`, on loopback addresses,
//! and not for a web page: a request must name a loopback host.

use serde_json::{Map, Value, json};

use crate::emulator::{
    Emulator, Fault,
    faults::stranger::Edit,
    message::Response,
    state::{State, file},
    world::journal,
};

/// What every path of it begins with.
pub(in super::super) const PREFIX: &str = "/_emulator/";

/// Answers a request for a path that begins with the prefix.
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
        ("GET", "journal") => Ok(lines(emulator)),
        ("DELETE", "journal") => {
            emulator.clear_journal();
            Ok(empty())
        }
        ("GET", "state") => Ok(Response::json(200, &json!(emulator.read(State::clone)))),
        ("PUT", "state") => set_state(emulator, &text),
        ("POST", "stranger") => be_a_stranger(emulator, &text),
        _ => return Response::json(404, &json!({ "error": format!("there is only {PATHS}") })),
    };
    outcome.unwrap_or_else(|error| Response::json(400, &json!({ "error": error })))
}

/// What a web page gets that drives a browser on this machine.
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

/// All faults, each with how often it struck.
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

/// All of them or none.
fn add_faults(emulator: &Emulator, text: &str) -> Result<Response, String> {
    Fault::list(text)?
        .into_iter()
        .for_each(|fault| emulator.inject(fault));
    Ok(empty())
}

fn lines(emulator: &Emulator) -> Response {
    // An entry is always JSON: its names are texts.
    let lines: Vec<u8> = emulator
        .journal()
        .iter()
        .flat_map(|entry| journal::line(entry).unwrap_or_default())
        .collect();
    Response::text(200, "application/x-ndjson", lines)
}

fn set_state(emulator: &Emulator, text: &str) -> Result<Response, String> {
    let mut wanted = serde_json::from_str::<State>(text)
        .map_err(|error| format!("this is no state: {error}"))?;
    file::check(&wanted)?;
    emulator.edit(|state| {
        if wanted.account.is_empty() {
            wanted.account.clone_from(&state.account);
        }
        wanted.default_account.clone_from(&state.default_account);
        *state = wanted;
    });
    Ok(empty())
}

fn be_a_stranger(emulator: &Emulator, text: &str) -> Result<Response, String> {
    let expected = r#"expected {"edit": "EDIT"}"#;
    let body: Value = serde_json::from_str(text).map_err(|error| format!("{expected}: {error}"))?;
    let edit: Edit = body["edit"].as_str().ok_or(expected)?.parse()?;
    emulator.edit(|state| edit.apply(state));
    Ok(empty())
}
