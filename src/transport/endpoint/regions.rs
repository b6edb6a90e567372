//! The endpoints of each region.

use crate::wire::Service;

/// The template of a region's own endpoint; none if no rule is known.
pub(super) fn template(service: Service, region: &str) -> Option<&'static str> {
    Some(match (service, region) {
        // The only region of the table under another domain (swr-api: section 2.1).
        (Service::Swr, "eu-west-101") => "https://swr-api.{region}.myhuaweicloud.eu",
        (Service::Swr, _) => "https://swr-api.{region}.myhuaweicloud.com",
        // As in the example of the EU page (codearts-repo-api: section 6).
        (Service::CodeArts, "eu-west-101") => "https://codeartsrepo-ext.{region}.myhuaweicloud.eu",
        (Service::CodeArts, region) => return codearts(region),
        // As Terraform derives it. The SDK's table lacks the region (auth: section 2.7).
        (Service::Iam, region) if region.starts_with("eu-west-1") => {
            "https://iam.{region}.myhuaweicloud.eu"
        }
        (Service::Iam, _) => "https://iam.{region}.myhuaweicloud.com",
        // Every region's own serves all accounts (swr-next: A10). The EU's is by analogy.
        (Service::Sts, region) if region.starts_with("eu-west-1") => {
            "https://sts.{region}.myhuaweicloud.eu"
        }
        (Service::Sts, _) => "https://sts.{region}.myhuaweicloud.com",
    })
}

/// The endpoint of CodeArts Repo. No rule derives it from the region (codearts-repo-api: section
/// 6).
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
