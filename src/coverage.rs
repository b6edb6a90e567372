//! Patterns that cover nothing. Usually they are mistyped, and so a guard is missing.
//!
//! Only what was read can be judged. A pattern that may cover something unread is not reported.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    address::Address,
    diagnostics::Diagnostic,
    kind::Kind,
    pattern::{Index, Pattern},
    scope::{self, Selection},
    state::{Chart, Live},
};

/// The largest edit distance of a suggestion.
const MOST_EDITS: usize = 2;

/// The largest number of patterns that get a suggestion. Each is compared with every known name,
/// and a longer list is not read.
const MOST_HINTS: usize = 20;

/// What is known: the chart, and the live state of the selected part.
#[derive(Debug)]
pub(crate) struct Seen<'a> {
    chart: &'a Chart,
    live: &'a Live,
    /// Whether the selection left out lists of rules.
    is_partial: bool,
    /// The lists of children that were read, by parent and rank of the kind.
    lists: BTreeSet<(Address, usize)>,
    /// The regions with declared resources.
    read: BTreeSet<&'a str>,
    /// The undeclared organizations. Only their names are known.
    foreign: BTreeMap<&'a str, Vec<&'a Address>>,
}

impl<'a> Seen<'a> {
    /// `part` is the part of the chart that was read.
    pub(crate) fn new(chart: &'a Chart, part: &Chart, live: &'a Live) -> Seen<'a> {
        let listed = |chart| {
            scope::to_list(chart, live)
                .into_iter()
                .map(|(parent, kind)| (parent, kind.rank()))
        };
        let lists: BTreeSet<(Address, usize)> = listed(part).collect();
        // Only lists of children depend on the selection; those of a region are always read whole.
        let is_partial = listed(chart).count() > lists.len();
        let mut foreign = BTreeMap::<_, Vec<_>>::new();
        for address in live.resources.keys() {
            if address.kind().parent.is_none() && !chart.resources.contains_key(address) {
                foreign
                    .entry(&*address.parts()[1])
                    .or_default()
                    .push(address);
            }
        }
        let read = chart
            .resources
            .keys()
            .map(|address| &**address.region())
            .collect();
        Seen {
            chart,
            live,
            is_partial,
            lists,
            read,
            foreign,
        }
    }

    /// The warnings and errors about patterns in the chart and on the command line.
    /// `selected_by` is what names the targets there.
    pub(crate) fn judge(
        &self,
        selection: &Selection,
        selected_by: &str,
        ignores: &[Pattern],
    ) -> Vec<Diagnostic> {
        let mut found = self.of_chart();
        found.extend(self.of_selection(selection, selected_by));
        let excludes = selection
            .excludes
            .iter()
            .filter(|pattern| pattern.is_open());
        let typed = ignores.iter().map(|pattern| ("--ignore", pattern));
        let idle = self.idle(
            typed.chain(excludes.map(|pattern| ("--exclude", pattern))),
            Self::may_cover,
        );
        found.extend(self.typed(idle).map(|(message, hint)| {
            Diagnostic::warning("pattern-covers-nothing", message).hint(hint)
        }));
        found
    }

    fn of_chart(&self) -> Vec<Diagnostic> {
        let protect = self
            .chart
            .protect
            .iter()
            .map(|it| ((it.span, "protected"), &it.pattern));
        let accept = self
            .chart
            .accept
            .iter()
            .map(|it| ((it.pattern_span, "accepted"), &it.pattern));
        let idle = self.idle(protect.chain(accept), Self::may_cover);
        let mut hints = self
            .hints(idle.iter().map(|(_, pattern)| *pattern).take(MOST_HINTS))
            .into_iter();
        let warning = |((span, effect), pattern): ((_, &str), &Pattern)| {
            let hint = hints.next().flatten();
            let hint = hint
                .unwrap_or_else(|| format!("nothing is {effect} by it: correct it, or remove it"));
            Diagnostic::warning("pattern-covers-nothing", message(&pattern.to_string()))
                .at(span)
                .hint(hint)
        };
        idle.into_iter().map(warning).collect()
    }

    /// A selection that covers nothing is an error: an apply would otherwise do less than, or other
    /// than, the user meant.
    fn of_selection(&self, selection: &Selection, selected_by: &str) -> Vec<Diagnostic> {
        // Not `may_cover`: everything that a target names was read (see `Selection::to_read`).
        let mut idle = self.idle(
            selection
                .targets
                .iter()
                .map(|pattern| (selected_by, pattern)),
            Self::covers,
        );
        let excludes = selection
            .excludes
            .iter()
            // One with a `*` may be meant for future resources, and only gets a warning.
            .filter(|pattern| !pattern.is_open());
        idle.extend(self.idle(
            excludes.map(|pattern| ("--exclude", pattern)),
            Self::may_cover,
        ));
        let error =
            |(message, hint)| Diagnostic::error("selection-covers-nothing", message).hint(hint);
        self.typed(idle).map(error).collect()
    }

    /// Message and hint for each pattern of the command line that covers nothing.
    fn typed(&self, idle: Vec<(&str, &Pattern)>) -> impl Iterator<Item = (String, String)> {
        let hints = self.hints(idle.iter().map(|(_, pattern)| *pattern));
        let message = |((option, pattern), hint): ((&str, &Pattern), Option<String>)| {
            (
                message(&format!("{option} '{pattern}'")),
                hint.unwrap_or_else(syntax),
            )
        };
        idle.into_iter()
            .zip(hints)
            .map(message)
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// The patterns that cover nothing, by the test `covers`.
    fn idle<'p, T>(
        &self,
        patterns: impl Iterator<Item = (T, &'p Pattern)>,
        covers: impl Fn(&Self, &[&Pattern]) -> Vec<bool>,
    ) -> Vec<(T, &'p Pattern)> {
        let all: Vec<(T, &Pattern)> = patterns.collect();
        let covers = covers(
            self,
            &all.iter().map(|(_, pattern)| *pattern).collect::<Vec<_>>(),
        );
        all.into_iter()
            .zip(covers)
            .filter(|(_, covers)| !covers)
            .map(|(idle, _)| idle)
            .collect()
    }

    fn known(&self) -> impl Iterator<Item = &'a Address> {
        self.chart
            .resources
            .keys()
            .chain(self.live.resources.keys())
    }

    fn covers(&self, patterns: &[&Pattern]) -> Vec<bool> {
        if patterns.is_empty() {
            return Vec::new();
        }
        Index::new(patterns.iter().copied()).used(self.known())
    }

    /// As [`Self::covers`], but also true if something unread may be covered.
    fn may_cover(&self, patterns: &[&Pattern]) -> Vec<bool> {
        let mut covers = self.covers(patterns);
        for (covers, pattern) in covers.iter_mut().zip(patterns) {
            *covers |= self.may_be_unread(pattern);
        }
        // Only now, because it goes through every resource whose children are unknown.
        if covers.contains(&false) {
            let kinds: BTreeSet<_> = patterns.iter().map(|pattern| pattern.kind()).collect();
            for kind in kinds {
                self.add_unread(&mut covers, patterns, kind);
            }
        }
        covers
    }

    /// Adds those patterns for this kind, or for any, that may cover an unread child.
    fn add_unread(&self, covers: &mut [bool], patterns: &[&Pattern], kind: Option<&'static Kind>) {
        let at: Vec<usize> = (0..patterns.len())
            .filter(|at| patterns[*at].kind() == kind)
            .collect();
        let is_read = |parent: &Address| {
            let mut lists = parent
                .kind()
                .read_per_parent()
                .filter(|list| kind.is_none_or(|kind| kind == list.family()))
                .peekable();
            lists.peek().is_some()
                && lists.all(|list| self.lists.contains(&(parent.clone(), list.rank())))
        };
        let childless = self.live.resources.keys().filter(|it| !is_read(it));
        let names = Index::of_children(at.iter().map(|at| patterns[*at])).used(childless);
        for (at, names) in at.into_iter().zip(names) {
            covers[at] |= names;
        }
    }

    fn may_be_unread(&self, pattern: &Pattern) -> bool {
        let name = pattern.place().split('/').nth(1).unwrap_or_default();
        let is_foreign = |tops: &Vec<&Address>| tops.iter().any(|top| pattern.is_inside(top));
        pattern.region().is_some_and(|region| {
            !self.read.contains(region) && self.chart.regions.contains(region)
        }) || (self.is_partial && pattern.place().contains("**"))
            || self.foreign.get(name).is_some_and(is_foreign)
    }

    /// A suggestion for each pattern.
    fn hints<'p>(&self, patterns: impl Iterator<Item = &'p Pattern>) -> Vec<Option<String>> {
        let patterns: Vec<&Pattern> = patterns.collect();
        let others: Vec<(usize, Pattern)> = patterns
            .iter()
            .enumerate()
            .flat_map(|(number, pattern)| {
                others(pattern)
                    .into_iter()
                    .map(move |other| (number, other))
            })
            .collect();
        let mut meant: Vec<Option<String>> = vec![None; patterns.len()];
        let covers = self.covers(&others.iter().map(|(_, other)| other).collect::<Vec<_>>());
        for ((number, other), _) in others.iter().zip(covers).filter(|(_, covers)| *covers) {
            // One suggestion is enough, so the first candidate that covers something is kept.
            meant[*number].get_or_insert_with(|| other.to_string());
        }
        let typed: Vec<(usize, &str)> = (0..patterns.len())
            .filter(|number| meant[*number].is_none())
            .filter_map(|number| Some((number, patterns[number].place().split_once('/')?.1)))
            .collect();
        for ((number, _), nearest) in typed.iter().zip(self.nearest(&typed)) {
            meant[*number] = nearest.map(Address::to_string);
        }
        meant
            .into_iter()
            .map(|meant| Some(format!("did you mean `{}`?", meant?)))
            .collect()
    }

    /// The known address with the smallest edit distance to each text, if one is close enough.
    fn nearest(&self, typed: &[(usize, &str)]) -> Vec<Option<&'a Address>> {
        let mut nearest: Vec<Option<(usize, &Address)>> = vec![None; typed.len()];
        if typed.is_empty() {
            return Vec::new();
        }
        for address in self.known() {
            let parts = &address.parts()[..address.kind().joined_parts()];
            let forms = [parts[1..].join("/"), parts.join("/")];
            for ((_, typed), nearest) in typed.iter().zip(&mut nearest) {
                let edits = forms.iter().filter_map(|form| edits(form, typed)).min();
                let Some(found) = edits.map(|edits| (edits, address)) else {
                    continue;
                };
                if nearest.is_none_or(|least| found < least) {
                    *nearest = Some(found);
                }
            }
        }
        nearest
            .into_iter()
            .map(|nearest| nearest.map(|(_, address)| address))
            .collect()
    }
}

/// The errors about patterns of `--backfill` that cover no rule of the selected part of the chart:
/// an apply would copy less than the user meant.
pub(crate) fn idle_backfills(
    part: &Chart,
    selection: &Selection,
    patterns: &[Pattern],
) -> Vec<Diagnostic> {
    if patterns.is_empty() {
        return Vec::new();
    }
    let rules = part.resources.iter().filter(|(address, desired)| {
        address.kind().copying.is_some() && !desired.is_absent() && selection.holds(address)
    });
    let used = Index::new(patterns).used(rules.map(|(address, _)| address));
    let idle = patterns.iter().zip(used).filter(|(_, used)| !used);
    idle.map(|(pattern, _)| {
        let message = format!("`--backfill '{pattern}'` covers no rule of the chart");
        Diagnostic::error("selection-covers-nothing", message).hint(syntax())
    })
    .collect()
}

/// The candidates for a suggestion.
fn others(pattern: &Pattern) -> Vec<Pattern> {
    let place = pattern.place();
    let Some((region, rest)) = place.split_once('/') else {
        return Vec::new();
    };
    let mut others = vec![place.to_lowercase(), format!("{place}/**")];
    if region.contains('*') {
        others.push(format!("*/{place}"));
    }
    if let Some((_, rest)) = rest
        .split_once('/')
        .filter(|(first, _)| first.contains('*'))
    {
        others.push(format!("{region}/{rest}"));
    }
    others.into_iter().map(|place| pattern.at(place)).collect()
}

/// The edit distance, if it is small enough for a typing error.
fn edits(known: &str, typed: &str) -> Option<usize> {
    // In a short name two edits can lead to any other name, so it gets only one.
    let most = MOST_EDITS.min(typed.len() / 3).max(1);
    // The distance takes quadratic time, and the difference in length is a lower bound of it.
    if known.len().abs_diff(typed.len()) > MOST_EDITS {
        return None;
    }
    Some(strsim::osa_distance(known, typed)).filter(|edits| *edits <= most)
}

fn message(written: &str) -> String {
    format!("`{written}` covers nothing, declared or live")
}

/// A pattern in the form of the command line.
fn syntax() -> String {
    "a pattern begins with a region or an organization, as in `cn-north-4/team-a/web` or \
    `team-a/web`"
        .to_owned()
}
