//! Where charts come from: files, documents, directories, regions; and the origin of credentials.

use portolan::emulator::Settings;
use serde_json::json;

use crate::support::{NORTH, World};

fn team(region: &str, name: &str) -> String {
    format!("version: 1\nregion: {region}\norganizations: {{ {name}: {{}} }}\n")
}

#[track_caller]
fn creates(world: &World, arguments: &[&str], expected: &[&str]) {
    let document = world.plan_json(arguments);
    let part = |change: &serde_json::Value, name: &str| {
        change["address"][name].as_str().unwrap().to_owned()
    };
    let changes = document["changes"].as_array().unwrap().iter();
    let found: Vec<String> = changes
        .map(|change| {
            format!(
                "{}/{}",
                part(change, "region"),
                part(change, "organization")
            )
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn several_documents_are_one_chart() {
    let world = World::of(&format!(
        "{}---\n{}",
        team(NORTH, "team-a"),
        team(NORTH, "team-b")
    ));
    creates(&world, &[], &["cn-north-4/team-a", "cn-north-4/team-b"]);
}

#[test]
fn several_files_are_one_chart() {
    let world = World::new();
    world.file("a.yaml", team(NORTH, "team-a"));
    world.file("b.yaml", team(NORTH, "team-b"));
    creates(
        &world,
        &["-f", "b.yaml", "--file", "a.yaml"],
        &["cn-north-4/team-a", "cn-north-4/team-b"],
    );
    assert_eq!(
        world.plan_json(&["-f", "b.yaml", "-f", "a.yaml"])["chart"]["files"],
        json!(["b.yaml", "a.yaml"])
    );
    let _ = world
        .plan(&["-f", "a.yaml", "-f", "a.yaml"])
        .exits(1)
        .warns("a.yaml is given twice");
}

#[test]
fn a_directory_is_its_yaml_files() {
    let world = World::new();
    world.file("charts/b.yml", team(NORTH, "team-b"));
    world.file("charts/a.yaml", team(NORTH, "team-a"));
    world.file("charts/note.txt", "no chart");
    world.file("charts/below/c.yaml", team(NORTH, "team-c"));
    creates(
        &world,
        &["-f", "charts"],
        &["cn-north-4/team-a", "cn-north-4/team-b"],
    );
    assert_eq!(
        world.plan_json(&["-f", "charts"])["chart"]["files"],
        json!(["charts/a.yaml", "charts/b.yml"])
    );
    world.file("empty/note.txt", "no chart");
    let _ = world
        .plan(&["-f", "empty"])
        .exits(1)
        .warns("empty contains no");
}

#[test]
fn the_default_is_either_a_file_or_a_directory() {
    let world = World::new();
    world.file("portolan/a.yaml", team(NORTH, "team-a"));
    creates(&world, &[], &["cn-north-4/team-a"]);
    world.chart(&team(NORTH, "team-b"));
    let _ = world.plan(&[]).exits(1).warns("choose one with `--file`");
    creates(&world, &["-f", "portolan.yaml"], &["cn-north-4/team-b"]);
}

#[test]
fn a_repository_in_two_files_is_an_error_at_both_places() {
    let world = World::new();
    let chart = "version: 1\nregion: cn-north-4\n\
        organizations:\n  team-a:\n    repositories:\n      web: {}\n";
    world.file("a.yaml", chart);
    world.file("b.yaml", chart);
    let output = world
        .plan(&["-f", "a.yaml", "-f", "b.yaml"])
        .exits(1)
        .warns("duplicate-repository");
    assert!(
        output.stderr.contains("a.yaml:6") && output.stderr.contains("b.yaml:6"),
        "{output}"
    );
}

#[test]
fn an_organization_may_be_spread_over_files() {
    let world = World::new();
    let entry = |name: &str| {
        format!(
            "version: 1\nregion: cn-north-4\norganizations:\n  team-a:\n    repositories: {{ \
            {name}: {{}} }}\n"
        )
    };
    world.file("portolan/a.yaml", entry("api"));
    world.file("portolan/b.yaml", entry("web"));
    let _ = world.apply(&[]);
    assert_eq!(world.writes().len(), 3);
}

#[test]
fn the_region_option_fills_in_and_overrides_nothing() {
    let nowhere = "version: 1\norganizations: { team-a: {} }\n";
    let world = World::of(&format!("{nowhere}---\n{}", team("cn-east-3", "team-b")));
    let _ = world
        .plan(&[])
        .exits(1)
        .warns("missing-region")
        .warns("`--region`");
    creates(
        &world,
        &["--region", NORTH],
        &["cn-east-3/team-b", "cn-north-4/team-a"],
    );
    creates(
        &world.variable("PORTOLAN_REGION", NORTH),
        &[],
        &["cn-east-3/team-b", "cn-north-4/team-a"],
    );
}

#[test]
fn options_are_accepted_before_and_after_the_command() {
    let world = World::new();
    world.file("a.yaml", "version: 1\norganizations: { team-a: {} }\n");
    for arguments in [
        ["-f", "a.yaml", "--region", NORTH, "plan"],
        ["plan", "-f", "a.yaml", "--region", NORTH],
        ["-f", "a.yaml", "plan", "--region", NORTH],
    ] {
        let _ = world
            .run(&arguments)
            .exits(0)
            .says("organization cn-north-4/team-a");
    }
}

#[test]
fn each_region_is_read_at_its_own_endpoint() {
    let world = World::of(&format!(
        "{}---\n{}",
        team(NORTH, "team-a"),
        team("cn-east-3", "team-a")
    ));
    let _ = world.apply(&[]);
    assert_eq!(world.state(), ["cn-east-3/team-a", "cn-north-4/team-a"]);
}

#[test]
fn two_regions_cannot_share_an_endpoint() {
    let world = World::of(&format!(
        "{}---\n{}",
        team(NORTH, "team-a"),
        team("cn-east-3", "team-a")
    ));
    let world = world.variable("PORTOLAN_ENDPOINT_SWR", "http://127.0.0.1:9");
    let _ = world.plan(&[]).exits(1).warns("have the same endpoint");
}

#[test]
fn two_names_of_one_server_are_one_endpoint() {
    let world = World::new();
    let url = world.endpoint().replace("/{region}", "");
    let other = url.replace("127.0.0.1", "localhost");
    let document = |region: &str, url: &str| {
        format!(
            "{}endpoints: {{ swr: \"{url}\" }}\n",
            team(region, "team-a")
        )
    };
    let world = world.variable("PORTOLAN_ENDPOINT_SWR", "");
    world.chart(&format!(
        "{}---\n{}",
        document(NORTH, &url),
        document("cn-east-3", &other)
    ));
    let _ = world
        .plan(&[])
        .exits(1)
        .warns("have the same endpoint")
        .warns("which is also written");
    assert_eq!(world.journal().len(), 0);
}

#[test]
fn the_chart_may_name_an_endpoint_on_this_machine() {
    let world = World::new();
    let endpoint = world.endpoint();
    world.chart(&format!(
        "{}endpoints: {{ swr: \"{endpoint}\" }}\n",
        team(NORTH, "team-a")
    ));
    let world = world.variable("PORTOLAN_ENDPOINT_SWR", "");
    creates(&world, &[], &["cn-north-4/team-a"]);
}

fn with_token() -> World {
    World::with(Settings::default()).variable("HW_AUTH_TOKEN", "a-token")
}

#[test]
fn a_token_serves_one_region() {
    let world = with_token();
    world.chart(&team(NORTH, "team-a"));
    let _ = world.apply(&[]);
    world.chart(&format!(
        "{}---\n{}",
        team(NORTH, "team-a"),
        team("cn-east-3", "team-a")
    ));
    let _ = world
        .plan(&[])
        .exits(1)
        .warns("`HW_AUTH_TOKEN` is valid in one region, but the chart has 2");
}

#[test]
fn a_project_belongs_to_one_region() {
    let world = World::new().variable("HUAWEICLOUD_SDK_PROJECT_ID", "a-project");
    world.chart(&team(NORTH, "team-a"));
    let output = world.plan(&[]).exits(0);
    assert_eq!(output.stderr, "");
    world.chart(&format!(
        "{}---\n{}",
        team(NORTH, "team-a"),
        team("cn-east-3", "team-a")
    ));
    let _ = world
        .plan(&[])
        .exits(0)
        .warns("warning: the chart has several regions, so the project id is not sent");
}

#[test]
fn the_variables_of_terraform_for_keys_are_accepted() {
    let world = World::of(&team(NORTH, "team-a"));
    let world = world
        .variable("HUAWEICLOUD_SDK_AK", "")
        .variable("HUAWEICLOUD_SDK_SK", "");
    let world = world
        .variable("HW_ACCESS_KEY", crate::support::AK)
        .variable("HW_SECRET_KEY", crate::support::SK);
    creates(&world, &[], &["cn-north-4/team-a"]);
}

#[test]
fn validate_needs_neither_network_nor_credentials() {
    let world = World::of(&team(NORTH, "team-a")).variable("HUAWEICLOUD_SDK_SK", "");
    let _ = world
        .run(&["validate"])
        .exits(0)
        .says("The chart is valid: 1 resource.");
    world.chart(&team(NORTH, "Team"));
    let _ = world.run(&["validate"]).exits(1).warns("bad-name");
    assert_eq!(world.journal(), []);
}
