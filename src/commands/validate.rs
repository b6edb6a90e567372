//! `portolan validate`: decode and check the chart, offline.

use super::{output, session};
use crate::{cli::Global, exit::Exit};

pub(super) fn run(global: &Global) -> anyhow::Result<Exit> {
    let Ok(loaded) = session::load_chart(global) else { return Ok(Exit::Failed) };
    let number = loaded.chart.resources.len();
    let resources = if number == 1 { "1 resource".to_owned() } else { format!("{number} resources") };
    output::document(&format!("The chart is valid: {resources}.\n"))?;
    Ok(Exit::Done)
}
