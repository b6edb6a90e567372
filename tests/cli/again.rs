//! What a successful apply leaves to do, which is nothing: the harness plans again after each.
//!
//! The plan runs against a copy of the service, so that the journal, the faults and the limits of
//! the test stay as they are. It does not look at the text of the apply.

use std::{fs, process::Command, time::Duration};

use portolan::emulator::{Emulator, Settings, State, serve};
use serde_json::Value;

use crate::support::{Output, World, listen, spawn};

/// Options of `apply` that `plan` does not have, and whether a value follows.
const OF_APPLY: [(&str, bool); 8] = [
    ("--yes", false),
    ("--fail-fast", false),
    ("--no-wait", false),
    ("--wait", true),
    ("--receipt", true),
    ("--events", true),
    // It can be too short for another plan.
    ("--timeout", true),
    ("--format", true),
];

/// The arguments of the plan that must be empty after this command, if there is one.
fn arguments(world: &World, command: &Command) -> Option<Vec<String>> {
    let mut given = command
        .get_args()
        .map(|argument| argument.to_str().map(str::to_owned))
        .collect::<Option<Vec<_>>>()?
        .into_iter();
    let mut arguments = vec!["plan".to_owned(), "--detailed-exitcode".to_owned()];
    let mut applies = false;
    while let Some(argument) = given.next() {
        let name = argument.split('=').next().unwrap_or_default();
        let option = OF_APPLY.iter().find(|(option, _)| *option == name);
        if let Some((_, has_value)) = option {
            if *has_value && name == argument {
                given.next()?;
            }
            // Nothing is complete before these runs have ended.
            if name == "--no-wait" {
                return None;
            }
        } else if argument == "apply" {
            applies = true;
        } else if let Some(scope) = scope_of_plan(world, &argument) {
            arguments.extend(scope);
        } else if name == "--emulator" || argument == "-" {
            // Another service than the world's, or a chart that has been read.
            return None;
        } else {
            arguments.push(argument);
        }
    }
    applies.then_some(arguments)
}

/// The options of a saved plan. The chart is the one that the world has now.
fn scope_of_plan(world: &World, name: &str) -> Option<Vec<String>> {
    let text = fs::read_to_string(world.path(name)).ok()?;
    let plan: Value = serde_json::from_str(&text).ok()?;
    let selected = |key: &str, option: &str| -> Vec<String> {
        let patterns = plan["scope"][key].as_array().into_iter().flatten();
        patterns
            .filter_map(|pattern| Some([option.to_owned(), pattern.as_str()?.to_owned()]))
            .flatten()
            .collect()
    };
    let patterns = [
        selected("targets", "--target"),
        selected("excludes", "--exclude"),
    ];
    plan["digest"].is_string().then(|| patterns.concat())
}

/// Plans again after a successful apply. The plan is empty, unless the test says that it cannot
/// be.
#[track_caller]
pub(crate) fn plan(world: &World, settings: &Settings, command: &Command, output: &Output) {
    if output.code != Some(0) {
        return;
    }
    let Some(arguments) = arguments(world, command) else {
        return;
    };
    let copy = copy(&world.emulator, settings);
    let listener = listen();
    let url = format!("http://{}", listener.local_addr().unwrap());
    spawn(async move { drop(serve(copy, listener, None).await) });
    let mut plan = Command::new(command.get_program());
    plan.args(&arguments).env_clear();
    plan.current_dir(command.get_current_dir().unwrap());
    for (name, value) in command.get_envs() {
        let value = value.and_then(|value| value.to_str()).unwrap_or_default();
        let services = ["PORTOLAN_ENDPOINT_SWR", "PORTOLAN_ENDPOINT_CODEARTS"];
        let is_service = services.iter().any(|service| name == *service);
        match is_service && !value.contains(world.url()) {
            // Past whatever the test has put between.
            true => plan.env(name, format!("{url}/{{region}}")),
            false => plan.env(name, value.replace(world.url(), &url)),
        };
    }
    let ended = plan.output().unwrap();
    let text = String::from_utf8_lossy(&ended.stdout);
    let is_empty = ended.status.code() == Some(0);
    match world.unsettled() {
        None => assert!(
            is_empty,
            "the plan after the apply is not empty\n{arguments:?}\n{text}{}\nit followed {output}",
            String::from_utf8_lossy(&ended.stderr)
        ),
        Some(reason) => assert!(!is_empty, "the plan is empty, although {reason}"),
    }
}

/// The same state, without faults and limits.
fn copy(emulator: &Emulator, settings: &Settings) -> Emulator {
    let copy = Emulator::new(Settings {
        latency: Duration::ZERO,
        rate: None,
        calls_per_minute: None,
        ..settings.clone()
    });
    let state = emulator.read(State::clone);
    copy.edit(|it| *it = state);
    copy
}
