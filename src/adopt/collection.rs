//! Entries with names that come and go. A new one stands where a person would put it: in its place
//! if the others are sorted, else behind them.

use std::collections::BTreeMap;

use super::{
    compose::{Composer, Made, around, rank},
    edit::{Around, Edit, Edits, Refusal},
    items::written,
    place::{Found, Sheet},
    spell::Yaml,
    wanted::{Piece, Unit, What},
};
use crate::{
    address::Address,
    config::tree::written::{Form, Pair},
    diagnostics::{FileId, Source},
    state::Attributes,
};

/// An entry, with the file and the number of the document that it is in.
#[derive(Clone, Copy)]
struct Spot<'b> {
    file: FileId,
    sheet: &'b Sheet<'b>,
    found: Found<'b>,
    document: usize,
}

/// A new entry.
struct Newcomer<'u> {
    name: String,
    value: Yaml,
    piece: &'u Piece,
}

/// What comes and goes in one mapping.
struct Group<'b, 'u> {
    /// One of its entries.
    spot: Spot<'b>,
    /// With the number of the entry.
    gone: Vec<(usize, &'u Piece)>,
    new: Vec<Newcomer<'u>>,
}

const NO_PLACE: &str = "the chart has no place for its entry";

impl Composer<'_, '_, '_> {
    /// Removes entries and adds others.
    pub(super) fn collections(&self, units: &[&Unit], made: &mut Made) {
        let mut groups: BTreeMap<(FileId, usize), Group<'_, '_>> = BTreeMap::new();
        let mut first: BTreeMap<Address, Vec<&Piece>> = BTreeMap::new();
        let group = |spot: Spot<'_>| (spot.file, spot.found.mapping.start);
        for unit in units {
            let Some(piece) = unit.pieces.iter().find(|it| it.address == unit.owner) else {
                continue;
            };
            match &piece.what {
                What::Gone => match self.leaving(piece) {
                    Ok((spot, at)) => groups
                        .entry(group(spot))
                        .or_insert_with(|| Group::at(spot))
                        .gone
                        .push((at, piece)),
                    Err((source, because)) => made.refuse(piece, source, &because),
                },
                What::New(attributes) => match self.neighbour(&piece.address) {
                    Some(spot) => {
                        let new = self.newcomer(piece, attributes, spot.document, Some(spot));
                        let group = groups.entry(group(spot));
                        group.or_insert_with(|| Group::at(spot)).new.push(new);
                    }
                    None => {
                        let parent = piece.address.parent().unwrap_or(piece.address.clone());
                        first.entry(parent).or_default().push(piece);
                    }
                },
                What::Values(_) => {}
            }
        }
        for mut group in groups.into_values() {
            group.gone.sort_by_key(|(at, _)| *at);
            group.new.sort_by(|one, other| one.name.cmp(&other.name));
            let Spot { sheet, found, .. } = group.spot;
            let result = sheet.is_free(&found).and_then(|()| group.edits());
            self.settle(&group, result, made);
        }
        for (parent, pieces) in first {
            self.begin(&parent, &pieces, made);
        }
    }

    /// The entry of something that is gone, and its number in its mapping.
    fn leaving(&self, piece: &Piece) -> Result<(Spot<'_>, usize), (Option<Source>, String)> {
        let spot = self.spots(&piece.address).next();
        let Some(spot) = spot else {
            return Err((None, NO_PLACE.to_owned()));
        };
        let Spot {
            file, sheet, found, ..
        } = spot;
        let Pair { key, value, .. } = found.pair;
        if let Some(shared) = key.shared_inside().or(value.shared_inside()) {
            let Refusal { at, because } = sheet.page.shared(shared);
            return Err((Some(self.book.source(file, at)), because));
        }
        let mut entries = found.mapping.entries().iter();
        let at = entries.position(|pair| std::ptr::eq(pair, found.pair));
        Ok((spot, at.unwrap_or_default()))
    }

    /// The places of an entry.
    fn spots(&self, address: &Address) -> impl Iterator<Item = Spot<'_>> {
        self.entries.at(address).iter().filter_map(|entry| {
            let (file, sheet, found) = self.found(entry.key)?;
            Some(Spot {
                file,
                sheet,
                found,
                document: entry.document,
            })
        })
    }

    /// The entry beside which a new one stands: the one before it by name, else the first.
    fn neighbour(&self, address: &Address) -> Option<Spot<'_>> {
        let parent = address.parent()?;
        let mut beside = None;
        for (other, entry) in self.entries.inside(&parent, address.kind()) {
            if beside.is_none() || other < address {
                beside = self.found(entry.key).map(|found| (found, entry.document));
            }
        }
        let ((file, sheet, found), document) = beside?;
        Some(Spot {
            file,
            sheet,
            found,
            document,
        })
    }

    /// A new entry in the style of its neighbours.
    fn newcomer<'u>(
        &self,
        piece: &'u Piece,
        attributes: &Attributes,
        document: usize,
        beside: Option<Spot<'_>>,
    ) -> Newcomer<'u> {
        let address = &piece.address;
        let kind = address.kind();
        let parent = address.parent();
        let above = parent.as_ref().map_or(1, |parent| parent.parts().len());
        let name = address.parts()[above..].join("/");
        let place = (parent.as_ref().unwrap_or(address), document);
        let inherited = self.entries.inherited(kind, place, None);
        let others = beside.map_or(&[][..], |spot| spot.found.mapping.entries());
        let is_usual = |name: &str| {
            let has = others.iter().filter(|pair| pair.value.own(name).is_some());
            let number = has.count();
            number * 2 > others.len()
        };
        let fields = written(kind, attributes, &inherited, &is_usual);
        let around = beside.map(|spot| around(spot.sheet, &spot.found));
        let in_flow = around.is_some_and(|around| around.in_flow);
        let is_bare = |pair: &Pair| pair.value.form == Form::Absent;
        let value = match (fields.is_empty(), around) {
            (true, _) if !in_flow && others.iter().any(is_bare) => Yaml::Raw(String::new()),
            (true, _) => Yaml::Raw("{}".to_owned()),
            (false, Some(around)) if !around.is_brief => Yaml::Block(fields),
            (false, _) => Yaml::Mapping(fields),
        };
        Newcomer { name, value, piece }
    }

    /// Notes what became of the pieces of a group.
    fn settle(&self, group: &Group<'_, '_>, result: Edits, made: &mut Made) {
        let Spot {
            file, sheet, found, ..
        } = group.spot;
        let gone = group.gone.iter().map(|(at, piece)| {
            let key = &found.mapping.entries()[*at].key;
            (*piece, key.start)
        });
        let new = group.new.iter().map(|new| (new.piece, found.mapping.start));
        match result {
            Ok(edits) => {
                let done = gone.chain(new).map(|(piece, at)| {
                    let comments = match piece.what {
                        What::Gone => sheet.page.comments_above(at),
                        What::New(_) | What::Values(_) => 0,
                    };
                    (piece.clone(), file, comments)
                });
                made.done.extend(done);
                made.add(file, edits);
            }
            Err(Refusal { at, because }) => {
                let source = self.book.source(file, at);
                for (piece, _) in gone.chain(new) {
                    made.refuse(piece, Some(source.clone()), &because);
                }
            }
        }
    }

    /// Adds the first entries of a parent.
    fn begin(&self, parent: &Address, pieces: &[&Piece], made: &mut Made) {
        let mut spots = self.spots(parent);
        let first = spots.next();
        let spot = first.filter(|spot| spot.sheet.is_free(&spot.found).is_ok());
        let Some(spot) = spot
            .or(spots.find(|it| it.sheet.is_free(&it.found).is_ok()))
            .or(first)
        else {
            for piece in pieces {
                made.refuse(piece, None, NO_PLACE);
            }
            return;
        };
        let Spot {
            file,
            sheet,
            found,
            document,
        } = spot;
        let new = pieces.iter().filter_map(|piece| match &piece.what {
            What::New(attributes) => Some(self.newcomer(piece, attributes, document, None)),
            What::Gone | What::Values(_) => None,
        });
        let mut new: Vec<Newcomer<'_>> = new.collect();
        new.sort_by(|one, other| one.name.cmp(&other.name));
        let fields = new.into_iter().map(|new| (new.name, new.value));
        let fields: Vec<(String, Yaml)> = fields.collect();
        let key = pieces
            .first()
            .map_or("", |piece| piece.address.kind().place.key.name);
        let result = sheet.is_free(&found).and_then(|()| {
            let around = around(sheet, &found);
            let Some(pair) = found.pair.value.own(key) else {
                let whole = [(key.to_owned(), Yaml::Block(fields))];
                let value = (&found.pair.value, found.pair.colon);
                let rank = |name: &str| rank(parent.kind(), name);
                return sheet.page.set(value, around, &whole, &rank);
            };
            let around = Around {
                in_flow: matches!(found.pair.value.form, Form::Mapping { is_flow: true, .. }),
                column: sheet.page.column(pair.key.start),
                is_brief: false,
            };
            sheet
                .page
                .set((&pair.value, pair.colon), around, &fields, &|_| 0)
        });
        match result {
            Ok(edits) => {
                made.done
                    .extend(pieces.iter().map(|it| ((*it).clone(), file, 0)));
                made.add(file, edits);
            }
            Err(Refusal { at, because }) => {
                for piece in pieces {
                    made.refuse(piece, Some(self.book.source(file, at)), &because);
                }
            }
        }
    }
}

impl<'b> Group<'b, '_> {
    fn at(spot: Spot<'b>) -> Self {
        Group {
            spot,
            gone: Vec::new(),
            new: Vec::new(),
        }
    }

    fn edits(&self) -> Edits {
        let Found { mapping, .. } = self.spot.found;
        let entries = mapping.entries();
        let is_gone = |at: usize| self.gone.iter().any(|(gone, _)| *gone == at);
        let is_kept = |at: &usize| !is_gone(*at);
        let names = entries.iter().map(|pair| pair.name.as_str());
        let is_sorted = names.filter(|name| *name != "<<").is_sorted();
        let place = |new: &Newcomer<'_>| {
            (0..entries.len())
                .filter(is_kept)
                .rfind(|at| !is_sorted || entries[*at].name == "<<" || entries[*at].name < new.name)
        };
        let new: Vec<(Option<usize>, &Newcomer<'_>)> =
            self.new.iter().map(|new| (place(new), new)).collect();
        let is_empty = !(0..entries.len()).any(|at| is_kept(&at));
        match mapping.form {
            Form::Mapping { is_flow: true, .. } => self.in_flow(&new, is_empty),
            _ => self.in_block(&new, is_empty),
        }
    }

    fn in_flow(&self, new: &[(Option<usize>, &Newcomer<'_>)], is_empty: bool) -> Edits {
        let Spot { sheet, found, .. } = self.spot;
        let page = &sheet.page;
        let gone: Vec<usize> = self.gone.iter().map(|(at, _)| *at).collect();
        let removed = page.remove_elements(found.mapping, &gone)?;
        let new = new.iter().map(|(at, new)| {
            let field = (new.name.clone(), new.value.clone());
            (*at, page.style.field(&field))
        });
        let new: Vec<(Option<usize>, String)> = new.collect();
        if is_empty && !new.is_empty() {
            let texts: Vec<&str> = new.iter().map(|(_, text)| text.as_str()).collect();
            let (open, close) = (found.mapping.start + 1, found.mapping.end - 1);
            return Ok(vec![Edit::new(
                open,
                close,
                format!(" {} ", texts.join(", ")),
            )]);
        }
        let mut edits = removed;
        if !new.is_empty() {
            edits.extend(page.insert_elements(found.mapping, &new)?);
        }
        Ok(edits)
    }

    fn in_block(&self, new: &[(Option<usize>, &Newcomer<'_>)], is_empty: bool) -> Edits {
        let Spot { sheet, found, .. } = self.spot;
        let page = &sheet.page;
        let entries = found.mapping.entries();
        let Some(first) = entries.first() else {
            return Ok(Vec::new());
        };
        let column = page.column(first.key.start);
        for pair in entries {
            if !page.before(pair.key.start).trim().is_empty() {
                let because = "this key does not begin its line";
                return Err(Refusal::new(pair.key.start, because));
            }
        }
        let mut edits: Vec<Edit> = self
            .gone
            .iter()
            .map(|(at, _)| &entries[*at])
            .map(|pair| page.remove_lines(pair.key.start, pair.end(), column))
            .collect();
        let is_spaced =
            |pair: &Pair| page.has_blank_above(page.with_comments(pair.key.start, column));
        let is_spaced = entries.len() > 1 && entries[1..].iter().all(is_spaced);
        let blank = if is_spaced { page.style.newline } else { "" };
        for (behind, new) in new {
            let field = (new.name.clone(), new.value.clone());
            let lines = page.style.lines(&field, column);
            let edit = match behind.and_then(|at| entries.get(at)) {
                Some(pair) => {
                    page.insert_lines(page.next_line(pair.end()), &format!("{blank}{lines}"))
                }
                None => Edit::insert(
                    page.with_comments(first.key.start, column),
                    format!("{lines}{blank}"),
                ),
            };
            edits.push(edit);
        }
        if is_empty && new.is_empty() {
            let colon = found.holder.and_then(|holder| holder.colon);
            match colon.filter(|_| found.mapping.anchor.is_none()) {
                Some(colon) => edits.push(Edit::insert(colon, " {}")),
                None => {
                    let because = "the mapping cannot be emptied alone";
                    return Err(Refusal::new(first.key.start, because));
                }
            }
        }
        Ok(edits)
    }
}
