//! `portolan list`: what is live, and whether the chart lists it. Sends only reads.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{UsageError, door::Door, output, runtime, session};
use crate::{
    cli::{Format, Global, ListArgs},
    config::load,
    diagnostics::{Source, View},
    exit::Exit,
    inventory::{below, reaches_inside, rules, tops},
    pattern::Pattern,
    plan::Scope,
    refresh::inventory::{Stocked, read},
    render::inventory::{List, json, text},
    state::{Chart, Notice, TopPolicy},
    text::escaped,
};

pub(super) fn run(global: &Global, args: &ListArgs) -> anyhow::Result<Exit> {
    let charted = !global.file.is_empty() || !load::here().is_empty();
    let loaded = match charted.then(|| session::load_chart(global)) {
        Some(Err(unready)) => return unlisted(args, unready.0),
        Some(Ok(loaded)) => Some(loaded.chart),
        None => None,
    };
    let chart = loaded.as_deref();
    let asked = asked(global, chart)?;
    let pattern = pattern(args, chart, &asked)?;
    let kinds = match args.rules || pattern.as_ref().is_some_and(reaches_inside) {
        true => rules(),
        false => BTreeSet::new(),
    };
    let listener = output::listener(global);
    let places = asked.places();
    let reads = runtime::block_on(async {
        let door = Door::for_chart(global, &asked).await?;
        let reading = read(&door.client, &places, pattern.as_ref(), &kinds, &*listener);
        let read = door.deadline.within(reading).await;
        anyhow::Ok((
            read,
            door.scope(&asked, &crate::scope::Selection::default()),
        ))
    })?;
    drop(listener);
    let (read, mut scope) = match reads {
        Ok(reads) => reads,
        Err(error) if error.is::<UsageError>() => return Err(error),
        Err(error) => return unlisted(args, session::Unready::because(&error).0),
    };
    let stocked = read.unwrap_or_else(|broken_off| Stocked {
        failures: broken_off.live().failures,
        ..Stocked::default()
    });
    output::failures(&stocked.failures);
    scope.account = stocked
        .live
        .accounts
        .iter()
        .map(|(region, account)| (region.to_string(), account.clone()))
        .collect();
    warn_of_other_account(chart, &scope);
    let rows = match &pattern {
        None if !args.rules => tops(&stocked.stock, chart),
        pattern => below(&stocked.stock, chart, pattern.as_ref()),
    };
    let is_empty = rows.is_empty();
    let list = List {
        account: scope.account_name(),
        endpoints: scope.endpoint_documents(),
        pattern: pattern.as_ref().map(ToString::to_string),
        chart: chart.map(|chart| &chart.stamp),
        rows,
        diagnostics: stocked.failures.iter().map(View::unreadable).collect(),
    };
    match args.format {
        Format::Json => output::document(&json(&list))?,
        // A list with holes looks complete.
        Format::Text if !stocked.failures.is_empty() && is_empty => {}
        Format::Text => {
            let color = output::stdout_color(global);
            output::paged(global, &output::fitted(text(&list.rows, color)))?;
        }
    }
    if !stocked.failures.is_empty() {
        return Ok(Exit::Failed);
    }
    if let Some(pattern) = pattern.filter(|_| is_empty) {
        let pattern = escaped(&pattern.to_string());
        let regions: Vec<&str> = asked.regions.iter().map(|region| &**region).collect();
        output::print_line(&format!("error: `{pattern}` covers nothing that is live"));
        output::print_line(&format!(
            "  hint: {} was read; `--region` names another region",
            escaped(&regions.join(", "))
        ));
        return Ok(Exit::Failed);
    }
    Ok(Exit::Done)
}

/// What is printed if nothing could be listed.
fn unlisted(args: &ListArgs, diagnostics: Vec<View>) -> anyhow::Result<Exit> {
    if args.format == Format::Json {
        let list = List {
            pattern: args.pattern.as_ref().map(|it| it.text().to_owned()),
            diagnostics,
            ..List::default()
        };
        output::document(&json(&list))?;
    }
    Ok(Exit::Failed)
}

/// A chart that declares nothing in the regions to list: those of the chart, or the one on the
/// command line.
fn asked(global: &Global, chart: Option<&Chart>) -> anyhow::Result<Chart> {
    let named = global
        .region
        .iter()
        .map(|region| Arc::from(region.as_str()));
    let regions: BTreeSet<Arc<str>> = match chart {
        _ if !global.region.is_empty() => named.collect(),
        Some(chart) => chart.regions.clone(),
        None => {
            let message = "without a chart, `list` needs `--region REGION`, such as \
                `--region cn-north-4`";
            return Err(UsageError(message.to_owned()).into());
        }
    };
    let nowhere = Source {
        file: "command line".into(),
        line: 1,
        column: 1,
    };
    let watched = TopPolicy {
        notice: Notice::Reported,
        source: nowhere,
        is_default: true,
    };
    Ok(Chart {
        unlisted_tops: regions
            .iter()
            .map(|region| (region.clone(), watched.clone()))
            .collect(),
        regions,
        endpoints: chart.map_or_else(BTreeMap::new, |chart| chart.endpoints.clone()),
        ..Chart::default()
    })
}

fn pattern(
    args: &ListArgs,
    chart: Option<&Chart>,
    asked: &Chart,
) -> anyhow::Result<Option<Pattern>> {
    let Some(written) = &args.pattern else {
        return Ok(None);
    };
    let mut named = chart.cloned().unwrap_or_default();
    named.regions.extend(asked.regions.iter().cloned());
    let pattern = written.clone().on_command_line(&named.names());
    let problem = |problem| UsageError(format!("invalid value for `PATTERN`: {problem}"));
    Ok(Some(pattern.map_err(problem)?))
}

/// The column about the chart then means nothing.
fn warn_of_other_account(chart: Option<&Chart>, scope: &Scope) {
    let wanted = chart.and_then(|chart| chart.account.as_deref());
    let others = scope.account.values();
    let other = wanted.and_then(|wanted| others.into_iter().find(|it| *it != wanted));
    if let (Some(wanted), Some(other)) = (wanted, other) {
        let (wanted, other) = (escaped(wanted), escaped(other));
        output::print_line(&format!(
            "warning: the chart is for account {wanted}, and this is {other}"
        ));
    }
}
