//! The schema that editors read, beside the chart that refers to it.

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::{UsageError, files};
use crate::{input, plan::document::pretty, render::init::SCHEMA_FILE, schema};

/// The schema beside a chart.
pub(super) struct Beside {
    pub path: PathBuf,
    pub text: String,
}

impl Beside {
    /// Refuses a chart of that name, and if a file of that name has another content.
    pub(super) fn of(chart: &Path) -> anyhow::Result<Beside> {
        if chart.file_name().is_some_and(|name| name == SCHEMA_FILE) {
            return Err(UsageError(format!(
                "{SCHEMA_FILE} is the name of the schema: name another file"
            ))
            .into());
        }
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
    pub(super) fn write(&self) -> anyhow::Result<bool> {
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
