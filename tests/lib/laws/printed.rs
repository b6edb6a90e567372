//! The printed chart has the same meaning as the written one.

use portolan::{
    config::{self, Decoded, context::Context},
    diagnostics::SourceMap,
    render,
};
use proptest::prelude::*;

use super::{
    cautious_world,
    site::{Deletion, Site},
    unplaced,
};
use crate::law::law;

fn printed(yaml: &str) -> String {
    let mut sources = SourceMap::default();
    sources.add("chart.yaml", yaml);
    let Decoded { chart, .. } = config::decode(Context {
        sources: &sources,
        environment: &|_| None,
        region: None,
    });
    render::chart::text(&chart)
}

#[test]
fn the_printed_chart_yields_the_same_plan() {
    law(cautious_world(), |world| {
        let (written, site) = (world.chart.yaml(), Site::new(&world.live, Deletion::Images));
        let text = printed(&written);
        prop_assert_eq!(
            unplaced(site.plan(&written)),
            unplaced(site.plan(&text)),
            "printed:\n{}",
            text
        );
        prop_assert_eq!(printed(&text), text, "it is printed as it stands");
        Ok(())
    });
}
