//! Finds what is written at a place of a chart.

use std::collections::BTreeMap;

use super::edit::{Page, Refusal};
use crate::{
    config::tree::written::{Form, Pair, Written, written},
    diagnostics::{FileId, Source, SourceMap, Span},
};

/// A file of the chart.
#[derive(Debug)]
pub(super) struct Sheet<'t> {
    pub(super) page: Page<'t>,
    documents: Vec<Written>,
}

/// All files that can be edited.
pub(super) struct Book<'t> {
    pub(super) sources: &'t SourceMap,
    sheets: BTreeMap<FileId, Sheet<'t>>,
}

/// A named entry as it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'b> {
    pub(super) pair: &'b Pair,
    /// The mapping that it stands in.
    pub(super) mapping: &'b Written,
    /// The key of that mapping, which is not the root.
    pub(super) holder: Option<&'b Pair>,
    /// The outermost value around it that aliases refer to.
    pub(super) shared: Option<&'b Written>,
}

impl<'t> Book<'t> {
    pub(super) fn open(sources: &'t SourceMap) -> Book<'t> {
        let sheet = |file| {
            let text = str::from_utf8(sources.bytes(file)).ok()?;
            // A line break of its own kind, which a difference by lines would not show.
            let is_odd = text.replace("\r\n", "").contains('\r');
            let documents = written(file, text.as_bytes()).filter(|_| !is_odd)?;
            let page = Page::new(text);
            Some((file, Sheet { page, documents }))
        };
        Book {
            sources,
            sheets: sources.files().filter_map(sheet).collect(),
        }
    }

    pub(super) fn sheet(&self, file: FileId) -> Option<&Sheet<'t>> {
        self.sheets.get(&file)
    }

    /// The file and the byte of a place.
    pub(super) fn byte_of(&self, source: &Source) -> Option<(FileId, usize)> {
        let span = self.sources.span_of(source)?;
        Some((span.file, span.start as usize))
    }

    pub(super) fn source(&self, file: FileId, at: usize) -> Source {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        self.sources.location(Span::new(file, at, at))
    }
}

impl Sheet<'_> {
    /// The entry whose key begins at a byte.
    pub(super) fn entry(&self, at: usize) -> Option<Found<'_>> {
        let root = self.around(at)?;
        let mut found = Found {
            pair: root.entries().first()?,
            mapping: root,
            holder: None,
            shared: root.is_shared().then_some(root),
        };
        loop {
            let entries = found.mapping.entries();
            let next = entries.partition_point(|pair| pair.key.start <= at);
            found.pair = entries.get(next.checked_sub(1)?)?;
            if found.pair.key.start == at {
                return Some(found);
            }
            found.holder = Some(found.pair);
            found.mapping = &found.pair.value;
            let shared = found.mapping.is_shared().then_some(found.mapping);
            found.shared = found.shared.or(shared);
        }
    }

    /// The list item, or other value, that begins at a byte.
    pub(super) fn value(&self, at: usize) -> Option<&Written> {
        let mut here = self.around(at)?;
        while here.start != at {
            here = match &here.form {
                Form::Mapping { entries, .. } => {
                    let next = entries.partition_point(|pair| pair.key.start <= at);
                    &entries.get(next.checked_sub(1)?)?.value
                }
                Form::List { items, .. } => {
                    let next = items.partition_point(|item| item.start <= at);
                    items.get(next.checked_sub(1)?)?
                }
                Form::Absent | Form::Scalar(_) | Form::Alias => return None,
            };
        }
        Some(here)
    }

    /// The number of the document that a byte is in, and its root.
    fn around(&self, at: usize) -> Option<&Written> {
        let next = self.documents.partition_point(|root| root.start <= at);
        self.documents.get(next.checked_sub(1)?)
    }

    /// Whether two bytes are in one document, where an anchor holds.
    pub(super) fn is_one_document(&self, one: usize, other: usize) -> bool {
        let start = |at| self.around(at).map(|root| root.start);
        start(one) == start(other)
    }

    /// Refuses an entry in a value that other places share.
    pub(super) fn is_free(&self, found: &Found<'_>) -> Result<(), Refusal> {
        match found.shared {
            Some(shared) => Err(self.page.shared(shared)),
            None => Ok(()),
        }
    }
}
