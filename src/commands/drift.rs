//! `portolan drift`: a plan for scheduled use, which sends only reads. The clock is read here, so
//! that everything below is pure.

use std::path::PathBuf;

use jiff::Timestamp;

use super::{files, output, paths, plan, show};
use crate::{
    cli::{DriftArgs, Global},
    config::load,
    diagnostics::Diagnostics,
    drift::{Drift, Ignores, judge},
    exit::Exit,
    input,
    plan::Outcome,
    render::metrics::{self, Labels, LastRead, Metrics},
    state::Chart,
    time::Date,
};

pub(super) fn run(global: &Global, args: &DriftArgs) -> anyhow::Result<Exit> {
    if let Some(path) = &args.metrics {
        paths::is_no_input(global, path)?;
        files::is_not_stdout(path)?;
    }
    let plan::Ready {
        plan,
        asked,
        mut loaded,
        door,
    } = match plan::ready(
        global,
        &args.selection,
        &args.jobs,
        plan::Use::Drift(&args.ignore),
    )? {
        Ok(ready) => ready,
        Err(unready) => {
            let measured = measure(args.metrics.as_ref(), &load::stem(&global.file), None, 0);
            show::drift_unready(global, &args.show, unready)?;
            return measured.map(|()| Exit::Failed);
        }
    };
    output::failures(&plan.failures);
    let ignores = Ignores {
        patterns: &asked.ignores,
        codes: &asked.ignored_codes,
    };
    let drift = judge(plan, &loaded.chart.accept, ignores, &args.fail_on, today()?);
    let mut expired = Diagnostics::new();
    expired.extend(drift.errors());
    loaded.report(global, expired);
    // Its error comes after the document: stdout must not stay empty because a file failed.
    let label = chart_label(global, &loaded.chart);
    let measured = measure(
        args.metrics.as_ref(),
        &label,
        Some(&drift),
        door.client.requests(),
    );
    show::drift(global, &args.show, &drift, loaded.views)?;
    measured?;
    Ok(exit(&drift))
}

/// Days begin and end in UTC, so that a chart means the same on every machine.
fn today() -> anyhow::Result<Date> {
    Ok(Timestamp::now().strftime("%Y-%m-%d").to_string().parse()?)
}

/// Replaces the file of metrics, if there is one. The old file has the time of the last complete
/// read, which a failed read keeps.
fn measure(
    path: Option<&PathBuf>,
    chart: &str,
    drift: Option<&Drift>,
    requests: usize,
) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    let complete = drift.is_some_and(|drift| drift.outcome() != Outcome::Unknown);
    let last = || {
        // Only a regular file is read: reading a pipe would wait for a writer.
        let text = files::is_replaced(path)
            .then(|| input::text_if_file(path, input::MOST))
            .flatten();
        text.and_then(|text| metrics::last_complete_read(&text))
    };
    let now = drift.map(|drift| Labels {
        chart: chart.to_owned(),
        account: account_label(drift),
    });
    let (labels, last_complete_read) = match (now, complete) {
        (Some(labels), true) => (labels, Some(Timestamp::now().as_second())),
        (now, _) => carried_on(now, chart.to_owned(), last()),
    };
    files::replace(
        path,
        &metrics::text(&Metrics {
            labels: &labels,
            drift,
            requests,
            last_complete_read,
        }),
    )
}

/// The labels and the time after an incomplete read. What is not known stays as the older file has
/// it: otherwise the series that an alert watches would end with the first failure.
fn carried_on(now: Option<Labels>, chart: String, last: Option<LastRead>) -> (Labels, Option<i64>) {
    let seconds = last.as_ref().map(|last| last.seconds);
    let older = last.and_then(|last| last.labels);
    match (now, older) {
        (None, Some(older)) => (older, seconds),
        (None, None) => (
            Labels {
                chart,
                account: None,
            },
            seconds,
        ),
        (Some(now), None) => (now, seconds),
        (Some(now), Some(older)) if now.chart == older.chart => (
            Labels {
                account: now.account.or(older.account),
                ..now
            },
            seconds,
        ),
        // The file is about another chart.
        (Some(now), Some(_)) => (now, None),
    }
}

/// The chart's label in metrics: its own name, else that of its first file.
fn chart_label(global: &Global, chart: &Chart) -> String {
    chart
        .name
        .as_deref()
        .map_or_else(|| load::stem(&global.file), str::to_owned)
}

/// The account that all regions of the chart are in, where it is known.
fn account_label(drift: &Drift) -> Option<String> {
    drift.plan.scope.account_name().map(str::to_owned)
}

/// Limits stop an apply, not a finding: a stopped plan counts as drift like any other. An expired
/// acceptance is a failure even without drift, because someone has to change the chart.
fn exit(drift: &Drift) -> Exit {
    match drift.outcome() {
        // First: "no changes" must not hide it.
        _ if !drift.expired.is_empty() => Exit::Failed,
        Outcome::Unknown => Exit::Failed,
        Outcome::Changes => Exit::Changes,
        Outcome::NoChanges if drift.counted_findings() > 0 => Exit::Changes,
        Outcome::NoChanges => Exit::Done,
    }
}
