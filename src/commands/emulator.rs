//! `portolan emulator`: serves the emulated API over HTTP until it is stopped.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use tokio::{net::TcpListener, task::JoinSet};

use super::{files, output, paths, runtime, signals::Signals};
use crate::{
    cli::{EmulatorArgs, Global},
    emulator::{
        Assumptions, Emulator, Fault, Keys, REGIONS, Rate, Settings, region_exists, serve,
        serve_controlled,
    },
    exit::Exit,
    input,
};

pub(super) fn run(global: &Global, args: &EmulatorArgs) -> anyhow::Result<Exit> {
    if args.assume.iter().any(|assumption| assumption == "help") {
        output::document(&format!("{}\n", Assumptions::help().trim_end()))?;
        return Ok(Exit::Done);
    }
    if args.fault.iter().any(|fault| fault == "help") {
        output::document(&Fault::help())?;
        return Ok(Exit::Done);
    }
    if let Some(path) = &args.journal {
        files::is_not_stdout(path)?;
        no_other_use(path, args)?;
    }
    let settings = settings(global, args)?;
    let faults = faults(args)?;
    let emulator = match &args.state {
        Some(path) => Emulator::open(path, settings)?,
        None => Emulator::new(settings),
    };
    faults.into_iter().for_each(|fault| emulator.inject(fault));
    if !args.control {
        // Without the control interface it cannot be read, and would grow without end.
        emulator.discard_journal();
    }
    if let Some(path) = &args.journal {
        emulator
            .record(path)
            .with_context(|| format!("cannot write the journal {}", path.display()))?;
    }
    runtime::new()?.block_on(listen(args, emulator))
}

/// Refuses a journal in a file that the emulator uses for something else.
fn no_other_use(journal: &Path, args: &EmulatorArgs) -> anyhow::Result<()> {
    let beside = |state: &PathBuf| {
        ["", ".lock", ".changes"].map(|end| PathBuf::from(format!("{}{end}", state.display())))
    };
    let others: Vec<PathBuf> = args
        .state
        .iter()
        .flat_map(beside)
        .chain(args.faults.clone())
        .collect();
    if others.iter().any(|other| paths::is_same(journal, other)) {
        let problem = format!("`--journal`: {} has another use already", journal.display());
        return Err(super::UsageError(problem).into());
    }
    Ok(())
}

fn settings(global: &Global, args: &EmulatorArgs) -> anyhow::Result<Settings> {
    let mut settings = Settings {
        quota: args.quota,
        latency: args.latency.0,
        ..Settings::default()
    };
    if let Some(region) = global.region() {
        if !region_exists(region) {
            return Err(super::UsageError(format!(
                "`--region`: the emulator has no region `{region}`"
            ))
            .into());
        }
        region.clone_into(&mut settings.region);
    }
    if let Some(keys) = &args.verify {
        let keys = keys
            .parse::<Keys>()
            .map_err(|error| super::UsageError(format!("`--verify`: {error}")))?;
        settings.verify = Some(keys);
    }
    if let Some(rate) = &args.rate {
        let rate = rate
            .parse::<Rate>()
            .map_err(|error| super::UsageError(format!("`--rate`: {error}")))?;
        settings.rate = Some(rate);
    }
    for assumption in &args.assume {
        settings
            .assumptions
            .set(assumption)
            .map_err(|error| super::UsageError(format!("`--assume`: {error}")))?;
    }
    Ok(settings)
}

/// Those of the file first.
fn faults(args: &EmulatorArgs) -> anyhow::Result<Vec<Fault>> {
    let mut faults = match &args.faults {
        None => Vec::new(),
        Some(path) => {
            let text = input::text(path, input::MOST)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let usage =
                |error| super::UsageError(format!("`--faults`: {}: {error}", path.display()));
            Fault::list(&text).map_err(usage)?
        }
    };
    for spec in &args.fault {
        let usage = |error| super::UsageError(format!("`--fault {spec}`: {error}"));
        faults.push(spec.parse().map_err(usage)?);
    }
    Ok(faults)
}

/// Prints `REGION URL` for each region that is served, then serves.
async fn listen(args: &EmulatorArgs, emulator: Emulator) -> anyhow::Result<Exit> {
    let mut signals = Signals::listen();
    let mut servers = JoinSet::new();
    for listen in &args.listen {
        let (region, address) = match listen.split_once('=') {
            Some((region, address)) => (Some(region.to_owned()), address),
            None => (None, listen.as_str()),
        };
        if let Some(region) = region.as_ref().filter(|region| !region_exists(region)) {
            return Err(super::UsageError(format!(
                "`--listen`: the emulator has no region `{region}`"
            ))
            .into());
        }
        let usage = || {
            super::UsageError(format!(
                "`--listen`: `{address}` is not an address such as 127.0.0.1:8080"
            ))
        };
        let address: SocketAddr = address.parse().map_err(|_| usage())?;
        if args.control && !address.ip().is_loopback() {
            let message =
                format!("`--control` needs a loopback address, and `{address}` is not one");
            return Err(super::UsageError(message).into());
        }
        // Bound before the URL is printed: scripts connect as soon as they read it, and with port
        // zero the system chooses the port only here.
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}"))?;
        let url = format!(
            "http://{}",
            listener.local_addr().context("a listener has an address")?
        );
        match &region {
            Some(region) => output::document(&format!("{region} {url}\n"))?,
            None => {
                let lines: String = REGIONS
                    .iter()
                    .map(|region| format!("{region} {url}/{region}\n"))
                    .collect();
                output::document(&lines)?;
            }
        }
        match args.control {
            true => servers.spawn(serve_controlled(emulator.clone(), listener, region)),
            false => servers.spawn(serve(emulator.clone(), listener, region)),
        };
    }
    tokio::select! {
        // A server never ends by itself, so one that does is a failure of all.
        ended = servers.join_next() => match ended {
            Some(Ok(Err(error))) => Err(error).context("the emulator stopped"),
            _ => Ok(Exit::Failed),
        },
        error = emulator.journal_failure() => Err(error).context("the emulator \
            stopped: cannot write the journal"),
        () = signals.next() => Ok(Exit::Done),
    }
}
