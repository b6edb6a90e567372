//! What a client sees of each question that the documents leave open.

use portolan::emulator::RunOutcome;
use serde_json::{Value, json};

use super::super::support::{MIRROR, ORDINARY, REGION, Site, Told, URL};

/// What is to be seen of a question, and the answer that must name it.
pub(super) async fn observe(site: &Site, name: &str) -> (Value, Option<Told>) {
    let (seen, told) = match name {
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
            let told = site.ask("POST", MIRROR, None).await;
            (
                json!([told.status, site.mirror().await["update_status"]]),
                told,
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
        "branch-commit" => {
            site.emulator
                .push(REGION, "platform", "app", "main", "c1")
                .unwrap();
            let told = site
                .get("/v4/repositories/123/repository/branches?view=all")
                .await;
            assert_eq!(
                (told.total.as_deref(), &told.body[0]["name"]),
                (Some("1"), &json!("main"))
            );
            (
                told.body[0].get("commit").cloned().unwrap_or_default(),
                told,
            )
        }
        "project-list-groups" => groups(site).await,
        "unknown-project" => {
            let told = site.get("/v4/projects/0123/repositories").await;
            let list = told
                .body
                .as_array()
                .map(|items| json!(items))
                .unwrap_or_default();
            (json!([told.status, told.code(), list]), told)
        }
        "diverged-branches" | "deleted-branches" | "moved-tags" => refs(site, name).await,
        "id-out-of-range" => ids(site).await,
        "invalid-value" => invalid(site).await,
        "mirror-url" => {
            let told = site
                .ask(
                    "PUT",
                    MIRROR,
                    json!({ "url": "git@git.example.com:app.git" }),
                )
                .await;
            (json!([told.status, site.mirror().await["url"]]), told)
        }
        "url-credentials" => {
            let told = site
                .ask(
                    "PUT",
                    MIRROR,
                    json!({ "url": "https://u:p@git.example.com/a.git" }),
                )
                .await;
            let (shown, _) = field(site, "url").await;
            (json!([told.body["url"], shown]), told)
        }
        "empty-field" => field(site, "endpoint_uuid").await,
        "not-base64" => {
            let told = site
                .ask(
                    "POST",
                    MIRROR,
                    json!({ "username": "dXNlcg==", "password": "password" }),
                )
                .await;
            site.advance(5);
            let mirror = site.mirror().await;
            (
                json!([told.status, mirror["update_status"], mirror["last_error"]]),
                told,
            )
        }
        "push-to-scheduled" => return (push(site), None),
        "name-with-namespace" => listed(site, "name_with_namespace").await,
        "repository-path" => listed(site, "path").await,
        _ => panic!("nothing is known about {name}"),
    };
    (seen, Some(told))
}

/// Runs the mirror until it has ended.
async fn run(site: &Site) {
    assert_eq!(site.run().await.status, 200);
    site.advance(5);
}

async fn field(site: &Site, name: &str) -> (Value, Told) {
    let told = site.get(MIRROR).await;
    (told.body[name].clone(), told)
}

async fn statuses(site: &Site) -> (Value, Told) {
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

async fn second_start(site: &Site) -> (Value, Told) {
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

async fn not_a_mirror(site: &Site) -> (Value, Told) {
    let mut seen = Vec::new();
    for method in ["POST", "PUT"] {
        let told = site.ask(method, ORDINARY, json!({ "url": URL })).await;
        assert_eq!(told.assumptions, ["not-a-mirror"], "{method}");
        seen.push(json!([told.status, told.code()]));
    }
    let told = site.get(ORDINARY).await;
    seen.push(json!([told.status, told.code()]));
    seen.push(told.body["repository_id"].clone());
    assert_eq!(told.body["url"], Value::Null);
    assert!(site.read(|state| state.mirror(REGION, "platform", "plain").is_none()));
    (json!(seen), told)
}

async fn polarity(site: &Site) -> (Value, Told) {
    let told = site
        .ask("PUT", MIRROR, json!({ "mirroring_enabled": true }))
        .await;
    let scheduled = site.read(|state| state.mirror(REGION, "platform", "app").unwrap().scheduled);
    let (shown, _) = field(site, "mirroring_enabled").await;
    (
        json!([scheduled, told.body["mirroring_enabled"], shown]),
        told,
    )
}

async fn schedule(site: &Site) -> (Value, Told) {
    let switch = async |enabled: bool| {
        site.ask("PUT", MIRROR, json!({ "mirroring_enabled": enabled }))
            .await
    };
    let [on, off, again] = [switch(true).await, switch(false).await, switch(true).await];
    (json!([on.status, off.status, again.status]), again)
}

async fn omitted(site: &Site) -> (Value, Told) {
    site.edit_mirror(|mirror| mirror.endpoint_uuid = "e-1".to_owned());
    let told = site
        .ask(
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
            told.body["sync_branch_type"]
        ]),
        told,
    )
}

async fn last_update(site: &Site) -> (Value, Told) {
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
    site.ask("PUT", MIRROR, json!({ "sync_branch_type": "all" }))
        .await;
    (json!([during, ended, time().await]), site.get(MIRROR).await)
}

async fn failures(site: &Site) -> (Value, Told) {
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

async fn last_error(site: &Site) -> (Value, Told) {
    site.edit_mirror(|mirror| {
        mirror.next_outcomes = vec![RunOutcome::Fail("timed out".to_owned())];
    });
    run(site).await;
    let (failed, _) = field(site, "last_error").await;
    run(site).await;
    let (ended, told) = field(site, "last_error").await;
    (json!([failed, ended]), told)
}

async fn associate_twice(site: &Site) -> (Value, Told) {
    run(site).await;
    let body = json!({ "url": "https://git.example.com/b.git" });
    let told = site.ask("POST", &format!("{MIRROR}/associate"), body).await;
    let shown = site.mirror().await;
    (
        json!([told.status, shown["url"], shown["update_status"]]),
        told,
    )
}

async fn associate(site: &Site, body: Value) -> (Value, Told) {
    let told = site
        .ask("POST", &format!("{ORDINARY}/associate"), body)
        .await;
    (json!([told.status, site.get(ORDINARY).await.status]), told)
}

async fn groups(site: &Site) -> (Value, Told) {
    site.emulator
        .edit(|state| state.ensure_git_repository(REGION, "platform", "group/inner"));
    let id = site.read(|state| state.regions[REGION].projects["platform"].id.clone());
    let told = site
        .get(&format!(
            "/v4/projects/{id}/repositories?order_by=name&sort=asc"
        ))
        .await;
    let names = told
        .body
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].clone())
        .collect();
    (names, told)
}

/// A mirror that was run before its source moved; to `main` a stranger pushed, if that is the
/// question.
async fn refs(site: &Site, name: &str) -> (Value, Told) {
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
    let told = site
        .ask("POST", MIRROR, json!({ "force_fetch": false }))
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
    // With force there is no question.
    let forced = site
        .ask("POST", MIRROR, json!({ "force_fetch": true }))
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
    (seen, told)
}

async fn ids(site: &Site) -> (Value, Told) {
    let mut seen = Vec::new();
    for id in ["0", "2147483648", "abc", "+123"] {
        let told = site
            .get(&format!("/v4/repositories/{id}/remote-mirror"))
            .await;
        seen.push(json!([told.status, told.code()]));
    }
    (
        json!(seen),
        site.get("/v4/repositories/0/remote-mirror").await,
    )
}

async fn invalid(site: &Site) -> (Value, Told) {
    let mut statuses = Vec::new();
    for (method, body) in [
        ("PUT", json!({ "sync_branch_type": "some" })),
        ("PUT", json!({ "mirroring_enabled": "yes" })),
        ("POST", json!({ "force_fetch": 1 })),
        ("POST", json!(["no object"])),
    ] {
        let told = site.ask(method, MIRROR, body).await;
        assert!(
            told.assumptions.contains(&"invalid-value".to_owned()),
            "{method}"
        );
        statuses.push(told.status);
    }
    let told = site.get("/v4/user/repositories?limit=101").await;
    statuses.push(told.status);
    (json!(statuses), told)
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

async fn listed(site: &Site, field: &str) -> (Value, Told) {
    let told = site.get("/v4/user/repositories?search=app").await;
    (told.body[0][field].clone(), told)
}
