//! The arguments of the everyday commands: `validate`, `plan`, `apply` and `drift`.

use std::path::PathBuf;

use clap::{
    Args, ValueEnum,
    builder::{NonEmptyStringValueParser, TypedValueParser as _},
};

use super::{look::LiveArgs, values::Wait};
use crate::{drift::FailOn, pattern::Written, state::Consent};

#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// The chart's files and directories, instead of `--file`.
    #[arg(value_name = "FILE", value_parser = NonEmptyStringValueParser::new().map(PathBuf::from))]
    pub files: Vec<PathBuf>,

    /// How to print the findings on stdout; stderr has them as text in any case.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: FindingsFormat,

    /// Print the decoded chart: inheritance, targets and variables resolved, sorted.
    #[arg(long, conflicts_with = "format")]
    pub print: bool,

    /// Fail on warnings too.
    #[arg(long, value_name = "WHAT")]
    pub deny: Option<Deny>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FindingsFormat {
    Text,
    Json,
    /// For code scanning services.
    Sarif,
    /// Workflow commands, which GitHub shows at their lines.
    Github,
    /// A Code Quality report, which GitLab shows in a merge request.
    Gitlab,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    Warnings,
}

#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    pub consent: ConsentArgs,

    #[command(flatten)]
    pub selection: SelectionArgs,

    #[command(flatten)]
    pub backfill: BackfillArgs,

    #[command(flatten)]
    pub jobs: JobsArgs,

    #[command(flatten)]
    pub live: LiveArgs,

    #[command(flatten)]
    pub show: ShowArgs,

    /// Save the plan for `portolan apply PLANFILE`.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Exit with 2 if there are changes.
    #[arg(long)]
    pub detailed_exitcode: bool,
}

#[derive(Debug, Args)]
pub struct DriftArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,

    /// Leave out the differences and findings that the pattern covers, and print only their number;
    /// may be given several times.
    ///
    /// Patterns are written as for `--target`. One that covers nothing is a warning.
    ///
    /// The code of a finding, such as `failing-mirror`, leaves out all findings of that code; an
    /// organization of the chart that is called so takes precedence.
    #[arg(long, value_name = "PATTERN|CODE", value_parser = str::parse::<Written>)]
    pub ignore: Vec<Written>,

    /// Exit with 2 for findings of this code too, such as `unlisted`; may be given several times,
    /// or with several codes between commas.
    ///
    /// With `none` among the values, only the codes beside it count. `portolan explain CODE`
    /// explains a code.
    #[arg(long, value_name = "CODE|none", value_delimiter = ',', value_parser = str::parse::<FailOn>)]
    pub fail_on: Vec<FailOn>,

    #[command(flatten)]
    pub jobs: JobsArgs,

    #[command(flatten)]
    pub show: ShowArgs,

    /// Replace this file with counts for Prometheus.
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct JobsArgs {
    /// Report copies that failed or hang: reads the newest sync jobs of each repository with rules,
    /// one request more for each.
    #[arg(long)]
    pub jobs: bool,
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// How to print the plan.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: PlanFormat,

    /// Show every change and every field of a long plan in full; for text.
    #[arg(long)]
    pub details: bool,

    /// The maximum size of Markdown in bytes; the default fits a comment on a pull request.
    #[arg(long, value_name = "N", default_value_t = 65_000)]
    pub max_bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    Text,
    Json,
    /// For a comment on a pull request.
    Markdown,
    /// A unified difference of YAML.
    Diff,
    /// For code scanning services.
    Sarif,
    /// A Code Quality report, which GitLab shows in a merge request.
    Gitlab,
}

#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// A plan saved by `plan --out`; it is applied as it is, without a question.
    #[arg(
        value_name = "PLANFILE",
        conflicts_with_all = ["allow", "target", "exclude", "backfill"]
    )]
    pub plan: Option<PathBuf>,

    #[command(flatten)]
    pub consent: ConsentArgs,

    #[command(flatten)]
    pub selection: SelectionArgs,

    #[command(flatten)]
    pub backfill: BackfillArgs,

    /// Do not ask.
    #[arg(long)]
    pub yes: bool,

    /// Start nothing new after the first failure.
    #[arg(long)]
    pub fail_fast: bool,

    /// How long to wait for the end of a mirror's run, or for copies to move, such as `90s` or
    /// `10m`.
    #[arg(long, value_name = "TIME", default_value = "15m")]
    pub wait: Wait,

    /// Start the runs of mirrors and the first copies of each rule, and do not wait for them to
    /// end.
    #[arg(long, conflicts_with = "wait")]
    pub no_wait: bool,

    /// Write the requests and responses of each change, and what is left to do, to this file
    /// (JSON).
    #[arg(long, value_name = "FILE")]
    pub receipt: Option<PathBuf>,

    /// Write each event to this file as it happens, one JSON object per line.
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,

    /// How to print the report.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct ConsentArgs {
    /// Let changes of a risk class run, at most N of them: `destroys-data`, `exposes=2`,
    /// `deletes=40`. `CLASS=0` lets none run. A class given here overrides the chart's `limits`.
    #[arg(long, value_name = "CLASS[=N]", value_parser = str::parse::<Consent>)]
    pub allow: Vec<Consent>,
}

#[derive(Debug, Args)]
pub struct SelectionArgs {
    /// Select only what the pattern covers, such as `team-a/web`; may be given several times.
    ///
    /// A pattern is `REGION/ORGANIZATION/REPOSITORY`, or less of it: an organization or a
    /// repository covers what is in it. Without a region it covers all regions. `*` matches within
    /// a segment, `**` across segments, and a leading `*` matches the region. A printed address is
    /// a pattern too. A pattern that covers nothing is an error.
    #[arg(long, value_name = "PATTERN", value_parser = str::parse::<Written>)]
    pub target: Vec<Written>,

    /// Leave out what the pattern covers, and the deletion of its parents. Patterns are written as
    /// for `--target`, and may be given several times.
    ///
    /// A pattern that covers nothing is an error, or only a warning if it contains a `*`.
    #[arg(long, value_name = "PATTERN", value_parser = str::parse::<Written>)]
    pub exclude: Vec<Written>,
}

#[derive(Debug, Args)]
pub struct BackfillArgs {
    /// Copy the tags that the targets of these rules lack, whatever `backfill` says in the chart;
    /// may be given several times.
    ///
    /// Nothing is overwritten. Patterns are written as for `--target`, and one that covers no rule
    /// of the chart is an error.
    #[arg(long, value_name = "PATTERN", value_parser = str::parse::<Written>)]
    pub backfill: Vec<Written>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}
