//! One mistake, made thousands of times: the output is short, and its counts are right.

use std::fmt::Write as _;

use crate::support::World;

const HEAD: &str = "version: 1\nregion: cn-north-4\n";

fn lines(head: &str, number: usize, line: impl Fn(usize) -> String) -> String {
    (0..number).fold(format!("{HEAD}{head}"), |mut text, at| {
        let _ = writeln!(text, "{}", line(at));
        text
    })
}

fn unknown_keys(number: usize) -> String {
    lines(
        "organizations:\n  a:\n    repositories:\n      r:\n",
        number,
        |at| format!("        key{at}: 1"),
    )
}

#[test]
fn thousands_of_mistakes_are_counted() {
    let chart = unknown_keys(5_000);
    for format in ["text", "json", "sarif", "github", "gitlab"] {
        let output = World::of(&chart)
            .run(&["validate", "--format", format])
            .exits(1);
        let bytes = output.stdout.len() + output.stderr.len();
        assert!(bytes < 100 << 10, "{format}: {bytes} bytes");
        let output = output
            .warns("unknown key `key0`")
            .warns("unknown key `key19`")
            .warns(
                "4980 more findings with this code; the first of them is here\n  --> \
                portolan.yaml:27:9",
            )
            .warns("5000 errors");
        assert!(!output.stderr.contains("key21`"), "{}", output.stderr);
    }
}

#[test]
fn hundreds_of_mistakes_are_read_without_scrolling_far() {
    let output = World::of(&unknown_keys(400)).run(&["validate"]).exits(1);
    assert!(output.stderr.lines().count() < 100, "{}", output.stderr);
    // The first ones with the text of the file, some more by their place, the rest as a number.
    assert_eq!(
        output.stderr.matches("--> portolan.yaml:").count(),
        6,
        "{}",
        output.stderr
    );
    let _ = output
        .warns("\nerror[unknown-key]: portolan.yaml:12:9: unknown key `key5`\n")
        .warns(
            "\n\nerror[unknown-key]: 380 more findings with this code; the first of them is here\n",
        )
        .warns("\n400 errors");
}

#[test]
fn machines_get_the_first_place_and_the_count() {
    let world = World::of(&unknown_keys(5_000));
    let json = world.run(&["validate", "--format", "json"]).json();
    assert_eq!(
        (&json["valid"], &json["errors"]),
        (&false.into(), &5000.into())
    );
    let last = json["diagnostics"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    let place = (&last["code"], &last["line"], &last["count"]);
    assert_eq!(place, (&"unknown-key".into(), &27.into(), &4980.into()));
    assert!(json["diagnostics"][0].get("count").is_none());
    let sarif = world.run(&["validate", "--format", "sarif"]).json();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(
        (results.len(), &results[20]["occurrenceCount"]),
        (21, &4980.into())
    );
    let github = world.run(&["validate", "--format", "github"]).stdout;
    assert_eq!(github.lines().count(), 21);
    assert!(
        github.lines().last().unwrap().contains("line=27,"),
        "{github}"
    );
}

#[test]
fn a_plan_that_cannot_begin_counts_too() {
    let world = World::of(&unknown_keys(5_000));
    let output = world.run(&["plan", "--format", "json"]).exits(1);
    assert!(output.stdout.len() + output.stderr.len() < 100 << 10);
    assert_eq!(
        output.json()["diagnostics"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()["count"],
        4980,
        "{}",
        output.stdout
    );
}

#[test]
fn each_kind_is_shown_beside_one_that_fills_the_screen() {
    let chart = unknown_keys(1_000).replace("key999: 1", "is_public: maybe");
    let _ = World::of(&chart)
        .run(&["validate"])
        .exits(1)
        .warns("error[wrong-type]")
        .warns("1000 errors");
}

#[test]
fn warnings_without_end_are_denied() {
    let chart = lines("organizations:\n  a:\n    repositories:\n", 3_000, |at| {
        format!("      a--{at}:")
    });
    let world = World::of(&chart);
    let output = world.run(&["validate"]).exits(0);
    assert!(
        output.stderr.len() < 20 << 10,
        "{} bytes",
        output.stderr.len()
    );
    let _ = world
        .run(&["validate", "--deny", "warnings"])
        .exits(1)
        .warns("2980 more findings");
    assert_eq!(
        world.run(&["validate", "--format", "json"]).json()["warnings"],
        3000
    );
    let waived = chart.replace(
        "organizations:",
        "lints: { allow: [double-hyphen] }\norganizations:",
    );
    let quiet = World::of(&waived)
        .run(&["validate", "--deny", "warnings"])
        .exits(0);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn unknown_targets_list_a_few_of_the_known() {
    let known = lines("targets:\n", 1_000, |at| {
        format!("  known{at:04}: {{ region: cn-east-3, organization: o }}")
    });
    let mut chart = known + "organizations:\n  a:\n    repositories:\n      r:\n        sync:\n";
    for at in 0..1_000 {
        let _ = writeln!(chart, "        - target: other-{at}");
    }
    let output = World::of(&chart).run(&["validate"]).exits(1);
    assert!(
        output.stderr.len() < 20 << 10,
        "{} bytes",
        output.stderr.len()
    );
    let _ = output
        .warns("the chart's targets are `known0000`, ")
        .warns(" and 990 more")
        .warns("1000 errors");
    let near = chart.replace("other-0\n", "knwon0007\n");
    let _ = World::of(&near)
        .run(&["validate"])
        .exits(1)
        .warns("did you mean `known0007`?");
}

#[test]
fn a_long_word_is_cut_in_messages() {
    let word = "x".repeat(300_000);
    for entry in [
        format!("{word}: 1"),
        format!("category: {word}"),
        format!("sync: [{{ target: {word} }}]"),
    ] {
        let chart =
            format!("{HEAD}organizations: {{ a: {{ repositories: {{ r: {{ {entry} }} }} }} }}\n");
        let output = World::of(&chart)
            .run(&["validate", "--format", "json"])
            .exits(1);
        let bytes = output.stdout.len() + output.stderr.len();
        assert!(bytes < 8 << 10, "{bytes} bytes of {}", &entry[..20]);
    }
}

#[test]
fn mistakes_in_inherited_defaults_have_a_limit() {
    let rules: String = (0..40)
        .map(|at| format!("{{ target_region: cn-east-3, target_organization: o{at} }}, "))
        .collect();
    let text = "x".repeat(30_000);
    for inherited in [format!("sync: [{rules}]"), format!("description: {text}")] {
        let head = format!(
            "organizations:\n  a:\n    defaults: {{ repository: {{ {inherited} \
            }} }}\n    repositories:\n"
        );
        let few = lines(&head, 100, |at| format!("      r{at}:"));
        let _ = World::of(&few).run(&["validate"]).exits(0);
        let output = World::of(&lines(&head, 3_000, |at| format!("      r{at}:")))
            .run(&["validate"])
            .exits(1);
        assert_eq!(
            output.stderr.matches("error[").count(),
            1,
            "{}",
            output.stderr
        );
        let _ = output.warns("error[chart-too-large]");
    }
}

#[test]
fn a_waiver_covers_its_line_among_thousands() {
    let chart = lines("organizations:\n  a:\n    repositories:\n", 2_000, |at| {
        format!("      # portolan: allow double-hyphen\n      a--{at}:")
    });
    let _ = World::of(&chart)
        .run(&["validate", "--deny", "warnings"])
        .exits(0);
    let idle = chart.replace("a--7:", "a7:");
    let output = World::of(&idle)
        .run(&["validate"])
        .exits(0)
        .warns("warning[unused-waiver]");
    assert_eq!(
        output.stderr.matches("warning[").count(),
        1,
        "{}",
        output.stderr
    );
}
