//! The cryptography behind TLS: ring, through rustls.
//!
//! ring compiles in a fraction of the time of rustls' default (aws-lc, a large C library) and needs
//! neither CMake nor an assembler, on no platform. What it lacks, key exchange that resists quantum
//! computers and keys on P-521, the services do not ask for. Which authorities are trusted is
//! decided elsewhere.

use std::sync::Once;

use reqwest::ClientBuilder;

/// A builder of HTTP clients. Without the provider that it sets, reqwest would panic.
pub fn client_builder() -> ClientBuilder {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // It fails only if another provider was set before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    ClientBuilder::new()
}
