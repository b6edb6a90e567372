//! The `portolan` binary: parse, run, exit code.

use std::process::ExitCode;

use clap::error::ErrorKind;
use portolan::{
    cli::{self, Cli},
    commands,
    exit::Exit,
    progress::terminal,
};

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let exit = match Cli::read() {
        Ok(cli) => commands::run(&cli).unwrap_or_else(|error| commands::fail(&error)),
        Err(error) => {
            let (error, hint) = cli::explained(error, &cli::typed());
            cli::print(&error);
            if let Some(hint) = hint {
                terminal::print_line(&hint);
            }
            match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
                _ => Exit::Usage,
            }
        }
    };
    exit.into()
}
