//! Files that are no charts. A path may lead to any file of the machine, and findings are printed
//! and published: of such a file they say where something is wrong, and repeat nothing.

use super::{
    check::{check, similar_to},
    grammar::{DOCUMENT, Form},
    tree::Node,
};
use crate::diagnostics::{Diagnostic, Diagnostics, FileId, Span, codes};

const VERSION: &str = "version";

/// What finds no words of the file to repeat.
const WORDLESS: [&str; 5] = [
    "control-character",
    "file-too-large",
    "not-utf8",
    "too-deep",
    "too-many-errors",
];

/// Whether a file speaks as a chart does: one of its documents has a `version`. Of one that YAML
/// cannot hold, a line that begins with it is enough.
pub(super) fn is_chart(roots: &[Node<'_>], text: &[u8], wrong: &Diagnostics) -> bool {
    let is_line = |line: &[u8]| -> bool {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let quote = line.first().filter(|first| matches!(first, b'"' | b'\''));
        let rest = line[usize::from(quote.is_some())..].strip_prefix(VERSION.as_bytes());
        let rest =
            rest.and_then(|rest| quote.map_or(Some(rest), |quote| rest.strip_prefix(&[*quote])));
        // A slip in that line is no reason to hide it.
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

/// What there is to say of a file that is none. What YAML could not hold may be its version, so
/// that is all there is then.
pub(super) fn findings(file: FileId, roots: &[Node<'_>], wrong: Diagnostics) -> Diagnostics {
    let mut findings = Diagnostics::new();
    if wrong.is_empty() {
        roots
            .iter()
            .for_each(|root| missing_version(root, &mut findings));
    } else {
        findings.extend(wrong.into_iter().map(|found| without_words(file, found)));
    }
    findings
}

fn missing_version(root: &Node<'_>, findings: &mut Diagnostics) {
    let Some(entries) = root.as_mapping() else {
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

fn without_words(file: FileId, found: Diagnostic) -> Diagnostic {
    let span = found.span.or(Some(Span::new(file, 0, 0)));
    let (address, related) = (None, Vec::new());
    if WORDLESS.contains(&found.code) {
        return Diagnostic {
            span,
            address,
            related,
            ..found
        };
    }
    let hint = "no line is shown: a chart has a `version` at its top level, and this file has none";
    Diagnostic {
        message: summary(found.code),
        hint: Some(hint.to_owned()),
        span,
        address,
        related,
        ..found
    }
}

/// What a code means, as a message.
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
