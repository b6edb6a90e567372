//! `portolan explain`: what a code of a diagnostic means.

use super::{UsageError, output};
use crate::{
    cli::{ExplainArgs, Global},
    config::check::similar_to,
    diagnostics::codes,
    exit::Exit,
    render,
};

pub(super) fn run(global: &Global, args: &ExplainArgs) -> anyhow::Result<Exit> {
    let all = codes::all();
    let text = match &args.code {
        Some(name) => render::codes::text(codes::find(name).ok_or_else(|| unknown(name))?),
        None if args.markdown => render::codes::markdown(&all),
        None => render::codes::list(&all),
    };
    output::paged(global, &text)?;
    Ok(Exit::Done)
}

fn unknown(name: &str) -> UsageError {
    let hint = match similar_to(name, codes::explained().map(|code| code.name)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "`portolan explain` lists them".to_owned(),
    };
    UsageError(format!("no code is called `{name}`; {hint}"))
}
