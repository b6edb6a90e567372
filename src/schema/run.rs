//! The JSON Schemas of the receipt and the events of an apply.

use serde_json::{Value, json};

use super::words::{
    account, called, chart, count, described, digest, endpoints, list, nullable, object, reference,
    scope, text, version,
};
use crate::{kind::REGISTRY, receipt::STATUSES, report::REASONS};

fn boolean() -> Value {
    json!({ "type": "boolean" })
}

fn outcome() -> Value {
    json!({ "enum": ["complete", "incomplete", "refused"] })
}

/// Why an apply ended before all changes were made.
pub(super) fn ended_early() -> Value {
    object(
        &[("reason", json!({ "enum": REASONS })), ("message", text())],
        &[],
    )
}

fn resources() -> Value {
    object(
        &[
            ("added", count()),
            ("changed", count()),
            ("destroyed", count()),
        ],
        &[("run", count())],
    )
}

fn plan() -> Value {
    object(
        &[
            ("id", described(digest(), "The digest of the plan file.")),
            ("chart", chart()),
            ("scope", scope()),
        ],
        &[],
    )
}

pub(super) fn receipt() -> Value {
    object(
        &[
            ("format_version", version()),
            called("receipt"),
            ("tool", text()),
            ("plan", plan()),
            ("outcome", outcome()),
            ("resources", resources()),
            (
                "changes",
                described(list(reference("record")), "In the order of the plan."),
            ),
            (
                "residual",
                described(
                    reference("plan"),
                    "The plan with the changes that were not made.",
                ),
            ),
            ("diagnostics", list(reference("diagnostic"))),
        ],
        &[
            ("refused", described(text(), "Why nothing was sent.")),
            (
                "ended_early",
                described(ended_early(), "Why some changes were not started."),
            ),
            ("account", account()),
            ("endpoints", endpoints()),
        ],
    )
}

/// What became of the items of a run that copies.
pub(super) fn copied() -> Value {
    let failed = object(&[("tag", text()), ("problem", text())], &[]);
    object(
        &[
            ("copied", described(list(text()), "At the target now.")),
            (
                "added",
                described(
                    list(text()),
                    "What was sent and is not in the plan: it was pushed meanwhile.",
                ),
            ),
            (
                "failed",
                described(list(failed), "Not at the target, each with the reason."),
            ),
            (
                "in_progress",
                described(list(text()), "Sent, and not at the target yet."),
            ),
            ("not_sent", described(list(text()), "Left to the next run.")),
            (
                "gone",
                described(list(text()), "Not at the source any more."),
            ),
        ],
        &[],
    )
}

/// The record of one change.
pub(super) fn record() -> Value {
    let (keys, optional) = record_keys();
    object(&keys, &optional)
}

type Keys = Vec<(&'static str, Value)>;

fn record_keys() -> (Keys, Keys) {
    let status = json!({ "type": ["integer", "null"], "minimum": 100, "maximum": 599 });
    let request = object(&[("status", status), ("request_id", nullable(text()))], &[]);
    let mut known = vec![("attributes", json!({ "type": "object" }))];
    known.extend(
        REGISTRY
            .iter()
            .filter_map(|kind| kind.holds)
            .map(|holds| (holds.fact.name, count())),
    );
    let seen = object(&[("exists", boolean())], &known);
    let keys = vec![
        ("address", reference("address")),
        ("actions", reference("actions")),
        ("status", json!({ "enum": STATUSES })),
        (
            "verified",
            described(boolean(), "Whether a later read showed the planned state."),
        ),
        ("written", described(boolean(), "Whether a write was sent.")),
        (
            "attempts",
            described(count(), "How many requests were sent for the change."),
        ),
        ("request_ids", list(text())),
        (
            "requests",
            described(
                list(request),
                "In order. A null status means that there was no answer.",
            ),
        ),
        (
            "before",
            described(
                nullable(seen.clone()),
                "The state that the read before the write showed.",
            ),
        ),
        (
            "after",
            described(
                nullable(seen),
                "The state that the last read after the write showed.",
            ),
        ),
    ];
    let optional = vec![
        ("restored", boolean()),
        ("message", text()),
        ("hint", text()),
        ("because", reference("address")),
        ("job_id", text()),
        ("tags", reference("copied")),
    ];
    (keys, optional)
}

/// One line of the event stream.
pub(super) fn event() -> Value {
    let named = |name: &str, keys: Keys, optional: &Keys| {
        let mut all = vec![("event", json!({ "const": name }))];
        all.extend(keys);
        object(&all, optional)
    };
    let begun = vec![
        ("format_version", version()),
        called("events"),
        ("plan", plan()),
        ("summary", reference("summary")),
    ];
    let started = vec![
        ("address", reference("address")),
        ("actions", reference("actions")),
    ];
    let ended = vec![("outcome", outcome()), ("resources", resources())];
    let (record, optional) = record_keys();
    let lines = [
        named("plan", begun, &Vec::new()),
        named("started", started, &Vec::new()),
        named("finished", record.clone(), &optional),
        named("checked", record, &optional),
        named(
            "ended",
            ended,
            &vec![("refused", text()), ("ended_early", ended_early())],
        ),
    ];
    json!({ "anyOf": lines })
}
