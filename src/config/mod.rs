//! The chart: files to text (`load`), text to a tree (`tree`), a tree to the desired state (`check`, `decode`).
//!
//! Everything but `load` is pure. The language is declared once, in [`grammar`].

pub mod check;
pub mod decode;
pub mod grammar;
pub mod inherit;
pub mod load;
pub mod names;
pub mod rules;
pub mod tree;
pub mod variables;

use sha2::{Digest as _, Sha256};

use crate::{
    diagnostics::{Diagnostic, Diagnostics, SourceMap},
    state::{Chart, ChartStamp},
};

/// Makes the chart of all loaded files. Use it only if no diagnostic is an error.
pub fn decode(context: decode::Context<'_>) -> (Chart, Diagnostics) {
    let sources = context.sources;
    let mut found = Diagnostics::new();
    let mut roots = Vec::new();
    for file in sources.files() {
        roots.extend(tree::parse(file, sources.bytes(file), &mut found));
    }
    if roots.is_empty() && !found.has_errors() {
        let names: Vec<_> = sources.files().map(|file| sources.path(file).to_string()).collect();
        let problem = format!("there is no chart in {}", names.join(", "));
        found.push(Diagnostic::error("empty-chart", problem).hint("a chart begins with `version: 1`"));
    }
    let broken = found.has_errors();
    let decode::Output { mut chart, mut found, .. } = decode::decode(&roots, context, found);
    if broken {
        // What YAML itself could not hold is missing from the tree, and was reported there.
        found.retain(|diagnostic| !matches!(diagnostic.code, "missing-key" | "missing-region" | "missing-target"));
    }
    chart.stamp = stamp(sources);
    found.sort();
    found.dedup();
    (chart, found)
}

/// Names and lengths are part of the digest, so that moving text between files changes it.
fn stamp(sources: &SourceMap) -> ChartStamp {
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
    ChartStamp { files, digest: base16ct::lower::encode_string(&hash.finalize()) }
}
