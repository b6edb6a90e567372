//! The transport to an emulator in this process: no socket, no signature, the same answers.

use super::{Exchange, NoAnswer, Transport, sign::query_string};
use crate::{
    emulator::{Answer, Emulator, Request as EmulatorRequest, Response as EmulatorResponse},
    wire::{Request, Response},
};

/// Passes requests to an [`Emulator`].
#[derive(Debug, Clone)]
pub struct Emulated {
    emulator: Emulator,
}

impl Emulated {
    pub fn new(emulator: Emulator) -> Emulated {
        Emulated { emulator }
    }
}

impl Transport for Emulated {
    fn send<'a>(&'a self, request: &'a Request) -> Exchange<'a> {
        Box::pin(async move {
            match self.emulator.answer(converted(request)).await {
                Answer::Complete(answer) => {
                    tracing::debug!("{request}: {}", answer.status);
                    Ok(response(&answer))
                }
                // The emulator may have executed the request, as a real service may.
                Answer::Cut | Answer::Truncated(..) => {
                    let message =
                        "the connection was closed before the answer was complete".to_owned();
                    Err(NoAnswer {
                        message,
                        never_sent: false,
                    })
                }
                Answer::Never => std::future::pending().await,
            }
        })
    }
}

fn converted(request: &Request) -> EmulatorRequest {
    let query: Vec<(&str, &str)> = request
        .query
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    EmulatorRequest {
        region: request.region.to_string(),
        method: request.method.as_str().to_owned(),
        prefix: String::new(),
        path: request.path.clone(),
        query: query_string(&query),
        // As the HTTP transport sends it: it decides how the emulator reads the body.
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: request.body_text().unwrap_or_default().into_bytes(),
    }
}

fn response(answer: &EmulatorResponse) -> Response {
    let header = |name: &str| answer.header(name).map(str::to_owned);
    Response {
        status: answer.status,
        request_id: header("x-request-id"),
        request: None,
        retry_after: header("retry-after")
            .and_then(|seconds| seconds.parse().ok())
            .map(std::time::Duration::from_secs),
        content_range: header("content-range"),
        location: header("location"),
        date: header("date"),
        body: answer.body.clone(),
        mask: std::sync::Arc::default(),
    }
}
