//! Rules: hidden ones, duplicates, and the deletion of a missing one.

use serde_json::json;

use super::{RULES, Service, assumption, code, refused, rule, target};
use crate::emulator::SyncRule;

#[test]
fn a_rule_is_listed_with_both_ends() {
    let mut service = Service::new();
    service.call("POST", RULES, rule(true, true));
    let body = service.get(RULES).value();
    assert_eq!(
        body,
        json!([{
            "id": 4, "createdAt": "2026-01-02T03:04:05.6789Z",
            "updatedAt": "2026-01-02T03:04:05.6789Z",
            "domainID": body[0]["domainID"], "domainName": "acme", "namespace": "team-a",
            "repoName": "web/front",
            "remoteRegionId": "cn-east-3", "remoteNamespace": "dr", "syncAuto": true,
            "override": true,
        }])
    );
}

#[test]
fn a_rule_without_flags_is_created_and_hidden() {
    for (switch, shown) in [("hidden-rules=hide", 0), ("hidden-rules=show", 1)] {
        let mut service = Service::assuming(switch);
        assert_eq!(service.call("POST", RULES, target()).status, 200);
        let response = service.get(RULES);
        assert_eq!(response.value().as_array().map(Vec::len), Some(shown));
        assert_eq!(assumption(&response), Some("hidden-rules"));
        assert_eq!(
            code(&service.call("POST", RULES, rule(true, false))),
            "4099999"
        );
    }
}

#[test]
fn a_second_rule_to_a_target_follows_the_switch() {
    for (switch, status, expected) in [
        ("duplicate-rule=error", 409, vec![false]),
        ("duplicate-rule=ignore", 200, vec![false]),
        ("duplicate-rule=replace", 200, vec![true]),
        ("duplicate-rule=second-row", 200, vec![false, true]),
    ] {
        let mut service = Service::assuming(switch);
        assert_eq!(
            assumption(&service.call("POST", RULES, rule(true, false))),
            Some("rule-answer")
        );
        let response = service.call("POST", RULES, rule(true, true));
        assert_eq!(
            (response.status, assumption(&response)),
            (status, Some("duplicate-rule")),
            "{switch}"
        );
        let rules = service.get(RULES).value();
        let overrides: Vec<bool> = rules
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| rule["override"] == true)
            .collect();
        assert_eq!(overrides, expected, "{switch}");
    }
}

#[test]
fn a_missing_rule_is_a_bad_request() {
    let mut service = Service::new();
    let rules = &mut service
        .state
        .ensure_repository("cn-north-4", "team-a", "web/front")
        .sync_rules;
    rules.push(SyncRule::to("cn-east-3", "other"));
    let response = service.call("DELETE", RULES, target());
    refused(&response, "4001158");
    assert_eq!(assumption(&response), Some("delete-missing-rule"));
    assert_eq!(
        Service::assuming("delete-missing-rule=404")
            .call("DELETE", RULES, target())
            .status,
        404
    );
    assert_eq!(service.get(RULES).value().as_array().map(Vec::len), Some(1));
}

#[test]
fn regions_are_listed() {
    let body = Service::new().get("/v2/manage/regions").value();
    assert_eq!(body.as_array().map(Vec::len), Some(37));
    assert_eq!(
        body[0],
        json!({ "regionID": "ae-ad-1", "registryURL": "swr.ae-ad-1.myhuaweicloud.com" })
    );
}
