//! `portolan init`: writes a chart to start from, commented, or the live state of organizations,
//! and beside it the schema that it refers to.

use std::path::PathBuf;

use anyhow::bail;

use super::{
    beside::Beside,
    export::{self, Ask},
    files, output,
};
use crate::{
    cli::{Global, InitArgs},
    config::load,
    exit::Exit,
    export::compact::Layout,
    refresh::everything,
    render::{self, export::Written},
};

/// Where the chart goes if no `--file` says otherwise: where every command looks for it.
const DEFAULT_FILE: &str = "portolan.yaml";

/// The region of an example chart if none is given. `--from-live` has no default region.
const DEFAULT_REGION: &str = "cn-north-4";

pub(super) fn run(global: &Global, args: &InitArgs) -> anyhow::Result<Exit> {
    let path = match global.file.as_slice() {
        [] => PathBuf::from(DEFAULT_FILE),
        [path] => path.clone(),
        _ => return Err(super::UsageError("a chart is written to one file".to_owned()).into()),
    };
    if load::reads_stdin(&global.file) {
        return Err(
            super::UsageError("standard input cannot be written: name a file".to_owned()).into(),
        );
    }
    export::are_organizations(&args.organizations)?;
    let beside = Beside::of(&path)?;
    // Checked before the reads, which may take minutes, and once more when the file is created.
    if path.exists() {
        bail!("{} exists already, and is left unchanged", path.display());
    }
    // Two charts that are found without `--file` are an error of every other command.
    if let Some(other) = load::here().first().filter(|_| global.file.is_empty()) {
        bail!("{other} exists already; name a file for another chart with `--file`");
    }
    let region = match global.region() {
        Some(region) => region,
        None if args.from_live => {
            let message = "`--from-live` needs `--region REGION`, such as `--region cn-north-4`";
            return Err(super::UsageError(message.to_owned()).into());
        }
        None => DEFAULT_REGION,
    };
    let text = if args.from_live {
        let of = everything::Ask {
            regions: vec![region.to_owned()],
            organizations: args.organizations.clone(),
            ..everything::Ask::default()
        };
        let ask = Ask {
            of,
            include: Vec::new(),
        };
        match export::written(global, &ask, Layout::One, true)?.as_deref() {
            Some([Written { text, .. }]) => text.clone(),
            _ => return Ok(Exit::Failed),
        }
    } else {
        render::init::text(region, &args.organizations)
    };
    // The schema first: if this stops in between, no chart refers to a schema that is missing.
    let wrote = if beside.write()? {
        format!(" and {}", beside.path.display())
    } else {
        String::new()
    };
    // Reading may have taken minutes: a chart that appeared meanwhile is not overwritten.
    files::create(&path, &text)?;
    let message = format!(
        "Wrote {}{wrote}; `portolan plan` shows what it would change.\n",
        path.display()
    );
    output::document(&output::fitted(message))?;
    if global.region().is_none() && !global.quiet {
        output::print_line(&format!(
            "note: no `--region` was given, so the chart has the region {region}: change it if \
            that is wrong"
        ));
    }
    Ok(Exit::Done)
}
