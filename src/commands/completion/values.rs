//! The values of options and arguments that only portolan knows. clap itself knows the options, the
//! commands, and the values of a fixed list.

use std::{env, ffi::OsStr, path::PathBuf};

use clap::{Arg, Command, ValueHint};
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};

use super::{ANY_FILE, charts};
use crate::{
    completion::{Shell, addresses::beginning_with},
    config::{self, context::Context, load},
    diagnostics::codes,
    drift::NOTHING,
    export,
    plan::finding,
    region,
    risk::RiskClass,
    state::Chart,
};

/// The command line with the values of its options and arguments.
pub(super) fn with_values(command: Command, shell: Shell, words: &[String]) -> Command {
    let give = |argument: Arg| with_value(argument, shell, words);
    command
        .mut_args(give)
        .mut_subcommands(|command| command.mut_args(give))
}

fn with_value(argument: Arg, shell: Shell, words: &[String]) -> Arg {
    match argument.get_id().as_str() {
        "target" | "exclude" | "ignore" | "backfill" | "pattern" | "patterns" => {
            argument.add(addresses(words))
        }
        "allow" => argument.add(ArgValueCandidates::new(classes)),
        "fail_on" => argument.add(ArgValueCandidates::new(findings)),
        "code" => argument.add(ArgValueCandidates::new(explained)),
        "region" => argument.add(ArgValueCandidates::new(regions)),
        "include" => argument.add(ArgValueCandidates::new(optional)),
        "parallelism" => argument.add(ArgValueCandidates::new(|| vec!["auto".into()])),
        // fish has no function that completes files behind `--file=`.
        _ if is_path(&argument) && shell != Shell::Fish => {
            // Not `ArgValueCandidates`, which keep only what begins with what is typed.
            argument.add(ArgValueCompleter::new(|_: &OsStr| vec![ANY_FILE.into()]))
        }
        _ => argument,
    }
}

fn is_path(argument: &Arg) -> bool {
    !matches!(
        argument.get_value_hint(),
        ValueHint::Unknown | ValueHint::Other
    )
}

/// The chart is read only if one of these options is typed.
fn addresses(words: &[String]) -> ArgValueCompleter {
    let words = words.to_vec();
    ArgValueCompleter::new(move |typed: &OsStr| {
        let typed = typed.to_str().unwrap_or_default();
        let found = chart(&words).map(|chart| beginning_with(&chart, typed));
        let candidate = |found: crate::completion::Candidate| {
            CompletionCandidate::new(found.value).help(Some(found.about.into()))
        };
        found
            .unwrap_or_default()
            .into_iter()
            .map(candidate)
            .collect()
    })
}

/// The chart as far as it can be read, errors or not: it is being written.
fn chart(words: &[String]) -> Option<Chart> {
    let named = charts(words);
    // A pipe or a terminal would be waited for, and what is read from it is lost for the command.
    let files: Vec<PathBuf> = named
        .iter()
        .filter(|path| !load::is_stream(path) && (path.is_file() || path.is_dir()))
        .cloned()
        .collect();
    if files.is_empty() && !named.is_empty() {
        return None;
    }
    let loaded = load::load(&files).ok()?;
    let region = of_option(words, '\0', "region").pop();
    let region = region.or_else(|| env::var("PORTOLAN_REGION").ok());
    let decoded = config::decode(Context {
        sources: &loaded.sources,
        environment: &|name| env::var(name).ok(),
        region: region.as_deref(),
    });
    Some(decoded.chart)
}

/// The values of an option on an unfinished line, in all ways to write them.
pub(super) fn of_option(words: &[String], short: char, long: &str) -> Vec<String> {
    let (short, long) = (format!("-{short}"), format!("--{long}"));
    // The last word is being typed.
    let words = &words[..words.len() - 1];
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let joined = word
            .strip_prefix(&long)
            .and_then(|rest| rest.strip_prefix('='));
        let value = if *word == long || *word == short {
            words.get(at + 1).map(String::as_str)
        } else {
            joined.or_else(|| word.strip_prefix(&short))
        };
        found.extend(value.map(str::to_owned));
    }
    found
}

fn classes() -> Vec<CompletionCandidate> {
    RiskClass::ALL
        .into_iter()
        .map(|class| class.name().into())
        .collect()
}

fn findings() -> Vec<CompletionCandidate> {
    let codes = finding::CODES.into_iter().chain([NOTHING]);
    codes.map(CompletionCandidate::from).collect()
}

fn explained() -> Vec<CompletionCandidate> {
    codes::explained().map(|code| code.name.into()).collect()
}

fn optional() -> Vec<CompletionCandidate> {
    export::optional().into_iter().map(Into::into).collect()
}

fn regions() -> Vec<CompletionCandidate> {
    let mut regions: Vec<&str> = region::known().collect();
    regions.sort_unstable();
    regions.dedup();
    regions.into_iter().map(Into::into).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    /// Arguments whose values nobody can know, such as a number or a time.
    const FREE: &str = "allow_endpoint timeout organizations max_bytes wait listen verify latency \
        rate quota assume fault help profile max_age";

    #[test]
    fn each_value_is_completed_or_on_the_list_of_free_ones() {
        let words = vec![String::new()];
        let mut command = with_values(cli::command(), Shell::Bash, &words);
        command.build();
        let all = std::iter::once(&command).chain(command.get_subcommands());
        for argument in all.flat_map(Command::get_arguments) {
            let takes = argument
                .get_num_args()
                .is_some_and(|range| range.takes_values());
            let known = argument.get::<ArgValueCompleter>().is_some()
                || argument.get::<ArgValueCandidates>().is_some()
                || !argument.get_possible_values().is_empty();
            let name = argument.get_id().as_str();
            let free = FREE.split_whitespace().any(|free| free == name);
            assert!(
                !takes || known != free,
                "{name}: completed: {known}, free: {free}"
            );
        }
    }

    #[test]
    fn an_option_is_found_in_every_form() {
        let words: Vec<String> = "p -f a plan --file b --file=c -fd --files x --file"
            .split(' ')
            .map(str::to_owned)
            .collect();
        assert_eq!(of_option(&words, 'f', "file"), ["a", "b", "c", "d"]);
    }
}
