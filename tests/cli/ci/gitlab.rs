//! Runs the pipeline of the example as GitLab would, with its template.

use std::{collections::BTreeMap, fs};

use serde_json::{Value, json};

use super::{
    pipeline::Pipeline,
    releases::Releases,
    stage::{BAD_CHART, CHART, Ended, Stage, has_the_tools},
};

/// The shells of the images that people use.
const SHELLS: [&str; 3] = ["sh", "bash", "busybox ash"];

pub(super) fn variables(more: &[(&str, &str)]) -> BTreeMap<String, String> {
    let ours = [
        ("CI_API_V4_URL", "https://forge.example.com/api/v4"),
        ("CI_PROJECT_ID", "7"),
        ("CI_MERGE_REQUEST_IID", "5"),
        ("CI_DEFAULT_BRANCH", "main"),
        ("CI_COMMIT_SHA", "bbbb"),
        ("PROJECT_TOKEN", "fake"),
        ("SWR_READ_AK", "fake"),
    ];
    let all = ours.iter().chain(more);
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn job(stage: &Stage, name: &str, more: &[(&str, &str)]) -> Ended {
    let pipeline = Pipeline::of_the_example(&[]);
    pipeline.run(stage, &Releases::new(), (name, "sh"), &variables(more))
}

fn plan(stage: &Stage, more: &[(&str, &str)]) -> Ended {
    job(stage, "portolan-plan", more)
}

#[test]
fn the_job_has_the_exit_code_of_the_plan_and_there_is_one_note() {
    if !has_the_tools() {
        return;
    }
    let others = json!({ "id": 1, "body": "of somebody" });
    let ours = json!({ "id": 3, "body": "<!-- portolan-plan -->\nold" });
    let (new, edited) = (
        "POST merge_requests/5/notes",
        "PUT merge_requests/5/notes/3",
    );
    for (chart, variables, notes, code, words, asked) in [
        (CHART, &[][..], json!([others]), 0, "2 to add", new),
        (CHART, &[], json!([others, ours]), 0, "2 to add", edited),
        (BAD_CHART, &[], json!([]), 1, "**Unknown: ", new),
        (
            CHART,
            &[("PORTOLAN_PARALLELISM", "many")],
            json!([]),
            64,
            "ended with 64",
            new,
        ),
    ] {
        let stage = Stage::new(chart);
        stage.answer("notes", &notes);
        let _ = plan(&stage, variables).with(code);
        assert_eq!(stage.requests()[1..], [asked]);
        let body = stage.text("answers/body");
        assert!(
            body.starts_with("<!-- portolan-plan -->\n") && body.contains(words),
            "{body}"
        );
        assert_eq!(stage.path("repository/plan/plan.json").exists(), code == 0);
        assert_eq!(
            stage.text("repository/plan/head"),
            if code == 0 { "bbbb\n" } else { "" }
        );
    }
    // Without an answer, no second note is written: it might be a duplicate.
    let stage = Stage::new(CHART);
    let _ = plan(&stage, &[])
        .with(1)
        .says("GitLab refused a request for merge_requests/5/notes");
    assert_eq!(stage.requests().len(), 1);
}

#[test]
fn the_report_for_the_merge_request_is_written_on_every_failure() {
    if !has_the_tools() {
        return;
    }
    for (chart, code, issues) in [(CHART, 0, 0), (BAD_CHART, 1, 1)] {
        let stage = Stage::new(chart);
        let _ = job(&stage, "portolan-validate", &[]).with(code);
        let report: Value =
            serde_json::from_str(&stage.text("repository/gl-code-quality-report.json")).unwrap();
        assert_eq!(report.as_array().unwrap().len(), issues, "{report}");
    }
}

fn request(state: &str, merge: &str, source: u32) -> Value {
    json!({ "iid": 5, "state": state, "merge_commit_sha": merge, "squash_commit_sha": null,
        "sha": "bbbb",
        "source_project_id": source })
}

/// A merged merge request, whose plan job 31 of pipeline 21 made.
fn merged() -> Stage {
    let stage = Stage::new(CHART);
    stage.answer("notes", &json!([]));
    let _ = plan(&stage, &[]).with(0);
    merge(&stage);
    stage
}

/// The merge of the request whose plan is in the repository.
pub(super) fn merge(stage: &Stage) {
    stage.answer(
        "requests",
        &json!([request("opened", "aaaa", 7), request("merged", "aaaa", 7)]),
    );
    stage.answer(
        "pipelines",
        &json!([{ "id": 21, "project_id": 7 }, { "id": 20, "project_id": 7 },
            { "id": 99, "project_id": 8 }]),
    );
    stage.answer(
        "jobs",
        &json!([{ "id": 30, "name": "portolan-validate" }, { "id": 31, "name": "portolan-plan" }]),
    );
    fs::rename(stage.path("repository/plan"), stage.path("answers/plan")).unwrap();
    stage.git(&["remote", "add", "origin", "."]);
    let _ = stage.requests();
}

/// The branch has another chart by now; the job still has the commit that it was started for.
fn overtaken(stage: &Stage) {
    stage.commit(&CHART.replace("web", "api"));
    stage.git(&["checkout", "--quiet", "--detach", "HEAD~1"]);
}

fn apply(stage: &Stage) -> Ended {
    job(stage, "portolan-apply", &[("CI_COMMIT_SHA", "aaaa")])
}

#[test]
fn the_plan_that_was_reviewed_is_applied() {
    if !has_the_tools() {
        return;
    }
    let stage = merged();
    let _ = apply(&stage)
        .with(0)
        .says("Apply complete! Resources: 2 added");
    assert_eq!(
        stage.requests(),
        [
            "GET repository/commits/aaaa/merge_requests",
            "GET merge_requests/5/pipelines",
            "GET pipelines/21/jobs?scope[]=success",
            "GET jobs/31/artifacts/plan/head",
            "GET jobs/31/artifacts/plan/chart",
            "GET jobs/31/artifacts/plan/plan.json",
        ]
    );
}

/// From the merge request to an empty plan, with the program that was built, in each shell.
#[test]
fn the_whole_way_leads_to_an_empty_plan() {
    if !has_the_tools() {
        return;
    }
    let releases = Releases::of_the_build();
    for shell in SHELLS {
        if shell.starts_with("busybox") && std::process::Command::new("busybox").output().is_err() {
            continue;
        }
        let stage = Stage::new(CHART);
        stage.answer("notes", &json!([]));
        stage.answer("issues", &json!([]));
        let pipeline = Pipeline::of_the_example(&[]);
        let run = |name: &str, more: &[(&str, &str)]| {
            pipeline.run(&stage, &releases, (name, shell), &variables(more))
        };
        let _ = run("portolan-validate", &[])
            .with(0)
            .says("Installed portolan ");
        let _ = run("portolan-plan", &[]).with(0);
        merge(&stage);
        let _ = run("portolan-apply", &[("CI_COMMIT_SHA", "aaaa")]).with(0);
        let _ = run("portolan-drift", &[]).with(0);
        let asked = stage.requests();
        assert!(
            !asked.iter().any(|line| line.starts_with("POST")),
            "{shell}: {asked:?}"
        );
    }
}

#[test]
fn an_unreviewed_plan_is_not_applied() {
    if !has_the_tools() {
        return;
    }
    type Breakage = Box<dyn Fn(&Stage)>;
    let answers = |name: &'static str, answer: Value| -> Breakage {
        Box::new(move |stage| stage.answer(name, &answer))
    };
    let cases: [(Breakage, &str); 8] = [
        (
            answers("requests", json!([])),
            "aaaa is not the merge of a merge request",
        ),
        (
            answers("requests", json!([request("merged", "cccc", 7)])),
            "aaaa is not the merge of a merge request",
        ),
        (
            answers("requests", json!([request("merged", "aaaa", 8)])),
            "a merge request from a fork is not planned",
        ),
        (
            answers("pipelines", json!([{ "id": 99, "project_id": 8 }])),
            "there was no pipeline for !5",
        ),
        (
            answers("jobs", json!([{ "id": 30, "name": "portolan-validate" }])),
            "the last pipeline for !5 made no plan",
        ),
        (
            Box::new(|stage| fs::remove_file(stage.path("answers/plan/plan.json")).unwrap()),
            "the plan of !5 is gone",
        ),
        (
            Box::new(|stage| fs::write(stage.path("answers/plan/head"), "dddd\n").unwrap()),
            "is not for bbbb",
        ),
        (
            Box::new(overtaken),
            "portolan.yaml is not what was planned for bbbb",
        ),
    ];
    for (broken, words) in cases {
        let stage = merged();
        broken(&stage);
        let _ = apply(&stage)
            .with(1)
            .says(words)
            .says("Nothing was applied. Plan again");
    }
    // Neither is one applied if the forge does not answer.
    for name in ["requests", "pipelines", "jobs"] {
        let stage = merged();
        fs::remove_file(stage.path("answers").join(format!("{name}.json"))).unwrap();
        let _ = apply(&stage).with(1).says("GitLab refused a request for ");
    }
}

#[test]
fn an_apply_that_fails_fails_the_job() {
    if !has_the_tools() {
        return;
    }
    let stage = merged();
    stage.commit(&CHART.replace("web: {}", "web: { is_public: true }"));
    stage.settle();
    stage.commit(CHART);
    let _ = apply(&stage)
        .with(1)
        .says("it changed since the plan was made");
}

#[test]
fn drift_is_kept_in_one_issue_or_fails_the_job() {
    if !has_the_tools() {
        return;
    }
    let open = json!([{ "iid": 4 }]);
    for (chart, settled, issues, code, asked) in [
        (CHART, true, json!([]), 0, &[][..]),
        (CHART, true, open.clone(), 0, &["PUT issues/4"]),
        (CHART, false, json!([]), 0, &["POST issues"]),
        (CHART, false, open.clone(), 0, &["PUT issues/4"]),
        (BAD_CHART, false, open, 1, &[]),
    ] {
        let stage = Stage::new(chart);
        if settled {
            stage.settle();
        }
        stage.answer("issues", &issues);
        let _ = job(&stage, "portolan-drift", &[]).with(code);
        let writes: Vec<String> = stage
            .requests()
            .into_iter()
            .filter(|line| !line.starts_with("GET "))
            .collect();
        assert_eq!(writes, asked);
        assert_eq!(
            stage.text("answers/fields").contains("state_event=close"),
            settled && !writes.is_empty()
        );
        assert_eq!(
            stage.text("answers/body").contains("2 to add"),
            !settled && !writes.is_empty()
        );
    }
    let stage = Stage::new(CHART);
    let _ = job(
        &stage,
        "portolan-drift",
        &[("PORTOLAN_PARALLELISM", "many")],
    )
    .with(64);
    let _ = job(&stage, "portolan-drift", &[]).with(1);
    for token in ["", "wrong"] {
        let _ = job(&stage, "portolan-drift", &[("PROJECT_TOKEN", token)])
            .with(1)
            .says("PROJECT_TOKEN");
    }
    assert_eq!(stage.requests().len(), 1);
}

#[test]
fn arguments_reach_portolan_word_by_word() {
    if !has_the_tools() {
        return;
    }
    let releases = Releases::new();
    for (arguments, code) in [
        (
            "--ignore=cn-north-4/team-a\n--ignore\ncn-north-4/team-a/*\n",
            0,
        ),
        ("--ignore=cn-north-4/team-a --quiet\n$(touch pwned)", 64),
    ] {
        let pipeline = Pipeline::of_the_example(&[("arguments", arguments)]);
        for shell in ["sh", "bash"] {
            let stage = Stage::new(CHART);
            stage.answer("issues", &json!([]));
            // A shell would replace the pattern with the names that it matches here.
            for name in ["one", "two"] {
                let path = stage.repository().join("cn-north-4/team-a").join(name);
                fs::create_dir_all(path).unwrap();
            }
            let job = ("portolan-drift", shell);
            let _ = pipeline
                .run(&stage, &releases, job, &variables(&[]))
                .with(code);
            let writes = stage.requests().iter().any(|line| !line.starts_with("GET"));
            assert!(!writes, "{arguments}");
            assert!(!stage.path("repository/pwned").exists());
        }
    }
}

#[test]
fn each_pipeline_has_the_jobs_of_its_event() {
    let pipeline = Pipeline::of_the_example(&[]);
    let branch = [("CI_COMMIT_BRANCH", "main"), ("CI_DEFAULT_BRANCH", "main")];
    let (ours, fork) = (
        ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "7"),
        ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "8"),
    );
    let target = ("CI_MERGE_REQUEST_PROJECT_ID", "7");
    let event = |name| ("CI_PIPELINE_SOURCE", name);
    for (variables, jobs) in [
        (
            vec![event("merge_request_event"), target, ours],
            &["validate", "plan"][..],
        ),
        (
            vec![event("merge_request_event"), target, fork],
            &["validate"],
        ),
        (
            vec![event("push"), branch[0], branch[1]],
            &["validate", "apply"],
        ),
        (
            vec![event("push"), ("CI_COMMIT_BRANCH", "topic"), branch[1]],
            &[],
        ),
        (vec![event("schedule"), branch[0], branch[1]], &["drift"]),
        (
            vec![event("schedule"), ("CI_COMMIT_BRANCH", "topic"), branch[1]],
            &[],
        ),
        (vec![event("web"), branch[0], branch[1]], &[]),
    ] {
        let expected: Vec<String> = jobs.iter().map(|job| format!("portolan-{job}")).collect();
        assert_eq!(pipeline.starts(&variables), expected, "{variables:?}");
    }
}
