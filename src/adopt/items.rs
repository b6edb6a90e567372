//! Lists of children without names, such as rules: changed item by item where they stand, or
//! written whole.

use serde_json::Value;

use super::{
    compose::{Composer, FROM_VARIABLE, Step, Work, rank},
    edit::{Around, Edit, Edits, Refusal},
    place::Sheet,
    spell::Yaml,
    wanted::{Piece, What},
};
use crate::{
    address::Address,
    config::{
        tree::written::{Form, Pair, Quotes, Written},
        variables::OPEN,
    },
    diagnostics::Source,
    kind::{Attribute, Kind, Role},
    state::Attributes,
};

impl Composer<'_, '_, '_> {
    /// Changes the items of a list where they stand.
    pub(super) fn in_list(
        &self,
        pieces: &[&Piece],
        pair: &Pair,
        sheet: &Sheet<'_>,
        place: (&Address, usize),
    ) -> Vec<Step> {
        let Form::List { items, .. } = &pair.value.form else {
            return Vec::new();
        };
        let (mut steps, mut gone, mut new) = (Vec::new(), Vec::new(), Vec::new());
        let (mut gone_for, mut new_for) = (Vec::new(), Vec::new());
        for piece in pieces {
            let step = |work| Step {
                pieces: vec![(*piece).clone()],
                work: Work::Direct(work),
            };
            let item = self.number(&piece.address, items);
            let missing = || Refusal::new(pair.key.start, "its item is not found in this list");
            match (&piece.what, item) {
                (What::New(attributes), _) => {
                    new.push(self.item(&piece.address, attributes, place, &|_| false));
                    new_for.push(*piece);
                }
                (What::Gone, Some(at)) => match can_go(&items[at], sheet) {
                    Ok(()) => {
                        gone.push(at);
                        gone_for.push(*piece);
                    }
                    Err(refusal) => steps.push(step(Err(refusal))),
                },
                (What::Values(values), Some(at)) => {
                    let fields = values
                        .iter()
                        .map(|(name, value)| ((*name).to_owned(), Yaml::of(value)));
                    let fields: Vec<(String, Yaml)> = fields.collect();
                    steps.push(step(set(&items[at], &pair.value, &fields, piece, sheet)));
                }
                (What::Gone | What::Values(_), None) => steps.push(step(Err(missing()))),
            }
        }
        gone.sort_unstable();
        if !(gone.is_empty() && new.is_empty()) {
            let pieces = gone_for.into_iter().chain(new_for).cloned().collect();
            let free = sheet.page.is_free(&pair.value);
            let work = Work::Direct(free.and_then(|()| change(pair, &gone, &new, sheet)));
            steps.push(Step { pieces, work });
        }
        steps
    }

    /// The number of a resource's item in a list.
    fn number(&self, address: &Address, items: &[Written]) -> Option<usize> {
        let source = &self.input.chart.resources.get(address)?.source;
        let (_, at) = self.book.byte_of(source)?;
        items.iter().position(|item| item.start == at)
    }

    /// All items of a list that is written whole: those of the chart with what is adopted. `at` is
    /// the place of its entry.
    pub(super) fn items(
        &self,
        kind: &'static Kind,
        pieces: &[&Piece],
        place: (&Address, usize),
        at: (&Sheet<'_>, usize),
    ) -> Vec<Yaml> {
        let (parent, _) = place;
        let resources = self.input.chart.resources.range(parent.clone()..);
        let near = resources.take_while(|(it, _)| it.parts().starts_with(parent.parts()));
        let is_item = |it: &Address| it.kind() == kind && it.parent().as_ref() == Some(parent);
        let mut declared: Vec<(&Address, &Source)> = near
            .filter(|(address, _)| is_item(address))
            .map(|(address, desired)| (address, &desired.source))
            .collect();
        declared.sort_by_key(|(_, source)| (source.line, source.column));
        let mut items = Vec::new();
        for (address, source) in declared {
            let piece = pieces.iter().find(|piece| piece.address == *address);
            match piece.map(|piece| &piece.what) {
                Some(What::Gone) => {}
                Some(What::Values(values)) => {
                    let mut attributes = self.declared(address);
                    attributes.extend(values.iter().cloned());
                    items.push(self.item(address, &attributes, place, &|_| true));
                }
                Some(What::New(_)) | None => {
                    let whole = || self.item(address, &self.declared(address), place, &|_| true);
                    items.push(self.copied(source, at).unwrap_or_else(whole));
                }
            }
        }
        for piece in pieces {
            if let What::New(attributes) = &piece.what {
                items.push(self.item(&piece.address, attributes, place, &|_| false));
            }
        }
        items
    }

    /// The text of an item that stands elsewhere, on one line.
    fn copied(&self, source: &Source, (into, at): (&Sheet<'_>, usize)) -> Option<Yaml> {
        let (file, from) = self.book.byte_of(source)?;
        let sheet = self.book.sheet(file)?;
        let value = sheet.value(from)?;
        let text = &sheet.page.text[value.start..value.end];
        let is_near = std::ptr::eq(sheet, into) && sheet.is_one_document(from, at);
        match &value.form {
            Form::Alias if is_near && from < at => Some(Yaml::Raw(text.to_owned())),
            Form::Mapping { is_flow: true, .. } => {
                let is_simple = !text.contains(['\n', '*', '&', '#', '!']);
                is_simple.then(|| Yaml::Raw(text.to_owned()))
            }
            Form::Mapping { entries, .. } => {
                let field = |pair: &Pair| {
                    let text = &sheet.page.text[pair.value.start..pair.value.end];
                    let is_bare = |next: char| {
                        next.is_alphanumeric() || matches!(next, '.' | '_' | '-' | '/')
                    };
                    let is_simple = match pair.value.form {
                        Form::Scalar(Quotes::None) => text.chars().all(is_bare),
                        Form::Scalar(Quotes::Single | Quotes::Double) => !text.contains('\n'),
                        _ => false,
                    };
                    let is_own = pair.value.anchor.is_none() && !pair.value.has_tag;
                    (is_simple && is_own && pair.name != "<<")
                        .then(|| (pair.name.clone(), Yaml::Raw(text.to_owned())))
                };
                let fields: Option<Vec<(String, Yaml)>> = entries.iter().map(field).collect();
                Some(Yaml::Mapping(fields?))
            }
            _ => None,
        }
    }

    /// An item as a person would write it: what it inherits is left out, and what the service has
    /// by default unless it is usual.
    pub(super) fn item(
        &self,
        address: &Address,
        attributes: &Attributes,
        place: (&Address, usize),
        is_usual: &dyn Fn(&str) -> bool,
    ) -> Yaml {
        let kind = address.kind();
        let (parts, shared) = match kind.place.key.form {
            crate::kind::place::Form::Single(..) => (Vec::new(), None),
            _ => self.entries.spelled(address),
        };
        let inherited = self.entries.inherited(kind, place, shared);
        let mut fields: Vec<(String, Yaml)> = parts
            .into_iter()
            .map(|(key, part)| (key.to_owned(), Yaml::Text(part)))
            .collect();
        fields.extend(written(kind, attributes, &inherited, is_usual));
        Yaml::Mapping(fields)
    }
}

/// The attributes that an entry has to write. `is_usual`: whether its neighbours write an attribute.
pub(super) fn written(
    kind: &'static Kind,
    attributes: &Attributes,
    inherited: &Attributes,
    is_usual: &dyn Fn(&str) -> bool,
) -> Vec<(String, Yaml)> {
    let field = |attribute: &Attribute| {
        let name = attribute.name;
        let (value, above) = (attributes.get(name), inherited.get(name));
        let is_id = kind.naming().is_some_and(|naming| naming.id == name);
        let is_fixed = value.is_some_and(
            |value| matches!(attribute.role, Role::Fixed(preset) if *value == Value::from(preset)),
        );
        let is_default =
            value.is_some_and(|value| attribute.service_default.value().as_ref() == Some(value));
        match (value, above) {
            (_, Some(_)) if attribute.role == Role::Policy && value.is_none() => None,
            (None, Some(_)) => Some((name.to_owned(), Yaml::Raw("null".to_owned()))),
            (None, None) => None,
            (Some(value), Some(above)) if kind.is_same(name, value, above) => None,
            (Some(_), None) if is_fixed => None,
            (Some(_), None) if (is_default || is_id) && !is_usual(name) => None,
            (Some(value), _) => Some((name.to_owned(), Yaml::of(value))),
        }
    };
    kind.in_chart()
        .filter(|attribute| attribute.role != Role::Foreign)
        .filter_map(field)
        .collect()
}

fn can_go(item: &Written, sheet: &Sheet<'_>) -> Result<(), Refusal> {
    if let Some(shared) = item.shared_inside() {
        return Err(sheet.page.shared(shared));
    }
    if sheet.page.text[item.start..item.end].contains(OPEN) {
        return Err(Refusal::new(item.start, FROM_VARIABLE));
    }
    Ok(())
}

/// Sets attributes of an item.
fn set(
    item: &Written,
    list: &Written,
    fields: &[(String, Yaml)],
    piece: &Piece,
    sheet: &Sheet<'_>,
) -> Edits {
    sheet.page.is_free(list)?;
    let kind = piece.address.kind();
    let around = Around {
        in_flow: matches!(list.form, Form::List { is_flow: true, .. }),
        column: sheet.page.column(item.start),
        is_brief: true,
    };
    sheet
        .page
        .set((item, None), around, fields, &|name| rank(kind, name))
}

/// Removes items from a list, and adds others behind the rest.
fn change(pair: &Pair, gone: &[usize], new: &[Yaml], sheet: &Sheet<'_>) -> Edits {
    let Form::List { is_flow, items } = &pair.value.form else {
        return Ok(Vec::new());
    };
    let page = &sheet.page;
    let last = (0..items.len()).rev().find(|at| !gone.contains(at));
    if *is_flow {
        let new: Vec<String> = new
            .iter()
            .map(|it| page.style.line(it, None, true))
            .collect();
        // All in place of all.
        if last.is_none() && !items.is_empty() {
            page.remove_elements(&pair.value, gone)?;
            let whole = new.join(", ");
            let (open, close) = (pair.value.start + 1, pair.value.end - 1);
            let text = if whole.is_empty() {
                whole
            } else {
                format!(" {whole} ")
            };
            return Ok(vec![Edit::new(open, close, text)]);
        }
        let mut edits = page.remove_elements(&pair.value, gone)?;
        let new: Vec<(Option<usize>, String)> = new.into_iter().map(|it| (last, it)).collect();
        edits.extend(page.insert_elements(&pair.value, &new)?);
        return Ok(edits);
    }
    let mut dashes = Vec::new();
    for item in items {
        let dash = page.dash(item);
        dashes.push(dash.ok_or_else(|| Refusal::new(item.start, "this item is not alone"))?);
    }
    let Some(first) = dashes.first() else {
        return Err(Refusal::new(pair.key.start, "this list is not found"));
    };
    let column = page.column(*first);
    let mut edits: Vec<Edit> = gone
        .iter()
        .map(|at| page.remove_lines(dashes[*at], items[*at].end, column))
        .collect();
    let is_block = |item: &Written| matches!(item.form, Form::Mapping { is_flow: false, .. });
    let is_block = items.iter().all(is_block);
    let lines: String = new
        .iter()
        .map(|item| dashed(item, column, is_block, sheet))
        .collect();
    match (last, pair.colon) {
        _ if lines.is_empty() && last.is_some() => {}
        (Some(last), _) => {
            edits.push(page.insert_lines(page.next_line(items[last].end), &lines));
        }
        (None, Some(colon)) if lines.is_empty() && pair.value.anchor.is_none() => {
            edits.push(Edit::insert(colon, " []"));
        }
        (None, _) if lines.is_empty() => {
            return Err(Refusal::new(
                pair.key.start,
                "this list cannot be emptied alone",
            ));
        }
        (None, _) => edits.push(Edit::insert(page.with_comments(*first, column), lines)),
    }
    Ok(edits)
}

/// A new item on lines of its own.
fn dashed(item: &Yaml, column: usize, is_block: bool, sheet: &Sheet<'_>) -> String {
    let style = &sheet.page.style;
    let indent = " ".repeat(column);
    match item
        .fields()
        .filter(|fields| is_block && !fields.is_empty())
    {
        Some(fields) => {
            let lines: String = fields
                .iter()
                .map(|it| style.lines(it, column + 2))
                .collect();
            format!("{indent}- {}", &lines[column + 2..])
        }
        None => {
            let line = style.line(item, None, true);
            format!("{indent}- {line}{}", style.newline)
        }
    }
}
