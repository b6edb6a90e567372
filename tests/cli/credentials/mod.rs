//! Every source of credentials, through the program. The service accepts nothing else, and what a
//! source holds is in no output.

mod agencies;
mod canaries;
mod chain;
mod machine;
mod oidc;
mod renewal;

use std::collections::{BTreeMap, BTreeSet};

use portolan::emulator::{Agency, Answer, CiJob, Provider, Request};

use crate::support::{AK, NORTH, SK, World, wait_for};

/// A region with one organization and three repositories.
const CHART: &str = "\
version: 1
region: cn-north-4
organizations:
  team-a:
    repositories: { one: {}, two: {}, three: {} }
";

/// A service that verifies, and a program without credentials but with a home folder.
fn bare() -> World {
    let world = World::of(CHART)
        .variable("HUAWEICLOUD_SDK_AK", "")
        .variable("HUAWEICLOUD_SDK_SK", "");
    let home = world.path("home").display().to_string();
    world.variable("HOME", &home)
}

/// The file of KooCLI with one profile.
fn koocli(world: &World, encrypted: &str, profile: &str) {
    world.file(
        "home/.hcloud/config.json",
        format!(r#"{{"authEncrypt": {encrypted}, "current": "default", "profiles": [{profile}]}}"#),
    );
}

fn plain_profile(name: &str) -> String {
    format!(
        r#"{{"name": "{name}", "mode": "AKSK", "accessKeyId": "{AK}", "secretAccessKey": "{SK}"}}"#
    )
}

/// The file of the official SDK.
fn sdk_file(world: &World) {
    world.file(
        "home/.huaweicloud/credentials",
        format!("[basic]\nak = {AK}\nsk = {SK}\n"),
    );
}

const AUDIENCE: &str = "sts.myhuaweicloud.com";
const SUBJECT: &str = "repo:acme/registry:ref:refs/heads/main";
/// What a job of GitHub authenticates with.
pub(crate) const REQUEST_TOKEN: &str = "canary-request-token-77d1";

/// A service that accepts no stored key: one agency, which trusts a job and the account `tools`.
/// The keys of the agency end soon, so that longer runs need new ones.
pub(crate) fn without_keys() -> World {
    let world = bare();
    world.edit(|state| {
        state.identity.account_of_keys = "tools".to_owned();
        let subjects = BTreeSet::from(["repo:acme/registry:".to_owned()]);
        let agency = Agency {
            accounts: BTreeSet::from(["tools".to_owned()]),
            subjects: BTreeMap::from([("github".to_owned(), subjects)]),
            ..Agency::default()
        };
        state
            .identity
            .agencies
            .insert("portolan".to_owned(), agency);
        let provider = Provider {
            issuer: "https://token.actions.githubusercontent.com".to_owned(),
            audience: AUDIENCE.to_owned(),
        };
        state
            .identity
            .providers
            .insert("github".to_owned(), provider);
        state.identity.job = Some(CiJob {
            subject: SUBJECT.to_owned(),
            request_token: REQUEST_TOKEN.to_owned(),
            lifetime: 300,
        });
    });
    let endpoint = world.endpoint();
    world
        .variable("PORTOLAN_ENDPOINT_STS", &endpoint)
        .variable("PORTOLAN_ENDPOINT_IAM", &endpoint)
}

pub(crate) fn urn(world: &World, kind: &str, name: &str) -> String {
    let account = world.emulator.read(portolan::emulator::State::account_id);
    format!("iam::{account}:{kind}:{name}")
}

/// With the names of the agency and of the provider.
pub(crate) fn with_urns(world: World) -> World {
    let (provider, agency) = (
        urn(&world, "oidc-provider", "github"),
        urn(&world, "agency", "portolan"),
    );
    world
        .variable("HUAWEICLOUD_OIDC_PROVIDER_URN", &provider)
        .variable("HUAWEICLOUD_OIDC_AGENCY_URN", &agency)
}

/// With what a job of GitHub has that may ask for id tokens.
pub(crate) fn in_a_job(world: World) -> World {
    let url = format!("{}/idtoken?api-version=2.0", world.url());
    world
        .variable("ACTIONS_ID_TOKEN_REQUEST_URL", &url)
        .variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN", REQUEST_TOKEN)
}

/// An id token of the job.
pub(crate) fn id_token(world: &World, audience: &str) -> String {
    let request = Request {
        region: NORTH.to_owned(),
        method: "GET".to_owned(),
        path: "/idtoken".to_owned(),
        query: format!("audience={audience}"),
        headers: vec![(
            "Authorization".to_owned(),
            format!("bearer {REQUEST_TOKEN}"),
        )],
        ..Request::default()
    };
    match wait_for(world.emulator.answer(request)) {
        Answer::Complete(answer) => answer.value()["value"].as_str().unwrap().to_owned(),
        other => panic!("{other:?}"),
    }
}

/// How often a path was asked for.
fn calls(world: &World, path: &str) -> usize {
    let journal = world.journal();
    journal.iter().filter(|entry| entry.path == path).count()
}
