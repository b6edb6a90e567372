//! The built-in emulator: served on ports, and inside a command.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use crate::support::{AK, NORTH, QUICKSTART, Running, SK, World};

/// An emulator in a process of its own, and where it serves the regions.
pub(crate) struct Served {
    regions: Vec<(String, String)>,
    running: Running,
}

impl Served {
    /// Starts it and reads the lines for this many regions.
    pub(crate) fn start(world: &World, arguments: &[&str], lines: usize) -> Served {
        let mut command = world.command(&[&["emulator"], arguments].concat());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let running = Running(child);
        let region = || {
            let line = stdout.next().unwrap().unwrap();
            let (region, url) = line.split_once(' ').unwrap();
            (region.to_owned(), url.to_owned())
        };
        let regions = std::iter::repeat_with(region).take(lines).collect();
        Served { regions, running }
    }

    /// The process.
    pub(crate) fn child(&mut self) -> &mut std::process::Child {
        &mut self.running.0
    }

    /// SIGKILL: it cannot tidy up.
    pub(crate) fn kill(self) {
        self.running.kill();
    }

    pub(crate) fn url(&self, region: &str) -> &str {
        &self
            .regions
            .iter()
            .find(|(known, _)| known == region)
            .unwrap()
            .1
    }
}

/// How many regions the emulator knows, and so how many lines it prints for one port.
const REGIONS: usize = portolan::emulator::REGIONS.len();

#[test]
fn one_port_serves_all_regions() {
    let world = World::of(QUICKSTART);
    let served = Served::start(&world, &["--listen", "127.0.0.1:0"], REGIONS);
    assert!(served.url(NORTH).ends_with("/cn-north-4"));
    let endpoint = served.url(NORTH).replace(NORTH, "{region}");
    let world = world.variable("PORTOLAN_ENDPOINT_SWR", &endpoint);
    let _ = world.apply(&[]).says("3 added");
    served.running.kill();
    let _ = world.plan(&[]).exits(1);
}

#[test]
fn an_endpoint_without_a_region_is_that_of_the_requested_region() {
    for (arguments, region) in [
        (&[][..], NORTH),
        (&["--region", "cn-east-3"][..], "cn-east-3"),
    ] {
        let world = World::of(&QUICKSTART.replace(NORTH, region));
        let arguments = [&["--listen", "127.0.0.1:0"][..], arguments].concat();
        let served = Served::start(&world, &arguments, REGIONS);
        let (plain, _) = served.url(region).rsplit_once('/').unwrap();
        let _ = world
            .variable("PORTOLAN_ENDPOINT_SWR", plain)
            .apply(&[])
            .says("3 added");
        let world = World::of(&QUICKSTART.replace(NORTH, region));
        let _ = world
            .variable("PORTOLAN_ENDPOINT_SWR", served.url(region))
            .plan(&[])
            .says("No changes.");
    }
    let world = World::of(QUICKSTART);
    let _ = world
        .run(&["emulator", "--region", "mars-1"])
        .exits(64)
        .warns("`--region`: the emulator has no region");
}

#[test]
fn a_region_can_have_a_port_of_its_own() {
    let world = World::of(QUICKSTART);
    let arguments = [
        "--listen",
        "cn-north-4=127.0.0.1:0",
        "--listen",
        "cn-east-3=127.0.0.1:0",
    ];
    let served = Served::start(&world, &arguments, 2);
    assert_ne!(served.url(NORTH), served.url("cn-east-3"));
    let endpoint = served.url(NORTH).to_owned();
    let _ = world
        .variable("PORTOLAN_ENDPOINT_SWR", &endpoint)
        .apply(&[]);
}

#[test]
fn signatures_are_verified_when_asked() {
    let world = World::of(QUICKSTART);
    let served = Served::start(&world, &["--verify", &format!("{AK}:{SK}")], REGIONS);
    let endpoint = served.url(NORTH).replace(NORTH, "{region}");
    let world = world.variable("PORTOLAN_ENDPOINT_SWR", &endpoint);
    let _ = world.plan(&[]).exits(0);
    let world = world.variable("HUAWEICLOUD_SDK_SK", "wrong-secret-key");
    let _ = world.plan(&[]).exits(1).warns("401 APIGW.0301");
}

#[test]
fn a_state_file_outlives_the_emulator() {
    let mut world = World::of(QUICKSTART);
    for expected in ["3 added", "No changes."] {
        let served = Served::start(&world, &["--state", "state.json"], REGIONS);
        let endpoint = served.url(NORTH).replace(NORTH, "{region}");
        world = world.variable("PORTOLAN_ENDPOINT_SWR", &endpoint);
        let _ = world.apply(&[]).says(expected);
        served.running.kill();
    }
}

#[test]
fn a_quota_can_be_set() {
    let world = World::of(QUICKSTART);
    let served = Served::start(&world, &["--quota", "0"], REGIONS);
    let endpoint = served.url(NORTH).replace(NORTH, "{region}");
    let world = world.variable("PORTOLAN_ENDPOINT_SWR", &endpoint);
    let _ = world.try_apply(&[]).exits(1).says("quota of organizations");
}

/// No endpoint and no credentials: the emulator in the process needs neither.
fn offline() -> World {
    let names = [
        "PORTOLAN_ENDPOINT_SWR",
        "PORTOLAN_ENDPOINT_CODEARTS",
        "HUAWEICLOUD_SDK_AK",
        "HUAWEICLOUD_SDK_SK",
    ];
    names.iter().fold(World::of(QUICKSTART), |world, name| {
        world.variable(name, "")
    })
}

#[test]
fn a_command_can_start_its_own_emulator() {
    let world = offline();
    let _ = world
        .run(&["--emulator", "plan"])
        .exits(0)
        .says("Plan: 3 to add");
    assert!(!world.path(".portolan/emulator.json").exists());
    let _ = world
        .run(&["--emulator", "apply", "--yes"])
        .exits(0)
        .says("3 added");
    assert!(world.path(".portolan/emulator.json").exists());
    let _ = world
        .run(&["plan", "--emulator", "--detailed-exitcode"])
        .exits(0)
        .says("No changes.");
    let _ = world
        .run(&["plan", "--emulator=other.json"])
        .exits(0)
        .says("Plan: 3 to add");
    assert_eq!(world.journal(), []);
}

#[test]
fn the_variable_of_the_emulator_is_a_switch_too() {
    for value in ["true", "1", "yes", "on", "TRUE"] {
        let world = offline().variable("PORTOLAN_EMULATOR", value);
        let _ = world.run(&["apply", "--yes"]).exits(0).says("3 added");
        assert!(
            world.path(".portolan/emulator.json").exists() && !world.path(value).exists(),
            "{value}"
        );
    }
    for value in ["false", "0", "no", "off"] {
        let world = World::of(QUICKSTART).variable("PORTOLAN_EMULATOR", value);
        let _ = world.run(&["plan"]).exits(0).says("Plan: 3 to add");
        assert_ne!(world.journal(), [], "{value}");
    }
    let world = offline().variable("PORTOLAN_EMULATOR", "./true");
    let _ = world.run(&["apply", "--yes"]).exits(0).says("3 added");
    assert!(world.path("true").exists());
    // The argument on the command line is always a file.
    let world = offline().variable("PORTOLAN_EMULATOR", "false");
    let _ = world
        .run(&["--emulator=true", "apply", "--yes"])
        .exits(0)
        .says("3 added");
    assert!(world.path("true").exists());
}

#[test]
fn the_emulator_ignores_credentials() {
    let world = World::of(QUICKSTART)
        .variable("PORTOLAN_ENDPOINT_SWR", "")
        .variable("PORTOLAN_ENDPOINT_CODEARTS", "")
        .variable("HUAWEICLOUD_SDK_SK", "");
    let _ = world.run(&["--emulator", "plan"]).exits(0);
}

#[test]
fn the_emulator_beside_an_endpoint_is_a_usage_error() {
    let world = World::of(QUICKSTART);
    for command in [
        &["--emulator", "plan"][..],
        &["--emulator", "apply", "--yes"],
    ] {
        let _ = world
            .run(command)
            .exits(64)
            .warns("`PORTOLAN_ENDPOINT_SWR`");
    }
    let world = world.variable("PORTOLAN_ENDPOINT_SWR", "");
    let _ = world
        .run(&["--emulator", "plan"])
        .exits(64)
        .warns("`PORTOLAN_ENDPOINT_CODEARTS`");
    assert_eq!(world.journal(), []);
}

#[test]
fn an_invalid_state_is_reported() {
    let world = offline();
    world.file("state.json", "{ \"organisations\": {} }");
    let _ = world
        .run(&["--emulator=state.json", "plan"])
        .exits(1)
        .warns("state.json");
}

#[test]
fn a_plan_of_the_emulator_is_not_applied_to_the_cloud() {
    let world = offline();
    let _ = world
        .run(&["--emulator", "plan", "--out", "plan.json"])
        .exits(0);
    let _ = world
        .run(&["apply", "plan.json"])
        .exits(1)
        .warns("the plan was made against the emulator");
    let _ = world
        .run(&["--emulator=other.json", "apply", "plan.json"])
        .exits(1)
        .warns("plan again");
    let _ = world
        .run(&["--emulator", "apply", "plan.json"])
        .exits(0)
        .says("3 added");
}
