//! Retention policies and tags, seen by a client.

use serde_json::{Value, json};

use super::{Service, assumption, refused, succeeded};
use crate::emulator::state::Tag;

const TAGS: &str = "/v2/manage/namespaces/team-a/repos/web$front/tags";
const RETENTIONS: &str = "/v2/manage/namespaces/team-a/repos/web$front/retentions";
const HISTORIES: &str = "/v2/manage/namespaces/team-a/repos/web$front/retentions/histories";

/// A service with these tags, a day apart until the end of 2025.
fn service(switch: &str, tags: &[&str]) -> Service {
    let mut service = if switch.is_empty() {
        Service::new()
    } else {
        Service::assuming(switch)
    };
    let repository = service
        .state
        .ensure_repository("cn-north-4", "team-a", "web/front");
    for (position, name) in tags.iter().enumerate() {
        repository.tags.push(Tag {
            name: (*name).to_owned(),
            pushed: format!("2025-12-{:02}T00:00:00Z", 32 - tags.len() + position),
            ..Tag::default()
        });
    }
    service.state.fill_in();
    service
}

fn rule(template: &str, params: Value, selectors: Value) -> Value {
    json!({ "template": template, "params": params, "tag_selectors": selectors })
}

fn body(rules: Value) -> Value {
    json!({ "algorithm": "or", "rules": rules })
}

fn keep(number: &str) -> Value {
    body(json!([rule(
        "tag_rule",
        json!({ "num": number }),
        json!([])
    )]))
}

fn tags(service: &mut Service) -> String {
    let list = service.get(TAGS).value();
    let names = list
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["Tag"].as_str().unwrap());
    names.collect::<Vec<_>>().join(" ")
}

fn create(service: &mut Service, body: Value) -> u64 {
    let response = service.call("POST", RETENTIONS, body);
    assert_eq!(response.status, 201, "{}", response.value());
    response.value()["id"].as_u64().unwrap()
}

#[test]
fn a_policy_runs_when_it_is_created_and_leaves_a_history() {
    let mut service = service("", &["v1", "v1.0.0", "v2", "v2.0.0"]);
    // The example of the user guide: exceptions neither go nor count.
    let selectors = json!([{ "kind": "regexp", "pattern": "^v2.*" }]);
    let rules = json!([rule("tag_rule", json!({ "num": "1" }), selectors)]);
    let id = create(&mut service, body(rules.clone()));
    assert_eq!(tags(&mut service), "v1.0.0 v2 v2.0.0");
    let policy = json!({ "id": id, "algorithm": "or", "scope": "", "rules": rules });
    succeeded(&service.get(RETENTIONS), 200, json!([policy]));
    succeeded(&service.get(&format!("{RETENTIONS}/{id}")), 200, policy);
    let history = service.get(HISTORIES).value();
    assert_eq!(
        (&history["total"], &history["retention_log"][0]["tag"]),
        (&json!(1), &json!("v1"))
    );
    let rule_type = history["retention_log"][0]["rule_type"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(rule_type).unwrap(), rules[0]);

    succeeded(
        &service.send("DELETE", &format!("{RETENTIONS}/{id}"), Vec::new()),
        200,
        json!({}),
    );
    succeeded(&service.get(RETENTIONS), 200, json!([]));
    assert_eq!(tags(&mut service), "v1.0.0 v2 v2.0.0");
    let again = create(&mut service, keep("3"));
    assert!(again > id);
}

#[test]
fn a_rule_by_days_counts_from_the_push() {
    let mut service = service("", &["a", "b", "c"]);
    let rules = json!([rule("date_rule", json!({ "days": "2" }), json!([]))]);
    let _ = create(&mut service, body(rules));
    // It is the second of January, a little after three.
    assert_eq!(tags(&mut service), "");
}

#[test]
fn a_state_of_before_gets_a_tag_for_each_image() {
    let mut service = service("", &[]);
    let repository = service
        .state
        .ensure_repository("cn-north-4", "team-a", "web/front");
    repository.num_images = 3;
    assert_eq!(tags(&mut service), "v1 v2 v3");
    let _ = create(&mut service, keep("2"));
    assert_eq!(tags(&mut service), "v2 v3");
    let repos = service.get("/v2/manage/repos").value();
    assert_eq!(
        (&repos[0]["num_images"], &repos[0]["tags"]),
        (&json!(2), &json!(["v2", "v3"]))
    );
}

#[test]
fn tags_come_in_pages() {
    let mut service = service("", &["a", "c", "b"]);
    let page = service.get(&format!(
        "{TAGS}?limit=2&offset=1&order_column=tag&order_type=desc"
    ));
    let items = page.value();
    assert_eq!(
        (&items[0]["Tag"], &items[1]["Tag"]),
        (&json!("b"), &json!("a"))
    );
    assert_eq!(items.as_array().map(Vec::len), Some(2));
    assert_eq!(page.header("Content-Range"), Some("1-2/3"));
    refused(
        &service.get(&format!("{TAGS}?limit=1001&offset=0")),
        "4000056",
    );
    refused(
        &service.get(&format!("{TAGS}?order_column=size&order_type=asc")),
        "4001096",
    );
    refused(
        &service.get("/v2/manage/namespaces/team-a/repos/none/tags"),
        "4040113",
    );
}

#[test]
fn what_the_pages_do_not_allow_is_refused() {
    let mut service = service("", &[]);
    let rules = |rules: Value| body(rules);
    let one = |params: Value| body(json!([rule("tag_rule", params, json!([]))]));
    for wrong in [
        json!({}),
        json!({ "rules": keep("1")["rules"] }),
        json!({ "algorithm": "and", "rules": keep("1")["rules"] }),
        rules(json!([])),
        rules(json!([rule("size_rule", json!({ "num": "1" }), json!([]))])),
        rules(json!([{ "template": "tag_rule", "params": { "num": "1" } }])),
        rules(json!([rule(
            "tag_rule",
            json!({ "num": "1" }),
            json!([{ "kind": "glob",
            "pattern": "v*" }])
        )])),
        rules(json!([rule(
            "date_rule",
            json!({ "days": "366" }),
            json!([])
        )])),
        one(json!({})),
        one(json!({ "num": "0" })),
        one(json!({ "num": "1001" })),
        one(json!({ "num": "many" })),
        one(json!({ "days": "3" })),
    ] {
        refused(&service.call("POST", RETENTIONS, wrong), "4001018");
    }
    let none = format!("{RETENTIONS}/7");
    refused(&service.get(&none), "4000306");
    refused(&service.call("PATCH", &none, keep("1")), "4000306");
    refused(&service.send("DELETE", &none, Vec::new()), "4000306");
    let id = create(&mut service, keep("3"));
    let incomplete = json!({ "algorithm": "or" });
    refused(
        &service.call("PATCH", &format!("{RETENTIONS}/{id}"), incomplete),
        "4001018",
    );
    let missing = "/v2/manage/namespaces/team-a/repos/none/retentions";
    refused(&service.get(missing), "4040113");
}

#[test]
fn a_second_policy_is_refused_or_added() {
    let mut first = service("", &[]);
    let _ = create(&mut first, keep("3"));
    let response = first.call("POST", RETENTIONS, keep("2"));
    refused(&response, "4099998");
    assert_eq!(assumption(&response), Some("second-retention"));
    let mut other = service("second-retention=add", &[]);
    let _ = (create(&mut other, keep("3")), create(&mut other, keep("2")));
    assert_eq!(other.get(RETENTIONS).value().as_array().unwrap().len(), 2);
}

#[test]
fn an_update_with_another_template_is_refused_ignored_or_done() {
    for (switch, status, template) in [
        ("", 400, "tag_rule"),
        ("retention-template=ignore", 201, "tag_rule"),
        ("retention-template=change", 201, "date_rule"),
    ] {
        let mut service = service(switch, &[]);
        let id = create(&mut service, keep("3"));
        let days = body(json!([rule(
            "date_rule",
            json!({ "days": "3" }),
            json!([])
        )]));
        let response = service.call("PATCH", &format!("{RETENTIONS}/{id}"), days);
        assert_eq!(response.status, status, "{switch}");
        let live = service.get(RETENTIONS).value();
        assert_eq!(live[0]["rules"][0]["template"], template, "{switch}");
    }
}

#[test]
fn a_policy_that_keeps_nothing_is_refused_or_accepted() {
    let mut first = service("", &["a", "b"]);
    let response = first.call("POST", RETENTIONS, keep("0"));
    refused(&response, "4001018");
    assert_eq!(assumption(&response), Some("retention-zero"));
    assert_eq!(tags(&mut first), "a b");
    let mut other = service("retention-zero=accept", &["a", "b"]);
    let response = other.call("POST", RETENTIONS, keep("0"));
    assert_eq!(
        (response.status, assumption(&response)),
        (201, Some("retention-zero"))
    );
    assert_eq!(tags(&mut other), "");
}

#[test]
fn a_pattern_that_is_none_matches_nothing_or_is_refused() {
    let globs = json!([{ "kind": "regexp", "pattern": "*" }]);
    let policy = body(json!([rule("tag_rule", json!({ "num": "1" }), globs)]));
    let mut first = service("", &["a", "b"]);
    let response = first.call("POST", RETENTIONS, policy.clone());
    assert_eq!(
        (response.status, assumption(&response)),
        (201, Some("retention-bad-regexp"))
    );
    assert_eq!(tags(&mut first), "b");
    let mut other = service("retention-bad-regexp=refuse", &["a", "b"]);
    let response = other.call("POST", RETENTIONS, policy);
    refused(&response, "4001018");
    assert_eq!(assumption(&response), Some("retention-bad-regexp"));
    assert_eq!(tags(&mut other), "a b");
}

#[test]
fn an_update_runs_the_policy_or_waits() {
    for (switch, left) in [("", "c"), ("retention-update=waits", "a b c")] {
        let mut service = service(switch, &["a", "b", "c"]);
        let id = create(&mut service, keep("3"));
        let response = service.call("PATCH", &format!("{RETENTIONS}/{id}"), keep("1"));
        assert_eq!(assumption(&response), Some("retention-update"));
        assert_eq!(tags(&mut service), left, "{switch}");
    }
}

#[test]
fn a_pattern_matches_a_part_or_the_whole_tag() {
    for (switch, left) in [("", "v1 v10 xv1 z"), ("retention-regexp=full", "v1 z")] {
        let mut service = service(switch, &["v1", "v10", "xv1", "z"]);
        let selectors = json!([{ "kind": "regexp", "pattern": "v1" }]);
        let rules = json!([rule("tag_rule", json!({ "num": "1" }), selectors)]);
        let _ = create(&mut service, body(rules));
        assert_eq!(tags(&mut service), left, "{switch}");
    }
}

#[test]
fn open_forms_of_a_policy_are_refused_or_accepted() {
    let one = rule("tag_rule", json!({ "num": "3" }), json!([]));
    let selector = json!([{ "kind": "label", "pattern": "x" }]);
    let number = rule("tag_rule", json!({ "num": 3 }), selector.clone());
    let labelled = rule("tag_rule", json!({ "num": "3" }), selector);
    for (name, other, rules, is_accepted) in [
        (
            "retention-rules",
            "several",
            json!([labelled, labelled]),
            false,
        ),
        ("retention-number", "accept", json!([number]), false),
        ("empty-selectors", "refuse", json!([one]), true),
    ] {
        for (switch, accepted) in [
            (String::new(), is_accepted),
            (format!("{name}={other}"), !is_accepted),
        ] {
            let mut service = service(&switch, &[]);
            let response = service.call("POST", RETENTIONS, body(rules.clone()));
            let status = if accepted { 201 } else { 400 };
            assert_eq!(response.status, status, "{name} {switch}");
            assert_eq!(assumption(&response), Some(name));
        }
    }
}
