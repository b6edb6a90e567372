//! Several charts in one repository, each with jobs of its own: they share no comment, plan or issue.

use serde_json::json;

use super::{
    github, gitlab,
    pipeline::Pipeline,
    releases::Releases,
    stage::{CHART, Stage, has_the_tools},
};

/// Two charts in one repository, each with its workflows.
#[test]
fn charts_with_names_of_their_own_do_not_meet() {
    if !has_the_tools() {
        return;
    }
    let releases = Releases::new();
    let stage = github::quiet(CHART);
    let unnamed = json!([{ "id": 3, "user": { "login": "github-actions[bot]" },
        "body": "<!-- portolan-plan -->\nold" }]);
    stage.answer("comments", &unnamed);
    let mut job = github::plan(&stage, &releases).input("name", "staging");
    let _ = job.run().with(0);
    assert_eq!(job.uploads, ["portolan-plan-staging-bbbb"]);
    let new = "api --silent --method POST repos/team/charts/issues/5/comments";
    assert!(stage.requests()[1].starts_with(new));
    let body = stage.text("answers/body");
    assert!(
        body.starts_with("<!-- portolan-plan staging -->\n"),
        "{body}"
    );

    let mut job = github::drift(&stage, &releases).input("name", "staging");
    let _ = job.run().with(0);
    let asked = stage.requests();
    assert!(
        asked[0].contains("--label portolan-drift-staging "),
        "{asked:?}"
    );
    assert!(asked[1].starts_with("label create portolan-drift-staging "));
    assert!(asked[2].contains("as the chart says (staging) --label portolan-drift-staging "));

    let stage = github::merged(&releases);
    let _ = github::apply(&stage, &releases)
        .input("name", "staging")
        .run()
        .with(0);
    let asked = stage.requests().join("\n");
    for words in [
        "?name=portolan-plan-staging-bbbb&",
        "--name portolan-plan-staging-bbbb ",
    ] {
        assert!(asked.contains(words), "{asked}");
    }

    for (name, words) in [
        ("a b", "The input name is `a b`; it must be of letters"),
        ("a\n::error::x", "The input name is `a%0A::error::x`"),
        (&"n".repeat(31), "The input name has 31 characters"),
    ] {
        let _ = github::plan(&stage, &releases)
            .input("name", name)
            .run()
            .with(1)
            .says(words);
    }
}

/// Two charts in one project, each with an `include` of the template.
#[test]
fn charts_with_prefixes_of_their_own_do_not_meet() {
    if !has_the_tools() {
        return;
    }
    let pipeline = Pipeline::of_the_example(&[("prefix", "staging")]);
    let jobs = ["validate", "plan", "apply", "drift"].map(|job| format!("staging-{job}"));
    assert_eq!(pipeline.jobs(), jobs);
    let other = Pipeline::of_the_example(&[]).content();
    let (ours, theirs) = (pipeline.content(), other.as_object().unwrap());
    assert!(theirs.keys().all(|name| ours.get(name).is_none()));
    assert_eq!(
        pipeline.job("staging-plan")["needs"],
        json!(["staging-validate"])
    );
    assert_eq!(
        pipeline.job("staging-apply")["resource_group"],
        "staging-apply"
    );

    let stage = Stage::new(CHART);
    stage.answer(
        "notes",
        &json!([{ "id": 3, "body": "<!-- portolan-plan -->\nold" }]),
    );
    stage.answer("issues", &json!([]));
    let run = |name: &str, more: &[(&str, &str)]| {
        pipeline.run(
            &stage,
            &Releases::new(),
            (name, "sh"),
            &gitlab::variables(more),
        )
    };
    let _ = run("staging-plan", &[]).with(0);
    assert_eq!(stage.requests()[1], "POST merge_requests/5/notes");
    assert!(
        stage
            .text("answers/body")
            .starts_with("<!-- staging-plan -->\n")
    );
    let _ = run("staging-drift", &[]).with(0);
    assert_eq!(
        stage.requests()[0],
        "GET issues?state=opened&labels=staging-drift&per_page=1"
    );
    assert!(
        stage
            .text("answers/fields")
            .contains("labels=staging-drift\n")
    );
    gitlab::merge(&stage);
    stage.answer(
        "jobs",
        &json!([{ "id": 32, "name": "portolan-plan" }, { "id": 31, "name": "staging-plan" }]),
    );
    let _ = run("staging-apply", &[("CI_COMMIT_SHA", "aaaa")]).with(0);
    assert!(stage.requests()[3].starts_with("GET jobs/31/"));
}
