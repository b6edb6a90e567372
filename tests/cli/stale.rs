//! Another client changes an object while a write waits for its retry: the write is not sent a
//! second time.

use portolan::emulator::{
    Assumptions, DeleteOrganizationWithRepositories, DeleteRepositoryWithImages, Settings,
};

use crate::support::{AK, NORTH, SK, World};

/// Why the first try fails. The service carries nothing out.
const REFUSALS: [&str; 7] = [
    "status=503",
    "status=500",
    "status=502",
    "status=504",
    "status=429",
    "status=429,retry-after=1",
    "cut-before",
];

/// A service that deletes non-empty objects, and a world with a repository for each test.
fn careless() -> World {
    let assumptions = Assumptions {
        delete_repository_with_images: DeleteRepositoryWithImages::Cascade,
        delete_organization_with_repositories: DeleteOrganizationWithRepositories::Cascade,
        ..Assumptions::default()
    };
    let world = World::with(Settings {
        assumptions,
        ..Settings::default()
    })
    .variable("HUAWEICLOUD_SDK_AK", AK)
    .variable("HUAWEICLOUD_SDK_SK", SK);
    world.edit(|state| {
        state.ensure_repository(NORTH, "team", "kept");
        state.ensure_repository(NORTH, "team", "old").is_public = true;
        state.ensure_organization(NORTH, "gone");
    });
    world
}

/// Applies a chart of organizations to a service that refuses the first write of a kind and is
/// edited right then.
fn disturbed(refusal: &str, route: &str, edit: &str, organizations: &str) -> World {
    let world = careless();
    world.chart(&format!(
        "version: 1\nregion: {NORTH}\norganizations:\n{organizations}"
    ));
    world.inject(format!("{refusal},route={route}").parse().unwrap());
    world.inject(format!("stranger={edit},route={route}").parse().unwrap());
    let _ = world
        .try_apply(&["--allow", "deletes"])
        .exits(1)
        .says("changed");
    assert_eq!(world.writes().len(), 1, "{refusal}: {:?}", world.writes());
    world
}

#[test]
fn an_image_that_is_pushed_before_the_second_try_is_not_deleted() {
    for refusal in REFUSALS {
        let world = disturbed(
            refusal,
            "delete-repository",
            "push-image cn-north-4/team/old",
            "  team: { repositories: { kept: , old: { state: absent } } }\n",
        );
        let images = world
            .emulator
            .read(|state| state.repository(NORTH, "team", "old").unwrap().num_images);
        assert_eq!(images, 1, "{refusal}");
    }
}

#[test]
fn a_repository_that_is_created_before_the_second_try_is_not_deleted() {
    for refusal in REFUSALS {
        let world = disturbed(
            refusal,
            "delete-organization",
            "create-repository cn-north-4/gone/theirs",
            "  gone: { state: absent }\n",
        );
        assert!(
            world
                .emulator
                .read(|state| state.repository(NORTH, "gone", "theirs").is_some()),
            "{refusal}"
        );
    }
}

#[test]
fn a_repository_that_turns_private_before_the_second_try_stays_private() {
    for refusal in REFUSALS {
        let world = disturbed(
            refusal,
            "update-repository",
            "toggle-repository cn-north-4/team/old",
            "  team: { repositories: { kept: , old: { description: new } } }\n",
        );
        let (public, description) = world.emulator.read(|state| {
            let found = state.repository(NORTH, "team", "old").unwrap();
            (found.is_public, found.description.clone())
        });
        assert_eq!((public, description.as_str()), (false, ""), "{refusal}");
    }
}

/// The service's filter by organization may be a search, whose answer has several pages.
#[test]
fn all_pages_are_read_before_an_organization_is_deleted() {
    let mut settings = Settings::default();
    settings
        .assumptions
        .set("namespace-filter=substring")
        .unwrap();
    settings
        .assumptions
        .set("delete-organization-with-repositories=cascade")
        .unwrap();
    for stranger in [true, false] {
        let world = World::with(settings.clone())
            .variable("HUAWEICLOUD_SDK_AK", AK)
            .variable("HUAWEICLOUD_SDK_SK", SK);
        world.edit(|state| {
            state.ensure_organization(NORTH, "gone");
            for number in 0..1_001 {
                state.ensure_repository(NORTH, "gone-not", &format!("a{number}"));
            }
        });
        world.chart(&format!(
            "version: 1\nregion: {NORTH}\norganizations: {{ gone: {{ state: absent }} }}\n"
        ));
        let _ = world.plan(&["--out", "plan.json"]).exits(0);
        if stranger {
            // The last by name, and so on the second page.
            world.edit(|state| state.ensure_repository(NORTH, "gone", "zzz").num_images = 1);
        }
        let output = world.run(&["apply", "plan.json"]);
        if stranger {
            let _ = output.exits(1).says("it had 0 repositories, has 1 now");
        }
        let is_there = world
            .emulator
            .read(|state| state.repository(NORTH, "gone", "zzz").is_some());
        assert_eq!(is_there, stranger);
        assert_eq!(world.writes().len(), usize::from(!stranger));
    }
}
