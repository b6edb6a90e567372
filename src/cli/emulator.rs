//! The options of `portolan emulator`; their doc comments are its help.

use std::path::PathBuf;

use clap::Args;

use super::Latency;

#[derive(Debug, Args)]
pub struct EmulatorArgs {
    /// Where to listen: an address serves every region below `/REGION`, and `--region` (else
    /// cn-north-4) where a path begins with no region; `REGION=ADDRESS` serves one.
    #[arg(long, value_name = "[REGION=]ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: Vec<String>,

    /// Keep the state in this file; without it, in memory.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,

    /// Accept only requests that are signed with this key pair, or have a token that the emulated
    /// IAM issued to the user AK with the password SK.
    #[arg(long, value_name = "AK:SK")]
    pub verify: Option<String>,

    /// How long every response takes, such as `50ms`.
    #[arg(long, value_name = "TIME", default_value = "0ms")]
    pub latency: Latency,

    /// The rate limit of each region, in requests per second or minute, such as `50/s` or `600/m`;
    /// `50/s,retry-after` also sends the header `Retry-After`.
    #[arg(long, value_name = "N/UNIT")]
    pub rate: Option<String>,

    /// How many organizations the account may have; the service's own default is 5.
    #[arg(long, value_name = "N")]
    pub quota: Option<usize>,

    /// Choose an answer where the API's documents are silent; `--assume help` lists them.
    #[arg(long, value_name = "NAME=VALUE")]
    pub assume: Vec<String>,

    /// Inject a fault, such as `cut-after,method=POST`; `--fault help` lists them. May be given
    /// several times.
    #[arg(long, value_name = "FAULT")]
    pub fault: Vec<String>,

    /// Inject all faults of this file, in YAML or JSON.
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,

    /// Append each request, with the status of its response, to this file, one line of JSON each;
    /// never headers, never passwords.
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,

    /// Let tests read and change everything below `/_emulator/`; on loopback addresses only.
    #[arg(long)]
    pub control: bool,
}
