//! What is allowed and seldom meant: warnings, each of which a chart can waive.

use super::{Code, Example, charts, warning};

pub(super) static CODES: &[Code] = &[
    warning(
        "copy-cycle",
        "Two rules copy into each other.",
        "Every push on one side starts a copy on the other. Whether the service stops there, or \
        copies the copy back, is \
         not documented.",
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
        "A name has several hyphens in a row.",
        "The service's documents forbid that in new names, though its patterns allow it and such \
        names exist. A new \
         one may be refused.",
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
        "failing-mirror",
        "The last run of a mirror failed.",
        "The service says so, and its words are repeated. As long as the last success is younger \
        than `max_age` allows, the \
         mirror is as the chart wants it, and no run is planned; what is wrong should be mended \
         before it is not.",
        Example::Advice(
            "Look at what the service says: an address that is gone, or credentials that are no \
            good, do not mend themselves.",
        ),
    ),
    warning(
        "kept-by-exclude",
        "Something shall go, and what lives in it is excluded.",
        "A deletion takes along what lives in it, or is refused for it: an organization with a \
        repository, a repository \
         with a rule. What `--exclude` leaves alone therefore holds what it lives in; the rest of \
         the run is made.",
        Example::Advice(
            "Nothing, if that is meant. Otherwise run again without the `--exclude` that covers \
            what lives in there.",
        ),
    ),
    warning(
        "literal-variable",
        "A text holds what another tool would replace.",
        "A description may hold anything, so a variable or a template of another tool is sent as \
        it stands. portolan \
         replaces `${env:NAME}` only, with the value of `PORTOLAN_VAR_NAME`.",
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
        "Nothing in the chart and nothing live in its organizations is covered. As a rule the \
        pattern is mistyped, and what \
         it was to protect is not protected. The commands that read the live state tell it; a plan \
         of a part of the chart \
         is silent about what it did not read.",
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
        "The first part of a repository's name looks like the host of a registry.",
        "An image is named by its registry, its organization and its repository; a chart has the \
        organization above, and \
         the region says which registry it is. The service would take the host as a part of the \
         name.",
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
        "Its target is the rule's own region and organization. A rule keeps the name of the \
        repository, so source and \
         copy are the same.",
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
        "Two rules write the same repository, and one overwrites what it finds.",
        "With `override: true` a tag that both sources have is replaced by whoever pushed last, so \
        what the tag names \
         depends on chance.",
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
        "unknown-region",
        "No official document knows the region.",
        "The host that is asked is made from the region's name, so a mistyped one ends in a host \
        that does not exist. \
         The table of regions is that of the official SDK: a newer region, or one of a partner's \
         cloud, may be right and \
         wants the endpoints of its services, or a waiver.",
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
        "A rule copies to a region that is not known to take copies.",
        "Not every region of the service takes part in copying, and the service's error for one \
        that does not is hard \
         to understand. The list is that of the user guide; a region may have joined since, and \
         then the warning can \
         be waived.",
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
        "unknown-target-organization",
        "A rule copies to an organization that does not exist.",
        "The service takes such a rule, and copies nothing. Only a plan can tell, and only for \
        regions that the chart \
         has documents for: it reads what is live there.",
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
---
version: 1
region: cn-east-3
organizations:
  team-b:
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
---
version: 1
region: cn-east-3
organizations:
  team-b:
  team-a-dr:
",
        ),
    ),
    warning(
        "unused-waiver",
        "A waiver waives nothing.",
        "`# portolan: allow CODE` covers its own line or, on a line for itself, the next one; \
        `lints: { allow: [CODE] }` \
         covers its document. Where nothing there has the code any more, the waiver would only \
         hide the next finding.",
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
        "The address that a mirror follows does not end in `.git`.",
        "The user guide of the service asks for addresses that end so. Whether others are refused \
        is not documented.",
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
