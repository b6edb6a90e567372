//! The generated pages are what the program prints.

use portolan::render;

#[test]
fn the_reference_of_the_chart_is_current() {
    let page = include_str!("../docs/chart.md");
    assert_eq!(render::reference::markdown(), page, "run: cargo run -- schema --markdown > docs/chart.md");
}
