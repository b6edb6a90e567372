//! What a client observes of each question that the documentation leaves open.

use portolan::emulator::RunOutcome;
use serde_json::{Value, json};

use super::super::support::{Answer, MIRROR, ORDINARY, REGION, Site, URL};

/// The observation of a question, and the answer that must name it.
pub(super) async fn observe(site: &Site, name: &str) -> (Value, Option<Answer>) {
    let (seen, answer) = match name {
        "update-status" => statuses(site).await,
        "git-times" => {
            run(site).await;
            field(site, "last_successful_update_at").await
        }
        "repeat-start" => second_start(site).await,
        "not-a-mirror" => not_a_mirror(site).await,
        "mirroring-enabled" => polarity(site).await,
        "schedule-switch" => schedule(site).await,
        "schedule-period" => {
            site.edit_mirror(|mirror| mirror.scheduled = true);
            site.mirror().await;
            site.advance(3605);
            field(site, "last_successful_update_at").await
        }
        "put-omitted" => omitted(site).await,
        "start-without-body" => {
            let answer = site.call("POST", MIRROR, None).await;
            (
                json!([answer.status, site.mirror().await["update_status"]]),
                answer,
            )
        }
        "last-update-at" => last_update(site).await,
        "number-of-failures" => failures(site).await,
        "last-error" => last_error(site).await,
        "associate-twice" => associate_twice(site).await,
        "associate-without-url" => associate(site, json!({})).await,
        "associate-new-repository" => {
            site.emulator.edit(|state| {
                state
                    .git_repository_mut(REGION, "platform", "plain")
                    .unwrap()
                    .status = 1;
            });
            associate(site, json!({ "url": URL })).await
        }
        "branch-commit" => branch(site).await,
        "project-list-groups" => groups(site).await,
        "unknown-project" => {
            let answer = site.get("/v4/projects/0123/repositories").await;
            let list = answer
                .body
                .as_array()
                .map(|items| json!(items))
                .unwrap_or_default();
            (json!([answer.status, answer.code(), list]), answer)
        }
        "diverged-branches" | "deleted-branches" | "moved-tags" => refs(site, name).await,
        "id-out-of-range" => ids(site).await,
        "invalid-value" => invalid(site).await,
        "mirror-url" => {
            let answer = site
                .call(
                    "PUT",
                    MIRROR,
                    json!({ "url": "git@git.example.com:app.git" }),
                )
                .await;
            (json!([answer.status, site.mirror().await["url"]]), answer)
        }
        "url-credentials" => {
            let answer = site
                .call(
                    "PUT",
                    MIRROR,
                    json!({ "url": "https://u:p@git.example.com/a.git" }),
                )
                .await;
            let (shown, _) = field(site, "url").await;
            (json!([answer.body["url"], shown]), answer)
        }
        "empty-field" => field(site, "endpoint_uuid").await,
        "not-base64" => not_base64(site).await,
        "push-to-scheduled" => return (push(site), None),
        "name-with-namespace" => listed(site, "name_with_namespace").await,
        "repository-path" => listed(site, "path").await,
        _ => panic!("nothing is known about {name}"),
    };
    (seen, Some(answer))
}

async fn branch(site: &Site) -> (Value, Answer) {
    site.emulator
        .push(REGION, "platform", "app", "main", "c1")
        .unwrap();
    let answer = site
        .get("/v4/repositories/123/repository/branches?view=all")
        .await;
    assert_eq!(
        (answer.total.as_deref(), &answer.body[0]["name"]),
        (Some("1"), &json!("main"))
    );
    (
        answer.body[0].get("commit").cloned().unwrap_or_default(),
        answer,
    )
}

async fn not_base64(site: &Site) -> (Value, Answer) {
    let body = json!({ "username": "dXNlcg==", "password": "password" });
    let answer = site.call("POST", MIRROR, body).await;
    site.advance(5);
    let mirror = site.mirror().await;
    (
        json!([answer.status, mirror["update_status"], mirror["last_error"]]),
        answer,
    )
}

/// Runs the mirror until it has ended.
async fn run(site: &Site) {
    assert_eq!(site.run().await.status, 200);
    site.advance(5);
}

async fn field(site: &Site, name: &str) -> (Value, Answer) {
    let answer = site.get(MIRROR).await;
    (answer.body[name].clone(), answer)
}

async fn statuses(site: &Site) -> (Value, Answer) {
    let status = async || site.mirror().await["update_status"].clone();
    site.edit_mirror(|mirror| {
        mirror.next_outcomes = vec![RunOutcome::Succeed, RunOutcome::Fail("x".to_owned())];
    });
    let mut seen = vec![status().await];
    site.run().await;
    seen.push(status().await);
    site.advance(1);
    seen.push(status().await);
    site.advance(4);
    seen.push(status().await);
    run(site).await;
    seen.push(status().await);
    (json!(seen), site.get(MIRROR).await)
}

async fn second_start(site: &Site) -> (Value, Answer) {
    let first = site.run().await.body["jid"].clone();
    site.advance(2);
    let second = site.run().await;
    site.advance(60);
    let jid = match &second.body["jid"] {
        Value::Null => "no jid",
        jid if *jid == first => "the same jid",
        _ => "another jid",
    };
    let ended = site.read(|state| {
        state
            .mirror(REGION, "platform", "app")
            .unwrap()
            .last_successful_update_at
    });
    (
        json!([second.status, jid, ended.unwrap().to_string()]),
        second,
    )
}

async fn not_a_mirror(site: &Site) -> (Value, Answer) {
    let mut seen = Vec::new();
    for method in ["POST", "PUT"] {
        let answer = site.call(method, ORDINARY, json!({ "url": URL })).await;
        assert_eq!(answer.assumptions, ["not-a-mirror"], "{method}");
        seen.push(json!([answer.status, answer.code()]));
    }
    let answer = site.get(ORDINARY).await;
    seen.push(json!([answer.status, answer.code()]));
    seen.push(answer.body["repository_id"].clone());
    assert_eq!(answer.body["url"], Value::Null);
    assert!(site.read(|state| state.mirror(REGION, "platform", "plain").is_none()));
    (json!(seen), answer)
}

async fn polarity(site: &Site) -> (Value, Answer) {
    let answer = site
        .call("PUT", MIRROR, json!({ "mirroring_enabled": true }))
        .await;
    let scheduled = site.read(|state| state.mirror(REGION, "platform", "app").unwrap().scheduled);
    let (shown, _) = field(site, "mirroring_enabled").await;
    (
        json!([scheduled, answer.body["mirroring_enabled"], shown]),
        answer,
    )
}

async fn schedule(site: &Site) -> (Value, Answer) {
    let switch = async |enabled: bool| {
        site.call("PUT", MIRROR, json!({ "mirroring_enabled": enabled }))
            .await
    };
    let [on, off, again] = [switch(true).await, switch(false).await, switch(true).await];
    (json!([on.status, off.status, again.status]), again)
}

async fn omitted(site: &Site) -> (Value, Answer) {
    site.edit_mirror(|mirror| mirror.endpoint_uuid = "e-1".to_owned());
    let answer = site
        .call(
            "PUT",
            MIRROR,
            json!({ "sync_branch_type": "default", "mirroring_enabled": true }),
        )
        .await;
    let shown = site.mirror().await;
    (
        json!([
            shown["url"],
            shown["endpoint_uuid"],
            answer.body["sync_branch_type"]
        ]),
        answer,
    )
}

async fn last_update(site: &Site) -> (Value, Answer) {
    let time = async || {
        site.mirror().await["last_update_at"]
            .as_str()
            .map(|text| text[11..19].to_owned())
    };
    site.run().await;
    site.advance(2);
    let during = time().await;
    site.advance(3);
    let ended = time().await;
    site.advance(100);
    site.call("PUT", MIRROR, json!({ "sync_branch_type": "all" }))
        .await;
    (json!([during, ended, time().await]), site.get(MIRROR).await)
}

async fn failures(site: &Site) -> (Value, Answer) {
    let fail = || RunOutcome::Fail("timed out".to_owned());
    site.edit_mirror(|mirror| {
        mirror.next_outcomes = vec![fail(), fail(), RunOutcome::Succeed, fail()];
    });
    let mut seen = Vec::new();
    for runs in [2, 1, 1] {
        for _ in 0..runs {
            run(site).await;
        }
        seen.push(field(site, "number_of_failures").await.0);
    }
    (json!(seen), site.get(MIRROR).await)
}

async fn last_error(site: &Site) -> (Value, Answer) {
    site.edit_mirror(|mirror| {
        mirror.next_outcomes = vec![RunOutcome::Fail("timed out".to_owned())];
    });
    run(site).await;
    let (failed, _) = field(site, "last_error").await;
    run(site).await;
    let (ended, answer) = field(site, "last_error").await;
    (json!([failed, ended]), answer)
}

async fn associate_twice(site: &Site) -> (Value, Answer) {
    run(site).await;
    let body = json!({ "url": "https://git.example.com/b.git" });
    let answer = site
        .call("POST", &format!("{MIRROR}/associate"), body)
        .await;
    let shown = site.mirror().await;
    (
        json!([answer.status, shown["url"], shown["update_status"]]),
        answer,
    )
}

async fn associate(site: &Site, body: Value) -> (Value, Answer) {
    let answer = site
        .call("POST", &format!("{ORDINARY}/associate"), body)
        .await;
    (
        json!([answer.status, site.get(ORDINARY).await.status]),
        answer,
    )
}

async fn groups(site: &Site) -> (Value, Answer) {
    site.emulator
        .edit(|state| state.ensure_git_repository(REGION, "platform", "group/inner"));
    let id = site.read(|state| state.regions[REGION].projects["platform"].id.clone());
    let answer = site
        .get(&format!(
            "/v4/projects/{id}/repositories?order_by=name&sort=asc"
        ))
        .await;
    let names = answer
        .body
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].clone())
        .collect();
    (names, answer)
}

/// A mirror that was run before its source changed; if the question is about it, another client
/// pushed to `main`.
async fn refs(site: &Site, name: &str) -> (Value, Answer) {
    site.edit_mirror(|mirror| {
        let source = &mut mirror.source.refs;
        source.branches = [("main", "m1"), ("old", "o1")]
            .map(|(name, at)| (name.into(), at.into()))
            .into();
        source.tags = [("v1".to_owned(), "t1".to_owned())].into();
    });
    run(site).await;
    site.edit_mirror(|mirror| {
        let source = &mut mirror.source.refs;
        source.branches = [("main".to_owned(), "m2".to_owned())].into();
        source.tags = [("v1".to_owned(), "t2".to_owned())].into();
    });
    if name == "diverged-branches" {
        site.emulator
            .push(REGION, "platform", "app", "main", "theirs")
            .unwrap();
    }
    let answer = site
        .call("POST", MIRROR, json!({ "force_fetch": false }))
        .await;
    site.advance(5);
    let shown = site.mirror().await;
    let refs = site.read(|state| {
        state
            .git_repository(REGION, "platform", "app")
            .unwrap()
            .refs
            .clone()
    });
    let seen = match name {
        "diverged-branches" => json!([
            shown["update_status"],
            refs.branches["main"],
            shown["last_error"]
        ]),
        "deleted-branches" => json!([shown["update_status"], refs.branches.get("old")]),
        _ => json!([shown["update_status"], refs.tags["v1"]]),
    };
    // With force, the question does not arise.
    let forced = site
        .call("POST", MIRROR, json!({ "force_fetch": true }))
        .await;
    assert!(
        !forced
            .assumptions
            .iter()
            .any(|assumption| assumption == name)
    );
    site.advance(5);
    let refs = site.read(|state| {
        state
            .git_repository(REGION, "platform", "app")
            .unwrap()
            .refs
            .clone()
    });
    let source = site.read(|state| {
        state
            .mirror(REGION, "platform", "app")
            .unwrap()
            .source
            .refs
            .clone()
    });
    assert_eq!(refs, source);
    (seen, answer)
}

async fn ids(site: &Site) -> (Value, Answer) {
    let mut seen = Vec::new();
    for id in ["0", "2147483648", "abc", "+123"] {
        let answer = site
            .get(&format!("/v4/repositories/{id}/remote-mirror"))
            .await;
        seen.push(json!([answer.status, answer.code()]));
    }
    (
        json!(seen),
        site.get("/v4/repositories/0/remote-mirror").await,
    )
}

async fn invalid(site: &Site) -> (Value, Answer) {
    let mut statuses = Vec::new();
    for (method, body) in [
        ("PUT", json!({ "sync_branch_type": "some" })),
        ("PUT", json!({ "mirroring_enabled": "yes" })),
        ("POST", json!({ "force_fetch": 1 })),
        ("POST", json!(["no object"])),
    ] {
        let answer = site.call(method, MIRROR, body).await;
        assert!(
            answer.assumptions.contains(&"invalid-value".to_owned()),
            "{method}"
        );
        statuses.push(answer.status);
    }
    let answer = site.get("/v4/user/repositories?limit=101").await;
    statuses.push(answer.status);
    (json!(statuses), answer)
}

fn push(site: &Site) -> Value {
    site.edit_mirror(|mirror| mirror.scheduled = true);
    let arrived = site
        .emulator
        .push(REGION, "platform", "app", "main", "c9")
        .is_ok();
    let commit = site.read(|state| {
        state
            .git_repository(REGION, "platform", "app")
            .unwrap()
            .refs
            .branches
            .get("main")
            .cloned()
    });
    json!([arrived, commit])
}

async fn listed(site: &Site, field: &str) -> (Value, Answer) {
    let answer = site.get("/v4/user/repositories?search=app").await;
    (answer.body[0][field].clone(), answer)
}
