//! Authorities that are trusted besides the system's and Mozilla's: a file that the user names.
//!
//! They are looked at before anything is sent, so that a wrong file is no connection that fails.

use std::{
    io,
    path::{Path, PathBuf},
};

use reqwest::Certificate;

use super::causes;
use crate::input;

/// The most bytes of a bundle. That of a system has a quarter of a million.
const MOST: usize = 16 << 20;

/// The certificates of a PEM bundle. Each is fit to be a root.
#[derive(Debug, Clone, Default)]
pub struct Roots(Vec<Certificate>);

#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    #[error("cannot read the certificates in {}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} holds no certificate: expected PEM, with lines `-----BEGIN \
        CERTIFICATE-----`", path.display())]
    Empty { path: PathBuf },
    #[error("{} holds what is no certificate: {problem}", path.display())]
    Unusable { path: PathBuf, problem: String },
}

impl Roots {
    pub fn read(path: &Path) -> Result<Roots, RootsError> {
        let pem = input::bytes(path, MOST).map_err(|source| RootsError::Unreadable {
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
        // Only a client looks into a certificate.
        reqwest::Client::builder()
            .tls_certs_only(certificates.clone())
            .build()
            .map_err(unusable)?;
        Ok(Roots(certificates))
    }

    pub(super) fn certificates(&self) -> impl Iterator<Item = Certificate> {
        self.0.iter().cloned()
    }
}
