//! The HTTP transport: authenticates a request, sends it once, and reads the whole answer.
//!
//! It neither retries nor interprets: a redirect, a refusal and an error page are answers like any
//! other.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use super::{
    Exchange, NoAnswer, Transport,
    connection::{Connections, Way, authenticated, headers, signing_date, url},
    credentials::Credentials,
    endpoint::{Base, Endpoints},
    roots::Roots,
    sign::ToSign,
    wallet::Wallet,
};
use crate::wire::{Request, Response};

pub use super::connection::Timeouts;

/// The [`Transport`] over HTTP, for all regions of a command.
#[derive(Debug)]
pub struct HttpTransport {
    endpoints: Endpoints,
    wallet: Wallet,
    connections: Arc<Connections>,
    /// The regions that the project id is not sent to.
    abroad: BTreeSet<Arc<str>>,
}

impl HttpTransport {
    /// With credentials that do not end.
    pub fn new(endpoints: Endpoints, credentials: Credentials, timeouts: Timeouts) -> Self {
        let connections = Connections::new(timeouts, Roots::default(), endpoints.have_local_tls());
        HttpTransport {
            endpoints,
            wallet: Wallet::fixed(credentials),
            connections: Arc::new(connections),
            abroad: BTreeSet::new(),
        }
    }

    pub(crate) fn with(
        endpoints: Endpoints,
        wallet: Wallet,
        connections: Arc<Connections>,
    ) -> Self {
        HttpTransport {
            endpoints,
            wallet,
            connections,
            abroad: BTreeSet::new(),
        }
    }

    /// Sends no project id to these regions: it belongs to another one.
    #[must_use]
    pub(crate) fn without_project(self, abroad: BTreeSet<Arc<str>>) -> Self {
        HttpTransport { abroad, ..self }
    }

    async fn exchange(&self, request: &Request) -> Result<Response, NoAnswer> {
        let base = self.base(request)?;
        let lease = self.wallet.current().await?;
        let credentials = self.credentials(&request.region, &lease.credentials);
        let prepared = prepare(base, request, Some(&credentials))?;
        let response = self.answer(base, prepared).await?;
        Ok(Response {
            mask: lease.mask.clone(),
            ..response
        })
    }

    /// Sends a request without credentials, only to see whether the endpoint answers.
    pub(crate) async fn knock(&self, request: &Request) -> Result<Response, NoAnswer> {
        let base = self.base(request)?;
        self.answer(base, prepare(base, request, None)?).await
    }

    fn base(&self, request: &Request) -> Result<&Base, NoAnswer> {
        let base = self.endpoints.base(request.service, &request.region);
        base.ok_or_else(|| NoAnswer {
            message: format!("there is no endpoint for the region {}", request.region),
            never_sent: true,
        })
    }

    async fn answer(&self, base: &Base, prepared: reqwest::Request) -> Result<Response, NoAnswer> {
        let way = match base.loopback {
            true => Way::Direct,
            false => Way::Proxied,
        };
        let answer = self.connections.exchange(prepared, way, &base.host_port);
        answer.await
    }
}

impl HttpTransport {
    /// The credentials as they are sent to a region.
    fn credentials<'l>(&self, region: &str, all: &'l Credentials) -> Cow<'l, Credentials> {
        if self.abroad.contains(region) {
            Cow::Owned(all.clone().without_project().credentials)
        } else {
            Cow::Borrowed(all)
        }
    }
}

/// For each try: a signature is valid for minutes, and a retry may come later.
fn prepare(
    base: &Base,
    request: &Request,
    credentials: Option<&Credentials>,
) -> Result<reqwest::Request, NoAnswer> {
    let query: Vec<(&str, &str)> = request
        .query
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    // Before it is signed: the signature covers the path as it is sent, with the prefix.
    let path = format!("{}{}", base.prefix, request.path);
    let url = url::assemble(base, &path, &query).map_err(|problem| refused(request, &problem))?;
    // Serialized once: the signature covers these very bytes.
    let body = request.body_text().unwrap_or_default();
    let to_sign = ToSign {
        method: request.method.as_str(),
        path: &path,
        query: &query,
        // As reqwest sends it, without the scheme's own port (auth: section 1, edge cases).
        headers: &[("host", &base.authority)],
        body: body.as_bytes(),
        date: &signing_date(),
    };
    let headers = match credentials {
        Some(credentials) => authenticated(&to_sign, credentials),
        None => headers([]),
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

impl Transport for HttpTransport {
    fn spent(&self) -> Option<Arc<str>> {
        self.wallet.spent()
    }

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

fn refused(request: &Request, problem: &str) -> NoAnswer {
    NoAnswer {
        message: format!("`{request}` was not sent: {problem}"),
        never_sent: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        transport::credentials::Keys,
        transport::endpoint::{Overrides, Wanted},
        wire::{Method, Service},
    };

    #[test]
    fn a_project_id_is_not_sent_abroad() {
        let wanted = ["a-1", "b-1"].map(|region| Wanted::new(Service::Swr, region));
        let endpoints = Endpoints::resolve(&wanted, &Overrides::default()).unwrap();
        let keys = Keys {
            ak: "FAKEAK".to_owned(),
            sk: "fake-secret".into(),
            security_token: None,
            project_id: Some("fa4e".to_owned()),
        };
        let keys = Credentials::Keys(keys);
        let transport = HttpTransport::new(endpoints, keys.clone(), Timeouts::default())
            .without_project(["b-1".into()].into());
        let sent = ["a-1", "b-1"].map(|region| {
            let path = "/v2/manage/namespaces".to_owned();
            let request = Request::new(Service::Swr, &region.into(), Method::Get, path);
            let base = transport.endpoints.base(Service::Swr, region).unwrap();
            let prepared =
                prepare(base, &request, Some(&transport.credentials(region, &keys))).unwrap();
            let signed = prepared.headers()["authorization"].to_str().unwrap();
            (
                prepared.headers().contains_key("x-project-id"),
                signed.contains("x-project-id"),
            )
        });
        assert_eq!(sent, [(true, true), (false, false)]);
    }
}
