//! Checks the dependencies between the modules by reading the source text.
//!
//! Comments, strings and the tests of a module do not count.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Modules without IO, async, clock, environment and randomness: files, and folders with all that
/// is in them.
const PURE: &str = "address.rs adopt/ names.rs time/ pattern/ region.rs risk.rs state.rs copies.rs text.rs drift/ doctor/ \
    coverage.rs completion/ diagnostics/ schema/ kind/ config/ scope.rs mask/ export/ receipt.rs \
    diff.rs inventory.rs plan/ snapshot/ render/ report.rs wire/ transport/concurrency/ transport/pace/";

/// The one module in them that reads files.
const IMPURE: &str = "config/load/";

/// Names that a pure module may not use.
const EDGES: &str = "std::fs std::env std::net std::process std::thread std::io SystemTime Instant \
    async tokio \
    reqwest fastrand anyhow tracing Timestamp::now Zoned::now TimeZone::system tempfile axum \
    crate::transport crate::emulator crate::commands \
    crate::apply crate::refresh crate::progress crate::cli crate::input";

/// Who may know the emulator.
const EMULATOR_USERS: &str = "emulator/ commands/ transport/emulated.rs";

/// The only modules that use each other without being parent and child: an address has a kind, a
/// kind builds addresses, and both states are made of them: of copies and jobs, too. This list may
/// only shrink.
const CIRCLE: &str = "address copies kind kind::copying pattern state";

const LONGEST_FILE: usize = 600;
const LONGEST_MAIN: usize = 40;

pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
    /// The program: no comments, no strings, no tests, `use` groups written out.
    pub(crate) code: String,
    /// The strings of the program, as they are written.
    pub(crate) literals: Vec<String>,
}

impl File {
    pub(crate) fn is_in(&self, places: &str) -> bool {
        places.split_whitespace().any(|place| {
            self.path == place || (place.ends_with('/') && self.path.starts_with(place))
        })
    }

    pub(crate) fn is_test(&self) -> bool {
        self.path.ends_with("tests.rs") || self.path.contains("/tests/")
    }

    /// Whether the program names the path or word, not as a part of another.
    pub(crate) fn names(&self, wanted: &str) -> bool {
        let part = |at: Option<char>| at.is_some_and(|next| next.is_alphanumeric() || next == '_');
        self.code.match_indices(wanted).any(|(at, found)| {
            !part(self.code[..at].chars().next_back())
                && !part(self.code[at + found.len()..].chars().next())
        })
    }
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let inside = |path: PathBuf| {
        if path.is_dir() {
            below(&path)
        } else {
            vec![path]
        }
    };
    fs::read_dir(folder)
        .unwrap()
        .flat_map(|entry| inside(entry.unwrap().path()))
        .collect()
}

/// Every Rust file below a folder of the package.
pub(crate) fn sources(folder: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths = below(&root);
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    paths.sort();
    let file = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let (code, literals) = program(&text);
        let code = written_out(&code);
        let path = path
            .strip_prefix(&root)
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        File {
            path,
            text,
            code,
            literals,
        }
    };
    paths.into_iter().map(file).collect()
}

/// The text without comments, literals, and the tests, which are last; and the strings in it.
pub(crate) fn program(text: &str) -> (String, Vec<String>) {
    let (mut code, mut literals, mut rest) = (String::new(), Vec::new(), text);
    while let Some(next) = rest.chars().next() {
        let ends = |open: usize, close: &str| {
            rest[open..]
                .find(close)
                .map_or(rest.len(), |at| open + at + close.len())
        };
        let skipped = match rest {
            _ if rest.starts_with("#[cfg(test)]\nmod tests {") => rest.len(),
            _ if rest.starts_with("//") => ends(2, "\n"),
            _ if rest.starts_with("r#\"") => ends(3, "\"#"),
            _ if rest.starts_with("'\"'") => 3,
            _ if rest.starts_with("'\\") => ends(3, "'"),
            _ if next == '"' => {
                let mut escaped = false;
                let mut characters = rest.char_indices().skip(1);
                let end = characters.find(|(_, character)| {
                    let ends = *character == '"' && !escaped;
                    escaped = *character == '\\' && !escaped;
                    ends
                });
                end.map_or(rest.len(), |(at, _)| at + 1)
            }
            _ => {
                code.push(next);
                next.len_utf8()
            }
        };
        if let Some(literal) = rest[..skipped]
            .strip_prefix('"')
            .and_then(|literal| literal.strip_suffix('"'))
        {
            literals.push(literal.to_owned());
        }
        rest = &rest[skipped..];
    }
    (code, literals)
}

/// Adds each path of a `use` group on its own: `std::{fs, io::Write}` is `std::fs` and
/// `std::io::Write`.
pub(crate) fn written_out(code: &str) -> String {
    let mut out = code.to_owned();
    for declaration in code.split("use ").skip(1) {
        let mut prefixes = vec![String::new()];
        let mut path = String::new();
        let declaration = declaration.split_inclusive(';').next().unwrap_or_default();
        for character in declaration
            .chars()
            .filter(|character| !character.is_whitespace())
        {
            let prefix = prefixes.last().cloned().unwrap_or_default();
            match character {
                '{' => prefixes.push(prefix + &std::mem::take(&mut path)),
                ',' | '}' | ';' => out += &format!("\n{prefix}{}", std::mem::take(&mut path)),
                _ => path.push(character),
            }
            if character == '}' {
                prefixes.pop();
            }
        }
    }
    out
}

#[track_caller]
pub(crate) fn none(broken: Vec<String>, wall: &str) {
    assert!(broken.is_empty(), "{wall}:\n  {}", broken.join("\n  "));
}

#[test]
fn pure_modules_do_no_io() {
    let files = sources("src");
    let mut broken = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.is_in(PURE) && !file.is_in(IMPURE) && !file.is_test())
    {
        let named = EDGES.split_whitespace().filter(|edge| file.names(edge));
        broken.extend(named.map(|edge| format!("src/{} names `{edge}`", file.path)));
    }
    none(broken, "a pure module reaches for the world");
    let gone = PURE
        .split_whitespace()
        .find(|place| !files.iter().any(|file| file.is_in(place)));
    assert_eq!(gone, None, "a pure module is gone");
}

#[test]
fn the_emulator_and_the_planner_do_not_use_each_other() {
    let mut broken = Vec::new();
    for file in sources("src") {
        let emulator = file.is_in("emulator/");
        if emulator
            && (file
                .code
                .split("crate::")
                .skip(1)
                .any(|path| !path.starts_with("emulator"))
                || file.names("portolan"))
        {
            broken.push(format!(
                "src/{} imports from the rest of the crate",
                file.path
            ));
        }
        if !file.is_in(EMULATOR_USERS) && !file.is_test() && file.names("crate::emulator") {
            broken.push(format!("src/{} imports from the emulator", file.path));
        }
    }
    none(broken, "the two are each other's second opinion");
}

#[test]
fn only_the_plan_decides_what_is_done() {
    let mut broken = Vec::new();
    for (folder, words) in [
        ("apply", ["Reason", "reason", "risks"]),
        ("", ["dry_run", "DryRun", "dry"]),
    ] {
        for file in sources("src")
            .iter()
            .filter(|file| file.path.starts_with(folder))
        {
            broken.extend(
                words
                    .iter()
                    .filter(|word| file.names(word))
                    .map(|word| format!("src/{}: {word}", file.path)),
            );
        }
    }
    none(
        broken,
        "why a change is there is for people, and not to apply a plan is the dry run",
    );
}

#[test]
fn files_are_short_have_a_module_comment_and_are_compiled() {
    let mut broken = Vec::new();
    for (folder, files) in ["src", "tests"].map(|folder| (folder, sources(folder))) {
        for file in &files {
            let (path, lines) = (format!("{folder}/{}", file.path), file.text.lines().count());
            let most = if path == "src/main.rs" {
                LONGEST_MAIN
            } else {
                LONGEST_FILE
            };
            if lines > most {
                broken.push(format!("{path} has {lines} lines, more than {most}"));
            }
            if !file.text.starts_with("//! ") {
                broken.push(format!("{path} does not open with `//!`"));
            }
            let module = file
                .path
                .trim_end_matches("/mod.rs")
                .trim_end_matches(".rs");
            let (parent, name) = module.rsplit_once('/').unwrap_or(("", module));
            // Both test binaries include it.
            let is_shared = |other: &File| {
                other
                    .text
                    .contains(&format!("#[path = \"../{}\"]", file.path))
            };
            let declares = |other: &File| {
                let beside = other.path.rsplit_once('/').map_or("", |(folder, _)| folder) == parent;
                let declared = other
                    .text
                    .lines()
                    .any(|line| line.trim().ends_with(&format!("mod {name};")));
                declared && (beside || other.path == format!("{parent}.rs") || is_shared(other))
            };
            let is_root = ["main", "lib"].contains(&name);
            if !is_root && !files.iter().any(declares) {
                broken.push(format!("{path} is declared by no file beside it"));
            }
        }
    }
    none(
        broken,
        "a reader wants to know what a file is for, and to see its end",
    );
}

/// Each binary links the whole library, which takes longer than most of its tests.
#[test]
fn there_are_two_test_binaries() {
    let is_binary = |path: &&String| path.ends_with("/main.rs") || !path.contains('/');
    let paths: Vec<String> = sources("tests").into_iter().map(|file| file.path).collect();
    let binaries: Vec<&String> = paths.iter().filter(is_binary).collect();
    assert_eq!(binaries, ["cli/main.rs", "lib/main.rs"]);
}

/// The module of a file, as its path below the root.
fn module(file: &File) -> String {
    file.path
        .trim_end_matches("/mod.rs")
        .trim_end_matches(".rs")
        .replace('/', "::")
}

/// The modules that a module names.
fn named_by<'m>(module: &str, file: &File, modules: &BTreeSet<&'m str>) -> BTreeSet<&'m str> {
    let is_path =
        |character: char| character.is_alphanumeric() || character == '_' || character == ':';
    let paths = file
        .code
        .split(|character| !is_path(character))
        .map(|path| path.split("::").collect::<Vec<_>>());
    let absolute = |path: Vec<&str>| {
        let climbs = path
            .iter()
            .take_while(|part| ["super", "self"].contains(part))
            .count();
        let supers = path
            .iter()
            .take_while(|part| ["super", "self"].contains(part))
            .filter(|part| **part == "super");
        let mut parts: Vec<String> = module.split("::").map(str::to_owned).collect();
        match path.first() {
            Some(&"crate") => parts.clear(),
            Some(&("super" | "self")) => parts.truncate(parts.len().saturating_sub(supers.count())),
            _ => return None,
        }
        parts.extend(
            path[climbs.max(usize::from(path[0] == "crate"))..]
                .iter()
                .map(|part| (*part).to_owned()),
        );
        // The part after a module in a path is an item of it.
        (1..=parts.len())
            .rev()
            .find_map(|length| modules.get(parts[..length].join("::").as_str()).copied())
    };
    paths.filter_map(absolute).collect()
}

#[test]
fn no_modules_use_each_other_but_parent_and_child() {
    let files: Vec<File> = sources("src")
        .into_iter()
        .filter(|file| !file.is_test())
        .collect();
    let names: Vec<String> = files.iter().map(module).collect();
    let modules: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let is_family = |one: &str, other: &str| {
        one == other
            || one.starts_with(&format!("{other}::"))
            || other.starts_with(&format!("{one}::"))
    };
    let mut knows = BTreeMap::new();
    for (name, file) in names.iter().zip(&files) {
        let mut others = named_by(name, file, &modules);
        others.retain(|other| !is_family(name, other));
        knows.insert(name.as_str(), others);
    }
    assert!(
        knows["refresh"].contains("scope")
            && knows["config::check::anchors"].contains("config::grammar")
    );
    let leads_back = |start: &str| {
        let (mut seen, mut ahead) = (BTreeSet::new(), vec![start]);
        while let Some(module) = ahead.pop() {
            ahead.extend(knows[module].iter().filter(|next| seen.insert(**next)));
        }
        seen.contains(start)
    };
    let circle: BTreeSet<&str> = CIRCLE.split_whitespace().collect();
    let found: BTreeSet<&str> = modules
        .iter()
        .copied()
        .filter(|module| leads_back(module))
        .collect();
    let broken = found
        .symmetric_difference(&circle)
        .map(|module| format!("{module} is in a circle, or no more"));
    none(
        broken.collect(),
        "one of two modules that know each other cannot be understood first",
    );
}
