//! The line about the rights of writes.

use super::{
    Line, Section, Status, WRITE,
    region::not_known,
    seen::{Looked, Seen},
};
use crate::{
    address::Address,
    kind::{REGISTRY, Subject},
    state::{Attributes, Chart, Presence},
};

/// The rights that `apply` needs for what is declared. No read shows whether they are there.
pub(super) fn line(chart: &Chart, seen: &Seen) -> Option<Line> {
    let readings = seen.regions.values().flat_map(|region| &region.readings);
    let mut allowed = readings.filter(|it| matches!(it.found, Looked::At(())));
    allowed.next()?;
    let mut rights = Vec::new();
    for kind in REGISTRY.iter().copied() {
        let mut all = chart.resources.iter();
        let first = all.find_map(|(address, desired)| match &desired.presence {
            Presence::Present(wanted) if address.kind() == kind => Some((address, wanted)),
            _ => None,
        });
        let Some((address, wanted)) = first else {
            continue;
        };
        for right in write_rights(address, wanted) {
            let right = format!("`{right}`");
            if !rights.contains(&right) {
                rights.push(right);
            }
        }
    }
    (!rights.is_empty()).then(|| {
        let message = not_known("reads do not show them");
        Line::new(&Section::Rights, WRITE, Status::Note, message)
            .hint(format!("it needs {}", rights.join(", ")))
    })
}

/// The published rights of the writes of a resource.
fn write_rights(address: &Address, wanted: &Attributes) -> Vec<&'static str> {
    let subject = Subject { address, id: None };
    let wire = address.kind().wire;
    let requests = [
        Some(wire.create(subject, wanted)),
        wire.update(subject, wanted),
        wire.delete(subject),
    ];
    requests
        .into_iter()
        .flatten()
        .filter_map(|it| it.right)
        .collect()
}
