//! Which operation a method and a path mean, as the gateway decides it.
//!
//! The path is decoded before it is split, so that `%2F` separates like `/`: a repository named with
//! either meets a route that does not exist (huaweicloud-sdk-go-v3 #21). Inside a name it is `$` that
//! means a slash, escaped or not.

use super::super::escape;

/// An operation with the names from its path.
#[derive(Debug, PartialEq)]
pub(super) enum Route {
    /// `GET /v2/manage/overview`
    Overview,
    /// `GET /v2/manage/regions`
    ListRegions,
    /// `GET /v2/manage/repos`
    ListRepositories,
    /// `POST /v2/manage/namespaces`
    CreateOrganization,
    /// `GET /v2/manage/namespaces`
    ListOrganizations,
    /// On `/v2/manage/namespaces/{organization}`.
    Organization(Verb, String),
    /// `POST .../repos`
    CreateRepository(String),
    /// On `.../repos/{repository}`.
    Repository(Verb, String, String),
    /// On `.../repos/{repository}/sync_repo`; `Create` stands in for the update that does not exist.
    SyncRules(Verb, String, String),
}

/// What is done to the thing that the path names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Verb {
    Show,
    Create,
    Update,
    Delete,
}

impl Route {
    pub(super) fn find(method: &str, path: &str) -> Option<Self> {
        let path = escape::decode_text(path);
        let segments: Vec<&str> = path.strip_prefix("/v2/manage/")?.split('/').collect();
        if segments.contains(&"") {
            return None;
        }
        let verb = Verb::of(method)?;
        let repository = |name: &str| name.replace('$', "/");
        match (verb, segments.as_slice()) {
            (Verb::Show, ["overview"]) => Some(Self::Overview),
            (Verb::Show, ["regions"]) => Some(Self::ListRegions),
            (Verb::Show, ["repos"]) => Some(Self::ListRepositories),
            (Verb::Show, ["namespaces"]) => Some(Self::ListOrganizations),
            (Verb::Create, ["namespaces"]) => Some(Self::CreateOrganization),
            (Verb::Show | Verb::Delete, ["namespaces", name]) => Some(Self::Organization(verb, (*name).to_owned())),
            (Verb::Create, ["namespaces", name, "repos"]) => Some(Self::CreateRepository((*name).to_owned())),
            (Verb::Show | Verb::Update | Verb::Delete, ["namespaces", name, "repos", inner]) => {
                Some(Self::Repository(verb, (*name).to_owned(), repository(inner)))
            }
            (Verb::Show | Verb::Create | Verb::Delete, ["namespaces", name, "repos", inner, "sync_repo"]) => {
                Some(Self::SyncRules(verb, (*name).to_owned(), repository(inner)))
            }
            _ => None,
        }
    }
}

impl Verb {
    fn of(method: &str) -> Option<Self> {
        match method {
            "GET" => Some(Self::Show),
            "POST" => Some(Self::Create),
            "PATCH" => Some(Self::Update),
            "DELETE" => Some(Self::Delete),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dollar_is_a_slash_escaped_or_not() {
        for path in ["/v2/manage/namespaces/o/repos/web$front", "/v2/manage/namespaces/o/repos/web%24front"] {
            let expected = Route::Repository(Verb::Show, "o".to_owned(), "web/front".to_owned());
            assert_eq!(Route::find("GET", path), Some(expected), "{path}");
        }
    }

    #[test]
    fn other_paths_and_methods_have_no_route() {
        for (method, path) in [
            ("GET", "/v2/manage/namespaces/o/repos/web/front"),
            ("GET", "/v2/manage/namespaces/o/repos/web%2Ffront"),
            ("DELETE", "/v2/manage/namespaces/o/repos/web/front/sync_repo"),
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
            assert_eq!(Route::find(method, path), None, "{method} {path}");
        }
    }
}
