//! The arguments of `doctor`.

use clap::Args;

use super::Format;

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// How to print the checks.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}
