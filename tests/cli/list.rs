//! `list`: what is live, with counts and sizes, and whether the chart lists it.

use insta::assert_snapshot;
use portolan::emulator::{Effect, ErrorBody, Fault, SyncRule};
use serde_json::{Value, json};

use crate::support::{NORTH, Output, World};

const CHART: &str = "\
version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web/frontend:
        sync: [ { target_region: cn-north-4, target_organization: copies, override: true } ]
      api: {}
      old: { state: absent }
";

/// What the chart declares, a copy, and more than it knows.
fn world() -> World {
    let world = World::of(CHART);
    world.edit(|state| {
        for (organization, name, images, size) in [
            ("team-a", "web/frontend", 12, 1_288_490_189),
            ("team-a", "api", 3, 13_002_342),
            ("team-a", "old", 0, 0),
            ("team-a", "forgotten", 1, 700),
            ("copies", "web/frontend", 12, 1_288_490_189),
            ("team-b", "tools", 2, 4096),
        ] {
            let repository = state.ensure_repository(NORTH, organization, name);
            (repository.num_images, repository.size) = (images, size);
        }
        let rules = &mut state
            .ensure_repository(NORTH, "team-a", "web/frontend")
            .sync_rules;
        rules.push(SyncRule::to(NORTH, "copies"));
        rules.push(SyncRule::to("cn-east-3", "elsewhere"));
        let api = state.ensure_repository(NORTH, "team-a", "api");
        api.is_public = true;
        api.sync_rules.push(SyncRule::to("cn-east-3", "elsewhere"));
    });
    world
}

fn list(world: &World, arguments: &[&str]) -> Output {
    world.run(&[&["list"], arguments].concat())
}

fn paths(world: &World) -> Vec<String> {
    let journal = world.journal();
    let path = |path: &str| path.trim_start_matches("/v2/manage/").to_owned();
    let mut paths: Vec<String> = journal.iter().map(|entry| path(&entry.path)).collect();
    paths.sort();
    paths
}

#[test]
fn organizations_have_counts() {
    let world = world();
    let output = list(&world, &[]).exits(0);
    assert_snapshot!(output.stdout, @r#"
    ORGANIZATION       REPOSITORIES  IMAGES     SIZE  CHART
    cn-north-4/copies             1      12  1.2 GiB  target
    cn-north-4/team-a             4      16  1.2 GiB  declared
    cn-north-4/team-b             1       2  4.0 KiB  unlisted

    3 organizations, 6 repositories, 30 images, 2.4 GiB.
    "#);
    assert_eq!(output.stderr, "");
    assert_eq!(paths(&world), ["namespaces", "repos"]);
}

#[test]
fn what_could_not_be_read_is_not_none() {
    let world = world();
    world.inject(
        "status=403,route=list-repositories,times=all"
            .parse()
            .unwrap(),
    );
    let output = list(&world, &[]).exits(1).warns("repository list");
    assert_snapshot!(output.stdout, @r#"
    ORGANIZATION       REPOSITORIES  IMAGES  CHART
    cn-north-4/copies             ?       ?  target
    cn-north-4/team-a             ?       ?  declared
    cn-north-4/team-b             ?       ?  unlisted

    3 organizations, ? repositories, ? images.
    "#);
}

#[test]
fn a_pattern_lists_what_is_in_them() {
    let world = world();
    let output = list(&world, &["team-a"]).exits(0);
    assert_snapshot!(output.stdout, @r#"
    cn-north-4/team-a
      IMAGES      SIZE  VISIBILITY  CHART     NAME
           3  12.3 MiB  public      declared  api
           1     700 B  private     unlisted  forgotten
           0       0 B  private     absent    old
          12   1.2 GiB  private     declared  web/frontend

    4 repositories, 16 images, 1.2 GiB.
    "#);
    assert_eq!(paths(&world), ["namespaces", "repos"]);
    let output = list(&world, &["cn-north-4/copies"]).exits(0);
    assert_snapshot!(output.stdout, @r#"
    cn-north-4/copies
      IMAGES     SIZE  VISIBILITY  CHART          NAME
          12  1.2 GiB  private     expected copy  web/frontend

    1 repository, 12 images, 1.2 GiB.
    "#);
}

#[test]
fn rules_cost_a_request_for_each_repository() {
    let world = world();
    let output = list(&world, &["team-a", "--rules"]).exits(0);
    assert_snapshot!(output.stdout, @r#"
    cn-north-4/team-a
      IMAGES      SIZE  VISIBILITY  CHART      NAME
           3  12.3 MiB  public      declared   api
                        auto        unmanaged    -> cn-east-3/elsewhere
           1     700 B  private     unlisted   forgotten
           0       0 B  private     absent     old
          12   1.2 GiB  private     declared   web/frontend
                        auto        unlisted     -> cn-east-3/elsewhere
                        auto        declared     -> cn-north-4/copies

    4 repositories, 3 rules, 16 images, 1.2 GiB.
    "#);
    let of_rules = |path: &String| path.ends_with("sync_repo");
    assert_eq!(paths(&world).iter().filter(|it| of_rules(it)).count(), 4);
    world.clear_journal();
    // A pattern that names repositories lists their rules too.
    let output = list(&world, &["team-a/web/frontend"]).exits(0);
    assert!(output.stdout.contains("-> cn-east-3/elsewhere"), "{output}");
    assert_eq!(paths(&world).iter().filter(|it| of_rules(it)).count(), 1);
    let output = list(&world, &["sync_rule team-a/** -> cn-east-3/*"]).exits(0);
    assert_snapshot!(output.stdout, @r#"
    cn-north-4/team-a
      IMAGES      SIZE  VISIBILITY  CHART      NAME
           3  12.3 MiB  public      declared   api
                        auto        unmanaged    -> cn-east-3/elsewhere
          12   1.2 GiB  private     declared   web/frontend
                        auto        unlisted     -> cn-east-3/elsewhere

    2 repositories, 2 rules, 15 images, 1.2 GiB.
    "#);
}

#[test]
fn the_document_has_bytes_and_words_of_the_chart() {
    let world = world();
    let document = list(&world, &["team-a", "--rules", "--format", "json"])
        .exits(0)
        .json();
    let rows = document["resources"].as_array().unwrap();
    let listed = |row: &Value| {
        let address = &row["address"];
        let name = [&address["repository"], &address["target_organization"]];
        let name = name.map(|part| part.as_str().unwrap_or_default()).join(" ");
        format!("{}: {}", name.trim(), row["listed"].as_str().unwrap())
    };
    assert_eq!(
        rows.iter().map(listed).collect::<Vec<_>>(),
        [
            "api: declared",
            "api elsewhere: unmanaged",
            "forgotten: unlisted",
            "old: absent",
            "web/frontend: declared",
            "web/frontend elsewhere: unlisted",
            "web/frontend copies: declared",
        ]
    );
    assert_eq!(
        rows[0]["facts"],
        json!({ "num_images": 3, "size": 13_002_342 })
    );
    assert_eq!(document["account"], "emulator");
    assert_eq!(document["chart"]["files"], json!(["portolan.yaml"]));
    let document = list(&world, &["--format", "json"]).exits(0).json();
    let tops = document["resources"].as_array().unwrap();
    let words: Vec<&Value> = tops.iter().map(|row| &row["listed"]).collect();
    assert_eq!(words, ["target", "declared", "unlisted"]);
    assert_eq!(
        tops[1]["facts"],
        json!({ "num_repositories": 4, "num_images": 16, "size": 1_301_493_231_u64 })
    );
}

#[test]
fn without_a_chart_a_region_is_enough() {
    let world = world();
    std::fs::remove_file(world.path("portolan.yaml")).unwrap();
    let _ = list(&world, &[]).exits(64).warns("--region REGION");
    let output = list(&world, &["--region", NORTH, "team-b"]).exits(0);
    assert_snapshot!(output.stdout, @r#"
    cn-north-4/team-b
      IMAGES     SIZE  VISIBILITY  NAME
           2  4.0 KiB  private     tools

    1 repository, 2 images, 4.0 KiB.
    "#);
    let document = list(&world, &["--region", NORTH, "--format", "json"]).exits(0);
    let document = document.json();
    assert_eq!(document["chart"], Value::Null);
    assert_eq!(document["resources"][0]["listed"], Value::Null);
}

#[test]
fn ten_thousand_repositories_are_eleven_pages() {
    let world = World::of(CHART);
    world.edit(|state| {
        for number in 0..10_000 {
            state.ensure_repository(NORTH, "team-a", &format!("r-{number:05}"));
        }
    });
    let output = list(&world, &["team-a"]).exits(0);
    assert!(
        output.stdout.contains("10000 repositories"),
        "{}",
        output.stderr
    );
    // The last page is full, so another one shows that it is the last.
    assert_eq!(world.journal().len(), 1 + 10 + 1);
}

#[test]
fn nothing_that_is_live_is_an_error() {
    let world = world();
    let output = list(&world, &["nobody"]).exits(1);
    let output = output.warns("error: `nobody` covers nothing that is live");
    assert_eq!(output.stdout, "Nothing is live here.\n");
    let _ = list(&world, &["te?m"]).exits(64).warns("PATTERN");
}

#[test]
fn a_failed_list_is_no_short_one() {
    let world = world();
    let body = ErrorBody::Other {
        status: 403,
        content_type: "text/plain".to_owned(),
        text: "no".to_owned(),
    };
    let effect = Effect::Status {
        body,
        retry_after: None,
        committed: false,
    };
    world.inject(Fault::new(effect).path("/repos").forever());
    let output = list(&world, &["team-a"]).exits(1);
    let output = output.warns("cannot read the repository list of cn-north-4");
    assert_eq!(output.stdout, "");
    let document = list(&world, &["team-a", "--format", "json"])
        .exits(1)
        .json();
    assert_eq!(document["diagnostics"][0]["code"], "unreadable");
    world.chart("version: 1\nregion: 7\n");
    let document = list(&world, &["--format", "json"]).exits(1).json();
    assert_eq!(document["resources"], json!([]));
    assert_ne!(document["diagnostics"], json!([]));
}

#[test]
fn a_name_cannot_drive_a_terminal_or_a_runner() {
    let world = World::of("version: 1\nregion: cn-north-4\norganizations: { team-a: }\n");
    world.edit(|state| {
        for name in [
            "a\u{1b}[31m\u{202e}",
            "::add-mask::x",
            "b\n::error::x",
            "c ##[error]y",
        ] {
            state.ensure_repository(NORTH, "team-a", name);
        }
        state.ensure_organization(NORTH, "\n::stop-commands::x");
    });
    for arguments in [&[][..], &["team-a"], &["**", "--rules"]] {
        for format in ["text", "json"] {
            let output = list(&world, &[arguments, &["--format", format]].concat());
            for line in output.stdout.lines().chain(output.stderr.lines()) {
                let is_obeyed = line.trim_start().starts_with("::") || line.contains("##[");
                assert!(!is_obeyed, "{line}");
                assert!(!line.contains(['\u{1b}', '\u{202e}', '\r']), "{line:?}");
            }
        }
    }
}

#[test]
fn another_account_is_told() {
    let world = world();
    world.chart(&format!("account: acme\n{CHART}"));
    let output = list(&world, &[]).exits(0);
    let _ = output.warns("warning: the chart is for account acme, and this is emulator");
}
