//! Limits how much a chart may expand to through defaults and aliases.
//!
//! Each repository that inherits a list gets a copy of it, and each alias repeats a mapping, so a
//! small file can expand to millions of rules. The limit grows with the text, and so do time and
//! memory.

use crate::diagnostics::SourceMap;

/// Bytes that any chart may expand to, and how many more for each byte of its text.
const BYTES: usize = 56 << 20;
const BYTES_A_BYTE: usize = 8;
/// What a resource counts for apart from its texts: about the memory that it takes.
const RESOURCE: usize = 480;
/// Steps for comparing patterns with addresses, and how many more for each byte of text.
const STEPS: usize = 4_000_000;
const STEPS_A_BYTE: usize = 16;

/// The remaining allowance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Allowance {
    bytes: usize,
    steps: usize,
    is_refused: bool,
}

impl Allowance {
    pub(super) fn of(sources: &SourceMap) -> Allowance {
        Self::for_bytes(sources.files().map(|file| sources.bytes(file).len()).sum())
    }

    fn for_bytes(written: usize) -> Allowance {
        let more = |base: usize, a_byte: usize| base.saturating_add(written.saturating_mul(a_byte));
        Allowance {
            bytes: more(BYTES, BYTES_A_BYTE),
            steps: more(STEPS, STEPS_A_BYTE),
            is_refused: false,
        }
    }

    /// Whether another resource with that many bytes of text is allowed.
    pub(super) fn grant(&mut self, text: usize) -> bool {
        let left = self.bytes.checked_sub(text.saturating_add(RESOURCE));
        // After a refusal nothing is granted: else small resources that come later would be kept,
        // and the chart would be an arbitrary selection.
        self.bytes = left.unwrap_or(0);
        left.is_some()
    }

    /// Whether that many more steps for comparing patterns with addresses are allowed.
    pub(super) fn grant_steps(&mut self, steps: usize) -> bool {
        let left = self.steps.checked_sub(steps);
        self.steps = left.unwrap_or(0);
        left.is_some()
    }

    /// Records a refusal. Returns whether it is the first.
    pub(super) fn refuses_first(&mut self) -> bool {
        !std::mem::replace(&mut self.is_refused, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allowance_is_linear_in_the_text() {
        let granted = |written: usize, text: usize| {
            let mut allowance = Allowance::for_bytes(written);
            std::iter::from_fn(|| allowance.grant(text).then_some(())).count()
        };
        assert_eq!(
            [0, 1 << 20].map(|written| granted(written, 0)),
            [122_333, 139_810]
        );
        assert_eq!(
            [0, 1 << 20].map(|written| granted(written, 30_000)),
            [1_926, 2_201]
        );
    }

    #[test]
    fn a_large_chart_that_repeats_little_is_allowed() {
        // Names of ten characters: 50,000 inherited descriptions, and 30,000 lists of three rules.
        let line = "      team-a-123:\n".len();
        for (number, each, text) in [(50_000, 1, 500), (30_000, 4, 40)] {
            let mut allowance = Allowance::for_bytes(number * line);
            assert!(
                (0..number * each).all(|_| allowance.grant(text)),
                "{number} times {each} of {text}"
            );
        }
    }

    #[test]
    fn after_a_refusal_nothing_is_granted() {
        let mut allowance = Allowance::for_bytes(0);
        assert!(!allowance.grant(BYTES + 1) && !allowance.grant(0));
        assert!(allowance.refuses_first() && !allowance.refuses_first());
    }
}
