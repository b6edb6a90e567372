//! Organizations: create, list, show and delete. The API has no update (`swr-api.md`, section 5).

use serde_json::{Value, json};

use super::{
    Call, MANAGE, OperationResult, Refusal, Reply, access,
    input::{Parameters, bad_parameter},
    names,
};
use crate::emulator::{
    settings::assumptions::{DeleteOrganizationWithRepositories, NamespaceFilter},
    state::Organization,
};

pub(super) fn create(call: &mut Call<'_>) -> OperationResult {
    let fields = call.fields()?;
    let name = fields.required("namespace")?;
    if !names::is_organization(name) {
        return Err(Refusal::service(
            4_001_028,
            format!("{name} is not an organization name"),
        ));
    }
    // Names are unique across all accounts, so an organization that the caller cannot see conflicts
    // as well.
    if call.state.organization(call.region(), name).is_some() {
        return Err(Refusal::service(
            4_090_060,
            format!("The organization name {name} is taken"),
        ));
    }
    if call
        .settings
        .quota
        .is_some_and(|quota| call.own_organizations().len() >= quota)
    {
        // A 400, unlike the 409 of a name that is taken (section 4.3).
        return Err(Refusal::service(
            4_000_097,
            "The organization quota is used up",
        ));
    }
    let organization = Organization {
        id: call.state.next_id(),
        creator: call.state.caller().to_owned(),
        ..Organization::default()
    };
    call.state
        .add_organization(&call.request.region, name, organization);
    Ok(Reply::empty_object(201))
}

/// All organizations: this list has no pages.
pub(super) fn list(call: &Call<'_>) -> OperationResult {
    let parameters = Parameters::read(&call.request.query, &["namespace", "mode"])?;
    let min_auth = match parameters.get("mode") {
        // Without the mode the list lacks organizations in which the caller has a permission on a
        // repository only.
        None | Some("") => 1,
        Some("visible") => 0,
        Some(mode) => return Err(bad_parameter(format!("There is no mode {mode}"))),
    };
    let wanted = parameters.get("namespace");
    let organizations = call
        .own_organizations()
        .into_iter()
        .filter(|(name, organization)| {
            call.right(organization) >= min_auth
                && wanted.is_none_or(|wanted| matches(call, name, wanted))
        });
    let items: Vec<Value> = organizations
        .map(|(name, organization)| list_item(call, name, organization))
        .collect();
    let reply = Reply::new(200, json!({ "namespaces": items }));
    Ok(reply.assuming_if(wanted.is_some(), NamespaceFilter::NAME))
}

/// Whether a name matches the `namespace` parameter, of this list or that of the repositories.
pub(super) fn matches(call: &Call<'_>, name: &str, wanted: &str) -> bool {
    match call.settings.assumptions.namespace_filter {
        NamespaceFilter::Exact => name == wanted,
        NamespaceFilter::Substring => name.contains(wanted),
    }
}

pub(super) fn show(call: &mut Call<'_>, name: &str) -> OperationResult {
    Ok(Reply::new(200, item(call, name, call.organization(name)?)))
}

pub(super) fn delete(call: &mut Call<'_>, name: &str) -> OperationResult {
    let cascade = call
        .settings
        .assumptions
        .delete_organization_with_repositories;
    let organization = call.organization(name)?;
    if call.right(organization) < MANAGE {
        return Err(Refusal::service(
            4_037_017,
            "No permission to manage this organization",
        ));
    }
    // 406 is documented for images only. What empty repositories do is an assumption (section 5).
    let in_use = Refusal::service(4_060_074, format!("The organization {name} holds images"));
    if organization.holds_images() {
        return Err(in_use);
    }
    let has_repositories = !organization.repositories.is_empty();
    if has_repositories && cascade == DeleteOrganizationWithRepositories::Refuse {
        return Err(in_use.assuming(DeleteOrganizationWithRepositories::NAME));
    }
    call.state.remove_organization(&call.request.region, name);
    Ok(Reply::no_content().assuming_if(has_repositories, DeleteOrganizationWithRepositories::NAME))
}

fn item(call: &Call<'_>, name: &str, organization: &Organization) -> Value {
    json!({
        "id": organization.id,
        "name": name,
        "creator_name": organization.creator,
        "auth": call.right(organization),
    })
}

/// An item of the list. The live service adds two counts to the documented fields
/// (terraform-provider-huaweicloud #4336).
fn list_item(call: &Call<'_>, name: &str, organization: &Organization) -> Value {
    let mut item = item(call, name, organization);
    item["access_user_count"] = json!(access::holders(organization).len());
    item["repo_count"] = json!(organization.repositories.len());
    item
}
