//! Tests of retention policies: their wire form, what they delete, and doubtful entries.

use serde_json::{Value, json};

use super::{
    super::{
        Item,
        collects::{Count, Reach},
    },
    *,
};
use crate::{state::RemoteId, time::Moment};

fn web() -> Address {
    repository::address("cn-north-4", "team-a", "web/front")
}

fn answer(body: &Value) -> Response {
    Response {
        status: 200,
        body: body.to_string().into_bytes(),
        content_range: Some("0-3/3".to_owned()),
        ..Response::default()
    }
}

fn decoded(body: &Value) -> Result<Option<LiveResource>, Undecodable> {
    RETENTION.decode_read(&address(&web()), &answer(body))
}

fn attributes(body: &Value) -> Value {
    json!(decoded(body).unwrap().unwrap().attributes)
}

/// A live policy in the form of the API's page.
fn policy(template: &str, params: &Value, selectors: &Value) -> Value {
    let rule = json!({ "template": template, "params": params, "tag_selectors": selectors });
    json!({ "id": 34, "algorithm": "or", "scope": "", "rules": [rule] })
}

fn line(request: &Request) -> String {
    let body = request
        .body_text()
        .map_or_else(String::new, |body| format!(" {body}"));
    format!("{request}{body}")
}

fn entry(value: Value) -> Attributes {
    let named = serde_json::from_value(value).unwrap();
    RETENTION.attributes_from(named).unwrap()
}

#[test]
fn numbers_are_sent_as_strings_and_a_patch_has_the_whole_body() {
    let address = address(&web());
    let subject = Subject {
        address: &address,
        id: RemoteId::try_from(34).ok(),
    };
    let after = entry(json!({ "keep_tags": 20, "except": ["latest", { "regexp": "^v2.*" }] }));
    let path = "cn-north-4 /v2/manage/namespaces/team-a/repos/web$front/retentions";
    let body = r#"{"algorithm":"or","rules":[{"template":"tag_rule","params":{"num":"20"},"tag_selectors":[{"kind":"label","pattern":"latest"},{"kind":"regexp","pattern":"^v2.*"}]}]}"#;
    assert_eq!(line(&RETENTION.wire.read(subject)), format!("GET {path}"));
    assert_eq!(
        line(&RETENTION.wire.create(subject, &after)),
        format!("POST {path} {body}")
    );
    let update = RETENTION.wire.update(subject, &after).unwrap();
    assert_eq!(line(&update), format!("PATCH {path}/34 {body}"));
    let delete = RETENTION.wire.delete(subject).unwrap();
    assert_eq!(line(&delete), format!("DELETE {path}/34"));
    let days = RETENTION
        .wire
        .create(subject, &entry(json!({ "keep_days": 14, "except": [] })));
    assert!(
        line(&days)
            .ends_with(r#"{"template":"date_rule","params":{"days":"14"},"tag_selectors":[]}]}"#)
    );
}

#[test]
fn a_policy_is_read_in_any_order_and_without_exceptions() {
    let selector = |kind: &str, pattern: &str| json!({ "kind": kind, "pattern": pattern });
    let two = json!([selector("regexp", "^v"), selector("label", "latest")]);
    let tags = policy("tag_rule", &json!({ "num": "20" }), &two);
    let expected = json!({ "keep_tags": 20, "except": ["latest", { "regexp": "^v" }] });
    assert_eq!(attributes(&json!([tags])), expected);
    for none in [json!([]), Value::Null] {
        let days = policy("date_rule", &json!({ "days": 14 }), &none);
        assert_eq!(
            attributes(&json!([days])),
            json!({ "keep_days": 14, "except": [] })
        );
    }
    assert_eq!(decoded(&json!([])), Ok(None));
    assert_eq!(decoded(&json!([tags])).unwrap().unwrap().id, Some(34));
    // More than a chart may have, but of the same form.
    let many = policy("tag_rule", &json!({ "num": "5000" }), &json!([]));
    let expected = json!({ "keep_tags": 5000, "except": [] });
    assert_eq!(attributes(&json!([many])), expected);
    // A chart has no such exceptions.
    let globs = json!([selector("glob", "v*")]);
    let globs = attributes(&json!([policy("tag_rule", &json!({ "num": "5" }), &globs)]));
    assert!(globs["policy"].as_str().unwrap().contains("glob"));
}

#[test]
fn a_policy_in_another_form_is_shown_as_it_is() {
    let known = policy("tag_rule", &json!({ "num": "20" }), &json!([]));
    let mut two_rules = known.clone();
    two_rules["rules"] = json!([known["rules"][0], known["rules"][0]]);
    let other = policy("size_rule", &json!({ "mb": "20" }), &json!([]));
    for body in [json!([two_rules]), json!([other]), json!([known, known])] {
        let live = attributes(&body);
        let text = live["policy"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), body);
    }
    // The order of the keys in an answer means nothing.
    let text = |body: &str| {
        let response = Response {
            status: 200,
            body: body.into(),
            ..Response::default()
        };
        RETENTION
            .decode_read(&address(&web()), &response)
            .unwrap()
            .unwrap()
            .attributes
    };
    assert_eq!(
        text(r#"[{"id":1,"rules":[]}]"#),
        text(r#"[{"rules":[],"id":1}]"#)
    );
    // It can be restored.
    let subject = address(&web());
    let subject = Subject {
        address: &subject,
        id: None,
    };
    let before = entry(attributes(&json!([other])));
    let body = RETENTION.wire.create(subject, &before).body.unwrap();
    assert_eq!(body, json!({ "algorithm": "or", "rules": other["rules"] }));
}

#[test]
fn an_unreadable_policy_is_not_none() {
    let number = |template: &str, params: Value| json!([policy(template, &params, &json!([]))]);
    for body in [
        json!({}),
        Value::Null,
        json!([{ "id": 1 }]),
        json!([{ "rules": [] }]),
        json!([{ "id": 1, "rules": {} }]),
        number("tag_rule", json!({})),
        number("tag_rule", json!({ "num": "many" })),
        number("tag_rule", json!({ "days": "3" })),
        number("date_rule", json!({ "days": "-3" })),
    ] {
        assert!(decoded(&body).is_err(), "{body}");
    }
}

/// Tags with the day on which they were pushed, counted from the beginning of 2024.
fn items(tags: &[(&str, i64)]) -> Vec<Item> {
    let start = Moment::parse("2024-01-01T00:00:00Z").unwrap();
    let item = |(name, day): &(&str, i64)| Item {
        name: (*name).to_owned(),
        since: (*day >= 0).then(|| Moment(start.0 + day * 86_400)),
        digest: None,
    };
    tags.iter().map(item).collect()
}

fn counted(policy: Value, tags: &[(&str, i64)]) -> Count {
    let now = Moment::parse("2024-01-31T00:00:00Z").unwrap();
    count::count(&entry(policy), &items(tags), now)
}

#[test]
fn what_goes_is_counted_without_the_exceptions() {
    let tags = [("v2.0.0", 4), ("v1", 1), ("v2", 3), ("v1.0.0", 2)];
    for (policy, going, staying) in [
        // The example of the user guide.
        (
            json!({ "keep_tags": 1, "except": [{ "regexp": "^v2.*" }] }),
            "v1",
            "v1.0.0 v2 v2.0.0",
        ),
        (
            json!({ "keep_tags": 1, "except": [] }),
            "v1 v1.0.0 v2",
            "v2.0.0",
        ),
        (
            json!({ "keep_tags": 1, "except": ["v1"] }),
            "v1.0.0 v2",
            "v1 v2.0.0",
        ),
        (
            json!({ "keep_tags": 4, "except": [] }),
            "",
            "v1 v1.0.0 v2 v2.0.0",
        ),
        // 28 days before the end of January is the third.
        (
            json!({ "keep_days": 28, "except": [] }),
            "v1 v1.0.0",
            "v2 v2.0.0",
        ),
        (
            json!({ "keep_days": 28, "except": ["v1"] }),
            "v1.0.0",
            "v1 v2 v2.0.0",
        ),
        (
            json!({ "keep_days": 365, "except": [] }),
            "",
            "v1 v1.0.0 v2 v2.0.0",
        ),
    ] {
        let count = counted(policy.clone(), &tags);
        let found = (count.going.join(" "), count.staying.join(" "));
        assert_eq!(found, (going.to_owned(), staying.to_owned()), "{policy}");
        assert!(count.doubtful.is_empty());
    }
}

#[test]
fn under_two_readings_of_a_pattern_the_larger_number_counts() {
    let tags = [("xv1", 1), ("v10", 2), ("v1", 3), ("w", 4)];
    // As a search, the pattern saves three tags; as a full match, one.
    let days = counted(
        json!({ "keep_days": 1, "except": [{ "regexp": "v1" }] }),
        &tags,
    );
    assert_eq!(days.going, ["xv1", "v10", "w"]);
    assert_eq!(
        (days.staying, days.doubtful),
        (vec!["v1".to_owned()], vec![])
    );
    let tags = counted(
        json!({ "keep_tags": 1, "except": [{ "regexp": "v1" }] }),
        &tags,
    );
    assert_eq!(
        (tags.going.join(" "), tags.staying.join(" ")),
        ("xv1 v10".into(), "v1 w".into())
    );
    // A pattern that does not compile saves nothing.
    let wrong = counted(
        json!({ "keep_days": 1, "except": [{ "regexp": "(" }] }),
        &[("(", 1)],
    );
    assert_eq!(wrong.going, ["("]);
}

#[test]
fn a_tag_without_a_time_may_be_the_oldest() {
    let tags = [("a", 5), ("b", -1), ("c", 6)];
    assert_eq!(
        counted(json!({ "keep_tags": 2, "except": [] }), &tags).going,
        ["b"]
    );
    assert_eq!(
        counted(json!({ "keep_days": 365, "except": [] }), &tags).going,
        ["b"]
    );
}

#[test]
fn the_read_alone_shows_which_changes_delete_nothing() {
    let tags = |number: u64, except: Value| json!({ "keep_tags": number, "except": except });
    let days = |number: u64, except: Value| json!({ "keep_days": number, "except": except });
    let latest = || json!(["latest"]);
    let none = || json!([]);
    for (before, after, held, expected) in [
        (None, tags(30, none()), None, Reach::Now),
        (None, tags(30, none()), Some(31), Reach::Now),
        // Images may be fewer than tags.
        (None, tags(30, none()), Some(30), Reach::Now),
        (None, days(30, none()), Some(30), Reach::Now),
        (None, days(30, none()), Some(0), Reach::Later),
        (
            Some(tags(30, none())),
            tags(31, none()),
            Some(99),
            Reach::Nothing,
        ),
        (
            Some(tags(30, none())),
            tags(30, latest()),
            Some(99),
            Reach::Nothing,
        ),
        (
            Some(tags(30, latest())),
            tags(31, none()),
            Some(99),
            Reach::Now,
        ),
        (
            Some(tags(30, latest())),
            tags(31, json!(["a", "latest"])),
            None,
            Reach::Nothing,
        ),
        (
            Some(tags(30, none())),
            tags(29, none()),
            Some(99),
            Reach::Now,
        ),
        (
            Some(tags(30, none())),
            tags(29, none()),
            Some(29),
            Reach::Now,
        ),
        (
            Some(tags(30, none())),
            days(365, none()),
            Some(9),
            Reach::Now,
        ),
        (
            Some(days(9, none())),
            tags(10, none()),
            Some(11),
            Reach::Now,
        ),
        (
            Some(days(9, none())),
            days(10, none()),
            None,
            Reach::Nothing,
        ),
        (
            Some(json!({ "policy": "[]" })),
            tags(30, none()),
            Some(31),
            Reach::Now,
        ),
    ] {
        let (before, after) = (before.map(entry), entry(after));
        let reach = count::reach(before.as_ref(), &after, held);
        assert_eq!(reach, expected, "{before:?} {after:?} {held:?}");
    }
}

#[test]
fn of_the_same_age_or_of_unknown_age_any_may_go() {
    // -1: the service gives no time.
    for (tags, number, going, staying, instead) in [
        (&[("a", 1), ("b", 1), ("c", 2)][..], 2, "a", "c", "b"),
        (&[("a", 1), ("b", 1), ("c", 2)], 1, "a b", "c", ""),
        (&[("a", 1), ("b", 2), ("c", 2)], 2, "a", "b c", ""),
        (&[("x", -1), ("b", 1), ("c", 2)], 2, "x", "c", "b"),
        (&[("x", -1), ("b", 1), ("c", 2)], 3, "", "b c x", ""),
    ] {
        let policy = entry(json!({ "keep_tags": number, "except": [] }));
        let count = count::count(&policy, &items(tags), Moment(i64::MAX));
        let words = |names: &[String]| names.join(" ");
        assert_eq!(words(&count.going), going, "{tags:?} {number}");
        assert_eq!(words(&count.staying), staying, "{tags:?} {number}");
        assert_eq!(words(&count.instead), instead, "{tags:?} {number}");
        assert_eq!(count.is_harmless, going.is_empty());
    }
}

#[test]
fn doubtful_exceptions_are_found() {
    let codes = |policy: Value| {
        let doubts = count::doubts(&entry(policy));
        doubts
            .iter()
            .map(|doubt| doubt.code)
            .collect::<Vec<_>>()
            .join(" ")
    };
    for (except, expected) in [
        (json!(["v*"]), "exception-glob"),
        (json!(["v1.0"]), ""),
        (json!([{ "regexp": "abc*" }]), "exception-glob"),
        (json!([{ "regexp": "main**" }]), "exception-glob"),
        (json!([{ "regexp": "*-stable" }]), "exception-glob"),
        (json!([{ "regexp": "^v[0-9]*$" }]), ""),
        (json!([{ "regexp": "^v[0-9].*" }]), ""),
        (json!([{ "regexp": "^v1.*$" }]), ""),
        (json!([{ "regexp": "^123$" }]), ""),
        (json!([{ "regexp": "^v1" }]), "exception-not-anchored"),
        (json!([{ "regexp": "v1$" }]), "exception-not-anchored"),
        (json!([{ "regexp": r"^v1\$" }]), "exception-not-anchored"),
        (json!([{ "regexp": "^a|b$" }]), "exception-not-anchored"),
        (json!([{ "regexp": "^a$|^b[|(]$" }]), ""),
        (json!([{ "regexp": "^(a|b)$" }]), ""),
        (json!([{ "regexp": "(^a$|^b.*)" }]), ""),
        (json!([{ "regexp": "^(a$|b)" }]), "exception-not-anchored"),
    ] {
        let policy = json!({ "keep_tags": 3, "except": except });
        assert_eq!(codes(policy), expected, "{except}");
    }
    for (except, expected) in [
        (json!([]), "latest-not-kept"),
        (json!(["stable"]), "latest-not-kept"),
        (json!(["latest"]), ""),
        (json!([{ "regexp": "^(latest|stable)$" }]), ""),
    ] {
        let policy = json!({ "keep_days": 3, "except": except });
        assert_eq!(codes(policy), expected, "{except}");
    }
}
