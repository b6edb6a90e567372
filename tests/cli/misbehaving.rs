//! `portolan emulator` with faults, a journal and the control API.

use std::{fs, process::Command};

use portolan::{emulator::REGIONS, transport::tls::client_builder};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    emulated::Served,
    support::{NORTH, QUICKSTART, World, wait_until},
};

/// A world whose program talks to an emulator in a process of its own.
fn served(arguments: &[&str]) -> (World, Served) {
    let world = World::of(QUICKSTART);
    world.file(
        "faults.yaml",
        "- status: 403\n  route: list-repositories\n  skip: 1\n  times: all\n",
    );
    let served = Served::start(&world, arguments, REGIONS.len());
    let endpoint = served.url(NORTH).replace(NORTH, "{region}");
    (world.variable("PORTOLAN_ENDPOINT_SWR", &endpoint), served)
}

/// Asks as a program does that is not portolan.
fn call(served: &Served, method: Method, path: &str, body: Option<Value>) -> (u16, String) {
    let url = served.url(NORTH).replace(&format!("/{NORTH}"), path);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async {
            let request = client_builder()
                .no_proxy()
                .build()
                .unwrap()
                .request(method, url);
            let request = match body {
                Some(body) => request
                    .header("Content-Type", "application/json")
                    .body(body.to_string()),
                None => request,
            };
            let response = request.send().await.unwrap();
            (response.status().as_u16(), response.text().await.unwrap())
        })
}

#[test]
fn faults_come_from_the_command_line_and_from_a_file() {
    for arguments in [
        &[
            "--fault",
            "status=403,route=list-repositories,skip=1,times=all",
        ][..],
        &["--faults", "faults.yaml"],
    ] {
        let (world, _served) = served(arguments);
        let _ = world.plan(&[]).exits(0).says("3 to add");
        let _ = world.plan(&[]).exits(1).warns("403 SVCSTG.SWR.4037018");
    }
}

#[test]
fn several_faults_wait_side_by_side() {
    let (world, _served) = served(&[
        "--fault",
        "cut-after,route=create-organization",
        "--fault",
        "truncate=1,route=create-rule",
    ]);
    let _ = world.apply(&[]).says("3 added");
}

#[test]
fn the_grammar_of_faults_is_printed() {
    let world = World::new();
    let help = world
        .run(&["emulator", "--fault", "help"])
        .exits(0)
        .says("cut-after")
        .says("probability=P");
    assert!(help.stdout.lines().all(|line| line.len() <= 120), "{help}");
}

#[test]
fn an_invalid_fault_is_a_usage_error_with_the_expected_values() {
    let world = World::new();
    world.file("bad.yaml", "- { cut-after: true }\n- { delay: 5 }\n");
    let _ = world
        .run(&["emulator", "--fault", "cut"])
        .exits(64)
        .warns("`--fault cut`")
        .warns("one of status=STATUS");
    let message = "`--faults`: bad.yaml: fault 2: `delay` cannot be `5`: expected a time such as `250ms` or `2s`";
    let _ = world
        .run(&["emulator", "--faults", "bad.yaml"])
        .exits(64)
        .warns(message);
    let _ = world
        .run(&["emulator", "--faults", "none.yaml"])
        .exits(1)
        .warns("cannot read none.yaml");
    let remote = ["emulator", "--control", "--listen", "0.0.0.0:0"];
    let _ = world
        .run(&remote)
        .exits(64)
        .warns("`--control` needs a loopback address, and `0.0.0.0:0` is not one");
}

#[test]
fn a_journal_has_a_line_for_each_request_and_no_secret() {
    let (world, served) = served(&[
        "--journal",
        "journal.ndjson",
        "--fault",
        "cut-after,route=create-rule",
    ]);
    let _ = world.apply(&[]);
    let mirror = json!({ "import_url": "https://example.com/a.git", "username": "aHVudGVyMg==",
        "password": "aHVudGVyMg==" });
    assert_eq!(
        call(
            &served,
            Method::POST,
            "/cn-north-4/v4/nowhere",
            Some(mirror)
        )
        .0,
        404
    );
    let text = fs::read_to_string(world.path("journal.ndjson")).unwrap();
    assert!(
        !text.contains("aHVudGVyMg")
            && !text.contains("Authorization")
            && !text.contains("Signature"),
        "{text}"
    );
    let entries: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let last = entries.last().unwrap();
    let body =
        json!({ "import_url": "https://example.com/a.git", "username": "...", "password": "..." });
    assert_eq!(
        (&last["body"], &last["status"], &last["method"]),
        (&body, &json!(404), &json!("POST"))
    );
    let struck: Vec<&Value> = entries
        .iter()
        .filter(|entry| entry["fault"] == json!(true))
        .collect();
    assert_eq!(struck.len(), 1, "{text}");
    assert_eq!(
        (&struck[0]["status"], &struck[0]["effects"]),
        (&Value::Null, &json!(["cut-after"]))
    );
    assert_eq!(struck[0]["body"]["remoteRegionId"], json!("cn-north-208"));
    let ids: Vec<&str> = entries
        .iter()
        .map(|entry| entry["request_id"].as_str().unwrap())
        .collect();
    assert_eq!(
        (ids[0], ids.len()),
        ("emulator-00000001", text.lines().count())
    );
}

#[test]
fn a_journal_is_appended_to() {
    let world = World::of(QUICKSTART);
    for lines in 1..3 {
        let served = Served::start(&world, &["--journal", "journal.ndjson"], REGIONS.len());
        assert_eq!(
            call(
                &served,
                Method::GET,
                "/cn-north-4/v2/manage/namespaces",
                None
            )
            .0,
            200
        );
        let text = fs::read_to_string(world.path("journal.ndjson")).unwrap();
        assert_eq!(text.lines().count(), lines);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_emulator_that_cannot_keep_its_journal_stops() {
    let (_world, mut served) = served(&["--journal", "/dev/full"]);
    let _ = call(
        &served,
        Method::GET,
        "/cn-north-4/v2/manage/namespaces",
        None,
    );
    let child = served.child();
    wait_until("the emulator stops", || child.try_wait().unwrap().is_some());
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_test_controls_it_from_outside() {
    let (world, served) = served(&["--control", "--state", "state.json"]);
    let state = json!({ "regions": { NORTH: { "organizations": { "group": {} } } } });
    assert_eq!(
        call(&served, Method::PUT, "/_emulator/state", Some(state)).0,
        204
    );
    assert!(
        fs::read_to_string(world.path("state.json"))
            .unwrap()
            .contains("\"group\"")
    );
    let _ = world.plan(&[]).exits(0).says("Plan: 2 to add");
    let faults = json!([{ "status": 403, "method": "GET", "times": "all" }]);
    assert_eq!(
        call(&served, Method::POST, "/_emulator/faults", Some(faults)).0,
        204
    );
    let _ = world.plan(&[]).exits(1).warns("403 SVCSTG.SWR.4037018");
    assert_eq!(
        call(&served, Method::DELETE, "/_emulator/faults", None).0,
        204
    );
    let edit = json!({ "edit": "create-repository cn-north-4/group/busybox" });
    assert_eq!(
        call(&served, Method::POST, "/_emulator/stranger", Some(edit)).0,
        204
    );
    let _ = world.apply_allowing("exposes=1").says("1 added, 1 changed");
    let (status, journal) = call(&served, Method::GET, "/_emulator/journal", None);
    assert!(
        status == 200 && journal.contains("\"method\":\"PATCH\""),
        "{journal}"
    );
}

#[test]
fn it_has_no_control_api_by_default() {
    let (_world, served) = served(&[]);
    for (method, path) in [
        (Method::GET, "journal"),
        (Method::PUT, "state"),
        (Method::POST, "faults"),
    ] {
        let (status, body) = call(
            &served,
            method,
            &format!("/_emulator/{path}"),
            Some(json!([])),
        );
        assert!(status == 404 && body.contains("APIGW.0101"), "{body}");
    }
}

#[test]
fn the_help_of_the_command_names_the_options() {
    let world = World::new();
    let mut command: Command = world.command(&["emulator", "--help"]);
    command.env("COLUMNS", "120");
    let _ = world
        .output(command)
        .exits(0)
        .says("--fault <FAULT>")
        .says("--journal <FILE>")
        .says("--control");
}
