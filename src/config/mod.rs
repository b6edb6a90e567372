//! The chart: files to text (`load`), text to a tree (`tree`), a tree to the desired state
//! (`check`, `decode`).
//!
//! Everything but `load` is pure. The language is declared once, in [`grammar`].

mod allowance;
pub mod check;
pub mod children;
pub mod context;
pub mod decode;
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

/// What the files come to.
#[derive(Debug)]
pub struct Decoded {
    /// To be used only if nothing that was found is an error.
    pub chart: Chart,
    /// Sorted, waived findings left out.
    pub found: Diagnostics,
    /// Where each resource without a name stands, rules among them, for the lints that need the
    /// live state.
    pub rules: Vec<lint::PlacedRule>,
    pub waivers: Waivers,
    /// Files that are no charts; nothing of them may be shown.
    pub foreign: Vec<FileId>,
}

/// Makes the chart of all loaded files.
pub fn decode(context: context::Context<'_>) -> Decoded {
    let sources = context.sources;
    let mut found = Diagnostics::new();
    let mut roots = Vec::new();
    let (mut charts, mut foreign, mut of_foreign) = (Vec::new(), Vec::new(), Vec::new());
    for file in sources.files() {
        let (text, mut wrong) = (sources.bytes(file), Diagnostics::new());
        let parsed = tree::parse(file, text, &mut wrong);
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
        let problem = format!("there is no chart in {}", names.join(", "));
        found.push(
            Diagnostic::error("empty-chart", problem).hint("a chart begins with `version: 1`"),
        );
    }
    let broken = found.has_errors();
    let context::Output {
        mut chart,
        mut found,
        items,
        ..
    } = decode::decode(&roots, context, found);
    if broken {
        // What YAML itself could not hold is missing from the tree, and was reported there.
        found.retain(|diagnostic| {
            !matches!(
                diagnostic.code,
                "missing-key" | "missing-region" | "missing-target"
            )
        });
    }
    found.extend(lint::rules(&chart, &items));
    let mut waivers = Waivers::collect(&roots, &charts, context, &mut found);
    waivers.apply(&mut found);
    place::assign(&roots, context, &mut found);
    check::slips::mend(&mut found, sources);
    if !foreign.is_empty() {
        // What a chart without its version defines is not known.
        found.retain(|diagnostic| diagnostic.code != "unknown-target");
    }
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

/// Covers the secrets that somebody wrote into a chart, so that no finding shows the line that one
/// stands on, and all lines of files that are no charts.
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

/// Whether a line looks as if a secret was written on it, whatever is wrong there: an address with
/// a login, or a password that is no mapping.
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

/// Whether a line says where a secret is, or holds it in that place. Of a line that YAML does not
/// take, or that gives a key twice, nothing else can be known.
fn names_secret(line: &str) -> bool {
    // Without a space behind the colon it is a slip, and as much of a secret.
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

/// It is called by its first file until the command line is known. Names and lengths are part of
/// the digest, so that moving text between files changes it.
fn stamp(chart: &Chart, sources: &SourceMap) -> ChartStamp {
    let mut hash = Sha256::new();
    let mut files = Vec::new();
    for file in sources.files() {
        let (path, bytes) = (sources.path(file), sources.bytes(file));
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
