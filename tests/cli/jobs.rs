//! `--jobs`: rules with copies that failed or hang.

use std::time::Duration;

use portolan::emulator::{Effect, Fault, Route, Tag};
use serde_json::{Value, json};

use crate::support::{NORTH, World};

const EAST: &str = "cn-east-3";

const CHART: &str = "\
version: 1
region: cn-north-4
targets: { dr: { region: cn-east-3, organization: team-a-dr } }
organizations:
  team-a:
    repositories:
      api: { sync: [ { target: dr } ] }
      plain: {}
      web: { sync: [ { target: dr } ] }
";

const HOUR: u64 = 3600;

/// The chart is applied, and the organization of its target exists.
fn world() -> World {
    let world = World::of(CHART);
    world.edit(|state| {
        state.ensure_organization(EAST, "team-a-dr");
    });
    let _ = world.apply(&[]);
    world.clear_journal();
    world
}

/// Pushes tags to `web`, whose first jobs meet the fault, and lets the jobs end.
fn push(world: &World, tags: &[&str], fault: Option<&str>) {
    if let Some(fault) = fault {
        world.inject(fault.parse::<Fault>().unwrap());
    }
    let tags = tags.iter().map(|name| Tag::named(name));
    assert!(world.emulator.push_tags(NORTH, "team-a", "web", tags));
    pass(world, 10);
    world.emulator.clear_faults();
}

fn pass(world: &World, seconds: u64) {
    world.emulator.advance(Duration::from_secs(seconds));
}

/// Code, repository, whether it counts, and what stands before the time.
fn health(document: &Value) -> Vec<String> {
    let findings = document["findings"].as_array().unwrap().iter();
    let jobs = findings.filter(|finding| finding["code"].as_str().unwrap().starts_with("sync-"));
    let line = |finding: &Value| {
        let part = |name: &str| finding["address"][name].as_str().unwrap().to_owned();
        assert_eq!(part("target_organization"), "team-a-dr");
        let counts = if finding["counts"] == json!(true) {
            "!"
        } else {
            ""
        };
        let message = finding["message"].as_str().unwrap();
        let (what, rest) = message.split_once(" since ").unwrap();
        let (time, rest) = rest.split_once(' ').unwrap();
        assert!(time.ends_with('Z'), "{message}");
        let code = finding["code"].as_str().unwrap();
        format!("{code}{counts} {}: {what} {rest}", part("repository"))
    };
    jobs.map(line).collect()
}

fn drift(world: &World, arguments: &[&str]) -> Value {
    let all = [&["drift", "--jobs", "--format", "json"], arguments].concat();
    world.run(&all).json()
}

fn lists_of(world: &World, what: &str) -> Vec<String> {
    let entries = world.journal().into_iter();
    let paths = entries.filter(|entry| entry.path.ends_with(what));
    paths
        .map(|entry| format!("{} {}", entry.region, entry.path))
        .collect()
}

const REMEDY: &str = "`apply --backfill 'cn-north-4/team-a/web'` copies what is missing there";

#[test]
fn copies_that_failed_are_found_until_a_later_job_succeeds() {
    let world = world();
    push(&world, &["v1", "v2"], Some("job=failed,times=1"));
    push(&world, &["v3"], Some("job=timeout"));
    // Only where it is asked for.
    let _ = world.run(&["drift"]).exits(0);
    let expected =
        format!("sync-failed! web: 2 tags were not copied (1 failed, 1 timeout): v1, v3; {REMEDY}");
    assert_eq!(health(&drift(&world, &[])), std::slice::from_ref(&expected));
    assert_eq!(health(&world.plan_json(&["--jobs"])), [expected]);
    let _ = world
        .run(&["drift", "--jobs"])
        .exits(2)
        .says("No changes, but 1 finding counts.\n")
        .says("  ? sync_rule cn-north-4/team-a/web -> cn-east-3/team-a-dr  sync-failed (counts)  ")
        .says("portolan.yaml:9\n");
    // Findings change neither the outcome nor the exit code of a plan.
    let _ = world.plan(&["--jobs", "--detailed-exitcode"]).exits(0);

    push(&world, &["v1", "v3"], None);
    assert_eq!(health(&drift(&world, &[])), [""; 0]);
    let _ = world.run(&["drift", "--jobs"]).exits(0);
}

#[test]
fn equal_states_give_equal_bytes_at_any_time() {
    let world = world();
    push(&world, &["v1"], Some("job=failed"));
    let print = |format: &str| world.plan(&["--jobs", "--format", format]).stdout;
    for format in ["text", "json", "markdown", "sarif", "gitlab"] {
        let first = print(format);
        assert!(first.contains("sync-failed"), "{first}");
        pass(&world, 20 * 60);
        assert_eq!(print(format), first, "{format}");
    }
}

#[test]
fn one_request_is_sent_for_each_repository_with_rules() {
    let world = world();
    push(&world, &["v1"], None);
    world.clear_journal();
    let _ = world.plan(&[]).exits(0);
    let without = world.journal().len();
    assert_eq!(lists_of(&world, "/sync_job"), [""; 0]);
    world.clear_journal();
    let _ = world.plan(&["--jobs"]).exits(0);
    assert_eq!(world.journal().len(), without + 2);
    let mut asked = lists_of(&world, "/sync_job");
    asked.sort();
    let path = |name: &str| format!("{NORTH} /v2/manage/namespaces/team-a/repos/{name}/sync_job");
    assert_eq!(asked, [path("api"), path("web")]);
    assert!(
        world
            .journal()
            .iter()
            .any(|entry| entry.query.contains("limit"))
    );
    // A part of the chart.
    world.clear_journal();
    let _ = world.plan(&["--jobs", "--target", "team-a/web"]).exits(0);
    assert_eq!(lists_of(&world, "/sync_job"), [path("web")]);

    // The tags of both ends are listed where a job is bad.
    push(&world, &["v1"], Some("job=failed"));
    world.clear_journal();
    let _ = world.plan(&["--jobs"]).exits(0);
    assert_eq!(world.journal().len(), without + 4);
    let mut listed = lists_of(&world, "/tags");
    listed.sort();
    assert_eq!(
        listed,
        [
            "cn-east-3 /v2/manage/namespaces/team-a-dr/repos/web/tags",
            "cn-north-4 /v2/manage/namespaces/team-a/repos/web/tags",
        ]
    );
}

#[test]
fn a_copy_that_hangs_is_found_after_six_hours() {
    let world = world();
    push(&world, &["v1"], Some("job=hang"));
    pass(&world, 6 * HOUR - 60);
    assert_eq!(health(&drift(&world, &[])), [""; 0]);
    pass(&world, 120);
    assert_eq!(
        health(&drift(&world, &[])),
        [format!(
            "sync-stuck! web: 1 tag has not been copied (1 running): v1; {REMEDY}"
        )]
    );
    let _ = world
        .run(&["drift", "--jobs", "--ignore", "copies-missing"])
        .exits(2);
}

#[test]
fn a_cancelled_copy_is_told_and_does_not_count() {
    let world = world();
    push(&world, &["v1"], Some("job=cancel"));
    let expected = format!("web: 1 tag was not copied (1 cancel): v1; {REMEDY}");
    assert_eq!(
        health(&drift(&world, &[])),
        [format!("sync-failed {expected}")]
    );
    let _ = world.run(&["drift", "--jobs"]).exits(0);
    let counted = drift(&world, &["--fail-on", "sync-failed"]);
    assert_eq!(health(&counted), [format!("sync-failed! {expected}")]);
}

#[test]
fn a_tag_that_is_at_the_target_with_the_same_digest_is_copied() {
    let world = world();
    push(&world, &["v1", "v2"], None);
    // Pushed again: the new content is not copied.
    push(&world, &["v1", "v2"], Some("job=failed,times=2"));
    let other = "the target has other content of that name, which neither a backfill nor the rule \
        overwrites: set `override: true` and push it again, or delete it there, and `apply \
        --backfill 'cn-north-4/team-a/web'` copies it";
    assert_eq!(
        health(&drift(&world, &[])),
        [format!(
            "sync-failed! web: 2 tags were not copied (2 failed): v1, v2; {other}"
        )]
    );
    // Somebody copies one of them by hand.
    world.edit(|state| {
        let from = state
            .repository_mut(NORTH, "team-a", "web")
            .unwrap()
            .clone();
        let to = state.repository_mut(EAST, "team-a-dr", "web").unwrap();
        for tag in &mut to.tags {
            if let Some(source) = from
                .tags
                .iter()
                .find(|it| it.name == "v1" && it.name == tag.name)
            {
                tag.digest.clone_from(&source.digest);
            }
        }
    });
    let left = format!("sync-failed! web: 1 tag was not copied (1 failed): v2; {other}");
    assert_eq!(health(&drift(&world, &[])), [left]);
    // What is gone from the source is no longer to be copied.
    assert_eq!(
        world.emulator.delete_tags(NORTH, "team-a", "web", &["v2"]),
        1
    );
    assert_eq!(health(&drift(&world, &[])), [""; 0]);
}

#[test]
fn what_the_plan_copies_is_no_finding() {
    let world = world();
    push(&world, &["v1", "v2"], Some("job=failed,times=2"));
    pass(&world, HOUR);
    let with = |keys: &str| {
        let rule = "      web: { sync: [ { target: dr";
        CHART.replace(rule, &format!("{rule}, {keys}"))
    };
    world.chart(&with("backfill: missing"));
    let document = world.plan_json(&["--jobs"]);
    assert_eq!(document["summary"]["run"], 1);
    assert_eq!(health(&document), [""; 0]);
    // A protected rule that would be replaced is not run.
    let replaced = with("override: true, backfill: missing");
    world.chart(&format!("{replaced}protect: [ team-a/web ]\n"));
    let withheld = "sync-failed! web: 2 tags were not copied (2 failed): v1, v2";
    assert_eq!(health(&world.plan_json(&["--jobs"])), [withheld]);
}

#[test]
fn an_unreadable_target_leaves_the_finding() {
    let world = world();
    push(&world, &["v1"], None);
    push(&world, &["v1"], Some("job=failed"));
    let route = Route::named("list-tags").unwrap();
    let refused = Fault::new(Effect::forbidden()).route(route).region(EAST);
    world.inject(refused.forever());
    let expected = format!("sync-failed! web: 1 tag was not copied (1 failed): v1; {REMEDY}");
    let document = drift(&world, &[]);
    assert_eq!(health(&document), [expected]);
    assert_eq!(document["outcome"], json!("no_changes"));
}

#[test]
fn jobs_that_cannot_be_read_are_a_warning() {
    let world = world();
    push(&world, &["v1"], Some("job=failed"));
    let route = Route::named("list-jobs").unwrap();
    let refused = Fault::new(Effect::forbidden()).route(route).path("/web/");
    world.inject(refused.forever());
    let output = world
        .run(&["drift", "--jobs"])
        .exits(0)
        .warns("warning[jobs-not-read]: the sync jobs of repository cn-north-4/team-a/web could");
    assert!(!output.stdout.contains("sync-failed"), "{output}");
    let document = drift(&world, &[]);
    assert_eq!(document["outcome"], json!("no_changes"));
    let codes: Vec<&Value> = document["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|diagnostic| &diagnostic["code"])
        .collect();
    assert_eq!(codes, [&json!("jobs-not-read")]);
}

#[test]
fn jobs_to_other_targets_are_ignored() {
    let world = world();
    push(&world, &["v1"], Some("job=failed"));
    world.edit(|state| {
        let web = state.repository_mut(NORTH, "team-a", "web").unwrap();
        "team-b-dr".clone_into(&mut web.jobs[0].remote_organization);
    });
    assert_eq!(health(&drift(&world, &[])), [""; 0]);
}

#[test]
fn findings_of_jobs_are_accepted_ignored_and_waived() {
    let world = world();
    push(&world, &["v1"], Some("job=failed"));
    let metrics = |chart: &str, options: &[&str], code: i32| {
        world.chart(chart);
        let all = [&["drift", "--jobs", "--metrics", "m.prom"], options].concat();
        let output = world.run(&all).exits(code);
        assert!(!output.stderr.contains("unused-waiver"), "{output}");
        std::fs::read_to_string(world.path("m.prom")).unwrap()
    };
    let found = metrics(CHART, &[], 2);
    assert!(found.contains("code=\"sync-failed\"} 1\n"), "{found}");
    assert!(found.contains("code=\"sync-stuck\"} 0\n"), "{found}");
    let accepted =
        format!("{CHART}accept: [ {{ address: team-a/web, until: 2099-12-31, reason: moved }} ]\n");
    let waived = CHART.replace(
        "      web: { sync: [ { target: dr } ] }\n",
        "      web: { sync: [ { target: dr } ] } # portolan: allow sync-failed\n",
    );
    for (chart, options) in [
        (CHART, &["--ignore", "sync-failed"][..]),
        (CHART, &["--ignore", "cn-north-4/team-a/web"]),
        (CHART, &["--fail-on", "none"]),
        (&accepted, &[]),
        (&waived, &[]),
    ] {
        let _ = metrics(chart, options, 0);
    }
    // Without `--jobs` nobody knows whether the waiver has a use.
    let output = world.run(&["drift"]).exits(0);
    assert!(!output.stderr.contains("unused-waiver"), "{output}");
    push(&world, &["v1"], None);
    let _ = world
        .run(&["drift", "--jobs"])
        .exits(0)
        .warns("unused-waiver");
}
