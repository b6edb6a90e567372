//! Secrets in live values: every output masks them, and a write sends them back unchanged.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portolan::emulator::{Effect, ErrorBody, Fault, RunOutcome};
use serde_json::json;

use crate::{
    mirrors::{edit_mirror, settings, world, writes},
    support::{NORTH, Output, SK, World},
};

/// A login that no chart names.
const TOKEN: &str = "t0ken-of-bob";
const URL: &str = "https://bob:t0ken-of-bob@git.example.com/app.git";
const MASKED: &str = "https://***@git.example.com/app.git";

#[track_caller]
fn is_clean(what: &str, text: &str) {
    for secret in [TOKEN, "bob:", SK, "canary-password", "canary-user"] {
        assert!(!text.contains(secret), "`{secret}` is in {what}:\n{text}");
        let (encoded, mut padded) = (
            STANDARD.encode(secret),
            STANDARD.encode(format!("ab{secret}")),
        );
        padded.drain(..3);
        for form in [encoded, padded] {
            let form = form.trim_end_matches('=');
            assert!(
                form.len() < 9 || !text.contains(&form[..form.len() - 1]),
                "`{secret}` is in {what}:\n{text}"
            );
        }
    }
}

#[track_caller]
fn clean(output: Output) -> Output {
    is_clean("an output", &output.to_string());
    output
}

/// Every format of a plan, and the messages of the program.
fn read_commands(world: &World) -> Vec<Output> {
    let formats = ["text", "json", "markdown", "diff", "sarif"];
    let plans =
        formats.map(|format| clean(world.run(&["plan", "--details", "--format", format, "-vv"])));
    let drifts = formats.map(|format| clean(world.run(&["drift", "--format", format, "-vv"])));
    plans.into_iter().chain(drifts).collect()
}

/// Saves a plan and applies it, with everything that is written down meanwhile.
fn apply_saved(world: &World) -> Output {
    let _ = clean(world.plan(&["--out", "plan.json"]).exits(0));
    is_clean(
        "a saved plan",
        &fs::read_to_string(world.path("plan.json")).unwrap(),
    );
    apply_with_files(world, &["plan.json"])
}

fn apply_with_files(world: &World, arguments: &[&str]) -> Output {
    let files = [
        "--receipt",
        "receipt.json",
        "--events",
        "events.jsonl",
        "--format",
        "json",
        "-vv",
    ];
    let output = clean(world.run(&[&["apply"], arguments, &files[..]].concat()));
    for name in ["receipt.json", "events.jsonl"] {
        is_clean(name, &fs::read_to_string(world.path(name)).unwrap());
    }
    output
}

/// An answer with this exact body.
fn answer(status: u16, text: String) -> Effect {
    let body = ErrorBody::Other {
        status,
        content_type: "application/json".to_owned(),
        text,
    };
    Effect::Status {
        body,
        retry_after: None,
        committed: false,
    }
}

fn described(description: &str, chart: &str) -> World {
    let world = World::of(&format!(
        "version: 1\nregion: {NORTH}\norganizations: {{ o: {{ repositories: {{ a: {chart} }} }} \
        }}\n"
    ));
    world.edit(|state| {
        state.ensure_repository(NORTH, "o", "a").description = description.to_owned();
    });
    world
}

fn description(world: &World) -> String {
    world.emulator.read(|state| {
        state
            .repository(NORTH, "o", "a")
            .unwrap()
            .description
            .clone()
    })
}

#[test]
fn a_url_that_is_left_alone_is_written_back_with_its_login() {
    let world = world(settings(), "platform/app: { scheduled: false }");
    edit_mirror(&world, |mirror| {
        (mirror.url, mirror.scheduled) = (URL.to_owned(), true);
    });
    let outputs = read_commands(&world);
    assert!(outputs[0].stdout.contains(MASKED), "{}", outputs[0]);
    let change = &outputs[1].json()["changes"][0];
    for side in ["before", "after"] {
        assert_eq!(
            change[side]["url"],
            json!({ "masked": MASKED }),
            "{change:#}"
        );
    }
    assert_eq!(
        change["precondition"]["attributes"]["url"],
        json!({ "masked": MASKED })
    );
    let _ = clean(
        world
            .plan(&["--allow", "one-way", "--out", "plan.json"])
            .exits(0),
    );
    // Another token for the same URL is another login: the write carries the new one.
    let moved = URL.replace(TOKEN, "an0ther-t0ken-of-bob");
    edit_mirror(&world, |mirror| mirror.url = moved.clone());
    let _ = apply_with_files(&world, &["plan.json"]).exits(0);
    edit_mirror(&world, |mirror| {
        assert_eq!((&*mirror.url, mirror.scheduled), (&*moved, false));
    });
    world.is_settled();
}

#[test]
fn a_login_that_the_chart_removes_is_removed() {
    let world = world(
        settings(),
        "platform/app: { url: https://git.example.com/app.git }",
    );
    edit_mirror(&world, |mirror| mirror.url = URL.to_owned());
    let outputs = read_commands(&world);
    assert!(
        outputs[0].stdout.contains("[-") || outputs[0].stdout.contains("->"),
        "{}",
        outputs[0]
    );
    let _ = apply_saved(&world).exits(0);
    assert_eq!(
        writes(&world).pop().unwrap().2["url"],
        "https://git.example.com/app.git"
    );
    world.is_settled();
}

#[test]
fn a_url_whose_host_moved_is_refused_without_its_login() {
    let world = world(settings(), "platform/app: { scheduled: true }");
    edit_mirror(&world, |mirror| {
        (mirror.url, mirror.scheduled) = (URL.to_owned(), false);
    });
    let _ = clean(world.plan(&["--out", "plan.json"]).exits(0));
    edit_mirror(&world, |mirror| {
        mirror.url = URL.replace("git.example", "evil.example");
    });
    let refused = apply_with_files(&world, &["plan.json"]).exits(1);
    let expected = "url was \"https://***@git.example.com/app.git\", \
        is \"https://***@evil.example.com/app.git\" now";
    let message = refused.json()["failed"][0]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(message.contains(expected), "{message}");
    assert_eq!(writes(&world), []);
}

#[test]
fn a_description_is_written_back_to_the_byte() {
    let text = format!("see {URL}\nand key {SK}, ask bob@example.com");
    let world = described(&text, "{ category: linux }");
    for output in read_commands(&world) {
        assert!(
            !output.stdout.contains("***") || output.stdout.contains("bob@example.com"),
            "{output}"
        );
    }
    let shown = world.plan_json(&[])["changes"][0]["before"]["description"].clone();
    assert_eq!(
        shown,
        json!({ "masked": format!("see {MASKED}\nand key ***, ask bob@example.com") })
    );
    let _ = apply_saved(&world).exits(0);
    assert_eq!(description(&world), text);
    world.is_settled();
    // A chart cannot contain a value that it does not manage.
    let _ = clean(
        world
            .run(&[
                "init",
                "--from-live",
                "o",
                "--region",
                NORTH,
                "--file",
                "new.yaml",
            ])
            .exits(0),
    );
    let written = fs::read_to_string(world.path("new.yaml")).unwrap();
    is_clean("a chart", &written);
    assert!(
        written.contains("category: linux") && !written.contains("description:"),
        "{written}"
    );
    assert!(
        written.contains("# - description of repository cn-north-4/o/"),
        "{written}"
    );
}

#[test]
fn a_text_without_a_secret_is_as_it_was() {
    let text = "bob@example.com mailto:bob@example.com git@host:x https://h/?owner=a@b \
        https://h/x@y // a@b fake-secret";
    let world = described(text, "{ category: linux }");
    for output in read_commands(&world) {
        assert!(!output.to_string().contains("***"), "{output}");
    }
    assert_eq!(
        world.plan_json(&[])["changes"][0]["before"]["description"],
        json!(text)
    );
    assert!(world.plan(&["--details"]).stdout.contains(text));
    let _ = apply_saved(&world).exits(0);
    assert_eq!(description(&world), text);
}

/// A name that is a secret as well stays visible: it identifies the object.
#[test]
fn names_and_addresses_are_never_masked() {
    let world = World::of(&format!(
        "version: 1\nregion: {NORTH}\norganizations: {{ o: {{ repositories: {{ {SK}: {{ category: \
        linux }} }} }} }}\n"
    ));
    world.edit(|state| state.ensure_repository(NORTH, "o", SK).num_images = 0);
    let plan = world.plan_json(&[]);
    assert_eq!(plan["changes"][0]["address"]["repository"], SK);
    let _ = world.plan(&[]).says(&format!("repository {NORTH}/o/{SK}"));
}

/// A secret of this command in a text of the chart: it is masked in the output and written
/// unchanged.
#[test]
fn a_chart_that_holds_a_secret_of_this_run() {
    let world = described("", &format!("{{ description: 'the key is {SK}' }}"));
    let outputs = read_commands(&world);
    assert_eq!(
        outputs[1].json()["changes"][0]["after"]["description"],
        json!({ "masked": "the key is ***" })
    );
    let _ = clean(world.run(&["validate", "--print"]).exits(0)).says("the key is ***");
    let refused = apply_saved(&world).exits(1);
    let message = "not sent, because `description` contains a secret, and plan files contain none";
    assert_eq!(refused.json()["failed"][0]["message"], message);
    assert_eq!(description(&world), "");
    let _ = clean(world.apply(&[]));
    assert_eq!(description(&world), format!("the key is {SK}"));
    // Neither is it shown in a source line, or in a message that quotes it.
    for wrong in [format!("descripton: {SK}"), format!("category: {SK}")] {
        world.chart(&format!(
            "version: 1\nregion: {NORTH}\norganizations: {{ o: {{ repositories: {{ a: {{ {wrong} \
            }} }} }} }}\n"
        ));
        for format in ["text", "json", "sarif", "github"] {
            let _ = clean(world.run(&["validate", "--format", format])).exits(1);
        }
    }
}

#[test]
fn the_reason_of_a_failed_run_is_masked() {
    let chart = "platform/app: { max_age: 6h, credentials: { username: { env: U }, password: { \
        file: p } } }";
    let world = world(settings(), chart).variable("U", "canary-user");
    world.file("p", "canary-password\n");
    let encoded = STANDARD.encode("canary-user:canary-password");
    let problem =
        format!("fatal: {URL} said no to canary-user with canary-password, or Basic {encoded}");
    edit_mirror(&world, |mirror| {
        mirror.next_outcomes = vec![RunOutcome::Fail(problem)];
    });
    let failed = apply_with_files(&world, &["--yes"]).exits(1);
    let message = failed.json()["failed"][0]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        message.contains(&format!(
            "fatal: {MASKED} said no to *** with ***, or Basic"
        )),
        "{message}"
    );
    for output in read_commands(&world) {
        assert!(output.to_string().contains(MASKED), "{output}");
    }
}

/// Long enough to be cut in the middle of the login.
#[test]
fn a_text_of_the_service_is_masked_before_it_is_truncated() {
    let world = described("", "{ category: linux }");
    for length in 0..60 {
        let filler = "x".repeat(length * 11);
        let bodies = [
            json!({ "errors": [{ "errorCode": "E", "errorMessage": format!("{filler} {URL} \
                {SK}") }] })
            .to_string(),
            json!({ "odd": [filler.clone(), URL] })
                .to_string()
                .replace('/', "\\/"),
            format!("{filler} {URL} {SK}"),
            format!("<html><title>{filler}{URL}</title>"),
        ];
        for (body, status) in bodies.into_iter().zip([400, 403, 200, 500]) {
            world.inject(Fault::new(answer(status, body)).times(1));
            let output = world.run(&["plan", "-vv"]);
            is_clean("an output", &output.to_string());
        }
    }
}

#[test]
fn a_refusal_that_echoes_the_login_is_masked() {
    let chart = "platform/app: { max_age: 6h, credentials: { username: { env: U }, password: { \
        env: P } } }";
    let world = world(settings(), chart)
        .variable("U", "canary-user")
        .variable("P", "canary-password");
    let encoded = ["canary-user", "canary-password"].map(|text| STANDARD.encode(text));
    let message = format!(
        "cannot use {} and {}, that is canary-user:canary-password",
        encoded[0], encoded[1]
    );
    let body = json!({ "error_code": "CH.1", "error_msg": message }).to_string();
    world.inject(Fault::new(answer(400, body)).method("POST"));
    let failed = apply_with_files(&world, &["--yes"]).exits(1);
    let message = failed.json()["failed"][0]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        message.contains("cannot use ***= and ***, that is ***:***"),
        "{message}"
    );
}

#[test]
fn arguments_are_shown_without_their_login() {
    let world = World::new();
    for arguments in [
        &["validate", "-f", URL][..],
        &["validate", "--deny", URL],
        &["explain", URL],
        &[URL],
    ] {
        let output = clean(world.run(arguments));
        assert!(output.stderr.contains("***@git.example.com"), "{output}");
    }
    let world = world.variable("PORTOLAN_ENDPOINT_SWR", URL);
    world.chart(crate::support::QUICKSTART);
    let _ = clean(world.run(&["plan"]).exits(1));
}
