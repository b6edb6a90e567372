//! An agency that is assumed with other credentials, usually those of another account.

use portolan::emulator::Agency;

use super::{calls, canaries::apply_in_secret, in_a_job, urn, with_urns, without_keys};
use crate::support::{AK, SK, World};

/// Keys of the account `tools`.
fn with_keys() -> World {
    without_keys()
        .variable("HUAWEICLOUD_SDK_AK", AK)
        .variable("HUAWEICLOUD_SDK_SK", SK)
}

#[test]
fn an_agency_by_its_urn() {
    let world = with_keys();
    // The keys alone have no rights here.
    let _ = world
        .plan(&[])
        .exits(1)
        .warns("no permission in this account");
    let agency = urn(&world, "agency", "portolan");
    let world = world.variable("PORTOLAN_ASSUME_AGENCY", &agency);
    let output = world.plan(&["-v"]).exits(0);
    let expected = format!("HUAWEICLOUD_SDK_SK, with the agency `{agency}`");
    assert!(output.stderr.contains(&expected), "{output}");
    assert_eq!(calls(&world, "/v5/agencies/assume"), 1);
    apply_in_secret(&world, &[SK, "hQpjbi1ub3J0aC00", "HST"]);
}

#[test]
fn an_agency_by_account_and_name() {
    let world = with_keys()
        .variable("PORTOLAN_ASSUME_AGENCY", "emulator/portolan")
        .variable(
            "HUAWEICLOUD_SDK_PROJECT_ID",
            "0000000000000000000000000000fa4e",
        );
    let output = world.plan(&[]).exits(0);
    let output = output.warns("warning: the project id is not sent: an agency's account");
    assert!(!output.stderr.contains("fa4e"), "{output}");
    assert_eq!(calls(&world, "/v3.0/OS-CREDENTIAL/securitytokens"), 1);
    apply_in_secret(&world, &[SK, "hQpjbi1ub3J0aC00", "HST"]);
}

#[test]
fn an_agency_behind_an_id_token() {
    let world = in_a_job(with_urns(without_keys()));
    world.edit(|state| {
        let account = state.account().to_owned();
        let agency = Agency {
            accounts: [account].into(),
            ..Agency::default()
        };
        state.identity.agencies.insert("second".to_owned(), agency);
    });
    let second = urn(&world, "agency", "second");
    let world = world.variable("PORTOLAN_ASSUME_AGENCY", &second);
    apply_in_secret(&world, &["hQpjbi1ub3J0aC00", "HST"]);
}

#[test]
fn an_agency_that_cannot_be_assumed() {
    let world = with_keys();
    world.edit(|state| {
        let agency = Agency {
            accounts: ["others".to_owned()].into(),
            ..Agency::default()
        };
        state.identity.agencies.insert("theirs".to_owned(), agency);
    });
    let theirs = urn(&world, "agency", "theirs");
    let unknown = urn(&world, "agency", "unknown");
    for (agency, expected) in [
        (
            theirs.as_str(),
            "STS answered 403 STS.0403: the agency does not trust the caller",
        ),
        (
            "emulator/theirs",
            "IAM answered 403: the agency does not trust the caller",
        ),
        (&unknown, "does not exist"),
        ("other/portolan", "the agency does not exist"),
        (
            "portolan",
            "`PORTOLAN_ASSUME_AGENCY` is neither the URN of an agency",
        ),
    ] {
        let world = with_agency(&world, agency);
        let output = world.output(world.command(&["apply", "--yes"])).exits(1);
        let _ = output.warns(expected);
        assert_eq!(world.state(), [""; 0]);
    }
}

/// The same service with another agency.
fn with_agency<'w>(world: &'w World, agency: &str) -> Assuming<'w> {
    Assuming {
        world,
        agency: agency.to_owned(),
    }
}

struct Assuming<'w> {
    world: &'w World,
    agency: String,
}

impl Assuming<'_> {
    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = self.world.command(arguments);
        command.env("PORTOLAN_ASSUME_AGENCY", &self.agency);
        command
    }
}

impl std::ops::Deref for Assuming<'_> {
    type Target = World;

    fn deref(&self) -> &World {
        self.world
    }
}
