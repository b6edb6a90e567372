//! The report of an apply as text, for people. What happened, and how to go on, stands at its end.

use indexmap::IndexMap;

use super::{
    style::{Color, Role},
    words,
};
use crate::{
    address::Address,
    plan::Change,
    report::{ApplyOutcome, Fate, Halt, Report, RunEnd},
};

/// How many changes that ended in the same way are shown one by one.
const MOST_ALIKE: usize = 5;

/// What became of one change, on one line.
pub fn line(change: &Change, fate: &Fate, color: Color) -> String {
    let head = format!("{:>3} {}", change.action.symbol(), change.address);
    match fate {
        Fate::Applied { .. } => format!("{head}: {}", color.paint(Role::Add, "applied")),
        Fate::Ran { job, end } => {
            let said = match end {
                RunEnd::Succeeded => color.paint(Role::Add, "run"),
                RunEnd::NotAwaited => color.paint(Role::Add, "started, and not waited for"),
                RunEnd::Unknown(said) => {
                    format!(
                        "{}: {said}",
                        color.paint(Role::Warning, "run, and its end is not known")
                    )
                }
            };
            format!("{head}: {said}{}", told(job.as_ref()))
        }
        Fate::UnderWay { problem: None } => {
            format!(
                "{head}: {}",
                color.paint(
                    Role::Add,
                    "a run of somebody else is under way, and not waited for"
                )
            )
        }
        Fate::UnderWay {
            problem: Some(said),
        } => {
            format!(
                "{head}: {}: {said}",
                color.paint(Role::Warning, "a run of somebody else is under way")
            )
        }
        Fate::AsPlanned => format!("{head}: {}", color.paint(Role::Quiet, "is so already")),
        Fate::Failed {
            message, hint, job, ..
        } => {
            let hint = hint
                .as_ref()
                .map_or_else(String::new, |hint| format!("\n      hint: {hint}"));
            format!(
                "{head}: {}: {message}{}{hint}",
                color.paint(Role::Destroy, "failed"),
                told(job.as_ref())
            )
        }
        Fate::Skipped { because } => format!(
            "{head}: {}, because of {because}",
            color.paint(Role::Warning, "skipped")
        ),
        Fate::NotAttempted => format!("{head}: {}", color.paint(Role::Warning, "not attempted")),
        Fate::Withheld => format!("{head}: {}", color.paint(Role::Warning, "withheld")),
    }
}

/// The job, for a ticket.
fn told(job: Option<&String>) -> String {
    job.map_or_else(String::new, |job| format!(" (job {job})"))
}

/// Everything that is not done, and the closing lines.
pub fn text(report: &Report<'_>, color: Color) -> String {
    let mut out = String::new();
    if let Some(refused) = &report.refused {
        // The plan right above it says of each stop what it is about, and what would lift it.
        let refused = if report.plan.stopped.is_empty() {
            refused
        } else {
            "the plan is stopped, see above"
        };
        out.push_str(&color.paint(Role::Destroy, format!("Nothing was changed: {refused}.")));
        out.push('\n');
        return out;
    }
    // What was not begun tells least, so it stands furthest from the end.
    let (not_begun, begun): (Vec<_>, Vec<_>) = report
        .fates()
        .filter(|(_, fate)| is_told(fate))
        .partition(|(_, fate)| **fate == Fate::NotAttempted);
    out.push_str(&lines(&not_begun, color));
    out.push_str(&lines(&begun, color));
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&closing(report, color));
    out.push_str(&ended(report));
    out
}

/// Whether more is to be said of a change than its number.
fn is_told(fate: &Fate) -> bool {
    !matches!(
        fate,
        Fate::Applied { verified: true }
            | Fate::AsPlanned
            | Fate::Withheld
            | Fate::Ran {
                end: RunEnd::Succeeded,
                ..
            }
            | Fate::UnderWay { problem: None }
    )
}

/// A line for each change, and of many that ended in the same way, the first ones and a number.
fn lines(fates: &[(&Change, &Fate)], color: Color) -> String {
    let mut out = String::new();
    let mut alike = IndexMap::<End<'_>, usize>::new();
    for (change, fate) in fates {
        if let Some(end) = End::of(fate) {
            let number = alike.entry(end).or_default();
            *number += 1;
            if *number > MOST_ALIKE {
                continue;
            }
        }
        let unproved = match fate {
            Fate::Applied { verified: false } => ", but it could not be read back",
            _ => "",
        };
        out.push_str(&format!("{}{unproved}\n", line(change, fate, color)));
    }
    for (end, number) in alike.into_iter().filter(|(_, number)| *number > MOST_ALIKE) {
        out.push_str(&format!(
            "{}\n",
            color.paint(Role::Warning, end.counted(number - MOST_ALIKE))
        ));
    }
    out
}

/// What equal ends have in common. A change of which something was made, or may have been, is
/// always shown.
#[derive(PartialEq, Eq, Hash)]
enum End<'a> {
    NotAttempted,
    Skipped(&'a Address),
    Failed(String, Option<&'a str>),
}

impl<'a> End<'a> {
    fn of(fate: &'a Fate) -> Option<End<'a>> {
        match fate {
            Fate::NotAttempted => Some(End::NotAttempted),
            Fate::Skipped { because } => Some(End::Skipped(because)),
            Fate::Failed {
                message,
                hint,
                restored: false,
                job: None,
            } => Some(End::Failed(words::gist(message), hint.as_deref())),
            _ => None,
        }
    }

    fn counted(&self, number: usize) -> String {
        match self {
            End::NotAttempted => format!("    {number} more: not attempted"),
            End::Skipped(because) => format!("    {number} more: skipped, because of {because}"),
            End::Failed(..) => format!("    {number} more: failed in the same way"),
        }
    }
}

/// Why not everything is done, and how to go on; nothing, where all is done.
fn ended(report: &Report<'_>) -> String {
    let has = |wanted: fn(&Fate) -> bool| report.fates().any(|(_, fate)| wanted(fate));
    let go_on = "plan and apply again; what is done is not repeated.\n";
    let why = report.early_end().map_or_else(String::new, |halt| {
        format!("{}. ", capitalized(&halt.to_string()))
    });
    if report.early_end() == Some(&Halt::Credentials) {
        format!("{why}To go on, see to the credentials, then {go_on}")
    } else if has(|fate| matches!(fate, Fate::Failed { .. } | Fate::Skipped { .. })) {
        format!("{why}To go on, see to what failed, then {go_on}")
    } else if has(|fate| !fate.is_done() && *fate != Fate::Withheld) {
        format!("{why}To go on, {go_on}")
    } else if has(|fate| *fate == Fate::Withheld) {
        "The plan says of each withheld change what would let it go.\n".to_owned()
    } else {
        String::new()
    }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

fn closing(report: &Report<'_>, color: Color) -> String {
    let counts = report.counts();
    let word = if report.outcome() == ApplyOutcome::Complete {
        "complete"
    } else {
        "incomplete"
    };
    let first = format!(
        "Apply {word}! Resources: {} added, {} changed, {} destroyed.",
        counts.added, counts.changed, counts.destroyed
    );
    let number =
        |wanted: fn(&Fate) -> bool| report.fates().filter(|(_, fate)| wanted(fate)).count();
    let rest = [
        (counts.run, "run"),
        (number(|fate| *fate == Fate::AsPlanned), "so already"),
        (
            number(|fate| matches!(fate, Fate::UnderWay { .. })),
            "under way",
        ),
        (number(|fate| matches!(fate, Fate::Failed { .. })), "failed"),
        (
            number(|fate| matches!(fate, Fate::Skipped { .. })),
            "skipped",
        ),
        (
            number(|fate| matches!(fate, Fate::NotAttempted)),
            "not attempted",
        ),
        (number(|fate| matches!(fate, Fate::Withheld)), "withheld"),
        (
            number(|fate| {
                matches!(
                    fate,
                    Fate::Ran {
                        end: RunEnd::Unknown(_),
                        ..
                    }
                )
            }),
            "not known to have ended",
        ),
        (
            number(|fate| matches!(fate, Fate::Applied { verified: false })),
            "not verified",
        ),
    ];
    let said = words::counted(&rest);
    let second = if said.is_empty() {
        said
    } else {
        format!("{said}.\n")
    };
    format!("{}\n{second}", color.paint(Role::Strong, first))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::plan::{
        Plan,
        tests::{live, plan},
    };

    /// An organization that exists, and so many repositories to create.
    fn additions(number: usize) -> Plan {
        let mut chart = String::from("organizations: { o: { repositories: {");
        (0..number).for_each(|at| write!(chart, " r{at:03}: ,").unwrap());
        plan(
            &format!("{chart} }} }} }}"),
            &live(&[("o/old", false, 0, &[])]),
            &[],
        )
    }

    fn said(plan: &Plan, halt: Option<Halt>, fate: impl Fn(usize) -> Fate) -> String {
        let records = (0..plan.changes.len()).map(|at| fate(at).into()).collect();
        text(
            &Report {
                plan,
                records,
                refused: None,
                halt,
                is_known: true,
            },
            Color::Never,
        )
    }

    const DONE: Fate = Fate::Applied { verified: true };

    fn failed(message: String) -> Fate {
        Fate::Failed {
            message,
            hint: Some("ask".to_owned()),
            restored: false,
            job: None,
        }
    }

    #[test]
    fn a_stopped_run_says_last_why_it_ended_and_how_to_go_on() {
        let plan = additions(240);
        let fate = |at| if at == 0 { DONE } else { Fate::NotAttempted };
        insta::assert_snapshot!(said(&plan, Some(Halt::Signal), fate), @r"
          + repository r-1/o/r001: not attempted
          + repository r-1/o/r002: not attempted
          + repository r-1/o/r003: not attempted
          + repository r-1/o/r004: not attempted
          + repository r-1/o/r005: not attempted
            234 more: not attempted

        Apply incomplete! Resources: 1 added, 0 changed, 0 destroyed.
        239 not attempted.
        Stopped by a signal, such as Ctrl-C. To go on, plan and apply again; what is done is not repeated.
        ");
        let late = said(
            &plan,
            Some(Halt::Late("the run's time, 1s, is over".to_owned())),
            fate,
        );
        assert!(
            late.ends_with(
                "\nStopped: the run's time, 1s, is over. To go on, plan and apply \
            again; what is done is not repeated.\n"
            ),
            "{late}"
        );
    }

    #[test]
    fn equal_failures_are_counted_and_others_are_not() {
        let plan = additions(100);
        let refused = |at: usize| {
            failed(format!(
                "403 S.1: no (POST /v2/repos/r{at}, request id {at})"
            ))
        };
        let fate = |at: usize| {
            if at == 50 {
                failed("POST /v2/repos/r50: 500 E: oops".to_owned())
            } else {
                refused(at)
            }
        };
        let text = said(&plan, None, fate);
        assert!(
            text.contains("oops") && text.contains("\n    94 more: failed in the same way\n"),
            "{text}"
        );
        assert!(text.lines().count() < 20, "{text}");
        assert!(
            text.ends_with(
                "\nTo go on, see to what failed, then plan and apply again; what is done is not \
                repeated.\n"
            ),
            "{text}"
        );
        // What may have been made is always named.
        let unproved = said(&plan, None, |_| Fate::Applied { verified: false });
        assert_eq!(
            unproved.matches("could not be read back").count(),
            100,
            "{unproved}"
        );
    }

    #[test]
    fn a_complete_run_ends_with_its_numbers() {
        assert_eq!(
            said(&additions(2), None, |_| DONE),
            "Apply complete! Resources: 2 added, 0 changed, 0 destroyed.\n"
        );
    }
}
