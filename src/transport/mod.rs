//! The door to the services: sends a [`Request`] and brings a [`Response`] back.
//!
//! What a request means is not known here. Every implementation answers with `Err` only when no
//! complete answer arrived, so that a caller knows: whatever the server did, it may have done it.

pub mod budget;
pub mod client;
pub mod concurrency;
pub mod credentials;
pub mod emulated;
pub mod endpoint;
mod gate;
pub mod http;
pub mod pace;
mod retry;
pub mod roots;
pub mod sign;
pub mod trace;

use std::{future::Future, pin::Pin};

use crate::wire::{Request, Response};

/// The future of one exchange.
pub type Exchange<'a> = Pin<Box<dyn Future<Output = Result<Response, NoAnswer>> + Send + 'a>>;

/// A wait for one's turn.
pub type Turn<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Sends one request, once: no retries, no interpretation.
pub trait Transport: Send + Sync {
    /// Ends when the request may be sent. Whoever waits here is not in flight yet.
    fn ready<'a>(&'a self, _request: &'a Request) -> Turn<'a> {
        Box::pin(std::future::ready(()))
    }

    fn send<'a>(&'a self, request: &'a Request) -> Exchange<'a>;
}

/// No complete answer arrived. For a write only a re-read tells what happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NoAnswer {
    /// Lower case, with the causes, and without anything secret.
    pub message: String,
    /// Whether the request certainly did not reach the service (no connection was made).
    pub never_sent: bool,
}

/// The causes of an error, outermost first, without its URL and without the texts that only say "an
/// error": the outermost one, and hyper's name for the stage.
fn causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut texts = Vec::new();
    let mut cause = std::error::Error::source(&error);
    while let Some(current) = cause {
        let text = current.to_string();
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
