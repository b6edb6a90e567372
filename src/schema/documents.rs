//! The JSON Schema of each document that a command prints or writes.
//!
//! Keys that are not declared are allowed, because a later minor version may add some.

use serde_json::{Map, Value, json};

use super::{
    DIALECT,
    change::{self, ACTIONS},
    live,
    plan::{diagnostic, drift_document, finding, optional, plan_keys, saved_plan, stop, summary},
    run,
    words::{
        self, account, any_of, called, count, described, endpoints, list as list_of, nullable,
        object, reference, text,
    },
};
use crate::{
    kind::REGISTRY,
    plan::{document, risk::RiskClass},
};

/// The schema of a plan, printed or saved. `$defs` holds the other documents too.
pub fn plan() -> Value {
    let description = "The changes that make the live state equal to the chart, printed or saved.";
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

/// What `doctor --format json` prints.
pub fn doctor() -> Value {
    one_of_all("doctor", "doctor")
}

/// What `version --format json` prints.
pub fn version() -> Value {
    one_of_all("version", "version")
}

/// What `list --format json` prints.
pub fn list() -> Value {
    one_of_all("list", "list")
}

/// What `snapshot` writes.
pub fn snapshot() -> Value {
    one_of_all("snapshot", "snapshot")
}

/// The schema of a document, with only those definitions that it refers to.
fn one_of_all(name: &str, definition: &str) -> Value {
    let all = definitions();
    let mut used = Map::new();
    let mut open = vec![definition.to_owned()];
    while let Some(next) = open.pop() {
        let Some(schema) = all.get(&next).filter(|_| !used.contains_key(&next)) else {
            continue;
        };
        // A reference may point into a definition, so its name ends at a quote or at a slash.
        let text = schema.to_string();
        let references = text.split("\"#/$defs/").skip(1);
        open.extend(
            references
                .filter_map(|rest| rest.split(['"', '/']).next())
                .map(str::to_owned),
        );
        used.insert(next, schema.clone());
    }
    // Otherwise a new reference would reorder the published file.
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
    let mut schema = json!({
        "$schema": DIALECT,
        "title": format!("portolan {name}"),
        "description": description,
    });
    if let (Some(schema), Some(body)) = (schema.as_object_mut(), body.as_object_mut()) {
        schema.append(body);
        schema.insert("$defs".to_owned(), Value::Object(defs));
    }
    schema
}

type Definitions = Map<String, Value>;

fn definitions() -> Definitions {
    let mut defs = Map::new();
    define_documents(&mut defs);
    define_kinds(&mut defs);
    define_parts(&mut defs);
    defs
}

/// What a command prints or writes.
fn define_documents(defs: &mut Definitions) {
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
        described(run::record(), "The outcome of a change."),
    );
    define(
        "drift",
        described(drift_document(), "What `drift --format json` prints."),
    );
    define(
        "validate",
        described(validate_document(), "What `validate --format json` prints."),
    );
    define(
        "doctor",
        described(
            super::doctor::document(),
            "What `doctor --format json` prints.",
        ),
    );
    define(
        "version",
        described(version_document(), "What `version --format json` prints."),
    );
    define(
        "list",
        described(live::list_document(), "What `list --format json` prints."),
    );
    define(
        "snapshot",
        described(
            live::snapshot(),
            "What `snapshot` writes and `plan --live FILE` reads.",
        ),
    );
}

/// What differs between kinds.
fn define_kinds(defs: &mut Definitions) {
    let mut define = |name: &str, schema: Value| drop(defs.insert(name.to_owned(), schema));
    for kind in REGISTRY {
        let resource = live::resource(kind);
        define(&format!("live_{}", kind.unique_name()), resource);
    }
    define("gap", live::gap());
    define("item", live::item());
    define("summary", summary());
    define("finding", finding());
    define(
        "address",
        any_of(
            REGISTRY
                .iter()
                .map(|kind| reference(&format!("address_{}", kind.unique_name()))),
        ),
    );
    define(
        "change",
        any_of(
            REGISTRY
                .iter()
                .map(|kind| reference(&format!("change_{}", kind.unique_name()))),
        ),
    );
    for kind in REGISTRY {
        define(
            &format!("address_{}", kind.unique_name()),
            change::address(kind),
        );
        define(
            &format!("values_{}", kind.unique_name()),
            change::values(kind),
        );
        define(
            &format!("change_{}", kind.unique_name()),
            change::change(kind),
        );
    }
}

/// What several documents have.
fn define_parts(defs: &mut Definitions) {
    let mut define = |name: &str, schema: Value| drop(defs.insert(name.to_owned(), schema));
    let masked = object(&[("masked", text())], &[]);
    define(
        "masked",
        described(
            masked,
            "A text in which a secret is replaced by `***`. It is compared in this form.",
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
            change::run(),
            "The run that follows the change: of a mirror, complete except for secrets, or of a \
            rule, which copies what `after` names.",
        ),
    );
    define(
        "copied",
        described(run::copied(), "What became of the tags of a rule's run."),
    );
    define(
        "withheld",
        described(change::withheld(), "Why the change is withheld."),
    );
    define(
        "source",
        described(
            change::source(),
            "The line of the chart that decided the change.",
        ),
    );
    define("stop", described(stop(), "Why the plan cannot be applied."));
    define("diagnostic", diagnostic());
}

fn version_document() -> Value {
    let id = json!({ "type": "string", "pattern": "^[0-9A-Fa-f]{7,64}$" });
    let day = json!({ "type": "string", "format": "date" });
    object(
        &[
            ("format_version", words::version()),
            called("version"),
            ("version", described(text(), "The version of portolan.")),
            (
                "commit",
                described(nullable(id), "What it was built from; null if unknown."),
            ),
            (
                "date",
                described(
                    nullable(day),
                    "The day of the commit, in UTC; null if unknown.",
                ),
            ),
            (
                "chart_version",
                described(count(), "The `version` of the charts that it reads."),
            ),
        ],
        &[],
    )
}

fn validate_document() -> Value {
    let boolean = json!({ "type": "boolean" });
    object(
        &[
            ("format_version", words::version()),
            called("validate"),
            (
                "valid",
                described(boolean, "Whether the chart has no errors."),
            ),
            ("errors", count()),
            ("warnings", count()),
            ("diagnostics", list_of(reference("diagnostic"))),
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
        list_of(object(&keys, optional))
    };
    let fate = |more: &[(&'static str, Value)]| fate_with(more, &[]);
    let of_runs = [
        (
            "job_id",
            described(
                text(),
                "The service's job of the run, for a support ticket. The API cannot query it.",
            ),
        ),
        ("tags", reference("copied")),
    ];
    let doubt = (
        "message",
        described(text(), "Why it could not be verified."),
    );
    object(
        &[
            ("format_version", words::version()),
            called("report"),
            (
                "outcome",
                json!({ "enum": ["complete", "incomplete", "refused"] }),
            ),
            ("plan", reference("plan")),
            (
                "applied",
                fate_with(
                    &[("verified", boolean()), ("written", boolean())],
                    &[&[doubt][..], &of_runs].concat(),
                ),
            ),
            (
                "failed",
                fate_with(
                    &[
                        ("message", text()),
                        ("hint", nullable(text())),
                        ("restored", boolean()),
                    ],
                    &of_runs,
                ),
            ),
            ("skipped", fate(&[("because", reference("address"))])),
            ("not_attempted", fate(&[])),
            ("diagnostics", list_of(reference("diagnostic"))),
        ],
        &[
            ("refused", described(text(), "Why nothing was sent.")),
            (
                "ended_early",
                described(run::ended_early(), "Why some changes were not started."),
            ),
            ("account", account()),
            ("endpoints", endpoints()),
        ],
    )
}
