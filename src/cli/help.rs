//! The list of commands in `portolan help`, in groups. clap has no groups of commands, so they are
//! a part of the template.

use std::fmt::Write as _;

use clap::{Command, CommandFactory as _};
use terminal_size::Width;

use super::Cli;
use crate::render::fit::wrap;

/// Every command, by what a person is about to do. A test fails for one that is in no group.
const GROUPS: [(&str, &[&str]); 5] = [
    ("Everyday", &["validate", "plan", "apply", "drift"]),
    ("Look", &["show", "list", "snapshot", "explain"]),
    ("Adopt", &["init", "export", "adopt"]),
    (
        "Set up",
        &["doctor", "schema", "completion", "man", "version", "help"],
    ),
    ("Emulator", &["emulator"]),
];

/// clap adds this command when it parses, with a text of its own.
const HELP: (&str, &str) = ("help", "Print this list, or the help of a command");

/// The widest help.
const MOST_COLUMNS: usize = 100;

/// The command line, with the commands in groups.
pub fn command() -> Command {
    let command = Cli::command();
    let groups = groups(&command, columns());
    let heading = heading(&command, "Global options");
    command.help_template(format!(
        "{{before-help}}{{about-with-newline}}\n{{usage-heading}} \
        {{usage}}\n\n{groups}{heading}\n{{options}}{{after-help}}"
    ))
}

/// The width that clap uses for the rest of the text.
fn columns() -> usize {
    let of_terminal = terminal_size::terminal_size().map(|(Width(columns), _)| columns.into());
    let set = || std::env::var("COLUMNS").ok()?.parse().ok();
    of_terminal
        .or_else(set)
        .unwrap_or(MOST_COLUMNS)
        .min(MOST_COLUMNS)
}

fn groups(command: &Command, columns: usize) -> String {
    let literal = command.get_styles().get_literal();
    let names = || GROUPS.iter().flat_map(|(_, names)| *names);
    let longest = names().map(|name| name.len()).max().unwrap_or_default();
    let mut out = String::new();
    for (group, names) in GROUPS {
        let _ = writeln!(out, "{}", heading(command, group));
        for name in names {
            let line = format!(
                "  {literal}{name:longest$}{literal:#}  {}",
                about(command, name)
            );
            let lines = wrap(&line, columns, longest + 4).join("\n");
            let _ = writeln!(out, "{lines}");
        }
        out.push('\n');
    }
    out
}

fn heading(command: &Command, text: &str) -> String {
    let style = command.get_styles().get_header();
    format!("{style}{text}:{style:#}")
}

fn about(command: &Command, name: &str) -> String {
    let found = command.find_subcommand(name);
    found
        .and_then(Command::get_about)
        .map_or_else(|| HELP.1.to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_is_in_one_group() {
        let command = Cli::command();
        let mut ours: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        ours.push(HELP.0);
        let mut grouped: Vec<&str> = GROUPS
            .iter()
            .flat_map(|(_, names)| names.iter().copied())
            .collect();
        ours.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(
            ours, grouped,
            "left: the commands, right: those in the groups"
        );
    }

    #[test]
    fn long_lines_break_below_their_own_column() {
        let names = || GROUPS.iter().flat_map(|(_, names)| *names);
        let longest = names().map(|name| name.len()).max().unwrap();
        for columns in [40, 60, 100] {
            let text = groups(&Cli::command(), columns);
            let text = anstream::adapter::strip_str(&text).to_string();
            for line in text.lines() {
                assert!(line.chars().count() <= columns, "{columns}: {line}");
                let begin = line.len() - line.trim_start().len();
                assert!([0, 2, longest + 4].contains(&begin), "{columns}: {line}");
            }
        }
    }

    /// clap would take it for a tag of the template.
    #[test]
    fn no_text_has_a_brace() {
        assert!(!groups(&Cli::command(), MOST_COLUMNS).contains('{'));
    }
}
