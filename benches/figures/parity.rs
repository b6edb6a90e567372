//! A drift that compares the tags of many rules with their targets, all of which have everything.

use std::{fmt::Write as _, time::Duration};

use portolan::emulator::{Settings, State, SyncRule, Tag};

use super::{
    figure,
    plan_latency::{Estate, LATENCY, REGION},
    watched,
};

const REPOSITORIES: usize = 5_000;
const TAGS: usize = 20;
const TARGETS: [(&str, &str); 2] = [("cn-east-3", "estate-dr"), ("cn-south-1", "estate-south")];

pub(super) fn measure() {
    println!(
        "  {REPOSITORIES} repositories with {} tags and {} rules, all of which have copied \
        everything; {} ms an answer",
        REPOSITORIES * TAGS,
        REPOSITORIES * TARGETS.len(),
        LATENCY.as_millis()
    );
    let settings = Settings {
        latency: LATENCY,
        ..Settings::default()
    };
    let estate = Estate::of(settings, fill, &chart_text());
    for parallelism in ["10", "64"] {
        estate.emulator.clear_journal();
        let (time, peak) = drift(&estate, parallelism);
        let requests = estate.emulator.journal().len();
        let milliseconds = time.as_secs_f64() * 1000.0;
        println!("  parallelism {parallelism}: {milliseconds:.0} ms, {requests} requests");
        let rounds = requests.div_ceil(parallelism.parse().unwrap());
        let bound = rounds as f64 * LATENCY.as_secs_f64() * 1000.0;
        figure(
            &format!("  ratio to the bound of {bound:.0} ms"),
            milliseconds / bound,
            1.2,
            "times",
        );
        figure("  peak memory", peak, 150.0, "MiB");
    }
}

/// Every region has an endpoint, so the targets are read.
fn drift(estate: &Estate, parallelism: &str) -> (Duration, f64) {
    let mut command = estate.command(env!("CARGO_BIN_EXE_portolan"));
    let endpoint = format!("{}/{{region}}", estate.endpoint());
    command.env("PORTOLAN_ENDPOINT_SWR", endpoint);
    command.args(["drift", "--parallelism", parallelism, "--file"]);
    watched(command.arg(estate.chart()))
}

fn name(number: usize) -> String {
    format!("service-{:03}/component-{number:04}", number / 20)
}

fn fill(state: &mut State) {
    let places = [(REGION, "estate")].into_iter().chain(TARGETS);
    for (region, organization) in places {
        for number in 0..REPOSITORIES {
            let repository = state.ensure_repository(region, organization, &name(number));
            repository.tags = (0..TAGS)
                .map(|tag| Tag {
                    pushed: "2024-01-01T00:00:00Z".to_owned(),
                    ..Tag::named(&format!("v{tag}"))
                })
                .collect();
            repository.num_images = TAGS as u64;
            if region == REGION {
                repository.sync_rules = TARGETS
                    .map(|(region, organization)| SyncRule::to(region, organization))
                    .into();
            }
        }
    }
}

fn chart_text() -> String {
    let mut text = format!("version: 1\nregion: {REGION}\ntargets:\n");
    for (number, (region, organization)) in TARGETS.iter().enumerate() {
        writeln!(
            text,
            "  t{number}: {{ region: {region}, organization: {organization}, override: false }}"
        )
        .unwrap();
    }
    text.push_str("organizations:\n  estate:\n    defaults:\n      repository:\n");
    text.push_str("        sync: [ { target: t0 }, { target: t1 } ]\n    repositories:\n");
    for number in 0..REPOSITORIES {
        writeln!(text, "      {}:", name(number)).unwrap();
    }
    text
}
