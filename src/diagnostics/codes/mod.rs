//! Every code that a diagnostic can carry, and what it means: the texts of `portolan explain` and
//! of `docs/diagnostics.md`.
//!
//! Data only. A code once published keeps its meaning, because scripts and waivers name it.

mod lints;
mod meaning;
mod plans;
mod stops;
#[cfg(test)]
mod tests;
mod values;
mod yaml;

use super::Severity;

/// What stands behind a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    pub name: &'static str,
    pub severity: Severity,
    /// One sentence.
    pub summary: &'static str,
    /// Why it is wrong: what the service or the language says.
    pub explanation: &'static str,
    pub example: Example,
}

/// How it looks, and how to mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Example {
    /// Whole charts: the first has this finding and no other, the second has none.
    Charts {
        wrong: &'static str,
        right: &'static str,
    },
    /// What to do, where no small chart could show it.
    Advice(&'static str),
}

/// By subject; each list is sorted by name.
static LISTS: [&[Code]; 4] = [yaml::CODES, values::CODES, meaning::CODES, lints::CODES];

/// All codes, sorted by name.
pub fn all() -> Vec<&'static Code> {
    let mut codes: Vec<&Code> = LISTS.into_iter().flatten().collect();
    codes.sort_unstable_by_key(|code| code.name);
    codes
}

/// The codes of reports about a plan, sorted by name: no diagnostics, and so not among [`all`].
pub fn of_plans() -> impl Iterator<Item = &'static Code> {
    plans::CODES.iter()
}

/// The codes in `stopped` of a plan, sorted by name.
pub fn of_stops() -> impl Iterator<Item = &'static Code> {
    stops::CODES.iter()
}

/// Every code that `portolan explain` knows.
pub fn explained() -> impl Iterator<Item = &'static Code> {
    LISTS
        .into_iter()
        .flatten()
        .chain(of_plans())
        .chain(of_stops())
}

/// The code of that name.
pub fn find(name: &str) -> Option<&'static Code> {
    explained().find(|code| code.name == name)
}

const fn error(
    name: &'static str,
    summary: &'static str,
    explanation: &'static str,
    example: Example,
) -> Code {
    Code {
        name,
        severity: Severity::Error,
        summary,
        explanation,
        example,
    }
}

const fn warning(
    name: &'static str,
    summary: &'static str,
    explanation: &'static str,
    example: Example,
) -> Code {
    Code {
        name,
        severity: Severity::Warning,
        summary,
        explanation,
        example,
    }
}

const fn charts(wrong: &'static str, right: &'static str) -> Example {
    Example::Charts { wrong, right }
}
