//! `examples/ci/kubernetes`: each overlay is built with kubectl, its objects are valid and
//! restricted, and its pods do what `docs/kubernetes.md` says. What runs a pod is in `kubelet`.

mod kubelet;
mod pushgateway;
mod restricted;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use clap::CommandFactory as _;
use portolan::{
    cli::Cli,
    emulator::{Effect, Fault, Settings},
};
use serde::Deserialize as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    credentials,
    installed::{installed, root},
    support::World,
};
use kubelet::{Cluster, Pod};
use pushgateway::Pushgateway;
use restricted::violations;

const PAGE: &str = include_str!("../../../../docs/kubernetes.md");

/// The overlays, with the folders of their accounts.
const OVERLAYS: [(&str, &[&str]); 2] = [
    ("drift", &["drift"]),
    ("fleet", &["fleet/accounts/acme", "fleet/accounts/beta"]),
];

/// The overlay whose accounts have no stored key.
const WITHOUT_KEYS: &str = "fleet-oidc";

fn overlays() -> impl Iterator<Item = &'static str> {
    OVERLAYS
        .map(|(name, _)| name)
        .into_iter()
        .chain([WITHOUT_KEYS])
}

/// The address of the Pushgateway in the examples.
const PUSHGATEWAY: &str = "http://pushgateway.monitoring:9091";

/// Every file of the examples, by its path below `examples/ci/kubernetes`.
fn files() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for path in fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            if path.is_dir() {
                walk(&path, found);
            } else {
                found.push(path);
            }
        }
    }
    let folder = root().join("examples/ci/kubernetes");
    let mut found = Vec::new();
    walk(&folder, &mut found);
    let relative = |path: &PathBuf| path.strip_prefix(&folder).unwrap().to_owned();
    // A person who tries the examples has this file; git does not.
    let is_committed = |path: &PathBuf| !path.ends_with("credentials.env");
    found.iter().map(relative).filter(is_committed).collect()
}

/// A copy of the examples, as a user has it.
struct Copied(TempDir);

impl Copied {
    fn new() -> Copied {
        let copied = Copied(tempfile::tempdir().unwrap());
        for path in files() {
            let target = copied.0.path().join(&path);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::copy(root().join("examples/ci/kubernetes").join(&path), target).unwrap();
        }
        copied
    }

    /// With the credentials `AK-N` and `SK-N` of the N-th account.
    fn filled() -> Copied {
        let copied = Copied::new();
        for (_, accounts) in OVERLAYS {
            for (at, account) in accounts.iter().enumerate() {
                let example = format!("{account}/credentials.env.example");
                let text = fs::read_to_string(copied.0.path().join(example)).unwrap();
                let text = text.replace("AK=\n", &format!("AK=AK-{at}\n"));
                let text = text.replace("SK=\n", &format!("SK=SK-{at}\n"));
                copied.file(&format!("{account}/credentials.env"), &text);
            }
        }
        copied
    }

    fn file(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn change(&self, name: &str, good: &str, bad: &str) {
        let text = fs::read_to_string(self.0.path().join(name)).unwrap();
        assert!(text.contains(good), "`{good}` is not in {name}");
        self.file(name, &text.replace(good, bad));
    }

    /// The output of `kubectl kustomize`, or its error. None if kubectl is not installed.
    fn built(&self, overlay: &str) -> Option<Result<String, String>> {
        let kubectl = installed("kubectl")?;
        let mut command = Command::new(kubectl);
        command
            .arg("kustomize")
            .arg(self.0.path().join(overlay))
            .env("HOME", self.0.path());
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Some(if output.status.success() {
            Ok(text(output.stdout))
        } else {
            Err(text(output.stderr))
        })
    }

    fn cluster(&self, overlay: &str) -> Option<Cluster> {
        let built = self.built(overlay)?.unwrap();
        let documents = serde_yaml::Deserializer::from_str(&built);
        Some(Cluster(
            documents
                .map(|one| Value::deserialize(one).unwrap())
                .collect(),
            String::new(),
        ))
    }
}

/// An overlay that pushes to the stand-in.
fn pushing(overlay: &str, gateway: &Pushgateway) -> Option<Cluster> {
    if Command::new("curl").arg("--version").output().is_err() {
        return installed("curl").and(None);
    }
    let copied = Copied::filled();
    copied.change(
        &format!("{overlay}/kustomization.yaml"),
        PUSHGATEWAY,
        &gateway.url,
    );
    copied.cluster(overlay)
}

/// The service of the N-th account, which takes its credentials only.
fn account(name: &str, at: usize) -> World {
    let verify = Some(format!("AK-{at}:SK-{at}").parse().unwrap());
    let world = World::with(Settings {
        verify,
        ..Settings::default()
    });
    world.edit(|state| state.account = name.to_owned());
    world
}

/// Makes the live state that of the account's chart.
fn settle(world: World, at: usize, chart: &str) -> World {
    let world = world
        .variable("HUAWEICLOUD_SDK_AK", &format!("AK-{at}"))
        .variable("HUAWEICLOUD_SDK_SK", &format!("SK-{at}"));
    world.chart(&fs::read_to_string(root().join("examples/ci/kubernetes").join(chart)).unwrap());
    let _ = world.apply(&[]);
    world
}

fn run(cluster: &Cluster, index: Option<usize>, world: &World) -> Pod {
    cluster.run(index, &[("PORTOLAN_ENDPOINT_SWR", &world.endpoint())])
}

/// The texts of the objects that the overlays make; none if kubectl is not installed.
pub(super) fn manifests() -> Option<Vec<(String, String)>> {
    let copied = Copied::filled();
    overlays()
        .map(|name| Some((name.to_owned(), copied.built(name)?.unwrap())))
        .collect()
}

/// The job of the base.
fn base() -> Value {
    let path = root().join("examples/ci/kubernetes/base/cronjob.yaml");
    serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// What the shells of the base run.
pub(super) fn scripts() -> Vec<String> {
    let job = base();
    let pod = job.pointer("/spec/jobTemplate/spec/template/spec").unwrap();
    let containers = ["initContainers", "containers"].map(|key| pod[key].as_array().unwrap());
    let commands = containers
        .into_iter()
        .flatten()
        .filter(|container| container["command"][1] == "-euc");
    let scripts: Vec<String> = commands
        .map(|container| container["command"][2].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(scripts.len(), 2);
    scripts
}

#[test]
fn a_pod_ends_as_the_drift_and_pushes_its_metrics() {
    let gateway = Pushgateway::new();
    let Some(cluster) = pushing("drift", &gateway) else {
        return;
    };
    let group = "/metrics/job/portolan/instance/acme";
    let sum = || -> usize {
        let samples = gateway.samples(group, "portolan_changes");
        samples
            .iter()
            .map(|one| one.rsplit(' ').next().unwrap().parse::<usize>().unwrap())
            .sum()
    };
    let world = settle(account("acme", 0), 0, "drift/portolan.yaml");
    let pod = run(&cluster, None, &world);
    assert!(pod.succeeded(), "{pod:?}");
    let order: Vec<&str> = pod.codes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(order, ["shell", "drift", "push"]);
    assert_eq!((gateway.groups(), sum()), (vec![group.to_owned()], 0));
    // Drift is no failure.
    world.edit(|state| {
        state
            .ensure_repository("cn-north-4", "team-a", "web")
            .category = "lang".into();
    });
    let pod = run(&cluster, None, &world);
    assert!(
        pod.succeeded() && pod.printed.contains("1 to change"),
        "{pod:?}"
    );
    assert_eq!(sum(), 1);
    let read = gateway.samples(group, "portolan_last_complete_read_timestamp_seconds");
    assert!(
        read[0].contains("chart=\"acme\",account=\"acme\""),
        "{read:?}"
    );
    // What could not be read fails, is pushed, and leaves the last counts and their time.
    world.inject(Fault::new(Effect::forbidden()).forever());
    let pod = run(&cluster, None, &world);
    assert_eq!(
        pod.codes.last().unwrap(),
        &("push".to_owned(), 1),
        "{pod:?}"
    );
    assert!(
        pod.printed.contains("portolan drift ended with 1"),
        "{pod:?}"
    );
    let outcome = gateway.samples(group, "portolan_outcome").join("\n");
    assert!(outcome.contains("outcome=\"unknown\"} 1"), "{outcome}");
    assert_eq!(sum(), 1);
    let after = gateway.samples(group, "portolan_last_complete_read_timestamp_seconds");
    assert_eq!(read, after);
}

#[test]
fn a_pod_that_cannot_push_or_start_fails() {
    let gateway = Pushgateway::new();
    let Some(mut cluster) = pushing("drift", &gateway) else {
        return;
    };
    let world = account("acme", 0);
    let parallelism = [("PORTOLAN_PARALLELISM", "many")];
    let pod = cluster.run(None, &parallelism);
    assert_eq!(
        pod.codes.last().unwrap(),
        &("push".to_owned(), 64),
        "{pod:?}"
    );
    assert_eq!(gateway.groups(), [""; 0]);
    for object in &mut cluster.0 {
        if object["data"]["PUSHGATEWAY"].is_string() {
            object["data"]["PUSHGATEWAY"] = json!(format!("{}/elsewhere", gateway.url));
        }
    }
    let pod = run(&cluster, None, &world);
    assert_eq!(pod.codes.last().unwrap().0, "push");
    assert!(!pod.succeeded() && pod.printed.contains("400"), "{pod:?}");
}

#[test]
fn each_index_has_its_account_and_no_other() {
    let gateway = Pushgateway::new();
    let Some(cluster) = pushing("fleet", &gateway) else {
        return;
    };
    let acme = account("acme", 0);
    let beta = settle(account("beta", 1), 1, "fleet/accounts/beta/portolan.yaml");
    for (index, world) in [(0, &acme), (1, &beta)] {
        let pod = run(&cluster, Some(index), world);
        assert!(pod.succeeded(), "{index}: {pod:?}");
    }
    let groups = [0, 1].map(|at| format!("/metrics/job/portolan/instance/fleet-{at}"));
    assert_eq!(gateway.groups(), groups);
    for (group, labels, unchanged) in [
        (&groups[0], "chart=\"acme\",account=\"acme\"", "0"),
        (&groups[1], "chart=\"beta\",account=\"beta\"", "2"),
    ] {
        let expected = format!("portolan_unchanged{{{labels}}} {unchanged}");
        assert_eq!(gateway.samples(group, "portolan_unchanged"), [expected]);
    }
    // The keys of an account are refused by another one.
    let pod = run(&cluster, Some(0), &beta);
    assert!(!pod.succeeded(), "{pod:?}");
    // Keys under the wrong index are noticed by the chart's `account`.
    let pod = run(&cluster, Some(0), &account("beta", 0));
    assert!(
        !pod.succeeded() && pod.printed.contains("the chart is for account acme"),
        "{pod:?}"
    );
}

#[test]
fn a_fleet_needs_no_stored_key() {
    let gateway = Pushgateway::new();
    if Command::new("curl").arg("--version").output().is_err() {
        return;
    }
    let subject = "system:serviceaccount:portolan-fleet-oidc:portolan-drift";
    let worlds = ["acme", "beta"].map(|name| {
        let world = credentials::without_keys();
        world.edit(|state| {
            state.account = name.to_owned();
            let identity = &mut state.identity;
            let provider = identity.providers.remove("github").unwrap();
            identity.providers.insert("cluster".to_owned(), provider);
            let mut agency = identity.agencies.remove("portolan").unwrap();
            agency.subjects = [("cluster".to_owned(), [subject.to_owned()].into())].into();
            identity
                .agencies
                .insert("portolan-reader".to_owned(), agency);
            identity.job.as_mut().unwrap().subject = subject.to_owned();
        });
        world
    });
    let copied = Copied::new();
    let kustomization = format!("{WITHOUT_KEYS}/kustomization.yaml");
    copied.change(&kustomization, PUSHGATEWAY, &gateway.url);
    for (name, world) in [("ID_OF_ACME", &worlds[0]), ("ID_OF_BETA", &worlds[1])] {
        let id = world.emulator.read(portolan::emulator::State::account_id);
        copied.change(&kustomization, name, &id);
    }
    let Some(mut cluster) = copied.cluster(WITHOUT_KEYS) else {
        return;
    };
    for (index, world) in worlds.iter().enumerate() {
        cluster.1 = credentials::id_token(world, "sts.myhuaweicloud.com");
        let endpoint = world.endpoint();
        let places = ["PORTOLAN_ENDPOINT_SWR", "PORTOLAN_ENDPOINT_STS"].map(|at| (at, &*endpoint));
        let pod = cluster.run(Some(index), &places);
        assert!(
            pod.succeeded() && !pod.printed.contains(&cluster.1),
            "{pod:?}"
        );
        // The token of another account's index is worth nothing here.
        let pod = cluster.run(Some(1 - index), &places);
        assert!(!pod.succeeded(), "{pod:?}");
    }
}

#[test]
fn an_account_has_its_own_settings() {
    let gateway = Pushgateway::new();
    let copied = Copied::filled();
    let kustomization = "fleet/kustomization.yaml";
    copied.change(kustomization, PUSHGATEWAY, &gateway.url);
    copied.change(
        kustomization,
        "PORTOLAN_PARALLELISM=4",
        "PORTOLAN_PARALLELISM=many",
    );
    let Some(cluster) = copied.cluster("fleet") else {
        return;
    };
    let codes = [0, 1].map(|index| {
        let world = account(["acme", "beta"][index], index);
        run(&cluster, Some(index), &world).codes.last().unwrap().1
    });
    assert_eq!(codes, [0, 64]);
}

#[test]
fn a_fleet_has_a_whole_account_for_each_index() {
    let Some(cluster) = Copied::filled().cluster("fleet") else {
        return;
    };
    let job = cluster.job();
    assert_eq!(job["completionMode"], "Indexed");
    assert_eq!(job["backoffLimitPerIndex"], 0);
    assert!(
        job.get("backoffLimit").is_none(),
        "it would end the job with the first failure"
    );
    let pod = &job["template"]["spec"];
    let paths = |volume: &str| -> Vec<String> {
        let volumes = pod["volumes"].as_array().unwrap();
        let volume = volumes.iter().find(|one| one["name"] == volume).unwrap();
        let sources = volume["projected"]["sources"].as_array().unwrap();
        let items = sources.iter().flat_map(|source| {
            let of = source.get("secret").or(source.get("configMap")).unwrap();
            of["items"].as_array().unwrap()
        });
        items
            .map(|item| item["path"].as_str().unwrap().to_owned())
            .collect()
    };
    let completions = job["completions"].as_u64().unwrap();
    let expected = |names: &[&str]| -> Vec<String> {
        (0..completions)
            .flat_map(|index| names.iter().map(move |name| format!("{index}/{name}")))
            .collect()
    };
    assert_eq!(paths("chart"), expected(&["portolan.yaml"]));
    let variables = [
        "HUAWEICLOUD_SDK_AK",
        "HUAWEICLOUD_SDK_SK",
        "PORTOLAN_PARALLELISM",
    ];
    assert_eq!(paths("env"), expected(&variables));
    for mount in pod["initContainers"][1]["volumeMounts"].as_array().unwrap() {
        let is_shared = mount["name"] == "scratch";
        assert_eq!(mount.get("subPathExpr").is_none(), is_shared, "{mount}");
    }
}

#[test]
fn every_pod_is_restricted() {
    let copied = Copied::filled();
    for overlay in overlays() {
        let Some(cluster) = copied.cluster(overlay) else {
            return;
        };
        let pod = &cluster.job()["template"]["spec"];
        assert_eq!(violations(pod), [""; 0], "{overlay}");
        for key in ["initContainers", "containers"] {
            for container in pod[key].as_array().unwrap() {
                let security = &container["securityContext"];
                assert_eq!(security["readOnlyRootFilesystem"], true, "{container}");
                assert!(
                    container["resources"]["limits"]["memory"].is_string(),
                    "{container}"
                );
            }
        }
        assert_eq!(pod["automountServiceAccountToken"], false);
        let namespace = cluster
            .0
            .iter()
            .find(|object| object["kind"] == "Namespace")
            .unwrap();
        let enforced = &namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"];
        assert_eq!(enforced, "restricted");
        for (pointer, value) in [
            (
                "/volumes/0",
                json!({ "name": "chart", "hostPath": { "path": "/" } }),
            ),
            ("/securityContext", json!({ "runAsNonRoot": true })),
            ("/securityContext/runAsNonRoot", json!(false)),
            ("/securityContext/runAsUser", json!(0)),
            ("/securityContext/seccompProfile/type", json!("Unconfined")),
            ("/initContainers/0/securityContext", json!({})),
            (
                "/initContainers/1/securityContext/allowPrivilegeEscalation",
                json!(true),
            ),
            (
                "/initContainers/1/securityContext/capabilities/drop",
                json!(["NET_RAW"]),
            ),
            (
                "/containers/0/securityContext/capabilities",
                json!({ "drop": ["ALL"], "add": ["KILL"] }),
            ),
            ("/containers/0/securityContext/privileged", json!(true)),
            ("/hostNetwork", json!(true)),
        ] {
            let mut bad = pod.clone();
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            match bad.pointer_mut(parent).unwrap() {
                Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
                object => object[key] = value,
            }
            assert_ne!(violations(&bad), [""; 0], "{pointer}");
        }
    }
}

#[test]
fn credentials_stay_out_of_git_and_nothing_is_built_without_them() {
    let copied = Copied::new();
    for (overlay, _) in OVERLAYS {
        let Some(built) = copied.built(overlay) else {
            return;
        };
        let error = built.unwrap_err();
        assert!(error.contains("credentials.env"), "{error}");
    }
    let copied = Copied::filled();
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args(arguments)
            .current_dir(copied.0.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null");
        let output = git.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    let added = git(&["ls-files"]);
    assert_eq!(added.lines().count(), files().len(), "{added}");
    assert!(
        !added.lines().any(|name| name.ends_with("credentials.env")),
        "{added}"
    );
}

#[test]
fn the_command_line_and_the_image_are_those_of_this_version() {
    let job = base();
    let pod = job.pointer("/spec/jobTemplate/spec/template/spec").unwrap();
    let drift = &pod["initContainers"][1];
    let words: Vec<&str> = drift["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap())
        .collect();
    if let Err(error) = Cli::command().try_get_matches_from(&words) {
        panic!("`{}` is no command line: {error}", words.join(" "));
    }
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(drift["image"], format!("ghcr.io/OWNER/portolan:{version}"));
    for overlay in overlays() {
        let path = root().join(format!(
            "examples/ci/kubernetes/{overlay}/kustomization.yaml"
        ));
        let overlay: Value = serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let expected = json!([{ "name": "ghcr.io/OWNER/portolan", "newTag": version }]);
        assert_eq!(overlay["images"], expected);
    }
}

#[test]
fn the_page_explains_every_file_that_is_filled_in() {
    for path in files() {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            PAGE.contains(name),
            "docs/kubernetes.md does not speak of {name}"
        );
    }
    assert!(PAGE.contains(PUSHGATEWAY));
}
