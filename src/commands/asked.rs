//! The patterns of the command line. They can only be resolved with a chart, which has the names.

use super::UsageError;
use crate::{
    cli::SelectionArgs,
    copies::Wanted,
    pattern::{Names, Pattern, Written},
    plan::finding,
    scope::Selection,
    state::Chart,
};

/// What a command selects, and which drift it does not count.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) selection: Selection,
    pub(super) ignores: Vec<Pattern>,
    /// The rules that are run, whatever the chart says.
    pub(super) backfills: Vec<Pattern>,
    /// The codes of findings that are not counted.
    pub(super) ignored_codes: Vec<&'static str>,
    /// The rules whose targets are compared with their sources.
    pub(super) copies: Wanted,
    /// Whether the jobs of rules are read.
    pub(super) jobs: bool,
    /// What names the targets on the command line.
    pub(super) selected_by: &'static str,
}

impl Asked {
    pub(super) fn read(
        args: &SelectionArgs,
        ignore: &[Written],
        backfill: &[Written],
        chart: &Chart,
    ) -> Result<Asked, UsageError> {
        let names = chart.names();
        let (mut ignored_codes, mut others) = (Vec::new(), Vec::new());
        for written in ignore {
            match finding_code(written, &names) {
                Some(code) => ignored_codes.push(code),
                None => others.push(written.clone()),
            }
        }
        Ok(Asked {
            selection: Selection {
                targets: patterns(TARGET, &args.target, &names)?,
                excludes: patterns("--exclude", &args.exclude, &names)?,
                ..Selection::default()
            },
            ignores: patterns("--ignore", &others, &names)?,
            backfills: patterns("--backfill", backfill, &names)?,
            ignored_codes,
            copies: Wanted::Nothing,
            jobs: false,
            selected_by: TARGET,
        })
    }

    /// What `adopt` covers.
    pub(super) fn adopting(written: &[Written], chart: &Chart) -> Result<Asked, UsageError> {
        Ok(Asked {
            selection: Selection {
                targets: patterns("PATTERN", written, &chart.names())?,
                ..Selection::default()
            },
            selected_by: "adopt",
            ..Asked::default()
        })
    }
}

const TARGET: &str = "--target";

/// The code of a finding, unless the chart has something of this name.
fn finding_code(written: &Written, names: &Names<'_>) -> Option<&'static str> {
    let code = finding::CODES
        .into_iter()
        .find(|code| written.text() == *code)?;
    (!names.has_top(code)).then_some(code)
}

fn patterns(
    option: &str,
    written: &[Written],
    names: &Names<'_>,
) -> Result<Vec<Pattern>, UsageError> {
    let read = |written: &Written| {
        let problem = |problem| UsageError(format!("invalid value for `{option}`: {problem}"));
        written.clone().on_command_line(names).map_err(problem)
    };
    written.iter().map(read).collect()
}
