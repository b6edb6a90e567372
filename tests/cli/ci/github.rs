//! Runs the scripts of the workflows as GitHub's runner would.

use std::fs;

use serde_json::{Value, json};

use super::{
    files::script,
    stage::{BAD_CHART, CHART, Ended, Stage, has_the_tools},
};

const REPOSITORY: (&str, &str) = ("GITHUB_REPOSITORY", "team/charts");

/// Runs one step.
fn step(stage: &Stage, file: &str, name: &str, variables: &[(&str, &str)]) -> Ended {
    stage.run(
        &script(&format!("github/portolan-{file}.yml"), name),
        &[&[REPOSITORY], variables].concat(),
    )
}

fn plan(stage: &Stage, variables: &[(&str, &str)]) -> Ended {
    step(stage, "plan", "plan: Plan", variables)
}

/// The code that the step passes to the next ones.
fn code(stage: &Stage) -> String {
    stage.text("output").trim().to_owned()
}

#[test]
fn a_plan_ends_the_job_as_portolan_ended() {
    if !has_the_tools() {
        return;
    }
    for (chart, settled, variables, expected, words) in [
        (CHART, true, &[][..], 0, "**No changes."),
        (CHART, false, &[], 2, "2 to add"),
        (BAD_CHART, false, &[], 1, "**Unknown: "),
        (
            CHART,
            false,
            &[("PORTOLAN_PARALLELISM", "many")],
            64,
            "portolan ended with 64",
        ),
        (
            CHART,
            false,
            &[("PORTOLAN_FILE", "gone.yaml")],
            1,
            "**Unknown: ",
        ),
    ] {
        let stage = Stage::new(chart);
        if settled {
            stage.settle();
        }
        let at = format!("{expected} {variables:?}");
        // The step itself succeeds, so that the comment is written on a failure too.
        let _ = plan(&stage, variables).with(0);
        assert_eq!(code(&stage), format!("code={expected}"), "{at}");
        assert!(
            stage.text("temp/plan.md").contains(words),
            "{at}: {}",
            stage.text("temp/plan.md")
        );
        assert_eq!(stage.text("summary"), stage.text("temp/plan.md"));
        let end = step(
            &stage,
            "plan",
            "plan: Fail if there is no plan to apply",
            &[("CODE", &expected.to_string())],
        );
        let _ = end.with(if expected == 2 { 0 } else { expected });
        let is_planned = matches!(expected, 0 | 2);
        assert_eq!(
            stage.path("temp/plan/plan.json").exists(),
            is_planned,
            "{at}"
        );
        let chart = if is_planned {
            stage.git(&["rev-parse", "HEAD:portolan.yaml"])
        } else {
            String::new()
        };
        assert_eq!(stage.text("temp/plan/chart").trim(), chart, "{at}");
    }
}

#[test]
fn a_plan_that_never_came_to_its_end_fails_the_job() {
    if !has_the_tools() {
        return;
    }
    let stage = Stage::new(CHART);
    let _ = step(
        &stage,
        "plan",
        "plan: Fail if there is no plan to apply",
        &[("CODE", "137")],
    )
    .with(137);
}

#[test]
fn there_is_one_comment() {
    if !has_the_tools() {
        return;
    }
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
        let _ = plan(&stage, &[]).with(0);
        stage.answer("comments", &Value::from([others.to_vec(), more].concat()));
        let _ = step(&stage, "plan", "plan: Comment", &[("NUMBER", "5")]).with(0);
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
    let _ = plan(&stage, &[]).with(0);
    assert_ne!(
        step(&stage, "plan", "plan: Comment", &[("NUMBER", "5")]).code,
        0
    );
    assert_eq!(stage.requests().len(), 1);
}

const MERGE: (&str, &str) = ("GITHUB_SHA", "aaaa");

/// A merged pull request with head `bbbb`, whose plan was uploaded by run 9.
fn merged() -> Stage {
    let stage = Stage::new(CHART);
    let _ = plan(&stage, &[]).with(0);
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
    fs::rename(stage.path("temp/plan"), stage.path("answers/plan")).unwrap();
    stage
}

fn artifact(run: u32, head: &str, from: u32) -> Value {
    json!({ "expired": false, "workflow_run": {
        "id": run, "head_sha": head, "repository_id": 1, "head_repository_id": from } })
}

fn find(stage: &Stage) -> Ended {
    step(
        stage,
        "apply",
        "apply: Find the plan that was reviewed",
        &[MERGE],
    )
}

#[test]
fn the_plan_that_was_reviewed_is_applied() {
    if !has_the_tools() {
        return;
    }
    let stage = merged();
    // A run of a fork under the same name, and one of another commit, are not it.
    stage.answer(
        "artifacts",
        &json!({ "artifacts": [artifact(8, "bbbb", 1), artifact(9, "bbbb", 1),
            artifact(11, "bbbb", 2), artifact(12, "dddd", 1)] }),
    );
    let _ = find(&stage).with(0);
    let download = "run download 9 --repo team/charts --name portolan-plan-bbbb --dir ";
    assert!(stage.requests().last().unwrap().starts_with(download));
    let _ = step(&stage, "apply", "apply: Apply", &[])
        .with(0)
        .says("Apply complete! Resources: 2 added");
    assert!(stage.text("summary").contains("Apply complete!"));
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
    for (broken, words) in cases {
        let stage = merged();
        broken(&stage);
        let _ = find(&stage)
            .with(1)
            .says(words)
            .says("Nothing was applied. Plan again");
    }
    // Neither is one applied if the forge does not answer.
    for name in ["pulls.json", "artifacts.json", "plan"] {
        let stage = merged();
        fs::rename(stage.path("answers").join(name), stage.path("away")).unwrap();
        assert_ne!(find(&stage).code, 0, "{name}");
    }
}

#[test]
fn an_apply_that_fails_fails_the_job_and_comments() {
    if !has_the_tools() {
        return;
    }
    let stage = merged();
    let _ = find(&stage).with(0);
    stage.commit(&CHART.replace("web: {}", "web: { is_public: true }"));
    stage.settle();
    let _ = step(&stage, "apply", "apply: Apply", &[])
        .with(1)
        .says("it changed since the plan was made");
    assert!(stage.text("summary").contains("Apply incomplete!"));
    fs::remove_file(stage.path("temp/plan/plan.json")).unwrap();
    let _ = step(&stage, "apply", "apply: Apply", &[]).with(1);
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
    let stage = Stage::new(&described("one"));
    stage.settle();
    stage.commit(&described("two"));
    let _ = plan(&stage, &[]).with(0);
    let applied = step(&stage, "apply", "apply: Apply", &[])
        .with(0)
        .says("| ::add-mask::e");
    for text in [applied.printed, stage.text("summary")] {
        let is_obeyed = |line: &str| line.trim_start().starts_with("::") || line.contains("##[");
        assert!(!text.lines().any(is_obeyed), "{text}");
    }
}

fn drift(stage: &Stage, variables: &[(&str, &str)]) -> Ended {
    step(stage, "drift", "drift: Look for drift", variables)
}

#[test]
fn drift_is_known_or_fails_the_job() {
    if !has_the_tools() {
        return;
    }
    for (chart, settled, variables, end, handed) in [
        (CHART, true, &[][..], 0, "code=0"),
        (CHART, false, &[], 0, "code=2"),
        (BAD_CHART, false, &[], 1, ""),
        (CHART, false, &[("PORTOLAN_PARALLELISM", "many")], 64, ""),
    ] {
        let stage = Stage::new(chart);
        if settled {
            stage.settle();
        }
        let _ = drift(&stage, variables).with(end);
        assert_eq!(code(&stage), handed);
        assert_eq!(stage.text("summary"), stage.text("temp/drift.md"));
    }
}

#[test]
fn there_is_one_issue() {
    if !has_the_tools() {
        return;
    }
    let stage = Stage::new(CHART);
    let _ = drift(&stage, &[]).with(0);
    let open = json!([{ "number": 4 }]);
    for (code, issues, end, verbs) in [
        ("0", json!([]), 0, &[][..]),
        ("0", open.clone(), 0, &["issue close 4"]),
        (
            "2",
            json!([]),
            0,
            &["label create portolan-drift", "issue create"],
        ),
        ("2", open.clone(), 0, &["issue edit 4"]),
        ("1", open.clone(), 1, &[]),
        ("", open, 1, &[]),
    ] {
        stage.answer("issues", &issues);
        let _ = step(&stage, "drift", "drift: Keep one issue", &[("CODE", code)]).with(end);
        let asked = stage.requests();
        let writes: Vec<&String> = asked
            .iter()
            .filter(|line| !line.starts_with("issue list"))
            .collect();
        assert_eq!(writes.len(), verbs.len(), "{code}: {asked:?}");
        assert!(
            writes
                .iter()
                .zip(verbs)
                .all(|(write, verb)| write.starts_with(verb)),
            "{code}: {asked:?}"
        );
    }
    assert!(stage.text("answers/body").contains("2 to add"));
    // It is unknown whether an issue exists, so no second one is created.
    fs::remove_file(stage.path("answers/issues.json")).unwrap();
    assert_ne!(
        step(&stage, "drift", "drift: Keep one issue", &[("CODE", "2")]).code,
        0
    );
    assert_eq!(stage.requests().len(), 1);
}
