//! The chart of a command, read and checked, with its findings.

use std::{path::Path, sync::Arc};

use super::{UsageError, asked::Asked, output, secrets};
use crate::{
    cli::Global,
    config::{
        self, Decoded,
        context::Context,
        lint::{self, PlacedRule},
        load::{Loaded as Read, first, load as read},
        waivers::Waivers,
    },
    coverage::{self, Seen},
    diagnostics::{Diagnostic, Diagnostics, SourceMap, View},
    mask::Mask,
    plan::{Plan, finding, health},
    state::{Chart, Live},
    transport::endpoint::Wanted,
};

/// The error for a chart where a saved plan is expected. `command` is the one that takes charts.
pub(super) fn chart_for_plan(path: &Path, command: &str) -> Option<UsageError> {
    let is_chart = path
        .extension()
        .is_some_and(|end| end == "yaml" || end == "yml");
    let path = path.display();
    let message =
        || format!("{path} is a chart, not a saved plan: write `portolan {command} --file {path}`");
    is_chart.then(|| UsageError(message()))
}

/// A chart without errors, and what later findings about it need.
pub(super) struct Loaded {
    pub(super) chart: Arc<Chart>,
    pub(super) views: Vec<View>,
    rules: Vec<PlacedRule>,
    waivers: Waivers,
    sources: SourceMap,
}

/// Why a command could not begin, in the form of the JSON document; already printed on stderr.
#[derive(Debug)]
pub(super) struct Unready(pub(super) Vec<View>);

impl Unready {
    /// Prints an error and keeps it for the document.
    pub(super) fn because(error: &anyhow::Error) -> Unready {
        output::print_line(&format!("error: {error:#}"));
        Unready(vec![View::error("not-ready", format!("{error:#}"), None)])
    }
}

/// A chart with the texts of its files, for a command that edits them.
pub(super) struct Original {
    pub(super) loaded: Loaded,
    /// As they were read, secrets included.
    pub(super) texts: SourceMap,
    pub(super) mask: Arc<Mask>,
}

/// Reads and decodes the chart, and prints its findings.
pub(super) fn load_chart(global: &Global) -> Result<Loaded, Unready> {
    load(global, |_| ()).map(|(loaded, ..)| loaded)
}

/// The same, and keeps the texts.
pub(super) fn load_original(global: &Global) -> Result<Original, Unready> {
    let (loaded, mask, texts) = load(global, copy)?;
    Ok(Original {
        loaded,
        texts,
        mask,
    })
}

fn copy(sources: &SourceMap) -> SourceMap {
    let mut copy = SourceMap::default();
    for file in sources.files() {
        copy.add(sources.path(file), sources.bytes(file));
    }
    copy
}

/// `keep` sees the texts before their secrets are covered.
fn load<T>(
    global: &Global,
    keep: impl FnOnce(&SourceMap) -> T,
) -> Result<(Loaded, Arc<Mask>, T), Unready> {
    let Read {
        mut sources,
        problems,
    } = read(&global.file).map_err(|error| Unready::because(&error.into()))?;
    let mut unready: Vec<View> = problems
        .into_iter()
        .flat_map(|error| Unready::because(&error.into()).0)
        .collect();
    if sources.files().next().is_none() {
        return Err(Unready(unready));
    }
    let kept = keep(&sources);
    let environment = |name: &str| std::env::var(name).ok();
    let context = Context {
        sources: &sources,
        environment: &environment,
        region: global.region(),
    };
    let Decoded {
        mut chart,
        mut found,
        rules,
        waivers,
        foreign,
    } = config::decode(context);
    if !unready.is_empty() {
        // A file that could not be read may hold the target, or what the waiver is for.
        found.retain(|diagnostic| !matches!(diagnostic.code, "unknown-target" | "unused-waiver"));
    }
    found.extend(bad_endpoints(&chart));
    found.sort();
    config::hide_secrets(&found, &foreign, &mut sources);
    if chart.name.is_none() {
        chart
            .stamp
            .name
            .clone_from(&first(&global.file).unwrap_or_default());
    }
    // The mask needs the decoded chart, which names the sources of its logins. Lines are covered
    // before anything is printed.
    let mask = secrets::mask_of(&chart);
    sources.cover_lines(|line| mask.hides(line));
    chart.hide(&mask);
    found.hide(&mask);
    let found = found.abridged();
    output::diagnostics(global, &found, &sources);
    let views = views(&found, &sources);
    if found.has_errors() || !unready.is_empty() {
        unready.extend(views);
        return Err(Unready(unready));
    }
    let loaded = Loaded {
        chart: Arc::new(chart),
        views,
        rules,
        waivers,
        sources,
    };
    Ok((loaded, mask, kept))
}

impl Loaded {
    /// Adds the findings that need the live state of a part of the chart, and removes the waived
    /// ones of its plan; without a live state, adds only the unused waivers. A selection that
    /// covers nothing ends the command: its plan would be empty, and look like success.
    pub(super) fn conclude(
        &mut self,
        global: &Global,
        read: Option<(&Live, &Chart, &mut Plan)>,
        asked: &Asked,
    ) -> Result<(), Unready> {
        let mut found = Diagnostics::new();
        // A lint that did not run finds nothing, so its waivers are not unused.
        let mut not_looked_for: Vec<&str> =
            lint::OF_A_PLAN.into_iter().chain(finding::CODES).collect();
        if let Some((live, part, plan)) = read.filter(|(live, ..)| live.failures.is_empty()) {
            found.extend(lint::targets(live, &self.rules));
            found.extend(coverage::idle_backfills(
                part,
                &asked.selection,
                &asked.backfills,
            ));
            let has_patterns = !(self.chart.protect.is_empty() && self.chart.accept.is_empty());
            if has_patterns || asked.selection.is_partial() || !asked.ignores.is_empty() {
                found.extend(Seen::new(&self.chart, part, live).judge(
                    &asked.selection,
                    asked.selected_by,
                    &asked.ignores,
                ));
            }
            self.waivers.apply(&mut found);
            let (waivers, sources) = (&mut self.waivers, &self.sources);
            plan.retain_findings(|finding| !waivers.silences(finding, sources));
            // Only an unused waiver asks for it, and the findings look at every rule.
            not_looked_for = if self.waivers.is_empty() {
                Vec::new()
            } else if asked.selection.is_partial() {
                lint::OF_A_WHOLE_PLAN
                    .into_iter()
                    .chain(finding::CODES)
                    .collect()
            } else {
                finding::not_looked_for(&self.chart, live)
            };
            not_looked_for.extend(health::not_looked_for(live));
            not_looked_for.extend(lint::OF_A_READ);
        }
        found.extend(self.waivers.unused(&not_looked_for));
        let has_errors = found.has_errors();
        self.report(global, found);
        if has_errors {
            Err(Unready(std::mem::take(&mut self.views)))
        } else {
            Ok(())
        }
    }

    /// Prints more findings, and keeps them for the document.
    pub(super) fn report(&mut self, global: &Global, mut found: Diagnostics) {
        // `dedup` and `abridged` expect a sorted list.
        found.sort();
        found.dedup();
        let found = found.abridged();
        output::diagnostics(global, &found, &self.sources);
        self.views.extend(views(&found, &self.sources));
    }
}

fn views(found: &Diagnostics, sources: &SourceMap) -> Vec<View> {
    found
        .iter()
        .map(|diagnostic| diagnostic.view(sources))
        .collect()
}

/// The endpoints that are malformed. Whether a host is allowed is checked when the door is opened.
fn bad_endpoints(chart: &Chart) -> impl Iterator<Item = Diagnostic> {
    chart
        .endpoints
        .iter()
        .filter_map(|((service, region), endpoint)| {
            let flaw = Wanted::new(*service, region)
                .in_chart(&endpoint.url, None)
                .error()?;
            Some(Diagnostic::error("bad-endpoint", flaw.to_string()).at(endpoint.span))
        })
}
