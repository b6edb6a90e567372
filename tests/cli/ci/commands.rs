//! The commands, options and variables that the examples and their page name are those of the
//! program.

use std::{fs, path::Path};

use clap::CommandFactory as _;
use portolan::cli::Cli;

use super::files::{names, scripts, text};

const PAGE: &str = include_str!("../../../docs/ci.md");

/// After these, a shell reads the next word as a command.
const BEFORE_A_COMMAND: [&str; 7] = ["", "||", "&&", "|", "then", "do", "!"];

const AFTER_A_COMMAND: [&str; 7] = [">", ">>", "2>", "||", "&&", "|", ";"];

/// The command lines of portolan in a script, as words; a variable is one of them.
fn command_lines(script: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for line in script.replace("\\\n", " ").lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        for (at, _) in words
            .iter()
            .enumerate()
            .filter(|(_, word)| **word == "portolan")
        {
            let before = if at == 0 { "" } else { words[at - 1] };
            assert!(
                BEFORE_A_COMMAND.contains(&before),
                "is this a command? {line}"
            );
            let line = words[at..]
                .iter()
                .take_while(|word| !AFTER_A_COMMAND.contains(word));
            found.push(line.map(|word| word.trim_matches('"').to_owned()).collect());
        }
    }
    found
}

#[track_caller]
fn is_known(place: &str, line: &[String]) {
    if let Err(error) = Cli::command().try_get_matches_from(line) {
        panic!("{place}: `{}` is no command line: {error}", line.join(" "));
    }
}

#[test]
fn every_command_line_is_one_of_portolan() {
    let mut commands = Vec::new();
    for script in names().iter().flat_map(|name| scripts(name)) {
        for line in command_lines(&script.text) {
            is_known(&script.name, &line);
            commands.push(line[1].clone());
        }
    }
    commands.sort();
    let twice = [
        "apply", "apply", "drift", "drift", "plan", "plan", "validate", "validate",
    ];
    assert_eq!(commands, twice, "two forges");
}

#[test]
fn every_command_line_of_the_page_is_one_of_portolan() {
    let spans = PAGE
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|span| span.starts_with("portolan "));
    let lines: Vec<Vec<String>> = spans.flat_map(command_lines).collect();
    assert!(lines.len() >= 4, "{lines:?}");
    lines.iter().for_each(|line| is_known("docs/ci.md", line));
}

#[test]
fn a_mistyped_option_would_be_found() {
    let line =
        &command_lines("code=0\nportolan plan --detailed-exitcod \\\n  > plan.md || code=$?")[0];
    assert_eq!(line[..], ["portolan", "plan", "--detailed-exitcod"]);
    assert!(Cli::command().try_get_matches_from(line).is_err());
}

fn sources(folder: &Path, out: &mut String) {
    for path in fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        if path.is_dir() {
            sources(&path, out);
        } else {
            out.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_variable_is_one_that_the_program_reads() {
    let mut program = String::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut program,
    );
    let texts = names().into_iter().map(|name| (text(&name), name));
    let mut count = 0;
    for (text, place) in texts.chain([(PAGE.to_owned(), "docs/ci.md".to_owned())]) {
        let words = text.split(|letter: char| !letter.is_ascii_uppercase() && letter != '_');
        let ours = |word: &&str| {
            ["PORTOLAN_", "HUAWEICLOUD_", "HW_"]
                .iter()
                .any(|start| word.starts_with(start))
        };
        for word in words.filter(ours) {
            assert!(
                program.contains(&format!("\"{word}\"")),
                "{place}: portolan does not read `{word}`"
            );
            count += 1;
        }
    }
    assert!(count > 10, "{count}");
}

#[test]
fn every_metric_of_the_page_is_one_that_is_written() {
    let metrics = include_str!("../../../src/render/metrics.rs");
    let page = include_str!("../../../docs/kubernetes.md");
    let words = page.split(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
    let named: Vec<&str> = words.filter(|word| word.starts_with("portolan_")).collect();
    assert!(named.len() >= 2, "{named:?}");
    for name in named {
        assert!(
            metrics.contains(&format!("\"{name}\"")),
            "no metric is called `{name}`"
        );
    }
}
