//! `portolan show`: a saved plan in any format of `plan`, from its file alone.

use anyhow::Context as _;

use super::{session, show};
use crate::{
    cli::{Global, ShowFileArgs},
    exit::Exit,
    input,
    plan::document,
};

pub(super) fn run(global: &Global, args: &ShowFileArgs) -> anyhow::Result<Exit> {
    let path = &args.file;
    // A chart is a likely mistake here, and its parse error as JSON would explain nothing.
    if let Some(error) = session::chart_for_plan(path, "validate --print") {
        return Err(error.into());
    }
    let text = input::text(path, input::MOST)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let read = document::read(&text).and_then(|plan| Ok((plan, document::diagnostics(&text)?)));
    let (plan, found) = read.with_context(|| format!("cannot show {}", path.display()))?;
    show::plan(global, &args.show, &plan, found)?;
    Ok(Exit::Done)
}
