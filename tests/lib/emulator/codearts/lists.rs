//! How a client finds the id of a repository: pages without a total, keywords, filters and orders.

use serde_json::{Value, json};

use super::support::{REGION, Site};

fn ids(body: &Value) -> Vec<u64> {
    body.as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_u64().unwrap())
        .collect()
}

/// `platform` with r00 to r24 besides the initial repositories, and `other` with repositories of
/// the same names.
async fn many() -> Site {
    let site = Site::new().await;
    site.emulator.edit(|state| {
        for number in 0..25 {
            state.ensure_git_repository(REGION, "platform", &format!("r{number:02}"));
        }
        for path in ["app", "group/app", "my-app-2"] {
            state.ensure_git_repository(REGION, "other", path);
        }
    });
    site
}

#[tokio::test]
async fn pages_are_bare_and_add_up() {
    let site = many().await;
    assert_eq!(ids(&site.get("/v4/user/repositories").await.body).len(), 20);
    let mut found = Vec::new();
    for (offset, length) in [(0, 10), (10, 10), (20, 10), (30, 0), (40, 0)] {
        let path =
            format!("/v4/user/repositories?offset={offset}&limit=10&order_by=created_at&sort=asc");
        let answer = site.get(&path).await;
        assert_eq!(
            (answer.total, answer.body.as_array().unwrap().len()),
            (None, length),
            "{offset}"
        );
        found.extend(ids(&answer.body));
    }
    let all = found.len();
    found.sort_unstable();
    found.dedup();
    assert_eq!((found.len(), all), (30, 30));
}

#[tokio::test]
async fn limits_are_checked() {
    let site = many().await;
    for query in [
        "limit=0",
        "limit=101",
        "limit=x",
        "offset=-1",
        "order_by=id",
        "sort=up",
        "archived=1",
        "search=",
    ] {
        let answer = site.get(&format!("/v4/user/repositories?{query}")).await;
        assert_eq!(
            (answer.status, answer.code()),
            (400, "CH.010001"),
            "{query}"
        );
        assert_eq!(answer.assumptions, ["invalid-value"]);
    }
    assert_eq!(
        site.get("/v4/user/repositories?limit=100&order_by=updated_at&unknown=1")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_search_is_a_keyword() {
    let site = many().await;
    let names = |body: Value| -> Vec<String> {
        let text = |item: &Value| {
            format!(
                "{} {}",
                item["project_name"].as_str().unwrap(),
                item["name"].as_str().unwrap()
            )
        };
        body.as_array().unwrap().iter().map(text).collect()
    };
    let mut found = names(site.get("/v4/user/repositories?search=APP").await.body);
    found.sort();
    assert_eq!(
        found,
        ["other app", "other app", "other my-app-2", "platform app"]
    );
    assert_eq!(
        names(
            site.get("/v4/user/repositories?search=group%2Fapp")
                .await
                .body
        ),
        [""; 0]
    );
}

#[tokio::test]
async fn filters_hide_other_entries() {
    let site = Site::new().await;
    site.emulator.edit(|state| {
        let plain = state
            .git_repository_mut(REGION, "platform", "plain")
            .unwrap();
        (
            plain.archived,
            plain.starred,
            plain.member,
            plain.user_created,
        ) = (false, true, false, false);
        state.ensure_git_repository(REGION, "platform", "old");
        state
            .git_repository_mut(REGION, "platform", "old")
            .unwrap()
            .archived = true;
        state.ensure_git_repository(REGION, "platform", "new");
        state
            .git_repository_mut(REGION, "platform", "new")
            .unwrap()
            .status = 1;
    });
    for (query, expected) in [
        ("", vec!["app", "plain"]),
        ("?archived=true", vec!["old"]),
        ("?starred=true", vec!["plain"]),
        ("?starred=false", vec!["app"]),
        ("?membership=true", vec!["app"]),
        ("?membership=false", vec!["app", "plain"]),
        ("?user_created=true", vec!["app"]),
        ("?include_abnormal=true", vec!["app", "new", "plain"]),
    ] {
        let body = site
            .get(&format!("/v4/user/repositories{query}"))
            .await
            .body;
        let mut names: Vec<_> = body
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["name"].as_str().unwrap())
            .collect();
        names.sort_unstable();
        assert_eq!(names, expected, "{query}");
    }
}

#[tokio::test]
async fn a_project_lists_its_own() {
    let site = many().await;
    let project = |name| site.read(|state| state.regions[REGION].projects[name].id.clone());
    let path = format!("/v4/projects/{}/repositories", project("other"));
    let answer = site.get(&format!("{path}?order_by=id&sort=asc")).await;
    let items: Vec<_> = answer
        .body
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (&item["name"], &item["namespace"]))
        .collect();
    let expected = [
        ("app", "other"),
        ("app", "other/group"),
        ("my-app-2", "other"),
    ];
    assert_eq!(
        items,
        expected
            .map(|(name, namespace)| (json!(name), json!(namespace)))
            .each_ref()
            .map(|(a, b)| (a, b))
    );
    let fields: Vec<&String> = answer.body[0].as_object().unwrap().keys().collect();
    let documented = "id name namespace path develop_mode visibility security name_with_namespace \
        archived status";
    assert_eq!(fields, documented.split(' ').collect::<Vec<_>>());
    assert_eq!(
        site.get(&format!("{path}?search=my"))
            .await
            .body
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(site.get("/v4/projects/0123/repositories").await.status, 404);
}

#[tokio::test]
async fn the_order_is_the_latest_first() {
    let site = Site::new().await;
    site.emulator.edit(|state| {
        let repository = state.git_repository_mut(REGION, "platform", "app").unwrap();
        repository.created = "2020-01-01T00:00:00Z".parse().unwrap();
        repository.updated = "2026-01-01T00:00:00Z".parse().unwrap();
    });
    assert_eq!(
        ids(&site.get("/v4/user/repositories").await.body),
        [124, 123]
    );
    assert_eq!(
        ids(&site
            .get("/v4/user/repositories?order_by=updated_at")
            .await
            .body),
        [123, 124]
    );
    assert_eq!(
        ids(&site
            .get("/v4/user/repositories?order_by=updated_at&sort=asc")
            .await
            .body),
        [124, 123]
    );
}

#[tokio::test]
async fn version_two_has_an_envelope_and_a_total() {
    let site = many().await;
    let answer = site
        .get("/v2/projects/repositories?page_index=2&page_size=25")
        .await;
    assert_eq!(
        (&answer.body["status"], &answer.body["error"]),
        (&json!("success"), &Value::Null)
    );
    assert_eq!(answer.body["result"]["total"], 30);
    let rest = answer.body["result"]["repositories"].as_array().unwrap();
    assert_eq!(rest.len(), 5);
    assert_eq!(rest[0]["project_is_deleted"], "false");
    let found = site
        .get("/v2/projects/repositories?search=plain")
        .await
        .body;
    let item = &found["result"]["repositories"][0];
    assert_eq!(
        (&item["repository_id"], &item["group_name"]),
        (&json!(124), &json!("platform"))
    );
    assert_eq!(
        (&item["created_at"], &item["status"]),
        (&json!("2024-01-01 08:00:00"), &json!(0))
    );
    let refused = site.get("/v2/projects/repositories?page_size=101").await;
    assert_eq!(
        (refused.status, &refused.body["status"]),
        (400, &json!("failed"))
    );
    assert_eq!(refused.body["error"]["code"], "CH.010001");
}

#[tokio::test]
async fn a_repository_has_its_urls() {
    let site = many().await;
    let id = site.read(|state| {
        state
            .git_repository(REGION, "other", "group/app")
            .unwrap()
            .id
    });
    let body = site.get(&format!("/v4/repositories/{id}")).await.body;
    assert_eq!(
        (&body["id"], &body["project_name"]),
        (&json!(id), &json!("other"))
    );
    assert_eq!(
        (&body["path"], &body["path_with_namespace"]),
        (&json!("app"), &json!("other/group/app"))
    );
}

#[tokio::test]
async fn regions_share_nothing() {
    let site = Site::new().await;
    site.emulator
        .edit(|state| state.ensure_git_repository("cn-east-3", "platform", "east"));
    assert_eq!(ids(&site.get("/v4/user/repositories").await.body).len(), 2);
    let id = site.read(|state| {
        state
            .git_repository("cn-east-3", "platform", "east")
            .unwrap()
            .id
    });
    assert_eq!(
        site.get(&format!("/v4/repositories/{id}")).await.status,
        404
    );
}
