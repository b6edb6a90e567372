//! Requests and answers as they are on the wire, not parsed yet.
//!
//! They are deliberately not the types that portolan sends: an assumption of the client must not
//! become an assumption of the emulated service.

pub(super) mod escape;
pub(super) mod operation;
pub(super) mod refusal;
pub(super) mod signature;

use std::fmt;

use serde_json::Value;

/// One request, as received.
#[derive(Clone, Default)]
pub struct Request {
    /// The region of the endpoint that received it.
    pub region: String,
    /// The method in upper case.
    pub method: String,
    /// The part of the path before `path`, such as `/cn-north-4`. Signatures cover it.
    pub prefix: String,
    /// The escaped path, from `/v2` on.
    pub path: String,
    /// The escaped query without its `?`; empty if there is none.
    pub query: String,
    /// Names in any case.
    pub headers: Vec<(String, String)>,
    /// Empty if there is none.
    pub body: Vec<u8>,
}

impl Request {
    /// The value of the first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

impl fmt::Debug for Request {
    /// Omits the headers: they may contain a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {}?{}",
            self.method, self.region, self.path, self.query
        )
    }
}

/// How a request is answered, or not.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The whole response.
    Complete(Response),
    /// The connection closes without a byte.
    Cut,
    /// The connection closes after this number of bytes of the body.
    Truncated(Response, usize),
    /// Nothing is sent, and the connection stays open.
    Never,
}

/// A response of the service or of the gateway.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`, `X-Request-Id` and what the operation adds.
    pub headers: Vec<(String, String)>,
    /// Empty for 204.
    pub body: Vec<u8>,
}

impl Response {
    /// A JSON response.
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::raw_json(status, body.to_string())
    }

    /// A JSON response whose body is serialized already.
    pub(super) fn raw_json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::text(status, "application/json", body)
    }

    /// A response with a body of any content type.
    pub(super) fn text(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
        Self {
            status,
            headers,
            body: body.into(),
        }
    }

    pub(super) fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The value of the first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The body as JSON, or null if it is not JSON.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(header, _)| header.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}
