//! `export`: what is live as a chart, whose plan is empty.

use std::fs;

use portolan::emulator::{Effect, Fault, GitRepository, Grant, Share, State, SyncRule};

use crate::support::{NORTH, World};

const EAST: &str = "cn-east-3";
const SOUTH: &str = "cn-south-1";

/// Two organizations, one of them in two regions, with rules to one place.
fn world() -> World {
    let world = World::new();
    world.edit(|state| {
        for name in ["api", "web", "jobs/mail", "jobs/report"] {
            repository(state, NORTH, "acme-shop", name, "app_server", &["acme-dr"]);
        }
        repository(state, NORTH, "acme-shop", "base", "linux", &[]);
        repository(state, NORTH, "acme-data", "etl", "app_server", &["acme-dr"]);
        repository(state, SOUTH, "acme-shop", "api", "app_server", &["acme-dr"]);
        repository(state, SOUTH, "acme-shop", "web", "app_server", &["acme-dr"]);
        state.ensure_organization(EAST, "acme-dr");
    });
    world
}

fn repository(
    state: &mut State,
    region: &str,
    organization: &str,
    name: &str,
    category: &str,
    targets: &[&str],
) {
    let repository = state.ensure_repository(region, organization, name);
    category.clone_into(&mut repository.category);
    for target in targets {
        repository.sync_rules.push(SyncRule::to(EAST, target));
    }
}

fn read(world: &World, name: &str) -> String {
    fs::read_to_string(world.path(name)).unwrap()
}

/// The plan of these charts is empty, and nothing in them is doubtful.
#[track_caller]
fn is_settled(world: &World, chart: &str) {
    let output = world.run(&["-f", chart, "plan", "--detailed-exitcode"]);
    let output = output.exits(0).says("No changes.");
    assert!(!output.stderr.contains("warning"), "{output}");
}

fn lines(text: &str) -> usize {
    let is_counted = |line: &&str| !line.is_empty() && !line.starts_with('#');
    text.lines().map(str::trim).filter(is_counted).count()
}

#[test]
fn an_organization_is_written_as_a_person_would() {
    let world = world();
    let output = world
        .run(&["export", "acme-shop", "--region", NORTH])
        .exits(0);
    assert_eq!(output.stderr, "");
    insta::assert_snapshot!(output.stdout, @r#"
    version: 1
    region: cn-north-4

    defaults:
      repository:
        is_public: false
        category: app_server
        description: ""
        sync: [ { target_region: cn-east-3, target_organization: acme-dr, override: false } ]

    organizations:
      acme-shop:
        repositories:
          api:
          base: { category: linux, sync: [] }
          web:

          jobs/mail:
          jobs/report:
    "#);
    world.chart(&output.stdout);
    world.is_settled();
}

#[test]
fn several_regions_are_a_document_each() {
    let world = world();
    let output = world
        .run(&["export", "--all", "--region", SOUTH, "--region", NORTH])
        .exits(0);
    insta::assert_snapshot!(output.stdout, @r#"
    version: 1
    region: cn-north-4

    chart_defaults:
      repository:
        is_public: false
        category: app_server
        description: ""
        sync: [ { target_region: cn-east-3, target_organization: acme-dr, override: false } ]

    organizations:
      acme-data:
        repositories:
          etl:

      acme-shop:
        repositories:
          api:
          base: { category: linux, sync: [] }
          web:

          jobs/mail:
          jobs/report:
    ---
    version: 1
    region: cn-south-1

    organizations:
      acme-shop:
        repositories:
          api:
          web:
    "#);
    world.chart(&output.stdout);
    world.is_settled();
    // An organization need not be everywhere.
    let output = world
        .run(&["export", "acme-data", "--region", SOUTH, "--region", NORTH])
        .exits(0);
    assert!(!output.stdout.contains(SOUTH), "{output}");
}

#[test]
fn a_split_chart_has_a_file_for_each_organization() {
    let world = world();
    world.edit(|state| {
        state.ensure_mirror(NORTH, "platform", "app", "https://git.example.com/app.git");
        state.ensure_repository(NORTH, "acme-data", "Odd//Name");
    });
    let both = ["--region", NORTH, "--region", SOUTH];
    let command = ["export", "--all", "--mirrors", "--split", "--out", "chart"];
    let output = world
        .run(&[&command[..], &both[..]].concat())
        .exits(0)
        .says("Wrote chart with 5 files; `portolan --file chart plan` shows");
    let _ = output.warns("warning: left unmanaged: repository cn-north-4/acme-data/Odd//Name: ");
    let mut names: Vec<String> = fs::read_dir(world.path("chart"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "_chart.yaml",
            "_mirrors.yaml",
            "acme-data.yaml",
            "acme-shop.yaml",
            "portolan.schema.json",
        ]
    );
    let texts: Vec<String> = names[..4]
        .iter()
        .map(|name| format!("==== {name}\n{}", read(&world, &format!("chart/{name}"))))
        .collect();
    insta::assert_snapshot!(texts.concat(), @r#"
    ==== _chart.yaml
    # yaml-language-server: $schema=portolan.schema.json
    # After an upgrade: portolan schema > portolan.schema.json
    version: 1
    region: cn-north-4

    chart_defaults:
      repository:
        is_public: false
        category: app_server
        description: ""
        sync: [ { target_region: cn-east-3, target_organization: acme-dr, override: false } ]
    ==== _mirrors.yaml
    # yaml-language-server: $schema=portolan.schema.json
    # After an upgrade: portolan schema > portolan.schema.json
    version: 1
    region: cn-north-4

    mirrors:
      platform/app: { url: "https://git.example.com/app.git", scheduled: false, endpoint: "" }
    ==== acme-data.yaml
    # yaml-language-server: $schema=portolan.schema.json
    # After an upgrade: portolan schema > portolan.schema.json
    #
    # Not in this chart, so unmanaged:
    # - repository cn-north-4/acme-data/Odd//Name: `Odd//Name` is not a valid name in a chart: expected 1 to 128 characters: lowercase letters and digits with single `.`, `/`, `_`, `__` or `-` between them
    version: 1
    region: cn-north-4

    organizations:
      acme-data:
        repositories:
          etl:
    ==== acme-shop.yaml
    # yaml-language-server: $schema=portolan.schema.json
    # After an upgrade: portolan schema > portolan.schema.json
    version: 1
    region: cn-north-4

    organizations:
      acme-shop:
        repositories:
          api:
          base: { category: linux, sync: [] }
          web:

          jobs/mail:
          jobs/report:
    ---
    version: 1
    region: cn-south-1

    organizations:
      acme-shop:
        repositories:
          api:
          web:
    "#);
    is_settled(&world, "chart");
    // An empty directory is as good as none, and one with something in it is left alone.
    fs::create_dir(world.path("empty")).unwrap();
    let into = |name| {
        [
            "export", "--all", "--split", "--out", name, "--region", NORTH,
        ]
    };
    let _ = world.run(&into("empty")).exits(0);
    world.file("full/notes.txt", "mine");
    let output = world.run(&into("full")).exits(1);
    let _ = output.warns("full exists already, and is left unchanged");
    assert_eq!(fs::read_dir(world.path("full")).unwrap().count(), 1);
}

#[test]
fn a_file_is_written_with_the_schema_and_never_over_another() {
    let world = world();
    let command = [
        "export",
        "acme-shop",
        "--region",
        NORTH,
        "--out",
        "shop.yaml",
    ];
    let _ = world
        .run(&command)
        .exits(0)
        .says("Wrote shop.yaml and portolan.schema.json; `portolan --file shop.yaml plan` shows");
    let text = read(&world, "shop.yaml");
    assert!(text.starts_with("# yaml-language-server: $schema=portolan.schema.json\n"));
    is_settled(&world, "shop.yaml");
    let asked = world.journal().len();
    let _ = world
        .run(&command)
        .exits(1)
        .warns("shop.yaml exists already, and is left unchanged");
    assert_eq!(
        (read(&world, "shop.yaml"), world.journal().len()),
        (text, asked)
    );
    let _ = world
        .run(&[
            "export",
            "acme-shop",
            "--region",
            NORTH,
            "--out",
            "no/shop.yaml",
        ])
        .exits(1)
        .warns("its directory does not exist");
}

#[test]
fn who_may_do_what_is_written_if_it_is_asked_for() {
    let world = World::new();
    let iam = world.endpoint();
    let world = world.variable("PORTOLAN_ENDPOINT_IAM", &iam);
    world.edit(|state| {
        state.caller = "root".to_owned();
        for (at, user) in ["ada", "bob", "ci"].into_iter().enumerate() {
            state.users.insert(user.to_owned(), format!("{at:0>32}"));
        }
        let web = state.ensure_repository(NORTH, "team-a", "web");
        web.access = vec![grant("ci", 3)];
        web.shares = vec![Share {
            deadline: "2100-01-01T00:00:00Z".to_owned(),
            description: "audit".to_owned(),
            ..Share::with("partner-co")
        }];
        for name in ["api", "odd"] {
            state.ensure_repository(NORTH, "team-a", name);
        }
        state.ensure_repository(NORTH, "team-a", "open").is_public = true;
        let organization = state.organization_mut(NORTH, "team-a").unwrap();
        organization.creator = "root".to_owned();
        organization.access = vec![grant("ada", 7), grant("bob", 1)];
    });
    world.chart(
        "version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web: { retention: { keep_tags: 30, except: [ latest, { regexp: '^v[0-9].*$' } ] } }
      api: { retention: { keep_tags: 30, except: [ latest, { regexp: '^v[0-9].*$' } ] } }
      open: { retention: { keep_tags: 30, except: [ latest, { regexp: '^v[0-9].*$' } ] } }
      odd: { retention: { keep_days: 14 } }
",
    );
    let _ = world
        .run(&["apply", "--yes", "--allow", "collects=100"])
        .exits(0);
    world.edit(|state| {
        let odd = state.ensure_repository(NORTH, "team-a", "odd");
        odd.access = vec![grant("bob", 5)];
    });
    let plain = world.run(&["export", "team-a", "--region", NORTH]).exits(0);
    for word in ["retention", "access", "share"] {
        assert!(!plain.stdout.contains(word), "{plain}");
    }
    let include = "--include=retention,access,share";
    let output = world
        .run(&["export", "team-a", "--region", NORTH, include])
        .exits(0)
        .warns(
            "warning: left unmanaged: permissions of repository cn-north-4/team-a/odd: access \
            cn-north-4/team-a/odd: bob: a chart cannot have the value \"5\"\n",
        );
    insta::assert_snapshot!(output.stdout, @r#"
    # Not in this chart, so unmanaged:
    # - permissions of repository cn-north-4/team-a/odd: access cn-north-4/team-a/odd: bob: a chart cannot have the value "5"
    version: 1
    region: cn-north-4

    defaults:
      repository:
        is_public: false
        category: other
        description: ""
        sync: []
        retention: { keep_tags: 30, except: [ latest, { regexp: "^v[0-9].*$" } ] }

    organizations:
      team-a:
        access: [ { user: ada, level: manage }, { user: bob, level: read } ]
        repositories:
          api: { access: [], share: [] }
          odd: { retention: { keep_days: 14 }, share: [] }
          open: { is_public: true, access: [], share: [] }
          web:
            access: [ { user: ci, level: write } ]
            share: [ { account: partner-co, until: "2099-12-31", description: audit } ]
    "#);
    world.chart(&output.stdout);
    world.is_settled();
    // It is managed now.
    world.edit(|state| {
        let web = state.ensure_repository(NORTH, "team-a", "web");
        web.access.clear();
        web.shares.clear();
        web.retentions.clear();
    });
    let output = world.plan(&[]).exits(0).says("10 unchanged, 1 withheld.");
    assert_eq!(output.stdout.matches("  + ").count(), 3, "{output}");
}

fn grant(user: &str, auth: u8) -> Grant {
    Grant {
        user: user.to_owned(),
        auth,
    }
}

#[test]
fn mirrors_are_written_if_they_are_asked_for() {
    let world = World::new();
    world.edit(|state| {
        state.ensure_mirror(NORTH, "platform", "app", "https://git.example.com/app.git");
        state.ensure_mirror(
            NORTH,
            "platform",
            "secret",
            "https://bob:hunter2@example.com/a.git",
        );
        state.ensure_git_repository(NORTH, "platform", "plain");
        state.ensure_repository(NORTH, "team-a", "web");
        state.ensure_mirror(NORTH, "platform", "group/lib", "https://example.com/l.git");
        let lib = state.git_repository_mut(NORTH, "platform", "group/lib");
        let lib: &mut GitRepository = lib.unwrap();
        lib.mirror.as_mut().unwrap().scheduled = true;
    });
    let output = world
        .run(&["export", "--mirrors", "--region", NORTH])
        .exits(0)
        .warns("left unmanaged: url of mirror cn-north-4/platform/secret: it contains a URL with");
    assert!(!format!("{output}").contains("hunter2"), "{output}");
    insta::assert_snapshot!(output.stdout, @r#"
    # Not in this chart, so unmanaged:
    # - url of mirror cn-north-4/platform/secret: it contains a URL with a login, or a secret of this invocation
    version: 1
    region: cn-north-4

    mirrors:
      platform/app: { url: "https://git.example.com/app.git", scheduled: false, endpoint: "" }
      platform/group/lib: { url: "https://example.com/l.git", scheduled: true, endpoint: "" }
      platform/secret: { scheduled: false, endpoint: "" }
    "#);
    world.chart(&output.stdout);
    world.is_settled();
    let output = world.run(&["export", "--all", "--region", NORTH]).exits(0);
    assert!(!output.stdout.contains("mirrors"), "{output}");
}

#[test]
fn a_wrong_command_line_asks_nothing() {
    let world = world();
    world.chart("version: 1\n");
    let region = ["--region", NORTH];
    for (arguments, problem) in [
        (&[][..], "name the organizations to export, or `--all`"),
        (&["acme-shop", "acme-shop"], "`acme-shop` is given twice"),
        (&["Shop"], "`Shop` is not an organization"),
        (&["--all", "acme-shop"], "cannot be used with"),
        (&["--all", "--split"], "--out <PATH>"),
        (
            &["--all", "--region", NORTH],
            "`--region cn-north-4` is given twice",
        ),
        (
            &["--all", "--include", "rules"],
            "expected one of retention, access, share",
        ),
        (&["--all", "--include", ""], "expected one of"),
        (&["--all", "-f", "portolan.yaml"], "`export` reads no chart"),
        (
            &["--all", "--out", "portolan.schema.json"],
            "is the name of the schema",
        ),
        (&["--all", "--out", "-"], "is standard output"),
        (&["--all", "--split", "--out", ".."], "name something new"),
    ] {
        let _ = world
            .run(&[&["export"], arguments, &region].concat())
            .exits(64)
            .warns(problem);
    }
    let _ = world
        .run(&["export", "--all"])
        .exits(64)
        .warns("`export` needs `--region REGION`");
    // Of the other commands, none reads several regions.
    let _ = world
        .run(&["plan", "--region", NORTH, "--region", EAST])
        .exits(64)
        .warns("`--region cn-east-3` is a second region: only `export`, `list` and `doctor` take several");
    assert!(world.journal().is_empty());
}

#[test]
fn nothing_is_written_of_what_cannot_be_read() {
    let world = world();
    let both = ["--region", NORTH, "--region", SOUTH, "--out", "a.yaml"];
    let run = |arguments: &[&str]| world.run(&[&["export"], arguments, &both].concat());
    let _ = run(&["acme-shop", "nobody"])
        .exits(1)
        .warns("organization cn-north-4/nobody, nor organization cn-south-1/nobody does not exist");
    let _ = world
        .run(&["export", "--all", "--region", "cn-north-1"])
        .exits(1)
        .warns("there is nothing to export in cn-north-1");
    world.edit(|state| drop(state.ensure_organization("cn-north-9", "Bad Name").clone()));
    let _ = world
        .run(&["export", "--all", "--region", "cn-north-9"])
        .exits(1)
        .warns("left unmanaged: organization cn-north-9/Bad Name: ")
        .warns("nothing is written: a chart cannot express any of it");
    world.inject(
        Fault::new(Effect::forbidden())
            .path("/namespaces")
            .forever(),
    );
    let _ = run(&["--all"]).exits(1).warns("403");
    assert!(!world.path("a.yaml").exists() && !world.path("portolan.schema.json").exists());
}

/// The chart of a company that is kept by hand, and what is made of the world that it makes.
#[test]
fn the_export_of_a_chart_that_people_keep_is_hardly_longer() {
    let world = World::new();
    let kept = include_str!("../../examples/estate.yaml");
    world.chart(kept);
    let _ = world.run(&["apply", "--yes", "-q"]).exits(0);
    let output = world.run(&["export", "--all", "--region", NORTH]).exits(0);
    let (made, by_hand) = (lines(&output.stdout), lines(kept));
    assert!(
        made * 10 <= by_hand * 12,
        "{made} lines for {by_hand}: {output}"
    );
    let long = output
        .stdout
        .lines()
        .filter(|line| line.chars().count() > 100);
    assert_eq!(long.collect::<Vec<_>>(), [""; 0]);
    world.chart(&output.stdout);
    world.is_settled();
}

#[test]
fn two_thousand_repositories_in_three_regions_are_short() {
    let world = World::new();
    let regions = [NORTH, SOUTH, "cn-north-1"];
    world.edit(|state| {
        for (at, region) in regions.iter().cycle().take(2000).enumerate() {
            let (team, name) = (format!("team-{}", at / 3 % 9), format!("app-{at}/main"));
            let category = ["app_server", "linux", "app_server"][at / 7 % 3];
            let targets = [&["dr"][..], &["dr", "asia"], &[]][at / 3 % 9 / 3];
            repository(state, region, &team, &name, category, targets);
        }
    });
    let all = ["export", "--all", "--split", "--out", "chart"];
    let regions = regions.iter().flat_map(|region| ["--region", *region]);
    let arguments: Vec<&str> = all.into_iter().chain(regions).collect();
    let _ = world.run(&arguments).exits(0);
    let files = fs::read_dir(world.path("chart")).unwrap();
    let yaml = files.map(|file| file.unwrap().path());
    let yaml = yaml.filter(|path| path.extension().is_some_and(|end| end == "yaml"));
    let lines: usize = yaml
        .map(|path| lines(&fs::read_to_string(path).unwrap()))
        .sum();
    assert!((2000..2400).contains(&lines), "{lines} lines");
    is_settled(&world, "chart");
}
