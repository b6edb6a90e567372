//! The agency of the machine, from its metadata service.

use super::{bare, calls, canaries::apply_in_secret, without_keys};

const KEYS: &str = "/openstack/latest/securitykey";

fn on_a_machine() -> crate::support::World {
    let world = without_keys();
    world.edit(|state| "portolan".clone_into(&mut state.identity.machine_agency));
    let url = world.url().to_owned();
    world.variable("PORTOLAN_ENDPOINT_METADATA", &url)
}

#[test]
fn the_machine_is_asked_only_by_name() {
    let world = on_a_machine();
    let _ = world.plan(&[]).exits(1).warns("no credentials found");
    assert_eq!(calls(&world, KEYS), 0);
    let world = world.variable("PORTOLAN_CREDENTIALS", "metadata");
    let output = world.run(&["plan", "-v"]).exits(0);
    let expected = "credentials from the machine's metadata service";
    assert!(output.stderr.contains(expected), "{output}");
    apply_in_secret(
        &world,
        &["emulator-metadata-session", "hQpjbi1ub3J0aC00", "HST"],
    );
}

#[test]
fn a_machine_without_an_agency() {
    let world = on_a_machine().variable("PORTOLAN_CREDENTIALS", "metadata");
    world.edit(|state| state.identity.machine_agency.clear());
    let _ = world
        .run(&["plan"])
        .exits(1)
        .warns("the credentials from the machine's metadata service cannot be obtained")
        .warns("404");
}

#[test]
fn another_host_is_not_the_machine() {
    for url in [
        "https://example.com",
        "http://example.com",
        "http://user@127.0.0.1:1",
    ] {
        let world = bare()
            .variable("PORTOLAN_CREDENTIALS", "metadata")
            .variable("PORTOLAN_ENDPOINT_METADATA", url);
        let _ = world
            .plan(&[])
            .exits(1)
            .warns("`PORTOLAN_ENDPOINT_METADATA`");
    }
}
