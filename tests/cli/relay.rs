//! A relay between the program and the service that counts connections and can speak TLS.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::{
    io::{AsyncRead, AsyncWrite, copy_bidirectional},
    net::TcpStream,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer},
};

use crate::support::{World, listen, spawn};

pub(crate) struct Relay {
    pub(crate) endpoint: String,
    accepted: Arc<AtomicUsize>,
}

impl Relay {
    /// Passes the bytes on unchanged.
    pub(crate) fn to(world: &World) -> Relay {
        Relay::start(world, "http", None)
    }

    /// Terminates TLS. The second value is the certificate of the authority, as PEM.
    pub(crate) fn with_tls(world: &World) -> (Relay, String) {
        let (config, authority) = identity();
        (
            Relay::start(world, "https", Some(TlsAcceptor::from(Arc::new(config)))),
            authority,
        )
    }

    /// How often it was connected to.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    fn start(world: &World, scheme: &str, tls: Option<TlsAcceptor>) -> Relay {
        let behind = world
            .endpoint()
            .replace("http://", "")
            .replace("/{region}", "");
        let listener = listen();
        let port = listener.local_addr().unwrap().port();
        let accepted = Arc::new(AtomicUsize::new(0));
        let relay = Relay {
            endpoint: format!("{scheme}://localhost:{port}/{{region}}"),
            accepted: accepted.clone(),
        };
        spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepted.fetch_add(1, Ordering::Relaxed);
                let (tls, behind) = (tls.clone(), behind.clone());
                spawn(async move {
                    match tls {
                        None => pass(stream, &behind).await,
                        // Who does not trust the authority hangs up.
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                pass(stream, &behind).await;
                            }
                        }
                    }
                });
            }
        });
        relay
    }
}

async fn pass(mut stream: impl AsyncRead + AsyncWrite + Unpin, behind: &str) {
    let mut service = TcpStream::connect(behind).await.unwrap();
    // Either side may be gone at any time.
    let _ = copy_bidirectional(&mut stream, &mut service).await;
}

/// A server's certificate, and the authority that vouches for it.
fn identity() -> (ServerConfig, String) {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = authority.self_signed(&authority_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let server = server
        .signed_by(&key, &Issuer::new(authority, authority_key))
        .unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder().with_no_client_auth();
    (
        config
            .with_single_cert(vec![server.der().clone()], key.into())
            .unwrap(),
        certificate,
    )
}
