//! The changes and states of a plan, which SARIF and Code Quality reports list as findings.

use super::{Code, Example, error, warning};

pub(super) static CODES: &[Code] = &[
    warning(
        "findings-left-out",
        "There are more findings than a code scanning service accepts in one file.",
        "GitHub refuses a SARIF file with more than 25,000 results or more than 10 MB. The file \
        contains the most severe findings, and this one counts the others.",
        Example::Advice(
            "Fix the first findings, or look at a part with `--target`. `--format json` contains \
            all of them.",
        ),
    ),
    error(
        "not-in-snapshot",
        "A plan from a snapshot needs something that the snapshot does not hold.",
        "`plan --live` reads no network. What was not read when the snapshot was taken, or could \
        not be read then, is unknown: nothing is planned for it, and the outcome of the plan is \
        unknown.",
        Example::Advice(
            "Take the snapshot with a chart that has the region and the organization, and with the \
            `--include` that the message names. `not_read` in the snapshot lists what it lacks.",
        ),
    ),
    error(
        "old-snapshot",
        "The snapshot is older than `--max-age`, or from the future.",
        "The plan is what it was at the time of the snapshot. Somebody may have changed the live \
        state since, so the outcome is unknown.",
        Example::Advice("Take the snapshot again, such as on a schedule, or raise `--max-age`."),
    ),
    warning(
        "plan-create",
        "A resource of the chart does not exist yet.",
        "The chart lists the resource, and the service does not have it. An apply would create it.",
        Example::Advice("Run `portolan apply`, or remove the entry from the chart."),
    ),
    error(
        "plan-delete",
        "An apply would delete a resource, or delete it and create it again.",
        "The chart says that the resource must not exist, or it changes an attribute that the \
        service cannot change in place. The finding names what would be lost, and whether the \
        change is withheld.",
        Example::Advice(
            "Check what would be lost before you apply. `protect` in the chart keeps a resource \
            from being deleted.",
        ),
    ),
    warning(
        "plan-partial",
        "The plan covers only a part of the chart.",
        "`--target` or `--exclude` was given. The rest of the chart was not compared.",
        Example::Advice("Plan without `--target` and `--exclude` to see the rest."),
    ),
    warning(
        "plan-run",
        "A mirror is due, or a rule has tags to copy.",
        "The last successful run of the mirror is older than `max_age`, or there was none; or the \
        target of the rule lacks tags, and its `backfill` wants them there. An apply would start \
        a run.",
        Example::Advice("Run `portolan apply`, or change `max_age` or `backfill`."),
    ),
    warning(
        "plan-update",
        "A resource differs from the chart.",
        "The finding names the attributes with both values. An apply would set them to the values \
        in the chart. If it makes a repository public, the finding is an error.",
        Example::Advice("Run `portolan apply`, or change the chart if the live value is right."),
    ),
];
