//! The output files of an apply: its receipt, and its events as they happen.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;

use super::{
    files::{self, Later},
    paths,
};
use crate::{
    cli::{ApplyArgs, Global},
    diagnostics::View,
    plan::{Plan, document::pretty},
    progress::{Listener, Pair, events::Events},
    receipt::{Line, PlanStamp, Receipt},
    report::Report,
};

/// The files that the options name.
#[derive(Default)]
pub(super) struct Logbook {
    receipt: Option<Later>,
    events: Option<(PathBuf, Arc<Events>)>,
}

impl Logbook {
    /// Checks that both can be written before anything else happens: an apply without its records
    /// should not start.
    pub(super) fn open(global: &Global, args: &ApplyArgs) -> anyhow::Result<Logbook> {
        let wanted: Vec<&PathBuf> = args.receipt.iter().chain(&args.events).collect();
        for path in &wanted {
            paths::is_no_input(global, path)?;
            files::is_not_stdout(path)?;
            is_not(path, args.plan.as_deref())?;
        }
        if let [receipt, events] = wanted[..] {
            is_not(receipt, Some(events))?;
        }
        // The receipt first: opening the events empties their file, which must not happen if the
        // command then fails.
        let receipt = args.receipt.as_deref().map(Later::at).transpose()?;
        let open = |path: &PathBuf| -> anyhow::Result<_> {
            Ok((path.clone(), Arc::new(Events::to(files::begin(path)?))))
        };
        Ok(Logbook {
            receipt,
            events: args.events.as_ref().map(open).transpose()?,
        })
    }

    /// Adds the events to another listener.
    pub(super) fn listener(&self, other: Arc<dyn Listener>) -> Arc<dyn Listener> {
        match &self.events {
            Some((_, events)) => Arc::new(Pair(other, events.clone())),
            None => other,
        }
    }

    pub(super) fn begin(&self, plan: &Plan, stamp: &PlanStamp) {
        if let Some((_, events)) = &self.events {
            let format_version = crate::plan::document::FORMAT_VERSION;
            let (document, plan) = (crate::receipt::EVENTS, plan.summary());
            events.write(&Line::Plan {
                format_version,
                document,
                plan: stamp.clone(),
                summary: plan,
            });
        }
    }

    /// Writes the rest of both files; a failure of one does not stop the other.
    pub(super) fn end(
        &self,
        report: &Report<'_>,
        stamp: PlanStamp,
        views: Vec<View>,
    ) -> anyhow::Result<()> {
        let events = self.events.as_ref().map_or(Ok(()), |(path, events)| {
            events.write(&Line::ended(report));
            events
                .end()
                .with_context(|| format!("{} is not complete", path.display()))
        });
        if let Some(file) = &self.receipt {
            file.write(&pretty(&Receipt::new(report, stamp, views)))?;
        }
        events
    }
}

fn is_not(path: &Path, other: Option<&Path>) -> anyhow::Result<()> {
    if other.is_some_and(|other| paths::is_same(path, other)) {
        let problem = format!(
            "{} is named twice; each option needs a file of its own",
            path.display()
        );
        return Err(super::UsageError(problem).into());
    }
    Ok(())
}
