//! The plan as Markdown, for a comment on a pull request, within a number of bytes.
//!
//! What is destroyed, exposed or withheld is listed change by change; other changes of one shape fold into a row
//! with a count. The full text follows in a fold-out as far as the budget allows, and a footer tells what is not
//! there.

use indexmap::IndexMap;

use super::{
    plan::{self as text, Depth, text as full_text},
    style::Color,
    words,
};
use crate::{
    diagnostics::View,
    diff::FieldChange,
    plan::{Action, Change, Outcome, Plan, Withheld},
};

/// The comment for a run that did not come to a plan.
pub fn unready(found: &[View]) -> String {
    let mut out = String::from("### portolan plan\n\n**Unknown: no plan could be made.**\n\n");
    for view in found.iter().take(MOST_FINDINGS) {
        let place = view.file.as_ref().map_or_else(String::new, |file| {
            let line = view.line.map_or_else(String::new, |line| format!(":{line}"));
            format!(" {}", code(&format!("{file}{line}")))
        });
        out.push_str(&format!("- {}{place}: {}\n", code(&view.code), escape(&view.message)));
    }
    out
}

/// How many findings a comment holds.
const MOST_FINDINGS: usize = 50;

/// Kept free for the footer.
const FOOTER: usize = 200;

/// The comment, at most `budget` bytes long.
pub fn markdown(plan: &Plan, budget: usize) -> String {
    let mut page = Page { out: String::new(), budget: budget.saturating_sub(FOOTER), left_out: 0 };
    page.push(&heading(plan));
    let (grave, ordinary): (Vec<&Change>, Vec<&Change>) = plan.changes.iter().partition(|change| change.is_grave());
    page.table("Destroyed, exposed or withheld", grave.into_iter().map(row));
    page.table("Other changes", folded(&ordinary));
    page.table(
        "Unlisted",
        plan.unlisted.iter().map(|unlisted| format!("| `?` | {} | | |\n", code(&unlisted.address.to_string()))),
    );
    if !plan.changes.is_empty() {
        page.details(plan);
    }
    let mut out = page.out;
    if page.left_out > 0 {
        out.push_str(&format!(
            "\n_{} rows are left out here for want of space; the saved plan has them all._\n",
            page.left_out
        ));
    }
    out
}

fn heading(plan: &Plan) -> String {
    let mut out = String::from("### portolan plan\n\n");
    let mut lines = text::summary(plan, Color::Never);
    if let Some(first) = lines.find('\n') {
        lines.insert_str(first, "**");
        lines.insert_str(0, "**");
    }
    out.push_str(&lines.replace("\n", "\n\n"));
    for stop in &plan.stopped {
        let lift = stop.lift.as_ref().map_or_else(String::new, |lift| format!("; to let it pass: {}", code(lift)));
        out.push_str(&format!("> **Stopped:** {}{lift}\n\n", escape(&stop.message)));
    }
    if plan.outcome() == Outcome::Unknown {
        for failure in &plan.failures {
            out.push_str(&format!("> cannot read the {}: {}\n", escape(&failure.subject), escape(&failure.message)));
        }
    }
    out
}

struct Page {
    out: String,
    budget: usize,
    left_out: usize,
}

impl Page {
    /// Adds a piece if it fits.
    fn push(&mut self, piece: &str) -> bool {
        let fits = self.out.len() + piece.len() <= self.budget;
        if fits {
            self.out.push_str(piece);
        }
        fits
    }

    fn table(&mut self, title: &str, rows: impl IntoIterator<Item = String>) {
        let mut rows = rows.into_iter().peekable();
        if rows.peek().is_none() {
            return;
        }
        let head = format!("**{title}**\n\n| | resource | what | where |\n| --- | --- | --- | --- |\n");
        let mut open = self.push(&head);
        for row in rows {
            open = open && self.push(&row);
            self.left_out += usize::from(!open);
        }
        self.push("\n");
    }

    /// The plan as people see it in a terminal, whole lines of it.
    fn details(&mut self, plan: &Plan) {
        const OPEN: &str = "<details><summary>The whole plan</summary>\n\n```text\n";
        const CLOSE: &str = "```\n\n</details>\n";
        const CUT: &str = "(the rest is left out)\n";
        // A fence inside of a value would end the block.
        let whole = full_text(plan, Color::Never, Depth::Full).replace("```", "'''");
        let room = self.budget.saturating_sub(self.out.len() + OPEN.len() + CLOSE.len());
        let kept = if whole.len() <= room {
            whole
        } else {
            let end = whole.floor_char_boundary(room.saturating_sub(CUT.len()));
            match whole[..end].rfind('\n') {
                Some(last) => format!("{}\n{CUT}", &whole[..last]),
                None => return,
            }
        };
        self.push(&format!("{OPEN}{kept}{CLOSE}"));
    }
}

/// One change on a row of its own.
fn row(change: &Change) -> String {
    let mut said: Vec<String> = Vec::new();
    if !matches!(change.action, Action::Delete { .. }) {
        said.extend(change.fields.iter().map(field));
    }
    said.extend(change.withheld.as_ref().map(|withheld| match withheld {
        Withheld::Risk { lift, .. } => format!("**withheld**; {} would let it go", code(lift)),
        Withheld::Protect { pattern } => format!("**withheld**: protected by {}", code(pattern)),
    }));
    let told = change.risks.iter().filter(|risk| !risk.evidence.is_empty());
    said.extend(told.map(|risk| format!("{}: {}", risk.class, escape(&risk.evidence))));
    let place =
        change.source.as_ref().map_or_else(String::new, |source| code(&format!("{}:{}", source.file, source.line)));
    format!(
        "| `{}` | {} | {} | {place} |\n",
        change.action.symbol(),
        code(&change.address.to_string()),
        said.join("<br>")
    )
}

/// The rows of changes that may fold: those that do the same to several resources of a kind share one.
fn folded(changes: &[&Change]) -> Vec<String> {
    let mut alike = IndexMap::<String, Vec<&Change>>::new();
    for change in changes {
        alike.entry(text::deed(change)).or_default().push(change);
    }
    alike.into_values().map(|changes| fold(&changes)).collect()
}

fn fold(changes: &[&Change]) -> String {
    let (first, rest) = (changes[0], changes.len() - 1);
    if rest == 0 {
        return row(first);
    }
    let fields: Vec<String> = first.fields.iter().map(field).collect();
    let resources = format!("{} and {rest} more {}", code(&first.address.to_string()), plural(first, rest));
    format!("| `{}` | {resources} | {} | |\n", first.action.symbol(), fields.join("<br>"))
}

fn plural(change: &Change, number: usize) -> String {
    let kind = change.address.kind().name;
    if number == 1 {
        kind.to_owned()
    } else {
        kind.strip_suffix('y').map_or_else(|| format!("{kind}s"), |stem| format!("{stem}ies"))
    }
}

fn field(field: &FieldChange) -> String {
    let short = |value: &serde_json::Value| code(&words::short(value));
    match (&field.before, &field.after) {
        (Some(before), Some(after)) => format!("{} {} -> {}", field.name, short(before), short(after)),
        (None, Some(after)) => format!("{} {}", field.name, short(after)),
        (Some(before), None) => format!("{} {}", field.name, short(before)),
        (None, None) => field.name.to_owned(),
    }
}

/// A text that is shown as it is: in a fence longer than any run of backticks in it, with the bars of a table escaped.
fn code(text: &str) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if longest > 0 { " " } else { "" };
    format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|").replace('\n', " "))
}

/// Words of ours with a name in them: nothing in it may become markup.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '`' => out.extend(['\\', character]),
            '\n' | '\r' => out.push(' '),
            '@' => out.push_str("@\u{200b}"),
            _ => out.push(character),
        }
    }
    out
}
