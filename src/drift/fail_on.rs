//! `--fail-on`: which findings count.

use std::str::FromStr;

use crate::{
    config::check::similar_to,
    plan::{Finding, finding},
};

/// A value of `--fail-on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    /// No finding counts but those of other values.
    Nothing,
    /// Findings of this code count.
    Code(&'static str),
}

impl FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<FailOn, String> {
        if text == NOTHING {
            return Ok(FailOn::Nothing);
        }
        let known = || finding::CODES.into_iter().chain([NOTHING]);
        known()
            .find(|code| *code == text)
            .map(FailOn::Code)
            .ok_or_else(|| match similar_to(text, known()) {
                Some(meant) => format!("no finding has this code: did you mean `{meant}`?"),
                None => {
                    let codes: Vec<String> = known().map(|code| format!("`{code}`")).collect();
                    format!(
                        "no finding has this code: the values are {}",
                        codes.join(", ")
                    )
                }
            })
    }
}

/// The value of `--fail-on` with which no finding counts.
pub const NOTHING: &str = "none";

/// Sets which findings count. The order of the values makes no difference.
pub(super) fn decide(findings: &mut [Finding], fail_on: &[FailOn]) {
    let clears = fail_on.contains(&FailOn::Nothing);
    for finding in findings {
        let is_added = fail_on
            .iter()
            .any(|item| matches!(item, FailOn::Code(code) if *code == finding.code));
        finding.counts = is_added || (finding.counts && !clears);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_code_is_an_error_with_a_hint() {
        assert_eq!("unlisted".parse(), Ok(FailOn::Code("unlisted")));
        assert_eq!("none".parse(), Ok(FailOn::Nothing));
        let error = |text: &str| text.parse::<FailOn>().unwrap_err();
        assert!(error("unlistd").ends_with("did you mean `unlisted`?"));
        assert!(error("exposes").contains("`maybe-renamed`, "));
        assert!(error("").contains("the values are"));
    }
}
