//! The codes of diagnostics and their explanations, as `portolan explain` and
//! `docs/diagnostics.md` print them.
//!
//! Data only. A published code keeps its meaning, because scripts and waivers name it.

mod findings;
mod kinds;
mod lints;
mod meaning;
mod plans;
mod retention;
mod sharing;
mod stops;
#[cfg(test)]
mod tests;
mod values;
mod yaml;

use super::Severity;

/// A code with its explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    pub name: &'static str,
    pub severity: Severity,
    /// One sentence.
    pub summary: &'static str,
    /// Why it is wrong: the rule of the service or of the chart language.
    pub explanation: &'static str,
    pub example: Example,
}

/// An example of the finding, and how to fix it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Example {
    /// Whole charts: the first has this finding and no other, the second has none.
    Charts {
        wrong: &'static str,
        right: &'static str,
    },
    /// What to do, if no small chart can show it.
    Advice(&'static str),
}

/// By subject; each list is sorted by name.
static LISTS: [&[Code]; 7] = [
    yaml::CODES,
    values::CODES,
    meaning::CODES,
    kinds::CODES,
    lints::CODES,
    sharing::CODES,
    retention::CODES,
];

/// All codes, sorted by name.
pub fn all() -> Vec<&'static Code> {
    let mut codes: Vec<&Code> = LISTS.into_iter().flatten().collect();
    codes.sort_unstable_by_key(|code| code.name);
    codes
}

/// The codes for the changes and states of a plan, sorted by name. They are not diagnostics, so
/// [`all`] does not contain them.
pub(crate) fn of_plans() -> impl Iterator<Item = &'static Code> {
    plans::CODES.iter()
}

/// The codes in a plan's `stopped` list, sorted by name.
pub(crate) fn of_stops() -> impl Iterator<Item = &'static Code> {
    stops::CODES.iter()
}

/// The codes in a plan's `findings` list, sorted by name.
pub(crate) fn of_findings() -> impl Iterator<Item = &'static Code> {
    findings::CODES.iter()
}

/// Every code that `portolan explain` knows.
pub fn explained() -> impl Iterator<Item = &'static Code> {
    LISTS
        .into_iter()
        .flatten()
        .chain(of_plans())
        .chain(of_findings())
        .chain(of_stops())
}

/// Codes that have another name now. Waivers may still name them.
const OLD_NAMES: [(&str, &str); 1] =
    [("unknown-target-organization", "target-organization-missing")];

/// The name that a code has now.
pub(crate) fn current(name: &str) -> &str {
    let mut old = OLD_NAMES.into_iter();
    old.find(|(old, _)| *old == name)
        .map_or(name, |(_, now)| now)
}

/// The code of that name.
pub fn find(name: &str) -> Option<&'static Code> {
    let name = current(name);
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
