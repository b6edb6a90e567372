//! Formats the report of an apply as text for people. The summary and the next step come last.

use indexmap::IndexMap;

use super::{
    style::{Color, Role},
    words,
};
use crate::{
    address::Address,
    plan::{Action, Change},
    report::{ApplyOutcome, Copied, Fate, Halt, Record, Report, RunEnd},
    text::{counted, listed},
};

/// How many items of a run are named.
const MOST_NAMED: usize = 5;

/// How many changes with the same outcome are shown one by one.
const MOST_ALIKE: usize = 5;

/// The outcome of one change, on one line.
pub fn line(change: &Change, record: &Record, color: Color) -> String {
    let head = format!("{:>3} {}", change.action.symbol(), change.address);
    let tail = copied(change, record);
    match &record.fate {
        Fate::Applied { .. } => format!("{head}: {}", color.paint(Role::Add, "applied")),
        Fate::Ran { job, end } => {
            let outcome = match end {
                RunEnd::Succeeded => color.paint(Role::Add, "run"),
                RunEnd::NotAwaited => color.paint(Role::Add, "started, not waited for"),
                RunEnd::PutOff => color.paint(
                    Role::Add,
                    "started, not waited for; the apply that starts the last batch makes the change",
                ),
                RunEnd::Unknown(reason) => {
                    format!(
                        "{}: {reason}",
                        color.paint(Role::Warning, "run, outcome unknown")
                    )
                }
            };
            let hint = remedy(change, record).map_or_else(String::new, |command| {
                format!(
                    "\n      hint: the rule is there now, so an apply alone copies nothing; \
                    {command} copies what does not arrive"
                )
            });
            format!("{head}: {outcome}{tail}{}{hint}", job_id(job.as_ref()))
        }
        Fate::InProgress { problem: None } => {
            format!(
                "{head}: {}",
                color.paint(Role::Add, "another run is in progress, and not waited for")
            )
        }
        Fate::InProgress {
            problem: Some(problem),
        } => {
            format!(
                "{head}: {}: {problem}",
                color.paint(Role::Warning, "another run is in progress")
            )
        }
        Fate::AsPlanned => format!("{head}: {}", color.paint(Role::Quiet, "already as planned")),
        Fate::Failed {
            message, hint, job, ..
        } => {
            let hint = hint
                .as_ref()
                .map_or_else(String::new, |hint| format!("\n      hint: {hint}"));
            format!(
                "{head}: {}: {message}{tail}{}{hint}",
                color.paint(Role::Destroy, "failed"),
                job_id(job.as_ref())
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

/// `; 3 tags copied, 1 of them not in the plan: v9`: what a run copied.
fn copied(change: &Change, record: &Record) -> String {
    let (Some(copied), Some(copying)) = (&record.copied, change.address.kind().copying) else {
        return String::new();
    };
    let number = |names: &[String]| counted(names.len(), copying.list.words);
    let mut parts = Vec::new();
    if !copied.copied.is_empty() {
        parts.push(format!("{} there", number(&copied.copied)));
    }
    for (names, words) in [
        (&copied.added, "added, not in the plan"),
        (&copied.gone, "gone at the source"),
        (&copied.not_sent, "not sent yet"),
    ] {
        if !names.is_empty() {
            let number = number(names);
            parts.push(format!("{number} {words}: {}", listed(names, MOST_NAMED)));
        }
    }
    match parts.is_empty() {
        true => String::new(),
        false => format!("; {}", parts.join(", ")),
    }
}

/// The command that copies the rest, where the rule was made before all of it arrived: the next
/// plan has no change of the rule then, and so no run.
fn remedy(change: &Change, record: &Record) -> Option<String> {
    let is_new = matches!(
        change.action,
        Action::Create { .. } | Action::Replace { .. }
    );
    let is_unknown = matches!(
        record.fate,
        Fate::Ran {
            end: RunEnd::Unknown(_),
            ..
        }
    );
    let copied = record.copied.as_deref()?;
    let is_left = !(copied.in_progress.is_empty() && copied.not_sent.is_empty());
    let source = change.address.parent()?.parts().join("/");
    (is_new && is_unknown && is_left).then(|| format!("`portolan apply --backfill '{source}'`"))
}

/// The id of the service's job, for a support ticket.
fn job_id(job: Option<&String>) -> String {
    job.map_or_else(String::new, |job| format!(" (job {job})"))
}

/// All changes that were not made or not verified, and the closing lines.
pub fn text(report: &Report<'_>, color: Color) -> String {
    let mut out = String::new();
    if let Some(refused) = &report.refused {
        // The plan right above lists the stops, with what would allow each.
        let refused = if report.plan.stopped.is_empty() {
            refused
        } else {
            "the plan is stopped, see above"
        };
        out.push_str(&color.paint(Role::Destroy, format!("Nothing was changed: {refused}.")));
        out.push('\n');
        return out;
    }
    // Changes that were not attempted are the least important, so they come first: people read the
    // end of the output.
    let (not_attempted, attempted): (Vec<_>, Vec<_>) = report
        .plan
        .changes
        .iter()
        .zip(&report.records)
        .filter(|(_, record)| is_listed(record))
        .partition(|(_, record)| record.fate == Fate::NotAttempted);
    out.push_str(&lines(&not_attempted, color));
    out.push_str(&lines(&attempted, color));
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&closing(report, color));
    out.push_str(&next_step(report));
    out
}

/// Whether a change is listed, and not only counted.
fn is_listed(record: &Record) -> bool {
    // A reader of the plan did not see these.
    let is_news = |copied: &Copied| !(copied.added.is_empty() && copied.gone.is_empty());
    let has_news = record.copied.as_deref().is_some_and(is_news);
    let is_settled = matches!(
        record.fate,
        Fate::Applied { verified: true }
            | Fate::AsPlanned
            | Fate::Withheld
            | Fate::Ran {
                end: RunEnd::Succeeded,
                ..
            }
            | Fate::InProgress { problem: None }
    );
    has_news || !is_settled
}

/// A line for each change. Of changes with the same outcome, only the first ones and a count.
fn lines(records: &[(&Change, &Record)], color: Color) -> String {
    let mut out = String::new();
    let mut counts = IndexMap::<Group<'_>, usize>::new();
    for (change, record) in records {
        if let Some(group) = Group::of(&record.fate) {
            let count = counts.entry(group).or_default();
            *count += 1;
            if *count > MOST_ALIKE {
                continue;
            }
        }
        out.push_str(&line(change, record, color));
        if record.fate == (Fate::Applied { verified: false }) {
            out.push_str(", but it could not be read back");
            if let Some(problem) = &record.unread {
                out.push_str(&format!(": {problem}"));
            }
        }
        out.push('\n');
    }
    for (group, count) in counts.into_iter().filter(|(_, count)| *count > MOST_ALIKE) {
        out.push_str(&format!(
            "{}\n",
            color.paint(Role::Warning, group.counted(count - MOST_ALIKE))
        ));
    }
    out
}

/// Outcomes that are counted together. A change that was made, or may have been, has no group: it
/// is always shown.
#[derive(PartialEq, Eq, Hash)]
enum Group<'a> {
    NotAttempted,
    Skipped(&'a Address),
    Failed(String, Option<&'a str>),
}

impl<'a> Group<'a> {
    fn of(fate: &'a Fate) -> Option<Group<'a>> {
        match fate {
            Fate::NotAttempted => Some(Group::NotAttempted),
            Fate::Skipped { because } => Some(Group::Skipped(because)),
            Fate::Failed {
                message,
                hint,
                restored: false,
                job: None,
            } => Some(Group::Failed(words::gist(message), hint.as_deref())),
            _ => None,
        }
    }

    fn counted(&self, count: usize) -> String {
        match self {
            Group::NotAttempted => format!("    {count} more: not attempted"),
            Group::Skipped(because) => format!("    {count} more: skipped, because of {because}"),
            Group::Failed(..) => format!("    {count} more: failed in the same way"),
        }
    }
}

/// Why the apply is incomplete, and the next step. Empty if it is complete.
fn next_step(report: &Report<'_>) -> String {
    let has = |wanted: fn(&Fate) -> bool| report.fates().any(|(_, fate)| wanted(fate));
    let left = report.plan.changes.iter().zip(&report.records);
    let left = left.filter(|(_, record)| !record.fate.is_done() && record.fate != Fate::Withheld);
    let remedies: Vec<_> = left
        .map(|(change, record)| remedy(change, record))
        .collect();
    let again = "plan and apply again; changes that were made are not repeated.\n";
    let reason = report.early_end().map_or_else(String::new, |halt| {
        format!("{}. ", words::capital(&halt.to_string()))
    });
    // First, because refused credentials are also why the changes below failed.
    if matches!(report.early_end(), Some(Halt::Credentials | Halt::Spent)) {
        format!("{reason}To continue, correct the credentials, then {again}")
    } else if has(|fate| matches!(fate, Fate::Failed { .. } | Fate::Skipped { .. })) {
        format!("{reason}To continue, fix what failed, then {again}")
    } else if let [Some(command)] = &remedies[..] {
        format!("{reason}To continue, run {command}.\n")
    } else if !remedies.is_empty() && remedies.iter().all(Option::is_some) {
        format!("{reason}To continue, run the commands above.\n")
    } else if !remedies.is_empty() {
        format!("{reason}To continue, {again}")
    } else if has(|fate| *fate == Fate::Withheld) {
        "The plan shows what would allow each withheld change.\n".to_owned()
    } else {
        String::new()
    }
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
    let count = |wanted: fn(&Fate) -> bool| report.fates().filter(|(_, fate)| wanted(fate)).count();
    let rest = [
        (counts.run, "run"),
        (count(|fate| *fate == Fate::AsPlanned), "already as planned"),
        (
            count(|fate| matches!(fate, Fate::InProgress { .. })),
            "in progress",
        ),
        (count(|fate| matches!(fate, Fate::Failed { .. })), "failed"),
        (
            count(|fate| matches!(fate, Fate::Skipped { .. })),
            "skipped",
        ),
        (
            count(|fate| matches!(fate, Fate::NotAttempted)),
            "not attempted",
        ),
        (count(|fate| matches!(fate, Fate::Withheld)), "withheld"),
        (
            count(|fate| {
                matches!(
                    fate,
                    Fate::Ran {
                        end: RunEnd::Unknown(_),
                        ..
                    }
                )
            }),
            "with unknown outcome",
        ),
        (
            count(|fate| matches!(fate, Fate::Applied { verified: false })),
            "not verified",
        ),
    ];
    let counted = words::counted(&rest);
    let second = if counted.is_empty() {
        counted
    } else {
        format!("{counted}.\n")
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

    /// A plan that creates that many repositories in an existing organization.
    fn additions(count: usize) -> Plan {
        let mut chart = String::from("organizations: { o: { repositories: {");
        (0..count).for_each(|at| write!(chart, " r{at:03}: ,").unwrap());
        plan(
            &format!("{chart} }} }} }}"),
            &live(&[("o/old", false, 0, &[])]),
            &[],
        )
    }

    fn rendered(plan: &Plan, halt: Option<Halt>, fate: impl Fn(usize) -> Fate) -> String {
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
    fn a_stopped_apply_ends_with_the_reason_and_the_next_step() {
        let plan = additions(240);
        let fate = |at| if at == 0 { DONE } else { Fate::NotAttempted };
        insta::assert_snapshot!(rendered(&plan, Some(Halt::Signal), fate), @r"
          + repository r-1/o/r001: not attempted
          + repository r-1/o/r002: not attempted
          + repository r-1/o/r003: not attempted
          + repository r-1/o/r004: not attempted
          + repository r-1/o/r005: not attempted
            234 more: not attempted

        Apply incomplete! Resources: 1 added, 0 changed, 0 destroyed.
        239 not attempted.
        Stopped by a signal, such as Ctrl-C. To continue, plan and apply again; changes that were made are not repeated.
        ");
        let late = rendered(
            &plan,
            Some(Halt::Late("the timeout of 1s is over".to_owned())),
            fate,
        );
        assert!(
            late.ends_with(
                "\nStopped: the timeout of 1s is over. To continue, plan and apply again; \
                changes that were made are not repeated.\n"
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
        let text = rendered(&plan, None, fate);
        assert!(
            text.contains("oops") && text.contains("\n    94 more: failed in the same way\n"),
            "{text}"
        );
        assert!(text.lines().count() < 20, "{text}");
        assert!(
            text.ends_with(
                "\nTo continue, fix what failed, then plan and apply again; changes that were made \
                are not repeated.\n"
            ),
            "{text}"
        );
        // A change that may have been made is always listed.
        let unverified = rendered(&plan, None, |_| Fate::Applied { verified: false });
        assert_eq!(
            unverified.matches("could not be read back").count(),
            100,
            "{unverified}"
        );
    }

    #[test]
    fn a_complete_apply_ends_with_its_counts() {
        assert_eq!(
            rendered(&additions(2), None, |_| DONE),
            "Apply complete! Resources: 2 added, 0 changed, 0 destroyed.\n"
        );
    }
}
