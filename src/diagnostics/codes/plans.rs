//! What reports for forges hold beside diagnostics: the changes and the states of a plan.

use super::{Code, Example, error, warning};

pub(super) static CODES: &[Code] = &[
    warning(
        "findings-left-out",
        "More findings than a code scanning service takes in one file.",
        "GitHub refuses a SARIF file with more than 25,000 results or more than 10 MB. The gravest \
        findings are in the \
         file, and this one counts the others.",
        Example::Advice(
            "Mend the first findings, or look at a part with `--target`. `--format json` holds all \
            of them.",
        ),
    ),
    warning(
        "plan-create",
        "A resource of the chart does not exist yet.",
        "The chart names the resource and the service does not have it. An apply would create it.",
        Example::Advice("Run `portolan apply`, or take the entry out of the chart."),
    ),
    error(
        "plan-delete",
        "An apply would delete a resource, or delete it and create it again.",
        "The chart says that the resource shall not exist, or that it shall be as it cannot become \
        in place. The finding \
         names what would be lost, and whether the change is withheld.",
        Example::Advice(
            "Look at what would be lost before you apply. `protect` in the chart keeps a resource \
            for good.",
        ),
    ),
    warning(
        "plan-partial",
        "The plan is about a part of the chart only.",
        "`--target` or `--exclude` was given, so nothing is said of the rest of the chart.",
        Example::Advice("Plan without `--target` and `--exclude` to see the rest."),
    ),
    warning(
        "plan-run",
        "A mirror is due.",
        "The last successful run of the mirror is older than the chart allows, or there was none. \
        An apply would run it.",
        Example::Advice("Run `portolan apply`, or raise `max_age`."),
    ),
    error(
        "plan-stopped",
        "An apply would stop before its first write.",
        "More would be deleted than the chart's `limits` allow, or something else must be settled \
        first. The message says \
         what, and what would let it pass.",
        Example::Advice(
            "Read the plan, and use what the message names only if all of that shall go.",
        ),
    ),
    warning(
        "plan-update",
        "A resource differs from the chart.",
        "The finding names the attributes with both values. An apply would make them as the chart \
        says. If it turns a \
         repository public, the finding is an error.",
        Example::Advice("Run `portolan apply`, or change the chart if the live value is right."),
    ),
];
