//! A very large chart against an equal live state, both in memory: the cost of portolan itself.
//!
//! It is measured in its own process, so that the peak memory is that of this work only.

use std::{
    fmt::Write as _,
    process::Command,
    time::{Duration, Instant},
};

use portolan::{
    config::{self, Decoded, context::Context},
    diagnostics::SourceMap,
    kind::{organization, repository},
    plan::{Outcome, Scope, build::build},
    state::{Attributes, Live, LiveResource},
    time::Moment,
};
use serde_json::Value;

use super::{figure, own_peak_memory};

/// The argument with which the bench starts itself.
pub(super) const CHILD: &str = "decode_and_plan::child";

const ORGANIZATIONS: usize = 20;
const REPOSITORIES: usize = 5000;
const REGION: &str = "cn-north-4";
const CATEGORIES: [&str; 4] = ["app_server", "linux", "database", "lang"];

pub(super) fn measure() {
    println!(
        "  {} repositories, all as in the chart",
        ORGANIZATIONS * REPOSITORIES
    );
    let status = Command::new(std::env::current_exe().unwrap())
        .arg(CHILD)
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
}

pub(super) fn child() {
    let mut sources = SourceMap::default();
    let text = chart_text();
    println!("  the chart is {:.1} MB of YAML", text.len() as f64 / 1e6);
    sources.add("estate.yaml", text);
    let live = live();
    let before = own_peak_memory();

    let start = Instant::now();
    let context = Context {
        sources: &sources,
        environment: &|_| None,
        region: None,
    };
    let Decoded { chart, found, .. } = config::decode(context);
    let decode = start.elapsed();
    assert!(!found.has_errors(), "the chart has errors");

    let start = Instant::now();
    let plan = build(&chart, &live, &[], Scope::default(), Moment::default());
    let plan_time = start.elapsed();
    assert_eq!(plan.outcome(), Outcome::NoChanges);

    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    println!(
        "  decode {:.0} ms, plan {:.0} ms",
        milliseconds(decode),
        milliseconds(plan_time)
    );
    figure(
        "  decode and plan",
        milliseconds(decode + plan_time),
        1000.0,
        "ms",
    );
    if let (Some(before), Some(after)) = (before, own_peak_memory()) {
        println!("  {before:.0} MiB of it are the text and the live state");
        figure("  peak memory", after, 500.0, "MiB");
    }
}

fn organization_name(number: usize) -> String {
    format!("team-{number:02}")
}

fn repository_name(number: usize) -> String {
    format!("service-{:03}/component-{number:04}", number / 25)
}

fn category(number: usize) -> &'static str {
    CATEGORIES[number % CATEGORIES.len()]
}

fn description(number: usize) -> String {
    format!("Component {number} of its service; see the runbook before you touch it")
}

pub(super) fn chart_text() -> String {
    let mut text = format!("version: 1\nregion: {REGION}\norganizations:\n");
    for organization in 0..ORGANIZATIONS {
        writeln!(
            text,
            "  {}:\n    repositories:",
            organization_name(organization)
        )
        .unwrap();
        for number in 0..REPOSITORIES {
            writeln!(
                text,
                "      {}:\n        category: {}\n        description: {}\n        is_public: {}",
                repository_name(number),
                category(number),
                description(number),
                number % 10 == 0
            )
            .unwrap();
        }
    }
    text
}

fn live() -> Live {
    let mut live = Live::default();
    for organization in 0..ORGANIZATIONS {
        let organization = organization_name(organization);
        live.resources.insert(
            organization::address(REGION, &*organization),
            LiveResource::default(),
        );
        for number in 0..REPOSITORIES {
            let attributes = Attributes::from_iter([
                ("is_public", Value::from(number % 10 == 0)),
                ("category", category(number).into()),
                ("description", description(number).into()),
            ]);
            live.resources.insert(
                repository::address(REGION, &*organization, &*repository_name(number)),
                LiveResource {
                    attributes,
                    facts: repository::IMAGES.count(3),
                    ..LiveResource::default()
                },
            );
        }
    }
    live
}
