//! The workflows that need no stored key, against a service that accepts nothing else than keys for
//! an id token.

use serde_json::json;

use super::{
    github::{merge, quiet},
    releases::Releases,
    runner::Job,
    stage::{CHART, Stage, has_the_tools},
};
use crate::{
    credentials::{REQUEST_TOKEN, urn, without_keys},
    support::World,
};

/// The variables of the repository, and where the services are.
struct Settings([(&'static str, String); 5]);

impl Settings {
    fn of(world: &World) -> Settings {
        Settings([
            ("PORTOLAN_EMULATOR", String::new()),
            ("PORTOLAN_ENDPOINT_SWR", world.endpoint()),
            ("PORTOLAN_ENDPOINT_STS", world.endpoint()),
            (
                "HUAWEICLOUD_OIDC_PROVIDER_URN",
                urn(world, "oidc-provider", "github"),
            ),
            (
                "HUAWEICLOUD_OIDC_AGENCY_URN",
                urn(world, "agency", "portolan"),
            ),
        ])
    }

    /// A job that runs where GitHub issues id tokens.
    fn give<'a>(&'a self, job: Job<'a>, world: &World) -> Job<'a> {
        let url = format!("{}/idtoken?api-version=2.0", world.url());
        let job = job.issuing(url, REQUEST_TOKEN);
        self.0
            .iter()
            .fold(job, |job, (name, value)| job.variable(name, value))
    }
}

fn plan<'a>(stage: &'a Stage, releases: &Releases) -> Job<'a> {
    let event = json!({ "pull_request": {
        "number": 5, "head": { "sha": "bbbb", "repo": { "full_name": "team/charts" } } } });
    Job::new(stage, releases, ("plan-oidc", "plan"), &event)
}

#[test]
fn from_a_pull_request_to_no_drift_without_a_stored_key() {
    if !has_the_tools() {
        return;
    }
    let (releases, world) = (Releases::new(), without_keys());
    let settings = Settings::of(&world);
    let stage = quiet(CHART);
    let mut job = settings.give(plan(&stage, &releases), &world);
    let printed = job.run().with(0).printed;
    assert!(stage.text("temp/portolan-plan.md").contains("2 to add"));

    merge(&stage);
    let job = Job::new(&stage, &releases, ("apply-oidc", "apply"), &json!({}));
    let applied = settings.give(job, &world).run().with(0).printed;
    assert_eq!(world.state().len(), 2, "{applied}");

    let job = Job::new(&stage, &releases, ("drift-oidc", "drift"), &json!({}));
    let drift = settings.give(job, &world).run().with(0).printed;
    let all = [printed, applied, drift, stage.text("summary")].concat();
    assert!(!all.contains(REQUEST_TOKEN), "{all}");
}

#[test]
fn a_job_without_the_permission_is_told_so() {
    if !has_the_tools() {
        return;
    }
    let (releases, world) = (Releases::new(), without_keys());
    let settings = Settings::of(&world);
    let stage = quiet(CHART);
    let job = plan(&stage, &releases).without("id-token");
    let _ = settings
        .give(job, &world)
        .run()
        .with(1)
        .says("give the job of GitHub `permissions: id-token: write`");
}
