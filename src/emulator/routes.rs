//! Readable names of the operations, for faults to be aimed at.
//!
//! A list of its own: which operation a request means is decided in `api`, and a fault may be aimed at one that
//! is refused there.

use super::message::Request;

/// A name, a method and a path in which `{}` stands for one segment.
const ROUTES: [(&str, &str, &str); 24] = [
    ("list-regions", "GET", "/v2/manage/regions"),
    ("show-overview", "GET", "/v2/manage/overview"),
    ("list-organizations", "GET", "/v2/manage/namespaces"),
    ("create-organization", "POST", "/v2/manage/namespaces"),
    ("show-organization", "GET", "/v2/manage/namespaces/{}"),
    ("delete-organization", "DELETE", "/v2/manage/namespaces/{}"),
    ("list-repositories", "GET", "/v2/manage/repos"),
    ("create-repository", "POST", "/v2/manage/namespaces/{}/repos"),
    ("show-repository", "GET", "/v2/manage/namespaces/{}/repos/{}"),
    ("update-repository", "PATCH", "/v2/manage/namespaces/{}/repos/{}"),
    ("delete-repository", "DELETE", "/v2/manage/namespaces/{}/repos/{}"),
    ("list-rules", "GET", "/v2/manage/namespaces/{}/repos/{}/sync_repo"),
    ("create-rule", "POST", "/v2/manage/namespaces/{}/repos/{}/sync_repo"),
    ("delete-rule", "DELETE", "/v2/manage/namespaces/{}/repos/{}/sync_repo"),
    ("show-mirror", "GET", "/v4/repositories/{}/remote-mirror"),
    ("update-mirror", "PUT", "/v4/repositories/{}/remote-mirror"),
    ("run-mirror", "POST", "/v4/repositories/{}/remote-mirror"),
    ("associate-mirror", "POST", "/v4/repositories/{}/remote-mirror/associate"),
    ("show-git-repository", "GET", "/v4/repositories/{}"),
    ("list-git-branches", "GET", "/v4/repositories/{}/repository/branches"),
    ("list-git-repositories", "GET", "/v4/user/repositories"),
    ("list-project-repositories", "GET", "/v4/projects/{}/repositories"),
    ("list-git-repositories-v2", "GET", "/v2/projects/repositories"),
    ("list-domains", "GET", "/v3/auth/domains"),
];

/// An operation by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    name: &'static str,
    method: &'static str,
    path: &'static str,
}

impl Route {
    /// The operation of that name; the error lists all.
    pub fn named(name: &str) -> Result<Self, String> {
        let known = ROUTES.into_iter().find(|(known, ..)| *known == name);
        let (name, method, path) = known.ok_or_else(|| format!("no route is called `{name}`: {}", names()))?;
        Ok(Self { name, method, path })
    }

    pub(super) fn name(self) -> &'static str {
        self.name
    }

    pub(super) fn matches(self, request: &Request) -> bool {
        let (mut wanted, mut asked) = (self.path.split('/'), request.path.split('/'));
        let same = |(wanted, asked): (&str, &str)| wanted == asked || (wanted == "{}" && !asked.is_empty());
        let segments_match = wanted.by_ref().zip(asked.by_ref()).all(same);
        self.method == request.method
            && segments_match
            && self.path.matches('/').count() == request.path.matches('/').count()
    }
}

/// Every name, as a message lists them.
pub(super) fn names() -> String {
    ROUTES.map(|(name, ..)| name).join(", ")
}

/// Every name with its method and path, a line each, for people.
pub(super) fn table() -> String {
    ROUTES.map(|(name, method, path)| format!("{name:<26}{method:<7}{path}")).join("\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_has_one_name_at_most() {
        for (name, method, path) in ROUTES {
            let request = Request { method: method.to_owned(), path: path.replace("{}", "x"), ..Request::default() };
            let all = ROUTES.map(|(name, ..)| Route::named(name).unwrap());
            let matching: Vec<&str> =
                all.into_iter().filter(|route| route.matches(&request)).map(Route::name).collect();
            assert_eq!(matching, [name]);
            for path in [format!("{}/x", request.path), request.path[..request.path.len() - 1].to_owned()] {
                let other = Request { path, ..request.clone() };
                let route = Route::named(name).unwrap();
                assert!(!route.matches(&other), "{name}: {}", other.path);
            }
        }
    }

    #[test]
    fn an_unknown_name_is_told_the_known_ones() {
        let error = Route::named("list-rule").unwrap_err();
        assert!(error.contains("`list-rule`") && error.contains("list-rules, create-rule"), "{error}");
    }
}
