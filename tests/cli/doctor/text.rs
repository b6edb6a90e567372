//! The whole text of a few worlds.

use jiff::{SignedDuration, Timestamp};
use portolan::emulator::{Effect, Settings};

use super::{json_of, refuse, shown, trouble, with_settings, world};
use crate::support::{AK, NORTH, SK};

#[test]
fn everything_is_fine() {
    let world = world();
    let output = world.run(&["doctor"]).exits(0);
    assert_eq!(output.stderr, "");
    insta::assert_snapshot!(shown(&output), @r#"
    this machine
      ok    chart        portolan.yaml: 9 resources in 2 regions
      ok    credentials  access keys from HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK

    cn-north-4
      ok    endpoint     swr, codearts, iam: @HOST@ (not Huawei Cloud)
      ok    clock        as the service's
      ok    account      acme
      ok    project      1fc0576583c1dd0d72190288d90d9e4a
      ok    quota        organizations: 1 of 5 used
      ok    image sync   enabled
      ok    read         organizations, repositories, sync_rules, retentions, access entries of organizations, access entries of repositories, shares, ids of new users and 1 more: allowed
      ok    own level    team-a: manage
      ok    mirror       platform/app: readable

    cn-south-1
      ok    endpoint     swr, iam: @HOST@ (not Huawei Cloud)
      ok    clock        as the service's
      ok    account      acme
      ok    project      80b3393fa98f3c6de4e603c7c66750f7
      ok    quota        organizations: 1 of 5 used
      ok    read         organizations, repositories: allowed
      ok    own level    team-s: manage

    targets of rules
      ok    target       organization cn-east-3/team-a-dr: exists

    rights of `apply`
      note  write        not known: reads do not show them
                         hint: it needs `swr:namespace:create`, `swr:namespace:delete`, `swr:repository:create`, `swr:repository:update`, `swr:repository:delete`, `swr:repo:createAutoSyncRepoJob`, `swr:repo:deleteAutoSyncRepoJob`, `swr:repo:createRetention`, `swr:repo:updateRetention`, `swr:repo:deleteRetention`, `swr:namespace:createNamespaceAccess`, `swr:namespace:updateNamespaceAccess`, `swr:repo:createRepoAccess`, `swr:repo:updateRepoAccess`, `swr:repo:createRepoDomain`, `codeartsrepo:repository:setRepository`

    Ready: 1 note, 31 ok.
    "#);
}

#[test]
fn it_sends_few_requests() {
    let world = world();
    let _ = world.run(&["doctor"]).exits(0);
    let mut sent: Vec<String> = world
        .journal()
        .iter()
        .map(|entry| format!("{} {} {}", entry.method, entry.region, entry.path))
        .collect();
    sent.sort();
    insta::assert_snapshot!(sent.join("\n"), @r#"
    GET cn-east-3 /v2/manage/namespaces
    GET cn-north-4 /v2/manage/namespaces
    GET cn-north-4 /v2/manage/namespaces/team-a/access
    GET cn-north-4 /v2/manage/namespaces/team-a/repos/web/access
    GET cn-north-4 /v2/manage/namespaces/team-a/repos/web/retentions
    GET cn-north-4 /v2/manage/namespaces/team-a/repos/web/sync_repo
    GET cn-north-4 /v2/manage/namespaces/team-a/repositories/web/access-domains
    GET cn-north-4 /v2/manage/overview
    GET cn-north-4 /v2/manage/projects/1fc0576583c1dd0d72190288d90d9e4a/feature-gates
    GET cn-north-4 /v2/manage/projects/1fc0576583c1dd0d72190288d90d9e4a/quotas
    GET cn-north-4 /v2/manage/repos
    GET cn-north-4 /v2/manage/shared-repositories
    GET cn-north-4 /v3/projects
    GET cn-north-4 /v3/users
    GET cn-north-4 /v4/repositories/1/remote-mirror
    GET cn-north-4 /v4/user/repositories
    GET cn-north-4 /v4/user/repositories
    GET cn-south-1 /v2/manage/namespaces
    GET cn-south-1 /v2/manage/overview
    GET cn-south-1 /v2/manage/projects/80b3393fa98f3c6de4e603c7c66750f7/feature-gates
    GET cn-south-1 /v2/manage/projects/80b3393fa98f3c6de4e603c7c66750f7/quotas
    GET cn-south-1 /v2/manage/repos
    GET cn-south-1 /v3/projects
    "#);
}

#[test]
fn without_keys_it_looks_at_what_needs_none() {
    let world = world()
        .variable("HUAWEICLOUD_SDK_AK", "")
        .variable("HUAWEICLOUD_SDK_SK", "");
    let output = world.run(&["doctor"]).exits(1);
    insta::assert_snapshot!(shown(&output), @r#"
    this machine
      ok    chart        portolan.yaml: 9 resources in 2 regions
      FAIL  credentials  no credentials found: set `HUAWEICLOUD_SDK_AK` and `HUAWEICLOUD_SDK_SK`, or `HW_ACCESS_KEY` and `HW_SECRET_KEY`, or `HW_AUTH_TOKEN`, or those for OIDC; docs/credentials.md lists all sources; `--emulator` needs none

    cn-north-4
      ok    endpoint     swr, codearts, iam: @HOST@ (not Huawei Cloud)
      ok    clock        as the service's

    cn-south-1
      ok    endpoint     swr, iam: @HOST@ (not Huawei Cloud)
      ok    clock        as the service's

    targets of rules
      note  target       organization cn-east-3/team-a-dr: was not looked at: no list of the chart's own regions was read

    Not ready: 1 failure, 1 note, 8 ok.
    "#);
    // Nothing was signed, and each endpoint was asked once.
    assert_eq!(world.journal().len(), 5);
}

#[test]
fn wrong_keys_are_tried_at_most_twice() {
    let world = world().variable("HUAWEICLOUD_SDK_SK", "fake-but-wrong");
    let output = world.run(&["doctor"]).exits(1);
    insta::assert_snapshot!(shown(&output), @r#"
    this machine
      ok    chart        portolan.yaml: 9 resources in 2 regions
      ok    credentials  access keys from HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK
      FAIL  credentials  refused: 401 APIGW.0301: Incorrect IAM authentication information: verify signature failed (GET /v2/manage/overview, request id @ID@)
                         hint: check the key and its secret, and whether the key is still active

    cn-north-4
      ok    endpoint     swr, codearts, iam: @HOST@ (not Huawei Cloud)
      ok    clock        as the service's

    cn-south-1
      ok    endpoint     swr, iam: @HOST@ (not Huawei Cloud)
      ok    clock        as the service's

    targets of rules
      note  target       organization cn-east-3/team-a-dr: was not looked at: no list of the chart's own regions was read

    Not ready: 1 failure, 1 note, 9 ok.
    "#);
    let signed = world.journal();
    let signed = signed.iter().filter(|entry| entry.path.len() > 1);
    assert!(signed.count() <= 2);
    assert!(!output.stdout.contains("fake-but-wrong"));
}

#[test]
fn a_clock_that_is_off_is_named_as_the_reason() {
    let settings = |clock: fn() -> Timestamp| Settings {
        verify: Some(format!("{AK}:{SK}").parse().unwrap()),
        clock,
        ..Settings::default()
    };
    let world = with_settings(settings(|| {
        Timestamp::now() + SignedDuration::from_hours(1)
    }));
    let output = world.run(&["doctor"]).exits(1);
    // A second may pass between the two clocks.
    let shown = shown(&output)
        .replace("59m 59s", "1h")
        .replace("1h 1s", "1h");
    insta::assert_snapshot!(shown, @r#"
    this machine
      ok    chart        portolan.yaml: 9 resources in 2 regions
      ok    credentials  access keys from HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK
      FAIL  credentials  refused: 401 APIGW.0301: Incorrect IAM authentication information: X-Sdk-Date is too far from now (GET /v2/manage/overview, request id @ID@)
                         hint: because of the clock, which is 1h behind the service's: a signature is valid for minutes

    cn-north-4
      ok    endpoint     swr, codearts, iam: @HOST@ (not Huawei Cloud)
      FAIL  clock        1h behind the service's
                         hint: signatures are refused: set the clock of this machine, as with NTP

    cn-south-1
      ok    endpoint     swr, iam: @HOST@ (not Huawei Cloud)
      FAIL  clock        1h behind the service's
                         hint: signatures are refused: set the clock of this machine, as with NTP

    targets of rules
      note  target       organization cn-east-3/team-a-dr: was not looked at: no list of the chart's own regions was read

    Not ready: 3 failures, 1 note, 7 ok.
    "#);

    // Three minutes: signatures are accepted.
    let world = with_settings(settings(|| Timestamp::now() - SignedDuration::from_mins(3)));
    let document = json_of(&world);
    assert_eq!(document["outcome"], "ok");
    let clocks: Vec<String> = trouble(&document)
        .into_iter()
        .filter(|line| line.contains("clock"))
        .collect();
    assert_eq!(clocks.len(), 2, "{clocks:?}");
    assert!(
        clocks[0].starts_with("cn-north-4 warning clock -: 3m") || clocks[0].contains("2m 59s"),
        "{clocks:?}"
    );
    assert!(clocks[0].ends_with("ahead of the service's"), "{clocks:?}");
}

#[test]
fn a_read_that_is_refused_names_its_right() {
    let world = world();
    refuse(&world, "list-repositories", Effect::forbidden());
    refuse(&world, "list-rules", Effect::forbidden());
    let output = world.run(&["doctor"]).exits(1);
    insta::assert_snapshot!(shown(&output), @r#"
    this machine
      ok    chart        portolan.yaml: 9 resources in 2 regions
      ok    credentials  access keys from HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK

    cn-north-4
      ok    endpoint     swr, codearts, iam: @HOST@ (not Huawei Cloud)
      ok    clock        as the service's
      ok    account      acme
      ok    project      1fc0576583c1dd0d72190288d90d9e4a
      ok    quota        organizations: 1 of 5 used
      ok    image sync   enabled
      ok    read         organizations, retentions, access entries of organizations, access entries of repositories, shares, ids of new users, mirrors: allowed
      FAIL  read         repositories: 403 SVCSTG.SWR.4037018: No permission on the images of this organization (GET /v2/manage/repos, request id @ID@)
                         hint: the credentials are valid, but lack the permission for this; ask for `swr:repository:list`
      FAIL  read         sync_rules: 403 SVCSTG.SWR.4037018: No permission on the images of this organization (GET /v2/manage/namespaces/team-a/repos/web/sync_repo, request id @ID@)
                         hint: the credentials are valid, but lack the permission for this; ask for `swr:repo:listAutoSyncRepoJobs`
      ok    own level    team-a: manage
      ok    mirror       platform/app: readable

    cn-south-1
      ok    endpoint     swr, iam: @HOST@ (not Huawei Cloud)
      ok    clock        as the service's
      ok    account      acme
      ok    project      80b3393fa98f3c6de4e603c7c66750f7
      ok    quota        organizations: 1 of 5 used
      ok    read         organizations: allowed
      FAIL  read         repositories: 403 SVCSTG.SWR.4037018: No permission on the images of this organization (GET /v2/manage/repos, request id @ID@)
                         hint: the credentials are valid, but lack the permission for this; ask for `swr:repository:list`
      ok    own level    team-s: manage

    targets of rules
      ok    target       organization cn-east-3/team-a-dr: exists

    rights of `apply`
      note  write        not known: reads do not show them
                         hint: it needs `swr:namespace:create`, `swr:namespace:delete`, `swr:repository:create`, `swr:repository:update`, `swr:repository:delete`, `swr:repo:createAutoSyncRepoJob`, `swr:repo:deleteAutoSyncRepoJob`, `swr:repo:createRetention`, `swr:repo:updateRetention`, `swr:repo:deleteRetention`, `swr:namespace:createNamespaceAccess`, `swr:namespace:updateNamespaceAccess`, `swr:repo:createRepoAccess`, `swr:repo:updateRepoAccess`, `swr:repo:createRepoDomain`, `codeartsrepo:repository:setRepository`

    Not ready: 3 failures, 1 note, 28 ok.
    "#);
    for (route, right) in [
        ("list-organizations", "swr:namespace:list"),
        ("list-retentions", "swr:repo:listRetentions"),
        (
            "list-organization-grants",
            "swr:namespace:getNamespaceAccess",
        ),
        ("list-repository-grants", "swr:repo:getRepoAccess"),
        ("list-shared-repositories", "swr:repo:listSharedRepos"),
        ("list-shares", "swr:repo:listRepoDomains"),
        (
            "list-git-repositories",
            "codeartsrepo:repository:getRepository",
        ),
    ] {
        world.emulator.clear_faults();
        refuse(&world, route, Effect::forbidden());
        let _ = world
            .run(&["doctor"])
            .exits(1)
            .says(&format!("ask for `{right}`"));
    }
}

#[test]
fn an_endpoint_that_does_not_answer_is_asked_once() {
    let world = world();
    let closed = crate::support::listen();
    let host = closed.local_addr().unwrap().to_string();
    drop(closed);
    let world = world.variable(
        "PORTOLAN_ENDPOINT_SWR",
        &format!("http://{host}/{{region}}"),
    );
    let output = world.run(&["doctor"]).exits(1);
    let shown = shown(&output).replace(&host, "@CLOSED@");
    insta::assert_snapshot!(shown, @r#"
    this machine
      ok    chart        portolan.yaml: 9 resources in 2 regions
      ok    credentials  access keys from HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK

    cn-north-4
      FAIL  endpoint     swr: no connection to @CLOSED@: tcp connect error: Connection refused (os error 111)
                         hint: check the endpoint, the network and the proxy settings
      ok    endpoint     codearts, iam: @HOST@ (not Huawei Cloud)
      ok    clock        as the service's
      ok    account      acme
      ok    project      1fc0576583c1dd0d72190288d90d9e4a
      ok    read         mirrors: allowed
      ok    mirror       platform/app: readable

    cn-south-1
      FAIL  endpoint     swr: no connection to @CLOSED@: tcp connect error: Connection refused (os error 111)
                         hint: check the endpoint, the network and the proxy settings
      ok    endpoint     iam: @HOST@ (not Huawei Cloud)
      ok    clock        as the service's
      ok    account      acme
      ok    project      80b3393fa98f3c6de4e603c7c66750f7

    targets of rules
      note  target       organization cn-east-3/team-a-dr: was not looked at: no list of the chart's own regions was read

    rights of `apply`
      note  write        not known: reads do not show them
                         hint: it needs `swr:namespace:create`, `swr:namespace:delete`, `swr:repository:create`, `swr:repository:update`, `swr:repository:delete`, `swr:repo:createAutoSyncRepoJob`, `swr:repo:deleteAutoSyncRepoJob`, `swr:repo:createRetention`, `swr:repo:updateRetention`, `swr:repo:deleteRetention`, `swr:namespace:createNamespaceAccess`, `swr:namespace:updateNamespaceAccess`, `swr:repo:createRepoAccess`, `swr:repo:updateRepoAccess`, `swr:repo:createRepoDomain`, `codeartsrepo:repository:setRepository`

    Not ready: 2 failures, 2 notes, 13 ok.
    "#);
}

#[test]
fn without_a_chart_it_looks_at_the_region_of_the_command_line() {
    let world = world();
    std::fs::remove_file(world.path("portolan.yaml")).unwrap();
    let _ = world
        .run(&["doctor"])
        .exits(1)
        .says("there is none here, and no region is named");
    let output = world.run(&["doctor", "--region", NORTH]).exits(0);
    insta::assert_snapshot!(shown(&output), @r#"
    this machine
      note  chart        there is none here
                         hint: what follows needs none; `portolan init` writes one
      ok    credentials  access keys from HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK

    cn-north-4
      ok    endpoint     swr, iam: @HOST@ (not Huawei Cloud)
      ok    clock        as the service's
      ok    account      acme
      ok    project      1fc0576583c1dd0d72190288d90d9e4a
      ok    quota        organizations: 1 of 5 used
      ok    read         organizations, repositories: allowed

    Ready: 1 note, 9 ok.
    "#);
    world.chart("version: 1\nregon: x\n");
    let output = world.run(&["doctor", "--region", NORTH]).exits(1);
    let output = output
        .says("FAIL  chart        it has errors")
        .warns("unknown-key");
    let _ = output.says("ok    account      acme");
    let document = world
        .run(&["doctor", "--region", NORTH, "--format", "json"])
        .exits(1)
        .json();
    assert_eq!(document["diagnostics"][0]["code"], "unknown-key");
}
