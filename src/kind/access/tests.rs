//! Requests, answers and risks of permissions.

use serde_json::{Value, json};

use super::*;
use crate::kind::{Subject, Verb};

fn organization() -> Address {
    organization::address("r", "team-a")
}

fn web() -> Address {
    repository::address("r", "team-a", "web/front")
}

fn answer(body: &Value) -> Response {
    Response {
        status: 200,
        body: body.to_string().into_bytes(),
        ..Response::default()
    }
}

fn entry(user: &str, auth: u64) -> Value {
    json!({ "user_id": format!("id-{user}"), "user_name": user, "auth": auth })
}

fn values(level: &str) -> Attributes {
    Attributes::from([(LEVEL, json!(level)), (USER_ID, json!("id-bob"))])
}

/// Each user with the level, and `!` for the caller.
fn listed(of: &Address, body: &Value) -> Result<Vec<String>, Undecodable> {
    let page = decode_list(of, &answer(body))?;
    let line = |(address, live): &(Address, LiveResource)| {
        let own = live.standing.as_ref().is_some_and(|it| it.is_callers);
        let mark = if own { "!" } else { "" };
        format!(
            "{address} {}{mark}",
            live.attributes[LEVEL].as_str().unwrap()
        )
    };
    Ok(page.items.iter().map(line).collect())
}

#[test]
fn one_request_for_each_user() {
    let (of_organization, of_repository) =
        (address(&organization(), "bob"), address(&web(), "bob"));
    for (address, path) in [
        (&of_organization, "/v2/manage/namespaces/team-a/access"),
        (
            &of_repository,
            "/v2/manage/namespaces/team-a/repos/web$front/access",
        ),
    ] {
        let subject = Subject { address, id: None };
        let body = json!([{ "user_id": "id-bob", "user_name": "bob", "auth": 3 }]);
        let create = Api.create(subject, &values("write"));
        assert_eq!((create.method, &*create.path), (Method::Post, path));
        assert_eq!(create.body, Some(body.clone()));
        let update = Api.update(subject, &values("write")).unwrap();
        assert_eq!((update.method, update.body), (Method::Patch, Some(body)));
        let delete = Api.delete_known(subject, &values("write")).unwrap();
        assert_eq!(
            (delete.method, delete.body),
            (Method::Delete, Some(json!(["id-bob"])))
        );
        // An empty list might mean everybody.
        assert_eq!(Api.delete_known(subject, &Attributes::new()), None);
        assert_eq!(Api.read(subject).path, path);
    }
}

#[test]
fn the_list_of_an_organization_has_everybody() {
    let body = json!({
        "id": 7, "name": "team-a", "creator_name": "root",
        "self_auth": entry("ada", 7),
        "others_auths": [entry("root", 7), entry("ada", 7), entry("bob", 5)],
    });
    assert_eq!(
        listed(&organization(), &body).unwrap(),
        [
            "access r/team-a: root manage",
            "access r/team-a: ada manage!",
            // A level that the table does not know is shown as it is.
            "access r/team-a: bob 5",
        ]
    );
    // What the caller may do without an entry is no permission in this list.
    let body = json!({
        "creator_name": "root", "self_auth": entry("admin", 7), "others_auths": null,
    });
    assert_eq!(listed(&organization(), &body).unwrap(), [""; 0]);
    // But for the creator, who always has one.
    let body = json!({ "creator_name": "root", "self_auth": entry("root", 7), "others_auths": [] });
    assert_eq!(
        listed(&organization(), &body).unwrap(),
        ["access r/team-a: root manage!"]
    );
}

#[test]
fn the_list_of_a_repository_lacks_the_caller() {
    let body = json!({ "self_auth": entry("ada", 1), "others_auths": [entry("bob", 3)] });
    assert_eq!(
        listed(&web(), &body).unwrap(),
        [
            "access r/team-a/web/front: bob write",
            "access r/team-a/web/front: ada read!",
        ]
    );
    let page = decode_list(&web(), &answer(&body)).unwrap();
    let right = |at: usize| page.items[at].1.standing.as_ref().and_then(|it| it.right);
    assert_eq!((right(0), right(1)), (None, Some(1)));
    let body = json!({ "self_auth": entry("ada", 0), "others_auths": [] });
    assert_eq!(listed(&web(), &body).unwrap(), [""; 0]);
}

#[test]
fn an_incomplete_list_is_unknown_and_not_empty() {
    for body in [
        json!({}),
        json!([]),
        json!({ "creator_name": "root", "self_auth": entry("ada", 7) }),
        // Without the caller or the creator, either could lose the permission.
        json!({ "creator_name": "root", "others_auths": [] }),
        json!({ "creator_name": "root", "self_auth": null, "others_auths": [] }),
        json!({ "self_auth": entry("ada", 7), "others_auths": [] }),
        json!({ "creator_name": "root", "self_auth": entry("ada", 7), "others_auths": [{ "user_name": "bob", "auth": 3 }] }),
        json!({ "creator_name": "root", "self_auth": entry("ada", 7), "others_auths": [{ "user_id": "", "user_name": "bob", "auth": 3 }] }),
        json!({ "creator_name": "root", "self_auth": entry("ada", 7), "others_auths": [{ "user_id": "id", "user_name": "", "auth": 3 }] }),
        json!({ "creator_name": "root", "self_auth": entry("ada", 7), "others_auths": [{ "user_id": "id", "user_name": "bob", "auth": "3" }] }),
        // The list of another organization.
        json!({
            "name": "team-b", "creator_name": "root", "self_auth": entry("ada", 7), "others_auths": [],
        }),
    ] {
        assert!(listed(&organization(), &body).is_err(), "{body}");
    }
}

#[test]
fn iam_finds_a_user_by_the_exact_name() {
    let request = look_up(&"r".into(), "ci bot");
    assert_eq!(
        (request.service, &*request.path),
        (Service::Iam, "/v3/users")
    );
    assert_eq!(request.query, [("name", "ci bot".to_owned())]);
    let found = |users: Value| found_user("bob", &answer(&json!({ "users": users })));
    let user = |name: &str| json!({ "id": format!("id-{name}"), "name": name });
    assert_eq!(
        found(json!([user("bobby"), user("bob")])),
        Ok(Some("id-bob".to_owned()))
    );
    assert_eq!(found(json!([user("bobby")])), Ok(None));
    assert!(found_user("bob", &answer(&json!({}))).is_err());
}

#[test]
fn a_higher_level_grants_and_managing_admits() {
    let risks = |before: Option<&str>, after: Option<&str>| -> Vec<RiskClass> {
        let (before, after) = (before.map(values), after.map(values));
        let verb = match (&before, &after) {
            (None, _) => Verb::Create,
            (_, None) => Verb::Delete,
            _ => Verb::Update,
        };
        let step = Step {
            address: None,
            before: before.as_ref(),
            after: after.as_ref(),
            held: None,
        };
        let carried = RISKS.iter().filter(|risk| risk.of == verb);
        carried
            .filter(|risk| (risk.evidence)(step).is_some())
            .map(|risk| risk.class)
            .collect()
    };
    use RiskClass::{Admits, Grants};
    assert_eq!(risks(None, Some("read")), [Grants]);
    assert_eq!(risks(None, Some("manage")), [Admits]);
    assert_eq!(risks(Some("read"), Some("write")), [Grants]);
    assert_eq!(risks(Some("5"), Some("manage")), [Admits]);
    assert_eq!(risks(Some("manage"), Some("write")), []);
    assert_eq!(risks(Some("5"), Some("write")), []);
    assert_eq!(risks(Some("manage"), None), []);
}
