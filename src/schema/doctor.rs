//! The schema of what `doctor` prints.

use serde_json::{Value, json};

use super::words::{
    self, account, called, count, described, list, nullable, object, reference, text,
};
use crate::doctor::{Status, checks};

pub(super) fn document() -> Value {
    let outcome = described(
        json!({ "enum": ["ok", "failed"] }),
        "`failed` if any check is a failure.",
    );
    let number = |status: Status| (status.name(), count());
    let summary = Status::ALL.map(number);
    object(
        &[
            ("format_version", words::version()),
            called("doctor"),
            ("outcome", outcome),
            ("summary", object(&summary, &[])),
            ("account", account()),
            (
                "checks",
                described(list(check()), "In the order of the text."),
            ),
            ("diagnostics", list(reference("diagnostic"))),
        ],
        &[],
    )
}

fn check() -> Value {
    let names: Vec<&str> = checks().collect();
    object(
        &[
            (
                "region",
                described(
                    nullable(text()),
                    "Null for checks of this machine, of targets of rules, and of the rights of `apply`.",
                ),
            ),
            ("check", json!({ "enum": names })),
            (
                "subject",
                described(
                    nullable(text()),
                    "What was checked, if the check is about several things.",
                ),
            ),
            (
                "status",
                described(
                    json!({ "enum": Status::ALL.map(Status::name) }),
                    "`note`: it cannot be known, or was not looked at.",
                ),
            ),
            ("message", text()),
            ("hint", nullable(text())),
        ],
        &[],
    )
}
