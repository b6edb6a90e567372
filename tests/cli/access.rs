//! Permissions of users: given, changed and taken away, without a moment in which somebody who
//! keeps one has none.

use portolan::emulator::{Effect, Fault, Grant, Route};
use serde_json::{Value, json};

use crate::{
    sharing::answers,
    support::{NORTH, Output, World},
};

/// A world of the account `acme`, whose user `root` created the organization `team-a`.
fn world(lists: &str) -> World {
    let world = World::new();
    let iam = world.endpoint();
    let world = world.variable("PORTOLAN_ENDPOINT_IAM", &iam);
    world.edit(|state| {
        state.account = "acme".to_owned();
        state.caller = "root".to_owned();
        for (user, id) in [
            ("ci-bot", "0a"),
            ("ada", "0b"),
            ("bob", "0c"),
            ("cyd", "0d"),
        ] {
            state.users.insert(user.to_owned(), id_of(id));
        }
        state.ensure_repository(NORTH, "team-a", "web").num_images = 3;
        let organization = state.organization_mut(NORTH, "team-a").unwrap();
        organization.creator = "root".to_owned();
        organization.access = vec![grant("ada", 7), grant("bob", 3)];
    });
    write(&world, lists);
    world
}

fn id_of(end: &str) -> String {
    format!("{end:0>32}")
}

fn grant(user: &str, auth: u8) -> Grant {
    Grant {
        user: user.to_owned(),
        auth,
    }
}

/// Writes a chart with these keys of the organization, and `operators` first if there are any.
fn write(world: &World, organization: &str) {
    let (top, organization) = organization
        .split_once("---\n")
        .unwrap_or(("", organization));
    world.chart(&format!(
        "version: 1\nregion: {NORTH}\n{top}organizations:\n  team-a:\n    {}\n",
        organization.trim_end().replace('\n', "\n    ")
    ));
}

/// Who has which permission on the organization, or on the repository.
fn held(world: &World, repository: Option<&str>) -> Vec<(String, u8)> {
    let list = world.emulator.read(|state| match repository {
        Some(name) => state
            .repository(NORTH, "team-a", name)
            .unwrap()
            .access
            .clone(),
        None => state.organization(NORTH, "team-a").unwrap().access.clone(),
    });
    let mut held: Vec<_> = list.into_iter().map(|it| (it.user, it.auth)).collect();
    held.sort();
    held
}

fn pairs(expected: &[(&str, u8)]) -> Vec<(String, u8)> {
    expected
        .iter()
        .map(|(user, auth)| ((*user).to_owned(), *auth))
        .collect()
}

/// How often a path was read.
fn reads(world: &World, path: &str) -> usize {
    let is_read = |entry: &&portolan::emulator::Entry| entry.method == "GET" && entry.path == path;
    world.journal().iter().filter(is_read).count()
}

#[test]
fn a_list_is_made_true_with_one_request_for_each_user() {
    let world = world("access: [ { user: ada, level: write }, { user: ci-bot, level: read } ]");
    let plan = world.plan(&["--detailed-exitcode"]).exits(2);
    let plan = plan
        .says("  ~ access cn-north-4/team-a: ada")
        .says("level        \"manage\" -> \"write\"")
        .says("  - access cn-north-4/team-a: bob")
        .says("not in the organization's `access` list")
        .says("  + access cn-north-4/team-a: ci-bot")
        .says("! grants: may pull")
        .says("Plan: 1 to add, 1 to change, 1 to destroy.");
    assert!(!plan.stdout.contains("root"), "{plan}");
    world.clear_journal();
    let _ = world.apply(&[]);
    assert_eq!(held(&world, None), pairs(&[("ada", 3), ("ci-bot", 1)]));
    // Who gets or keeps a permission comes before who loses one.
    assert_eq!(
        world.writes(),
        [
            "POST cn-north-4 /namespaces/team-a/access",
            "PATCH cn-north-4 /namespaces/team-a/access",
            "DELETE cn-north-4 /namespaces/team-a/access",
        ]
    );
    let entry = |user: &str, id: &str, auth: u8| json!([{ "user_id": id_of(id), "user_name": user, "auth": auth }]);
    assert_eq!(
        world.bodies(),
        [
            entry("ci-bot", "0a", 1),
            entry("ada", "0b", 3),
            json!([id_of("0c")]),
        ]
    );
}

#[test]
fn a_repository_has_its_own_list() {
    let world = world(
        "repositories:\n  web: { access: [ { user: ci-bot, level: write } ] }\n  \
        api: { access: [ { user: ada, level: read } ] }\n",
    );
    let _ = world
        .plan(&[])
        .says("  + access cn-north-4/team-a/web: ci-bot")
        .says("  + access cn-north-4/team-a/api: ada");
    let _ = world.apply(&[]);
    assert_eq!(held(&world, Some("web")), pairs(&[("ci-bot", 3)]));
    assert_eq!(held(&world, Some("api")), pairs(&[("ada", 1)]));
    assert_eq!(held(&world, None), pairs(&[("ada", 7), ("bob", 3)]));
    let document = world.plan_json(&[]);
    assert_eq!(document["summary"]["unchanged"], json!(5), "{document:#}");
}

#[test]
fn lists_are_read_only_where_the_chart_has_them() {
    let world = world("repositories: { web: }");
    let _ = world.plan(&[]).exits(0);
    let of_organization = "/v2/manage/namespaces/team-a/access";
    let of_repository = "/v2/manage/namespaces/team-a/repos/web/access";
    assert_eq!(
        reads(&world, of_organization) + reads(&world, of_repository),
        0
    );
    write(
        &world,
        "access: [ { user: ada, level: manage }, { user: bob, level: write } ]\n\
        repositories: { web: { access: [] } }",
    );
    world.is_settled();
    assert_eq!(
        [of_organization, of_repository, "/v3/users"].map(|path| reads(&world, path)),
        [1, 1, 0]
    );
    // `null` ends an inherited list.
    write(
        &world,
        "defaults: { repository: { access: [ { user: cyd, level: read } ] } }\n\
        repositories: { web: { access: null }, api: }",
    );
    let plan = world.plan(&[]).says("access cn-north-4/team-a/api: cyd");
    assert!(!plan.stdout.contains("web: cyd"), "{plan}");
}

#[test]
fn an_id_comes_from_the_chart_or_from_iam_and_only_for_new_users() {
    let world = world("access: [ { user: ci-bot, level: read }, { user: bob, level: write } ]");
    let forbidden = Fault::new(Effect::forbidden()).route(Route::named("list-users").unwrap());
    world.inject(forbidden.forever());
    let _ = world
        .plan(&[])
        .exits(1)
        .warns("write the user's `user_id` beside the name");
    write(
        &world,
        &format!(
            "access: [ {{ user: ci-bot, level: read, user_id: {} }}, {{ user: bob, level: write }} ]",
            id_of("0a")
        ),
    );
    world.clear_journal();
    let _ = world.apply(&[]);
    assert_eq!(reads(&world, "/v3/users"), 0);
    assert_eq!(held(&world, None), pairs(&[("bob", 3), ("ci-bot", 1)]));
}

#[test]
fn a_renamed_user_keeps_the_permission() {
    let entry = |id: &str, name: &str, auth: u8| json!({ "user_id": id_of(id), "user_name": name, "auth": auth });
    for list in [
        "access: [ { user: bob, level: write } ]".to_owned(),
        format!(
            "access: [ {{ user: bob, level: write, user_id: {} }} ]",
            id_of("0c")
        ),
    ] {
        let world = world(&list);
        let body = json!({
            "creator_name": "root", "self_auth": entry("01", "root", 7),
            "others_auths": [entry("01", "root", 7), entry("0c", "old-bob", 3)],
        });
        answers(&world, "/namespaces/team-a/access", 200, &body);
        let plan = world.plan_json(&[]);
        assert_eq!(plan["stopped"][0]["code"], json!("renamed-user"));
        let _ = world
            .try_apply(&[])
            .exits(1)
            .says("under another name: old-bob (portolan.yaml:5)");
        assert_eq!(world.writes(), [""; 0]);
        let drift = world.run(&["drift", "--format", "json"]).exits(2).json();
        assert_ne!(drift["counted"]["changes"], json!(0));
    }
}

#[test]
fn without_the_caller_or_the_creator_a_list_is_unknown() {
    for field in ["creator_name", "self_auth"] {
        let world = world("access: []");
        let mut body = json!({
            "creator_name": "root",
            "self_auth": { "user_id": id_of("01"), "user_name": "root", "auth": 7 },
            "others_auths": [{ "user_id": id_of("0b"), "user_name": "ada", "auth": 7 }],
        });
        body[field] = Value::Null;
        answers(&world, "/namespaces/team-a/access", 200, &body);
        let _ = world.plan(&[]).exits(1).warns(field);
    }
}

#[test]
fn who_does_not_exist_or_has_another_id_stops_the_plan() {
    let world = world("access: [ { user: nobody, level: read } ]");
    let output = world.plan(&[]).exits(1);
    assert!(
        format!("{output}").contains("team-a: nobody: the account has no user of this name"),
        "{output}"
    );
    write(
        &world,
        &format!(
            "access: [ {{ user: bob, level: write, user_id: {} }} ]",
            id_of("0a")
        ),
    );
    let stopped = world.plan_json(&[]);
    assert_eq!(stopped["stopped"][0]["code"], json!("other-user-id"));
    let _ = world.plan(&[]).exits(1).says(&format!(
        "the user of this name has another id: {}, and not {}",
        id_of("0c"),
        id_of("0a")
    ));
    write(&world, "access: [ { user: root, level: read } ]");
    let stopped = world.plan_json(&[]);
    assert_eq!(stopped["stopped"][0]["code"], json!("creator-level"));
}

#[test]
fn the_creator_and_the_operators_keep_what_they_have() {
    let world = world("operators: [ ada ]\n---\naccess: []");
    let _ = world.apply(&[]);
    assert_eq!(held(&world, None), pairs(&[("ada", 7)]));
    // The creator may be listed, as it is.
    write(
        &world,
        "operators: [ ada ]\n---\naccess: [ { user: root, level: manage } ]",
    );
    world.is_settled();
}

#[test]
fn to_manage_needs_consent_and_is_never_folded() {
    let world = world(
        "access: [ { user: ada, level: manage }, { user: bob, level: manage }, { user: cyd, \
        level: manage } ]",
    );
    let plan = world
        .plan(&[])
        .says("withheld: admits, may delete everything here and admit others")
        .says("--allow admits=2 would let it go")
        .says("  ~ access cn-north-4/team-a: bob")
        .says("  + access cn-north-4/team-a: cyd");
    assert!(!plan.stdout.contains("more like"), "{plan}");
    let _ = world.try_apply(&[]).exits(1);
    assert_eq!(held(&world, None), pairs(&[("ada", 7), ("bob", 3)]));
    let _ = world.apply_allowing("admits=2");
    assert_eq!(
        held(&world, None),
        pairs(&[("ada", 7), ("bob", 7), ("cyd", 7)])
    );
}

#[test]
fn a_permission_is_not_lost_while_the_one_in_its_place_is_withheld() {
    let world = world(
        "access: [ { user: ada, level: manage } ]\nrepositories: { web: { access: [ { user: bob, \
        level: manage } ] } }",
    );
    let plan = world.plan(&[]);
    let plan = plan.says("  - access cn-north-4/team-a: bob");
    assert_eq!(plan.stdout.matches("withheld: admits").count(), 2, "{plan}");
    let _ = world.try_apply(&["--allow", "admits=0"]).exits(1);
    assert_eq!(held(&world, None), pairs(&[("ada", 7), ("bob", 3)]));
    assert_eq!(world.writes(), [""; 0]);
    let _ = world.apply_allowing("admits=1");
    assert_eq!(held(&world, None), pairs(&[("ada", 7)]));
    assert_eq!(held(&world, Some("web")), pairs(&[("bob", 7)]));
}

#[test]
fn protect_does_not_keep_a_permission() {
    let world = world("protect: [ '**' ]\n---\naccess: [ { user: bob, level: read } ]");
    let _ = world.apply(&[]);
    assert_eq!(held(&world, None), pairs(&[("bob", 1)]));
}

#[test]
fn nobody_locks_themselves_out() {
    let world = world("access: [ { user: bob, level: write } ]");
    world.edit(|state| state.caller = "ada".to_owned());
    let _ = world
        .plan(&["--out", "plan.json"])
        .exits(0)
        .says("team-a: ada");
    let refused = |output: Output| {
        let output = output
            .exits(1)
            .says("access cn-north-4/team-a: ada belongs to the user who would make this change");
        assert_eq!(world.writes(), [""; 0], "{output}");
    };
    refused(world.try_apply(&[]));
    refused(world.run(&["apply", "plan.json"]));
    // Another manager may.
    world.edit(|state| state.caller = "root".to_owned());
    let _ = world.run(&["apply", "plan.json"]).exits(0);
    assert_eq!(held(&world, None), pairs(&[("bob", 3)]));
}

#[test]
fn nobody_lowers_themselves() {
    let world = world("access: [ { user: ada, level: write }, { user: bob, level: manage } ]");
    world.edit(|state| state.caller = "ada".to_owned());
    let _ = world
        .plan(&["--out", "plan.json", "--allow", "admits"])
        .exits(0);
    for arguments in [
        &["apply", "--yes", "--allow", "admits"][..],
        &["apply", "plan.json"],
    ] {
        let _ = world
            .run(arguments)
            .exits(1)
            .says("access cn-north-4/team-a: ada belongs to the user who would make this change");
        assert_eq!(world.writes(), [""; 0]);
    }
    // Who gets a higher level loses nothing.
    world.edit(|state| state.caller = "bob".to_owned());
    let _ = world.run(&["apply", "plan.json"]).exits(0);
    assert_eq!(held(&world, None), pairs(&[("ada", 3), ("bob", 7)]));
}

#[test]
fn the_plan_is_the_same_for_two_callers() {
    let lists = "operators: [ cyd ]\n---\naccess: [ { user: ada, level: write } ]\nrepositories:\n  \
        web: { access: [ { user: ci-bot, level: read } ] }\n";
    let world = world(lists);
    world.edit(|state| {
        let web = state
            .organization_mut(NORTH, "team-a")
            .unwrap()
            .repositories
            .get_mut("web")
            .unwrap();
        web.access = vec![grant("bob", 7), grant("cyd", 3), grant("ada", 1)];
        let team = state.organization_mut(NORTH, "team-a").unwrap();
        team.auth = 0;
        team.access.push(grant("cyd", 1));
    });
    // Through its organization `bob` may less than on the repository, so his grant there is seen.
    let plan_as = |user: &str| -> Value {
        world.edit(|state| state.caller = user.to_owned());
        world.plan_json(&[])
    };
    let (one, other) = (plan_as("bob"), plan_as("root"));
    assert_eq!(one["outcome"], json!("changes"), "{one:#}");
    assert_eq!(one, other);
    assert_eq!(one, plan_as("cyd"));
    // What `ada` may do on the repository she may through its organization too.
    assert_eq!(plan_as("ada")["outcome"], json!("unknown"));
    let _ = world.plan(&[]).exits(1).warns("add ada to `operators`");
}

#[test]
fn a_list_that_cannot_be_read_is_unknown_and_not_empty() {
    let world = world("access: []");
    let route = Route::named("list-organization-grants").unwrap();
    world.inject(Fault::new(Effect::forbidden()).route(route).forever());
    let output = world.plan(&[]).exits(1);
    assert!(!output.stdout.contains("- access"), "{output}");
    assert!(!output.stdout.contains("No changes"), "{output}");
    let _ = world.try_apply(&[]).exits(1);
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn what_another_client_changes_is_found_and_repaired() {
    let world = world("access: [ { user: ada, level: manage }, { user: bob, level: write } ]");
    world.is_settled();
    type Edit = fn(&mut Vec<Grant>);
    let edits: [(Edit, &str, &str); 4] = [
        (
            |list| list[1].auth = 1,
            "~ access cn-north-4/team-a: bob",
            "deletes",
        ),
        (
            |list| drop(list.remove(0)),
            "+ access cn-north-4/team-a: ada",
            "admits",
        ),
        (
            |list| list.push(grant("cyd", 1)),
            "- access cn-north-4/team-a: cyd",
            "deletes",
        ),
        // A level that the table does not know.
        (|list| list[0].auth = 5, "\"5\" -> \"manage\"", "admits"),
    ];
    for (edit, expected, consent) in edits {
        world.edit(|state| {
            let team = state.organization_mut(NORTH, "team-a").unwrap();
            team.access.sort_by(|one, other| one.user.cmp(&other.user));
            edit(&mut team.access);
        });
        let _ = world.run(&["drift"]).exits(2).says(expected);
        let _ = world.apply(&["--allow", consent]);
        assert_eq!(
            held(&world, None),
            pairs(&[("ada", 7), ("bob", 3)]),
            "{expected}"
        );
    }
}

#[test]
fn a_lost_answer_is_read_again() {
    for route in [
        "create-organization-grant",
        "update-organization-grant",
        "delete-organization-grant",
    ] {
        let world = world("access: [ { user: ada, level: write }, { user: ci-bot, level: read } ]");
        let route = Route::named(route).unwrap();
        world.inject(Fault::new(Effect::CutAfter).route(route));
        let _ = world.apply(&[]);
        assert_eq!(held(&world, None), pairs(&[("ada", 3), ("ci-bot", 1)]));
        assert_eq!(world.writes().len(), 3);
    }
}

#[test]
fn a_grant_that_is_there_by_then_is_compared_and_never_changed() {
    for (level, code) in [(1, 0), (3, 1)] {
        let world = world("access: [ { user: ci-bot, level: read } ]");
        let _ = world.plan(&["--out", "plan.json"]).exits(0);
        world.edit(|state| {
            let team = state.organization_mut(NORTH, "team-a").unwrap();
            team.access.push(grant("ci-bot", level));
        });
        let output = world.run(&["apply", "plan.json"]).exits(code);
        assert_eq!(held(&world, None), pairs(&[("ci-bot", level)]), "{output}");
    }
    // The answer to the write is not the last word.
    let world = world(
        "access: [ { user: ada, level: manage }, { user: bob, level: write }, { user: \
        ci-bot, level: read } ]",
    );
    let route = Route::named("create-organization-grant").unwrap();
    world.inject(Fault::new(Effect::service(4_090_076, "exists")).route(route));
    let _ = world.try_apply(&[]).exits(1);
    let _ = world.apply(&[]);
}

#[test]
fn an_id_that_another_person_has_by_now_is_refused() {
    let world = world("access: [ { user: ada, level: manage } ]");
    let _ = world.plan(&["--out", "plan.json"]).exits(0);
    world.edit(|state| state.users.insert("bob".to_owned(), id_of("ff")));
    let _ = world
        .run(&["apply", "plan.json"])
        .exits(1)
        .says("user_id was");
    assert_eq!(world.writes(), [""; 0]);
}
