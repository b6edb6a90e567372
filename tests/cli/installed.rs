//! Finds the validators that `install.sh` installs. A test without its validator is skipped by
//! name.

use std::{
    env,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// The directory that `install.sh` fills.
pub(crate) const PACKAGES: &str = "target/validators";

/// `required` where no test may be skipped.
const MANDATORY: &str = "PORTOLAN_VALIDATORS_TEST";

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The path of a file of the packages; none if the test is skipped because it is missing.
pub(crate) fn installed(name: &str) -> Option<PathBuf> {
    let path = root().join(PACKAGES).join(name);
    if path.exists() {
        return Some(path);
    }
    assert_ne!(
        env::var(MANDATORY).as_deref(),
        Ok("required"),
        "{name} is missing; tests/validators/install.sh installs it"
    );
    // The macros that print would be heard only if the test failed.
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let message = format!(
        "SKIPPED {test}: {name} is not installed; tests/validators/install.sh installs it\n"
    );
    io::stderr().write_all(message.as_bytes()).unwrap();
    None
}
