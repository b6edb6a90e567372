//! A document as JSON, written piece by piece: the text of a large plan is larger than the plan.
//! What is in a document is the business of `plan::document` and its like; where it goes and which
//! failures count, of `output`.

use std::io::{self, Write};

use serde::Serialize;

use crate::text;

/// How many bytes are collected before they are escaped and written.
const CHUNK: usize = 64 * 1024;

/// Writes what `plan::document::pretty` returns, without the whole text in memory.
pub(super) fn write_pretty(document: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    let mut lines = Lines {
        out,
        pending: Vec::with_capacity(2 * CHUNK),
    };
    serde_json::to_writer_pretty(&mut lines, document)?;
    lines.pending.push(b'\n');
    lines.pass_on(lines.pending.len())
}

/// Escapes a JSON text as it passes, by whole lines: no string of it has a line break, so nothing
/// that is escaped lies in two of them.
struct Lines<'o, W> {
    out: &'o mut W,
    pending: Vec<u8>,
}

impl<W: Write> Lines<'_, W> {
    /// Escapes and writes the first `count` bytes of what is pending.
    fn pass_on(&mut self, count: usize) -> io::Result<()> {
        let text = String::from_utf8_lossy(&self.pending[..count]);
        self.out.write_all(text::json(text).as_bytes())?;
        self.pending.drain(..count);
        Ok(())
    }
}

impl<W: Write> Write for Lines<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= CHUNK
            && let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n')
        {
            self.pass_on(self.pending.len() - bytes.len() + end + 1)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::document::pretty;

    /// Keeps each write apart.
    #[derive(Default)]
    struct Writes(Vec<Vec<u8>>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn writes(document: &impl Serialize) -> Vec<Vec<u8>> {
        let mut writes = Writes::default();
        write_pretty(document, &mut writes).unwrap();
        writes.0
    }

    #[track_caller]
    fn assert_same(document: &impl Serialize, what: &str) {
        // Not `assert_eq`, which would print both texts.
        let same = writes(document).concat() == pretty(document).as_bytes();
        assert!(same, "{what}: not the text of `pretty`");
    }

    #[test]
    fn a_large_document_is_written_in_pieces_and_is_the_same() {
        let hidden = "a\u{202e}b\u{200b}c\u{e0041}d\u{7f}e\u{9b}f\u{feff}\n##[error]\"\\é漢";
        let document: Vec<_> = (0..2_000)
            .map(|number| serde_json::json!({ "number": number, "text": hidden, "none": [] }))
            .collect();
        assert_same(&document, "2,000 objects");
        let longest = writes(&document).iter().map(Vec::len).max();
        // An escape is at most six times as long as its character.
        assert!(longest < Some(6 * 2 * CHUNK), "{longest:?}");
        assert!(pretty(&document).len() > 4 * CHUNK);
    }

    #[test]
    fn small_documents_are_the_same() {
        assert_same(&(), "null");
        assert_same(&Vec::<u8>::new(), "an empty list");
        assert_same(&"##[", "a string");
    }

    #[test]
    fn a_string_longer_than_a_piece_is_the_same() {
        for piece in [
            "x",
            "漢",
            "\u{202e}",
            "\u{e0041}",
            "##[",
            "\n",
            "\n##[",
            "\"#",
        ] {
            let long = piece.repeat(3 * CHUNK / piece.len());
            assert_same(&["before", &long, "after", &long], &format!("{piece:?}"));
        }
    }

    #[test]
    fn what_lies_on_the_edge_of_a_piece_is_escaped() {
        for edge in ["##[error]", "\u{202e}", "\u{e0041}", "漢##["] {
            // Five bytes stand before the first string.
            for shift in 0..16 {
                let pad = "x".repeat(CHUNK - 5 - 13 + shift);
                let document = [format!("{pad}{edge}"), edge.to_owned()];
                assert_same(&document, &format!("{edge:?} at {shift}"));
                let text = String::from_utf8(writes(&document).concat()).unwrap();
                assert!(!text.contains("##["), "a command at {shift}");
            }
        }
    }

    #[test]
    fn a_failed_write_keeps_its_kind() {
        struct Gone;

        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        // The first fails while the value is serialized, the second after it.
        for count in [10 * CHUNK, 1] {
            let failed = write_pretty(&vec![1; count], &mut Gone).unwrap_err();
            assert_eq!(failed.kind(), io::ErrorKind::BrokenPipe, "{count}");
        }
    }
}
