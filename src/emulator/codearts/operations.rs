//! The operations of the service: names, paths and handlers.
//!
//! The API has no operation for a job, none that deletes a mirror, and none that sets an interval.

use super::{Call, OperationResult, Refusal, branches, mirrors, repositories};
use crate::emulator::message::{Request, escape, operation::Operation};

/// The handler of an operation: without an id, or with the id in its path, not parsed yet.
#[derive(Clone, Copy)]
enum Handler {
    User(fn(&mut Call<'_>) -> OperationResult),
    Id(fn(&mut Call<'_>, &str) -> OperationResult),
}

use Handler::{Id, User};

const TABLE: [(&str, &str, &str, Handler); 9] = [
    (
        "show-mirror",
        "GET",
        "/v4/repositories/{}/remote-mirror",
        Id(mirrors::show),
    ),
    (
        "update-mirror",
        "PUT",
        "/v4/repositories/{}/remote-mirror",
        Id(mirrors::update),
    ),
    (
        "run-mirror",
        "POST",
        "/v4/repositories/{}/remote-mirror",
        Id(mirrors::start),
    ),
    (
        "associate-mirror",
        "POST",
        "/v4/repositories/{}/remote-mirror/associate",
        Id(mirrors::associate),
    ),
    (
        "show-git-repository",
        "GET",
        "/v4/repositories/{}",
        Id(repositories::show),
    ),
    (
        "list-git-branches",
        "GET",
        "/v4/repositories/{}/repository/branches",
        Id(branches::list),
    ),
    (
        "list-git-repositories",
        "GET",
        "/v4/user/repositories",
        User(|call| repositories::of_user(call)),
    ),
    (
        "list-project-repositories",
        "GET",
        "/v4/projects/{}/repositories",
        Id(|call, id| repositories::of_project(call, id)),
    ),
    (
        "list-git-repositories-v2",
        "GET",
        "/v2/projects/repositories",
        // Versions 1 to 3 have their own shape of errors (section 7).
        User(|call| repositories::of_user_v2(call).map_err(Refusal::enveloped)),
    ),
];

/// All operations, in the order of the reference.
pub(in super::super) fn operations() -> impl Iterator<Item = Operation> {
    TABLE
        .iter()
        .map(|(name, method, path, _)| Operation::new(name, method, path))
}

/// Whether a path belongs to CodeArts Repo, also if it has no operation.
pub(in super::super) fn owns(path: &str) -> bool {
    // SWR has only paths below `/v2/manage/` and `/v3/manage/`.
    path.starts_with("/v4/") || path.starts_with("/v2/projects/")
}

/// The operation of a request, for the count of calls.
pub(in super::super) fn operation(request: &Request) -> Option<Operation> {
    let path = escape::decode_text(&request.path);
    operations().find(|operation| operation.captures(&request.method, &path).is_some())
}

/// Answers a call; `None` if no operation has its method and path.
pub(super) fn answer(call: &mut Call<'_>) -> Option<OperationResult> {
    let path = escape::decode_text(&call.request.path);
    let (handler, captures) = operations()
        .zip(TABLE)
        .find_map(|(operation, (.., handler))| {
            Some((handler, operation.captures(&call.request.method, &path)?))
        })?;
    match (handler, captures.as_slice()) {
        (User(answer), []) => Some(answer(call)),
        (Id(answer), [id]) => Some(answer(call, id)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_has_the_placeholders_of_its_handler() {
        for (name, _, path, handler) in TABLE {
            assert_eq!(path.contains("{}"), matches!(handler, Id(_)), "{name}");
            assert!(owns(path), "{name}");
        }
    }

    #[test]
    fn other_paths_have_no_operation() {
        for (method, path) in [
            ("DELETE", "/v4/repositories/123/remote-mirror"),
            ("PATCH", "/v4/repositories/123/remote-mirror"),
            ("HEAD", "/v4/repositories/123/remote-mirror"),
            (
                "GET",
                "/v4/repositories/123/remote-mirror/09a56216-cb37-494c-b314-d88dc6c9ff57",
            ),
            (
                "GET",
                "/v4/repositories/123/remote-mirror/jobs/09a56216-cb37-494c-b314-d88dc6c9ff57",
            ),
            ("GET", "/v4/repositories/123/remote-mirror/associate"),
            ("GET", "/v4/repositories/123/remote-mirrors"),
            ("GET", "/v4/repositories/123/remote-mirror/"),
            ("GET", "/v4/repositories//remote-mirror"),
            ("GET", "/v4/repositories/group%2Fapp"),
            ("GET", "/v4/projects//repositories"),
            ("POST", "/v4/user/repositories"),
            ("POST", "/v4/repositories"),
            ("DELETE", "/v4/repositories/123"),
            ("GET", "/v3/repositories/123/remote-mirror"),
            ("GET", "/"),
        ] {
            let (method, path) = (method.to_owned(), path.to_owned());
            let request = Request {
                method,
                path,
                ..Request::default()
            };
            assert_eq!(operation(&request), None, "{request:?}");
        }
    }
}
