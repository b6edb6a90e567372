//! The chart: `load` reads the files, `tree` parses them, `check` and `decode` turn the tree into
//! the desired state.
//!
//! Everything except `load` is pure. The chart language is declared once, in [`grammar`].

mod abroad;
mod allowance;
pub mod check;
pub mod children;
pub mod context;
pub mod decode;
pub mod entries;
mod foreign;
pub mod grammar;
pub mod inherit;
mod layer;
pub mod lint;
pub mod load;
pub mod numbered;
mod patterns;
mod place;
#[cfg(test)]
mod tests;
pub mod tree;
pub mod variables;
pub mod waivers;

use sha2::{Digest as _, Sha256};

use self::waivers::Waivers;
use crate::{
    diagnostics::{Diagnostic, Diagnostics, FileId, SourceMap, Span},
    mask::holds_login,
    state::{Chart, ChartStamp},
};

/// The result of decoding all files.
#[derive(Debug)]
pub struct Decoded {
    /// Must not be used if there are errors in `found`.
    pub chart: Chart,
    /// Sorted, without the waived findings.
    pub found: Diagnostics,
    /// The place of each resource without a name, such as a rule, for the lints that need the live
    /// state.
    pub rules: Vec<lint::PlacedRule>,
    pub waivers: Waivers,
    /// Files that are not charts. Their contents must not be shown.
    pub foreign: Vec<FileId>,
}

/// Decodes the chart from all loaded files.
pub fn decode(context: context::Context<'_>) -> Decoded {
    let sources = context.sources;
    let mut found = Diagnostics::new();
    let mut roots = Vec::new();
    let (mut charts, mut foreign, mut of_foreign) = (Vec::new(), Vec::new(), Vec::new());
    for file in sources.files() {
        let (text, mut wrong) = (sources.bytes(file), Diagnostics::new());
        let parsed = tree::parse(file, text, &mut wrong);
        // A blank file is a part of the chart that is not written yet.
        let is_blank = parsed.is_empty() && wrong.is_empty();
        if is_blank || foreign::is_chart(&parsed, text, &wrong) {
            roots.extend(parsed);
            found.extend(wrong);
            charts.push(file);
        } else {
            of_foreign.extend(foreign::findings(file, &parsed, wrong));
            foreign.push(file);
        }
    }
    if roots.is_empty() && foreign.is_empty() && !found.has_errors() {
        let names: Vec<_> = sources
            .files()
            .map(|file| sources.path(file).to_string())
            .collect();
        let problem = format!("the chart is empty: {}", names.join(", "));
        found.push(
            Diagnostic::error("empty-chart", problem).hint("a chart begins with `version: 1`"),
        );
    }
    // Only the parser's errors count here: the checks of `decode` leave nothing out of the tree.
    let broken = found.has_errors();
    let context::Output {
        mut chart,
        mut found,
        items,
        ..
    } = decode::decode(&roots, context, found);
    if broken {
        // The parser left broken parts out of the tree and reported them: what seems to be missing
        // may be in one of them.
        found.retain(|diagnostic| {
            !matches!(
                diagnostic.code,
                "missing-key" | "missing-region" | "missing-target"
            )
        });
    }
    // Before the waivers, which can silence lints.
    found.extend(lint::rules(&chart, &items));
    found.extend(abroad::check(&chart, &items));
    found.extend(lint::doubts(&chart, &items));
    let mut waivers = Waivers::collect(&roots, &charts, context, &mut found);
    waivers.apply(&mut found);
    // After the waivers, because waived findings need no address.
    place::assign(&roots, context, &mut found);
    check::slips::improve_hints(&mut found, sources);
    if !foreign.is_empty() {
        // A file without `version` is not decoded, but may be a chart that defines the target.
        found.retain(|diagnostic| diagnostic.code != "unknown-target");
    }
    // After the waivers and the hints: nothing of a foreign file may be waived or quoted.
    found.extend(of_foreign);
    chart.stamp = stamp(&chart, sources);
    found.sort();
    found.dedup();
    Decoded {
        chart,
        found,
        rules: items,
        waivers,
        foreign,
    }
}

/// Masks secrets in the loaded text, and conceals files that are not charts, so that no finding
/// shows them.
pub fn hide_secrets(found: &Diagnostics, foreign: &[FileId], sources: &mut SourceMap) {
    foreign.iter().for_each(|file| sources.conceal(*file));
    for found in found {
        if found.code == "literal-secret" {
            found.span.into_iter().for_each(|span| sources.cover(span));
        }
        found.hidden.iter().for_each(|span| sources.cover(*span));
    }
    let broken = found
        .iter()
        .filter(|found| matches!(found.code, "duplicate-key" | "yaml-syntax"));
    let lines: Vec<Span> = broken
        .filter_map(|found| Some(sources.line_of(found.span?)))
        .collect();
    for line in lines {
        if sources.text(line).is_some_and(names_secret) {
            sources.cover(line);
        }
    }
    sources.cover_lines(may_hold_secret);
}

/// Whether a line may contain a secret: a URL with a login, or a password that is not a mapping.
/// Guesses from the text, because a line with an error may not be in the tree.
fn may_hold_secret(line: &str) -> bool {
    let has_login = line
        .split_once("://")
        .is_some_and(|(_, rest)| rest.contains('@'));
    let value = |(at, word): (usize, &str)| {
        let rest = line[at + word.len()..]
            .trim_start_matches(['"', '\''])
            .trim_start();
        rest.strip_prefix(check::slips::is_colon)
            .map(str::trim_start)
    };
    let is_scalar =
        |value: &str| value.starts_with(|first| !matches!(first, '{' | '}' | ',' | '#' | '*'));
    has_login
        || holds_login(line)
        || line
            .match_indices("password")
            .filter_map(value)
            .any(is_scalar)
}

/// Whether a line has a key for the source of a secret, where the secret itself may be written by
/// mistake. Guesses from the text: a line with a syntax error or a duplicate key is not in the
/// tree.
fn names_secret(line: &str) -> bool {
    // A missing space after the colon is a typo; the value may still be a secret.
    let is_value = |rest: &str| {
        let rest = rest.trim_start_matches(['"', '\'']).trim_start();
        rest.strip_prefix(check::slips::is_colon)
            .is_some_and(|value| !value.starts_with("//"))
    };
    let is_name = |last: char| last.is_alphanumeric() || matches!(last, '_' | '-');
    let is_word = |before: &str| !before.ends_with(is_name) && !before.ends_with("${");
    ["env", "file"].into_iter().any(|key| {
        line.match_indices(key)
            .any(|(at, _)| is_word(&line[..at]) && is_value(&line[at + key.len()..]))
    })
}

/// The name is that of the first file; the command line may replace it later.
fn stamp(chart: &Chart, sources: &SourceMap) -> ChartStamp {
    let mut hash = Sha256::new();
    let mut files = Vec::new();
    for file in sources.files() {
        let (path, bytes) = (sources.path(file), sources.bytes(file));
        // With names and lengths in it, the digest changes when text moves between files.
        for part in [path.as_bytes(), bytes] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        files.push(path.to_string());
    }
    let name = chart
        .name
        .as_deref()
        .or(files.first().map(String::as_str))
        .unwrap_or_default()
        .to_owned();
    let account = chart.account.as_deref().map(str::to_owned);
    ChartStamp {
        files,
        digest: base16ct::lower::encode_string(&hash.finalize()),
        name,
        account,
    }
}
