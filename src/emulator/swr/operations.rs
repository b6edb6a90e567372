//! The operations of the service: names, paths and handlers.
//!
//! The path is decoded before it is split, so `%2F` separates like `/`: a repository name with
//! either leads to a route that does not exist (huaweicloud-sdk-go-v3 #21). In a repository's name
//! a slash is sent as `$`, escaped or not.

use super::{
    Call, OperationResult, access, allowances, lists, organizations, overview, repositories,
    retentions, shares, sync_jobs, sync_rules, tags,
};
use crate::emulator::message::{escape, operation::Operation};

/// The handler of an operation, by the names in its path: none, a project, an organization, a
/// repository with its organization, or something in a repository.
#[derive(Clone, Copy)]
enum Handler {
    Account(fn(&mut Call<'_>) -> OperationResult),
    /// The name is the id of a project.
    Project(fn(&mut Call<'_>, &str) -> OperationResult),
    Organization(fn(&mut Call<'_>, &str) -> OperationResult),
    Repository(fn(&mut Call<'_>, &str, &str) -> OperationResult),
    /// The third name is that of an account, or an id.
    Inside(fn(&mut Call<'_>, &str, &str, &str) -> OperationResult),
}

use Handler::{Account, Inside, Organization, Project, Repository};

/// The API has no operation that updates a rule.
const TABLE: [(&str, &str, &str, Handler); 38] = [
    (
        "list-regions",
        "GET",
        "/v2/manage/regions",
        Account(|_| Ok(sync_rules::regions())),
    ),
    (
        "show-overview",
        "GET",
        "/v2/manage/overview",
        Account(|call| Ok(overview::show(call))),
    ),
    (
        "list-quotas",
        "GET",
        "/v2/manage/projects/{}/quotas",
        Project(|call, project| allowances::quotas(call, project)),
    ),
    (
        "list-feature-gates",
        "GET",
        "/v2/manage/projects/{}/feature-gates",
        Project(|call, project| allowances::feature_gates(call, project)),
    ),
    (
        "list-organizations",
        "GET",
        "/v2/manage/namespaces",
        Account(|call| organizations::list(call)),
    ),
    (
        "create-organization",
        "POST",
        "/v2/manage/namespaces",
        Account(organizations::create),
    ),
    (
        "show-organization",
        "GET",
        "/v2/manage/namespaces/{}",
        Organization(organizations::show),
    ),
    (
        "delete-organization",
        "DELETE",
        "/v2/manage/namespaces/{}",
        Organization(organizations::delete),
    ),
    (
        "list-repositories",
        "GET",
        "/v2/manage/repos",
        Account(|call| lists::repositories(call)),
    ),
    (
        "create-repository",
        "POST",
        "/v2/manage/namespaces/{}/repos",
        Organization(repositories::create),
    ),
    (
        "show-repository",
        "GET",
        "/v2/manage/namespaces/{}/repos/{}",
        Repository(repositories::show),
    ),
    (
        "update-repository",
        "PATCH",
        "/v2/manage/namespaces/{}/repos/{}",
        Repository(repositories::update),
    ),
    (
        "delete-repository",
        "DELETE",
        "/v2/manage/namespaces/{}/repos/{}",
        Repository(repositories::delete),
    ),
    (
        "list-rules",
        "GET",
        "/v2/manage/namespaces/{}/repos/{}/sync_repo",
        Repository(sync_rules::list),
    ),
    (
        "create-rule",
        "POST",
        "/v2/manage/namespaces/{}/repos/{}/sync_repo",
        Repository(sync_rules::create),
    ),
    (
        "delete-rule",
        "DELETE",
        "/v2/manage/namespaces/{}/repos/{}/sync_repo",
        Repository(sync_rules::delete),
    ),
    (
        "copy-tags",
        "POST",
        "/v2/manage/namespaces/{}/repos/{}/sync_images",
        Repository(sync_jobs::copy),
    ),
    (
        "list-jobs",
        "GET",
        "/v2/manage/namespaces/{}/repos/{}/sync_job",
        Repository(sync_jobs::list),
    ),
    (
        "list-organization-grants",
        "GET",
        "/v2/manage/namespaces/{}/access",
        Organization(access::organization::show),
    ),
    (
        "create-organization-grant",
        "POST",
        "/v2/manage/namespaces/{}/access",
        Organization(access::organization::grant),
    ),
    (
        "update-organization-grant",
        "PATCH",
        "/v2/manage/namespaces/{}/access",
        Organization(access::organization::change),
    ),
    (
        "delete-organization-grant",
        "DELETE",
        "/v2/manage/namespaces/{}/access",
        Organization(access::organization::revoke),
    ),
    (
        "list-repository-grants",
        "GET",
        "/v2/manage/namespaces/{}/repos/{}/access",
        Repository(access::repository::show),
    ),
    (
        "create-repository-grant",
        "POST",
        "/v2/manage/namespaces/{}/repos/{}/access",
        Repository(access::repository::grant),
    ),
    (
        "update-repository-grant",
        "PATCH",
        "/v2/manage/namespaces/{}/repos/{}/access",
        Repository(access::repository::change),
    ),
    (
        "delete-repository-grant",
        "DELETE",
        "/v2/manage/namespaces/{}/repos/{}/access",
        Repository(access::repository::revoke),
    ),
    (
        "list-shared-repositories",
        "GET",
        "/v2/manage/shared-repositories",
        Account(|call| lists::shared(call)),
    ),
    (
        "list-shares",
        "GET",
        "/v2/manage/namespaces/{}/repositories/{}/access-domains",
        Repository(shares::list),
    ),
    (
        "create-share",
        "POST",
        "/v2/manage/namespaces/{}/repositories/{}/access-domains",
        Repository(shares::create),
    ),
    (
        "show-share",
        "GET",
        "/v2/manage/namespaces/{}/repositories/{}/access-domains/{}",
        Inside(shares::show),
    ),
    (
        "update-share",
        "PATCH",
        "/v2/manage/namespaces/{}/repositories/{}/access-domains/{}",
        Inside(shares::update),
    ),
    (
        "delete-share",
        "DELETE",
        "/v2/manage/namespaces/{}/repositories/{}/access-domains/{}",
        Inside(shares::delete),
    ),
    (
        "list-tags",
        "GET",
        "/v2/manage/namespaces/{}/repos/{}/tags",
        Repository(tags::list),
    ),
    (
        "list-retentions",
        "GET",
        "/v2/manage/namespaces/{}/repos/{}/retentions",
        Repository(retentions::list),
    ),
    (
        "create-retention",
        "POST",
        "/v2/manage/namespaces/{}/repos/{}/retentions",
        Repository(retentions::create),
    ),
    (
        "show-retention",
        "GET",
        "/v2/manage/namespaces/{}/repos/{}/retentions/{}",
        Inside(retentions::show),
    ),
    (
        "update-retention",
        "PATCH",
        "/v2/manage/namespaces/{}/repos/{}/retentions/{}",
        Inside(retentions::update),
    ),
    (
        "delete-retention",
        "DELETE",
        "/v2/manage/namespaces/{}/repos/{}/retentions/{}",
        Inside(retentions::delete),
    ),
];

/// All operations, in the order of the reference.
pub(in super::super) fn operations() -> impl Iterator<Item = Operation> {
    TABLE
        .iter()
        .map(|(name, method, path, _)| Operation::new(name, method, path))
}

/// Answers a call; `None` if no operation has its method and path.
pub(super) fn answer(call: &mut Call<'_>) -> Option<OperationResult> {
    let path = with_long_word(&escape::decode_text(&call.request.path));
    let (handler, captures) = find(&call.request.method, &path)?;
    match (handler, captures.as_slice()) {
        (Account(answer), []) => Some(answer(call)),
        (Organization(answer) | Project(answer), [name]) => Some(answer(call, name)),
        (Repository(answer), [organization, name]) => {
            // After the split: a `$` must not separate like a slash (section 2.4).
            Some(answer(call, organization, &name.replace('$', "/")))
        }
        (Inside(answer), [organization, name, id]) => {
            Some(answer(call, organization, &name.replace('$', "/"), id))
        }
        _ => None,
    }
}

/// The path of a share, which older clients ask for below `repos` and the pages below
/// `repositories`.
fn with_long_word(path: &str) -> String {
    let mut segments: Vec<&str> = path.split('/').collect();
    if segments.get(5) == Some(&"repos") && segments.get(7) == Some(&"access-domains") {
        segments[5] = "repositories";
    }
    segments.join("/")
}

fn find<'p>(method: &str, path: &'p str) -> Option<(Handler, Vec<&'p str>)> {
    let mut all = operations().zip(TABLE);
    all.find_map(|(operation, (.., handler))| Some((handler, operation.captures(method, path)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_has_the_placeholders_of_its_handler() {
        for (name, _, path, handler) in TABLE {
            let names = match handler {
                Account(_) => 0,
                Organization(_) | Project(_) => 1,
                Repository(_) => 2,
                Inside(_) => 3,
            };
            assert_eq!(path.matches("{}").count(), names, "{name}");
        }
    }

    #[test]
    fn other_paths_have_no_operation() {
        for (method, path) in [
            ("GET", "/v2/manage/namespaces/o/repos/web/front"),
            (
                "DELETE",
                "/v2/manage/namespaces/o/repos/web/front/sync_repo",
            ),
            ("GET", "/v2/manage/namespaces/"),
            ("GET", "/v2/manage/namespaces//repos/a"),
            ("GET", "/v2/manage/namespaces/o/repos"),
            ("PATCH", "/v2/manage/namespaces/o"),
            ("PATCH", "/v2/manage/namespaces/o/repos/a/sync_repo"),
            ("POST", "/v2/manage/namespaces/o/repos/a"),
            ("HEAD", "/v2/manage/repos"),
            ("GET", "/v3/manage/repos"),
            ("GET", "/"),
        ] {
            assert!(find(method, path).is_none(), "{method} {path}");
        }
    }
}
