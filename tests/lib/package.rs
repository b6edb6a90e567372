//! The package for crates.io: everything that a build needs, and nothing else.
//!
//! `cargo publish --dry-run` builds it by itself, which takes too long for a test: CI does that.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Component, Path, PathBuf},
    process::Command,
};

/// What is in it beside the sources.
const OTHERS: [&str; 8] = [
    // Only where the package is made in a clone.
    ".cargo_vcs_info.json",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "Cargo.toml.orig",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn listed() -> BTreeSet<String> {
    let cargo = env::var_os("CARGO").expect("cargo runs the tests");
    let output = Command::new(cargo)
        .args(["package", "--list", "--allow-dirty", "--offline", "--quiet"])
        .current_dir(root())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let names = String::from_utf8(output.stdout).unwrap();
    names.lines().map(|name| name.replace('\\', "/")).collect()
}

/// The names of all files of a folder, as the package has them.
fn below(folder: &str, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            below(&name, names);
        } else {
            names.insert(name);
        }
    }
}

#[test]
fn it_has_the_sources_the_licences_and_two_pages() {
    let listed = listed();
    let (sources, others): (BTreeSet<String>, BTreeSet<String>) = listed
        .into_iter()
        .partition(|name| name.starts_with("src/"));
    let mut expected = BTreeSet::new();
    below("src", &mut expected);
    assert_eq!(sources, expected);
    let is_expected =
        |name: &String| OTHERS.contains(&name.as_str()) || name.as_str() == "build.rs";
    assert!(others.iter().all(is_expected), "{others:?}");
    let missing = OTHERS[1..].iter().find(|name| !others.contains(**name));
    assert_eq!(missing, None);
}

/// A file that the program includes from elsewhere is missing in a build of the package.
#[test]
fn it_has_every_file_that_the_program_includes() {
    let listed = listed();
    for name in listed.iter().filter(|name| name.ends_with(".rs")) {
        let text = fs::read_to_string(root().join(name)).unwrap();
        let program = text.split("#[cfg(test)]").next().unwrap();
        for included in ["include_str!(\"", "include_bytes!(\"", "include!(\""]
            .iter()
            .flat_map(|begin| program.split(begin).skip(1))
            .map(|rest| rest.split('"').next().unwrap())
        {
            let path = Path::new(name).parent().unwrap().join(included);
            let path = flat(&path);
            assert!(listed.contains(&path), "{name} includes {path}");
        }
    }
}

/// The path without `..`.
fn flat(path: &Path) -> String {
    let mut flat = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(flat.pop()),
            part => flat.push(part),
        }
    }
    flat.to_str().unwrap().replace('\\', "/")
}
