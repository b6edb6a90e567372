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

impl Exit {
    pub const ALL: [Exit; 4] = [Exit::Done, Exit::Failed, Exit::Changes, Exit::Usage];

    /// For the pages of the manual.
    pub fn meaning(self) -> &'static str {
        match self {
            Exit::Done => "Done, or no changes.",
            Exit::Failed => "Failed, incomplete, refused, stopped or unknown.",
            Exit::Changes => "Changes are present: from drift, and from plan --detailed-exitcode.",
            Exit::Usage => "The command line is wrong.",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}
