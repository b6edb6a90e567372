//! Files that are not charts.
//!
//! A path can lead to any file of the machine, and findings are published. For a file that is not a
//! chart they give only the place of an error and quote nothing.

use super::{
    check::{check, similar_to},
    grammar::{DOCUMENT, Form},
    tree::Node,
};
use crate::diagnostics::{Diagnostic, Diagnostics, FileId, Span, codes};

const VERSION: &str = "version";

/// The codes whose messages never quote the file.
const WITHOUT_QUOTES: [&str; 5] = [
    "control-character",
    "file-too-large",
    "not-utf8",
    "too-deep",
    "too-many-errors",
];

/// Whether a file is a chart: one of its documents has a `version`. In a file with syntax errors, a
/// line that begins with `version:` is enough.
pub(super) fn is_chart(roots: &[Node<'_>], text: &[u8], wrong: &Diagnostics) -> bool {
    let is_line = |line: &[u8]| -> bool {
        // A byte order mark may precede the first line.
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let quote = line.first().filter(|first| matches!(first, b'"' | b'\''));
        let rest = line[usize::from(quote.is_some())..].strip_prefix(VERSION.as_bytes());
        let rest =
            rest.and_then(|rest| quote.map_or(Some(rest), |quote| rest.strip_prefix(&[*quote])));
        // `version:1` and a full-width colon are typos in a chart, not signs of another file.
        let is_slip = |rest: &[u8]| {
            rest.starts_with("：".as_bytes()) || matches!(rest, [b':', b'0'..=b'9', ..])
        };
        let is_key =
            |rest: &[u8]| matches!(rest, [b':'] | [b':', b' ' | b'\t', ..]) || is_slip(rest);
        rest.is_some_and(|rest| is_key(rest.trim_ascii_start()))
    };
    let has_line = || {
        text.split(|byte| matches!(byte, b'\n' | b'\r'))
            .any(is_line)
    };
    roots.iter().any(|root| root.get(VERSION).is_some()) || (!wrong.is_empty() && has_line())
}

/// The findings for a file that is not a chart. With syntax errors, `version` may be in a part that
/// was skipped, so only these errors are reported.
pub(super) fn findings(file: FileId, roots: &[Node<'_>], wrong: Diagnostics) -> Diagnostics {
    let mut findings = Diagnostics::new();
    if wrong.is_empty() {
        roots
            .iter()
            .for_each(|root| missing_version(root, &mut findings));
    } else {
        findings.extend(wrong.into_iter().map(|found| without_quotes(file, found)));
    }
    findings
}

fn missing_version(root: &Node<'_>, findings: &mut Diagnostics) {
    let Some(entries) = root.as_mapping() else {
        // Its only finding is the wrong type of the root, and that message quotes nothing.
        return check(root, Form::Record(&DOCUMENT), &|_| None, findings);
    };
    let problem = |span| Diagnostic::error("missing-key", "a chart needs `version`").at(span);
    let meant = entries
        .iter()
        .find(|(key, _)| similar_to(&key.text, [VERSION].into_iter()).is_some());
    findings.push(match meant {
        Some((key, _)) => problem(key.span).hint("did you mean `version` here?"),
        None => problem(root.span).hint("write `version: 1`"),
    });
}

fn without_quotes(file: FileId, found: Diagnostic) -> Diagnostic {
    // Without a place the finding would not tell which file it is about.
    let span = found.span.or(Some(Span::new(file, 0, 0)));
    let (address, related) = (None, Vec::new());
    if WITHOUT_QUOTES.contains(&found.code) {
        return Diagnostic {
            address,
            span,
            related,
            ..found
        };
    }
    let hint = "no line is shown: without a `version` at its top level, this file is not a chart";
    Diagnostic {
        message: summary(found.code),
        hint: Some(hint.to_owned()),
        span,
        address,
        related,
        ..found
    }
}

/// The summary of a code, as a message.
fn summary(code: &str) -> String {
    let summary = codes::find(code)
        .map_or("this cannot be read", |code| code.summary)
        .trim_end_matches('.');
    let mut letters = summary.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default()
}
