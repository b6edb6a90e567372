//! The refusals and quirks of the reference, seen by a client. Lists and rules have their own
//! files.

mod access;
mod allowances;
mod copies;
mod lists;
mod retentions;
mod shares;
mod sync_rules;

use serde_json::{Value, json};

use super::super::{
    message::{Request, Response},
    settings::Settings,
    state::State,
};

const ORGANIZATIONS: &str = "/v2/manage/namespaces";
const TEAM: &str = "/v2/manage/namespaces/team-a";
const REPOS: &str = "/v2/manage/namespaces/team-a/repos";
const WEB: &str = "/v2/manage/namespaces/team-a/repos/web$front";
const RULES: &str = "/v2/manage/namespaces/team-a/repos/web$front/sync_repo";

/// A state with `team-a/web/front` and the foreign organization `theirs` in cn-north-4, and a
/// client.
struct Service {
    state: State,
    settings: Settings,
}

impl Service {
    fn new() -> Self {
        let mut state = State::new("acme");
        state.ensure_repository("cn-north-4", "team-a", "web/front");
        state.ensure_organization("cn-north-4", "theirs").owner = Some("other".to_owned());
        state.fill_in();
        Self {
            state,
            settings: Settings::default(),
        }
    }

    fn assuming(switch: &str) -> Self {
        let mut service = Self::new();
        service.settings.assumptions.set(switch).unwrap();
        service
    }

    fn send(&mut self, method: &str, target: &str, body: Vec<u8>) -> Response {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request = Request {
            region: "cn-north-4".to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            body,
            ..Request::default()
        };
        let now = "2026-01-02T03:04:05.678900123Z".parse().unwrap();
        super::answer(&mut self.state, &self.settings, &request, now, "id-1").0
    }

    fn get(&mut self, target: &str) -> Response {
        self.send("GET", target, Vec::new())
    }

    fn call(&mut self, method: &str, target: &str, body: Value) -> Response {
        self.send(method, target, body.to_string().into_bytes())
    }

    fn names(&mut self, target: &str) -> Vec<String> {
        let body = self.get(target).value();
        let items = body
            .as_array()
            .or_else(|| body["namespaces"].as_array())
            .expect("a list");
        items
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn code(response: &Response) -> String {
    let body = response.value();
    let code = body["error_code"].as_str().unwrap_or_default();
    code.strip_prefix("SVCSTG.SWR.").unwrap_or(code).to_owned()
}

fn assumption(response: &Response) -> Option<&str> {
    response.header("x-emulator-assumption")
}

#[track_caller]
fn refused(response: &Response, expected: &str) {
    assert_eq!(code(response), expected, "{}", response.value());
    let status = if expected.starts_with("APIGW") {
        "404"
    } else {
        &expected[..3]
    };
    assert_eq!(response.status.to_string(), status);
}

#[track_caller]
fn succeeded(response: &Response, status: u16, body: Value) {
    assert_eq!((response.status, response.value()), (status, body));
}

fn target() -> Value {
    json!({ "remoteRegionId": "cn-east-3", "remoteNamespace": "dr" })
}

fn rule(auto: bool, overrides: bool) -> Value {
    json!({ "remoteRegionId": "cn-east-3", "remoteNamespace": "dr", "syncAuto": auto,
        "override": overrides })
}

#[test]
fn successes_have_the_documented_status_and_body() {
    let mut service = Service::new();
    let repository = json!({ "repository": "a/b", "is_public": false });
    let triple = json!({ "is_public": true, "category": "linux", "description": "x" });
    succeeded(
        &service.call("POST", ORGANIZATIONS, json!({ "namespace": "team-b" })),
        201,
        json!({}),
    );
    succeeded(
        &service.call("POST", "/v2/manage/namespaces/team-b/repos", repository),
        201,
        json!({}),
    );
    succeeded(
        &service.call("PATCH", "/v2/manage/namespaces/team-b/repos/a$b", triple),
        201,
        json!({}),
    );
    for (method, body) in [("POST", rule(true, false)), ("DELETE", target())] {
        let response = service.call(method, RULES, body.clone());
        assert_eq!(
            (response.status, response.body.as_slice()),
            (200, &b""[..]),
            "{method}"
        );
        succeeded(
            &Service::assuming("rule-answer=object").call("POST", RULES, body),
            200,
            json!({}),
        );
    }
    for gone in [
        "/v2/manage/namespaces/team-b/repos/a%24b",
        "/v2/manage/namespaces/team-b",
    ] {
        let response = service.send("DELETE", gone, Vec::new());
        assert_eq!(
            (response.status, response.body.as_slice()),
            (204, &b""[..]),
            "{gone}"
        );
    }
}

#[test]
fn bodies_are_checked() {
    let long = "x".repeat(30_001);
    for (method, path, body, expected) in [
        ("POST", ORGANIZATIONS, json!({}), "4001014"),
        ("POST", ORGANIZATIONS, json!({ "namespace": "" }), "4001014"),
        ("POST", ORGANIZATIONS, json!({ "namespace": 1 }), "4001018"),
        ("POST", ORGANIZATIONS, json!(["team-b"]), "4001018"),
        (
            "POST",
            ORGANIZATIONS,
            json!({ "namespace": "Team" }),
            "4001028",
        ),
        ("POST", REPOS, json!({ "is_public": true }), "4001014"),
        (
            "POST",
            REPOS,
            json!({ "repository": "web$b", "is_public": true }),
            "4001029",
        ),
        ("POST", REPOS, json!({ "repository": "b" }), "4001009"),
        (
            "POST",
            REPOS,
            json!({ "repository": "b", "is_public": "true" }),
            "4001009",
        ),
        (
            "POST",
            REPOS,
            json!({ "repository": "b", "is_public": true, "category": "arms" }),
            "4000014",
        ),
        (
            "POST",
            REPOS,
            json!({ "repository": "b", "is_public": true, "category": 1 }),
            "4001018",
        ),
        (
            "POST",
            REPOS,
            json!({ "repository": "b", "is_public": true, "description": long }),
            "4131012",
        ),
        ("PATCH", WEB, json!({ "description": "x" }), "4001009"),
        ("PATCH", WEB, json!({ "is_public": null }), "4001009"),
        (
            "PATCH",
            WEB,
            json!({ "is_public": true, "category": "" }),
            "4000014",
        ),
        (
            "POST",
            RULES,
            json!({ "remoteRegionId": "cn-east-3" }),
            "4001014",
        ),
        ("POST", RULES, json!({ "remoteNamespace": "dr" }), "4001014"),
        (
            "POST",
            RULES,
            json!({ "remoteRegionId": "cn-east-3", "remoteNamespace": "dr", "syncAuto": 1 }),
            "4001018",
        ),
        (
            "POST",
            RULES,
            json!({ "remoteRegionId": "mars-1", "remoteNamespace": "dr" }),
            "5001101",
        ),
        ("DELETE", RULES, json!({}), "4001014"),
    ] {
        let mut service = Service::new();
        let before = service.state.clone();
        refused(&service.call(method, path, body.clone()), expected);
        assert_eq!(service.state, before, "{method} {path} {body}");
    }
    let mut service = Service::new();
    refused(&service.send("POST", REPOS, b"{".to_vec()), "4001018");
    refused(&service.send("DELETE", RULES, Vec::new()), "4001014");
    assert_eq!(
        service
            .send("POST", REPOS, vec![b' '; 12 * 1024 * 1024 + 1])
            .status,
        413
    );
}

#[test]
fn parents_must_exist_and_names_must_be_free() {
    let mut service = Service::new();
    let repository = |name: &str| json!({ "repository": name, "is_public": true });
    for (method, path, body, expected) in [
        (
            "POST",
            ORGANIZATIONS,
            json!({ "namespace": "team-a" }),
            "4090060",
        ),
        (
            "POST",
            ORGANIZATIONS,
            json!({ "namespace": "theirs" }),
            "4090060",
        ),
        ("POST", REPOS, repository("web/front"), "4090006"),
        (
            "POST",
            "/v2/manage/namespaces/none/repos",
            repository("a"),
            "4040058",
        ),
        ("GET", "/v2/manage/namespaces/none", json!({}), "4040058"),
        ("DELETE", "/v2/manage/namespaces/none", json!({}), "4040058"),
        (
            "GET",
            "/v2/manage/namespaces/none/repos/a",
            json!({}),
            "4040058",
        ),
        (
            "GET",
            "/v2/manage/namespaces/team-a/repos/none",
            json!({}),
            "4040113",
        ),
        (
            "PATCH",
            "/v2/manage/namespaces/team-a/repos/none",
            json!({ "is_public": true }),
            "4040113",
        ),
        (
            "DELETE",
            "/v2/manage/namespaces/team-a/repos/none",
            json!({}),
            "4040113",
        ),
        (
            "GET",
            "/v2/manage/namespaces/team-a/repos/none/sync_repo",
            json!({}),
            "4040113",
        ),
        (
            "POST",
            "/v2/manage/namespaces/team-a/repos/none/sync_repo",
            rule(true, true),
            "4040113",
        ),
        (
            "DELETE",
            "/v2/manage/namespaces/none/repos/a/sync_repo",
            target(),
            "4040058",
        ),
    ] {
        refused(&service.call(method, path, body), expected);
    }
}

#[test]
fn a_path_without_a_route_is_not_an_absent_object() {
    let mut service = Service::new();
    for target in [
        "/v2/manage/namespaces/team-a/repos/web/front",
        "/v2/manage/nothing",
        "/",
    ] {
        let response = service.get(target);
        refused(&response, "APIGW.0101");
        assert_eq!(response.value()["request_id"], "id-1");
    }
    refused(&service.send("PUT", WEB, Vec::new()), "APIGW.0101");
}

#[test]
fn an_organization_of_another_account_is_only_in_refusals() {
    for (switch, expected) in [
        ("foreign-organization=403", "4037017"),
        ("foreign-organization=404", "4040058"),
    ] {
        let mut service = Service::assuming(switch);
        assert_eq!(
            service.names("/v2/manage/namespaces?filter=mode::visible"),
            ["team-a"]
        );
        let response = service.get("/v2/manage/namespaces/theirs");
        refused(&response, expected);
        assert_eq!(assumption(&response), Some("foreign-organization"));
        let body = json!({ "repository": "a", "is_public": true });
        refused(
            &service.call("POST", "/v2/manage/namespaces/theirs/repos", body),
            expected,
        );
    }
}

#[test]
fn permissions_limit_lists_and_changes() {
    let mut service = Service::new();
    service
        .state
        .ensure_organization("cn-north-4", "team-a")
        .auth = 0;
    assert!(service.names(ORGANIZATIONS).is_empty());
    assert_eq!(
        service.names("/v2/manage/namespaces?mode=visible"),
        ["team-a"]
    );
    refused(
        &service.call("PATCH", WEB, json!({ "is_public": true })),
        "4037018",
    );
    service
        .state
        .ensure_organization("cn-north-4", "team-a")
        .auth = 3;
    assert_eq!(
        service
            .call("PATCH", WEB, json!({ "is_public": true }))
            .status,
        201
    );
    refused(&service.send("DELETE", TEAM, Vec::new()), "4037017");
}

#[test]
fn the_quota_counts_own_organizations() {
    let mut service = Service::new();
    service.settings.quota = Some(2);
    assert_eq!(
        service
            .call("POST", ORGANIZATIONS, json!({ "namespace": "b" }))
            .status,
        201
    );
    refused(
        &service.call("POST", ORGANIZATIONS, json!({ "namespace": "c" })),
        "4000097",
    );
}

#[test]
fn an_organization_with_content_is_not_deleted() {
    let mut service = Service::new();
    service
        .state
        .ensure_repository("cn-north-4", "team-a", "web/front")
        .num_images = 1;
    for switch in [
        "delete-organization-with-repositories=refuse",
        "delete-organization-with-repositories=cascade",
    ] {
        service.settings.assumptions.set(switch).unwrap();
        let response = service.send("DELETE", TEAM, Vec::new());
        refused(&response, "4060074");
        assert_eq!(assumption(&response), None);
    }
    let response = Service::new().send("DELETE", TEAM, Vec::new());
    refused(&response, "4060074");
    assert_eq!(
        assumption(&response),
        Some("delete-organization-with-repositories")
    );
    let mut service = Service::assuming("delete-organization-with-repositories=cascade");
    assert_eq!(service.send("DELETE", TEAM, Vec::new()).status, 204);
    refused(&service.get(TEAM), "4040058");
}

#[test]
fn a_repository_with_images_is_deleted_only_on_request() {
    for (switch, status) in [
        ("delete-repository-with-images=refuse", 406),
        ("delete-repository-with-images=cascade", 204),
    ] {
        let mut service = Service::assuming(switch);
        service
            .state
            .ensure_repository("cn-north-4", "team-a", "web/front")
            .num_images = 1;
        let response = service.send("DELETE", WEB, Vec::new());
        assert_eq!(
            (response.status, assumption(&response)),
            (status, Some("delete-repository-with-images"))
        );
    }
}

#[test]
fn an_update_replaces_all_three_fields() {
    for (switch, category, description) in [
        ("patch-omitted=reset", "other", ""),
        ("patch-omitted=keep", "linux", "text"),
    ] {
        let mut service = Service::assuming(switch);
        let all = json!({ "is_public": true, "category": "linux", "description": "text" });
        assert_eq!(assumption(&service.call("PATCH", WEB, all)), None);
        let response = service.call("PATCH", WEB, json!({ "is_public": false }));
        assert_eq!(assumption(&response), Some("patch-omitted"));
        let shown = service.get(WEB).value();
        assert_eq!(
            (&shown["is_public"], &shown["category"]),
            (&json!(false), &json!(category))
        );
        assert_eq!(shown["description"], description);
    }
}

#[test]
fn a_repository_is_shown_in_full() {
    let mut service = Service::new();
    let body = json!({ "repository": "a/b", "is_public": true });
    assert_eq!(
        assumption(&service.call("POST", REPOS, body)),
        Some("create-repository-status")
    );
    let shown = service
        .get("/v2/manage/namespaces/team-a/repos/a$b")
        .value();
    let account = shown["domain_id"].clone();
    assert_eq!(account.as_str().map(str::len), Some(32));
    assert_eq!(
        shown,
        json!({
            "id": 4, "ns_id": 1, "name": "a/b", "category": "other", "description": "",
            "creator_id": service.state.user_id("acme"),
            "creator_name": "acme", "size": 0, "is_public": true, "num_images": 0,
            "num_download": 0, "url": "",
            "path": "swr.cn-north-4.myhuaweicloud.com/team-a/a/b",
            "internal_path": "10.0.0.1:20202/team-a/a/b",
            "created": "2026-01-02T03:04:05.6789Z", "updated": "2026-01-02T03:04:05.6789Z",
            "domain_id": account,
            "priority": 0,
        })
    );
}

#[test]
fn assumptions_about_creation_have_a_switch() {
    let body = json!({ "repository": "b", "is_public": true });
    assert_eq!(
        Service::assuming("create-repository-status=200")
            .call("POST", REPOS, body.clone())
            .status,
        200
    );
    let mut service = Service::assuming("missing-organization-on-create=400");
    let response = service.call("POST", "/v2/manage/namespaces/none/repos", body);
    refused(&response, "4000014");
    assert_eq!(
        assumption(&response),
        Some("missing-organization-on-create")
    );
}
