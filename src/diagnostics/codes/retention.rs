//! Errors and warnings about sets of exceptions, and about retention policies.

use super::{Code, charts, error, warning};

pub(super) static CODES: &[Code] = &[
    error(
        "bad-regexp",
        "A pattern is not a regular expression.",
        "The pattern cannot be compiled. The service does not publish its dialect, so use what \
        all dialects share: `.`, `*`, `+`, `?`, `[0-9]`, `(a|b)`, `^` and `$`.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        retention:
          keep_tags: 30
          except: [ { regexp: '^v[0-9$' } ]
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        retention:
          keep_tags: 30
          except: [ { regexp: '^v[0-9]+$' } ]
",
        ),
    ),
    error(
        "duplicate-item",
        "A set has an item twice.",
        "The order of such a list has no meaning, so an item that is repeated says nothing. One \
        of the two was probably meant to be another.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        retention:
          keep_tags: 30
          except: [ latest, latest ]
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        retention:
          keep_tags: 30
          except: [ latest, stable ]
",
        ),
    ),
    warning(
        "exception-glob",
        "An exception is written like a file pattern.",
        "In a regular expression, a star repeats what is before it: `v*` also matches tags \
        without a `v`, because none is enough. A plain string is one tag, and no tag contains \
        a star.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        retention:
          keep_tags: 30
          except: [ 'v*' ]
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        retention:
          keep_tags: 30
          except: [ { regexp: '^v.*$' } ]
",
        ),
    ),
    warning(
        "exception-not-anchored",
        "A regular expression of an exception is not anchored at both ends.",
        "The service does not document whether a pattern has to match the whole tag or a part \
        of it. With `^` at its beginning and `$` at its end it means the same either way. `.*` \
        at the end is as good as `$`.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        retention:
          keep_tags: 30
          except: [ { regexp: 'v[0-9]+' } ]
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        retention:
          keep_tags: 30
          except: [ { regexp: '^v[0-9]+$' } ]
",
        ),
    ),
    warning(
        "latest-not-kept",
        "A retention by days does not keep `latest`.",
        "By days, even the newest tag goes when nothing was pushed for so long. What deploys \
        `latest` then fails. If that is intended, waive the warning.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        retention:
          keep_days: 14
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        retention:
          keep_days: 14
          except: [ latest ]
",
        ),
    ),
    error(
        "two-alternatives",
        "Two keys exclude each other.",
        "A retention counts either tags or days. With both keys it is not clear which one is \
        meant.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        retention:
          keep_tags: 30
          keep_days: 14
          except: [ latest ]
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        retention:
          keep_tags: 30
",
        ),
    ),
];
