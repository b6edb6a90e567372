//! The example of a governed registry: planned, applied, changed by somebody else in every
//! attribute, found by `drift`, and repaired.

use portolan::emulator::{Grant, Share, State};
use serde_json::json;

use crate::support::{NORTH, World};

const CHART: &str = include_str!("../../examples/governance.yaml");
const STATE: &str = include_str!("../../examples/governance.json");

/// The account that the example is for, with its users.
fn world() -> World {
    let world = World::new();
    let iam = world.endpoint();
    let world = world.variable("PORTOLAN_ENDPOINT_IAM", &iam);
    world.chart(CHART);
    let state: State = serde_json::from_str(STATE).unwrap();
    world.edit(|live| {
        *live = state;
        live.users.insert("mallory".to_owned(), String::new());
    });
    world
}

/// Changes each attribute of each kind once, and adds and removes one of each list.
fn meddle(state: &mut State) {
    let shop = state.organization_mut(NORTH, "acme-shop").unwrap();
    shop.access.retain(|grant| grant.user != "auditor");
    for grant in &mut shop.access {
        grant.auth = 7;
    }
    shop.access.push(Grant {
        user: "mallory".to_owned(),
        auth: 1,
    });
    let web = state.ensure_repository(NORTH, "acme-shop", "web");
    web.is_public = true;
    "linux".clone_into(&mut web.category);
    web.retentions[0].rules[0]["params"] = json!({ "num": "5" });
    web.retentions[0].rules[0]["tag_selectors"] = json!([]);
    let nightly = state.ensure_repository(NORTH, "acme-shop", "web-nightly");
    nightly.retentions.clear();
    let catalogue = state.ensure_repository(NORTH, "acme-shop", "catalogue");
    catalogue.retentions[0].rules[0]["template"] = json!("date_rule");
    catalogue.retentions[0].rules[0]["params"] = json!({ "days": "1" });
    catalogue.access[0].auth = 1;
    "2026-12-31T00:00:00Z".clone_into(&mut catalogue.shares[0].deadline);
    catalogue.shares[0].description.clear();
    let terminal = state.ensure_repository(NORTH, "acme-pay", "terminal");
    terminal.shares.retain(|share| share.account != "bank-one");
    terminal.shares.push(Share::with("thief"));
    let legacy = state.ensure_repository(NORTH, "acme-pay", "legacy");
    legacy.shares.push(Share::with("thief"));
    let ledger = state.ensure_repository(NORTH, "acme-pay", "ledger");
    ledger.sync_rules[0].overrides = true;
}

#[test]
fn a_governed_registry_is_kept_as_its_chart_says() {
    let world = world();
    let _ = world.run(&["plan", "--detailed-exitcode"]).exits(2);
    let _ = world.run(&["apply", "--yes"]).exits(0);
    let settled = world.run(&["plan", "--detailed-exitcode"]).exits(0);
    assert!(settled.stdout.starts_with("No changes."));
    let _ = world.run(&["drift"]).exits(0);

    world.edit(meddle);
    let drift = world.run(&["drift", "--format", "json"]).exits(2).json();
    let found: Vec<String> = drift["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| {
            let address = &change["address"];
            let part = |name: &str| address[name].as_str().unwrap_or("-").to_owned();
            let names = ["kind", "organization", "repository", "user", "account"].map(part);
            let fields = change["fields"].as_array().unwrap().iter();
            let fields: Vec<&str> = fields.map(|it| it["name"].as_str().unwrap()).collect();
            let actions = change["actions"].as_array().unwrap().len();
            format!("{actions} {}: {}", names.join(" "), fields.join(" "))
        })
        .collect();
    insta::assert_snapshot!(found.join("\n"), @"
    2 sync_rule acme-pay ledger - -: override
    1 share acme-pay legacy - thief: until description
    1 share acme-pay terminal - bank-one: until description
    1 share acme-pay terminal - thief: until description
    1 access acme-shop - auditor -: level user_id
    2 retention acme-shop catalogue - -: keep_tags keep_days
    1 access acme-shop catalogue agency-liaison -: level
    1 share acme-shop catalogue - agency-one: until description
    1 access acme-shop - mallory -: level user_id
    1 access acme-shop - team-shop -: level
    1 repository acme-shop web - -: is_public category
    1 retention acme-shop web - -: keep_tags except
    1 retention acme-shop web-nightly - -: keep_days except
    ");

    let _ = world.run(&["apply", "--yes"]).exits(0);
    let _ = world.run(&["plan", "--detailed-exitcode"]).exits(0);
    let _ = world.run(&["drift"]).exits(0);
}
