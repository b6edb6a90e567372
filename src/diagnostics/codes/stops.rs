//! Why a plan stops: the codes in `stopped` of a plan and of a report.

use super::{Code, Example, error};

pub(super) static CODES: &[Code] = &[
    error(
        "account-unknown",
        "The chart names an account, and the account of the credentials is unknown.",
        "`account` in the chart stops an apply for any other account. Neither the overview nor the \
        lists of SWR nor IAM showed the name of the account that the credentials belong to, so \
        nothing is written.",
        Example::Advice(
            "Allow the credentials `GET /v2/manage/overview`, or give an `iam` endpoint: \
            `PORTOLAN_ENDPOINT_IAM`, or `endpoints: { iam: }` in the chart.",
        ),
    ),
    error(
        "mirror-without-url",
        "A repository is not a mirror yet, and the chart gives no `url` for it.",
        "portolan needs the `url` of the source to turn a repository into a mirror.",
        Example::Advice(
            "Add `url` to the mirror in the chart, or leave the mirror out with `--exclude`.",
        ),
    ),
    error(
        "no-such-repository",
        "The git repository of a mirror does not exist.",
        "A mirror copies its source into an existing git repository, and portolan cannot create \
        that repository.",
        Example::Advice(
            "Create the repository in CodeArts Repo, correct the name in the chart, or leave the \
            mirror out with `--exclude`.",
        ),
    ),
    error(
        "organization-emptied",
        "An organization would lose all of its repositories.",
        "This is rarely intended, so the apply stops before its first write, whatever numbers \
        `limits` sets.",
        Example::Advice(
            "Read the plan. If all of them are to be deleted, allow it with `--allow deletes=N`, \
            where N is their number.",
        ),
    ),
    error(
        "organization-not-empty",
        "The chart deletes an organization that holds a repository which the chart does not list.",
        "Whether the service deletes the repositories along with the organization is not \
        documented, so portolan deletes only empty organizations.",
        Example::Advice(
            "List the repository in that organization with `state: absent`, or keep the \
            organization.",
        ),
    ),
    error(
        "other-account",
        "The credentials belong to another account than the one that the chart names.",
        "`account` in the chart names the account. For any other account nothing is compared and \
        nothing is written, and the plan is empty.",
        Example::Advice(
            "Use the credentials of the account that the chart names, or correct `account`. With \
            `--emulator`, name another state file.",
        ),
    ),
    error(
        "too-large-a-share",
        "An organization would lose too many of its repositories at once.",
        "`limits: { delete_percent: N }` in the chart (default 30) is the largest part of an \
        organization's repositories, in percent, that one apply deletes. It applies to \
        organizations with ten or more repositories.",
        Example::Advice(
            "Read the plan. If all of them are to be deleted, allow it with `--allow deletes=N`, \
            where N is their number.",
        ),
    ),
    error(
        "too-many-deletes",
        "The plan deletes more than `limits` allows.",
        "`limits: { deletes: N }` in the chart (default 10) is the most that one apply deletes. A \
        replacement does not count.",
        Example::Advice(
            "Read the plan. If all of that is to be deleted, allow it with `--allow deletes=N`, \
            where N is their number.",
        ),
    ),
];
