//! What people type who know Terraform, decK or kubectl: the words of those tools, and ours for the
//! same.
//!
//! A tip of the command line's library is taken away where it would lead astray: `--force` is not a
//! mistyped `--format`, and an unknown option is never a value.

use clap::{
    CommandFactory as _,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::Cli;

/// Words for an option, without dashes, and what to do instead.
const OPTIONS: &[(&str, &str)] = &[
    (
        "auto-approve approve assume-yes y no-confirm non-interactive input",
        ASKS,
    ),
    (
        "force",
        "`apply --yes` does not ask; a change that is withheld wants `--allow CLASS`",
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
        "`portolan plan` shows what `apply` would do, and sends nothing but reads",
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
        "`--target PATTERN` looks at a part, such as `--target team-a`",
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
    ("debug trace", "`-vv` tells of every request"),
    ("no-colour", "`--no-color`"),
];

/// Words for a command.
const COMMANDS: &[(&str, &str)] = &[
    (
        "import dump export pull",
        "`portolan init --from-live ORGANIZATION --region REGION` writes what is live as a chart",
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
        "state refresh output get list ls describe",
        "there is no state file; `portolan plan` compares the chart with what is live, and `init \
        --from-live` writes that",
    ),
    ("login configure auth", CREDENTIALS),
    (
        "serve server mock simulate",
        "`portolan emulator` serves the emulated API",
    ),
    ("taint untaint replace", REPLACES),
    (
        "workspace",
        "`--file PATH` names another chart, and `--target PATTERN` looks at a part of one",
    ),
    (
        "ping",
        "`portolan plan` asks the services, and says what it cannot read",
    ),
    (
        "gateway",
        "`portolan plan`, `portolan apply` and `portolan init --from-live` stand alone",
    ),
];

const ASKS: &str = "`apply --yes` makes the changes without a question";
const VARIABLES: &str = "`${env:NAME}` in a chart is the value of the variable `PORTOLAN_VAR_NAME`";
const REPLACES: &str =
    "a change that is impossible in place is a replacement by itself, and nothing else is replaced";
const NO_STATE: &str = "there is no state file and no lock: every run reads what is live";
const ABSENT: &str =
    "write `state: absent` in the chart at what shall go; `portolan plan` shows what that deletes";
const CREDENTIALS: &str = "credentials come from the environment: `HUAWEICLOUD_SDK_AK` and \
    `HUAWEICLOUD_SDK_SK`, or `HW_ACCESS_KEY` and `HW_SECRET_KEY`";

/// The error without what would lead astray, and what to do instead where that is known.
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
    let is_value = |tips: &ContextValue| tips.to_string().contains("as a value");
    if error.get(ContextKind::Suggested).is_some_and(is_value) {
        error.remove(ContextKind::Suggested);
    }
    (error, hint.map(|hint| format!("hint: {hint}")))
}

/// An option of ours behind one dash begins with one of our letters, and the rest of it would be
/// read as a path: `-format`.
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

/// What stands where nothing can: most often a chart.
fn operand(word: &str, typed: &[String]) -> Option<String> {
    let before = typed
        .iter()
        .position(|other| other == word)
        .and_then(|at| typed.get(at.checked_sub(1)?));
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

/// The word that was typed, of which the library names one letter only.
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
