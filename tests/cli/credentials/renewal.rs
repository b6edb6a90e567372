//! Keys that end while a command runs.

use std::time::Duration;

use portolan::emulator::Fault;
use serde_json::json;

use super::{calls, in_a_job, with_urns, without_keys};
use crate::support::{World, wait_until};

const EXCHANGE: &str = "/v5/agencies/assume-with-oidc";

/// Changes one after the other: together they take longer than the keys last.
fn long_run() -> World {
    let world = in_a_job(with_urns(without_keys()));
    world.edit(|state| {
        let agency = state.identity.agencies.get_mut("portolan").unwrap();
        agency.longest_session = 3;
    });
    let names: Vec<String> = (0..12).map(|number| format!("r{number}: {{}}")).collect();
    world.chart(&format!(
        "version: 1\nregion: cn-north-4\norganizations:\n  team-a:\n    repositories: {{ {} }}\n",
        names.join(", ")
    ));
    slow(&world);
    world.variable("PORTOLAN_PARALLELISM", "1")
}

/// Every request of SWR takes a while.
fn slow(world: &World) {
    world.inject("delay=200ms,path=/v2/manage,times=all".parse().unwrap());
}

fn refusals(world: &World) -> usize {
    let journal = world.journal();
    journal
        .iter()
        .filter(|entry| entry.status == Some(401))
        .count()
}

#[test]
fn an_apply_that_lasts_longer_than_its_keys_ends_well() {
    let world = long_run();
    let output = world.try_apply(&["-v"]).exits(0).says("13 added");
    assert!(output.stderr.contains("new keys from OIDC"), "{output}");
    assert!(calls(&world, EXCHANGE) > 1, "the keys lasted: {output}");
    assert_eq!(refusals(&world), 0);
    world.is_settled();
}

#[test]
fn many_requests_at_once_renew_once() {
    let world = long_run().variable("PORTOLAN_PARALLELISM", "8");
    let fault = "delay=300ms,route=assume-agency-with-oidc,times=all";
    world.inject(fault.parse().unwrap());
    let _ = world.try_apply(&[]).exits(0);
    assert_eq!(refusals(&world), 0);
    // No two exchanges run at the same time, so none is asked for while another one is.
    let journal = world.journal();
    let kinds: Vec<bool> = journal.iter().map(|entry| entry.path == EXCHANGE).collect();
    let doubled = kinds.windows(2).any(|pair| pair == [true, true]);
    assert!(!doubled, "{journal:?}");
}

#[test]
fn a_renewal_that_fails_keeps_what_was_applied() {
    let world = long_run();
    let mut command = world.command(&[
        "apply",
        "--yes",
        "--format",
        "json",
        "--receipt",
        "receipt.json",
    ]);
    command.stdout(std::process::Stdio::piped());
    command.stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    wait_until("something was written", || world.state().len() > 1);
    let fault: Fault = "status=403,route=assume-agency-with-oidc,times=all"
        .parse()
        .unwrap();
    world.inject(fault);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let count = |list: &str| report[list].as_array().unwrap().len();
    assert!(count("applied") > 0 && count("failed") > 0, "{report:#}");
    assert_eq!(report["ended_early"]["reason"], json!("credentials-ended"));
    assert_eq!(
        world.json("receipt.json")["ended_early"]["reason"],
        json!("credentials-ended")
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let expected = "the credentials from OIDC with the id token of GitHub's token endpoint cannot \
                    be renewed: STS answered 403";
    assert!(text.contains(expected), "{text}");
    // Nothing was signed with keys that had ended.
    assert_eq!(refusals(&world), 0);
    world.emulator.clear_faults();
    let _ = world.try_apply(&[]).exits(0);
    world.is_settled();
}

#[test]
fn the_machines_clock_may_be_wrong() {
    // The service is an hour ahead. Its keys last as long as its own clock says.
    let world = in_a_job(with_urns(without_keys()));
    world.emulator.advance(Duration::from_secs(3_600));
    let _ = world.plan(&[]).exits(0);
    assert_eq!(calls(&world, EXCHANGE), 1);
}
