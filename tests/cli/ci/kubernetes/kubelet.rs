//! Runs the pods of a built overlay as the kubelet would, with the programs of this machine:
//! volumes are folders, and the paths of their mounts in a command line become those of the folders.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use tempfile::TempDir;

/// The objects that `kubectl apply` would create.
pub(super) struct Cluster(
    pub(super) Vec<Value>,
    /// The id token that the kubelet gives to pods.
    pub(super) String,
);

/// How a pod ended.
#[derive(Debug)]
pub(super) struct Pod {
    /// The containers that ran, with their exit codes.
    pub(super) codes: Vec<(String, i32)>,
    pub(super) printed: String,
}

impl Pod {
    /// With `restartPolicy: Never` one container that fails makes the pod fail.
    pub(super) fn succeeded(&self) -> bool {
        self.codes.iter().all(|(_, code)| *code == 0)
    }
}

impl Cluster {
    pub(super) fn object(&self, kind: &str, name: &str) -> &Value {
        let is_it = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
        let mut all = self.0.iter().filter(is_it);
        all.next()
            .unwrap_or_else(|| panic!("there is no {kind} `{name}`"))
    }

    pub(super) fn job(&self) -> &Value {
        &self.object("CronJob", "portolan-drift")["spec"]["jobTemplate"]["spec"]
    }

    /// The decoded content of a ConfigMap or a Secret.
    fn data(&self, kind: &str, name: &str) -> BTreeMap<String, Vec<u8>> {
        let data = self.object(kind, name)["data"].as_object().unwrap();
        let decoded = |value: &Value| match kind {
            "Secret" => STANDARD.decode(value.as_str().unwrap()).unwrap(),
            _ => value.as_str().unwrap().as_bytes().to_vec(),
        };
        data.iter()
            .map(|(key, value)| (key.clone(), decoded(value)))
            .collect()
    }

    /// The files of a volume, or of one source of a projected volume.
    fn files(&self, source: &Value) -> BTreeMap<String, Vec<u8>> {
        if let Some(sources) = source["projected"]["sources"].as_array() {
            return sources.iter().flat_map(|one| self.files(one)).collect();
        }
        if let Some(token) = source.get("serviceAccountToken") {
            assert_eq!(token["audience"], "sts.myhuaweicloud.com");
            let path = token["path"].as_str().unwrap().to_owned();
            return BTreeMap::from([(path, self.1.clone().into_bytes())]);
        }
        let (kind, of) = match (source.get("configMap"), source.get("secret")) {
            (Some(of), None) => ("ConfigMap", of),
            (None, Some(of)) => ("Secret", of),
            _ => panic!("a volume of another kind: {source}"),
        };
        let name = of["name"].as_str().or(of["secretName"].as_str()).unwrap();
        let data = self.data(kind, name);
        match of["items"].as_array() {
            None => data,
            Some(items) => items
                .iter()
                .map(|item| {
                    let (key, path) = (item["key"].as_str().unwrap(), item["path"].as_str());
                    let content = data
                        .get(key)
                        .unwrap_or_else(|| panic!("{name} lacks {key}"));
                    (path.unwrap().to_owned(), content.clone())
                })
                .collect(),
        }
    }

    /// The kubelet writes into a folder beside, and links to it through `..data`.
    fn volume(&self, volume: &Value, folder: &Path, paths: &[(String, PathBuf)]) {
        fs::create_dir(folder).unwrap();
        if volume.get("emptyDir").is_some() {
            return;
        }
        symlink("..1", folder.join("..data")).unwrap();
        for (name, content) in self.files(volume) {
            let path = folder.join("..1").join(&name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let content = String::from_utf8(content).unwrap();
            fs::write(path, mapped(&content, paths)).unwrap();
            let first = name.split('/').next().unwrap();
            if !folder.join(first).exists() {
                symlink(Path::new("..data").join(first), folder.join(first)).unwrap();
            }
        }
    }

    /// Runs the pod of an index, or the only one. `extra` is what the container of portolan has in
    /// its environment besides.
    pub(super) fn run(&self, index: Option<usize>, extra: &[(&str, &str)]) -> Pod {
        let template = &self.job()["template"];
        let spec = &template["spec"];
        let folder = tempfile::tempdir().unwrap();
        let volumes = spec["volumes"].as_array().unwrap();
        // A setting may name the file with the id token.
        let is_identity = |volume: &&Value| volume["name"] == "identity";
        let identity = volumes.iter().find(is_identity).map(|_| {
            let place = folder.path().join("identity");
            ("/identity".to_owned(), place)
        });
        let paths: Vec<(String, PathBuf)> = identity.into_iter().collect();
        for volume in volumes {
            let name = volume["name"].as_str().unwrap();
            self.volume(volume, &folder.path().join(name), &paths);
        }
        let mut pod = Pod {
            codes: Vec::new(),
            printed: String::new(),
        };
        let containers = ["initContainers", "containers"].map(|key| spec[key].as_array().unwrap());
        for container in containers.into_iter().flatten() {
            let mut variables = self.variables(container, &template["metadata"]["labels"]);
            // The controller of jobs adds it to every container of an indexed job.
            variables.extend(index.map(|index| ("JOB_COMPLETION_INDEX", index.to_string())));
            let output = start(container, &variables, extra, &folder);
            let printed = [output.stdout, output.stderr].concat();
            pod.printed.push_str(&String::from_utf8_lossy(&printed));
            let name = container["name"].as_str().unwrap().to_owned();
            pod.codes.push((name, output.status.code().unwrap()));
            if !pod.succeeded() {
                break;
            }
        }
        pod
    }

    fn variables<'c>(&self, container: &'c Value, labels: &Value) -> BTreeMap<&'c str, String> {
        let mut variables = BTreeMap::new();
        for variable in container["env"].as_array().into_iter().flatten() {
            let from = &variable["valueFrom"];
            let value = if let Some(path) = from["fieldRef"]["fieldPath"].as_str() {
                let label = path
                    .strip_prefix("metadata.labels['")
                    .and_then(|rest| rest.strip_suffix("']"));
                labels[label.unwrap()].as_str().unwrap().to_owned()
            } else {
                let from = &from["configMapKeyRef"];
                let map = self.data("ConfigMap", from["name"].as_str().unwrap());
                String::from_utf8(map[from["key"].as_str().unwrap()].clone()).unwrap()
            };
            variables.insert(variable["name"].as_str().unwrap(), value);
        }
        variables
    }
}

/// Replaces `$(NAME)`; what is no variable stays.
fn expanded(text: &str, variables: &BTreeMap<&str, String>) -> String {
    let mut text = text.to_owned();
    for (name, value) in variables {
        text = text.replace(&format!("$({name})"), value);
    }
    text
}

/// Replaces the paths of a container by those of this machine.
fn mapped(text: &str, paths: &[(String, PathBuf)]) -> String {
    let continues = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let mut out = String::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let found = paths.iter().find(|(path, _)| {
            let end = rest.strip_prefix(path.as_str());
            !out.ends_with(continues) && end.is_some_and(|end| !end.starts_with(continues))
        });
        if let Some((path, host)) = found {
            out.push_str(host.to_str().unwrap());
            rest = &rest[path.len()..];
        } else {
            out.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    out
}

fn start(
    container: &Value,
    variables: &BTreeMap<&str, String>,
    extra: &[(&str, &str)],
    folder: &TempDir,
) -> std::process::Output {
    let mut paths = vec![
        (
            "/portolan".to_owned(),
            env!("CARGO_BIN_EXE_portolan").into(),
        ),
        ("/bin/busybox".to_owned(), "/bin/sh".into()),
    ];
    for mount in container["volumeMounts"].as_array().unwrap() {
        let volume = folder.path().join(mount["name"].as_str().unwrap());
        let part = mount["subPathExpr"].as_str().unwrap_or(".");
        let part = expanded(part, variables);
        let place = fs::canonicalize(volume.join(&part));
        let place = place.unwrap_or_else(|error| panic!("{}/{part}: {error}", volume.display()));
        paths.push((mount["mountPath"].as_str().unwrap().to_owned(), place));
    }
    let words = ["command", "args"].map(|key| container[key].as_array());
    let words = words.into_iter().flatten().flatten();
    let words: Vec<String> = words
        .map(|word| mapped(&expanded(word.as_str().unwrap(), variables), &paths))
        .collect();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env_clear().envs(variables);
    if container["image"].as_str().unwrap().contains("portolan") {
        // The image holds one file: every other program is missing.
        command
            .env("PATH", "/nonexistent")
            .envs(extra.iter().copied());
    } else {
        command.env("PATH", std::env::var_os("PATH").unwrap());
    }
    command.output().unwrap()
}
