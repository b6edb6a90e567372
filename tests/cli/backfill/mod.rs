//! Runs of rules: what existed before a rule is copied, by policy or on demand. The jobs of these
//! worlds end at once, unless a test stops the clock.

mod jobs;
mod runs;
mod trouble;
mod what;

use std::{collections::BTreeMap, time::Duration};

use portolan::emulator::{Fault, Settings, SyncRule, Tag};
use serde_json::Value;

use crate::support::{AK, NORTH, SK, World};

const EAST: &str = "cn-east-3";
const OLD: &str = "2026-01-01T00:00:00Z";

fn settings() -> Settings {
    Settings {
        job_delay: Duration::ZERO,
        job_duration: Duration::ZERO,
        ..Settings::default()
    }
}

fn world_with(settings: Settings, rule: bool, backfill: &str) -> World {
    let world = World::with(settings)
        .variable("HUAWEICLOUD_SDK_AK", AK)
        .variable("HUAWEICLOUD_SDK_SK", SK);
    world.edit(|state| {
        state.ensure_organization(EAST, "dr");
        let web = state.ensure_repository(NORTH, "team-a", "web");
        if rule {
            web.sync_rules.push(SyncRule::to(EAST, "dr"));
        }
    });
    write(&world, backfill);
    world
}

/// The repository `team-a/web`, maybe with its rule, and a chart with that policy.
fn world(rule: bool, backfill: &str) -> World {
    world_with(settings(), rule, backfill)
}

fn write(world: &World, backfill: &str) {
    world.chart(&format!(
        "version: 1\nregion: {NORTH}\ntargets:\n  dr: {{ region: {EAST}, organization: dr }}\n\
        organizations:\n  team-a:\n    repositories:\n      web:\n        sync: [ {{ target: dr, \
        override: false{backfill} }} ]\n"
    ));
}

/// Adds tags without a push, so that no rule copies them.
fn add(world: &World, place: (&str, &str), names: &[&str], pushed: &str) {
    world.edit(|state| {
        let web = state.ensure_repository(place.0, place.1, "web");
        for name in names {
            web.tags.push(Tag {
                pushed: pushed.to_owned(),
                digest: format!("sha256:{:0>64}", place.1.len()),
                ..Tag::named(name)
            });
        }
        web.num_images = web.tags.len() as u64;
    });
}

fn at_source(world: &World, names: &[&str]) {
    add(world, (NORTH, "team-a"), names, OLD);
}

/// Adds that many old tags.
fn many_at_source(world: &World, number: usize) -> Vec<String> {
    let names: Vec<String> = (0..number).map(|number| format!("v{number:03}")).collect();
    at_source(world, &names.iter().map(String::as_str).collect::<Vec<_>>());
    names
}

/// Names and digests at the target.
fn arrived(world: &World) -> BTreeMap<String, String> {
    world.edit(|state| {
        let web = state.repository(EAST, "dr", "web");
        let tags = web.into_iter().flat_map(|web| &web.tags);
        tags.map(|tag| (tag.name.clone(), tag.digest.clone()))
            .collect()
    })
}

fn names(world: &World) -> Vec<String> {
    arrived(world).into_keys().collect()
}

/// The tags of each request to copy.
fn sent(world: &World) -> Vec<Vec<String>> {
    let copies = world.journal().into_iter();
    let copies = copies.filter(|entry| entry.path.ends_with("/sync_images"));
    let tags = |body: Option<Value>| serde_json::from_value(body.unwrap()["imageTag"].clone());
    copies.map(|entry| tags(entry.body).unwrap()).collect()
}

fn fault(text: &str) -> Fault {
    text.parse().unwrap()
}
