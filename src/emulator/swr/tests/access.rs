//! Permissions: who is in a list, what is refused, and the switches.

use serde_json::{Value, json};

use super::{ORGANIZATIONS, Service, TEAM, WEB, assumption, code, refused};
use crate::emulator::{Grant, message::Response};

const OF_TEAM: &str = "/v2/manage/namespaces/team-a/access";
const OF_WEB: &str = "/v2/manage/namespaces/team-a/repos/web$front/access";

/// The users `ada`, `bob` and `cyd`; `ada` may read the organization.
fn service(switch: Option<&str>) -> Service {
    let mut service = switch.map_or_else(Service::new, Service::assuming);
    for (user, id) in [("ada", "id-a"), ("bob", "id-b"), ("cyd", "id-c")] {
        let users = &mut service.state.users;
        users.insert(user.to_owned(), id.to_owned());
    }
    let team = service
        .state
        .organization_mut("cn-north-4", "team-a")
        .unwrap();
    team.access.push(Grant {
        user: "ada".to_owned(),
        auth: 1,
    });
    service
}

fn entry(user: &str, auth: u8) -> Value {
    let id = format!("id-{}", &user[..1]);
    json!({ "user_id": id, "user_name": user, "auth": auth })
}

/// The others of a list, each as `user level`.
fn others(service: &mut Service, list: &str) -> Vec<String> {
    let body = service.get(list).value();
    let others = body["others_auths"].as_array().unwrap();
    let line = |it: &Value| format!("{} {}", it["user_name"].as_str().unwrap(), it["auth"]);
    others.iter().map(line).collect()
}

#[track_caller]
fn is(response: &Response, status: u16, switch: Option<&str>) {
    assert_eq!(
        (response.status, assumption(response)),
        (status, switch),
        "{}",
        response.value()
    );
}

#[test]
fn an_organization_lists_its_creator_and_the_caller() {
    let mut service = service(None);
    let acme = json!({ "user_id": service.state.user_id("acme"), "user_name": "acme", "auth": 7 });
    assert_eq!(
        service.get(OF_TEAM).value(),
        json!({
            "id": 1, "name": "team-a", "creator_name": "acme", "self_auth": acme,
            "others_auths": [acme, entry("ada", 1)],
        })
    );
    let listed = service.get(ORGANIZATIONS).value();
    assert_eq!(listed["namespaces"][0]["access_user_count"], json!(2));
    // A new one has its creator.
    service.state.caller = "ada".to_owned();
    service.call("POST", ORGANIZATIONS, json!({ "namespace": "team-b" }));
    let list = "/v2/manage/namespaces/team-b/access";
    assert_eq!(others(&mut service, list), ["ada 7"]);
}

#[test]
fn a_repository_does_not_list_the_caller() {
    for (switch, own) in [("self-auth=effective", 7), ("self-auth=granted", 3)] {
        let mut service = service(Some(switch));
        service.call("POST", OF_WEB, json!([entry("bob", 3), entry("cyd", 1)]));
        service.state.caller = "bob".to_owned();
        let response = service.get(OF_WEB);
        is(&response, 200, Some("self-auth"));
        assert_eq!(response.value()["self_auth"], entry("bob", own), "{switch}");
        assert_eq!(others(&mut service, OF_WEB), ["cyd 1"]);
    }
}

#[test]
fn each_list_has_its_own_statuses() {
    for (list, created, auth) in [(OF_TEAM, 200, "bob 7"), (OF_WEB, 201, "bob 7")] {
        let mut service = service(None);
        is(
            &service.call("POST", list, json!([entry("bob", 3)])),
            created,
            None,
        );
        let changed = service.call("PATCH", list, json!([entry("bob", 7)]));
        is(&changed, 201, Some("patch-grants"));
        assert!(others(&mut service, list).contains(&auth.to_owned()));
        is(&service.call("DELETE", list, json!(["id-b"])), 204, None);
        assert!(!others(&mut service, list).contains(&auth.to_owned()));
    }
}

#[test]
fn wrong_requests_are_refused() {
    for (list, level, twice) in [
        (OF_TEAM, "4001065", "4090076"),
        (OF_WEB, "4001066", "4090089"),
    ] {
        let mut service = service(None);
        service.call("POST", list, json!([entry("cyd", 1)]));
        let state = service.state.clone();
        for (body, code) in [
            (json!([entry("bob", 2)]), level),
            (json!([entry("bob", 0)]), level),
            (
                json!([{ "user_id": "id-b", "user_name": "bob", "auth": "3" }]),
                level,
            ),
            (
                json!([{ "user_id": "id-b", "user_name": "ada", "auth": 3 }]),
                "4001067",
            ),
            (
                json!([{ "user_id": "id-x", "user_name": "xyz", "auth": 3 }]),
                "4001067",
            ),
            (json!([{ "user_id": "id-b", "auth": 3 }]), "4001025"),
            (json!([{ "user_name": "bob", "auth": 3 }]), "4001025"),
            (json!(entry("bob", 3)), "4001018"),
            (json!([entry("cyd", 3)]), twice),
        ] {
            refused(&service.call("POST", list, body), code);
            assert_eq!(service.state, state);
        }
        refused(
            &service.call("DELETE", list, json!([entry("cyd", 1)])),
            "4001018",
        );
    }
    let mut service = service(None);
    service.state.caller = "bob".to_owned();
    // Nobody grants to oneself.
    assert_eq!(
        code(&service.call("POST", OF_TEAM, json!([entry("bob", 3)]))),
        "4001999"
    );
    refused(&service.get("/v2/manage/namespaces/none/access"), "4040058");
    refused(
        &service.get("/v2/manage/namespaces/team-a/repos/none/access"),
        "4040113",
    );
}

#[test]
fn a_permission_is_what_the_caller_may_do() {
    let mut service = service(None);
    service
        .state
        .organization_mut("cn-north-4", "team-a")
        .unwrap()
        .auth = 0;
    service.state.caller = "bob".to_owned();
    refused(&service.get(OF_TEAM), "4037017");
    refused(&service.get(OF_WEB), "4037017");
    service.state.caller = "ada".to_owned();
    assert_eq!(service.get(OF_TEAM).value()["self_auth"], entry("ada", 1));
    assert_eq!(service.get(TEAM).value()["auth"], json!(1));
    for (method, list, body) in [
        ("POST", OF_TEAM, json!([entry("bob", 1)])),
        ("PATCH", OF_TEAM, json!([entry("ada", 7)])),
        ("DELETE", OF_TEAM, json!(["id-a"])),
        ("POST", OF_WEB, json!([entry("bob", 1)])),
    ] {
        refused(&service.call(method, list, body), "4037017");
    }
    refused(
        &service.call("PATCH", WEB, json!({ "is_public": true })),
        "4037018",
    );
    // Who may manage a repository may grant on it.
    let web = service
        .state
        .ensure_repository("cn-north-4", "team-a", "web/front");
    web.access.push(Grant {
        user: "ada".to_owned(),
        auth: 7,
    });
    is(
        &service.call("POST", OF_WEB, json!([entry("bob", 1)])),
        201,
        None,
    );
}

#[test]
fn a_missing_grant_follows_the_switches() {
    for list in [OF_TEAM, OF_WEB] {
        for (switch, status) in [
            ("delete-missing-grant=404", 404),
            ("delete-missing-grant=ignore", 204),
        ] {
            let mut service = service(Some(switch));
            let response = service.call("DELETE", list, json!(["id-c"]));
            is(&response, status, Some("delete-missing-grant"));
        }
        let mut service = service(Some("patch-missing-grant=404"));
        let response = service.call("PATCH", list, json!([entry("cyd", 3)]));
        is(&response, 404, Some("patch-missing-grant"));
        service
            .settings
            .assumptions
            .set("patch-missing-grant=grant")
            .unwrap();
        assert_eq!(
            service.call("PATCH", list, json!([entry("cyd", 3)])).status,
            201
        );
        assert!(others(&mut service, list).contains(&"cyd 3".to_owned()));
    }
}

#[test]
fn several_users_follow_the_switches() {
    let both = || json!([entry("bob", 3), entry("ada", 3)]);
    for (switch, expected) in [
        ("grant-batch=atomic", vec!["acme 7", "ada 1"]),
        ("grant-batch=partial", vec!["acme 7", "ada 1", "bob 3"]),
    ] {
        let mut service = service(Some(switch));
        let response = service.call("POST", OF_TEAM, both());
        is(&response, 409, Some("grant-batch"));
        assert_eq!(others(&mut service, OF_TEAM), expected, "{switch}");
    }
    for (switch, expected) in [
        ("patch-grants=keep", vec!["acme 7", "ada 1", "bob 1"]),
        ("patch-grants=remove", vec!["acme 7", "bob 1"]),
    ] {
        let mut service = service(Some(switch));
        service.call("POST", OF_TEAM, json!([entry("bob", 3)]));
        let response = service.call("PATCH", OF_TEAM, json!([entry("bob", 1)]));
        is(&response, 201, Some("patch-grants"));
        assert_eq!(others(&mut service, OF_TEAM), expected, "{switch}");
    }
}

#[test]
fn the_creator_follows_the_switch() {
    for (switch, status, expected) in [
        ("creator-grant=refuse", 403, vec!["ada 7", "cyd 1"]),
        ("creator-grant=allow", 204, vec!["cyd 1"]),
    ] {
        let mut service = service(Some(switch));
        let team = service
            .state
            .organization_mut("cn-north-4", "team-a")
            .unwrap();
        team.creator = "ada".to_owned();
        team.access = vec![Grant {
            user: "cyd".to_owned(),
            auth: 1,
        }];
        let response = service.call("DELETE", OF_TEAM, json!(["id-a"]));
        is(&response, status, Some("creator-grant"));
        assert_eq!(others(&mut service, OF_TEAM), expected, "{switch}");
    }
}

#[test]
fn a_permission_on_a_repository_counts_in_it_alone() {
    let mut service = service(None);
    let team = service
        .state
        .organization_mut("cn-north-4", "team-a")
        .unwrap();
    team.auth = 1;
    service.state.caller = "bob".to_owned();
    let web = service
        .state
        .ensure_repository("cn-north-4", "team-a", "web/front");
    let change = |service: &mut Service| {
        let body = json!({ "is_public": false, "description": "x" });
        service.call("PATCH", WEB, body).status
    };
    let share = |service: &mut Service| {
        let body = json!({
            "access_domain": "partner", "permit": "read", "deadline": "forever"
        });
        let path = format!("{WEB}/access-domains");
        service.call("POST", &path, body).status
    };
    web.access.clear();
    assert_eq!((change(&mut service), share(&mut service)), (403, 403));
    for (auth, expected) in [(3, (201, 403)), (7, (201, 201))] {
        let web = service
            .state
            .ensure_repository("cn-north-4", "team-a", "web/front");
        web.access = vec![Grant {
            user: "bob".to_owned(),
            auth,
        }];
        assert_eq!(
            (change(&mut service), share(&mut service)),
            expected,
            "{auth}"
        );
    }
    assert_eq!(service.call("DELETE", TEAM, Value::Null).status, 403);
}
