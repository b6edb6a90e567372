//! Formats a plan as Markdown for a comment on a pull request, within a limit of bytes.
//!
//! What is destroyed, exposed or withheld is listed change by change. Other changes that are equal,
//! in one organization and with one target, fold into a row with a count. The full text follows in
//! a collapsed section as far as the limit allows, and a footer counts what is left out. The totals
//! come first, whatever the limit. No text of the service or the chart can become markup.

use indexmap::IndexMap;

use super::{
    change, cloud,
    fold::{self, Group},
    plan::{self as text, text as full_text},
    plan_findings,
    style::{Color, Depth, Look},
    words,
};
use crate::{
    diagnostics::View,
    diff::FieldChange,
    pattern::Pattern,
    plan::{Action, Change, Finding, Plan, Withheld},
};

/// How many findings a comment lists.
const MOST_FINDINGS: usize = 50;

/// Bytes that are reserved for the footer.
const FOOTER: usize = 400;

/// How many characters of a difference of long texts a cell shows.
const LONGEST_DIFFERENCE: usize = 160;

/// The comment of a command that could not make a plan.
pub fn unready(command: &str, found: &[View], budget: usize) -> String {
    let mut page = Page::new(
        format!("### portolan {command}\n\n**Unknown: no plan could be made.**\n\n"),
        budget,
    );
    let items = found.iter().enumerate().map(|(number, view)| {
        let place = view.file.as_ref().map_or_else(String::new, |file| {
            let line = view
                .line
                .map_or_else(String::new, |line| format!(":{line}"));
            format!(" {}", raw_code(&format!("{file}{line}")))
        });
        let item = format!("- {}{place}: {}\n", code(&view.code), escape(&view.message));
        (number < MOST_FINDINGS).then_some(item)
    });
    page.list("findings", items);
    page.end()
}

/// The comment, at most `budget` bytes long.
pub fn markdown(plan: &Plan, budget: usize) -> String {
    let totals = text::totals(plan, !plan.scope.selection.is_partial());
    let whole = || full_text(plan, Look::plain(Depth::Unfolded));
    comment(
        &Comment {
            command: "plan",
            plan,
            totals,
            warnings: Vec::new(),
            accepted: Vec::new(),
            whole: &whole,
        },
        budget,
    )
}

/// The parts of a comment.
pub(super) struct Comment<'c> {
    pub(super) command: &'c str,
    pub(super) plan: &'c Plan,
    /// Lines with counts. The first is emphasized.
    pub(super) totals: Vec<String>,
    /// Lines of Markdown about expired acceptances.
    pub(super) warnings: Vec<String>,
    /// Rows for the accepted differences.
    pub(super) accepted: Vec<String>,
    /// The full text.
    pub(super) whole: &'c dyn Fn() -> String,
}

/// The comment, at most `budget` bytes long.
pub(super) fn comment(comment: &Comment<'_>, budget: usize) -> String {
    let plan = comment.plan;
    let mut page = Page::new(head(comment), budget);
    page.list(
        "expired acceptances",
        comment
            .warnings
            .iter()
            .map(|warning| Some(format!("> {warning}\n\n"))),
    );
    page.list(
        "stops",
        plan.stopped.iter().map(|stop| {
            let lift = stop.lift.as_ref().map_or_else(String::new, |lift| {
                format!("; to continue: {}", escape(lift))
            });
            let place = stop.source.as_ref().map_or_else(String::new, |source| {
                format!(" ({})", raw_code(&words::place(source)))
            });
            Some(format!(
                "> **Stopped:** {}{place}{lift} [{}]\n\n",
                escape(&stop.message),
                raw_code(&stop.code)
            ))
        }),
    );
    page.list(
        "failed reads",
        plan.failures.iter().map(|failure| {
            Some(format!(
                "- cannot read the {}: {}\n",
                escape(&failure.subject),
                escape(&failure.message)
            ))
        }),
    );
    page.list(
        "gaps of the snapshot",
        plan.gaps
            .iter()
            .map(|gap| Some(format!("- {}\n", escape(&gap.view().message)))),
    );
    if plan.scope.selection.is_partial() {
        page.push(&partial(plan));
    }
    let (grave, ordinary): (Vec<&Change>, Vec<&Change>) =
        plan.changes.iter().partition(|change| change.is_grave());
    let title = "Destroyed, exposed or withheld";
    let grave: Vec<Vec<&Change>> = grave.into_iter().map(|change| vec![change]).collect();
    page.changes(title, "**destroyed, exposed or withheld**", &grave);
    // Listed first, so that they are not left out if there is no room for all.
    let (outwards, inwards): (Vec<&Change>, Vec<&Change>) = ordinary
        .into_iter()
        .partition(|change| fold::reaches_out(change));
    let others: Vec<Vec<&Change>> = folded(&outwards).chain(folded(&inwards)).collect();
    page.changes("Other changes", "other changes", &others);
    page.table(
        "Accepted until a date",
        "accepted",
        comment.accepted.iter().map(|row| (row.clone(), 1)),
    );
    page.table(
        "Unlisted",
        "unlisted",
        plan.unlisted.iter().map(|unlisted| {
            let address = raw_code(&unlisted.address.to_string());
            let (content, counts) = plan_findings::of_unlisted(plan, &unlisted.address)
                .map_or_else(Default::default, |(content, counts)| {
                    (format!(" ({})", escape(&content)), counts)
                });
            let counts = if counts { "; counts" } else { "" };
            (
                format!("| `?` | {address} | no file lists it{content}{counts} | |\n"),
                1,
            )
        }),
    );
    page.table(
        "Findings",
        "findings",
        plan_findings::others(plan).map(|finding| (finding_row(finding), 1)),
    );
    if !plan.changes.is_empty() {
        page.details(&(comment.whole)());
    }
    page.end()
}

/// The part that is always included: the totals, and the line with account and endpoints.
fn head(comment: &Comment<'_>) -> String {
    let mut out = format!("### portolan {}\n\n", comment.command);
    for (number, line) in comment.totals.iter().map(|line| escape(line)).enumerate() {
        out.push_str(&if number == 0 {
            format!("**{line}**\n\n")
        } else {
            format!("{line}\n\n")
        });
    }
    if let Some(line) = cloud::line(comment.plan, raw_code) {
        out.push_str(&format!("{line}\n\n"));
    }
    // In the head too: the patterns may be too long to fit, and "No changes" would then look like a
    // statement about the whole chart.
    if comment.plan.scope.selection.is_partial() {
        out.push_str("Only a part of the chart was compared.\n\n");
    }
    out
}

/// The selection of a partial plan.
fn partial(plan: &Plan) -> String {
    let options = |option: &str, patterns: &[Pattern]| {
        patterns
            .iter()
            .map(|pattern| raw_code(&format!("{option} {pattern}")) + " ")
            .collect::<String>()
    };
    let selection = options("--target", &plan.scope.selection.targets)
        + &options("--exclude", &plan.scope.selection.excludes);
    format!("Selected with {}\n\n", selection.trim_end())
}

struct Page {
    out: String,
    budget: usize,
    /// The count of what did not fit, with a name for it.
    left_out: Vec<(usize, &'static str)>,
}

impl Page {
    fn new(head: String, budget: usize) -> Page {
        Page {
            out: head,
            budget: budget.saturating_sub(FOOTER),
            left_out: Vec::new(),
        }
    }

    /// Adds a piece if it fits.
    fn push(&mut self, piece: &str) -> bool {
        let fits = self.out.len() + piece.len() <= self.budget;
        if fits {
            self.out.push_str(piece);
        }
        fits
    }

    /// Whether a table of these rows fits.
    fn has_room_for(&self, rows: &[String]) -> bool {
        // The length of a footer is kept free for what comes after the table.
        let length: usize = rows.iter().map(String::len).sum();
        self.out.len() + FOOTER + length <= self.budget
    }

    /// Adds items until one does not fit.
    fn list(&mut self, what: &'static str, items: impl Iterator<Item = Option<String>>) {
        let (mut open, mut missing, mut any) = (true, 0, false);
        for item in items {
            // After the first item that does not fit, none is added: a list with gaps would
            // mislead.
            open = open && item.is_some_and(|item| self.push(&item));
            missing += usize::from(!open);
            any = true;
        }
        if any && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
        self.leave_out(missing, what);
    }

    /// Adds a row for each group of equal changes. If the rows do not all fit, shorter ones are
    /// used.
    fn changes(&mut self, title: &str, what: &'static str, groups: &[Vec<&Change>]) {
        let rows: Vec<String> = groups.iter().map(|alike| row(alike)).collect();
        let rows = if self.has_room_for(&rows) {
            rows
        } else {
            groups.iter().map(|alike| short_row(alike)).collect()
        };
        self.table(
            title,
            what,
            rows.into_iter().zip(groups.iter().map(Vec::len)),
        );
    }

    /// Adds rows until one does not fit. Each comes with its count of changes.
    fn table(
        &mut self,
        title: &str,
        what: &'static str,
        rows: impl Iterator<Item = (String, usize)>,
    ) {
        let mut rows = rows.peekable();
        let Some((first, _)) = rows.peek() else {
            return;
        };
        // A table without rows would look as if there were nothing.
        let head =
            format!("**{title}**\n\n| | resource | what | where |\n| --- | --- | --- | --- |\n");
        let mut open = self.out.len() + head.len() + first.len() <= self.budget && self.push(&head);
        let begun = open;
        let mut missing = 0;
        for (row, number) in rows {
            open = open && self.push(&row);
            missing += if open { 0 } else { number };
        }
        if begun {
            self.out.push('\n');
        }
        self.leave_out(missing, what);
    }

    fn leave_out(&mut self, number: usize, what: &'static str) {
        if number > 0 {
            self.left_out.push((number, what));
        }
    }

    /// Adds the plan as on a terminal, cut after a whole line.
    fn details(&mut self, whole: &str) {
        const CUT: &str = "(the rest is left out)";
        // A fence inside a value must not end the block.
        let longest = whole
            .split(|character| character != '`')
            .map(str::len)
            .max()
            .unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        let open = format!("<details><summary>The whole plan</summary>\n\n{fence}text\n");
        let close = format!("{fence}\n\n</details>\n");
        let room = self
            .budget
            .saturating_sub(self.out.len() + open.len() + close.len());
        if whole.len() <= room {
            self.push(&format!("{open}{whole}{close}"));
            return;
        }
        // Two more bytes for the line breaks around the note.
        let end = whole.floor_char_boundary(room.saturating_sub(CUT.len() + 2));
        if let Some(last) = whole[..end].rfind('\n') {
            self.push(&format!("{open}{}\n{CUT}\n{close}", &whole[..last]));
        }
    }

    fn end(self) -> String {
        let mut out = self.out;
        if !self.left_out.is_empty() {
            let counts: Vec<String> = self
                .left_out
                .iter()
                .map(|(number, what)| format!("{number} {what}"))
                .collect();
            out.push_str(&format!(
                "\n_Left out because of the size limit: {}. The plan's JSON document contains \
                all._\n",
                counts.join(", ")
            ));
        }
        out
    }
}

fn finding_row(finding: &Finding) -> String {
    let counts = if finding.counts { " (counts)" } else { "" };
    let place = finding.source.as_ref().map_or_else(String::new, |source| {
        raw_code(&format!("{}:{}", source.file, source.line))
    });
    format!(
        "| `?` | {} | {}{counts}: {} | {place} |\n",
        raw_code(&finding.address.to_string()),
        raw_code(&finding.code),
        escape(&finding.message),
    )
}

/// Groups equal changes.
fn folded<'p>(changes: &[&'p Change]) -> impl Iterator<Item = Vec<&'p Change>> {
    // A change that must not fold has its index as the key, and so a row of its own.
    let mut alike = IndexMap::<Result<Group, usize>, Vec<&Change>>::new();
    for (index, change) in changes.iter().enumerate() {
        let group = if fold::may_fold(change) {
            Ok(Group::of(change))
        } else {
            Err(index)
        };
        alike.entry(group).or_default().push(change);
    }
    alike.into_values()
}

/// The row of a group of equal changes, which is not empty.
fn row(alike: &[&Change]) -> String {
    let (first, resource) = (alike[0], resource(alike));
    let place = first.source.as_ref().map_or_else(String::new, |source| {
        let more = if alike.len() > 1 { " .." } else { "" };
        raw_code(&format!("{}:{}", source.file, source.line)) + more
    });
    let details = details(
        first,
        alike.iter().all(|change| change.notes == first.notes),
    );
    format!(
        "| `{}` | {resource} | {} | {place} |\n",
        first.action.symbol(),
        details.join("<br>")
    )
}

fn resource(alike: &[&Change]) -> String {
    let (first, more) = (alike[0], alike.len() - 1);
    let rest = if more > 0 {
        format!(" and {more} more {}", plural(first, more))
    } else {
        String::new()
    };
    raw_code(&first.address.to_string()) + &rest
}

/// The short row of a group of equal changes.
fn short_row(alike: &[&Change]) -> String {
    let change = alike[0];
    let withheld = change.withheld.as_ref().map(|_| "withheld".to_owned());
    let labels: Vec<String> = change
        .risks
        .iter()
        .map(|risk| risk.class.to_string())
        .chain(withheld)
        .collect();
    format!(
        "| `{}` | {} | {} | |\n",
        change.action.symbol(),
        resource(alike),
        labels.join(", ")
    )
}

/// The fields, risks and remarks of a change.
fn details(change: &Change, with_notes: bool) -> Vec<String> {
    let mut details: Vec<String> = Vec::new();
    if !matches!(change.action, Action::Delete { .. }) {
        details.extend(
            change
                .fields
                .iter()
                .filter(|field| change::is_worth_showing(change, field))
                .map(field),
        );
    }
    details.extend(change.withheld.as_ref().map(|withheld| match withheld {
        Withheld::Risk { lift, .. } => format!("**withheld**; {} would let it go", code(lift)),
        Withheld::Renamed { created, lift } => {
            let created = raw_code(&created.to_string());
            format!(
                "**withheld**: maybe renamed to {created}; {} would let it go",
                escape(lift)
            )
        }
        Withheld::Protect { pattern } => {
            format!("**withheld**: protected by {}", raw_code(pattern))
        }
    }));
    let risks = change.risks.iter().filter(|risk| !risk.evidence.is_empty());
    details.extend(risks.map(|risk| format!("**{}**: {}", risk.class, escape(&risk.evidence))));
    details.extend(
        change
            .action
            .run()
            .map(|run| format!("**run**: {}", escape(&words::run(run, words::MOST_ITEMS)))),
    );
    details.extend(change::reason(change).map(|reason| escape(&reason)));
    if with_notes {
        details.extend(change.notes.iter().map(|note| escape(note)));
    }
    details
}

fn plural(change: &Change, count: usize) -> String {
    let kind = change.address.kind().name;
    if count == 1 {
        kind.to_owned()
    } else {
        kind.strip_suffix('y')
            .map_or_else(|| format!("{kind}s"), |stem| format!("{stem}ies"))
    }
}

fn field(field: &FieldChange) -> String {
    let name = code(field.name);
    let short = |value: &serde_json::Value| code(&words::short(value));
    match (&field.before, &field.after) {
        (Some(before), Some(after)) if words::is_long(before, after) => {
            // A line break would end the table row, so the one in a text is shown as an escape.
            let separator = if after.is_array() { ", " } else { "\\n" };
            let mut line = words::changes(before, after, false, Color::Never).join(separator);
            if let Some((cut, _)) = line.char_indices().nth(LONGEST_DIFFERENCE) {
                line.truncate(cut);
                line.push_str("...");
            }
            format!("{name}: {}", code(&line))
        }
        (Some(before), Some(after)) => format!("{name}: {} -> {}", short(before), short(after)),
        (None, Some(value)) | (Some(value), None) => format!("{name}: {}", short(value)),
        (None, None) => name,
    }
}

/// A foreign text as code, with control characters escaped.
pub(super) fn raw_code(text: &str) -> String {
    code(&words::on_one_line(text))
}

/// One line as code.
fn code(text: &str) -> String {
    // A `|` would end the table cell and a backtick the code, and a backslash does not escape them
    // here. Such a text is written in entities.
    if text.trim() == text && !text.is_empty() && !text.contains(['|', '`']) {
        return format!("`{text}`");
    }
    code_in_entities(text)
}

fn code_in_entities(text: &str) -> String {
    let mut out = String::from("<code>");
    for character in text.chars() {
        if character.is_ascii_punctuation() {
            out.push_str(&format!("&#{};", u32::from(character)));
        } else {
            out.push(character);
        }
    }
    out + "</code>"
}

/// Escapes a message of ours: text in backticks becomes code, and nothing else becomes markup.
pub(super) fn escape(text: &str) -> String {
    let line = words::on_one_line(text);
    let pieces: Vec<&str> = line.split('`').collect();
    // An odd count of pieces means an even count of backticks.
    let paired = pieces.len() % 2 == 1;
    let mut out = String::with_capacity(text.len());
    for (number, piece) in pieces.into_iter().enumerate() {
        match (paired, number % 2 == 1) {
            (true, true) => out.push_str(&code(piece)),
            (true, false) => plain(&mut out, piece),
            (false, _) => {
                out.push_str(if number > 0 { "\\`" } else { "" });
                plain(&mut out, piece);
            }
        }
    }
    out
}

/// Appends plain text. Words that look like a URL become code, because sites turn them into links.
fn plain(out: &mut String, text: &str) {
    for word in text.split_inclusive(' ') {
        let (word, blank) = word
            .strip_suffix(' ')
            .map_or((word, ""), |word| (word, " "));
        if is_link(word) {
            out.push_str(&code_in_entities(word));
        } else {
            unmarked(out, word);
        }
        out.push_str(blank);
    }
}

fn is_link(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    word.contains("://")
        || word.contains("www.")
        || word.contains("mailto:")
        || word.contains("xmpp:")
}

fn unmarked(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            // `$` starts a formula on GitHub.
            '|' | '&' | '<' | '>' | '$' => out.push_str(&format!("&#{};", u32::from(character))),
            '\\' | '*' | '_' | '[' | ']' | '#' | '~' => out.extend(['\\', character]),
            // Otherwise `@name` would notify a user.
            '@' => out.push_str("@\u{200b}"),
            _ => out.push(character),
        }
    }
}
