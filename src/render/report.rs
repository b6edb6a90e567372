//! The report of an apply as text, for people.

use super::style::{Color, Role};
use crate::{
    plan::Change,
    report::{ApplyOutcome, Fate, Report, RunEnd},
};

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
                    format!("{}: {said}", color.paint(Role::Warning, "run, and its end is not known"))
                }
            };
            format!("{head}: {said}{}", told(job.as_ref()))
        }
        Fate::UnderWay { problem: None } => {
            format!("{head}: {}", color.paint(Role::Add, "a run of somebody else is under way, and not waited for"))
        }
        Fate::UnderWay { problem: Some(said) } => {
            format!("{head}: {}: {said}", color.paint(Role::Warning, "a run of somebody else is under way"))
        }
        Fate::AsPlanned => format!("{head}: {}", color.paint(Role::Quiet, "is so already")),
        Fate::Failed { message, hint, job, .. } => {
            let hint = hint.as_ref().map_or_else(String::new, |hint| format!("\n      hint: {hint}"));
            format!("{head}: {}: {message}{}{hint}", color.paint(Role::Destroy, "failed"), told(job.as_ref()))
        }
        Fate::Skipped { because } => format!("{head}: {}, because of {because}", color.paint(Role::Warning, "skipped")),
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
        out.push_str(&color.paint(Role::Destroy, format!("Nothing was changed: {refused}")));
        out.push('\n');
        return out;
    }
    for (change, fate) in report.fates() {
        match fate {
            Fate::Applied { verified: true } | Fate::AsPlanned | Fate::Withheld => {}
            Fate::Ran { end: RunEnd::Succeeded, .. } | Fate::UnderWay { problem: None } => {}
            Fate::Applied { verified: false } => {
                let line = format!("{}, but it could not be read back", line(change, fate, color));
                out.push_str(&format!("{line}\n"));
            }
            _ => out.push_str(&format!("{}\n", line(change, fate, color))),
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&closing(report, color));
    out
}

fn closing(report: &Report<'_>, color: Color) -> String {
    let counts = report.counts();
    let word = if report.outcome() == ApplyOutcome::Complete { "complete" } else { "incomplete" };
    let first = format!(
        "Apply {word}! Resources: {} added, {} changed, {} destroyed.",
        counts.added, counts.changed, counts.destroyed
    );
    let number = |wanted: fn(&Fate) -> bool| report.fates().filter(|(_, fate)| wanted(fate)).count();
    let rest = [
        (counts.run, "run"),
        (number(|fate| *fate == Fate::AsPlanned), "so already"),
        (number(|fate| matches!(fate, Fate::UnderWay { .. })), "under way"),
        (number(|fate| matches!(fate, Fate::Failed { .. })), "failed"),
        (number(|fate| matches!(fate, Fate::Skipped { .. })), "skipped"),
        (number(|fate| matches!(fate, Fate::NotAttempted)), "not attempted"),
        (number(|fate| matches!(fate, Fate::Withheld)), "withheld"),
        (number(|fate| matches!(fate, Fate::Ran { end: RunEnd::Unknown(_), .. })), "not known to have ended"),
        (number(|fate| matches!(fate, Fate::Applied { verified: false })), "not verified"),
    ];
    let said: Vec<String> =
        rest.iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{number} {word}")).collect();
    let second = if said.is_empty() { String::new() } else { format!("{}.\n", said.join(", ")) };
    format!("{}\n{second}", color.paint(Role::Strong, first))
}
