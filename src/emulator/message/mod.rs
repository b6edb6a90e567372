//! Requests and answers as the emulator sees them: text from a wire, not yet understood.
//!
//! These are deliberately not the types that portolan sends with: what a client believes about its
//! requests must not leak into what the service makes of them.

pub(super) mod escape;
pub(super) mod operation;
pub(super) mod refusal;

use std::fmt;

use serde_json::Value;

/// One request, as received.
#[derive(Clone, Default)]
pub struct Request {
    /// The region whose endpoint was asked.
    pub region: String,
    /// The method in upper case.
    pub method: String,
    /// What stood before `path` on the wire, such as `/cn-north-4`; signatures cover it.
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
    /// Leaves the headers out: they may carry a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {}?{}",
            self.method, self.region, self.path, self.query
        )
    }
}

/// What comes back for a request, or fails to.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The whole response.
    Complete(Response),
    /// The connection closes without a byte.
    Cut,
    /// The connection closes after so many bytes of the body.
    Truncated(Response, usize),
    /// Nothing comes, and the connection stays open.
    Never,
}

/// A response of the service or of the gateway before it.
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
        Self::written(status, body.to_string())
    }

    /// The same of a body that is JSON already.
    pub(super) fn written(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::text(status, "application/json", body)
    }

    /// A response with a body of any kind.
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

    /// The body as JSON, or null if it is none.
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
