//! Certificate authorities from a file of the user, which are trusted in addition to the system's
//! and Mozilla's.
//!
//! They are checked before anything is sent, so that a wrong file is not reported as a failed
//! connection.

use std::{
    io,
    path::{Path, PathBuf},
};

use reqwest::Certificate;

use super::{causes, tls::client_builder};
use crate::input;

/// The size limit of a bundle. The bundle of a system has a quarter of a megabyte.
const MAX_BYTES: usize = 16 << 20;

/// The certificates of a PEM bundle, each usable as a root.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roots(Vec<Certificate>);

#[derive(Debug, thiserror::Error)]
pub(crate) enum RootsError {
    #[error("cannot read the certificates in {}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} contains no certificate: expected PEM, with lines `-----BEGIN \
       CERTIFICATE-----`", path.display())]
    Empty { path: PathBuf },
    #[error("{} contains an invalid certificate: {problem}", path.display())]
    Unusable { path: PathBuf, problem: String },
}

impl Roots {
    pub(crate) fn read(path: &Path) -> Result<Roots, RootsError> {
        let pem = input::bytes(path, MAX_BYTES).map_err(|source| RootsError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let unusable = |error: reqwest::Error| RootsError::Unusable {
            path: path.to_owned(),
            problem: causes(error),
        };
        let certificates = Certificate::from_pem_bundle(&pem).map_err(unusable)?;
        if certificates.is_empty() {
            return Err(RootsError::Empty {
                path: path.to_owned(),
            });
        }
        // reqwest parses a certificate only when a client is built.
        client_builder()
            .tls_certs_only(certificates.clone())
            .build()
            .map_err(unusable)?;
        Ok(Roots(certificates))
    }

    pub(super) fn certificates(&self) -> impl Iterator<Item = Certificate> {
        self.0.iter().cloned()
    }
}
