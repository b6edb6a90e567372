//! Errors and warnings about the user's files: collected, sorted, and shown all at once.
//!
//! A [`Diagnostic`] points into a file of the [`SourceMap`] by byte offsets; lines and columns are
//! computed only for findings that are shown. Nothing here reads a file or writes to a terminal.

mod abridge;
pub mod codes;
mod render;
mod source;

use std::{borrow::Cow, cmp::Reverse, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::mask::{Mask, logins};

pub use self::render::{brief, render};
pub use self::source::{FileId, SourceMap, Span};
pub use crate::text::visible;

/// A place in a file. Line and column count from one; the column counts characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub file: Arc<str>,
    pub line: u32,
    pub column: u32,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", visible(&self.file), self.line, self.column)
    }
}

/// A chart with an error cannot be used; one with a warning can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    /// In kebab-case. Stable, because scripts match on it.
    pub code: &'static str,
    /// Starts in lower case, without a final period; quotes the chart in backticks.
    pub message: String,
    /// The affected resource, if known.
    pub address: Option<String>,
    pub span: Option<Span>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Other places that belong to the finding, each with a label.
    pub related: Vec<(Span, String)>,
    /// Places that may hold a secret. No finding shows them.
    pub hidden: Vec<Span>,
    /// How many findings this one summarizes.
    pub count: usize,
}

impl Diagnostic {
    /// An error without a place.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message.into())
    }

    /// A warning without a place.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message.into())
    }

    fn new(severity: Severity, code: &'static str, message: String) -> Self {
        let (address, span, hint, related, hidden) = (None, None, None, Vec::new(), Vec::new());
        let message = without_logins(message);
        Self {
            severity,
            code,
            message,
            address,
            span,
            hint,
            related,
            hidden,
            count: 1,
        }
    }

    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(without_logins(hint.into()));
        self
    }

    #[must_use]
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    #[must_use]
    pub fn hides(mut self, spans: impl IntoIterator<Item = Span>) -> Self {
        self.hidden.extend(spans);
        self
    }

    #[must_use]
    pub(crate) fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, without_logins(label.into())));
        self
    }

    /// The form that is serialized as JSON.
    pub fn view(&self, sources: &SourceMap) -> View {
        let place = self.span.map(|span| sources.location(span));
        View {
            severity: self.severity,
            code: self.code.to_owned(),
            message: self.message.clone(),
            address: self.address.clone(),
            line: place.as_ref().map(|place| place.line),
            column: place.as_ref().map(|place| place.column),
            file: place.map(|place| place.file),
            hint: self.hint.clone(),
            count: (self.count > 1).then_some(self.count),
            related: self
                .related
                .iter()
                .map(|(span, message)| {
                    let Source { file, line, column } = sources.location(*span);
                    Related {
                        message: message.clone(),
                        file,
                        line,
                        column,
                    }
                })
                .collect(),
        }
    }
}

/// Masks logins in URLs: a message may quote a URL of the chart.
fn without_logins(text: String) -> String {
    match logins(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(masked) => masked,
    }
}

/// Another place that belongs to a finding, such as the first definition of a duplicate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Related {
    pub message: String,
    pub file: Arc<str>,
    pub line: u32,
    pub column: u32,
}

/// A [`Diagnostic`] with its place resolved. A missing value is serialized as `null`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    pub severity: Severity,
    pub code: String,
    pub message: String,
    pub address: Option<String>,
    pub file: Option<Arc<str>>,
    pub line: Option<u32>,
    pub column: Option<u32>,
    pub hint: Option<String>,
    /// How many findings this one summarizes, if more than one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
}

impl View {
    /// An error without a place in a file.
    pub fn error(code: &str, message: String, hint: Option<String>) -> View {
        View {
            severity: Severity::Error,
            code: code.to_owned(),
            message: without_logins(message),
            address: None,
            file: None,
            line: None,
            column: None,
            hint,
            count: None,
            related: Vec::new(),
        }
    }
}

/// A list of findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    pub fn retain(&mut self, keep: impl FnMut(&Diagnostic) -> bool) {
        self.0.retain(keep);
    }

    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|found| found.severity == Severity::Error)
    }

    pub fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    pub fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    fn count(&self, severity: Severity) -> usize {
        self.0
            .iter()
            .filter(|found| found.severity == severity)
            .map(|found| found.count)
            .sum()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Masks the known secrets in all texts.
    pub fn hide(&mut self, mask: &Mask) {
        for found in &mut self.0 {
            let texts = [&mut found.message].into_iter().chain(&mut found.hint);
            for text in texts.chain(found.related.iter_mut().map(|(_, label)| label)) {
                *text = mask.text(text).into_owned();
            }
        }
    }

    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Diagnostic> {
        self.0.iter_mut()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Sorts by file and position. Findings without a place come first.
    pub fn sort(&mut self) {
        // At the same position the outer span comes first: its finding is usually the cause.
        self.0.sort_by(|a, b| {
            let place = |found: &Diagnostic| {
                found
                    .span
                    .map(|span| (span.file, span.start, Reverse(span.end)))
            };
            (place(a), a.code, &a.message).cmp(&(place(b), b.code, &b.message))
        });
    }

    /// Drops repetitions of a finding at the same place. Expects a sorted list.
    pub fn dedup(&mut self) {
        // An anchor with an error is decoded once for each alias, with the same finding each time.
        self.0.dedup_by(|b, a| {
            (a.span, a.code, &a.message, &a.address) == (b.span, b.code, &b.message, &b.address)
        });
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, found: T) {
        self.0.extend(found);
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_sorted_by_place_and_not_repeated() {
        let mut sources = SourceMap::default();
        let one = sources.add("one.yaml", "a: 1\n");
        let two = sources.add("two.yaml", "b: 2\n");
        let mut found = Diagnostics::new();
        found.push(Diagnostic::error("late", "m").at(Span::new(two, 0, 1)));
        found.push(Diagnostic::error("inner", "m").at(Span::new(one, 3, 4)));
        found.push(Diagnostic::warning("nowhere", "m"));
        found.push(Diagnostic::error("inner", "m").at(Span::new(one, 3, 4)));
        found.push(Diagnostic::error("outer", "m").at(Span::new(one, 3, 5)));
        found.sort();
        found.dedup();
        let codes: Vec<_> = found.iter().map(|found| found.code).collect();
        assert_eq!(codes, ["nowhere", "outer", "inner", "late"]);
        assert_eq!((found.errors(), found.warnings()), (3, 1));
    }

    #[test]
    fn the_json_form_keeps_its_keys() {
        let mut sources = SourceMap::default();
        let file = sources.add("é.yaml", "käse: 1\n");
        let found = Diagnostic::error("bad", "no")
            .at(Span::new(file, 7, 8))
            .hint("do");
        insta::assert_snapshot!(
            serde_json::to_string(&found.view(&sources)).unwrap(),
            @r#"{"severity":"error","code":"bad","message":"no","address":null,"file":"é.yaml","line":1,"column":7,"hint":"do"}"#
        );
    }
}
