//! Edits of a file's text: they replace ranges of bytes, and leave all others as they are.
//!
//! The places come from the tree of what is written. What cannot be edited there is refused with
//! its place and the reason. Flow collections are in `flow`.

use super::spell::{Style, Yaml};
use crate::config::tree::written::{Form, Pair, Quotes, Written};

/// A range of bytes, and the text in its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edit {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) text: String,
}

impl Edit {
    pub(super) fn new(start: usize, end: usize, text: impl Into<String>) -> Edit {
        Edit {
            start,
            end,
            text: text.into(),
        }
    }

    pub(super) fn insert(at: usize, text: impl Into<String>) -> Edit {
        Edit::new(at, at, text)
    }
}

/// Why a place is not edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) at: usize,
    pub(super) because: String,
}

impl Refusal {
    pub(super) fn new(at: usize, because: impl Into<String>) -> Refusal {
        Refusal {
            at,
            because: because.into(),
        }
    }
}

pub(super) type Edits = Result<Vec<Edit>, Refusal>;

/// The text with the edits, or `None` if two of them overlap.
pub(super) fn applied(text: &str, mut edits: Vec<Edit>) -> Option<String> {
    // By start and end: what is inserted at a place comes before what is replaced there. Of several
    // insertions at one place the first stays the first.
    edits.sort_by_key(|edit| (edit.start, edit.end));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in &edits {
        out.push_str(text.get(at..edit.start)?);
        out.push_str(&edit.text);
        at = edit.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// The text of a file, with its habits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'t> {
    pub(super) text: &'t str,
    pub(super) style: Style,
}

/// What is around a value that gets keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around {
    /// It stands between brackets.
    pub(super) in_flow: bool,
    /// Where its key, or the dash of its item, stands in the line.
    pub(super) column: usize,
    /// Others like it stand on one line each.
    pub(super) is_brief: bool,
}

const VARIABLE: &str = "${env:";

impl<'t> Page<'t> {
    pub(super) fn new(text: &'t str) -> Page<'t> {
        Page {
            text,
            style: Style::of(text),
        }
    }

    fn line_start(&self, at: usize) -> usize {
        let start = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        // The mark of the byte order is no part of the first line.
        if start == 0 && self.text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            start
        }
    }

    /// The end of the line, before its line break.
    pub(super) fn line_end(&self, at: usize) -> usize {
        let end = self.text[at..]
            .find('\n')
            .map_or(self.text.len(), |end| at + end);
        if end > at && self.text[..end].ends_with('\r') {
            end - 1
        } else {
            end
        }
    }

    /// The start of the next line, or the end of the text.
    pub(super) fn next_line(&self, at: usize) -> usize {
        self.text[at..]
            .find('\n')
            .map_or(self.text.len(), |end| at + end + 1)
    }

    pub(super) fn column(&self, at: usize) -> usize {
        self.text[self.line_start(at)..at].chars().count()
    }

    /// The text of the line before a place.
    pub(super) fn before(&self, at: usize) -> &'t str {
        &self.text[self.line_start(at)..at]
    }

    /// The start of the comment lines directly above a line, with its indentation; else that line.
    pub(super) fn with_comments(&self, at: usize, column: usize) -> usize {
        let mut start = self.line_start(at);
        while start > 0 {
            let above = self.line_start(start - 1);
            let line = &self.text[above..start];
            let text = line.trim_start_matches(' ');
            if above == start || line.len() - text.len() != column || !text.starts_with('#') {
                break;
            }
            start = above;
        }
        start
    }

    /// How many comment lines stand directly above the line of a place.
    pub(super) fn comments_above(&self, at: usize) -> usize {
        let first = self.with_comments(at, self.column(at));
        self.text[first..self.line_start(at)].matches('\n').count()
    }

    pub(super) fn has_blank_above(&self, line: usize) -> bool {
        line > 0 && self.text[self.line_start(line - 1)..line].trim().is_empty()
    }

    fn has_blank_below(&self, line: usize) -> bool {
        line >= self.text.len() || self.text[line..self.next_line(line)].trim().is_empty()
    }

    /// Inserts lines, each with a line break, before the line that begins there.
    pub(super) fn insert_lines(&self, at: usize, lines: &str) -> Edit {
        let newline = self.style.newline;
        // The last line of a file may lack its line break, and then still does.
        if at == self.text.len() && !self.text.is_empty() && !self.text.ends_with('\n') {
            let lines = lines.strip_suffix(newline).unwrap_or(lines);
            return Edit::insert(at, format!("{newline}{lines}"));
        }
        Edit::insert(at, lines)
    }

    /// Removes the lines of a value with the comments above it, and one of two blank lines around.
    pub(super) fn remove_lines(&self, start: usize, end: usize, column: usize) -> Edit {
        let first = self.with_comments(start, column);
        let mut next = self.next_line(end);
        if self.has_blank_above(first) && self.has_blank_below(next) {
            next = self.next_line(next);
        }
        Edit::new(first, next, "")
    }

    /// Sets keys of a value: a mapping, nothing, or an alias of a mapping. `rank` orders the keys.
    pub(super) fn set(
        &self,
        (value, colon): (&Written, Option<usize>),
        around: Around,
        wanted: &[(String, Yaml)],
        rank: &dyn Fn(&str) -> usize,
    ) -> Edits {
        self.is_free(value)?;
        match &value.form {
            Form::Alias => {
                let alias = &self.text[value.start..value.end];
                let braces = self.style.braces(Some(alias), wanted);
                Ok(vec![Edit::new(value.start, value.end, braces)])
            }
            Form::Absent => self
                .fill(value, colon, around, wanted)
                .map(|edit| vec![edit]),
            Form::Scalar(Quotes::None) if is_null(&self.text[value.start..value.end]) => {
                let braces = self.style.braces(None, wanted);
                Ok(vec![Edit::new(value.start, value.end, braces)])
            }
            Form::Mapping { is_flow, entries } => {
                let mut edits = Vec::new();
                let mut new = Vec::new();
                for field in wanted {
                    match value.own(&field.0) {
                        Some(pair) => edits.push(self.replace(pair, &field.1, *is_flow)?),
                        None => new.push(field),
                    }
                }
                new.sort_by_key(|(name, _)| rank(name));
                let place = |name: &str| {
                    let before = |pair: &&Pair| rank(&pair.name) <= rank(name);
                    entries.iter().rposition(|pair| before(&pair))
                };
                let new: Vec<(Option<usize>, &(String, Yaml))> = new
                    .into_iter()
                    .map(|field| (place(&field.0), field))
                    .collect();
                edits.extend(if *is_flow {
                    self.insert_in_flow(value, &new)?
                } else {
                    self.insert_in_block(entries, &new)?
                });
                Ok(edits)
            }
            Form::Scalar(_) | Form::List { .. } => {
                Err(Refusal::new(value.start, "this is no mapping"))
            }
        }
    }

    /// Refuses a value that other places have too.
    pub(super) fn is_free(&self, value: &Written) -> Result<(), Refusal> {
        if value.is_shared() {
            return Err(self.shared(value));
        }
        if value.has_tag {
            return Err(Refusal::new(value.start, "this value has a tag"));
        }
        Ok(())
    }

    /// The refusal to edit a value that aliases refer to.
    pub(super) fn shared(&self, value: &Written) -> Refusal {
        let before = self.text[..value.start].rfind('&').unwrap_or(value.start);
        let ends = |next: char| next.is_whitespace() || matches!(next, ',' | '[' | ']' | '{' | '}');
        let anchor = self.text[before..].split(ends).next().unwrap_or_default();
        let because = format!("other places of the chart share what has the anchor `{anchor}`");
        Refusal::new(before, because)
    }

    /// Gives a key without a value its first keys.
    fn fill(
        &self,
        value: &Written,
        colon: Option<usize>,
        around: Around,
        wanted: &[(String, Yaml)],
    ) -> Result<Edit, Refusal> {
        if value.anchor.is_some() {
            return Err(Refusal::new(
                value.start,
                "there is an anchor without a value",
            ));
        }
        let braces = self.style.braces(None, wanted);
        match colon {
            Some(at) if around.in_flow || around.is_brief => {
                Ok(Edit::insert(at, format!(" {braces}")))
            }
            Some(at) => {
                let column = around.column + self.style.step;
                let lines: String = wanted
                    .iter()
                    .map(|field| self.style.lines(field, column))
                    .collect();
                Ok(self.insert_lines(self.next_line(at), &lines))
            }
            None => Err(Refusal::new(value.start, "there is no `:` behind this key")),
        }
    }

    /// Replaces the value of a key.
    fn replace(&self, pair: &Pair, wanted: &Yaml, in_flow: bool) -> Result<Edit, Refusal> {
        let value = &pair.value;
        self.is_free(value)?;
        if self.text[value.start..value.end].contains(VARIABLE) {
            return Err(Refusal::new(value.start, "the value comes from a variable"));
        }
        let line = |like| self.style.line(wanted, like, in_flow);
        let behind_colon = |like| match pair.colon {
            Some(colon) if value.anchor.is_none() => Ok(Edit::new(
                colon,
                value.end.max(colon),
                format!(" {}", line(like)),
            )),
            _ => Err(Refusal::new(
                value.start,
                "this value cannot be replaced alone",
            )),
        };
        match &value.form {
            Form::Absent | Form::Scalar(Quotes::Block) => behind_colon(None),
            Form::List { is_flow: false, .. } | Form::Mapping { is_flow: false, .. } => {
                behind_colon(None)
            }
            Form::Scalar(quotes) => Ok(Edit::new(value.start, value.end, line(Some(*quotes)))),
            Form::Alias | Form::List { .. } | Form::Mapping { .. } => {
                Ok(Edit::new(value.start, value.end, line(None)))
            }
        }
    }

    /// Inserts keys in a block mapping, each behind the entry of that number.
    fn insert_in_block(&self, entries: &[Pair], new: &[(Option<usize>, &(String, Yaml))]) -> Edits {
        let (Some(first), false) = (entries.first(), new.is_empty()) else {
            return Ok(Vec::new());
        };
        let column = self.column(first.key.start);
        let is_alone = self.before(first.key.start).trim().is_empty();
        let mut edits = Vec::new();
        for (behind, field) in new {
            let pair = match behind {
                Some(at) => entries.get(*at),
                // The first key of an item stands behind its dash.
                None => (!is_alone).then_some(first),
            };
            let at = match pair {
                Some(pair) if self.before(pair.key.start).contains('?') => {
                    return Err(Refusal::new(
                        pair.key.start,
                        "this key is written with a `?`",
                    ));
                }
                Some(pair) => self.next_line(pair.end()),
                None => self.with_comments(first.key.start, column),
            };
            edits.push(self.insert_lines(at, &self.style.lines(field, column)));
        }
        Ok(edits)
    }

    /// Where the dash of an item stands, if the item begins on the same line.
    pub(super) fn dash(&self, item: &Written) -> Option<usize> {
        let before = self.before(item.start);
        let is_property = |word: &str| word.starts_with(['&', '!']);
        let indent = before.len() - before.trim_start_matches(' ').len();
        let rest = before[indent..].strip_prefix('-')?;
        let is_only = rest.split_whitespace().all(is_property);
        is_only.then_some(self.line_start(item.start) + indent)
    }
}

pub(super) fn is_null(text: &str) -> bool {
    matches!(text, "~" | "null" | "Null" | "NULL")
}
