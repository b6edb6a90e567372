//! `portolan drift`: a plan for a schedule. Sends nothing but reads; the clock is read here and nowhere below.

use std::path::PathBuf;

use jiff::Timestamp;

use super::{files, output, plan, session, show};
use crate::{
    cli::{DriftArgs, Global},
    date::Date,
    diagnostics::Diagnostics,
    drift::{Drift, judge},
    exit::Exit,
    input,
    plan::Outcome,
    render::metrics::{self, Metrics},
};

pub(super) fn run(global: &Global, args: &DriftArgs) -> anyhow::Result<Exit> {
    if let Some(path) = &args.metrics {
        session::is_no_input(global, path)?;
        files::is_not_stdout(path)?;
    }
    let plan::Ready { plan, asked, mut loaded, door } = match plan::ready(global, &[], &args.selection, &args.ignore)? {
        Ok(ready) => ready,
        Err(unready) => {
            let measured = measure(args.metrics.as_ref(), None, 0);
            show::drift_unready(global, &args.show, unready)?;
            return measured.map(|()| Exit::Failed);
        }
    };
    output::failures(&plan.failures);
    let drift = judge(plan, &loaded.chart.accept, &asked.ignores, today()?);
    let mut expired = Diagnostics::new();
    expired.extend(drift.errors());
    loaded.tell(global, expired);
    // Who asked for a document gets one, though the file could not be written.
    let measured = measure(args.metrics.as_ref(), Some(&drift), door.client.requests());
    show::drift(global, &args.show, &drift, loaded.views)?;
    measured?;
    Ok(exit(&drift))
}

/// Days begin and end in UTC, so that a chart means the same everywhere.
fn today() -> anyhow::Result<Date> {
    Ok(Timestamp::now().strftime("%Y-%m-%d").to_string().parse()?)
}

/// Replaces the file of metrics, if one is wanted. What is in there tells when a read was last complete.
fn measure(path: Option<&PathBuf>, drift: Option<&Drift>, requests: usize) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    let complete = drift.is_some_and(|drift| drift.outcome() != Outcome::Unknown);
    let last_complete_read = if complete {
        Some(Timestamp::now().as_second())
    } else {
        let text = files::is_replaced(path).then(|| input::text_if_file(path, input::MOST)).flatten();
        text.and_then(|text| metrics::last_complete_read(&text))
    };
    files::replace(path, &metrics::text(&Metrics { drift, requests, last_complete_read }))
}

/// Limits stop an apply, not a finding: a plan that is stopped differs all the same. An acceptance that is over is a
/// failure whatever differs, so that somebody looks at the chart.
fn exit(drift: &Drift) -> Exit {
    match drift.outcome() {
        _ if !drift.expired.is_empty() => Exit::Failed,
        Outcome::Unknown => Exit::Failed,
        Outcome::Changes => Exit::Changes,
        Outcome::NoChanges => Exit::Done,
    }
}
