//! The HTTP transport: signs a request or adds the token, sends it once, and reads the whole
//! answer.
//!
//! Only this module reads the clock for signatures and opens connections. It neither retries nor
//! interprets: a redirect, a refusal and an error page are answers like any other.

mod answer;
mod url;

use std::{sync::OnceLock, time::Duration};

use reqwest::{
    Certificate, Client, ClientBuilder,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use secrecy::ExposeSecret;

use self::answer::no_answer;
use super::{
    Exchange, NoAnswer, Transport, causes,
    credentials::{Credentials, Keys},
    endpoint::{Base, Endpoints},
    roots::Roots,
    sign::{DATE_HEADER, ToSign, sign},
    tls::client_builder,
};
use crate::wire::{Request, Response};

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

/// The [`Transport`] over HTTP, for all regions of a command.
#[derive(Debug)]
pub struct HttpTransport {
    endpoints: Endpoints,
    credentials: Credentials,
    timeouts: Timeouts,
    roots: Roots,
    // Built on first use: reading the system's certificates takes longer than most commands need.
    proxied: OnceLock<Result<Client, NoAnswer>>,
    direct: OnceLock<Result<Client, NoAnswer>>,
}

impl HttpTransport {
    /// Does not connect yet, so it cannot fail.
    pub fn new(endpoints: Endpoints, credentials: Credentials, timeouts: Timeouts) -> Self {
        let (proxied, direct) = (OnceLock::new(), OnceLock::new());
        HttpTransport {
            endpoints,
            credentials,
            timeouts,
            roots: Roots::default(),
            proxied,
            direct,
        }
    }

    /// Trusts these authorities too.
    #[must_use]
    pub(crate) fn trusting(self, roots: Roots) -> Self {
        HttpTransport { roots, ..self }
    }

    /// The client for an endpoint. A proxy cannot reach this machine's loopback addresses, so they
    /// ignore the proxy settings.
    fn client(&self, base: &Base) -> Result<&Client, NoAnswer> {
        let client = if base.loopback {
            self.direct.get_or_init(|| {
                let secure = self
                    .endpoints
                    .iter()
                    .any(|(_, _, known)| known.base.loopback && known.base.secure);
                build(self.builder(secure).no_proxy())
            })
        } else {
            self.proxied.get_or_init(|| build(self.builder(true)))
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

    async fn exchange(&self, request: &Request) -> Result<Response, NoAnswer> {
        let base = self
            .endpoints
            .base(request.service, &request.region)
            .ok_or_else(|| NoAnswer {
                message: format!("there is no endpoint for the region {}", request.region),
                never_sent: true,
            })?;
        let prepared = self.prepare(base, request)?;
        let sent = self.client(base)?.execute(prepared).await;
        let response = sent.map_err(|error| no_answer(base, &self.timeouts, error))?;
        let answer = answer::read(base, &self.timeouts, response).await;
        // hyper returns the connection to its pool in another task. Without the yields the next
        // request would not find it and open another one.
        for _ in 0..YIELDS {
            tokio::task::yield_now().await;
        }
        answer
    }

    fn prepare(&self, base: &Base, request: &Request) -> Result<reqwest::Request, NoAnswer> {
        let query: Vec<(&str, &str)> = request
            .query
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        // Before it is signed: the signature covers the path as it is sent, with the prefix.
        let path = format!("{}{}", base.prefix, request.path);
        let url =
            url::assemble(base, &path, &query).map_err(|problem| refused(request, &problem))?;
        // Serialized once: the signature covers these very bytes.
        let body = request.body_text().unwrap_or_default();
        let headers = match &self.credentials {
            Credentials::Keys(keys) => {
                // For each try: a signature is valid for minutes, and a retry may come later.
                let date = jiff::Timestamp::now()
                    .strftime("%Y%m%dT%H%M%SZ")
                    .to_string();
                let to_sign = ToSign {
                    method: request.method.as_str(),
                    path: &path,
                    query: &query,
                    // As reqwest sends it, without the scheme's own port (auth: section 1, edge
                    // cases).
                    headers: &[("host", &base.authority)],
                    body: body.as_bytes(),
                    date: &date,
                };
                signed_headers(&to_sign, keys)
            }
            // Such a request has neither `Authorization` nor `X-Sdk-Date` (auth: section 2.5).
            Credentials::Token(token) => headers([("x-auth-token", token.token.expose_secret())]),
        };
        let headers = headers.map_err(|problem| refused(request, &problem))?;
        let method = reqwest::Method::from_bytes(request.method.as_str().as_bytes())
            .map_err(|error| refused(request, &error.to_string()))?;
        let mut prepared = reqwest::Request::new(method, url);
        *prepared.headers_mut() = headers;
        // Also of a DELETE: the body names the target of a sync rule (swr-api: section 7.1).
        if request.body.is_some() {
            *prepared.body_mut() = Some(body.into());
        }
        Ok(prepared)
    }
}

impl Transport for HttpTransport {
    fn send<'a>(&'a self, request: &'a Request) -> Exchange<'a> {
        Box::pin(async move {
            let result = self.exchange(request).await;
            match &result {
                Ok(response) => {
                    let id = response.request_id.as_deref().unwrap_or("none");
                    tracing::debug!("{request}: {} (request id {id})", response.status);
                }
                Err(error) => tracing::debug!("{request}: {error}"),
            }
            result
        })
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

fn refused(request: &Request, problem: &str) -> NoAnswer {
    NoAnswer {
        message: format!("`{request}` was not sent: {problem}"),
        never_sent: true,
    }
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
fn headers<'a>(
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
