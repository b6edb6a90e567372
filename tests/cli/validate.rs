//! The output of `validate` for people and for programs.

use crate::support::World;

const WRONG: &str = "version: 1\nregion: cn-north-4\norganisations: {}\n";

#[test]
fn text_for_people_is_on_stderr_in_every_format() {
    for format in ["text", "json", "sarif", "github", "gitlab"] {
        let world = World::of(WRONG);
        let _ = world
            .run(&["validate", "--format", format])
            .exits(1)
            .warns("error[unknown-key]")
            .warns("portolan.yaml:3:1");
    }
}

#[test]
fn machines_read_places_on_stdout() {
    let world = World::of(WRONG);
    let json = world.run(&["validate", "--format", "json"]).json();
    assert_eq!(
        (&json["valid"], &json["errors"]),
        (&false.into(), &1.into())
    );
    let found = &json["diagnostics"][0];
    assert_eq!(
        (&found["code"], &found["line"], &found["column"]),
        (&"unknown-key".into(), &3.into(), &1.into())
    );
    assert_eq!(found["hint"], "did you mean `organizations`?");
    let sarif = world.run(&["validate", "--format", "sarif"]).json();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "unknown-key");
    let github = world.run(&["validate", "--format", "github"]).exits(1);
    assert!(
        github
            .stdout
            .starts_with("::error file=portolan.yaml,line=3,col=1,title=unknown-key::"),
        "{}",
        github.stdout
    );
}

#[test]
fn a_chart_without_findings_prints_an_empty_document() {
    let world = World::of("version: 1\nregion: cn-north-4\n");
    assert_eq!(
        world.run(&["validate", "--format", "json"]).exits(0).json()["diagnostics"],
        serde_json::json!([])
    );
    assert_eq!(
        world
            .run(&["validate", "--format", "github"])
            .exits(0)
            .stdout,
        ""
    );
    assert_eq!(
        world
            .run(&["validate", "--format", "gitlab"])
            .exits(0)
            .stdout,
        "[]\n"
    );
}

#[test]
fn the_effective_chart_is_printed() {
    let world = World::of(
        "version: 1\nregion: cn-north-4\ndefaults: { repository: { category: '${env:KIND:-arm}' } \
        }\norganizations: { b: {}, a: { repositories: { x: } } }\n",
    );
    let output = world.run(&["validate", "--print"]).exits(0);
    let expected = "version: 1\nregion: cn-north-4\n\
        organizations:\n  a:\n    repositories:\n      x:\n        category: arm\n  b: {}\n";
    assert_eq!(output.stdout, expected);
}

#[test]
fn files_can_be_named_without_an_option() {
    let world = World::new();
    world.file(
        "a.yaml",
        "version: 1\nregion: cn-north-4\norganizations: { a: {} }\n",
    );
    world.file(
        "b/b.yaml",
        "version: 1\nregion: cn-north-4\norganizations: { b: {} }\n",
    );
    let _ = world
        .run(&["validate", "a.yaml"])
        .exits(0)
        .says("1 resource");
    let _ = world
        .run(&["validate", "a.yaml", "b"])
        .exits(0)
        .says("2 resources");
    let _ = world
        .run(&["validate", "a.yaml", "missing.yaml"])
        .exits(1)
        .warns("missing.yaml");
    for arguments in [
        &["validate", "a.yaml", "-f", "b"][..],
        &["-f", "b", "validate", "a.yaml"],
        &["validate", ""],
    ] {
        let _ = world.run(arguments).exits(64);
    }
    // A variable is for every command; an option is for this one.
    let world = world.variable("PORTOLAN_FILE", "b");
    let _ = world
        .run(&["validate", "a.yaml", "--print"])
        .exits(0)
        .says("  a: {}");
    let _ = world.run(&["validate", "--print"]).exits(0).says("  b: {}");
}
