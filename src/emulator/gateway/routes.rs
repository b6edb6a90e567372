//! The operations of all services by name, with which a fault selects requests.
//!
//! A fault matches the path as it was sent, also of a request that the service would refuse.

use crate::emulator::{
    codearts, iam,
    message::{Request, operation::Operation},
    swr,
};

/// A named operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route(Operation);

impl Route {
    /// The operation of that name. The error lists all names.
    pub fn named(name: &str) -> Result<Self, String> {
        let known = all().find(|known| known.name == name);
        known
            .map(Self)
            .ok_or_else(|| format!("unknown route `{name}`; expected one of {}", names()))
    }

    pub(in super::super) fn name(self) -> &'static str {
        self.0.name
    }

    pub(in super::super) fn matches(self, request: &Request) -> bool {
        self.0.captures(&request.method, &request.path).is_some()
    }
}

fn all() -> impl Iterator<Item = Operation> {
    swr::operations()
        .chain(codearts::operations())
        .chain(iam::operations())
}

/// All names, for a message.
pub(in super::super) fn names() -> String {
    all().map(|known| known.name).collect::<Vec<_>>().join(", ")
}

/// All names with their methods and paths, one per line, for the help.
pub(in super::super) fn table() -> String {
    let line = |known: Operation| format!("{:<26}{:<7}{}", known.name, known.method, known.path);
    all().map(line).collect::<Vec<_>>().join("\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_request_matches_two_operations() {
        for operation in all() {
            let (method, path) = (
                operation.method.to_owned(),
                operation.path.replace("{}", "x"),
            );
            let request = Request {
                method,
                path,
                ..Request::default()
            };
            let matching: Vec<&str> = all()
                .filter(|other| Route(*other).matches(&request))
                .map(|other| other.name)
                .collect();
            assert_eq!(matching, [operation.name]);
        }
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = Route::named("list-rule").unwrap_err();
        assert!(
            error.contains("`list-rule`") && error.contains("list-rules, create-rule"),
            "{error}"
        );
    }
}
