//! Adopting: the plan afterwards holds only what was named as left, and the other lines stay.

use std::collections::{BTreeMap, BTreeSet};

use portolan::{
    address::Address,
    adopt::{Adopted, How, Input, adopt, patch},
    config::{context::Context, entries::Entries, tree},
    diagnostics::{Diagnostics, SourceMap},
    mask::Mask,
    plan::{Action, Outcome, Scope, build::build},
    state::{Chart, Live},
};
use proptest::prelude::*;

use super::{
    cautious_world, hand,
    site::{Deletion, Site, World},
};
use crate::law::{Verdict, try_on};

/// Fewer than usual: each case decodes its chart many times.
const CASES: u32 = 200;

fn sources(text: &str) -> SourceMap {
    let mut sources = SourceMap::default();
    sources.add("chart.yaml", text);
    sources
}

fn context(sources: &SourceMap) -> Context<'_> {
    Context {
        sources,
        environment: &|_| None,
        region: None,
    }
}

/// Adopts everything, as the command does: what is in new entries in a second round.
fn adopted(site: &Site, text: &str) -> Option<(Adopted, String)> {
    let round = |text: &str| {
        let (chart, live): (Chart, Live) = site.read(text);
        let scope = Scope::default();
        let now = live.clock.unwrap_or_default();
        let plan = build(&chart, &live, &[], scope, now);
        (plan.outcome() != Outcome::Unknown).then(|| {
            adopt(&Input {
                context: context(&sources(text)),
                mask: &Mask::default(),
                chart: &chart,
                live: &live,
                plan: &plan,
                now,
            })
        })
    };
    let mut whole = round(text)?;
    let mut text = new_text(&whole, text);
    for _ in 0..4 {
        let next = round(&text)?;
        if next.done.is_empty() {
            whole = whole.and(next);
            break;
        }
        whole = whole.and(next);
        text = new_text(&whole, &text);
    }
    Some((whole, text))
}

fn new_text(adopted: &Adopted, before: &str) -> String {
    let text = adopted.texts.values().next();
    text.map_or_else(|| before.to_owned(), String::clone)
}

fn hand_written(world: &World, seed: u64) -> String {
    hand::written(&world.chart.values(), seed)
}

fn is_understood(text: &str) -> bool {
    let sources = sources(text);
    let decoded = portolan::config::decode(context(&sources));
    !decoded.found.has_errors()
}

#[test]
fn what_is_not_left_is_adopted() {
    try_on(CASES, (cautious_world(), any::<u64>()), |(world, seed)| {
        let text = hand_written(&world, seed);
        // Two entries that share a list of one caller, for example.
        prop_assume!(is_understood(&text));
        let mut live = world.live.clone();
        // Most declared organizations exist: in others nothing is adopted.
        for document in &world.chart.documents {
            for name in document.organizations.keys().filter(|_| seed % 4 > 0) {
                let creator = live.caller.clone();
                let organization = live.ensure_organization(document.region, name);
                if organization.creator.is_empty() {
                    organization.creator = creator;
                }
            }
        }
        let site = Site::new(&live, Deletion::Images);
        let Some((adopted, new)) = adopted(&site, &text) else {
            return Ok(());
        };
        prop_assert!(is_understood(&new), "{}\nbecomes\n{}", text, new);
        let plan = site.plan(&new);
        let is_left = |address: &Address| {
            let name = address.to_string();
            // With an entry that stays, all that is in it stays.
            let whole = address.parent().map(|parent| parent.to_string());
            let mut left = adopted.left.iter();
            left.any(|left| left.what.ends_with(&name) || Some(&left.what) == whole.as_ref())
        };
        let work = plan.changes.iter().filter(|change| {
            !matches!(change.action, Action::Run { .. }) || !is_left(&change.address)
        });
        for change in work {
            prop_assert!(
                is_left(&change.address),
                "{:#?}\nis planned, and was not left: {:#?}\nin\n{}\nwhich was\n{}",
                change,
                adopted.left,
                new,
                text
            );
        }
        for unlisted in &plan.unlisted {
            prop_assert!(
                is_left(&unlisted.address),
                "{:?}\nin\n{}",
                unlisted.address,
                new
            );
        }
        other_lines_stay(&adopted, &text, &new)?;
        let diff = patch::diff("chart.yaml", &text, &new, &Mask::default());
        prop_assert_eq!(patched(&text, &diff.unwrap()), new);
        Ok(())
    });
}

/// The lines outside of the entries that were adopted are the same, but for blank ones, for the keys
/// of collections that were or became empty, and for lines that begin with the end of a collection:
/// of one that became empty it moves to the line of the key.
fn other_lines_stay(adopted: &Adopted, before: &str, after: &str) -> Verdict {
    let touched: BTreeSet<Address> = adopted
        .done
        .iter()
        .map(|done| match done.how {
            How::Added | How::Removed(_) | How::Changed(_) => owner(&done.address),
        })
        .collect();
    let (old, new) = (lines_of(before, &touched), lines_of(after, &touched));
    // What stands on one line with an entry goes where that goes.
    let flat: BTreeSet<Address> = old.flat.union(&new.flat).cloned().collect();
    let (old, new) = (old.others(before, &flat), new.others(after, &flat));
    prop_assert_eq!(&old, &new, "{}\nbecomes\n{}", before, after);
    Ok(())
}

fn owner(address: &Address) -> Address {
    let mut line = std::iter::successors(Some(address.clone()), Address::parent);
    line.find(|it| ["organization", "repository", "mirror"].contains(&it.kind().name))
        .unwrap()
}

/// The lines of entries, from the first comment above.
struct Lines {
    of_touched: BTreeSet<usize>,
    /// The lines of each entry without a parent.
    of_tops: BTreeMap<Address, BTreeSet<usize>>,
    /// Those of them in which an entry does not stand on lines of its own.
    flat: BTreeSet<Address>,
}

fn lines_of(text: &str, touched: &BTreeSet<Address>) -> Lines {
    let sources = sources(text);
    let file = sources.files().next().unwrap();
    let roots = tree::parse(file, text.as_bytes(), &mut Diagnostics::new());
    let entries = Entries::of(&roots, context(&sources));
    let line = |at: u32| text[..at as usize].matches('\n').count();
    let all: Vec<&str> = text.split('\n').collect();
    let mut lines = Lines {
        of_touched: BTreeSet::new(),
        of_tops: BTreeMap::new(),
        flat: BTreeSet::new(),
    };
    let tops = touched
        .iter()
        .map(|it| Address::parent(it).unwrap_or(it.clone()));
    for address in touched.iter().cloned().chain(tops) {
        for entry in entries.at(&address) {
            let mut first = line(entry.key.start);
            let begins = all[first].len() - all[first].trim_start().len();
            let end = entry.node.span.end.max(entry.key.end);
            let start = text[..entry.key.start as usize]
                .rfind('\n')
                .map_or(0, |at| at + 1);
            let is_alone = start + begins == entry.key.start as usize;
            let last = line(end);
            while is_alone && first > 0 && all[first - 1].trim_start().starts_with('#') {
                first -= 1;
            }
            let top = address.parent().unwrap_or(address.clone());
            if touched.contains(&address) {
                lines.of_touched.extend(first..=last);
                if !is_alone {
                    lines.flat.insert(top.clone());
                }
            }
            if top == address {
                lines.of_tops.entry(top).or_default().extend(first..=last);
            }
        }
    }
    lines
}

impl Lines {
    fn others<'t>(&self, text: &'t str, flat: &BTreeSet<Address>) -> Vec<&'t str> {
        let is_flat = |line: &usize| {
            flat.iter().any(|top| {
                self.of_tops
                    .get(top)
                    .is_some_and(|lines| lines.contains(line))
            })
        };
        let lines = text.lines().enumerate();
        let others = lines.filter(|(line, _)| !self.of_touched.contains(line) && !is_flat(line));
        others
            .map(|(_, line)| line.trim().trim_end_matches(','))
            .filter(|line| {
                let text = line.split("  # and").next().unwrap_or_default();
                !text.trim_matches(['{', '}', '[', ']', ',', ' ']).is_empty()
            })
            .filter(|line| !line.contains("repositories") && !line.contains("mirrors"))
            .filter(|line| !line.starts_with(['}', ']']))
            .collect()
    }
}

/// Applies a unified diff.
fn patched(before: &str, diff: &str) -> String {
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let (mut out, mut at) = (Vec::new(), 0);
    let mut lines = diff.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        if let Some(place) = line.strip_prefix("@@ -") {
            let first: usize = place.split([',', ' ']).next().unwrap().parse().unwrap();
            let is_empty = place.split(' ').next().unwrap().ends_with(",0");
            let first = if is_empty { first } else { first - 1 };
            out.extend(old[at..first].iter().map(ToString::to_string));
            at = first;
            continue;
        }
        if line.starts_with("---") || line.starts_with("+++") || line.starts_with('\\') {
            continue;
        }
        let has_end = lines.peek().is_none_or(|next| !next.starts_with('\\'));
        let text = if has_end {
            &line[1..]
        } else {
            line[1..].trim_end_matches('\n')
        };
        match &line[..1] {
            "+" => out.push(text.to_owned()),
            sign => {
                assert_eq!(old[at], text, "in the diff\n{diff}");
                at += 1;
                out.extend((sign == " ").then(|| text.to_owned()));
            }
        }
    }
    out.extend(old[at..].iter().map(ToString::to_string));
    out.concat()
}
