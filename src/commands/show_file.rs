//! `portolan show`: a saved plan in any format of `plan`, or a snapshot, from its file alone.

use anyhow::Context as _;

use super::{UsageError, output, session, show};
use crate::{
    cli::{Global, PlanFormat, ShowFileArgs},
    exit::Exit,
    input,
    plan::document,
    render, snapshot,
};

pub(super) fn run(global: &Global, args: &ShowFileArgs) -> anyhow::Result<Exit> {
    let path = &args.file;
    // A chart is a likely mistake here, and its parse error as JSON would explain nothing.
    if let Some(error) = session::chart_for_plan(path, "validate --print") {
        return Err(error.into());
    }
    let text = input::text(path, input::MOST)
        .with_context(|| format!("cannot read {}", path.display()))?;
    if snapshot::document::is_one(&text) {
        return snapshot(global, args, &text);
    }
    let read = document::read(&text).and_then(|plan| Ok((plan, document::diagnostics(&text)?)));
    let (plan, found) = read.with_context(|| format!("cannot show {}", path.display()))?;
    show::plan(global, &args.show, &plan, found)?;
    Ok(Exit::Done)
}

fn snapshot(global: &Global, args: &ShowFileArgs, text: &str) -> anyhow::Result<Exit> {
    let path = args.file.display();
    let read = snapshot::document::read(text).with_context(|| format!("cannot show {path}"))?;
    match args.show.format {
        PlanFormat::Text => {
            let color = output::stdout_color(global);
            let shown = output::fitted(render::snapshot::text(&read, color));
            output::paged(global, &shown)?;
        }
        PlanFormat::Json => output::document(&snapshot::document::text(&read))?,
        _ => {
            let message = format!("{path} is a snapshot: `--format` can be `text` or `json`");
            return Err(UsageError(message).into());
        }
    }
    Ok(Exit::Done)
}
