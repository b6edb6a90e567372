//! Sharing: refusals, the two spellings of the path, the lists, and the end of a share.

use serde_json::{Value, json};

use super::{Service, WEB, assumption, code, refused};
use crate::emulator::Share;

const SHARES: &str = "/v2/manage/namespaces/team-a/repositories/web$front/access-domains";
const PARTNER: &str =
    "/v2/manage/namespaces/team-a/repositories/web$front/access-domains/Partner-CO";
const OWN: &str = "/v2/manage/shared-repositories?center=self&limit=10&offset=0";

fn body(account: &str, deadline: &str) -> Value {
    json!({ "access_domain": account, "permit": "read", "deadline": deadline })
}

fn partner() -> Value {
    body("Partner-CO", "2026-03-04T16:00:00.000Z")
}

#[test]
fn a_share_is_created_shown_changed_and_deleted() {
    for (shares, one) in [
        (SHARES.to_owned(), PARTNER.to_owned()),
        (
            SHARES.replace("repositories", "repos"),
            PARTNER.replace("repositories", "repos"),
        ),
    ] {
        let mut service = Service::new();
        assert_eq!(service.names(OWN), [""; 0]);
        assert_eq!(service.call("POST", &shares, partner()).status, 201);
        refused(&service.call("POST", &shares, partner()), "4090087");
        assert_eq!(service.names(OWN), ["web/front"]);
        let shown = service.get(&one).value();
        assert_eq!(
            shown,
            json!({
                "exist": true, "namespace": "team-a", "repository": "web/front",
                "access_domain": "Partner-CO", "permit": "read",
                "deadline": "2026-03-04T16:00:00Z", "description": "",
                "creator_id": shown["creator_id"], "creator_name": "acme",
                "created": "2026-01-02T03:04:05.6789Z", "updated": "2026-01-02T03:04:05.6789Z",
                "status": true,
            })
        );
        let change = json!({ "permit": "read", "deadline": "forever", "description": "d" });
        assert_eq!(service.call("PATCH", &one, change).status, 201);
        let listed = service.get(&shares).value();
        assert_eq!(
            (&listed[0]["deadline"], &listed[0]["description"]),
            (&json!("forever"), &json!("d"))
        );
        // A description that is left out is cleared.
        let change = json!({ "permit": "read", "deadline": "forever" });
        service.call("PATCH", &one, change);
        assert_eq!(service.get(&shares).value()[0]["description"], "");
        assert_eq!(service.send("DELETE", &one, Vec::new()).status, 204);
        assert_eq!(service.get(&shares).value(), json!([]));
    }
}

#[test]
fn what_is_refused() {
    let with = |field: &str, value: Value| {
        let mut body = partner();
        body[field] = value;
        body
    };
    for (wrong, expected) in [
        (with("permit", json!("write")), "4009990"),
        (with("permit", json!(null)), "4001014"),
        (with("deadline", json!(null)), "4001014"),
        (with("deadline", json!("2026-03-04")), "4009990"),
        (with("description", json!("x".repeat(1001))), "4009990"),
        (with("access_domain", json!("")), "4001014"),
        (with("access_domain", json!("ACME")), "4009990"),
    ] {
        refused(&Service::new().call("POST", SHARES, wrong), expected);
    }
    let mut service = Service::new();
    let web = service
        .state
        .ensure_repository("cn-north-4", "team-a", "web/front");
    web.is_public = true;
    refused(&service.call("POST", SHARES, partner()), "4009990");
    let web = service
        .state
        .ensure_repository("cn-north-4", "team-a", "web/front");
    web.is_public = false;
    web.shares = (0..500).map(|at| Share::with(&format!("a{at}"))).collect();
    refused(&service.call("POST", SHARES, partner()), "4009990");
    assert_eq!(
        service.get(SHARES).value().as_array().map(Vec::len),
        Some(100)
    );
    service
        .state
        .ensure_organization("cn-north-4", "team-a")
        .auth = 3;
    refused(&service.call("POST", SHARES, partner()), "4037018");
}

#[test]
fn a_share_ends_by_the_clock() {
    let mut service = Service::new();
    for (account, deadline, status) in [
        ("a", "2026-01-02T03:04:05.000Z", false),
        ("b", "2026-01-02T03:04:06.000Z", true),
        ("c", "forever", true),
    ] {
        service.call("POST", SHARES, body(account, deadline));
        let shown = service.get(&format!("{SHARES}/{account}")).value();
        assert_eq!(shown["status"], status, "{account}");
    }
    // What has ended stays in both lists.
    assert_eq!(
        service.get(SHARES).value().as_array().map(Vec::len),
        Some(3)
    );
    assert_eq!(service.names(OWN), ["web/front"]);
}

#[test]
fn what_others_share_is_a_list_too() {
    let mut service = Service::new();
    let theirs = service
        .state
        .ensure_repository("cn-north-4", "theirs", "lib");
    theirs.shares = vec![Share::with("acme")];
    service
        .state
        .ensure_repository("cn-north-4", "theirs", "other")
        .shares = vec![Share::with("third")];
    let list = "/v2/manage/shared-repositories?filter=center::thirdparty|limit::10|offset::0";
    let listed = service.get(list).value();
    assert_eq!(
        (
            &listed[0]["name"],
            &listed[0]["status"],
            listed.as_array().map(Vec::len)
        ),
        (&json!("lib"), &json!(true), Some(1))
    );
    refused(&service.get("/v2/manage/shared-repositories"), "4001025");
}

#[test]
fn the_case_of_a_name_follows_the_switch() {
    for (switch, kept, shown) in [
        ("share-case=exact", "Partner-CO", false),
        ("share-case=lower", "partner-co", true),
    ] {
        let mut service = Service::assuming(switch);
        let made = service.call("POST", SHARES, partner());
        assert_eq!(assumption(&made), Some("share-case"));
        assert_eq!(service.get(SHARES).value()[0]["access_domain"], kept);
        let other = service.get(
            &PARTNER
                .to_ascii_uppercase()
                .replace(&SHARES.to_ascii_uppercase(), SHARES),
        );
        assert_eq!(other.value()["exist"], shown, "{switch}");
    }
}

#[test]
fn the_end_of_a_share_follows_the_switch() {
    for (switch, sent, kept) in [
        ("exact", "2026-03-04T16:00:00.000Z", "2026-03-04T16:00:00Z"),
        (
            "midnight",
            "2026-03-04T16:00:00.000Z",
            "2026-03-05T00:00:00Z",
        ),
        (
            "midnight",
            "2026-03-05T00:00:00.000Z",
            "2026-03-05T00:00:00Z",
        ),
        ("midnight", "forever", "forever"),
    ] {
        let mut service = Service::assuming(&format!("share-deadline={switch}"));
        service.call("POST", SHARES, body("a", sent));
        assert_eq!(service.get(SHARES).value()[0]["deadline"], kept, "{switch}");
    }
}

#[test]
fn what_stays_of_a_public_repository_follows_the_switch() {
    for (switch, left) in [("kept", 1), ("removed", 0)] {
        let mut service = Service::assuming(&format!("shares-of-public={switch}"));
        service.call("POST", SHARES, partner());
        let change = json!({ "is_public": true, "category": "other", "description": "" });
        let turned = service.call("PATCH", WEB, change);
        assert_eq!(assumption(&turned), Some("shares-of-public"));
        let listed = service.get(SHARES).value();
        assert_eq!(listed.as_array().map(Vec::len), Some(left), "{switch}");
    }
}

#[test]
fn a_missing_share_follows_the_switches() {
    let mut service = Service::assuming("missing-share=exist-false");
    let shown = service.get(PARTNER);
    assert_eq!(
        (shown.status, shown.value()),
        (200, json!({ "exist": false }))
    );
    refused(
        &Service::assuming("missing-share=400").get(PARTNER),
        "4001090",
    );
    for (switch, expected) in [("400", "4001090"), ("404", "4049990")] {
        let mut service = Service::assuming(&format!("missing-share-write={switch}"));
        for method in ["PATCH", "DELETE"] {
            let answer = service.call(method, PARTNER, partner());
            assert_eq!(code(&answer), expected, "{method}");
            assert_eq!(assumption(&answer), Some("missing-share-write"));
        }
    }
}
