//! The rules that the service has for names, and that portolan has for its own.
//!
//! A name that passes here may still be refused by the service; one that does not pass certainly
//! would be (swr-api: section 3). Dot segments never pass: a URL library would collapse them.
//!
//! Each rule is here twice: as a regular expression for the schema, and by hand for the decoder,
//! where `regex-lite` takes 70 times as long. A law below holds the two together.

use std::path::Path;

/// What a text names, which decides the rule that it follows.
#[derive(Debug, Clone, Copy)]
pub enum Name {
    /// A resource of a kind. The kind's table has the rule.
    Resource(&'static Rule),
    Region,
    Target,
    /// Of the environment.
    Variable,
    /// Of a chart, or of an account.
    Label,
}

/// What the service asks of the names of a kind.
pub struct Rule {
    /// In words, for messages and the schema.
    pub words: &'static str,
    /// As a regular expression of JSON Schema.
    pub regex: &'static str,
    pub is_valid: fn(&str) -> bool,
    /// What a wrong name probably means, if that is known.
    pub meant: fn(&str) -> Option<&'static str>,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.words)
    }
}

/// The system directory that contains a path. Its entries show processes with their environments,
/// devices and streams; they are not files that a user wrote.
pub(crate) fn system_directory(path: &Path) -> Option<&'static str> {
    ["/proc", "/sys", "/dev"]
        .into_iter()
        .find(|directory| path.starts_with(directory))
}

/// The rule in words, for messages and the schema.
pub fn rule(name: Name) -> &'static str {
    match name {
        Name::Resource(rule) => rule.words,
        Name::Region => "a region id: lowercase letters, digits and `-`, such as `cn-north-4`",
        Name::Target => "letters, digits, `_` and `-`",
        Name::Variable => {
            "the name of a variable: letters, digits and `_`, not starting with a digit"
        }
        Name::Label => "1 to 64 characters on one line, without a blank at either end",
    }
}

/// The same rule as a regular expression of JSON Schema.
pub(crate) fn regex(name: Name) -> &'static str {
    match name {
        Name::Resource(rule) => rule.regex,
        Name::Region => r"^(?=.{1,63}$)[a-z0-9]+(-[a-z0-9]+)*$",
        Name::Target => r"^[A-Za-z0-9_-]+$",
        Name::Variable => r"^[A-Za-z_][A-Za-z0-9_]*$",
        Name::Label => {
            r"^(?=.{1,64}$)[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?$"
        }
    }
}

/// The name of a user of the account.
pub(crate) const PERSON: Name = Name::Resource(&Rule {
    words: "1 to 64 characters: letters, digits, blanks, `-`, `_` and `.`, without a blank at \
        either end",
    regex: r"^(?=.{1,64}$)[A-Za-z0-9_.-]+( +[A-Za-z0-9_.-]+)*$",
    is_valid: |text| {
        (1..=64).contains(&text.len())
            && text.chars().all(is_of_person)
            && !text.starts_with(' ')
            && !text.ends_with(' ')
    },
    meant: |_| None,
});

/// Whether the name of a user can contain this character.
pub(crate) fn is_of_person(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, ' ' | '-' | '_' | '.')
}

/// Whether the id of a region can contain this character.
pub(crate) fn is_of_region(character: char) -> bool {
    character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
}

/// Whether the name of an organization or of an image repository can contain this character.
pub(crate) fn is_of_images(character: char) -> bool {
    is_of_region(character) || matches!(character, '.' | '_')
}

/// What a text that is not a valid name probably means, if that is known.
pub fn meant(name: Name, text: &str) -> Option<&'static str> {
    match name {
        Name::Resource(rule) => (rule.meant)(text),
        Name::Region | Name::Target | Name::Variable | Name::Label => None,
    }
}

/// Whether the first part of a name looks like a registry host.
pub(crate) fn is_host(first: &str) -> bool {
    // A dot alone does not show a host: the name of a repository may contain dots.
    const ENDS: [&str; 8] = [
        ".com",
        ".cn",
        ".io",
        ".net",
        ".org",
        ".dev",
        ".local",
        ".internal",
    ];
    let first = first.to_ascii_lowercase();
    ENDS.iter().any(|end| first.ends_with(end))
}

/// Whether a text is such a name.
pub fn is_valid(name: Name, text: &str) -> bool {
    match name {
        Name::Resource(rule) => (rule.is_valid)(text),
        // A region is a label of a host name, which has 63 characters at most.
        Name::Region => text.len() <= 63 && is_words(text, "-") && !text.contains("--"),
        Name::Target => {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        }
        Name::Variable => {
            let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            text.bytes().all(is_part) && text.starts_with(|first: char| !first.is_ascii_digit())
        }
        Name::Label => {
            let is_line = text.trim() == text && !text.chars().any(char::is_control);
            is_line && (1..=64).contains(&text.chars().count())
        }
    }
}

/// Words of lowercase letters and digits with a separator between each two: one of the characters,
/// two underscores, or any number of hyphens. The documents forbid several hyphens in a row, and
/// the service's own patterns allow them.
pub(crate) fn is_words(text: &str, separators: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    if !is_word(*first) || !is_word(*last) {
        return false;
    }
    bytes
        .split(|byte| is_word(*byte))
        .filter(|separator| !separator.is_empty())
        .all(|separator| match separator {
            [only] => separators.as_bytes().contains(only),
            b"__" => separators.contains('_'),
            many => separators.contains('-') && many.iter().all(|byte| *byte == b'-'),
        })
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, test_runner::TestRunner};

    use super::*;
    use crate::kind::{mirror, organization, repository};

    #[test]
    fn names_follow_the_rules_of_the_service() {
        let table = [
            (organization::NAME, "team-a", true),
            (organization::NAME, "a.b_c__d", true),
            (organization::NAME, "a--b", true),
            (organization::NAME, "1a", false),
            (organization::NAME, "a___b", false),
            (organization::NAME, "a.-b", false),
            (organization::NAME, "a/b", false),
            (organization::NAME, "Team", false),
            (organization::NAME, "", false),
            (organization::NAME, "..", false),
            (repository::NAME, "web/front-end", true),
            (repository::NAME, "1", true),
            (repository::NAME, "a//b", false),
            (repository::NAME, "a/../b", false),
            (repository::NAME, "/a", false),
            (repository::NAME, "a/", false),
            (repository::NAME, "a$b", false),
            (Name::Label, "Acme (live)", true),
            (Name::Label, " a", false),
            (Name::Label, "a\nb", false),
            (Name::Label, "", false),
            (Name::Region, "cn-north-4", true),
            (Name::Region, "evil.com/", false),
            (Name::Region, "cn--north", false),
            (Name::Target, "dr_1", true),
            (Name::Target, "d r", false),
            (mirror::NAME, "platform/app", true),
            (mirror::NAME, "我的 project/group/My_app.v2", true),
            (mirror::NAME, "platform", false),
            (mirror::NAME, "platform/", false),
            (mirror::NAME, "/app", false),
            (mirror::NAME, "platform//app", false),
            (mirror::NAME, "platform/../app", false),
            (mirror::NAME, "platform/-app", false),
            (mirror::NAME, " platform/app", false),
            (mirror::NAME, "plat\u{1b}form/app", false),
            (Name::Variable, "GIT_TOKEN2", true),
            (Name::Variable, "2_TOKENS", false),
            (Name::Variable, "", false),
            (Name::Variable, "GIT TOKEN", false),
        ];
        for (name, text, expected) in table {
            assert_eq!(is_valid(name, text), expected, "{name:?} {text:?}");
        }
        let region = |length| is_valid(Name::Region, &"a".repeat(length));
        assert!(region(63) && !region(64));
        assert!(
            is_valid(organization::NAME, &"a".repeat(64))
                && !is_valid(organization::NAME, &"a".repeat(65))
        );
        assert!(
            is_valid(repository::NAME, &"a".repeat(128))
                && !is_valid(repository::NAME, &"a".repeat(129))
        );
    }
    /// Texts that are names or nearly so, from the characters that the rules distinguish. U+FEFF is
    /// not one of them: the expressions of JSON Schema treat it as a blank, Unicode does not.
    fn texts() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            8 => "[a-z0-9]{1,3}",
            3 => "[-._/]",
            2 => "[A-Z]",
            1 => "[ \\t\u{a0}\u{3000}]",
            1 => "[\u{1b}\u{7f}\u{85}\u{9f}]",
            1 => "[é我:@$]",
            1 => "[a-z]{60,64}",
        ];
        prop::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat())
    }

    #[test]
    fn the_schema_and_the_decoder_agree() {
        let names = [
            organization::NAME,
            repository::NAME,
            mirror::NAME,
            Name::Region,
            Name::Target,
            Name::Variable,
            Name::Label,
        ];
        let schemas = names.map(|name| {
            let schema = serde_json::json!({ "pattern": regex(name) });
            (name, jsonschema::validator_for(&schema).unwrap())
        });
        let mut runner = TestRunner::deterministic();
        let law = |text: String| {
            for (name, schema) in &schemas {
                let is_in_schema = schema.is_valid(&serde_json::Value::from(text.as_str()));
                prop_assert_eq!(is_valid(*name, &text), is_in_schema, "{:?}", name);
            }
            Ok(())
        };
        runner.run(&texts(), law).unwrap();
    }
}
