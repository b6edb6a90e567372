//! The scenarios: chart text, live values, and options.

use std::sync::Arc;

use portolan::{
    config::{self, context::Context},
    diagnostics::SourceMap,
    kind::{Item, access, organization, repository, retention, share},
    pattern::Pattern,
    plan::{Plan, Scope, build::build},
    scope::Selection,
    state::{Live, LiveResource, ReadFailure},
    time::Moment,
    wire::Service,
};
use serde_json::json;

use super::copies::{BACKFILL, COPYING, copied, copying};
use crate::given;

/// The time of the plans.
pub(super) const NOW: i64 = 1_795_248_000;

/// A live repository: `region/organization/name`, public, images, description.
type Row<'a> = (&'a str, bool, u64, &'a str);

pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) plan: Plan,
}

fn live(rows: &[Row<'_>], rules: &[(&str, &str, bool)]) -> Live {
    given::live(rows.iter().map(|(path, is_public, images, description)| {
        let found = given::repository(path)
            .with("is_public", *is_public)
            .with("description", *description)
            .images(*images);
        let rules = rules.iter().filter(|(parent, ..)| parent == path);
        rules.fold(found, |found, (_, target, overrides)| {
            found.rule("x-1", target, *overrides)
        })
    }))
}

/// Two mirrors with a last success at the time of the plans and a day before, and an ordinary
/// repository.
fn mirrors() -> Live {
    let mirror = |name: &str, id: u64, success: &str| {
        given::mirror(&format!("r-1/p/{name}"), id)
            .with("url", format!("https://git.example.com/{name}.git"))
            .last_success(success)
    };
    given::live([
        mirror("fresh", 1, "2026-11-21T07:00:00Z"),
        mirror("stale", 2, "2026-11-20T07:00:00+08:00"),
        given::git_repository("r-1/p/plain", 3),
    ])
}

/// The permissions of four users on an organization, and of one on its repository.
fn permissions() -> Live {
    let mut live = live(&[("r-1/o/web", false, 3, "")], &[]);
    let of_organization = organization::address("r-1", "o");
    let of_repository = repository::address("r-1", "o", "web");
    for (of, user, level) in [
        (&of_organization, "ada", "manage"),
        (&of_organization, "bob", "read"),
        (&of_organization, "ci-apply", "manage"),
        (&of_organization, "cyd", "5"),
        (&of_repository, "gone", "write"),
    ] {
        let id = json!(format!("id-{user}"));
        let attributes = [("level", json!(level)), ("user_id", id)].into();
        let found = LiveResource {
            attributes,
            ..LiveResource::default()
        };
        live.resources.insert(access::address(of, user), found);
    }
    let region = || Arc::from("r-1");
    for (user, id) in [("new", "id-new"), ("boss", "id-boss"), ("bobby", "id-bob")] {
        let id = id.to_owned();
        live.persons.insert((region(), Arc::from(user)), id);
    }
    live
}

/// Lowers, raises and gives permissions, and takes one away.
const PERMISSIONS: &str = "\
operators: [ ci-apply ]
organizations:
  o:
    access:
      - { user: ada, level: write }
      - { user: bob, level: write }
      - { user: boss, level: manage }
      - { user: cyd, level: manage }
    repositories:
      web: { access: [ { user: new, level: read } ] }
";

/// Another id, another name of the id, and no id.
const WRONG_USERS: &str = "\
organizations:
  o:
    access:
      - { user: ada, level: write, user_id: ffffffffffffffffffffffffffffffff }
      - { user: bobby, level: write }
      - { user: nobody, level: read }
";

/// One organization with a new name for one of two unlisted repositories.
const RENAMED: &str = "\
organizations:
  o: { unlisted: delete, repositories: { frontend: {} } }
";

const REVIVED: &str = "\
organizations:
  o:
    repositories:
      a:
        share:
          - { account: described, until: forever }
          - { account: ended, until: 2027-12-31 }
          - { account: longer, until: 2028-06-30 }
          - { account: new-co, until: forever }
          - { account: same, until: 2027-12-31 }
          - { account: shorter, until: forever }
      b: {}
      c: {}
      d: { share: [] }
";

const MIRRORS: &str = "\
mirrors:
  p/fresh: { url: 'https://git.example.com/moved.git', branches: default, max_age: 6h }
  p/plain: { url: 'https://git.example.com/plain.git', scheduled: true, force: true, max_age: 1d }
  p/stale: { branches: all, max_age: 6h }
";

/// Creates, tightens, loosens and replaces a policy, takes one over, and withdraws one.
const RETENTIONS: &str = "\
protect: [ o/kept ]
organizations:
  o:
    repositories:
      created: { retention: { keep_days: 1, except: [ latest, { regexp: ^v1 } ] } }
      foreign: { retention: { keep_tags: 4 } }
      kept: { retention: { keep_tags: 4 } }
      looser: { retention: { keep_tags: 9 } }
      replaced: { retention: { keep_days: 365, except: [ latest ] } }
      tighter: { retention: { keep_tags: 3 } }
      withdrawn: { retention: none }
";

/// Repositories of five tags each, most with a policy.
fn retained() -> Live {
    let names = [
        "created",
        "foreign",
        "kept",
        "looser",
        "replaced",
        "tighter",
        "withdrawn",
    ];
    let repositories = names.map(|name| given::repository(&format!("r-1/o/{name}")).images(5));
    let mut live = given::live(repositories);
    for (at, name) in (30..).zip(names) {
        let parent = repository::address("r-1", "o", name);
        let tags = ["v1", "v10", "v2", "v3", "latest"];
        let tag = |(age, tag): (i64, &str)| Item {
            name: tag.to_owned(),
            since: Some(Moment(NOW - 86_400 * age)),
            digest: None,
        };
        let tags = (0..5).rev().zip(tags).map(tag).collect();
        live.contents.insert(parent.clone(), tags);
        let attributes = match name {
            "created" => continue,
            "foreign" => [("policy", json!("two rules"))].into(),
            "tighter" => [("keep_tags", json!(4)), ("except", json!(["latest"]))].into(),
            _ => [("keep_tags", json!(5)), ("except", json!([]))].into(),
        };
        let found = LiveResource {
            attributes,
            id: Some(at),
            ..LiveResource::default()
        };
        live.resources.insert(retention::address(&parent), found);
    }
    live
}

const SHARING: &str = "\
limits: { allow: ['shares=4'] }
organizations:
  o:
    repositories:
      a:
        share:
          - { account: described, until: forever, description: new }
          - { account: ended, until: 2020-12-31 }
          - { account: longer, until: 2028-06-30 }
          - { account: New-Co, until: 2027-12-31, description: yearly audit }
          - { account: same, until: 2027-12-31 }
          - { account: shorter, until: '2027-01-01T12:00:00Z' }
      b: { share: [] }
      c: { share: [ { account: new-co, until: forever } ] }
      d: {}
";

/// A repository that is shared in every way, one that shall not be, and one that no list mentions.
fn shared() -> Live {
    let rows = [("a", 40), ("b", 1), ("c", 1), ("d", 3)];
    let mut live = given::live(rows.map(|(name, images)| {
        let found = given::repository(&format!("r-1/o/{name}")).images(images);
        match name {
            "a" => found
                .share("described", "forever", "old")
                .share("ended", "2020-12-31T16:00:00Z", "")
                .share("LONGER", "2028-01-01T00:00:00Z", "")
                .share("same", "2027-12-31T16:00:00Z", "")
                .share("shorter", "forever", ""),
            "b" => found.share("gone", "2027-12-31T16:00:00Z", "no longer"),
            _ => found,
        }
    }));
    let holders = ["a", "b", "d"].map(|name| repository::address("r-1", "o", name));
    live.holders.insert(&share::SHARE, holders.into());
    live
}

const LOGINS: &str = "\
mirrors:
  p/fresh:
    url: 'https://git.example.com/moved.git'
    max_age: 6h
    credentials: { username: { env: GIT_USER }, password: { env: GIT_TOKEN } }
  p/plain: { url: 'https://git.example.com/plain.git', endpoint: \
  b3dc4fb4-5f42-4b3a-9f6e-8f6d1f1f0c11, max_age: 1d }
  p/stale: { max_age: 6h, credentials: { username: { env: GIT_USER }, password: { file: \"run/a \
  `b` | <i>\\n::error\" } } }
";

fn scenario(
    name: &'static str,
    chart: &str,
    live: &Live,
    allow: &[&str],
    targets: &[&str],
) -> Scenario {
    let mut sources = SourceMap::default();
    sources.add("chart.yaml", chart);
    let decoded = config::decode(Context {
        sources: &sources,
        environment: &|_| None,
        region: None,
    });
    assert!(!decoded.found.has_errors(), "{name}: {:#?}", decoded.found);
    let consents: Vec<_> = allow.iter().map(|text| text.parse().unwrap()).collect();
    let targets: Vec<Pattern> = targets.iter().map(|text| text.parse().unwrap()).collect();
    let account = if name.ends_with("hostile-texts") {
        "a|`b`<i>\n::error"
    } else {
        "acme"
    };
    let scope = Scope {
        endpoints: [(
            (Service::Swr, "r-1".to_owned()),
            "https://swr-api.r-1.myhuaweicloud.com".to_owned(),
        )]
        .into(),
        account: [("r-1".to_owned(), account.to_owned())].into(),
        selection: Selection {
            targets,
            ..Selection::default()
        },
        ..Scope::default()
    };
    // 2026-11-21T08:00:00Z
    Scenario {
        name,
        plan: build(&decoded.chart, live, &consents, scope, Moment(NOW)),
    }
}

fn chart(keys: &str) -> String {
    format!("version: 1\nregion: r-1\n{keys}")
}

const RISKS: &str = "\
organizations:
  o:
    repositories:
      empty: { state: absent }
      full: { state: absent }
      private: { is_public: true }
      rules:
        sync:
          - { target_region: x-1, target_organization: fresh, override: true }
          - { target_region: x-1, target_organization: off, override: true }
          - { target_region: x-1, target_organization: on, override: false }
      stays: {}
";

const ACTIONS: &str = "\
organizations:
  o:
    repositories:
      created: { is_public: true, category: linux, description: new }
      gone: { state: absent }
      replaced: { sync: [ { target_region: x-1, target_organization: dr, override: true } ] }
      updated:
        description: The front end of the shop. See the runbook of the team before you touch it, \
        please.
";

/// Two organizations and two regions with the same changes, of which some copy to another place.
fn almost_equal() -> String {
    let names = |from: usize, to: usize, keys: &str| -> String {
        (from..to)
            .map(|number| format!("      r{number:02}: {keys}\n"))
            .collect()
    };
    let rule = |target: &str| {
        format!("{{ sync: [ {{ target_region: x-1, target_organization: {target} }} ] }}")
    };
    let app = names(0, 13, &rule("dr")) + &names(13, 14, &rule("attacker"));
    let (plain, public) = ("{ category: arm }", "{ is_public: true }");
    let organization =
        |name: &str, repositories: &str| format!("  {name}:\n    repositories:\n{repositories}");
    let north = [
        organization("app", &app),
        organization("billing", &names(0, 11, plain)),
        organization("open", &names(0, 12, public)),
        organization("shop", &names(0, 12, plain)),
    ];
    let south = [organization("shop", &names(0, 7, plain))];
    let document = |region: &str, organizations: &[String]| {
        format!(
            "version: 1\nregion: {region}\norganizations:\n{}",
            organizations.concat()
        )
    };
    format!(
        "{}---\n{}",
        document("r-1", &north),
        document("r-2", &south)
    )
}

/// The copies of `almost_equal` exist, and so do unlisted repositories.
fn unlisted() -> Live {
    let names = |organization: &str, number: usize| -> Vec<String> {
        (0..number)
            .map(|at| format!("r-1/{organization}/u{at:02}"))
            .collect()
    };
    let copied = (0..14).map(|number| format!("r-1/app/r{number:02}"));
    let names: Vec<String> = copied
        .chain(names("app", 12))
        .chain(names("billing", 1))
        .collect();
    let rows: Vec<Row<'_>> = names
        .iter()
        .map(|path| (path.as_str(), false, 0, ""))
        .collect();
    live(&rows, &[])
}

const LONG: &str =
    "The front end of the shop. See the wiki of the team before you touch it, please.";

const HOSTILE: &str = "</details> | `a` | @everyone <img src=x>\n| - | ```\n\
    **bold** \\| \u{202e}#1 and https://example.org";

/// Commands of a CI runner, at the beginning of a line after blanks and in the middle of one.
const COMMANDS: &str =
    "The image of the shop.\n::add-mask::e\n\u{a0} ::error::gone\nSee ##[add-mask]e";

/// Not seen, and the letters of its escape.
const UNSEEN: &str = "in\u{ad}vis\u{200b}ible \u{e0041}, not \\u{200b}";

/// Two repositories, one with images.
fn two() -> Live {
    live(&[("r-1/o/a", false, 0, ""), ("r-1/o/b", false, 7, "")], &[])
}

const TWO: &str = "organizations: { o: { repositories: { a: {}, b: {} } } }\n";

pub(crate) fn all() -> Vec<Scenario> {
    let parts = [of_changes(), of_sizes(), of_reads(), of_texts(), of_kinds()];
    let mut all: Vec<Scenario> = parts.into_iter().flatten().collect();
    all.sort_by_key(|scenario| scenario.name);
    all
}

/// Each action and risk, and what is left out.
fn of_changes() -> Vec<Scenario> {
    let risks = live(
        &[
            ("r-1/o/empty", false, 0, ""),
            ("r-1/o/full", false, 143, ""),
            ("r-1/o/private", false, 2, ""),
            ("r-1/o/rules", false, 1, ""),
            ("r-1/o/stays", false, 1, ""),
        ],
        &[
            ("r-1/o/rules", "gone", true),
            ("r-1/o/rules", "off", false),
            ("r-1/o/rules", "on", true),
        ],
    );
    let actions = live(
        &[
            ("r-1/o/gone", false, 0, ""),
            ("r-1/o/replaced", false, 3, ""),
            ("r-1/o/updated", false, 1, LONG),
            ("r-1/o/unlisted", false, 1, ""),
        ],
        &[("r-1/o/replaced", "dr", false)],
    );
    let withheld = "organizations: { o: { repositories: { a: { is_public: true }, b: { state: \
        absent } } } }\n";
    let protected = "protect: ['o/b*']\norganizations: { o: { unlisted: delete, repositories: { a: \
        { category: arm } } } }\n";
    vec![
        scenario("001-nothing", &chart(TWO), &two(), &[], &[]),
        scenario("002-each-action", &chart(ACTIONS), &actions, &[], &[]),
        scenario("003-each-risk", &chart(RISKS), &risks, &["exposes"], &[]),
        scenario("004-withheld", &chart(withheld), &two(), &[], &[]),
        scenario(
            "005-protected",
            &chart(protected),
            &two(),
            &["destroys-data"],
            &[],
        ),
        scenario("007-partial", &chart(TWO), &two(), &[], &["o/a*", "o/@b|c"]),
    ]
}

fn of_sizes() -> Vec<Scenario> {
    let many: Vec<String> = (0..12)
        .map(|number| format!("r-1/o/r{number:02}"))
        .collect();
    let many: Vec<Row<'_>> = many
        .iter()
        .map(|path| (path.as_str(), false, 0, ""))
        .collect();
    let gone: String = (0..11)
        .map(|number| format!("      r{number:02}: {{ state: absent }}\n"))
        .collect();
    let gone = format!("organizations:\n  o:\n    repositories:\n{gone}      r11: {{}}\n");
    let equal: String = (0..1000)
        .map(|number| format!("      r{number:03}: {{ category: linux }}\n"))
        .collect();
    let equal = format!("organizations:\n  o:\n    repositories:\n{equal}");
    vec![
        scenario(
            "006-over-the-limit",
            &chart(&gone),
            &live(&many, &[]),
            &[],
            &[],
        ),
        scenario(
            "009-a-thousand-equal",
            &chart(&equal),
            &live(&[("r-1/o/x", false, 0, "")], &[]),
            &[],
            &[],
        ),
    ]
}

/// What could not be read, and several regions.
fn of_reads() -> Vec<Scenario> {
    let unread = ReadFailure {
        subject: "repository list of r-1".to_owned(),
        message: "403: HTML instead of JSON (\"<b>no</b>\")".to_owned(),
        hint: Some("ask for the permission".to_owned()),
    };
    let unknown = Live {
        failures: vec![unread],
        ..Live::default()
    };
    let regions = "version: 1\nregion: r-1\norganizations: { o: { repositories: { a: { is_public: \
        true }, b: {} } } }\n\
                   ---\nversion: 1\nregion: r-2\norganizations: { o: { repositories: { a: { \
                   category: arm } } } }\n\
                   ---\nversion: 1\nregion: r-3\norganizations: { new: {} }\n";
    let there = live(
        &[
            ("r-1/o/a", true, 0, ""),
            ("r-1/o/b", false, 7, ""),
            ("r-2/o/a", true, 1, ""),
        ],
        &[],
    );
    vec![
        scenario("008-unknown", &chart(TWO), &unknown, &[], &[]),
        scenario("010-multi-region", regions, &there, &[], &[]),
    ]
}

/// Texts that a terminal or a CI runner would act on.
fn of_texts() -> Vec<Scenario> {
    let hostile = format!(
        "organizations: {{ o: {{ repositories: {{ a: {{ description: {} }}, c: {{ description: {} \
        }} }} }} }}\n",
        json!(HOSTILE),
        json!(HOSTILE)
    );
    let of_runners = format!(
        "organizations: {{ o: {{ repositories: {{ a: {{ description: {} }}, b: {{ description: {} \
        }}, c: {{ description: '::warning::x' }} }} }} }}\n",
        json!(format!("{COMMANDS} today")),
        json!(UNSEEN),
    );
    let shop = live(
        &[
            ("r-1/o/a", false, 3, COMMANDS),
            ("r-1/o/b", false, 3, "in\u{ad}vis\u{200b}ible"),
        ],
        &[],
    );
    vec![
        scenario("011-hostile-texts", &chart(&hostile), &two(), &[], &[]),
        scenario("016-commands", &chart(&of_runners), &shop, &[], &[]),
    ]
}

fn of_kinds() -> Vec<Scenario> {
    vec![
        scenario("012-mirrors", &chart(MIRRORS), &mirrors(), &[], &[]),
        scenario(
            "013-one-way",
            &chart("mirrors: { p/fresh: { scheduled: false }, p/stale: { scheduled: false } }\n"),
            &mirrors(),
            &["one-way=1"],
            &[],
        ),
        scenario("014-logins", &chart(LOGINS), &mirrors(), &[], &[]),
        scenario("015-almost-equal", &almost_equal(), &unlisted(), &[], &[]),
        scenario("019-sharing", &chart(SHARING), &shared(), &[], &[]),
        scenario(
            "020-retention",
            &chart(RETENTIONS),
            &retained(),
            &["collects=4"],
            &[],
        ),
        scenario(
            "021-retention-withheld",
            &chart(RETENTIONS),
            &retained(),
            &[],
            &[],
        ),
        scenario("022-sharing-withheld", &chart(REVIVED), &shared(), &[], &[]),
        scenario(
            "023-renamed",
            &chart(RENAMED),
            &given::live(
                ["front-end", "old"]
                    .map(|name| given::repository(&format!("r-1/o/{name}")).images(3)),
            ),
            &["destroys-data", "deletes=9"],
            &[],
        ),
        scenario(
            "030-access",
            &chart(PERMISSIONS),
            &permissions(),
            &["admits=2"],
            &[],
        ),
        scenario(
            "031-access-withheld",
            &chart(PERMISSIONS),
            &permissions(),
            &["grants=0"],
            &[],
        ),
        scenario(
            "032-access-stopped",
            &chart(WRONG_USERS),
            &permissions(),
            &[],
            &[],
        ),
        scenario("040-backfill", &chart(BACKFILL), &copied(), &[], &[]),
        scenario("045-sync-jobs", &chart(COPYING), &copying(), &[], &[]),
    ]
}
