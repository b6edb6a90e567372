//! The JSON Schemas of the documents that commands print and write, but for the receipt's and the
//! events' own parts.
//!
//! The parts of addresses and the attributes come from the kinds' tables. Keys that are not
//! declared are allowed: a later minor version may add some.

use serde_json::{Map, Value, json};

use super::{
    DIALECT, run,
    words::{
        account, any_of, called, chart, count, described, either, endpoints, list, nullable,
        object, position, reference, scope, text, version,
    },
};
use crate::{
    kind::{Kind, REGISTRY, Shape, Unmentioned, fact},
    plan::{document, risk::RiskClass},
};

/// What a change can be; a replace is a delete and a create, and a run may follow what changes a
/// mirror.
const ACTIONS: [&[&str]; 7] = [
    &["create"],
    &["update"],
    &["delete", "create"],
    &["delete"],
    &["run"],
    &["create", "run"],
    &["update", "run"],
];

/// The schema of a plan, printed or saved. `$defs` holds the other documents too.
pub fn plan() -> Value {
    let description = "What it takes to make the live state as the chart says, printed or saved.";
    whole(
        "plan",
        description,
        json!({ "anyOf": [reference("plan"), reference("saved_plan")] }),
        definitions(),
    )
}

/// What `apply --format json` prints.
pub fn report() -> Value {
    one_of_all("report", "report")
}

/// What `apply --receipt FILE` writes.
pub fn receipt() -> Value {
    one_of_all("receipt", "receipt")
}

/// A line of what `apply --events FILE` writes.
pub fn events() -> Value {
    one_of_all("events", "event")
}

/// What `drift --format json` prints.
pub fn drift() -> Value {
    one_of_all("drift", "drift")
}

/// What `validate --format json` prints.
pub fn validate() -> Value {
    one_of_all("validate", "validate")
}

/// The schema of a document by its definition, with what that refers to.
fn one_of_all(name: &str, definition: &str) -> Value {
    let all = definitions();
    let mut used = Map::new();
    let mut open = vec![definition.to_owned()];
    while let Some(next) = open.pop() {
        let Some(schema) = all.get(&next).filter(|_| !used.contains_key(&next)) else {
            continue;
        };
        let text = schema.to_string();
        let references = text.split("\"#/$defs/").skip(1);
        open.extend(
            references
                .filter_map(|rest| rest.split(['"', '/']).next())
                .map(str::to_owned),
        );
        used.insert(next, schema.clone());
    }
    used.sort_keys();
    let description = all[definition]["description"].as_str().unwrap_or_default();
    whole(
        name,
        description,
        json!({ "$ref": format!("#/$defs/{definition}") }),
        used,
    )
}

fn whole(name: &str, description: &str, mut body: Value, defs: Map<String, Value>) -> Value {
    let mut schema = json!({ "$schema": DIALECT, "title": format!("portolan \
        {name}"), "description": description });
    if let (Some(schema), Some(body)) = (schema.as_object_mut(), body.as_object_mut()) {
        schema.append(body);
        schema.insert("$defs".to_owned(), Value::Object(defs));
    }
    schema
}

fn definitions() -> Map<String, Value> {
    let mut defs = Map::new();
    let mut define = |name: &str, schema: Value| drop(defs.insert(name.to_owned(), schema));
    define(
        "plan",
        described(
            object(&plan_keys(document::NAME), &optional()),
            "What `plan --format json` prints.",
        ),
    );
    define(
        "saved_plan",
        described(
            saved_plan(),
            "What `plan --out FILE` writes and `apply FILE` reads.",
        ),
    );
    define(
        "report",
        described(report_document(), "What `apply --format json` prints."),
    );
    define(
        "receipt",
        described(run::receipt(), "What `apply --receipt FILE` writes."),
    );
    define(
        "event",
        described(run::event(), "A line of what `apply --events FILE` writes."),
    );
    define(
        "record",
        described(run::record(), "What became of a change."),
    );
    define(
        "drift",
        described(drift_document(), "What `drift --format json` prints."),
    );
    define(
        "validate",
        described(validate_document(), "What `validate --format json` prints."),
    );
    define("summary", summary());
    define(
        "address",
        any_of(
            REGISTRY
                .iter()
                .map(|kind| reference(&format!("address_{}", kind.name))),
        ),
    );
    define(
        "change",
        any_of(
            REGISTRY
                .iter()
                .map(|kind| reference(&format!("change_{}", kind.name))),
        ),
    );
    for kind in REGISTRY {
        define(&format!("address_{}", kind.name), address(kind));
        define(&format!("values_{}", kind.name), values(kind));
        define(&format!("change_{}", kind.name), change(kind));
    }
    let masked = object(&[("masked", text())], &[]);
    define(
        "masked",
        described(
            masked,
            "A text with a secret in it, which is `***` here; it is compared in this form.",
        ),
    );
    define("actions", json!({ "enum": ACTIONS }));
    define(
        "risk",
        json!({ "enum": RiskClass::ALL.map(RiskClass::name) }),
    );
    define(
        "run",
        described(
            run(),
            "Of a mirror that shall be fresh: the run that follows, complete but for secrets.",
        ),
    );
    define(
        "withheld",
        described(withheld(), "Why the change may not run."),
    );
    define(
        "source",
        described(source(), "The line of the chart that decided the change."),
    );
    define(
        "stop",
        described(stop(), "Why nothing of the plan may be applied."),
    );
    define("diagnostic", diagnostic());
    defs
}

fn unlisted(kind: &Kind) -> Value {
    let held = kind.holds.map(|holds| (holds.fact.name, nullable(count())));
    let keys: Vec<_> = [("address", reference("address"))]
        .into_iter()
        .chain(held)
        .collect();
    object(&keys, &[])
}

fn plan_keys(name: &str) -> Vec<(&'static str, Value)> {
    let may_be_unlisted = |kind: &&&Kind| kind.unmentioned == Unmentioned::ByPolicyOfParent;
    let unlisted = either(
        REGISTRY
            .iter()
            .filter(may_be_unlisted)
            .map(|kind| unlisted(kind))
            .collect(),
    );
    vec![
        ("format_version", version()),
        called(name),
        (
            "outcome",
            json!({ "enum": ["no_changes", "changes", "unknown"] }),
        ),
        ("summary", reference("summary")),
        (
            "changes",
            described(list(reference("change")), "In the order of addresses."),
        ),
        (
            "stopped",
            described(
                list(reference("stop")),
                "Not empty: nothing may be applied.",
            ),
        ),
        (
            "unlisted",
            described(
                list(unlisted),
                "Live repositories of declared organizations that no file lists.",
            ),
        ),
        ("diagnostics", list(reference("diagnostic"))),
        ("chart", chart()),
    ]
}

fn saved_plan() -> Value {
    let mut keys = plan_keys(document::NAME);
    keys.extend([
        ("tool", text()),
        ("scope", scope()),
        (
            "digest",
            json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" }),
        ),
    ]);
    let mut schema = object(&keys, &optional());
    // A plan of which something is unknown is not saved.
    schema["properties"]["outcome"] = json!({ "enum": ["no_changes", "changes"] });
    schema
}

fn run() -> Value {
    let secret = any_of(
        ["env", "file"]
            .into_iter()
            .map(|place| object(&[(place, text())], &[])),
    );
    let login = object(&[("username", secret.clone()), ("password", secret)], &[]);
    object(
        &[
            ("because", described(text(), "For people.")),
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
                    "Where they are read from right before the run.",
                ),
            ),
        ],
        &[],
    )
}

/// What is there only where it says something, or not in every minor version.
fn optional() -> [(&'static str, Value); 4] {
    let partial = described(
        json!({ "const": true }),
        "It speaks of a part of the chart, and says nothing of the rest.",
    );
    [
        ("partial", partial),
        ("uncompared", uncompared()),
        ("account", account()),
        ("endpoints", endpoints()),
    ]
}

fn uncompared() -> Value {
    let names = json!({ "type": "array", "items": text(), "minItems": 1 });
    let item = object(
        &[("address", reference("address")), ("attributes", names)],
        &[],
    );
    described(
        list(item),
        "What the chart says and the API does not tell, where the plan does not write it either.",
    )
}

fn drift_document() -> Value {
    let day = json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" });
    let acceptance = object(
        &[
            ("address", text()),
            ("until", day),
            ("reason", text()),
            ("source", reference("source")),
        ],
        &[],
    );
    let accepted = object(
        &[("change", reference("change")), ("acceptance", acceptance)],
        &[],
    );
    let mut keys = plan_keys("drift");
    keys.extend([
        (
            "accepted",
            described(
                list(accepted),
                "What differs and does not count for a while.",
            ),
        ),
        (
            "ignored",
            described(count(), "How many differences were left out."),
        ),
    ]);
    object(&keys, &optional())
}

fn summary() -> Value {
    let names = [
        "add",
        "change",
        "destroy",
        "run",
        "unchanged",
        "withheld",
        "unlisted",
    ];
    let keys: Vec<(&str, Value)> = names.into_iter().map(|name| (name, count())).collect();
    described(
        object(&keys, &[]),
        "A replace is one add and one destroy; a withheld change counts as nothing else.",
    )
}

fn address(kind: &Kind) -> Value {
    let part = json!({ "type": "string", "minLength": 1 });
    let mut keys = vec![("kind", json!({ "const": kind.name }))];
    keys.extend(kind.key.iter().map(|name| (*name, part.clone())));
    object(&keys, &[])
}

/// The service may hold a value that the tables do not know, so only its type is fixed.
fn values(kind: &Kind) -> Value {
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
                        "type": "object", "additionalProperties": { "anyOf": text }, "minProperties": 1, "maxProperties": 1,
                    });
                    json!({ "type": "array", "items": { "anyOf": [text[0], text[1], keyed] } })
                }
                Shape::Text(_) | Shape::OneOf(_) | Shape::WebAddress | Shape::Uuid => {
                    json!({ "anyOf": [{ "type": "string" }, reference("masked")] })
                }
            };
            (attribute.name, described(schema, attribute.doc))
        })
        .collect();
    object(&[], &keys)
}

fn change(kind: &Kind) -> Value {
    let values = reference(&format!("values_{}", kind.name));
    let fields = kind.attributes.iter().map(|attribute| {
        let value = nullable(json!({ "$ref": format!("#/$defs/values_{}/properties/{}", kind.name, attribute.name) }));
        object(&[("name", json!({ "const": attribute.name })), ("before", value.clone()), ("after", value)], &[])
    });
    let fields = if kind.attributes.is_empty() {
        json!({ "maxItems": 0 })
    } else {
        json!({ "items": any_of(fields) })
    };
    let evidence = json!({ "type": "object", "propertyNames": reference("risk"), "additionalProperties": text() });
    let mut schema = object(
        &[
            ("address", reference(&format!("address_{}", kind.name))),
            ("actions", reference("actions")),
            (
                "reason",
                json!({ "enum": ["missing", "differs", "cannot-be-changed-in-place", "declared-absent", "unlisted",
                    "not-in-sync-list", "stale", "never-succeeded"] }),
            ),
            ("risks", list(reference("risk"))),
            ("before", nullable(values.clone())),
            (
                "after",
                described(nullable(values.clone()), "Complete: what is sent."),
            ),
            (
                "fields",
                described(fields, "What differs, in the order of the kind."),
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
                    "What is created again if the new values are refused.",
                ),
            ),
            ("evidence", evidence),
            ("notes", list(text())),
        ],
    );
    schema["properties"]["fields"]["type"] = json!("array");
    // Each action has its sides.
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

fn precondition(values: &Value) -> Value {
    let mut facts: Vec<_> = fact::all().map(|fact| (fact.name, count())).collect();
    facts.extend(
        REGISTRY
            .iter()
            .filter_map(|kind| kind.id())
            .map(|id| (id.name, position())),
    );
    let schema = object(
        &[
            ("exists", json!({ "type": "boolean" })),
            ("attributes", values.clone()),
        ],
        &facts,
    );
    described(
        schema,
        "What must hold of the live object right before the write.",
    )
}

fn withheld() -> Value {
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
    any_of([risk, protect].into_iter())
}

fn source() -> Value {
    object(
        &[
            ("file", text()),
            ("line", position()),
            ("column", position()),
        ],
        &[],
    )
}

fn stop() -> Value {
    object(
        &[
            ("code", text()),
            ("message", text()),
            ("lift", nullable(text())),
        ],
        &[],
    )
}

fn diagnostic() -> Value {
    let related = object(
        &[
            ("message", text()),
            ("file", text()),
            ("line", position()),
            ("column", position()),
        ],
        &[],
    );
    object(
        &[
            ("severity", json!({ "enum": ["error", "warning"] })),
            ("code", text()),
            ("message", text()),
            ("address", nullable(text())),
            ("file", nullable(text())),
            ("line", nullable(position())),
            ("column", nullable(position())),
            ("hint", nullable(text())),
        ],
        &[
            ("related", list(related)),
            (
                "count",
                described(
                    json!({ "type": "integer", "minimum": 2 }),
                    "How many findings it stands for, if not one.",
                ),
            ),
        ],
    )
}

fn validate_document() -> Value {
    let boolean = json!({ "type": "boolean" });
    object(
        &[
            ("format_version", version()),
            called("validate"),
            ("valid", described(boolean, "Whether there is no error.")),
            ("errors", count()),
            ("warnings", count()),
            ("diagnostics", list(reference("diagnostic"))),
        ],
        &[],
    )
}

fn report_document() -> Value {
    let boolean = || json!({ "type": "boolean" });
    let fate_with = |more: &[(&'static str, Value)], optional: &[(&'static str, Value)]| {
        let mut keys = vec![
            ("address", reference("address")),
            ("actions", reference("actions")),
        ];
        keys.extend_from_slice(more);
        list(object(&keys, optional))
    };
    let fate = |more: &[(&'static str, Value)]| fate_with(more, &[]);
    let job = [(
        "job_id",
        described(
            text(),
            "Of a mirror's run, for a ticket: nothing can be asked about it.",
        ),
    )];
    object(
        &[
            ("format_version", version()),
            called("report"),
            (
                "outcome",
                json!({ "enum": ["complete", "incomplete", "refused"] }),
            ),
            ("plan", reference("plan")),
            (
                "applied",
                fate_with(&[("verified", boolean()), ("written", boolean())], &job),
            ),
            (
                "failed",
                fate_with(
                    &[
                        ("message", text()),
                        ("hint", nullable(text())),
                        ("restored", boolean()),
                    ],
                    &job,
                ),
            ),
            ("skipped", fate(&[("because", reference("address"))])),
            ("not_attempted", fate(&[])),
            ("diagnostics", list(reference("diagnostic"))),
        ],
        &[
            ("refused", described(text(), "Why nothing was sent.")),
            (
                "ended_early",
                described(run::ended_early(), "Why not everything was begun."),
            ),
            ("account", account()),
            ("endpoints", endpoints()),
        ],
    )
}
