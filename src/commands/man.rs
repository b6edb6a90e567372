//! `portolan man`: the pages of the manual, made from the help.

use std::{fs, path::Path};

use anyhow::Context as _;
use clap::Command;
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};

use super::{files, output, version};
use crate::{
    cli::{self, ManArgs},
    exit::Exit,
    text::counted,
};

pub(super) fn run(args: &ManArgs) -> anyhow::Result<Exit> {
    // The command `help` needs no page: `man` is the help.
    let mut command = cli::command().disable_help_subcommand(true);
    command.build();
    let text = match &args.out {
        None => page(&command)?,
        Some(directory) => {
            let commands = std::iter::once(&command).chain(command.get_subcommands());
            let written = write(directory, commands)?;
            let pages = counted(written, ("page", "pages"));
            format!("Wrote {pages} to {}.\n", directory.display())
        }
    };
    output::document(&text)?;
    Ok(Exit::Done)
}

fn write<'c>(
    directory: &Path,
    commands: impl Iterator<Item = &'c Command>,
) -> anyhow::Result<usize> {
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot create the directory {}", directory.display()))?;
    let mut written = 0;
    for command in commands {
        let name = command.get_display_name().unwrap_or(command.get_name());
        files::replace(&directory.join(format!("{name}.1")), &page(command)?)?;
        written += 1;
    }
    Ok(written)
}

/// The page of one command. Its date is that of the commit, so that it is the same in every build.
fn page(command: &Command) -> anyhow::Result<String> {
    let build = version::build();
    let man = Man::new(command.clone())
        .date(build.date.unwrap_or_default())
        .source(format!("portolan {}", build.version))
        .manual("portolan manual");
    let mut page = Vec::new();
    man.render(&mut page)?;
    let mut codes = Roff::new();
    codes.control("SH", ["EXIT STATUS"]);
    for exit in Exit::ALL {
        codes.control("TP", []);
        codes.text([bold((exit as u8).to_string())]);
        codes.text([roman(exit.meaning())]);
    }
    codes.to_writer(&mut page)?;
    String::from_utf8(page).context("the page is not valid UTF-8")
}
