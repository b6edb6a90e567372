//! Errors in the entries of one kind.

use super::{Code, charts, error};

pub(super) static CODES: &[Code] = &[
    error(
        "auto-false",
        "A rule with `auto: false` cannot be managed.",
        "The service may leave rules with `auto: false` out of its list of rules. Then portolan \
        would create the rule again in every apply, and the live state would never equal the \
        chart. If your service lists such rules, waive this error.",
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
        "duplicate-repository-id",
        "Two mirrors have the same `repository_id`.",
        "An id belongs to one git repository. With two entries, each apply would undo what the \
        other entry asks for.",
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
        "Two rules of a `sync` list have the same target.",
        "A rule is identified by its target region and organization, and the service keeps one \
        rule for each. Two items can mean the same target although one names it by `target` and \
        the other in full.",
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
        "duplicate-user",
        "A user is in an `access` list twice.",
        "A user has one level in an organization, and one in a repository.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    access:
      - { user: ci-bot, level: read }
      - { user: ci-bot, level: write }
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    access:
      - { user: ci-bot, level: write }
",
        ),
    ),
    error(
        "missing-target",
        "A rule has no target.",
        "A rule needs either `target`, the name of one of the chart's `targets`, or both \
        `target_region` and `target_organization`.",
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
        "operator-in-list",
        "An `access` list has one of the `operators`.",
        "`operators` are the users whose permissions portolan never gives, changes or takes away. \
        A list that names one of them asks for the opposite.",
        charts(
            r"version: 1
region: cn-north-4
operators: [ ci-apply ]
organizations:
  team-a:
    access:
      - { user: ci-apply, level: manage }
",
            r"version: 1
region: cn-north-4
operators: [ ci-apply ]
organizations:
  team-a:
    access: []
",
        ),
    ),
];
