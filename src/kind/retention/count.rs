//! What a policy would delete, counted from the list of tags.
//!
//! The service publishes neither the dialect of its regular expressions nor whether they must match
//! the whole tag. So each tag is judged under both readings, and the larger number counts.

use std::collections::BTreeSet;

use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Dot, Hir, HirKind, Look};
use serde_json::Value;

use super::{
    super::{
        Item,
        collects::{Count, Reach},
    },
    REGEXP, WAYS,
};
use crate::{diagnostics::Diagnostic, state::Attributes, text::escaped, time::Moment};

const DAY: i64 = 24 * 60 * 60;

/// The largest compiled form of a pattern, in bytes. The service may hold any pattern.
const LARGEST_PATTERN: usize = 1 << 20;

/// The way of counting and its number. `None` for a policy in another form.
fn way(policy: &Attributes) -> Option<(&'static str, u64)> {
    WAYS.iter()
        .find_map(|(name, ..)| Some((*name, policy.get(*name)?.as_u64()?)))
}

fn exceptions(policy: &Attributes) -> impl Iterator<Item = &Value> {
    policy
        .get("except")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

pub(super) fn reach(before: Option<&Attributes>, after: &Attributes, held: Option<u64>) -> Reach {
    let (old, new) = (before.and_then(way), way(after));
    if let (Some(before), Some((old_way, old)), Some((way, new))) = (before, old, new) {
        let keeps_exceptions =
            exceptions(before).all(|old| exceptions(after).any(|new| new == old));
        if old_way == way && new >= old && keeps_exceptions {
            return Reach::Nothing;
        }
    }
    // Whether the service counts tags or images is not documented, so another number than 0 proves
    // nothing.
    match held {
        Some(0) => Reach::Later,
        _ => Reach::Now,
    }
}

/// How a regular expression has to match.
#[derive(Clone, Copy)]
enum Reading {
    Search,
    Full,
}

/// The exceptions of a policy under one reading. A pattern that does not compile, or of a kind that
/// is not known, is taken to match nothing: then more goes.
struct Exceptions<'a> {
    labels: BTreeSet<&'a str>,
    patterns: Vec<Regex>,
}

impl<'a> Exceptions<'a> {
    fn of(policy: &'a Attributes, reading: Reading) -> Exceptions<'a> {
        let pattern = |record: &Value| {
            let text = record.get(REGEXP)?.as_str()?;
            let text = match reading {
                Reading::Search => text.to_owned(),
                Reading::Full => format!("^(?:{text})$"),
            };
            let mut builder = RegexBuilder::new(&text);
            builder.size_limit(LARGEST_PATTERN).build().ok()
        };
        Exceptions {
            labels: exceptions(policy).filter_map(Value::as_str).collect(),
            patterns: exceptions(policy).filter_map(pattern).collect(),
        }
    }

    fn hold(&self, name: &str) -> bool {
        self.labels.contains(name) || self.patterns.iter().any(|pattern| pattern.is_match(name))
    }
}

/// What goes under one reading, the oldest first; and what may go in its place, because times are
/// equal or unknown.
fn going<'i>(
    policy: &Attributes,
    items: &'i [Item],
    now: Moment,
    reading: Reading,
) -> (Vec<&'i Item>, Vec<&'i Item>) {
    let exceptions = Exceptions::of(policy, reading);
    let mut counted: Vec<&Item> = items
        .iter()
        .filter(|item| !exceptions.hold(&item.name))
        .collect();
    // An unknown time comes first: such a tag may be the oldest.
    counted.sort_by(|one, other| (one.since, &one.name).cmp(&(other.since, &other.name)));
    let mut instead = Vec::new();
    match way(policy) {
        Some(("keep_tags", number)) => {
            let kept = usize::try_from(number).unwrap_or(usize::MAX);
            instead = doubtful(&counted, kept);
            counted.truncate(counted.len().saturating_sub(kept));
        }
        Some((_, days)) => {
            let days = i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(DAY);
            let end = Moment(now.0.saturating_sub(days));
            counted.retain(|item| item.since.is_none_or(|since| since <= end));
        }
        // Nothing is known about another form.
        None => {}
    }
    (counted, instead)
}

/// Those of the sorted items that do not surely belong to the newest: as many others may be newer.
fn doubtful<'i>(sorted: &[&'i Item], kept: usize) -> Vec<&'i Item> {
    let unknown = sorted.partition_point(|item| item.since.is_none());
    let at_least_as_new = |item: &Item| match item.since {
        None => sorted.len(),
        // With itself.
        Some(_) => unknown + sorted.len() - sorted.partition_point(|it| it.since < item.since),
    };
    let may_go = |item: &&&Item| at_least_as_new(item) > kept;
    sorted.iter().filter(may_go).copied().collect()
}

pub(super) fn count(after: &Attributes, items: &[Item], now: Moment) -> Count {
    let [(one, one_instead), (other, other_instead)] =
        [Reading::Search, Reading::Full].map(|reading| going(after, items, now, reading));
    fn names<'i>(items: [&[&'i Item]; 2]) -> BTreeSet<&'i str> {
        let items = items.into_iter().flatten();
        items.map(|item| item.name.as_str()).collect()
    }
    let either = names([&one, &other]);
    let mut any = names([&one_instead, &other_instead]);
    let instead = any.difference(&either).map(|it| (*it).to_owned()).collect();
    any.extend(&either);
    let mut staying: Vec<String> = items
        .iter()
        .map(|item| &item.name)
        .filter(|name| !any.contains(name.as_str()))
        .cloned()
        .collect();
    staying.sort();
    let most = if one.len() >= other.len() { one } else { other };
    let going: Vec<String> = most.into_iter().map(|item| item.name.clone()).collect();
    let shown: BTreeSet<&str> = going.iter().map(String::as_str).collect();
    let doubtful = either
        .difference(&shown)
        .map(|name| (*name).to_owned())
        .collect();
    Count {
        // Days pass by themselves; a number only lets something go when something comes.
        is_harmless: any.is_empty() && after.contains_key("keep_tags"),
        going,
        staying,
        doubtful,
        instead,
    }
}

/// What is probably not meant in an entry of a chart.
pub(super) fn doubts(entry: &Attributes) -> Vec<Diagnostic> {
    let mut doubts = Vec::new();
    for exception in exceptions(entry) {
        match exception.get(REGEXP).and_then(Value::as_str) {
            Some(pattern) => doubts.extend(pattern_doubt(pattern)),
            None => doubts.extend(exception.as_str().and_then(label_doubt)),
        }
    }
    // Under the stricter reading, so that only a pattern that surely means it is enough.
    let holds_latest = || Exceptions::of(entry, Reading::Full).hold("latest");
    if entry.contains_key("keep_days") && !holds_latest() {
        let problem = "`keep_days` without an exception for `latest`";
        doubts.push(Diagnostic::warning("latest-not-kept", problem).hint(
            "a repository that is not pushed to for so long loses even its newest tag: add \
            `except: [ latest ]`",
        ));
    }
    doubts
}

/// Whether a pattern means the whole tag under each reading: each of its alternatives is bound at
/// both ends. What does not compile is an error of its own.
fn is_anchored(pattern: &str) -> bool {
    regex_syntax::parse(pattern).map_or(true, |parsed| {
        let starts = parsed.properties().look_set_prefix();
        starts.contains(Look::Start) && is_bound_at_its_end(&parsed)
    })
}

fn is_bound_at_its_end(part: &Hir) -> bool {
    match part.kind() {
        HirKind::Look(look) => *look == Look::End,
        HirKind::Capture(group) => is_bound_at_its_end(&group.sub),
        HirKind::Concat(parts) => parts.last().is_some_and(is_bound_at_its_end),
        HirKind::Alternation(parts) => parts.iter().all(is_bound_at_its_end),
        HirKind::Repetition(repeated) => {
            let takes_the_rest = repeated.min == 0 && repeated.max.is_none();
            takes_the_rest && *repeated.sub == Hir::dot(Dot::AnyCharExceptLF)
        }
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) => false,
    }
}

fn label_doubt(label: &str) -> Option<Diagnostic> {
    // No tag contains these characters, so the exception would match nothing.
    label.contains(['*', '?', '^', '$', '[', '(']).then(|| {
        let problem = format!(
            "the exception `{}` is a pattern, but means one tag",
            escaped(label)
        );
        Diagnostic::warning("exception-glob", problem)
            .hint("write `{ regexp: '^v.*$' }` for a pattern")
    })
}

fn pattern_doubt(pattern: &str) -> Option<Diagnostic> {
    // In a regular expression a star repeats what is before it: `v*` also matches tags without `v`.
    let repeats_a_letter = pattern.strip_suffix('*').is_some_and(|before| {
        let mut letters = before.chars().rev();
        letters
            .next()
            .is_some_and(|last| last.is_ascii_alphanumeric() || "-_".contains(last))
            && letters.next() != Some('\\')
    });
    if pattern.starts_with('*') || pattern.contains("**") || repeats_a_letter {
        let problem = format!("the exception `{}` looks like a glob", escaped(pattern));
        return Some(
            Diagnostic::warning("exception-glob", problem)
                .hint("in a regular expression, `.*` means any characters: `^v.*$`"),
        );
    }
    (!is_anchored(pattern)).then(|| {
        let problem = format!("the exception `{}` is not anchored", escaped(pattern));
        Diagnostic::warning("exception-not-anchored", problem).hint(
            "whether it has to match the whole tag is not documented: begin it with `^`, and end \
            it with `$`",
        )
    })
}
