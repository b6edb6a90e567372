//! `init`: a first chart, and the live state as a chart.

use portolan::emulator::{Effect, ErrorBody, Fault, Route, SyncRule};

use crate::support::{NORTH, World};

#[test]
fn a_fresh_chart_is_valid_and_left_alone_afterwards() {
    let world = World::new();
    let _ = world
        .run(&["init", "team-a", "team-b"])
        .exits(0)
        .says("Wrote portolan.yaml");
    let _ = world
        .run(&["validate", "--deny", "warnings"])
        .exits(0)
        .says("2 resources");
    world.chart("version: 1\n");
    let _ = world
        .run(&["init"])
        .exits(1)
        .warns("portolan.yaml exists already, and is left unchanged");
    assert_eq!(
        std::fs::read_to_string(world.path("portolan.yaml")).unwrap(),
        "version: 1\n"
    );
}

const SCHEMA: &str = "portolan.schema.json";

#[test]
fn the_schema_that_the_chart_names_is_beside_it() {
    let world = World::new();
    let read = |name: &str| std::fs::read_to_string(world.path(name)).unwrap();
    let _ = world
        .run(&["init"])
        .exits(0)
        .says("Wrote portolan.yaml and portolan.schema.json;");
    let first = read("portolan.yaml").lines().next().unwrap().to_owned();
    assert_eq!(
        first,
        "# yaml-language-server: $schema=portolan.schema.json"
    );
    assert_eq!(read(SCHEMA), world.run(&["schema"]).exits(0).stdout);
    // A second chart shares it, one in another folder has its own, and so has a chart of what is
    // live.
    let _ = world
        .run(&["init", "-f", "second.yaml"])
        .exits(0)
        .says("Wrote second.yaml;");
    std::fs::create_dir(world.path("folder")).unwrap();
    world.edit(|state| drop(state.ensure_repository(NORTH, "team-a", "web").clone()));
    let live = [
        "init",
        "--from-live",
        "team-a",
        "--region",
        NORTH,
        "-f",
        "folder/live.yaml",
    ];
    let _ = world
        .run(&live)
        .exits(0)
        .says("Wrote folder/live.yaml and folder/portolan.schema.json;");
    assert_eq!(read("folder/portolan.schema.json"), read(SCHEMA));
    assert!(read("folder/live.yaml").starts_with(&first));
}

#[test]
fn another_file_with_that_name_is_left_alone() {
    let world = World::new();
    world.file(SCHEMA, "{}\n");
    let _ = world
        .run(&["init"])
        .exits(1)
        .warns("portolan.schema.json exists already and is not the schema of this");
    assert_eq!(std::fs::read_to_string(world.path(SCHEMA)).unwrap(), "{}\n");
    assert!(!world.path("portolan.yaml").exists());
    let _ = world
        .run(&["init", "-f", "folder/portolan.schema.json"])
        .exits(64)
        .warns("is the name of the schema");
    // A link that leads nowhere is something else too.
    std::fs::remove_file(world.path(SCHEMA)).unwrap();
    std::os::unix::fs::symlink("nowhere.json", world.path(SCHEMA)).unwrap();
    let _ = world
        .run(&["init"])
        .exits(1)
        .warns("cannot write portolan.schema.json");
    assert!(!world.path("portolan.yaml").exists() && !world.path("nowhere.json").exists());
}

#[test]
fn the_live_state_as_a_chart_has_an_empty_plan() {
    let world = World::new();
    world.edit(|state| {
        let repository = state.ensure_repository(NORTH, "team-a", "web/front");
        repository.description = "two\nlines, ${env:HOME} and \u{2028}".to_owned();
        repository.is_public = true;
        repository.sync_rules.push(SyncRule::to("cn-east-3", "dr"));
        state.ensure_repository(NORTH, "team-a", "on").category = "arm".to_owned();
        state.ensure_repository(NORTH, "other", "stays-out");
    });
    let _ = world
        .run(&["init", "--from-live", "team-a", "--region", NORTH])
        .exits(0);
    let text = std::fs::read_to_string(world.path("portolan.yaml")).unwrap();
    assert!(!text.contains("stays-out"), "{text}");
    world.is_settled();
    let _ = world
        .run(&["validate", "--deny", "warnings"])
        .exits(0)
        .says("4 resources");
}

#[test]
fn unreadable_resources_are_not_written() {
    let world = World::new();
    let arguments = ["init", "--from-live", "nobody", "--region", NORTH];
    let _ = world
        .run(&arguments)
        .exits(1)
        .warns("organization cn-north-4/nobody does not exist");
    world.inject(Fault::new(Effect::forbidden()).forever());
    let _ = world.run(&arguments).exits(1).warns("403");
    assert!(!world.path("portolan.yaml").exists());
}

#[test]
fn names_that_cannot_be_are_usage_errors() {
    let world = World::new();
    for arguments in [
        &["init", "Team"][..],
        &["init", "--region", "x.y/"],
        &["init", "--from-live"],
        &["init", "o", "o"],
    ] {
        let _ = world.run(arguments).exits(64);
    }
}

#[test]
fn a_value_that_a_chart_cannot_hold_is_left_unmanaged_and_named() {
    let world = World::new();
    world.edit(|state| {
        state.ensure_repository(NORTH, "team-a", "weird").category = "weird".to_owned();
        state.ensure_repository(NORTH, "team-a", "long").description = "x".repeat(40_000);
        state
            .ensure_repository(NORTH, "team-a", "Upper//Case")
            .is_public = true;
        let rules = &mut state.ensure_repository(NORTH, "team-a", "rules").sync_rules;
        rules.push(SyncRule::to("cn-east-3", "dr"));
        rules.push(SyncRule::to("cn-east-3", "::Not a name\u{1b}"));
        state
            .ensure_repository(NORTH, "team-a", "plain")
            .description = "as usual".to_owned();
    });
    let output = world
        .run(&["init", "--from-live", "team-a", "--region", NORTH])
        .exits(0);
    let text = std::fs::read_to_string(world.path("portolan.yaml")).unwrap();
    for what in [
        "category of repository cn-north-4/team-a/weird",
        "description of repository cn-north-4/team-a/long",
        "repository cn-north-4/team-a/Upper//Case",
        "rules of repository cn-north-4/team-a/rules",
    ] {
        assert!(
            output
                .stderr
                .contains(&format!("warning: left unmanaged: {what}: ")),
            "{what}: {output}"
        );
        assert!(text.contains(&format!("\n# - {what}: ")), "{what}: {text}");
    }
    assert!(
        !text.contains('\u{1b}') && text.contains("plain: { description: \"as usual\" }"),
        "{text}"
    );
    // A list that is present would be the whole truth: no rule of that repository is written.
    assert!(
        !text.contains("cn-east-3\n")
            && text.contains("      rules: { description: \"\", sync: null }\n"),
        "{text}"
    );
    world.is_settled();
}

#[test]
fn a_repository_whose_rules_cannot_be_read_is_skipped() {
    let world = World::new();
    for name in ["a", "b", "c"] {
        world.edit(|state| {
            state
                .ensure_repository(NORTH, "team-a", name)
                .sync_rules
                .push(SyncRule::to("cn-east-3", "dr"));
        });
    }
    let broken = Fault::new(Effect::forbidden())
        .path("/repos/b/sync_repo")
        .forever();
    world.inject(broken);
    let arguments = ["init", "--from-live", "team-a", "--region", NORTH];
    let output = world.run(&arguments).exits(0);
    let _ = output.warns("warning: left unmanaged: rules of repository cn-north-4/team-a/b: ");
    let text = std::fs::read_to_string(world.path("portolan.yaml")).unwrap();
    assert!(
        text.contains("      a:\n      b: { sync: null }\n      c:\n"),
        "{text}"
    );
    world.is_settled();
    // If the rules of every repository are forbidden, the failure is not one of a repository.
    world.inject(Fault::new(Effect::forbidden()).path("/sync_repo").forever());
    let _ = world
        .run(&[&["-f", "other.yaml"], &arguments[..]].concat())
        .exits(1)
        .warns("403");
    assert!(!world.path("other.yaml").exists());
}

#[test]
fn a_missing_region_is_an_error_or_is_reported() {
    let world = World::new();
    world.edit(|state| drop(state.ensure_repository(NORTH, "team-a", "a").clone()));
    let output = world.run(&["init", "--from-live", "team-a"]).exits(64);
    let _ = output.warns("`--from-live` needs `--region REGION`");
    assert!(world.journal().is_empty() && !world.path("portolan.yaml").exists());
    let _ = world
        .run(&["init"])
        .exits(0)
        .warns("no `--region` was given, so the chart has the region cn-north-4");
    let output = world
        .run(&["-f", "b.yaml", "--region", "cn-east-3", "init"])
        .exits(0);
    assert_eq!(output.stderr, "");
}

#[test]
fn many_values_that_a_chart_cannot_hold_are_counted() {
    let world = World::new();
    world.edit(|state| {
        for at in 0..100 {
            state
                .ensure_repository(NORTH, "team-a", &format!("a{at}"))
                .category = "weird".to_owned();
        }
    });
    let output = world
        .run(&["init", "--from-live", "team-a", "--region", NORTH])
        .exits(0);
    assert_eq!(
        output.stderr.matches("left unmanaged: category of").count(),
        20,
        "{}",
        output.stderr
    );
    let _ = output.warns(
        "warning: left unmanaged: 80 more; the comments at the top of the chart name each\n",
    );
    let text = std::fs::read_to_string(world.path("portolan.yaml")).unwrap();
    assert_eq!(
        text.matches("\n# - category of repository").count(),
        100,
        "{text}"
    );
}

#[test]
fn a_login_in_a_live_text_is_left_out() {
    let world = World::new();
    let described = |name: &str, text: &str| {
        let text = text.to_owned();
        world.edit(|state| state.ensure_repository(NORTH, "team-a", name).description = text);
    };
    described("a", "built from https://bob:hunter2@git.example.com/a.git");
    described("b", "ask bob@example.com");
    let output = world
        .run(&["init", "--from-live", "team-a", "--region", NORTH])
        .exits(0);
    let output = output.warns(
        "warning: left unmanaged: description of repository cn-north-4/team-a/a: \
            it contains a URL with a login",
    );
    let text = std::fs::read_to_string(world.path("portolan.yaml")).unwrap();
    assert!(
        !format!("{output}{text}").contains("hunter2") && text.contains("bob@example.com"),
        "{output}{text}"
    );
    world.is_settled();
}

#[test]
fn hundreds_of_logins_in_live_texts_are_counted() {
    let world = World::new();
    world.edit(|state| {
        for at in 0..200 {
            let login = format!("built from https://bob:hunter2@git.example.com/{at}.git");
            state
                .ensure_repository(NORTH, "team-a", &format!("a{at}"))
                .description = login;
        }
    });
    let output = world
        .run(&["init", "--from-live", "team-a", "--region", NORTH])
        .exits(0);
    assert_eq!(output.stderr.lines().count(), 21, "{output}");
    let _ = output.warns("warning: left unmanaged: 180 more; ");
    let text = std::fs::read_to_string(world.path("portolan.yaml")).unwrap();
    assert!(
        text.matches("it contains a URL with a login").count() == 200 && !text.contains("hunter2"),
        "{text}"
    );
    world.is_settled();
}

#[test]
fn an_item_that_cannot_be_understood_is_left_unmanaged() {
    let world = World::new();
    world.edit(|state| {
        for name in ["good", "odd", "other"] {
            state.ensure_repository(NORTH, "team-a", name);
        }
    });
    let answers = |items: &[&str]| {
        let (content_type, text) = (
            "application/json".to_owned(),
            format!("[{}]", items.join(",")),
        );
        let body = ErrorBody::Other {
            status: 200,
            content_type,
            text,
        };
        let effect = Effect::Status {
            body,
            retry_after: None,
            committed: false,
        };
        world.emulator.clear_faults();
        world.inject(
            Fault::new(effect)
                .route(Route::named("list-repositories").unwrap())
                .forever(),
        );
    };
    let item = |name: &str, rest: &str| {
        format!(r#"{{ "name": "{name}", "namespace": "team-a", {rest} }}"#)
    };
    let good = item("good", r#""is_public": false"#);
    let other = item(
        "other",
        r#""is_public": false, "description": "", "category": "other""#,
    );
    let odd = item("odd", r#""is_public": "perhaps", "description": 7"#);
    answers(&[&good, &odd, &other]);
    let arguments = ["init", "--from-live", "team-a", "--region", NORTH];
    let output = world.run(&arguments).exits(0);
    let warning = "warning: left unmanaged: repository cn-north-4/team-a/odd: \
        expected a repository, found `{";
    assert!(
        output.stderr.contains(warning) && output.stderr.lines().count() == 1,
        "{output}"
    );
    let text = std::fs::read_to_string(world.path("portolan.yaml")).unwrap();
    assert!(
        text.contains("\n# - repository cn-north-4/team-a/odd: ") && text.contains("      good:\n"),
        "{text}"
    );
    assert!(!text.contains("      odd:"), "{text}");
    // To a plan of its organization it is unknown, and of no concern to others.
    let _ = world
        .plan(&[])
        .exits(1)
        .warns("cannot read the repository cn-north-4/team-a/odd: expected a repository");
    world.file(
        "b.yaml",
        "version: 1\nregion: cn-north-4\norganizations: { team-b: {} }\n",
    );
    let _ = world
        .plan(&["-f", "b.yaml"])
        .exits(0)
        .says("Plan: 1 to add");
    // If no item can be understood, the failure is not one of a repository.
    answers(&[&odd, &item("odder", r#""is_public": 1"#)]);
    let _ = world
        .run(&[&["-f", "other.yaml"], &arguments[..]].concat())
        .exits(1)
        .warns("cannot read the repository");
    assert!(!world.path("other.yaml").exists());
    // Without a name, the item cannot be skipped.
    answers(&[&good, r#"{ "is_public": 1 }"#]);
    let _ = world
        .run(&[&["-f", "other.yaml"], &arguments[..]].concat())
        .exits(1)
        .warns("a `name` and a `namespace`");
}
