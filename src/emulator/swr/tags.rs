//! The list of a repository's tags (`swr-api.md`, section 11).

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::{
    Call, OperationResult, Refusal, Reply,
    input::{Parameters, bad_parameter},
    repositories::{internal_path, path},
};
use crate::emulator::{settings::assumptions::CopiedTime, state::Tag};

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1000;

pub(super) fn list(call: &mut Call<'_>, organization: &str, name: &str) -> OperationResult {
    let parameters = Parameters::read(
        &call.request.query,
        &["limit", "offset", "order_column", "order_type", "tag"],
    )?;
    let repository = call.repository(organization, name)?;
    let mut tags = repository.all_tags();
    if let Some(part) = parameters.get("tag") {
        tags.retain(|tag| tag.name.contains(part));
    }
    order(&parameters, &mut tags)?;
    let total = tags.len();
    let (offset, limit) = page(&parameters)?;
    let page: Vec<&Tag> = tags.iter().skip(offset).take(limit).collect();
    let range = format!("{offset}-{}/{total}", page.len());
    let (region, account, id) = (call.region(), call.domain_id(), repository.id);
    let items = page.iter().enumerate().map(|(position, tag)| {
        json!({
            "id": offset + position + 1,
            "repo_id": id,
            // With a capital letter in this list.
            "Tag": tag.name,
            "image_id": tag.digest.trim_start_matches("sha256:"),
            "manifest": "",
            "digest": tag.digest,
            "schema": 2,
            "path": format!("{}:{}", path(region, organization, name), tag.name),
            "internal_path": format!("{}:{}", internal_path(organization, name), tag.name),
            "size": tag.size,
            "is_trusted": false,
            "created": tag.pushed,
            "updated": tag.pushed,
            "deleted": null,
            "domain_id": account,
            "scanned": false,
            "tag_type": 0,
        })
    });
    let is_copied = page.iter().any(|tag| tag.copied);
    let mut reply =
        Reply::new(200, items.collect::<Value>()).assuming_if(is_copied, CopiedTime::NAME);
    reply.content_range = Some(range);
    Ok(reply)
}

fn page(parameters: &Parameters) -> Result<(usize, usize), Refusal> {
    let offset = parameters.number("offset")?.unwrap_or(0);
    match parameters.number("limit")?.unwrap_or(DEFAULT_LIMIT) {
        limit @ 1..=MAX_LIMIT => Ok((offset, limit)),
        _ => Err(Refusal::service(
            4_000_056,
            format!("limit must be between 1 and {MAX_LIMIT}"),
        )),
    }
}

/// By the order of the pushes unless something else is asked for.
fn order(parameters: &Parameters, tags: &mut [Tag]) -> Result<(), Refusal> {
    let compare: fn(&Tag, &Tag) -> Ordering = match parameters.get("order_column") {
        None => return Ok(()),
        Some("updated_at") => |one, other| one.pushed.cmp(&other.pushed),
        Some("tag") => |one, other| one.name.cmp(&other.name),
        Some(column) => {
            return Err(Refusal::service(
                4_001_096,
                format!("Cannot order by {column}"),
            ));
        }
    };
    match parameters.get("order_type") {
        Some("asc") => tags.sort_by(compare),
        Some("desc") => tags.sort_by(|one, other| compare(other, one)),
        _ => return Err(bad_parameter("order_type must be asc or desc")),
    }
    Ok(())
}
