//! Waivers, which silence findings: a comment `# portolan: allow CODE` on a line or above it, or
//! `lints: { allow: [CODE] }` for a whole document.
//!
//! Only lints and the findings of a plan can be waived, and errors that a kind declares waivable. An
//! unused waiver is a warning, because it would hide a future finding.

use std::collections::BTreeMap;

use super::{
    check::similar_to,
    context::Context,
    lint,
    tree::{self, Node, comments},
};
use crate::{
    diagnostics::{self, Diagnostic, Diagnostics, FileId, Severity, SourceMap, Span},
    kind,
    plan::{Finding, finding},
};

/// The start of a waiver comment.
const MARK: &str = "portolan: allow";

/// Every code that a waiver may name.
fn waivable() -> impl Iterator<Item = &'static str> {
    let warnings = lint::CODES.into_iter().chain(finding::CODES);
    warnings.chain(kind::waivable_errors())
}

/// The waivers of a chart.
#[derive(Debug, Default)]
pub struct Waivers {
    /// In the order in which they were collected.
    all: Vec<Waiver>,
    /// By code, file, and start of the reach. Lines do not overlap, and neither do documents.
    lines: BTreeMap<Key, Group>,
    documents: BTreeMap<Key, Group>,
}

/// A code, and the file and offset where the reach of its waivers starts.
type Key = (&'static str, FileId, u32);

/// The waivers of one code with the same reach.
#[derive(Debug)]
struct Group {
    end: u32,
    used: bool,
}

#[derive(Debug)]
struct Waiver {
    code: &'static str,
    /// The place of the waiver.
    span: Span,
    reach: Reach,
}

/// The part of a file in which a waiver applies.
#[derive(Debug, Clone, Copy)]
enum Reach {
    Line(Span),
    Document(Span),
}

impl Waivers {
    /// Collects the waivers of the chart. A code that cannot be waived is an error.
    pub fn collect(
        roots: &[Node<'_>],
        files: &[FileId],
        context: Context<'_>,
        found: &mut Diagnostics,
    ) -> Self {
        let mut waivers = Waivers::default();
        for file in files {
            for comment in comments(*file, context.sources.bytes(*file)) {
                for (code, span) in codes(&comment.text, comment.span) {
                    waivers.add(code, span, Reach::Line(comment.reach), found);
                }
            }
        }
        for (index, root) in roots.iter().enumerate() {
            let next = roots
                .get(index + 1)
                .filter(|next| next.span.file == root.span.file);
            // The last document of a file has no end, so that errors at the end of the file are
            // covered.
            let end = next.map_or(u32::MAX, |next| next.span.start);
            let reach = Reach::Document(Span::new(root.span.file, root.span.start, end));
            let allowed = root
                .get("lints")
                .and_then(|lints| lints.get("allow"))
                .and_then(Node::as_list);
            for node in allowed.unwrap_or_default() {
                if let Some(code) = context.text(node) {
                    waivers.add(&code, node.span, reach, found);
                }
            }
        }
        waivers
    }

    fn add(&mut self, code: &str, span: Span, reach: Reach, found: &mut Diagnostics) {
        let current = diagnostics::codes::current(code);
        if let Some(code) = waivable().find(|known| *known == current) {
            let (groups, place) = match reach {
                Reach::Line(place) => (&mut self.lines, place),
                Reach::Document(place) => (&mut self.documents, place),
            };
            let key = (code, place.file, place.start);
            // A code may be waived twice at the same place. Both share the group, so both count as
            // used.
            groups.entry(key).or_insert(Group {
                end: place.end,
                used: false,
            });
            self.all.push(Waiver { code, span, reach });
        } else {
            let known: Vec<String> = waivable().map(|code| format!("`{code}`")).collect();
            let hint = match similar_to(code, waivable()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("the codes that can be waived are {}", known.join(", ")),
            };
            found.push(
                Diagnostic::error(
                    "unknown-lint",
                    format!("`{}` cannot be waived", tree::name(code)),
                )
                .at(span)
                .hint(hint),
            );
        }
    }

    /// Removes the waived findings, and marks their waivers as used.
    pub fn apply(&mut self, found: &mut Diagnostics) {
        found.retain(|diagnostic| {
            let waivable = diagnostic.severity == Severity::Warning
                || kind::waivable_errors().any(|code| code == diagnostic.code);
            !(waivable && self.covers(diagnostic))
        });
    }

    /// Whether a finding of a plan is waived. Marks its waivers as used.
    pub fn silences(&mut self, finding: &Finding, sources: &SourceMap) -> bool {
        let code = finding::CODES
            .into_iter()
            .find(|code| *code == finding.code);
        // Only then is its place looked up, which costs the length of a line.
        let code = code.filter(|code| self.all.iter().any(|waiver| waiver.code == *code));
        let span = finding
            .source
            .as_ref()
            .and_then(|source| sources.span_of(source));
        code.zip(span)
            .is_some_and(|(code, span)| self.reach(code, span))
    }

    fn covers(&mut self, diagnostic: &Diagnostic) -> bool {
        diagnostic
            .span
            .is_some_and(|span| self.reach(diagnostic.code, span))
    }

    fn reach(&mut self, code: &'static str, span: Span) -> bool {
        let mut covered = false;
        // Both are marked as used: neither is reported as unused because the other covers the
        // finding.
        for groups in [&mut self.lines, &mut self.documents] {
            let here = (code, span.file, span.start);
            // Reaches of one code do not overlap, so only the last one that starts before the
            // finding can cover it. Trying all would make a file of waivers quadratic.
            let last = groups.range_mut((code, span.file, 0)..=here).next_back();
            if let Some((_, group)) = last.filter(|(_, group)| span.start < group.end) {
                group.used = true;
                covered = true;
            }
        }
        covered
    }

    fn is_used(&self, waiver: &Waiver) -> bool {
        let (groups, place) = match waiver.reach {
            Reach::Line(place) => (&self.lines, place),
            Reach::Document(place) => (&self.documents, place),
        };
        groups
            .get(&(waiver.code, place.file, place.start))
            .is_some_and(|group| group.used)
    }

    /// Whether the files have no waiver.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The unused waivers, except for codes that the command did not check.
    pub fn unused(&self, not_checked: &[&str]) -> Vec<Diagnostic> {
        let unused = self
            .all
            .iter()
            .filter(|waiver| !self.is_used(waiver) && !not_checked.contains(&waiver.code));
        let warning = |waiver: &Waiver| {
            Diagnostic::warning(
                "unused-waiver",
                format!("there is no finding `{}` here to waive", waiver.code),
            )
            .at(waiver.span)
            .hint("remove the waiver: it would hide a future finding")
        };
        unused.map(warning).collect()
    }
}

/// The codes after the mark, each with its own place.
fn codes(comment: &str, span: Span) -> Vec<(&str, Span)> {
    let Some((before, list)) = comment
        .split_once(MARK)
        .filter(|(before, _)| before.trim_matches(['#', ' ', '\t']).is_empty())
    else {
        return Vec::new();
    };
    let mut offset = span.start + (before.len() + MARK.len()) as u32;
    let mut codes = Vec::new();
    for piece in list.split_inclusive([',', ' ', '\t']) {
        let code = piece.trim_matches([',', ' ', '\t']);
        if !code.is_empty() {
            codes.push((
                code,
                Span::new(span.file, offset, offset + code.len() as u32),
            ));
        }
        offset += piece.len() as u32;
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::SourceMap;

    #[test]
    fn each_code_has_its_own_place() {
        let file = SourceMap::default().add("c.yaml", "");
        let found = |comment: &'static str| {
            let codes = codes(comment, Span::new(file, 100, 200));
            codes
                .into_iter()
                .map(|(code, span)| (code, span.start, span.end))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            found("# portolan: allow self-copy,\tx yz"),
            [("self-copy", 118, 127), ("x", 129, 130), ("yz", 131, 133)]
        );
        assert_eq!(found("# not portolan: allow x"), []);
    }
}
