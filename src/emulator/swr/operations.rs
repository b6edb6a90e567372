//! The operations of the service: their names, their paths, and what answers them.
//!
//! The path is decoded before it is split, so that `%2F` separates like `/`: a repository named
//! with either meets a route that does not exist (huaweicloud-sdk-go-v3 #21). Inside a repository's
//! name it is `$` that means a slash, escaped or not.

use super::{Call, Outcome, lists, organizations, overview, repositories, sync_rules};
use crate::emulator::message::{escape, operation::Operation};

/// What answers an operation, by how many names its path has: none, an organization, a repository
/// in it.
#[derive(Clone, Copy)]
enum Handler {
    Account(fn(&mut Call<'_>) -> Outcome),
    Organization(fn(&mut Call<'_>, &str) -> Outcome),
    Repository(fn(&mut Call<'_>, &str, &str) -> Outcome),
}

use Handler::{Account, Organization, Repository};

/// There is no update of a rule.
const TABLE: [(&str, &str, &str, Handler); 14] = [
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
];

/// All of them, in the order of the reference.
pub(in super::super) fn operations() -> impl Iterator<Item = Operation> {
    TABLE
        .iter()
        .map(|(name, method, path, _)| Operation::new(name, method, path))
}

/// Answers the request of a call; `None` if no operation has its method and path.
pub(super) fn answer(call: &mut Call<'_>) -> Option<Outcome> {
    let path = escape::decode_text(&call.request.path);
    let (handler, names) = find(&call.request.method, &path)?;
    match (handler, names.as_slice()) {
        (Account(answer), []) => Some(answer(call)),
        (Organization(answer), [organization]) => Some(answer(call, organization)),
        (Repository(answer), [organization, name]) => {
            Some(answer(call, organization, &name.replace('$', "/")))
        }
        _ => None,
    }
}

fn find<'p>(method: &str, path: &'p str) -> Option<(Handler, Vec<&'p str>)> {
    let mut all = operations().zip(TABLE);
    all.find_map(|(operation, (.., handler))| Some((handler, operation.names(method, path)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_has_the_names_that_its_handler_takes() {
        for (name, _, path, handler) in TABLE {
            let names = match handler {
                Account(_) => 0,
                Organization(_) => 1,
                Repository(_) => 2,
            };
            assert_eq!(path.matches("{}").count(), names, "{name}");
        }
    }

    #[test]
    fn what_does_not_exist() {
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
