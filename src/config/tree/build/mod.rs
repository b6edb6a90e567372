//! Builds nodes from the parser's events, in one pass with a stack of open collections.
//!
//! A value with an error is left out of its collection, so that the checks do not report it again.
//! A document with a syntax error is left out whole.

mod collections;

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, Span as Range, StructureStyle, Tag};

use self::collections::{Frame, Kind, Slot};
use super::budget::{Budget, Size};
use super::{Entry, MAX_DEPTH, MAX_ERRORS, Node, NodeValue, Scalar, Style, Text};
use super::{scalar, short, syntax};
use crate::diagnostics::{Diagnostic, Diagnostics, FileId, Span};

pub(super) fn build<'s>(
    file: FileId,
    text: &'s str,
    offset: u32,
    max_nodes: usize,
    diagnostics: &mut Diagnostics,
) -> Vec<Node<'s>> {
    let mut builder = Builder::new(file, text, offset);
    for (at, part) in syntax::parts(text) {
        builder.text = part;
        builder.offset = offset + at as u32;
        if !builder.read(part, max_nodes) {
            break;
        }
    }
    diagnostics.extend(builder.found);
    builder.roots
}

/// Mentions quotes because a pattern may begin with `*`, like an alias.
const MISSING_ANCHOR: &str = "an anchor must come before its aliases, in the same document; a \
    text that begins with `*` needs quotes";

struct Builder<'s> {
    file: FileId,
    text: &'s str,
    /// The offset of the text in the file.
    offset: u32,
    /// How many nodes were read so far, in all documents.
    written: usize,
    found: Vec<Diagnostic>,
    roots: Vec<Node<'s>>,
    root: Option<Node<'s>>,
    frames: Vec<Frame<'s>>,
    /// The contents of all open collections, the outer ones first.
    items: Vec<Node<'s>>,
    entries: Vec<Entry<'s>>,
    merges: Vec<(Span, Node<'s>)>,
    anchors: HashMap<usize, (Node<'s>, Size)>,
    budget: Budget,
    /// The end of the last value. A block collection ends there: the parser reports its end only at
    /// the next token.
    last_end: u32,
    /// The rest of the document is skipped.
    abandoned: bool,
}

impl<'s> Builder<'s> {
    fn new(file: FileId, text: &'s str, offset: u32) -> Self {
        Self {
            file,
            text,
            offset,
            written: 0,
            found: Vec::new(),
            roots: Vec::new(),
            root: None,
            frames: Vec::new(),
            items: Vec::new(),
            entries: Vec::new(),
            merges: Vec::new(),
            anchors: HashMap::new(),
            budget: Budget::default(),
            last_end: 0,
            abandoned: false,
        }
    }

    /// Reads the documents of a part. Returns whether the file's limits allow to read on.
    fn read(&mut self, part: &'s str, max_nodes: usize) -> bool {
        // An alias without an anchor would otherwise be a syntax error, and hide the rest of the
        // document.
        let options = granit_parser::options! {
            emit_comments: false,
            emit_unresolved_aliases: true,
            flow_nesting_limit: MAX_DEPTH,
            block_nesting_limit: MAX_DEPTH,
        };
        let mut parser = Parser::new_from_str_with_options(part, options);
        while let Some(next) = parser.next_event() {
            match next {
                Ok((event, range)) => self.event(event, &range),
                Err(error) => {
                    self.syntax_error(&error);
                    if !matches!(parser.proceed_next_document(), Ok(true)) {
                        break;
                    }
                }
            }
            // Checked during the parse, before the tree takes more memory than allowed.
            if self.written > max_nodes {
                let message = format!("the file has more than {max_nodes} values and keys");
                let error = Diagnostic::error("file-too-large", message)
                    .hint("split it into several files");
                self.report(self.span(0, 0), error);
                return false;
            }
            if self.found.len() >= MAX_ERRORS {
                let message =
                    format!("the file has {MAX_ERRORS} errors or more; the rest was not read");
                self.report(
                    self.span(0, 0),
                    Diagnostic::error("too-many-errors", message),
                );
                return false;
            }
        }
        true
    }

    fn event(&mut self, event: Event<'s>, range: &Range) {
        let span = self.range(range);
        // Nodes of a skipped document count too: the parser reads them all the same.
        self.written += usize::from(event.is_node());
        match event {
            Event::DocumentStart(..) => self.abandoned = false,
            Event::DocumentEnd => self.close_document(),
            _ if self.abandoned => {}
            Event::Scalar(text, style, anchor, tag) => {
                let text = match text {
                    // The parser gives an absent value the text `~`.
                    _ if style == ScalarStyle::Plain && span.start == span.end => {
                        Text::Borrowed("")
                    }
                    Cow::Borrowed(text) => Text::Borrowed(text),
                    Cow::Owned(text) => Text::Decoded(text.into()),
                };
                self.scalar(text, style, anchor, tag.as_deref(), range);
            }
            Event::SequenceStart(style, anchor, tag) => {
                let usable = self.collection_tag(tag.as_deref(), scalar::Tag::Seq, range);
                self.open(span, style, anchor, usable, self.items.len(), Kind::List);
            }
            Event::MappingStart(style, anchor, tag) => {
                let usable = self.collection_tag(tag.as_deref(), scalar::Tag::Map, range);
                let kind = Kind::Mapping {
                    first_merge: self.merges.len(),
                    slot: Slot::Key,
                };
                self.open(span, style, anchor, usable, self.entries.len(), kind);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(id) => self.alias(id, span),
            Event::UnresolvedAlias(name) => {
                let error = Diagnostic::error(
                    "unknown-anchor",
                    format!("there is no anchor `{}`", short(&name)),
                );
                self.report(span, error.hint(MISSING_ANCHOR));
                self.last_end = span.end;
                self.place(None, Size::default());
            }
            _ => {}
        }
    }

    fn scalar(
        &mut self,
        text: Text<'s>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        range: &Range,
    ) {
        let mut span = self.range(range);
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        // The parser's range of a block scalar includes the line breaks after it.
        if style == Style::Block {
            let written = range.slice(self.text).unwrap_or_default();
            span.end = span.start + written.trim_end().len() as u32;
        }
        self.last_end = span.end;
        let absent = style == Style::Plain && text.is_empty();
        // An empty document has no root, so that a blank file is not an error.
        if absent && tag.is_none() && self.frames.is_empty() {
            return;
        }
        let size = Size::scalar(&text);
        let style = match tag.map(|tag| self.core_tag(tag, range)) {
            None => Some(style),
            Some(None) => Some(style),
            Some(Some(tag)) => tag.style(&text),
        };
        if style.is_none() {
            self.report(
                span,
                Diagnostic::error(
                    "bad-tag",
                    format!("`{}` does not have the type of its tag", short(&text)),
                ),
            );
        }
        let node = style.map(|style| Node {
            span,
            value: NodeValue::Scalar(Scalar { text, style }),
        });
        self.finish(node, size, anchor);
    }

    /// The core tag. Other tags are reported and then ignored.
    fn core_tag(&mut self, tag: &Tag, range: &Range) -> Option<scalar::Tag> {
        let core = tag.core_suffix().and_then(scalar::Tag::core);
        if core.is_none() {
            let message = format!("the tag `{}` is not supported", short(&tag.original()));
            let span = self.range(&range.tag_span().unwrap_or(*range));
            self.report(span, Diagnostic::error("unsupported-tag", message));
        }
        core
    }

    fn collection_tag(&mut self, tag: Option<&Tag>, expected: scalar::Tag, range: &Range) -> bool {
        let Some(tag) = tag.and_then(|tag| self.core_tag(tag, range)) else {
            return true;
        };
        if tag != expected {
            let span = self.range(&range.tag_span().unwrap_or(*range));
            self.report(
                span,
                Diagnostic::error("bad-tag", "the value does not have the type of its tag"),
            );
        }
        tag == expected
    }

    fn alias(&mut self, id: usize, span: Span) {
        self.last_end = span.end;
        let Some((node, size)) = self.anchors.get(&id) else {
            // The parser knows the anchor, but its value is not in the table: it is still open, or
            // has an error, which was reported.
            if self.frames.iter().any(|frame| frame.anchor == id) {
                let message = "the alias is inside the value that it refers to";
                self.report(span, Diagnostic::error("recursive-alias", message));
            }
            return self.place(None, Size::default());
        };
        let (value, size) = (node.value.clone(), *size);
        // The parser's own limit does not see what an alias stands for.
        let node = if self.frames.len() + size.height > MAX_DEPTH {
            self.report(span, syntax::too_deep());
            None
        } else {
            self.spend(size, span).then_some(Node { span, value })
        };
        self.place(node, size);
    }

    fn spend(&mut self, size: Size, span: Span) -> bool {
        let first = !self.budget.exhausted();
        let granted = self.budget.spend(size);
        // Reported once for each file, at the first alias that exceeds the limit.
        if first && !granted {
            let error = Diagnostic::error(
                "alias-limit",
                "the aliases of this file expand to more than the limit",
            );
            self.report(
                span,
                error
                    .hint("write repeated values once, under `defaults`, instead of using aliases"),
            );
        }
        granted
    }

    fn finish(&mut self, node: Option<Node<'s>>, size: Size, anchor: usize) {
        // The parser counts anchors from one; zero means none.
        if let Some(node) = node.as_ref().filter(|_| anchor > 0) {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        self.place(node, size);
    }

    fn syntax_error(&mut self, error: &granit_parser::ScanError) {
        let at = error
            .marker()
            .byte_offset()
            .unwrap_or(self.text.len())
            .min(self.text.len());
        let mut diagnostic = syntax::diagnostic(error, self.text, at);
        let place = self.span(at, at);
        // The parser notices a missing bracket only at the next token that is not allowed inside.
        if let Some(frame) = self
            .frames
            .last()
            .filter(|frame| frame.style == StructureStyle::Flow)
        {
            let bracket = Span::new(self.file, frame.start, frame.start + 1);
            if self.text[..at].ends_with('$') {
                diagnostic =
                    diagnostic.hint("a variable inside brackets needs quotes: `\"${env:NAME}\"`");
            } else if bracket.start != place.start {
                diagnostic = diagnostic
                    .related(bracket, "this bracket is open")
                    .hint("is this bracket closed?");
            }
        }
        self.report(place, diagnostic);
        self.abandon();
    }

    fn close_document(&mut self) {
        self.roots.extend(self.root.take());
        self.abandon();
    }

    fn abandon(&mut self) {
        self.abandoned = true;
        self.root = None;
        self.frames.clear();
        self.items.clear();
        self.entries.clear();
        self.merges.clear();
        // In YAML an anchor is valid only in its own document.
        self.anchors.clear();
    }

    fn report(&mut self, span: Span, diagnostic: Diagnostic) {
        self.found.push(diagnostic.at(span));
    }

    fn range(&self, range: &Range) -> Span {
        let bytes = range.byte_range().unwrap_or_default();
        self.span(bytes.start, bytes.end)
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(
            self.file,
            self.offset + start as u32,
            self.offset + end as u32,
        )
    }
}
