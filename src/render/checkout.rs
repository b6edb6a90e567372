//! Paths of files relative to the root of the repository, as forges need them.

use std::path::{Component, Path, PathBuf};

use percent_encoding::{AsciiSet, utf8_percent_encode};

use crate::wire::RESERVED;

/// The characters to escape in the path of a URI: all except the unreserved ones of RFC 3986 and
/// the slash between names.
const ESCAPED: &AsciiSet = &RESERVED.remove(b'/');

/// The directories that paths in findings are relative to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The root of the repository, an absolute path.
    pub root: PathBuf,
    /// The working directory, an absolute path.
    pub directory: PathBuf,
    /// The chart's first file. Findings without a place are shown there, because forges refuse
    /// reports with such findings.
    pub chart: String,
}

impl Checkout {
    /// A percent-encoded URI reference: relative to the root, or absolute for files outside of it.
    pub fn uri(&self, file: &str) -> String {
        let path = self.absolute(file);
        match path.strip_prefix(&self.root) {
            Ok(below) => encoded(below),
            Err(_) => format!("file:///{}", encoded(&path)),
        }
    }

    /// The path relative to the root, not encoded.
    pub fn path(&self, file: &str) -> String {
        let path = self.absolute(file);
        let shared = self
            .root
            .components()
            .zip(path.components())
            .take_while(|(root, path)| root == path)
            .count();
        let up = self
            .root
            .components()
            .skip(shared)
            .map(|_| Component::ParentDir);
        joined(
            &up.chain(path.components().skip(shared))
                .collect::<PathBuf>(),
        )
    }

    /// The absolute path without `.` and `..`. Links are not followed.
    fn absolute(&self, file: &str) -> PathBuf {
        let mut path = PathBuf::new();
        for part in self.directory.join(file).components() {
            match part {
                Component::CurDir => {}
                // Resolved by name: a forge knows the files of the repository, not the links of
                // this machine.
                Component::ParentDir => drop(path.pop()),
                part => path.push(part),
            }
        }
        path
    }
}

/// The names of a path joined with `/`, on every operating system.
fn joined(path: &Path) -> String {
    let names = path
        .components()
        .filter(|part| !matches!(part, Component::RootDir));
    let names: Vec<_> = names
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    // The root itself has no name, and an empty reference would not be valid.
    if names.is_empty() {
        ".".to_owned()
    } else {
        names.join("/")
    }
}

fn encoded(path: &Path) -> String {
    utf8_percent_encode(&joined(path), ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout() -> Checkout {
        Checkout {
            root: "/r/repo".into(),
            directory: "/r/repo/deploy".into(),
            chart: "portolan.yaml".to_owned(),
        }
    }

    #[test]
    fn a_uri_is_a_percent_encoded_reference() {
        for (file, uri) in [
            ("portolan.yaml", "deploy/portolan.yaml"),
            ("./charts//a.yaml", "deploy/charts/a.yaml"),
            ("../charts/a.yaml", "charts/a.yaml"),
            ("/r/repo/a.yaml", "a.yaml"),
            ("../../x y.yaml", "file:///r/x%20y.yaml"),
            ("/etc/a.yaml", "file:///etc/a.yaml"),
            ("my chart #1.yaml", "deploy/my%20chart%20%231.yaml"),
            ("100%25.yaml", "deploy/100%2525.yaml"),
            ("\u{e9}\u{65e5}.yaml", "deploy/%C3%A9%E6%97%A5.yaml"),
            ("a\nb[1].yaml", "deploy/a%0Ab%5B1%5D.yaml"),
            ("-", "deploy/-"),
            ("..", "."),
        ] {
            assert_eq!(checkout().uri(file), uri, "{file}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_backslash_and_a_colon_are_part_of_a_name() {
        assert_eq!(checkout().uri("a\\b.yaml"), "deploy/a%5Cb.yaml");
        assert_eq!(checkout().uri("a:b?.yaml"), "deploy/a%3Ab%3F.yaml");
    }

    #[test]
    fn a_path_is_relative_and_not_encoded() {
        for (file, path) in [
            ("./my chart.yaml", "deploy/my chart.yaml"),
            ("../charts/a.yaml", "charts/a.yaml"),
            ("/r/repo/a.yaml", "a.yaml"),
            ("/r/other/a.yaml", "../other/a.yaml"),
            ("/etc/a.yaml", "../../etc/a.yaml"),
        ] {
            assert_eq!(checkout().path(file), path, "{file}");
        }
    }

    #[test]
    fn no_path_leads_above_the_root_of_the_system() {
        assert_eq!(checkout().uri("../../../../a.yaml"), "file:///a.yaml");
    }
}
