//! Repositories: create, show, update and delete (`swr-api.md`, section 6.1). `lists` has the list.

use serde_json::json;

use super::{
    Call, OperationResult, Refusal, Reply,
    input::{Fields, wrong_body},
    names, shares,
};
use crate::emulator::{
    settings::assumptions::{
        CreateRepositoryBody, CreateRepositoryStatus, DeleteRepositoryWithImages,
        MissingOrganizationOnCreate, NumImages, PatchOmitted, SharesOfPublic,
    },
    state::Repository,
};

// One page has `arms` instead of `arm`, which is a typo (section 6.1).
const CATEGORIES: [&str; 8] = [
    "app_server",
    "linux",
    "framework_app",
    "database",
    "lang",
    "other",
    "windows",
    "arm",
];

/// The limit of the console. The API documents only the error code.
const DESCRIPTION_LIMIT: usize = 30_000;

pub(super) fn create(call: &mut Call<'_>, organization: &str) -> OperationResult {
    let fields = creation_fields(call)?;
    // Not left to `editable`: this operation has its own answer for a missing organization.
    if call
        .state
        .organization(call.region(), organization)
        .is_none()
    {
        return Err(missing_organization(call, organization));
    }
    call.editable(organization)?;
    let name = fields.required("repository")?;
    if !names::is_repository(name) {
        return Err(Refusal::service(
            4_001_029,
            format!("{name} is not a repository name"),
        ));
    }
    let is_public = fields.visibility()?;
    let (category, description) = (category(&fields)?, description(&fields)?);
    if call.editable(organization)?.repositories.contains_key(name) {
        return Err(Refusal::service(
            4_090_006,
            format!("The repository {name} exists already"),
        ));
    }
    let repository = Repository {
        // After all checks: a refused request must not take an id.
        id: call.state.next_id(),
        is_public,
        // The service stores `other` for an omitted category (section 6.1).
        category: category.unwrap_or("other").to_owned(),
        description: description.unwrap_or_default().to_owned(),
        created: call.now.clone(),
        updated: call.now.clone(),
        ..Repository::default()
    };
    call.state
        .add_repository(&call.request.region, organization, name, repository);
    // An old page says 201, newer ones say 200; a client has to accept both.
    let status = match call.settings.assumptions.create_repository_status {
        CreateRepositoryStatus::Ok => 200,
        CreateRepositoryStatus::Created => 201,
    };
    let reply = Reply::empty_object(status).assuming(CreateRepositoryStatus::NAME);
    Ok(reply.assuming_if(fields.form, CreateRepositoryBody::NAME))
}

/// The fields of a new repository. An old page shows a form; newer pages and official clients use
/// JSON.
fn creation_fields(call: &Call<'_>) -> Result<Fields, Refusal> {
    let fields = Fields::read_any(call.request)?;
    match (
        call.settings.assumptions.create_repository_body,
        fields.form,
    ) {
        (CreateRepositoryBody::Json, true) => {
            Err(wrong_body("The request body must be JSON").assuming(CreateRepositoryBody::NAME))
        }
        (CreateRepositoryBody::Form, false) => {
            Err(wrong_body("The request body must be a form").assuming(CreateRepositoryBody::NAME))
        }
        _ => Ok(fields),
    }
}

/// The refusal for a missing organization. The page of the operation lists no 404.
fn missing_organization(call: &Call<'_>, organization: &str) -> Refusal {
    let message = format!("The organization {organization} does not exist");
    let code = match call.settings.assumptions.missing_organization_on_create {
        MissingOrganizationOnCreate::NotFound => 4_040_058,
        MissingOrganizationOnCreate::BadRequest => 4_000_014,
    };
    Refusal::service(code, message).assuming(MissingOrganizationOnCreate::NAME)
}

pub(super) fn show(call: &mut Call<'_>, organization: &str, name: &str) -> OperationResult {
    let (region, domain_id) = (call.region().to_owned(), call.domain_id());
    let owner = call.organization(organization)?;
    let (ns_id, creator) = (owner.id, owner.creator.clone());
    let creator_id = call.state.user_id(&creator);
    let repository = super::found(owner, name)?;
    Ok(Reply::new(
        200,
        json!({
            "id": repository.id,
            "ns_id": ns_id,
            "name": name,
            "category": repository.category,
            "description": repository.description,
            "creator_id": creator_id,
            "creator_name": creator,
            "size": repository.size,
            "is_public": repository.is_public,
            "num_images": images(call, repository),
            "num_download": repository.num_download,
            "url": "",
            "path": path(&region, organization, name),
            "internal_path": internal_path(organization, name),
            "created": repository.created,
            "updated": repository.updated,
            "domain_id": domain_id,
            "priority": 0,
        }),
    )
    .assuming_if(repository.duplicates() > 0, NumImages::NAME))
}

/// The `num_images` of a repository.
pub(super) fn images(call: &Call<'_>, repository: &Repository) -> u64 {
    match call.settings.assumptions.num_images {
        NumImages::Tags => repository.num_images,
        NumImages::Digests => repository.num_images - repository.duplicates(),
    }
}

/// Replaces all three fields. An omitted field gets its default, or keeps its value if that is
/// assumed.
pub(super) fn update(call: &mut Call<'_>, organization: &str, name: &str) -> OperationResult {
    let (omitted, now) = (call.settings.assumptions.patch_omitted, call.now.clone());
    let of_public = call.settings.assumptions.shares_of_public;
    let fields = call.fields()?;
    let repository = call.editable_repository(organization, name)?;
    let is_public = fields.visibility()?;
    let (category, description) = (category(&fields)?, description(&fields)?);
    let is_shared = shares::is_shared(repository);
    // All fields are checked before the first changes: a refused update has no effect.
    if is_public {
        shares::open(of_public, repository);
    }
    repository.is_public = is_public;
    replace(&mut repository.category, category, "other", omitted);
    replace(&mut repository.description, description, "", omitted);
    // No source says that it moves with a sync rule as well (section 13).
    repository.updated = now;
    let incomplete = category.is_none() || description.is_none();
    let was_shared = is_public && is_shared;
    // 201, and not 200: both Terraform clients accept only this status for an update.
    Ok(Reply::empty_object(201)
        .assuming_if(incomplete, PatchOmitted::NAME)
        .assuming_if(was_shared, SharesOfPublic::NAME))
}

fn replace(field: &mut String, value: Option<&str>, default: &str, omitted: PatchOmitted) {
    match (value, omitted) {
        (Some(value), _) => value.clone_into(field),
        (None, PatchOmitted::Reset) => default.clone_into(field),
        (None, PatchOmitted::Keep) => {}
    }
}

pub(super) fn delete(call: &mut Call<'_>, organization: &str, name: &str) -> OperationResult {
    // Older pages list 406, the newest do not, and one source says that the tags are removed too
    // (section 6.1).
    let cascade = call.settings.assumptions.delete_repository_with_images;
    let holds_images = call.editable_repository(organization, name)?.num_images > 0;
    if holds_images && cascade == DeleteRepositoryWithImages::Refuse {
        let refusal = Refusal::service(4_060_012, format!("The repository {name} holds images"));
        return Err(refusal.assuming(DeleteRepositoryWithImages::NAME));
    }
    call.state
        .remove_repository(&call.request.region, organization, name);
    Ok(Reply::no_content().assuming_if(holds_images, DeleteRepositoryWithImages::NAME))
}

fn category(fields: &Fields) -> Result<Option<&str>, Refusal> {
    match fields.text("category")? {
        Some(category) if !CATEGORIES.contains(&category) => Err(Refusal::service(
            4_000_014,
            format!("There is no category {category}"),
        )),
        category => Ok(category),
    }
}

fn description(fields: &Fields) -> Result<Option<&str>, Refusal> {
    match fields.text("description")? {
        // Characters and not bytes, as the console counts.
        Some(text) if text.chars().count() > DESCRIPTION_LIMIT => {
            Err(Refusal::service(4_131_012, "The description is too long"))
        }
        description => Ok(description),
    }
}

/// The address for pulls.
pub(super) fn path(region: &str, organization: &str, name: &str) -> String {
    format!("swr.{region}.myhuaweicloud.com/{organization}/{name}")
}

/// The address for pulls inside the region.
pub(super) fn internal_path(organization: &str, name: &str) -> String {
    // Made up. The pages show only the form of this address (section 6.1).
    format!("10.0.0.1:20202/{organization}/{name}")
}
