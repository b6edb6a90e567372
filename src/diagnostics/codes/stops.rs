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
        "creator-level",
        "An `access` list gives the creator of the organization less than `manage`.",
        "The creator of an organization always manages it and its repositories. portolan never \
        changes that, so the plan could not become empty.",
        Example::Advice("Remove the user from the list, or write `level: manage`."),
    ),
    error(
        "locks-out",
        "The apply would lower or remove the permission of the user who runs it.",
        "Afterwards this user could not undo it, or finish the apply. Nothing is written. The plan \
        itself does not depend on who makes it.",
        Example::Advice(
            "Use the credentials of another user, keep this one in the list, or add it to \
            `operators`: portolan never changes the permissions of those.",
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
        "no-such-user",
        "The account has no user of a name in an `access` list.",
        "A permission is given to the id of a user. For a user who has none yet, portolan asks IAM \
        for the id of the name, and IAM knows no such user.",
        Example::Advice(
            "Correct the name, create the user, or write the user's `user_id` beside the name. \
            Groups, agencies and users of other accounts cannot have permissions.",
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
        "other-user-id",
        "The `user_id` of an `access` list differs from the id that the user of this name has.",
        "The user may have been deleted and created again, or renamed. Which of the two persons is \
        meant is unknown, so nothing is changed.",
        Example::Advice(
            "Correct `user_id`. Or remove it: then the list means whoever has the name.",
        ),
    ),
    error(
        "renamed-user",
        "An `access` list has a new user, but the service lists the user's id under another name.",
        "The user was probably renamed, and the service keeps the old name. Requests refer to a \
        user by the id. If the old name went and the new one came, the user could lose every \
        permission.",
        Example::Advice("Write the name that the service lists, or `user_id` of the right user."),
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
