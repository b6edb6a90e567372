//! The lists of repositories, in which clients find an id, and one repository.
//!
//! `search` matches a part of the name. The lists of version 4 are bare arrays without a total.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::{Call, OperationResult, Refusal, Reply, format, input::Input};
use crate::emulator::settings::assumptions::{
    Assumptions, GitTimes, InvalidValue, NameWithNamespace, ProjectListGroups, RepositoryPath,
    UnknownProject,
};
use crate::emulator::state::git::{Access, GitRepository, Project};

const LAST_OFFSET: usize = 2_147_483_647;

/// A repository with its project and path.
#[derive(Clone, Copy)]
struct Row<'a> {
    project_name: &'a str,
    project: &'a Project,
    /// Below the project: the groups, then the name.
    path: &'a str,
    repository: &'a GitRepository,
}

impl Row<'_> {
    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The project and the groups.
    fn namespace(&self) -> String {
        match self.path.rsplit_once('/') {
            Some((groups, _)) => format!("{}/{groups}", self.project.namespace),
            None => self.project.namespace.clone(),
        }
    }

    fn full_path(&self) -> String {
        format!("{}/{}", self.project.namespace, self.path)
    }

    fn full_name(&self, assumptions: &Assumptions) -> String {
        match assumptions.name_with_namespace {
            NameWithNamespace::Plain => self.full_path(),
            NameWithNamespace::Spaced => self.full_path().replace('/', " / "),
        }
    }

    fn listed_path(&self, assumptions: &Assumptions) -> String {
        match assumptions.repository_path {
            RepositoryPath::Name => self.name().to_owned(),
            RepositoryPath::Full => self.full_path(),
        }
    }

    fn matches(&self, keyword: Option<&str>) -> bool {
        keyword.is_none_or(|keyword| self.name().to_lowercase().contains(keyword))
    }

    fn urls(&self, region: &str) -> [String; 2] {
        let (host, path) = (
            format!("codehub.devcloud.{region}.huaweicloud.com"),
            self.full_path(),
        );
        [
            format!("git@{host}:{path}.git"),
            format!("https://{host}/{path}.git"),
        ]
    }
}

/// The repositories of the region that the caller may read, in order of creation.
fn rows<'a>(call: &'a Call<'_>) -> Vec<Row<'a>> {
    let projects = call
        .state
        .regions
        .get(&call.request.region)
        .into_iter()
        .flat_map(|region| &region.projects);
    let all = projects.flat_map(|(project_name, project)| {
        let repositories = project.repositories.iter();
        repositories.map(move |(path, repository)| Row {
            project_name,
            project,
            path,
            repository,
        })
    });
    let mut rows: Vec<_> = all
        .filter(|row| row.repository.access > Access::None)
        .collect();
    // The sorts of the lists are stable, so rows that compare equal stay in this order.
    rows.sort_by_key(|row| row.repository.id);
    rows
}

/// The requested page of the rows.
fn page<'a>(
    mut rows: Vec<Row<'a>>,
    input: &mut Input,
    orders: &[&'static str],
) -> Result<Vec<Row<'a>>, Refusal> {
    let (offset, limit) = (
        input.number("offset", 0..=LAST_OFFSET, 0)?,
        input.number("limit", 1..=100, 20)?,
    );
    let compare: fn(&Row<'_>, &Row<'_>) -> Ordering = match input.one_of("order_by", orders)? {
        "name" => |a, b| a.name().cmp(b.name()),
        "created_at" => |a, b| a.repository.created.cmp(&b.repository.created),
        "updated_at" => |a, b| a.repository.updated.cmp(&b.repository.updated),
        _ => |a, b| a.repository.id.cmp(&b.repository.id),
    };
    match input.one_of("sort", &["desc", "asc"])? {
        "asc" => rows.sort_by(compare),
        _ => rows.sort_by(|a, b| compare(b, a)),
    }
    Ok(rows.into_iter().skip(offset).take(limit).collect())
}

pub(super) fn of_user(call: &Call<'_>) -> OperationResult {
    let mut input = call.input()?;
    let (archived, keyword) = (
        input.flag_parameter("archived")?.unwrap_or(false),
        input.keyword()?,
    );
    let (starred, include_abnormal) = (
        input.flag_parameter("starred")?,
        input.flag_parameter("include_abnormal")? == Some(true),
    );
    let member = input.flag_parameter("membership")? == Some(true);
    let created = input.flag_parameter("user_created")? == Some(true);
    let mut rows = rows(call);
    rows.retain(|row| {
        let GitRepository {
            archived: is_archived,
            starred: is_starred,
            status,
            ..
        } = row.repository;
        *is_archived == archived
            && starred.is_none_or(|starred| *is_starred == starred)
            // 0 is normal; the other states are listed on request only (section 3).
            && (include_abnormal || *status == 0)
            && (!member || row.repository.member)
            && (!created || row.repository.user_created)
            && row.matches(keyword.as_deref())
    });
    let rows = page(rows, &mut input, &["created_at", "updated_at"])?;
    let items: Vec<Value> = rows.iter().map(|row| user_item(call, row)).collect();
    Ok(list(items, &input).assuming([GitTimes::NAME]))
}

pub(super) fn of_project(call: &Call<'_>, id: &str) -> OperationResult {
    let assumptions = &call.settings.assumptions;
    let region = call.state.regions.get(&call.request.region);
    if !region.is_some_and(|region| region.projects.values().any(|project| project.id == id)) {
        return match assumptions.unknown_project {
            UnknownProject::NotFound => {
                Err(Refusal::project_not_found().assuming(UnknownProject::NAME))
            }
            UnknownProject::Empty => {
                Ok(Reply::new(200, json!([])).assuming([UnknownProject::NAME]))
            }
        };
    }
    let (mut input, mut rows) = (call.input()?, rows(call));
    let keyword = input.keyword()?;
    rows.retain(|row| row.project.id == id && row.matches(keyword.as_deref()));
    // Before they are left out: the answer depends on the assumption in both cases.
    let grouped = rows.iter().any(|row| row.path.contains('/'));
    // No document says whether the list descends into groups (section 3).
    if assumptions.project_list_groups == ProjectListGroups::Exclude {
        rows.retain(|row| !row.path.contains('/'));
    }
    let rows = page(
        rows,
        &mut input,
        &["updated_at", "created_at", "id", "name"],
    )?;
    let items: Vec<Value> = rows
        .iter()
        .map(|row| basic_item(row, assumptions))
        .collect();
    Ok(list(items, &input).assuming_if(grouped, ProjectListGroups::NAME))
}

/// A list of version 4. Two of its texts depend on assumptions.
fn list(items: Vec<Value>, input: &Input) -> Reply {
    let reply = Reply::new(200, items.into());
    reply
        .assuming([NameWithNamespace::NAME, RepositoryPath::NAME])
        .assuming_if(input.ignored, InvalidValue::NAME)
}

pub(super) fn of_user_v2(call: &Call<'_>) -> OperationResult {
    let (mut input, mut rows) = (call.input()?, rows(call));
    let index = input.number("page_index", 1..=LAST_OFFSET, 1)?;
    // Version 2 has a default of 100, version 4 of 20 (section 3).
    let size = input.number("page_size", 1..=100, 100)?;
    let keyword = input.keyword()?;
    rows.retain(|row| row.matches(keyword.as_deref()));
    let total = rows.len();
    let rows = rows
        .iter()
        .skip((index - 1).saturating_mul(size))
        .take(size);
    let items: Vec<Value> = rows.map(|row| item_v2(call, row)).collect();
    let result = json!({ "total": total, "repositories": items });
    let reply = Reply::new(
        200,
        json!({ "error": null, "result": result, "status": "success" }),
    );
    Ok(reply.assuming_if(input.ignored, InvalidValue::NAME))
}

fn basic_item(row: &Row<'_>, assumptions: &Assumptions) -> Value {
    json!({
        "id": row.repository.id,
        "name": row.name(),
        "namespace": row.namespace(),
        "path": row.listed_path(assumptions),
        "develop_mode": "normal",
        "visibility": "private",
        "security": "product_internal",
        "name_with_namespace": row.full_name(assumptions),
        "archived": row.repository.archived,
        // A string here, a number in version 2 (section 3).
        "status": row.repository.status.to_string(),
    })
}

fn user_item(call: &Call<'_>, row: &Row<'_>) -> Value {
    let assumptions = &call.settings.assumptions;
    let mut item = basic_item(row, assumptions);
    let [ssh, https] = row.urls(&call.request.region);
    let updated = format::time(row.repository.updated, assumptions);
    item["uuid"] = json!(row.repository.uuid);
    item["description"] = json!(row.repository.description);
    item["starred"] = json!(row.repository.starred);
    item["project_id"] = json!(row.project.id);
    item["project_name"] = json!(row.project_name);
    item["project_is_delete"] = json!(false);
    item["ssh_url_to_repo"] = json!(ssh);
    item["http_url_to_repo"] = json!(https);
    item["last_activity_at"] = json!(updated);
    item["last_repository_updated_at"] = json!(updated);
    item
}

/// An item of version 2, in which `project_is_deleted` is a string.
fn item_v2(call: &Call<'_>, row: &Row<'_>) -> Value {
    let [ssh, https] = row.urls(&call.request.region);
    let manager = row.repository.access == Access::Set;
    json!({
        "repository_id": row.repository.id,
        "repository_uuid": row.repository.uuid,
        "repository_name": row.name(),
        "group_name": row.namespace(),
        "project_uuid": row.project.id,
        "https_url": https,
        "ssh_url": ssh,
        "web_url": https.trim_end_matches(".git"),
        "status": row.repository.status,
        "visibility_level": 0,
        "created_at": format::old_time(row.repository.created),
        "updated_at": format::old_time(row.repository.updated),
        "creator_name": call.state.account(),
        "domain_name": call.state.account(),
        // The value of the page's example: the state has no sizes.
        "repository_size": "0.16M",
        "userRole": if manager { 40 } else { 20 },
        "is_owner": u8::from(row.repository.user_created),
        "star": row.repository.starred,
        "project_is_deleted": "false",
    })
}

pub(super) fn show(call: &mut Call<'_>, id: &str) -> OperationResult {
    // Distinguishes a missing repository from a forbidden one: `rows` contains neither.
    let id = call.repository(id, Access::Read)?.id;
    let assumptions = &call.settings.assumptions;
    let rows = rows(call);
    let row = rows
        .iter()
        .find(|row| row.repository.id == id)
        .ok_or_else(Refusal::repository_not_found)?;
    let GitRepository {
        description,
        archived,
        starred,
        uuid,
        refs,
        ..
    } = row.repository;
    let [ssh, https] = row.urls(&call.request.region);
    let updated = format::time(row.repository.updated, assumptions);
    let body = json!({
        "id": id,
        "uuid": uuid,
        "name": row.name(),
        "name_with_namespace": row.full_name(assumptions),
        "path": row.name(),
        "path_with_namespace": row.full_path(),
        "description": description,
        "created_at": format::time(row.repository.created, assumptions),
        "updated_at": updated,
        "last_activity_at": updated,
        "archived": archived,
        "starred": starred,
        "ssh_url_to_repo": ssh,
        "http_url_to_repo": https,
        "project_id": row.project.id,
        "project_name": row.project_name,
        "develop_mode": "normal",
        "visibility": "private",
        "default_branch": row.repository.default_branch,
        "empty_repo": refs.branches.is_empty(),
        "branch_count": refs.branches.len(),
        "tag_count": refs.tags.len(),
        // No document lists the values of this field (section 4.2).
        "import_status": "none",
        "import_url": null,
        "import_error": null,
    });
    Ok(Reply::new(200, body).assuming([GitTimes::NAME, NameWithNamespace::NAME]))
}
