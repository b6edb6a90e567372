//! Runs the jobs of the workflows as GitHub's runner would, with the action.

use std::fs;

use serde_json::{Value, json};

use super::{
    releases::Releases,
    runner::Job,
    stage::{BAD_CHART, CHART, Ended, Stage, has_the_tools},
};

fn pull_request(repository: &str) -> Value {
    json!({ "pull_request": {
        "number": 5, "head": { "sha": "bbbb", "repo": { "full_name": repository } } } })
}

/// The job `plan` of a pull request of this repository.
pub(super) fn plan<'a>(stage: &'a Stage, releases: &Releases) -> Job<'a> {
    let event = pull_request("team/charts");
    Job::new(stage, releases, ("plan", "plan"), &event)
}

pub(super) fn apply<'a>(stage: &'a Stage, releases: &Releases) -> Job<'a> {
    Job::new(stage, releases, ("apply", "apply"), &json!({}))
}

pub(super) fn drift<'a>(stage: &'a Stage, releases: &Releases) -> Job<'a> {
    Job::new(stage, releases, ("drift", "drift"), &json!({}))
}

/// A repository in which nobody has commented and no issue is open.
pub(super) fn quiet(chart: &str) -> Stage {
    let stage = Stage::new(chart);
    stage.answer("comments", &json!([]));
    stage.answer("issues", &json!([]));
    stage
}

#[test]
fn a_plan_ends_the_job_as_portolan_ended() {
    if !has_the_tools() {
        return;
    }
    let releases = Releases::new();
    let many = ("PORTOLAN_PARALLELISM", "many");
    for (chart, settled, variable, expected, words) in [
        (CHART, true, None, 0, "**No changes."),
        (CHART, false, None, 2, "2 to add"),
        (BAD_CHART, false, None, 1, "**Unknown: "),
        (CHART, false, Some(many), 64, "portolan ended with 64"),
    ] {
        let stage = quiet(chart);
        if settled {
            stage.settle();
        }
        let mut job = plan(&stage, &releases);
        if let Some((name, value)) = variable {
            job = job.variable(name, value);
        }
        let is_planned = matches!(expected, 0 | 2);
        let _ = job.run().with(if is_planned { 0 } else { expected });
        let at = format!("{expected} {variable:?}");
        let report = stage.text("temp/portolan-plan.md");
        assert!(report.contains(words), "{at}: {report}");
        assert_eq!(stage.text("summary"), report, "{at}");
        // The comment is written on a failure too.
        assert!(stage.text("answers/body").ends_with(&report), "{at}");
        assert_eq!(job.outputs["exit-code"], expected.to_string(), "{at}");
        let path = stage.path("temp/portolan-plan.md");
        assert_eq!(job.outputs["report"], path.to_str().unwrap(), "{at}");
        let uploads: &[&str] = if is_planned {
            &["portolan-plan-bbbb"]
        } else {
            &[]
        };
        assert_eq!(job.uploads, uploads, "{at}");
        let kept = stage.path("answers/plan/plan.json").exists();
        assert_eq!(kept, is_planned, "{at}");
        if is_planned {
            let id = stage.git(&["rev-parse", "HEAD:portolan.yaml"]);
            assert_eq!(stage.text("answers/plan/chart").trim(), id, "{at}");
        }
    }
}

#[test]
fn a_plan_that_never_came_to_its_end_fails_the_job() {
    if !has_the_tools() {
        return;
    }
    let releases = Releases::new();
    let version = super::releases::VERSION;
    releases.publish(&format!(
        "#!/bin/sh\n[ \"$1\" != --version ] || exec echo portolan {version}\nkill -9 $$\n"
    ));
    let stage = quiet(CHART);
    let _ = plan(&stage, &releases).run().with(137);
    assert!(
        stage
            .text("answers/body")
            .contains("portolan ended with 137")
    );
}

#[test]
fn a_fork_is_validated_and_not_planned() {
    if !has_the_tools() {
        return;
    }
    let releases = Releases::new();
    let fork = pull_request("mallory/charts");
    for (chart, code, words) in [(CHART, 0, ""), (BAD_CHART, 1, "::error file=portolan.yaml")] {
        let stage = Stage::new(chart);
        let mut job = Job::new(&stage, &releases, ("plan", "validate"), &fork);
        let _ = job.run().with(code).says(words);
        assert_eq!(stage.requests(), [""; 0]);
    }
    let stage = Stage::new(CHART);
    let job = Job::new(&stage, &releases, ("plan", "plan"), &fork);
    assert!(!job.starts());
    assert!(plan(&stage, &releases).starts());
    // Nor is it if the workflow of the user lacks the condition.
    let refused = |job: Job<'_>, words: &str| {
        let mut job = job.input("command", "plan");
        let _ = job.run().with(1).says(words);
        assert_eq!(stage.requests(), [""; 0]);
    };
    let validate = |event| Job::new(&stage, &releases, ("plan", "validate"), event);
    refused(
        validate(&fork),
        "comes from a fork (mallory/charts), so it is not planned",
    );
    let ours = pull_request("team/charts");
    refused(
        validate(&ours).github("event_name", "pull_request_target"),
        "works for the event pull_request, not for `pull_request_target`",
    );
}

#[test]
fn there_is_one_comment() {
    if !has_the_tools() {
        return;
    }
    let releases = Releases::new();
    let comment = |id: u32, login: &str, body: &str| {
        json!({ "id": id,
            "user": { "login": login }, "body": body })
    };
    let (marker, bot) = ("<!-- portolan-plan -->\nold", "github-actions[bot]");
    let others = [
        comment(1, bot, "of another workflow"),
        comment(2, "mallory", marker),
    ];
    let new = "api --silent --method POST repos/team/charts/issues/5/comments";
    let edited = "api --silent --method PATCH repos/team/charts/issues/comments/3";
    for (more, asked) in [
        (vec![], new),
        (
            vec![comment(3, bot, marker), comment(4, bot, marker)],
            edited,
        ),
    ] {
        let stage = Stage::new(CHART);
        stage.answer("comments", &Value::from([others.to_vec(), more].concat()));
        let _ = plan(&stage, &releases).run().with(0);
        let requests = stage.requests();
        assert_eq!(requests.len(), 2, "{requests:?}");
        assert!(requests[1].starts_with(asked), "{requests:?}");
        let body = stage.text("answers/body");
        assert!(
            body.starts_with("<!-- portolan-plan -->\n### ") && body.contains("2 to add"),
            "{body}"
        );
    }
    // Without an answer, no second comment is written: it might be a duplicate.
    let stage = Stage::new(CHART);
    let _ = plan(&stage, &releases).run().with(1);
    assert_eq!(stage.requests().len(), 1);
}

/// A merged pull request with head `bbbb`, whose plan was uploaded by run 9.
pub(super) fn merged(releases: &Releases) -> Stage {
    let stage = quiet(CHART);
    let _ = plan(&stage, releases).run().with(0);
    merge(&stage);
    stage
}

/// Merges the pull request whose plan was uploaded.
pub(super) fn merge(stage: &Stage) {
    let pull = |merge: &str, head: &str| {
        json!({ "merge_commit_sha": merge,
            "head": { "sha": head, "repo": { "full_name": "team/charts" } } })
    };
    stage.answer(
        "pulls",
        &json!([pull("cccc", "dddd"), pull("aaaa", "bbbb")]),
    );
    stage.answer(
        "artifacts",
        &json!({ "artifacts": [artifact(9, "bbbb", 1)] }),
    );
    let _ = stage.requests();
}

fn artifact(run: u32, head: &str, from: u32) -> Value {
    json!({ "expired": false, "workflow_run": {
        "id": run, "head_sha": head, "repository_id": 1, "head_repository_id": from } })
}

#[test]
fn the_plan_that_was_reviewed_is_applied() {
    if !has_the_tools() {
        return;
    }
    let releases = Releases::new();
    let stage = merged(&releases);
    // A run of a fork under the same name, and one of another commit, are not it.
    stage.answer(
        "artifacts",
        &json!({ "artifacts": [artifact(8, "bbbb", 1), artifact(9, "bbbb", 1),
            artifact(11, "bbbb", 2), artifact(12, "dddd", 1)] }),
    );
    let mut job = apply(&stage, &releases);
    let _ = job.run().with(0).says("Apply complete! Resources: 2 added");
    let download = "run download 9 --repo team/charts --name portolan-plan-bbbb --dir ";
    assert!(stage.requests().last().unwrap().starts_with(download));
    assert!(stage.text("summary").contains("Apply complete!"));
    let report = fs::read_to_string(&job.outputs["report"]).unwrap();
    assert!(report.contains("Apply complete!"), "{report}");
}

/// From the pull request to an empty plan, with the program that was built.
#[test]
fn the_whole_way_leads_to_an_empty_plan() {
    if !has_the_tools() {
        return;
    }
    let releases = Releases::of_the_build();
    let event = pull_request("team/charts");
    let stage = merged(&releases);
    let _ = Job::new(&stage, &releases, ("plan", "validate"), &event)
        .run()
        .with(0);
    let _ = apply(&stage, &releases)
        .run()
        .with(0)
        .says("Installed portolan ");
    let mut job = plan(&stage, &releases);
    let _ = job.run().with(0);
    assert_eq!(job.outputs["exit-code"], "0");
    let mut job = drift(&stage, &releases);
    let _ = job.run().with(0);
    assert_eq!(job.outputs["exit-code"], "0");
}

#[test]
fn several_charts_are_planned_and_applied_together() {
    if !has_the_tools() {
        return;
    }
    let releases = Releases::new();
    let stage = merged(&releases);
    let more = stage.repository().join("more");
    fs::create_dir(&more).unwrap();
    let second = CHART.replace("team-a", "team-b").replace("web", "api");
    fs::write(more.join("second one.yaml"), &second).unwrap();
    stage.commit(CHART);
    for files in [
        "portolan.yaml\nmore/second one.yaml\n",
        " ./portolan.yaml\n\nmore/",
    ] {
        let _ = fs::remove_file(stage.path("state.json"));
        let _ = plan(&stage, &releases).input("file", files).run().with(0);
        assert_eq!(stage.text("answers/plan/chart").lines().count(), 2);
        let _ = apply(&stage, &releases)
            .input("file", files)
            .run()
            .with(0)
            .says("Resources: 4 added");
    }
    // A change of any of them is noticed.
    fs::write(more.join("second one.yaml"), format!("{second}# changed\n")).unwrap();
    stage.commit(CHART);
    let _ = apply(&stage, &releases)
        .input("file", "portolan.yaml\nmore/")
        .run()
        .with(1)
        .says("is not what was planned for bbbb");
    // So is a chart that an apply could not compare.
    fs::write(stage.repository().join("new.yaml"), CHART).unwrap();
    let _ = plan(&stage, &releases)
        .input("file", "new.yaml")
        .run()
        .with(1)
        .says("new.yaml is not in the commit");
}

#[test]
fn arguments_reach_portolan_word_by_word() {
    if !has_the_tools() {
        return;
    }
    let releases = Releases::new();
    let stage = quiet(CHART);
    let mut job = drift(&stage, &releases).input(
        "arguments",
        "--ignore\ncn-north-4/team-a\n  --ignore=cn-north-4/team-a/*\n",
    );
    let _ = job.run().with(0);
    assert_eq!(job.outputs["exit-code"], "0");
    // Neither a shell nor the runner reads them.
    let words = "--ignore=$(touch pwned)\n::error::x\n`touch pwned`";
    let _ = drift(&stage, &releases)
        .input("arguments", words)
        .run()
        .with(64);
    assert!(!stage.path("repository/pwned").exists());
    let _ = drift(&stage, &releases)
        .input("command", "x\n::add-mask::e")
        .run()
        .with(1)
        .says("::error::The input command is `x%0A::add-mask::e`");
}

#[test]
fn an_unreviewed_plan_is_not_applied() {
    if !has_the_tools() {
        return;
    }
    let fork = json!([{ "merge_commit_sha": "aaaa",
        "head": { "sha": "bbbb", "repo": { "full_name": "mallory/charts" } } }]);
    let gone = json!([{ "merge_commit_sha": "aaaa", "head": { "sha": "bbbb", "repo": null } }]);
    let mut expired = artifact(9, "bbbb", 1);
    expired["expired"] = json!(true);
    type Breakage = Box<dyn Fn(&Stage)>;
    let answers = |name: &'static str, answer: Value| -> Breakage {
        Box::new(move |stage| stage.answer(name, &answer))
    };
    let cases: [(Breakage, &str); 7] = [
        (
            answers("pulls", json!([])),
            "aaaa is not the merge of a pull request",
        ),
        (
            answers("pulls", fork),
            "a pull request from the fork mallory/charts is not planned",
        ),
        (
            answers("pulls", gone),
            "a pull request from the fork null is not planned",
        ),
        (
            answers("artifacts", json!({ "artifacts": [] })),
            "the plan for bbbb was not made, or is gone",
        ),
        (
            answers("artifacts", json!({ "artifacts": [expired] })),
            "the plan for bbbb was not made, or is gone",
        ),
        (
            answers(
                "artifacts",
                json!({ "artifacts": [artifact(9, "bbbb", 2)] }),
            ),
            "the plan for bbbb was not made",
        ),
        (
            Box::new(|stage| stage.commit(&CHART.replace("web", "api"))),
            "portolan.yaml is not what was planned for bbbb",
        ),
    ];
    let releases = Releases::new();
    for (broken, words) in cases {
        let stage = merged(&releases);
        broken(&stage);
        let _ = apply(&stage, &releases)
            .run()
            .with(1)
            .says(words)
            .says("Nothing was applied. Plan again");
    }
    // Neither is one applied if the forge does not answer.
    for name in ["pulls.json", "artifacts.json", "plan"] {
        let stage = merged(&releases);
        fs::rename(stage.path("answers").join(name), stage.path("away")).unwrap();
        let _ = apply(&stage, &releases)
            .run()
            .with(1)
            .says("The reviewed plan could not be looked up");
    }
}

#[test]
fn an_apply_that_fails_fails_the_job_and_comments() {
    if !has_the_tools() {
        return;
    }
    let releases = Releases::new();
    let stage = merged(&releases);
    stage.commit(&CHART.replace("web: {}", "web: { is_public: true }"));
    stage.settle();
    stage.commit(CHART);
    let _ = apply(&stage, &releases)
        .run()
        .with(1)
        .says("it changed since the plan was made");
    assert!(stage.text("summary").contains("Apply incomplete!"));
    fs::remove_file(stage.path("answers/plan/plan.json")).unwrap();
    let _ = apply(&stage, &releases).run().with(1);
}

/// The log of the job that holds the writer's keys is read for commands.
#[test]
fn no_text_of_a_plan_commands_the_runner_that_applies() {
    if !has_the_tools() {
        return;
    }
    let described = |word: &str| {
        CHART.replace(
            "web: {}",
            &format!(
                r#"web: {{ description: "{word}\n::add-mask::e\n ::error::x\nin ##[add-mask]e" }}"#
            ),
        )
    };
    let releases = Releases::new();
    let stage = merged(&releases);
    stage.commit(&described("one"));
    stage.settle();
    stage.commit(&described("two"));
    let _ = plan(&stage, &releases).run().with(0);
    let applied = apply(&stage, &releases)
        .run()
        .with(0)
        .says("| ::add-mask::e");
    for text in [applied.printed, stage.text("summary")] {
        let is_obeyed = |line: &str| line.trim_start().starts_with("::") || line.contains("##[");
        assert!(!text.lines().any(is_obeyed), "{text}");
    }
}

#[test]
fn drift_is_known_or_fails_the_job() {
    if !has_the_tools() {
        return;
    }
    let releases = Releases::new();
    for (chart, settled, parallelism, end, handed) in [
        (CHART, true, "auto", 0, "0"),
        (CHART, false, "auto", 0, "2"),
        (BAD_CHART, false, "auto", 1, ""),
        (CHART, false, "many", 64, ""),
    ] {
        let stage = quiet(chart);
        if settled {
            stage.settle();
        }
        let mut job = drift(&stage, &releases).variable("PORTOLAN_PARALLELISM", parallelism);
        let _ = job.run().with(end);
        assert_eq!(job.outputs["exit-code"], handed);
        assert_eq!(stage.text("summary"), stage.text("temp/portolan-drift.md"));
        let asked = stage.requests();
        assert_eq!(asked.is_empty(), end != 0, "{asked:?}");
    }
}

#[test]
fn there_is_one_issue() {
    if !has_the_tools() {
        return;
    }
    let releases = Releases::new();
    let open = json!([{ "number": 4 }]);
    for (settled, issues, verbs) in [
        (true, json!([]), &[][..]),
        (true, open.clone(), &["issue close 4"]),
        (
            false,
            json!([]),
            &["label create portolan-drift", "issue create"],
        ),
        (false, open.clone(), &["issue edit 4"]),
    ] {
        let stage = Stage::new(CHART);
        if settled {
            stage.settle();
        }
        stage.answer("issues", &issues);
        let _ = drift(&stage, &releases).run().with(0);
        let asked = stage.requests();
        let writes: Vec<&String> = asked
            .iter()
            .filter(|line| !line.starts_with("issue list"))
            .collect();
        assert_eq!(writes.len(), verbs.len(), "{asked:?}");
        assert!(
            writes
                .iter()
                .zip(verbs)
                .all(|(write, verb)| write.starts_with(verb)),
            "{asked:?}"
        );
        assert_eq!(stage.text("answers/body").contains("2 to add"), !settled);
    }
    // It is unknown whether an issue exists, so no second one is created.
    let stage = Stage::new(CHART);
    let _ = drift(&stage, &releases).run().with(1);
    assert_eq!(stage.requests().len(), 1);
}

#[test]
fn a_job_without_a_permission_or_a_token_ends_with_a_sentence() {
    if !has_the_tools() {
        return;
    }
    let releases = Releases::new();
    let stage = merged(&releases);
    let needs = |job: Job<'_>, permission: &str| {
        let sentence = if permission == "actions" || permission == "pull-requests" {
            format!("`{permission}: ")
        } else {
            format!("The job needs the permission `{permission}: write`")
        };
        let Ended { code, printed } = job.without(permission).run();
        assert_eq!(code, 1, "{printed}");
        assert!(printed.contains(&sentence), "{permission}: {printed}");
    };
    needs(plan(&stage, &releases), "pull-requests");
    needs(apply(&stage, &releases), "pull-requests");
    needs(apply(&stage, &releases), "actions");
    needs(drift(&stage, &releases), "issues");
    let _ = stage.requests();
    for job in [
        plan(&stage, &releases),
        apply(&stage, &releases),
        drift(&stage, &releases),
    ] {
        let _ = job
            .input("token", "")
            .run()
            .with(1)
            .says("The input token is empty");
    }
    assert_eq!(stage.requests(), [""; 0]);
}
