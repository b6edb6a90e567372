//! The input and output that all parts of the decoder share.

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

/// The first character of placeholders for an unknown region. No region begins with it.
pub(super) const UNKNOWN_REGION: char = '?';

/// The decoder's input apart from the documents.
#[derive(Clone, Copy)]
pub struct Context<'c> {
    pub sources: &'c SourceMap,
    pub environment: Environment<'c>,
    /// The region of documents without one.
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
    /// A string with its variables replaced, or `None` if the checks reported it.
    pub(super) fn text(&self, node: &Node<'_>) -> Option<String> {
        // Checked after the expansion: the value of a variable may contain a login.
        let text = expand(node.as_str()?, self.environment).ok()?.into_owned();
        (!holds_login(&text)).then_some(text)
    }

    /// The same, if it is a valid name.
    pub(super) fn name(&self, name: Name, node: &Node<'_>) -> Option<Arc<str>> {
        let text = self.text(node)?;
        names::is_valid(name, &text).then(|| Arc::from(text))
    }

    pub(super) fn source(&self, span: Span) -> Source {
        self.sources.location(span)
    }
}

/// The decoder's output, with its own state.
#[derive(Debug)]
pub struct Output<'c> {
    pub(super) context: Context<'c>,
    pub chart: Chart,
    /// The place of each nameless resource, for the lints that compare several of them.
    pub items: Vec<(Address, Span)>,
    pub found: Diagnostics,
    pub(super) allowance: Allowance,
    /// The attributes of the last resource. The next one often inherits the same.
    pub(super) last: Arc<Attributes>,
}

impl Output<'_> {
    /// The attributes, shared with the last resource if they are equal.
    pub(super) fn shared(&mut self, attributes: Attributes) -> Arc<Attributes> {
        if *self.last != attributes {
            self.last = Arc::new(attributes);
        }
        self.last.clone()
    }

    /// Reports once that the chart expands to more than the limit.
    pub(super) fn refuse(&mut self, span: Span) {
        if self.allowance.refuses_first() {
            let hint = "write inherited lists and texts only where needed, or split the chart";
            let problem = "from here on, defaults and aliases expand the chart beyond the limit";
            self.found.push(
                Diagnostic::error("chart-too-large", problem)
                    .at(span)
                    .hint(hint),
            );
        }
    }
}

/// A document with its region and its defaults.
pub(super) struct Document<'n, 's> {
    pub(super) root: &'n Node<'s>,
    pub(super) region: Arc<str>,
    pub(super) defaults: Layer<'n, 's>,
    pub(super) chart_defaults: Layer<'n, 's>,
}
