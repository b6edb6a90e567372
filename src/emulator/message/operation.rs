//! One operation of an API. Each service has one table of them, which routes requests, counts
//! calls and selects the requests of a fault.

/// A name, a method and a path in which `{}` matches one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Operation {
    pub(in super::super) name: &'static str,
    pub(in super::super) method: &'static str,
    pub(in super::super) path: &'static str,
}

impl Operation {
    pub(in super::super) const fn new(
        name: &'static str,
        method: &'static str,
        path: &'static str,
    ) -> Self {
        Self { name, method, path }
    }

    /// The segments that match each `{}`; none if the request is for another operation.
    pub(in super::super) fn captures<'p>(
        &self,
        method: &str,
        path: &'p str,
    ) -> Option<Vec<&'p str>> {
        let (pattern, segments) = (self.path.split('/'), path.split('/'));
        if self.method != method || pattern.clone().count() != segments.clone().count() {
            return None;
        }
        let mut captures = Vec::new();
        for (part, segment) in pattern.zip(segments) {
            match part {
                // An empty segment is not a name: `/namespaces//repos` has no operation.
                "{}" if !segment.is_empty() => captures.push(segment),
                _ if part == segment => {}
                _ => return None,
            }
        }
        Some(captures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_placeholder_captures_one_segment() {
        let operation = Operation::new("x", "GET", "/v2/{}/b/{}");
        assert_eq!(operation.captures("GET", "/v2/a/b/c"), Some(vec!["a", "c"]));
        for (method, path) in [
            ("PUT", "/v2/a/b/c"),
            ("GET", "/v2/a/b"),
            ("GET", "/v2/a/b/"),
            ("GET", "/v2//b/c"),
            ("GET", "/v2/a/x/c"),
            ("GET", "/v2/a/b/c/"),
        ] {
            assert_eq!(operation.captures(method, path), None, "{method} {path}");
        }
    }
}
