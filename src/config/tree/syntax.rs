//! Errors of encoding and YAML syntax, in words for people who do not know how a YAML parser works.

use granit_parser::{ErrorKind, ScanError};

use super::{MAX_BYTES, MAX_DEPTH};
use crate::diagnostics::{Diagnostic, Diagnostics, FileId, Span};

const BOM: &str = "\u{feff}";
/// How many control characters are reported. A binary file is full of them.
const MAX_CONTROLS: usize = 10;

/// The text of a file and the offset at which it starts, or `None` if it is not a text.
pub(super) fn text<'s>(
    file: FileId,
    bytes: &'s [u8],
    diagnostics: &mut Diagnostics,
) -> Option<(&'s str, u32)> {
    if let Some(problem) = unreadable(file, bytes) {
        diagnostics.push(problem);
        return None;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            let before = diagnostics.len();
            diagnostics.extend(controls(file, text).take(MAX_CONTROLS));
            let body = text.strip_prefix(BOM).unwrap_or(text);
            (diagnostics.len() == before).then_some((body, (text.len() - body.len()) as u32))
        }
        Err(error) => {
            let at = error.valid_up_to() as u32;
            let problem =
                Diagnostic::error("not-utf8", "the file is not UTF-8: this byte is invalid");
            diagnostics.push(
                problem
                    .at(Span::new(file, at, at + 1))
                    .hint("save the file as UTF-8"),
            );
            None
        }
    }
}

/// Splits the text at byte order marks before documents, and removes the marks. Each part comes
/// with its offset.
pub(super) fn parts(text: &str) -> Vec<(usize, &str)> {
    // YAML allows a mark before any document, as in concatenated files, but the parser accepts only
    // one at the start.
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in text
        .match_indices(BOM)
        .filter(|(at, _)| is_between_documents(&text[..*at], &text[at + BOM.len()..]))
    {
        parts.push((start, &text[start..at]));
        start = at + BOM.len();
    }
    parts.push((start, &text[start..]));
    parts
}

/// Whether a document ends right before a place, or begins right after it.
fn is_between_documents(before: &str, after: &str) -> bool {
    let is_marker = |line: &str, marker: &str| {
        line.strip_prefix(marker)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
    };
    let begins_line = before.is_empty() || before.ends_with(['\n', '\r']);
    let is_content = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let last = before.rsplit(['\n', '\r']).find(is_content);
    let ends = last.is_none_or(|line| {
        is_marker(line, "...") || is_marker(line, "---") && line[3..].trim().is_empty()
    });
    begins_line && (ends || is_marker(after, "---"))
}

fn unreadable(file: FileId, bytes: &[u8]) -> Option<Diagnostic> {
    let start = Span::new(file, 0, 0);
    if bytes.len() > MAX_BYTES {
        let message = format!("the file is larger than {} MiB", MAX_BYTES >> 20);
        return Some(
            Diagnostic::error("file-too-large", message)
                .at(start)
                .hint("split it into several files"),
        );
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Some(
            Diagnostic::error("not-utf8", "the file is UTF-16")
                .at(start)
                .hint("save the file as UTF-8"),
        );
    }
    None
}

fn controls(file: FileId, text: &str) -> impl Iterator<Item = Diagnostic> {
    // All control characters start with one of these bytes. Searching bytes is faster than decoding
    // the whole text.
    let suspects = text
        .bytes()
        .enumerate()
        .filter(|(_, byte)| matches!(byte, 0..0x20 | 0x7f | 0xc2 | 0xef));
    let found = suspects.filter_map(|(at, _)| Some((at, text.get(at..)?.chars().next()?)));
    found.filter(|(_, c)| !is_yaml(*c)).map(move |(at, c)| {
        let message = format!("control character U+{:04X} is not allowed", c as u32);
        let span = Span::new(file, at as u32, (at + c.len_utf8()) as u32);
        Diagnostic::error("control-character", message)
            .at(span)
            .hint("remove it, or write it as an escape in double quotes")
    })
}

fn is_yaml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{85}')
        || !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'))
}

/// The diagnostic for a parser error at an offset of the text.
pub(super) fn diagnostic(error: &ScanError, text: &str, at: usize) -> Diagnostic {
    if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        return too_deep();
    }
    let found = Diagnostic::error("yaml-syntax", message(error.kind()));
    if indented_by_tab(text, at) {
        return found.hint("indent with spaces: YAML allows no tabs here");
    }
    match hint(error.kind()) {
        Some(hint) => found.hint(hint),
        None => found,
    }
}

pub(super) fn too_deep() -> Diagnostic {
    Diagnostic::error(
        "too-deep",
        format!("lists and mappings are nested more than {MAX_DEPTH} levels deep"),
    )
}

fn indented_by_tab(text: &str, at: usize) -> bool {
    let head = text.get(..at).unwrap_or(text);
    let start = head.rfind(['\n', '\r']).map_or(0, |found| found + 1);
    let line = &text[start..];
    line[..line.len() - line.trim_start_matches([' ', '\t']).len()].contains('\t')
}

fn message(kind: &ErrorKind) -> String {
    use ErrorKind as E;
    let words = match kind {
        E::TabNotAllowed
        | E::TabInBlockIndentation
        | E::TabInIndentation
        | E::TabAtBlockScalarStart => "a tab is not allowed here",
        E::TabInPlainScalar => "a tab is not allowed in this text",
        E::UnexpectedEofFlowSequence => "the file ends inside a list that `[` opened",
        E::UnexpectedEofFlowMapping | E::UnexpectedEofImplicitFlowMapping => {
            "the file ends inside a mapping that `{` opened"
        }
        E::ExpectedBlockMappingKey => "expected a key of the mapping here",
        E::ExpectedFlowMappingSeparator => "expected `,` or `}` here",
        E::ExpectedFlowSequenceSeparator => "expected `,` or `]` here",
        E::ExpectedBlockSequenceEntry => "expected `-` and a list item here",
        E::ExpectedNodeContent => "expected a value here",
        E::SimpleKeyExpected | E::InvalidSimpleKey => "expected `:` after this key",
        E::InvalidIndentation => "the indentation of this line does not match the lines above",
        E::InvalidFlowScalarIndent | E::InvalidQuotedScalarIndent => {
            "this line must be indented further"
        }
        E::InvalidBlockScalarIndent => "this line is indented less than the text before it",
        E::ExpectedWhitespace => "expected a space here",
        E::CommentNotSeparated => "a comment needs a space before its `#`",
        E::CommentInterceptedScalar => "a comment is not allowed inside a text of several lines",
        E::MappingValueNotAllowed | E::InvalidColonPlacement => "a `:` is not allowed here",
        E::MappingKeyNotAllowed => "a key is not allowed here",
        E::BlockSequenceEntryNotAllowed => "a list item is not allowed here",
        E::BlockEntryInFlowCollection => "a `-` item is not allowed inside brackets",
        E::MisplacedFlowCollectionEnd => "this closing bracket has no opening bracket",
        E::DocumentIndicatorInQuotedScalar => "the document ends inside a quoted text",
        E::UnclosedQuotedScalar => "this quote is never closed",
        E::UnknownQuotedScalarEscape => "unknown escape in double quotes",
        E::InvalidTrailingSingleQuotedScalar | E::InvalidTrailingDoubleQuotedScalar => {
            "unexpected text after the closing quote"
        }
        E::BomInsideDocument => "there is a byte order mark, which is invisible, in a document",
        E::UnsupportedYamlMajorVersion => "this version of YAML is not supported",
        E::MismatchedFlowCollectionEnd { open, close } => {
            return format!("`{open}` is closed by `{close}`");
        }
        E::UnclosedFlowCollection { open } => return format!("`{open}` is never closed"),
        E::UnexpectedCharacter { character } => {
            return format!("text cannot start with `{character}` here");
        }
        other => return other.to_string(),
    };
    words.to_owned()
}

fn hint(kind: &ErrorKind) -> Option<&'static str> {
    use ErrorKind as E;
    Some(match kind {
        E::MappingValueNotAllowed | E::InvalidColonPlacement => {
            "quote a text that contains `: `, or check the indentation"
        }
        E::UnexpectedCharacter { .. } => "quote the text",
        E::InvalidQuotedScalarIndent | E::DocumentIndicatorInQuotedScalar => {
            "is the quote above closed?"
        }
        E::BomInsideDocument => {
            "delete the character; were two files joined here without a line `---` between them?"
        }
        E::UnknownQuotedScalarEscape => "write a backslash as `\\\\`, or use single quotes",
        E::ExpectedBlockMappingKey | E::ExpectedBlockSequenceEntry | E::InvalidIndentation => {
            "check the indentation of this line and of those above it"
        }
        _ => return None,
    })
}
