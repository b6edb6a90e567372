//! What can be wrong with one key or value of a chart, whatever stands elsewhere.

use super::{Code, Example, charts, error};

pub(super) static CODES: &[Code] = &[
    error(
        "bad-age",
        "An age is no number with a unit.",
        "`max_age` says how old the last success of a mirror may be: a whole number, and `m` for \
        minutes, `h` for hours or `d` for days, from a minute to a year.",
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
        "An entry of `limits.allow` is no class of risk.",
        "Standing consent is written as for `--allow`: `CLASS` for any number of changes, or \
        `CLASS=N` for N at most. \
         The classes are `deletes`, `destroys-data`, `exposes`, `overwrites`, `gap` and `one-way`.",
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
        "A date is no day of the calendar.",
        "`until` of an acceptance is its last day, written as `YYYY-MM-DD`. With anything else \
        nobody could tell when it \
         is over.",
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
        "`endpoints` says where a service of the document's region is. Without it, the region's \
        usual place is used.",
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
        "A name breaks the rules that the service has for it.",
        "Organizations: 1 to 64 lowercase letters and digits, a letter first, with single `.`, \
        `_`, `__` or `-` between \
         them. Repositories: 1 to 128 lowercase letters and digits, with `/` between them as well. \
         The service would \
         refuse anything else, so it is refused before the first request.",
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
        "A pattern is written wrongly, or is about another region.",
        "A pattern of `protect` or `accept` starts at the organization, in the document's region, \
        or is an address as it is \
         printed: `team-a/web/*`, `cn-north-4/team-a/web`, `repository cn-north-4/team-a/web`, \
         `team-a/web -> \
         cn-east-3/dr`. `*` stands for any characters within a segment, `**` across them; there is \
         no `?`, `[ab]` or `!`. \
         An empty segment, or a character that no name can hold, could match nothing. What lives \
         in another region is \
         protected and accepted in a document of that region.",
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
        "An address cannot be followed.",
        "A mirror follows another repository over `https://` or `http://`; the service speaks \
        nothing else. What is not plain ASCII has to be escaped.",
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
        "The id of a service endpoint is no UUID.",
        "The service names its endpoints by ids such as `b3dc4fb4-5f42-4b3a-9f6e-8f6d1f1f0c11`, \
        and not by what people call them. An empty text stands for none.",
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
        "A text opens `${env:` and holds no variable.",
        "A variable is `${env:NAME}` or `${env:NAME:-fallback}`; a name is letters, digits and \
        `_`.",
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
        "The files hold no chart.",
        "They are empty, or hold comments only. That is more often a wrong path than a wish for \
        nothing, so it is not \
         taken for one.",
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
        "A secret is written into a chart.",
        "Charts are copied, reviewed and kept for ever, so they only say where a secret is: in a \
        variable, or in a file. A user name or a password in a URL is one too, whatever text the \
        URL stands in. What stands under a key that begins with `x-` is looked at as well, also \
        where no alias refers to it. The finding does not show the line as it stands. A secret \
        that was there is one no more, even if it is taken out.",
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
        "A key that must be there is not.",
        "Every document says `version: 1`, so that the language can change later without changing \
        the meaning of old \
         charts. A file without it is no chart: nothing else in it is checked, and none of its \
         lines is shown, since the path may \
         lead to a file of another program. A target needs its `region` and its `organization`; an \
         acceptance its `address`, \
         its `until` and a `reason` that says something.",
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
        "A text is longer than it may be.",
        "The description of a repository has 30,000 characters at most; the service refuses a \
        longer one. A pattern and a \
         `reason` have 1,000 at most, because they are repeated beside each change that they are \
         about, and a path or an \
         endpoint 4,096.",
        Example::Advice("Shorten the text, and put a link to the rest into it."),
    ),
    error(
        "two-places",
        "A secret has two places.",
        "It is read from a variable or from a file. With both, nobody could tell which of them is \
        sent.",
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
        "A key means nothing at its place.",
        "A mistyped key that was silently ignored would leave something unmanaged that somebody \
        wanted managed. Where \
         a known key is near, the hint names it.",
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
        "Warnings can be waived, and of the errors `auto-false` only. A waiver with a mistyped \
        code would waive nothing.",
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
        "A value is none of those that its key takes.",
        "The hint lists the values. `category`, for example, takes `app_server`, `linux`, \
        `framework_app`, `database`, \
         `lang`, `other`, `windows` and `arm`: the service knows no other.",
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
        "The chart is written in a version of the language that this portolan does not know.",
        "There is one version so far. A newer chart may mean something else by the same words, so \
        it is not guessed at.",
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
        "`${env:NAME}` reads the environment variable `PORTOLAN_VAR_NAME`, and no other: a pull \
        request must not be \
         able to print a secret of the pipeline. One that is set and empty counts as set.",
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
        "A value has another type than its key takes.",
        "Types are those of YAML 1.2: `true` and `false` are booleans, while `yes`, `no`, `on` and \
        `off` are texts; \
         `1e3`, `0x1f` and `0755` (755) are numbers, and a text that looks like one needs quotes. \
         `null` is legal for attributes and \
         for `sync`, where it ends inheritance, and behind a name, where it equals `{}`.",
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
