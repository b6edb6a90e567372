//! Requests and responses as values, without IO.
//!
//! Kinds build a [`Request`] and read a [`Response`]; `transport` sends them without interpreting
//! them.

pub mod error;
pub mod host;
pub mod secret;

use std::{fmt, sync::Arc, time::Duration};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

use self::secret::Secret;
use crate::mask::Mask;

/// The bytes that are escaped in a path or query: all but the unreserved ones of RFC 3986.
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The services that portolan uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// The management API of the image registry.
    Swr,
    /// CodeArts Repo, with the git repositories.
    CodeArts,
    /// Identity and Access Management, with the account.
    Iam,
    /// The Security Token Service, which hands out keys.
    Sts,
}

impl Service {
    pub const ALL: [Service; 4] = [Service::Swr, Service::CodeArts, Service::Iam, Service::Sts];

    /// Whether it only tells who the caller is, and holds nothing that a chart describes.
    pub(crate) fn is_of_identity(self) -> bool {
        matches!(self, Service::Iam | Service::Sts)
    }

    /// Its name in charts and documents.
    pub fn name(self) -> &'static str {
        match self {
            Service::Swr => "swr",
            Service::CodeArts => "codearts",
            Service::Iam => "iam",
            Service::Sts => "sts",
        }
    }
}

/// The methods that the services use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One request. `service` and `region` determine its host.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub service: Service,
    pub region: Arc<str>,
    pub method: Method,
    /// Absolute and escaped. A `/` in a repository name is a `$`.
    pub path: String,
    /// Unescaped names and values. They are sent in sorted order, as they are signed.
    pub query: Vec<(&'static str, String)>,
    pub body: Option<serde_json::Value>,
    /// Secret values of the body, by the keys that they replace.
    pub secrets: Vec<(&'static str, Secret)>,
    /// Texts of the body that are masked in plans. In the body `carried` takes their places.
    pub carried: Vec<(&'static str, Secret)>,
    /// The right that the caller needs for it, for a refusal. `None`: none is published.
    pub right: Option<&'static str>,
}

impl Request {
    /// A request without a query and a body.
    pub fn new(service: Service, region: &Arc<str>, method: Method, path: String) -> Request {
        let region = region.clone();
        Request {
            service,
            region,
            method,
            path,
            query: Vec::new(),
            body: None,
            secrets: Vec::new(),
            carried: Vec::new(),
            right: None,
        }
    }

    /// The same, which needs this right.
    pub fn needs(self, right: &'static str) -> Request {
        Request {
            right: Some(right),
            ..self
        }
    }

    /// The body as it is sent, with its secrets. Only a transport may use it.
    pub(crate) fn body_text(&self) -> Option<String> {
        let body = self.body.as_ref()?;
        // Few requests have secrets, so most bodies need no copy.
        if self.secrets.is_empty() && self.carried.is_empty() {
            return Some(body.to_string());
        }
        let mut filled = body.clone();
        self.fill(&mut filled);
        // Last, so that no text of a secret is searched for placeholders.
        for (name, secret) in &self.secrets {
            filled[*name] = serde_json::Value::String(secret.on_the_wire());
        }
        Some(filled.to_string())
    }

    fn fill(&self, body: &mut serde_json::Value) {
        if let Some((_, secret)) = self.carried.iter().find(|(name, _)| *body == carried(name)) {
            *body = serde_json::Value::from(secret.reveal());
            return;
        }
        match body {
            serde_json::Value::Array(items) => items.iter_mut().for_each(|item| self.fill(item)),
            serde_json::Value::Object(fields) => {
                fields.values_mut().for_each(|field| self.fill(field));
            }
            _ => {}
        }
    }
}

/// The placeholder in a body for a text that is masked in plans.
pub(crate) fn carried(attribute: &str) -> serde_json::Value {
    serde_json::json!({ "carried": attribute })
}

impl fmt::Display for Request {
    /// The form in messages: `GET cn-north-4 /v2/manage/repos?limit=1000&offset=0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.method, self.region, self.path)?;
        for (index, (name, value)) in self.query.iter().enumerate() {
            write!(f, "{}{name}={value}", if index == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

/// A complete answer of any status.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Response {
    pub status: u16,
    /// `X-Request-Id`, which the service's support needs.
    pub request_id: Option<String>,
    /// The method and the path of the request, which the client adds.
    pub request: Option<String>,
    /// `Retry-After` as a duration from now, from seconds or from a date.
    pub retry_after: Option<Duration>,
    /// `Content-Range` of a paged list: `{offset}-{items in this page}/{total}`.
    pub content_range: Option<String>,
    /// `Location` of a redirect, which is never followed.
    pub location: Option<String>,
    /// `Date`, the time of the service's clock.
    pub date: Option<String>,
    pub body: Vec<u8>,
    /// What must not be shown of the answer.
    pub mask: Arc<Mask>,
}

/// One try of a request.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Try {
    /// None without a complete answer.
    pub status: Option<u16>,
    /// `X-Request-Id` of the answer, if it has one.
    pub request_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_only_in_the_body_that_is_sent() {
        let mut request = Request::new(
            Service::CodeArts,
            &"r".into(),
            Method::Post,
            "/x".to_owned(),
        );
        request.body = Some(json!({ "password": "", "force_fetch": false }));
        request
            .secrets
            .push(("password", Secret::new("p4ss".to_owned())));
        assert_eq!(
            request.body_text().unwrap(),
            r#"{"password":"cDRzcw==","force_fetch":false}"#
        );
        request.body = Some(json!({ "password": "", "fields": [{ "url": carried("url") }] }));
        request
            .carried
            .push(("url", Secret::new("https://u:t0ken@h".to_owned())));
        let sent = request.body_text().unwrap();
        assert_eq!(
            sent,
            r#"{"password":"cDRzcw==","fields":[{"url":"https://u:t0ken@h"}]}"#
        );
        let printed = format!("{request} {request:?} {:#?}", request.clone());
        assert!(printed.contains("[secret]"), "{printed}");
        assert!(
            !printed.contains("p4ss") && !printed.contains("cDRzcw") && !printed.contains("t0ken"),
            "{printed}"
        );
    }
}
