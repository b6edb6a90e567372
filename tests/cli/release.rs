//! The scripts of a release: what stops one, and what the files of one are named and hold.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use tempfile::TempDir;

use crate::installed::root;

/// A repository that can be released: a small crate with our name, and our scripts.
struct Checkout {
    directory: TempDir,
}

impl Checkout {
    fn new() -> Checkout {
        let checkout = Checkout {
            directory: tempfile::tempdir().unwrap(),
        };
        checkout.file(
            "Cargo.toml",
            "[package]\nname = \"portolan\"\nversion = \"1.2.3\"\nedition = \"2024\"\n\
             repository = \"https://github.com/harbour/portolan\"\n",
        );
        checkout.file("src/main.rs", "fn main() {}\n");
        checkout.file(
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"portolan\"\nversion = \"1.2.3\"\n",
        );
        checkout.file(
            "CHANGELOG.md",
            "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-12-01\n\n- The first release.\n\n\
             ## [1.2.2] - 2026-11-01\n",
        );
        checkout.file("pyproject.toml", "[project]\ndynamic = [\"version\"]\n");
        checkout.file("action.yml", "inputs:\n  version:\n    default: v1.2.3\n");
        checkout.file("README.md", "`uses: harbour/portolan@v1.2.3`\n");
        checkout.file(".gitignore", "/target\n");
        fs::create_dir(checkout.path(".ci")).unwrap();
        fs::copy(
            root().join(".ci/release-check"),
            checkout.path(".ci/release-check"),
        )
        .unwrap();
        checkout.git(&["init", "--quiet"]);
        checkout.commit();
        checkout
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn file(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Replaces a part of a file.
    fn change(&self, name: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(old), "{old} is not in {name}");
        self.file(name, &text.replacen(old, new, 1));
    }

    fn git(&self, arguments: &[&str]) {
        let done = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
            .args(arguments)
            .current_dir(self.directory.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .status()
            .unwrap();
        assert!(done.success(), "{arguments:?}");
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "all"]);
    }

    /// What the check says about a tag; its first line, and whether it agrees.
    fn check(&self, tag: &str) -> (bool, String) {
        let output = Command::new(self.path(".ci/release-check"))
            .arg(tag)
            .env_remove("GITHUB_SERVER_URL")
            .env("GITHUB_REPOSITORY", "harbour/portolan")
            .env("CARGO_NET_OFFLINE", "true")
            .output()
            .unwrap();
        (output.status.success(), printed(&output))
    }
}

fn printed(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

#[test]
fn a_commit_that_can_be_released_passes_the_check() {
    let checkout = Checkout::new();
    let (agrees, words) = checkout.check("v1.2.3");
    assert!(agrees, "{words}");
    checkout.git(&["tag", "v1.2.3"]);
    assert!(checkout.check("v1.2.3").0);
}

#[test]
fn what_is_not_ready_is_not_released() {
    let cases = [
        // A file, a part of it, what it becomes, and a part of the sentence.
        (
            "CHANGELOG.md",
            "## [1.2.3] - 2026-12-01",
            "## [1.2.4] - 2026-12-01",
            "CHANGELOG.md has no entry for 1.2.3",
        ),
        (
            "CHANGELOG.md",
            "## [1.2.3] - 2026-12-01",
            "## [1.2.3] - soon",
            "has no date",
        ),
        (
            "CHANGELOG.md",
            "## [1.2.3] - 2026-12-01",
            "## [1.2.3]",
            "has no date",
        ),
        (
            "CHANGELOG.md",
            "- The first release.\n",
            "",
            "the entry for 1.2.3 in CHANGELOG.md is empty",
        ),
        (
            "pyproject.toml",
            "dynamic = [\"version\"]",
            "version = \"1.2.2\"",
            "the version in pyproject.toml is 1.2.2",
        ),
        (
            "action.yml",
            "default: v1.2.3",
            "default: v1.2.2",
            "action.yml:3 has `default: v1.2.2`",
        ),
        (
            "README.md",
            "`uses: harbour/portolan@v1.2.3`",
            "`portolan-1.2.3` or `portolan-1.2.30`",
            "README.md:1 has `portolan-1.2.30`",
        ),
        (
            "README.md",
            "harbour/portolan",
            "OWNER/portolan",
            "README.md:1 still has the placeholder OWNER:",
        ),
        (
            "Cargo.toml",
            "github.com/harbour",
            "github.com/OWNER",
            "is still the placeholder",
        ),
        (
            "Cargo.toml",
            "github.com/harbour",
            "github.com/quay",
            "but this runs in https://github.com/harbour/portolan",
        ),
        (
            "Cargo.toml",
            "repository = \"https://github.com/harbour/portolan\"\n",
            "",
            "has no `repository`",
        ),
        (
            "Cargo.lock",
            "version = \"1.2.3\"",
            "version = \"1.2.2\"",
            "Cargo.lock is not current",
        ),
    ];
    for (name, old, new, words) in cases {
        let checkout = Checkout::new();
        checkout.change(name, old, new);
        checkout.commit();
        let (agrees, sentence) = checkout.check("v1.2.3");
        assert!(!agrees, "{new}");
        assert!(sentence.contains(words), "{new}: {sentence}");
        assert_eq!(sentence.lines().count(), 1, "{sentence}");
    }
}

#[test]
fn a_tag_is_the_version_and_this_commit() {
    let checkout = Checkout::new();
    for (tag, words) in [
        ("v1.2.4", "the tag must be v1.2.3"),
        ("1.2.3", "the tag must be v1.2.3"),
        ("", "name the tag"),
    ] {
        let (agrees, sentence) = checkout.check(tag);
        assert!(!agrees && sentence.contains(words), "{tag}: {sentence}");
    }
    checkout.git(&["tag", "v1.2.3"]);
    checkout.commit();
    let (agrees, sentence) = checkout.check("v1.2.3");
    assert!(
        !agrees && sentence.contains("is another commit"),
        "{sentence}"
    );
}

#[test]
fn a_tree_with_changes_is_not_released() {
    let checkout = Checkout::new();
    checkout.file("notes.txt", "not committed");
    let (agrees, sentence) = checkout.check("v1.2.3");
    assert!(!agrees && sentence.contains("notes.txt"), "{sentence}");
}
