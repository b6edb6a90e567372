//! The state on disk: one file, locked while an emulator has it, replaced atomically.
//!
//! It knows nothing about what the state means.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{
    regions,
    store::{FORMAT_VERSION, State},
};

/// Why a state file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// Another emulator has it.
    #[error("`{}` is in use by another emulator", path.display())]
    Locked {
        /// The state file.
        path: PathBuf,
    },
    /// It cannot be opened, read or replaced.
    #[error("cannot use `{}`", path.display())]
    Io {
        /// The state file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It does not hold a state.
    #[error("`{}` is not an emulator state", path.display())]
    Decode {
        /// The state file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// It was written by another portolan.
    #[error("`{}` has format version {found}; this portolan reads {FORMAT_VERSION}", path.display())]
    Version {
        /// The state file.
        path: PathBuf,
        /// What it says.
        found: u32,
    },
    /// It holds a region that does not exist.
    #[error("`{}` names the region `{region}`, which does not exist", path.display())]
    Region {
        /// The state file.
        path: PathBuf,
        /// The name.
        region: String,
    },
    /// It gives a git repository an id that the API cannot tell from another's, or cannot tell at all.
    #[error("`{}` uses the git repository id {id} twice in `{region}`, or it is above 2147483647", path.display())]
    GitId {
        /// The state file.
        path: PathBuf,
        /// Where.
        region: String,
        /// The id.
        id: u32,
    },
}

/// A state file that this process alone may use.
#[derive(Debug)]
pub(super) struct StateFile {
    path: PathBuf,
    /// Held for its lock, which ends with it.
    _lock: File,
}

impl StateFile {
    /// Locks the file and reads it, if it is there.
    pub(super) fn open(path: &Path) -> Result<(Self, Option<State>), StateError> {
        let failed = |source| StateError::Io { path: path.to_owned(), source };
        fs::create_dir_all(directory(path)).map_err(failed)?;
        let file = Self { path: path.to_owned(), _lock: lock(path)? };
        match fs::read(path) {
            Ok(bytes) => Ok((file, Some(decode(path, &bytes)?))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((file, None)),
            Err(error) => Err(failed(error)),
        }
    }

    /// Replaces the file; a crash leaves either the old or the new state.
    pub(super) fn save(&self, state: &State) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(state)?;
        text.push(b'\n');
        let mut file = tempfile::NamedTempFile::new_in(directory(&self.path))?;
        file.write_all(&text)?;
        file.persist(&self.path)?;
        Ok(())
    }
}

/// The lock is a file of its own, because saving replaces the state file and with it any lock on it.
fn lock(path: &Path) -> Result<File, StateError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let failed = |source| StateError::Io { path: path.to_owned(), source };
    let lock = File::create(name).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StateError::Locked { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn decode(path: &Path, bytes: &[u8]) -> Result<State, StateError> {
    let path = path.to_owned();
    let state: State = match serde_json::from_slice(bytes) {
        Ok(state) => state,
        Err(source) => return Err(StateError::Decode { path, source }),
    };
    if state.format_version != FORMAT_VERSION {
        return Err(StateError::Version { path, found: state.format_version });
    }
    if let Some(region) = unknown_region(&state) {
        return Err(StateError::Region { path, region: region.clone() });
    }
    match state.odd_git_id() {
        Some((region, id)) => Err(StateError::GitId { path, region: region.to_owned(), id }),
        None => Ok(state),
    }
}

fn unknown_region(state: &State) -> Option<&String> {
    state.regions.keys().find(|region| !regions::exists(region))
}

/// What is wrong with a state that came from elsewhere.
pub(super) fn check(state: &State) -> Result<(), String> {
    if state.format_version != FORMAT_VERSION {
        return Err(format!(
            "the state has format version {}; this portolan reads {FORMAT_VERSION}",
            state.format_version
        ));
    }
    if let Some(region) = unknown_region(state) {
        return Err(format!("the state names the region `{region}`, which does not exist"));
    }
    match state.odd_git_id() {
        Some((region, id)) => {
            Err(format!("the state uses the git repository id {id} twice in `{region}`, or it is above 2147483647"))
        }
        None => Ok(()),
    }
}

/// A bare file name has an empty parent, which means the directory we are in.
fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_survives_and_directories_are_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/state.json");
        let (file, none) = StateFile::open(&path).unwrap();
        assert_eq!(none, None);
        let mut state = State::new("acme");
        state.ensure_repository("cn-north-4", "team-a", "web");
        file.save(&state).unwrap();
        drop(file);
        assert_eq!(StateFile::open(&path).unwrap().1, Some(state));
    }

    #[test]
    fn two_emulators_never_share_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let first = StateFile::open(&path).unwrap();
        assert!(matches!(StateFile::open(&path), Err(StateError::Locked { .. })));
        drop(first);
        StateFile::open(&path).unwrap();
    }

    #[test]
    fn other_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        for (text, message) in [
            ("{", "is not an emulator state"),
            (r#"{ "format_version": 2 }"#, "has format version 2; this portolan reads 1"),
            (r#"{ "regions": { "mars-1": {} } }"#, "names the region `mars-1`, which does not exist"),
            (
                r#"{ "regions": { "cn-north-4": { "projects": { "p": { "repositories": { "a": { "id": 7 } } },
                    "q": { "repositories": { "b": { "id": 7 } } } } } } }"#,
                "uses the git repository id 7 twice in `cn-north-4`, or it is above 2147483647",
            ),
            (
                r#"{ "regions": { "cn-north-4": { "projects": { "p": { "repositories": { "a": { "id": 2147483648 } } } } } } }"#,
                "uses the git repository id 2147483648 twice in `cn-north-4`, or it is above 2147483647",
            ),
        ] {
            fs::write(&path, text).unwrap();
            let error = StateFile::open(&path).unwrap_err().to_string();
            assert!(error.ends_with(message), "{error}");
        }
    }
}
