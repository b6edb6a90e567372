//! Errors before there is a chart: encoding, syntax, size, and commands that could not start.

use super::{Code, Example, charts, error};

pub(super) static CODES: &[Code] = &[
    error(
        "alias-limit",
        "The aliases of a file expand to more than the limit.",
        "An alias repeats the whole value of its anchor, so a few lines can expand to billions of \
        values. Aliases and merge keys may add at most 4,000,000 values or 64 MiB of text to a \
        file.",
        Example::Advice(
            "Write what repeats once, under `defaults` or `targets`, and leave it out of the \
            entries. They inherit it.",
        ),
    ),
    error(
        "bad-key",
        "A key is not a text.",
        "The keys of a chart are texts. YAML also allows a list, a mapping or nothing as a key, \
        which a chart does not use. The usual cause is a missing quote.",
        charts(
            r"version: 1
region: cn-north-4
? [team-a, team-b]
: {}
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
  team-b:
",
        ),
    ),
    error(
        "bad-merge",
        "A merge key takes a mapping or a list of mappings.",
        "`<<` copies the entries of other mappings into this one. It cannot copy a text, a number \
        or a list of them. The mapping's own keys win over merged keys.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        <<: linux
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      alpine: &linux
        category: linux
      busybox:
        <<: *linux
",
        ),
    ),
    error(
        "bad-tag",
        "A value does not have the type of its tag.",
        "A tag such as `!!int` fixes the type of the value after it. The value must be written in \
        that type.",
        charts(
            r"version: !!int one
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
        "chart-too-large",
        "The chart expands to more than the limit.",
        "A `sync` list or a long description in `defaults` is copied into each repository that \
        inherits it. The expanded chart may have 56 MiB plus 8 bytes for each byte of its text. \
        Each repository, rule and mirror counts as 480 bytes plus the length of its values. Beyond \
        the limit the rest is not read. The patterns of `protect` and `accept` have a limit too, \
        because they are compared with all names: thousands of patterns with several `*` each take \
        too long. A chart has at most 1,000 regions.",
        Example::Advice(
            "Shorten the inherited list or text, write it only where it is needed, or split the \
            chart. Begin patterns with the name of an organization.",
        ),
    ),
    error(
        "control-character",
        "The file contains a control character that YAML does not allow.",
        "Apart from tabs and line breaks, YAML allows no control characters: they are invisible, \
        and they can control the terminal that shows the file.",
        Example::Advice(
            "Remove the character. If it is intended, write it as an escape in double quotes: \
            \"bell: \\u0007\".",
        ),
    ),
    error(
        "duplicate-key",
        "A mapping has the same key twice.",
        "YAML does not define which of the two values applies. The first place is shown as well. A \
        key that `<<` brings in is not a duplicate: the mapping's own value wins.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        category: linux
        category: arm
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
        "file-too-large",
        "A file is too large.",
        "A file may have at most 64 MiB, and at most 4,000,000 values and keys. That is room for \
        more than 100,000 repositories.",
        Example::Advice(
            "Split it. All files of a directory, and all files given with `--file`, make one \
            chart, and the repositories of an organization may be spread over them.",
        ),
    ),
    error(
        "not-ready",
        "The command could not start.",
        "There is no chart, a file cannot be read, no credentials were found, or an endpoint was \
        refused: the message says which. Only JSON documents contain this code.",
        Example::Advice(
            "Do what the message says, and run the command again. Nothing was read or written.",
        ),
    ),
    error(
        "not-utf8",
        "The file is not UTF-8.",
        "A chart is UTF-8, with or without a byte order mark. Files in UTF-16 or in a legacy \
        encoding are refused, because a wrong guess would change names.",
        Example::Advice(
            "Save the file as UTF-8, or convert it: iconv -f GB18030 -t UTF-8 chart.yaml.",
        ),
    ),
    error(
        "recursive-alias",
        "An alias is used inside the value that it refers to.",
        "Such a value would contain itself without end.",
        charts(
            r"version: 1
region: cn-north-4
organizations: &all
  team-a: *all
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
",
        ),
    ),
    error(
        "too-deep",
        "Lists and mappings are nested too deep.",
        "A file may have 64 levels of lists and mappings, including those that aliases add. A \
        chart needs fewer than ten.",
        Example::Advice("Look for a bracket that is not closed where it should be."),
    ),
    error(
        "too-many-errors",
        "The file has too many syntax errors.",
        "After 1,000 syntax errors the rest of the file is not read: it is probably not a chart.",
        Example::Advice(
            "Check that this is the right file. If it is, fix the errors that are shown and run \
            the command again.",
        ),
    ),
    error(
        "unknown-anchor",
        "An alias names an anchor that does not exist.",
        "`*name` repeats the value marked with `&name`. The anchor must come before the alias and \
        in the same document: anchors end at `---`.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox: *linux
",
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      alpine: &linux
        category: linux
      busybox: *linux
",
        ),
    ),
    error(
        "unreadable",
        "The live state could not be read completely.",
        "The service gave no usable answer for a list or an object, so the outcome of the plan is \
        unknown: the plan is marked as incomplete, never says `No changes`, and the exit code is \
        1. Only JSON documents contain this code.",
        Example::Advice(
            "Read the message: it names the request and the answer. Then run the command again.",
        ),
    ),
    error(
        "unsupported-tag",
        "A tag is not in YAML's core schema.",
        "The tags `!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, `!!seq` and `!!map` are known. \
        Tags of other tools, such as `!secret` or `!include`, are not supported.",
        charts(
            r"version: 1
region: !region cn-north-4
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
        "yaml-syntax",
        "The file is not valid YAML.",
        "The document with the error is skipped, and the other documents of the file are still \
        checked. The usual causes are a tab in the indentation, a `: ` inside an unquoted text, \
        and a bracket or quote that is not closed.",
        charts(
            r"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        description: tools: all of them
",
            r#"version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      busybox:
        description: "tools: all of them"
"#,
        ),
    ),
];
