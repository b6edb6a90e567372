//! Region ids: their shape, and the ones that the official SDK lists for SWR.
//!
//! The table only serves hints. That a region stands in it does not prove that SWR is open there, and partner
//! clouds have others.

/// The longest name that a label of a host may have.
const MAX_REGION: usize = 63;

/// Whether the official table has the region. Partner clouds have others, so an unknown one is only a hint.
pub fn known_region(region: &str) -> bool {
    REGIONS.contains(&region)
}

/// The shape that keeps a region from smuggling a host, a port or a path into a URL.
pub fn is_region_id(region: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_REGION).contains(&region.len()) && region.bytes().all(allowed)
}

/// Where CodeArts Repo is, which no rule derives from the region (codearts-repo-api: section 6).
pub(super) fn codearts(region: &str) -> Option<&'static str> {
    Some(match region {
        "ap-southeast-3" | "cn-east-2" | "cn-east-3" | "cn-north-1" | "cn-north-4" | "cn-south-1" | "cn-south-2"
        | "cn-southwest-2" | "la-north-2" | "sa-brazil-1" => "https://codehub-ext.{region}.myhuaweicloud.com",
        "la-south-2" | "tr-west-1" => "https://codeartsrepo-ext.{region}.myhuaweicloud.com",
        "af-north-1" | "af-south-1" | "me-east-1" => "https://repo.{region}.myhuaweicloud.com",
        _ => return None,
    })
}

/// The regions in which the official SDK knows SWR.
// Six to a line, not one.
#[rustfmt::skip]
pub const REGIONS: [&str; 35] = [
    "ae-ad-1", "af-north-1", "af-south-1", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3",
    "ap-southeast-4", "ap-southeast-5", "cn-east-2", "cn-east-3", "cn-east-4", "cn-east-5",
    "cn-north-1", "cn-north-11", "cn-north-12", "cn-north-2", "cn-north-4", "cn-north-9",
    "cn-south-1", "cn-south-2", "cn-south-4", "cn-southwest-2", "cn-southwest-3", "eu-west-0",
    "eu-west-101", "la-north-2", "la-south-2", "me-east-1", "my-kualalumpur-1", "na-mexico-1",
    "ru-moscow-1", "ru-northwest-2", "sa-brazil-1", "sa-peru-1", "tr-west-1",
];
