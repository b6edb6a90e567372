//! Charts that are large, or that expand to much more than their text.

use std::fmt::Write as _;

use crate::support::World;

const HEAD: &str = "version: 1\nregion: cn-north-4\n";

/// A chart that protects one thing a line, and holds as many repositories.
fn protecting(number: usize, pattern: impl Fn(usize) -> String) -> String {
    let mut chart = format!("{HEAD}protect:\n");
    for at in 0..number {
        let _ = writeln!(chart, "  - {}", pattern(at));
    }
    chart.push_str("organizations:\n  a:\n    repositories:\n");
    for at in 0..number {
        let _ = writeln!(chart, "      r{at}:");
    }
    chart
}

#[test]
fn thousands_of_patterns_cover_thousands_of_names() {
    let chart = protecting(3_000, |at| format!("a/r{at}"));
    let plan = World::of(&chart).plan(&[]).says("Plan: 3001 to add");
    assert_eq!(plan.stderr, "");
    let idle = chart.replace("- a/r2999\n", "- a/s2999\n");
    let plan = World::of(&idle)
        .plan(&[])
        .warns("warning[pattern-covers-nothing]")
        .warns("portolan.yaml:3003:");
    assert_eq!(
        plan.stderr.matches("warning[").count(),
        1,
        "{}",
        plan.stderr
    );
}

#[test]
fn patterns_of_nothing_are_counted_and_a_few_of_them_hinted_at() {
    let chart = protecting(3_000, |at| format!("'a/*-{at:04}x*'"));
    let plan = World::of(&chart).plan(&[]);
    let _ = plan.warns("2980 more findings with this code");
    // Each of them is one edit away from a name.
    let near = protecting(30, |at| format!("a/rr{at}"));
    let json = World::of(&near).run(&["plan", "--format", "json"]).json();
    let hinted = |found: &&serde_json::Value| {
        found["hint"]
            .as_str()
            .is_some_and(|hint| hint.contains("did you mean"))
    };
    assert_eq!(
        json["diagnostics"]
            .as_array()
            .unwrap()
            .iter()
            .filter(hinted)
            .count(),
        20,
        "{json}"
    );
}

#[test]
fn stars_without_end_are_refused() {
    let stars = |at: usize| {
        let letters = (0..33).map(|bit| {
            if at >> (bit % 11) & 1 == 1 {
                "**a"
            } else {
                "**r"
            }
        });
        format!("'{}q'", letters.collect::<String>())
    };
    let names = format!("      {}", "ar".repeat(40));
    let chart = protecting(1_500, stars).replace("      r", &names);
    let output = World::of(&chart).run(&["validate"]).exits(1);
    assert_eq!(
        output.stderr.matches("error[").count(),
        1,
        "{}",
        output.stderr
    );
    let _ = output
        .warns("error[chart-too-large]")
        .warns("portolan.yaml:4:5");
    let few = protecting(20, stars).replace("      r", &names);
    let _ = World::of(&few).run(&["validate"]).exits(0);
}

#[test]
fn a_text_that_is_repeated_beside_each_change_has_a_limit() {
    let entry = |address: &str, reason: &str| {
        let accept = format!(
            "accept: [ {{ address: '{address}', until: 2036-01-01, reason: '{reason}' }} ]"
        );
        World::of(&format!("{HEAD}{accept}\norganizations: {{ a: }}\n")).run(&["validate"])
    };
    let _ = entry("a", &"x".repeat(1_000)).exits(0);
    let _ = entry("a", &"x".repeat(1_001))
        .exits(1)
        .warns("error[too-long]: this text has 1001 characters");
    let _ = entry(&format!("a{}", "*".repeat(1_000)), "x")
        .exits(1)
        .warns("error[too-long]");
}

#[test]
fn wrong_items_that_are_inherited_have_a_limit() {
    let wrong: String = (0..200)
        .map(|at| format!("{{ target: t{at} }}, "))
        .collect();
    let mut chart = format!(
        "{HEAD}organizations:\n  a:\n    defaults: {{ repository: {{ sync: [{wrong}] \
        }} }}\n    repositories:\n"
    );
    for at in 0..700 {
        let _ = writeln!(chart, "      r{at}:");
    }
    let _ = World::of(&chart)
        .run(&["validate"])
        .exits(1)
        .warns("error[chart-too-large]")
        .warns("201 errors");
}

#[test]
fn logins_behind_aliases_have_a_limit() {
    let path = format!("/{}", "x".repeat(4_000));
    let mut chart = format!(
        "{HEAD}mirrors:\n  p/first: &m\n    url: https://git.example.com/x.git\n    \
         credentials: {{ username: {{ env: A }}, password: {{ file: {path} }} }}\n"
    );
    for at in 0..15_000 {
        let _ = writeln!(chart, "  p/r{at}: *m");
    }
    let _ = World::of(&chart)
        .run(&["validate"])
        .exits(1)
        .warns("error[chart-too-large]")
        .warns("1 error");
}

#[test]
fn regions_without_end_are_refused() {
    let regions = |number: usize| {
        let document =
            |at: usize| format!("---\nversion: 1\nregion: r-{at}\norganizations: {{ a: }}\n");
        World::of(&(0..number).map(document).collect::<String>()).run(&["validate"])
    };
    let _ = regions(1_000).exits(0);
    let _ = regions(1_200)
        .exits(1)
        .warns("error[chart-too-large]")
        .warns("portolan.yaml:4002:1")
        .warns("1 error");
}
