//! HTTP connections: the clients of reqwest, what a request carries, and complete answers.
//!
//! It knows URLs and headers. It neither chooses an endpoint nor credentials, nor interprets an
//! answer: a redirect, a refusal and an error page are answers like any other.

mod answer;
pub(super) mod url;

use std::{sync::OnceLock, time::Duration};

use reqwest::{
    Certificate, Client, ClientBuilder,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use secrecy::ExposeSecret;

use self::answer::no_answer;
use super::{
    NoAnswer, causes,
    credentials::{Credentials, Keys},
    roots::Roots,
    sign::{DATE_HEADER, ToSign, sign},
    tls::client_builder,
};
use crate::wire::Response;

const JSON: &str = "application/json";
/// Gateways close idle connections, usually after a minute. A write on a connection that is just
/// being closed gets no answer, so portolan drops idle connections earlier.
const IDLE: Duration = Duration::from_secs(30);

/// How often other tasks may run before an answer is returned.
const YIELDS: usize = 4;

/// The timeouts of a request.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    pub connect: Duration,
    /// From sending to the last byte of the answer.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(60),
        }
    }
}

/// The clients of a command.
#[derive(Debug)]
pub(crate) struct Connections {
    timeouts: Timeouts,
    roots: Roots,
    /// Whether TLS is spoken on loopback.
    has_local_tls: bool,
    // Built on first use: reading the system's certificates takes longer than most commands need.
    proxied: OnceLock<Result<Client, NoAnswer>>,
    direct: OnceLock<Result<Client, NoAnswer>>,
}

/// How a host is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Through the proxy that the system names, if any.
    Proxied,
    /// Never through a proxy, which cannot reach the addresses of this machine.
    Direct,
}

impl Connections {
    /// Does not connect yet, so it cannot fail.
    pub(crate) fn new(timeouts: Timeouts, roots: Roots, has_local_tls: bool) -> Self {
        Connections {
            timeouts,
            roots,
            has_local_tls,
            proxied: OnceLock::new(),
            direct: OnceLock::new(),
        }
    }

    fn client(&self, way: Way) -> Result<&Client, NoAnswer> {
        let client = match way {
            Way::Direct => self
                .direct
                .get_or_init(|| build(self.builder(self.has_local_tls).no_proxy())),
            Way::Proxied => self.proxied.get_or_init(|| build(self.builder(true))),
        };
        client.as_ref().map_err(Clone::clone)
    }

    /// reqwest's own retry stays on: it resends only what an HTTP/2 server says that it did not
    /// process.
    fn builder(&self, secure: bool) -> ClientBuilder {
        let builder = client_builder()
            .user_agent(concat!("portolan/", env!("CARGO_PKG_VERSION")))
            // The services never redirect, and a redirect would carry the token to another host.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.timeouts.connect)
            .timeout(self.timeouts.answer)
            .pool_idle_timeout(IDLE)
            // Requests are small: waiting to fill a packet would only add latency.
            .tcp_nodelay(true);
        if secure {
            // A client cannot be built without any root, and a minimal container has none.
            builder.tls_certs_merge(mozilla_roots().chain(self.roots.certificates()))
        } else {
            // Plain HTTP needs no roots, and reading the system's takes long.
            builder.tls_certs_only([])
        }
    }

    /// Sends a request once, and reads the whole answer. `host` is for messages.
    pub(crate) async fn exchange(
        &self,
        request: reqwest::Request,
        way: Way,
        host: &str,
    ) -> Result<Response, NoAnswer> {
        let sent = self.client(way)?.execute(request).await;
        let response = sent.map_err(|error| no_answer(host, &self.timeouts, error))?;
        let answer = answer::read(host, &self.timeouts, response).await;
        // hyper returns the connection to its pool in another task. Without the yields the next
        // request would not find it and open another one.
        for _ in 0..YIELDS {
            tokio::task::yield_now().await;
        }
        answer
    }
}

fn build(builder: ClientBuilder) -> Result<Client, NoAnswer> {
    builder.build().map_err(|error| NoAnswer {
        message: format!("the HTTP client cannot be set up: {}", causes(error)),
        never_sent: true,
    })
}

fn mozilla_roots() -> impl Iterator<Item = Certificate> {
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
    // A root that the TLS library cannot read is left out; the others still work.
    roots.filter_map(|root| Certificate::from_der(root).ok())
}

/// The headers that authenticate a request: signed with keys, or with a token.
pub(crate) fn authenticated(
    request: &ToSign<'_>,
    credentials: &Credentials,
) -> Result<HeaderMap, String> {
    match credentials {
        Credentials::Keys(keys) => signed_headers(request, keys),
        // Such a request has neither `Authorization` nor `X-Sdk-Date` (auth: section 2.5).
        Credentials::Token(token) => headers([("x-auth-token", token.token.expose_secret())]),
    }
}

/// The date of a signature that is made now.
pub(crate) fn signing_date() -> String {
    jiff::Timestamp::now()
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string()
}

/// The headers of a signed request: the signed ones, the date and the signature. `User-Agent` and
/// `Accept` are not signed, because a proxy may change them. `Host` is signed here and sent by
/// reqwest.
fn signed_headers(request: &ToSign<'_>, keys: &Keys) -> Result<HeaderMap, String> {
    let mut ours = vec![("content-type", JSON)];
    ours.extend(keys.project_id.as_deref().map(|id| ("x-project-id", id)));
    ours.extend(
        keys.security_token
            .as_ref()
            .map(|token| ("x-security-token", token.expose_secret())),
    );
    let all = [request.headers, &ours].concat();
    let signed = sign(
        &ToSign {
            headers: &all,
            ..*request
        },
        keys,
    );
    let signature = [
        (DATE_HEADER, request.date),
        (AUTHORIZATION.as_str(), signed.authorization.as_str()),
    ];
    headers(ours.into_iter().chain(signature))
}

/// Marks every value as sensitive, except the two that each request has.
pub(crate) fn headers<'a>(
    pairs: impl IntoIterator<Item = (&'static str, &'a str)>,
) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    // Also without a body: the pages require it on every call (swr-api: section 2.3).
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    headers.insert(ACCEPT, HeaderValue::from_static(JSON));
    for (name, value) in pairs {
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| format!("the value of `{name}` is not a valid header value"))?;
        value.set_sensitive(name != CONTENT_TYPE);
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}
