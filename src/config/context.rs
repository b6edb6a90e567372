//! What every part of the decoder works with: the sources, the chart as it grows, and the document
//! at hand.

use std::sync::Arc;

use super::{
    allowance::Allowance,
    layer::Layer,
    tree::Node,
    variables::{Environment, expand},
};
use crate::{
    address::Address,
    diagnostics::{Diagnostic, Diagnostics, Source, SourceMap, Span},
    mask::holds_login,
    names::{self, Name},
    state::{Attributes, Chart},
};

/// What no region begins with.
pub(super) const UNKNOWN_REGION: char = '?';

/// The input of the decoder beside the documents.
#[derive(Clone, Copy)]
pub struct Context<'c> {
    pub sources: &'c SourceMap,
    pub environment: Environment<'c>,
    /// For documents that name no region.
    pub region: Option<&'c str>,
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl Context<'_> {
    /// The text of a scalar with its variables replaced; nothing if the checks reported it.
    pub(super) fn text(&self, node: &Node<'_>) -> Option<String> {
        let text = expand(node.as_str()?, self.environment).ok()?.into_owned();
        (!holds_login(&text)).then_some(text)
    }

    /// The same, if it is such a name.
    pub(super) fn name(&self, name: Name, node: &Node<'_>) -> Option<Arc<str>> {
        let text = self.text(node)?;
        names::is_valid(name, &text).then(|| Arc::from(text))
    }

    pub(super) fn source(&self, span: Span) -> Source {
        self.sources.location(span)
    }
}

/// What decoding comes to, and what it works with.
#[derive(Debug)]
pub struct Output<'c> {
    pub(super) context: Context<'c>,
    pub chart: Chart,
    /// Where each resource without a name stands, for the checks that look at some together.
    pub items: Vec<(Address, Span)>,
    pub found: Diagnostics,
    pub(super) allowance: Allowance,
    /// Those of the last resource: the next one often inherits the same.
    pub(super) last: Arc<Attributes>,
}

impl Output<'_> {
    /// The attributes of a resource, shared with the resource before it if they are the same.
    pub(super) fn shared(&mut self, attributes: Attributes) -> Arc<Attributes> {
        if *self.last != attributes {
            self.last = Arc::new(attributes);
        }
        self.last.clone()
    }

    /// Reports, once, that the chart stands for more than is allowed.
    pub(super) fn refuse(&mut self, span: Span) {
        if self.allowance.refuses_first() {
            let hint = "write lists and texts where they are needed, or make several charts of it";
            let problem =
                "from here on, defaults and aliases make more of this chart than is allowed";
            self.found.push(
                Diagnostic::error("chart-too-large", problem)
                    .at(span)
                    .hint(hint),
            );
        }
    }
}

/// One document with its region and its defaults.
pub(super) struct Document<'n, 's> {
    pub(super) root: &'n Node<'s>,
    pub(super) region: Arc<str>,
    pub(super) defaults: Layer<'n, 's>,
    pub(super) chart_defaults: Layer<'n, 's>,
}
