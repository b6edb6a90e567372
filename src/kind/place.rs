//! The place of a kind in a chart: what stands where, in the words of the chart's language.
//!
//! Attributes are not listed here; they come from the tables of the kinds.

use super::{Kind, Preset, REGISTRY, Role, Shape};
use crate::{diagnostics::Diagnostic, names::Name};

/// What may stand at some place.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// The number [`VERSION`].
    Version,
    /// A whole number from one to the other.
    Number(u64, u64),
    Text(TextForm),
    OneOf(&'static [&'static str]),
    List(&'static Form),
    Record(&'static Record),
    /// The only one of its kind there; or the word, if the kind has one, for a promise that there
    /// is none.
    Single(&'static Record, Option<&'static str>),
    /// Entries under names of the user's choice; nothing behind a name equals an empty entry.
    Dictionary(Name, &'static Record),
    Attribute(Shape),
}

/// What a text must be.
#[derive(Debug, Clone, Copy)]
pub enum TextForm {
    Name(Name),
    /// An endpoint; judged where it is used.
    Url,
    /// Over organizations and repositories.
    Pattern,
    /// `CLASS` or `CLASS=N`.
    Consent,
    /// `YYYY-MM-DD`, a day of the calendar.
    Date,
    /// A number and a unit: `6h`.
    Age,
    /// Of a file on the machine that applies.
    Path,
    /// Words for people, not empty.
    Words,
    /// The code of a lint; `waivers` knows them.
    Lint,
}

/// A mapping with fixed keys.
#[derive(Debug)]
pub struct Record {
    /// What it is called in messages.
    pub name: &'static str,
    pub keys: &'static [Key],
    /// What comes behind them, from the tables of the kinds.
    pub slots: &'static [Slot],
    /// The kind whose attributes are keys as well; each may be `null`, which ends inheritance.
    pub attributes_of: Option<&'static Kind>,
    pub together: Together,
}

/// Which keys go together; the decoder tells it in words, the schema by shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Together {
    /// Any with any.
    All,
    /// The first, or else all of the others.
    Instead(&'static str, &'static [&'static str]),
    /// Exactly one. The value is a secret: a text in the place of the record is one that was
    /// written down.
    OneSource,
    /// All of them, each a secret.
    Login,
    /// Nothing beside `state: absent`.
    AbsentAlone,
    /// Beside `state: absent` only repositories that are absent too.
    AbsentHoldsAbsent,
}

impl Record {
    /// All keys, in the order in which help lists them.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        let attributes = self.attributes_of.map_or(&[][..], |kind| kind.attributes);
        let of_kind = attributes.iter().map(|attribute| Key {
            name: attribute.name,
            form: Form::Attribute(attribute.shape),
            required: attribute.is_demanded(),
            nullable: !attribute.is_demanded(),
            default: match attribute.role {
                Role::Fixed(Preset::Bool(true)) => Some("true"),
                _ => None,
            },
            example: attribute.example,
            also: attribute.also,
            choices: &[],
            doc: attribute.doc,
        });
        self.keys
            .iter()
            .copied()
            .chain(self.slots.iter().flat_map(Slot::keys))
            .chain(of_kind)
    }

    /// Whether keys that begin with [`ANCHORS`] may stand in it.
    pub fn has_anchors(&self) -> bool {
        self.slots.iter().any(|slot| matches!(slot, Slot::Anchors))
    }
}

/// Keys of a record that the tables of the kinds declare.
#[derive(Debug)]
pub enum Slot {
    /// None of them: what stands between two others.
    Keys(&'static [Key]),
    /// Where entries are that others refer to.
    Beside,
    /// A section for each kind that has defaults.
    Defaults,
    /// The kinds that live in that one, or at the top.
    Entries(Option<&'static Kind>),
    /// Keys of the user's choice behind [`ANCHORS`]. Their values hold anchors, and mean nothing by
    /// themselves.
    Anchors,
}

impl Slot {
    fn keys(&self) -> impl Iterator<Item = Key> {
        let (fixed, kinds) = match self {
            Slot::Keys(keys) => (*keys, &[][..]),
            Slot::Anchors => (&[][..], &[][..]),
            Slot::Beside | Slot::Defaults | Slot::Entries(_) => (&[][..], REGISTRY),
        };
        fixed
            .iter()
            .copied()
            .chain(kinds.iter().filter_map(|kind| self.key_of(kind)))
    }

    fn key_of(&self, kind: &Kind) -> Option<Key> {
        match self {
            Slot::Keys(_) | Slot::Anchors => None,
            Slot::Beside => kind.place.beside,
            Slot::Defaults => kind.place.defaults,
            Slot::Entries(parent) => (kind.parent == *parent).then_some(kind.place.key),
        }
    }
}

/// Where a chart holds the resources of a kind.
#[derive(Debug)]
pub struct Place {
    /// What their entries stand under, at the top or in the entry of what they live in.
    pub key: Key,
    /// The section of `defaults` that they inherit from.
    pub defaults: Option<Key>,
    /// What entries can refer to by name, at the top.
    pub beside: Option<Key>,
    /// What is said of entries without a name, where there can be several.
    pub items: Option<&'static Items>,
}

/// What is wrong with the items of a list, in the words of their kind.
#[derive(Debug)]
pub struct Items {
    /// Two have the same key.
    pub twice: Wrong,
    /// One refers to nothing, and does not say itself what it would find there.
    pub incomplete: Option<Wrong>,
    /// One asks for another value than the only one that an attribute may have; and why it cannot
    /// have that.
    pub fixed: Option<(Wrong, &'static str)>,
}

/// A finding of the chart.
#[derive(Debug, Clone, Copy)]
pub struct Wrong {
    pub code: &'static str,
    pub problem: &'static str,
}

impl Wrong {
    pub(crate) fn error(self) -> Diagnostic {
        Diagnostic::error(self.code, self.problem)
    }
}

impl Place {
    /// The code of an error that a waiver lifts.
    pub fn waivable_error(&self) -> Option<&'static str> {
        self.items?.fixed.map(|(wrong, _)| wrong.code)
    }

    /// What an entry is called, where each stands under a name.
    pub fn name(&self) -> Option<Name> {
        match self.key.form {
            Form::Dictionary(name, _) => Some(name),
            _ => None,
        }
    }

    /// What stands in one entry.
    pub fn entry(&self) -> Option<&'static Record> {
        let mut form = self.key.form;
        while let Form::List(item) = form {
            form = *item;
        }
        match form {
            Form::Record(record) | Form::Single(record, _) | Form::Dictionary(_, record) => {
                Some(record)
            }
            _ => None,
        }
    }
}

/// One key of a record.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    pub name: &'static str,
    pub form: Form,
    pub required: bool,
    /// Whether `null` is a value: it ends inheritance.
    pub nullable: bool,
    /// What holds where the key is absent, as YAML; nothing if the key's absence says so itself.
    pub default: Option<&'static str>,
    /// A value that a person would write, as YAML.
    pub example: &'static str,
    /// What the API, its documents and other tools call it.
    pub also: &'static [&'static str],
    /// Texts that an editor offers; others are no less valid.
    pub choices: &'static [&'static str],
    pub doc: &'static str,
}

impl Key {
    pub const fn required(mut self) -> Key {
        self.required = true;
        self
    }

    pub const fn nullable(mut self) -> Key {
        self.nullable = true;
        self
    }

    pub const fn also(mut self, words: &'static [&'static str]) -> Key {
        self.also = words;
        self
    }

    pub const fn choices(mut self, texts: &'static [&'static str]) -> Key {
        self.choices = texts;
        self
    }

    pub const fn default(mut self, yaml: &'static str) -> Key {
        self.default = Some(yaml);
        self
    }
}

pub const fn key(name: &'static str, form: Form, example: &'static str, doc: &'static str) -> Key {
    Key {
        name,
        form,
        required: false,
        nullable: false,
        default: None,
        example,
        also: &[],
        choices: &[],
        doc,
    }
}

/// What keys begin with that are room for anchors.
pub const ANCHORS: &str = "x-";

pub const ANCHORS_DOC: &str =
    "Room for anchors: what stands here has no meaning of its own. A secret is an error here too.";

pub const REGION: Form = Form::Text(TextForm::Name(Name::Region));

pub const STATE: Key = key(
    "state",
    Form::OneOf(&["present", "absent"]),
    "absent",
    "`absent`: it shall not exist. Nothing else may stand beside that but, in an organization, \
    repositories that are all absent.",
)
.default("present");

pub const DEFAULTS_DOC: &str = "Values for what does not say otherwise: the entry's own win, then \
    the organization's, then the document's, then `chart_defaults`.";

pub static DEFAULTS: Record = Record {
    name: "defaults",
    keys: &[],
    slots: &[Slot::Defaults],
    attributes_of: None,
    together: Together::All,
};
