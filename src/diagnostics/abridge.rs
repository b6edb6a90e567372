//! Limits how many findings of one code are shown; the rest is counted.
//!
//! One mistake in a chart generator causes thousands of equal findings. Nobody reads them all, and
//! printing them takes longer than finding them.

use indexmap::IndexMap;

use super::{Diagnostic, Diagnostics};

/// How many findings of one code are shown.
const SHOWN: usize = 20;

impl Diagnostics {
    /// The first findings of each code, and a summary of the others at the place of the first one
    /// that is left out. Expects a sorted list.
    #[must_use]
    pub(crate) fn abridged(self) -> Diagnostics {
        let mut counts = IndexMap::<_, usize>::new();
        let mut rest = IndexMap::<_, Diagnostic>::new();
        let mut kept = Diagnostics::new();
        for found in self.0 {
            let kind = (found.severity, found.code);
            let count = counts.entry(kind).or_default();
            *count += 1;
            if *count <= SHOWN {
                kept.push(found);
            } else if let Some(rest) = rest.get_mut(&kind) {
                rest.count += found.count;
            } else {
                rest.insert(kind, found);
            }
        }
        kept.extend(rest.into_values().map(summary));
        kept
    }
}

/// Turns the first finding that is left out into a summary of all of them.
fn summary(first: Diagnostic) -> Diagnostic {
    // A single finding takes no more space than its summary would.
    if first.count == 1 {
        return first;
    }
    let message = format!(
        "{} more findings with this code; the first of them is here",
        first.count
    );
    let hint = "fix the findings above first: the others usually have the same cause";
    Diagnostic {
        message,
        hint: Some(hint.to_owned()),
        address: None,
        related: Vec::new(),
        ..first
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::{SourceMap, Span};

    fn many(count: u32) -> Diagnostics {
        let file = SourceMap::default().add("c.yaml", "");
        let mut found = Diagnostics::new();
        found.extend((0..count).map(|at| {
            let found = Diagnostic::error("unknown-key", format!("unknown key `k{at}`"));
            found
                .at(Span::new(file, at, at + 1))
                .address("organization a")
        }));
        found.push(Diagnostic::warning("self-copy", "onto itself"));
        found
    }

    #[test]
    fn few_findings_stay_as_they_are() {
        for count in [0, 1, SHOWN as u32, SHOWN as u32 + 1] {
            let kept = many(count).abridged();
            let (mut all, mut kept): (Vec<_>, Vec<_>) = (
                many(count).into_iter().collect(),
                kept.into_iter().collect(),
            );
            all.sort_by_key(|found| found.message.clone());
            kept.sort_by_key(|found| found.message.clone());
            assert_eq!(all, kept, "{count}");
        }
    }

    #[test]
    fn the_rest_is_counted_at_its_first_place() {
        let kept = many(100_000).abridged();
        assert_eq!(
            (kept.errors(), kept.warnings(), kept.len()),
            (100_000, 1, SHOWN + 2)
        );
        let last = kept.iter().last().unwrap();
        assert_eq!((last.count, last.code), (99_980, "unknown-key"));
        assert_eq!(last.span.map(|span| span.start), Some(SHOWN as u32));
        assert_eq!(last.address, None, "it affects more than one resource");
    }
}
