//! Errors in a combination of keys and values that are each valid.

use super::{Code, Example, charts, error};

pub(super) static CODES: &[Code] = &[
    error(
        "ambiguous-pattern",
        "The first segment of a pattern is the name of both a region and an organization or \
        project.",
        "A pattern of `protect` or `accept` starts with an organization, or with a region. Here \
        the first segment could be either. Write the full form: a printed address, with its kind \
        in front, always starts with the region.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  cn-north-4:
    repositories:
      ledger:
protect: [ cn-north-4/ledger ]
",
            r"version: 1
region: cn-north-4
organizations:
  cn-north-4:
    repositories:
      ledger:
protect: [ repository cn-north-4/cn-north-4/ledger ]
",
        ),
    ),
    error(
        "duplicate-chart-key",
        "`name`, `account` or `chart_defaults` appears twice in the chart.",
        "Each applies to the whole chart: all its files and documents. Keep one.",
        charts(
            r"version: 1
account: acme
region: cn-north-4
organizations:
  team-a:
---
version: 1
account: acme
region: cn-east-3
organizations:
  team-a-dr:
",
            r"version: 1
account: acme
region: cn-north-4
organizations:
  team-a:
---
version: 1
region: cn-east-3
organizations:
  team-a-dr:
",
        ),
    ),
    error(
        "duplicate-limits",
        "`limits` appears twice in the chart.",
        "`limits` applies to the whole chart: all its files and documents. Keep one.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
limits: { deletes: 5 }
---
version: 1
region: cn-east-3
organizations:
  team-a-dr:
limits: { deletes: 50 }
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
limits: { deletes: 5 }
---
version: 1
region: cn-east-3
organizations:
  team-a-dr:
",
        ),
    ),
    error(
        "duplicate-repository",
        "A repository is listed twice.",
        "The repositories of an organization may be spread over documents and files, but each has \
        one entry. Two entries are not merged, because neither takes precedence.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
---
version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
---
version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      alpine:
",
        ),
    ),
    error(
        "duplicate-setting",
        "A setting of an organization appears in two documents.",
        "`state`, `unlisted` and `defaults` of an organization apply to it in every document of \
        the region, so each may appear in only one of them.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a: { unlisted: report }
---
version: 1
region: cn-north-4
organizations:
  team-a: { unlisted: delete }
",
            r"version: 1
region: cn-north-4
organizations:
  team-a: { unlisted: report }
---
version: 1
region: cn-north-4
organizations:
  team-a: {}
",
        ),
    ),
    error(
        "duplicate-target",
        "A target is defined twice.",
        "`targets` apply to the whole chart: all its files and documents. Define each name once, \
        even if the two definitions are equal: one of them could be changed without the other.",
        charts(
            r"version: 1
region: cn-north-4
targets:
  dr: { region: cn-east-3, organization: team-a-dr }
---
version: 1
region: cn-south-1
targets:
  dr: { region: cn-east-3, organization: team-b-dr }
",
            r"version: 1
region: cn-north-4
targets:
  dr-a: { region: cn-east-3, organization: team-a-dr }
---
version: 1
region: cn-south-1
targets:
  dr-b: { region: cn-east-3, organization: team-b-dr }
",
        ),
    ),
    error(
        "expired-acceptance",
        "The last day of an acceptance has passed.",
        "Only `drift` checks the date. From the day after `until` it fails, even if nothing \
        differs there, and the differences count again. An acceptance without an end would hide \
        drift forever.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
accept:
  - { address: team-a, until: 2020-06-30, reason: a campaign }
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
accept:
  - { address: team-a, until: 9999-12-31, reason: not ours }
",
        ),
    ),
    error(
        "key-beside-absent",
        "`state: absent` does not allow another key beside it.",
        "An object that must not exist has no attributes, rules or settings, so one of the two is \
        a leftover. An organization may keep `repositories` if all of them are absent too.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      retired:
        state: absent
        is_public: false
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      retired:
        state: absent
",
        ),
    ),
    error(
        "missing-region",
        "A document has no `region`.",
        "Each document has its own `region`, which applies to everything in it. `--region` fills \
        it in for documents without one. It does not override a `region` in a document.",
        charts(
            r"version: 1
organizations:
  team-a:
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
",
        ),
    ),
    error(
        "own-secret",
        "A mirror would send cloud credentials to a git server.",
        "The chart decides which git server receives a login, so anyone who can change the chart \
        could send the cloud credentials to their own server. Variables from which portolan and \
        other tools read cloud credentials are therefore refused as git logins. Files below /proc, \
        /sys and /dev are refused too: they show the variables of running programs.",
        charts(
            r"version: 1
region: cn-north-4
mirrors:
  platform/app:
    credentials:
      username: { env: GIT_USER }
      password: { env: HUAWEICLOUD_SDK_SK }
",
            r"version: 1
region: cn-north-4
mirrors:
  platform/app:
    credentials:
      username: { env: GIT_USER }
      password: { env: GIT_TOKEN }
",
        ),
    ),
    error(
        "repository-in-absent",
        "A repository is listed in an organization that has `state: absent`.",
        "An organization is deleted only when it is empty. Give each repository that is listed in \
        it `state: absent` too.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    state: absent
    repositories:
      busybox:
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    state: absent
    repositories:
      busybox: { state: absent }
",
        ),
    ),
    error(
        "selection-covers-nothing",
        "A `--target` or `--exclude` pattern covers nothing.",
        "The pattern covers nothing in the chart and nothing live in its organizations. It is \
        probably mistyped, so the command stops before anything is written. An `--exclude` pattern \
        with a `*` may be meant for future resources, so there it is only a warning.",
        Example::Advice(
            "Correct the pattern. It starts with a region or an organization, as in \
            `cn-north-4/team-a/web` or `team-a/web`.",
        ),
    ),
    error(
        "two-credentials",
        "A mirror has both `credentials` and a stored `endpoint`.",
        "The service accepts a login or the id of a stored service endpoint. Which of the two it \
        uses when it gets both is not documented. `endpoint: ''` removes a stored endpoint and is \
        allowed beside `credentials`.",
        charts(
            r"version: 1
region: cn-north-4
mirrors:
  platform/app:
    endpoint: b3dc4fb4-5f42-4b3a-9f6e-8f6d1f1f0c11
    credentials: { username: { env: USER }, password: { env: TOKEN } }
",
            r"version: 1
region: cn-north-4
mirrors:
  platform/app:
    endpoint: ''
    credentials: { username: { env: USER }, password: { env: TOKEN } }
",
        ),
    ),
    error(
        "two-endpoints",
        "Two documents give the same region different endpoints.",
        "A command uses one endpoint for each region and service. The second place is shown as \
        well.",
        charts(
            r#"version: 1
region: cn-north-4
endpoints: { swr: "https://one.myhuaweicloud.com" }
---
version: 1
region: cn-north-4
endpoints: { swr: "https://two.myhuaweicloud.com" }
"#,
            r#"version: 1
region: cn-north-4
endpoints: { swr: "https://one.myhuaweicloud.com" }
---
version: 1
region: cn-north-4
"#,
        ),
    ),
    error(
        "two-targets",
        "A rule gives its target twice.",
        "Use either `target`, the name of one of the chart's `targets`, or `target_region` and \
        `target_organization`. A rule cannot change the region or organization of a named target. \
        It can set attributes, such as `override`.",
        charts(
            r"version: 1
region: cn-north-4
targets:
  dr: { region: cn-east-3, organization: team-a-dr }
organizations:
  team-a:
    repositories:
      busybox:
        sync:
          - { target: dr, target_organization: other }
",
            r"version: 1
region: cn-north-4
targets:
  dr: { region: cn-east-3, organization: team-a-dr }
organizations:
  team-a:
    repositories:
      busybox:
        sync:
          - { target: dr }
",
        ),
    ),
    error(
        "two-unlisted",
        "Two documents give the same region different values of `unlisted`.",
        "`unlisted` at the top of a document is about all organizations of its region. The second \
        place is shown as well.",
        charts(
            r"version: 1
region: cn-north-4
unlisted: forbid
---
version: 1
region: cn-north-4
unlisted: ignore
",
            r"version: 1
region: cn-north-4
unlisted: forbid
---
version: 1
region: cn-north-4
",
        ),
    ),
    error(
        "unknown-target",
        "A rule uses a target that the chart does not define.",
        "`target` is a name under `targets` in any document of the chart.",
        charts(
            r"version: 1
region: cn-north-4
targets:
  dr: { region: cn-east-3, organization: team-a-dr }
organizations:
  team-a:
    repositories:
      busybox:
        sync: [{ target: disaster }]
",
            r"version: 1
region: cn-north-4
targets:
  dr: { region: cn-east-3, organization: team-a-dr }
organizations:
  team-a:
    repositories:
      busybox:
        sync: [{ target: dr }]
",
        ),
    ),
];
