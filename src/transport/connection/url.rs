//! Builds the URL of a request so that it is sent exactly as it was signed.
//!
//! URL libraries normalize: they collapse dot segments and change backslashes. After signing that
//! would be a wrong signature or another path, so everything that could be normalized is refused.

use reqwest::Url;

use crate::transport::{endpoint::Base, sign::query_string};

pub(crate) fn assemble(base: &Base, path: &str, query: &[(&str, &str)]) -> Result<Url, String> {
    check(path)?;
    let mut text = format!("{}{path}", base.origin);
    if !query.is_empty() {
        text.push('?');
        text.push_str(&query_string(query));
    }
    let url = Url::parse(&text).map_err(|error| error.to_string())?;
    // `check` knows some of the parser's habits; this notices the others.
    if url.as_str() != text {
        return Err("its URL would be sent in another form than it was signed".to_owned());
    }
    Ok(url)
}

fn check(path: &str) -> Result<(), String> {
    if !path.starts_with('/') {
        return Err("its path does not begin with `/`".to_owned());
    }
    if let Some(character) = path
        .chars()
        .find(|character| !is_path_character(*character))
    {
        return Err(format!(
            "its path contains {character:?}, which must be escaped"
        ));
    }
    // A URL parser collapses an escaped dot like a plain one.
    let is_dots = |segment: &str| {
        matches!(
            &*segment.to_ascii_lowercase().replace("%2e", "."),
            "." | ".."
        )
    };
    match path.split('/').find(|segment| is_dots(segment)) {
        Some(segment) => Err(format!(
            "its path contains the segment `{segment}`, which would change the path"
        )),
        None => Ok(()),
    }
}

/// RFC 3986: `pchar`, `/`, and the `%` of an escape.
fn is_path_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/%".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        transport::endpoint::{Endpoints, Overrides, Wanted},
        wire::Service,
    };

    fn url(path: &str, query: &[(&str, &str)]) -> Result<String, String> {
        let overrides = Overrides::read(&|_| Some("http://localhost:1/p".to_owned()), &[]);
        let endpoints = Endpoints::resolve(&[Wanted::new(Service::Swr, "r")], &overrides).unwrap();
        let base = endpoints.base(Service::Swr, "r").unwrap();
        assemble(base, &format!("{}{path}", base.prefix), query).map(|url| url.to_string())
    }

    #[test]
    fn paths_and_queries_are_sent_unchanged() {
        let subdelims = "/a$b%24c/%E7%BB%84/!&'()*+,;=:@";
        assert_eq!(
            url(subdelims, &[]).unwrap(),
            format!("http://localhost:1/p{subdelims}")
        );
        let strict = url("/x", &[("filter", "mode::visible"), ("a", "' +~")]).unwrap();
        assert_eq!(
            strict,
            "http://localhost:1/p/x?a=%27%20%2B~&filter=mode%3A%3Avisible"
        );
    }

    #[test]
    fn a_path_that_would_be_normalized_is_refused() {
        for segment in [".", "..", "%2e", "%2E.", ".%2e"] {
            assert!(
                url(&format!("/a/{segment}/b"), &[])
                    .unwrap_err()
                    .contains("segment"),
                "{segment}"
            );
            assert!(
                url(&format!("/a/{segment}"), &[])
                    .unwrap_err()
                    .contains("segment"),
                "{segment}"
            );
        }
        for character in ["\\", "?", "#", " ", "\n", "\"", "|", "\u{e9}"] {
            assert!(
                url(&format!("/a{character}b"), &[])
                    .unwrap_err()
                    .contains("escaped"),
                "{character}"
            );
        }
        assert!(url("", &[]).is_ok(), "the prefix is a path");
        assert!(url("/...", &[]).is_ok());
    }
}
