//! The example requests of the API's pages, sent as printed there, and the answers compared with
//! those of the page.

use portolan::emulator::{Access, Emulator, Settings, SyncRule};
use reqwest::Method;
use serde_json::{Value, json};

use super::support::Site;

const REGION: &str = "cn-north-4";

/// The names in the pages' examples.
const ORGANIZATION: &str = "test";
const REPOSITORY: &str = "grpc-helloworld";

const BOUNDARY: &str = "------------------------d74496d66958873e";

/// The pages by the source that each names.
fn page(source: &str) -> Value {
    let document: Value = serde_json::from_str(include_str!("../../data/api-pages.json")).unwrap();
    let pages = document["pages"].as_array().unwrap();
    pages
        .iter()
        .find(|page| page["source"].as_str().unwrap().contains(source))
        .unwrap()
        .clone()
}

fn text(lines: &Value, separator: &str) -> String {
    let lines: Vec<&str> = lines
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    lines.join(separator)
}

/// The content type and the bytes that `curl` sends for lines such as `-F "name=value" \`.
fn form(lines: &Value) -> (String, String) {
    let mut body = String::new();
    for line in lines.as_array().unwrap() {
        let field = line
            .as_str()
            .unwrap()
            .strip_prefix("-F \"")
            .unwrap()
            .trim_end_matches(" \\");
        let (name, value) = field.strip_suffix('"').unwrap().split_once('=').unwrap();
        body += &format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
    }
    (
        format!("multipart/form-data; boundary={BOUNDARY}"),
        format!("{body}--{BOUNDARY}--\r\n"),
    )
}

/// Sends a page's request; the status and the body of the answer.
async fn send(site: &Site, page: &Value, headers: &[(&str, &str)]) -> (u16, String) {
    let path = page["path"].as_str().unwrap();
    let path = path
        .replace("{namespace}", ORGANIZATION)
        .replace("{repository}", REPOSITORY);
    let method = Method::from_bytes(page["method"].as_str().unwrap().as_bytes()).unwrap();
    let (content_type, body) = match page.get("form") {
        Some(lines) => form(lines),
        None => ("application/json".to_owned(), text(&page["json"], "\n")),
    };
    let request = site
        .client
        .request(method, format!("{}{path}", site.base))
        .header("Content-Type", content_type);
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    let response = request.body(body).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// The status and the body of an answer that the page prints.
fn printed(page: &Value, answer: usize) -> (u16, String) {
    let answer = &page["answers"][answer];
    (
        answer["status"].as_u64().unwrap().try_into().unwrap(),
        text(&answer["body"], "\n"),
    )
}

/// Compares an answer with one of the page's, in which asterisks hide the account.
#[track_caller]
fn agrees((status, body): (u16, String), page: &Value, answer: usize) {
    let (expected_status, expected) = printed(page, answer);
    assert_eq!(status, expected_status, "{body}");
    if expected.is_empty() {
        assert_eq!(body, "");
        return;
    }
    let mut body: Value = serde_json::from_str(&body).unwrap();
    let mut expected: Value = serde_json::from_str(&expected).unwrap();
    blank(&mut expected, &mut body);
    assert_eq!(body, expected);
}

fn blank(expected: &mut Value, body: &mut Value) {
    match (expected, body) {
        (Value::Object(expected), Value::Object(body)) => {
            expected.iter_mut().for_each(|(name, value)| {
                blank(value, body.get_mut(name).unwrap_or(&mut Value::Null));
            });
        }
        (Value::Array(expected), Value::Array(body)) => {
            expected
                .iter_mut()
                .zip(body)
                .for_each(|(expected, body)| blank(expected, body));
        }
        (expected @ Value::String(_), body @ Value::String(_))
            if expected.as_str().unwrap().contains('*') =>
        {
            (*expected, *body) = (Value::Null, Value::Null);
        }
        _ => {}
    }
}

/// The rule of the listing examples, to that region.
fn add_rule(emulator: &Emulator, region: &str) {
    emulator.edit(|state| {
        state
            .ensure_repository(REGION, ORGANIZATION, REPOSITORY)
            .sync_rules = vec![SyncRule {
            id: 45,
            created: "2020-04-17T02:11:03.53183Z".to_owned(),
            updated: "2020-04-17T02:11:03.531831Z".to_owned(),
            overrides: true,
            ..SyncRule::to(region, "sdsad")
        }];
    });
}

#[tokio::test]
async fn a_repository_is_created_by_a_form() {
    let (site, page) = (Site::region().await, page("swr_02_0030"));
    site.emulator.edit(|state| {
        state.ensure_organization(REGION, ORGANIZATION);
    });
    agrees(send(&site, &page, &[]).await, &page, 0);
    let repository = site
        .emulator
        .read(|state| state.repository(REGION, ORGANIZATION, "busybox").cloned())
        .unwrap();
    assert_eq!(
        (repository.category.as_str(), repository.is_public),
        ("linux", true)
    );
    assert_eq!(repository.description, "this is a busybox repository");
    assert_eq!(send(&site, &page, &[]).await.0, 409);
}

#[tokio::test]
async fn a_rule_is_created() {
    let (site, page) = (Site::region().await, page("swr_02_0012"));
    site.emulator.edit(|state| {
        state.ensure_repository(REGION, ORGANIZATION, REPOSITORY);
    });
    agrees(send(&site, &page, &[]).await, &page, 0);
    let repository = site
        .emulator
        .read(|state| state.repository(REGION, ORGANIZATION, REPOSITORY).cloned())
        .unwrap();
    let rule = &repository.sync_rules[0];
    assert!(rule.is_to("cn-north-208", "sdsad") && rule.auto && rule.overrides);
}

#[tokio::test]
async fn rules_are_listed() {
    for (source, target) in [("swr_02_0007", "cn-north-1"), ("2025-08-06", "region1")] {
        let (site, page) = (Site::region().await, page(source));
        add_rule(&site.emulator, target);
        agrees(send(&site, &page, &[]).await, &page, 0);
    }
}

#[tokio::test]
async fn a_mirror_is_run() {
    let settings = Settings {
        verify: Some("AK:SK".parse().unwrap()),
        ..Settings::default()
    };
    for (answer, expected) in [(0, 200), (1, 401), (2, 403), (3, 404)] {
        let settings = if expected == 401 {
            settings.clone()
        } else {
            Settings::default()
        };
        let (site, page) = (
            Site::start(settings, Some(REGION)).await,
            page("CodeArts Repo"),
        );
        site.emulator.edit(|state| {
            state.ensure_mirror(REGION, "platform", "app", "https://git.example.com/app.git");
            let repository = state.git_repository_mut(REGION, "platform", "app").unwrap();
            repository.id = if expected == 404 { 124 } else { 123 };
            repository.access = if expected == 403 {
                Access::Read
            } else {
                Access::Set
            };
        });
        let (status, body) = send(&site, &page, &[("X-Auth-Token", "expired")]).await;
        if expected != 200 {
            agrees((status, body), &page, answer);
            continue;
        }
        // The id is a new one in the form of the page's.
        let jid = |text: &str| {
            serde_json::from_str::<Value>(text).unwrap()["jid"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let shape = |id: String| id.replace(|digit: char| digit.is_ascii_hexdigit(), "0");
        let (expected_status, expected) = printed(&page, answer);
        assert_eq!(
            (status, shape(jid(&body))),
            (expected_status, shape(jid(&expected)))
        );
        assert_eq!(body, json!({ "jid": jid(&body) }).to_string());
    }
}

#[tokio::test]
async fn switches_select_the_body_and_status_of_a_creation() {
    for (switch, form_status, json_status) in [
        ("create-repository-body=json-or-form", 201, 201),
        ("create-repository-body=json", 400, 201),
        ("create-repository-body=form", 201, 400),
        ("create-repository-status=200", 200, 200),
    ] {
        let mut settings = Settings::default();
        settings.assumptions.set(switch).unwrap();
        let (site, page) = (
            Site::start(settings, Some(REGION)).await,
            page("swr_02_0030"),
        );
        site.emulator.edit(|state| {
            state.ensure_organization(REGION, ORGANIZATION);
        });
        assert_eq!(send(&site, &page, &[]).await.0, form_status, "{switch}");
        let path = format!("/v2/manage/namespaces/{ORGANIZATION}/repos");
        let body = json!({ "repository": "other", "is_public": false });
        let response = site.send(Method::POST, &path, Some(body)).await.unwrap();
        assert_eq!(response.status(), json_status, "{switch}");
        assert!(
            response.headers().contains_key("x-emulator-assumption"),
            "{switch}"
        );
    }
}

#[tokio::test]
async fn a_broken_form_is_a_bad_request() {
    let (site, page) = (Site::region().await, page("swr_02_0030"));
    let (content_type, body) = form(&page["form"]);
    let other = |content_type: &str, body: &str| (content_type.to_owned(), body.to_owned());
    let (half, without) = (&body[..body.len() / 2], body.replace("is_public", "public"));
    for (content_type, body) in [
        other(&content_type, half),
        other(&content_type, ""),
        other(&content_type, "{\"repository\": \"busybox\"}"),
        other(
            &content_type,
            &body
                .replace("=true", "=maybe")
                .replace("\r\ntrue\r\n", "\r\nmaybe\r\n"),
        ),
        other(&content_type, &without),
        other("multipart/form-data", &body),
        other("application/json", &body),
    ] {
        let request = site.client.post(format!("{}{}", site.base, super::REPOS));
        let response = request
            .header("Content-Type", content_type)
            .body(body.clone())
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 400, "{body}");
    }
    assert!(
        site.emulator
            .read(|state| state.repository(REGION, "team-a", "busybox").is_none())
    );
}

#[tokio::test]
async fn only_the_creation_of_a_repository_takes_a_form() {
    let (site, page) = (Site::region().await, page("swr_02_0030"));
    let (content_type, body) = form(&page["form"]);
    for (method, path) in [
        (
            Method::PATCH,
            "/v2/manage/namespaces/team-a/repos/web$front",
        ),
        (Method::POST, super::RULES),
    ] {
        let request = site.client.request(method, format!("{}{path}", site.base));
        let response = request
            .header("Content-Type", &content_type)
            .body(body.clone())
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 400, "{path}");
    }
}
