//! The JSON Schemas of a plan, printed or saved, and of drift.

use serde_json::{Value, json};

use super::words::{
    account, called, chart, count, described, either, endpoints, list, nullable, object, position,
    reference, scope, text, version,
};
use crate::{
    kind::{Kind, REGISTRY, Unmentioned},
    plan::document,
};

fn unlisted(kind: &Kind) -> Value {
    let held = kind.holds.map(|holds| (holds.fact.name, nullable(count())));
    let keys: Vec<_> = [("address", reference("address"))]
        .into_iter()
        .chain(held)
        .collect();
    object(&keys, &[])
}

pub(super) fn plan_keys(name: &str) -> Vec<(&'static str, Value)> {
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
            described(list(reference("change")), "Sorted by address."),
        ),
        (
            "stopped",
            described(
                list(reference("stop")),
                "If not empty, nothing of the plan can be applied.",
            ),
        ),
        (
            "unlisted",
            described(
                list(unlisted),
                "Live repositories of declared organizations that the chart does not list.",
            ),
        ),
        ("diagnostics", list(reference("diagnostic"))),
        ("chart", chart()),
    ]
}

pub(super) fn saved_plan() -> Value {
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
    // A plan with an unknown outcome is never saved.
    schema["properties"]["outcome"] = json!({ "enum": ["no_changes", "changes"] });
    schema
}

/// Keys that are left out if they have no meaning, or that a minor version added.
pub(super) fn optional() -> [(&'static str, Value); 6] {
    let partial = described(
        json!({ "const": true }),
        "The plan covers only a part of the chart. The rest was not compared.",
    );
    [
        ("partial", partial),
        ("not_in_snapshot", list(reference("gap"))),
        ("findings", findings()),
        ("uncompared", uncompared()),
        ("account", account()),
        ("endpoints", endpoints()),
    ]
}

fn findings() -> Value {
    described(
        list(reference("finding")),
        "What no change would mend, sorted by address. Live repositories that the chart does not \
        list are in here too.",
    )
}

pub(super) fn finding() -> Value {
    let counts = described(
        json!({ "type": "boolean" }),
        "Whether `drift` fails because of it.",
    );
    object(
        &[
            (
                "code",
                described(text(), "`portolan explain CODE` explains it."),
            ),
            ("address", reference("address")),
            ("message", text()),
            ("counts", counts),
            ("source", nullable(reference("source"))),
        ],
        &[],
    )
}

fn uncompared() -> Value {
    let names = json!({ "type": "array", "items": text(), "minItems": 1 });
    let item = object(
        &[("address", reference("address")), ("attributes", names)],
        &[],
    );
    described(
        list(item),
        "Attributes in the chart that the API does not return and the plan does not write.",
    )
}

pub(super) fn drift_document() -> Value {
    let day = json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" });
    let acceptance = object(
        &[
            ("address", text()),
            ("until", day),
            ("reason", text()),
            ("source", reference("source")),
        ],
        &[("code", text())],
    );
    let accepted = object(
        &[
            ("change", reference("change")),
            ("acceptance", acceptance.clone()),
        ],
        &[],
    );
    let mut keys = plan_keys("drift");
    keys.extend([
        (
            "accepted",
            described(
                list(accepted),
                "Differences that do not count until a date.",
            ),
        ),
        (
            "ignored",
            described(count(), "How many differences `--ignore` left out."),
        ),
    ]);
    let accepted_finding = object(
        &[
            ("finding", reference("finding")),
            ("acceptance", acceptance),
        ],
        &[],
    );
    let counted = object(&[("changes", count()), ("findings", count())], &[]);
    let mut optional = optional().to_vec();
    optional.extend([
        (
            "accepted_findings",
            described(
                list(accepted_finding),
                "Findings that do not count until a date.",
            ),
        ),
        (
            "ignored_findings",
            described(count(), "How many findings `--ignore` left out."),
        ),
        (
            "counted",
            described(counted, "What makes the command exit with 2."),
        ),
    ]);
    object(&keys, &optional)
}

pub(super) fn summary() -> Value {
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
        object(&keys, &[("findings", count())]),
        "A replace counts as one add and one destroy; a withheld change only as withheld.",
    )
}

pub(super) fn stop() -> Value {
    object(
        &[
            ("code", text()),
            ("message", text()),
            ("lift", nullable(text())),
        ],
        &[("source", reference("source"))],
    )
}

pub(super) fn diagnostic() -> Value {
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
                    "How many findings this one summarizes, if more than one.",
                ),
            ),
        ],
    )
}
