//! The state on disk: one file, locked while an emulator uses it, replaced atomically.
//!
//! A large state is not replaced with each change. Changes are appended to a file beside it, which
//! is merged into the state file once it is as large.

use std::{
    ffi::OsString,
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::emulator::state::{
    FORMAT_VERSION, State,
    changes::Changes,
    draft::Change,
    regions,
    regular::{read, require_regular},
};

/// Why a state file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// Another emulator uses it.
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
        /// The error of the operating system.
        source: io::Error,
    },
    /// It does not contain a state.
    #[error("`{}` is not an emulator state", path.display())]
    Decode {
        /// The state file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The changes beside it belong to another state.
    #[error(
        "`{}` was edited or replaced after an emulator was killed whose last changes are in `{}`; \
        restore the first file, or delete the second to continue without these changes",
        path.display(), changes.display()
    )]
    Exchanged {
        /// The state file.
        path: PathBuf,
        /// The file of changes.
        changes: PathBuf,
    },
    /// It has a format version that this version of portolan does not read.
    #[error("`{}` has format version {found}; expected {FORMAT_VERSION}", path.display())]
    Version {
        /// The state file.
        path: PathBuf,
        /// The version of the file.
        found: u32,
    },
    /// It has a region that does not exist.
    #[error("`{}` has the unknown region `{region}`; expected an id such as \
       `cn-north-4`", path.display())]
    Region {
        /// The state file.
        path: PathBuf,
        /// The name.
        region: String,
    },
    /// Two git repositories have the same id, or an id is out of range.
    #[error("`{}` has an invalid git repository id {id} in `{region}`; expected ids from 1 to \
       2147483647, each once", path.display())]
    GitId {
        /// The state file.
        path: PathBuf,
        /// The region of the repository.
        region: String,
        /// The id.
        id: u32,
    },
}

/// From this size on changes are appended and the state is not written with each change. Files
/// that are written by hand are smaller, so they are always current.
const LARGE: usize = 64 * 1024;

/// The number of random characters in the temporary name of a new state file.
const RANDOM_LENGTH: usize = 8;

/// The end of its temporary name.
const NEW_SUFFIX: &str = ".new";

/// A state file, locked for this process.
#[derive(Debug)]
pub(in super::super) struct StateFile {
    path: PathBuf,
    changes: Changes,
    /// The digest and the size of the state that was written last, if it was large.
    written: Option<(String, u64)>,
    /// Holds the lock, which ends when the file is closed.
    _lock: File,
}

impl StateFile {
    /// Locks the file and reads it if it exists.
    pub(in super::super) fn open(path: &Path) -> Result<(Self, Option<State>), StateError> {
        let failed = |source| StateError::Io {
            path: path.to_owned(),
            source,
        };
        require_regular(path).map_err(failed)?;
        fs::create_dir_all(directory(path)).map_err(failed)?;
        let mut file = Self {
            path: path.to_owned(),
            changes: Changes::of(path),
            written: None,
            // Before the file is read: another emulator could replace it in between.
            _lock: lock(path)?,
        };
        remove_leftovers(path);
        let bytes = read(path).map_err(failed)?;
        let state = bytes
            .as_ref()
            .map(|bytes| decode(path, bytes))
            .transpose()?;
        let state = file.recover(state, bytes.map(|bytes| digest(&bytes)))?;
        Ok((file, state))
    }

    /// Applies the changes of a killed emulator.
    fn recover(
        &mut self,
        state: Option<State>,
        found: Option<String>,
    ) -> Result<Option<State>, StateError> {
        let (path, changes) = (self.path.clone(), self.changes.path().to_owned());
        let failed = |source| StateError::Io {
            path: changes.clone(),
            source,
        };
        let Some(recorded) = self.changes.read().map_err(failed)? else {
            return Ok(state);
        };
        // Two absent digests must not count as equal.
        let is_included = found.is_some() && found == recorded.included_in;
        match state {
            Some(mut state) if is_included || found.as_ref() == Some(&recorded.since) => {
                // Cuts off an incomplete line before anything is appended to it.
                self.changes.resume(recorded.size).map_err(failed)?;
                // The emulator was killed after it had replaced the state file.
                if is_included {
                    self.changes.clear();
                } else {
                    recorded
                        .changes
                        .into_iter()
                        .for_each(|change| change.apply_to(&mut state));
                    self.replace(&state).map_err(failed)?;
                }
                Ok(Some(state))
            }
            _ => Err(StateError::Exchanged { path, changes }),
        }
    }

    /// Saves a state after one change.
    pub(in super::super) fn save(
        &mut self,
        state: &State,
        change: impl FnOnce() -> Change,
    ) -> io::Result<()> {
        // Once the changes are as large as the state, replacing it costs no more than they did.
        match &self.written {
            Some((since, size)) if self.changes.size() < *size => self.changes.add(since, change()),
            _ => self.replace(state),
        }
    }

    /// Replaces the file. A crash leaves either the old or the new state.
    pub(in super::super) fn replace(&mut self, state: &State) -> io::Result<()> {
        // If writing fails the digest of the file is unknown, and no change can be appended to it.
        self.written = None;
        let mut text = serde_json::to_vec_pretty(state)?;
        text.push(b'\n');
        let large = (text.len() >= LARGE).then(|| (digest(&text), text.len() as u64));
        // Before the rename: after a crash in between the digest shows which state is there.
        if self.changes.size() > 0 {
            self.changes.mark_included_in(&digest(&text))?;
        }
        // In the same directory: only there a rename is atomic.
        let mut new = tempfile::Builder::new();
        let prefix = prefix(&self.path);
        new.prefix(&prefix)
            .suffix(NEW_SUFFIX)
            .rand_bytes(RANDOM_LENGTH);
        let mut file = new.tempfile_in(directory(&self.path))?;
        file.write_all(&text)?;
        file.persist(&self.path)?;
        self.changes.clear();
        self.written = large;
        Ok(())
    }

    /// Merges the changes, so that one file contains everything.
    pub(in super::super) fn close(&mut self, state: &State) {
        if self.changes.size() > 0 {
            // If this fails, the changes stay in their file and the next emulator applies them.
            let _ = self.replace(state);
        }
    }
}

/// The beginning of the temporary name of a new state file.
fn prefix(path: &Path) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push(".");
    prefix
}

/// Removes the temporary files of killed emulators. The caller holds the lock, so no other
/// emulator is writing one.
fn remove_leftovers(path: &Path) {
    let prefix = prefix(path);
    for entry in fs::read_dir(directory(path))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name();
        let random = name
            .as_encoded_bytes()
            .strip_prefix(prefix.as_encoded_bytes());
        let random = random.and_then(|rest| rest.strip_suffix(NEW_SUFFIX.as_bytes()));
        if random.is_some_and(|random| {
            random.len() == RANDOM_LENGTH && random.iter().all(u8::is_ascii_alphanumeric)
        }) {
            // A leftover that stays is not used.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The lock is on a separate file, because saving replaces the state file and with it any lock on
/// it.
fn lock(path: &Path) -> Result<File, StateError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let failed = |source| StateError::Io {
        path: path.to_owned(),
        source,
    };
    require_regular(Path::new(&name)).map_err(failed)?;
    let lock = File::create(name).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StateError::Locked {
            path: path.to_owned(),
        }),
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
        return Err(StateError::Version {
            path,
            found: state.format_version,
        });
    }
    if let Some(region) = unknown_region(&state) {
        return Err(StateError::Region {
            path,
            region: region.clone(),
        });
    }
    match state.invalid_git_id() {
        Some((region, id)) => Err(StateError::GitId {
            path,
            region: region.to_owned(),
            id,
        }),
        None => Ok(state),
    }
}

fn unknown_region(state: &State) -> Option<&String> {
    state.regions.keys().find(|region| !regions::exists(region))
}

/// Why a state from the control endpoint is invalid.
pub(in super::super) fn check(state: &State) -> Result<(), String> {
    if state.format_version != FORMAT_VERSION {
        return Err(format!(
            "the state has format version {}; expected {FORMAT_VERSION}",
            state.format_version
        ));
    }
    if let Some(region) = unknown_region(state) {
        return Err(format!(
            "the state has the unknown region `{region}`; expected an id such as `cn-north-4`"
        ));
    }
    match state.invalid_git_id() {
        Some((region, id)) => Err(format!(
            "the state has an invalid git repository id {id} in `{region}`; expected ids from 1 to \
            2147483647, each once"
        )),
        None => Ok(()),
    }
}

fn digest(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(bytes))
}

/// A bare file name has an empty parent, which means the current directory.
fn directory(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Repository, draft::Draft},
        *,
    };

    #[test]
    fn a_state_is_saved_and_directories_are_created() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/state.json");
        let (mut file, none) = StateFile::open(&path).unwrap();
        assert_eq!(none, None);
        let mut state = State::new("acme");
        state.ensure_repository("cn-north-4", "team-a", "web");
        file.replace(&state).unwrap();
        drop(file);
        assert_eq!(StateFile::open(&path).unwrap().1, Some(state));
    }

    #[test]
    fn two_emulators_never_share_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let first = StateFile::open(&path).unwrap();
        assert!(matches!(
            StateFile::open(&path),
            Err(StateError::Locked { .. })
        ));
        drop(first);
        StateFile::open(&path).unwrap();
    }

    #[test]
    fn other_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        for (text, message) in [
            ("{", "is not an emulator state"),
            (
                r#"{ "format_version": 2 }"#,
                "has format version 2; expected 1",
            ),
            (
                r#"{ "regions": { "mars-1": {} } }"#,
                "has the unknown region `mars-1`; expected an id such as `cn-north-4`",
            ),
            (
                r#"{ "regions": { "cn-north-4": { "projects": { "p": { "repositories": { "a": {
                "id": 7 } } },
                    "q": { "repositories": { "b": { "id": 7 } } } } } } }"#,
                "has an invalid git repository id 7 in `cn-north-4`; expected ids from 1 to \
                2147483647, each once",
            ),
            (
                r#"{ "regions": { "cn-north-4": { "projects": { "p": { "repositories": { "a": {
                "id": 2147483648 } } } } } } }"#,
                "has an invalid git repository id 2147483648 in `cn-north-4`; \
                expected ids from 1 to 2147483647, each once",
            ),
        ] {
            fs::write(&path, text).unwrap();
            let error = StateFile::open(&path).unwrap_err().to_string();
            assert!(error.ends_with(message), "{error}");
        }
    }

    /// A state in its file that is so large that changes are appended.
    fn large(path: &Path) -> (StateFile, State) {
        let (mut file, _) = StateFile::open(path).unwrap();
        let mut state = State::new("acme");
        state
            .ensure_repository("cn-north-4", "team-a", "web")
            .description = "x".repeat(LARGE);
        state.fill_in();
        file.replace(&state).unwrap();
        (file, state)
    }

    /// Saves one more repository.
    fn add(file: &mut StateFile, state: &mut State, name: &str) -> io::Result<()> {
        let mut draft = Draft::of(state);
        draft.add_repository(
            "cn-north-4",
            "team-a",
            name,
            Repository {
                id: 7,
                ..Repository::default()
            },
        );
        let before = draft.before();
        file.save(state, || before.current(state))
    }

    fn beside(path: &Path) -> PathBuf {
        path.with_extension("json.changes")
    }

    /// The state of the file without the changes beside it.
    fn in_file(path: &Path) -> State {
        decode(path, &fs::read(path).unwrap()).unwrap()
    }

    #[test]
    fn changes_of_a_large_state_are_beside_it_until_it_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let (mut file, mut state) = large(&path);
        let old = state.clone();
        add(&mut file, &mut state, "api").unwrap();
        assert_eq!(
            (
                in_file(&path),
                fs::read_to_string(beside(&path)).unwrap().lines().count()
            ),
            (old, 2)
        );
        file.close(&state);
        assert_eq!((in_file(&path), beside(&path).exists()), (state, false));
    }

    #[test]
    fn a_small_state_is_replaced_with_each_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let (mut file, _) = StateFile::open(&path).unwrap();
        let mut state = State::new("acme");
        for name in ["api", "web"] {
            add(&mut file, &mut state, name).unwrap();
            assert_eq!(
                (in_file(&path), beside(&path).exists()),
                (state.clone(), false)
            );
        }
    }

    #[test]
    fn a_large_state_is_replaced_when_it_has_doubled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let (mut file, mut state) = large(&path);
        let mut sizes = vec![fs::metadata(&path).unwrap().len()];
        for number in 0..1000 {
            add(&mut file, &mut state, &format!("r{number}")).unwrap();
            let size = fs::metadata(&path).unwrap().len();
            if sizes.last() != Some(&size) {
                sizes.push(size);
            }
        }
        assert!((3..6).contains(&sizes.len()), "{sizes:?}");
        drop(file);
        assert_eq!(StateFile::open(&path).unwrap().1, Some(state));
    }

    #[test]
    fn saved_changes_survive_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let (mut file, mut state) = large(&path);
        add(&mut file, &mut state, "api").unwrap();
        let saved = state.clone();
        add(&mut file, &mut state, "half").unwrap();
        drop(file);
        let text = fs::read(beside(&path)).unwrap();
        fs::write(beside(&path), &text[..text.len() - 1]).unwrap();

        let (mut file, state) = StateFile::open(&path).unwrap();
        let mut state = state.unwrap();
        assert_eq!(
            (&state, &in_file(&path), beside(&path).exists()),
            (&saved, &saved, false)
        );
        add(&mut file, &mut state, "next").unwrap();
        drop(file);
        assert_eq!(StateFile::open(&path).unwrap().1, Some(state));
    }

    #[test]
    fn a_crash_before_the_changes_are_removed_does_not_add_them_twice() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let (mut file, mut state) = large(&path);
        add(&mut file, &mut state, "api").unwrap();
        let kept = folder.path().join("kept");
        fs::hard_link(beside(&path), &kept).unwrap();
        // Only the state file has this change.
        state
            .ensure_repository("cn-north-4", "team-a", "api")
            .num_images = 1;
        file.replace(&state).unwrap();
        drop(file);
        fs::rename(kept, beside(&path)).unwrap();
        let (_file, found) = StateFile::open(&path).unwrap();
        assert_eq!((found, beside(&path).exists()), (Some(state), false));
    }

    #[test]
    fn changes_to_another_state_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let (mut file, mut state) = large(&path);
        add(&mut file, &mut state, "api").unwrap();
        drop(file);
        let changes = fs::read_to_string(beside(&path)).unwrap();
        let refused = || StateFile::open(&path).unwrap_err();

        fs::write(beside(&path), format!("{changes}{{}}\n")).unwrap();
        let is_at = |error: StateError, line: &str| match error {
            StateError::Io { source, .. } => source.to_string().starts_with(line),
            _ => false,
        };
        assert!(is_at(refused(), "line 3: "));
        fs::write(
            beside(&path),
            changes.lines().last().unwrap().to_owned() + "\n",
        )
        .unwrap();
        assert!(is_at(refused(), "line 1: "));
        fs::write(beside(&path), &changes).unwrap();
        fs::write(&path, "{}").unwrap();
        let message = refused().to_string();
        assert!(
            message.contains("state.json` was edited") && message.contains("state.json.changes`"),
            "{message}"
        );
        fs::remove_file(&path).unwrap();
        assert!(matches!(refused(), StateError::Exchanged { .. }));
        assert_eq!(fs::read_to_string(beside(&path)).unwrap(), changes);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_change_that_cannot_be_appended_is_not_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let (mut file, mut state) = large(&path);
        std::os::unix::fs::symlink("/dev/full", beside(&path)).unwrap();
        let saved = state.clone();
        let error = add(&mut file, &mut state, "api").unwrap_err();
        assert_eq!(
            (error.kind(), in_file(&path)),
            (io::ErrorKind::StorageFull, saved)
        );
        // A device cannot be truncated to its last complete line, so the state file is replaced.
        add(&mut file, &mut state, "web").unwrap();
        assert_eq!((in_file(&path), beside(&path).exists()), (state, false));
    }
}
