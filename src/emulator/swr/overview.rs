//! `GET /v2/manage/overview`: the account and its usage (`swr-api.md`, section 12).

use serde_json::json;

use super::{Call, Reply};

/// The usage of the account in this region. The state has no traffic, so `downflow_size` is 0.
pub(super) fn show(call: &Call<'_>) -> Reply {
    let own = call.own_organizations();
    let repositories = || {
        own.iter()
            .flat_map(|(_, organization)| organization.repositories.values())
    };
    // Saturating: a hand-written state can contain any numbers.
    let images: u64 = repositories()
        .map(|repository| repository.num_images)
        .fold(0, u64::saturating_add);
    let bytes: u64 = repositories()
        .map(|repository| repository.size)
        .fold(0, u64::saturating_add);
    // `namspace_num` is the service's spelling.
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
