//! Learns the commit that is built and its time, for `portolan version`.
//!
//! First from variables (`PORTOLAN_COMMIT`, `SOURCE_DATE_EPOCH`), then from the file that `cargo
//! package` puts into a package, then, but for debug builds, from git. Without any of them both are
//! unknown, which is no error. The time is never that of the build, so that two builds of a commit
//! are the same.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The names that the program reads at compile time.
const COMMIT: &str = "PORTOLAN_BUILT_COMMIT";
const SECONDS: &str = "PORTOLAN_BUILT_SECONDS";

fn main() -> Result<(), String> {
    // With at least one such line, a change of any other file does not run the script again.
    println!("cargo:rerun-if-changed=build.rs");
    let given = variable("PORTOLAN_COMMIT", "the hexadecimal id of a commit", is_id)?;
    let epoch = variable("SOURCE_DATE_EPOCH", "seconds since 1970", is_seconds)?;
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let packaged = given.is_none().then(|| packaged(&root)).flatten();
    // With both variables, git is not asked and a new commit does not run the script again.
    // Nor is it for a debug build, of which each commit would compile everything anew.
    let is_debug = env::var("PROFILE").is_ok_and(|profile| profile == "debug");
    let is_open = packaged.is_none() && (given.is_none() || epoch.is_none()) && !is_debug;
    let head = is_open.then(|| Head::of(&root)).flatten();
    let commit = given
        .or(packaged)
        .or_else(|| head.as_ref().map(|head| head.commit.clone()));
    // The time of another commit would be a wrong one.
    let of_head = head.filter(|head| commit.as_ref() == Some(&head.commit));
    let seconds = epoch.or_else(|| of_head.map(|head| head.seconds));
    for (name, value) in [(COMMIT, commit), (SECONDS, seconds)] {
        if let Some(value) = value {
            println!("cargo:rustc-env={name}={value}");
        }
    }
    Ok(())
}

/// The value of a variable; an empty one counts as unset. A wrong one stops the build, because it
/// would be published.
fn variable(
    name: &str,
    expected: &str,
    is_valid: fn(&str) -> bool,
) -> Result<Option<String>, String> {
    println!("cargo:rerun-if-env-changed={name}");
    match env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) if is_valid(&value) => Ok(Some(value)),
        Ok(value) => Err(format!("{name} is {value:?}: expected {expected}")),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(error) => Err(format!("{name}: {error}: expected {expected}")),
    }
}

fn is_id(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// At most 11 digits: the program's calendar ends in the year 9999.
fn is_seconds(text: &str) -> bool {
    (1..=11).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The commit in a package of Cargo, unless it was packaged with changes that are in no commit.
fn packaged(root: &Path) -> Option<String> {
    let text = fs::read_to_string(root.join(".cargo_vcs_info.json")).ok()?;
    let id = text.split("\"sha1\"").nth(1)?.split('"').nth(1)?;
    (is_id(id) && !text.contains("\"dirty\"")).then(|| id.to_owned())
}

/// The commit that is checked out.
struct Head {
    commit: String,
    seconds: String,
}

impl Head {
    fn of(root: &Path) -> Option<Head> {
        // A package that is unpacked inside another project's checkout has no `.git` of its own.
        let repository = root.join(".git");
        if !repository.exists() {
            return None;
        }
        let git = |arguments: &[&str]| {
            let output = Command::new("git")
                // Before variables such as `GIT_DIR`, which git sets for its hooks.
                .arg("--git-dir")
                .arg(&repository)
                .args(arguments)
                .stderr(Stdio::null())
                .output()
                .ok()?;
            let text = String::from_utf8(output.stdout).ok()?;
            output.status.success().then(|| text.trim().to_owned())
        };
        let shown = git(&[
            "show",
            "--no-patch",
            "--no-show-signature",
            "--format=%H %ct",
            "HEAD",
        ])?;
        let (commit, seconds) = shown.split_once(' ')?;
        let place = |name: &str| git(&["rev-parse", "--git-path", name]).map(PathBuf::from);
        let branch = git(&["symbolic-ref", "--quiet", "HEAD"]).and_then(|name| place(&name));
        // A checkout changes `HEAD`, and a new commit the file of the branch. A file that is
        // missing would run the script at every build; that of a packed branch is created by the
        // next commit, which changes its directory.
        let is_there = |path: &&Path| path.exists();
        let branch = branch.as_ref().map(|path| path.ancestors().take(2));
        let branch = branch.and_then(|mut paths| paths.find(is_there).map(Path::to_owned));
        let others = ["HEAD", "packed-refs"].into_iter().filter_map(place);
        for path in others.chain(branch).filter(|path| path.exists()) {
            println!("cargo:rerun-if-changed={}", path.display());
        }
        let is_valid = is_id(commit) && is_seconds(seconds);
        is_valid.then(|| Head {
            commit: commit.to_owned(),
            seconds: seconds.to_owned(),
        })
    }
}
