//! Which operation a method and a path mean, as the gateway decides it.
//!
//! What is not here does not exist: nothing can be asked about a job, no mirror can be deleted, and
//! nothing sets an interval.

use super::super::escape;

/// An operation with what its path names; ids are text until the service has looked at them.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Route {
    /// `GET /v4/repositories/{repository_id}/remote-mirror`
    ShowMirror(String),
    /// `PUT /v4/repositories/{repository_id}/remote-mirror`
    UpdateMirror(String),
    /// `POST /v4/repositories/{repository_id}/remote-mirror`
    StartRun(String),
    /// `POST /v4/repositories/{repository_id}/remote-mirror/associate`
    Associate(String),
    /// `GET /v4/repositories/{repository_id}`
    ShowRepository(String),
    /// `GET /v4/repositories/{repository_id}/repository/branches`
    ListBranches(String),
    /// `GET /v4/user/repositories`
    ListOfUser,
    /// `GET /v4/projects/{project_id}/repositories`
    ListOfProject(String),
    /// `GET /v2/projects/repositories`
    ListOfUserV2,
}

/// Whether a path belongs to CodeArts Repo, be there such an operation or not.
pub(in super::super) fn owns(path: &str) -> bool {
    path.starts_with("/v4/") || path.starts_with("/v2/projects/")
}

impl Route {
    pub(super) fn find(method: &str, path: &str) -> Option<Self> {
        let path = escape::decode_text(path);
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let route = match (method, segments.as_slice()) {
            ("GET", ["v4", "user", "repositories"]) => Self::ListOfUser,
            ("GET", ["v2", "projects", "repositories"]) => Self::ListOfUserV2,
            ("GET", ["v4", "projects", id, "repositories"]) => Self::ListOfProject(named(id)?),
            ("GET", ["v4", "repositories", id]) => Self::ShowRepository(named(id)?),
            ("GET", ["v4", "repositories", id, "repository", "branches"]) => Self::ListBranches(named(id)?),
            ("GET", ["v4", "repositories", id, "remote-mirror"]) => Self::ShowMirror(named(id)?),
            ("PUT", ["v4", "repositories", id, "remote-mirror"]) => Self::UpdateMirror(named(id)?),
            ("POST", ["v4", "repositories", id, "remote-mirror"]) => Self::StartRun(named(id)?),
            ("POST", ["v4", "repositories", id, "remote-mirror", "associate"]) => Self::Associate(named(id)?),
            _ => return None,
        };
        Some(route)
    }

    /// The name of the operation, by which calls are counted.
    pub(super) fn operation(&self) -> &'static str {
        match self {
            Self::ShowMirror(_) => "ShowRemoteMirror",
            Self::UpdateMirror(_) => "UpdateRepositoryRemoteMirror",
            Self::StartRun(_) => "StartRemoteMirrorSynchronization",
            Self::Associate(_) => "AssociateRemoteMirror",
            Self::ShowRepository(_) => "ShowRepository",
            Self::ListBranches(_) => "ListBranches",
            Self::ListOfUser => "ListCurrentUserRepositories",
            Self::ListOfProject(_) => "ListProjectRepositories",
            Self::ListOfUserV2 => "ListUserAllRepositories",
        }
    }
}

/// An id, unless it is empty.
fn named(segment: &str) -> Option<String> {
    (!segment.is_empty()).then(|| segment.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operations_that_exist() {
        for (method, path, operation) in [
            ("GET", "/v4/repositories/123/remote-mirror", "ShowRemoteMirror"),
            ("PUT", "/v4/repositories/123/remote-mirror", "UpdateRepositoryRemoteMirror"),
            ("POST", "/v4/repositories/123/remote-mirror", "StartRemoteMirrorSynchronization"),
            ("POST", "/v4/repositories/123/remote-mirror/associate", "AssociateRemoteMirror"),
            ("GET", "/v4/repositories/123", "ShowRepository"),
            ("GET", "/v4/repositories/123/repository/branches", "ListBranches"),
            ("GET", "/v4/user/repositories", "ListCurrentUserRepositories"),
            ("GET", "/v4/projects/0123/repositories", "ListProjectRepositories"),
            ("GET", "/v2/projects/repositories", "ListUserAllRepositories"),
        ] {
            assert_eq!(Route::find(method, path).map(|route| route.operation()), Some(operation), "{method} {path}");
            assert!(owns(path));
        }
    }

    #[test]
    fn and_those_that_do_not() {
        for (method, path) in [
            ("DELETE", "/v4/repositories/123/remote-mirror"),
            ("PATCH", "/v4/repositories/123/remote-mirror"),
            ("HEAD", "/v4/repositories/123/remote-mirror"),
            ("GET", "/v4/repositories/123/remote-mirror/09a56216-cb37-494c-b314-d88dc6c9ff57"),
            ("GET", "/v4/repositories/123/remote-mirror/jobs/09a56216-cb37-494c-b314-d88dc6c9ff57"),
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
            assert_eq!(Route::find(method, path), None, "{method} {path}");
        }
    }
}
