//! Replaces `${env:NAME}` and `${env:NAME:-fallback}` in the strings of a chart.
//!
//! Only `PORTOLAN_VAR_NAME` is read, so that a pull request cannot print a secret of the pipeline.
//! The environment is a parameter, because this module is pure.

use std::borrow::Cow;

/// The prefix of environment variables that a chart can read.
pub(crate) const PREFIX: &str = "PORTOLAN_VAR_";

/// The start of a variable in a chart.
pub(crate) const OPEN: &str = "${env:";

/// A variable that is never set, with `$` as its fallback: the language has no other way to write
/// `${env:` itself.
const DOLLAR: &str = "${env:_:-$}";

/// A text in which nothing is replaced: the expansion gives the text back.
pub(crate) fn literal(text: &str) -> String {
    text.replace(OPEN, &format!("{DOLLAR}{}", &OPEN[1..]))
}

/// Looks up an environment variable.
pub(crate) type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// Why a string cannot be expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unexpanded {
    Unset(String),
    /// No closing brace, or no name.
    Malformed,
}

/// Replaces every variable. The values of variables are not expanded again.
pub(crate) fn expand<'t>(
    text: &'t str,
    environment: Environment<'_>,
) -> Result<Cow<'t, str>, Unexpanded> {
    if !text.contains(OPEN) {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once(OPEN) {
        out.push_str(before);
        let (inside, tail) = tail.split_once('}').ok_or(Unexpanded::Malformed)?;
        let (name, fallback) = match inside.split_once(":-") {
            Some((name, fallback)) => (name, Some(fallback)),
            None => (inside, None),
        };
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name {
            return Err(Unexpanded::Malformed);
        }
        let variable = format!("{PREFIX}{name}");
        // Unlike in a shell, the fallback of `:-` does not replace an empty value.
        match environment(&variable).or_else(|| fallback.map(str::to_owned)) {
            Some(value) => out.push_str(&value),
            None => return Err(Unexpanded::Unset(variable)),
        }
        rest = tail;
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_once() {
        let environment = |name: &str| match name {
            "PORTOLAN_VAR_A" => Some("${env:B}".to_owned()),
            "PORTOLAN_VAR_EMPTY" => Some(String::new()),
            _ => None,
        };
        let expanded = |text| expand(text, &environment).map(Cow::into_owned);
        assert_eq!(expanded("x-${env:A}-y"), Ok("x-${env:B}-y".to_owned()));
        assert_eq!(
            expanded("${env:NO:-a:b}${env:A}"),
            Ok("a:b${env:B}".to_owned())
        );
        assert_eq!(expanded("${env:EMPTY:-full}"), Ok(String::new()));
        assert_eq!(expanded("${HOME} $x"), Ok("${HOME} $x".to_owned()));
        assert_eq!(
            expanded("${env:NO}"),
            Err(Unexpanded::Unset("PORTOLAN_VAR_NO".to_owned()))
        );
        for malformed in ["${env:A", "${env:}", "${env:a b}"] {
            assert_eq!(
                expanded(malformed),
                Err(Unexpanded::Malformed),
                "{malformed}"
            );
        }
    }
}
