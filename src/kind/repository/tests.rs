//! Tests of the requests and answers of a repository.

use super::*;

#[test]
fn a_slash_is_a_dollar_in_paths_but_not_in_bodies() {
    let address = address("r", "team-a", "web/front end");
    let subject = Subject {
        address: &address,
        id: None,
    };
    let create = REPOSITORY.wire.create(subject, &Attributes::new());
    assert_eq!(create.path, "/v2/manage/namespaces/team-a/repos");
    assert_eq!(
        create.body.unwrap(),
        json!({ "repository": "web/front end" })
    );
    assert_eq!(
        REPOSITORY.wire.read(subject).path,
        "/v2/manage/namespaces/team-a/repos/web$front%20end"
    );
}

#[test]
fn the_total_follows_the_slash() {
    assert_eq!(total_of("0-1000/2500"), Some(2500));
    assert_eq!(total_of("items"), None);
}

#[test]
fn names_of_tags_count_only_if_they_are_as_many_as_the_images() {
    let item = |name: &str, more: Value| {
        let mut item = json!({ "name": name, "namespace": "o", "is_public": false });
        item.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        item
    };
    let decoded = |items: Value| {
        let response = Response {
            status: 200,
            body: items.to_string().into_bytes(),
            ..Response::default()
        };
        let named = named(&"r".into(), &response).into_iter();
        named
            .map(|(address, names)| format!("{address} {}", names.join(" ")))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        decoded(json!([
            item("a", json!({ "num_images": 2, "tags": ["v2", "v1"] })),
            item("cut", json!({ "num_images": 3, "tags": ["v2", "v1"] })),
            item("twice", json!({ "num_images": 2, "tags": ["v1", "v1"] })),
            item("none", json!({ "num_images": 0, "tags": null })),
            item("empty", json!({ "num_images": 0 })),
            item("silent", json!({ "num_images": 1 })),
            item("uncounted", json!({ "tags": [] })),
        ])),
        [
            "repository r/o/a v1 v2",
            "repository r/o/none ",
            "repository r/o/empty "
        ]
    );
    assert!(decoded(json!([item("a", json!({ "num_images": 0, "tags": 1 }))])).is_empty());
    assert!(decoded(Value::Null).is_empty());
}

#[test]
fn missing_fields_have_the_default_of_the_service() {
    let address = address("r", "o", "a");
    let decoded = |fields: &str| {
        let body = format!(r#"{{ "name": "a", "is_public": true{fields} }}"#).into_bytes();
        let response = Response {
            status: 200,
            body,
            ..Response::default()
        };
        REPOSITORY
            .wire
            .decode_read(&address, &response)
            .unwrap()
            .unwrap()
            .attributes
    };
    let ordinary = Attributes::from([
        ("is_public", json!(true)),
        ("category", json!("other")),
        ("description", json!("")),
    ]);
    for fields in [
        "",
        r#", "category": null, "description": null"#,
        r#", "category": "", "description": """#,
    ] {
        assert_eq!(decoded(fields), ordinary, "{fields}");
    }
    let described = decoded(r#", "category": "linux", "description": "x""#);
    assert_eq!(
        (&described["category"], &described["description"]),
        (&json!("linux"), &json!("x"))
    );
}
