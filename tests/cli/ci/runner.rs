//! Runs the jobs of a workflow of GitHub as its runner would: the steps of the workflow, those of
//! our action, and the scripts in them. A key or an expression that it does not know fails the
//! test.

use std::{collections::BTreeMap, fs, os::unix::fs::symlink, path::Path, process::Command};

use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use super::{
    expressions::{fill, holds},
    files::documents,
    releases::{REPOSITORY, Releases, VERSION},
    stage::{Ended, Stage},
};
use crate::installed::root;

type Texts = BTreeMap<String, String>;

/// The action, as it is in the root of the repository.
pub(crate) fn action() -> Value {
    let text = fs::read_to_string(root().join("action.yml")).unwrap();
    Value::deserialize(serde_yaml::Deserializer::from_str(&text)).unwrap()
}

/// The reference of our action in a workflow.
pub(crate) fn reference() -> String {
    format!("{REPOSITORY}@v{VERSION}")
}

#[track_caller]
pub(crate) fn has_only(value: &Value, known: &[&str]) {
    for key in value.as_object().unwrap().keys() {
        assert!(known.contains(&key.as_str()), "`{key}` is not interpreted");
    }
}

fn texts(value: &Value) -> Texts {
    let entries = value.as_object().into_iter().flatten();
    let entry = |(key, value): (&String, &Value)| {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        (key.clone(), text)
    };
    entries.map(entry).collect()
}

/// One run of a job.
pub(crate) struct Job<'a> {
    stage: &'a Stage,
    workflow: Value,
    job: Value,
    github: Value,
    /// More inputs of our action.
    inputs: Vec<(&'a str, &'a str)>,
    /// More variables of the job.
    variables: Vec<(&'a str, &'a str)>,
    /// Where it may ask for id tokens, and with what.
    issuer: Option<(String, &'a str)>,
    path: String,
    printed: String,
    /// What our action gave to the workflow.
    pub(crate) outputs: Texts,
    /// The names of the artifacts.
    pub(crate) uploads: Vec<String>,
}

impl<'a> Job<'a> {
    /// The job of an example. The event is the `github.event` of the run.
    pub(crate) fn new(
        stage: &'a Stage,
        releases: &Releases,
        (file, job): (&str, &str),
        event: &Value,
    ) -> Job<'a> {
        let workflow = documents(&format!("github/portolan-{file}.yml")).remove(0);
        has_only(
            &workflow,
            &["name", "on", "permissions", "concurrency", "jobs"],
        );
        let job = workflow["jobs"][job].clone();
        let known = "needs if runs-on timeout-minutes environment permissions steps";
        has_only(&job, &known.split(' ').collect::<Vec<_>>());
        let name = workflow["on"].as_object().unwrap().keys().next().unwrap();
        let github = json!({
            "event": event,
            "event_name": name,
            "repository": "team/charts",
            "ref_name": "main",
            "sha": "aaaa",
            "server_url": releases.address(),
            "token": "fake",
            "action_repository": REPOSITORY,
        });
        stage.program("gh", include_str!("../../ci/gh.sh"));
        Job {
            stage,
            github,
            inputs: Vec::new(),
            variables: Vec::new(),
            issuer: None,
            path: stage.search_path(),
            printed: String::new(),
            outputs: Texts::new(),
            uploads: Vec::new(),
            workflow,
            job,
        }
    }

    pub(crate) fn input(mut self, name: &'a str, value: &'a str) -> Self {
        self.inputs.push((name, value));
        self
    }

    pub(crate) fn variable(mut self, name: &'a str, value: &'a str) -> Self {
        self.variables.push((name, value));
        self
    }

    /// Runs where id tokens are issued, for jobs that may have one.
    pub(crate) fn issuing(mut self, url: String, token: &'a str) -> Self {
        self.issuer = Some((url, token));
        self
    }

    /// Replaces a property of the context `github`.
    pub(crate) fn github(mut self, name: &str, value: &str) -> Self {
        assert!(self.github.get(name).is_some(), "{name}");
        self.github[name] = Value::from(value);
        self
    }

    /// Takes a permission away.
    pub(crate) fn without(mut self, permission: &str) -> Self {
        let permissions = self.job["permissions"].as_object_mut().unwrap();
        assert!(permissions.remove(permission).is_some(), "{permission}");
        self
    }

    /// Replaces the directories in which the scripts find programs.
    pub(crate) fn path(mut self, path: &Path) -> Self {
        self.path = path.to_str().unwrap().to_owned();
        self
    }

    /// Whether the condition of the job holds.
    pub(crate) fn starts(&self) -> bool {
        let lookup = |path: &[&str]| self.context(path, &Map::new(), &Map::new());
        self.job["if"]
            .as_str()
            .is_none_or(|condition| holds(condition, &lookup))
    }

    /// Runs the steps until one fails.
    pub(crate) fn run(&mut self) -> Ended {
        assert!(self.starts(), "the job does not start");
        let mut code = 0;
        for step in self.job["steps"].as_array().unwrap().clone() {
            has_only(&step, &["uses", "with", "env"]);
            let uses = step["uses"].as_str().unwrap();
            if uses == reference() {
                code = self.our_action(&step);
            } else {
                // The repository of the stage is the checkout.
                assert!(uses.starts_with("actions/checkout@"), "{uses}");
                has_only(&step["with"], &["ref", "persist-credentials"]);
            }
            if code != 0 {
                break;
            }
        }
        Ended {
            code,
            printed: self.printed.clone(),
        }
    }

    fn our_action(&mut self, step: &Value) -> i32 {
        let action = action();
        has_only(
            &action,
            &[
                "name",
                "description",
                "author",
                "branding",
                "inputs",
                "outputs",
                "runs",
            ],
        );
        has_only(&action["runs"], &["using", "steps"]);
        assert_eq!(action["runs"]["using"], "composite");
        let inputs = self.inputs_of(&action, &step["with"]);
        let mut outputs = Map::new();
        let around = [&self.workflow["env"], &self.job["env"], &step["env"]];
        let mut env = Texts::new();
        for (name, value) in around.into_iter().flat_map(texts) {
            let lookup = |path: &[&str]| self.context(path, &Map::new(), &Map::new());
            env.insert(name, fill(&value, &lookup));
        }
        let more = self.variables.iter();
        env.extend(more.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut code = 0;
        for inner in action["runs"]["steps"].as_array().unwrap() {
            code = self.step(inner, &env, &inputs, &mut outputs);
            if code != 0 {
                break;
            }
        }
        let lookup = |path: &[&str]| self.context(path, &inputs, &outputs);
        let values = action["outputs"].as_object().unwrap().iter();
        let values = values.map(|(name, output)| {
            let value = fill(output["value"].as_str().unwrap(), &lookup);
            (name.clone(), value)
        });
        self.outputs = values.collect();
        code
    }

    fn inputs_of(&self, action: &Value, with: &Value) -> Map<String, Value> {
        let mut given = texts(with);
        let more = self.inputs.iter();
        given.extend(more.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let declared = action["inputs"].as_object().unwrap();
        for name in given.keys() {
            assert!(
                declared.contains_key(name),
                "the action has no input `{name}`"
            );
        }
        let lookup = |path: &[&str]| self.context(path, &Map::new(), &Map::new());
        let value = |(name, input): (&String, &Value)| {
            has_only(input, &["description", "required", "default"]);
            assert!(
                input["required"] != true || given.contains_key(name),
                "the input `{name}` is required"
            );
            let text = given
                .get(name)
                .map(String::as_str)
                .or(input["default"].as_str());
            (
                name.clone(),
                Value::from(fill(text.unwrap_or_default(), &lookup)),
            )
        };
        declared.iter().map(value).collect()
    }

    fn step(
        &mut self,
        step: &Value,
        around: &Texts,
        inputs: &Map<String, Value>,
        outputs: &mut Map<String, Value>,
    ) -> i32 {
        has_only(
            step,
            &["name", "id", "if", "shell", "env", "run", "uses", "with"],
        );
        let lookup = |path: &[&str]| self.context(path, inputs, outputs);
        let id = step["id"].as_str().map(str::to_owned);
        if step["if"]
            .as_str()
            .is_some_and(|condition| !holds(condition, &lookup))
        {
            outputs.extend(id.map(|id| (id, json!({}))));
            return 0;
        }
        let fill_all = |value: &Value| -> Texts {
            let filled = texts(value).into_iter();
            filled
                .map(|(name, text)| (name, fill(&text, &lookup)))
                .collect()
        };
        if step["uses"].is_string() {
            let with = fill_all(&step["with"]);
            return self.upload(step["uses"].as_str().unwrap(), &with);
        }
        let mut variables = around.clone();
        variables.extend(fill_all(&step["env"]));
        assert_eq!(step["shell"], "bash");
        let run = step["run"].as_str().unwrap();
        assert!(!run.contains("${{"), "{run}");
        let ended = self.shell(run, variables);
        self.printed.push_str(&ended.printed);
        let written = self.take("output");
        let pairs = written.lines().map(|line| line.split_once('=').unwrap());
        let values: Map<String, Value> = pairs
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect();
        outputs.extend(id.map(|id| (id, Value::from(values))));
        for folder in self.take("path").lines() {
            self.path = format!("{folder}:{}", self.path);
        }
        ended.code
    }

    /// The text of a file that a step wrote for the runner; the next step begins with an empty one.
    fn take(&self, name: &str) -> String {
        let text = self.stage.text(name);
        let _ = fs::remove_file(self.stage.path(name));
        text
    }

    fn shell(&self, run: &str, mut variables: Texts) -> Ended {
        let github = |name: &str| self.github[name].as_str().unwrap().to_owned();
        let path = |name: &str| self.stage.path(name).to_str().unwrap().to_owned();
        // The runner keeps the checkout of an action below `_actions`.
        let checkout = self
            .stage
            .path(&format!("_actions/{REPOSITORY}/v{VERSION}"));
        if !checkout.exists() {
            fs::create_dir_all(checkout.parent().unwrap()).unwrap();
            symlink(root(), &checkout).unwrap();
        }
        let permissions = texts(&self.job["permissions"]);
        let words = permissions
            .iter()
            .map(|(name, right)| format!("{name}:{right}"));
        let of_runner = [
            ("PATH", self.path.clone()),
            ("HOME", path("")),
            ("RUNNER_TEMP", path("temp")),
            ("GITHUB_OUTPUT", path("output")),
            ("GITHUB_PATH", path("path")),
            ("GITHUB_STEP_SUMMARY", path("summary")),
            ("GITHUB_ACTION_PATH", checkout.to_str().unwrap().to_owned()),
            ("GITHUB_REPOSITORY", github("repository")),
            ("GITHUB_SERVER_URL", github("server_url")),
            ("GITHUB_EVENT_NAME", github("event_name")),
            ("GITHUB_SHA", github("sha")),
            ("PERMISSIONS", words.collect::<Vec<_>>().join(" ")),
        ];
        let issuer = self
            .issuer
            .iter()
            .filter(|_| permissions.contains_key("id-token"));
        let of_issuer = issuer.flat_map(|(url, token)| {
            [
                ("ACTIONS_ID_TOKEN_REQUEST_URL", url.clone()),
                ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", (*token).to_owned()),
            ]
        });
        for (name, value) in of_runner.into_iter().chain(of_issuer) {
            variables.entry(name.to_owned()).or_insert(value);
        }
        let bash = which("bash");
        let shell = [
            bash.as_str(),
            "--noprofile",
            "--norc",
            "-e",
            "-o",
            "pipefail",
        ];
        self.stage.run(&shell, run, &variables)
    }

    /// Stands in for `actions/upload-artifact`.
    fn upload(&mut self, uses: &str, with: &Texts) -> i32 {
        assert!(uses.starts_with("actions/upload-artifact@"), "{uses}");
        let known = [
            "name",
            "path",
            "if-no-files-found",
            "overwrite",
            "retention-days",
        ];
        assert!(
            with.keys().all(|key| known.contains(&key.as_str())),
            "{with:?}"
        );
        assert_eq!(with["if-no-files-found"], "error");
        let kept = self.stage.path("answers/plan");
        fs::create_dir_all(&kept).unwrap();
        for file in fs::read_dir(&with["path"]).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), kept.join(file.file_name())).unwrap();
        }
        self.uploads.push(with["name"].clone());
        0
    }

    fn context(
        &self,
        path: &[&str],
        inputs: &Map<String, Value>,
        outputs: &Map<String, Value>,
    ) -> Value {
        match path {
            ["github", "event", rest @ ..] => rest
                .iter()
                .fold(self.github["event"].clone(), |value, key| {
                    value[*key].clone()
                }),
            ["github", name] => self.github.get(*name).expect(name).clone(),
            ["inputs", name] => inputs.get(*name).expect(name).clone(),
            ["steps", id, "outputs", name] => outputs
                .get(*id)
                .map_or(Value::Null, |step| step[*name].clone()),
            ["runner", "temp"] => Value::from(self.stage.path("temp").to_str().unwrap()),
            ["vars", name] if name.starts_with("SWR_") => Value::from(format!("variable-{name}")),
            ["secrets", name] if name.starts_with("SWR_") => Value::from(format!("secret-{name}")),
            _ => panic!("{path:?} is not interpreted"),
        }
    }
}

/// The path of a program of this machine.
pub(crate) fn which(program: &str) -> String {
    let found = Command::new("sh")
        .args(["-c", "command -v \"$0\"", program])
        .output()
        .unwrap();
    assert!(found.status.success(), "there is no {program}");
    String::from_utf8(found.stdout).unwrap().trim().to_owned()
}
