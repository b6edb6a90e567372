//! What an attacker could misuse: credentials in a job of a fork, texts of a pull request in a
//! script, excessive permissions.

use serde_json::{Value, json};

use super::files::{documents, names, scripts};

const NOT_FROM_A_FORK: &str = "github.event.pull_request.head.repo.full_name == github.repository";

/// Each job of the workflows: its place, its workflow, itself.
fn jobs() -> Vec<(String, Value, Value)> {
    let workflows = names()
        .into_iter()
        .filter(|name| name.starts_with("github/"));
    let workflows = workflows.map(|name| (documents(&name).remove(0), name));
    let jobs = |(workflow, name): (Value, String)| {
        let jobs = workflow["jobs"].as_object().unwrap().clone().into_iter();
        jobs.map(move |(job, content)| (format!("{name} {job}"), workflow.clone(), content))
            .collect::<Vec<_>>()
    };
    workflows.flat_map(jobs).collect()
}

#[test]
fn a_fork_gets_no_credentials() {
    for (place, workflow, job) in jobs() {
        let from_outside = workflow["on"].get("pull_request").is_some();
        let trusted = job["if"] == NOT_FROM_A_FORK;
        let text = job.to_string();
        assert!(
            !from_outside || trusted || !text.contains("secrets."),
            "{place}"
        );
        assert!(
            !from_outside || trusted || job["permissions"] == json!({ "contents": "read" }),
            "{place}"
        );
        assert!(
            workflow["on"].get("pull_request_target").is_none(),
            "{place}"
        );
    }
    let pipeline = &documents("gitlab/gitlab-ci.yml")[0];
    let of_a_member = "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID";
    for (name, job) in pipeline
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, job)| job["script"].is_array())
    {
        let uses = job.to_string().contains("SWR_");
        let rule = job["rules"][0]["if"].as_str().unwrap();
        assert!(
            !uses || !rule.contains("merge_request_event") || rule.contains(of_a_member),
            "{name}"
        );
    }
}

#[test]
fn jobs_that_write_run_on_the_default_branch_only() {
    for (place, workflow, job) in jobs()
        .iter()
        .filter(|(_, _, job)| job.to_string().contains("SWR_WRITE"))
    {
        assert_eq!(job["environment"], "production", "{place}");
        assert_eq!(
            workflow["on"]
                .as_object()
                .unwrap()
                .keys()
                .collect::<Vec<_>>(),
            ["push"],
            "{place}"
        );
        assert_eq!(
            workflow["on"]["push"]["branches"],
            json!(["main"]),
            "{place}"
        );
        let chart = workflow["env"]["PORTOLAN_FILE"].as_str().unwrap();
        assert_eq!(workflow["on"]["push"]["paths"], json!([chart]), "{place}");
        let concurrency =
            json!({ "group": "portolan-apply", "cancel-in-progress": false, "queue": "max" });
        assert_eq!(workflow["concurrency"], concurrency, "{place}");
        // The chart at the time of the job, not of its trigger.
        assert_eq!(
            job["steps"][0]["with"]["ref"], "${{ github.ref_name }}",
            "{place}"
        );
    }
    let apply = &documents("gitlab/gitlab-ci.yml")[0]["apply"];
    let rule = r#"$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"#;
    assert_eq!(
        apply["rules"],
        json!([{ "if": rule, "changes": ["portolan.yaml"] }])
    );
    assert!(apply["resource_group"].is_string());
}

/// `${{ ... }}` is pasted into a script before a shell reads it: a title would be run. Values go
/// through variables.
#[test]
fn nothing_is_pasted_into_a_script() {
    for script in names().iter().flat_map(|name| scripts(name)) {
        assert!(!script.text.contains("${{"), "{}", script.name);
    }
}

#[test]
fn references_of_a_step_exist() {
    for (place, workflow, job) in jobs() {
        let steps = job["steps"].as_array().unwrap();
        let text = job.to_string();
        for reference in text.split("steps.").skip(1) {
            let (id, rest) = reference.split_once(".outputs.").unwrap();
            let name: String = rest
                .chars()
                .take_while(|letter| letter.is_alphanumeric())
                .collect();
            let step = steps
                .iter()
                .find(|step| step["id"] == id)
                .unwrap_or_else(|| panic!("{place}: no step `{id}`"));
            let written = format!("\"{name}=");
            assert!(
                step["run"].as_str().unwrap().contains(&written),
                "{place}: `{id}` has no output `{name}`"
            );
        }
        if let Some(needed) = job["needs"].as_str() {
            assert!(
                workflow["jobs"].get(needed).is_some(),
                "{place}: no job `{needed}`"
            );
        }
    }
}

/// The plan is read from where it was stored.
#[test]
fn the_plan_is_found_under_its_name() {
    let plan = &documents("github/portolan-plan.yml")[0]["jobs"]["plan"]["steps"];
    let upload = plan.as_array().unwrap().last().unwrap();
    assert_eq!(
        upload["with"]["name"],
        "portolan-plan-${{ github.event.pull_request.head.sha }}"
    );
    let scripts = scripts("github/portolan-apply.yml");
    let find = scripts
        .iter()
        .find(|script| script.name.ends_with("Find the plan that was reviewed"))
        .unwrap();
    assert!(find.text.contains("--name \"portolan-plan-$head\""));
}
