//! The profile `restricted` of the Pod Security Standards, field by field.

use serde_json::{Value, json};

/// What a volume may be; `name` is beside it.
const VOLUMES: [&str; 8] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// The capabilities that a container may add.
const ADDED: &str = "NET_BIND_SERVICE";

/// The violations of a pod.
pub(super) fn violations(pod: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for key in ["hostNetwork", "hostPID", "hostIPC"] {
        if pod.get(key).is_some_and(|value| value != false) {
            found.push(key.to_owned());
        }
    }
    for volume in pod["volumes"].as_array().into_iter().flatten() {
        let kinds = volume.as_object().unwrap().keys();
        let bad = kinds.filter(|key| *key != "name" && !VOLUMES.contains(&key.as_str()));
        found.extend(bad.map(|kind| format!("volume {kind}")));
    }
    security(&pod["securityContext"], "pod", &mut found);
    for key in ["initContainers", "containers", "ephemeralContainers"] {
        for container in pod[key].as_array().into_iter().flatten() {
            check(container, &pod["securityContext"], &mut found);
        }
    }
    found
}

/// The fields that a pod and a container have.
fn security(context: &Value, place: &str, found: &mut Vec<String>) {
    let mut allow = |field: &str, allowed: &[Value]| {
        let value = context.pointer(field);
        if value.is_some_and(|value| !allowed.contains(value)) {
            found.push(format!("{place}: {field}"));
        }
    };
    let profiles = [json!("RuntimeDefault"), json!("Localhost")];
    allow("/seccompProfile/type", &profiles);
    allow("/appArmorProfile/type", &profiles);
    allow("/runAsNonRoot", &[json!(true)]);
    allow("/windowsOptions/hostProcess", &[json!(false)]);
    allow("/seLinuxOptions/user", &[json!("")]);
    allow("/seLinuxOptions/role", &[json!("")]);
    allow("/sysctls", &[json!([])]);
    if context["runAsUser"] == 0 {
        found.push(format!("{place}: /runAsUser"));
    }
}

fn check(container: &Value, of_the_pod: &Value, found: &mut Vec<String>) {
    let place = container["name"].as_str().unwrap();
    let own = &container["securityContext"];
    security(own, place, found);
    let mut must = |holds: bool, what: &str| {
        if !holds {
            found.push(format!("{place}: {what}"));
        }
    };
    let set = |field: &str| own.get(field).or(of_the_pod.get(field));
    must(set("runAsNonRoot").is_some(), "runAsNonRoot");
    must(set("seccompProfile").is_some(), "seccompProfile");
    must(
        own["allowPrivilegeEscalation"] == false,
        "allowPrivilegeEscalation",
    );
    must(
        own.get("privileged").is_none_or(|value| value == false),
        "privileged",
    );
    let proc_mount = own.get("procMount");
    must(
        proc_mount.is_none_or(|value| value == "Default"),
        "procMount",
    );
    let list = |key: &str| {
        own["capabilities"][key]
            .as_array()
            .cloned()
            .unwrap_or_default()
    };
    must(list("drop").contains(&json!("ALL")), "capabilities.drop");
    must(
        list("add").iter().all(|name| name == ADDED),
        "capabilities.add",
    );
    let ports = container["ports"].as_array().into_iter().flatten();
    let mut ports = ports.filter_map(|port| port.get("hostPort"));
    must(ports.all(|port| port == 0), "hostPort");
}
