//! Every source of credentials, through the program. The service accepts nothing else, and what a
//! source holds is in no output.

mod canaries;
mod chain;

use crate::support::{AK, SK, World};

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
