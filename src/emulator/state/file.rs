//! The state on disk: one file, locked while an emulator has it, replaced atomically.
//!
//! A large one is not replaced with each change. Changes are appended to a file beside it, which is
//! merged into the state once it is as large. It knows nothing about what the state means.

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
    regular::{is_file, read},
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
    /// It is not the one that the changes beside it were made to.
    #[error(
        "`{}` was edited or exchanged after an emulator was killed, whose last changes are in \
        `{}`; restore the first, \
         or delete the second to go on without these changes", path.display(), changes.display()
    )]
    Exchanged {
        /// The state file.
        path: PathBuf,
        /// The file of changes.
        changes: PathBuf,
    },
    /// It was written by another portolan.
    #[error("`{}` has format version {found}; this portolan reads \
        {FORMAT_VERSION}", path.display())]
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
    /// It gives a git repository an id that the API cannot tell from another's, or cannot tell at
    /// all.
    #[error("`{}` uses the git repository id {id} twice in `{region}`, or it is above \
        2147483647", path.display())]
    GitId {
        /// The state file.
        path: PathBuf,
        /// Where.
        region: String,
        /// The id.
        id: u32,
    },
}

/// From this size on a state is not written whole with each change. What people write by hand is
/// smaller.
const LARGE: usize = 64 * 1024;

/// How many characters tell a new state file from others until it takes its name.
const RANDOM: usize = 8;

/// What its name ends with.
const NEW: &str = ".new";

/// A state file that this process alone may use.
#[derive(Debug)]
pub(in super::super) struct StateFile {
    path: PathBuf,
    changes: Changes,
    /// The digest and the size of what was written last, if that was a large state.
    written: Option<(String, u64)>,
    /// Held for its lock, which ends with it.
    _lock: File,
}

impl StateFile {
    /// Locks the file and reads it, if it is there.
    pub(in super::super) fn open(path: &Path) -> Result<(Self, Option<State>), StateError> {
        let failed = |source| StateError::Io {
            path: path.to_owned(),
            source,
        };
        is_file(path).map_err(failed)?;
        fs::create_dir_all(directory(path)).map_err(failed)?;
        let mut file = Self {
            path: path.to_owned(),
            changes: Changes::of(path),
            written: None,
            _lock: lock(path)?,
        };
        sweep(path);
        let bytes = read(path).map_err(failed)?;
        let state = bytes
            .as_ref()
            .map(|bytes| decode(path, bytes))
            .transpose()?;
        let state = file.recover(state, bytes.map(|bytes| digest(&bytes)))?;
        Ok((file, state))
    }

    /// Adds the changes of an emulator that was killed.
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
        let Some(left) = self.changes.read().map_err(failed)? else {
            return Ok(state);
        };
        let complete = found.is_some() && found == left.included_in;
        match state {
            Some(mut state) if complete || found.as_ref() == Some(&left.since) => {
                self.changes.resume(left.size).map_err(failed)?;
                if complete {
                    self.changes.clear();
                } else {
                    left.changes
                        .into_iter()
                        .for_each(|change| change.put(&mut state));
                    self.replace(&state).map_err(failed)?;
                }
                Ok(Some(state))
            }
            _ => Err(StateError::Exchanged { path, changes }),
        }
    }

    /// Saves a state in which one thing changed since it was last saved.
    pub(in super::super) fn save(
        &mut self,
        state: &State,
        change: impl FnOnce() -> Change,
    ) -> io::Result<()> {
        match &self.written {
            Some((since, size)) if self.changes.size() < *size => self.changes.add(since, change()),
            _ => self.replace(state),
        }
    }

    /// Replaces the file; a crash leaves either the old or the new state.
    pub(in super::super) fn replace(&mut self, state: &State) -> io::Result<()> {
        // Until it is written, nothing can be added to it.
        self.written = None;
        let mut text = serde_json::to_vec_pretty(state)?;
        text.push(b'\n');
        let large = (text.len() >= LARGE).then(|| (digest(&text), text.len() as u64));
        if self.changes.size() > 0 {
            self.changes.are_included_in(&digest(&text))?;
        }
        let mut new = tempfile::Builder::new();
        let prefix = prefix(&self.path);
        new.prefix(&prefix).suffix(NEW).rand_bytes(RANDOM);
        let mut file = new.tempfile_in(directory(&self.path))?;
        file.write_all(&text)?;
        file.persist(&self.path)?;
        self.changes.clear();
        self.written = large;
        Ok(())
    }

    /// Leaves one file that holds everything.
    pub(in super::super) fn close(&mut self, state: &State) {
        if self.changes.size() > 0 {
            // Where that fails the changes stay beside it, and the next emulator finds them.
            let _ = self.replace(state);
        }
    }
}

/// How the name of a new state file begins.
fn prefix(path: &Path) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push(".");
    prefix
}

/// Removes the new state files of emulators that were killed. Whoever holds the lock knows that
/// nobody writes one.
fn sweep(path: &Path) {
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
        let random = random.and_then(|rest| rest.strip_suffix(NEW.as_bytes()));
        if random.is_some_and(|random| {
            random.len() == RANDOM && random.iter().all(u8::is_ascii_alphanumeric)
        }) {
            // One that stays does no harm.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The lock is a file of its own, because saving replaces the state file and with it any lock on
/// it.
fn lock(path: &Path) -> Result<File, StateError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let failed = |source| StateError::Io {
        path: path.to_owned(),
        source,
    };
    is_file(Path::new(&name)).map_err(failed)?;
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
    match state.odd_git_id() {
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

/// What is wrong with a state that came from elsewhere.
pub(in super::super) fn check(state: &State) -> Result<(), String> {
    if state.format_version != FORMAT_VERSION {
        return Err(format!(
            "the state has format version {}; this portolan reads {FORMAT_VERSION}",
            state.format_version
        ));
    }
    if let Some(region) = unknown_region(state) {
        return Err(format!(
            "the state names the region `{region}`, which does not exist"
        ));
    }
    match state.odd_git_id() {
        Some((region, id)) => Err(format!(
            "the state uses the git repository id {id} twice in `{region}`, or it is above \
            2147483647"
        )),
        None => Ok(()),
    }
}

fn digest(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(bytes))
}

/// A bare file name has an empty parent, which means the directory we are in.
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
    fn a_state_survives_and_directories_are_made() {
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
                "has format version 2; this portolan reads 1",
            ),
            (
                r#"{ "regions": { "mars-1": {} } }"#,
                "names the region `mars-1`, which does not exist",
            ),
            (
                r#"{ "regions": { "cn-north-4": { "projects": { "p": { "repositories": { "a": { "id": 7 } } },
                    "q": { "repositories": { "b": { "id": 7 } } } } } } }"#,
                "uses the git repository id 7 twice in `cn-north-4`, or it is above 2147483647",
            ),
            (
                r#"{ "regions": { "cn-north-4": { "projects": { "p": { "repositories": { "a": { "id": 2147483648 } } } } } } }"#,
                "uses the git repository id 2147483648 twice in `cn-north-4`, or it is above \
                2147483647",
            ),
        ] {
            fs::write(&path, text).unwrap();
            let error = StateFile::open(&path).unwrap_err().to_string();
            assert!(error.ends_with(message), "{error}");
        }
    }

    /// A state that is not written whole with each change, in its file.
    fn large(path: &Path) -> (StateFile, State) {
        let (mut file, _) = StateFile::open(path).unwrap();
        let mut state = State::new("acme");
        state
            .ensure_repository("cn-north-4", "team-a", "web")
            .description = "x".repeat(LARGE);
        state.settle();
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
        file.save(state, || before.now(state))
    }

    fn beside(path: &Path) -> PathBuf {
        path.with_extension("json.changes")
    }

    /// What the file alone holds.
    fn in_file(path: &Path) -> State {
        decode(path, &fs::read(path).unwrap()).unwrap()
    }

    #[test]
    fn changes_of_a_large_state_stand_beside_it_until_the_end() {
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
    fn a_small_state_is_written_whole_each_time() {
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
    fn the_state_is_written_whole_each_time_that_it_has_doubled() {
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
    fn what_was_saved_survives_a_crash() {
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
        // This is no change that was saved: only the state file has it.
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
        assert!(
            matches!(refused(), StateError::Io { source, .. } if source.to_string().starts_with("line 3: "))
        );
        fs::write(
            beside(&path),
            changes.lines().last().unwrap().to_owned() + "\n",
        )
        .unwrap();
        assert!(
            matches!(refused(), StateError::Io { source, .. } if source.to_string().starts_with("line 1: "))
        );
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
    fn a_change_that_cannot_be_added_is_no_part_of_the_file() {
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
        // The device cannot be cut to the last whole line, so the state is written whole.
        add(&mut file, &mut state, "web").unwrap();
        assert_eq!((in_file(&path), beside(&path).exists()), (state, false));
    }
}
