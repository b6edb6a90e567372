//! The `portolan` binary: parse, run, exit code.

use std::process::ExitCode;

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
    let typed = cli::typed();
    if let Some(exit) = commands::reply(&typed) {
        return exit.into();
    }
    let exit = match Cli::read() {
        Ok(cli) => commands::run(&cli).unwrap_or_else(|error| commands::fail(&error)),
        Err(error) if !error.use_stderr() => {
            commands::help(&error);
            Exit::Done
        }
        Err(error) => {
            let (error, hint) = cli::explained(error, &typed);
            cli::print(&error);
            if let Some(hint) = hint {
                terminal::print_line(&hint);
            }
            Exit::Usage
        }
    };
    exit.into()
}
