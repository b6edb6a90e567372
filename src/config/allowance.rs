//! How much a chart may stand for beyond what is written in it.
//!
//! A list in `defaults` is a list for each repository that inherits it, and a mapping behind an alias is one more mapping
//! wherever the alias stands: a small file can stand for millions of rules. What is allowed grows with the text, so that
//! time and memory do too.

use serde_json::Value;

use crate::{diagnostics::SourceMap, state::Attributes};

/// Repositories and rules of any chart, and the bytes of text that allow one more.
const RESOURCES: usize = 100_000;
const BYTES_A_RESOURCE: usize = 16;
/// Bytes in attributes of any chart, and how many more each byte of text allows.
const TEXT: usize = 16 << 20;
const TEXT_A_BYTE: usize = 8;

/// What is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Allowance {
    resources: usize,
    text: usize,
    is_refused: bool,
}

impl Allowance {
    pub(super) fn of(sources: &SourceMap) -> Allowance {
        Self::for_bytes(sources.files().map(|file| sources.bytes(file).len()).sum())
    }

    fn for_bytes(written: usize) -> Allowance {
        let resources = RESOURCES + written / BYTES_A_RESOURCE;
        Allowance { resources, text: TEXT + written.saturating_mul(TEXT_A_BYTE), is_refused: false }
    }

    /// Whether there may be one more resource with these attributes.
    pub(super) fn grant(&mut self, attributes: &Attributes) -> bool {
        let text = attributes.values().filter_map(Value::as_str).map(str::len).sum();
        match (self.resources.checked_sub(1), self.text.checked_sub(text)) {
            (Some(resources), Some(text)) => {
                (self.resources, self.text) = (resources, text);
                true
            }
            _ => {
                // What comes later may be small, and would be all that is left of the chart.
                self.resources = 0;
                false
            }
        }
    }

    /// Notes a refusal; whether it is the first.
    pub(super) fn refuses_first(&mut self) -> bool {
        !std::mem::replace(&mut self.is_refused, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_grows_with_the_text_and_no_faster() {
        let granted = |written: usize, attributes: &Attributes| {
            let mut allowance = Allowance::for_bytes(written);
            std::iter::from_fn(|| allowance.grant(attributes).then_some(())).count()
        };
        let none = Attributes::new();
        let long = Attributes::from_iter([("description", Value::from("x".repeat(30_000)))]);
        assert_eq!([0, 1 << 20].map(|written| granted(written, &none)), [100_000, 165_536]);
        assert_eq!([0, 1 << 20].map(|written| granted(written, &long)), [559, 838]);
    }

    #[test]
    fn after_a_refusal_nothing_is_granted() {
        let mut allowance = Allowance::for_bytes(0);
        let long = Attributes::from_iter([("description", Value::from("x".repeat(TEXT + 1)))]);
        assert!(!allowance.grant(&long) && !allowance.grant(&Attributes::new()));
        assert!(allowance.refuses_first() && !allowance.refuses_first());
    }
}
