//! Each refusal and each quirk of the reference, asked for as a client would.

use serde_json::{Value, json};

use super::super::{
    message::{Request, Response},
    settings::Settings,
    store::{State, SyncRule},
};

const ORGANIZATIONS: &str = "/v2/manage/namespaces";
const TEAM: &str = "/v2/manage/namespaces/team-a";
const REPOS: &str = "/v2/manage/namespaces/team-a/repos";
const WEB: &str = "/v2/manage/namespaces/team-a/repos/web$front";
const RULES: &str = "/v2/manage/namespaces/team-a/repos/web$front/sync_repo";

/// `team-a` with `web/front` in cn-north-4, `theirs` of another account, and a way to ask.
struct Service {
    state: State,
    settings: Settings,
}

impl Service {
    fn new() -> Self {
        let mut state = State::new("acme");
        state.ensure_repository("cn-north-4", "team-a", "web/front");
        state.ensure_organization("cn-north-4", "theirs").owner = Some("other".to_owned());
        state.settle();
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
        super::answer(&mut self.state, &self.settings, &request, now, "id-1")
    }

    fn get(&mut self, target: &str) -> Response {
        self.send("GET", target, Vec::new())
    }

    fn ask(&mut self, method: &str, target: &str, body: Value) -> Response {
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
fn done(response: &Response, status: u16, body: Value) {
    assert_eq!((response.status, response.value()), (status, body));
}

fn target() -> Value {
    json!({ "remoteRegionId": "cn-east-3", "remoteNamespace": "dr" })
}

fn rule(auto: bool, overrides: bool) -> Value {
    json!({ "remoteRegionId": "cn-east-3", "remoteNamespace": "dr", "syncAuto": auto, "override": overrides })
}

#[test]
fn successes_have_the_documented_status_and_body() {
    let mut service = Service::new();
    let repository = json!({ "repository": "a/b", "is_public": false });
    let triple = json!({ "is_public": true, "category": "linux", "description": "x" });
    done(
        &service.ask("POST", ORGANIZATIONS, json!({ "namespace": "team-b" })),
        201,
        json!({}),
    );
    done(
        &service.ask("POST", "/v2/manage/namespaces/team-b/repos", repository),
        200,
        json!({}),
    );
    done(
        &service.ask("PATCH", "/v2/manage/namespaces/team-b/repos/a$b", triple),
        201,
        json!({}),
    );
    done(
        &service.ask("POST", RULES, rule(true, false)),
        200,
        json!({}),
    );
    done(&service.ask("DELETE", RULES, target()), 200, json!({}));
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
        refused(&service.ask(method, path, body.clone()), expected);
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
        refused(&service.ask(method, path, body), expected);
    }
}

#[test]
fn what_has_no_route_is_not_absent() {
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
fn an_organization_of_another_account_shows_only_in_refusals() {
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
            &service.ask("POST", "/v2/manage/namespaces/theirs/repos", body),
            expected,
        );
    }
}

#[test]
fn rights_on_an_organization_limit_what_is_shown_and_done() {
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
        &service.ask("PATCH", WEB, json!({ "is_public": true })),
        "4037018",
    );
    service
        .state
        .ensure_organization("cn-north-4", "team-a")
        .auth = 3;
    assert_eq!(
        service
            .ask("PATCH", WEB, json!({ "is_public": true }))
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
            .ask("POST", ORGANIZATIONS, json!({ "namespace": "b" }))
            .status,
        201
    );
    refused(
        &service.ask("POST", ORGANIZATIONS, json!({ "namespace": "c" })),
        "4000097",
    );
}

#[test]
fn organizations_are_listed_as_created_and_filtered() {
    let mut service = Service::new();
    for name in ["zeta", "alpha"] {
        service.ask("POST", ORGANIZATIONS, json!({ "namespace": name }));
    }
    assert_eq!(service.names(ORGANIZATIONS), ["team-a", "zeta", "alpha"]);
    assert_eq!(
        service.names("/v2/manage/namespaces?namespace=alp"),
        [""; 0]
    );
    assert_eq!(
        service.names("/v2/manage/namespaces?namespace=zeta&filter=namespace%3A%3Aalpha"),
        ["alpha"]
    );
    refused(
        &service.get("/v2/manage/namespaces?filter=name::alpha"),
        "4001035",
    );
    let mut service = Service::assuming("namespace-filter=substring");
    let response = service.get("/v2/manage/namespaces?namespace=eam");
    assert_eq!(assumption(&response), Some("namespace-filter"));
    done(
        &response,
        200,
        json!({ "namespaces": [{
            "id": 1, "name": "team-a", "creator_name": "acme", "auth": 7, "access_user_count": 1, "repo_count": 1,
        }] }),
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
fn an_update_replaces_the_triple() {
    for (switch, category, description) in [
        ("patch-omitted=reset", "other", ""),
        ("patch-omitted=keep", "linux", "text"),
    ] {
        let mut service = Service::assuming(switch);
        let all = json!({ "is_public": true, "category": "linux", "description": "text" });
        assert_eq!(assumption(&service.ask("PATCH", WEB, all)), None);
        let response = service.ask("PATCH", WEB, json!({ "is_public": false }));
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
        assumption(&service.ask("POST", REPOS, body)),
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
            "id": 4, "ns_id": 1, "name": "a/b", "category": "other", "description": "", "creator_id": account,
            "creator_name": "acme", "size": 0, "is_public": true, "num_images": 0, "num_download": 0, "url": "",
            "path": "swr.cn-north-4.myhuaweicloud.com/team-a/a/b", "internal_path": "10.0.0.1:20202/team-a/a/b",
            "created": "2026-01-02T03:04:05.6789Z", "updated": "2026-01-02T03:04:05.6789Z", "domain_id": account,
            "priority": 0,
        })
    );
}

#[test]
fn open_questions_about_creation_have_a_switch() {
    let body = json!({ "repository": "b", "is_public": true });
    assert_eq!(
        Service::assuming("create-repository-status=201")
            .ask("POST", REPOS, body.clone())
            .status,
        201
    );
    let mut service = Service::assuming("missing-organization-on-create=400");
    let response = service.ask("POST", "/v2/manage/namespaces/none/repos", body);
    refused(&response, "4000014");
    assert_eq!(
        assumption(&response),
        Some("missing-organization-on-create")
    );
}

/// Five repositories whose order differs by every column.
fn listed() -> Service {
    let mut service = Service::new();
    service
        .state
        .ensure_organization("cn-north-4", "team-a")
        .repositories
        .clear();
    let rows = [
        ("c", "team-a", 3, "03"),
        ("a", "team-z", 1, "05"),
        ("e/a", "team-a", 0, "04"),
        ("d", "team-a", 2, "01"),
    ];
    for (name, organization, images, day) in rows {
        let repository = service
            .state
            .ensure_repository("cn-north-4", organization, name);
        repository.num_images = images;
        repository.is_public = images == 3;
        repository.updated = format!("2025-01-{day}T00:00:00Z");
        service.state.settle();
    }
    service
}

#[test]
fn repositories_are_filtered_and_ordered() {
    for (query, expected) in [
        ("", "c a e/a d"),
        ("namespace=team-a", "c e/a d"),
        ("name=a", "a e/a"),
        ("is_public=true", "c"),
        ("category=linux", ""),
        ("order_column=name&order_type=asc", "a c d e/a"),
        ("order_column=tag_count&order_type=desc", "c d a e/a"),
        ("order_column=updated_time&order_type=asc", "d c e/a a"),
        ("order_column=namespace&order_type=desc", "a c e/a d"),
        (
            "filter=name::a|order_column::name|order_type::desc",
            "e/a a",
        ),
        ("filter=name%3A%3Aa%7Climit%3A%3A1%7Coffset%3A%3A1", "e/a"),
        ("name=c&filter=namespace::team-z", "a"),
        ("limit=2&offset=2&order_column=name&order_type=asc", "d e/a"),
        ("limit=3&offset=9", ""),
    ] {
        assert_eq!(
            listed()
                .names(&format!("/v2/manage/repos?{query}"))
                .join(" "),
            expected,
            "{query}"
        );
    }
}

#[test]
fn list_parameters_are_checked() {
    for (query, expected) in [
        ("limit=10", "4001025"),
        ("offset=0", "4001025"),
        ("limit=x&offset=0", "4001025"),
        ("limit=10&offset=-1", "4001025"),
        ("limit=0&offset=0", "4000056"),
        ("limit=1001&offset=0", "4000056"),
        ("order_column=name", "4001025"),
        ("order_type=asc", "4001025"),
        ("order_column=updated_at&order_type=asc", "4001096"),
        ("order_column=name&order_type=up", "4001025"),
        ("is_public=yes", "4001025"),
        ("filter=", "4001035"),
        ("filter=name", "4001035"),
        ("filter=label::x", "4001035"),
    ] {
        let response = listed().get(&format!("/v2/manage/repos?{query}"));
        assert_eq!(code(&response), expected, "{query}");
    }
    let mut service = Service::assuming("page-limit-over=clamp");
    let response = service.get("/v2/manage/repos?limit=1001&offset=0");
    assert_eq!(
        (response.status, assumption(&response)),
        (200, Some("page-limit-over"))
    );
}

#[test]
fn the_content_range_ends_with_a_count() {
    for (query, range) in [
        ("", None),
        ("name=a", None),
        ("limit=3&offset=0", Some("0-3/4")),
        ("limit=3&offset=3", Some("3-1/4")),
        ("limit=3&offset=6", Some("6-0/4")),
        ("filter=limit::1|offset::0|name::a", Some("0-1/2")),
    ] {
        assert_eq!(
            listed()
                .get(&format!("/v2/manage/repos?{query}"))
                .header("content-range"),
            range,
            "{query}"
        );
    }
}

#[test]
fn a_list_without_limit_stops_at_a_hundred() {
    let mut service = Service::new();
    for number in 0..150 {
        service
            .state
            .ensure_repository("cn-north-4", "team-b", &format!("r{number}"));
    }
    service.state.settle();
    let page = service.get("/v2/manage/repos?namespace=team-b").value();
    assert_eq!(
        (page.as_array().map(Vec::len), &page[0]["total_range"]),
        (Some(100), &json!(150))
    );
}

#[test]
fn a_listed_repository_has_other_names_for_its_times_and_no_id() {
    let mut service = listed();
    let item = service.get("/v2/manage/repos?name=d").value()[0].clone();
    assert_eq!(
        item,
        json!({
            "name": "d", "category": "other", "description": "", "size": 0, "is_public": false, "num_images": 2,
            "num_download": 0, "created_at": "2024-01-01T00:00:00Z", "updated_at": "2025-01-01T00:00:00Z",
            "logo": "", "url": "", "path": "swr.cn-north-4.myhuaweicloud.com/team-a/d",
            "internal_path": "10.0.0.1:20202/team-a/d", "domain_name": "acme", "namespace": "team-a",
            "tags": ["v1", "v2"], "status": false, "total_range": 1,
        })
    );
}

#[test]
fn a_rule_is_listed_with_both_ends() {
    let mut service = Service::new();
    service.ask("POST", RULES, rule(true, true));
    let body = service.get(RULES).value();
    assert_eq!(
        body,
        json!([{
            "id": 4, "createdAt": "2026-01-02T03:04:05.6789Z", "updatedAt": "2026-01-02T03:04:05.6789Z",
            "domainID": body[0]["domainID"], "domainName": "acme", "namespace": "team-a", "repoName": "web/front",
            "remoteRegionId": "cn-east-3", "remoteNamespace": "dr", "syncAuto": true, "override": true,
        }])
    );
}

#[test]
fn a_rule_without_flags_is_created_and_hidden() {
    for (switch, shown) in [("hidden-rules=hide", 0), ("hidden-rules=show", 1)] {
        let mut service = Service::assuming(switch);
        assert_eq!(service.ask("POST", RULES, target()).status, 200);
        let response = service.get(RULES);
        assert_eq!(response.value().as_array().map(Vec::len), Some(shown));
        assert_eq!(assumption(&response), Some("hidden-rules"));
        assert_eq!(
            code(&service.ask("POST", RULES, rule(true, false))),
            "4099999"
        );
    }
}

#[test]
fn a_second_rule_to_a_target_is_answered_by_the_switch() {
    for (switch, status, expected) in [
        ("duplicate-rule=error", 409, vec![false]),
        ("duplicate-rule=ignore", 200, vec![false]),
        ("duplicate-rule=replace", 200, vec![true]),
        ("duplicate-rule=second-row", 200, vec![false, true]),
    ] {
        let mut service = Service::assuming(switch);
        assert_eq!(
            assumption(&service.ask("POST", RULES, rule(true, false))),
            None
        );
        let response = service.ask("POST", RULES, rule(true, true));
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
    let response = service.ask("DELETE", RULES, target());
    refused(&response, "4001158");
    assert_eq!(assumption(&response), Some("delete-missing-rule"));
    assert_eq!(
        Service::assuming("delete-missing-rule=404")
            .ask("DELETE", RULES, target())
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
