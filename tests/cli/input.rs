//! Invalid charts, command lines and environments: a message with the position, exit 1 or 64, and
//! no request.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{AK, QUICKSTART, SK, World};

const HEAD: &str = "version: 1\nregion: cn-north-4\norganizations:\n";

/// In this world, plan and apply print all this on stderr, send no request, and have no result.
#[track_caller]
fn is_refused(world: &World, words: &[&str]) {
    for command in [&["plan"][..], &["apply", "--yes"]] {
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
    assert_eq!(document["outcome"], json!("unknown"));
    assert_eq!(document["diagnostics"][0]["severity"], json!("error"));
    let report = world
        .run(&["apply", "--yes", "--format", "json"])
        .exits(1)
        .json();
    assert_eq!(report["outcome"], json!("refused"));
    assert_eq!(report["diagnostics"], document["diagnostics"]);
    assert_eq!(world.journal(), []);
}

#[track_caller]
fn is_refused_chart(chart: &str, place: &str, code: &str) {
    is_refused(&World::of(chart), &[place, code]);
}

#[test]
fn no_chart() {
    is_refused(&World::new(), &["no chart", "portolan.yaml", "--file"]);
}

#[test]
fn a_missing_file() {
    let world = World::new().variable("PORTOLAN_FILE", "missing.yaml");
    is_refused(
        &world,
        &["error: cannot read missing.yaml: No such file or directory (os error 2)\n"],
    );
}

#[test]
fn an_empty_file() {
    is_refused(&World::of(""), &["portolan.yaml"]);
    is_refused(&World::of("# nothing but a comment\n"), &["portolan.yaml"]);
}

#[test]
fn a_syntax_error() {
    is_refused_chart(&format!("{HEAD}  team-a: {{\n"), "portolan.yaml:", "syntax");
    is_refused_chart(
        &format!("{HEAD}  team-a: {{}}\n bad\n"),
        "portolan.yaml:5",
        "syntax",
    );
}

#[test]
fn text_that_is_not_utf_8() {
    let world = World::new();
    world.file("portolan.yaml", b"version: 1 # \xff\xfe\n");
    is_refused(&world, &["portolan.yaml:1"]);
}

#[test]
fn an_alias_bomb() {
    let mut chart = "version: 1\nregion: cn-north-4\na: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (name, before) in "bcdefghi".chars().zip("abcdefgh".chars()) {
        chart.push_str(&format!(
            "{name}: &{name} [{}]\n",
            vec![format!("*{before}"); 9].join(",")
        ));
    }
    is_refused(&World::of(&chart), &["portolan.yaml:"]);
}

#[test]
fn a_wrong_version() {
    is_refused_chart(
        "version: 2\nregion: cn-north-4\n",
        "portolan.yaml:1:10",
        "unknown-version",
    );
    is_refused_chart("region: cn-north-4\n", "portolan.yaml:1", "missing-key");
}

#[test]
fn an_unknown_key() {
    assert_snapshot!(World::of(&QUICKSTART.replace("is_public", "is_pubic")).plan(&[]), @r"
    exit: 1
    -- stdout
    -- stderr
    error[unknown-key]: unknown key `is_pubic`
      --> portolan.yaml:10:9
       |
    10 |         is_pubic: true
       |         ^^^^^^^^
       |
       = note: in repository cn-north-4/group/busybox
       = help: did you mean `is_public`?

    1 error
    ");
    is_refused_chart(
        &QUICKSTART.replace("is_public", "is_pubic"),
        "portolan.yaml:10:9",
        "unknown-key",
    );
}

#[test]
fn a_wrong_type() {
    is_refused_chart(
        &QUICKSTART.replace("is_public: true", "is_public: maybe"),
        "portolan.yaml:10:20",
        "wrong-type",
    );
    is_refused_chart(
        &format!("{HEAD}  - team-a\n"),
        "portolan.yaml:4",
        "wrong-type",
    );
}

#[test]
fn a_bad_name() {
    is_refused_chart(
        &format!("{HEAD}  Team_A: {{}}\n"),
        "portolan.yaml:4:3",
        "bad-name",
    );
    let repository = format!("{HEAD}  team-a: {{ repositories: {{ a/../b: {{}} }} }}\n");
    is_refused_chart(&repository, "portolan.yaml:4:29", "bad-name");
}

#[test]
fn a_duplicate_key() {
    is_refused_chart(
        &format!("{HEAD}  team-a: {{}}\n  team-a: {{}}\n"),
        "portolan.yaml:5:3",
        "duplicate-key",
    );
}

#[test]
fn an_unset_variable() {
    let chart = QUICKSTART.replace("this is a", "${env:WHAT}");
    is_refused_chart(&chart, "portolan.yaml:9", "unset-variable");
    let world = World::of(&chart).variable("PORTOLAN_VAR_WHAT", "our");
    assert_eq!(
        world.plan_json(&[])["changes"][1]["after"]["description"],
        json!("our busybox repository")
    );
}

#[test]
fn a_secret_of_the_environment_cannot_be_named() {
    let chart = QUICKSTART.replace("this is a", "${env:HUAWEICLOUD_SDK_SK}");
    is_refused_chart(&chart, "portolan.yaml:9", "unset-variable");
}

#[test]
fn all_errors_are_reported_at_once() {
    let chart = QUICKSTART
        .replace("linux", "linus")
        .replace("is_public", "is_pubic")
        .replace("group", "Group");
    let output = World::of(&chart).plan(&[]).exits(1);
    for code in ["unknown-value", "unknown-key", "bad-name", "3 errors"] {
        assert!(output.stderr.contains(code), "{output}");
    }
}

#[test]
fn missing_credentials() {
    let world = World::of(QUICKSTART)
        .variable("HUAWEICLOUD_SDK_AK", "")
        .variable("HUAWEICLOUD_SDK_SK", "");
    is_refused(
        &world,
        &[
            "no credentials found",
            "HUAWEICLOUD_SDK_AK",
            "HW_ACCESS_KEY",
            "HW_AUTH_TOKEN",
        ],
    );
}

#[test]
fn half_a_credential_set() {
    is_refused(
        &World::of(QUICKSTART).variable("HUAWEICLOUD_SDK_SK", ""),
        &["`HUAWEICLOUD_SDK_SK` is not"],
    );
    is_refused(
        &World::of(QUICKSTART).variable("HUAWEICLOUD_SDK_AK", ""),
        &["`HUAWEICLOUD_SDK_AK` is not"],
    );
    is_refused(
        &World::of(QUICKSTART).variable("HW_ACCESS_KEY", "other"),
        &["`HW_SECRET_KEY` is not"],
    );
}

#[test]
fn a_credential_with_a_line_break_is_not_printed() {
    let world = World::of(QUICKSTART).variable("HUAWEICLOUD_SDK_SK", "secret\nvalue");
    is_refused(&world, &["`HUAWEICLOUD_SDK_SK` contains a line break"]);
    assert!(!world.run(&["-vv", "plan"]).stderr.contains("value"));
}

#[test]
fn keys_from_files_end_with_a_line_break() {
    let world = World::of(QUICKSTART)
        .variable("HUAWEICLOUD_SDK_AK", &format!("{AK}\n"))
        .variable("HUAWEICLOUD_SDK_SK", &format!("{SK}\r\n"));
    let _ = world.apply(&[]);
}

#[test]
fn keys_beside_a_token() {
    is_refused(
        &World::of(QUICKSTART).variable("HW_AUTH_TOKEN", "token"),
        &["`HW_AUTH_TOKEN`", "both set"],
    );
}

#[test]
fn an_endpoint_in_the_clear() {
    let world = World::of(QUICKSTART).variable("PORTOLAN_ENDPOINT_SWR", "http://swr.example.com");
    is_refused(&world, &["use https"]);
}

#[test]
fn a_foreign_endpoint_in_the_chart() {
    let chart = format!("{QUICKSTART}endpoints: {{ swr: \"https://swr.example.com\" }}\n");
    is_refused(
        &World::of(&chart).variable("PORTOLAN_ENDPOINT_SWR", ""),
        &["--allow-endpoint swr.example.com"],
    );
}

#[test]
fn errors_contain_no_secret() {
    for world in [
        World::of(QUICKSTART),
        World::of(QUICKSTART).variable("HUAWEICLOUD_SDK_SK", "another-secret-key"),
    ] {
        let output = world.run(&["-vv", "plan"]);
        for secret in [SK, "another-secret-key", AK, "Signature="] {
            assert!(
                !output.stderr.contains(secret) && !output.stdout.contains(secret),
                "{output}"
            );
        }
    }
}

#[test]
fn wrong_command_lines() {
    let world = World::of(QUICKSTART);
    for arguments in [
        &["plam"][..],
        &[],
        &["plan", "--no-such"],
        &["plan", "--format", "xml"],
        &["plan", "--allow", "everything"],
        &["plan", "--allow", "deletes=many"],
        &["plan", "--parallelism", "0"],
        &["plan", "--region", "Cn_North"],
        &["plan", "--color", "sometimes"],
        &["plan", "extra"],
        &["apply", "one.json", "two.json"],
        &["apply", "--dry-run"],
        &["emulator", "--verify", "no-colon"],
        &["emulator", "--listen", "mars-1=127.0.0.1:0"],
        &["emulator", "--listen", "nonsense"],
        &["--emulator", "state.json", "plan"],
        &["plan", "--emulator="],
        &["validate", "--region="],
    ] {
        let output = world.run(arguments).exits(64);
        assert!(
            output.stdout.is_empty() && !output.stderr.is_empty(),
            "{output}"
        );
    }
    assert_eq!(world.journal(), []);
}

#[test]
fn asking_for_help_succeeds() {
    let world = World::new();
    let _ = world.run(&["--help"]).exits(0).says("Usage: portolan");
    let _ = world
        .run(&["plan", "--help"])
        .exits(0)
        .says("--detailed-exitcode");
    let _ = world.run(&["--version"]).exits(0).says("portolan ");
    let _ = world.run(&["version"]).exits(0).says("portolan ");
}
