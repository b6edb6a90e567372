//! The examples are checked with their users' tools: actionlint, zizmor, shellcheck, promtool, and
//! the schemas of Kubernetes. Each tool must also refuse
//! a broken example.
//!
//! `tests/validators/install.sh` installs them. If one is missing, its tests are skipped by name.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize as _;
use serde_json::Value;

use super::{files, kubernetes, runner, schemas::json};
use crate::installed::{installed, root};

/// Texts by name.
pub(super) type Texts = BTreeMap<String, String>;

/// The output of a validator about the texts, each of which is a file; empty if it exits with 0. An
/// exit code that is not in `findings` means that it did not run.
fn complaints(texts: &Texts, findings: &[i32], command: impl FnOnce(&Path) -> Command) -> String {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in texts {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut command = command(folder.path());
    let output = command
        .current_dir(folder.path())
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let printed = [output.stdout, output.stderr]
        .map(|bytes| String::from_utf8(bytes).unwrap())
        .concat();
    let code = output.status.code().unwrap();
    assert!(
        code == 0 || findings.contains(&code),
        "{command:?} ended with {code}: {printed}"
    );
    if code == 0 { String::new() } else { printed }
}

/// One of the texts, changed.
pub(super) fn broken(texts: &Texts, name: &str, good: &str, bad: &str) -> Texts {
    let mut texts = texts.clone();
    let text = texts.get_mut(name).unwrap_or_else(|| panic!("no {name}"));
    assert!(text.contains(good), "`{good}` is not in {name}");
    *text = text.replacen(good, bad, 1);
    texts
}

/// A page and its blocks of a language.
fn blocks(language: &str) -> Texts {
    let pages = fs::read_dir(root().join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut blocks = Texts::new();
    for page in pages.chain(["README.md", "CONTRIBUTING.md"].map(|name| root().join(name))) {
        let text = fs::read_to_string(&page).unwrap();
        let fence = format!("\n```{language}\n");
        for (at, rest) in text.split(&fence).skip(1).enumerate() {
            let name = format!("{}-{}", page.file_stem().unwrap().to_str().unwrap(), at + 1);
            blocks.insert(name, rest.split("\n```").next().unwrap().to_owned() + "\n");
        }
    }
    blocks
}

/// The frame of a job around a step of a page.
const STEPS: &str = "name: from a page
on: { push: { branches: [main] } }
permissions: {}
concurrency: { group: a, cancel-in-progress: true }
jobs:
  validate:
    runs-on: ubuntu-latest
    permissions:
      contents: read
      security-events: write # for the report
    steps:
";

/// The workflows of the examples, of the pages, and of this repository if it has any.
pub(super) fn workflows() -> Texts {
    let mut texts = Texts::new();
    for folder in ["examples/ci/github", ".github/workflows"] {
        for entry in fs::read_dir(root().join(folder)).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            texts.insert(
                format!(".github/workflows/{name}"),
                fs::read_to_string(&path).unwrap(),
            );
        }
    }
    for (name, text) in blocks("yaml")
        .into_iter()
        .filter(|(_, text)| text.contains("- uses: "))
    {
        let steps: String = text.lines().map(|line| format!("      {line}\n")).collect();
        texts.insert(
            format!(".github/workflows/{name}.yml"),
            format!("{STEPS}{steps}"),
        );
    }
    assert!(texts.len() >= 4, "{:?}", texts.keys());
    texts
}

pub(super) fn action() -> String {
    fs::read_to_string(root().join("action.yml")).unwrap()
}

pub(super) const PLAN: &str = ".github/workflows/portolan-plan.yml";
const DRIFT: &str = ".github/workflows/portolan-drift.yml";
pub(super) const DEPENDABOT: &str = ".github/dependabot.yml";

/// A file of this repository.
pub(super) fn forge(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

#[test]
fn actionlint_takes_the_workflows() {
    let tools = (
        installed("python/bin/actionlint"),
        installed("python/bin/shellcheck"),
    );
    let (Some(program), Some(shellcheck)) = tools else {
        return;
    };
    let printed = |texts: &Texts| {
        let command = |_: &Path| {
            let mut command = Command::new(&program);
            command
                .args(["-no-color", "-pyflakes=", "-shellcheck"])
                .arg(&shellcheck)
                .args(texts.keys().filter(|name| name.starts_with(".github/")));
            command
        };
        complaints(texts, &[1], command)
    };
    // As a local action, so that the inputs are compared with those that it declares.
    let mut texts = workflows();
    for text in texts.values_mut() {
        *text = text.replace(&format!("uses: {}", runner::reference()), "uses: ./");
    }
    texts.insert(".git/HEAD".to_owned(), String::new());
    texts.insert("action.yml".to_owned(), action());
    assert_eq!(printed(&texts), "");
    for (name, good, bad, words) in [
        (
            PLAN,
            "secrets.SWR_READ_AK",
            "secret.SWR_READ_AK",
            "undefined variable \"secret\"",
        ),
        (
            PLAN,
            "pull-requests: write",
            "pull-request: write",
            "unknown permission scope \"pull-request\"",
        ),
        (
            PLAN,
            "needs: validate",
            "needs: validated",
            "needs job \"validated\"",
        ),
        (DRIFT, "17 3 * * *", "17 33 * * *", "CRON"),
        (
            DRIFT,
            "command: drift",
            "comand: drift",
            "\"comand\" is not defined",
        ),
        (
            DRIFT,
            "command: drift",
            "file: charts",
            "missing input \"command\"",
        ),
    ] {
        let printed = printed(&broken(&texts, name, good, bad));
        assert!(printed.contains(words), "{bad}: {printed}");
    }
}

#[test]
fn zizmor_takes_the_workflows() {
    let Some(program) = installed("python/bin/zizmor") else {
        return;
    };
    let printed = |texts: &Texts| {
        let command = |folder: &Path| {
            let mut command = Command::new(&program);
            command.args([
                "--offline",
                "--no-progress",
                "--quiet",
                "--persona",
                "auditor",
                "--config",
            ]);
            command
                .arg(root().join("tests/validators/zizmor.yml"))
                .arg(folder);
            command
        };
        // The exit code is the severity of the worst finding.
        complaints(texts, &[11, 12, 13, 14], command)
    };
    let mut texts = workflows();
    texts.insert(DEPENDABOT.to_owned(), forge(DEPENDABOT));
    texts.insert("action.yml".to_owned(), action());
    assert_eq!(printed(&texts), "");
    let untrusted = "run: echo ${{ inputs.file }}; bash \"$GITHUB_ACTION_PATH/action/plan.sh\"";
    for (name, good, bad, words) in [
        (
            PLAN,
            "persist-credentials: false",
            "persist-credentials: true",
            "artipacked",
        ),
        (
            PLAN,
            "@08c6903cd8c0fde910a37f88322edcfb5dd907a8",
            "@v5",
            "unpinned-uses",
        ),
        (
            "action.yml",
            "@ea165f8d65b6e75b540449e92b4886f43607fa02",
            "@v4",
            "unpinned-uses",
        ),
        (
            "action.yml",
            "run: bash \"$GITHUB_ACTION_PATH/action/plan.sh\"",
            untrusted,
            "template-injection",
        ),
        (
            PLAN,
            "  pull_request:",
            "  pull_request_target:",
            "dangerous-triggers",
        ),
        (
            DRIFT,
            "permissions: {}",
            "permissions: write-all",
            "excessive-permissions",
        ),
        (
            DRIFT,
            "issues: write #",
            "issues: write\n      #",
            "undocumented-permissions",
        ),
        (
            DEPENDABOT,
            "default-days: 7",
            "default-days: 0",
            "dependabot-cooldown",
        ),
    ] {
        let printed = printed(&broken(&texts, name, good, bad));
        assert!(printed.contains(words), "{bad}: {printed}");
    }
}

/// The oldest and the newest version; both schemas refuse unknown fields.
const KUBERNETES: [&str; 2] = ["v1.29.0-local-strict", "v1.37.0-local-strict"];

/// The schemas of Kubernetes, each read once.
struct Schemas {
    folder: PathBuf,
    validators: BTreeMap<PathBuf, jsonschema::Validator>,
}

impl Schemas {
    fn validator(&mut self, version: &str, manifest: &Value) -> &jsonschema::Validator {
        let (group, kind) = (
            manifest["apiVersion"].as_str().unwrap(),
            manifest["kind"].as_str().unwrap(),
        );
        // `networking.k8s.io/v1` is `networking-v1` there.
        let group = group
            .split_once('/')
            .map_or(group.to_owned(), |(group, version)| {
                format!("{}-{version}", group.split('.').next().unwrap())
            });
        let folder = self.folder.join(version);
        let path = folder.join(format!("{}-{group}.json", kind.to_lowercase()));
        assert!(path.exists(), "{version} has no {kind} of {group}");
        self.validators.entry(path.clone()).or_insert_with(|| {
            // The definitions are in a file of their own there.
            let schema = fs::read_to_string(path)
                .unwrap()
                .replace("/api/_definitions.json#", "#");
            let mut schema: Value = serde_json::from_str(&schema).unwrap();
            schema["$defs"] = json(folder.join("_definitions.json"))["$defs"].take();
            jsonschema::draft202012::new(&schema).unwrap()
        })
    }

    /// The errors of Kubernetes about a text of manifests.
    fn refused(&mut self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for version in KUBERNETES {
            for document in serde_yaml::Deserializer::from_str(text) {
                let manifest = Value::deserialize(document).unwrap();
                let problem = |problem: jsonschema::ValidationError<'_>| {
                    format!("{}: {problem}", problem.instance_path())
                };
                let validator = self.validator(version, &manifest);
                found.extend(validator.iter_errors(&manifest).map(problem));
            }
        }
        found
    }
}

#[test]
fn every_manifest_is_valid_for_the_schema_of_kubernetes() {
    let Some(folder) = installed("kubernetes") else {
        return;
    };
    let mut schemas = Schemas {
        folder,
        validators: BTreeMap::new(),
    };
    let Some(built) = kubernetes::manifests() else {
        return;
    };
    let mut texts: Texts = built.into_iter().collect();
    let is_manifest = |text: &str| text.contains("apiVersion:") && text.contains("kind:");
    texts.extend(
        blocks("yaml")
            .into_iter()
            .filter(|(_, text)| is_manifest(text)),
    );
    for (name, text) in &texts {
        assert_eq!(schemas.refused(text), [""; 0], "{name}");
    }
    for (good, bad) in [
        ("restartPolicy: Never", "restartpolicy: Never"),
        ("backoffLimitPerIndex: 0", "backoffLimitPerIndex: '0'"),
        ("  schedule: ", "  cron: "),
        ("concurrencyPolicy: Forbid", "concurrencyPolicy: [Forbid]"),
        ("readOnly: true", "read_only: true"),
        ("key: portolan.yaml", "file: portolan.yaml"),
        ("subPathExpr: ", "subPathExp: "),
        ("podSelector:", "selector:"),
    ] {
        assert_ne!(
            schemas.refused(&broken(&texts, "fleet", good, bad)["fleet"]),
            [""; 0],
            "{bad}"
        );
    }
}

/// Files below a folder that a shell runs: by their ending or by their first line.
fn shell_scripts(folder: &Path, texts: &mut Texts) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path
            .file_name()
            .unwrap()
            .to_str()
            .unwrap_or_default()
            .to_owned();
        if path.is_symlink() || ["target", ".git", ".portolan"].contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            shell_scripts(&path, texts);
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let first = text.lines().next().unwrap_or_default();
        let is_shell = first.starts_with("#!")
            && first
                .split([' ', '/'])
                .any(|word| ["sh", "bash"].contains(&word));
        if is_shell || name.ends_with(".sh") {
            let relative = path.strip_prefix(root()).unwrap().to_str().unwrap();
            texts.insert(relative.to_owned(), text);
        }
    }
}

#[test]
fn shellcheck_takes_every_script() {
    let Some(program) = installed("python/bin/shellcheck") else {
        return;
    };
    let mut texts = Texts::new();
    shell_scripts(root(), &mut texts);
    for name in [
        ".ci/run",
        "action/install.sh",
        "tests/validators/install.sh",
    ] {
        assert!(
            texts.contains_key(name),
            "{name} is not among {:?}",
            texts.keys()
        );
    }
    for (at, script) in kubernetes::scripts().into_iter().enumerate() {
        texts.insert(format!("kubernetes-{at}"), script);
    }
    let is_of = |place: &'static str| {
        let scripts = files::scripts().into_iter();
        scripts.filter(move |script| script.name.starts_with(place))
    };
    for (at, script) in is_of("action.yml").enumerate() {
        texts.insert(format!("action.yml-{at}"), script.text);
    }
    texts.extend(blocks("sh"));
    let printed = |texts: &Texts, shell: &str| {
        let command = |_: &Path| {
            let mut command = Command::new(&program);
            command
                .args(["--norc", "--color=never"])
                .arg(format!("--shell={shell}"))
                .args(texts.keys());
            command
        };
        complaints(texts, &[1], command)
    };
    assert_eq!(printed(&texts, "bash"), "");
    // The jobs of the template run in whichever shell their image has.
    let of_the_template: Texts = is_of("templates/")
        .map(|script| {
            (
                script.name.split(' ').next_back().unwrap().to_owned(),
                script.text,
            )
        })
        .collect();
    for shell in ["sh", "dash", "bash"] {
        assert_eq!(printed(&of_the_template, shell), "");
    }
    let plan = "portolan-plan";
    let bad = broken(
        &of_the_template,
        plan,
        "api \"$notes/$id\"",
        "api $notes/$id",
    );
    assert!(printed(&bad, "sh").contains("SC2086"));
    let bad = broken(&of_the_template, plan, "[ -n \"$id\" ]", "[[ -n $id ]]");
    assert!(printed(&bad, "sh").contains("SC3010"));
    for (name, good, bad, words) in [
        (
            ".ci/run",
            "cd \"$(dirname \"$0\")/..\"",
            "cd $(dirname \"$0\")/..",
            "SC2046",
        ),
        (
            "action/comment.sh",
            "\"body=@$comment\"",
            "body=@$comment",
            "SC2086",
        ),
        ("CONTRIBUTING-1", "cargo test", "cargo test `pwd`", "SC2046"),
    ] {
        let printed = printed(&broken(&texts, name, good, bad), "bash");
        assert!(printed.contains(words), "{bad}: {printed}");
    }
}

#[test]
fn promtool_takes_the_rules_of_the_guide() {
    let Some(program) = installed("promtool") else {
        return;
    };
    let texts: Texts = blocks("yaml")
        .into_iter()
        .filter(|(_, text)| text.starts_with("groups:"))
        .collect();
    let name = texts.keys().next().expect("the guide has rules");
    let printed = |texts: &Texts| {
        let command = |_: &Path| {
            let mut command = Command::new(&program);
            command
                .args(["check", "rules", "--lint=all", "--lint-fatal"])
                .args(texts.keys());
            command
        };
        complaints(texts, &[1, 3], command)
    };
    assert_eq!(printed(&texts), "");
    for (good, bad) in [
        ("sum by (chart, account)", "sum by chart, account"),
        ("{{ $value }}", "{{ $valu }}"),
        ("for: 2h", "for: two hours"),
        ("annotations:", "annotation:"),
    ] {
        assert_ne!(printed(&broken(&texts, name, good, bad)), "", "{bad}");
    }
}
