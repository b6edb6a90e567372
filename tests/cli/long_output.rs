//! Long plans and reports: important lines stay visible among many similar ones.

use crate::support::{NORTH, World};

/// A chart with one organization for each pair of a name and the entries of its repositories.
fn chart(organizations: &[(&str, String)]) -> String {
    let organizations = organizations
        .iter()
        .map(|(name, entries)| format!("  {name}:\n    repositories:\n{entries}"));
    format!(
        "version: 1\nregion: cn-north-4\norganizations:\n{}",
        organizations.collect::<String>()
    )
}

fn repositories(number: usize, terms: impl Fn(usize) -> String) -> String {
    (0..number)
        .map(|at| format!("      r{at:03}: {{ {} }}\n", terms(at)))
        .collect()
}

#[test]
fn hundreds_of_additions_are_few_lines_under_headings() {
    let names = ["team-a", "team-b", "team-c", "team-d", "team-e"];
    let terms = |at: usize| format!("category: linux, description: the image {at}");
    let world = World::of(&chart(&names.map(|name| (name, repositories(160, terms)))));
    let output = world
        .plan(&[])
        .exits(0)
        .says("Plan: 805 to add, 0 to change, 0 to destroy.");
    assert!(output.stdout.lines().count() < 100, "{output}");
    for name in names {
        let heading = format!("Organization cn-north-4/{name}: 161 to add.\n");
        assert!(output.stdout.contains(&heading), "{output}");
    }
    let _ =
        output.says("\n  + 157 more like repository cn-north-4/team-a/r000, descriptions differ\n");
    let all = world.plan(&["--details"]).exits(0);
    assert_eq!(all.stdout.matches("  + repository").count(), 800);
}

#[test]
fn unlisted_resources_are_right_above_the_summary() {
    let world = World::of(&chart(&[("team-a", repositories(60, |_| String::new()))]));
    world.edit(|state| {
        state
            .ensure_repository(NORTH, "team-a", "forgotten")
            .num_images = 7;
    });
    let unlisted = "\nUnlisted: add each to the chart, or set `unlisted: delete` or `ignore`.\n  ? \
        repository cn-north-4/team-a/forgotten  (7 tags)\n\nPlan: 60 to add";
    let _ = world.plan(&[]).exits(0).says(unlisted);
    let _ = world.run(&["drift"]).exits(2).says(unlisted);
}

#[test]
fn hundreds_of_equal_failures_are_counted() {
    use portolan::emulator::{Effect, Fault};
    let world = World::of(&chart(&[("team-a", repositories(100, |_| String::new()))]));
    for _ in 0..100 {
        world.inject(
            Fault::new(Effect::forbidden())
                .method("POST")
                .path("/repos"),
        );
    }
    let output = world
        .try_apply(&[])
        .exits(1)
        .says("\n    95 more: failed in the same way\n")
        .says("100 failed.\nTo continue, ");
    assert!(
        output.stdout.split_once("Apply incomplete!").is_some(),
        "{output}"
    );
}

#[test]
fn hundreds_of_equal_failed_reads_are_one() {
    use portolan::emulator::{Effect, Fault};
    let world = World::of(&chart(&[(
        "team-a",
        repositories(100, |_| "sync: []".to_owned()),
    )]));
    let _ = world.apply(&[]);
    // Each answer names another request and another path.
    world.inject(Fault::new(Effect::forbidden()).path("/sync_repo").forever());
    let output = world
        .plan(&[])
        .exits(1)
        .says("Unknown: 100 objects could not be read");
    assert_eq!(output.stderr.lines().count(), 2, "{output}");
    let _ = output.warns(
        "error: cannot read the sync_rules of repository \
        cn-north-4/team-a/r000 (and 99 more): 403 ",
    );
}

#[cfg(unix)]
#[test]
fn an_interrupted_apply_ends_with_what_happened_and_how_to_continue() {
    use std::{process::Stdio, time::Duration};

    use portolan::emulator::{Effect, Fault};
    use rustix::process::{Pid, Signal, kill_process};

    use crate::support::wait_until;

    let world = World::of(&chart(&[("team-a", repositories(240, |_| String::new()))]));
    world.inject(
        Fault::new(Effect::Delay(Duration::from_secs(1)))
            .method("POST")
            .path("/repos"),
    );
    let mut command = world.command(&["apply", "--yes", "--parallelism", "1"]);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("a repository is created", || {
        world.journal().iter().any(|entry| entry.fault)
    });
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let (_, report) = stdout.split_once("239 ").expect(&stdout);
    assert_eq!(stdout.matches(": not attempted\n").count(), 6, "{stdout}");
    assert!(
        stdout.contains("\n    234 more: not attempted\n"),
        "{stdout}"
    );
    let end = "not attempted.\nStopped by a signal, such as Ctrl-C. To continue, \
        plan and apply again; changes that were made are not repeated.\n";
    assert_eq!(report, end, "{stdout}");
    let _ = world.apply(&[]);
}
