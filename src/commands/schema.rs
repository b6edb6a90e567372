//! `portolan schema`: the JSON Schema of the chart, or the page made from the same grammar.

use super::output;
use crate::{cli::SchemaArgs, exit::Exit, plan::document::pretty, render, schema};

pub(super) fn run(args: &SchemaArgs) -> anyhow::Result<Exit> {
    let text = if args.markdown { render::reference::markdown() } else { pretty(&schema::chart()) };
    output::document(&text)?;
    Ok(Exit::Done)
}
