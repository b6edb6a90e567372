//! Patterns that cover nothing: as a rule they are mistyped, and do not do what somebody relies on.
//!
//! Only what a run saw can be judged. A pattern that may cover something which was not read is left alone.

use std::collections::BTreeSet;

use crate::{
    address::Address,
    diagnostics::Diagnostic,
    pattern::Pattern,
    scope::{self, Selection},
    state::{Chart, Live},
};

/// The most edits between a mistyped name and the one that was meant.
const MOST_EDITS: usize = 2;

/// How many patterns of a chart are compared with everything there is. More of them are not read one by one.
const MOST_HINTS: usize = 20;

/// What a run saw: the chart, and the live state of the selected part.
#[derive(Debug)]
pub struct Seen<'a> {
    chart: &'a Chart,
    live: &'a Live,
    /// Whether rules were left out that the whole chart would have read.
    is_partial: bool,
    /// Live resources whose children are not known.
    childless: Vec<&'a Address>,
}

impl<'a> Seen<'a> {
    /// `part` is what was read of the chart.
    pub fn new(chart: &'a Chart, part: &Chart, live: &'a Live) -> Seen<'a> {
        let read: BTreeSet<Address> = scope::with_managed_rules(part, live).into_iter().collect();
        let is_partial = scope::with_managed_rules(chart, live).len() > read.len();
        let childless = live.resources.keys().filter(|address| !read.contains(address)).collect();
        Seen { chart, live, is_partial, childless }
    }

    /// What is wrong with the patterns of the chart and of the command line.
    pub fn judge(&self, selection: &Selection, ignores: &[Pattern]) -> Vec<Diagnostic> {
        let mut found = self.of_chart();
        found.extend(self.of_selection(selection));
        let excludes = selection.excludes.iter().filter(|pattern| pattern.is_open());
        let typed = ignores.iter().map(|pattern| ("--ignore", pattern));
        let typed = typed.chain(excludes.map(|pattern| ("--exclude", pattern)));
        found.extend(typed.filter(|(_, pattern)| !self.may_cover(pattern)).map(|(option, pattern)| {
            let diagnostic = Diagnostic::warning("pattern-covers-nothing", message(&format!("{option} '{pattern}'")));
            diagnostic.hint(self.hint(pattern).unwrap_or_else(syntax))
        }));
        found
    }

    fn of_chart(&self) -> Vec<Diagnostic> {
        let protect = self.chart.protect.iter().map(|it| (&it.pattern, it.span, "protected"));
        let accept = self.chart.accept.iter().map(|it| (&it.pattern, it.pattern_span, "accepted"));
        let idle = protect.chain(accept).filter(|(pattern, ..)| !self.may_cover(pattern));
        let warning = |(at, (pattern, span, effect)): (usize, (&Pattern, _, _))| {
            let hint = if at < MOST_HINTS { self.hint(pattern) } else { None };
            let hint = hint.unwrap_or_else(|| format!("nothing is {effect} by it: mend it, or remove it"));
            Diagnostic::warning("pattern-covers-nothing", message(&pattern.to_string())).at(span).hint(hint)
        };
        idle.enumerate().map(warning).collect()
    }

    /// A run whose selection covers nothing would be about something else than was asked for.
    fn of_selection(&self, selection: &Selection) -> Vec<Diagnostic> {
        let targets = selection.targets.iter().filter(|pattern| !self.covers(pattern));
        let excludes = selection.excludes.iter().filter(|pattern| !pattern.is_open() && !self.may_cover(pattern));
        let idle = targets.map(|pattern| ("--target", pattern)).chain(excludes.map(|pattern| ("--exclude", pattern)));
        let error = |(option, pattern): (&str, &Pattern)| {
            let diagnostic = Diagnostic::error("selection-covers-nothing", message(&format!("{option} '{pattern}'")));
            diagnostic.hint(self.hint(pattern).unwrap_or_else(syntax))
        };
        idle.map(error).collect()
    }

    fn known(&self) -> impl Iterator<Item = &'a Address> {
        self.chart.resources.keys().chain(self.live.resources.keys())
    }

    fn covers(&self, pattern: &Pattern) -> bool {
        self.known().any(|address| pattern.covers(address))
    }

    /// The same, or something may be covered that was not read.
    fn may_cover(&self, pattern: &Pattern) -> bool {
        // Of an organization that the chart does not declare only the name is kept.
        let is_foreign = |address: &&Address| {
            address.kind().parent.is_none() && !self.chart.resources.contains_key(address) && pattern.is_inside(address)
        };
        let is_read = |region: &str| self.chart.resources.keys().any(|address| **address.region() == *region);
        self.covers(pattern)
            || pattern.region().is_some_and(|region| !is_read(region) && self.chart.regions.contains(region))
            || (self.is_partial && pattern.place().contains("**"))
            || self.childless.iter().any(|address| pattern.names_children_of(address))
            || self.live.resources.keys().any(|address| is_foreign(&address))
    }

    /// What was probably meant.
    fn hint(&self, pattern: &Pattern) -> Option<String> {
        let place = pattern.place();
        let (region, rest) = place.split_once('/')?;
        let mut others = vec![place.to_lowercase(), format!("{place}/**")];
        if region.contains('*') {
            others.push(format!("*/{place}"));
        }
        if let Some((_, rest)) = rest.split_once('/').filter(|(first, _)| first.contains('*')) {
            others.push(format!("{region}/{rest}"));
        }
        let meant = others.into_iter().map(|place| pattern.at(place)).find(|other| self.covers(other));
        let meant = meant.map(|other| other.to_string()).or_else(|| self.nearest(rest).map(Address::to_string));
        meant.map(|meant| format!("did you mean `{meant}`?"))
    }

    /// The known address that was mistyped.
    fn nearest(&self, typed: &str) -> Option<&'a Address> {
        let edits = |address: &&Address| {
            let parts = &address.parts()[..address.kind().joined_parts];
            let distance = |text: String| {
                let is_far = text.len().abs_diff(typed.len()) > MOST_EDITS;
                if is_far { usize::MAX } else { strsim::osa_distance(&text, typed) }
            };
            distance(parts[1..].join("/")).min(distance(parts.join("/")))
        };
        let most = MOST_EDITS.min(typed.len() / 3).max(1);
        self.known().map(|address| (edits(&address), address)).filter(|(edits, _)| *edits <= most).min().map(|it| it.1)
    }
}

fn message(written: &str) -> String {
    format!("`{written}` covers nothing, declared or live")
}

/// How a pattern of the command line is written.
fn syntax() -> String {
    "a pattern begins with a region or an organization, as in `cn-north-4/team-a/web` or `team-a/web`".to_owned()
}
