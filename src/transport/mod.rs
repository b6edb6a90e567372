//! The transport to the services: sends a [`Request`] and returns a [`Response`].
//!
//! It does not interpret requests. Every implementation returns `Err` only when no complete answer
//! arrived. A caller of a write then knows that the server may have done it.

pub mod budget;
pub mod client;
pub mod concurrency;
pub(crate) mod connection;
pub mod credentials;
pub mod emulated;
pub mod endpoint;
mod gate;
pub mod http;
pub mod pace;
mod retry;
pub mod roots;
pub mod sign;
pub mod tls;
pub mod trace;
pub(crate) mod wallet;
pub(crate) mod watch;

use std::{future::Future, pin::Pin, sync::Arc};

use crate::wire::{Request, Response};

/// The future of one exchange.
pub type Exchange<'a> = Pin<Box<dyn Future<Output = Result<Response, NoAnswer>> + Send + 'a>>;

/// A wait until a request may be sent.
pub(crate) type Turn<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Sends one request, once: no retries, no interpretation.
pub trait Transport: Send + Sync {
    /// Ends when the request may be sent. A request that waits here is not in flight.
    fn ready<'a>(&'a self, _request: &'a Request) -> Turn<'a> {
        Box::pin(std::future::ready(()))
    }

    fn send<'a>(&'a self, request: &'a Request) -> Exchange<'a>;

    /// Why no further request can be authenticated; `None` if it can. After that, each request is
    /// answered with an error, and was not sent.
    fn spent(&self) -> Option<Arc<str>> {
        None
    }
}

/// No complete answer arrived. After a write only another read shows what happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NoAnswer {
    /// In lower case, with the causes and without secrets.
    pub message: String,
    /// Whether the request certainly did not reach the service, because there was no connection.
    pub never_sent: bool,
}

/// The causes of an error, outermost first, without its URL. The outermost text and hyper's names
/// of stages are left out: they only say that there was an error.
fn causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut texts = Vec::new();
    let mut cause = std::error::Error::source(&error);
    while let Some(current) = cause {
        let text = current.to_string();
        // Wrappers often repeat the text of their cause.
        if !texts.contains(&text) && !text.starts_with("client error (") {
            texts.push(text);
        }
        cause = current.source();
    }
    if texts.is_empty() {
        error.to_string()
    } else {
        texts.join(": ")
    }
}
