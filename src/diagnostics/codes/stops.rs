//! Why a plan stops: the codes in `stopped` of a plan and of a report.

use super::{Code, Example, error};

pub(super) static CODES: &[Code] = &[
    error(
        "account-unknown",
        "The chart is for an account, and no service shows which one this is.",
        "`account` in the chart stops an apply for any other account. Neither the overview nor the \
        lists of SWR nor IAM \
         showed the name of the account that the credentials belong to, so nothing is written.",
        Example::Advice(
            "Allow the credentials `GET /v2/manage/overview`, or give an `iam` endpoint: \
            `PORTOLAN_ENDPOINT_IAM`, or \
             `endpoints: { iam: }` in the chart.",
        ),
    ),
    error(
        "mirror-without-url",
        "A repository is no mirror yet, and the chart does not say what it shall follow.",
        "To make a mirror of a repository takes the `url` that it follows.",
        Example::Advice("Write its `url` into the chart, or leave it out with `--exclude`."),
    ),
    error(
        "no-such-repository",
        "No git repository has the name of a mirror.",
        "A mirror follows another repository into one that exists, and portolan cannot create \
        that.",
        Example::Advice(
            "Create the repository in CodeArts Repo, correct the name in the chart, or leave it \
            out with `--exclude`.",
        ),
    ),
    error(
        "organization-emptied",
        "An organization would lose all of its repositories.",
        "That is rarely meant, so it stops an apply before its first write, whatever `limits` \
        says.",
        Example::Advice(
            "Read the plan. If all of them shall go, `--allow deletes=N` with their number lets it \
            pass.",
        ),
    ),
    error(
        "organization-not-empty",
        "An organization shall go, and holds a repository that the chart does not name.",
        "Whether the service would delete the repository along with it is not documented, so it is \
        never asked to.",
        Example::Advice(
            "List the repository in that organization with `state: absent`, or keep the \
            organization.",
        ),
    ),
    error(
        "other-account",
        "The chart is for another account than the one that the credentials belong to.",
        "`account` in the chart names the account. For any other one nothing is compared and \
        nothing is written, and the \
         plan is empty.",
        Example::Advice(
            "Use the credentials of the account that the chart names, or correct `account`. With \
            `--emulator`, name \
             another state file.",
        ),
    ),
    error(
        "too-large-a-share",
        "An organization would lose too large a part of its repositories.",
        "`limits: { delete_percent: N }` in the chart, or else 30 percent, is the most that one \
        apply deletes of an \
         organization with ten repositories or more.",
        Example::Advice(
            "Read the plan. If all of that shall go, `--allow deletes=N` with the number lets it \
            pass.",
        ),
    ),
    error(
        "too-many-deletes",
        "More would be deleted than `limits` allows.",
        "`limits: { deletes: N }` in the chart, or else 10, is the most that one apply deletes. A \
        replacement does not \
         count.",
        Example::Advice(
            "Read the plan. If all of that shall go, `--allow deletes=N` with the number lets it \
            pass.",
        ),
    ),
];
