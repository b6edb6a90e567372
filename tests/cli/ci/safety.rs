//! What an attacker could misuse: credentials in a job of a fork, texts of a pull request in a
//! script, excessive permissions.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize as _;
use serde_json::{Value, json};

use super::{
    files::{documents, names, scripts},
    pipeline::Pipeline,
    releases::{REPOSITORY, VERSION},
    runner::{action, reference},
};
use crate::installed::root;

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
    let pipeline = Pipeline::of_the_example(&[]);
    let of_a_member = "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID";
    for name in pipeline.jobs() {
        let job = pipeline.job(&name);
        let uses = job.to_string().contains("$SWR_");
        let rule = job["rules"][0]["if"].as_str().unwrap();
        assert!(
            !uses || !rule.contains("merge_request_event") || rule.contains(of_a_member),
            "{name}"
        );
    }
}

/// Only our action gets a secret, and the checkout keeps no token in the working copy.
#[test]
fn only_the_action_gets_secrets() {
    for (place, workflow, job) in jobs() {
        for step in job["steps"].as_array().unwrap() {
            let is_ours = step["uses"] == reference();
            assert!(is_ours || !step.to_string().contains("secrets."), "{place}");
            assert!(
                is_ours || step["with"]["persist-credentials"] == false,
                "{place}"
            );
        }
        let around = [&workflow["env"], &job["env"]]
            .map(Value::to_string)
            .concat();
        assert!(!around.contains("secrets."), "{place}");
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
        let chart = action()["inputs"]["file"]["default"].take();
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
    let apply = Pipeline::of_the_example(&[]).job("portolan-apply");
    let rule = r#"$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"#;
    assert_eq!(
        apply["rules"],
        json!([{ "if": rule, "changes": ["portolan.yaml"] }])
    );
    assert_eq!(apply["resource_group"], "portolan-apply");
    assert_eq!(apply["environment"]["name"], "production");
}

/// `${{ ... }}` and `$[[ ... ]]` are pasted into a script before a shell reads it: a title would be
/// run. Values go through variables.
#[test]
fn nothing_is_pasted_into_a_script() {
    for script in scripts() {
        assert!(!script.text.contains("${{"), "{}", script.name);
        assert!(!script.text.contains("$[["), "{}", script.name);
    }
    let dangerous = "x; touch pwned $(touch pwned)";
    let more = ["file", "arguments", "binary"].map(|name| (name, dangerous));
    let pipeline = Pipeline::of_the_example(&more);
    for job in pipeline.jobs() {
        assert!(!pipeline.script(&job).contains(dangerous), "{job}");
    }
}

#[test]
fn references_of_a_step_exist() {
    let action = action();
    let text = action.to_string();
    let steps = action["runs"]["steps"].as_array().unwrap();
    let references: Vec<&str> = text.split("steps.").skip(1).collect();
    assert!(references.len() > 4, "{references:?}");
    for reference in references {
        let (id, rest) = reference.split_once(".outputs.").unwrap();
        let name: String = rest
            .chars()
            .take_while(|letter| letter.is_alphanumeric())
            .collect();
        let step = steps
            .iter()
            .find(|step| step["id"] == id)
            .unwrap_or_else(|| panic!("no step `{id}`"));
        let run = step["run"].as_str().unwrap();
        let file = run.split("/action/").nth(1).unwrap().trim_end_matches('"');
        let script = fs::read_to_string(root().join("action").join(file)).unwrap();
        let written = format!("echo \"{name}=");
        assert!(script.contains(&written), "{file} has no output `{name}`");
    }
    for (place, workflow, job) in jobs() {
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
    let steps = action()["runs"]["steps"].take();
    let mut uploads = steps
        .as_array()
        .unwrap()
        .iter()
        .filter(|step| step["uses"].is_string());
    assert_eq!(
        uploads.next().unwrap()["with"]["name"],
        "${{ steps.plan.outputs.artifact }}"
    );
    assert!(uploads.next().is_none());
    for (file, words) in [
        ("plan.sh", "artifact=$(artifact \"$HEAD\")"),
        ("find.sh", "name=$(artifact \"$head\")"),
    ] {
        let script = fs::read_to_string(root().join("action").join(file)).unwrap();
        assert!(script.contains(words), "{file}");
    }
}

fn read(folder: &Path, texts: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, texts);
        } else if let Ok(text) = fs::read_to_string(&path) {
            texts.push((path, text));
        }
    }
}

/// What follows each `word` of a text, up to the end of that word.
fn after<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
    let is_end = |letter: char| !letter.is_ascii_alphanumeric() && !"._-".contains(letter);
    let rests = text.split(word).skip(1);
    rests
        .map(|rest| rest.split(is_end).next().unwrap())
        .collect()
}

#[test]
fn one_version_of_one_project_is_named_everywhere() {
    let mut texts = Vec::new();
    for folder in ["examples", "docs", "templates", "action"] {
        read(&root().join(folder), &mut texts);
    }
    for name in ["README.md", "action.yml"] {
        let path = root().join(name);
        texts.push((path.clone(), fs::read_to_string(path).unwrap()));
    }
    let mut count = 0;
    for (path, text) in &texts {
        let uses = after(text, "portolan@");
        let files = after(text, &format!("raw.githubusercontent.com/{REPOSITORY}/"));
        for version in uses
            .into_iter()
            .chain(files)
            .filter(|version| *version != "VERSION")
        {
            // Registries of packages take the number alone.
            let number = version.strip_prefix('v').unwrap_or(version);
            assert_eq!(number, VERSION, "{}", path.display());
            count += 1;
        }
        for (at, _) in text.match_indices("/portolan@") {
            assert!(text[..at].ends_with("OWNER"), "{}", path.display());
            let tag = after(&text[at..], "/portolan@")[0];
            assert!(["VERSION", &format!("v{VERSION}")].contains(&tag), "{tag}");
        }
    }
    assert!(count >= 6, "{count}");
    let template = fs::read_to_string(root().join("templates/portolan.yml")).unwrap();
    let default = |input: &Value| input["default"].as_str().unwrap().to_owned();
    let header: Value = Value::deserialize(
        serde_yaml::Deserializer::from_str(&template)
            .next()
            .unwrap(),
    )
    .unwrap();
    let of_the_template = &header["spec"]["inputs"];
    assert_eq!(default(&action()["inputs"]["version"]), VERSION);
    assert_eq!(default(&of_the_template["version"]), VERSION);
    let address = format!("https://github.com/{REPOSITORY}");
    assert_eq!(default(&of_the_template["repository"]), address);
    let of_the_crate = env!("CARGO_PKG_REPOSITORY");
    assert!(["", &address].contains(&of_the_crate), "{of_the_crate}");
}
