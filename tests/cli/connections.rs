//! How the program reaches the service: trusted certificates, number of connections, timeouts.

use std::time::Duration;

use portolan::emulator::{Effect, Fault, Settings};

use crate::{
    relay::Relay,
    support::{AK, NORTH, QUICKSTART, SK, World},
};

/// A chart with this many repositories, each with one read, and all of them up to date.
fn many(world: &World, repositories: usize) {
    let mut chart =
        "version: 1\nregion: cn-north-4\norganizations:\n  team-a:\n    repositories:\n".to_owned();
    world.edit(|state| {
        for number in 0..repositories {
            let name = format!("r{number:03}");
            state.ensure_repository(NORTH, "team-a", &name);
            chart.push_str(&format!("      {name}: {{ sync: [] }}\n"));
        }
    });
    world.chart(&chart);
}

fn with(settings: Settings) -> World {
    World::with(settings)
        .variable("HUAWEICLOUD_SDK_AK", AK)
        .variable("HUAWEICLOUD_SDK_SK", SK)
}

#[test]
fn connections_are_used_again() {
    for parallelism in [1, 8] {
        let world = with(Settings {
            latency: Duration::from_millis(5),
            ..Settings::default()
        });
        many(&world, 120);
        let relay = Relay::to(&world);
        let world = world.variable("PORTOLAN_ENDPOINT_SWR", &relay.endpoint);
        let _ = world
            .plan(&["--parallelism", &parallelism.to_string()])
            .exits(0)
            .says("No changes.");
        assert_eq!(world.journal().len(), 123);
        // Another task returns a connection to the pool, and so it may be missed once.
        assert!(
            relay.accepted() <= parallelism + 2,
            "{} connections, {parallelism} in flight",
            relay.accepted()
        );
    }
}

#[test]
fn an_authority_of_the_users_own_is_trusted_when_it_is_named() {
    let world = World::of(QUICKSTART);
    let (relay, authority) = Relay::with_tls(&world);
    world.file("ca.pem", format!("an authority of our own\n{authority}"));
    let world = world.variable("PORTOLAN_ENDPOINT_SWR", &relay.endpoint);
    let _ = world
        .plan(&[])
        .exits(1)
        .warns("invalid peer certificate: UnknownIssuer")
        .warns("--ca-file");
    assert_eq!(world.journal().len(), 0);
    let _ = world
        .plan(&["--ca-file", "ca.pem"])
        .exits(0)
        .says("Plan: 3 to add");
    let world = world.variable("PORTOLAN_CA_FILE", "ca.pem");
    let _ = world.apply(&[]);
}

#[test]
fn a_file_without_certificates_is_refused_before_anything_is_sent() {
    let world = World::of(QUICKSTART);
    let garbled = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (name, text) in [
        ("empty.pem", ""),
        ("text.pem", "no certificate"),
        ("key.pem", key),
        ("garbled.pem", garbled),
    ] {
        world.file(name, text);
        let problem = if name == "garbled.pem" {
            "contains an invalid certificate"
        } else {
            "contains no certificate"
        };
        let _ = world
            .plan(&["--ca-file", name])
            .exits(1)
            .warns(&format!("{name} {problem}"));
    }
    let _ = world
        .plan(&["--ca-file", "gone.pem"])
        .exits(1)
        .warns("cannot read the certificates in gone.pem");
    let _ = world
        .plan(&["--ca-file", ""])
        .exits(64)
        .warns("a value is required for '--ca-file <PATH>'");
    assert_eq!(world.journal().len(), 0);
}

#[test]
fn a_plan_that_takes_too_long_is_unknown() {
    let world = World::of(QUICKSTART);
    world.inject(Fault::new(Effect::HangAfter).path("/v2/manage/repos"));
    let output = world.plan(&["--timeout", "300ms"]).exits(1);
    let _ = output
        .warns("cannot read the live state: the timeout of 300ms is over")
        .says("Unknown");
    world.inject(Fault::new(Effect::HangAfter).path("/v2/manage/repos"));
    let late = world.variable("PORTOLAN_TIMEOUT", "300ms");
    let document = late.run(&["drift", "--format", "json"]).exits(1).json();
    assert_eq!(document["outcome"], "unknown");
}

#[test]
fn an_apply_that_takes_too_long_finishes_what_it_began() {
    let world = World::of(QUICKSTART);
    // The first write takes longer than the time limit; the second is never begun.
    world.inject(
        Fault::new(Effect::Delay(Duration::from_secs(3)))
            .method("POST")
            .path("/namespaces"),
    );
    let report = world
        .try_apply(&["--timeout", "2s", "--format", "json"])
        .exits(1)
        .warns("the timeout of 2s is over");
    let report = report.json();
    let kinds = |list: &str| -> Vec<String> {
        let list = report[list].as_array().unwrap().iter();
        list.map(|change| change["address"]["kind"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(kinds("applied"), ["organization"], "{report:#}");
    assert_eq!(kinds("not_attempted"), ["repository", "sync_rule"]);
    let message = "stopped: the timeout of 2s is over";
    assert_eq!(
        report["ended_early"],
        serde_json::json!({ "reason": "timeout", "message": message })
    );
    assert_eq!(world.writes().len(), 1);
    let _ = world.apply(&["--timeout", "1h"]);
}

#[test]
fn an_empty_variable_is_one_that_is_not_set() {
    let world = World::of(QUICKSTART);
    let without = world.plan(&["--detailed-exitcode"]).exits(2);
    let names = [
        "FILE",
        "REGION",
        "PARALLELISM",
        "TIMEOUT",
        "CA_FILE",
        "COLOR",
        "NO_COLOR",
        "QUIET",
        "VERBOSE",
    ];
    let world = names.iter().fold(world, |world, name| {
        world.variable(&format!("PORTOLAN_{name}"), "")
    });
    assert_eq!(
        world.plan(&["--detailed-exitcode"]).exits(2).stdout,
        without.stdout
    );
}

#[test]
fn an_invalid_duration_is_a_usage_error() {
    let world = World::of(QUICKSTART);
    for wrong in ["5", "0s", "-3s", "soon", ""] {
        let _ = world.plan(&[&format!("--timeout={wrong}")]).exits(64);
    }
    let _ = world
        .variable("PORTOLAN_TIMEOUT", "")
        .plan(&["--detailed-exitcode"])
        .exits(2);
}

#[test]
fn a_service_with_a_rate_limit_is_not_given_up() {
    for rate in ["20/s", "20/s,retry-after"] {
        let world = with(Settings {
            rate: Some(rate.parse().unwrap()),
            ..Settings::default()
        });
        many(&world, 80);
        let _ = world
            .plan(&["--detailed-exitcode"])
            .exits(0)
            .says("No changes.");
        let refused = world
            .journal()
            .iter()
            .filter(|entry| entry.status == Some(429))
            .count();
        assert_eq!(world.journal().len(), 83 + refused);
        assert!((1..=60).contains(&refused), "{refused} were refused");
    }
}
