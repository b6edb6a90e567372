//! Services with wrong or stale answers, and concurrent changes: an uncertain state is reported as
//! unknown, and no concurrent change is overwritten.

use portolan::emulator::{Effect, Settings, SyncRule};

use serde_json::json;

use crate::support::{NORTH, QUICKSTART, World};

/// A world whose live state equals the chart.
fn settled() -> World {
    let world = World::of(QUICKSTART);
    let _ = world.apply(&[]);
    world.clear_journal();
    world
}

/// The same, with so many repositories of other organizations that the list has two pages.
fn with_two_pages() -> World {
    let world = settled();
    world.edit(|state| {
        for number in 0..1200 {
            state.ensure_repository(NORTH, "strangers", &format!("r{number}"));
        }
    });
    world
}

fn fault(world: &World, text: &str) {
    world.inject(text.parse().unwrap());
}

/// The plan is unknown in both attempts, and the requests are bounded: a list of two pages is read
/// three times.
#[track_caller]
fn is_unknown(world: &World, words: &str) {
    is_unknown_after(world, 3 * 2, words);
}

/// The same after this many requests for pages. Besides those, the organizations are listed and
/// rules are read.
#[track_caller]
fn is_unknown_after(world: &World, pages: usize, words: &str) {
    for command in [&["plan", "--detailed-exitcode"][..], &["apply", "--yes"]] {
        world.clear_journal();
        let output = world
            .run(command)
            .exits(1)
            .warns("error: cannot read the repository list of cn-north-4");
        assert!(
            output.stderr.contains(words) && !output.stdout.contains("No changes"),
            "{output}"
        );
        // Beside the look at the target of the rule.
        let mut asked = world.journal();
        asked.retain(|entry| entry.region == NORTH);
        assert!(asked.len() <= 2 + pages, "{asked:?}");
        assert_eq!(world.writes(), [""; 0]);
    }
}

#[test]
fn a_page_that_shrinks_is_read_again() {
    let world = with_two_pages();
    fault(&world, "drop-items=1,route=list-repositories,skip=1");
    let _ = world
        .plan(&["--detailed-exitcode"])
        .exits(0)
        .says("No changes.");
}

#[test]
fn pages_that_always_shrink_are_rejected() {
    let world = with_two_pages();
    fault(&world, "drop-items=1,route=list-repositories,times=all");
    is_unknown(
        &world,
        "the total is 1201, but the service listed 997; it was read 3 times",
    );
}

#[test]
fn a_page_that_repeats_another_is_read_again() {
    let world = with_two_pages();
    fault(&world, "repeat-page,route=list-repositories");
    let _ = world
        .plan(&["--detailed-exitcode"])
        .exits(0)
        .says("No changes.");
}

#[test]
fn repeated_pages_end() {
    // The second page is signed, and refused if the emulator checks the signature of the page
    // before.
    let world = with_two_pages();
    fault(&world, "repeat-page,route=list-repositories,times=all");
    is_unknown(&world, "the page at 990 only repeats earlier ones");
}

#[test]
fn a_total_that_is_too_high_is_rejected() {
    let world = settled();
    fault(&world, "wrong-total=2,route=list-repositories,times=all");
    // The first answer had one item, so each page has one item: four pages would show three.
    is_unknown_after(
        &world,
        1 + 2 * 4,
        "the total is 3, but the service listed 1; it was read 3 times",
    );
}

#[test]
fn a_total_that_is_too_low_hides_nothing() {
    let world = settled();
    fault(&world, "wrong-total=-1,route=list-repositories,times=all");
    let _ = world
        .plan(&["--detailed-exitcode"])
        .exits(0)
        .says("No changes.");
    let world = with_two_pages();
    fault(
        &world,
        "wrong-total=-1000,route=list-repositories,times=all",
    );
    is_unknown(
        &world,
        "the total is 201, but the service listed 1000; it was read 3 times",
    );
}

const ORGANIZATION: &str = "version: 1\nregion: cn-north-4\norganizations: { group: {} }\n";

#[test]
fn a_write_that_is_visible_late_is_waited_for() {
    for stale in ["stale-writes=1,times=2", "stale-reads=2,times=all"] {
        let world = World::of(ORGANIZATION);
        fault(&world, &format!("{stale},route=show-organization"));
        let _ = world.apply(&[]).says("1 added");
        let struck = world.journal().iter().filter(|entry| entry.fault).count();
        assert_eq!((struck, world.writes().len()), (2, 1), "{stale}");
    }
}

#[test]
fn an_update_and_a_rule_that_show_late_are_waited_for() {
    for (from, to, route) in [
        ("linux", "arm", "show-repository"),
        (
            "target_region: cn-north-208",
            "target_region: cn-east-3",
            "list-rules",
        ),
    ] {
        let world = settled();
        world.chart(&QUICKSTART.replace(from, to));
        fault(&world, &format!("stale-reads=2,times=all,route={route}"));
        let _ = world.try_apply(&["--allow", "deletes=1"]).exits(0);
        assert!(
            world.journal().iter().filter(|entry| entry.fault).count() >= 2,
            "{route}"
        );
        world.emulator.clear_faults();
        world.is_settled();
    }
}

#[test]
fn a_write_that_is_not_visible_yet_is_read_again() {
    let world = World::of(QUICKSTART);
    // The first read of the rule does not even find its repository.
    fault(&world, "stale-reads=1,times=all,route=list-rules");
    let _ = world.apply(&[]);
    assert_eq!(world.writes().len(), 3);
}

#[test]
fn a_write_that_is_never_visible_was_not_kept() {
    let world = World::of(QUICKSTART);
    fault(&world, "stale-reads=100,times=all,route=list-rules");
    let _ = world
        .try_apply(&[])
        .exits(1)
        .says("did not stick: it was written, but does not exist");
    world.emulator.clear_faults();
    world.is_settled();
}

#[test]
fn a_lost_answer_and_a_read_that_lags_make_no_duplicate() {
    let world = World::of(QUICKSTART);
    for route in ["create-organization", "create-repository", "create-rule"] {
        fault(&world, &format!("cut-after,route={route}"));
    }
    fault(&world, "stale-reads=1,times=all");
    let _ = world.try_apply(&[]);
    world.emulator.clear_faults();
    let _ = world.apply(&[]);
    let (lines, clean) = (world.state(), settled().state());
    assert_eq!(lines, clean);
}

#[test]
fn a_concurrent_change_between_plan_and_write_is_named_and_not_overwritten() {
    let world = settled();
    world.chart(
        &QUICKSTART
            .replace("is_public: true", "is_public: false")
            .replace("linux", "arm"),
    );
    // A plan reads lists only: this is the check right before the write.
    fault(
        &world,
        "stranger=toggle-repository cn-north-4/group/busybox,route=show-repository",
    );
    let report = world.try_apply(&["--format", "json"]).exits(1).json();
    let failed = &report["failed"][0];
    assert_eq!(
        (&failed["address"]["kind"], &failed["address"]["repository"]),
        (&json!("repository"), &json!("busybox"))
    );
    assert!(
        failed["message"].as_str().unwrap().contains("is_public"),
        "{failed}"
    );
    assert!(
        failed["message"]
            .as_str()
            .unwrap()
            .contains("it changed since the plan was made"),
        "{failed}"
    );
    assert_eq!(world.writes(), [""; 0]);
    // The next apply reads the current state and finishes.
    let _ = world.apply(&[]);
}

#[test]
fn a_concurrent_push_prevents_the_deletion_of_a_repository() {
    let world = settled();
    world.edit(|state| {
        state.ensure_repository(NORTH, "group", "old");
    });
    world.chart(&format!("{QUICKSTART}\n      old: {{ state: absent }}\n"));
    fault(
        &world,
        "stranger=push-image cn-north-4/group/old,path=/group/repos/old",
    );
    let _ = world
        .try_apply(&[])
        .exits(1)
        .says("it changed since the plan was made");
    assert!(
        world
            .state()
            .iter()
            .any(|line| line.starts_with("cn-north-4/group/old")),
        "{:?}",
        world.state()
    );
    assert_eq!(world.writes(), [""; 0]);
}

/// With any concurrent change before any request, the command ends with a report, and the next one
/// finishes. The cases run in parallel, because a command waits for a value that is not visible.
#[test]
fn a_concurrent_change_before_any_request_is_safe() {
    let edits = [
        "delete-repository cn-north-4/group/busybox",
        "toggle-repository cn-north-4/group/busybox",
        "delete-rule cn-north-4/group/busybox -> cn-north-208/sdsad",
        "create-repository cn-north-4/group/theirs",
    ];
    std::thread::scope(|scope| {
        let run = |edit: &'static str, at| scope.spawn(move || with_a_concurrent_change(edit, at));
        let runs = edits.map(|edit| (edit, (0..10).map(|at| run(edit, at)).collect::<Vec<_>>()));
        for (edit, runs) in runs {
            let struck = runs
                .into_iter()
                .map(|run| run.join().unwrap())
                .filter(|struck| *struck)
                .count();
            assert!(struck >= 8, "{edit}: only {struck} requests were met");
        }
    });
}

/// Whether the concurrent change happened.
fn with_a_concurrent_change(edit: &str, at: usize) -> bool {
    let world = settled();
    world.chart(
        &QUICKSTART
            .replace("is_public: true", "is_public: false")
            .replace("override: true", "override: false"),
    );
    fault(&world, &format!("stranger={edit},skip={at}"));
    let first = world.try_apply(&[]);
    assert!(matches!(first.code, Some(0 | 1)), "{edit} at {at}: {first}");
    let struck = world.journal().iter().any(|entry| entry.fault);
    world.emulator.clear_faults();
    let _ = world.apply(&[]);
    let theirs = world
        .state()
        .iter()
        .any(|line| line.contains("group/theirs"));
    assert_eq!(theirs, struck && edit.ends_with("theirs"), "{edit} at {at}");
    struck
}

#[test]
fn an_expired_token_stops_everything_at_once() {
    let chart = format!("{QUICKSTART}\n      one: {{}}\n      two: {{}}\n      three: {{}}\n");
    for (token, code) in [
        ("gateway", "401 APIGW.0301"),
        ("service", "401 SVCSTG.SWR.4010000"),
    ] {
        let world = World::of(&chart);
        fault(
            &world,
            &format!("expired-token={token},method=POST,skip=1,times=all"),
        );
        let _ = world.try_apply(&["--parallelism", "1"]).exits(1).says(code);
        // The organization, and the write that was refused.
        assert_eq!(world.writes().len(), 2, "{token}: {:?}", world.writes());
        assert!(
            world.journal().last().unwrap().fault,
            "{token}: something was asked after the refusal"
        );

        let world = settled();
        fault(&world, &format!("expired-token={token},times=all"));
        let _ = world
            .run(&["plan", "--parallelism", "1"])
            .exits(1)
            .warns(code);
        assert_eq!(world.journal().len(), 1, "{token}");
    }
}

#[test]
fn a_truncated_answer_to_a_write_is_decided_by_a_read() {
    for (route, bytes) in [
        ("create-organization", 0),
        ("create-repository", 1),
        ("create-rule", 1),
    ] {
        let world = World::of(QUICKSTART);
        fault(&world, &format!("truncate={bytes},route={route}"));
        let _ = world.apply(&[]).says("3 added");
        assert_eq!(world.writes().len(), 3, "{route}");
        assert!(world.journal().iter().any(|entry| entry.fault), "{route}");
    }
}

#[test]
fn each_error_body_is_reported_readably() {
    for (body, words) in [
        ("body=service-a", "403 SVCSTG.SWR.4037018: No permission"),
        ("body=service-b", "403 SVCSTG.SWR.4037018: No permission"),
        ("body=service-c", "403 SVCSTG.SWR.4037018: No permission"),
        (
            "body=gateway,code=0304,message=No such app",
            "403 APIGW.0304: No such app",
        ),
        ("body=codearts-v4", "403 CH.004403: Insufficient permission"),
        ("body=codearts-v1", "CH.004403"),
        ("body=empty", "403: an empty body"),
        (
            "body=text,message=blocked by policy",
            "403: text instead of JSON (\"blocked by policy\")",
        ),
        ("body=html", "403: HTML instead of JSON (\"403 Forbidden\")"),
    ] {
        let world = settled();
        fault(
            &world,
            &format!("status=403,{body},route=list-repositories,times=all"),
        );
        let output = world
            .plan(&[])
            .exits(1)
            .warns("cannot read the repository list of cn-north-4")
            .warns(words);
        assert!(
            output
                .stderr
                .contains("(GET /v2/manage/repos, request id emulator-"),
            "{output}"
        );
        assert!(output.stderr.lines().count() <= 2, "{output}");
    }
}

#[test]
fn each_error_body_of_a_write_is_reported() {
    for body in ["service-a", "service-b", "service-c", "codearts-v4"] {
        let world = World::of(ORGANIZATION);
        fault(
            &world,
            &format!("status=403,body={body},message=not yours,method=POST"),
        );
        let _ = world.try_apply(&[]).exits(1).says("not yours");
        assert_eq!(world.writes().len(), 1, "{body}");
    }
}

#[test]
fn the_shape_of_the_settings_is_that_of_the_service() {
    let world = World::with(Settings {
        error_shape: portolan::emulator::ErrorShape::A,
        ..Settings::default()
    });
    let world = world.variable("HW_AUTH_TOKEN", "any");
    world.chart(QUICKSTART);
    world.inject(portolan::emulator::Fault::new(Effect::forbidden()).forever());
    let _ = world
        .plan(&[])
        .exits(1)
        .warns("403 SVCSTG.SWR.4037018: No permission");
}

#[test]
fn a_service_that_fails_at_random_is_settled_in_the_end() {
    for seed in 0..3 {
        let world = World::of(include_str!("../../examples/quickstart.yaml"));
        fault(
            &world,
            &format!("status=502,committed,probability=0.2,seed={seed}"),
        );
        fault(
            &world,
            &format!("cut-before,probability=0.2,seed={}", seed + 100),
        );
        let runs = (0..10)
            .take_while(|_| world.try_apply(&[]).code != Some(0))
            .count();
        assert!(runs < 10, "seed {seed}");
        world.emulator.clear_faults();
        world.is_settled();
    }
}

const REPLACED: &str = "version: 1
region: cn-north-4
organizations:
  o:
    repositories:
      a: { sync: [ { target_region: cn-east-3, target_organization: dr, override: true } ] }
";

/// A rule that has to be replaced.
fn replaced() -> World {
    let world = World::of(REPLACED);
    world.edit(|state| {
        state
            .ensure_repository(NORTH, "o", "a")
            .sync_rules
            .push(SyncRule::to("cn-east-3", "dr"));
    });
    world
}

#[test]
fn a_deletion_that_is_visible_late_is_not_called_a_concurrent_change() {
    let world = replaced();
    // The creation is retried, and the check before that still shows what this apply deleted.
    fault(&world, "status=503,route=create-rule");
    fault(&world, "stale-reads=2,times=all,route=list-rules");
    let output = world.try_apply(&[]);
    world.emulator.clear_faults();
    assert!(!format!("{output}").contains("elsewhere"), "{output}");
    let _ = output.exits(0).says("1 added, 0 changed, 1 destroyed");
    world.is_settled();
    // A deletion that is never visible is reported as such.
    let world = replaced();
    fault(&world, "status=503,route=create-rule");
    fault(&world, "stale-reads=100,times=all,route=list-rules");
    let output = world.try_apply(&[]).exits(1);
    assert!(!format!("{output}").contains("elsewhere"), "{output}");
    let _ = output.says("the previous write of this change is not visible yet");
}

#[test]
fn a_value_that_was_not_kept_is_reported_on_stderr_too() {
    let world = World::of(QUICKSTART);
    fault(&world, "stale-reads=100,times=all,route=list-rules");
    let output = world.try_apply(&[]).exits(1);
    // First it was written, and then it did not show.
    let lines: Vec<&str> = output
        .stderr
        .lines()
        .filter(|line| line.contains("sync_rule"))
        .collect();
    assert!(
        matches!(lines[..], [applied, failed]
            if applied.contains("applied") && failed.contains("did not stick")),
        "{output}"
    );
}

#[test]
fn a_service_that_trims_a_text_is_named_as_what_it_is() {
    let world =
        World::of(&QUICKSTART.replace("this is a busybox repository", "\"this is  a busybox\\n\""));
    let trimmed = || {
        world.edit(|state| {
            state
                .ensure_repository(NORTH, "group", "busybox")
                .description = "this is a busybox".to_owned();
        });
    };
    let _ = world.try_apply(&["--target", "group"]);
    trimmed();
    // Every read afterwards shows the service's own form.
    fault(&world, "stale-reads=100,times=all,route=show-repository");
    let output = world.try_apply(&[]).exits(1);
    assert!(!output.stdout.contains("another client"), "{output}");
    let _ = output.says("the service stores this text with other blanks or line breaks");
}
