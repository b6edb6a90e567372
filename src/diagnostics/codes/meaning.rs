//! What can be wrong although every key and value is right by itself.

use super::{Code, Example, charts, error};

pub(super) static CODES: &[Code] = &[
    error(
        "ambiguous-pattern",
        "A pattern begins with a region that is also the name of an organization or a project.",
        "A pattern of `protect` or `accept` starts at the organization, or at the region if it \
        begins with one. Where both \
         are called so, it could be meant either way. A printed address, with its kind in front, \
         starts at the region.",
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
        "auto-false",
        "A rule that does not copy by itself cannot be managed.",
        "The service may leave rules with `auto: false` out of its own list. portolan would create \
        such a rule again in \
         every run, and the chart could never be reached. Who knows better can waive this error.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        sync:
          - target_region: cn-east-3
            target_organization: team-a-dr
            auto: false
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        sync:
          - target_region: cn-east-3
            target_organization: team-a-dr
",
        ),
    ),
    error(
        "duplicate-chart-key",
        "`name`, `account` or `chart_defaults` stands in the chart twice.",
        "Each holds for the whole chart, all files and documents of it, so there can be one.",
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
        "`limits` stands in the chart twice.",
        "It holds for the whole chart, all files and documents of it, so there can be one.",
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
        "duplicate-mirror",
        "A mirror is listed twice.",
        "The mirrors of a region may be spread over documents and files, but each git repository \
        has one entry.",
        charts(
            r"version: 1
region: cn-north-4
mirrors:
  platform/app:
    max_age: 6h
---
version: 1
region: cn-north-4
mirrors:
  platform/app:
    max_age: 1h
",
            r"version: 1
region: cn-north-4
mirrors:
  platform/app:
    max_age: 1h
",
        ),
    ),
    error(
        "duplicate-repository",
        "A repository is listed twice.",
        "The entries of an organization may be spread over documents and files, but each \
        repository has one. Two would \
         have to be merged, and nobody could tell which of them decides.",
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
        "duplicate-repository-id",
        "Two mirrors have the same number.",
        "A number names one git repository. Two entries for it would undo what the other one says, \
        in every run.",
        charts(
            r"version: 1
region: cn-north-4
mirrors:
  platform/app: { repository_id: 123 }
  platform/lib: { repository_id: 123 }
",
            r"version: 1
region: cn-north-4
mirrors:
  platform/app: { repository_id: 123 }
  platform/lib: { repository_id: 124 }
",
        ),
    ),
    error(
        "duplicate-rule",
        "Two rules of a `sync` list copy to the same place.",
        "A rule has no name: it is known by its target region and organization, and the service \
        keeps one for each. The \
         two may name the place differently, one by `target` and one in full.",
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
          - { target: dr }
          - target_region: cn-east-3
            target_organization: team-a-dr
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
        "duplicate-setting",
        "A setting of an organization stands in two documents.",
        "`state`, `unlisted` and `defaults` of an organization hold for it in every document of \
        its region, whichever \
         they stand in, so each may stand in one.",
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
        "A target stands in the chart twice.",
        "`targets` are known in the whole chart, all files and documents of it, so a name can \
        stand for one place only. \
         That the two are equal does not help: they would not stay so.",
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
        "A difference was accepted until a day that has passed.",
        "Only `drift` looks at the day. From the day after `until` on it fails, whether or not \
        anything differs there, \
         and what differs counts again: an acceptance that nobody looks after would hide drift for \
         ever.",
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
        "A key stands beside `state: absent`.",
        "What shall not exist has no attributes, rules or settings. Either the key or `state: \
        absent` is a leftover. \
         In an organization, `repositories` may stand beside it if all of them are absent too.",
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
        "A document does not say which region it is about.",
        "Each document has its own `region`; everything in it lives there. `--region` fills it in \
        for documents that \
         have none, and overrides nothing.",
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
        "missing-target",
        "A rule does not say where it copies to.",
        "It needs `target`, the name of one of the chart's `targets`, or both `target_region` and \
         `target_organization`.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        sync:
          - target_region: cn-east-3
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        sync:
          - target_region: cn-east-3
            target_organization: team-a-dr
",
        ),
    ),
    error(
        "own-secret",
        "A mirror would log in with a key of the cloud.",
        "A chart says which git server a login is sent to, so whoever may change the chart could \
        have it sent to a server of \
         their own. The variables that portolan and other tools of this cloud read their keys from \
         are no logins of git \
         servers, and are refused. So are files below /proc, /sys and /dev: they show what the \
         system knows about running \
         programs, such as these variables.",
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
        "A repository shall exist in an organization that shall not.",
        "An organization goes only when it is empty, so every repository that is listed in it must \
        go as well.",
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
        "A `--target` or `--exclude` covers nothing.",
        "Nothing in the chart and nothing live in its organizations is covered, so the run would \
        be about something else \
         than was asked for: a `--target` would find no changes, an `--exclude` would leave \
         nothing out. Nothing is \
         written. An `--exclude` with a `*` may be meant for what is not there yet, and is only a \
         warning.",
        Example::Advice(
            "Correct the name: a pattern begins with a region or an organization, as in \
            `cn-north-4/team-a/web` or `team-a/web`.",
        ),
    ),
    error(
        "two-credentials",
        "A mirror has credentials of its own and a stored endpoint.",
        "The service takes a login or the id of an endpoint that holds one. Which of two it would \
        use is not documented. `endpoint: ''` takes a stored one away, and may stand beside \
        `credentials`.",
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
        "A region is read from and written to through one endpoint in a run. The second place is \
        shown.",
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
        "A rule names its destination in two ways.",
        "A rule copies to one place: either to a named `target`, or to `target_region` and \
        `target_organization`. What a \
         target says cannot be changed in a rule, except for the rule's attributes, such as \
         `override`.",
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
        "unknown-target",
        "A rule names a target that the chart does not have.",
        "`target` is one of the names under `targets`, in any document of the chart.",
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
