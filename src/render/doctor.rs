//! The lines of a checkup, as text or as JSON.
//!
//! Equal lines about several things are one line of text: with fifty organizations the one that is
//! wrong would be lost among those that are fine.

use serde::Serialize;

use super::{
    fit::wrap,
    style::{Color, Look, Role},
};
use crate::{
    diagnostics::View,
    doctor::{Line, Report, Section, Status},
    plan::document::{FORMAT_VERSION, pretty},
    text::{counted, listed, visible},
};

/// The width of the longest mark, `note`.
const MARK: usize = 4;

/// How many things of equal lines are named, of those that are fine and of others.
const MOST_FINE: usize = 8;
const MOST_OTHERS: usize = 10;

/// The widest text: longer lines are hard to read.
const MOST_COLUMNS: usize = 100;

/// What `doctor --format json` prints.
#[derive(Debug, Serialize)]
struct Document<'r> {
    format_version: &'static str,
    /// The name of its schema.
    document: &'static str,
    outcome: &'static str,
    summary: Summary,
    account: Option<&'r str>,
    checks: Vec<Check<'r>>,
    diagnostics: &'r [View],
}

#[derive(Debug, Serialize)]
struct Summary {
    ok: usize,
    note: usize,
    warning: usize,
    failure: usize,
}

#[derive(Debug, Serialize)]
struct Check<'r> {
    region: Option<&'r str>,
    check: &'static str,
    subject: Option<&'r str>,
    status: &'static str,
    message: &'r str,
    hint: Option<&'r str>,
}

impl<'r> Check<'r> {
    fn of(line: &'r Line) -> Check<'r> {
        Check {
            region: match &line.section {
                Section::Region(name) => Some(name),
                Section::Setup | Section::Targets | Section::Rights => None,
            },
            check: line.check,
            subject: line.subject.as_deref(),
            status: line.status.name(),
            message: &line.message,
            hint: line.hint.as_deref(),
        }
    }
}

pub fn json(report: &Report, diagnostics: &[View]) -> String {
    let count = |status| report.count(status);
    pretty(&Document {
        format_version: FORMAT_VERSION,
        document: "doctor",
        outcome: if report.has_failed() { "failed" } else { "ok" },
        summary: Summary {
            ok: count(Status::Ok),
            note: count(Status::Note),
            warning: count(Status::Warning),
            failure: count(Status::Failure),
        },
        account: report.account.as_deref(),
        checks: report.lines.iter().map(Check::of).collect(),
        diagnostics,
    })
}

/// Groups of lines, each with a heading, and the counts at the end.
pub fn text(report: &Report, look: Look) -> String {
    let names = report.lines.iter().map(|line| line.check.len());
    let column = MARK + 4 + names.max().unwrap_or_default() + 2;
    let mut out = String::new();
    let mut rest = &report.lines[..];
    while let Some(first) = rest.first() {
        let end = rest.iter().position(|line| line.section != first.section);
        let (group, others) = rest.split_at(end.unwrap_or(rest.len()));
        let heading = match &first.section {
            Section::Setup => "this machine",
            Section::Region(name) => name,
            Section::Targets => "targets of rules",
            Section::Rights => "rights of `apply`",
        };
        let heading = look.color.paint(Role::Strong, visible(heading));
        out.push_str(&format!("{heading}\n"));
        for row in rows(group) {
            row.print(&mut out, column, look);
        }
        out.push('\n');
        rest = others;
    }
    out + &summary(report, look.color)
}

/// Lines that are equal but for their subjects.
struct Row<'r> {
    line: &'r Line,
    subjects: Vec<String>,
}

fn rows(group: &[Line]) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for line in group {
        let is_alike = |row: &&mut Row<'_>| {
            let other = row.line;
            line.subject.is_some()
                && (other.check, other.status, &other.message, &other.hint)
                    == (line.check, line.status, &line.message, &line.hint)
        };
        match rows.iter_mut().find(is_alike) {
            Some(row) => row.subjects.extend(line.subject.clone()),
            None => rows.push(Row {
                line,
                subjects: line.subject.iter().cloned().collect(),
            }),
        }
    }
    rows
}

impl Row<'_> {
    fn print(&self, out: &mut String, column: usize, look: Look) {
        let (mark, role) = match self.line.status {
            Status::Ok => ("ok", Role::Add),
            Status::Note => ("note", Role::Quiet),
            Status::Warning => ("warn", Role::Warning),
            Status::Failure => ("FAIL", Role::Destroy),
        };
        let most = match self.line.status {
            Status::Ok => MOST_FINE,
            _ => MOST_OTHERS,
        };
        let name = self.line.check.replace('-', " ");
        let subjects = match &self.subjects[..] {
            [] => String::new(),
            several => format!("{}: ", listed(several, most)),
        };
        let text = format!("{subjects}{}", visible(&self.line.message));
        let mark = look.color.paint(role, format!("{mark:MARK$}"));
        let width = column - MARK - 4;
        let begin = format!("  {mark}  {name:width$}{text}");
        push(out, &begin, column, look);
        if let Some(hint) = &self.line.hint {
            let hint = format!("{:column$}hint: {}", "", visible(hint));
            push(out, &hint, column, look);
        }
    }
}

/// A line, whose continuation stays in its column.
fn push(out: &mut String, line: &str, column: usize, look: Look) {
    let width = look.width.map(|width| width.min(MOST_COLUMNS));
    let lines = match width {
        Some(width) => wrap(line, width, column),
        None => vec![line.to_owned()],
    };
    for line in lines {
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

fn summary(report: &Report, color: Color) -> String {
    let count = |status| report.count(status);
    let words = [
        (Status::Failure, ("failure", "failures")),
        (Status::Warning, ("warning", "warnings")),
        (Status::Note, ("note", "notes")),
    ];
    let others = words.into_iter().filter_map(|(status, words)| {
        let number = count(status);
        (number > 0).then(|| counted(number, words))
    });
    let fine = format!("{} ok", count(Status::Ok));
    let all: Vec<String> = others.chain([fine]).collect();
    let verdict = match report.has_failed() {
        true => color.paint(Role::Destroy, "Not ready"),
        false => color.paint(Role::Add, "Ready"),
    };
    format!("{verdict}: {}.\n", all.join(", "))
}
