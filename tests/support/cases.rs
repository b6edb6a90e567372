//! The charts in `tests/charts`, each in one file with its expected output.
//!
//! A case begins with the chart, so that its line numbers are those of the diagnostics. The line
//! `==== expected` ends it; the rest is the output of the program. In a case of several files, each
//! begins with `==== NAME`.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Begins the lines between the sections.
const MARK: &[u8] = b"==== ";

const EXPECTED: &str = "expected";

pub(crate) struct Case {
    /// The file of the case.
    pub(crate) path: PathBuf,
    /// The value of `--file`: a chart, or the directory of several.
    pub(crate) chart: String,
    /// The content of each file.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    pub(crate) expected: String,
}

impl Case {
    fn read(path: PathBuf) -> Case {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut sections = sections(&fs::read(&path).unwrap());
        let expected = sections.pop_if(|(name, _)| name == EXPECTED);
        let expected = expected.map_or_else(String::new, |(_, text)| {
            String::from_utf8(text).expect("the program prints UTF-8")
        });
        let is_directory = sections.len() > 1;
        let chart = if is_directory {
            sections.remove(0);
            name
        } else {
            format!("{name}.yaml")
        };
        let place = |(file, content)| {
            let place = if is_directory {
                format!("{chart}/{file}")
            } else {
                chart.clone()
            };
            (place, content)
        };
        let files = sections.into_iter().map(place).collect();
        Case {
            path,
            chart,
            files,
            expected,
        }
    }
}

/// The sections with their names. The text before the first mark has none.
fn sections(text: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut sections = vec![(String::new(), Vec::new())];
    // A carriage return alone ends a line too: one of the charts has no other line breaks.
    for line in text.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
        if let Some(name) = line.strip_prefix(MARK) {
            let name = String::from_utf8_lossy(name).trim_end().to_owned();
            sections.push((name, Vec::new()));
        } else if let Some((_, content)) = sections.last_mut() {
            content.extend_from_slice(line);
        }
    }
    sections
}

/// All cases of `tests/charts/valid` or `tests/charts/invalid`, in order.
pub(crate) fn cases(directory: &str) -> Vec<Case> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/charts")
        .join(directory);
    let entries = fs::read_dir(directory).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in &paths {
        let is_case = path.extension().is_some_and(|extension| extension == "txt");
        assert!(is_case, "{} is not a case: NNN-name.txt", path.display());
    }
    paths.into_iter().map(Case::read).collect()
}
