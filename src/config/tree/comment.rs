//! The comments of a file, for waivers.
//!
//! A second parse, only for files that contain `portolan:`. The main parse skips comments, which is
//! faster.

use std::ops::Range;

use granit_parser::{Event, Parser, Placement};

use super::syntax;
use crate::diagnostics::{Diagnostics, FileId, Span};

/// A comment, from its `#` to the end of its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    pub span: Span,
    /// With the `#`.
    pub text: String,
    /// The line that it applies to: its own or, if it is alone on it, the next one with content.
    pub reach: Span,
}

/// The comments of a file that contains `portolan:`. Stops at the first syntax error.
pub fn comments(file: FileId, bytes: &[u8]) -> Vec<Comment> {
    // The same errors were reported when the tree was built.
    let Some((whole, offset)) = syntax::text(file, bytes, &mut Diagnostics::new()) else {
        return Vec::new();
    };
    if !whole.contains("portolan:") {
        return Vec::new();
    }
    let parts = syntax::parts(whole).into_iter();
    parts
        .flat_map(|(at, part)| comments_of(file, part, offset + at as u32))
        .collect()
}

fn comments_of(file: FileId, whole: &str, offset: u32) -> Vec<Comment> {
    // A `#` inside a string is not a comment, which only the parser can tell.
    let mut parser =
        Parser::new_from_str_with_options(whole, granit_parser::options! { emit_comments: true });
    let mut comments: Vec<Comment> = Vec::new();
    // The reach of the last comment that is alone on its line.
    let mut below = 0..0;
    while let Some(Ok((event, range))) = parser.next_event() {
        if let Event::Comment(_, placement) = event
            && let (Some(start), Some(end)) = (range.start.byte_offset(), range.end.byte_offset())
            && let Some(text) = whole.get(start..end)
        {
            let at = |range: Range<usize>| {
                Span::new(file, offset + range.start as u32, offset + range.end as u32)
            };
            // Consecutive comments have the same reach. It is searched once: searching it for each
            // would make a file of comments quadratic.
            if placement != Placement::Right && end > below.start {
                below = next_line(whole, end);
            }
            let reach = if placement == Placement::Right {
                line(whole, start)
            } else {
                below.clone()
            };
            comments.push(Comment {
                span: at(start..end),
                text: text.to_owned(),
                reach: at(reach),
            });
        }
    }
    comments
}

/// The line that a byte is in.
fn line(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |before| before + 1);
    let end = text[at..].find('\n').map_or(text.len(), |rest| at + rest);
    start..end
}

/// The first line after a byte that is neither empty nor a comment.
fn next_line(text: &str, at: usize) -> Range<usize> {
    let mut here = line(text, at);
    while here.end < text.len() {
        here = line(text, here.end + 1);
        let content = text[here.clone()].trim_start();
        if !content.is_empty() && !content.starts_with('#') {
            break;
        }
    }
    here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_from_any_of_its_bytes() {
        let text = "ab\n\ncde";
        let found = (0..=text.len())
            .map(|at| line(text, at))
            .collect::<Vec<_>>();
        assert_eq!(found, [0..2, 0..2, 0..2, 3..3, 4..7, 4..7, 4..7, 4..7]);
    }

    #[test]
    fn a_comment_reaches_the_next_line_with_content() {
        let text = "# a\n\n  # b\n x: 1\ny";
        assert_eq!(&text[next_line(text, 3)], " x: 1");
        assert_eq!(&text[next_line(text, 10)], " x: 1");
        assert_eq!(next_line("# a", 3), 0..3, "there is none");
        assert_eq!(next_line("# a\n", 3), 4..4);
    }

    /// A search for the next line from each comment is quadratic: minutes for this file.
    #[test]
    fn consecutive_comments_reach_the_same_line() {
        let text = format!(
            "{}x: 1 # portolan: allow a\n",
            "# portolan: allow b\n".repeat(50_000)
        );
        let file = crate::diagnostics::SourceMap::default().add("c.yaml", "");
        let found = comments(file, text.as_bytes());
        let last = line(&text, text.len() - 1);
        assert_eq!(found.len(), 50_001);
        assert!(
            found
                .iter()
                .all(|comment| (comment.reach.start, comment.reach.end)
                    == (last.start as u32, last.end as u32))
        );
    }
}
