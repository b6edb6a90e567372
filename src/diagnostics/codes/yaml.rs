//! What can be wrong with a file before it is a chart: encoding, syntax, size, and runs that found
//! none.

use super::{Code, Example, charts, error};

pub(super) static CODES: &[Code] = &[
    error(
        "alias-limit",
        "The aliases of a file expand to more than is allowed.",
        "An alias stands for everything behind its anchor, so a few lines can stand for billions \
        of values. A file \
         may gain 4,000,000 values or 64 MiB of text through aliases and merge keys, and no more.",
        Example::Advice(
            "Write what repeats once, under `defaults` or `targets`, and leave it out of the \
            entries. They inherit it.",
        ),
    ),
    error(
        "bad-key",
        "Something other than a text stands where a key should be.",
        "The keys of a chart are texts. YAML would take a list or a mapping as a key, or none at \
        all; a chart has no \
         use for them, and the usual cause is a missing quote.",
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
        or a list of them. \
         Keys that the mapping has itself win over those that are merged in.",
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
        "A value is not what its tag says.",
        "A tag such as `!!int` fixes the type of the value behind it. The value must have that \
        type as written.",
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
        "The chart stands for more than is allowed.",
        "A `sync` list in `defaults` is a list for each repository that inherits it, and so is a \
        long description. A \
         chart may stand for 56 MiB and 8 more bytes for each byte of its text, where a \
         repository, a rule or a mirror \
         counts for 480 bytes and what is written for its values. The rest of it is not read. The \
         patterns of `protect` and \
         `accept` are compared with all names: thousands of them with several stars each take too \
         long. \
         A chart has 1,000 regions at most.",
        Example::Advice(
            "Shorten the inherited list or text, write it only where it is needed, or make several \
            charts of it. Begin \
             patterns with the name of an organization.",
        ),
    ),
    error(
        "control-character",
        "The file holds a control character that YAML does not allow.",
        "Outside of tabs and line breaks, YAML takes no control characters: they are invisible and \
        can drive the \
         terminal of whoever reads the file.",
        Example::Advice(
            "Remove the character. Where it is meant, write it as an escape in double \
            quotes: \"bell: \\u0007\".",
        ),
    ),
    error(
        "duplicate-key",
        "A mapping has the same key twice.",
        "Only one of the two values could hold, and YAML does not say which. The first place is \
        shown as well. A key \
         that comes in through `<<` is no duplicate: the mapping's own value wins.",
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
        "A file is larger than portolan reads.",
        "A file may have 64 MiB, and 4,000,000 values and keys. That is room for more than 100,000 \
        repositories.",
        Example::Advice(
            "Split it. All files of a directory, and all files given with `--file`, make one \
            chart; the entries of an \
             organization may be spread over them.",
        ),
    ),
    error(
        "not-ready",
        "The command could not begin.",
        "There is no chart, a file cannot be read, no credentials were found, or an endpoint was \
        refused. The code \
         stands in JSON documents only; the message says which of these it is.",
        Example::Advice(
            "Do what the message says, and run the command again. Nothing was read or written.",
        ),
    ),
    error(
        "not-utf8",
        "The file is not UTF-8.",
        "A chart is UTF-8, with or without a byte order mark. Files that an editor saved as UTF-16 \
        or in a legacy \
         encoding are refused, because every byte of a name matters.",
        Example::Advice(
            "Save the file as UTF-8, or convert it: iconv -f GB18030 -t UTF-8 chart.yaml.",
        ),
    ),
    error(
        "recursive-alias",
        "An alias stands inside the value that it refers to.",
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
        "A file may have 64 levels of lists and mappings, aliases followed. A chart needs fewer \
        than ten.",
        Example::Advice("Look for brackets that are opened and not closed where they should be."),
    ),
    error(
        "too-many-errors",
        "A file has so many errors that the rest of it is not read.",
        "After 1,000 errors of syntax the file is probably no chart at all.",
        Example::Advice(
            "Check that the right file was given; else mend the errors that are shown and run \
            again.",
        ),
    ),
    error(
        "unknown-anchor",
        "An alias names an anchor that is not there.",
        "`*name` stands for the value that `&name` marks. The anchor must stand before the alias \
        and in the same \
         document: anchors end at `---`.",
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
        "Something live could not be read.",
        "A list or an object of the service brought no usable answer, so what a plan would be is \
        unknown: portolan \
         then shows no plan as complete, says nothing of `No changes`, and exits with 1. The code \
         stands in JSON \
         documents only.",
        Example::Advice(
            "Read the message: it names what was asked and what came back. Then run the command \
            again.",
        ),
    ),
    error(
        "unsupported-tag",
        "A tag is none of YAML's core schema.",
        "The tags `!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, `!!seq` and `!!map` are known. \
        Tags of other tools, \
         such as `!secret` or `!include`, mean nothing here.",
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
        "The file is not YAML.",
        "The document that holds the error is left out whole; other documents of the file are \
        still checked. The \
         usual causes are a tab in the indentation, a `: ` inside a text that is not quoted, and a \
         bracket or quote \
         that is never closed.",
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
