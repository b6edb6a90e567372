//! Services that refuse, fail, send wrong answers or are unreachable during a read: the result is
//! unknown, never "no changes", and nothing is written.

use insta::assert_snapshot;
use portolan::emulator::{Effect, ErrorBody, Fault};
use serde_json::json;

use crate::support::{NORTH, QUICKSTART, World};

/// A world whose live state equals the chart, so that a misread failure would give "No changes.".
fn settled() -> World {
    let world = World::of(QUICKSTART);
    let _ = world.apply(&[]);
    world.clear_journal();
    world
}

/// The number of requests, but for the look at the target of the rule.
fn at_home(world: &World) -> usize {
    let journal = world.journal();
    journal.iter().filter(|entry| entry.region == NORTH).count()
}

/// The result of plan and apply if reads fail without an end.
#[track_caller]
fn is_unknown(world: &World, words: &[&str]) {
    for command in [&["plan", "--detailed-exitcode"][..], &["apply", "--yes"]] {
        let output = world.run(command).exits(1);
        for word in words {
            assert!(
                output.stderr.contains(word),
                "`{word}` is not said: {output}"
            );
        }
        assert!(!output.stdout.contains("No changes"), "{output}");
    }
    let document = world.run(&["plan", "--format", "json"]).exits(1).json();
    assert_eq!(
        (&document["outcome"], &document["changes"]),
        (&json!("unknown"), &json!([]))
    );
    assert_eq!(document["diagnostics"][0]["code"], json!("unreadable"));
    let report = world
        .run(&["apply", "--yes", "--format", "json"])
        .exits(1)
        .json();
    assert_eq!(
        (&report["outcome"], &report["plan"]["outcome"]),
        (&json!("refused"), &json!("unknown"))
    );
    assert_eq!(
        report["plan"]["diagnostics"][0]["code"],
        json!("unreadable")
    );
    assert_eq!(world.writes(), [""; 0]);
}

fn for_ever(effect: Effect, path: &str) -> World {
    let world = settled();
    world.inject(Fault::new(effect).path(path).forever());
    world
}

fn status(status: u16, content_type: &str, text: &str) -> Effect {
    let body = ErrorBody::Other {
        status,
        content_type: content_type.to_owned(),
        text: text.to_owned(),
    };
    Effect::Status {
        body,
        retry_after: None,
        committed: false,
    }
}

/// The failing read, by the words of the message and the part of its path.
const READS: [(&str, &str); 3] = [
    ("organization list of cn-north-4", "/v2/manage/namespaces"),
    ("repository list of cn-north-4", "/v2/manage/repos"),
    (
        "sync_rules of repository cn-north-4/group/busybox",
        "/sync_repo",
    ),
];

#[test]
fn a_refused_connection() {
    // A port of the system's: a free one could be taken by another test.
    let world =
        World::of(QUICKSTART).variable("PORTOLAN_ENDPOINT_SWR", "http://127.0.0.1:1/{region}");
    is_unknown(
        &world,
        &[
            "organization list of cn-north-4",
            "127.0.0.1:1",
            "check the endpoint",
        ],
    );
}

#[test]
fn no_permission_for_any_of_the_reads() {
    for (what, path) in READS {
        is_unknown(
            &for_ever(Effect::forbidden(), path),
            &[what, "403 SVCSTG.SWR.4037018", "request id emulator-"],
        );
    }
}

#[test]
fn a_path_unknown_to_the_gateway_does_not_mean_absent() {
    for (what, path) in READS {
        is_unknown(
            &for_ever(Effect::gateway_not_found(), path),
            &[what, "404 APIGW.0101", "request id emulator-"],
        );
    }
}

#[test]
fn throttling_for_ever() {
    let world = for_ever(Effect::throttled(Some(0)), "/v2/manage/repos");
    is_unknown(
        &world,
        &[
            "repository list of cn-north-4",
            "429 APIGW.0308",
            "the service limits the rate",
        ],
    );
}

#[test]
fn a_transient_failure_is_retried() {
    for effect in [
        Effect::throttled(Some(0)),
        Effect::CutBefore,
        Effect::html_502(),
        Effect::Truncate(3),
    ] {
        for (what, path) in READS {
            let world = settled();
            world.inject(Fault::new(effect.clone()).path(path).region(NORTH).times(2));
            let _ = world.plan(&[]).exits(0).says("No changes.");
            assert_eq!(at_home(&world), 4 + 2, "{what} {effect:?}");
        }
    }
}

#[test]
fn a_500_is_retried_once() {
    for (what, path) in READS {
        let world = settled();
        world.inject(Fault::new(Effect::internal()).path(path));
        let _ = world.plan(&[]).exits(0).says("No changes.");
        is_unknown(
            &for_ever(Effect::internal(), path),
            &[what, "500 SVCSTG.SWR.5001101"],
        );
    }
}

#[test]
fn a_500_on_one_page() {
    let world = settled();
    world.edit(|state| {
        for number in 0..1000 {
            state.ensure_repository(NORTH, "strangers", &format!("r{number}"));
        }
    });
    let page = || Fault::new(Effect::internal()).path("/v2/manage/repos");
    world.inject(page().skip(1).times(2));
    let _ = world
        .plan(&["--detailed-exitcode"])
        .exits(1)
        .warns("repository list of cn-north-4");
}

#[test]
fn html_instead_of_json() {
    for (what, path) in READS {
        let login = status(
            200,
            "text/html",
            "<html><title>Please log in</title></html>",
        );
        is_unknown(
            &for_ever(login, path),
            &[what, "<html>", "request id emulator-"],
        );
    }
}

#[test]
fn an_html_error_page_is_shortened() {
    let world = for_ever(
        status(
            403,
            "text/html",
            "<html><title>Blocked</title>and more</html>",
        ),
        READS[0].1,
    );
    is_unknown(&world, &[r#"403: HTML instead of JSON ("Blocked")"#]);
}

#[test]
fn json_of_another_shape() {
    for (what, path) in READS {
        is_unknown(
            &for_ever(status(200, "application/json", r#"{"items":7}"#), path),
            &[what, "items"],
        );
    }
}

#[test]
fn an_empty_body() {
    for (what, path) in READS {
        is_unknown(
            &for_ever(status(200, "application/json", ""), path),
            &[what, "an empty body"],
        );
    }
}

#[test]
fn a_truncated_body() {
    let world = settled();
    world.inject(Fault::new(Effect::Truncate(5)).path(READS[1].1).forever());
    let _ = world.plan(&[]).exits(1).warns(READS[1].0);
    assert_eq!(at_home(&world), 6 + 1);
}

#[test]
fn a_list_that_lacks_items_is_read_again() {
    let world = settled();
    world.inject(
        Fault::new(Effect::DropItems(1))
            .path("/v2/manage/repos")
            .region(NORTH),
    );
    let _ = world
        .plan(&["--detailed-exitcode"])
        .exits(0)
        .says("No changes.");
    assert_eq!(at_home(&world), 4 + 1);
    let message = "the total is 1, but the service listed 0; it was read 3 times";
    is_unknown(
        &for_ever(Effect::DropItems(1), "/v2/manage/repos"),
        &[message],
    );
}

#[test]
fn a_failure_is_shown_with_its_request() {
    let world = for_ever(Effect::forbidden(), "/sync_repo");
    // The rules are requested before or after the list of organizations.
    let ids: Vec<String> = (14..24).map(|id| format!("emulator-{id:08}")).collect();
    let output = ids.iter().fold(world.plan(&[]).to_string(), |output, id| {
        output.replace(id, "ID")
    });
    assert_snapshot!(output, @r"
    exit: 1
    -- stdout
    Unknown: 1 object could not be read, so no plan can be made.
    Chart `portolan.yaml`, account `emulator`, @HOST@ (not Huawei Cloud).
    -- stderr
    error: cannot read the sync_rules of repository cn-north-4/group/busybox: 403 SVCSTG.SWR.4037018: No permission on the images of this organization (GET /v2/manage/namespaces/group/repos/busybox/sync_repo, request id ID)
      hint: the credentials are valid, but lack the permission for this; ask for `swr:repo:listAutoSyncRepoJobs`
    ");
}

/// A wrong secret: the emulator itself refuses.
fn with_a_wrong_key() -> World {
    World::of(QUICKSTART).variable("HUAWEICLOUD_SDK_SK", "wrong-secret-key")
}

#[test]
fn wrong_credentials() {
    is_unknown(
        &with_a_wrong_key(),
        &[
            "401 APIGW.0301",
            "request id emulator-",
            "check the credentials",
        ],
    );
}

#[test]
fn wrong_credentials_are_not_tried_again_and_again() {
    let world = with_a_wrong_key();
    let regions: String = ["cn-east-2", "cn-east-3", "cn-south-1", "cn-south-2"]
        .iter()
        .map(|region| {
            format!("---\nversion: 1\nregion: {region}\norganizations: {{ team-a: {{}} }}\n")
        })
        .collect();
    world.chart(&regions);
    let _ = world.plan(&[]).exits(1);
    assert!(world.journal().len() <= 2, "{:?}", world.journal());
}

#[test]
fn a_session_that_expires_while_writing_stops_the_rest() {
    let world = World::of(QUICKSTART);
    world.inject(
        Fault::new(Effect::unauthorized())
            .method("POST")
            .path("/repos")
            .forever(),
    );
    let output = world
        .try_apply(&["--receipt", "receipt.json", "--events", "events"])
        .exits(1);
    let output = output.says("401 APIGW.0301").says("1 added");
    let why = "Stopped: the service refused the credentials. To continue, correct the credentials, \
        then plan and apply";
    assert!(output.stdout.contains(why), "{output}");
    let events = std::fs::read_to_string(world.path("events")).unwrap();
    let ended: serde_json::Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    for document in [world.json("receipt.json"), ended] {
        assert_eq!(
            document["ended_early"]["reason"], "credentials-refused",
            "{document:#}"
        );
    }
    assert_eq!(world.writes().len(), 2);
}

#[test]
fn an_object_that_is_listed_twice_with_different_values_is_unknown() {
    let world = settled();
    world.edit(|state| {
        let repository = state.ensure_repository(NORTH, "group", "busybox");
        let mut other = repository.sync_rules[0].clone();
        other.overrides = !other.overrides;
        repository.sync_rules.push(other);
    });
    is_unknown(
        &world,
        &["sync_rule cn-north-4/group/busybox -> cn-north-208/sdsad is listed twice"],
    );
}

#[test]
fn the_message_about_a_redirect_names_its_target() {
    use std::io::{Read as _, Write as _};
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/{{region}}", server.local_addr().unwrap());
    std::thread::spawn(move || {
        let answer =
            b"HTTP/1.1 302 Found\r\nLocation: https://me:pw@sso.example.com/login?token=abc\r\n\
                       Content-Length: 0\r\nConnection: close\r\n\r\n";
        for mut stream in server.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer);
        }
    });
    let world = World::of(QUICKSTART).variable("PORTOLAN_ENDPOINT_SWR", &url);
    let output = world
        .run(&["plan"])
        .exits(1)
        .warns("302: a redirect to \"sso.example.com/login\" (GET /v2/manage/");
    assert!(
        !output.stderr.contains("pw@") && !output.stderr.contains("abc"),
        "{output}"
    );
    let _ = output.warns("hint: redirects are not followed: ");
}

#[test]
fn an_error_names_the_failed_request() {
    let world = World::of(QUICKSTART);
    world.inject(Fault::new(Effect::forbidden()).path("/repos").forever());
    let _ = world.plan(&[]).exits(1).warns("(GET /v2/manage/repos");
    world.emulator.clear_faults();
    world.inject(Fault::new(Effect::forbidden()).method("POST").forever());
    let _ = world
        .try_apply(&[])
        .exits(1)
        .says("(POST /v2/manage/namespaces");
    world.emulator.clear_faults();
    world.inject(Fault::new(Effect::CutBefore).forever());
    let _ = world.plan(&[]).exits(1).warns("(GET /v2/manage/");
}
