//! The Markdown of any plan: within its size limit, complete, and well-formed.

use portolan::{
    diagnostics::Source,
    kind::{repository, sync_rule},
    pattern::Pattern,
    plan::{Plan, Scope, Stop, build::build},
    render::markdown::markdown,
    scope::Selection,
    state::{Attributes, Chart, Children, Consent, DesiredResource, Live, Presence, ReadFailure},
    time::Moment,
};
use proptest::{collection::vec, prelude::*};
use serde_json::json;

use crate::{
    given,
    law::{Verdict, try_on},
};

/// Letters, and everything with a meaning in Markdown.
fn hostile() -> impl Strategy<Value = String> {
    "([a-z|`@<>*_~#$&\\\\\n\r \u{202e}\\[\\]!-]|```|</details>|\\|`|ü){0,30}"
}

fn attributes(is_public: bool, description: &str) -> Attributes {
    Attributes::from_iter([
        ("is_public", json!(is_public)),
        ("category", json!("other")),
        ("description", json!(description)),
    ])
}

fn plans() -> impl Strategy<Value = Plan> {
    let state = || proptest::option::weighted(0.7, (any::<bool>(), hostile()));
    let rows = vec((hostile(), state(), state()), 0..60);
    (
        rows,
        vec(hostile(), 0..4),
        vec(hostile(), 0..40),
        hostile(),
        any::<bool>(),
        0..10,
    )
        .prop_map(|(rows, targets, stops, file, allowed, unread)| {
            let (mut chart, mut live) = (Chart::default(), Vec::new());
            for (number, (name, desired, found)) in rows.into_iter().enumerate() {
                let address = repository::address("r", "o", format!("{number}{name}"));
                let presence = match desired {
                    None => Presence::Absent,
                    Some((is_public, text)) => {
                        Presence::Present(attributes(is_public, &text).into())
                    }
                };
                let source = Source {
                    file: file.as_str().into(),
                    line: 1,
                    column: 1,
                };
                chart.resources.insert(
                    address,
                    DesiredResource {
                        presence,
                        source,
                        children: Children::default(),
                    },
                );
                live.extend(found.map(|(is_public, text)| {
                    given::repository(&format!("r/o/{number}{name}"))
                        .with("is_public", is_public)
                        .with("description", text)
                        .images(1)
                }));
            }
            let consents: &[&str] = if allowed {
                &["exposes", "destroys-data"]
            } else {
                &[]
            };
            let consents: Vec<Consent> =
                consents.iter().map(|text| text.parse().unwrap()).collect();
            let mut plan = build(
                &chart,
                &given::live(live),
                &consents,
                Scope::default(),
                Moment::default(),
            );
            let targets: Vec<Pattern> = targets
                .iter()
                .filter_map(|text| text.parse().ok())
                .collect();
            plan.scope = Scope {
                selection: Selection {
                    targets,
                    ..Selection::default()
                },
                ..Scope::default()
            };
            let stop = |message: &String| Stop {
                source: None,
                code: "x".to_owned(),
                message: message.clone(),
                lift: None,
            };
            plan.stopped.extend(stops.iter().map(stop));
            if unread == 0 {
                let failure = |message: &String| ReadFailure {
                    subject: message.clone(),
                    message: message.clone(),
                    hint: None,
                };
                plan = Plan {
                    failures: stops.iter().map(failure).collect(),
                    scope: plan.scope,
                    ..Plan::default()
                };
            }
            plan
        })
}

/// The page without its fold-out, which is a block of code.
fn outside(page: &str) -> (String, bool) {
    let Some((before, rest)) = page.split_once("<details><summary>The whole plan</summary>\n\n")
    else {
        return (page.to_owned(), false);
    };
    let fence = rest.split_once("text\n").unwrap().0;
    let end = format!("\n{fence}\n\n</details>\n");
    let (_, after) = rest.split_once(&end).expect("the block ends");
    (format!("{before}{after}"), true)
}

/// A line without its code spans.
fn without_code(line: &str) -> String {
    let mut out = String::new();
    for (number, piece) in line.split('`').enumerate() {
        if number % 2 == 0 || line.matches('`').count() % 2 == 1 {
            out.push_str(piece);
        }
    }
    out
}

/// The count of something in the footer.
fn counted(page: &str, what: &str) -> usize {
    let Some(footer) = page
        .lines()
        .find(|line| line.starts_with("_Left out because of the size limit: "))
    else {
        return 0;
    };
    let before = footer
        .split_once(&format!(" {what}"))
        .map_or("", |(before, _)| before);
    before.rsplit(' ').next().unwrap().parse().unwrap_or(0)
}

#[test]
fn it_stays_within_its_budget_and_shows_everything() {
    let cases = (plans(), 2_000_usize..20_000);
    try_on(128, cases, |(plan, budget)| {
        let page = markdown(&plan, budget);
        prop_assert!(
            page.len() <= budget,
            "{} of {budget} bytes:\n{page}",
            page.len()
        );
        let summary = plan.summary();
        let totals = format!(
            "### portolan plan\n\n**Plan: {} to add, {} to change, {} to destroy.**\n\n",
            summary.add, summary.change, summary.destroy
        );
        let heads = [
            "### portolan plan\n\n**Unknown",
            "### portolan plan\n\n**No changes.",
            totals.as_str(),
        ];
        prop_assert!(heads.iter().any(|head| page.starts_with(head)), "{page}");
        prop_assert_eq!(
            page.contains("Only a part of the chart was compared."),
            plan.scope.selection.is_partial()
        );

        let (text, _) = outside(&page);
        for line in text.lines().filter(|line| !line.is_empty()) {
            nothing_breaks_out(line)?;
        }

        let rows = |title: &str| {
            let heading = format!("**{title}**\n\n");
            let table = text.split_once(&heading).map_or("", |(_, rest)| rest);
            let rows = table.lines().take_while(|line| line.starts_with('|'));
            rows.count().saturating_sub(2)
        };
        let grave = plan.changes.iter().filter(|change| change.is_grave());
        let shown = rows("Destroyed, exposed or withheld");
        let left_out = counted(&page, "**destroyed, exposed or withheld**");
        prop_assert_eq!(shown + left_out, grave.count(), "{}", page);
        let stops = text.matches("> **Stopped:** ").count();
        let left_out = counted(&page, "stops");
        prop_assert_eq!(stops + left_out, plan.stopped.len());
        Ok(())
    });
}

/// The renderer begins each line, and shows inserted text as text.
fn nothing_breaks_out(line: &str) -> Verdict {
    let known = [
        "### ",
        "**",
        "> **Stopped:** ",
        "- cannot read the ",
        "| `",
        "| | ",
        "| --- ",
        "_Left out",
        "Only a part ",
        "Selected with ",
    ];
    let is_count = line.starts_with(|c: char| c.is_ascii_digit());
    prop_assert!(
        is_count || known.iter().any(|start| line.starts_with(start)),
        "broken out: {line}"
    );
    if line.starts_with('|') {
        prop_assert_eq!(line.matches('|').count(), 5, "cells: {}", line);
    }
    let mut words = without_code(line).replace("\\`", "");
    for ours in ["<br>", "<code>", "</code>"] {
        words = words.replace(ours, "");
    }
    prop_assert!(!words.contains('<'), "markup: {}", line);
    let mentions = words.replace("@\u{200b}", "");
    prop_assert!(!mentions.contains('@'), "a mention: {}", line);
    Ok(())
}

#[test]
fn all_destroys_that_fit_are_shown() {
    let name = |number: u32| format!("service-{number:04}");
    let mut chart = Chart::default();
    for number in 0..700 {
        let address = repository::address("cn-north-4", "team-a", name(number));
        let source = Source {
            file: "portolan.yaml".into(),
            line: number,
            column: 7,
        };
        let gone = DesiredResource {
            presence: Presence::Absent,
            source,
            children: Children::default(),
        };
        chart.resources.insert(address, gone);
    }
    let repository = |number| given::repository(&format!("cn-north-4/team-a/{}", name(number)));
    let live = given::live((0..700).map(|number| repository(number).images(1)));
    let plan = build(&chart, &live, &[], Scope::default(), Moment::default());
    let text = markdown(&plan, 65_000);
    assert_eq!(
        text.matches("| `-` | `repository cn-north-4/team-a/service-")
            .count(),
        700,
        "{text}"
    );
    assert!(
        text.len() <= 65_000 && !text.contains("Left out"),
        "{}",
        text.len()
    );
}

#[test]
fn many_other_changes_leave_no_rule_out() {
    let mut chart = Chart::default();
    for number in 0..3000 {
        let repository = repository::address("r", "o", format!("service-{number:04}"));
        let source = Source {
            file: "portolan.yaml".into(),
            line: number,
            column: 7,
        };
        let new = |attributes: Attributes| DesiredResource {
            presence: Presence::Present(attributes.into()),
            source: source.clone(),
            children: Children::default(),
        };
        chart.resources.insert(
            repository.clone(),
            new(attributes(false, &format!("the {number}th"))),
        );
        if number % 1000 == 0 {
            let rule = Attributes::from_iter([("auto", json!(true)), ("override", json!(false))]);
            chart.resources.insert(
                sync_rule::address(&repository, "x", format!("target-{number}")),
                new(rule),
            );
        }
    }
    let plan = build(
        &chart,
        &Live::default(),
        &[],
        Scope::default(),
        Moment::default(),
    );
    let text = markdown(&plan, 65_000);
    for number in [0, 1000, 2000] {
        let rule = format!("| `+` | `sync_rule r/o/service-{number:04} -> x/target-{number}` |");
        assert!(text.contains(&rule), "{rule} is not in {text}");
    }
    assert!(
        text.len() <= 65_000 && text.contains(" other changes."),
        "{}",
        text.len()
    );
}
