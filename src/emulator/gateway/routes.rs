//! The operations of all services by their names, for faults to be aimed at.
//!
//! A fault sees the path as it was sent: it may be aimed at a request that the service then
//! refuses.

use crate::emulator::{
    codearts, iam,
    message::{Request, operation::Operation},
    swr,
};

/// An operation by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route(Operation);

impl Route {
    /// The operation of that name; the error lists all.
    pub fn named(name: &str) -> Result<Self, String> {
        let known = all().find(|known| known.name == name);
        known
            .map(Self)
            .ok_or_else(|| format!("no route is called `{name}`: {}", names()))
    }

    pub(in super::super) fn name(self) -> &'static str {
        self.0.name
    }

    pub(in super::super) fn matches(self, request: &Request) -> bool {
        self.0.names(&request.method, &request.path).is_some()
    }
}

fn all() -> impl Iterator<Item = Operation> {
    swr::operations()
        .chain(codearts::operations())
        .chain(iam::operations())
}

/// Every name, as a message lists them.
pub(in super::super) fn names() -> String {
    all().map(|known| known.name).collect::<Vec<_>>().join(", ")
}

/// Every name with its method and path, a line each, for people.
pub(in super::super) fn table() -> String {
    let line = |known: Operation| format!("{:<26}{:<7}{}", known.name, known.method, known.path);
    all().map(line).collect::<Vec<_>>().join("\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_has_one_name_at_most() {
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
    fn an_unknown_name_is_told_the_known_ones() {
        let error = Route::named("list-rule").unwrap_err();
        assert!(
            error.contains("`list-rule`") && error.contains("list-rules, create-rule"),
            "{error}"
        );
    }
}
