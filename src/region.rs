//! The regions that the official documents name.
//!
//! The table only tells regions from other names. It does not prove that SWR is available in a
//! region, and partner clouds have regions that it lacks.

/// Whether the official SDK lists the region for SWR, or the API's own pages copy images to it.
pub fn is_known(region: &str) -> bool {
    REGIONS.contains(&region) || TARGET_REGIONS.contains(&region)
}

/// All regions.
pub fn known() -> impl Iterator<Item = &'static str> {
    REGIONS.into_iter().chain(TARGET_REGIONS)
}

/// The regions in which the official SDK knows SWR.
// rustfmt would write one region per line.
#[rustfmt::skip]
pub const REGIONS: [&str; 35] = [
    "ae-ad-1", "af-north-1", "af-south-1", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3",
    "ap-southeast-4", "ap-southeast-5", "cn-east-2", "cn-east-3", "cn-east-4", "cn-east-5",
    "cn-north-1", "cn-north-11", "cn-north-12", "cn-north-2", "cn-north-4", "cn-north-9",
    "cn-south-1", "cn-south-2", "cn-south-4", "cn-southwest-2", "cn-southwest-3", "eu-west-0",
    "eu-west-101", "la-north-2", "la-south-2", "me-east-1", "my-kualalumpur-1", "na-mexico-1",
    "ru-moscow-1", "ru-northwest-2", "sa-brazil-1", "sa-peru-1", "tr-west-1",
];

/// The regions that the user guide of 2025-07 names for copies (swr-api: section 7.3), and the two
/// that the API's own pages copy to. Others may have joined.
pub(crate) const TARGET_REGIONS: [&str; 13] = [
    "af-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "cn-east-2",
    "cn-east-3",
    "cn-north-1",
    "cn-north-208",
    "cn-north-4",
    "cn-north-9",
    "cn-south-1",
    "cn-southwest-2",
    "region1",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_regions_of_all_documents_are_known() {
        for region in ["cn-north-4", "eu-west-101", "cn-north-208", "region1"] {
            assert!(is_known(region), "{region}");
        }
        assert!(!is_known("mars-1"));
        assert!(REGIONS.is_sorted());
    }
}
