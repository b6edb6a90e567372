//! The findings of a plan: what no change would mend.

use super::{Code, Example, warning};

pub(super) static CODES: &[Code] = &[
    warning(
        "copies-missing",
        "Tags of a repository are not at the target of its rule.",
        "A rule copies what is pushed after its creation, and a copy that fails is silent. `drift` \
        compares the names of the tags at the source and at the target. A tag that was pushed less \
        than half an hour ago counts as under way, and what a `retention` of the chart at the \
        target would collect is left out. The message says how many tags are missing, and names \
        up to five. It counts.",
        Example::Advice(
            "Run `portolan apply --backfill` with the repository. If tags are missing again and \
            again, look at the sync jobs of the repository: `drift --jobs` shows failed ones.",
        ),
    ),
    warning(
        "copies-removed",
        "Tags were copied to the target of a rule, and then deleted there.",
        "A sync job of the last 30 days says that the tag was copied, and the target lacks it. \
        Somebody deleted it there, or a retention that is not in the chart did. `backfill: missing` \
        leaves such a tag alone.",
        Example::Advice(
            "If the tags shall be there, run `portolan apply --backfill` with the repository. If a \
            retention deletes them, declare it: what it would collect is then left out.",
        ),
    ),
    warning(
        "copies-under-way",
        "Tags that were pushed less than half an hour ago are not at the target of a rule yet.",
        "A copy takes minutes. The age is that of the last push, by the service's own clock. It \
        does not count.",
        Example::Advice("Look again later: what is still not there then is `copies-missing`."),
    ),
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
        "sync-failed",
        "The newest sync jobs of some tags failed, so a rule did not copy them.",
        "Found with `--jobs` only. The newest job of each tag and target counts: one that failed or \
        timed out, until a later one succeeds, or until the tag is in the target with the digest \
        of the source, or gone from the source. A cancelled job is told and does not count. The \
        service does not say why a job failed. Likely causes: the target organization does not \
        exist, a quota is reached, the user who created the rule is gone, the account is frozen.",
        Example::Advice(
            "Remove the cause, then copy what is missing with `portolan apply --backfill PATTERN`. \
            A tag that is in the target with another digest is never overwritten by that: push it \
            again, if the rule has `override: true`.",
        ),
    ),
    warning(
        "sync-stuck",
        "Sync jobs of a rule have been waiting or running for more than six hours.",
        "Found with `--jobs` only. The newest job of each tag and target counts, by the service's \
        clock and the time at which the job was created.",
        Example::Advice(
            "Copy what is missing with `portolan apply --backfill PATTERN`. If new jobs hang too, \
            ask the service's support.",
        ),
    ),
    warning(
        "target-organization-missing",
        "A rule copies to an organization that does not exist.",
        "The service accepts such a rule and copies nothing. An organization is missing if the \
        list of its region lacks it and its own read answers 404. Its region is looked at only \
        through an endpoint of its own, in one try of at most five seconds; else the warning \
        `target-not-looked-at` says so. An organization that the chart declares is not missing: \
        an apply creates it. It counts. Its old name, `unknown-target-organization`, still works \
        in waivers.",
        Example::Advice(
            "Create the organization, declare it in a document of that region, or correct the \
            target.",
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
