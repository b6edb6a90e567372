//! The `portolan` binary: parse, run, exit code.

use std::{io::Write as _, process::ExitCode};

use clap::error::ErrorKind;
use portolan::{
    cli::{self, Cli},
    commands,
    exit::Exit,
};

fn main() -> ExitCode {
    let exit = match Cli::read() {
        Ok(cli) => commands::run(&cli).unwrap_or_else(|error| commands::fail(&error)),
        Err(error) => {
            let (error, hint) = cli::explained(error, &cli::typed());
            cli::tell(&error);
            if let Some(hint) = hint {
                let _ = writeln!(anstream::stderr(), "{hint}");
            }
            match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
                _ => Exit::Usage,
            }
        }
    };
    exit.into()
}
