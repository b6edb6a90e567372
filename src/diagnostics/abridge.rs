//! Many findings of one kind: the first of them whole, the rest counted.
//!
//! One mistake in a generator makes thousands of findings that all say the same. Nobody reads them,
//! and printing them costs more than finding them.

use indexmap::IndexMap;

use super::{Diagnostic, Diagnostics};

/// How many findings of one code are kept whole.
const WHOLE: usize = 20;

impl Diagnostics {
    /// The first findings of each code, and one more for each code that stands for the rest. It has
    /// the place of the first finding that it stands for. Expects a sorted list.
    #[must_use]
    pub fn abridged(self) -> Diagnostics {
        let mut numbers = IndexMap::<_, usize>::new();
        let mut rest = IndexMap::<_, Diagnostic>::new();
        let mut kept = Diagnostics::new();
        for found in self.0 {
            let kind = (found.severity, found.code);
            let number = numbers.entry(kind).or_default();
            *number += 1;
            if *number <= WHOLE {
                kept.push(found);
            } else if let Some(rest) = rest.get_mut(&kind) {
                rest.count += found.count;
            } else {
                rest.insert(kind, found);
            }
        }
        kept.extend(rest.into_values().map(stand_in));
        kept
    }
}

/// A single finding beyond those that are kept stays as it is: it takes no more room.
fn stand_in(first: Diagnostic) -> Diagnostic {
    if first.count == 1 {
        return first;
    }
    let message = format!(
        "{} more findings of this kind; the first of them is here",
        first.count
    );
    let hint = "mend those above first: as a rule the rest has the same cause";
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

    fn many(number: u32) -> Diagnostics {
        let file = SourceMap::default().add("c.yaml", "");
        let mut found = Diagnostics::new();
        found.extend((0..number).map(|at| {
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
        for number in [0, 1, WHOLE as u32, WHOLE as u32 + 1] {
            let kept = many(number).abridged();
            let (mut all, mut kept): (Vec<_>, Vec<_>) = (
                many(number).into_iter().collect(),
                kept.into_iter().collect(),
            );
            all.sort_by_key(|found| found.message.clone());
            kept.sort_by_key(|found| found.message.clone());
            assert_eq!(all, kept, "{number}");
        }
    }

    #[test]
    fn the_rest_is_counted_at_its_first_place() {
        let kept = many(100_000).abridged();
        assert_eq!(
            (kept.errors(), kept.warnings(), kept.len()),
            (100_000, 1, WHOLE + 2)
        );
        let last = kept.iter().last().unwrap();
        assert_eq!((last.count, last.code), (99_980, "unknown-key"));
        assert_eq!(last.span.map(|span| span.start), Some(WHOLE as u32));
        assert_eq!(last.address, None, "it is about more than one resource");
    }
}
