//! An id token that STS exchanges for keys.

use portolan::emulator::Fault;

use super::{
    AUDIENCE, REQUEST_TOKEN, calls, canaries::apply_in_secret, id_token, in_a_job, with_urns,
    without_keys,
};
use crate::support::World;

const EXCHANGE: &str = "/v5/agencies/assume-with-oidc";

/// A signature is never the same, but the parts of a token before it are.
fn parts(token: &str) -> Vec<&str> {
    token.split('.').filter(|part| part.len() > 40).collect()
}

#[track_caller]
fn is_refused(world: &World, expected: &str) {
    for arguments in [&["plan"][..], &["apply", "--yes", "--format", "json"]] {
        let output = world.run(arguments).exits(1).warns(expected);
        assert!(!output.to_string().contains(REQUEST_TOKEN), "{output}");
    }
    assert_eq!(world.state(), [""; 0]);
}

#[test]
fn a_job_of_github() {
    let world = in_a_job(with_urns(without_keys()));
    let output = world.plan(&["-v"]).exits(0);
    let expected = "credentials from OIDC with the id token of GitHub's token endpoint";
    assert!(output.stderr.contains(expected), "{output}");
    // One exchange serves a whole run.
    assert_eq!([calls(&world, "/idtoken"), calls(&world, EXCHANGE)], [1, 1]);
    let text = apply_in_secret(&world, &[REQUEST_TOKEN, "hQpjbi1ub3J0aC00", "HST"]);
    let token = id_token(&world, AUDIENCE);
    assert!(
        !parts(&token).iter().any(|part| text.contains(part)),
        "{text}"
    );
}

#[test]
fn a_file_and_a_variable() {
    let world = with_urns(without_keys());
    let token = id_token(&world, AUDIENCE);
    world.file("id.token", format!("{token}\n"));
    let file = world.path("id.token").display().to_string();
    let in_file = world.variable("HUAWEICLOUD_OIDC_TOKEN_FILE", &file);
    let output = in_file.plan(&["-v"]).exits(0);
    assert!(
        output
            .stderr
            .contains("the id token of the file @DIR@/id.token"),
        "{output}"
    );
    let mut secrets = parts(&token);
    secrets.push("hQpjbi1ub3J0aC00");
    apply_in_secret(&in_file, &secrets);

    let in_variable = with_urns(without_keys());
    let token = id_token(&in_variable, AUDIENCE);
    let in_variable = in_variable.variable("HUAWEICLOUD_OIDC_ID_TOKEN", &token);
    apply_in_secret(&in_variable, &parts(&token));
}

#[test]
fn an_id_token_is_used_behind_keys_and_before_profiles() {
    let world = in_a_job(with_urns(without_keys()));
    super::sdk_file(&world);
    let _ = world.plan(&[]).exits(0);
    assert_eq!(calls(&world, EXCHANGE), 1);
    // These keys are of another account, and have no rights in this one.
    let world = world
        .variable("HW_ACCESS_KEY", crate::support::AK)
        .variable("HW_SECRET_KEY", crate::support::SK);
    let _ = world.plan(&[]).exits(1);
    assert_eq!(calls(&world, EXCHANGE), 1);
    let _ = world.plan(&["--credentials", "oidc"]).exits(0);
    assert_eq!(calls(&world, EXCHANGE), 2);
}

#[test]
fn an_id_token_that_is_not_accepted() {
    let expired = with_urns(without_keys());
    let token = id_token(&expired, AUDIENCE);
    expired
        .emulator
        .advance(std::time::Duration::from_secs(3_600));
    is_refused(
        &expired.variable("HUAWEICLOUD_OIDC_ID_TOKEN", &token),
        "STS answered 401 STS.0401: the id token is not accepted: it has expired",
    );
    let other = with_urns(without_keys());
    let token = id_token(&other, "someone-else");
    is_refused(
        &other.variable("HUAWEICLOUD_OIDC_ID_TOKEN", &token),
        "it is for another audience",
    );
    let altered = with_urns(without_keys());
    let token = id_token(&altered, AUDIENCE);
    is_refused(
        &altered.variable("HUAWEICLOUD_OIDC_ID_TOKEN", &token.replacen('.', ".e30", 1)),
        "its signature is wrong",
    );
    let stranger = in_a_job(with_urns(without_keys()));
    stranger.edit(|state| {
        state.identity.job.as_mut().unwrap().subject = "repo:someone/fork:pull_request".to_owned();
    });
    is_refused(
        &stranger,
        "the agency does not trust the subject of the id token",
    );
}

#[test]
fn a_token_that_has_expired_is_not_sent() {
    // {"exp": 1600000000}
    let old = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE2MDAwMDAwMDB9.c2lnbmF0dXJl";
    let world = with_urns(without_keys()).variable("HUAWEICLOUD_OIDC_ID_TOKEN", old);
    is_refused(
        &world,
        "the id token of `HUAWEICLOUD_OIDC_ID_TOKEN` has expired",
    );
    assert_eq!(calls(&world, EXCHANGE), 0);
}

#[test]
fn settings_that_are_not_complete() {
    let world = with_urns(without_keys());
    is_refused(
        &world,
        "but there is no id token: set `HUAWEICLOUD_OIDC_TOKEN_FILE`",
    );
    let world = world.variable("HUAWEICLOUD_OIDC_AGENCY_URN", "");
    is_refused(
        &world,
        "`HUAWEICLOUD_OIDC_PROVIDER_URN` is set, but `HUAWEICLOUD_OIDC_AGENCY_URN` is not",
    );
    // Half of them are an error beside complete keys too.
    let world = world
        .variable("HW_ACCESS_KEY", crate::support::AK)
        .variable("HW_SECRET_KEY", crate::support::SK);
    is_refused(&world, "but `HUAWEICLOUD_OIDC_AGENCY_URN` is not");
    let world = in_a_job(with_urns(without_keys())).variable("PORTOLAN_ENDPOINT_STS", "");
    is_refused(&world, "it needs STS, which is not known");
    let world = in_a_job(with_urns(without_keys()));
    let world = world.variable("ACTIONS_ID_TOKEN_REQUEST_URL", "http://example.com/token");
    is_refused(&world, "would send a secret in the clear");
}

#[test]
fn a_chart_names_sts_and_a_saved_plan_keeps_it() {
    let world = in_a_job(with_urns(without_keys())).variable("PORTOLAN_ENDPOINT_STS", "");
    let endpoint = world.endpoint();
    let chart = super::CHART.replace(
        "region: cn-north-4\n",
        &format!("region: cn-north-4\nendpoints: {{ sts: '{endpoint}' }}\n"),
    );
    world.chart(&chart);
    let _ = world.plan(&["--out", "plan.json"]).exits(0);
    assert!(world.json("plan.json")["scope"]["sts_endpoints"]["cn-north-4"].is_string());
    let _ = world
        .leaves_work("a copy of the service does not know the keys of the chart's own STS")
        .run(&["apply", "plan.json"])
        .exits(0)
        .says("4 added");
    // Other credentials do not need it.
    world.edit(|state| state.identity.account_of_keys.clear());
    let _ = world.plan(&["--out", "plan.json"]).exits(0);
    let world = world
        .variable("HW_ACCESS_KEY", crate::support::AK)
        .variable("HW_SECRET_KEY", crate::support::SK)
        .variable("PORTOLAN_ENDPOINT_STS", "");
    let _ = world.run(&["apply", "plan.json"]).exits(0);
}

#[test]
fn a_service_that_is_busy_is_asked_again() {
    let world = in_a_job(with_urns(without_keys()));
    for route in ["create-id-token", "assume-agency-with-oidc"] {
        let fault: Fault = format!("status=503,route={route},times=2").parse().unwrap();
        world.inject(fault);
    }
    let _ = world.plan(&[]).exits(0);
    assert_eq!([calls(&world, "/idtoken"), calls(&world, EXCHANGE)], [3, 3]);
    // What is refused is not asked for again.
    world.clear_journal();
    let fault: Fault = "status=403,route=assume-agency-with-oidc,times=all"
        .parse()
        .unwrap();
    world.inject(fault);
    let _ = world
        .plan(&[])
        .exits(1)
        .warns("cannot be obtained: STS answered 403");
    assert_eq!(calls(&world, EXCHANGE), 1);
}
