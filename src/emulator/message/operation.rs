//! One operation of an API, as its documents name it. Each service has one table of them, by which
//! requests are routed, calls are counted and faults are aimed.

/// A name, a method and a path in which `{}` stands for one segment.
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

    /// What a path has for each `{}`, if this is its operation.
    pub(in super::super) fn names<'p>(&self, method: &str, path: &'p str) -> Option<Vec<&'p str>> {
        let (wanted, asked) = (self.path.split('/'), path.split('/'));
        if self.method != method || wanted.clone().count() != asked.clone().count() {
            return None;
        }
        let mut names = Vec::new();
        for (wanted, asked) in wanted.zip(asked) {
            match wanted {
                "{}" if !asked.is_empty() => names.push(asked),
                _ if wanted == asked => {}
                _ => return None,
            }
        }
        Some(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_a_name_for_each_gap() {
        let operation = Operation::new("x", "GET", "/v2/{}/b/{}");
        assert_eq!(operation.names("GET", "/v2/a/b/c"), Some(vec!["a", "c"]));
        for (method, path) in [
            ("PUT", "/v2/a/b/c"),
            ("GET", "/v2/a/b"),
            ("GET", "/v2/a/b/"),
            ("GET", "/v2//b/c"),
            ("GET", "/v2/a/x/c"),
            ("GET", "/v2/a/b/c/"),
        ] {
            assert_eq!(operation.names(method, path), None, "{method} {path}");
        }
    }
}
