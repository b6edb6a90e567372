//! Errors in a single key or value of a chart.

use super::{Code, Example, charts, error};

pub(super) static CODES: &[Code] = &[
    error(
        "bad-age",
        "An age must be a whole number with a unit.",
        "`max_age` limits the age of a mirror's last successful run. It is a whole number followed \
        by `m` (minutes), `h` (hours) or `d` (days), from one minute to one year.",
        charts(
            r"version: 1
region: cn-north-4
mirrors:
  platform/app:
    max_age: 6 hours
",
            r"version: 1
region: cn-north-4
mirrors:
  platform/app:
    max_age: 6h
",
        ),
    ),
    error(
        "bad-consent",
        "An entry of `limits.allow` is not a risk class.",
        "Standing consent is written as for `--allow`: `CLASS` for any number of changes, or \
        `CLASS=N` for at most N. The classes are `deletes`, `destroys-data`, `exposes`, \
        `shares`, `overwrites`, `gap`, `one-way`, `admits`, `grants` and `collects`.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
limits:
  allow: [delete=5]
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
limits:
  allow: [deletes=5]
",
        ),
    ),
    error(
        "bad-date",
        "A date is not a calendar day.",
        "`until` is the last day of an acceptance, written as `YYYY-MM-DD`.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
accept:
  - { address: team-a, until: 2026-02-30, reason: a campaign }
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
accept:
  - { address: team-a, until: 2026-02-28, reason: a campaign }
",
        ),
    ),
    error(
        "bad-endpoint",
        "An endpoint is empty.",
        "`endpoints` sets the URLs of the services for the region of the document. Leave the key \
        out to use the default endpoint of the region.",
        charts(
            r#"version: 1
region: cn-north-4
endpoints:
  swr: ""
organizations:
  team-a:
"#,
            r"version: 1
region: cn-north-4
endpoints:
  swr: https://swr-api.{region}.myhuaweicloud.com
organizations:
  team-a:
",
        ),
    ),
    error(
        "bad-name",
        "A name breaks the service's naming rules.",
        "Organizations: 1 to 64 lowercase letters and digits, starting with a letter, separated by \
        single `.`, `_`, `__` or `-`. Repositories: 1 to 128 lowercase letters and digits, where \
        `/` is a separator too. The service would refuse the name, so portolan reports it before \
        the first request.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  Team_A:
",
            r"version: 1
region: cn-north-4
organizations:
  team_a:
",
        ),
    ),
    error(
        "bad-pattern",
        "A pattern is malformed, or names another region.",
        "A pattern of `protect` or `accept` starts with an organization of the document's region, \
        or is a printed address: `team-a/web/*`, `cn-north-4/team-a/web`, `repository \
        cn-north-4/team-a/web`, `team-a/web -> cn-east-3/dr`. `*` matches any characters within a \
        segment, `**` across segments. `?`, `[ab]` and `!` are not supported. An empty segment, or \
        a character that is not allowed in names, could never match. For another region, put the \
        pattern into a document of that region.",
        charts(
            r#"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      prod-a:
protect: ["team-a/prod-[ab]"]
"#,
            r#"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      prod-a:
protect: ["team-a/prod-*"]
"#,
        ),
    ),
    error(
        "bad-url",
        "The URL of a mirror's source is not usable.",
        "The service fetches from `https://` and `http://` URLs only. Characters outside ASCII \
        must be percent-encoded.",
        charts(
            r"version: 1
region: cn-north-4
mirrors:
  platform/app:
    url: git@git.example.com:app.git
",
            r"version: 1
region: cn-north-4
mirrors:
  platform/app:
    url: https://git.example.com/app.git
",
        ),
    ),
    error(
        "bad-uuid",
        "An id is not a UUID.",
        "The `endpoint` of a mirror and the `user_id` of a permission are ids, such as \
        `b3dc4fb4-5f42-4b3a-9f6e-8f6d1f1f0c11`, with dashes or without, and not names. An empty \
        text means none.",
        charts(
            r"version: 1
region: cn-north-4
mirrors:
  platform/app:
    endpoint: my-git-server
",
            r"version: 1
region: cn-north-4
mirrors:
  platform/app:
    endpoint: b3dc4fb4-5f42-4b3a-9f6e-8f6d1f1f0c11
",
        ),
    ),
    error(
        "bad-variable",
        "A text contains `${env:` without a valid variable.",
        "A variable is written `${env:NAME}` or `${env:NAME:-fallback}`. A name consists of \
        letters, digits and `_`.",
        charts(
            r"version: 1
region: ${env:MY-REGION:-cn-north-4}
organizations:
  team-a:
",
            r"version: 1
region: ${env:MY_REGION:-cn-north-4}
organizations:
  team-a:
",
        ),
    ),
    error(
        "empty-chart",
        "The chart is empty.",
        "The files are empty or contain only comments. This usually means a wrong path, so it is \
        an error.",
        charts(
            r"# to be written
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
",
        ),
    ),
    error(
        "literal-secret",
        "The chart contains a secret.",
        "Charts are copied, reviewed and stored, so a secret must not be written in them. Name the \
        environment variable or the file that holds it. A user name or password in a URL counts as \
        a secret in every text, also under keys that begin with `x-`. The finding does not show \
        the line. Replace the secret: removing it from the file does not remove it from copies and \
        from the history.",
        charts(
            r"version: 1
region: cn-north-4
mirrors:
  platform/app:
    credentials:
      username: { env: GIT_USER }
      password: not-a-secret-any-more
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
        "missing-key",
        "A required key is missing.",
        "Every document needs `version: 1`, so that a later version of the language cannot change \
        the meaning of existing charts. A file without `version` is not a chart: nothing else in \
        it is checked, and none of its lines is shown, because the path may lead to another \
        program's file. A target needs `region` and `organization`. An acceptance needs `address`, \
        `until` and a `reason` that is not empty.",
        charts(
            r"region: cn-north-4
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
        "too-long",
        "A text is too long.",
        "A repository description has at most 30,000 characters: the service refuses longer ones. \
        A pattern or a `reason` has at most 1,000, because it is repeated beside each change that \
        it covers. A path or an endpoint has at most 4,096.",
        Example::Advice("Shorten the text. A description can link to a longer one."),
    ),
    error(
        "two-places",
        "A secret has two sources.",
        "A secret is read from a variable or from a file. Keep either `env` or `file`.",
        charts(
            r"version: 1
region: cn-north-4
mirrors:
  platform/app:
    credentials:
      username: { env: GIT_USER }
      password: { env: GIT_TOKEN, file: token.txt }
",
            r"version: 1
region: cn-north-4
mirrors:
  platform/app:
    credentials:
      username: { env: GIT_USER }
      password: { file: token.txt }
",
        ),
    ),
    error(
        "unknown-key",
        "A key is not known at this place.",
        "If a mistyped key were ignored, the setting that it stands for would stay unmanaged \
        without notice. If a known key is similar, the hint names it.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        descripton: small tools
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        description: small tools
",
        ),
    ),
    error(
        "unknown-lint",
        "A waiver names a code that cannot be waived.",
        "All warnings can be waived except `unused-waiver`, and of the errors only `auto-false`. A \
        waiver with a mistyped code would have no effect.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
lints:
  allow: [wrong-type]
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
",
        ),
    ),
    error(
        "unknown-value",
        "The key does not accept this value.",
        "The hint lists the accepted values. For `category` they are `app_server`, `linux`, \
        `framework_app`, `database`, `lang`, `other`, `windows` and `arm`: the service has no \
        others.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        category: Linux
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        category: linux
",
        ),
    ),
    error(
        "unknown-version",
        "This version of portolan does not support the chart's `version`.",
        "The only version is 1. A later version may give the same keys another meaning, so \
        portolan does not guess.",
        charts(
            r"version: 2
region: cn-north-4
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
        "unset-variable",
        "A variable of the chart is not set and has no fallback.",
        "`${env:NAME}` reads the environment variable `PORTOLAN_VAR_NAME` and no other, so that a \
        pull request cannot print a secret of the pipeline. A variable that is set to an empty \
        text counts as set.",
        charts(
            r"version: 1
region: ${env:HOME_REGION}
organizations:
  team-a:
",
            r"version: 1
region: ${env:HOME_REGION:-cn-north-4}
organizations:
  team-a:
",
        ),
    ),
    error(
        "wrong-type",
        "A value has the wrong type for its key.",
        "Types are those of YAML 1.2: `true` and `false` are booleans, but `yes`, `no`, `on` and \
        `off` are texts. `1e3`, `0x1f` and `0755` (755) are numbers; put a text that looks like a \
        number in quotes. `null` is allowed for attributes and for `sync`, where it stops \
        inheritance, and as the value of a name, where it equals `{}`.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        is_public: no
        description: 1.10
",
            r#"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        is_public: false
        description: "1.10"
"#,
        ),
    ),
];
