//! The lines about the places that rules copy to.

use super::{Line, REGION_NAME, Section, Status, TARGET, region, seen::Seen};
use crate::{address::Address, copies::Target};

pub(super) fn lines(seen: &Seen) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut last = None;
    for (place, target) in &seen.targets {
        // Regions that the chart declares something in have a line of their own.
        let region = place.region();
        let is_new = last != Some(region) && !seen.regions.contains_key(region);
        if is_new {
            lines.extend(region::name(&Section::Targets, REGION_NAME, region));
        }
        last = Some(region);
        lines.push(line(place, target));
    }
    lines
}

fn line(place: &Address, target: &Target) -> Line {
    let line = |status, message: String| {
        Line::new(&Section::Targets, TARGET, status, message).of(place.to_string())
    };
    match target {
        Target::There => line(Status::Ok, "exists".to_owned()),
        Target::Missing => line(
            Status::Failure,
            "does not exist, so nothing is copied there".to_owned(),
        )
        .hint("create it, or declare it in a document of its region"),
        Target::NotLookedAt(reason) => line(Status::Note, format!("was not looked at: {reason}")),
    }
}
