//! How much a chart may stand for beyond what is written in it.
//!
//! A list in `defaults` is a list for each repository that inherits it, and a mapping behind an
//! alias is one more mapping wherever the alias stands: a small file can stand for millions of
//! rules. What is allowed grows with the text, so that time and memory do too.

use crate::diagnostics::SourceMap;

/// Bytes that any chart may stand for, and how many more each byte of its text allows.
const ROOM: usize = 56 << 20;
const ROOM_A_BYTE: usize = 8;
/// What a repository, a rule or a mirror takes beside its texts, so that each costs about what it
/// takes of memory.
const RESOURCE: usize = 480;
/// Steps of comparing patterns with the addresses of any chart, and how many more each byte of text
/// allows.
const STEPS: usize = 4_000_000;
const STEPS_A_BYTE: usize = 16;

/// What is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Allowance {
    room: usize,
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
            room: more(ROOM, ROOM_A_BYTE),
            steps: more(STEPS, STEPS_A_BYTE),
            is_refused: false,
        }
    }

    /// Whether there may be one more resource with as many bytes of text.
    pub(super) fn grant(&mut self, text: usize) -> bool {
        let left = self.room.checked_sub(text.saturating_add(RESOURCE));
        // After a refusal nothing is granted: what comes later may be small, and would be all that
        // is left of the chart.
        self.room = left.unwrap_or(0);
        left.is_some()
    }

    /// Whether patterns may be compared with addresses for as many steps more.
    pub(super) fn grant_steps(&mut self, steps: usize) -> bool {
        let left = self.steps.checked_sub(steps);
        self.steps = left.unwrap_or(0);
        left.is_some()
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
        assert!(!allowance.grant(ROOM + 1) && !allowance.grant(0));
        assert!(allowance.refuses_first() && !allowance.refuses_first());
    }
}
