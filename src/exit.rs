//! The exit codes. Scripts rely on them, so this is the only list.

use std::process::ExitCode;

/// The result of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or no changes.
    Done = 0,
    /// Failed, incomplete, refused, stopped or unknown.
    Failed = 1,
    /// Changes are present: from `drift`, and from `plan --detailed-exitcode`.
    Changes = 2,
    /// The command line is wrong. Not clap's 2: a typo must not read as drift.
    Usage = 64,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}
