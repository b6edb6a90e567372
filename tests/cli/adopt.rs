//! `adopt`: what is live goes into the chart's own files, and everything else in them stays.

use std::{fs, process::Command};

use portolan::emulator::{Share, SyncRule};

use crate::support::{NORTH, Output, SK, World};

/// What is live: each test has a chart that says something else.
const LIVE: &str = "\
version: 1
region: cn-north-4
organizations:
  team-a:
    access: [ { user: ci-bot, level: write }, { user: new, level: read } ]
    repositories:
      api: { is_public: true, category: linux, description: 'it''s new' }
      docs:
      web: { sync: [ { target_region: cn-east-3, target_organization: dr, override: true } ] }
limits: { allow: [ exposes, collects, shares, admits ] }
";

fn world(live: &str) -> World {
    let world = World::new();
    let iam = world.endpoint();
    let world = world.variable("PORTOLAN_ENDPOINT_IAM", &iam);
    world.edit(|state| {
        for (user, id) in [("ci-bot", "0a"), ("new", "0b"), ("old", "0c"), ("ci", "0d")] {
            state.users.insert(user.to_owned(), format!("{id:0>32}"));
        }
    });
    world.chart(live);
    let consent = ["exposes", "shares", "admits", "collects=100"];
    let consent: Vec<&str> = consent.iter().flat_map(|it| ["--allow", it]).collect();
    let _ = world.apply(&consent);
    world.clear_journal();
    world
}

/// Runs `adopt`, which sends only reads.
fn adopt(world: &World, arguments: &[&str]) -> Output {
    let output = world.run(&[&["adopt"], arguments].concat());
    assert_eq!(world.writes(), [""; 0]);
    output
}

/// Applies a diff with git, in a copy of the files; gives the text of one of them.
fn applied(world: &World, diff: &str, file: &str) -> Option<String> {
    let copy = world.path("copy");
    fs::create_dir_all(copy.join(file).parent().unwrap()).unwrap();
    fs::copy(world.path(file), copy.join(file)).unwrap();
    world.file("the.diff", diff);
    let mut git = Command::new("git");
    git.args(["apply", "--whitespace=nowarn", "../the.diff"])
        .current_dir(&copy);
    // No repository around: neither its settings nor its root.
    let Ok(output) = git.env("GIT_CEILING_DIRECTORIES", world.path("")).output() else {
        use std::io::Write as _;
        let _ = std::io::stderr().write_all(b"SKIPPED: git is not installed\n");
        return None;
    };
    assert!(output.status.success(), "{output:?}\n{diff}");
    Some(fs::read_to_string(copy.join(file)).unwrap())
}

/// The diff and `--write` give this text, and the plan after it is empty.
#[track_caller]
fn becomes(world: &World, before: &str, after: &str) {
    world.chart(before);
    let diff = adopt(world, &["team-a"]).exits(0);
    assert_eq!(
        fs::read_to_string(world.path("portolan.yaml")).unwrap(),
        before
    );
    if let Some(text) = applied(world, &diff.stdout, "portolan.yaml") {
        assert_eq!(text, after, "by git");
    }
    let _ = adopt(world, &["team-a", "--write"]).exits(0);
    assert_eq!(
        fs::read_to_string(world.path("portolan.yaml")).unwrap(),
        after
    );
    world.is_settled();
    let _ = adopt(world, &["team-a"]).exits(0).warns("Nothing to adopt");
}

const BEFORE: &str = r#"# The chart of team A.
version: 1
region: cn-north-4   # north

targets:
  dr: { region: cn-east-3, organization: dr }

defaults:
  repository: { category: other }
  sync_rule: { override: false }

organizations:
  team-a:
    access:
      # for pushes
      - user: ci-bot
        level: read   # for now
      - user: old

        level: manage
    repositories:
      api:
        is_public: false          # private
        description: "it's old"
        # nothing copies it
        sync: []

      # Was used by B.
      # (until May)
      gone:
        is_public: false

      web: { sync: [ { target: dr } ] }  # the site
limits: { allow: [ exposes, collects, shares, admits ] }
"#;

const AFTER: &str = r#"# The chart of team A.
version: 1
region: cn-north-4   # north

targets:
  dr: { region: cn-east-3, organization: dr }

defaults:
  repository: { category: other }
  sync_rule: { override: false }

organizations:
  team-a:
    access:
      # for pushes
      - user: ci-bot
        level: write   # for now
      - user: new
        level: read
    repositories:
      api:
        is_public: true          # private
        category: linux
        description: "it's new"
        # nothing copies it
        sync: []

      docs:
        is_public: false

      web: { sync: [ { target: dr, override: true } ] }  # the site
limits: { allow: [ exposes, collects, shares, admits ] }
"#;

#[test]
fn differences_are_adopted_and_all_else_stays() {
    let world = world(LIVE);
    becomes(&world, BEFORE, AFTER);
}

/// Line breaks of Windows, and a last line without one.
#[test]
fn line_breaks_stay() {
    let world = world(LIVE);
    let windows = |text: &str| text.replace('\n', "\r\n");
    becomes(&world, &windows(BEFORE), &windows(AFTER));
    let short = |text: &str| {
        let text = text.replace(
            "limits: { allow: [ exposes, collects, shares, admits ] }\n",
            "",
        );
        text.trim_end().to_owned()
    };
    becomes(&world, &short(BEFORE), &short(AFTER));
    let last = "version: 1\nregion: cn-north-4\norganizations:\n  team-a:\n    repositories:\n      \
        api:\n      web:";
    let known = last.replace("      web:", "      docs:\n      web:");
    let known = known.replace("api:", "api: { is_public: true }");
    becomes(
        &world,
        &last.replace("api:", "api: { is_public: false }"),
        &known,
    );
}

#[test]
fn the_diff_tells_what_it_does() {
    let world = world(LIVE);
    world.chart(BEFORE);
    let output = adopt(&world, &["team-a"]).exits(0);
    let diff = output.stdout.split("--- a/portolan.yaml\n").next().unwrap();
    insta::assert_snapshot!(diff, @r"
    portolan.yaml: 7 differences adopted
      ~ repository cn-north-4/team-a/api: is_public, category, description
      ~ access cn-north-4/team-a: ci-bot: level
      + repository cn-north-4/team-a/docs
      - repository cn-north-4/team-a/gone, with 2 comment lines above it
      + access cn-north-4/team-a: new
      - access cn-north-4/team-a: old
      ~ sync_rule cn-north-4/team-a/web -> cn-east-3/dr: override
    ");
    assert_eq!(output.stderr, "7 differences adopted in 1 file.\n");
    // Only what the pattern covers.
    let output = adopt(&world, &["team-a/api", "team-a/docs"]).exits(0);
    assert!(
        output
            .stdout
            .starts_with("portolan.yaml: 2 differences adopted\n"),
        "{output}"
    );
}

const LISTS: &str = "\
version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        share: [ { account: partner-co, until: 2099-12-31 } ]
        access: [ { user: ci, level: write } ]
        retention: { keep_tags: 5, except: [ latest ] }
      api: { retention: { keep_days: 7 } }
      old:
limits: { allow: [ exposes, collects, shares, admits ] }
";

/// What an entry inherits is written whole at the entry; the defaults stay.
#[test]
fn defaults_are_never_edited() {
    let world = world(LISTS);
    world.edit(|state| {
        let web = state.ensure_repository(NORTH, "team-a", "web");
        web.sync_rules.push(SyncRule::to("cn-east-3", "two"));
        web.sync_rules.push(SyncRule::to("cn-east-3", "three"));
        state
            .ensure_repository(NORTH, "team-a", "old")
            .sync_rules
            .push(SyncRule::to("cn-east-3", "one"));
    });
    becomes(
        &world,
        "\
version: 1
region: cn-north-4
defaults:
  repository:
    sync: [ { target_region: cn-east-3, target_organization: one } ]
    retention: { keep_tags: 9 }
    access: []
organizations:
  team-a:
    repositories:
      web:
        share: []   # nobody
      api:
",
        "\
version: 1
region: cn-north-4
defaults:
  repository:
    sync: [ { target_region: cn-east-3, target_organization: one } ]
    retention: { keep_tags: 9 }
    access: []
organizations:
  team-a:
    repositories:
      web:
        sync: [ { target_region: cn-east-3, target_organization: three }, \
        { target_region: cn-east-3, target_organization: two } ]
        retention: { keep_tags: 5, except: [ latest ] }
        access: [ { user: ci, level: write } ]
        share: [ { account: partner-co, until: '2099-12-31' } ]   # nobody
      api:
        sync: []
        retention: { keep_days: 7 }
      old:
        retention: none
",
    );
}

/// A policy that is gone, one that differs, and one in another form.
#[test]
fn retentions_are_adopted_in_place() {
    let world = world(LISTS);
    becomes(
        &world,
        "\
version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      api:
        retention:   # by number
          keep_tags: 30
          except: [ latest ]
      old: { retention: { keep_tags: 1 } }
      web: { retention: { keep_tags: 4, except: [ latest ] } }
",
        "\
version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      api:
        retention: { keep_days: 7 }
      old: { retention: none }
      web: { retention: { keep_tags: 5, except: [ latest ] } }
",
    );
}

/// An alias gets keys of its own. What has an anchor that others use is left, and named.
#[test]
fn aliases_become_merges_and_anchors_stay() {
    let world = world(LIVE);
    let chart = "\
version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web: &a
        is_public: true
      api: *a
      docs: &b { is_public: false }
";
    world.chart(chart);
    world.edit(|state| {
        state.ensure_repository(NORTH, "team-a", "api").is_public = false;
        state.ensure_repository(NORTH, "team-a", "docs").is_public = true;
    });
    let output = adopt(&world, &["team-a", "--write"]).exits(1);
    let left = "left: portolan.yaml:6: `is_public` of repository cn-north-4/team-a/web: other \
        places of the chart share what has the anchor `&a`\n";
    assert!(output.stderr.contains(left), "{output}");
    assert!(
        output
            .stderr
            .ends_with("2 differences adopted in 1 file, 1 left.\n"),
        "{output}"
    );
    let expected = chart
        .replace("api: *a", "api: { <<: *a, is_public: false }")
        .replace("&b { is_public: false }", "&b { is_public: true }");
    assert_eq!(
        fs::read_to_string(world.path("portolan.yaml")).unwrap(),
        expected
    );
}

/// Once nobody else shares it, what has an anchor is edited.
#[test]
fn an_anchor_that_is_left_alone_is_free() {
    let world = world(LIVE);
    let head = "version: 1\nregion: cn-north-4\norganizations:\n  team-a:\n    repositories:\n";
    let api = "      api: &api\n        is_public: ";
    becomes(
        &world,
        &format!("{head}{api}false\n      docs:\n      same: *api\n      web:\n"),
        &format!("{head}{api}true\n      docs:\n      web:\n"),
    );
}

#[test]
fn several_files_are_edited_together() {
    let world = world(LIVE);
    fs::remove_file(world.path("portolan.yaml")).unwrap();
    let head = "version: 1\nregion: cn-north-4\norganizations:\n  team-a:\n    repositories:\n";
    let one = format!("{head}      api: {{ is_public: false }}\n");
    let two = format!("{head}      web: {{ is_public: true }}\n");
    world.file("portolan/one.yaml", &one);
    world.file("portolan/two and more.yaml", &two);
    let diff = adopt(&world, &["*/team-a"]).exits(0).stdout;
    let new = "      docs: { is_public: false }\n";
    let expected = [
        (
            "portolan/one.yaml",
            format!("{}{new}", one.replace("false", "true")),
        ),
        ("portolan/two and more.yaml", two.replace("true", "false")),
    ];
    for (file, _) in &expected {
        fs::create_dir_all(world.path("copy/portolan")).unwrap();
        fs::copy(world.path(file), world.path("copy").join(file)).unwrap();
    }
    if applied(&world, &diff, "portolan/one.yaml").is_some() {
        for (file, text) in &expected {
            assert_eq!(
                &fs::read_to_string(world.path("copy").join(file)).unwrap(),
                text
            );
        }
    }
    let _ = adopt(&world, &["team-a", "--write"]).exits(0);
    for (file, text) in &expected {
        assert_eq!(&fs::read_to_string(world.path(file)).unwrap(), text);
    }
    world.is_settled();
}

/// Each is named with the reason, the rest is adopted.
#[test]
fn what_is_never_adopted_is_named() {
    let world = world(LIVE);
    world.chart(
        "\
version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      api: { state: absent }
      docs: { description: '${env:TEXT:-by hand}' }
      web: { is_public: true }
  team-b: { repositories: { new: {} } }
",
    );
    let output = adopt(&world, &["*/*"]).exits(1);
    insta::assert_snapshot!(output.stderr, @r"
    left: portolan.yaml:6: repository cn-north-4/team-a/api: the chart says `state: absent`, which is never adopted
    left: portolan.yaml:7: `description` of repository cn-north-4/team-a/docs: its value comes from a variable, which an edit would lose
    left: portolan.yaml:9: organization cn-north-4/team-b: it does not exist, but an organization is never adopted
    left: portolan.yaml:9: repository cn-north-4/team-b/new: organization cn-north-4/team-b does not exist either, and its entry is left
    1 difference adopted in 1 file, 4 left.
    ");
    assert!(
        output.stdout.contains("+      web: { is_public: false }\n"),
        "{output}"
    );
}

/// A live value with a login, and a line of the chart with the key that this run signs with.
#[test]
fn no_secret_is_written_or_shown() {
    let world = world(LIVE);
    let chart = "version: 1\nregion: cn-north-4\norganizations:\n  team-a:\n    repositories:\n      \
        api: { description: '' }\n      docs:\n      web: { is_public: true }\n";
    world.chart(chart);
    world.edit(|state| {
        let api = state.ensure_repository(NORTH, "team-a", "api");
        api.description = "see https://bob:t0ken@example.com/x".to_owned();
    });
    let output = adopt(&world, &["team-a"]).exits(1);
    let left = "left: portolan.yaml:6: `description` of repository cn-north-4/team-a/api: it holds \
        a secret, which no chart may have\n";
    assert!(output.stderr.contains(left), "{output}");
    assert!(!output.to_string().contains("t0ken"), "{output}");
    let with_key = chart.replace("      docs:\n", &format!("      docs:   # {SK}\n"));
    world.chart(&with_key);
    let output = adopt(&world, &["team-a/web"]).exits(1);
    assert!(!output.to_string().contains(SK), "{output}");
    let _ = output.warns("portolan.yaml:7: this line may hold a secret");
    let _ = adopt(&world, &["team-a/web", "--write"]).exits(0);
    assert_eq!(
        fs::read_to_string(world.path("portolan.yaml")).unwrap(),
        with_key.replace("web: { is_public: true }", "web: { is_public: false }")
    );
}

#[test]
fn each_bad_input_is_an_error() {
    let world = world(LIVE);
    let _ = adopt(&world, &[]).exits(64).warns("PATTERN");
    let _ = adopt(&world, &["team-a/@@"]).exits(64).warns("team-a/@@");
    let _ = adopt(&world, &["team-x"])
        .exits(1)
        .warns("`adopt 'team-x'` covers nothing, declared or live");
    let _ = adopt(&world, &["team-a", "--write", "-f", "-"])
        .exits(64)
        .warns("`--write` cannot change -, which is a stream");
    world.chart("version: 1\nregion: [\n");
    let _ = adopt(&world, &["team-a"]).exits(1).warns("portolan.yaml:2");
    fs::remove_file(world.path("portolan.yaml")).unwrap();
    let _ = adopt(&world, &["team-a"]).exits(1).warns("no chart found");
}

/// The difference of a stream is printed all the same.
#[cfg(unix)]
#[test]
fn a_stream_has_a_difference() {
    use std::process::Stdio;
    let world = world(LIVE);
    world.file(
        "in.yaml",
        LIVE.replace("is_public: true", "is_public: false"),
    );
    let mut command = world.command(&["adopt", "team-a", "-f", "-"]);
    command.stdin(Stdio::from(fs::File::open(world.path("in.yaml")).unwrap()));
    let output = world.output(command).exits(0);
    assert!(output.stdout.contains("\n--- a/-\n+++ b/-\n@@"), "{output}");
}

/// Who may read a file stays, and what may not be written to is not replaced.
#[cfg(unix)]
#[test]
fn permissions_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = world(LIVE);
    world.chart(&LIVE.replace("is_public: true", "is_public: false"));
    let path = world.path("portolan.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let _ = adopt(&world, &["team-a", "--write"]).exits(0);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), LIVE);
}

/// A share is adopted as the service has it, a mirror by its values; a run is left.
#[test]
fn shares_differ_in_their_end() {
    let world = world(LISTS);
    world.edit(|state| {
        let web = state.ensure_repository(NORTH, "team-a", "web");
        web.shares[0].deadline = "forever".to_owned();
        web.shares.push(Share::with("b-co"));
    });
    let after = LISTS.replace(
        "[ { account: partner-co, until: 2099-12-31 } ]",
        "[ { account: partner-co, until: forever }, { account: b-co, until: forever } ]",
    );
    becomes(&world, LISTS, &after);
}
