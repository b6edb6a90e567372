//! Reads the examples and the scripts in them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize as _;
use serde_json::Value;

/// A command of a shell or a container.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// File, job and step.
    pub(crate) name: String,
    pub(crate) text: String,
    /// The variables that the file sets for it: of the file, of the job and of the step.
    pub(crate) variables: BTreeMap<String, String>,
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

fn add(variables: &mut BTreeMap<String, String>, more: &Value) {
    let Some(more) = more.as_object() else { return };
    variables.extend(
        more.iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())),
    );
}

/// Everything that is run by a file.
pub(crate) fn scripts(name: &str) -> Vec<Script> {
    match name.split('/').next() {
        Some("github") => of_github(name),
        _ => of_gitlab(name),
    }
}

/// One script by the end of its name.
pub(crate) fn script(file: &str, name: &str) -> Script {
    let wanted = format!("{file} {name}");
    scripts(file)
        .into_iter()
        .find(|script| script.name == wanted)
        .unwrap_or_else(|| panic!("no script `{wanted}`"))
}

fn of_github(name: &str) -> Vec<Script> {
    let document = &documents(name)[0];
    let mut scripts = Vec::new();
    for (job, content) in document["jobs"].as_object().unwrap() {
        for step in content["steps"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|step| step["run"].is_string())
        {
            let mut variables = BTreeMap::new();
            [&document["env"], &content["env"], &step["env"]]
                .into_iter()
                .for_each(|env| add(&mut variables, env));
            scripts.push(Script {
                name: format!("{name} {job}: {}", step["name"].as_str().unwrap()),
                text: step["run"].as_str().unwrap().to_owned(),
                variables,
            });
        }
    }
    scripts
}

/// What a job extends comes first, in the same shell.
fn of_gitlab(name: &str) -> Vec<Script> {
    let document = &documents(name)[0];
    let lines = |of: &Value| -> Vec<String> {
        let lines = of.as_array().into_iter().flatten();
        lines
            .map(|line| line.as_str().unwrap().trim_end().to_owned())
            .collect()
    };
    let mut scripts = Vec::new();
    for (job, content) in document
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, content)| content["script"].is_array())
    {
        let base = content["extends"]
            .as_str()
            .map_or(&Value::Null, |base| &document[base]);
        let text = [lines(&base["before_script"]), lines(&content["script"])]
            .concat()
            .join("\n");
        let mut variables = BTreeMap::new();
        [&document["variables"], &content["variables"]]
            .into_iter()
            .for_each(|more| add(&mut variables, more));
        scripts.push(Script {
            name: format!("{name} {job}"),
            text,
            variables,
        });
    }
    scripts
}
