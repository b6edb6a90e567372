//! The patterns of the command line. They can only be resolved with a chart, which has the names.

use super::UsageError;
use crate::{
    cli::SelectionArgs,
    pattern::{Names, Pattern, Written},
    scope::Selection,
    state::Chart,
};

/// What a command selects, and which drift it does not count.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) selection: Selection,
    pub(super) ignores: Vec<Pattern>,
}

impl Asked {
    pub(super) fn read(
        args: &SelectionArgs,
        ignore: &[Written],
        chart: &Chart,
    ) -> Result<Asked, UsageError> {
        let names = chart.names();
        Ok(Asked {
            selection: Selection {
                targets: patterns("--target", &args.target, &names)?,
                excludes: patterns("--exclude", &args.exclude, &names)?,
            },
            ignores: patterns("--ignore", ignore, &names)?,
        })
    }
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
