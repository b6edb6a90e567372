//! Formats a diagnostic for a terminal: the message, the marked line, the hint.
//!
//! The renderer gets only a part of the line. It scans all that it gets: a whole large chart would
//! take tens of milliseconds for each report, and a line of 100 kB would be printed. Control
//! characters in the user's files are replaced, so they cannot control the terminal.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::source::BOM;
use super::{Diagnostic, Severity, SourceMap, Span, visible};
use crate::text::is_hidden;

/// How many bytes of a line are kept before and after the start of a span. Wider than a terminal.
const WINDOW: usize = 600;

/// The full report without a final line break. `width` is the terminal's width in columns.
pub fn render(diagnostic: &Diagnostic, sources: &SourceMap, color: bool, width: usize) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(visible(&diagnostic.message))
        .id(diagnostic.code);
    let mut group = Group::with_title(title);
    if let Some(span) = diagnostic.span {
        group = place(group, sources, span, AnnotationKind::Primary, None);
    }
    for (span, label) in &diagnostic.related {
        group = place(
            group,
            sources,
            *span,
            AnnotationKind::Context,
            Some(visible(label)),
        );
    }
    if let Some(address) = &diagnostic.address {
        group = group.element(Level::NOTE.message(format!("in {}", visible(address))));
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(visible(hint)));
    }
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let report = renderer
        .term_width(width.saturating_sub(GUTTER).max(NARROWEST))
        .render(&[group]);
    report
        .lines()
        .filter(|line| !is_bare_place(line))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The report on one line: place, message, and the hint unless it equals `last_hint`.
pub fn brief(diagnostic: &Diagnostic, sources: &SourceMap, last_hint: Option<&str>) -> String {
    let place = diagnostic.span.map_or_else(String::new, |span| {
        let at = sources.location(span);
        format!("{}:{}:{}: ", visible(&at.file), at.line, at.column)
    });
    let hint = diagnostic
        .hint
        .as_ref()
        .filter(|hint| last_hint != Some(hint.as_str()))
        .map_or_else(String::new, |hint| format!("; {}", visible(hint)));
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    format!(
        "{severity}[{}]: {place}{}{hint}",
        diagnostic.code,
        visible(&diagnostic.message)
    )
}

/// Whether the line is only the mark `:::`. The renderer prints it before each snippet without a
/// path, although the line above it already gives the place.
fn is_bare_place(line: &str) -> bool {
    let styled = |part: &str| {
        part.split_once('m')
            .map_or(String::new(), |(_, text)| text.to_owned())
    };
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + &styled(part)).trim() == ":::"
}

/// Columns for the line number and the bar.
const GUTTER: usize = 10;
const NARROWEST: usize = 30;

fn place<'a>(
    group: Group<'a>,
    sources: &SourceMap,
    span: Span,
    kind: AnnotationKind,
    label: Option<String>,
) -> Group<'a> {
    let at = sources.location(span);
    let (line, column) = (at.line as usize, at.column as usize);
    let origin = Origin::path(visible(&at.file))
        .line(line)
        .char_column(column);
    // Nothing of a file that is not a chart may be shown.
    if sources.is_concealed(span.file) {
        return group.element(origin);
    }
    let (text, mark) = window(sources, span);
    let annotation = kind.span(mark).label(label);
    // With a path, the snippet would print its own columns, counted from the start of the window.
    group.element(origin).element(
        Snippet::source(text)
            .line_start(line)
            .annotation(annotation),
    )
}

/// The part of a span's first line that is shown, and the range to mark in it.
fn window(sources: &SourceMap, span: Span) -> (String, std::ops::Range<usize>) {
    let (offset, mut line) = sources.line(span);
    let mut start = (span.start as usize).saturating_sub(offset).min(line.len());
    let mut end = (span.end as usize)
        .saturating_sub(offset)
        .clamp(start, line.len());
    if offset == 0 && line.starts_with(BOM) {
        line = &line[BOM.len()..];
        start = start.saturating_sub(BOM.len());
        end = end.saturating_sub(BOM.len());
    }
    let from = boundary(line, start.saturating_sub(WINDOW));
    // Both ends on the border of a character: half of one would be shown as a replacement.
    let to = boundary(line, start.saturating_add(WINDOW).min(line.len())).max(start);
    let mut hashes = 0;
    let mut part = |range: std::ops::Range<usize>| {
        String::from_utf8_lossy(&line[range])
            .chars()
            .map(|c| shown(c, &mut hashes))
            .collect::<String>()
    };
    let before = part(from..start);
    let marked = part(start..end.min(to));
    let after = part(end.min(to)..to);
    let mark = before.len()..before.len() + marked.len();
    (before + &marked + &after, mark)
}

/// The first byte of the character at `at`.
fn boundary(line: &[u8], mut at: usize) -> usize {
    while at > 0 && line.get(at).is_some_and(|byte| byte & 0xc0 == 0x80) {
        at -= 1;
    }
    at
}

/// The character, or a replacement if it completes `##[`, which starts a command for some CI
/// runners. `hashes` counts the `#` right before it.
fn shown(c: char, hashes: &mut usize) -> char {
    let is_command = c == '[' && *hashes >= 2;
    *hashes = if c == '#' { *hashes + 1 } else { 0 };
    if is_command { '\u{fffd}' } else { replaced(c) }
}

/// One visible character for each invisible one, so that marks stay under their text.
fn replaced(c: char) -> char {
    match c {
        '\t' => c,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        _ if is_hidden(c) => '\u{fffd}',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(text: impl Into<Vec<u8>>, start: u32, end: u32) -> String {
        let mut sources = SourceMap::default();
        let file = sources.add("portolan.yaml", text);
        let found = Diagnostic::error("bad", "no").at(Span::new(file, start, end));
        let colored = render(&found, &sources, true, 80);
        let plain = anstream::adapter::strip_str(&colored).to_string();
        assert_eq!(plain, render(&found, &sources, false, 80));
        plain
    }

    #[test]
    fn a_report_looks_like_a_compilers() {
        let mut sources = SourceMap::default();
        let file = sources.add("portolan.yaml", "a:\n  descripton: hello\n");
        let found = Diagnostic::error("unknown-key", "unknown key `descripton`")
            .at(Span::new(file, 5, 15))
            .hint("did you mean `description`?");
        insta::assert_snapshot!(render(&found, &sources, false, 80), @r#"
        error[unknown-key]: unknown key `descripton`
         --> portolan.yaml:2:3
          |
        2 |   descripton: hello
          |   ^^^^^^^^^^
          |
          = help: did you mean `description`?
        "#);
    }

    #[test]
    fn related_places_follow() {
        let mut sources = SourceMap::default();
        let one = sources.add("one.yaml", "a: 1\n");
        let two = sources.add("two.yaml", "b: 1\na: 2\n");
        let found = Diagnostic::warning("twice", "`a` appears twice")
            .at(Span::new(two, 5, 6))
            .related(Span::new(one, 0, 1), "first defined here")
            .address("repository team-a/a");
        insta::assert_snapshot!(render(&found, &sources, false, 80), @r#"
        warning[twice]: `a` appears twice
         --> two.yaml:2:1
          |
        2 | a: 2
          | ^
         ::: one.yaml:1:1
          |
        1 | a: 1
          | - first defined here
          |
          = note: in repository team-a/a
        "#);
    }

    #[test]
    fn without_a_place() {
        let found = Diagnostic::error("no-chart", "no chart");
        assert_eq!(
            render(&found, &SourceMap::default(), false, 80),
            "error[no-chart]: no chart"
        );
    }

    #[test]
    fn marks_stay_under_wide_characters_and_tabs() {
        let text = "日本\t😀: nö";
        let at = text.find("nö").unwrap() as u32;
        insta::assert_snapshot!(report(text, at, at + 3), @r#"
        error[bad]: no
         --> portolan.yaml:1:7
          |
        1 | 日本    😀: nö
          |             ^^
        "#);
    }

    #[test]
    fn a_span_of_several_lines_marks_the_first() {
        insta::assert_snapshot!(report("a: [1,\n2,\n3]\n", 3, 12), @r#"
        error[bad]: no
         --> portolan.yaml:1:4
          |
        1 | a: [1,
          |    ^^^
        "#);
    }

    #[test]
    fn at_the_end_of_the_file() {
        insta::assert_snapshot!(report("a: [", 4, 4), @r#"
        error[bad]: no
         --> portolan.yaml:1:5
          |
        1 | a: [
          |     ^
        "#);
        insta::assert_snapshot!(report("a:\n", 3, 3), @r#"
        error[bad]: no
         --> portolan.yaml:2:1
          |
        2 |
          | ^
        "#);
        insta::assert_snapshot!(report("", 0, 0), @r#"
        error[bad]: no
         --> portolan.yaml:1:1
          |
        1 |
          | ^
        "#);
    }

    #[test]
    fn a_byte_order_mark_takes_no_column() {
        insta::assert_snapshot!(report("\u{feff}abc: 1", 3, 6), @r#"
        error[bad]: no
         --> portolan.yaml:1:1
          |
        1 | abc: 1
          | ^^^
        "#);
    }

    #[test]
    fn a_long_line_is_cut() {
        let text = format!("{}: bad, {}", "é".repeat(50_000), "x".repeat(50_000));
        insta::assert_snapshot!(report(text, 100_002, 100_005), @r#"
        error[bad]: no
         --> portolan.yaml:1:50003
          |
        1 | ...éééééééééééééééééééééééééé: bad, xxxxxxxxxxxxxxxxxxxxxxxxxxx...
          |                                ^^^
        "#);
        let marked = report("y".repeat(100_000), 0, 100_000);
        assert!(marked.len() < 1000, "{} bytes", marked.len());
    }

    #[test]
    fn nothing_controls_the_terminal() {
        let text = "k: \"\u{1b}[2Jx\u{9b}y\u{202e}z\u{7f}\" # \0";
        let mut sources = SourceMap::default();
        let file = sources.add("a\u{1b}b.yaml", text);
        let found = Diagnostic::error("c", "m\u{1b}[31m\n")
            .at(Span::new(file, 3, 9))
            .related(Span::new(file, 0, 1), "l\u{1b}")
            .address("a\r")
            .hint("h\u{7}");
        let out = render(&found, &sources, false, 80);
        assert!(!out.chars().any(|c| is_hidden(c) && c != '\n'), "{out:?}");
        insta::assert_snapshot!(out, @r#"
        error[c]: m\u{1b}[31m\n
         --> a\u{1b}b.yaml:1:4
          |
        1 | k: "␛[2Jx�y�z␡" # ␀
          |    ^^^^^^
         ::: a\u{1b}b.yaml:1:1
          |
        1 | k: "␛[2Jx�y�z␡" # ␀
          | - l\u{1b}
          |
          = note: in a\r
          = help: h\u{7}
        "#);
    }

    #[test]
    fn invalid_utf8_is_shown_as_replacement_characters() {
        insta::assert_snapshot!(report(b"a: \xff\xfe\xff\x80b\n", 3, 4), @r#"
        error[bad]: no
         --> portolan.yaml:1:4
          |
        1 | a: ����b
          |    ^
        "#);
    }
}
