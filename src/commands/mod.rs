//! One file for each command, which connects the stages and has no logic of its own. What several
//! commands share is in `session` (the chart), `door` (the services), `runtime`, `paths`, `files`,
//! `secrets` and `output`.

mod adopt;
mod apply;
mod asked;
mod beside;
mod callers;
mod checkout;
mod cloud;
mod completion;
mod deadline;
mod doctor;
mod door;
mod drift;
mod emulator;
mod explain;
mod export;
mod files;
mod from_snapshot;
mod init;
mod list;
mod logins;
mod man;
mod output;
mod pager;
mod paths;
mod plan;
mod receipt;
mod runtime;
mod schema;
mod secrets;
mod session;
mod show;
mod show_file;
mod signals;
mod snapshot;
mod streamed;
mod validate;
mod version;

pub use self::completion::reply;
use crate::{
    cli::{self, Cli, Command},
    exit::Exit,
};

/// The command line is invalid in a way that clap does not check.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UsageError(String);

/// Runs the command. The caller prints the error.
pub fn run(cli: &Cli) -> anyhow::Result<Exit> {
    let global = &cli.global;
    output::log(global);
    // Before any work, so that a signal ends even the first process of a container.
    signals::take_over();
    if let ([_, second, ..], false) = (
        &*global.region,
        matches!(
            cli.command,
            Command::Export(_) | Command::List(_) | Command::Doctor(_)
        ),
    ) {
        let problem = format!(
            "`--region {second}` is a second region: only `export`, `list` and `doctor` take several"
        );
        return Err(UsageError(problem).into());
    }
    match &cli.command {
        Command::Init(args) => init::run(global, args),
        Command::Export(args) => export::run(global, args),
        Command::Validate(args) => validate::run(global, args),
        Command::Plan(args) => plan::run(global, args),
        Command::Drift(args) => drift::run(global, args),
        Command::Apply(args) => apply::run(global, args),
        Command::Doctor(args) => doctor::run(global, args),
        Command::Adopt(args) => adopt::run(global, args),
        Command::Show(args) => show_file::run(global, args),
        Command::List(args) => list::run(global, args),
        Command::Snapshot(args) => snapshot::run(global, args),
        Command::Explain(args) => explain::run(global, args),
        Command::Schema(args) => schema::run(global, args),
        Command::Completion(args) => completion::run(args),
        Command::Man(args) => man::run(args),
        Command::Emulator(args) => emulator::run(global, args),
        Command::Version(args) => version::run(args),
    }
}

/// Prints the help that clap made.
pub fn help(help: &clap::Error) {
    signals::take_over();
    let text = help.render().ansi().to_string();
    // Ignored: there is no other place to print to.
    let _ = output::help(&text, cli::forbids_pager());
}

/// Prints an error with its causes, and returns its exit code.
pub fn fail(error: &anyhow::Error) -> Exit {
    output::print_line(&format!("error: {error:#}"));
    if error.downcast_ref::<UsageError>().is_some() {
        Exit::Usage
    } else {
        Exit::Failed
    }
}
