//! Variables and files: which one is used, and what is refused.

use super::{bare, canaries::apply_in_secret, koocli, plain_profile, sdk_file};
use crate::support::{AK, NORTH, SK, World};

/// Both together are no secret of any world, and each is accepted by none.
const WRONG: [(&str, &str); 2] = [
    ("HW_ACCESS_KEY", "WRONGAK0000000000001"),
    ("HW_SECRET_KEY", "wrong-secret-key-0001"),
];

#[track_caller]
fn names(world: &World, source: &str) {
    let output = world.run(&["plan", "-v"]).exits(0);
    let expected = format!("credentials from {source}");
    assert!(output.stderr.contains(&expected), "{output}");
}

#[test]
fn the_variables_of_each_tool() {
    for (ak, sk, source) in [
        ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", ""),
        ("HW_ACCESS_KEY", "HW_SECRET_KEY", ""),
        (
            "HUAWEI_CLOUD_ACCESS_KEY_ID",
            "HUAWEI_CLOUD_SECRET_ACCESS_KEY",
            "",
        ),
        ("HUAWEI_CLOUD_AK", "HUAWEI_CLOUD_SK", "env"),
    ] {
        let world = bare()
            .variable(ak, AK)
            .variable(sk, SK)
            .variable("PORTOLAN_CREDENTIALS", source);
        names(&world, &format!("{ak} and {sk}"));
        apply_in_secret(&world, &[SK]);
    }
}

#[test]
fn a_profile_of_koocli() {
    let world = bare();
    koocli(&world, "\"false\"", &plain_profile("default"));
    names(
        &world,
        "the profile `default` of @DIR@/home/.hcloud/config.json",
    );
    apply_in_secret(&world, &[SK]);
}

#[test]
fn the_file_of_the_sdk() {
    let world = bare();
    sdk_file(&world);
    names(
        &world,
        "the section `[basic]` of @DIR@/home/.huaweicloud/credentials",
    );
    apply_in_secret(&world, &[SK]);
}

#[test]
fn a_named_profile_beats_every_variable() {
    let [(ak, wrong_ak), (sk, wrong_sk)] = WRONG;
    let world = bare().variable(ak, wrong_ak).variable(sk, wrong_sk);
    koocli(&world, "false", &plain_profile("ci"));
    let _ = world.plan(&[]).exits(1);
    let _ = world.plan(&["--profile", "ci"]).exits(0);
    let _ = world
        .plan(&["--profile", "other"])
        .exits(1)
        .warns("has no profile `other`; it has `ci`");
    let _ = world
        .plan(&["--profile", "ci", "--credentials", "env"])
        .exits(64);
    let world = world.variable("HW_PROFILE", "ci");
    let _ = world.plan(&[]).exits(0);
    // An option beats Terraform's variable.
    let _ = world.plan(&["--credentials", "env"]).exits(1);
}

#[test]
fn what_is_half_there_or_doubtful_is_refused() {
    let [(ak, wrong_ak), (sk, wrong_sk)] = WRONG;
    let two = bare()
        .variable("HUAWEICLOUD_SDK_AK", AK)
        .variable("HUAWEICLOUD_SDK_SK", SK)
        .variable(ak, wrong_ak)
        .variable(sk, wrong_sk);
    let half = bare().variable("HUAWEI_CLOUD_ACCESS_KEY_ID", AK);
    let encrypted = bare();
    koocli(&encrypted, "\"true\"", &plain_profile("default"));
    let half_profile = bare();
    koocli(
        &half_profile,
        "false",
        &plain_profile("default").replace("secretAccessKey", "secret"),
    );
    for (world, expected) in [
        (two, "`HUAWEICLOUD_SDK_AK` and `HW_ACCESS_KEY` are both set"),
        (half, "`HUAWEI_CLOUD_SECRET_ACCESS_KEY` is not: set it too"),
        (encrypted, "`hcloud configure set --cli-auth-encrypt=false`"),
        (half_profile, "has `accessKeyId`, but no `secretAccessKey`"),
    ] {
        for arguments in [
            &["plan", "--format", "json"][..],
            &["apply", "--yes"],
            &["drift"],
        ] {
            let output = world.run(arguments).exits(1).warns(expected);
            for secret in [AK, SK, wrong_ak, wrong_sk] {
                assert!(!output.to_string().contains(secret), "{output}");
            }
        }
        assert!(world.journal().is_empty());
    }
}

#[test]
fn a_key_of_a_file_is_no_login_of_a_mirror() {
    let world = bare();
    sdk_file(&world);
    world.edit(|state| {
        let url = "https://git.example.com/app.git";
        state.ensure_mirror(NORTH, "platform", "app", url);
    });
    world.chart(MIRROR);
    let world = world
        .variable("GIT_USER", "git-user")
        .variable("GIT_TOKEN", SK);
    let _ = world
        .try_apply(&[])
        .exits(1)
        .says("holds a key or a token of the cloud");
}

const MIRROR: &str = "\
version: 1
region: cn-north-4
mirrors:
  platform/app:
    url: https://git.example.com/app.git
    max_age: 1h
    credentials: { username: { env: GIT_USER }, password: { env: GIT_TOKEN } }
";
