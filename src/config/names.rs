//! The rules that the service has for names, and that portolan has for its own.
//!
//! A name that passes here may still be refused by the service; one that does not pass certainly would be
//! (swr-api: section 3). Dot segments never pass: a URL library would collapse them.

use std::path::Path;

/// What a text stands for, and so which rule it follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    Organization,
    Repository,
    Region,
    Target,
    /// A CodeArts project and a git repository in it.
    Mirror,
    /// Of the environment.
    Variable,
    /// Of a chart, or of an account.
    Label,
}

/// The directory of the system's own that holds a path. What is in there shows processes with their environments, devices
/// and streams, and is no file that somebody wrote.
pub fn system_directory(path: &Path) -> Option<&'static str> {
    ["/proc", "/sys", "/dev"].into_iter().find(|directory| path.starts_with(directory))
}

/// The rule in words, for messages and the schema.
pub fn rule(name: Name) -> &'static str {
    match name {
        Name::Organization => {
            "1 to 64 characters: lowercase letters and digits, a letter first, with single `.`, `_`, `__` or `-` between them"
        }
        Name::Repository => {
            "1 to 128 characters: lowercase letters and digits with single `.`, `/`, `_`, `__` or `-` between them"
        }
        Name::Region => "a region id: lowercase letters, digits and `-`, such as `cn-north-4`",
        Name::Target => "letters, digits, `_` and `-`",
        Name::Mirror => {
            "`project/repository`: the project's name without `/`, then letters, digits, `-`, `_` and `.`, with `/` for groups"
        }
        Name::Variable => "the name of a variable: letters, digits and `_`, no digit first",
        Name::Label => "1 to 64 characters on one line, with no blank at either end",
    }
}

/// The same rule as a regular expression of JSON Schema.
pub fn regex(name: Name) -> &'static str {
    match name {
        Name::Organization => r"^(?=.{1,64}$)[a-z][a-z0-9]*((\.|__?|-+)[a-z0-9]+)*$",
        Name::Repository => r"^(?=.{1,128}$)[a-z0-9]+((\.|/|__?|-+)[a-z0-9]+)*$",
        Name::Region => r"^[a-z0-9]+(-[a-z0-9]+)*$",
        Name::Target => r"^[A-Za-z0-9_-]+$",
        Name::Mirror => r"^[^\s/\x00-\x1f\x7f]([^/\x00-\x1f\x7f]*[^\s/\x00-\x1f\x7f])?(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$",
        Name::Variable => r"^[A-Za-z_][A-Za-z0-9_]*$",
        Name::Label => r"^(?=.{1,64}$)[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$",
    }
}

/// Whether a text is such a name.
pub fn is_valid(name: Name, text: &str) -> bool {
    match name {
        Name::Organization => {
            text.len() <= 64 && text.starts_with(|first: char| first.is_ascii_lowercase()) && is_words(text, "._-")
        }
        Name::Repository => text.len() <= 128 && is_words(text, "./_-"),
        Name::Region => text.len() <= 64 && is_words(text, "-") && !text.contains("--"),
        Name::Target => {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        }
        Name::Mirror => text.split_once('/').is_some_and(|(project, path)| {
            let is_plain = !project.is_empty() && project.trim() == project && !project.chars().any(char::is_control);
            is_plain && path.split('/').all(is_git_name)
        }),
        Name::Variable => {
            let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            text.bytes().all(is_part) && text.starts_with(|first: char| !first.is_ascii_digit())
        }
        Name::Label => {
            let is_line = text.trim() == text && !text.chars().any(|character| character.is_ascii_control());
            is_line && (1..=64).contains(&text.chars().count())
        }
    }
}

/// A git repository, or a group of some (codearts-repo-api: section 4.1).
fn is_git_name(text: &str) -> bool {
    let is_start = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.bytes().next().is_some_and(is_start) && text.bytes().all(|byte| is_start(byte) || matches!(byte, b'-' | b'.'))
}

/// Words of lowercase letters and digits with a separator between each two: one of the characters, two
/// underscores, or any number of hyphens. The documents forbid several hyphens in a row, and the service's own
/// patterns allow them.
fn is_words(text: &str, separators: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    if !is_word(*first) || !is_word(*last) {
        return false;
    }
    bytes.split(|byte| is_word(*byte)).filter(|separator| !separator.is_empty()).all(|separator| match separator {
        [only] => separators.as_bytes().contains(only),
        b"__" => separators.contains('_'),
        many => separators.contains('-') && many.iter().all(|byte| *byte == b'-'),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules_of_the_service() {
        let table = [
            (Name::Organization, "team-a", true),
            (Name::Organization, "a.b_c__d", true),
            (Name::Organization, "a--b", true),
            (Name::Organization, "1a", false),
            (Name::Organization, "a___b", false),
            (Name::Organization, "a.-b", false),
            (Name::Organization, "a/b", false),
            (Name::Organization, "Team", false),
            (Name::Organization, "", false),
            (Name::Organization, "..", false),
            (Name::Repository, "web/front-end", true),
            (Name::Repository, "1", true),
            (Name::Repository, "a//b", false),
            (Name::Repository, "a/../b", false),
            (Name::Repository, "/a", false),
            (Name::Repository, "a/", false),
            (Name::Repository, "a$b", false),
            (Name::Label, "Acme (live)", true),
            (Name::Label, " a", false),
            (Name::Label, "a\nb", false),
            (Name::Label, "", false),
            (Name::Region, "cn-north-4", true),
            (Name::Region, "evil.com/", false),
            (Name::Region, "cn--north", false),
            (Name::Target, "dr_1", true),
            (Name::Target, "d r", false),
            (Name::Mirror, "platform/app", true),
            (Name::Mirror, "我的 project/group/My_app.v2", true),
            (Name::Mirror, "platform", false),
            (Name::Mirror, "platform/", false),
            (Name::Mirror, "/app", false),
            (Name::Mirror, "platform//app", false),
            (Name::Mirror, "platform/../app", false),
            (Name::Mirror, "platform/-app", false),
            (Name::Mirror, " platform/app", false),
            (Name::Mirror, "plat\u{1b}form/app", false),
            (Name::Variable, "GIT_TOKEN2", true),
            (Name::Variable, "2_TOKENS", false),
            (Name::Variable, "", false),
            (Name::Variable, "GIT TOKEN", false),
        ];
        for (name, text, expected) in table {
            assert_eq!(is_valid(name, text), expected, "{name:?} {text:?}");
        }
        assert!(is_valid(Name::Organization, &"a".repeat(64)) && !is_valid(Name::Organization, &"a".repeat(65)));
        assert!(is_valid(Name::Repository, &"a".repeat(128)) && !is_valid(Name::Repository, &"a".repeat(129)));
    }
}
