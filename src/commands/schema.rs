//! `portolan schema`: the JSON Schema of the chart, or the page made from the same grammar.

use super::output;
use crate::{
    cli::{Document, Global, SchemaArgs},
    exit::Exit,
    plan::document::pretty,
    render, schema,
};

pub(super) fn run(global: &Global, args: &SchemaArgs) -> anyhow::Result<Exit> {
    let text = if args.markdown {
        render::reference::markdown()
    } else {
        pretty(&of(args.document))
    };
    output::paged(global, &text)?;
    Ok(Exit::Done)
}

fn of(document: Document) -> serde_json::Value {
    match document {
        Document::Chart => schema::chart(),
        Document::Plan => schema::plan(),
        Document::Report => schema::report(),
        Document::Receipt => schema::receipt(),
        Document::Events => schema::events(),
        Document::Drift => schema::drift(),
        Document::Doctor => schema::doctor(),
        Document::Validate => schema::validate(),
        Document::List => schema::list(),
        Document::Snapshot => schema::snapshot(),
        Document::Version => schema::version(),
    }
}
