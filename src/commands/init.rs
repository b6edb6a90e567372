//! `portolan init`: writes a chart to start from, commented, or the live state of organizations,
//! and beside it the schema that it refers to.

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::{door::Door, files, output, runtime};
use crate::{
    address::Address,
    cli::{Global, InitArgs},
    config::{self, context::Context, load},
    diagnostics::SourceMap,
    exit::Exit,
    export, input,
    kind::{self, Kind},
    names::{self, Name},
    plan::document::pretty,
    refresh::{Everything, read_all},
    render::{self, init::SCHEMA_FILE},
    schema,
    state::{Attributes, Chart, Children, DesiredResource, Presence},
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
    let name_rule = kind::first().place.name();
    for name in &args.organizations {
        if let Some(rule) = name_rule.filter(|rule| !names::is_valid(*rule, name)) {
            let rule = names::rule(rule);
            return Err(super::UsageError(format!(
                "`{name}` is not an organization: expected {rule}"
            ))
            .into());
        }
    }
    if let Some(twice) = args
        .organizations
        .iter()
        .enumerate()
        .find(|(at, name)| args.organizations[..*at].contains(name))
    {
        return Err(super::UsageError(format!("`{}` is given twice", twice.1)).into());
    }
    if path.file_name().is_some_and(|name| name == SCHEMA_FILE) {
        return Err(super::UsageError(format!(
            "{SCHEMA_FILE} is the name of the schema: name another file"
        ))
        .into());
    }
    // Checked before the reads, which may take minutes, and once more when the file is created.
    if path.exists() {
        bail!("{} exists already, and is left unchanged", path.display());
    }
    let beside = Beside::of(&path)?;
    // Two charts that are found without `--file` are an error of every other command.
    if let Some(other) = load::here().first().filter(|_| global.file.is_empty()) {
        bail!("{other} exists already; name a file for another chart with `--file`");
    }
    let region = match &global.region {
        Some(region) => region.as_str(),
        None if args.from_live => {
            let message = "`--from-live` needs `--region REGION`, such as `--region cn-north-4`";
            return Err(super::UsageError(message.to_owned()).into());
        }
        None => DEFAULT_REGION,
    };
    if !names::is_valid(Name::Region, region) {
        return Err(super::UsageError(format!("`{region}` is not a region")).into());
    }
    let text = if args.from_live {
        match live(global, region, &args.organizations)? {
            Some(text) => text,
            None => return Ok(Exit::Failed),
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
    if global.region.is_none() && !global.quiet {
        output::print_line(&format!(
            "note: no `--region` was given, so the chart has the region {region}: change it if \
            that is wrong"
        ));
    }
    Ok(Exit::Done)
}

/// The schema beside a chart.
struct Beside {
    path: PathBuf,
    text: String,
}

impl Beside {
    /// Refuses if a file of that name has another content.
    fn of(chart: &Path) -> anyhow::Result<Beside> {
        let beside = Beside {
            path: chart.with_file_name(SCHEMA_FILE),
            text: pretty(&schema::chart()),
        };
        let is_free = !beside.path.exists() || beside.is_current();
        if !is_free {
            bail!(
                "{0} exists already and is not the schema of this portolan, so it is left \
                 unchanged; `portolan schema > {0}` replaces it",
                beside.path.display()
            );
        }
        Ok(beside)
    }

    fn is_current(&self) -> bool {
        input::text_if_file(&self.path, input::MOST).is_some_and(|found| found == self.text)
    }

    /// Creates the file unless it is there; returns whether it did.
    fn write(&self) -> anyhow::Result<bool> {
        if self.is_current() {
            return Ok(false);
        }
        match files::create(&self.path, &self.text) {
            Ok(()) => Ok(true),
            // Another `init` created it in between, with the same content.
            Err(_) if self.is_current() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The kinds of which an export reads the children of a resource.
fn exported_below(address: &Address) -> impl Iterator<Item = &'static Kind> {
    let kinds = address.kind().read_per_parent();
    kinds.filter(|kind| kind.is_exported())
}

/// How many warnings about unmanaged parts are shown; the chart's comments hold them all.
const MOST_UNMANAGED: usize = 20;

/// The live state of the organizations as a chart; `None` if part of it could not be read.
fn live(global: &Global, region: &str, names: &[String]) -> anyhow::Result<Option<String>> {
    // The reader takes a chart, so the organizations are declared in one.
    let mut asked = Chart::default();
    for name in names {
        let source = crate::diagnostics::Source {
            file: "command line".into(),
            line: 1,
            column: 1,
        };
        let presence = Presence::Present(Attributes::new().into());
        let address = kind::first().address([region, name]);
        asked.resources.insert(
            address,
            DesiredResource {
                presence,
                source,
                children: Children::default(),
            },
        );
    }
    let listener = output::listener(global);
    let read = runtime::block_on(async {
        let door = Door::for_chart(global, &asked).await?;
        let reading = read_all(&door.client, &asked, &*listener);
        anyhow::Ok(door.deadline.within(reading).await)
    })??;
    let Everything {
        mut live,
        unread,
        mut malformed,
    } = read.unwrap_or_else(|broken_off| Everything {
        live: broken_off.live(),
        ..Everything::default()
    });
    output::failures(&live.failures);
    if !live.failures.is_empty() {
        return Ok(None);
    }
    for address in asked.resources.keys() {
        if !live.resources.contains_key(address) {
            bail!("{address} does not exist, or these credentials do not see it");
        }
    }
    // Reading may also return resources beside the organizations, which the user did not ask for.
    let wanted = |address: &crate::address::Address| {
        asked
            .resources
            .keys()
            .any(|organization| address.parts().starts_with(organization.parts()))
    };
    live.resources.retain(|address, _| wanted(address));
    malformed.retain(|address, _| wanted(address));
    let parents = live
        .resources
        .keys()
        .filter(|address| exported_below(address).next().is_some())
        .count();
    let reads = live.resources.keys().flat_map(exported_below).count();
    // If every single read fails, the cause is general, such as a missing permission. A chart in
    // which everything is unmanaged would be useless, so this is an error.
    let unread_for: Vec<_> = unread.iter().map(|unread| unread.failure.clone()).collect();
    let malformed_for: Vec<_> = malformed.values().cloned().collect();
    let of_all = [
        (unread_for, reads),
        (malformed_for, parents + malformed.len()),
    ];
    if let Some((failures, _)) = of_all
        .into_iter()
        .find(|(failures, all)| failures.len() > 1 && failures.len() == *all)
    {
        output::failures(&failures);
        return Ok(None);
    }
    let exported = export::chart(&live, &unread, &malformed);
    for left in exported.unmanaged.iter().take(MOST_UNMANAGED) {
        output::print_line(&format!(
            "warning: left unmanaged: {}: {}",
            left.what, left.because
        ));
    }
    let beyond = exported.unmanaged.len().saturating_sub(MOST_UNMANAGED);
    if beyond > 0 {
        output::print_line(&format!(
            "warning: left unmanaged: {beyond} more; the comments at the top of the chart name each"
        ));
    }
    let text = render::init::from_live(&exported);
    Ok(is_understood(global, &text).then_some(text))
}

/// Whether the text is a valid chart: the service may hold a name or a value that charts reject.
fn is_understood(global: &Global, text: &str) -> bool {
    let mut sources = SourceMap::default();
    sources.add("the live state as a chart", text);
    let config::Decoded { found, foreign, .. } = config::decode(Context {
        sources: &sources,
        // The only variable of a written chart is the escape of `${env:`, which has a fallback.
        environment: &|_| None,
        region: None,
    });
    let is_understood = !found.has_errors();
    if !is_understood {
        config::hide_secrets(&found, &foreign, &mut sources);
        output::diagnostics(global, &found.abridged(), &sources);
        output::print_line("nothing is written: a chart cannot express this live state");
    }
    is_understood
}
