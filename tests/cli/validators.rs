//! Output for other programs is checked with those programs: Microsoft's SARIF validator with
//! GitHub's rules, ajv, yaml-language-server, promtool, and the parser of Prometheus' Python
//! client.
//!
//! `tests/validators/install.sh` installs them. If one is missing, its tests are skipped by name.
//! GitLab's schema of Code Quality reports is in no package: `tests/data` has one.

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use portolan::emulator::{Effect, Fault};
use serde_json::{Value, json};

use crate::{
    installed::{PACKAGES, installed, root},
    support::{NORTH, World},
};

const MULTITOOL: &str = "node_modules/@microsoft/sarif-multitool-linux";

/// The output of a script of `tests/validators`.
fn script(program: &Path, name: &str, arguments: &[&Path], input: &str) -> String {
    let mut command = Command::new(program);
    command
        .arg(root().join("tests/validators").join(name))
        .args(arguments);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stderr, stdout) = (text(output.stderr), text(output.stdout));
    assert!(output.status.success(), "{name}: {stderr}{stdout}");
    stdout
}

/// Every complaint of Microsoft's validator, with the rules of GitHub's code scanning among its
/// own.
fn complaints(world: &World, names: &[&str]) -> Vec<String> {
    let tool = root()
        .join(PACKAGES)
        .join(MULTITOOL)
        .join("Sarif.Multitool");
    let mut command = Command::new(tool);
    command
        .current_dir(world.path("."))
        .env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1");
    command.arg("validate").args(names).args([
        "--rule-kind",
        "Sarif;Ghas",
        "--level",
        "Error;Warning",
    ]);
    let output = command
        .args(["--output", "judged.sarif", "--log", "ForceOverwrite"])
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        stdout.contains(&format!("{} files scanned", names.len())),
        "{stdout}"
    );
    let lines = stdout
        .lines()
        .filter(|line| line.contains(": error ") || line.contains(": warning "));
    lines.map(str::to_owned).collect()
}

/// The documents are valid for the official schema, formats included.
fn fits_the_official_schema(world: &World, names: &[&str]) {
    let schema = fs::read_to_string(
        root()
            .join(PACKAGES)
            .join(MULTITOOL)
            .join("sarif-2.1.0.json"),
    )
    .unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    for name in names {
        let found: Vec<String> = validator
            .iter_errors(&world.json(name))
            .map(|problem| problem.to_string())
            .collect();
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
}

const WRONG: &str = "version: 1\nregion: cn-north-4\norganisations: {}\norganizations: { a: { \
    repositories: { r: , r: } } }\n";

/// Two organizations, a deletion that a limit stops, and something that is exposed.
const CHART: &str = "version: 1
region: cn-north-4
protect: [ nothing ]
limits: { deletes: 0 }
organizations:
  team-a:
    repositories:
      web: { is_public: true, sync: [ { target_region: cn-east-3, target_organization: dr, \
      override: true } ] }
      old: { state: absent }
";

/// The documents of runs of every kind, each in a file.
fn documents(format: &str) -> (World, Vec<&'static str>) {
    let world = World::new();
    let mut names = Vec::new();
    let mut keep = |name: &'static str, arguments: &[&str]| {
        let output = world.run(&[arguments, &["--format", format]].concat());
        world.file(name, &output.stdout);
        names.push(name);
    };
    keep("no-chart.json", &["validate"]);
    keep("no-chart-to-plan.json", &["plan"]);
    let hostile = "my chart #1 100%25 \u{e9}:[b]\\x?\n.yaml";
    world.file(hostile, WRONG);
    keep("hostile-name.json", &["validate", "-f", hostile]);
    let elsewhere = tempfile::tempdir().unwrap();
    let absolute = elsewhere.path().join("a b.yaml").display().to_string();
    fs::write(&absolute, WRONG).unwrap();
    keep("absolute.json", &["validate", "-f", &absolute]);
    world.chart(CHART);
    world.edit(|state| {
        state.ensure_repository(NORTH, "team-a", "old").num_images = 3;
        state.ensure_repository(NORTH, "team-a", "web").num_images = 1;
    });
    keep("valid.json", &["validate"]);
    keep("plan.json", &["plan"]);
    keep("partial.json", &["plan", "--target", "team-a/web"]);
    keep("drift.json", &["drift"]);
    world.chart(&format!(
        "{CHART}accept: [ {{ address: '**', until: 9999-12-31, reason: '[x](y) {{0}}' }} ]\n"
    ));
    keep("accepted.json", &["drift"]);
    world.inject(Fault::new(Effect::forbidden()).forever());
    keep("unknown.json", &["plan"]);
    (world, names)
}

#[test]
fn github_takes_every_sarif_document() {
    if installed(MULTITOOL).is_none() {
        return;
    }
    let (world, names) = documents("sarif");
    fits_the_official_schema(&world, &names);
    assert_eq!(complaints(&world, &names), [""; 0]);
    for name in &names {
        for result in world.json(name)["runs"][0]["results"].as_array().unwrap() {
            let place = &result["locations"][0]["physicalLocation"];
            assert!(
                place["artifactLocation"]["uri"].is_string(),
                "{name}: {result}"
            );
            assert!(place["region"]["startLine"].is_u64(), "{name}: {result}");
        }
    }
}

#[test]
fn the_sarif_validator_would_notice() {
    if installed(MULTITOOL).is_none() {
        return;
    }
    let world = World::of(WRONG);
    let mut document = world.run(&["validate", "--format", "sarif"]).json();
    let uri = "/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri";
    *document.pointer_mut(uri).unwrap() = json!("a b");
    document["runs"][0]["tool"]["driver"]["rules"][0]
        .as_object_mut()
        .unwrap()
        .remove("help");
    world.file("bad.sarif", document.to_string());
    assert!(complaints(&world, &["bad.sarif"]).len() >= 2);
}

/// The mistakes in a Code Quality report, by the documentation of GitLab.
fn mistakes(report: &Value) -> Vec<String> {
    let schema = serde_json::from_str(include_str!("../data/code-quality.schema.json")).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let mut found: Vec<String> = validator
        .iter_errors(report)
        .map(|problem| problem.to_string())
        .collect();
    let issues = report.as_array().unwrap();
    let prints: BTreeSet<&str> = issues
        .iter()
        .filter_map(|issue| issue["fingerprint"].as_str())
        .collect();
    if prints.len() < issues.len() {
        found.push("two issues with one fingerprint".to_owned());
    }
    found
}

#[test]
fn gitlab_takes_every_code_quality_report() {
    let (world, names) = documents("gitlab");
    for name in &names {
        let report = world.json(name);
        assert_eq!(mistakes(&report), [""; 0], "{name}: {report:#}");
    }
    let is_empty = |name: &&&str| world.json(name).as_array().unwrap().is_empty();
    assert_eq!(
        names.iter().filter(is_empty).collect::<Vec<_>>(),
        [&"valid.json"]
    );
    let broken = |pointer: &str, value: Value| {
        let mut report = world.json("plan.json");
        *report.pointer_mut(pointer).unwrap() = value;
        mistakes(&report)
    };
    let print = world.json("plan.json")[1]["fingerprint"].clone();
    for (pointer, value) in [
        ("/0/severity", json!("error")),
        ("/0/location/path", json!("/srv/portolan.yaml")),
        ("/0/location/lines/begin", json!(0)),
        ("/0/location/lines", json!({})),
        ("/0/fingerprint", print),
        ("/0/description", json!("")),
    ] {
        assert!(
            !broken(pointer, value.clone()).is_empty(),
            "{pointer} = {value}"
        );
    }
}

#[test]
fn ajv_takes_the_schemas_in_its_strict_mode_and_what_they_offer() {
    if installed("node_modules/ajv").is_none() {
        return;
    }
    let schemas =
        ["portolan.schema.json", "plan.schema.json"].map(|name| root().join("schemas").join(name));
    let packages = root().join(PACKAGES);
    let stdout = script(
        Path::new("node"),
        "schema.mjs",
        &[&packages, &schemas[0], &schemas[1]],
        "",
    );
    assert_eq!(
        stdout,
        "portolan.schema.json: compiled\nplan.schema.json: compiled\n"
    );
}

/// What the editor shows for each text, in a folder that `init` has written.
fn edited(texts: &[&str]) -> Option<Vec<Value>> {
    installed("node_modules/yaml-language-server")?;
    let world = World::new();
    let _ = world.run(&["init"]).exits(0);
    let input = serde_json::to_string(texts).unwrap();
    let stdout = script(
        Path::new("node"),
        "editor.mjs",
        &[&root().join(PACKAGES), &world.path(".")],
        &input,
    );
    Some(serde_json::from_str(&stdout).unwrap())
}

const HEAD: &str = "version: 1\nregion: cn-north-4\n";
const REPOSITORY: &str = "organizations:\n  a:\n    repositories:\n      r:\n        ";

#[test]
fn an_editor_completes_with_what_is_valid() {
    let cases = [
        "|".to_owned(),
        format!("{HEAD}{REPOSITORY}|"),
        format!("{HEAD}{REPOSITORY}sync:\n          - |"),
        "version: 1\nregion: |".to_owned(),
        format!("{HEAD}targets:\n  dr:\n    region: |"),
        format!("{HEAD}mirrors:\n  p/r:\n    |"),
        format!("{HEAD}{REPOSITORY}category: |"),
        // The suggestions right after the key.
        format!("{HEAD}{REPOSITORY}sync: |"),
        format!("{HEAD}accept: |"),
        format!("{HEAD}protect: |"),
        format!("{HEAD}organizations: |"),
    ];
    let Some(found) = edited(&cases.each_ref().map(String::as_str)) else {
        return;
    };
    let written = |at: usize, label: &str| {
        let all = found[at]["completions"].as_array().unwrap();
        let one = all.iter().find(|one| one[0] == label);
        one.unwrap_or_else(|| panic!("{label}: {all:?}"))[1]
            .as_str()
            .unwrap()
            .to_owned()
    };
    for case in &found {
        assert!(!case.to_string().contains("[object Object]"), "{case}");
    }
    assert_eq!(written(0, "region"), "region: ${1:cn-north-4}");
    assert_eq!(written(1, "sync"), "sync:\n  - ");
    assert_eq!(written(1, "category"), "category: ${1:linux}");
    assert_eq!(written(2, "target"), "target: ${1:dr}");
    assert_eq!(
        [written(3, "eu-west-101"), written(4, "cn-east-3")],
        ["eu-west-101", "cn-east-3"]
    );
    assert_eq!(
        written(5, "credentials"),
        "credentials:\n  username:\n    $1\n  password:\n    $2"
    );
    assert_eq!(written(6, "arm"), "arm");
}

#[test]
fn an_editor_describes_the_key_at_the_cursor() {
    let cases = [
        ("ver|sion: 1\n".to_owned(), "version (chart)"),
        (
            format!("{HEAD}organi|zations: {{}}\n"),
            "organizations (chart)",
        ),
        (
            format!("{HEAD}organizations:\n  a|b:\n    repositories: {{}}\n"),
            "organization",
        ),
        (
            format!("{HEAD}organizations:\n  ab:\n    repositories:\n      r|r: {{}}\n"),
            "repository",
        ),
        (
            format!("{HEAD}{REPOSITORY}is_pub|lic: true\n"),
            "is\\_public (repository)",
        ),
        (
            format!("{HEAD}{REPOSITORY}cate|gory: linux\n"),
            "category (repository)",
        ),
        (
            format!("{HEAD}{REPOSITORY}sy|nc: []\n"),
            "sync (repository)",
        ),
        (
            format!("{HEAD}{REPOSITORY}sync:\n          - ta|rget: dr\n"),
            "target (rule)",
        ),
        ("version: 1\nregi|on: mars-1\n".to_owned(), "region (chart)"),
        (
            format!("{HEAD}mirrors:\n  p/r:\n    ur|l: https://x/a\n"),
            "url (mirror)",
        ),
    ];
    let Some(found) = edited(&cases.each_ref().map(|(text, _)| text.as_str())) else {
        return;
    };
    for ((text, title), found) in cases.iter().zip(found) {
        let hover = found["hover"].as_str().unwrap();
        assert_eq!(
            hover.lines().next(),
            Some(format!("#### {title}").as_str()),
            "{text}: {hover}"
        );
        assert!(!hover.contains("portolan chart"), "{text}: {hover}");
        assert_eq!(
            found["diagnostics"],
            json!([]),
            "{text}: a region that is not offered is valid too"
        );
    }
}

#[test]
fn an_editor_marks_wrong_keys_and_values() {
    let cases = [
        format!("{HEAD}{REPOSITORY}state: absent\n        is_public: true|\n"),
        format!("{HEAD}{REPOSITORY}sync: 5|\n"),
        format!("{HEAD}{REPOSITORY}is_pubic: true|\n"),
    ];
    let Some(found) = edited(&cases.each_ref().map(String::as_str)) else {
        return;
    };
    let expected = [
        "Property is_public is not allowed.",
        "Incorrect type. Expected one of array, null.",
        "Property is_pubic is not allowed.",
    ];
    for (found, expected) in found.iter().zip(expected) {
        let shown = found["diagnostics"].to_string();
        assert!(
            found["diagnostics"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| *one == expected),
            "{expected}: {shown}"
        );
    }
}

#[test]
fn prometheus_reads_the_metrics_of_two_charts_side_by_side() {
    let Some(python) = installed("python/bin/python") else {
        return;
    };
    let world = World::new();
    let samples = |name: &str| -> Vec<Value> {
        let _ = world
            .run(&["drift", "-f", name, "--metrics", "out.prom"])
            .exits(2);
        let stdout = script(&python, "metrics.py", &[&world.path("out.prom")], "");
        serde_json::from_str(&stdout).unwrap()
    };
    world.edit(|state| state.ensure_repository(NORTH, "team-a", "web").is_public = true);
    let hostile = "a\"b\\n\\c\nd,}=.yaml";
    for name in ["one.yaml", hostile] {
        world.file(
            name,
            "version: 1\nregion: cn-north-4\norganizations: { team-a: { repositories: { x: } } }\n",
        );
    }
    let (one, other) = (samples("one.yaml"), samples(hostile));
    assert!(one.len() > 20 && one.len() == other.len(), "{one:?}");
    for (samples, chart) in [(&one, "one"), (&other, "a\"b\\n\\c\nd,}=")] {
        for sample in samples {
            assert_eq!(sample[1]["chart"], chart, "{sample}");
            assert!(sample[1]["account"].is_string(), "{sample}");
        }
    }
    let series = |samples: &[Value]| {
        samples
            .iter()
            .map(|one| json!([one[0], one[1]]).to_string())
            .collect::<Vec<_>>()
    };
    let mut all = [series(&one), series(&other)].concat();
    let number = all.len();
    all.sort();
    all.dedup();
    assert_eq!(
        all.len(),
        number,
        "two charts in one collector have no series in common"
    );
}

/// The findings of promtool in the text of a file of metrics.
fn promtool(program: &Path, text: &str) -> String {
    let mut command = Command::new(program);
    command
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    assert_eq!(output.status.success(), printed.is_empty(), "{printed}");
    printed
}

#[test]
fn promtool_takes_the_metrics_of_every_run() {
    let Some(program) = installed("promtool") else {
        return;
    };
    let world = World::new();
    let measured = |arguments: &[&str]| {
        let _ = world.run(&[&["drift", "--metrics", "out.prom", "--file"], arguments].concat());
        let text = fs::read_to_string(world.path("out.prom")).unwrap();
        fs::remove_file(world.path("out.prom")).unwrap();
        assert_eq!(promtool(&program, &text), "", "{arguments:?}");
        text
    };
    world.edit(|state| state.ensure_repository(NORTH, "team-a", "web").is_public = true);
    for name in [
        "one.yaml",
        "a\"b\\n\\c\nd,}=.yaml",
        "{chart=\"x\"} 1\r\n# TYPE portolan_changes counter.yaml",
        "\u{2028}\u{202e}\u{65e5}\u{1f980}\u{1}.yaml",
        "\\.yaml",
    ] {
        world.file(name, CHART);
        let text = measured(&[name]);
        assert!(
            text.contains("\nportolan_changes{chart="),
            "{name:?}: {text}"
        );
    }
    world.file("charts/a.yaml", CHART);
    for arguments in [
        &["charts"][..],
        &["charts", "--target", "team-a/web"],
        &["charts", "--ignore", "**"],
    ] {
        let _ = measured(arguments);
    }
    world.file(
        "over.yaml",
        format!("{CHART}accept: [ {{ address: '**', until: 2020-01-01, reason: x }} ]\n"),
    );
    let _ = measured(&["over.yaml"]);
    world.file("wrong.yaml", WRONG);
    let _ = measured(&["wrong.yaml"]);
    world.inject(Fault::new(Effect::forbidden()).forever());
    let unknown = measured(&["one.yaml"]);
    assert!(unknown.contains("outcome=\"unknown\"} 1"), "{unknown}");
    for (good, bad) in [
        ("# HELP portolan_outcome", "# portolan_outcome"),
        ("chart=\"one\"", "chart=\"o\\qe\""),
        (
            "portolan_requests{chart=\"one\"",
            "portolan_requests{chart=\"on\"e\"",
        ),
        (
            "# TYPE portolan_requests gauge",
            "# TYPE portolan_requests counter",
        ),
    ] {
        assert!(unknown.contains(good), "{good}: {unknown}");
        assert_ne!(promtool(&program, &unknown.replace(good, bad)), "", "{bad}");
    }
}
