//! Secrets are only in signatures and headers: no document, file, log line or message holds one, on
//! any failure.

use std::fs;

use portolan::emulator::Settings;

use crate::support::{AK, NORTH, QUICKSTART, SK, World};

/// Secrets that no output may hold.
const TOKEN: &str = "canary-token-9f3c77";
const SECURITY_TOKEN: &str = "canary-security-token-51b0";

const RUNS: [&[&str]; 8] = [
    &["validate", "--print", "-vv"],
    &["plan", "-vv", "--out", "plan.json"],
    &["plan", "-vv", "--format", "json"],
    &[
        "drift",
        "-vv",
        "--format",
        "sarif",
        "--metrics",
        "metrics.prom",
    ],
    &["plan", "-vv", "--format", "gitlab"],
    &[
        "apply",
        "-vv",
        "--yes",
        "--format",
        "json",
        "--receipt",
        "receipt.json",
        "--events",
        "events",
    ],
    &["apply", "-vv", "plan.json", "--receipt", "again.json"],
    &["init", "-vv", "--from-live", "group", "-f", "new.yaml"],
];

const FAULTS: [&str; 9] = [
    "delay=0ms,times=all",
    "expired-token,times=all",
    "expired-token=service,skip=1,times=all",
    "status=403,times=all",
    "status=502,body=html,times=3",
    "cut-before,times=3",
    "truncate=1,times=3",
    "status=500,every=3,times=all",
    "status=429,retry-after=0,times=all",
];

/// Runs every command, and checks everything that it writes.
fn keeps_its_secrets(world: &World, secrets: &[&str]) {
    world.chart(QUICKSTART);
    for fault in FAULTS {
        world.inject(fault.parse().unwrap());
        for arguments in RUNS {
            let output = world.run(arguments);
            let files = fs::read_dir(world.path("."))
                .unwrap()
                .map(|entry| entry.unwrap().path());
            let read = files
                .filter(|path| path.is_file())
                .map(|path| fs::read_to_string(path).unwrap());
            let everything: String = [output.stdout.clone(), output.stderr.clone()]
                .into_iter()
                .chain(read)
                .collect();
            for secret in secrets {
                assert!(
                    !everything.contains(secret),
                    "{secret} is told by {arguments:?} with {fault}: {output}"
                );
            }
        }
        world.emulator.clear_faults();
        world.edit(|state| drop(state.regions.remove(NORTH)));
    }
}

#[test]
fn keys_are_in_no_output() {
    let world = World::new().variable("HUAWEICLOUD_SDK_SECURITY_TOKEN", SECURITY_TOKEN);
    keeps_its_secrets(&world, &[SK, SECURITY_TOKEN]);
    // The access key is not secret, but is not printed either.
    let output = world.plan(&["-vv"]);
    assert!(
        !output.stdout.contains(AK) && !output.stderr.contains(AK),
        "{output}"
    );
}

#[test]
fn a_token_is_in_no_output() {
    let world = World::with(Settings::default()).variable("HW_AUTH_TOKEN", TOKEN);
    let world = world.variable("PORTOLAN_ENDPOINT_SWR", "");
    let endpoint = world.endpoint().replace("{region}", NORTH);
    keeps_its_secrets(
        &world.variable("PORTOLAN_ENDPOINT_SWR", &endpoint),
        &[TOKEN],
    );
}
