//! Allowed sources of a mirror's login, and what is never sent to a git server: the keys that sign
//! the requests.

use std::{fmt::Write as _, fs};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    mirrors::{edit_mirror, settings, world, write, writes},
    support::{AK, NORTH, SK, World},
};

const TOKEN: &str = "a-security-token-of-the-cloud";

/// A world with a private mirror that is due, and a chart that logs in so.
fn private(password: &str) -> World {
    let world =
        world(settings(), &entry("{ env: GIT_USER }", password)).variable("GIT_USER", "somebody");
    edit_mirror(&world, |mirror| mirror.source.needs_credentials = true);
    world
}

fn entry(username: &str, password: &str) -> String {
    format!(
        "platform/app: {{ max_age: 6h, credentials: {{ username: {username}, password: {password} \
        }} }}"
    )
}

/// No request is sent, and no message holds the login.
#[track_caller]
fn is_refused(world: &World, problem: &str) {
    for arguments in [&["-vv"][..], &["--format", "json"]] {
        let output = world.try_apply(arguments).exits(1);
        let (text, journal) = (output.to_string(), format!("{:?}", world.journal()));
        assert!(text.contains(problem), "`{problem}` is not in {text}");
        for secret in [SK, TOKEN, "sesame"] {
            assert!(
                !text.contains(secret) && !journal.contains(secret),
                "{secret}: {output}"
            );
        }
    }
    assert_eq!(writes(world), []);
}

#[test]
fn keys_of_the_cloud_are_refused_as_a_login() {
    let holds = "cannot log in: the variable `GIT_TOKEN` holds a key or a token of the cloud";
    let around = |key: &str| STANDARD.encode(format!("{AK}:{key}"));
    for value in [
        SK.to_owned(),
        format!("{SK}\n"),
        format!("x{SK}x"),
        STANDARD.encode(SK),
        around(SK),
    ] {
        let world = private("{ env: GIT_TOKEN }").variable("GIT_TOKEN", &value);
        is_refused(&world, holds);
        // The other half is sent just so.
        write(&world, &entry("{ env: GIT_TOKEN }", "{ env: GIT_USER }"));
        is_refused(&world, holds);
        world.file("key", &value);
        write(&world, &entry("{ env: GIT_USER }", "{ file: key }"));
        is_refused(
            &world,
            "cannot log in: the file key holds a key or a token of the cloud",
        );
    }
    let world = private("{ env: GIT_TOKEN }").variable("HUAWEICLOUD_SDK_SECURITY_TOKEN", TOKEN);
    is_refused(&world.variable("GIT_TOKEN", TOKEN), holds);
    let world = private("{ env: GIT_TOKEN }")
        .variable("HUAWEICLOUD_SDK_AK", "")
        .variable("HUAWEICLOUD_SDK_SK", "");
    is_refused(
        &world
            .variable("HW_AUTH_TOKEN", TOKEN)
            .variable("GIT_TOKEN", TOKEN),
        holds,
    );
}

#[test]
fn the_login_files_of_a_saved_plan_are_checked_too() {
    let world = private("{ env: GIT_TOKEN }").variable("GIT_TOKEN", SK);
    let _ = world.plan(&["--out", "plan.json"]).exits(0);
    let _ = world
        .run(&["apply", "plan.json"])
        .exits(1)
        .says("holds a key or a token of the cloud");
    assert_eq!(writes(&world), []);
}

/// An emulated apply signs nothing, and nothing leaves the machine.
#[test]
fn the_emulator_needs_no_keys() {
    let world = private("{ env: GIT_TOKEN }");
    let state = world
        .emulator
        .read(|state| serde_json::to_string(state).unwrap());
    world.file("state.json", state);
    let world = world
        .variable("PORTOLAN_ENDPOINT_SWR", "")
        .variable("PORTOLAN_ENDPOINT_CODEARTS", "");
    let world = world.variable("GIT_TOKEN", SK);
    let _ = world
        .run(&["apply", "--yes", "--emulator=state.json"])
        .exits(0)
        .says("1 run");
}

#[test]
fn a_login_is_one_line() {
    for value in [
        "sesame\nopen",
        "\nsesame",
        "sesame\n\n",
        "sesame\topen",
        "sesame\u{1b}open",
        "sesame\r",
        "\u{85}x",
    ] {
        let world = private("{ env: GIT_TOKEN }").variable("GIT_TOKEN", value);
        is_refused(&world, "the variable `GIT_TOKEN` holds more than one line");
        world.file("login", value);
        write(&world, &entry("{ file: login }", "{ env: GIT_USER }"));
        is_refused(&world, "the file login holds more than one line");
    }
    for value in ["sesame", "sesame\n", "sesame\r\n", "open sesame ö"] {
        let world = private("{ env: GIT_TOKEN }").variable("GIT_TOKEN", value);
        let _ = world.apply(&[]);
        let world = private("{ file: login }");
        world.file("login", value);
        let _ = world.apply(&[]);
    }
    is_refused(
        &private("{ env: GIT_TOKEN }").variable("GIT_TOKEN", "\n"),
        "the variable `GIT_TOKEN` is empty",
    );
}

#[test]
fn a_login_is_short() {
    let world = private("{ file: login }");
    world.file("login", "x".repeat(64 * 1024 + 1));
    is_refused(&world, "expected a file of at most 65536 bytes");
    world.file("login", [0xff, 0xfe]);
    is_refused(&world, "it is not UTF-8");
    fs::remove_file(world.path("login")).unwrap();
    fs::create_dir(world.path("login")).unwrap();
    is_refused(&world, "expected a regular file, found a directory");
    fs::remove_dir(world.path("login")).unwrap();
    world.file("login", "x".repeat(64 * 1024));
    let _ = world.apply(&[]);
    let world = private("{ env: GIT_TOKEN }").variable("GIT_TOKEN", &"x".repeat(64 * 1024 + 1));
    is_refused(
        &world,
        "the variable `GIT_TOKEN` holds more than 65536 bytes",
    );
}

#[cfg(unix)]
#[test]
fn special_files_are_refused_as_a_login() {
    use std::os::unix::fs::symlink;

    for path in [
        "/proc/self/environ",
        "/dev/stdin",
        "/dev/fd/0",
        "/sys/kernel/notes",
        "/proc/self/cwd/token",
    ] {
        let world = private(&format!("{{ file: {path} }}"));
        let _ = world
            .run(&["validate"])
            .exits(1)
            .warns("error[own-secret]")
            .warns("logins are not read from there");
        is_refused(&world, "own-secret");
        let target = path;
        let world = private("{ file: link }");
        world.file("token", "sesame");
        symlink(target, world.path("link")).unwrap();
        is_refused(&world, "the file link cannot be read: it leads below /");
    }
    // Through a link that the chart does not show.
    let world = private("{ file: proc/environ }");
    symlink("/proc/self", world.path("proc")).unwrap();
    is_refused(
        &world,
        "the file proc/environ cannot be read: it leads below /proc",
    );
    assert!(
        std::process::Command::new("mkfifo")
            .arg(world.path("pipe"))
            .status()
            .unwrap()
            .success()
    );
    write(&world, &entry("{ env: GIT_USER }", "{ file: pipe }"));
    is_refused(&world, "expected a regular file, found a pipe");
}

/// Secrets are mounted as links.
#[cfg(unix)]
#[test]
fn a_login_may_be_reached_by_links() {
    use std::os::unix::fs::symlink;

    let world = private("{ file: mounted/token }");
    world.file("elsewhere/..2026/token", "password\n");
    symlink("..2026", world.path("elsewhere/..data")).unwrap();
    symlink("..data/token", world.path("elsewhere/token")).unwrap();
    symlink(world.path("elsewhere"), world.path("mounted")).unwrap();
    let _ = world.apply(&[]);
}

#[test]
fn every_format_names_the_origin_of_a_login() {
    let world = private("{ file: secrets/token }");
    world.file("secrets/token", "password");
    let message = "logs in with the variable `GIT_USER` and the file `secrets/token`";
    for command in ["plan", "drift"] {
        for format in ["text", "markdown", "diff", "sarif", "gitlab"] {
            let mut text = world.run(&[command, "--format", format]).stdout;
            if format == "markdown" {
                // Once in the table, where only that row has it, and once in the whole plan.
                let table = text.split("<details>").next().unwrap().to_owned();
                assert!(table.contains(message), "{command}: {text}");
            }
            if format == "text" {
                write!(text, "{}", world.run(&["apply", "--format", "json"]).stderr).unwrap();
                assert_eq!(text.matches(message).count(), 2, "{command}: {text}");
            }
            assert!(text.contains(message), "{command} {format}: {text}");
        }
        let document = world.run(&[command, "--format", "json"]).json();
        let changes = if command == "plan" {
            &document["changes"]
        } else {
            &document["plan"]["changes"]
        };
        let run = if changes.is_null() {
            &document["changes"][0]["run"]
        } else {
            &changes[0]["run"]
        };
        assert_eq!(
            run["credentials"]["password"]["file"], "secrets/token",
            "{document:#}"
        );
    }
    let _ = world.plan(&["--out", "plan.json"]).exits(0);
    let _ = world.run(&["apply", "plan.json"]).exits(0).says(message);
}

#[test]
fn a_stored_login_is_named_as_well() {
    let uuid = "b3dc4fb4-5f42-4b3a-9f6e-8f6d1f1f0c11";
    let world = world(
        settings(),
        &format!("platform/app: {{ max_age: 6h, endpoint: {uuid} }}"),
    );
    let _ = world.plan(&[]).exits(0).says(&format!(
        "> run: never succeeded; logs in with the service endpoint `{uuid}`"
    ));
    let _ = world
        .plan(&[])
        .exits(0)
        .says(&format!("mirror {NORTH}/platform/app"));
}
