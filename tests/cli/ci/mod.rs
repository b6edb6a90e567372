//! The examples for continuous integration: they are well-formed, use only commands and options of
//! portolan, and their scripts do what `docs/ci.md` describes.
//!
//! `files` reads them, `commands` checks command lines and variables, `safety` checks what an
//! attacker could misuse. `github` and `gitlab` run the jobs on a `stage`, where only the cloud,
//! the forge and the releases are simulated: `runner` interprets workflows and the action,
//! `pipeline` the template, and `releases` is the server that portolan is installed from. `several`
//! has the jobs of several charts, `without_keys` those of the variants without a stored key.
//! `kubernetes` builds the overlays and runs their pods. `validators` passes all of them to linters
//! and `schemas` to the schemas of the forges.

mod commands;
mod expressions;
mod files;
mod github;
mod gitlab;
mod install;
mod kubernetes;
mod pipeline;
mod releases;
mod runner;
mod safety;
mod schemas;
mod several;
mod stage;
mod validators;
mod without_keys;

use serde_json::Value;

use files::{documents, names};
use pipeline::Pipeline;

#[track_caller]
fn is_valid(schema: &str, name: &str, document: &Value) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::draft202012::options().build(&schema).unwrap();
    let problem = |problem: jsonschema::ValidationError<'_>| {
        format!("{}: {problem}", problem.instance_path())
    };
    let problems: Vec<String> = validator.iter_errors(document).map(problem).collect();
    assert!(problems.is_empty(), "{name}: {problems:#?}");
}

#[test]
fn every_file_is_valid_for_its_schema() {
    for name in names() {
        let schema = match name.split('/').next() {
            Some("github") => include_str!("../../data/github-workflow.schema.json"),
            // `pipeline` reads it, and knows no other keys.
            Some("gitlab") => continue,
            _ => panic!("nobody says what {name} has to be like"),
        };
        let documents = documents(&name);
        assert!(!documents.is_empty(), "{name}");
        documents
            .iter()
            .for_each(|document| is_valid(schema, &name, document));
    }
    let pipeline = Pipeline::of_the_example(&[]).content();
    let schema = include_str!("../../data/gitlab-ci.schema.json");
    is_valid(schema, "templates/portolan.yml", &pipeline);
}

#[test]
fn every_file_is_explained() {
    let page = include_str!("../../../docs/ci.md");
    for name in names() {
        assert!(
            page.contains(&format!("(../examples/ci/{name})")),
            "docs/ci.md does not speak of {name}"
        );
    }
}
