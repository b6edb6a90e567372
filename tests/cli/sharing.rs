//! Repositories that other accounts may pull from, from the chart to the service and back.

use insta::assert_snapshot;
use portolan::emulator::{Effect, ErrorBody, Fault, Settings, Share, State};
use serde_json::{Value, json};

use crate::support::{AK, NORTH, SK, World};

fn chart(entries: &str) -> String {
    format!(
        "version: 1\nregion: cn-north-4\norganizations:\n  team-a:\n    repositories:\n{entries}"
    )
}

fn world(entries: &str) -> World {
    filled(World::new(), entries)
}

/// The same with another answer of the service.
fn assuming(switch: &str, entries: &str) -> World {
    let mut settings = Settings::default();
    settings.assumptions.set(switch).unwrap();
    let world = World::with(settings)
        .variable("HUAWEICLOUD_SDK_AK", AK)
        .variable("HUAWEICLOUD_SDK_SK", SK);
    filled(world, entries)
}

fn filled(world: World, entries: &str) -> World {
    world.chart(&chart(entries));
    world.edit(|state| {
        state.ensure_repository(NORTH, "team-a", "web").num_images = 40;
        state.ensure_repository(NORTH, "team-a", "api");
    });
    world
}

fn shares(world: &World, name: &str) -> Vec<String> {
    let read = |state: &mut State| {
        let repository = state.repository(NORTH, "team-a", name).unwrap().clone();
        let shares = repository.shares.into_iter();
        shares
            .map(|it| format!("{} {} {}", it.account, it.deadline, it.description))
            .collect()
    };
    world.edit(read)
}

fn share(world: &World, name: &str, share: Share) {
    world.edit(|state| {
        let shares = &mut state.ensure_repository(NORTH, "team-a", name).shares;
        shares.push(share);
    });
}

fn until(account: &str, deadline: &str) -> Share {
    Share {
        deadline: deadline.to_owned(),
        ..Share::with(account)
    }
}

const ONE: &str = "      web: { share: [ { account: partner-co, until: 2099-12-31 } ] }\n";

#[test]
fn a_share_is_created_changed_and_removed() {
    let world = world(ONE);
    assert_snapshot!(world.plan(&[]), @r#"
    exit: 0
    -- stdout
      + share cn-north-4/team-a/web => partner-co  portolan.yaml:6
          until        "2099-12-31"
          description  ""
          withheld: shares, account partner-co can pull 40 tags until 2099-12-31; --allow shares=1 would let it go

    Unlisted: add each to the chart, or set `unlisted: delete` or `ignore`.
      ? repository cn-north-4/team-a/api  (empty)

    Plan: 0 to add, 0 to change, 0 to destroy.
    2 unchanged, 1 withheld, 1 unlisted.
    Chart `portolan.yaml`, account `emulator`, @HOST@ (not Huawei Cloud).
    -- stderr
    "#);
    let _ = world.try_apply(&[]).exits(1).says("1 withheld");
    assert_eq!(world.writes(), [""; 0]);
    let _ = world.apply_allowing("shares=1");
    assert_eq!(
        world.bodies(),
        [json!({
            "access_domain": "partner-co", "permit": "read",
            "deadline": "2100-01-01T00:00:00.000Z", "description": "",
        })]
    );
    assert_eq!(
        world.writes(),
        ["POST cn-north-4 /namespaces/team-a/repositories/web/access-domains"]
    );
    assert_eq!(shares(&world, "web"), ["partner-co 2100-01-01T00:00:00Z "]);

    // Shortening needs no consent, and the description keeps its place.
    world.chart(&chart(
        "      web: { share: [ { account: partner-co, until: 2098-06-30, description: audit } ] }\n",
    ));
    let _ = world.apply(&[]);
    world.chart(&chart(
        "      web: { share: [ { account: partner-co, until: 2097-06-30 } ] }\n",
    ));
    let _ = world.apply(&[]);
    assert_eq!(
        shares(&world, "web"),
        ["partner-co 2097-07-01T00:00:00Z audit"]
    );

    // Extending needs it.
    world.chart(&chart(
        "      web: { share: [ { account: partner-co, until: forever } ] }\n",
    ));
    assert_snapshot!(world.plan(&[]), @r#"
    exit: 0
    -- stdout
      ~ share cn-north-4/team-a/web => partner-co  portolan.yaml:6
          until        "2097-07-01T00:00:00Z" -> "forever"
          withheld: shares, account partner-co can pull 40 tags forever; --allow shares=1 would let it go

    Unlisted: add each to the chart, or set `unlisted: delete` or `ignore`.
      ? repository cn-north-4/team-a/api  (empty)

    Plan: 0 to add, 0 to change, 0 to destroy.
    2 unchanged, 1 withheld, 1 unlisted.
    Chart `portolan.yaml`, account `emulator`, @HOST@ (not Huawei Cloud).
    -- stderr
    "#);
    let _ = world.apply_allowing("shares");
    assert_eq!(shares(&world, "web"), ["partner-co forever audit"]);

    world.chart(&chart("      web: { share: [] }\n"));
    assert_snapshot!(world.plan(&[]), @r#"
    exit: 0
    -- stdout
      - share cn-north-4/team-a/web => partner-co  portolan.yaml:6
          (not in the repository's `share` list)

    Unlisted: add each to the chart, or set `unlisted: delete` or `ignore`.
      ? repository cn-north-4/team-a/api  (empty)

    Plan: 0 to add, 0 to change, 1 to destroy.
    2 unchanged, 1 unlisted.
    Chart `portolan.yaml`, account `emulator`, @HOST@ (not Huawei Cloud).
    -- stderr
    "#);
    let _ = world.apply(&[]);
    assert_eq!(shares(&world, "web"), [""; 0]);
}

/// How many times the program asked for what the path ends with, and for everything about sharing.
fn reads(world: &World) -> Vec<String> {
    let journal = world.journal().into_iter();
    let paths = journal.map(|entry| entry.path);
    let about = paths.filter(|path| path.contains("access-domains") || path.contains("shared-"));
    let mut reads: Vec<String> = about
        .map(|path| path.trim_start_matches("/v2/manage").to_owned())
        .collect();
    reads.sort();
    reads
}

#[test]
fn only_shared_repositories_that_declare_it_are_asked_for_their_accounts() {
    let of_web = "/namespaces/team-a/repositories/web/access-domains";
    for (entries, expected) in [
        ("      web: {}\n      api: {}\n", &[][..]),
        (
            "      web: {}\n      api: { share: [] }\n",
            &["/shared-repositories"],
        ),
        (
            "      web: { share: [ { account: a-co, until: forever } ] }\n      api: { share: [] }\n",
            &[of_web, "/shared-repositories"],
        ),
        ("      web: { share: null }\n", &[]),
    ] {
        let world = world(entries);
        share(&world, "web", Share::with("a-co"));
        let _ = world.plan(&[]);
        assert_eq!(reads(&world), expected, "{entries}");
    }
}

#[test]
fn what_is_shared_and_not_declared_is_a_finding() {
    let world = world("      web: {}\n      api: { share: [] }\n");
    share(&world, "web", Share::with("a-co"));
    world.edit(|state| {
        let shares = &mut state.ensure_repository(NORTH, "team-a", "unlisted").shares;
        shares.push(Share::with("b-co"));
        let shares = &mut state.ensure_repository(NORTH, "team-b", "elsewhere").shares;
        shares.push(Share::with("b-co"));
    });
    assert_snapshot!(world.plan(&[]), @r#"
    exit: 0
    -- stdout
    Unlisted: add each to the chart, or set `unlisted: delete` or `ignore`.
      ? repository cn-north-4/team-a/unlisted  (empty)

    Findings, which this plan does not fix:
      ? repository cn-north-4/team-a/unlisted  undeclared-share  portolan.yaml:4
          it is shared with other accounts, and the chart has no `share` for it
      ? repository cn-north-4/team-a/web  undeclared-share  portolan.yaml:6
          it is shared with other accounts, and the chart has no `share` for it

    No changes. The live state matches the chart.
    3 unchanged, 1 unlisted, 2 findings.
    Chart `portolan.yaml`, account `emulator`, @HOST@ (not Huawei Cloud).
    -- stderr
    "#);
    let findings = world.plan_json(&[])["findings"].clone();
    assert_eq!(
        findings
            .as_array()
            .unwrap()
            .iter()
            .map(|it| (it["code"].clone(), it["address"]["repository"].clone()))
            .collect::<Vec<_>>(),
        [
            (json!("undeclared-share"), json!("unlisted")),
            (json!("unlisted"), json!("unlisted")),
            (json!("undeclared-share"), json!("web"))
        ]
    );
    // It touches neither the outcome nor the exit code.
    let _ = world.plan(&["--detailed-exitcode"]).exits(0);
}

#[test]
fn a_share_that_has_ended_is_told_and_not_made_again() {
    let entries = "      web: { share: [ { account: a-co, until: 2020-12-31 }, { account: b-co, \
        until: 2020-12-31 } ] }\n      api: { share: [ { account: a-co, until: 2099-12-31 } ] }\n";
    let world = world(entries);
    share(&world, "web", until("a-co", "2020-12-31T16:00:00Z"));
    share(&world, "api", until("a-co", "2021-01-01T00:00:00Z"));
    assert_snapshot!(world.plan(&["--allow", "shares"]), @r#"
    exit: 0
    -- stdout
      ~ share cn-north-4/team-a/api => a-co  portolan.yaml:7
          until        "2021-01-01T00:00:00Z" -> "2099-12-31"  (it has expired; this change puts it in force again)
          ! shares (allowed): account a-co can pull what will be pushed (empty now) until 2099-12-31

    Findings, which this plan does not fix:
      ? share cn-north-4/team-a/web => a-co  expired-share  portolan.yaml:6
          it has expired (`until` 2020-12-31), and is left as it is
      ? share cn-north-4/team-a/web => b-co  expired-share  portolan.yaml:6
          its `until` 2020-12-31 has passed, so it is not created again

    Plan: 0 to add, 1 to change, 0 to destroy.
    5 unchanged, 2 findings.
    Chart `portolan.yaml`, account `emulator`, @HOST@ (not Huawei Cloud).
    -- stderr
    "#);
    let _ = world.apply_allowing("shares=1");
    assert_eq!(
        world.writes(),
        ["PATCH cn-north-4 /namespaces/team-a/repositories/api/access-domains/a-co"]
    );
    assert_eq!(shares(&world, "web"), ["a-co 2020-12-31T16:00:00Z "]);

    // Somebody prolonged it: the chart's day has passed, so the access ends.
    world.edit(|state| {
        let shares = &mut state.ensure_repository(NORTH, "team-a", "web").shares;
        shares[0].deadline = "forever".to_owned();
    });
    let _ = world.apply(&[]);
    assert_eq!(shares(&world, "web"), ["a-co 2021-01-01T00:00:00Z "]);
}

#[test]
fn names_are_compared_without_regard_to_case() {
    for switch in ["share-case=exact", "share-case=lower"] {
        let world = assuming(
            switch,
            "      web: { share: [ { account: Partner-CO, until: forever } ] }\n",
        );
        let _ = world.apply_allowing("shares=1");
        let kept = if switch.ends_with("lower") {
            "partner-co"
        } else {
            "Partner-CO"
        };
        assert_eq!(shares(&world, "web"), [format!("{kept} forever ")]);
        // It is changed and removed by the name that the service has.
        world.chart(&chart(
            "      web: { share: [ { account: PARTNER-co, until: 2099-12-31 } ] }\n",
        ));
        let _ = world.apply(&[]);
        assert_eq!(
            shares(&world, "web"),
            [format!("{kept} 2100-01-01T00:00:00Z ")]
        );
        world.chart(&chart("      web: { share: [] }\n"));
        let _ = world.apply(&[]);
        assert_eq!(shares(&world, "web"), [""; 0], "{switch}");
    }
}

#[test]
fn another_spelling_that_came_after_the_plan_is_found() {
    for case in ["share-case=exact", "share-case=lower"] {
        let world = assuming(case, ONE);
        let _ = world.run(&["plan", "--out", "plan.json", "--allow", "shares=1"]);
        share(&world, "web", until("Partner-Co", "forever"));
        let _ = world
            .run(&["apply", "plan.json"])
            .exits(1)
            .says("it did not exist, but exists now");
        assert_eq!(shares(&world, "web"), ["Partner-Co forever "], "{case}");
        // Equal to the plan, it needs no write.
        world.edit(|state| {
            let repository = state.ensure_repository(NORTH, "team-a", "web");
            repository.shares[0].deadline = "2100-01-01T00:00:00Z".to_owned();
        });
        let _ = world.run(&["apply", "plan.json"]).exits(0);
        assert_eq!(world.writes(), [""; 0], "{case}");
    }
}

#[test]
fn a_day_holds_however_the_service_rounds() {
    for switch in ["share-deadline=exact", "share-deadline=midnight"] {
        let world = assuming(switch, ONE);
        let _ = world.apply_allowing("shares=1");
        // What ends on that day anywhere in it is as the chart has it.
        for live in ["2099-12-31T16:00:00Z", "2099-12-31T00:00:01Z"] {
            world.edit(|state| {
                let shares = &mut state.ensure_repository(NORTH, "team-a", "web").shares;
                shares[0].deadline = live.to_owned();
            });
            world.is_settled();
        }
    }
    // An instant that is rounded did not stick.
    let world = assuming(
        "share-deadline=midnight",
        "      web: { share: [ { account: partner-co, until: '2099-12-31T12:00:00Z' } ] }\n",
    );
    let output = world.try_apply(&["--allow", "shares"]).exits(1);
    assert!(
        output.to_string().contains(
            "until: sent \"2099-12-31T12:00:00Z\", the service has \"2100-01-01T00:00:00Z\""
        ),
        "{output}"
    );
}

#[test]
fn a_new_description_does_not_move_the_end() {
    let world =
        world("      web: { share: [ { account: a-co, until: 2099-12-31, description: new } ] }\n");
    share(&world, "web", until("a-co", "2099-12-31T16:00:00Z"));
    let _ = world.apply(&[]);
    assert_eq!(shares(&world, "web"), ["a-co 2099-12-31T16:00:00Z new"]);
}

#[test]
fn a_missing_share_is_seen_in_each_form() {
    for switch in [
        "missing-share=exist-false",
        "missing-share=400",
        "missing-share-write=400",
        "missing-share-write=404",
    ] {
        let world = assuming(switch, ONE);
        let _ = world.apply_allowing("shares=1");
        world.chart(&chart("      web: { share: [] }\n"));
        let _ = world.plan(&["--out", "plan.json"]);
        world.edit(|state| {
            state
                .ensure_repository(NORTH, "team-a", "web")
                .shares
                .clear();
        });
        // It is gone already, which is what was asked for.
        let _ = world.run(&["apply", "plan.json"]).exits(0);
        world.is_settled();
    }
}

/// From now on, every read of paths with this at their end is answered so.
pub(crate) fn answers(world: &World, path: &str, status: u16, body: &Value) {
    let body = ErrorBody::Other {
        status,
        content_type: "application/json".to_owned(),
        text: body.to_string(),
    };
    let effect = Effect::Status {
        body,
        retry_after: None,
        committed: false,
    };
    world.inject(Fault::new(effect).method("GET").path(path).forever());
}

#[test]
fn what_the_service_would_refuse_stops_the_plan() {
    // Public without a word in the chart, so only the live state shows it.
    let world = world(ONE);
    world.edit(|state| state.ensure_repository(NORTH, "team-a", "web").is_public = true);
    let plan = world.plan_json(&["--allow", "shares"]);
    let stop = &plan["stopped"][0];
    assert_eq!(stop["code"], json!("shared-public"));
    assert_eq!(stop["source"]["line"], json!(6));
    let _ = world
        .try_apply(&["--allow", "shares"])
        .exits(1)
        .says("a public repository cannot be shared (portolan.yaml:6)");
    // Made private by the same plan.
    world.chart(&chart(&ONE.replace("{ share", "{ is_public: false, share")));
    let _ = world.apply_allowing("shares");
    // What is shared already can be written no more than what is new.
    world.edit(|state| state.ensure_repository(NORTH, "team-a", "web").is_public = true);
    world.chart(&chart(&ONE.replace("2099-12-31", "forever")));
    let plan = world.plan_json(&["--allow", "shares"]);
    assert_eq!(plan["changes"][0]["actions"], json!(["update"]));
    assert_eq!(plan["stopped"][0]["code"], json!("shared-public"));
    // Its removal is what ends the stop.
    world.chart(&chart("      web: { share: [] }\n"));
    assert_eq!(world.plan_json(&[])["stopped"], json!([]));
    // The own account, which the chart does not name.
    world.edit(|state| state.ensure_repository(NORTH, "team-a", "web").is_public = false);
    world.chart(&chart(&ONE.replace("partner-co", "EMULATOR")));
    let _ = world
        .plan(&["--allow", "shares"])
        .exits(1)
        .says("this is the own account (portolan.yaml:6)");
    let _ = world
        .run(&["plan", "--exclude", "team-a/web => emulatr"])
        .exits(1)
        .warns("selection-covers-nothing");
}

#[test]
fn a_refused_read_names_the_right_that_it_needs() {
    let text = "      web: { share: [ { account: a-co, until: forever } ], sync: [], \
        retention: { keep_tags: 1 }, access: [] }\n";
    for (path, right) in [
        (
            "/repositories/web/access-domains",
            "swr:repo:listRepoDomains",
        ),
        ("/v2/manage/shared-repositories", "swr:repo:listSharedRepos"),
        ("/repos/web/retentions", "swr:repo:listRetentions"),
        ("/repos/web/access", "swr:repo:getRepoAccess"),
        ("/repos/web/tags", "swr:repository:list"),
        ("/repos/web/sync_repo", "swr:repo:listAutoSyncRepoJobs"),
        ("/v2/manage/namespaces", "swr:namespace:list"),
        ("/v2/manage/repos", "swr:repository:list"),
    ] {
        let world = world(text);
        share(&world, "web", Share::with("a-co"));
        answers(&world, path, 403, &json!({}));
        let _ = world
            .plan(&[])
            .exits(1)
            .warns(&format!("ask for `{right}`"));
    }
}

#[test]
fn a_share_that_cannot_be_read_is_unknown() {
    let of_web = "/repositories/web/access-domains";
    let list = "/v2/manage/shared-repositories";
    let item = |permit: &str, name: &str| {
        json!([{ "access_domain": "a-co", "repository": name, "permit": permit,
            "deadline": "forever", "status": true }])
    };
    for (path, status, body) in [
        (of_web, 403, json!({})),
        (of_web, 200, json!({ "a": 1 })),
        (of_web, 200, json!([{ "access_domain": "a-co" }])),
        (of_web, 200, item("write", "web")),
        (of_web, 200, item("read", "other")),
        (list, 403, json!({})),
        (list, 200, json!([{}])),
        (list, 200, json!({ "items": [] })),
    ] {
        let world = world("      web: { share: [] }\n");
        share(&world, "web", Share::with("a-co"));
        answers(&world, path, status, &body);
        for command in [&["plan"][..], &["apply", "--yes"], &["drift"]] {
            let output = world.run(command).exits(1);
            assert!(!output.stdout.contains("No changes"), "{body} {output}");
        }
        assert_eq!(world.writes(), [""; 0], "{path} {status} {body}");
    }
}

#[test]
fn a_list_of_a_hundred_is_not_trusted() {
    let number = |at: usize| format!("a-{at:03}");
    let items: String = (0..103)
        .map(|at| format!("{{ account: {}, until: forever }}, ", number(at)))
        .collect();
    let world = world(&format!("      web: {{ share: [ {items} ] }}\n"));
    for at in 0..102 {
        share(&world, "web", Share::with(&number(at)));
    }
    let output = world.plan(&["--allow", "shares"]).exits(0);
    // The last of the three that the list does not show is the only one that is not there.
    assert!(
        output
            .stdout
            .contains("  + share cn-north-4/team-a/web => a-102"),
        "{output}"
    );
    let _ = output.says("Plan: 1 to add, 0 to change, 0 to destroy.");
    let single = reads(&world)
        .iter()
        .filter(|path| path.contains("/a-"))
        .count();
    assert_eq!(single, 3);
    let _ = world.try_apply(&["--allow", "shares"]).exits(0);
}

#[test]
fn where_images_go_is_never_folded() {
    let names: Vec<String> = (0..30).map(|at| format!("r{at:02}")).collect();
    let entries: String = names
        .iter()
        .map(|name| format!("      {name}: {{ share: [ {{ account: a-co, until: forever }} ] }}\n"))
        .collect();
    let world = World::of(&chart(&entries));
    world.edit(|state| {
        for name in &names {
            state.ensure_repository(NORTH, "team-a", name);
        }
    });
    let output = world.plan(&["--allow", "shares"]).exits(0);
    assert_eq!(output.stdout.matches("  + share ").count(), 30, "{output}");
    assert!(!output.stdout.contains("more like"), "{output}");
}

#[test]
fn a_share_is_withdrawn_from_what_is_protected() {
    let world = world("      web: { share: [] }\nprotect: [ team-a/web ]\n");
    share(&world, "web", Share::with("a-co"));
    let _ = world.apply(&[]);
    assert_eq!(shares(&world, "web"), [""; 0]);
}

#[test]
fn a_repository_that_the_plan_creates_is_empty() {
    let world = world("      fresh: { share: [ { account: partner-co, until: forever } ] }\n");
    let text = world.plan(&[]).exits(0).stdout;
    let expected = "account partner-co can pull what will be pushed (empty now) forever;";
    assert!(text.contains(expected), "{text}");
}
