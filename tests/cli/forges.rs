//! Documents for forges: SARIF for GitHub, Code Quality for GitLab. No document holds what its
//! forge refuses.

use serde_json::{Value, json};

use crate::support::{NORTH, World};

const WRONG: &str = "version: 1\nregion: cn-north-4\norganisations: {}\n";

fn results(document: &Value) -> &Vec<Value> {
    document["runs"][0]["results"].as_array().unwrap()
}

fn uri(result: &Value) -> &str {
    result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        .as_str()
        .unwrap()
}

#[test]
fn a_file_name_becomes_a_uri_reference() {
    let world = World::new();
    for (name, expected) in [
        ("my chart.yaml", "my%20chart.yaml"),
        ("./a#b?.yaml", "a%23b%3F.yaml"),
        ("100%.yaml", "100%25.yaml"),
        ("c:d.yaml", "c%3Ad.yaml"),
        ("\u{65e5}\u{e9}.yaml", "%E6%97%A5%C3%A9.yaml"),
        ("back\\slash.yaml", "back%5Cslash.yaml"),
        ("line\nbreak\u{1}.yaml", "line%0Abreak%01.yaml"),
        ("charts/../x.yaml", "x.yaml"),
    ] {
        world.file("charts/none", "");
        world.file(name, WRONG);
        let sarif = world
            .run(&["validate", "-f", name, "--format", "sarif"])
            .exits(1)
            .json();
        assert_eq!(uri(&results(&sarif)[0]), expected, "{name}");
    }
    // A file outside the root of the repository has an absolute URI.
    let absolute = "/dev/stdin";
    let sarif = world
        .run(&["validate", "-f", absolute, "--format", "sarif"])
        .exits(1)
        .json();
    assert_eq!(uri(&results(&sarif)[0]), "file:///dev/stdin");
}

#[test]
fn paths_start_at_the_root_of_the_repository() {
    let world = World::new();
    world.file(".git", "gitdir: elsewhere\n");
    world.file("deploy/portolan.yaml", WRONG);
    world.file("charts/a b.yaml", WRONG);
    for (arguments, uri_expected, path) in [
        (&[][..], "deploy/portolan.yaml", "deploy/portolan.yaml"),
        (
            &["-f", "../charts/a b.yaml"],
            "charts/a%20b.yaml",
            "charts/a b.yaml",
        ),
    ] {
        let run = |format: &str| {
            let mut command =
                world.command(&[&["validate", "--format", format], arguments].concat());
            command.current_dir(world.path("deploy"));
            world.output(command).exits(1).json()
        };
        assert_eq!(uri(&results(&run("sarif"))[0]), uri_expected);
        assert_eq!(run("gitlab")[0]["location"]["path"], path);
    }
}

#[test]
fn no_result_is_without_a_location() {
    let world = World::new();
    let has_places = |arguments: &[&str], code: i32| {
        let sarif = world
            .run(&[arguments, &["--format", "sarif"]].concat())
            .exits(code)
            .json();
        let found = results(&sarif);
        assert!(!found.is_empty(), "{arguments:?}");
        for result in found {
            assert!(!uri(result).is_empty(), "{result}");
            let line = &result["locations"][0]["physicalLocation"]["region"]["startLine"];
            assert!(line.as_u64() >= Some(1), "{result}");
        }
        sarif
    };
    for command in ["validate", "plan", "drift"] {
        let sarif = has_places(&[command], 1);
        assert_eq!(
            (uri(&results(&sarif)[0]), &results(&sarif)[0]["ruleId"]),
            ("portolan.yaml", &json!("not-ready"))
        );
        let sarif = has_places(&[command, "-f", "no such.yaml"], 1);
        assert_eq!(uri(&results(&sarif)[0]), "no%20such.yaml");
    }
    world.chart(
        "version: 1\nregion: cn-north-4\nlimits: { deletes: 0 }\n\
        organizations: { a: { unlisted: delete } }\n",
    );
    world.edit(|state| drop(state.ensure_repository(NORTH, "a", "old").clone()));
    let sarif = has_places(&["plan"], 1);
    let codes: Vec<&Value> = results(&sarif)
        .iter()
        .map(|result| &result["ruleId"])
        .collect();
    assert_eq!(
        codes,
        ["too-many-deletes", "organization-emptied", "plan-delete"]
    );
}

#[test]
fn each_rule_has_a_description() {
    let world = World::of(WRONG);
    let validated = world.run(&["validate", "--format", "sarif"]).json();
    world.chart("version: 1\nregion: cn-north-4\norganizations: { a: { repositories: { r: } } }\n");
    let planned = world.run(&["plan", "--format", "sarif"]).json();
    for document in [validated, planned] {
        let driver = &document["runs"][0]["tool"]["driver"];
        assert!(
            driver["informationUri"]
                .as_str()
                .unwrap()
                .starts_with("https://")
        );
        let rules = driver["rules"].as_array().unwrap();
        assert!(!rules.is_empty());
        for rule in rules {
            for pointer in [
                "/shortDescription/text",
                "/fullDescription/text",
                "/help/text",
                "/help/markdown",
            ] {
                let text = rule
                    .pointer(pointer)
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                assert!(!text.is_empty(), "{pointer} of {rule}");
            }
            let code = rule["id"].as_str().unwrap();
            let _ = world.run(&["explain", code]).exits(0).says(code);
        }
    }
}

#[test]
fn more_changes_than_github_takes_are_counted() {
    let repositories =
        |number: usize| -> String { (0..number).map(|at| format!("r{at}: , ")).collect() };
    let number = 25_000;
    let chart = format!(
        "organizations: {{ a: {{ repositories: {{ {} }} }} }}",
        repositories(number)
    );
    let world = World::of(&format!("version: 1\nregion: cn-north-4\n{chart}\n"));
    let sarif = world.run(&["plan", "--format", "sarif"]).exits(0).json();
    assert_eq!(results(&sarif).len(), 25_000);
    let last = results(&sarif).last().unwrap();
    // The organization is a change too, and the last result counts for two.
    assert_eq!(
        (&last["ruleId"], &last["occurrenceCount"]),
        (&json!("findings-left-out"), &json!(2))
    );
}

/// The issues of a Code Quality report; each has the fields that GitLab reads.
fn issues(world: &World, arguments: &[&str], code: i32) -> Vec<Value> {
    let report = world
        .run(&[arguments, &["--format", "gitlab"]].concat())
        .exits(code)
        .json();
    let issues = report.as_array().unwrap().clone();
    for issue in &issues {
        let keys: Vec<&String> = issue.as_object().unwrap().keys().collect();
        assert_eq!(
            keys,
            [
                "description",
                "check_name",
                "fingerprint",
                "severity",
                "location"
            ]
        );
        let path = issue["location"]["path"].as_str().unwrap();
        assert!(
            !path.is_empty() && !path.starts_with('/') && !path.starts_with("./"),
            "{issue}"
        );
        assert!(
            issue["location"]["lines"]["begin"].as_u64() >= Some(1),
            "{issue}"
        );
        assert!(
            ["info", "minor", "major"].contains(&issue["severity"].as_str().unwrap()),
            "{issue}"
        );
    }
    issues
}

#[test]
fn gitlab_gets_a_code_quality_report() {
    let world = World::new();
    for command in ["validate", "plan", "drift"] {
        let found = issues(&world, &[command], 1);
        assert_eq!(
            (&found[0]["check_name"], &found[0]["severity"]),
            (&json!("not-ready"), &json!("major"))
        );
    }
    world.file("my chart.yaml", WRONG);
    let found = issues(&world, &["validate", "-f", "./my chart.yaml"], 1);
    assert_eq!(
        found[0]["location"],
        json!({ "path": "my chart.yaml", "lines": { "begin": 3 } })
    );
    assert_eq!(
        found[0]["description"],
        "unknown key `organisations` (did you mean `organizations`?)"
    );

    world.chart(
        "version: 1\nregion: cn-north-4\norganizations:\n  a--b:\n    repositories:\n      r: { \
        is_public: true }\n",
    );
    assert_eq!(issues(&world, &["validate"], 0)[0]["severity"], "minor");
    world.edit(|state| state.ensure_repository(NORTH, "a--b", "r").num_images = 3);
    let found = issues(&world, &["plan"], 0);
    let named: Vec<(&str, &str)> = found
        .iter()
        .map(|issue| {
            (
                issue["check_name"].as_str().unwrap(),
                issue["severity"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        named,
        [("double-hyphen", "minor"), ("plan-update", "major")]
    );
    assert_eq!(issues(&world, &["drift"], 2).len(), 2);
}

#[test]
fn fingerprints_do_not_move_with_the_lines() {
    let world = World::new();
    let prints = |chart: &str, command: &str, code: i32| -> Vec<String> {
        world.chart(chart);
        let found = issues(&world, &[command], code);
        let prints: Vec<String> = found
            .iter()
            .map(|issue| issue["fingerprint"].as_str().unwrap().to_owned())
            .collect();
        let mut unique = prints.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), prints.len(), "{found:?}");
        prints
    };
    let wrong = "version: 1\nregion: cn-north-4\norganizations:\n  a: { x: 1, repositories: { r: { \
        x: 1 }, s: { x: 1 } } }\n  b: { y: 1 }\n";
    let moved = wrong.replace("organizations", "\n# a comment\n\norganizations");
    assert_eq!(prints(wrong, "validate", 1), prints(&moved, "validate", 1));
    let right =
        "version: 1\nregion: cn-north-4\norganizations:\n  a: { repositories: { r: , s: } }\n";
    let before = prints(right, "plan", 0);
    assert_eq!(
        before,
        prints(
            &right.replace("organizations", "\n\norganizations"),
            "plan",
            0
        )
    );
    assert_eq!(before.len(), 3);
    // GitHub computes its own from the lines; these let other programs track a result.
    let sarif = world.run(&["plan", "--format", "sarif"]).json();
    let theirs: Vec<&Value> = results(&sarif)
        .iter()
        .map(|result| &result["partialFingerprints"]["portolan/v1"])
        .collect();
    assert_eq!(theirs, before.iter().collect::<Vec<_>>());
}
