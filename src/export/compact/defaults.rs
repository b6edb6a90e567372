//! Chooses what `defaults` say, so that the entries below them have the least to say.
//!
//! The keys of an entry are inherited one by one. For one key the best choice is found exactly:
//! from the entries upwards, the least length below a level for each value that it may inherit.
//! Only the lines of a `defaults` itself are shared between keys, so a few rounds settle which
//! levels have one.

use std::{cmp::Reverse, collections::BTreeMap};

/// A place that can have `defaults`: the chart, a document or an organization. Parents come first.
#[derive(Debug, Default)]
pub(super) struct Level {
    pub parent: Option<usize>,
    /// The length of an opened `defaults` without a value.
    pub opening: usize,
}

/// The values of one key: for each entry its level, and the value or `None`, as an index.
#[derive(Debug, Default)]
pub(super) struct Column {
    pub entries: Vec<(usize, Option<usize>)>,
    /// The length of each value where it is written, with the key.
    pub lengths: Vec<usize>,
    /// Whether a value may be a default.
    pub is_default: Vec<bool>,
    /// The length of what stops the inheritance.
    pub stop: usize,
}

/// What a level says about one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    Inherited,
    Is(usize),
}

/// For each column, what each level says.
pub(super) type Settings = Vec<Vec<Setting>>;

/// How many values are tried at one level.
const MOST_CANDIDATES: usize = 6;

/// How often the columns are looked at again, because they share the lines of `defaults`.
const ROUNDS: usize = 4;

/// The best settings for these columns.
pub(super) fn choose(levels: &[Level], columns: &[Column]) -> Settings {
    let tallies: Vec<Vec<Tally>> = columns
        .iter()
        .map(|column| tallies(levels, column))
        .collect();
    // First as if all columns shared the cost of each.
    let shared: Vec<usize> = levels
        .iter()
        .map(|level| level.opening / columns.len().max(1))
        .collect();
    let mut settings: Settings = columns
        .iter()
        .zip(&tallies)
        .map(|(column, tallies)| best(levels, column, tallies, &shared))
        .collect();
    for _ in 0..ROUNDS {
        let before = settings.clone();
        for at in 0..columns.len() {
            let is_open = |level: usize| {
                let mut others = settings.iter().enumerate();
                others.any(|(other, row)| other != at && row[level] != Setting::Inherited)
            };
            let openings: Vec<usize> = (0..levels.len())
                .map(|level| {
                    if is_open(level) {
                        0
                    } else {
                        levels[level].opening
                    }
                })
                .collect();
            settings[at] = best(levels, &columns[at], &tallies[at], &openings);
        }
        close(levels, columns, &tallies, &mut settings);
        if settings == before {
            break;
        }
    }
    settings
}

/// Takes away each `defaults` that is longer than what it saves.
fn close(levels: &[Level], columns: &[Column], tallies: &[Vec<Tally>], settings: &mut Settings) {
    let length = |row: &[Setting], at: usize| length(levels, &columns[at], &tallies[at], row);
    for level in (0..levels.len()).rev() {
        let with: Vec<usize> = (0..columns.len())
            .filter(|at| settings[*at][level] != Setting::Inherited)
            .collect();
        let mut gain = levels[level].opening;
        let mut loss = 0;
        for at in &with {
            let mut row = settings[*at].clone();
            gain += length(&row, *at);
            row[level] = Setting::Inherited;
            loss += length(&row, *at);
        }
        if !with.is_empty() && loss <= gain {
            for at in with {
                settings[at][level] = Setting::Inherited;
            }
        }
    }
}

/// The entries of a level, and what is worth a try there.
#[derive(Debug, Default)]
struct Tally {
    /// How many entries of the level itself have each value.
    own: BTreeMap<usize, usize>,
    unmanaged: usize,
    /// The length of all of them if nothing is inherited.
    total: usize,
    /// The values that are frequent here and below, the most frequent first.
    candidates: Vec<usize>,
}

fn tallies(levels: &[Level], column: &Column) -> Vec<Tally> {
    let mut tallies: Vec<Tally> = levels.iter().map(|_| Tally::default()).collect();
    for (level, value) in &column.entries {
        match value {
            Some(value) => {
                *tallies[*level].own.entry(*value).or_default() += 1;
                tallies[*level].total += column.lengths[*value];
            }
            None => tallies[*level].unmanaged += 1,
        }
    }
    let mut below: Vec<BTreeMap<usize, usize>> =
        tallies.iter().map(|tally| tally.own.clone()).collect();
    for level in (0..levels.len()).rev() {
        let here = std::mem::take(&mut below[level]);
        let mut frequent: Vec<(usize, usize)> = here
            .iter()
            .filter(|(value, count)| **count > 1 && column.is_default[**value])
            .map(|(value, count)| (*value, *count))
            .collect();
        frequent.sort_by_key(|(value, count)| (Reverse(count * column.lengths[*value]), *value));
        let values = frequent.into_iter().map(|(value, _)| value);
        tallies[level].candidates = values.take(MOST_CANDIDATES).collect();
        if let Some(parent) = levels[level].parent {
            for (value, count) in here {
                *below[parent].entry(value).or_default() += count;
            }
        }
    }
    tallies
}

impl Tally {
    /// The length of the level's own entries that inherit this.
    fn length(&self, column: &Column, inherited: Option<usize>) -> usize {
        let Some(value) = inherited else {
            return self.total;
        };
        let equal = self.own.get(&value).copied().unwrap_or_default();
        self.total - equal * column.lengths[value] + self.unmanaged * column.stop
    }
}

/// The length of everything below a level with these settings.
fn length(levels: &[Level], column: &Column, tallies: &[Tally], row: &[Setting]) -> usize {
    let mut given: Vec<Option<usize>> = Vec::with_capacity(levels.len());
    let mut length = 0;
    for (level, tally) in tallies.iter().enumerate() {
        let value = match row[level] {
            Setting::Is(value) => {
                length += column.lengths[value];
                Some(value)
            }
            Setting::Inherited => levels[level].parent.and_then(|parent| given[parent]),
        };
        given.push(value);
        length += tally.length(column, value);
    }
    length
}

/// The best settings of one column. `openings`: what the first value of each level costs beside
/// its own length.
fn best(levels: &[Level], column: &Column, tallies: &[Tally], openings: &[usize]) -> Vec<Setting> {
    // For each level and each value that it may inherit: the least length, and the setting.
    let mut table: Vec<BTreeMap<Option<usize>, (usize, Setting)>> =
        levels.iter().map(|_| BTreeMap::new()).collect();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); levels.len()];
    for (level, it) in levels.iter().enumerate() {
        children[it.parent.unwrap_or(level)].extend(it.parent.map(|_| level));
    }
    for level in (0..levels.len()).rev() {
        let below = |value: Option<usize>| {
            let of_children = children[level]
                .iter()
                .map(|child| table[*child].get(&value).map_or(usize::MAX / 4, |it| it.0));
            tallies[level].length(column, value) + of_children.sum::<usize>()
        };
        let set = tallies[level]
            .candidates
            .iter()
            .map(|value| {
                let length = openings[level] + column.lengths[*value] + below(Some(*value));
                (length, Setting::Is(*value))
            })
            .min_by_key(|(length, _)| *length);
        let row: BTreeMap<_, _> = inheritable(levels, tallies, level)
            .into_iter()
            .map(|value| {
                let inherited = (below(value), Setting::Inherited);
                let chosen = set.filter(|set| set.0 < inherited.0).unwrap_or(inherited);
                (value, chosen)
            })
            .collect();
        table[level] = row;
    }
    let mut given: Vec<Option<usize>> = Vec::with_capacity(levels.len());
    let mut settings = Vec::with_capacity(levels.len());
    for (level, it) in levels.iter().enumerate() {
        let from = it.parent.and_then(|parent| given[parent]);
        let setting = table[level]
            .get(&from)
            .map_or(Setting::Inherited, |it| it.1);
        given.push(match setting {
            Setting::Is(value) => Some(value),
            Setting::Inherited => from,
        });
        settings.push(setting);
    }
    settings
}

/// What a level may inherit: nothing, or what is worth a try above it.
fn inheritable(levels: &[Level], tallies: &[Tally], level: usize) -> Vec<Option<usize>> {
    let mut values = vec![None];
    let mut above = levels[level].parent;
    while let Some(at) = above {
        values.extend(tallies[at].candidates.iter().copied().map(Some));
        above = levels[at].parent;
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries of levels below one root, with the values of one column of this length.
    fn settings(entries: &[(usize, Option<usize>)], opening: usize) -> Vec<Setting> {
        let count = entries.iter().map(|(level, _)| level + 1).max().unwrap();
        let levels: Vec<Level> = (0..count)
            .map(|level| Level {
                parent: (level > 0).then_some(0),
                // Deeper lines are longer.
                opening: opening + level.min(1),
            })
            .collect();
        let column = Column {
            entries: entries.to_vec(),
            lengths: vec![20; 3],
            is_default: vec![true, true, false],
            stop: 12,
        };
        choose(&levels, &[column]).remove(0)
    }

    #[test]
    fn what_most_entries_share_is_a_default() {
        use Setting::{Inherited, Is};
        let all = |level, value, times: usize| vec![(level, value); times];
        assert_eq!(settings(&all(1, Some(0), 3), 10), [Is(0), Inherited]);
        // Not worth its own lines.
        assert_eq!(settings(&all(1, Some(0), 2), 30), [Inherited, Inherited]);
        // About one resource only.
        assert_eq!(settings(&all(1, Some(2), 9), 10), [Inherited, Inherited]);
        let two = [all(1, Some(0), 9), all(2, Some(1), 5)].concat();
        assert_eq!(settings(&two, 10), [Is(0), Inherited, Is(1)]);
        // Where nothing is managed, each entry would have to say so.
        let unmanaged = [all(1, Some(0), 4), all(2, None, 9)].concat();
        assert_eq!(settings(&unmanaged, 10), [Inherited, Is(0), Inherited]);
    }
}
