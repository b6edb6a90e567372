//! Files that are not charts: messages show positions and no text of the file.

use serde_json::json;

use crate::support::{NORTH, World};

const CANARY: &str = "canary";

/// Files that a wrong path may name, each with the code of its error.
const FOREIGN: &[(&str, &str)] = &[
    (
        "root:$6$canary$x:19000:0:99999:7:::\nbin:*canary:19000::::::\n",
        "missing-key",
    ),
    ("GIT_TOKEN=canary\nAPI_KEY=\"canary\n", "wrong-type"),
    (
        "[core]\n\trepositoryformatversion = 0\n[remote \"origin\"]\n\turl = \
        https://u:canary@git.example.com\n",
        "yaml-syntax",
    ),
    ("canary: &canary 1\nnext: *canary2\n", "unknown-anchor"),
    ("token: canary\ntoken: canary\n", "duplicate-key"),
    ("token: !canary canary\n", "unsupported-tag"),
    ("number: !!int canary\n", "bad-tag"),
    (
        "region: canary_\norganizations: { Canary: { canary: '${env:canary}' } }\n",
        "missing-key",
    ),
    ("# portolan: allow canary\ntoken: 1\n", "missing-key"),
    ("- canary\n- canary\n", "wrong-type"),
    ("canary", "wrong-type"),
    (
        "{ \"auths\": { \"canary\": { \"auth\": \"canary\" } }, \"nested\": { \"version\": 1 } }\n",
        "missing-key",
    ),
    (
        "-----BEGIN CANARY KEY-----\ncanary=\n-----END CANARY KEY-----\n",
        "wrong-type",
    ),
    ("canary \u{7}\n", "control-character"),
    ("canary: [\n  canary\n", "yaml-syntax"),
    ("@canary\n", "yaml-syntax"),
    (
        "myversion: canary\nversions: canary\nversion_: *canary\n",
        "unknown-anchor",
    ),
];

#[test]
fn of_a_file_that_is_not_a_chart_only_positions_are_shown() {
    let world = World::new();
    world.file(
        "chart.yaml",
        format!("version: 1\nregion: {NORTH}\norganizations: {{ team-a: {{}} }}\n"),
    );
    for (text, code) in FOREIGN {
        world.file("portolan.yaml", text);
        for format in ["text", "json", "sarif", "github", "gitlab"] {
            for files in [&[][..], &["-f", "chart.yaml", "-f", "portolan.yaml"]] {
                let output = world
                    .run(&[&["-vv", "validate", "--format", format], files].concat())
                    .exits(1);
                let output = output
                    .warns(&format!("error[{code}]"))
                    .warns("--> portolan.yaml:");
                assert!(
                    !output.to_string().to_lowercase().contains(CANARY),
                    "{text}\n{output}"
                );
            }
        }
        for format in ["text", "json", "sarif", "gitlab", "markdown", "diff"] {
            let output = world.run(&["plan", "--format", format]).exits(1);
            assert!(
                !output.to_string().to_lowercase().contains(CANARY),
                "{text}\n{output}"
            );
        }
        let output = world
            .try_apply(&["--format", "json", "--receipt", "receipt.json"])
            .exits(1);
        let receipt = std::fs::read_to_string(world.path("receipt.json")).unwrap();
        assert!(
            !format!("{output}{receipt}").to_lowercase().contains(CANARY),
            "{text}\n{output}"
        );
    }
    assert_eq!(world.journal(), []);
}

#[test]
fn a_chart_that_lacks_only_its_version_gets_a_message_about_it() {
    let world = World::of(&format!(
        "region: {NORTH}\norganizations: {{ team-a: {{}} }}\n"
    ));
    let document = world.run(&["validate", "--format", "json"]).exits(1).json();
    let message = "a chart needs `version`";
    assert_eq!(document["errors"], json!(1));
    assert_eq!(document["diagnostics"][0]["message"], json!(message));
    world.chart(&format!("region: {NORTH}\nverison: 1\n"));
    let output = world
        .run(&["validate"])
        .exits(1)
        .warns("portolan.yaml:2:1")
        .warns("did you mean `version` here?");
    assert!(output.stderr.contains("\n1 error\n"), "{output}");
}

#[test]
fn lines_of_a_broken_chart_are_shown() {
    let world = World::new();
    let broken = "organizations:\n  team-a: {\n";
    for version in [
        "version: 1",
        "\"version\": 1",
        "'version' : 1",
        "version:\t1",
        "version:",
        "\u{feff}version: 1",
    ] {
        world.chart(&format!("{version}\n{broken}"));
        let _ = world
            .run(&["validate"])
            .exits(1)
            .warns("error[yaml-syntax]")
            .warns("team-a: {");
    }
    world.chart("--- { region: r }\n--- { version: 1, regoin: x }\n");
    let _ = world
        .run(&["validate"])
        .exits(1)
        .warns("{ version: 1, regoin: x }")
        .warns("{ region: r }");
}

/// The definitions of a chart without its version are unknown, so references to them are not
/// reported.
#[test]
fn a_definition_in_another_file_is_not_called_missing() {
    let world = World::new();
    world.file(
        "targets.yaml",
        "region: cn-north-4\ntargets: { dr: { region: cn-east-3, organization: team-dr } }\n",
    );
    world.chart(
        "version: 1\nregion: cn-north-4\ndefaults: { repository: { sync: [ { target: dr } ] } }\n",
    );
    let output = world
        .run(&["validate", "-f", "portolan.yaml", "-f", "targets.yaml"])
        .exits(1);
    assert!(
        output.stderr.contains("targets.yaml:1:1") && output.stderr.contains("\n1 error\n"),
        "{output}"
    );
}
