//! The JSON Schema of a change: address, values, precondition and run.
//!
//! The parts of addresses and the attributes come from the kinds' tables.

use serde_json::{Value, json};

use super::words::{any_of, count, described, list, nullable, object, position, reference, text};
use crate::kind::{Kind, REGISTRY, Shape, fact};

/// The possible actions of a change. A replace is a delete and a create, and a run can follow a
/// create, an update or a replace.
pub(super) const ACTIONS: [&[&str]; 8] = [
    &["create"],
    &["update"],
    &["delete", "create"],
    &["delete"],
    &["run"],
    &["create", "run"],
    &["update", "run"],
    &["delete", "create", "run"],
];

pub(super) fn run() -> Value {
    let secret = any_of(
        ["env", "file"]
            .into_iter()
            .map(|place| object(&[(place, text())], &[])),
    );
    let login = object(&[("username", secret.clone()), ("password", secret)], &[]);
    let because = || described(text(), "The reason, as a text for people.");
    let left_out = described(
        list(text()),
        "What stays missing at the target of a new rule.",
    );
    let copy = object(&[("because", because())], &[("left_out", left_out)]);
    let fetch = object(
        &[
            ("because", because()),
            ("last_success", nullable(text())),
            (
                "max_age",
                described(json!({ "type": "integer", "minimum": 60 }), "In seconds."),
            ),
            ("force", json!({ "type": "boolean" })),
            ("endpoint", text()),
            (
                "credentials",
                described(
                    nullable(login),
                    "The sources from which the login is read right before the run.",
                ),
            ),
        ],
        &[],
    );
    any_of([fetch, copy].into_iter())
}

/// All values that are sent, and what a run copies.
fn sent(kind: &Kind) -> Value {
    let Some(copying) = kind.copying else {
        return reference(&format!("values_{}", kind.unique_name()));
    };
    let mut sent = values(kind);
    sent["properties"][copying.items] = described(
        json!({ "type": "array", "items": text(), "minItems": 1, "uniqueItems": true }),
        "What the run copies.",
    );
    sent
}

pub(super) fn address(kind: &Kind) -> Value {
    let part = json!({ "type": "string", "minLength": 1 });
    let mut keys = vec![("kind", json!({ "const": kind.name }))];
    keys.extend(kind.key.iter().map(|name| (*name, part.clone())));
    object(&keys, &[])
}

/// Only the types of values are fixed: the service may return values that the tables do not know.
pub(super) fn values(kind: &Kind) -> Value {
    let keys: Vec<(&str, Value)> = kind
        .attributes
        .iter()
        .map(|attribute| {
            let schema = match attribute.shape {
                Shape::Bool => json!({ "type": "boolean" }),
                Shape::Number(..) => json!({ "type": "number" }),
                Shape::Records { .. } => {
                    let text = json!([{ "type": "string" }, reference("masked")]);
                    let keyed = json!({
                        "type": "object",
                        "additionalProperties": { "anyOf": text },
                        "minProperties": 1,
                        "maxProperties": 1,
                    });
                    json!({ "type": "array", "items": { "anyOf": [text[0], text[1], keyed] } })
                }
                Shape::Text(_)
                | Shape::OneOf(_)
                | Shape::WebAddress
                | Shape::Uuid
                | Shape::Deadline => {
                    json!({ "anyOf": [{ "type": "string" }, reference("masked")] })
                }
            };
            (attribute.name, described(schema, attribute.doc))
        })
        .collect();
    object(&[], &keys)
}

pub(super) fn change(kind: &Kind) -> Value {
    let values = reference(&format!("values_{}", kind.unique_name()));
    let fields = kind.attributes.iter().map(|attribute| {
        let place = format!(
            "values_{}/properties/{}",
            kind.unique_name(),
            attribute.name
        );
        let value = nullable(reference(&place));
        let name = json!({ "const": attribute.name });
        object(
            &[("name", name), ("before", value.clone()), ("after", value)],
            &[],
        )
    });
    let fields = if kind.attributes.is_empty() {
        json!({ "maxItems": 0 })
    } else {
        json!({ "items": any_of(fields) })
    };
    let evidence = json!({
        "type": "object",
        "propertyNames": reference("risk"),
        "additionalProperties": text(),
    });
    let mut schema = object(
        &[
            (
                "address",
                reference(&format!("address_{}", kind.unique_name())),
            ),
            ("actions", reference("actions")),
            (
                "reason",
                json!({ "enum": [
                    "missing", "differs", "cannot-be-changed-in-place", "declared-absent",
                    "unlisted", "not-in-sync-list", "not-in-list", "stale", "never-succeeded",
                    "tags-missing",
                ] }),
            ),
            ("risks", list(reference("risk"))),
            ("before", nullable(values.clone())),
            (
                "after",
                described(nullable(sent(kind)), "All values that are sent."),
            ),
            (
                "fields",
                described(
                    fields,
                    "The differences, in the order of the kind's attributes.",
                ),
            ),
            ("source", nullable(reference("source"))),
            ("withheld", nullable(reference("withheld"))),
            ("precondition", precondition(&values)),
        ],
        &[
            ("run", reference("run")),
            (
                "restore",
                described(
                    values.clone(),
                    "The values that are created again if the service refuses the new ones.",
                ),
            ),
            ("evidence", evidence),
            ("notes", list(text())),
        ],
    );
    // For kinds with and without attributes: both forms above lack the type.
    schema["properties"]["fields"]["type"] = json!("array");
    // `before` and `after` are null or not, depending on the actions.
    schema["allOf"] = ACTIONS
        .iter()
        .map(|actions| {
            let side = |there: bool| json!({ "type": if there { "object" } else { "null" } });
            let (before, after) = (actions[0] != "create", actions.last() != Some(&"delete"));
            let mut then =
                json!({ "properties": { "before": side(before), "after": side(after) } });
            if actions.last() == Some(&"run") {
                then["required"] = json!(["run"]);
            } else {
                then["properties"]["run"] = json!(false);
            }
            json!({ "if": { "properties": { "actions": { "const": actions } } }, "then": then })
        })
        .collect();
    schema
}

pub(super) fn precondition(values: &Value) -> Value {
    let mut facts: Vec<_> = fact::all().map(|fact| (fact.name, count())).collect();
    facts.extend(
        REGISTRY
            .iter()
            .filter_map(|kind| kind.id())
            .map(|id| (id.name, position())),
    );
    let stays = any_of([json!({ "const": "all" }), list(text())].into_iter());
    let words = "What must stay in the parent: everything, or what the plan counted as staying. \
        Only for changes that let the service delete what the parent contains.";
    facts.push(("stays", described(stays, words)));
    let schema = object(
        &[
            ("exists", json!({ "type": "boolean" })),
            ("attributes", values.clone()),
        ],
        &facts,
    );
    described(
        schema,
        "The state that the live object must have right before the write.",
    )
}

pub(super) fn withheld() -> Value {
    let risk = object(
        &[
            ("by", json!({ "const": "risk" })),
            ("class", reference("risk")),
            ("lift", text()),
        ],
        &[],
    );
    let protect = object(
        &[("by", json!({ "const": "protect" })), ("pattern", text())],
        &[],
    );
    let renamed = object(
        &[
            ("by", json!({ "const": "renamed" })),
            ("created", reference("address")),
            ("lift", text()),
        ],
        &[],
    );
    any_of([risk, protect, renamed].into_iter())
}

pub(super) fn source() -> Value {
    object(
        &[
            ("file", text()),
            ("line", position()),
            ("column", position()),
        ],
        &[],
    )
}
