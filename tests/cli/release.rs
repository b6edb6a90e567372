//! The scripts of a release: what stops one, and what the files of one are named and hold. They
//! need GNU tools, and run on Linux only. `.ci/installs` tries the real files.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
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
        for script in [".ci/release-check", ".ci/release"] {
            fs::copy(root().join(script), checkout.path(script)).unwrap();
        }
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

    /// Writes a script that can be started.
    fn program(&self, name: &str, text: &str) {
        self.file(name, text);
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
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

/// The targets whose binaries are in archives.
const TARGETS: [&str; 5] = [
    "aarch64-apple-darwin",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "x86_64-unknown-linux-musl",
];

/// A script that is started as the program: it passes its words on to it, but for the pages.
const STAND_IN: &str = concat!(
    r#"#!/bin/sh
case $1 in
    completion) echo "words of $2" ;;
    man) echo page > "$3/portolan.1" && echo page > "$3/portolan-plan.1" ;;
    *) exec '"#,
    env!("CARGO_BIN_EXE_portolan"),
    r#"' "$@" ;;
esac
"#
);

impl Checkout {
    /// What the builds of all targets leave, with a stand-in for each binary.
    fn built() -> Checkout {
        let checkout = Checkout::new();
        checkout.file("LICENSE-APACHE", "Apache\n");
        checkout.file("LICENSE-MIT", "MIT\n");
        let formula = fs::read_to_string(root().join("packaging/portolan.rb")).unwrap();
        checkout.file("packaging/portolan.rb", &formula);
        for target in TARGETS {
            let suffix = if target.contains("windows") {
                ".exe"
            } else {
                ""
            };
            let name = format!("target/release-parts/{target}/portolan{suffix}");
            checkout.program(&name, STAND_IN);
        }
        checkout
    }

    fn files(&self) -> PathBuf {
        self.path("target/release-files")
    }

    /// Runs steps of the release, which must succeed.
    fn release(&self, steps: &[&str]) {
        let program = self.path("target/release-parts/x86_64-unknown-linux-musl/portolan");
        let output = Command::new(self.path(".ci/release"))
            .args(steps)
            .env("PORTOLAN", program)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", printed(&output));
    }

    /// The checksums of the files, by name.
    fn sums(&self) -> BTreeMap<String, String> {
        let text = fs::read_to_string(self.files().join("SHA256SUMS")).unwrap();
        let pairs = text.lines().map(|line| line.split_once("  ").unwrap());
        pairs
            .map(|(sum, name)| (name.to_owned(), sum.to_owned()))
            .collect()
    }

    /// The script that installs, in our own checkout, on these files.
    fn installs(&self, ways: &[&str]) -> Output {
        Command::new(root().join(".ci/installs"))
            .arg(self.files())
            .args(ways)
            .output()
            .unwrap()
    }
}

/// What `tar` and `python3 -m zipfile` list.
fn listed(program: &str, arguments: &[&str], file: &Path) -> String {
    let output = Command::new(program)
        .args(arguments)
        .arg(file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", printed(&output));
    printed(&output)
}

#[test]
fn archives_have_the_names_and_the_content_that_installers_expect() {
    let checkout = Checkout::built();
    checkout.release(&["pages", "archives", "formula", "sums"]);
    let sums = checkout.sums();

    // cargo-binstall fills in these words: https://github.com/cargo-bins/cargo-binstall.
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest = manifest.replace("\\\n", "");
    let url = manifest.split("pkg-url = \"\"\"").nth(1).unwrap();
    let (url, _) = url.split_once("\"\"\"").unwrap();
    for target in TARGETS {
        let is_zip = target.contains("windows");
        let suffix = if is_zip { ".zip" } else { ".tar.gz" };
        let filled = url
            .replace("{ repo }", "https://github.com/harbour/portolan")
            .replace("{ name }", "portolan")
            .replace("{ version }", "1.2.3")
            .replace("{ target }", target)
            .replace("{ archive-suffix }", suffix);
        let name = format!("portolan-1.2.3-{target}{suffix}");
        let address = "https://github.com/harbour/portolan/releases/download/v1.2.3";
        assert_eq!(filled, format!("{address}/{name}"));
        assert!(sums.contains_key(&name), "{sums:?}");

        let path = checkout.files().join(&name);
        let list = match is_zip {
            true => listed("python3", &["-m", "zipfile", "--list"], &path),
            false => listed("tar", &["--list", "--file"], &path),
        };
        let suffix = if is_zip { ".exe" } else { "" };
        for part in [
            &format!("portolan{suffix}"),
            "README.md",
            "CHANGELOG.md",
            "LICENSE-APACHE",
            "LICENSE-MIT",
            "completions/portolan.bash",
            "completions/_portolan",
            "completions/portolan.fish",
            "completions/_portolan.ps1",
            "man/portolan.1",
            "man/portolan-plan.1",
        ] {
            let part = format!("portolan-1.2.3-{target}/{part}");
            let has = list
                .lines()
                .any(|line| line.split(' ').next() == Some(&part));
            assert!(has, "{name} has no {part}: {list}");
        }
    }

    let formula = fs::read_to_string(checkout.files().join("portolan.rb")).unwrap();
    let rest: Vec<&str> = formula.lines().filter(|line| line.contains('@')).collect();
    assert_eq!(rest.len(), 1, "only the comment names the words: {rest:?}");
    for (name, sum) in sums.iter().filter(|(name, _)| name.ends_with(".tar.gz")) {
        let url = formula
            .lines()
            .position(|line| line.contains(name))
            .unwrap();
        let next = formula.lines().nth(url + 1).unwrap();
        assert!(next.contains(&format!("sha256 \"{sum}\"")), "{next}");
    }
}

#[test]
fn the_same_commit_gives_the_same_files() {
    let checkout = Checkout::built();
    let steps = ["pages", "archives", "formula", "sums"];
    checkout.release(&steps);
    let first = checkout.sums();
    // Another umask, and files that are newer.
    for target in TARGETS {
        let folder = checkout.path("target/release-parts").join(target);
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
            let newer = std::time::SystemTime::now() + std::time::Duration::from_secs(3600);
            fs::File::options()
                .append(true)
                .open(path)
                .unwrap()
                .set_modified(newer)
                .unwrap();
        }
    }
    checkout.release(&steps);
    assert_eq!(checkout.sums(), first);
}

#[test]
fn what_is_in_the_archive_leads_to_an_empty_plan() {
    let checkout = Checkout::built();
    checkout.release(&["pages", "archives", "formula", "sums"]);
    let mut ways = vec!["archive", "clean-environment"];
    if Command::new("ruby").arg("--version").output().is_ok() {
        ways.push("formula");
    } else {
        io::stderr()
            .write_all(b"SKIPPED the formula: ruby is not installed\n")
            .unwrap();
    }
    let output = checkout.installs(&ways);
    let table = printed(&output);
    assert!(output.status.success(), "{table}");
    let tried: Vec<&str> = table
        .lines()
        .skip(1)
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(tried, ways);

    // A way that is named must work, and the table says why it was not tried.
    let output = checkout.installs(&["archive", "deb"]);
    let table = printed(&output);
    assert!(!output.status.success(), "{table}");
    let reason = "there is no portolan_*_amd64.deb among the files";
    assert!(table.contains(reason), "{table}");
    let output = checkout.installs(&["snap"]);
    assert!(printed(&output).contains("there is no way `snap`"));
}

#[test]
fn a_damaged_file_is_not_installed() {
    let checkout = Checkout::built();
    checkout.release(&["pages", "archives", "sums"]);
    let name = "portolan-1.2.3-x86_64-unknown-linux-musl.tar.gz";
    let path = checkout.files().join(name);
    let good = fs::read(&path).unwrap();
    let fails = |words: &str| {
        let output = checkout.installs(&["archive"]);
        let printed = printed(&output);
        assert!(!output.status.success(), "{printed}");
        assert!(printed.contains(words), "{words}: {printed}");
        printed
    };

    // Damaged after its checksum was written.
    let mut bad = good.clone();
    bad[100] ^= 1;
    fs::write(&path, &bad).unwrap();
    let printed = fails(&format!(
        "a checksum is wrong, so nothing is installed: {name}"
    ));
    assert_eq!(printed.lines().count(), 1, "{printed}");
    // Damaged before.
    fs::write(&path, &good[..good.len() / 2]).unwrap();
    checkout.release(&["sums"]);
    fails(&format!("{name} cannot be unpacked: it is damaged"));
    // Gone, not listed, or without checksums.
    fs::remove_file(&path).unwrap();
    fails("a checksum is wrong");
    fs::write(&path, &good).unwrap();
    checkout.release(&["sums"]);
    fs::write(checkout.files().join("other.tar.gz"), "").unwrap();
    fails("other.tar.gz is not in SHA256SUMS");
    fs::remove_file(checkout.files().join("SHA256SUMS")).unwrap();
    fails("there is no SHA256SUMS");
}

/// buildah 1.28 exits with 0 when a push fails.
#[test]
fn an_image_that_was_not_pushed_is_a_failure() {
    let checkout = Checkout::built();
    checkout.program("bin/buildah", "#!/bin/sh\n");
    let path = format!("{}:/usr/bin:/bin", checkout.path("bin").display());
    let output = Command::new(checkout.path(".ci/release"))
        .args(["image", "docker://ghcr.io/harbour/portolan:1.2.3"])
        .env("PATH", path)
        .output()
        .unwrap();
    let printed = printed(&output);
    assert!(!output.status.success(), "{printed}");
    assert!(printed.contains("the image was not pushed to docker://ghcr.io"));
}

#[test]
fn the_workflow_builds_what_the_archives_hold() {
    let workflow = root().join(".github/workflows/release.yml");
    let workflow = fs::read_to_string(workflow).unwrap();
    for target in TARGETS {
        assert!(
            workflow.contains(&format!("- target: {target}\n")),
            "{target}"
        );
    }
    let needed = format!("RUSTUP_TOOLCHAIN: \"{}\"", env!("CARGO_PKG_RUST_VERSION"));
    assert!(workflow.contains(&needed), "{needed}");
    // A step that is misspelled would fail only on the day of the release.
    let script = fs::read_to_string(root().join(".ci/release")).unwrap();
    let is_step = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
    let steps = workflow
        .lines()
        .filter_map(|line| line.split(".ci/release ").nth(1))
        .flat_map(|words| words.split(' ').take_while(is_step));
    let mut count = 0;
    for step in steps {
        assert!(script.contains(&format!("\n{step}() {{")), "{step}");
        count += 1;
    }
    assert!(count > 0);
}

/// The commands of the page, in a shell whose `curl` takes the files of a release from a folder.
#[test]
fn the_commands_of_the_page_install_the_archive() {
    let page = include_str!("../../docs/install.md").replace("0.1.0", "1.2.3");
    let blocks: Vec<&str> = page
        .split("```sh\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    let checkout = Checkout::built();
    checkout.release(&["pages", "archives", "sums"]);
    let files = checkout.files();
    let curl = format!(
        "#!/bin/sh\nfor url; do case $url in https:*) cp '{}'/\"${{url##*/}}\" .;; esac; done\n",
        files.display()
    );
    checkout.program("bin/curl", &curl);
    let run = |home: &Path, script: &str| {
        fs::create_dir_all(home).unwrap();
        let path = format!("{}:/usr/bin:/bin", checkout.path("bin").display());
        Command::new("bash")
            .args(["-c", script])
            .current_dir(home)
            .env("HOME", home)
            .env("PATH", path)
            .output()
            .unwrap()
    };
    let [download, completions] = blocks[..2] else {
        panic!("two blocks are for the archive")
    };
    let home = checkout.path("target/home");
    for block in [download, completions] {
        let output = run(&home, block);
        assert!(output.status.success(), "{}", printed(&output));
    }
    assert!(home.join(".local/bin/portolan").exists());
    let completions = ".local/share/bash-completion/completions/portolan";
    assert!(home.join(completions).exists());

    // Another file than the one that was published.
    let name = files.join("portolan-1.2.3-x86_64-unknown-linux-musl.tar.gz");
    fs::write(name, "something else").unwrap();
    let home = checkout.path("target/second-home");
    let output = run(&home, download);
    assert!(!output.status.success(), "{}", printed(&output));
    assert!(printed(&output).contains("FAILED"), "{}", printed(&output));
    assert!(!home.join(".local").exists());
}
