//! Every question that the documentation leaves open, with each of its answers, as a client sees
//! it.

mod observe;

use std::collections::BTreeSet;

use portolan::emulator::Assumptions;
use serde_json::{Value, json};

use super::support::{Site, URL};
use observe::observe;

/// The observation under each switch.
fn expected() -> Vec<(&'static str, Value)> {
    [of_mirrors(), of_repositories_and_values()].concat()
}

fn of_mirrors() -> Vec<(&'static str, Value)> {
    vec![
        (
            "update-status=gitlab",
            json!(["none", "scheduled", "started", "finished", "failed"]),
        ),
        (
            "update-status=oracle",
            json!(["NONE", "QUEUED", "RUNNING", "PASSED", "FAILED"]),
        ),
        ("update-status=numbers", json!(["0", "1", "2", "3", "4"])),
        (
            "git-times=rfc3339-offset",
            json!("2026-11-21T07:10:05.000+08:00"),
        ),
        ("git-times=rfc3339-utc", json!("2026-11-20T23:10:05.000Z")),
        ("git-times=plain-beijing", json!("2026-11-21 07:10:05")),
        ("git-times=plain-utc", json!("2026-11-20 23:10:05")),
        (
            "repeat-start=new-jid-same-run",
            json!([200, "another jid", "2026-11-20T23:10:05Z"]),
        ),
        (
            "repeat-start=same-jid",
            json!([200, "the same jid", "2026-11-20T23:10:05Z"]),
        ),
        (
            "repeat-start=concurrent",
            json!([200, "another jid", "2026-11-20T23:10:07Z"]),
        ),
        (
            "repeat-start=queue",
            json!([200, "another jid", "2026-11-20T23:10:10Z"]),
        ),
        (
            "repeat-start=409",
            json!([409, "no jid", "2026-11-20T23:10:05Z"]),
        ),
        (
            "not-a-mirror=404",
            json!([
                [404, "CH.004404"],
                [404, "CH.004404"],
                [404, "CH.004404"],
                null
            ]),
        ),
        (
            "not-a-mirror=200-nulls",
            json!([[200, ""], [200, ""], [200, ""], 124]),
        ),
        (
            "not-a-mirror=400",
            json!([
                [400, "CH.010001"],
                [400, "CH.010001"],
                [400, "CH.010001"],
                null
            ]),
        ),
        ("mirroring-enabled=true-is-on", json!([true, true, true])),
        ("mirroring-enabled=true-is-off", json!([false, true, true])),
        ("schedule-switch=free", json!([200, 200, 200])),
        ("schedule-switch=off-is-final", json!([200, 200, 400])),
        ("schedule-switch=fixed", json!([400, 200, 400])),
        ("schedule-period=24h", json!(null)),
        ("schedule-period=1h", json!("2026-11-21T08:10:05.000+08:00")),
        ("put-omitted=keep", json!([URL, "e-1", "default"])),
        ("put-omitted=reset", json!([null, null, "default"])),
        ("start-without-body=accept", json!([200, "scheduled"])),
        ("start-without-body=400", json!([400, "none"])),
        ("last-update-at=end", json!([null, "07:10:05", "07:10:05"])),
        (
            "last-update-at=start",
            json!(["07:10:01", "07:10:01", "07:10:01"]),
        ),
        (
            "last-update-at=record",
            json!(["07:10:01", "07:10:05", "07:11:45"]),
        ),
        ("number-of-failures=consecutive", json!([2, 0, 1])),
        ("number-of-failures=total", json!([2, 2, 3])),
        ("last-error=null", json!(["timed out", null])),
        ("last-error=kept", json!(["timed out", "timed out"])),
        ("associate-twice=same", json!([201, URL, "finished"])),
        (
            "associate-twice=replace",
            json!([201, "https://git.example.com/b.git", "none"]),
        ),
        ("associate-twice=409", json!([409, URL, "finished"])),
        ("associate-without-url=accept", json!([201, 200])),
        ("associate-without-url=400", json!([400, 404])),
        ("associate-new-repository=201", json!([201, 200])),
        ("associate-new-repository=404", json!([404, 404])),
    ]
}

fn of_repositories_and_values() -> Vec<(&'static str, Value)> {
    vec![
        ("branch-commit=absent", json!(null)),
        ("branch-commit=present", json!({ "id": "c1" })),
        (
            "project-list-groups=include",
            json!(["app", "inner", "plain"]),
        ),
        ("project-list-groups=exclude", json!(["app", "plain"])),
        ("unknown-project=404", json!([404, "CH.004404", null])),
        ("unknown-project=empty", json!([200, "", []])),
        (
            "diverged-branches=fail",
            json!([
                "failed",
                "theirs",
                "! [rejected] main -> main (non-fast-forward)"
            ]),
        ),
        (
            "diverged-branches=overwrite",
            json!(["finished", "m2", null]),
        ),
        (
            "diverged-branches=skip",
            json!(["finished", "theirs", null]),
        ),
        ("deleted-branches=keep", json!(["finished", "o1"])),
        ("deleted-branches=remove", json!(["finished", null])),
        ("moved-tags=keep", json!(["finished", "t1"])),
        ("moved-tags=overwrite", json!(["finished", "t2"])),
        (
            "id-out-of-range=400",
            json!([
                [400, "CH.010001"],
                [400, "CH.010001"],
                [400, "CH.010001"],
                [400, "CH.010001"]
            ]),
        ),
        (
            "id-out-of-range=404",
            json!([
                [404, "CH.004404"],
                [404, "CH.004404"],
                [404, "CH.004404"],
                [404, "CH.004404"]
            ]),
        ),
        ("invalid-value=400", json!([400, 400, 400, 400, 400])),
        ("invalid-value=ignore", json!([200, 200, 200, 200, 200])),
        ("mirror-url=400", json!([400, URL])),
        (
            "mirror-url=accept",
            json!([200, "git@git.example.com:app.git"]),
        ),
        (
            "url-credentials=shown",
            json!([
                "https://u:p@git.example.com/a.git",
                "https://u:p@git.example.com/a.git"
            ]),
        ),
        (
            "url-credentials=scrubbed",
            json!([
                "https://git.example.com/a.git",
                "https://git.example.com/a.git"
            ]),
        ),
        ("empty-field=null", json!(null)),
        ("empty-field=text", json!("")),
        ("not-base64=400", json!([400, "none", null])),
        (
            "not-base64=failed-run",
            json!([200, "failed", "fatal: Authentication failed"]),
        ),
        ("push-to-scheduled=refuse", json!([false, null])),
        ("push-to-scheduled=accept", json!([true, "c9"])),
        ("name-with-namespace=plain", json!("platform/app")),
        ("name-with-namespace=spaced", json!("platform / app")),
        ("repository-path=name", json!("app")),
        ("repository-path=full", json!("platform/app")),
    ]
}

/// The first switch that is not about the other service.
const FIRST: &str = "update-status";

#[tokio::test]
async fn each_switch_changes_the_answer_and_is_named_in_its_header() {
    for (switch, expected) in expected() {
        let site = Site::assuming(switch).await;
        let name = switch.split('=').next().unwrap();
        let (seen, answer) = observe(&site, name).await;
        assert_eq!(seen, expected, "{switch}");
        if let Some(answer) = answer {
            assert!(
                answer
                    .assumptions
                    .iter()
                    .any(|assumption| assumption == name),
                "{switch}: {:?}",
                answer.assumptions
            );
        }
    }
}

#[test]
fn no_switch_and_no_choice_is_left_out() {
    let help = Assumptions::help();
    let lines = help.lines().skip_while(|line| !line.starts_with(FIRST));
    let choices = lines.flat_map(|line| {
        let (name, rest) = line.split_once('=').unwrap();
        let choices = rest.split_whitespace().next().unwrap();
        choices
            .split('|')
            .map(move |choice| format!("{name}={choice}"))
    });
    let tested: BTreeSet<String> = expected()
        .into_iter()
        .map(|(switch, _)| switch.to_owned())
        .collect();
    assert_eq!(choices.collect::<BTreeSet<_>>(), tested);
}
