//! The findings of a plan: what no change would mend.

use super::{Code, Example, warning};

pub(super) static CODES: &[Code] = &[
    warning(
        "expired-share",
        "The access of an account that a repository is shared with has ended.",
        "The `until` of the chart or of the service has passed. The account can no longer pull. The \
        entry is left as it is, and one that is gone is not created again.",
        Example::Advice("Remove the item from the `share` list, or give it a later `until`."),
    ),
    warning(
        "failing-mirror",
        "The last run of a mirror failed.",
        "The message repeats the service's own words. No run is planned while the last success is \
        newer than `max_age` allows. Fix the cause before it gets older.",
        Example::Advice(
            "Read the service's message. A wrong URL or invalid credentials need a correction: \
            another run fails too.",
        ),
    ),
    warning(
        "maybe-renamed",
        "The plan creates something, and something unlisted beside it has a similar name.",
        "The service cannot rename. If the chart has a new name for what exists, an apply creates \
        an empty object, and the images stay behind under the old name. Names are similar at an \
        edit distance of three or less, or with an equal last segment; a single pair in one \
        organization is reported too. A deletion by `unlisted: delete` of something that may have \
        been renamed is withheld.",
        Example::Advice(
            "Keep the old name, or copy the images first. If the old one shall go, list it with \
            `state: absent`.",
        ),
    ),
    warning(
        "undeclared-share",
        "A repository is shared with other accounts, and the chart does not say so.",
        "One list of the region shows which repositories are shared. It is read if a repository of \
        the region has a `share` list in the chart. The finding also says where the service may \
        have left accounts out of its own list.",
        Example::Advice(
            "Add `share` to the repository's entry, with these accounts or as `share: []`.",
        ),
    ),
    warning(
        "unlisted",
        "A live repository is in no file.",
        "Its organization is in the chart, and the repository is not; no rule of the chart creates \
        it either. The message says how many tags it holds, and whether anyone can pull them. It \
        counts if the organization says `unlisted: forbid`, or with `drift --fail-on unlisted`.",
        Example::Advice(
            "Add it to the chart, or set `unlisted: delete` or `ignore` in its organization.",
        ),
    ),
    warning(
        "unlisted-organization",
        "A live organization is in no file.",
        "The chart declares something in this region, and no file names the organization, not even \
        as the target of a rule. `drift` reports this by default, the other commands only where \
        the region's document says `unlisted: report` or `forbid`. It counts with `forbid`, or \
        with `drift --fail-on unlisted-organization`. An organization that was renamed in the \
        chart shows up here under its old name.",
        Example::Advice(
            "Add it to the chart, or accept it with `accept`, or say `unlisted: ignore` in a \
            document of the region.",
        ),
    ),
];
