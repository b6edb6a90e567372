//! A chart to start from, and the live state as a chart.

use crate::support::{NORTH, World};

#[test]
fn a_fresh_chart_is_valid_and_left_alone_afterwards() {
    let world = World::new();
    let _ = world.run(&["init", "team-a", "team-b"]).exits(0).says("Wrote portolan.yaml");
    let _ = world.run(&["validate", "--deny", "warnings"]).exits(0).says("2 resources");
    world.chart("version: 1\n");
    let _ = world.run(&["init"]).exits(1).warns("portolan.yaml is there already, and is left alone");
    assert_eq!(std::fs::read_to_string(world.path("portolan.yaml")).unwrap(), "version: 1\n");
}

#[test]
fn the_live_state_as_a_chart_has_an_empty_plan() {
    let world = World::new();
    world.edit(|state| {
        let repository = state.ensure_repository(NORTH, "team-a", "web/front");
        repository.description = "two\nlines, ${env:HOME} and \u{2028}".to_owned();
        repository.is_public = true;
        repository.sync_rules.push(portolan::emulator::SyncRule::to("cn-east-3", "dr"));
        state.ensure_repository(NORTH, "team-a", "on").category = "arm".to_owned();
        state.ensure_repository(NORTH, "other", "stays-out");
    });
    let _ = world.run(&["init", "--from-live", "team-a", "--region", NORTH]).exits(0);
    let text = std::fs::read_to_string(world.path("portolan.yaml")).unwrap();
    assert!(!text.contains("stays-out"), "{text}");
    world.is_settled();
    let _ = world.run(&["validate", "--deny", "warnings"]).exits(0).says("4 resources");
}

#[test]
fn what_cannot_be_read_is_not_written() {
    let world = World::new();
    let arguments = ["init", "--from-live", "nobody", "--region", NORTH];
    let _ = world.run(&arguments).exits(1).warns("organization cn-north-4/nobody does not exist");
    world.inject(portolan::emulator::Fault::new(portolan::emulator::Effect::forbidden()).forever());
    let _ = world.run(&arguments).exits(1).warns("403");
    assert!(!world.path("portolan.yaml").exists());
}

#[test]
fn names_that_cannot_be_are_usage_errors() {
    let world = World::new();
    for arguments in
        [&["init", "Team"][..], &["init", "--region", "x.y/"], &["init", "--from-live"], &["init", "o", "o"]]
    {
        let _ = world.run(arguments).exits(64);
    }
}

#[test]
fn what_a_chart_cannot_say_is_not_written() {
    let world = World::new();
    world.edit(|state| state.ensure_repository(NORTH, "team-a", "a").category = "weird".to_owned());
    let output = world.run(&["init", "--from-live", "team-a", "--region", NORTH]).exits(1);
    let _ = output.warns("error[unknown-value]").warns("nothing is written");
    assert!(!world.path("portolan.yaml").exists());
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
    let output = world.run(&["init", "--from-live", "team-a", "--region", NORTH]).exits(0);
    let output = output.warns("warning: description of repository cn-north-4/team-a/a holds a URL with a login");
    let text = std::fs::read_to_string(world.path("portolan.yaml")).unwrap();
    assert!(!format!("{output}{text}").contains("hunter2") && text.contains("bob@example.com"), "{output}{text}");
    world.is_settled();
}
