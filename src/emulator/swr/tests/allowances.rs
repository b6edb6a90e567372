//! Quotas and feature gates.

use serde_json::json;

use super::{Service, assumption, refused, succeeded};
use crate::emulator::state::identity::project_id;

fn path(what: &str) -> String {
    let project = project_id("acme", "cn-north-4");
    format!("/v2/manage/projects/{project}/{what}")
}

fn quotas(limit: i64) -> serde_json::Value {
    json!({ "quotas": [
        { "quota_key": "namespace", "quota_limit": limit, "used": 1, "unit": "" },
    ] })
}

#[test]
fn the_quota_counts_the_accounts_own_organizations() {
    let mut service = Service::new();
    service.settings.quota = Some(5);
    let answer = service.get(&path("quotas"));
    assert_eq!(assumption(&answer), None);
    succeeded(&answer, 200, quotas(5));
    service.settings.quota = None;
    let answer = service.get(&path("quotas"));
    assert_eq!(assumption(&answer), Some("missing-quota"));
    succeeded(&answer, 200, quotas(-1));
    let mut service = Service::assuming("missing-quota=absent");
    succeeded(&service.get(&path("quotas")), 200, json!({ "quotas": [] }));
}

#[test]
fn the_gate_of_image_synchronization_can_be_closed() {
    let mut service = Service::new();
    let answer = service.get(&path("feature-gates")).value();
    assert_eq!(answer["enable_image_sync"], json!(true));
    assert_eq!(answer["enable_list_v3"], json!(true));
    let region = service.state.regions.get_mut("cn-north-4").unwrap();
    region.image_sync_off = true;
    let answer = service.get(&path("feature-gates")).value();
    assert_eq!(answer["enable_image_sync"], json!(false));
}

#[test]
fn another_project_is_refused() {
    let of_another_region = project_id("acme", "cn-east-3");
    for what in ["quotas", "feature-gates"] {
        let path = format!("/v2/manage/projects/{of_another_region}/{what}");
        let answer = Service::new().get(&path);
        assert_eq!(assumption(&answer), Some("other-project"));
        refused(&answer, "4000014");
        refused(
            &Service::assuming("other-project=403").get(&path),
            "4030170",
        );
    }
}
