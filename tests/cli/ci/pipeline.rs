//! Reads the example for GitLab as GitLab would: it includes the template, fills its inputs in, and
//! runs its jobs. A key or an expression that it does not know fails the test.

use std::{collections::BTreeMap, fs};

use base64::Engine as _;
use serde::Deserialize as _;
use serde_json::{Map, Value};
use sha2::Digest as _;

use super::{
    files::documents,
    releases::{REPOSITORY, Releases, VERSION},
    runner::{has_only, which},
    stage::{Ended, Stage},
};
use crate::installed::root;

pub(crate) const EXAMPLE: &str = "gitlab/gitlab-ci.yml";

/// Where the example finds files of this repository.
pub(crate) fn raw() -> String {
    format!("https://raw.githubusercontent.com/{REPOSITORY}/v{VERSION}/")
}

/// The `integrity` of a file.
pub(crate) fn integrity(text: &str) -> String {
    let digest = sha2::Sha256::digest(text.as_bytes());
    format!(
        "sha256-{}",
        base64::engine::general_purpose::STANDARD.encode(digest)
    )
}

pub(crate) struct Pipeline {
    content: Map<String, Value>,
}

impl Pipeline {
    /// The pipeline of the example, with more inputs.
    pub(crate) fn of_the_example(more: &[(&str, &str)]) -> Pipeline {
        let example = documents(EXAMPLE).remove(0);
        has_only(&example, &["include"]);
        let [include] = example["include"].as_array().unwrap().as_slice() else {
            panic!("one include: {example}")
        };
        has_only(include, &["remote", "integrity", "inputs"]);
        let remote = include["remote"].as_str().unwrap();
        let path = remote.strip_prefix(&raw()).expect(remote);
        let text = fs::read_to_string(root().join(path)).unwrap();
        assert_eq!(
            include["integrity"],
            integrity(&text),
            "the example has the checksum of another {path}"
        );
        let mut inputs = include["inputs"].as_object().unwrap().clone();
        inputs.extend(
            more.iter()
                .map(|(name, value)| ((*name).to_owned(), Value::from(*value))),
        );
        Pipeline::of(&text, &inputs)
    }

    fn of(template: &str, given: &Map<String, Value>) -> Pipeline {
        let documents: Vec<Value> = serde_yaml::Deserializer::from_str(template)
            .map(|document| Value::deserialize(document).unwrap())
            .collect();
        let [header, content] = documents.as_slice() else {
            panic!("a header and a content")
        };
        has_only(header, &["spec"]);
        has_only(&header["spec"], &["inputs"]);
        let declared = header["spec"]["inputs"].as_object().unwrap();
        for name in given.keys() {
            assert!(
                declared.contains_key(name),
                "the template has no input `{name}`"
            );
        }
        let mut inputs = Map::new();
        for (name, input) in declared {
            has_only(input, &["description", "type", "default", "regex"]);
            let value = given.get(name).or(input.get("default"));
            let value = value.unwrap_or_else(|| panic!("the input `{name}` is required"));
            let is_of_type = match input["type"].as_str().unwrap_or("string") {
                "string" => value.is_string(),
                "array" => value.is_array(),
                other => panic!("`{other}` is not interpreted"),
            };
            assert!(is_of_type, "{name}: {value}");
            inputs.insert(name.clone(), value.clone());
        }
        let content = interpolate(content, &inputs).as_object().unwrap().clone();
        Pipeline { content }
    }

    /// The whole pipeline, as GitLab reads it after the interpolation.
    pub(crate) fn content(&self) -> Value {
        Value::from(self.content.clone())
    }

    /// The names of the jobs. Those with a dot are only extended.
    pub(crate) fn jobs(&self) -> Vec<String> {
        let names = self.content.keys().filter(|name| !name.starts_with('.'));
        names.cloned().collect()
    }

    /// A job with what it extends.
    pub(crate) fn job(&self, name: &str) -> Value {
        let mut job = self.content[name].clone();
        let known =
            "extends stage needs rules variables script artifacts resource_group environment";
        has_only(&job, &known.split(' ').collect::<Vec<_>>());
        let base = &self.content[job["extends"].as_str().unwrap()];
        has_only(base, &["image", "variables", "before_script"]);
        job["image"] = base["image"].clone();
        job["before_script"] = base["before_script"].clone();
        let mut variables = base["variables"].as_object().unwrap().clone();
        variables.extend(job["variables"].as_object().cloned().into_iter().flatten());
        job["variables"] = Value::from(variables);
        job
    }

    /// What the shell of a job runs.
    pub(crate) fn script(&self, name: &str) -> String {
        let job = self.job(name);
        let lines = ["before_script", "script"]
            .into_iter()
            .flat_map(|key| job[key].as_array().unwrap());
        lines
            .map(|line| line.as_str().unwrap().trim_end().to_owned() + "\n")
            .collect()
    }

    /// The jobs of a pipeline with these variables.
    pub(crate) fn starts(&self, variables: &[(&str, &str)]) -> Vec<String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map_or("", |(_, value)| *value)
        };
        let value = |word: &str| match word.trim().strip_prefix('$') {
            Some(name) => variable(name).to_owned(),
            None => word.trim().trim_matches('"').to_owned(),
        };
        let is_equal = |comparison: &str| {
            let (left, right) = comparison.split_once("==").expect(comparison);
            value(left) == value(right)
        };
        let holds = |rule: &Value| {
            has_only(rule, &["if", "changes"]);
            rule["if"].as_str().unwrap().split("&&").all(is_equal)
        };
        let starts = |name: &String| {
            self.job(name)["rules"]
                .as_array()
                .unwrap()
                .iter()
                .any(holds)
        };
        self.jobs().into_iter().filter(starts).collect()
    }

    /// Runs a job in a shell, with the variables of the project and of the pipeline.
    pub(crate) fn run(
        &self,
        stage: &Stage,
        releases: &Releases,
        (name, shell): (&str, &str),
        of_the_project: &BTreeMap<String, String>,
    ) -> Ended {
        stage.program("curl", include_str!("../../ci/curl.sh"));
        let mut variables = of_the_project.clone();
        for (name, value) in self.job(name)["variables"].as_object().unwrap() {
            // GitLab replaces a variable in a variable, and an unknown one with nothing.
            let value = value.as_str().unwrap();
            let value = match value.strip_prefix('$') {
                Some(other) => of_the_project.get(other).cloned().unwrap_or_default(),
                None => value.to_owned(),
            };
            variables.insert(name.clone(), value);
        }
        let address = format!("{}/", releases.address());
        variables.insert("RELEASES".to_owned(), address);
        variables.insert("CURL".to_owned(), which("curl"));
        variables
            .entry("PATH".to_owned())
            .or_insert(stage.search_path());
        let mut words: Vec<String> = shell.split(' ').map(str::to_owned).collect();
        words[0] = which(&words[0]);
        words.push("-e".to_owned());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        stage.run(&words, &self.script(name), &variables)
    }
}

/// A text with the inputs in it.
fn filled(text: &str, input: &dyn Fn(&str) -> Value) -> String {
    let mut parts = text.split("$[[");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (expression, rest) = part.split_once("]]").expect(text);
        filled += input(expression).as_str().expect(text);
        filled += rest;
    }
    filled
}

/// Fills the inputs in. A text that is nothing but an expression gets the type of the input.
fn interpolate(value: &Value, inputs: &Map<String, Value>) -> Value {
    let input = |expression: &str| {
        let name = expression.trim().strip_prefix("inputs.").expect(expression);
        inputs
            .get(name)
            .unwrap_or_else(|| panic!("no input `{name}`"))
            .clone()
    };
    match value {
        Value::String(text) => {
            if let Some(rest) = text.strip_prefix("$[[")
                && let Some(whole) = rest.strip_suffix("]]")
            {
                return input(whole);
            }
            Value::from(filled(text, &input))
        }
        Value::Array(values) => values
            .iter()
            .map(|value| interpolate(value, inputs))
            .collect(),
        Value::Object(entries) => {
            let entries = entries.iter();
            Value::Object(
                entries
                    .map(|(key, value)| (filled(key, &input), interpolate(value, inputs)))
                    .collect(),
            )
        }
        _ => value.clone(),
    }
}
