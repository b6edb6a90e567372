//! A server on loopback with the releases of portolan, where the action and the template find them.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
    thread::{self, JoinHandle},
};

use tempfile::TempDir;

pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The placeholder for the project's address.
pub(crate) const REPOSITORY: &str = "OWNER/portolan";

const PROGRAM: &str = env!("CARGO_BIN_EXE_portolan");

/// The target of this machine.
pub(crate) fn triple() -> String {
    let system = match std::env::consts::OS {
        "macos" => "apple-darwin",
        _ => "unknown-linux-musl",
    };
    format!("{}-{system}", std::env::consts::ARCH)
}

/// The name of the archive for this machine.
pub(crate) fn archive() -> String {
    format!("portolan-{VERSION}-{}.tar.gz", triple())
}

pub(crate) struct Releases {
    folder: TempDir,
    address: SocketAddr,
    server: Option<JoinHandle<()>>,
}

impl Releases {
    /// A release whose program starts the built one; it is small, so a test may have several.
    pub(crate) fn new() -> Releases {
        let releases = Releases::empty();
        releases.publish(&format!("#!/bin/sh\nexec '{PROGRAM}' \"$@\"\n"));
        releases
    }

    /// A release with the built program itself.
    pub(crate) fn of_the_build() -> Releases {
        let releases = Releases::empty();
        let program = releases.contents().join("portolan");
        symlink(PROGRAM, program).unwrap();
        releases.pack();
        releases
    }

    /// A server without a release.
    pub(crate) fn empty() -> Releases {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let files = folder.path().to_owned();
        let server = thread::spawn(move || {
            for stream in listener.incoming() {
                if !answer(stream.unwrap(), &files) {
                    return;
                }
            }
        });
        Releases {
            folder,
            address,
            server: Some(server),
        }
    }

    /// What is in the place of `https://github.com`.
    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The folder of the files of the release.
    pub(crate) fn files(&self) -> PathBuf {
        let path = format!("{REPOSITORY}/releases/download/v{VERSION}");
        let path = self.folder.path().join(path);
        fs::create_dir_all(&path).unwrap();
        path
    }

    /// The folder in the archive, as it will be.
    fn contents(&self) -> PathBuf {
        let archive = archive();
        let path = self.folder.path().join(archive.trim_end_matches(".tar.gz"));
        fs::create_dir_all(&path).unwrap();
        path
    }

    /// Publishes a program in place of the one before.
    pub(crate) fn publish(&self, program: &str) {
        let path = self.contents().join("portolan");
        fs::write(&path, program).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self.pack();
    }

    /// Publishes an archive without the program.
    pub(crate) fn pack_nothing(&self) {
        fs::remove_file(self.contents().join("portolan")).unwrap();
        self.pack();
    }

    fn pack(&self) {
        let contents = self.contents();
        for name in ["README.md", "LICENSE-MIT"] {
            fs::write(contents.join(name), name).unwrap();
        }
        let archive = self.files().join(archive());
        let status = Command::new("tar")
            .args(["--create", "--gzip", "--dereference", "--file"])
            .arg(&archive)
            .arg("--directory")
            .arg(self.folder.path())
            .arg(contents.file_name().unwrap())
            .status()
            .unwrap();
        assert!(status.success());
        self.sum();
    }

    /// Writes the checksums of the files as they are.
    pub(crate) fn sum(&self) {
        let text = format!(
            "{}  portolan-{VERSION}.cdx.json\n{}  {}\n",
            "0".repeat(64),
            self.checksum(),
            archive()
        );
        fs::write(self.files().join("SHA256SUMS"), text).unwrap();
    }

    /// The SHA-256 of the archive.
    pub(crate) fn checksum(&self) -> String {
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(fs::read(self.files().join(archive())).unwrap());
        base16ct::lower::encode_string(&digest)
    }
}

/// Answers one request with a file; the last one ends the server.
fn answer(mut stream: TcpStream, files: &Path) -> bool {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap_or_default();
    if path.is_empty() {
        return false;
    }
    let (status, body) = match fs::read(files.join(path.trim_start_matches('/'))) {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    // A client that goes away early is not a fault of the server.
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(&body));
    true
}

impl Drop for Releases {
    fn drop(&mut self) {
        // A connection without a request ends the server.
        drop(TcpStream::connect(self.address));
        let _ = self.server.take().map(JoinHandle::join);
    }
}
