//! Hints for people who know Terraform, decK or kubectl: the options and commands of those tools,
//! and what portolan has instead.
//!
//! clap's own suggestion is removed where it is wrong: `--force` is not a mistyped `--format`, and
//! an unknown option is never a value.

use clap::{
    CommandFactory as _,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::Cli;

/// Foreign options, without dashes, and what to do instead.
const OPTIONS: &[(&str, &str)] = &[
    (
        "auto-approve approve assume-yes y no-confirm non-interactive input",
        ASKS,
    ),
    (
        "force",
        "`apply --yes` does not ask; a withheld change needs `--allow CLASS`",
    ),
    (
        "o output",
        "`plan --out FILE` saves a plan, `--format json` prints it as JSON",
    ),
    ("json", "`--format json` prints JSON"),
    (
        "yaml",
        "`--format diff` prints a plan as YAML, `validate --print` the chart",
    ),
    ("sarif", "`--format sarif` prints SARIF"),
    (
        "dry-run check",
        "`portolan plan` shows what `apply` would do, and only reads",
    ),
    ("var var-file set values", VARIABLES),
    (
        "filename config config-file chart",
        "`--file PATH` names the chart",
    ),
    (
        "state s state-out backup",
        "there is no state file; `--file PATH` names the chart, and the rest is read from the \
        service",
    ),
    (
        "refresh refresh-only lock lock-timeout backend backend-config upgrade reconfigure",
        NO_STATE,
    ),
    ("destroy delete", ABSENT),
    ("replace taint", REPLACES),
    (
        "prune purge",
        "`unlisted: delete` in an organization of the chart deletes what no file lists",
    ),
    (
        "chdir C",
        "change the directory first, or name the chart with `--file PATH`",
    ),
    (
        "namespace n organization project select-tag workspace selector l",
        "`--target PATTERN` selects a part, such as `--target team-a`",
    ),
    (
        "recursive R kustomize k",
        "`--file DIRECTORY` reads its `*.yaml` and `*.yml`, and may be given several times; it \
        does not look into directories below",
    ),
    (
        "non-zero-exit-code exit-code",
        "`plan --detailed-exitcode` and `drift` exit with 2 if there are changes",
    ),
    (
        "insecure insecure-skip-tls-verify tls-skip-verify",
        "`--ca-file PATH` names an authority to trust",
    ),
    (
        "endpoint server kong-addr host",
        "`PORTOLAN_ENDPOINT_SWR`, or `endpoints` in the chart, names another endpoint",
    ),
    (
        "access-key secret-key ak sk token profile context kubeconfig",
        CREDENTIALS,
    ),
    ("debug trace", "`-vv` logs every request"),
    ("no-colour", "`--no-color`"),
];

/// Foreign commands, and what to do instead.
const COMMANDS: &[(&str, &str)] = &[
    (
        "import dump pull",
        "`portolan export ORGANIZATION --region REGION` writes what is live as a chart",
    ),
    (
        "push sync deploy up run",
        "`portolan apply` makes the changes",
    ),
    ("diff preview compare", "`portolan plan` shows the changes"),
    ("destroy delete down remove rm", ABSENT),
    (
        "lint check verify test",
        "`portolan validate` checks the chart",
    ),
    (
        "create edit patch set update",
        "change the chart; `portolan plan` and `portolan apply` do the rest",
    ),
    (
        "state refresh output",
        "there is no state file; `portolan plan` compares the chart with what is live, and `portolan \
        list` shows that",
    ),
    ("get ls describe", "`portolan list` shows what is live"),
    ("login configure auth", CREDENTIALS),
    (
        "serve server mock simulate",
        "`portolan emulator` serves the emulated API",
    ),
    ("taint untaint replace", REPLACES),
    (
        "workspace",
        "`--file PATH` names another chart, and `--target PATTERN` selects a part of one",
    ),
    (
        "ping",
        "`portolan plan` reads from the services, and reports what it cannot read",
    ),
    (
        "gateway",
        "use `portolan plan`, `portolan apply` and `portolan export` directly",
    ),
];

const ASKS: &str = "`apply --yes` makes the changes without a question";
const VARIABLES: &str = "`${env:NAME}` in a chart is the value of the variable `PORTOLAN_VAR_NAME`";
const REPLACES: &str =
    "portolan replaces an object only if a change is impossible in place, and then by itself";
const NO_STATE: &str = "there is no state file and no lock: every run reads what is live";
const ABSENT: &str =
    "write `state: absent` at the entry in the chart; `portolan plan` shows what that deletes";
const CREDENTIALS: &str = "credentials come from the environment: `HUAWEICLOUD_SDK_AK` and \
    `HUAWEICLOUD_SDK_SK`, or `HW_ACCESS_KEY` and `HW_SECRET_KEY`";

/// The error without wrong suggestions, and what to do instead where that is known.
pub fn explained(mut error: clap::Error, typed: &[String]) -> (clap::Error, Option<String>) {
    let invalid = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let invalid_argument = invalid(ContextKind::InvalidArg);
    let hint = match error.kind() {
        ErrorKind::UnknownArgument => invalid_argument
            .as_ref()
            .and_then(|word| argument(word, typed)),
        ErrorKind::InvalidSubcommand => {
            invalid(ContextKind::InvalidSubcommand).and_then(|word| command(&word, typed))
        }
        _ => None,
    };
    // clap names a cluster of short options by its first unknown letter. The hint is about the
    // whole word, so the error has to name that too.
    if let Some(word) = invalid_argument.as_ref().filter(|_| hint.is_some()) {
        error.insert(
            ContextKind::InvalidArg,
            ContextValue::String(whole(word, typed).to_owned()),
        );
    }
    if hint.is_some() {
        for tip in [
            ContextKind::SuggestedArg,
            ContextKind::SuggestedSubcommand,
            ContextKind::Suggested,
        ] {
            error.remove(tip);
        }
    }
    // clap has no kind of its own for the tip "to pass '--x' as a value, use '-- --x'".
    let is_value = |tips: &ContextValue| tips.to_string().contains("as a value");
    if error.get(ContextKind::Suggested).is_some_and(is_value) {
        error.remove(ContextKind::Suggested);
    }
    (error, hint.map(|hint| format!("hint: {hint}")))
}

/// A long option after one dash, such as `-format`: clap would read `-f` with the path `ormat`.
pub(super) fn misread(typed: &[String]) -> Option<&str> {
    let options = typed.iter().skip(1).take_while(|word| *word != "--");
    let mut single = options.filter(|word| word.starts_with("-f"));
    single
        .find(|word| is_ours(name(word)) || found(OPTIONS, name(word)).is_some())
        .map(String::as_str)
}

fn argument(invalid: &str, typed: &[String]) -> Option<String> {
    if !invalid.starts_with('-') {
        return operand(invalid, typed);
    }
    let word = whole(invalid, typed);
    if let Some(instead) = found(OPTIONS, name(word)) {
        return Some(instead.to_owned());
    }
    let is_single = !word.starts_with("--");
    (is_single && is_ours(name(word))).then(|| format!("write `--{}`, with two dashes", name(word)))
}

/// The hint for an operand where none is accepted: most often a chart.
fn operand(word: &str, typed: &[String]) -> Option<String> {
    let before = typed
        .iter()
        .position(|other| other == word)
        .and_then(|at| typed.get(at.checked_sub(1)?));
    // The value of `--emulator` is optional, so it needs the equals sign: without one, the next
    // word is an operand or a command.
    if before.is_some_and(|before| before == "--emulator") {
        return Some(emulator(word));
    }
    let has_end = |ends: &[&str]| ends.iter().any(|end| word.ends_with(end));
    if has_end(&[".json"]) {
        return Some(
            "`portolan apply FILE` applies a saved plan, and `portolan show FILE` prints it"
                .to_owned(),
        );
    }
    let is_chart = has_end(&[".yaml", ".yml", "/"]) || word == "portolan";
    is_chart.then(|| format!("name each chart with `--file`: `--file {word}`"))
}

fn command(word: &str, typed: &[String]) -> Option<String> {
    let before = typed
        .iter()
        .position(|other| other == word)
        .and_then(|at| typed.get(at.checked_sub(1)?));
    if before.is_some_and(|before| before == "--emulator") {
        return Some(emulator(word));
    }
    found(COMMANDS, word).map(str::to_owned)
}

fn emulator(path: &str) -> String {
    format!("write `--emulator={path}`, with the equals sign")
}

/// The word that was typed, where clap names only one of its letters.
fn whole<'t>(invalid: &'t str, typed: &'t [String]) -> &'t str {
    let letter = invalid
        .strip_prefix('-')
        .filter(|rest| rest.chars().count() == 1);
    let holds = |word: &&String| match letter {
        Some(letter) => !word.starts_with("--") && word.starts_with('-') && word.contains(letter),
        None => *word == invalid || word.starts_with(&format!("{invalid}=")),
    };
    typed
        .iter()
        .skip(1)
        .find(holds)
        .map_or(invalid, String::as_str)
}

/// An option without its dashes and its value.
fn name(word: &str) -> &str {
    let word = word.trim_start_matches('-');
    word.split_once('=').map_or(word, |(name, _)| name)
}

fn found(words: &[(&str, &'static str)], wanted: &str) -> Option<&'static str> {
    let row = words
        .iter()
        .find(|(words, _)| words.split(' ').any(|word| word == wanted));
    row.map(|(_, instead)| *instead)
}

/// Whether some command has an option of that name.
fn is_ours(name: &str) -> bool {
    let command = Cli::command();
    let commands = std::iter::once(&command).chain(command.get_subcommands());
    let mut options = commands.flat_map(clap::Command::get_arguments);
    options.any(|option| option.get_long() == Some(name))
}
