//! What is sent and understood, kind by kind and to the letter, against the examples of the API's
//! pages.

use std::fmt::Write as _;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::*;

fn subject(address: &Address) -> Subject<'_> {
    Subject {
        address,
        number: RemoteId::try_from(7).ok(),
    }
}

fn answer(body: &Value) -> Response {
    Response {
        status: 200,
        body: body.to_string().into_bytes(),
        ..Response::default()
    }
}

/// A request with its query and its body, on a line.
fn line(request: &Request) -> String {
    let body = request
        .body_text()
        .map_or_else(String::new, |body| format!(" {body}"));
    format!("{request}{body}")
}

/// All that is sent for one resource.
fn requests(address: &Address, after: &Attributes) -> String {
    let (wire, subject) = (address.kind().wire, subject(address));
    let mut out = String::new();
    let mut say = |name: &str, request: Option<Request>| {
        writeln!(
            out,
            "{name}: {}",
            request.map_or_else(|| "-".to_owned(), |request| line(&request))
        )
        .unwrap();
    };
    say("read", Some(wire.read(subject)));
    let before = address
        .kind()
        .filled_by()
        .map(|fills| fills.contents)
        .map(|contents| (contents.request)(address, Window::first(contents.page_size)));
    say(
        "before delete",
        Some(before.unwrap_or_else(|| wire.read(subject))),
    );
    say("create", Some(wire.create(subject, after)));
    say("update", wire.update(subject, after));
    say("delete", wire.delete(subject));
    out
}

#[test]
fn kinds_are_found_by_name_and_ranked_parents_first() {
    for (rank, kind) in REGISTRY.iter().enumerate() {
        assert_eq!(
            (kind.rank(), find(kind.name).unwrap().name),
            (rank, kind.name)
        );
        assert_eq!(format!("{kind:?}"), kind.name);
        assert!(kind.parent.is_none_or(|parent| parent.rank() < rank));
    }
    assert!(find("repo").is_none());
}

#[test]
fn a_kind_can_do_what_its_table_says() {
    for kind in REGISTRY {
        let key = kind
            .key
            .iter()
            .map(|part| std::sync::Arc::from(*part))
            .collect();
        let address = Address::new(kind, key);
        let goes = kind.wire.delete(subject(&address)).is_some();
        assert_eq!(
            goes,
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
            kind.names.len() == kind.key.len() || kind.numbered().is_some(),
            "{kind:?}"
        );
        let known = |name: &str| kind.attribute(name).is_some();
        assert!(
            kind.runs
                .is_none_or(|runs| [runs.from, runs.endpoint, runs.force]
                    .into_iter()
                    .all(known)),
            "{kind:?}"
        );
        assert!(
            kind.numbered().is_none_or(|numbered| known(numbered.needs)),
            "{kind:?}"
        );
        assert!(
            kind.children()
                .filter(|child| child.fills.is_some())
                .count()
                <= 1,
            "{kind:?}"
        );
    }
}

#[test]
fn a_shape_accepts_what_a_chart_can_say() {
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
fn web_addresses_hold_no_login() {
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
fn uuids_have_dashes_in_four_places_or_none() {
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
fn an_organization_is_only_a_name() {
    insta::assert_snapshot!(requests(&organization::address("r-1", "team-a"), &Attributes::new()), @r#"
    read: GET r-1 /v2/manage/namespaces/team-a
    before delete: GET r-1 /v2/manage/repos?limit=1000&offset=0&order_column=name&order_type=asc&namespace=team-a
    create: POST r-1 /v2/manage/namespaces {"namespace":"team-a"}
    update: -
    delete: DELETE r-1 /v2/manage/namespaces/team-a
    "#);
}

#[test]
fn a_repository_is_sent_whole() {
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
fn a_rule_is_named_by_its_target() {
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
    let left_to_the_service = Attributes::from([("auto", json!(true))]);
    let create = line(
        &rule
            .kind()
            .wire
            .create(subject(&rule), &left_to_the_service),
    );
    assert!(!create.contains("override"), "{create}");
}

#[test]
fn a_mirror_is_tied_and_then_changed() {
    let after = Attributes::from([("url", json!("https://x/a.git")), ("endpoint", json!(""))]);
    let created = mirror::MIRROR.wire.created(&after);
    assert_eq!(
        created,
        Attributes::from([("url", json!("https://x/a.git"))])
    );
    assert_eq!(repository::REPOSITORY.wire.created(&after), after);
}

/// The pages of a list, and what is in the first of them.
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
        Listing::PerParent { request, decode } => (request(&parent), decode(&parent, response)),
        Listing::Single => panic!("is read by itself"),
        Listing::PerNumber { .. } => panic!("has candidates, and no pages"),
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
fn organizations_come_in_one_list() {
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
fn repositories_come_in_pages_with_a_total() {
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
    // What the header says counts more.
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
fn a_list_of_exactly_a_hundred_rules_is_doubted() {
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
fn an_answer_about_another_resource_is_not_believed() {
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
    // Nor does it show that there is nothing.
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
fn a_rule_is_found_by_its_target() {
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
fn what_has_no_name_is_in_no_list() {
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
fn refusals_are_explained_where_the_service_does_not() {
    let meant: IndexMap<&str, &[(&str, &str)]> = IndexMap::from([
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
            &[("CH.004403", "permission"), ("CH.004404", "no mirror")][..],
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
        for (code, words) in meant.get(kind.name).copied().unwrap_or_default() {
            let said = explain(code).unwrap_or_default();
            assert!(said.contains(words), "{kind:?} {code}: {said}");
        }
        assert_eq!(explain("SVCSTG.SWR.4000000"), None, "{kind:?}");
    }
}
