//! The state file of a large world: written whole at the end of a command, and complete after a
//! crash.

use std::{fmt::Write as _, fs, path::Path};

use portolan::emulator::{REGIONS, State};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    emulated::Served,
    support::{NORTH, World},
};

const STATE: &str = "state.json";
const CHANGES: &str = "state.json.changes";

/// A state with this many repositories in the organization `large`.
fn large(repositories: usize) -> String {
    let mut state = State::new("emulator");
    for number in 0..repositories {
        state.ensure_repository(NORTH, "large", &format!("r{number:04}"));
    }
    serde_json::to_string_pretty(&state).unwrap()
}

/// A chart with this many repositories in the organization `team-a`.
fn chart(repositories: usize) -> String {
    let mut text =
        format!("version: 1\nregion: {NORTH}\norganizations:\n  team-a:\n    repositories:\n");
    for number in 0..repositories {
        writeln!(
            text,
            "      r{number:04}: {{ category: linux, is_public: false, description: text }}"
        )
        .unwrap();
    }
    text
}

/// The number of repositories of `team-a` in a state file; none if it does not exist.
fn in_file(path: &Path) -> usize {
    let Ok(text) = fs::read(path) else { return 0 };
    let state: State = serde_json::from_slice(&text).unwrap();
    state
        .organization(NORTH, "team-a")
        .map_or(0, |organization| organization.repositories.len())
}

/// An emulator with the state file, and a world that asks it.
fn served(world: World) -> (World, Served) {
    let served = Served::start(&world, &["--state", STATE], REGIONS.len());
    let endpoint = served.url(NORTH).replace(NORTH, "{region}");
    (world.variable("PORTOLAN_ENDPOINT_SWR", &endpoint), served)
}

#[test]
fn a_command_leaves_one_file() {
    let world = World::of(&chart(40))
        .variable("PORTOLAN_ENDPOINT_SWR", "")
        .variable("PORTOLAN_ENDPOINT_CODEARTS", "");
    world.file(STATE, large(500));
    let _ = world
        .run(&["--emulator=state.json", "apply", "--yes"])
        .exits(0)
        .says("41 added");
    assert_eq!(
        (in_file(&world.path(STATE)), world.path(CHANGES).exists()),
        (40, false)
    );
    let _ = world
        .run(&["--emulator=state.json", "plan"])
        .exits(0)
        .says("No changes.");
}

#[test]
fn an_emulator_that_is_killed_loses_nothing_that_it_answered() {
    let world = World::of(&chart(40));
    world.file(STATE, large(500));
    let (world, running) = served(world);
    let _ = world.apply(&[]).says("41 added");
    running.kill();
    assert!(in_file(&world.path(STATE)) < 40 && world.path(CHANGES).exists());

    let (world, _running) = served(world);
    assert_eq!(
        (in_file(&world.path(STATE)), world.path(CHANGES).exists()),
        (40, false)
    );
    let _ = world.plan(&[]).exits(0).says("No changes.");
}

#[test]
fn an_emulator_that_is_stopped_leaves_one_file() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let world = World::of(&chart(40));
        world.file(STATE, large(500));
        let (world, mut running) = served(world);
        let _ = world.apply(&[]).says("41 added");
        kill_process(Pid::from_child(running.child()), signal).unwrap();
        assert_eq!(running.child().wait().unwrap().code(), Some(0));
        assert_eq!(
            (in_file(&world.path(STATE)), world.path(CHANGES).exists()),
            (40, false)
        );
    }
}

#[test]
fn a_state_file_that_was_exchanged_after_a_crash_is_refused() {
    let world = World::of(&chart(40));
    world.file(STATE, large(500));
    let (world, running) = served(world);
    let _ = world.apply(&[]).says("41 added");
    running.kill();
    world.file(STATE, "{}");
    let arguments = ["emulator", "--state", STATE];
    let _ = world
        .run(&arguments)
        .exits(1)
        .warns("`state.json.changes`; restore the first file, or delete the second");
    fs::remove_file(world.path(CHANGES)).unwrap();
    let (_world, running) = served(world);
    running.kill();
}
