//! The command line as types; their doc comments are the help.

mod adopt;
mod doctor;
mod emulator;
mod everyday;
mod export;
mod foreign;
mod help;
mod look;
mod shell;
mod values;

use std::{io::Write as _, path::PathBuf};

use clap::{
    Arg, Args, FromArgMatches as _, Parser, Subcommand, ValueEnum,
    builder::{FalseyValueParser, NonEmptyStringValueParser, Resettable, TypedValueParser as _},
    error::{ContextKind, ContextValue, ErrorKind},
    parser::ValueSource,
};

use self::values::region;
pub use self::{
    adopt::AdoptArgs,
    doctor::DoctorArgs,
    emulator::EmulatorArgs,
    everyday::{
        ApplyArgs, BackfillArgs, ConsentArgs, Deny, DriftArgs, FindingsFormat, Format, JobsArgs,
        PlanArgs, PlanFormat, SelectionArgs, ShowArgs, ValidateArgs,
    },
    export::ExportArgs,
    foreign::explained,
    help::command,
    look::{ListArgs, LiveArgs, SnapshotArgs},
    shell::{CompletionArgs, ManArgs, VersionArgs},
    values::{CredentialsFrom, Latency, Parallelism, Timeout, Wait},
};
use crate::mask;

/// Keeps Huawei Cloud image repositories, the rules that copy their images, and git mirrors equal
/// to a YAML chart.
#[derive(Debug, Parser)]
#[command(
    name = "portolan",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// The state file of `--emulator` where none is named.
const DEFAULT_STATE: &str = ".portolan/emulator.json";

/// Options of every command, accepted before and after its name.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// A chart file, or a directory with `*.yaml` and `*.yml` files; may be given several times.
    ///
    /// `-` is standard input; `apply` takes it only beside `--yes`. Without a path:
    /// `portolan.yaml`, `portolan.yml`, or the directory `portolan/`, whichever is here; several
    /// are an error.
    #[arg(short, long = "file", value_name = "PATH", global = true, env = "PORTOLAN_FILE", value_parser = NonEmptyStringValueParser::new().map(PathBuf::from))]
    pub file: Vec<PathBuf>,

    /// Whether `--emulator` was typed, rather than set by a variable for every command.
    #[arg(skip)]
    pub emulator_is_typed: bool,

    /// Whether a `--file` was typed, rather than set by a variable for every command.
    #[arg(skip)]
    pub file_is_typed: bool,

    /// The region of documents that name none; it overrides nothing. `export`, `list` and
    /// `doctor` take several.
    #[arg(long, value_name = "REGION", global = true, env = "PORTOLAN_REGION", value_parser = region)]
    pub region: Vec<String>,

    /// Run against the emulator in this process instead of the cloud; its state is kept in a file.
    ///
    /// In the variable, `true`, `1`, `yes` and `on` are the default file, and `false`, `0`, `no`
    /// and `off` are no emulator; write `./true` for a file that is called so.
    #[arg(
        long,
        value_name = "STATE.json",
        global = true,
        env = "PORTOLAN_EMULATOR",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = DEFAULT_STATE,
        value_parser = NonEmptyStringValueParser::new().map(PathBuf::from)
    )]
    pub emulator: Option<PathBuf>,

    /// Where the credentials come from; every other source is ignored.
    ///
    /// By default: variables with keys or a token, else OIDC, else the current profile of KooCLI,
    /// else the file of the official SDK.
    #[arg(
        long,
        value_name = "SOURCE",
        global = true,
        env = "PORTOLAN_CREDENTIALS"
    )]
    pub credentials: Option<CredentialsFrom>,

    /// The profile of KooCLI whose keys are used, beside `--credentials profile` or alone.
    #[arg(long, value_name = "NAME", global = true, env = "PORTOLAN_PROFILE", value_parser = NonEmptyStringValueParser::new())]
    pub profile: Option<String>,

    /// A host outside Huawei Cloud that the chart's `endpoints` may name; may be given several
    /// times.
    #[arg(long, value_name = "HOST", global = true)]
    pub allow_endpoint: Vec<String>,

    /// How many requests may be in flight at once.
    ///
    /// `auto` starts at 10 and grows to 64 while answers stay as fast as they were. Either way the
    /// number falls by half when a service throttles, and recovers step by step.
    #[arg(
        long,
        value_name = "N|auto",
        global = true,
        env = "PORTOLAN_PARALLELISM",
        default_value = "auto"
    )]
    pub parallelism: Parallelism,

    /// How long the command may take, such as `90s` or `30m`; by default there is no limit.
    ///
    /// At the end of this time a plan is unknown; an apply starts nothing new, finishes what is in
    /// flight and reports.
    #[arg(long, value_name = "TIME", global = true, env = "PORTOLAN_TIMEOUT")]
    pub timeout: Option<Timeout>,

    /// A file with certificates (PEM) of authorities to trust besides the system's and Mozilla's.
    #[arg(long, value_name = "PATH", global = true, env = "PORTOLAN_CA_FILE", value_parser = NonEmptyStringValueParser::new().map(PathBuf::from))]
    pub ca_file: Option<PathBuf>,

    /// When to colour.
    ///
    /// `auto` colours on a terminal that knows colours, and not with `NO_COLOR`, `CLICOLOR=0` or
    /// `TERM=dumb`.
    #[arg(
        long,
        value_name = "WHEN",
        global = true,
        env = "PORTOLAN_COLOR",
        default_value = "auto"
    )]
    pub color: ColorChoice,

    /// Never colour, as `--color never`.
    #[arg(long, global = true, env = "PORTOLAN_NO_COLOR", value_parser = FalseyValueParser::new())]
    pub no_color: bool,

    /// Print the document and errors, nothing else.
    #[arg(short, long, global = true, env = "PORTOLAN_QUIET", value_parser = FalseyValueParser::new())]
    pub quiet: bool,

    /// Log failed requests on stderr; twice: every request.
    #[arg(short, long, global = true, env = "PORTOLAN_VERBOSE", action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Show no bars, and print no line for each finished change.
    #[arg(long, global = true, env = "PORTOLAN_NO_PROGRESS", value_parser = FalseyValueParser::new())]
    pub no_progress: bool,

    /// Print long text to a terminal at once, without a pager.
    #[arg(long, global = true, env = "PORTOLAN_NO_PAGER", value_parser = FalseyValueParser::new())]
    pub no_pager: bool,
}

impl Global {
    /// The region, for a command that takes one.
    pub fn region(&self) -> Option<&str> {
        self.region.first().map(String::as_str)
    }
}

/// The words of the command line, the program's name first; invalid UTF-8 is replaced.
pub fn typed() -> Vec<String> {
    std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect()
}

impl Cli {
    /// Reads the command line and the variables that set options.
    pub fn read() -> Result<Cli, clap::Error> {
        let typed = typed();
        // Before clap: it would accept `-format` and then fail on the file `ormat`.
        if let Some(word) = foreign::misread(&typed) {
            let mut error = clap::Error::new(ErrorKind::UnknownArgument).with_cmd(&command());
            error.insert(
                ContextKind::InvalidArg,
                ContextValue::String(word.to_owned()),
            );
            return Err(error);
        }
        let matches = command()
            .mut_args(without_empty_variable)
            .try_get_matches()?;
        let mut cli = Cli::from_arg_matches(&matches)?;
        let typed = |matches: &clap::ArgMatches| {
            matches.value_source("file") == Some(ValueSource::CommandLine)
        };
        let is_set = |matches: &clap::ArgMatches| {
            matches.value_source("emulator") == Some(ValueSource::EnvVariable)
        };
        // A global option has its value source only at the level where it was given: before the
        // command's name or after it.
        let is_set = is_set(&matches)
            || matches
                .subcommand()
                .is_some_and(|(_, matches)| is_set(matches));
        cli.global.emulator_is_typed = !is_set && cli.global.emulator.is_some();
        if is_set {
            cli.global.emulator = cli.global.emulator.and_then(switched);
        }
        cli.global.file_is_typed = typed(&matches)
            || matches
                .subcommand()
                .is_some_and(|(_, matches)| typed(matches));
        Ok(cli)
    }
}

/// The state file that a value of `PORTOLAN_EMULATOR` means. Pipelines use variables as switches.
fn switched(value: PathBuf) -> Option<PathBuf> {
    match value.to_str().map(str::to_ascii_lowercase).as_deref() {
        Some("true" | "1" | "yes" | "on") => Some(PathBuf::from(DEFAULT_STATE)),
        Some("false" | "0" | "no" | "off") => None,
        _ => Some(value),
    }
}

/// An empty variable counts as unset: pipelines define variables that they leave empty. An empty
/// value on the command line stays an error: it comes from a script whose own variable is unset,
/// and without `--emulator` the command would go to the cloud.
fn without_empty_variable(argument: Arg) -> Arg {
    let empty = argument
        .get_env()
        .and_then(std::env::var_os)
        .is_some_and(|value| value.is_empty());
    if empty {
        argument.env(Resettable::Reset)
    } else {
        argument
    }
}

/// Prints clap's error, without the logins in URLs that were typed.
pub fn print(error: &clap::Error) {
    let text = error.render().ansi().to_string();
    // Ignored: the exit code already reports the error, and there is no other place to print to.
    let _ = write!(anstream::stderr(), "{}", mask::logins(&text));
}

/// Whether the pager is switched off, where clap read no options because it printed the help.
pub fn forbids_pager() -> bool {
    let is_off = |value: &str| matches!(value, "" | "n" | "no" | "f" | "false" | "off" | "0");
    typed().iter().any(|word| word == "--no-pager")
        || std::env::var("PORTOLAN_NO_PAGER")
            .is_ok_and(|value| !is_off(&value.to_ascii_lowercase()))
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a chart to start from, and beside it the schema for editors.
    Init(InitArgs),
    /// Write what is live as a chart that a person would keep.
    Export(ExportArgs),
    /// Decode and check the chart; needs no network and no credentials.
    Validate(ValidateArgs),
    /// Show the smallest set of changes that makes the live state equal to the chart.
    Plan(PlanArgs),
    /// Like `plan`, for scheduled use: exits with 2 if anything differs, or a finding counts.
    Drift(DriftArgs),
    /// Make the changes, after asking.
    Apply(ApplyArgs),
    /// Change the chart's files so that they say what is live; prints a diff, or writes.
    Adopt(AdoptArgs),
    /// Print a saved plan or a snapshot in any format; reads only that file.
    Show(ShowFileArgs),
    /// List what is live, and whether the chart lists it.
    List(ListArgs),
    /// Write the live state as JSON, without secrets, for a plan without credentials.
    Snapshot(SnapshotArgs),
    /// Check credentials, endpoints, rights and quotas for the chart; sends only reads.
    Doctor(DoctorArgs),
    /// Explain the code of a diagnostic, with an example.
    Explain(ExplainArgs),
    /// Print the JSON Schema of the chart, or of a document that a command prints.
    Schema(SchemaArgs),
    /// Serve the emulated API on local ports.
    Emulator(EmulatorArgs),
    /// Print the script with which a shell completes command lines.
    Completion(CompletionArgs),
    /// Print the main page of the manual, or write a page for each command.
    Man(ManArgs),
    /// Print the version, and the commit that it was built from.
    Version(VersionArgs),
}

#[derive(Debug, Args)]
pub struct InitArgs {
    /// The organizations in the chart.
    #[arg(value_name = "ORGANIZATION")]
    pub organizations: Vec<String>,

    /// Write the live state of the organizations, so that a plan is empty.
    #[arg(long, requires = "organizations")]
    pub from_live: bool,
}

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Such as `unknown-key`; without it, all codes are listed.
    #[arg(value_name = "CODE")]
    pub code: Option<String>,

    /// Print the page of all codes, `docs/diagnostics.md`.
    #[arg(long, conflicts_with = "code")]
    pub markdown: bool,
}

#[derive(Debug, Args)]
pub struct ShowFileArgs {
    /// A plan saved by `plan --out`, or a snapshot.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    #[command(flatten)]
    pub show: ShowArgs,
}

#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// The document whose schema to print; every document but the chart has this name as
    /// `document`.
    #[arg(long, value_name = "NAME", default_value = "chart")]
    pub document: Document,

    /// Print the reference page of the language instead.
    #[arg(long, conflicts_with = "document")]
    pub markdown: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Document {
    /// What `--file` reads.
    Chart,
    /// What `plan` prints as JSON, and saves.
    Plan,
    /// What `apply` prints as JSON.
    Report,
    /// What `apply --receipt` writes.
    Receipt,
    /// A line of what `apply --events` writes.
    Events,
    /// What `drift` prints as JSON.
    Drift,
    /// What `doctor` prints as JSON.
    Doctor,
    /// What `validate` prints as JSON.
    Validate,
    /// What `list` prints as JSON.
    List,
    /// What `snapshot` writes.
    Snapshot,
    /// What `version` prints as JSON.
    Version,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    Auto,
    Always,
    Never,
}
