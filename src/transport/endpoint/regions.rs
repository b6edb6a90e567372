//! Where each region has its services.

use crate::wire::Service;

/// The template of a region's own endpoint; nothing, if no rule tells it.
pub(super) fn template(service: Service, region: &str) -> Option<&'static str> {
    Some(match (service, region) {
        // The only region of the table that lives under another domain.
        (Service::Swr, "eu-west-101") => "https://swr-api.{region}.myhuaweicloud.eu",
        (Service::Swr, _) => "https://swr-api.{region}.myhuaweicloud.com",
        (Service::CodeArts, "eu-west-101") => "https://codeartsrepo-ext.{region}.myhuaweicloud.eu",
        (Service::CodeArts, region) => return codearts(region),
        (Service::Iam, region) if region.starts_with("eu-west-1") => {
            "https://iam.{region}.myhuaweicloud.eu"
        }
        (Service::Iam, _) => "https://iam.{region}.myhuaweicloud.com",
    })
}

/// Where CodeArts Repo is, which no rule derives from the region (codearts-repo-api: section 6).
fn codearts(region: &str) -> Option<&'static str> {
    Some(match region {
        "ap-southeast-3" | "cn-east-2" | "cn-east-3" | "cn-north-1" | "cn-north-4"
        | "cn-south-1" | "cn-south-2" | "cn-southwest-2" | "la-north-2" | "sa-brazil-1" => {
            "https://codehub-ext.{region}.myhuaweicloud.com"
        }
        "la-south-2" | "tr-west-1" => "https://codeartsrepo-ext.{region}.myhuaweicloud.com",
        "af-north-1" | "af-south-1" | "me-east-1" => "https://repo.{region}.myhuaweicloud.com",
        _ => return None,
    })
}
