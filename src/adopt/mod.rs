//! Adopting: the drift that somebody made on purpose goes into the chart's own files.
//!
//! Pure: from the texts, a plan and the live state to edited texts and to what is left. The edits
//! replace ranges of bytes, so everything else stays as it is. What is edited is decoded and
//! compared with what was meant; an edit that means anything else is left out.

mod collection;
mod compose;
mod edit;
mod flow;
mod items;
pub mod patch;
mod place;
mod spell;
mod verify;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};

use self::{
    compose::{Composer, Made},
    edit::applied,
    place::Book,
    wanted::{Piece, Unit, What},
};
use crate::{
    address::Address,
    config::{context::Context, entries::Entries, tree},
    diagnostics::{Diagnostics, FileId, Source, SourceMap},
    mask::Mask,
    plan::Plan,
    state::{Chart, Live},
    time::Moment,
};

/// A chart as it is written, and what was found live.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// With the texts of the files.
    pub context: Context<'a>,
    pub mask: &'a Mask,
    /// The decoded chart, with its secrets masked.
    pub chart: &'a Chart,
    pub live: &'a Live,
    /// Of the chart, for the selected part.
    pub plan: &'a Plan,
    pub now: Moment,
}

/// A difference that is in the chart now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    pub address: Address,
    pub how: How,
    pub file: FileId,
}

/// What the chart says now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// It has an entry.
    Added,
    /// Its entry is gone, with this many comment lines above it.
    Removed(usize),
    /// These attributes have their live values.
    Changed(Vec<&'static str>),
}

/// What is not adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// An address, or an attribute of one, as text.
    pub what: String,
    pub source: Option<Source>,
    pub because: String,
}

/// The edited chart.
#[derive(Debug, Default)]
pub struct Adopted {
    /// The files that differ, with their new texts.
    pub texts: BTreeMap<FileId, String>,
    /// The edited chart, if anything was adopted.
    pub chart: Option<Chart>,
    pub done: Vec<Done>,
    pub left: Vec<Left>,
    /// Something is in no file now that was not reported before: the copy that a rule had made.
    pub is_open: bool,
}

impl Adopted {
    /// Whether another round may adopt more: of what is in no file now, or of what was left because
    /// of a place that others shared, where these have gone.
    pub fn may_go_on(&self) -> bool {
        self.is_open || !self.left.is_empty()
    }

    /// This, and what was adopted after it.
    #[must_use]
    pub fn and(mut self, next: Adopted) -> Adopted {
        self.texts.extend(next.texts);
        self.chart = next.chart.or(self.chart);
        self.done.extend(next.done);
        self.done
            .sort_by(|one, other| one.address.cmp(&other.address));
        // What is still left is named with its line in the text before. What a chart cannot have has
        // none, and is no difference any more.
        let is_known = |left: &[Left], it: &Left| left.iter().any(|left| left.what == it.what);
        self.left
            .retain(|it| it.source.is_none() || is_known(&next.left, it));
        let more = next.left.into_iter();
        let more: Vec<Left> = more.filter(|it| !is_known(&self.left, it)).collect();
        self.left.extend(more);
        self.is_open = next.is_open;
        sort(&mut self.left);
        self
    }

    /// New entries of which the chart says which children they have. These were not read yet.
    pub fn unread(&self) -> BTreeSet<Address> {
        let has_lists = |address: &&Address| {
            let chart = self.chart.as_ref();
            let desired = chart.and_then(|chart| chart.resources.get(*address));
            desired.is_some_and(|desired| !desired.children.is_empty())
        };
        let added = self.done.iter().filter(|done| done.how == How::Added);
        let added = added.map(|done| &done.address);
        added.filter(has_lists).cloned().collect()
    }
}

/// All files of a chart, with these texts in place of others.
pub fn edited(sources: &SourceMap, texts: &BTreeMap<FileId, String>) -> SourceMap {
    let mut edited = SourceMap::default();
    for file in sources.files() {
        let bytes = match texts.get(&file) {
            Some(text) => text.as_bytes(),
            None => sources.bytes(file),
        };
        edited.add(sources.path(file), bytes);
    }
    edited
}

/// Adopts what the plan says of its part of the chart.
pub fn adopt(input: &Input<'_>) -> Adopted {
    let sources = input.context.sources;
    let mut unheard = Diagnostics::new();
    let roots: Vec<_> = sources
        .files()
        .flat_map(|file| tree::parse(file, sources.bytes(file), &mut unheard))
        .collect();
    let entries = Entries::of(&roots, input.context);
    let book = Book::open(sources);
    let composer = Composer {
        input,
        book: &book,
        entries: &entries,
    };
    let mut left = Vec::new();
    let units = wanted::units(input, &mut left);
    let mut search = Search {
        composer: &composer,
        good: Vec::new(),
        best: None,
        left,
    };
    search.add(&units);
    search.finish()
}

/// Finds the units that can be adopted together. Usually these are all.
struct Search<'c, 'a, 'n, 's> {
    composer: &'c Composer<'a, 'n, 's>,
    good: Vec<Unit>,
    best: Option<Attempt>,
    left: Vec<Left>,
}

/// Edits that mean what was meant.
struct Attempt {
    made: Made,
    texts: BTreeMap<FileId, String>,
    chart: Chart,
    after: Plan,
}

impl Search<'_, '_, '_, '_> {
    /// Adds units. If they do not go together with those before, each half is tried by itself, and
    /// at last each piece.
    fn add(&mut self, units: &[Unit]) {
        let mut together = self.good.clone();
        together.extend(units.iter().cloned());
        match (self.attempt(&together), units) {
            (_, []) => {}
            (Ok(found), _) => {
                self.good = together;
                self.best = Some(found);
            }
            (Err(because), [unit]) => match &unit.pieces[..] {
                [] => {}
                [piece] => self.leave(piece, because),
                pieces => self.add_pieces(&unit.owner, pieces),
            },
            (Err(_), _) => {
                let (one, other) = units.split_at(units.len() / 2);
                self.add(one);
                self.add(other);
            }
        }
    }

    fn add_pieces(&mut self, owner: &Address, pieces: &[Piece]) {
        let before = self.good.clone();
        let mut kept = Vec::new();
        for piece in pieces {
            let mut together = before.clone();
            kept.push(piece.clone());
            together.push(Unit {
                owner: owner.clone(),
                pieces: kept.clone(),
            });
            match self.attempt(&together) {
                Ok(found) => {
                    self.good = together;
                    self.best = Some(found);
                }
                Err(because) => {
                    kept.pop();
                    self.leave(piece, because);
                }
            }
        }
    }

    fn leave(&mut self, piece: &Piece, because: String) {
        let desired = self.composer.input.chart.resources.get(&piece.address);
        self.left.push(Left {
            what: piece.address.to_string(),
            source: desired.map(|desired| desired.source.clone()),
            because,
        });
    }

    fn attempt(&self, units: &[Unit]) -> Result<Attempt, String> {
        let Composer { input, book, .. } = self.composer;
        let mut made = self.composer.make(&units.iter().collect::<Vec<_>>());
        let mut texts = BTreeMap::new();
        for (file, edits) in std::mem::take(&mut made.edits) {
            let text = book.sheet(file).map_or("", |sheet| sheet.page.text);
            let text = applied(text, edits).ok_or("two edits of its entry overlap")?;
            texts.insert(file, text);
        }
        made.done = merged(made.done);
        let sources = edited(input.context.sources, &texts);
        let pieces: Vec<&Piece> = made.done.iter().map(|(piece, ..)| piece).collect();
        let (chart, after) = verify::verified(input, &sources, &pieces)?;
        Ok(Attempt {
            made,
            texts,
            chart,
            after,
        })
    }

    fn finish(self) -> Adopted {
        let mut left = self.left;
        let known = &self.composer.input.plan.unlisted;
        let Some(Attempt {
            made,
            texts,
            chart,
            after,
        }) = self.best
        else {
            sort(&mut left);
            return Adopted {
                left,
                ..Adopted::default()
            };
        };
        left.extend(made.left);
        sort(&mut left);
        let mut done: Vec<Done> = made.done.into_iter().map(done).collect();
        done.sort_by(|one, other| one.address.cmp(&other.address));
        Adopted {
            texts,
            chart: (!done.is_empty()).then_some(chart),
            done,
            left,
            is_open: after.unlisted.iter().any(|it| !known.contains(it)),
        }
    }
}

/// In the order of the files.
fn sort(left: &mut Vec<Left>) {
    left.sort_by(|one, other| {
        let key = (one.source.as_ref().map(place), &one.what);
        key.cmp(&(other.source.as_ref().map(place), &other.what))
    });
    left.dedup();
}

fn place(source: &Source) -> (&str, u32, u32) {
    (&source.file, source.line, source.column)
}

fn done((piece, file, comments): (Piece, FileId, usize)) -> Done {
    let how = match piece.what {
        What::Gone => How::Removed(comments),
        What::New(_) => How::Added,
        What::Values(values) => How::Changed(values.into_iter().map(|(name, _)| name).collect()),
    };
    Done {
        address: piece.address,
        how,
        file,
    }
}

/// Makes one of the pieces with the same address: the attributes of an entry are edited one by one.
fn merged(done: Vec<(Piece, FileId, usize)>) -> Vec<(Piece, FileId, usize)> {
    let mut merged: Vec<(Piece, FileId, usize)> = Vec::new();
    for (piece, file, comments) in done {
        match (merged.last_mut(), piece.what) {
            (Some((last, ..)), What::Values(more)) if last.address == piece.address => {
                if let What::Values(values) = &mut last.what {
                    values.extend(more);
                }
            }
            (_, what) => {
                let address = piece.address;
                merged.push((Piece { address, what }, file, comments));
            }
        }
    }
    merged
}
