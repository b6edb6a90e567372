//! Requests and responses as values: what crosses the seam between portolan and a service.
//!
//! Kinds build a [`Request`] and read a [`Response`] without sending anything; `transport` sends without
//! knowing what is in them. Nothing here does IO.

pub mod error;

use std::{fmt, sync::Arc, time::Duration};

/// The services that portolan talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// The management API of the image registry.
    Swr,
}

/// The methods that the services use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    Get,
    Post,
    Patch,
    Delete,
}

impl Method {
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }

    /// Whether a request of this method can change anything.
    pub fn is_read(self) -> bool {
        self == Method::Get
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One request. The host is not part of it: `service` and `region` name it.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub service: Service,
    pub region: Arc<str>,
    pub method: Method,
    /// Absolute and ready for the wire: segments are escaped, a `/` inside a repository name is a `$`.
    pub path: String,
    /// Unescaped names and values; they are sent in sorted order, as they are signed.
    pub query: Vec<(&'static str, String)>,
    pub body: Option<serde_json::Value>,
}

impl fmt::Display for Request {
    /// `GET cn-north-4 /v2/manage/repos?limit=1000&offset=0`: how messages name a request.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.method, self.region, self.path)?;
        for (index, (name, value)) in self.query.iter().enumerate() {
            write!(f, "{}{name}={value}", if index == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

/// A complete answer, whatever its status.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Response {
    pub status: u16,
    /// `X-Request-Id`: what support asks for.
    pub request_id: Option<String>,
    /// `Retry-After`, in seconds or as a date, as a duration from now.
    pub retry_after: Option<Duration>,
    /// `Content-Range` of a paged list: `{offset}-{items in this page}/{total}`.
    pub content_range: Option<String>,
    pub body: Vec<u8>,
}

/// One time that a request was sent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Try {
    /// None if no complete answer came.
    pub status: Option<u16>,
    /// `X-Request-Id` of the answer, if it has one.
    pub request_id: Option<String>,
}
