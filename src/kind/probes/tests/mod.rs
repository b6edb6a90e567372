//! Tests of the probes, from the chart to the plan and to each output.

mod chart;
mod output;
mod plan;

use serde_json::{Value, json};

use super::{
    cleanup::{self, CLEANUP},
    member,
};
use crate::{
    address::Address,
    config::{self, Decoded, context::Context},
    diagnostics::{Diagnostic, Severity, SourceMap},
    diff::FieldChange,
    kind::{organization, repository, sync_rule},
    plan::{
        Change, Plan,
        document::{self, PlanDocument},
        tests,
    },
    render, schema,
    state::{Chart, Live, LiveResource},
    wire::Response,
};

fn decoded(keys: &str) -> Decoded {
    let mut sources = SourceMap::default();
    sources.add("chart.yaml", format!("version: 1\nregion: r-1\n{keys}"));
    config::decode(Context {
        sources: &sources,
        environment: &|_| None,
        region: None,
    })
}

fn errors(keys: &str) -> Vec<Diagnostic> {
    decoded(keys)
        .found
        .into_iter()
        .filter(|found| found.severity == Severity::Error)
        .collect()
}

fn repository() -> Address {
    repository::address("r-1", "o", "a")
}

fn organization() -> Address {
    organization::address("r-1", "o")
}

/// A chart with one repository.
fn chart(entry: &str) -> Chart {
    tests::chart(&of_repository(entry))
}

fn of_repository(entry: &str) -> String {
    format!("organizations: {{ o: {{ unlisted: ignore, repositories: {{ a: {{ {entry} }} }} }} }}")
}

/// A policy, decoded from a response.
fn policy(days: u64, keep: &Value) -> LiveResource {
    let body = json!([{ "id": 7, "days": days, "keep": keep }])
        .to_string()
        .into_bytes();
    let response = Response {
        status: 200,
        body,
        ..Response::default()
    };
    CLEANUP
        .decode_read(&cleanup::address(&repository()), &response)
        .unwrap()
        .unwrap()
}

fn level(of: &Address, user: &str, level: &str) -> (Address, LiveResource) {
    let address = member::address(of, user);
    let body = json!([{ "user": user, "level": level }])
        .to_string()
        .into_bytes();
    let response = Response {
        status: 200,
        body,
        ..Response::default()
    };
    let live = address
        .kind()
        .decode_read(&address, &response)
        .unwrap()
        .unwrap();
    (address, live)
}

/// A repository with a rule, a policy and two members, in an organization with two.
fn live() -> Live {
    let mut live = tests::live(&[("o/a", false, 3, &[("x-1", "y", false)])]);
    let keep =
        json!([{ "kind": "regexp", "pattern": "^v" }, { "kind": "label", "pattern": "latest" }]);
    live.resources
        .insert(cleanup::address(&repository()), policy(14, &keep));
    for of in [organization(), repository()] {
        live.resources
            .extend([level(&of, "ada", "read"), level(&of, "bob", "manage")]);
    }
    live
}

/// Symbol, address and fields of each change.
fn summary(plan: &Plan) -> Vec<String> {
    assert!(plan.stopped.is_empty(), "{:?}", plan.stopped);
    let fields = |change: &Change| -> String {
        let side = |value: &Option<Value>| {
            value
                .as_ref()
                .map_or_else(|| "-".to_owned(), Value::to_string)
        };
        let field = |field: &FieldChange| {
            format!(
                " {}: {} -> {}",
                field.name,
                side(&field.before),
                side(&field.after)
            )
        };
        change.fields.iter().map(field).collect()
    };
    let line = |change: &Change| {
        format!(
            "{} {}{}",
            change.action.symbol(),
            change.address,
            fields(change)
        )
    };
    plan.changes.iter().map(line).collect()
}

fn plan(keys: &str) -> Plan {
    tests::plan(keys, &live(), &["destroys-data"])
}

/// The attributes that a chart sets for one resource.
fn values(chart: &Chart, address: &Address) -> Value {
    let crate::state::Presence::Present(attributes) = &chart.resources[address].presence else {
        panic!("absent")
    };
    json!(**attributes)
}
