//! The edits that make a chart say what is wanted, entry by entry: values, lists and nested records
//! of an entry that stays. Entries that come and go are in `collection`.

use std::collections::BTreeMap;

use super::{
    Input, Left,
    edit::{Around, Edit, Edits, Refusal},
    place::{Book, Found, Sheet},
    spell::Yaml,
    wanted::{Piece, Unit, What},
};
use crate::{
    address::Address,
    config::{
        entries::{Entries, Entry},
        tree::written::{Form, Pair},
        variables::OPEN,
    },
    diagnostics::{FileId, Source, Span},
    kind::{Kind, place},
    state::Presence,
};

/// The edits of some units, and what became of each piece.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) edits: BTreeMap<FileId, Vec<Edit>>,
    /// With the file, and how many comment lines go with it.
    pub(super) done: Vec<(Piece, FileId, usize)>,
    pub(super) left: Vec<Left>,
}

impl Made {
    pub(super) fn refuse(&mut self, piece: &Piece, source: Option<Source>, because: &str) {
        let what = match &piece.what {
            What::Values(values) => {
                let names: Vec<String> = values.iter().map(|(it, _)| format!("`{it}`")).collect();
                format!("{} of {}", names.join(", "), piece.address)
            }
            What::Gone | What::New(_) => piece.address.to_string(),
        };
        self.left.push(Left {
            what,
            source,
            because: because.to_owned(),
        });
    }

    pub(super) fn add(&mut self, file: FileId, edits: Vec<Edit>) {
        self.edits.entry(file).or_default().extend(edits);
    }
}

/// Composes edits. It only reads what it has.
pub(super) struct Composer<'a, 'n, 's> {
    pub(super) input: &'a Input<'a>,
    pub(super) book: &'a Book<'a>,
    pub(super) entries: &'a Entries<'n, 's>,
}

/// One edit of an entry, and the pieces that it is for.
pub(super) struct Step {
    pub(super) pieces: Vec<Piece>,
    pub(super) work: Work,
}

pub(super) enum Work {
    /// A key gets a value.
    Set(String, Yaml),
    /// The text of a list or of an item is changed where it stands.
    Direct(Edits),
}

impl Composer<'_, '_, '_> {
    pub(super) fn make(&self, units: &[&Unit]) -> Made {
        let mut made = Made::default();
        // Entries first: of two insertions at one place, the deeper one comes first.
        for unit in units {
            let is_own = |piece: &&Piece| piece.address == unit.owner;
            let stays = unit
                .pieces
                .iter()
                .filter(is_own)
                .all(|piece| matches!(piece.what, What::Values(_)));
            if stays {
                self.entry(unit, &mut made);
            }
        }
        self.collections(units, &mut made);
        made
    }

    /// The file, the text and the entry at the place of a key.
    pub(super) fn found(&self, key: Span) -> Option<(FileId, &Sheet<'_>, Found<'_>)> {
        let sheet = self.book.sheet(key.file)?;
        Some((key.file, sheet, sheet.entry(key.start as usize)?))
    }

    /// Edits an entry that stays.
    fn entry(&self, unit: &Unit, made: &mut Made) {
        let places = self.entries.at(&unit.owner);
        let mut by_place: BTreeMap<usize, Vec<&Piece>> = BTreeMap::new();
        for piece in &unit.pieces {
            // An organization may stand in several documents: a list is in one of them.
            let key = piece.address.kind().place.key.name;
            let has_own = |entry: &Entry<'_, '_>| {
                let found = self.found(entry.key);
                found.is_some_and(|(_, _, found)| found.pair.value.own(key).is_some())
            };
            let at = places.iter().position(has_own).unwrap_or_default();
            by_place.entry(at).or_default().push(piece);
        }
        for (at, pieces) in by_place {
            let entry = places.get(at);
            match entry.and_then(|entry| Some((entry, self.found(entry.key)?))) {
                Some((entry, found)) => self.entry_at(unit, entry, found, &pieces, made),
                None => {
                    let source = entry.map(|entry| self.book.sources.location(entry.key));
                    for piece in pieces {
                        made.refuse(piece, source.clone(), NOT_FOUND);
                    }
                }
            }
        }
    }

    fn entry_at(
        &self,
        unit: &Unit,
        entry: &Entry<'_, '_>,
        (file, sheet, found): (FileId, &Sheet<'_>, Found<'_>),
        pieces: &[&Piece],
        made: &mut Made,
    ) {
        let owner = &unit.owner;
        let around = around(sheet, &found);
        let rank = |name: &str| rank(owner.kind(), name);
        let (mut sets, mut edits) = (Vec::new(), Vec::new());
        for Step { pieces, work } in self.steps(owner, entry, (sheet, found), pieces) {
            let result = match work {
                Work::Direct(edits) => sheet
                    .is_free(&found)
                    .and_then(|()| sheet.page.is_free(&found.pair.value))
                    .and(edits),
                Work::Set(name, value) => {
                    let field = (name, value);
                    let value = (&found.pair.value, found.pair.colon);
                    // Each key alone first: one that is refused leaves the others.
                    let result = sheet
                        .is_free(&found)
                        .and_then(|()| keeps_variable(entry, &found, &field.0))
                        .and_then(|()| {
                            sheet
                                .page
                                .set(value, around, std::slice::from_ref(&field), &rank)
                        });
                    result.map(|_| {
                        sets.push(field);
                        Vec::new()
                    })
                }
            };
            let here = |at| self.book.source(file, at);
            match result {
                Ok(new) => {
                    edits.extend(new);
                    made.done.extend(pieces.into_iter().map(|it| (it, file, 0)));
                }
                Err(Refusal { at, because }) => {
                    for piece in &pieces {
                        made.refuse(piece, Some(here(at)), &because);
                    }
                }
            }
        }
        if !sets.is_empty() {
            let value = (&found.pair.value, found.pair.colon);
            edits.extend(
                sheet
                    .page
                    .set(value, around, &sets, &rank)
                    .unwrap_or_default(),
            );
        }
        made.add(file, edits);
    }

    /// What is to be done in an entry.
    fn steps(
        &self,
        owner: &Address,
        entry: &Entry<'_, '_>,
        (sheet, found): (&Sheet<'_>, Found<'_>),
        pieces: &[&Piece],
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut children: BTreeMap<&Kind, Vec<&Piece>> = BTreeMap::new();
        for piece in pieces {
            match &piece.what {
                What::Values(values) if piece.address == *owner => {
                    steps.extend(values.iter().map(|(name, value)| Step {
                        pieces: vec![Piece {
                            address: owner.clone(),
                            what: What::Values(vec![(*name, value.clone())]),
                        }],
                        work: Work::Set((*name).to_owned(), Yaml::of(value)),
                    }));
                }
                _ => children
                    .entry(piece.address.kind())
                    .or_default()
                    .push(piece),
            }
        }
        let place = (owner, entry.document);
        for (kind, pieces) in children {
            let own = found.pair.value.own(kind.place.key.name);
            match kind.place.key.form {
                place::Form::Single(..) => {
                    steps.extend(pieces.into_iter().map(|piece| Step {
                        pieces: vec![piece.clone()],
                        work: self.single(kind, piece, own, sheet, place),
                    }));
                }
                _ => steps.extend(self.list(kind, &pieces, own, sheet, (place, found))),
            }
        }
        steps
    }

    /// The only child of its kind: changed where it stands, or written whole.
    fn single(
        &self,
        kind: &'static Kind,
        piece: &Piece,
        own: Option<&Pair>,
        sheet: &Sheet<'_>,
        place: (&Address, usize),
    ) -> Work {
        let key = kind.place.key.name.to_owned();
        match (&piece.what, own) {
            (What::Gone, _) => {
                let place::Form::Single(_, Some(word)) = kind.place.key.form else {
                    let at = own.map_or(0, |pair| pair.key.start);
                    return Work::Direct(Err(Refusal::new(at, "the chart has no word for none")));
                };
                Work::Set(key, Yaml::Raw(word.to_owned()))
            }
            (What::Values(values), Some(pair)) if can_be_set(pair) => {
                let around = Around {
                    in_flow: false,
                    column: sheet.page.column(pair.key.start),
                    is_brief: true,
                };
                let fields: Vec<(String, Yaml)> = values
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), Yaml::of(value)))
                    .collect();
                let value = (&pair.value, pair.colon);
                let rank = |name: &str| rank(kind, name);
                Work::Direct(sheet.page.set(value, around, &fields, &rank))
            }
            (What::Values(values), _) => {
                let mut whole = self.declared(&piece.address);
                whole.extend(values.iter().cloned());
                Work::Set(key, self.item(&piece.address, &whole, place, &|_| true))
            }
            (What::New(attributes), _) => Work::Set(
                key,
                self.item(&piece.address, attributes, place, &|_| false),
            ),
        }
    }

    /// Where a kind's attributes come from the chart: the desired ones.
    pub(super) fn declared(&self, address: &Address) -> crate::state::Attributes {
        let desired = self.input.chart.resources.get(address);
        match desired.map(|desired| &desired.presence) {
            Some(Presence::Present(attributes)) => (**attributes).clone(),
            Some(Presence::Absent) | None => crate::state::Attributes::new(),
        }
    }
}

const NOT_FOUND: &str = "its entry is not found in the text of the chart";

impl Composer<'_, '_, '_> {
    /// A list is changed where it stands, if the entry has it itself. Else it is written whole.
    fn list(
        &self,
        kind: &'static Kind,
        pieces: &[&Piece],
        own: Option<&Pair>,
        sheet: &Sheet<'_>,
        (place, found): ((&Address, usize), Found<'_>),
    ) -> Vec<Step> {
        let literal = own.filter(|pair| matches!(pair.value.form, Form::List { .. }));
        match literal {
            Some(pair) => self.in_list(pieces, pair, sheet, place),
            None => {
                let at = (sheet, found.pair.key.start);
                let items = self.items(kind, pieces, place, at);
                vec![Step {
                    pieces: pieces.iter().copied().cloned().collect(),
                    work: Work::Set(kind.place.key.name.to_owned(), Yaml::List(items)),
                }]
            }
        }
    }
}

/// What stands around the value of an entry.
pub(super) fn around(sheet: &Sheet<'_>, found: &Found<'_>) -> Around {
    let in_flow = matches!(found.mapping.form, Form::Mapping { is_flow: true, .. });
    let is = |flow: bool| {
        move |pair: &&Pair| {
            matches!(&pair.value.form, Form::Mapping { is_flow, entries }
                if *is_flow == flow && !entries.is_empty())
        }
    };
    let entries = found.mapping.entries();
    Around {
        in_flow,
        column: sheet.page.column(found.pair.key.start),
        is_brief: entries.iter().filter(is(true)).count()
            >= entries.iter().filter(is(false)).count(),
    }
}

fn can_be_set(pair: &Pair) -> bool {
    matches!(pair.value.form, Form::Mapping { .. } | Form::Alias)
}

/// A value that comes from a variable, written at the entry itself, keeps the variable.
fn keeps_variable(entry: &Entry<'_, '_>, found: &Found<'_>, name: &str) -> Result<(), Refusal> {
    let own = found.pair.value.own(name);
    let text = entry.node.get(name).and_then(|node| node.as_str());
    match own {
        Some(pair) if text.is_some_and(|text| text.contains(OPEN)) => {
            Err(Refusal::new(pair.key.start, FROM_VARIABLE))
        }
        _ => Ok(()),
    }
}

pub(super) const FROM_VARIABLE: &str = "its value comes from a variable, which an edit would lose";

/// The order of keys in an entry: attributes, then children without names, then those with names.
/// Other keys are in front.
pub(super) fn rank(kind: &'static Kind, name: &str) -> usize {
    let attributes = kind.in_chart().map(|attribute| attribute.name);
    let nameless = kind.children().filter(|child| child.place.name().is_none());
    let named = kind.children().filter(|child| child.place.name().is_some());
    let children = nameless.chain(named).map(|child| child.place.key.name);
    let position = attributes.chain(children).position(|key| key == name);
    position.map_or(0, |at| at + 1)
}
