//! The console blocks of the README and the page on mirrors are run in a copy of `examples/`.
//!
//! A command follows `$ `; the lines below are its whole output, both streams together. With
//! `UPDATE_README` in the environment, the test writes the current output to the page instead.

use std::{
    fs::{self, File},
    path::Path,
    process::Command,
};

const README: &str = include_str!("../../README.md");

/// Pages with console blocks.
const PAGES: [(&str, &str); 2] = [
    ("README.md", README),
    ("docs/mirrors.md", include_str!("../../docs/mirrors.md")),
];

/// How the pages start an installed portolan.
const PROGRAM: &str = "portolan ";

/// The fenced blocks of a language.
fn blocks(page: &'static str, language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    page.split(&fence)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

/// Each command of the console blocks with its output.
fn commands(page: &'static str) -> Vec<(&'static str, String)> {
    let mut commands: Vec<(&str, String)> = Vec::new();
    for line in blocks(page, "console").into_iter().flat_map(str::lines) {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command, String::new())),
            (None, Some((_, output))) => output.push_str(&format!("{line}\n")),
            (None, None) => panic!("output before the first command: {line}"),
        }
    }
    commands
}

fn copy_examples(folder: &Path) {
    fs::create_dir(folder.join("examples")).unwrap();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        fs::copy(
            &path,
            folder.join("examples").join(path.file_name().unwrap()),
        )
        .unwrap();
    }
}

/// Runs a line in a shell; its output, in the order of a terminal.
fn run(folder: &Path, command: &str) -> String {
    let path = folder.join("output.txt");
    let output = File::create(&path).unwrap();
    let status = Command::new("sh")
        .args([
            "-c",
            &command.replacen(
                PROGRAM,
                concat!("'", env!("CARGO_BIN_EXE_portolan"), "' "),
                1,
            ),
        ])
        .env_clear()
        .current_dir(folder)
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .status()
        .unwrap();
    let printed = fs::read_to_string(path).unwrap();
    assert!(status.success(), "{command}\n{printed}");
    printed
}

#[test]
fn console_blocks_print_what_they_show() {
    for (name, page) in PAGES {
        let folder = tempfile::tempdir().unwrap();
        copy_examples(folder.path());
        let commands = commands(page);
        assert!(!commands.is_empty(), "{name}");
        let mut current = page.to_owned();
        for (command, shown) in commands {
            assert!(command.starts_with(PROGRAM), "{name}: {command}");
            let printed = run(folder.path(), command);
            if std::env::var_os("UPDATE_README").is_none() {
                assert_eq!(printed, shown, "{name}: {command}");
            }
            current = current.replacen(
                &format!("$ {command}\n{shown}"),
                &format!("$ {command}\n{printed}"),
                1,
            );
        }
        if current != page {
            fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(name), current).unwrap();
        }
    }
}

#[test]
fn the_chart_is_the_example() {
    let example = include_str!("../../examples/quickstart.yaml");
    let (comment, chart) = example.split_once('\n').unwrap();
    assert!(comment.starts_with('#'), "{comment}");
    assert_eq!(blocks(README, "yaml"), [chart]);
}

#[test]
fn set_up_names_the_version_that_is_needed_and_the_lock_file() {
    let needed = format!("Rust {} or newer", env!("CARGO_PKG_RUST_VERSION"));
    assert!(
        README.contains(&needed),
        "the README does not say `{needed}`"
    );
    let pages = [
        ("README.md", README),
        ("CONTRIBUTING.md", include_str!("../../CONTRIBUTING.md")),
        ("docs/install.md", include_str!("../../docs/install.md")),
        ("docs/releasing.md", include_str!("../../docs/releasing.md")),
        ("docs/ci.md", include_str!("../../docs/ci.md")),
        ("docs/testing.md", include_str!("../../docs/testing.md")),
    ];
    for (name, page) in pages {
        // `cargo install` alone uses newer dependencies than the tested ones.
        let loose = page
            .match_indices("cargo install ")
            .find(|(at, found)| !page[at + found.len()..].starts_with("--locked"));
        assert_eq!(loose, None, "{name}: `cargo install` without `--locked`");
    }
}
