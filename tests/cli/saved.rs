//! Saved plans: applied as reviewed, or refused.

use portolan::emulator::Fault;
use serde_json::{Value, json};

use crate::support::{AK, NORTH, QUICKSTART, SK, World};

/// A chart with two repositories, both to be changed.
const TWO: &str = "version: 1\nregion: cn-north-4\n\
    organizations:\n  team-a:\n    repositories:\n      api: { category: arm }\n      web: { \
    category: lang }\n";

/// A world with a saved plan `plan.json` for [`TWO`].
fn two() -> World {
    let world = World::of(TWO);
    world.edit(|state| {
        state.ensure_repository(NORTH, "team-a", "api");
        state.ensure_repository(NORTH, "team-a", "web");
    });
    saved(world)
}

fn saved(world: World) -> World {
    let _ = world.plan(&["--out", "plan.json"]).exits(0);
    world.clear_journal();
    world
}

fn text(world: &World) -> String {
    std::fs::read_to_string(world.path("plan.json")).unwrap()
}

/// Puts something else into the saved plan.
fn mend(world: &World, change: impl FnOnce(&mut Value)) {
    let mut document: Value = serde_json::from_str(&text(world)).unwrap();
    change(&mut document);
    world.file("plan.json", document.to_string());
}

#[track_caller]
fn is_refused(world: &World, because: &str) {
    let _ = world.run(&["apply", "plan.json"]).exits(1).warns(because);
    assert_eq!(world.journal(), []);
}

#[test]
fn a_saved_plan_is_applied_without_the_chart_and_without_a_question() {
    let world = saved(World::of(QUICKSTART));
    std::fs::remove_file(world.path("portolan.yaml")).unwrap();
    let output = world
        .leaves_work("there is no chart")
        .run(&["apply", "plan.json"])
        .exits(0);
    let _ = output.says("Apply complete! Resources: 3 added, 0 changed, 0 destroyed.");
    world.chart(QUICKSTART);
    world.is_settled();
}

#[test]
fn a_saved_plan_holds_the_printed_one() {
    let world = two();
    let mut document: Value = serde_json::from_str(&text(&world)).unwrap();
    let printed = world.plan_json(&[]);
    let extra = ["tool", "scope", "digest"].map(|name| {
        document
            .as_object_mut()
            .unwrap()
            .shift_remove(name)
            .unwrap()
    });
    // The tests mask the port in the output.
    document["endpoints"] = printed["endpoints"].clone();
    assert_eq!(document, printed);
    let scope = &extra[1];
    assert_eq!(scope["regions"], json!([NORTH]));
    assert_eq!(scope["account"], json!({ NORTH: "emulator" }));
    assert_eq!(scope["partial"], json!(false));
}

#[test]
fn a_saved_plan_holds_no_secret() {
    let text = text(&saved(World::of(QUICKSTART)));
    assert!(!text.contains(SK) && !text.contains(AK), "{text}");
}

#[test]
fn the_same_plan_is_saved_as_the_same_bytes() {
    let world = two();
    let first = text(&world);
    assert_eq!(first, text(&saved(world)));
}

/// As [`two`], where the service holds a category that came after this version.
fn with_a_newer_category(entry: &str) -> World {
    let world = World::of(&TWO.replace("{ category: arm }", entry));
    world.edit(|state| {
        state.ensure_repository(NORTH, "team-a", "api").category = "ai_model".to_owned();
        state.ensure_repository(NORTH, "team-a", "web").category = "lang".to_owned();
    });
    saved(world)
}

#[test]
fn a_value_unknown_to_this_version_is_not_damage() {
    let world = with_a_newer_category("{ state: absent }");
    let _ = world
        .run(&["apply", "plan.json"])
        .exits(0)
        .says("1 destroyed");
    let world = with_a_newer_category("{ category: arm }");
    let _ = world
        .plan(&["--format", "markdown"])
        .exits(0)
        .says("ai_model");
    let _ = world
        .run(&["apply", "plan.json"])
        .exits(0)
        .says("1 changed");
    // An unmanaged value is sent back unchanged, which the older emulated service refuses.
    let world = with_a_newer_category("{ description: new }");
    let output = world.run(&["apply", "plan.json"]).exits(1);
    assert!(!output.stderr.contains("damaged"), "{output}");
    let sent = json!({ "is_public": false, "category": "ai_model", "description": "new" });
    assert_eq!(world.bodies(), [sent]);
}

#[test]
fn a_resource_that_another_client_changed_is_named_and_left_alone() {
    let world = two();
    world.edit(|state| {
        state.ensure_repository(NORTH, "team-a", "api").category = "linux".to_owned();
    });
    let output = world.run(&["apply", "plan.json"]).exits(1);
    let output = output.says("repository cn-north-4/team-a/api: failed: not sent");
    let _ = output
        .says(r#"category was "other", is "linux" now"#)
        .says("1 changed");
    assert_eq!(
        world.writes(),
        ["PATCH cn-north-4 /namespaces/team-a/repos/web"]
    );
}

#[test]
fn an_unmanaged_value_that_another_client_changed_is_not_overwritten() {
    let world = two();
    world.edit(|state| {
        state.ensure_repository(NORTH, "team-a", "api").description = "by hand".to_owned();
    });
    let _ = world
        .run(&["apply", "plan.json"])
        .exits(1)
        .says(r#"description was "", is "by hand" now"#);
    assert_eq!(
        world.writes(),
        ["PATCH cn-north-4 /namespaces/team-a/repos/web"]
    );
}

#[test]
fn a_resource_that_another_client_deleted_is_not_created_again() {
    let world = two();
    world.edit(|state| {
        drop(
            state
                .organization_mut(NORTH, "team-a")
                .unwrap()
                .repositories
                .remove("api"),
        );
    });
    let _ = world
        .run(&["apply", "plan.json"])
        .exits(1)
        .says("it existed, but is gone now");
    assert_eq!(
        world.writes(),
        ["PATCH cn-north-4 /namespaces/team-a/repos/web"]
    );
}

#[test]
fn a_different_resource_of_another_client_is_not_overwritten() {
    let world = saved(World::of(QUICKSTART));
    world.edit(|state| {
        state.ensure_repository(NORTH, "group", "busybox").category = "lang".to_owned();
    });
    let output = world
        .run(&["apply", "plan.json"])
        .exits(1)
        .says("it did not exist, but exists now");
    let _ = output.says("skipped, because of repository cn-north-4/group/busybox");
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn an_equal_resource_of_another_client_needs_no_write() {
    let world = saved(World::of(QUICKSTART));
    world.edit(|state| drop(state.ensure_organization(NORTH, "group").clone()));
    let _ = world.run(&["apply", "plan.json"]).exits(0);
    let repository = "/namespaces/group/repos";
    assert_eq!(
        world.writes(),
        [
            format!("POST {NORTH} {repository}"),
            format!("POST {NORTH} {repository}/busybox/sync_repo")
        ]
    );
}

#[test]
fn a_repository_with_more_images_than_reviewed_is_not_deleted() {
    let world = World::of(&TWO.replace("{ category: arm }", "{ state: absent }"));
    world.edit(|state| {
        state.ensure_repository(NORTH, "team-a", "api").num_images = 2;
        state.ensure_repository(NORTH, "team-a", "web").category = "lang".to_owned();
    });
    let _ = world
        .plan(&["--out", "plan.json", "--allow", "destroys-data"])
        .exits(0);
    world.edit(|state| state.ensure_repository(NORTH, "team-a", "api").num_images = 3);
    let _ = world
        .run(&["apply", "plan.json"])
        .exits(1)
        .says("it had 2 images, has 3 now");
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn a_withheld_change_stays_withheld() {
    let world = World::of(&TWO.replace("{ category: arm }", "{ state: absent }"));
    world.edit(|state| {
        state.ensure_repository(NORTH, "team-a", "api").num_images = 2;
        state.ensure_repository(NORTH, "team-a", "web").category = "lang".to_owned();
    });
    let world = saved(world);
    let _ = world
        .run(&["apply", "plan.json"])
        .exits(1)
        .says("1 withheld");
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn a_stopped_plan_is_stopped_when_it_is_applied() {
    let world = World::of(
        &TWO.replace("{ category: arm }", "{ state: absent }")
            .replace("      web", "      web2"),
    );
    world.edit(|state| drop(state.ensure_repository(NORTH, "team-a", "api").clone()));
    let _ = world.plan(&["--out", "plan.json"]).exits(1);
    let _ = world
        .run(&["apply", "plan.json"])
        .exits(1)
        .says("the plan is stopped");
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn a_damaged_plan_is_refused() {
    let world = two();
    mend(&world, |document| {
        document["changes"][0]["after"]["category"] = json!("windows");
    });
    is_refused(&world, "it is damaged");
    world.file("plan.json", &text(&world)[..300]);
    is_refused(&world, "it is not a plan file");
}

#[test]
fn a_newer_format_is_refused() {
    let world = two();
    mend(&world, |document| document["format_version"] = json!("2.0"));
    is_refused(&world, "its format version is 2.0");
}

#[test]
fn a_printed_plan_is_refused() {
    let world = two();
    mend(&world, |document| *document = world.plan_json(&[]));
    world.clear_journal();
    is_refused(&world, "it was printed, not saved");
}

#[test]
fn a_missing_plan_is_refused() {
    is_refused(&World::new(), "plan.json");
}

#[test]
fn consent_and_charts_come_from_the_plan_only() {
    let world = two();
    for arguments in [
        ["apply", "plan.json", "--allow", "deletes"],
        ["apply", "plan.json", "-f", "portolan.yaml"],
        ["-f", "portolan.yaml", "apply", "plan.json"],
    ] {
        let _ = world.run(&arguments).exits(64);
    }
    assert_eq!(world.journal(), []);
}

#[test]
fn another_endpoint_is_refused() {
    let world = two();
    let other = World::new();
    other.file("plan.json", text(&world));
    is_refused(&other, "the plan was made for");
}

#[test]
fn another_account_is_refused() {
    let world = two();
    world.edit(|state| state.account = "other".to_owned());
    let _ = world
        .run(&["apply", "plan.json"])
        .exits(1)
        .warns("the plan was made for the account");
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn an_unknown_outcome_is_not_saved() {
    let world = World::of(TWO);
    world.inject(Fault::new(portolan::emulator::Effect::forbidden()).path("/repos"));
    world.file("plan.json", "format_version is not in here");
    let _ = world.run(&["plan", "--out=plan.json"]).exits(1);
    assert!(
        world.path("plan.json").exists(),
        "what is no plan is left alone"
    );
    world.file("plan.json", r#"{ "format_version": "1.0" }"#);
    world.inject(Fault::new(portolan::emulator::Effect::forbidden()).path("/repos"));
    let _ = world
        .plan(&["--out", "plan.json"])
        .exits(1)
        .warns("removed the older plan plan.json");
    assert!(!world.path("plan.json").exists());
}

#[test]
fn files_that_a_command_reads_are_not_overwritten() {
    let world = World::of(TWO);
    let _ = world
        .run(&["plan", "--out=portolan.yaml", "--file", "portolan.yaml"])
        .exits(64);
    assert_eq!(
        std::fs::read_to_string(world.path("portolan.yaml")).unwrap(),
        TWO
    );
}

#[test]
fn a_link_is_followed_and_its_file_keeps_its_mode() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let world = World::of(TWO);
    world.file("kept.json", "");
    std::fs::set_permissions(
        world.path("kept.json"),
        std::fs::Permissions::from_mode(0o640),
    )
    .unwrap();
    symlink("kept.json", world.path("plan.json")).unwrap();
    let _ = world.plan(&["--out", "plan.json"]).exits(0);
    let kept = std::fs::symlink_metadata(world.path("kept.json")).unwrap();
    assert!(kept.is_file() && kept.len() > 0 && kept.permissions().mode() & 0o777 == 0o640);
    assert!(
        std::fs::symlink_metadata(world.path("plan.json"))
            .unwrap()
            .is_symlink()
    );
}

#[test]
fn a_plan_without_changes_can_be_applied() {
    let world = World::of("version: 1\nregion: cn-north-4\norganizations: { team-a: {} }\n");
    world.edit(|state| drop(state.ensure_organization(NORTH, "team-a").clone()));
    let world = saved(world);
    let _ = world
        .run(&["apply", "plan.json"])
        .exits(0)
        .says("No changes.");
}

#[test]
fn a_saved_plan_is_shown_as_it_was_printed() {
    let world = World::of(&QUICKSTART.replace("busybox", "busy--box"));
    for format in ["text", "markdown", "diff", "sarif", "gitlab", "json"] {
        let printed = world
            .plan(&["--format", format, "--out", "plan.json"])
            .exits(0);
        world.clear_journal();
        // No chart, no credentials, no service.
        let mut command = world.command(&["show", "plan.json", "--format", format]);
        command.env_clear();
        std::fs::rename(world.path("portolan.yaml"), world.path("aside")).unwrap();
        let shown = world.output(command).exits(0);
        std::fs::rename(world.path("aside"), world.path("portolan.yaml")).unwrap();
        assert_eq!(
            (shown.stdout, shown.stderr),
            (printed.stdout, String::new()),
            "{format}"
        );
        assert!(world.journal().is_empty());
    }
    let _ = world
        .run(&["show", "portolan.yaml"])
        .exits(64)
        .warns("write `portolan validate --print --file portolan.yaml`");
    let _ = world
        .run(&["show", "missing.json"])
        .exits(1)
        .warns("cannot read missing.json");
    world.file("plan.json", world.plan(&["--format", "json"]).stdout);
    let _ = world
        .run(&["show", "plan.json"])
        .exits(1)
        .warns("cannot show plan.json: it was printed, not saved");
}

#[test]
fn the_message_about_a_file_that_is_not_a_plan_names_what_it_is() {
    let world = World::of(QUICKSTART);
    let print = |name: &str, arguments: &[&str]| world.file(name, world.run(arguments).stdout);
    print("sarif.json", &["plan", "--format", "sarif"]);
    print("quality.json", &["plan", "--format", "gitlab"]);
    print("drift.json", &["drift", "--format", "json"]);
    print("validate.json", &["validate", "--format", "json"]);
    print("schema.json", &["schema"]);
    let files = ["--receipt", "receipt.json", "--events", "events.json"];
    print(
        "report.json",
        &[&["apply", "--yes", "--format", "json"], &files[..]].concat(),
    );
    world.file(
        "state.json",
        r#"{ "format_version": 1, "account": "", "regions": {} }"#,
    );
    let described = |name: &str| {
        format!("it is for programs, and `portolan schema --document {name}` describes it")
    };
    for (name, what, reader) in [
        (
            "sarif",
            "a SARIF report",
            "code scanning services read it".to_owned(),
        ),
        (
            "quality",
            "a Code Quality report",
            "GitLab reads it".to_owned(),
        ),
        (
            "drift",
            "a document of `drift --format json`",
            described("drift"),
        ),
        (
            "validate",
            "a document of `validate --format json`",
            described("validate"),
        ),
        ("schema", "a JSON Schema", "editors read it".to_owned()),
        (
            "report",
            "a report of `apply --format json`",
            described("report"),
        ),
        (
            "receipt",
            "a receipt of `apply --receipt`",
            described("receipt"),
        ),
        (
            "events",
            "a stream of `apply --events`",
            described("events"),
        ),
        (
            "state",
            "a state of the emulator",
            "`--emulator=FILE` reads it".to_owned(),
        ),
    ] {
        let file = format!("{name}.json");
        for command in ["show", "apply"] {
            let expected =
                format!("cannot {command} {file}: it is {what}, not a saved plan; {reader}\n");
            let _ = world.run(&[command, &file]).exits(1).warns(&expected);
        }
    }
}
