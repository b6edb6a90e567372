//! Reads the examples and the scripts in them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize as _;
use serde_json::Value;

use super::{pipeline::Pipeline, runner};
use crate::installed::root as repository;

/// A command of a shell or a container.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// File, and job or container.
    pub(crate) name: String,
    pub(crate) text: String,
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci")
}

/// Every file, as `github/portolan-plan.yml`. Those of Kubernetes are deeper: `super::kubernetes`.
pub(crate) fn names() -> Vec<String> {
    let folders = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = folders
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file());
    let mut names: Vec<String> = files
        .map(|path| {
            path.strip_prefix(root())
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    names.sort();
    assert!(names.len() >= 4, "{names:?}");
    names
}

pub(crate) fn text(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

pub(crate) fn documents(name: &str) -> Vec<Value> {
    let read =
        |document| Value::deserialize(document).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_yaml::Deserializer::from_str(&text(name))
        .map(read)
        .collect()
}

/// Everything that the examples run: the scripts of the action, and those of the template.
pub(crate) fn scripts() -> Vec<Script> {
    [of_the_action(), of_the_template()]
        .into_iter()
        .flatten()
        .collect()
}

fn of_the_action() -> Vec<Script> {
    let steps = runner::action()["runs"]["steps"].take();
    let mut scripts: Vec<Script> = Vec::new();
    for step in steps.as_array().unwrap() {
        if let Some(run) = step["run"].as_str() {
            let name = format!("action.yml: {}", step["name"].as_str().unwrap());
            let text = run.to_owned();
            scripts.push(Script { name, text });
        }
    }
    for entry in fs::read_dir(repository().join("action")).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("action/{}", path.file_name().unwrap().to_str().unwrap());
        let text = fs::read_to_string(path).unwrap();
        scripts.push(Script { name, text });
    }
    scripts.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(scripts.len() > 10, "{scripts:?}");
    scripts
}

fn of_the_template() -> Vec<Script> {
    let pipeline = Pipeline::of_the_example(&[]);
    let script = |job: &String| Script {
        name: format!("templates/portolan.yml: {job}"),
        text: pipeline.script(job),
    };
    pipeline.jobs().iter().map(script).collect()
}
