//! Codes about sharing with other accounts.

use super::{Code, charts, error, warning};

pub(super) static CODES: &[Code] = &[
    warning(
        "account-capitals",
        "The name of an account that a repository is shared with has capitals.",
        "Names are compared without regard to case, because the service may return another case \
        than it was asked. The name goes to the service as it is written.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        share: [ { account: Partner-CO, until: forever } ]
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        share: [ { account: partner-co, until: forever } ]
",
        ),
    ),
    error(
        "bad-deadline",
        "An `until` is not a day, an instant or `forever`.",
        "Write a day, `YYYY-MM-DD`, which is included and ends in UTC, an instant with its offset, \
        `YYYY-MM-DDTHH:MM:SSZ`, or `forever`.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        share: [ { account: partner-co, until: 90d } ]
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        share: [ { account: partner-co, until: 2027-12-31 } ]
",
        ),
    ),
    error(
        "duplicate-share",
        "Two items of a `share` list have the same account.",
        "The service keeps one entry for each account of a repository, and takes two spellings \
        that differ only in case for one name.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        share:
          - { account: partner-co, until: 2027-12-31 }
          - { account: partner-co, until: forever }
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        share:
          - { account: partner-co, until: 2027-12-31 }
",
        ),
    ),
    error(
        "shared-public",
        "A public repository is shared.",
        "The service shares private repositories only, and anyone can pull from a public one.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        is_public: true
        share: [ { account: partner-co, until: forever } ]
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        is_public: false
        share: [ { account: partner-co, until: forever } ]
",
        ),
    ),
    error(
        "shared-with-self",
        "A repository is shared with the chart's own account.",
        "The service refuses to share a repository with the account that it is in.",
        charts(
            r"version: 1
account: acme
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        share: [ { account: acme, until: forever } ]
",
            r"version: 1
account: acme
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        share: [ { account: partner-co, until: forever } ]
",
        ),
    ),
    error(
        "too-many-shares",
        "A repository is shared with more than 500 accounts.",
        "This is the limit of the service.",
        super::Example::Advice("Remove accounts from the list, or make the repository public."),
    ),
];
