//! One request to a service that hands out keys or tokens, with its few repetitions.

use std::{fmt, sync::Arc};

use reqwest::{
    Method, Url,
    header::{HeaderName, HeaderValue},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::time::{Duration, sleep, timeout};

use super::Problem;
use crate::{
    mask::Mask,
    transport::{
        connection::{Connections, Way, authenticated, headers, signing_date, url},
        credentials::Credentials,
        endpoint::Base,
        sign::ToSign,
    },
    wire::{Response, error::ApiError},
};

/// The waits between tries, in milliseconds.
const WAITS: [u64; 2] = [300, 1_500];

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The same for the metadata service, which is on the machine or is not there at all.
const SHORT_PATIENCE: Duration = Duration::from_secs(3);

/// What is sent.
pub(super) struct Call {
    method: Method,
    path: &'static str,
    headers: Vec<(&'static str, SecretString)>,
    body: Option<Value>,
}

impl Call {
    pub(super) fn get(path: &'static str) -> Call {
        Call::new(Method::GET, path, None)
    }

    pub(super) fn put(path: &'static str) -> Call {
        Call::new(Method::PUT, path, None)
    }

    pub(super) fn post(path: &'static str, body: Value) -> Call {
        Call::new(Method::POST, path, Some(body))
    }

    fn new(method: Method, path: &'static str, body: Option<Value>) -> Call {
        Call {
            method,
            path,
            headers: Vec::new(),
            body,
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: SecretString) -> Call {
        self.headers.push((name, value));
        self
    }
}

/// How a request proves who sends it.
#[derive(Clone, Copy)]
pub(super) enum Proof<'c> {
    /// By its body, or by where it comes from.
    None,
    Credentials(&'c Credentials),
}

/// Sends to one service.
pub(super) struct Caller<'c> {
    /// For messages.
    name: &'static str,
    host: String,
    way: Way,
    patience: Duration,
    base: Option<&'c Base>,
    connections: &'c Arc<Connections>,
}

impl fmt::Debug for Caller<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl<'c> Caller<'c> {
    pub(super) fn of_base(
        name: &'static str,
        base: &'c Base,
        connections: &'c Arc<Connections>,
    ) -> Caller<'c> {
        Caller {
            name,
            host: base.host_port.clone(),
            way: way(base.loopback),
            patience: PATIENCE,
            base: Some(base),
            connections,
        }
    }

    /// For a URL that a job has. It gets a secret, so it must not be sent in the clear.
    pub(super) fn of_url(
        name: &'static str,
        url: &Url,
        connections: &'c Arc<Connections>,
    ) -> Result<Caller<'c>, String> {
        let host = url.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let address: Option<std::net::IpAddr> = bare.parse().ok();
        let loopback = host == "localhost" || address.is_some_and(|host| host.is_loopback());
        if url.scheme() != "https" && !(loopback && url.scheme() == "http") {
            return Err("would send a secret in the clear: expected https".to_owned());
        }
        Ok(Caller {
            name,
            host: host.to_owned(),
            way: way(loopback),
            patience: PATIENCE,
            base: None,
            connections,
        })
    }

    /// A service on this machine, or right beside it: no proxy, and no long wait.
    pub(super) fn nearby(self) -> Caller<'c> {
        Caller {
            way: Way::Direct,
            patience: SHORT_PATIENCE,
            ..self
        }
    }

    /// Reads a URL as it is.
    pub(super) async fn get<const N: usize>(
        &self,
        url: &Url,
        headers: [(HeaderName, HeaderValue); N],
        mask: &Mask,
    ) -> Result<Response, Problem> {
        let build = || {
            let mut request = reqwest::Request::new(Method::GET, url.clone());
            let given = headers.iter().cloned().map(|(name, mut value)| {
                value.set_sensitive(true);
                (name, value)
            });
            request.headers_mut().extend(given);
            Ok(request)
        };
        self.repeated(build, "GET", mask).await
    }

    pub(super) async fn send(
        &self,
        call: &Call,
        proof: Proof<'_>,
        mask: &Mask,
    ) -> Result<Response, Problem> {
        let line = format!("{} {}", call.method, call.path);
        self.repeated(|| self.build(call, proof), &line, mask).await
    }

    fn build(&self, call: &Call, proof: Proof<'_>) -> Result<reqwest::Request, String> {
        let base = self.base.ok_or("it has no endpoint")?;
        let path = format!("{}{}", base.prefix, call.path);
        let url = url::assemble(base, &path, &[])?;
        let body = call.body.as_ref().map(Value::to_string).unwrap_or_default();
        let mut all = match proof {
            Proof::None => {
                let given = call.headers.iter();
                headers(given.map(|(name, value)| (*name, value.expose_secret())))?
            }
            Proof::Credentials(credentials) => {
                let to_sign = ToSign {
                    method: call.method.as_str(),
                    path: &path,
                    query: &[],
                    headers: &[("host", &base.authority)],
                    body: body.as_bytes(),
                    date: &signing_date(),
                };
                authenticated(&to_sign, credentials)?
            }
        };
        let mut request = reqwest::Request::new(call.method.clone(), url);
        std::mem::swap(request.headers_mut(), &mut all);
        if call.body.is_some() {
            *request.body_mut() = Some(body.into());
        }
        Ok(request)
    }

    /// Sends until there is an answer that says something, a few times at most.
    async fn repeated(
        &self,
        build: impl Fn() -> Result<reqwest::Request, String>,
        line: &str,
        mask: &Mask,
    ) -> Result<Response, Problem> {
        let mut waits = WAITS.into_iter();
        loop {
            // Built anew: a signature is valid for minutes.
            let request = build().map_err(|problem| {
                Problem::Refused(format!("{} cannot be asked: {problem}", self.name))
            })?;
            let problem = match self.once(request, line, mask).await {
                Err(Problem::Passing(problem)) => problem,
                done => return done,
            };
            let Some(wait) = waits.next() else {
                return Err(Problem::Passing(problem));
            };
            tracing::debug!("{problem}; again in {wait} ms");
            sleep(Duration::from_millis(wait).mul_f64(0.5 + fastrand::f64() / 2.0)).await;
        }
    }

    async fn once(
        &self,
        request: reqwest::Request,
        line: &str,
        mask: &Mask,
    ) -> Result<Response, Problem> {
        let name = self.name;
        let sent = self.connections.exchange(request, self.way, &self.host);
        let answer = match timeout(self.patience, sent).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(no_answer)) => {
                let text = mask.text(&no_answer.message).into_owned();
                return Err(Problem::Passing(format!("{name}: {text} ({line})")));
            }
            Err(_) => {
                let problem = format!("{name}: no answer from {} in time ({line})", self.host);
                return Err(Problem::Passing(problem));
            }
        };
        let status = answer.status;
        tracing::debug!("{line}, {name}: {status}");
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        let answer = Response {
            mask: Arc::new(mask.clone()),
            ..answer
        };
        let mut error = ApiError::read(&answer);
        error.request = Some(line.to_owned());
        let problem = format!("{name} answered {error}");
        match status {
            429 | 500.. => Err(Problem::Passing(problem)),
            _ => Err(Problem::Refused(problem)),
        }
    }
}

fn way(loopback: bool) -> Way {
    if loopback { Way::Direct } else { Way::Proxied }
}
