//! The loaded files, and the line and column of a byte offset.
//!
//! Works on bytes, not on YAML: a file that is not UTF-8 has lines and columns too, so that its
//! first invalid byte can be shown.

use std::sync::{Arc, OnceLock};

use super::Source;

/// A file of a [`SourceMap`], in the order in which files were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A range of bytes in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(file: FileId, start: u32, end: u32) -> Self {
        Self {
            file,
            start,
            end: end.max(start),
        }
    }
}

/// The loaded files.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    path: Arc<str>,
    bytes: Vec<u8>,
    index: OnceLock<Index>,
    is_concealed: bool,
}

impl SourceMap {
    /// Adds a file under the path that the user gave.
    pub fn add(&mut self, path: impl Into<Arc<str>>, bytes: impl Into<Vec<u8>>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        let (path, bytes, index) = (path.into(), bytes.into(), OnceLock::new());
        self.files.push(File {
            path,
            bytes,
            index,
            is_concealed: false,
        });
        id
    }

    pub fn files(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..u32::try_from(self.files.len()).unwrap_or(u32::MAX)).map(FileId)
    }

    /// Empty if the file belongs to another map.
    pub fn bytes(&self, file: FileId) -> &[u8] {
        self.file(file).map_or(&[], |file| &file.bytes)
    }

    /// Replaces every matching line with `*`. Lengths and places do not change.
    pub fn cover_lines(&mut self, hides: impl Fn(&str) -> bool) {
        for file in &mut self.files {
            let lines = file.bytes.split_mut(|byte| *byte == b'\n');
            for line in lines.filter(|line| str::from_utf8(line).is_ok_and(&hides)) {
                line.iter_mut()
                    .filter(|byte| !byte.is_ascii_whitespace())
                    .for_each(|byte| *byte = b'*');
                // A character of several bytes becomes several `*`, which moves the columns.
                file.index = OnceLock::new();
            }
        }
    }

    /// Replaces a span with `*`, except line breaks. Lengths and places do not change.
    pub fn cover(&mut self, span: Span) {
        let Some(file) = self.files.get_mut(span.file.0 as usize) else {
            return;
        };
        let (start, end) = (file.clamp(span.start), file.clamp(span.end));
        for byte in file.bytes[start..end]
            .iter_mut()
            .filter(|byte| !matches!(byte, b'\n' | b'\r'))
        {
            *byte = b'*';
        }
        file.index = OnceLock::new();
    }

    /// From now on, reports give places in this file but show none of its lines.
    pub(crate) fn conceal(&mut self, file: FileId) {
        if let Some(file) = self.files.get_mut(file.0 as usize) {
            file.is_concealed = true;
        }
    }

    pub(super) fn is_concealed(&self, file: FileId) -> bool {
        self.file(file).is_some_and(|file| file.is_concealed)
    }

    pub fn path(&self, file: FileId) -> Arc<str> {
        self.file(file)
            .map_or_else(|| Arc::from("?"), |file| file.path.clone())
    }

    /// The line and column where a span starts. The cost does not depend on the file's size or on
    /// the length of the line.
    pub fn location(&self, span: Span) -> Source {
        let Some(file) = self.file(span.file) else {
            return Source {
                file: Arc::from("?"),
                line: 1,
                column: 1,
            };
        };
        let index = file.index();
        let offset = file.clamp(span.start);
        let line = index.line(offset);
        let column = index.between(&file.bytes, index.lines[line] as usize, offset) + 1;
        Source {
            file: file.path.clone(),
            line: line as u32 + 1,
            column,
        }
    }

    /// The opposite of [`Self::location`]: an empty span at a place. `None` if the map has no such
    /// file.
    pub(crate) fn span_of(&self, place: &Source) -> Option<Span> {
        let is_there = |file: &FileId| self.path(*file) == place.file;
        let file = self.files().find(is_there)?;
        let index = self.file(file)?.index();
        let line = (place.line as usize).saturating_sub(1);
        let start = *index.lines.get(line)?;
        let (start, text) = self.line(Span::new(file, start, start));
        let bytes = text
            .strip_prefix(BOM)
            .filter(|_| start == 0)
            .unwrap_or(text);
        let skipped = text.len() - bytes.len();
        let column = (place.column as usize).saturating_sub(1);
        // The first byte of each character.
        let firsts = bytes
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte & 0xc0 != 0x80);
        let within = firsts.map(|(at, _)| at).nth(column).unwrap_or(bytes.len());
        let offset = u32::try_from(start + skipped + within).ok()?;
        Some(Span::new(file, offset, offset))
    }

    /// The line in which a span starts.
    pub(crate) fn line_of(&self, span: Span) -> Span {
        let (start, text) = self.line(span);
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        Span {
            start,
            end: start.saturating_add(u32::try_from(text.len()).unwrap_or(u32::MAX)),
            ..span
        }
    }

    pub fn text(&self, span: Span) -> Option<&str> {
        let file = self.file(span.file)?;
        str::from_utf8(&file.bytes[file.clamp(span.start)..file.clamp(span.end)]).ok()
    }

    /// The offset of a span's first line, and the bytes of that line without the line break.
    pub(super) fn line(&self, span: Span) -> (usize, &[u8]) {
        let Some(file) = self.file(span.file) else {
            return (0, &[]);
        };
        let index = file.index();
        let line = index.line(file.clamp(span.start));
        let start = index.lines[line] as usize;
        let end = index
            .lines
            .get(line + 1)
            .map_or(file.bytes.len(), |next| *next as usize);
        let mut text = &file.bytes[start..end];
        while let [rest @ .., b'\n' | b'\r'] = text {
            text = rest;
        }
        (start, text)
    }

    fn file(&self, file: FileId) -> Option<&File> {
        self.files.get(file.0 as usize)
    }
}

impl File {
    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::new(&self.bytes))
    }

    fn clamp(&self, offset: u32) -> usize {
        (offset as usize).min(self.bytes.len())
    }
}

/// The index stores a character count for each block of this many bytes.
const BLOCK: usize = 1024;

/// The first byte of each line, and the count of characters before each block.
///
/// Without the counts, a chart on a single line would be scanned from its start for each resource.
#[derive(Debug)]
struct Index {
    /// Never empty; the first entry is zero.
    lines: Vec<u32>,
    characters: Vec<u32>,
}

impl Index {
    fn new(bytes: &[u8]) -> Self {
        let mut lines = vec![0];
        for (at, byte) in bytes.iter().enumerate() {
            // YAML allows a lone `\r` as a line break.
            if *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')) {
                lines.push(at as u32 + 1);
            }
        }
        let mut characters = vec![0];
        let mut count = 0;
        for block in bytes.chunks(BLOCK) {
            count += starts(block);
            characters.push(count);
        }
        Self { lines, characters }
    }

    fn line(&self, offset: usize) -> usize {
        self.lines
            .partition_point(|start| *start as usize <= offset)
            .saturating_sub(1)
    }

    /// The number of characters between two offsets.
    fn between(&self, bytes: &[u8], from: usize, to: usize) -> u32 {
        // Most lines are short, and the byte order mark is in the first.
        if from > 0 && to - from < BLOCK {
            return starts(&bytes[from..to]);
        }
        self.characters(bytes, to) - self.characters(bytes, from)
    }

    fn characters(&self, bytes: &[u8], offset: usize) -> u32 {
        let block = offset / BLOCK;
        let count = self.characters[block] + starts(&bytes[block * BLOCK..offset]);
        // Editors do not show a byte order mark, so it is no column.
        count - u32::from(offset >= BOM.len() && bytes.starts_with(BOM))
    }
}

pub(super) const BOM: &[u8] = "\u{feff}".as_bytes();

/// How many characters start in these bytes.
fn starts(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(bytes: &[u8], offset: u32) -> (u32, u32) {
        let mut sources = SourceMap::default();
        let file = sources.add("f", bytes);
        let place = sources.location(Span::new(file, offset, offset));
        (place.line, place.column)
    }

    #[test]
    fn every_kind_of_line_break() {
        let bytes = b"a\nb\r\nc\rd";
        let places = [0, 2, 5, 7].map(|offset| at(bytes, offset));
        assert_eq!(places, [(1, 1), (2, 1), (3, 1), (4, 1)]);
        assert_eq!(at(b"", 0), (1, 1));
        assert_eq!(at(b"a\n", 2), (2, 1), "after the last line break");
        assert_eq!(at(b"a", 99), (1, 2), "after the end");
    }

    #[test]
    fn columns_are_characters() {
        assert_eq!(at("日本: x".as_bytes(), 8), (1, 5));
        assert_eq!(at("\u{feff}ab".as_bytes(), 4), (1, 2));
        assert_eq!(at(b"\xff\xfea", 2), (1, 3));
        assert_eq!(at("é\n日本: x".as_bytes(), 11), (2, 5));
    }

    #[test]
    fn a_place_leads_back_to_its_offset() {
        let mut sources = SourceMap::default();
        sources.add("other", "x");
        let text = "\u{feff}a: 日本\r\n\r\n  b: é # c\n";
        let file = sources.add("f", text);
        for (offset, _) in text.char_indices().skip(1) {
            let offset = u32::try_from(offset).unwrap();
            let place = sources.location(Span::new(file, offset, offset));
            let found = sources.span_of(&place).unwrap();
            // The bytes of a line break are behind the last column.
            let is_break = matches!(text.as_bytes()[offset as usize], b'\r' | b'\n');
            assert!(found.start == offset || is_break, "{offset} {found:?}");
            assert_eq!(found.file, file);
        }
        let missing = |file: &str, line| {
            let place = Source {
                file: file.into(),
                line,
                column: 1,
            };
            sources.span_of(&place)
        };
        assert_eq!((missing("g", 1), missing("f", 9)), (None, None));
    }

    #[test]
    fn columns_of_a_long_line_agree_with_counting() {
        let text = "aé日😀".repeat(2000);
        for (count, (offset, _)) in text.char_indices().enumerate().step_by(97) {
            assert_eq!(at(text.as_bytes(), offset as u32), (1, count as u32 + 1));
        }
        assert_eq!(at(text.as_bytes(), text.len() as u32), (1, 8001));
    }
}
