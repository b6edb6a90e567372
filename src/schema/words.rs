//! Building blocks of schemas, and the parts that several documents share.

use serde_json::{Map, Value, json};

use crate::wire::{Service, host::EndpointKind};

/// An object with required and optional keys. Others are allowed, because a later minor version may
/// add some.
pub(super) fn object(keys: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = keys.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> = keys
        .iter()
        .chain(optional)
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

pub(super) fn described(mut schema: Value, text: &str) -> Value {
    schema["description"] = json!(text);
    schema
}

pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// The `anyOf` of the schemas, or the only one.
pub(super) fn either(mut schemas: Vec<Value>) -> Value {
    if schemas.len() == 1 {
        schemas.swap_remove(0)
    } else {
        any_of(schemas.into_iter())
    }
}

pub(super) fn any_of(schemas: impl Iterator<Item = Value>) -> Value {
    json!({ "anyOf": schemas.collect::<Vec<_>>() })
}

pub(super) fn nullable(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

pub(super) fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

pub(super) fn text() -> Value {
    json!({ "type": "string" })
}

pub(super) fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

pub(super) fn position() -> Value {
    json!({ "type": "integer", "minimum": 1 })
}

pub(super) fn version() -> Value {
    json!({ "type": "string", "pattern": r"^1\.[1-9][0-9]*$" })
}

/// The key that names the schema of a document.
pub(super) fn called(name: &str) -> (&'static str, Value) {
    (
        "document",
        described(
            json!({ "const": name }),
            "Its schema: `portolan schema --document NAME`.",
        ),
    )
}

pub(super) fn by_region() -> Value {
    json!({ "type": "object", "additionalProperties": text() })
}

pub(super) fn account() -> Value {
    described(
        nullable(text()),
        "The name of the account; null if no service shows it or there are several.",
    )
}

pub(super) fn endpoints() -> Value {
    let endpoint = object(
        &[
            (
                "service",
                json!({ "enum": Service::ALL.map(Service::name) }),
            ),
            ("region", text()),
            (
                "kind",
                json!({ "enum": EndpointKind::ALL.map(EndpointKind::name) }),
            ),
            (
                "host",
                described(
                    nullable(text()),
                    "With the port if it is unusual; null for the emulator.",
                ),
            ),
        ],
        &[],
    );
    described(
        list(endpoint),
        "The endpoints in use, by service and region.",
    )
}

/// A SHA-256 digest. Empty if no chart was read.
pub(super) fn digest() -> Value {
    json!({ "type": "string", "pattern": "^([0-9a-f]{64})?$" })
}

pub(super) fn chart() -> Value {
    let name = described(
        text(),
        "The `name` in the chart, else the first path on the command line.",
    );
    object(
        &[("files", list(text())), ("digest", digest())],
        &[
            ("name", name),
            (
                "account",
                described(text(), "The account that the chart is for."),
            ),
        ],
    )
}

pub(super) fn scope() -> Value {
    object(
        &[
            ("regions", list(text())),
            (
                "endpoints",
                described(by_region(), "The base URL that each region was read from."),
            ),
            (
                "account",
                described(by_region(), "The account by region, if a service shows it."),
            ),
            ("targets", list(text())),
            ("excludes", list(text())),
            (
                "partial",
                described(
                    json!({ "type": "boolean" }),
                    "Whether it covers only a part of the chart.",
                ),
            ),
        ],
        &[
            (
                "codearts_endpoints",
                described(by_region(), "The same for CodeArts Repo."),
            ),
            (
                "iam_endpoints",
                described(
                    by_region(),
                    "The same for IAM, if it was used to find the account.",
                ),
            ),
            (
                "sts_endpoints",
                described(
                    by_region(),
                    "The same for STS, if the keys came from there.",
                ),
            ),
        ],
    )
}
