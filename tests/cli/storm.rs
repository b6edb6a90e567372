//! A large apply against a service that fails one request in twenty, with every kind of fault.

use crate::{support::World, times::times};

/// Changes of an ordinary run; `PORTOLAN_LAWS` multiplies them.
const CHANGES: usize = 350;

/// Each strikes one request in twenty. Final refusals are not among them, nor is a 500 to a read,
/// which is retried only once: no number of retries overcomes these.
const FAULTS: [&str; 9] = [
    "status=429,probability=0.01,seed=1,times=all",
    "status=429,retry-after=0,probability=0.005,seed=2,times=all",
    "status=503,probability=0.01,seed=3,times=all",
    "status=502,body=html,committed,probability=0.005,seed=4,times=all",
    "status=500,committed,method=POST,probability=0.005,seed=5,times=all",
    "cut-before,probability=0.005,seed=6,times=all",
    "cut-after,probability=0.005,seed=7,times=all",
    "truncate=1,probability=0.005,seed=8,times=all",
    "delay=100ms,probability=0.003,seed=9,times=all",
];

#[test]
fn an_apply_succeeds_with_one_failure_in_twenty() {
    let repositories = (CHANGES * times() as usize).div_ceil(2);
    let mut chart =
        String::from("version: 1\nregion: cn-north-4\norganizations:\n  o:\n    repositories:\n");
    for number in 0..repositories {
        chart += &format!(
            "      r{number}: {{ sync: [ {{ target_region: cn-east-3, target_organization: dr }} ] \
            }}\n"
        );
    }
    let world = World::of(&chart);
    for fault in FAULTS {
        world.inject(fault.parse().unwrap());
    }
    let output = world.try_apply(&["--quiet"]).exits(0);
    let added = 2 * repositories + 1;
    assert!(
        output.stdout.contains(&format!(
            "Resources: {added} added, 0 changed, 0 destroyed."
        )),
        "{output}"
    );
    let struck: usize = world
        .emulator
        .faults()
        .iter()
        .map(|(_, struck)| struck)
        .sum();
    let asked = world.journal().len();
    assert!(
        struck * 100 > asked * 3,
        "only {struck} of {asked} requests were struck"
    );
    world.emulator.clear_faults();
    world.is_settled();
    assert_eq!(world.state().len(), added);
}
