//! The edits as a unified diff, which `git apply` and `patch` take, and in words.

use std::fmt::Write as _;

use similar::TextDiff;

use super::{Done, How};
use crate::{
    mask::{Mask, holds_login},
    text::counted,
};

/// How many lines around a difference are shown.
const CONTEXT: usize = 3;

/// A line that is not shown, because it may hold a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secret {
    /// Its number in the file before.
    pub line: usize,
}

/// The difference between two texts of a file. Its header is not the one of git, whose paths begin
/// at the root of the repository: these begin at the current directory.
pub fn diff(path: &str, before: &str, after: &str, mask: &Mask) -> Result<String, Secret> {
    let diff = TextDiff::from_lines(before, after);
    for group in diff.grouped_ops(CONTEXT) {
        for change in group.iter().flat_map(|part| diff.iter_changes(part)) {
            let text = change.value();
            if mask.hides(text) || holds_login(text) {
                let line = change
                    .old_index()
                    .or(change.new_index())
                    .unwrap_or_default()
                    + 1;
                return Err(Secret { line });
            }
        }
    }
    Ok(diff
        .unified_diff()
        .context_radius(CONTEXT)
        .header(&header("a/", path), &header("b/", path))
        .to_string())
}

/// A path in a header, quoted as git quotes it.
fn header(side: &str, path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path).replace('\\', "/");
    let is_plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic() && byte != b'"';
    if !path.bytes().all(is_plain) {
        let mut quoted = format!("\"{side}");
        for byte in path.bytes() {
            if byte != b' ' && is_plain(byte) {
                quoted.push(char::from(byte));
            } else {
                let _ = write!(quoted, "\\{byte:03o}");
            }
        }
        quoted.push('"');
        return quoted;
    }
    // The tab ends a name with blanks.
    let end = if path.contains(' ') { "\t" } else { "" };
    format!("{side}{path}{end}")
}

/// What became of the differences in one file, in lines that a reader of diffs skips.
pub fn words(path: &str, done: &[&Done]) -> String {
    let number = counted(done.len(), ("difference", "differences"));
    let mut out = format!("{}: {number} adopted\n", crate::text::visible(path));
    for Done { address, how, .. } in done {
        let _ = match how {
            How::Added => writeln!(out, "  + {address}"),
            How::Removed(0) => writeln!(out, "  - {address}"),
            How::Removed(lines) => {
                let lines = counted(*lines, ("comment line", "comment lines"));
                writeln!(out, "  - {address}, with {lines} above it")
            }
            How::Changed(names) => writeln!(out, "  ~ {address}: {}", names.join(", ")),
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_as_git_reads_them() {
        assert_eq!(header("a/", "./charts/web.yaml"), "a/charts/web.yaml");
        assert_eq!(header("a/", "my chart.yaml"), "a/my chart.yaml\t");
        assert_eq!(header("b/", "\u{e9}\n.yaml"), "\"b/\\303\\251\\012.yaml\"");
    }

    #[test]
    fn a_line_with_a_login_is_not_shown() {
        let before = "a\n# https://me:pw@example.com\nb\n";
        let after = "a\n# https://me:pw@example.com\nc\n";
        let mask = Mask::default();
        assert_eq!(diff("x", before, after, &mask), Err(Secret { line: 2 }));
        let text = diff("x", "a\r\nb", "a\r\nc", &mask).unwrap();
        assert_eq!(
            text,
            "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\r\n-b\n\\ No newline at end of file\n+c\n\\ No \
            newline at end of file\n"
        );
    }
}
