//! `portolan export`: writes what is live as a chart.

mod live;

use std::{collections::BTreeSet, path::Path};

use anyhow::bail;

use super::{UsageError, beside::Beside, files, output};
use crate::{
    cli::{ExportArgs, Global},
    config::{self, context::Context},
    diagnostics::SourceMap,
    exit::Exit,
    export::compact::Layout,
    kind, names,
    refresh::everything,
    render::{self, export::Written, init::SCHEMA_FILE},
};

/// How many warnings about unmanaged parts are shown; the chart's comments hold them all.
const MOST_UNMANAGED: usize = 20;

/// What a chart is made of.
#[derive(Debug, Default)]
pub(super) struct Ask {
    pub of: everything::Ask,
    /// The optional kinds, by the words for them.
    pub include: Vec<String>,
}

pub(super) fn run(global: &Global, args: &ExportArgs) -> anyhow::Result<Exit> {
    if global.file_is_typed {
        let problem = "`export` reads no chart; `--out PATH` names the one that it writes";
        return Err(UsageError(problem.to_owned()).into());
    }
    let ask = asked(global, args)?;
    let layout = if args.split {
        Layout::Split
    } else {
        Layout::One
    };
    let beside = match &args.out {
        Some(out) if !args.split => Some(Beside::of(out)?),
        _ => None,
    };
    // Checked before the reads, which may take minutes, and once more when it is written.
    if let Some(out) = &args.out {
        is_free(out, args.split)?;
    }
    let Some(written) = written(global, &ask, layout, args.out.is_some())? else {
        return Ok(Exit::Failed);
    };
    let Some(out) = &args.out else {
        let texts: Vec<&str> = written.iter().map(|file| &*file.text).collect();
        output::document(&texts.concat())?;
        return Ok(Exit::Done);
    };
    let wrote = match beside {
        // The schema first: if this stops in between, no chart refers to one that is missing.
        Some(beside) => {
            let is_new = beside.write()?;
            let text = written.first().map_or("", |file| &*file.text);
            files::create(out, text)?;
            match is_new {
                true => format!("{} and {}", out.display(), beside.path.display()),
                false => out.display().to_string(),
            }
        }
        None => split(out, &written)?,
    };
    let message = format!(
        "Wrote {wrote}; `portolan --file {} plan` shows what it would change.\n",
        out.display()
    );
    output::document(&output::fitted(message))?;
    Ok(Exit::Done)
}

fn asked(global: &Global, args: &ExportArgs) -> anyhow::Result<Ask> {
    let usage = |problem: String| Err(UsageError(problem).into());
    if args.organizations.is_empty() && !args.all && !args.mirrors {
        return usage("name the organizations to export, or `--all` for all of them".to_owned());
    }
    are_organizations(&args.organizations)?;
    if let Some(twice) = twice(&global.region) {
        return usage(format!("`--region {twice}` is given twice"));
    }
    if global.region.is_empty() {
        let example = "`export` needs `--region REGION`, such as `--region cn-north-4`; it may be \
            given several times";
        return usage(example.to_owned());
    }
    Ok(Ask {
        of: everything::Ask {
            regions: global.region.clone(),
            organizations: args.organizations.clone(),
            all: args.all,
            attached: args.mirrors,
        },
        include: args.include.clone(),
    })
}

/// Refuses names that no organization has, and one that is given twice.
pub(super) fn are_organizations(organizations: &[String]) -> anyhow::Result<()> {
    let rule = kind::first().place.name();
    for name in organizations {
        if let Some(rule) = rule.filter(|rule| !names::is_valid(*rule, name)) {
            let rule = names::rule(rule);
            let problem = format!("`{name}` is not an organization: expected {rule}");
            return Err(UsageError(problem).into());
        }
    }
    match twice(organizations) {
        Some(twice) => Err(UsageError(format!("`{twice}` is given twice")).into()),
        None => Ok(()),
    }
}

fn twice(words: &[String]) -> Option<&String> {
    let mut seen = BTreeSet::new();
    words.iter().find(|word| !seen.insert(*word))
}

/// Refuses a path where something is that would be overwritten, or mixed with the chart.
fn is_free(out: &Path, is_directory: bool) -> anyhow::Result<()> {
    files::is_not_stdout(out)?;
    if out.file_name().is_none() {
        let problem = format!("`--out {}`: name something new", out.display());
        return Err(UsageError(problem).into());
    }
    let is_empty = || std::fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_none());
    if out.symlink_metadata().is_ok() && !(is_directory && is_empty()) {
        bail!("{} exists already, and is left unchanged", out.display());
    }
    Ok(())
}

/// Writes the files of a chart, and the schema, into a new directory; returns what it wrote.
fn split(out: &Path, written: &[Written]) -> anyhow::Result<String> {
    let schema = Beside::of(&out.join("_"))?.text;
    let mut all: Vec<(String, &str)> = written
        .iter()
        .map(|file| {
            (
                format!("{}.yaml", file.name.as_deref().unwrap_or_default()),
                &*file.text,
            )
        })
        .collect();
    all.push((SCHEMA_FILE.to_owned(), &schema));
    files::create_directory(out, &all)?;
    Ok(format!("{} with {} files", out.display(), all.len()))
}

/// The live state as the files of a chart; `None` if part of it could not be read.
pub(super) fn written(
    global: &Global,
    ask: &Ask,
    layout: Layout,
    has_schema: bool,
) -> anyhow::Result<Option<Vec<Written>>> {
    let Some(exported) = live::read(global, ask)? else {
        return Ok(None);
    };
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
    if exported.chart.resources.is_empty() {
        bail!("nothing is written: a chart cannot express any of it");
    }
    let files = render::export::files(&exported, layout, has_schema);
    Ok(is_understood(global, &files).then_some(files))
}

/// Whether the texts are a valid chart: the service may hold a name or a value that charts reject.
fn is_understood(global: &Global, files: &[Written]) -> bool {
    let mut sources = SourceMap::default();
    for file in files {
        let name = file.name.as_deref().unwrap_or("the live state as a chart");
        sources.add(name, file.text.as_str());
    }
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
