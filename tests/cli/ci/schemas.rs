//! The schemas that GitHub and GitLab publish take the files of the forges.

use std::{fs, path::PathBuf};

use serde::Deserialize as _;
use serde_json::Value;

use super::{
    files,
    pipeline::{self, Pipeline},
    validators::{DEPENDABOT, PLAN, Texts, action, broken, forge, workflows},
};
use crate::installed::{installed, root};

/// The errors of a schema about the documents of a text. The schema names its draft.
pub(super) fn misfits(schema: &Value, text: &str) -> Vec<String> {
    let validator = jsonschema::options().build(schema).unwrap();
    let read = |document| Value::deserialize(document).unwrap();
    let documents: Vec<Value> = serde_yaml::Deserializer::from_str(text).map(read).collect();
    let problem = |problem: jsonschema::ValidationError<'_>| {
        format!("{}: {problem}", problem.instance_path())
    };
    documents
        .iter()
        .flat_map(|document| {
            validator
                .iter_errors(document)
                .map(problem)
                .collect::<Vec<_>>()
        })
        .collect()
}

pub(super) fn json(path: PathBuf) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_workflows_are_valid_for_the_schema_of_github() {
    let Some(schema) = installed("schemas/vendor/github-workflows.json").map(json) else {
        return;
    };
    let texts = workflows();
    for (name, text) in &texts {
        assert_eq!(misfits(&schema, text), [""; 0], "{name}");
    }
    let bad = broken(&texts, PLAN, "timeout-minutes", "timeout_minutes");
    assert_ne!(misfits(&schema, &bad[PLAN]), [""; 0]);
}

#[test]
fn the_action_is_valid_for_the_schema_of_github() {
    let Some(schema) = installed("schemas/vendor/github-actions.json").map(json) else {
        return;
    };
    let texts = Texts::from([("action.yml".to_owned(), action())]);
    assert_eq!(misfits(&schema, &texts["action.yml"]), [""; 0]);
    for (good, bad) in [
        ("using: composite", "using: composit"),
        ("required: true", "required: yes, please"),
        ("icon: anchor", "icon: ship"),
        ("      shell: bash\n", ""),
        ("    value: ${{", "    is: ${{"),
    ] {
        let texts = broken(&texts, "action.yml", good, bad);
        assert_ne!(misfits(&schema, &texts["action.yml"]), [""; 0], "{bad}");
    }
}

#[test]
fn the_forms_and_the_settings_are_valid_for_the_schemas_of_github() {
    let Some(schemas) = installed("schemas/vendor") else {
        return;
    };
    let bug = ".github/ISSUE_TEMPLATE/bug.yml";
    for (schema, name, good, bad) in [
        ("dependabot", DEPENDABOT, "weekly", "sometimes"),
        ("github-issue-forms", bug, "type: input", "type: inputs"),
        (
            "github-issue-forms",
            ".github/ISSUE_TEMPLATE/feature.yml",
            "label:",
            "lable:",
        ),
        (
            "github-issue-config",
            ".github/ISSUE_TEMPLATE/config.yml",
            "about:",
            "text:",
        ),
    ] {
        let schema = json(schemas.join(format!("{schema}.json")));
        let text = forge(name);
        assert_eq!(misfits(&schema, &text), [""; 0], "{name}");
        assert!(text.contains(good), "{name}");
        assert_ne!(
            misfits(&schema, &text.replacen(good, bad, 1)),
            [""; 0],
            "{bad}"
        );
    }
}

/// What CI tests is what the package and the pages promise.
#[test]
fn the_workflows_use_the_minimum_version_of_rust() {
    let minimum = env!("CARGO_PKG_RUST_VERSION");
    let pinned = format!("RUSTUP_TOOLCHAIN: \"{minimum}\"\n");
    assert!(forge(".github/workflows/ci.yml").contains(&pinned));
}

#[test]
fn the_pipeline_is_valid_for_the_schema_of_gitlab() {
    let Some(schema) = installed("schemas/vendor/gitlab-ci.json").map(json) else {
        return;
    };
    let template = fs::read_to_string(root().join("templates/portolan.yml")).unwrap();
    let (header, jobs) = template.split_once("\n---\n").unwrap();
    // What GitLab reads when it has filled the inputs in; that is JSON, which is YAML.
    let filled = serde_yaml::to_string(&Pipeline::of_the_example(&[]).content()).unwrap();
    let name = pipeline::EXAMPLE;
    let texts = Texts::from([
        (name.to_owned(), files::text(name)),
        ("header".to_owned(), header.to_owned()),
        ("jobs".to_owned(), filled),
    ]);
    assert!(jobs.contains("$[[ inputs.file ]]"));
    for (name, text) in &texts {
        assert_eq!(misfits(&schema, text), [""; 0], "{name}");
    }
    for (name, good, bad) in [
        ("jobs", "expire_in: 30 days", "expires_in: 30 days"),
        ("jobs", "access: developer", "access: everyone"),
        ("jobs", "when: always", "when: sometimes"),
        ("jobs", "codequality:", "code_quality:"),
        (
            "jobs",
            "resource_group: portolan-apply",
            "resource_group: [portolan-apply]",
        ),
        ("header", "type: array", "type: list"),
        ("header", "default: 0.1.0", "default: 0.1"),
        (name, "integrity: sha256-", "integrity: "),
        (name, "portolan.yml\n", "portolan\n"),
    ] {
        assert_ne!(
            misfits(&schema, &broken(&texts, name, good, bad)[name]),
            [""; 0],
            "{bad}"
        );
    }
}
