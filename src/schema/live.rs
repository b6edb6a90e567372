//! The JSON Schemas of the live state: what `list` prints and `snapshot` writes.

use serde_json::{Value, json};

use super::words::{
    account, any_of, called, chart, count, described, endpoints, list, nullable, object, reference,
    scope, text, version,
};
use crate::{
    inventory::Listed,
    kind::{Kind, REGISTRY},
};

fn boolean() -> Value {
    json!({ "type": "boolean" })
}

/// A time, or seconds since 1970 for one without a written form.
fn time() -> Value {
    any_of(
        [
            json!({ "type": "string", "format": "date-time" }),
            json!({ "type": "integer" }),
        ]
        .into_iter(),
    )
}

/// What a plan from a snapshot leaves out.
pub(super) fn gap() -> Value {
    object(
        &[
            (
                "code",
                described(text(), "`portolan explain CODE` explains it."),
            ),
            (
                "address",
                described(
                    nullable(reference("address")),
                    "Null: it is about the whole plan.",
                ),
            ),
            ("message", text()),
            ("hint", nullable(text())),
        ],
        &[],
    )
}

/// One item of what a resource contains.
pub(super) fn item() -> Value {
    object(
        &[
            ("name", text()),
            ("since", nullable(time())),
            ("digest", nullable(text())),
        ],
        &[],
    )
}

/// One row of a list. The attributes are those of the kind, and the facts are counts.
pub(super) fn list_document() -> Value {
    let words = Listed::ALL.map(|listed| json!(listed));
    let listed = described(
        nullable(json!({ "enum": words })),
        "What the chart says about it; null without a chart.",
    );
    let facts = json!({ "type": "object", "additionalProperties": nullable(count()) });
    let row = object(
        &[("address", reference("address")), ("listed", listed)],
        &[
            (
                "attributes",
                any_of(
                    REGISTRY
                        .iter()
                        .map(|kind| reference(&format!("values_{}", kind.unique_name()))),
                ),
            ),
            (
                "facts",
                described(
                    facts,
                    "Counts, and sizes in bytes; null where the service states none.",
                ),
            ),
        ],
    );
    object(
        &[
            ("format_version", version()),
            called("list"),
            ("account", account()),
            ("endpoints", endpoints()),
            (
                "pattern",
                described(nullable(text()), "Null: the organizations are listed."),
            ),
            ("chart", described(nullable(chart()), "Null without one.")),
            ("resources", described(list(row), "Sorted by address.")),
            ("diagnostics", list(reference("diagnostic"))),
        ],
        &[],
    )
}

/// One live resource of a snapshot.
pub(super) fn resource(kind: &Kind) -> Value {
    let stamp = || {
        let text = described(text(), "As the service wrote it.");
        nullable(object(&[("text", text), ("at", time())], &[]))
    };
    let runs = object(
        &[
            ("status", nullable(text())),
            ("last_attempt", stamp()),
            ("last_success", stamp()),
            ("failures", count()),
            ("last_error", nullable(text())),
        ],
        &[],
    );
    let standing = object(
        &[
            (
                "creator",
                described(nullable(text()), "The user who created it."),
            ),
            (
                "right",
                described(
                    nullable(count()),
                    "What the caller may do, as the service's number.",
                ),
            ),
            (
                "is_callers",
                described(boolean(), "Whether it belongs to the caller."),
            ),
        ],
        &[],
    );
    let children = described(
        list(text()),
        "The kinds of which every child of this resource is in the snapshot.",
    );
    object(
        &[
            (
                "address",
                reference(&format!("address_{}", kind.unique_name())),
            ),
            (
                "attributes",
                reference(&format!("values_{}", kind.unique_name())),
            ),
        ],
        &[
            (
                "facts",
                json!({ "type": "object", "additionalProperties": count() }),
            ),
            ("id", count()),
            ("runs", runs),
            ("standing", standing),
            ("expired", boolean()),
            ("children_read", children),
        ],
    )
}

pub(super) fn snapshot() -> Value {
    let address = || ("address", reference("address"));
    let items = || list(reference("item"));
    let of = described(
        list(reference("address")),
        "The resources that have children of the kind.",
    );
    let lists = object(&[("kind", text()), ("region", text())], &[("of", of)]);
    let ids = object(&[address(), ("id", nullable(count()))], &[]);
    let persons = object(
        &[
            ("region", text()),
            ("name", text()),
            ("id", nullable(text())),
        ],
        &[],
    );
    let contents = object(&[address(), ("items", items())], &[]);
    let copies = object(
        &[address()],
        &[
            ("names", list(text())),
            ("items", items()),
            ("unread", text()),
        ],
    );
    let states = json!({ "enum": ["there", "missing", "not_looked_at"] });
    let targets = object(&[address(), ("state", states)], &[("why", text())]);
    let clock = described(
        json!({ "enum": ["service", "local"] }),
        "Whose clock `taken_at` is from.",
    );
    let resources = any_of(
        REGISTRY
            .iter()
            .map(|kind| reference(&format!("live_{}", kind.unique_name()))),
    );
    let digest = json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" });
    object(
        &[
            ("format_version", version()),
            called("snapshot"),
            ("tool", text()),
            ("taken_at", time()),
            ("clock", clock),
            ("chart", chart()),
            ("account", account()),
            ("endpoints", endpoints()),
            ("scope", scope()),
            (
                "include",
                described(list(text()), "The words of `--include`."),
            ),
            (
                "lists",
                described(list(lists), "The lists of regions that are in it whole."),
            ),
            (
                "resources",
                described(list(resources), "Sorted by address."),
            ),
            (
                "ids",
                described(
                    list(ids),
                    "Ids that were looked up; null: it does not exist.",
                ),
            ),
            (
                "persons",
                described(list(persons), "Null: nobody has this name."),
            ),
            (
                "contents",
                described(list(contents), "What resources contain, such as tags."),
            ),
            (
                "copies",
                described(
                    list(copies),
                    "What sources and targets of rules contain, or why that is not known.",
                ),
            ),
            ("targets", list(targets)),
            (
                "jobs",
                described(list(jobs()), "The newest jobs, or why they are not known."),
            ),
            (
                "not_read",
                described(list(not_read()), "What is not in the snapshot."),
            ),
            ("digest", digest),
        ],
        &[],
    )
}

fn jobs() -> Value {
    let job = object(
        &[
            ("id", count()),
            ("rule", reference("address")),
            ("item", text()),
            ("status", text()),
            ("created", nullable(time())),
            ("updated", nullable(time())),
        ],
        &[],
    );
    let unread = object(
        &[
            ("what", text()),
            ("why", text()),
            ("hint", nullable(text())),
        ],
        &[],
    );
    object(
        &[("address", reference("address"))],
        &[("jobs", list(job)), ("unread", unread)],
    )
}

fn not_read() -> Value {
    object(
        &[
            (
                "address",
                described(
                    nullable(reference("address")),
                    "Null for a list of a region.",
                ),
            ),
            ("what", text()),
            ("why", text()),
            ("hint", nullable(text())),
            (
                "failed",
                described(boolean(), "Whether the read was tried."),
            ),
        ],
        &[(
            "children",
            described(text(), "The kind of the children that are not known."),
        )],
    )
}
