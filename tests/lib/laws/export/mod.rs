//! The chart of a live state says what is live, and nothing that it need not say.

mod shortest;

use portolan::{
    config::{self, Decoded, context::Context},
    diagnostics::SourceMap,
    export::{self, Exported, compact::Layout},
    plan::Outcome,
    render,
    state::Chart,
};
use proptest::{prelude::*, sample::subsequence};

use super::{
    chart::REGIONS,
    live,
    site::{Deletion, Site},
};
use crate::law::try_on;

fn decoded(files: &[String]) -> Chart {
    let mut sources = SourceMap::default();
    for (at, file) in files.iter().enumerate() {
        sources.add(format!("{at}.yaml"), file.as_str());
    }
    let Decoded { chart, found, .. } = config::decode(Context {
        sources: &sources,
        environment: &|_| None,
        region: None,
    });
    assert!(!found.has_errors(), "{found:#?}\n{}", files.join("\n"));
    chart
}

fn written(exported: &Exported, layout: Layout) -> Vec<String> {
    let files = render::export::files(exported, layout, false);
    files.into_iter().map(|file| file.text).collect()
}

#[test]
fn the_plan_of_an_export_is_empty() {
    let optional = subsequence(export::optional(), 0..=export::optional().len());
    try_on(200, (live::state(), optional), |(live, include)| {
        let site = Site::new(&live, Deletion::Images);
        let exported = site.export(&REGIONS, &include);
        let plain = render::chart::text(&exported.chart);
        for layout in [Layout::One, Layout::Split] {
            let files = written(&exported, layout);
            prop_assert_eq!(
                render::chart::text(&decoded(&files)),
                plain.clone(),
                "it means something else: {}",
                files.join("\n")
            );
            let whole = files.join("---\n");
            let plan = site.plan(&whole);
            prop_assert_eq!(plan.outcome(), Outcome::NoChanges, "{:#?}\n{}", plan, whole);
        }
        prop_assert_eq!(site.writes(), vec![]);
        Ok(())
    });
}
