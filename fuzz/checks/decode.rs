//! The decoder with arbitrary bytes: no panic, and an accepted chart is printed as an equal chart.

use portolan::{
    config::{self, Decoded, context::Context},
    diagnostics::{SourceMap, render},
    render::chart,
};

pub(crate) fn check(bytes: &[u8]) {
    let mut sources = SourceMap::default();
    sources.add("chart.yaml", bytes);
    let context = Context {
        sources: &sources,
        environment: &|_| None,
        region: Some("cn-north-4"),
    };
    let Decoded { chart, found, .. } = config::decode(context);
    for diagnostic in found.iter().take(20) {
        render(diagnostic, &sources, false, 80);
    }
    if !found.has_errors() {
        let text = chart::text(&chart);
        let mut again = SourceMap::default();
        again.add("printed.yaml", text.as_str());
        let context = Context {
            sources: &again,
            environment: &|_| None,
            region: None,
        };
        let decoded = config::decode(context);
        assert!(!decoded.found.has_errors(), "{text}");
        assert_eq!(chart::text(&decoded.chart), text);
    }
}
