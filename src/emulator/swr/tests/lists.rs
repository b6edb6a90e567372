//! Filters, orders, pages and the shape of list items.

use serde_json::json;

use super::{ORGANIZATIONS, Service, assumption, code, refused, succeeded};
use crate::emulator::Tag;

#[test]
fn organizations_are_listed_as_created_and_filtered() {
    let mut service = Service::new();
    for name in ["zeta", "alpha"] {
        service.call("POST", ORGANIZATIONS, json!({ "namespace": name }));
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
    succeeded(
        &response,
        200,
        json!({ "namespaces": [{
            "id": 1, "name": "team-a", "creator_name": "acme", "auth": 7, "access_user_count": 1,
            "repo_count": 1,
        }] }),
    );
}

/// Four repositories that each column sorts differently.
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
        service.state.fill_in();
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
fn a_list_without_limit_has_a_hundred_items() {
    let mut service = Service::new();
    for number in 0..150 {
        service
            .state
            .ensure_repository("cn-north-4", "team-b", &format!("r{number}"));
    }
    service.state.fill_in();
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
            "name": "d", "category": "other", "description": "", "size": 0, "is_public": false,
            "num_images": 2,
            "num_download": 0, "created_at": "2024-01-01T00:00:00Z",
            "updated_at": "2025-01-01T00:00:00Z",
            "logo": "", "url": "", "path": "swr.cn-north-4.myhuaweicloud.com/team-a/d",
            "internal_path": "10.0.0.1:20202/team-a/d", "domain_name": "acme",
            "namespace": "team-a",
            "tags": ["v1", "v2"], "status": false, "total_range": 1,
        })
    );
}

#[test]
fn a_list_has_all_names_of_tags_or_a_hundred() {
    for (switch, names) in [("listed-tags=all", 130), ("listed-tags=100", 100)] {
        for (images, rests) in [(130, true), (100, false)] {
            let mut service = Service::assuming(switch);
            let repository = service
                .state
                .ensure_repository("cn-north-4", "team-a", "web/front");
            repository.num_images = images;
            let response = service.get("/v2/manage/repos");
            let item = &response.value()[0];
            assert_eq!(item["num_images"], images);
            let listed = item["tags"].as_array().unwrap().len() as u64;
            assert_eq!(listed, images.min(names), "{switch}");
            let expected = rests.then_some("listed-tags");
            assert_eq!(assumption(&response), expected);
        }
    }
}

#[test]
fn images_are_counted_by_tags_or_by_digests() {
    for (switch, images) in [("num-images=tags", 3), ("num-images=digests", 2)] {
        let mut service = Service::assuming(switch);
        let repository = service
            .state
            .ensure_repository("cn-north-4", "team-a", "web/front");
        repository.tags = [
            ("v1", "sha256:1"),
            ("v2", "sha256:2"),
            ("latest", "sha256:2"),
        ]
        .map(|(name, digest)| Tag {
            digest: digest.to_owned(),
            ..Tag::named(name)
        })
        .to_vec();
        service.state.fill_in();
        let response = service.get("/v2/manage/repos");
        let item = &response.value()[0];
        assert_eq!(
            (&item["num_images"], &item["tags"]),
            (&json!(images), &json!(["v1", "v2", "latest"]))
        );
        assert_eq!(assumption(&response), Some("num-images"));
        let response = service.get("/v2/manage/namespaces/team-a/repos/web$front");
        assert_eq!(response.value()["num_images"], images);
        assert_eq!(assumption(&response), Some("num-images"));
    }
}
