//! Warnings: allowed, but probably not intended.

use super::{Code, Example, charts, warning};

pub(super) static CODES: &[Code] = &[
    warning(
        "backfill-against-retention",
        "A rule copies again and again what a retention of its target deletes.",
        "With `backfill: missing`, an apply copies what the target lacks. What the retention in \
        the chart would delete now is left out, but what it deleted under an earlier policy is \
        missing, and would be copied once more. `backfill: on-create` copies only for a new rule.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        sync:
          - target_region: cn-east-3
            target_organization: team-a-dr
            backfill: missing
---
version: 1
region: cn-east-3
organizations:
  team-a-dr:
    repositories:
      web:
        retention: { keep_tags: 30 }
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        sync:
          - target_region: cn-east-3
            target_organization: team-a-dr
            backfill: on-create
---
version: 1
region: cn-east-3
organizations:
  team-a-dr:
    repositories:
      web:
        retention: { keep_tags: 30 }
",
        ),
    ),
    warning(
        "copies-not-compared",
        "The copies of a rule were not compared with their source.",
        "The tags at the source or at the target could not be read, so nobody knows whether some \
        are missing. No other result of the command depends on it. There is one warning for each \
        target and reason.",
        Example::Advice(
            "Follow the reason in the message. In the region of the target the credentials need \
            the right to list repositories and tags.",
        ),
    ),
    warning(
        "copy-cycle",
        "Two rules copy into each other.",
        "Every push on one side starts a copy to the other. Whether the service then copies it \
        back is not documented.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        sync:
          - target_region: cn-east-3
            target_organization: team-b
---
version: 1
region: cn-east-3
organizations:
  team-b:
    repositories:
      busybox:
        sync:
          - target_region: cn-north-4
            target_organization: team-a
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        sync:
          - target_region: cn-east-3
            target_organization: team-b
---
version: 1
region: cn-east-3
organizations:
  team-b:
    repositories:
      busybox:
        sync: []
",
        ),
    ),
    warning(
        "double-hyphen",
        "A name contains two or more hyphens in a row.",
        "The service's documentation forbids this in new names, although its naming pattern allows \
        it and such names exist. The service may refuse a new one.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team--a:
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
",
        ),
    ),
    warning(
        "jobs-not-read",
        "The sync jobs of repositories could not be read, so `--jobs` says nothing about them.",
        "A plan does not need the jobs, so it is complete all the same. The message has the reason \
        for the first repository. Reading jobs needs a right of its own: \
        `swr:repo:getSyncRepoJobInfo`.",
        Example::Advice("Give the caller this right, or run without `--jobs`."),
    ),
    warning(
        "kept-by-exclude",
        "The chart deletes a resource, but `--exclude` covers something in it.",
        "A deletion removes the contents of the resource too, or is refused because of them: the \
        repositories of an organization, the rules of a repository. What `--exclude` covers \
        therefore keeps its parent too. The other changes are made.",
        Example::Advice(
            "If this is intended, do nothing. Otherwise run the command without the `--exclude` \
            pattern that covers the contents.",
        ),
    ),
    warning(
        "literal-variable",
        "A text contains a variable or template of another tool.",
        "portolan replaces only `${env:NAME}`, with the value of `PORTOLAN_VAR_NAME`. Variables \
        and templates of other tools are sent unchanged.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        description: built for ${var.stage}
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        description: built for ${env:STAGE:-live}
",
        ),
    ),
    warning(
        "pattern-covers-nothing",
        "A pattern of `protect`, `accept`, `--ignore` or `--exclude` covers nothing.",
        "The pattern covers nothing in the chart and nothing live in its organizations. It is \
        usually mistyped, and then what it should protect is not protected. Only commands that \
        read the live state report this, and a plan of a part of the chart does not report it for \
        the parts that it did not read.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      ledger:
protect: [ team-a/ledgers ]
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      ledger:
protect: [ team-a/ledger ]
",
        ),
    ),
    warning(
        "registry-host",
        "The first segment of a repository name looks like a registry host.",
        "An image reference consists of registry, organization and repository. In a chart, the \
        registry follows from `region`, and the organization is the key above. The service would \
        take the host as a part of the name.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      swr.cn-north-4.myhuaweicloud.com/team-a/web: {}
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web: {}
",
        ),
    ),
    warning(
        "self-copy",
        "A rule copies a repository onto itself.",
        "Its target is the region and organization of the repository. A copy keeps the name of the \
        repository, so it would be the same repository.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        sync:
          - target_region: cn-north-4
            target_organization: team-a
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
    warning(
        "shared-override",
        "Two rules write the same repository, and at least one of them overwrites tags.",
        "With `override: true`, a tag that both sources have is replaced by the latest push. Which \
        image the tag names then depends on the order of the pushes.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        sync:
          - target_region: cn-east-3
            target_organization: shared
            override: true
  team-b:
    repositories:
      busybox:
        sync:
          - target_region: cn-east-3
            target_organization: shared
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        sync:
          - target_region: cn-east-3
            target_organization: shared-a
            override: true
  team-b:
    repositories:
      busybox:
        sync:
          - target_region: cn-east-3
            target_organization: shared-b
",
        ),
    ),
    warning(
        "target-not-looked-at",
        "The target of a rule is in a region that could not be asked.",
        "Nobody knows whether the organization there exists; the service copies nothing into one \
        that does not. The region is asked once, for at most five seconds, and only through an \
        endpoint of its own: that of the region, one with `{region}`, or the emulator. A token is \
        valid in one region, so it is not sent to others. No other result of the command depends \
        on it.",
        Example::Advice(
            "Follow the reason in the message. If the region is never to be asked, waive the \
            warning.",
        ),
    ),
    warning(
        "unknown-region",
        "The region is not in the official list of regions.",
        "The name of the region is a part of the service's host name, so a mistyped region leads \
        to a host that does not exist. The list is that of the official SDK. For a newer region, \
        or a region of a partner cloud, give the `endpoints` of the services or waive the warning.",
        charts(
            r"version: 1
region: cn-noth-4
organizations:
  team-a: {}
",
            r"version: 1
region: cn-north-4
organizations:
  team-a: {}
",
        ),
    ),
    warning(
        "unknown-sync-region",
        "A rule copies to a region that is not known to support image synchronization.",
        "Not all regions of the service support it, and the service's error message for those that \
        do not is hard to understand. The list is that of the user guide. If the region was added \
        since, waive the warning.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        sync:
          - target_region: cn-east-33
            target_organization: team-a-dr
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
    warning(
        "unused-waiver",
        "A waiver has no effect.",
        "`# portolan: allow CODE` applies to its own line or, alone on a line, to the next one. \
        `lints: { allow: [CODE] }` applies to its document. If the code no longer occurs there, \
        the waiver would only hide a future finding.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a: # portolan: allow double-hyphen
",
            r"version: 1
region: cn-north-4
organizations:
  team--a: # portolan: allow double-hyphen
",
        ),
    ),
    warning(
        "unusual-git-url",
        "The URL of a mirror's source does not end in `.git`.",
        "The service's user guide asks for URLs that end in `.git`. Whether others are refused is \
        not documented.",
        charts(
            r"version: 1
region: cn-north-4
mirrors:
  platform/app:
    url: https://git.example.com/app
",
            r"version: 1
region: cn-north-4
mirrors:
  platform/app:
    url: https://git.example.com/app.git
",
        ),
    ),
];
