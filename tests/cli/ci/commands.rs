//! The commands, options and variables that the examples and their page name are those of the
//! program.

use std::{fs, path::Path};

use clap::CommandFactory as _;
use portolan::cli::Cli;

use super::files::{names, scripts, text};
use crate::installed::root;

const PAGE: &str = include_str!("../../../docs/ci.md");

/// After these, a shell reads the next word as a command.
const BEFORE_A_COMMAND: [&str; 7] = ["", "||", "&&", "|", "then", "do", "!"];

const AFTER_A_COMMAND: [&str; 7] = [">", ">>", "2>", "||", "&&", "|", ";"];

/// The command lines of portolan in a script, as words; a variable is one of them. The function of
/// the template that adds the inputs counts as the program.
fn command_lines(script: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for line in script.replace("\\\n", " ").lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.first().is_some_and(|word| word.starts_with('#')) {
            continue;
        }
        for at in 0..words.len() {
            let before = words[..at].join(" ");
            let is_text = before.matches('"').count() % 2 == 1;
            if !["portolan", "portolan_with"].contains(&words[at]) || is_text {
                continue;
            }
            let previous = if at == 0 { "" } else { words[at - 1] };
            assert!(
                BEFORE_A_COMMAND.contains(&previous),
                "is this a command? {line}"
            );
            let more = words[at + 1..]
                .iter()
                .take_while(|word| !AFTER_A_COMMAND.contains(word))
                // The options of the inputs, which are an array.
                .filter(|word| !word.contains("{options[@]"))
                .map(|word| word.trim_matches('"'));
            let words: Vec<String> = ["portolan"]
                .into_iter()
                .chain(more)
                .map(str::to_owned)
                .collect();
            if words.get(1).is_some_and(|word| word != "$@") {
                found.push(words);
            }
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
    for script in scripts() {
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
    let ours = ["action.yml", "templates/portolan.yml", "docs/ci.md"];
    let ours = ours.map(|name| {
        (
            fs::read_to_string(root().join(name)).unwrap(),
            name.to_owned(),
        )
    });
    let mut count = 0;
    for (text, place) in texts.chain(ours) {
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
