//! Live state as a chart: what `init --from-live` writes. A plan of that chart is empty.
//!
//! Pure; asking for the state is `refresh`'s work, writing YAML is `render`'s.

use crate::{
    diagnostics::Source,
    kind::repository::REPOSITORY,
    state::{Chart, DesiredResource, Live, Presence, UnlistedPolicy},
};

/// Declares every live resource as it is, rules included: an empty list says that there shall be none.
pub fn chart(live: &Live) -> Chart {
    let mut chart = Chart::default();
    for (address, resource) in &live.resources {
        let nowhere = Source { file: "live".into(), line: 1, column: 1 };
        if address.parent().is_none() {
            chart.unlisted.insert(address.clone(), UnlistedPolicy::Report);
        }
        let desired = DesiredResource {
            presence: Presence::Present(resource.attributes.clone()),
            source: nowhere.clone(),
            children: (address.kind().name == REPOSITORY.name).then_some(nowhere),
        };
        chart.resources.insert(address.clone(), desired);
    }
    chart
}
