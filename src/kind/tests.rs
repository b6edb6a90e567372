//! Requests and responses of each kind, compared exactly with the examples of the API's documents.

use std::fmt::Write as _;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::*;

fn subject(address: &Address) -> Subject<'_> {
    Subject {
        address,
        id: RemoteId::try_from(7).ok(),
    }
}

fn answer(body: &Value) -> Response {
    Response {
        status: 200,
        body: body.to_string().into_bytes(),
        ..Response::default()
    }
}

/// A request with query and body on one line.
fn line(request: &Request) -> String {
    let body = request
        .body_text()
        .map_or_else(String::new, |body| format!(" {body}"));
    format!("{request}{body}")
}

/// Every request for one resource.
fn requests(address: &Address, after: &Attributes) -> String {
    let (wire, subject) = (address.kind().wire, subject(address));
    let mut out = String::new();
    let mut add = |name: &str, request: Option<Request>| {
        writeln!(
            out,
            "{name}: {}",
            request.map_or_else(|| "-".to_owned(), |request| line(&request))
        )
        .unwrap();
    };
    add("read", Some(wire.read(subject)));
    let before = address
        .kind()
        .blocked_by()
        .map(|block| block.contents)
        .map(|contents| (contents.request)(address, Window::first(contents.page_size)));
    add(
        "before delete",
        Some(before.unwrap_or_else(|| wire.read(subject))),
    );
    add("create", Some(wire.create(subject, after)));
    add("update", wire.update(subject, after));
    add("delete", wire.delete(subject));
    out
}

#[test]
fn kinds_are_found_by_name_and_parents_rank_first() {
    for (rank, kind) in REGISTRY.iter().enumerate() {
        assert_eq!(
            (kind.rank(), find(kind.name).unwrap()),
            (rank, kind.family())
        );
        assert_eq!(
            find_with(kind.name, |part| kind.key.contains(&part)),
            Some(*kind)
        );
        assert_eq!(format!("{kind:?}"), kind.name);
        assert!(kind.parent.is_none_or(|parent| parent.rank() < rank));
    }
    assert!(find("repo").is_none());
}

#[test]
fn the_wire_of_a_kind_agrees_with_its_table() {
    for kind in REGISTRY {
        let key = kind
            .key
            .iter()
            .map(|part| std::sync::Arc::from(*part))
            .collect();
        let address = Address::new(kind, key);
        let value = |attribute: &Attribute| (attribute.name, json!("x"));
        let before: Attributes = kind.attributes.iter().map(value).collect();
        let can_delete = kind.wire.delete_known(subject(&address), &before);
        let can_delete = can_delete.is_some();
        assert_eq!(
            can_delete,
            kind.lifecycle.verbs().contains(&Verb::Delete),
            "{kind:?}"
        );
        let record = kind.place.entry().unwrap();
        assert!(
            record.keys().any(|key| kind
                .attributes
                .first()
                .is_none_or(|first| first.name == key.name)),
            "{kind:?}"
        );
        assert!(
            kind.names.len() == kind.key.len() || kind.lookup().is_some(),
            "{kind:?}"
        );
        let known = |name: &str| kind.attribute(name).is_some();
        assert!(
            kind.runs
                .is_none_or(|runs| [runs.url, runs.endpoint, runs.force].into_iter().all(known)),
            "{kind:?}"
        );
        assert!(
            kind.lookup().is_none_or(|lookup| known(lookup.required)),
            "{kind:?}"
        );
        assert!(
            kind.children()
                .filter(|child| child.blocks_parent.is_some())
                .count()
                <= 1,
            "{kind:?}"
        );
    }
}

#[test]
fn a_shape_accepts_valid_values_and_checks_types() {
    for (shape, right, unknown, wrong) in [
        (Shape::Text(3), json!("äöü"), json!("aouu"), json!(null)),
        (
            Shape::OneOf(&["a", "b"]),
            json!("b"),
            json!("c"),
            json!(true),
        ),
        (
            Shape::WebAddress,
            json!("https://x/a"),
            json!("git@x:a"),
            json!(["https://x/a"]),
        ),
        (
            Shape::Uuid,
            json!("0123456789abcdef0123456789abcdef"),
            json!("anything"),
            json!(7),
        ),
    ] {
        assert!(
            shape.accepts(&right) && shape.is_type_of(&right),
            "{shape:?}"
        );
        assert!(
            !shape.accepts(&unknown) && shape.is_type_of(&unknown),
            "{shape:?}"
        );
        assert!(
            !shape.accepts(&wrong) && !shape.is_type_of(&wrong),
            "{shape:?}"
        );
    }
    let records = Shape::Records {
        keys: &["regexp"],
        longest: 3,
    };
    for (shape, right, unknown, wrong) in [
        (Shape::Number(1, 9), json!(9), json!(10), json!("9")),
        (Shape::Number(1, 9), json!(1), json!(0), json!(true)),
        (Shape::Number(1, 9), json!(2), json!(-2), json!([2])),
        (Shape::Number(1, 9), json!(3), json!(2.5), json!(null)),
        (
            records,
            json!(["äöü", { "regexp": "^a$" }]),
            json!(["long"]),
            json!("a"),
        ),
        (
            records,
            json!([]),
            json!([{ "regexp": "long" }]),
            json!([7]),
        ),
        (
            records,
            json!(["a"]),
            json!([{ "glob": "a" }]),
            json!([{ "regexp": 7 }]),
        ),
        (
            records,
            json!([""]),
            json!([{ "regexp": { "masked": "long" } }]),
            json!([{ "regexp": "a", "glob": "a" }]),
        ),
        (
            records,
            json!([""]),
            json!([{ "masked": "a" }]),
            json!([["a"]]),
        ),
    ] {
        assert!(
            shape.accepts(&right) && shape.is_type_of(&right),
            "{shape:?} {right}"
        );
        assert!(
            !shape.accepts(&unknown) && shape.is_type_of(&unknown),
            "{shape:?} {unknown}"
        );
        assert!(
            !shape.accepts(&wrong) && !shape.is_type_of(&wrong),
            "{shape:?} {wrong}"
        );
    }
    assert!(Shape::Bool.accepts(&json!(true)) && Shape::Bool.is_type_of(&json!(false)));
    assert!(!Shape::Bool.accepts(&json!("true")) && !Shape::Bool.is_type_of(&json!("true")));
    let auto = sync_rule::SYNC_RULE.attribute("auto").unwrap();
    assert!(auto.accepts(&json!(true)) && !auto.accepts(&json!(false)));
}

#[test]
fn web_addresses_contain_no_login() {
    let long = format!("https://x/{}", "a".repeat(LONGEST_ADDRESS - 10));
    for right in [
        "https://git.example.com/a.git",
        "http://x",
        "https://x:8443/a?b@c",
        &long,
    ] {
        assert!(is_web_address(right), "{right}");
    }
    let longer = format!("{long}a");
    for wrong in [
        "",
        "x",
        "git@x:a",
        "ssh://x/a",
        "https://",
        "https:///a",
        "https://me:pw@x/a",
        "https://x/a b",
        "https://x/ä",
        &longer,
    ] {
        assert!(!is_web_address(wrong), "{wrong}");
    }
}

#[test]
fn uuids_have_four_dashes_or_none() {
    for right in [
        "",
        "0123456789abcdef0123456789ABCDEF",
        "01234567-89ab-cdef-0123-456789abcdef",
    ] {
        assert!(is_uuid(right), "{right}");
    }
    for wrong in [
        "0123456789abcdef0123456789abcde",
        "0123456789abcdef0123456789abcdef0",
        "0123456789abcdef0123456789abcdeg",
        "0123456789abcdef0123456789abcdef-",
        "01234567-89ab-cdef-0123456789abcdef",
        "012345678-9ab-cdef-0123-456789abcdef",
        "01234567-89ab-cdef-0123-456789abcdefg",
        "01234567 89ab cdef 0123 456789abcdef",
    ] {
        assert!(!is_uuid(wrong), "{wrong}");
    }
}

#[test]
fn requests_of_an_organization() {
    insta::assert_snapshot!(requests(&organization::address("r-1", "team-a"), &Attributes::new()), @r#"
    read: GET r-1 /v2/manage/namespaces/team-a
    before delete: GET r-1 /v2/manage/repos?limit=1000&offset=0&order_column=name&order_type=asc&namespace=team-a
    create: POST r-1 /v2/manage/namespaces {"namespace":"team-a"}
    update: -
    delete: DELETE r-1 /v2/manage/namespaces/team-a
    "#);
}

#[test]
fn requests_of_a_repository_send_all_attributes() {
    let after = Attributes::from([
        ("is_public", json!(true)),
        ("category", json!("linux")),
        ("description", json!("")),
    ]);
    insta::assert_snapshot!(requests(&repository::address("r-1", "team-a", "web/api"), &after), @r#"
    read: GET r-1 /v2/manage/namespaces/team-a/repos/web$api
    before delete: GET r-1 /v2/manage/namespaces/team-a/repos/web$api
    create: POST r-1 /v2/manage/namespaces/team-a/repos {"repository":"web/api","is_public":true,"category":"linux","description":""}
    update: PATCH r-1 /v2/manage/namespaces/team-a/repos/web$api {"is_public":true,"category":"linux","description":""}
    delete: DELETE r-1 /v2/manage/namespaces/team-a/repos/web$api
    "#);
}

#[test]
fn requests_of_a_rule_contain_its_target() {
    let rule = sync_rule::address(
        &repository::address("r-1", "team-a", "web/api"),
        "r-2",
        "team-b",
    );
    let after = Attributes::from([("auto", json!(true)), ("override", json!(false))]);
    insta::assert_snapshot!(requests(&rule, &after), @r#"
    read: GET r-1 /v2/manage/namespaces/team-a/repos/web$api/sync_repo
    before delete: GET r-1 /v2/manage/namespaces/team-a/repos/web$api/sync_repo
    create: POST r-1 /v2/manage/namespaces/team-a/repos/web$api/sync_repo {"remoteRegionId":"r-2","remoteNamespace":"team-b","syncAuto":true,"override":false}
    update: -
    delete: DELETE r-1 /v2/manage/namespaces/team-a/repos/web$api/sync_repo {"remoteRegionId":"r-2","remoteNamespace":"team-b"}
    "#);
    let without_override = Attributes::from([("auto", json!(true))]);
    let create = line(&rule.kind().wire.create(subject(&rule), &without_override));
    assert!(!create.contains("override"), "{create}");
}

#[test]
fn creating_a_mirror_sets_only_its_url() {
    let after = Attributes::from([("url", json!("https://x/a.git")), ("endpoint", json!(""))]);
    let created = mirror::MIRROR.wire.created(&after);
    assert_eq!(
        created,
        Attributes::from([("url", json!("https://x/a.git"))])
    );
    assert_eq!(repository::REPOSITORY.wire.created(&after), after);
}

/// The request for a list, and the decoded response.
fn listed(kind: &'static Kind, response: &Response) -> (String, Page) {
    let region = Arc::from("r-1");
    let parent = repository::address("r-1", "o", "a");
    let (request, page) = match &kind.listing {
        Listing::PerRegion {
            request, decode, ..
        } => (
            request(
                &region,
                Window {
                    offset: 20,
                    limit: 10,
                },
            ),
            decode(&region, response),
        ),
        Listing::PerParent { request, decode }
        | Listing::PerListedParent {
            request, decode, ..
        } => (request(&parent), decode(&parent, response)),
        Listing::Single => panic!("has no list"),
        Listing::PerId { .. } => panic!("has candidates instead of resources"),
    };
    (line(&request), page.unwrap())
}

fn addresses(page: &Page) -> Vec<String> {
    page.items
        .iter()
        .map(|(address, _)| address.to_string())
        .collect()
}

#[test]
fn organizations_are_one_list_without_pages() {
    let body =
        json!({ "namespaces": [{ "id": 1, "name": "a", "auth": 7 }, { "id": 2, "name": "b" }] });
    let (request, page) = listed(&organization::ORGANIZATION, &answer(&body));
    assert_eq!(
        request,
        "GET r-1 /v2/manage/namespaces?filter=mode::visible"
    );
    assert_eq!(
        addresses(&page),
        ["organization r-1/a", "organization r-1/b"]
    );
    assert_eq!((page.length, page.total, page.doubt), (2, None, None));
}

#[test]
fn repositories_are_listed_in_pages_with_a_total() {
    let item = |name: &str| json!({ "name": name, "namespace": "o", "is_public": false, "num_images": 3, "domain_name": "me", "total_range": 9 });
    let response = answer(&json!([item("a"), item("b/c")]));
    let (request, page) = listed(&repository::REPOSITORY, &response);
    assert_eq!(
        request,
        "GET r-1 /v2/manage/repos?limit=10&offset=20&order_column=name&order_type=asc"
    );
    assert_eq!(
        addresses(&page),
        ["repository r-1/o/a", "repository r-1/o/b/c"]
    );
    assert_eq!(
        (
            page.length,
            page.total,
            page.account.as_deref(),
            &page.doubt
        ),
        (2, Some(9), Some("me"), &None)
    );
    assert_eq!(page.items[0].1.facts, repository::IMAGES.count(3));
    // The header wins over `total_range`.
    let (_, page) = listed(
        &repository::REPOSITORY,
        &Response {
            content_range: Some("0-2/2500".into()),
            ..response
        },
    );
    assert_eq!(page.total, Some(2500));
}

#[test]
fn a_list_of_exactly_100_rules_may_be_incomplete() {
    let rules = |number: usize| {
        let rule = |at| json!({ "remoteRegionId": "r-2", "remoteNamespace": format!("o{at}"), "syncAuto": true, "override": at == 0 });
        answer(&(0..number).map(rule).collect())
    };
    let (request, page) = listed(&sync_rule::SYNC_RULE, &rules(2));
    assert_eq!(request, "GET r-1 /v2/manage/namespaces/o/repos/a/sync_repo");
    assert_eq!(
        addresses(&page),
        ["sync_rule r-1/o/a -> r-2/o0", "sync_rule r-1/o/a -> r-2/o1"]
    );
    assert_eq!(
        page.items[0].1.attributes,
        Attributes::from([("auto", json!(true)), ("override", json!(true))])
    );
    assert_eq!((page.length, &page.doubt), (2, &None));
    assert!(listed(&sync_rule::SYNC_RULE, &rules(100)).1.doubt.is_some());
    assert_eq!(listed(&sync_rule::SYNC_RULE, &rules(101)).1.doubt, None);
}

#[test]
fn a_response_about_another_resource_is_refused() {
    let organization = organization::address("r-1", "o");
    let read =
        |address: &Address, body: &Value| address.kind().wire.decode_read(address, &answer(body));
    assert_eq!(
        read(&organization, &json!({ "name": "o" })),
        Ok(Some(LiveResource::default()))
    );
    let repository = repository::address("r-1", "o", "a");
    let of = |name: &str, namespace: Value| json!({ "name": name, "namespace": namespace, "is_public": false, "num_images": 3 });
    for namespace in [json!("o"), json!(null), json!("")] {
        assert!(read(&repository, &of("a", namespace)).unwrap().is_some());
    }
    // It does not prove that the resource is absent either.
    for (address, body) in [
        (&organization, json!({ "name": "other" })),
        (&repository, of("b", json!("o"))),
        (&repository, of("a", json!("p"))),
    ] {
        let error = read(address, &body).unwrap_err();
        assert!(
            error.to_string().contains("that was asked for"),
            "{body}: {error}"
        );
    }
    assert_eq!(
        read(&repository, &of("a", json!("o")))
            .unwrap()
            .unwrap()
            .facts,
        repository::IMAGES.count(3)
    );
}

#[test]
fn a_rule_is_identified_by_its_target() {
    let rule = sync_rule::address(&repository::address("r-1", "o", "a"), "r-2", "p");
    let read = |targets: &[(&str, &str)]| {
        let item = |(region, organization): &(&str, &str)| json!({ "remoteRegionId": region, "remoteNamespace": organization, "syncAuto": true, "override": false });
        rule.kind()
            .wire
            .decode_read(&rule, &answer(&targets.iter().map(item).collect()))
            .unwrap()
    };
    assert_eq!(read(&[("r-2", "q"), ("r-3", "p")]), None);
    let found = read(&[("r-3", "p"), ("r-2", "p")]).unwrap();
    assert_eq!(
        found.attributes,
        Attributes::from([("auto", json!(true)), ("override", json!(false))])
    );
}

#[test]
fn a_list_with_a_nameless_item_is_refused() {
    let region = Arc::from("r-1");
    for (kind, body) in [
        (
            &organization::ORGANIZATION,
            json!({ "namespaces": [{ "name": "a" }, { "name": "" }] }),
        ),
        (
            &repository::REPOSITORY,
            json!([{ "name": "", "namespace": "o", "is_public": false }]),
        ),
        (
            &repository::REPOSITORY,
            json!([{ "name": "a", "namespace": "", "is_public": false }]),
        ),
        (
            &repository::REPOSITORY,
            json!([{ "name": "a", "is_public": false }]),
        ),
    ] {
        let Listing::PerRegion { decode, .. } = kind.listing else {
            panic!("{kind:?} is listed by region")
        };
        assert!(decode(&region, &answer(&body)).is_err(), "{body}");
    }
}

#[test]
fn error_codes_are_explained() {
    let expected: IndexMap<&str, &[(&str, &str)]> = IndexMap::from([
        (
            "organization",
            &[
                ("SVCSTG.SWR.4000097", "quota"),
                ("SVCSTG.SWR.4090060", "another account"),
                ("SVCSTG.SWR.4037017", "permission"),
                ("SVCSTG.SWR.4060074", "images"),
            ][..],
        ),
        (
            "repository",
            &[("SVCSTG.SWR.4060012", "delete its tags")][..],
        ),
        ("sync_rule", &[("SVCSTG.SWR.5001101", "target region")][..]),
        (
            "mirror",
            &[("CH.004403", "permission"), ("CH.004404", "not a mirror")][..],
        ),
    ]);
    for kind in REGISTRY {
        let explain = |code: &str| {
            let body = json!({ "errors": [{ "errorCode": code, "errorMessage": "no" }] });
            kind.wire.explain(&ApiError::read(&Response {
                status: 400,
                ..answer(&body)
            }))
        };
        for (code, words) in expected.get(kind.name).copied().unwrap_or_default() {
            let text = explain(code).unwrap_or_default();
            assert!(text.contains(words), "{kind:?} {code}: {text}");
        }
        assert_eq!(explain("SVCSTG.SWR.4000000"), None, "{kind:?}");
    }
}
