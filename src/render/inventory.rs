//! Formats what is live: a table for each organization for people, and a document for scripts.

use std::sync::Arc;

use serde::Serialize;

use super::style::{Color, Role};
use crate::{
    address::{Address, printed},
    diagnostics::View,
    inventory::{Row, total},
    kind::{Kind, Preset, fact::Fact},
    plan::{
        cloud::EndpointDocument,
        document::{FORMAT_VERSION, pretty},
    },
    state::ChartStamp,
    text::visible,
};

/// The name of the document.
pub const NAME: &str = "list";

const VISIBILITY: &str = "VISIBILITY";

/// What `list --format json` prints.
#[derive(Debug, Serialize)]
struct Document<'d> {
    format_version: &'static str,
    document: &'static str,
    account: Option<&'d str>,
    endpoints: &'d [EndpointDocument],
    /// Null without one.
    pattern: Option<String>,
    /// Null without one.
    chart: Option<&'d ChartStamp>,
    resources: &'d [Row],
    diagnostics: &'d [View],
}

/// A list, and what it is about.
#[derive(Debug, Default)]
pub struct List<'l> {
    pub account: Option<&'l str>,
    pub endpoints: Vec<EndpointDocument>,
    pub pattern: Option<String>,
    pub chart: Option<&'l ChartStamp>,
    pub rows: Vec<Row>,
    pub diagnostics: Vec<View>,
}

pub fn json(list: &List<'_>) -> String {
    pretty(&Document {
        format_version: FORMAT_VERSION,
        document: NAME,
        account: list.account,
        endpoints: &list.endpoints,
        pattern: list.pattern.clone(),
        chart: list.chart,
        resources: &list.rows,
        diagnostics: &list.diagnostics,
    })
}

/// A cell, and whether it is a number.
#[derive(Debug, Clone)]
struct Cell {
    text: String,
    is_number: bool,
}

impl Cell {
    fn text(text: impl Into<String>) -> Cell {
        Cell {
            text: text.into(),
            is_number: false,
        }
    }

    fn number(text: impl Into<String>) -> Cell {
        Cell {
            text: text.into(),
            is_number: true,
        }
    }
}

/// The cells of a row, each with the title of its column.
type Cells = Vec<(String, Cell)>;

/// The whole list.
pub fn text(rows: &[Row], color: Color) -> String {
    let (tops, inside): (Vec<&Row>, Vec<&Row>) = rows
        .iter()
        .partition(|row| row.address.kind().parent.is_none());
    let mut out = String::new();
    if !tops.is_empty() {
        let cells: Vec<Cells> = tops.into_iter().map(top).collect();
        out.push_str(&lines(cells.iter(), &widths(cells.iter()), "", color));
    }
    // Over all organizations, so that the columns stand below each other.
    let has_sizes = has_sizes(rows);
    let cells: Vec<_> = inside
        .iter()
        .map(|row| (row.address.organization(), below(row, has_sizes)))
        .collect();
    let widths = widths(cells.iter().map(|(_, cells)| cells));
    for group in cells.chunk_by(|(one, _), (other, _)| one == other) {
        let gap = if out.is_empty() { "" } else { "\n" };
        let place = group.first().map(|(place, _)| joined(place));
        let place = color.paint(Role::Strong, place.unwrap_or_default());
        out.push_str(&format!("{gap}{place}\n"));
        let rows = group.iter().map(|(_, cells)| cells);
        out.push_str(&lines(rows, &widths, "  ", color));
    }
    let summary = summary(rows);
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&color.paint(Role::Strong, summary));
    out.push('\n');
    out
}

/// The name of one resource in a table of those around it.
fn name(address: &Address) -> String {
    let own = address.target();
    match address.kind().tail.filter(|_| !own.is_empty()) {
        Some(tail) => {
            let parts: Vec<String> = own.iter().map(|part| printed(part).into_owned()).collect();
            format!("  {} {}", tail.mark.trim(), parts.join("/"))
        }
        None => {
            let parts = address.parts().iter().skip(2);
            let parts: Vec<String> = parts.map(|part| printed(part).into_owned()).collect();
            parts.join("/")
        }
    }
}

fn joined(parts: &[Arc<str>]) -> String {
    let parts: Vec<String> = parts
        .iter()
        .map(|part| printed(part).into_owned())
        .collect();
    parts.join("/")
}

fn top(row: &Row) -> Cells {
    let kind = row.address.kind();
    let mut cells = vec![(
        kind.name.to_uppercase(),
        Cell::text(joined(row.address.parts())),
    )];
    if let Some(block) = kind.blocked_by() {
        cells.push(counted(row, block.fact));
    }
    let holds = kind.children().find_map(|child| child.holds);
    if let Some(holds) = holds {
        cells.push(counted(row, holds.fact));
        cells.extend(sized(row, holds.size));
    }
    cells.extend(charted(row));
    cells
}

/// The name comes last: it is a foreign text, which must not begin a line.
fn below(row: &Row, has_sizes: bool) -> Cells {
    let kind = row.address.kind();
    let mut cells = Vec::new();
    if let Some(holds) = kind.holds {
        cells.push(counted(row, holds.fact));
        cells.extend(sized(row, holds.size));
        cells.extend(visibility(row, kind));
    } else {
        // What has no columns of its own says its values where its parent has the last one.
        let holds = kind.parent.and_then(|parent| parent.holds);
        let titles = holds.into_iter().flat_map(|it| {
            let size = has_sizes.then_some(it.size.name);
            [Some(it.fact.things), size].into_iter().flatten()
        });
        cells.extend(titles.map(|title| (title.to_uppercase(), Cell::number(""))));
        cells.push((VISIBILITY.to_owned(), Cell::text(values(row))));
    }
    cells.extend(charted(row));
    cells.push(("NAME".to_owned(), Cell::text(name(&row.address))));
    cells
}

/// The switches of a resource that somebody turned: `override`, `not auto`.
fn values(row: &Row) -> String {
    let turned = row.attributes.iter().filter_map(|(name, value)| {
        let attribute = row.address.kind().attribute(name)?;
        let is_on = value.as_bool()?;
        let is_default = attribute.service_default == Preset::Bool(is_on);
        let no = if is_on { "" } else { "not " };
        (!is_default).then(|| format!("{no}{name}"))
    });
    turned.collect::<Vec<String>>().join(", ")
}

fn counted(row: &Row, fact: &Fact) -> (String, Cell) {
    let number = row.fact(fact);
    let text = number.map_or_else(|| "?".to_owned(), |number| number.to_string());
    (fact.things.to_uppercase(), Cell::number(text))
}

/// Nothing where no size is known at all.
fn sized(row: &Row, fact: &Fact) -> Option<(String, Cell)> {
    row.facts.get(fact.name)?;
    let text = row.fact(fact).map_or_else(|| "?".to_owned(), bytes);
    Some((fact.name.to_uppercase(), Cell::number(text)))
}

fn visibility(row: &Row, kind: &Kind) -> Option<(String, Cell)> {
    let exposing = kind.exposing()?;
    let is_public = row.attributes.get(exposing.name)?.as_bool()?;
    let word = if is_public { "public" } else { "private" };
    Some((VISIBILITY.to_owned(), Cell::text(word)))
}

fn charted(row: &Row) -> Option<(String, Cell)> {
    let listed = row.listed?;
    Some(("CHART".to_owned(), Cell::text(listed.words())))
}

fn has_sizes(rows: &[Row]) -> bool {
    let has_size = |row: &Row| {
        let holds = row.address.kind().holds;
        holds.is_some_and(|holds| row.facts.contains_key(holds.size.name))
    };
    rows.iter().any(has_size)
}

fn widths<'c>(rows: impl Iterator<Item = &'c Cells>) -> Vec<usize> {
    let mut widths = Vec::new();
    for row in rows {
        for (at, (title, cell)) in row.iter().enumerate() {
            let width = title.chars().count().max(cell.text.chars().count());
            match widths.get_mut(at) {
                Some(known) => *known = width.max(*known),
                None => widths.push(width),
            }
        }
    }
    widths
}

/// The titles and the rows, aligned; numbers to the right.
fn lines<'c>(
    rows: impl Iterator<Item = &'c Cells> + Clone,
    widths: &[usize],
    indent: &str,
    color: Color,
) -> String {
    let Some(first) = rows.clone().next() else {
        return String::new();
    };
    let titles = first.iter().map(|(title, cell)| Cell {
        text: title.clone(),
        is_number: cell.is_number,
    });
    let titles: Vec<Cell> = titles.collect();
    let mut out = color.paint(Role::Quiet, line(titles.iter(), widths, indent));
    out.push('\n');
    for row in rows {
        out.push_str(&line(row.iter().map(|(_, cell)| cell), widths, indent));
        out.push('\n');
    }
    out
}

fn line<'c>(cells: impl Iterator<Item = &'c Cell>, widths: &[usize], indent: &str) -> String {
    let mut line = indent.to_owned();
    for (at, cell) in cells.enumerate() {
        let width = widths.get(at).copied().unwrap_or_default();
        if at > 0 {
            line.push_str("  ");
        }
        let text = &cell.text;
        line.push_str(&match cell.is_number {
            true => format!("{text:>width$}"),
            false => format!("{text:width$}"),
        });
    }
    line.trim_end().to_owned()
}

/// `2 organizations, 3 repositories, 15 images, 1.2 GiB.`
pub(super) fn summary(rows: &[Row]) -> String {
    let mut parts = Vec::new();
    let mut kinds: Vec<&'static Kind> = rows.iter().map(|row| row.address.kind()).collect();
    kinds.sort();
    let mut counts = Vec::<(&'static Kind, usize)>::new();
    for kind in kinds {
        match counts.last_mut() {
            Some((known, count)) if *known == kind => *count += 1,
            _ => counts.push((kind, 1)),
        }
    }
    for (kind, count) in &counts {
        parts.push(kind.counted(*count));
    }
    let Some((kind, _)) = counts.first() else {
        return "Nothing is live here.".to_owned();
    };
    if let Some(block) = kind.blocked_by().filter(|_| kind.parent.is_none()) {
        parts.push(match total(rows, block.fact) {
            Some(inside) => block.counted(usize::try_from(inside).unwrap_or(usize::MAX)),
            None => format!("? {}", block.fact.things),
        });
    }
    let holds = kind
        .holds
        .or_else(|| kind.children().find_map(|child| child.holds));
    if let Some(holds) = holds {
        let held = total(rows, holds.fact).map_or_else(|| "?".to_owned(), |it| it.to_string());
        parts.push(format!("{held} {}", holds.fact.things));
        let has_size = rows
            .iter()
            .any(|row| row.facts.contains_key(holds.size.name));
        parts.extend(total(rows, holds.size).filter(|_| has_size).map(bytes));
    }
    format!("{}.", visible(&parts.join(", ")))
}

/// `512 B`, `1.2 GiB`.
pub(super) fn bytes(number: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    // Tenths of the largest unit that is not larger, without floating point.
    let units = UNITS.iter().enumerate().rev();
    let mut sized = units.map(|(at, unit)| (unit, (u128::from(number) * 10) >> (10 * (at + 1))));
    let largest = sized.find(|(_, tenths)| *tenths >= 10);
    match largest {
        Some((unit, tenths)) => format!("{}.{} {unit}", tenths / 10, tenths % 10),
        None => format!("{number} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_have_one_digit_behind_the_point() {
        for (number, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1_048_575, "1023.9 KiB"),
            (13_002_342, "12.3 MiB"),
            (1_288_490_189, "1.2 GiB"),
            (u64::MAX, "15.9 EiB"),
        ] {
            assert_eq!(bytes(number), text);
        }
    }
}
