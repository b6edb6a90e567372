//! Formats a snapshot for people.

use std::collections::BTreeSet;

use super::{
    cloud, inventory,
    style::{Color, Role},
};
use crate::{
    inventory::{Stock, tops},
    plan::Plan,
    snapshot::{Clock, NotRead, Snapshot},
    text::{counted, visible},
};

/// How many entries of what was not read are shown.
const MOST: usize = 20;

/// What `show` prints of a snapshot.
pub fn text(snapshot: &Snapshot, color: Color) -> String {
    let clock = match snapshot.clock {
        Clock::Service => "by the service's clock",
        Clock::Local => "by the clock of the machine that took it",
    };
    let mut out = color.paint(
        Role::Strong,
        format!("Snapshot of {}, {clock}.", snapshot.taken_at),
    );
    out.push('\n');
    out.push_str(&place(snapshot));
    let rows = tops(&stock(snapshot), None);
    if !rows.is_empty() {
        out.push('\n');
        out.push_str(&inventory::text(&rows, color));
    }
    out.push_str(&not_read(snapshot, color));
    out
}

/// What `snapshot` prints after it wrote a file.
pub fn wrote(path: &str, snapshot: &Snapshot, color: Color) -> String {
    let rows = tops(&stock(snapshot), None);
    let what = inventory::summary(&rows);
    let line = format!("Wrote {}: {what}", visible(path));
    let left_out = not_read(snapshot, color);
    format!("{}\n{left_out}", color.paint(Role::Strong, line))
}

fn stock(snapshot: &Snapshot) -> Stock {
    Stock {
        resources: snapshot.live.resources.clone(),
        ..Stock::default()
    }
}

/// The line with chart, account and endpoints.
fn place(snapshot: &Snapshot) -> String {
    let plan = Plan {
        chart: snapshot.chart.clone(),
        scope: snapshot.scope.clone(),
        ..Plan::default()
    };
    let line = cloud::line(&plan, cloud::quoted);
    line.map_or_else(String::new, |line| line + "\n")
}

/// What could not be read, and what nobody asked for.
fn not_read(snapshot: &Snapshot, color: Color) -> String {
    let (failed, others): (Vec<&NotRead>, Vec<&NotRead>) =
        snapshot.not_read.iter().partition(|entry| entry.failed);
    if snapshot.not_read.is_empty() {
        return String::new();
    }
    let heading = "Not in it: a plan that needs these leaves out what depends on them.";
    let mut out = format!("\n{}\n", color.paint(Role::Warning, heading.to_owned()));
    for entry in failed.iter().take(MOST) {
        let line = visible(&format!("{}: {}", entry.what, entry.why));
        out.push_str(&format!("  ? {line}\n"));
        let hint = entry.hint.as_deref().map(visible);
        out.extend(hint.map(|hint| format!("      {hint}\n")));
    }
    if let Some(more) = failed.len().checked_sub(MOST).filter(|more| *more > 0) {
        let more = counted(more, ("entry", "entries"));
        out.push_str(&format!("  ? {more} more in `not_read`\n"));
    }
    let words: BTreeSet<String> = others.iter().filter_map(|it| it.word()).collect();
    if !words.is_empty() {
        let words: Vec<String> = words.into_iter().collect();
        let listed = words.join(", ");
        let asked = words.join(",");
        out.push_str(&format!(
            "  ? {listed}, where the chart does not manage them; `--include {asked}` reads them\n"
        ));
    }
    out
}
