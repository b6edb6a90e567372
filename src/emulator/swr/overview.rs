//! `GET /v2/manage/overview`: whose account it is, and how much is in it (swr-api: section 12).

use serde_json::json;

use super::{Call, Reply};

/// What the account has in this region. The state knows no traffic, so none is counted.
pub(super) fn show(call: &Call<'_>) -> Reply {
    let own = call.own_organizations();
    let repositories = || {
        own.iter()
            .flat_map(|(_, organization)| organization.repositories.values())
    };
    let images: u64 = repositories()
        .map(|repository| repository.num_images)
        .fold(0, u64::saturating_add);
    let bytes: u64 = repositories()
        .map(|repository| repository.size)
        .fold(0, u64::saturating_add);
    Reply::new(
        200,
        json!({
            "domain_id": call.domain_id(),
            "domain_name": call.state.account(),
            "namspace_num": own.len(),
            "repo_num": repositories().count(),
            "image_num": images,
            "store_space": bytes,
            "downflow_size": 0,
        }),
    )
}
