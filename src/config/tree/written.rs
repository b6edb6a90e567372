//! How a file is written: each value with its place, the style of its collection, its anchor and the
//! aliases that lead to it. For edits of the text; the tree of values is built elsewhere.
//!
//! A second parse, only of charts that are edited. The main parse resolves anchors and merge keys,
//! so that its tree does not have them.

use std::{collections::BTreeSet, ops::Range};

use granit_parser::{Event, Parser, ScalarStyle, Span as Extent, StructureStyle};

use super::syntax;
use crate::diagnostics::{Diagnostics, FileId};

/// A value as it is written. Places are bytes of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Without its anchor and tag. Empty if the value is absent.
    pub start: usize,
    pub end: usize,
    pub anchor: Option<Anchor>,
    pub has_tag: bool,
    pub form: Form,
}

/// The anchor of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    id: usize,
    /// Whether an alias refers to it.
    pub is_used: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    Absent,
    Scalar(Quotes),
    Alias,
    List { is_flow: bool, items: Vec<Written> },
    Mapping { is_flow: bool, entries: Vec<Pair> },
}

/// How a scalar is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quotes {
    None,
    Single,
    Double,
    Block,
}

/// A key with its value. A merge key is one too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    pub name: String,
    pub key: Written,
    /// Behind its colon, if that follows on the same line.
    pub colon: Option<usize>,
    pub value: Written,
}

impl Pair {
    /// The end of its text.
    pub fn end(&self) -> usize {
        self.value
            .end
            .max(self.key.end)
            .max(self.colon.unwrap_or_default())
    }
}

impl Written {
    /// The entries of a mapping.
    pub fn entries(&self) -> &[Pair] {
        match &self.form {
            Form::Mapping { entries, .. } => entries,
            _ => &[],
        }
    }

    /// The entry of a key that is written here, and not merged into it.
    pub fn own(&self, name: &str) -> Option<&Pair> {
        self.entries().iter().find(|pair| pair.name == name)
    }

    /// Whether other places have this value by an alias.
    pub fn is_shared(&self) -> bool {
        self.anchor.is_some_and(|anchor| anchor.is_used)
    }

    /// The first value that other places have by an alias: this one, or one inside it.
    pub fn shared_inside(&self) -> Option<&Written> {
        if self.is_shared() {
            return Some(self);
        }
        match &self.form {
            Form::List { items, .. } => items.iter().find_map(Written::shared_inside),
            Form::Mapping { entries, .. } => entries
                .iter()
                .find_map(|pair| pair.key.shared_inside().or(pair.value.shared_inside())),
            Form::Absent | Form::Scalar(_) | Form::Alias => None,
        }
    }

    fn mark(&mut self, used: &BTreeSet<usize>) {
        if let Some(anchor) = &mut self.anchor {
            anchor.is_used = used.contains(&anchor.id);
        }
        match &mut self.form {
            Form::List { items, .. } => items.iter_mut().for_each(|item| item.mark(used)),
            Form::Mapping { entries, .. } => entries.iter_mut().for_each(|pair| {
                pair.key.mark(used);
                pair.value.mark(used);
            }),
            Form::Absent | Form::Scalar(_) | Form::Alias => {}
        }
    }
}

/// The documents of a file, or `None` if its text has an error.
pub fn written(file: FileId, bytes: &[u8]) -> Option<Vec<Written>> {
    let (whole, offset) = syntax::text(file, bytes, &mut Diagnostics::new())?;
    let mut documents = Vec::new();
    for (at, part) in syntax::parts(whole) {
        documents.extend(Reader::read(part, offset as usize + at)?);
    }
    Some(documents)
}

/// A collection that is not closed yet.
struct Open {
    value: Written,
    is_flow: bool,
    /// The key of a mapping whose value comes next.
    key: Option<(String, Written)>,
}

struct Reader<'s> {
    text: &'s str,
    offset: usize,
    open: Vec<Open>,
    /// The end of the last value: where a block collection ends.
    last_end: usize,
    /// The text of the last scalar, for keys.
    last_text: String,
    used: BTreeSet<usize>,
    documents: Vec<Written>,
}

impl<'s> Reader<'s> {
    fn read(text: &'s str, offset: usize) -> Option<Vec<Written>> {
        let mut reader = Reader {
            text,
            offset,
            open: Vec::new(),
            last_end: 0,
            last_text: String::new(),
            used: BTreeSet::new(),
            documents: Vec::new(),
        };
        let mut parser = Parser::new_from_str_with_options(
            text,
            granit_parser::options! { emit_comments: false },
        );
        while let Some(next) = parser.next_event() {
            let (event, extent) = next.ok()?;
            reader.event(event, &extent);
        }
        let Reader {
            mut documents,
            used,
            ..
        } = reader;
        documents.iter_mut().for_each(|it| it.mark(&used));
        Some(documents)
    }

    fn event(&mut self, event: Event<'_>, extent: &Extent) {
        let bytes = extent.byte_range().unwrap_or_default();
        let value = |form, anchor: usize, has_tag| Written {
            start: bytes.start,
            end: bytes.end,
            anchor: (anchor > 0).then_some(Anchor {
                id: anchor,
                is_used: false,
            }),
            has_tag,
            form,
        };
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_absent = style == ScalarStyle::Plain && bytes.is_empty();
                let form = if is_absent {
                    Form::Absent
                } else {
                    Form::Scalar(quotes(style))
                };
                let mut value = value(form, anchor, tag.is_some());
                if value.form == Form::Scalar(Quotes::Block) {
                    // The range of the parser includes the line breaks behind it.
                    let length = self.text.get(bytes.clone()).unwrap_or_default().trim_end();
                    value.end = value.start + length.len();
                }
                self.last_text = if is_absent {
                    String::new()
                } else {
                    text.into_owned()
                };
                self.last_end = value.end.max(self.last_end);
                self.place(value);
            }
            Event::Alias(id) => {
                self.used.insert(id);
                self.last_end = bytes.end;
                self.place(value(Form::Alias, 0, false));
            }
            Event::SequenceStart(style, anchor, tag) => {
                let form = Form::List {
                    is_flow: style == StructureStyle::Flow,
                    items: Vec::new(),
                };
                self.begin(value(form, anchor, tag.is_some()), style);
            }
            Event::MappingStart(style, anchor, tag) => {
                let form = Form::Mapping {
                    is_flow: style == StructureStyle::Flow,
                    entries: Vec::new(),
                };
                self.begin(value(form, anchor, tag.is_some()), style);
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(&bytes),
            _ => {}
        }
    }

    fn begin(&mut self, value: Written, style: StructureStyle) {
        let is_flow = style == StructureStyle::Flow;
        self.open.push(Open {
            value,
            is_flow,
            key: None,
        });
    }

    fn end(&mut self, bytes: &Range<usize>) {
        let Some(mut open) = self.open.pop() else {
            return;
        };
        if open.is_flow {
            self.last_end = bytes.end;
        }
        open.value.end = self.last_end.max(open.value.start);
        self.place(open.value);
    }

    /// Adds a value to the innermost open collection.
    fn place(&mut self, mut value: Written) {
        value.start += self.offset;
        value.end += self.offset;
        let Some(open) = self.open.last_mut() else {
            self.documents.push(value);
            return;
        };
        match &mut open.value.form {
            Form::List { items, .. } => items.push(value),
            Form::Mapping { entries, .. } => match open.key.take() {
                None => open.key = Some((std::mem::take(&mut self.last_text), value)),
                Some((name, key)) => {
                    let colon = colon(self.text, key.end - self.offset);
                    let colon = colon.map(|at| at + self.offset);
                    self.last_end = self
                        .last_end
                        .max(colon.map_or(0, |colon| colon - self.offset));
                    entries.push(Pair {
                        name,
                        key,
                        colon,
                        value,
                    });
                }
            },
            Form::Absent | Form::Scalar(_) | Form::Alias => {}
        }
    }
}

fn quotes(style: ScalarStyle) -> Quotes {
    match style {
        ScalarStyle::Plain => Quotes::None,
        ScalarStyle::SingleQuoted => Quotes::Single,
        ScalarStyle::DoubleQuoted => Quotes::Double,
        ScalarStyle::Literal | ScalarStyle::Folded => Quotes::Block,
    }
}

/// The place behind the colon of a key that ends there.
fn colon(text: &str, end: usize) -> Option<usize> {
    let rest = text.get(end..)?;
    let behind = rest.trim_start_matches([' ', '\t']);
    behind
        .starts_with(':')
        .then(|| end + rest.len() - behind.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::SourceMap;

    fn outline(text: &str, value: &Written, out: &mut Vec<String>) {
        let anchor = match value.anchor {
            Some(Anchor { is_used: true, .. }) => "&",
            Some(_) => "(&)",
            None => "",
        };
        let form = match &value.form {
            Form::Absent => "absent",
            Form::Scalar(_) => "scalar",
            Form::Alias => "alias",
            Form::List { is_flow: true, .. } => "[]",
            Form::List { .. } => "-",
            Form::Mapping { is_flow: true, .. } => "{}",
            Form::Mapping { .. } => ":",
        };
        out.push(format!(
            "{anchor}{form} {:?}",
            &text[value.start..value.end]
        ));
        match &value.form {
            Form::List { items, .. } => items.iter().for_each(|item| outline(text, item, out)),
            Form::Mapping { entries, .. } => {
                for pair in entries {
                    let behind = pair.colon.map_or("?", |at| &text[at - 1..at]);
                    out.push(format!("{} {behind}", &text[pair.key.start..pair.key.end]));
                    outline(text, &pair.value, out);
                }
            }
            _ => {}
        }
    }

    #[test]
    fn values_have_their_places() {
        let text = "\u{feff}a: &x\n  b: 1 # c\n  c:\n'd': { <<: *x, \"e\": [ 1, &y two, ], f }\ng:\n- h\n- i: |\n    j\n\n  k: &z { }\n";
        let file = SourceMap::default().add("f", "");
        let documents = written(file, text.as_bytes()).unwrap();
        let mut out = Vec::new();
        for document in &documents {
            outline(text, document, &mut out);
        }
        let expected = r#"
: "a: &x\n  b: 1 # c\n  c:\n'd': { <<: *x, \"e\": [ 1, &y two, ], f }\ng:\n- h\n- i: |\n    j\n\n  k: &z { }"
a :
&: "b: 1 # c\n  c:"
b :
scalar "1"
c :
absent ""
'd' :
{} "{ <<: *x, \"e\": [ 1, &y two, ], f }"
<< :
alias "*x"
"e" :
[] "[ 1, &y two, ]"
scalar "1"
(&)scalar "two"
f ?
absent ""
g :
- "h\n- i: |\n    j\n\n  k: &z { }"
scalar "h"
: "i: |\n    j\n\n  k: &z { }"
i :
scalar "j"
k :
(&){} "{ }""#;
        assert_eq!(format!("\n{}", out.join("\n")), expected);
    }
}
