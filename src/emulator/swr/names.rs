//! The service's rules for names (`swr-api.md`, section 3).
//!
//! Several hyphens in a row are accepted: the prose forbids them, but the printed patterns allow
//! them.

/// 1 to 64 characters, the first a lower-case letter.
pub(super) fn is_organization(name: &str) -> bool {
    // Bytes are characters here: `is_joined` admits ASCII only.
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && is_joined(name, &["."])
}

/// 1 to 128 characters; a slash is a separator like a dot.
pub(super) fn is_repository(name: &str) -> bool {
    name.len() <= 128 && is_joined(name, &[".", "/"])
}

/// Words of lower-case letters and digits with single separators between them.
fn is_joined(name: &str, separators: &[&str]) -> bool {
    let is_word = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    let separates = |text: &str| {
        let hyphens = !text.is_empty() && text.chars().all(|character| character == '-');
        hyphens || matches!(text, "_" | "__") || separators.contains(&text)
    };
    name.starts_with(is_word)
        && name.ends_with(is_word)
        && name
            .split(is_word)
            .filter(|between| !between.is_empty())
            .all(separates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn organizations() {
        for good in ["a", "team-a", "a.b_c__d--e", "a1", &"a".repeat(64)] {
            assert!(is_organization(good), "{good}");
        }
        for bad in [
            "",
            "1a",
            "-a",
            "a-",
            "a..b",
            "a___b",
            "a-_b",
            "A",
            "a/b",
            "a$b",
            "é",
            &"a".repeat(65),
        ] {
            assert!(!is_organization(bad), "{bad}");
        }
    }

    #[test]
    fn repositories() {
        for good in ["1", "web/front", "a/b/c.d", "a--b", &"a".repeat(128)] {
            assert!(is_repository(good), "{good}");
        }
        for bad in [
            "",
            "/a",
            "a/",
            "a//b",
            "a/-b",
            "a$b",
            "a%2Fb",
            "Web",
            &"a".repeat(129),
        ] {
            assert!(!is_repository(bad), "{bad}");
        }
    }
}
