//! What the account may have and do in a region: quotas and feature gates (`swr-api.md`, section
//! 12).
//!
//! Of all quotas only that of organizations was ever seen. Of the gates, only the one of image
//! synchronization can be closed in the state.

use serde_json::{Value, json};

use super::{Call, OperationResult, Refusal, Reply};
use crate::emulator::{
    settings::assumptions::{MissingQuota, OtherProject},
    state::identity::project_id,
};

/// The gates that were seen at the service, and that are open here.
const OPEN: [&str; 4] = [
    "enable_list_v3",
    "enable_image_quota",
    "enable_authorization_token",
    "enable_resource",
];

pub(super) fn quotas(call: &Call<'_>, project: &str) -> OperationResult {
    let used = call.own_organizations().len();
    is_own(call, project)?;
    let quota = |limit: i64| {
        json!({
            "quota_key": "namespace",
            "quota_limit": limit,
            "used": used,
            "unit": "",
        })
    };
    let all = match (call.settings.quota, call.settings.assumptions.missing_quota) {
        (Some(most), _) => vec![quota(i64::try_from(most).unwrap_or(i64::MAX))],
        (None, MissingQuota::MinusOne) => vec![quota(-1)],
        (None, MissingQuota::Absent) => Vec::new(),
    };
    let reply = Reply::new(200, json!({ "quotas": all }));
    Ok(reply.assuming_if(call.settings.quota.is_none(), MissingQuota::NAME))
}

pub(super) fn feature_gates(call: &Call<'_>, project: &str) -> OperationResult {
    is_own(call, project)?;
    let mut gates: Value = OPEN.iter().map(|name| (*name, true)).collect();
    let region = call.state.regions.get(call.region());
    gates["enable_image_sync"] = json!(!region.is_some_and(|region| region.image_sync_off));
    Ok(Reply::new(200, gates))
}

/// Refuses a project that is not the account's own of this region.
fn is_own(call: &Call<'_>, project: &str) -> Result<(), Refusal> {
    if project == project_id(call.state.account(), call.region()) {
        return Ok(());
    }
    let refusal = match call.settings.assumptions.other_project {
        OtherProject::BadRequest => Refusal::service(4_000_014, "invalid project"),
        OtherProject::Forbidden => Refusal::service(4_030_170, "no permission in this project"),
    };
    Err(refusal.assuming(OtherProject::NAME))
}
