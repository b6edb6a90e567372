//! Where a chart holds the resources of a kind, and the grammar of those places.
//!
//! Attributes are not repeated here. They come from the tables of the kinds.

use super::{Kind, Preset, REGISTRY, Role, Shape};
use crate::{diagnostics::Diagnostic, names::Name};

/// The grammar of one value in a chart.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// The number `VERSION`.
    Version,
    /// A whole number between two bounds, both included.
    Number(u64, u64),
    Text(TextForm),
    OneOf(&'static [&'static str]),
    List(&'static Form),
    Record(&'static Record),
    /// At most one resource, as a record. The word, if the kind has one, declares that there is
    /// none.
    Single(&'static Record, Option<&'static str>),
    /// Entries under names that the user chooses. An empty value equals an empty entry.
    Dictionary(Name, &'static Record),
    Attribute(Shape),
}

/// The grammar of a text.
#[derive(Debug, Clone, Copy)]
pub enum TextForm {
    Name(Name),
    /// An endpoint. Checked where it is used, because that depends on the command line.
    Url,
    /// A pattern over addresses.
    Pattern,
    /// `CLASS` or `CLASS=N`.
    Consent,
    /// `YYYY-MM-DD`, a valid day.
    Date,
    /// A number and a unit: `6h`.
    Age,
    /// A path on the machine that runs `apply`.
    Path,
    /// Free text, not empty.
    Words,
    /// The code of a lint; `config::waivers` knows them.
    Lint,
}

/// A mapping with fixed keys.
#[derive(Debug)]
pub struct Record {
    /// Its name in messages.
    pub name: &'static str,
    pub keys: &'static [Key],
    /// Further keys, from the tables of the kinds.
    pub slots: &'static [Slot],
    /// The kind whose attributes are keys too. Each may be `null`, which stops inheritance.
    pub attributes_of: Option<&'static Kind>,
    pub key_rule: KeyRule,
}

/// Which keys may be combined. The decoder explains it in messages, the schema expresses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRule {
    /// Any.
    Any,
    /// The first, or else all of the others.
    Instead(&'static str, &'static [&'static str]),
    /// Exactly one. The value is a secret: a text in place of the record is a literal secret.
    OneSource,
    /// All of them. Each is a secret.
    Login,
    /// Exactly one of these, beside any of the others.
    OneOf(&'static [&'static str]),
    /// Nothing beside `state: absent`.
    AbsentAlone,
    /// Beside `state: absent` only repositories that are absent too.
    AbsentHoldsAbsent,
}

impl Record {
    /// All keys, in the order of the reference.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        let attributes = self.attributes_of.into_iter().flat_map(Kind::in_chart);
        let of_chart = attributes.filter(|attribute| attribute.role != Role::Foreign);
        let of_kind = of_chart.map(|attribute| Key {
            name: attribute.name,
            form: Form::Attribute(attribute.shape),
            required: attribute.is_required_in_chart(),
            // `null` ends the inheritance, and leaves the attribute out. A required one cannot be
            // left out.
            nullable: !attribute.is_required_in_chart() && !self.is_alternative(attribute.name),
            is_never_inherited: false,
            default: match (attribute.role, attribute.service_default) {
                // Others have no default here: an attribute that the chart leaves out is not
                // managed.
                (Role::Fixed(Preset::Bool(true)), _) => Some("true"),
                (Role::Policy, Preset::Text(word)) => Some(word),
                _ => None,
            },
            example: attribute.example,
            aliases: attribute.aliases,
            choices: &[],
            doc: attribute.doc,
        });
        self.keys
            .iter()
            .copied()
            .chain(self.slots.iter().flat_map(Slot::keys))
            .chain(of_kind)
    }

    /// Whether exactly one of this key and some others must be there.
    pub(crate) fn is_alternative(&self, key: &str) -> bool {
        matches!(self.key_rule, KeyRule::OneOf(keys) if keys.contains(&key))
    }

    /// Whether keys that begin with [`ANCHORS`] are allowed.
    pub(crate) fn has_anchors(&self) -> bool {
        self.slots.iter().any(|slot| matches!(slot, Slot::Anchors))
    }
}

/// Keys of a record that the tables of the kinds declare.
#[derive(Debug)]
pub enum Slot {
    /// Fixed keys between two other slots.
    Keys(&'static [Key]),
    /// Definitions that entries refer to by name.
    Shared,
    /// A section for each kind that has defaults.
    Defaults,
    /// The child kinds of this one, or the kinds without a parent.
    Entries(Option<&'static Kind>),
    /// The child kinds of this one that an entry may inherit.
    Inherited(&'static Kind),
    /// Keys that begin with [`ANCHORS`]. Their values only define anchors.
    Anchors,
}

impl Slot {
    fn keys(&self) -> impl Iterator<Item = Key> {
        let (fixed, kinds) = match self {
            Slot::Keys(keys) => (*keys, &[][..]),
            Slot::Anchors => (&[][..], &[][..]),
            Slot::Shared | Slot::Defaults | Slot::Entries(_) | Slot::Inherited(_) => {
                (&[][..], REGISTRY)
            }
        };
        fixed
            .iter()
            .copied()
            .chain(kinds.iter().filter_map(|kind| self.key_of(kind)))
    }

    fn key_of(&self, kind: &Kind) -> Option<Key> {
        match self {
            Slot::Keys(_) | Slot::Anchors => None,
            Slot::Shared => kind.place.shared,
            Slot::Defaults => kind.place.defaults,
            Slot::Entries(parent) => (kind.parent == *parent).then_some(kind.place.key),
            Slot::Inherited(parent) => (kind.parent == Some(*parent)
                && !kind.place.key.is_never_inherited)
                .then_some(kind.place.key),
        }
    }
}

/// Where a chart holds the resources of a kind.
#[derive(Debug)]
pub struct Place {
    /// The key of the entries, in the chart or in the parent's entry.
    pub key: Key,
    /// The section of `defaults` that they inherit from.
    pub defaults: Option<Key>,
    /// The top-level key of definitions that entries refer to by name.
    pub shared: Option<Key>,
    /// The errors of entries without a name, if there can be several.
    pub item_errors: Option<&'static ItemErrors>,
}

/// The errors of list items, in the words of their kind.
#[derive(Debug)]
pub struct ItemErrors {
    /// Two items have the same key.
    pub duplicate: ItemError,
    /// An item neither refers to a definition nor contains all of one itself.
    pub incomplete: Option<ItemError>,
    /// An item asks for another value of a fixed attribute; and why only one value is possible.
    pub fixed: Option<(ItemError, &'static str)>,
    /// For items that name another account.
    pub abroad: Option<&'static Abroad>,
}

/// The errors of items that name another account.
#[derive(Debug)]
pub struct Abroad {
    /// The part of the key with the account.
    pub account: &'static str,
    /// The parent is public already.
    pub public: ItemError,
    /// The account is the chart's own.
    pub own: ItemError,
    /// The most items of one parent, and the error for more.
    pub most: (usize, ItemError),
}

/// The code and text of an error in the chart.
#[derive(Debug, Clone, Copy)]
pub struct ItemError {
    pub code: &'static str,
    pub problem: &'static str,
}

impl ItemError {
    pub(crate) fn error(self) -> Diagnostic {
        Diagnostic::error(self.code, self.problem)
    }
}

impl Place {
    /// The code of an error that a waiver can lift.
    pub(crate) fn waivable_error(&self) -> Option<&'static str> {
        self.item_errors?.fixed.map(|(wrong, _)| wrong.code)
    }

    /// The grammar of an entry's name, if entries have one.
    pub fn name(&self) -> Option<Name> {
        match self.key.form {
            Form::Dictionary(name, _) => Some(name),
            _ => None,
        }
    }

    /// The grammar of one entry.
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
    /// Whether `null` is allowed. It stops inheritance.
    pub nullable: bool,
    /// Whether it is not allowed in `defaults`.
    pub is_never_inherited: bool,
    /// The value that an absent key means, as YAML. `None` if absence has a meaning of its own.
    pub default: Option<&'static str>,
    /// A realistic value, as YAML.
    pub example: &'static str,
    /// Other names for it, from the API, its documents and other tools. An error suggests the right
    /// one.
    pub aliases: &'static [&'static str],
    /// Values that an editor suggests. Others are valid too.
    pub choices: &'static [&'static str],
    pub doc: &'static str,
}

impl Key {
    pub const fn required(mut self) -> Key {
        self.required = true;
        self
    }

    pub(crate) const fn nullable(mut self) -> Key {
        self.nullable = true;
        self
    }

    pub(crate) const fn never_inherited(mut self) -> Key {
        self.is_never_inherited = true;
        self
    }

    pub const fn aliases(mut self, words: &'static [&'static str]) -> Key {
        self.aliases = words;
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
        is_never_inherited: false,
        default: None,
        example,
        aliases: &[],
        choices: &[],
        doc,
    }
}

/// The prefix of keys that only hold anchors.
pub const ANCHORS: &str = "x-";

pub const ANCHORS_DOC: &str = "Room for anchors. Values here have no meaning of their own, but a \
    literal secret is an error here too.";

pub const REGION: Form = Form::Text(TextForm::Name(Name::Region));

pub const STATE: Key = key(
    "state",
    Form::OneOf(&["present", "absent"]),
    "absent",
    "`absent`: it is deleted if it exists. No other key is allowed beside that except, in an \
    organization, `repositories` that are all absent.",
)
.default("present");

pub(crate) const DEFAULTS_DOC: &str = "Values for attributes that entries leave out. In order of \
    precedence: the entry, the organization's `defaults`, the document's, `chart_defaults`.";

pub(crate) static DEFAULTS: Record = Record {
    name: "defaults",
    keys: &[],
    slots: &[Slot::Defaults],
    attributes_of: None,
    key_rule: KeyRule::Any,
};
