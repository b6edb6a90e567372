//! What a fault does to a request that it strikes. `faults` selects the requests.

use std::{borrow::Cow, time::Duration};

use jiff::Timestamp;

use crate::emulator::{
    faults::{
        bodies::{CodeArtsShape, ErrorBody, RetryAfter},
        pages,
        stranger::Edit,
    },
    message::{Answer, Request, Response},
    settings::ErrorShape,
    state::jobs::JobEnding,
};

/// What a fault does to a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Answers with an error.
    Status {
        /// The status and the body.
        body: ErrorBody,
        /// The `Retry-After` header.
        retry_after: Option<RetryAfter>,
        /// Whether the service executed the request.
        committed: bool,
    },
    /// Closes the connection without an answer; the request is not executed.
    CutBefore,
    /// Closes the connection without an answer; the request is executed.
    CutAfter,
    /// Never answers; the request is not executed.
    HangBefore,
    /// Never answers; the request is executed.
    HangAfter,
    /// Closes the connection after this number of bytes of the body, if the body is longer; the
    /// request is executed.
    Truncate(usize),
    /// Answers late; the request is executed at once.
    Delay(Duration),
    /// Omits this number of items at the end of a list. The totals stay.
    DropItems(usize),
    /// Omits this number of items at the beginning of a list. The totals stay.
    DropFirst(usize),
    /// Answers with the previous page; requests for a first page are not struck.
    RepeatPage,
    /// Adds this number to the total of a list.
    WrongTotal(i64),
    /// Answers a read from a past state; a read that would see the current state is not struck.
    Stale(Lag),
    /// Makes an edit of another client right before the request, which is then served as usual.
    Stranger(Edit),
    /// Ends a job without a copy. It strikes jobs when they end, and no requests.
    Job(JobEnding),
}

/// How far a read lags behind the writes. Only writes after the fault was added count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lag {
    /// It does not see the last writes, as many as this.
    Writes(usize),
    /// It does not see a write until this number of matching reads came after it.
    Reads(usize),
}

impl Effect {
    fn status(body: ErrorBody) -> Self {
        Self::Status {
            body,
            retry_after: None,
            committed: false,
        }
    }

    fn gateway(status: u16, code: &str, message: &str) -> Self {
        Self::status(ErrorBody::Gateway {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
        })
    }

    /// An error of the image service, such as `4090023`.
    pub fn service(code: u32, message: &str) -> Self {
        Self::status(ErrorBody::Service {
            code,
            message: message.to_owned(),
        })
    }

    /// The 429 of the gateway.
    pub fn throttled(retry_after: Option<u64>) -> Self {
        let message = "Throttling threshold has been reached: limit:1,time:1 minute".to_owned();
        let body = ErrorBody::Gateway {
            status: 429,
            code: "0308".to_owned(),
            message,
        };
        Self::Status {
            body,
            retry_after: retry_after.map(RetryAfter::Seconds),
            committed: false,
        }
    }

    /// The 401 of the gateway.
    pub fn unauthorized() -> Self {
        Self::gateway(
            401,
            "0301",
            "Incorrect IAM authentication information: token expires",
        )
    }

    /// The 401 of the image service, in the shape of the settings.
    pub fn expired_token() -> Self {
        Self::service(4_010_000, "The token expires or is invalid")
    }

    /// The 401 of CodeArts Repo.
    pub fn codearts_expired_token(shape: CodeArtsShape) -> Self {
        let (code, message) = (
            "DEV.00000003".to_owned(),
            "The token has expired".to_owned(),
        );
        Self::status(ErrorBody::CodeArts {
            shape,
            status: 401,
            code,
            message,
        })
    }

    /// A 403 of the image service.
    pub fn forbidden() -> Self {
        Self::service(
            4_037_018,
            "No permission on the images of this organization",
        )
    }

    /// The 404 of the gateway for an unknown path. It does not mean that the object is absent.
    pub fn gateway_not_found() -> Self {
        Self::gateway(
            404,
            "0101",
            "The API does not exist or has not been published in the environment",
        )
    }

    /// A 500 of the image service.
    pub fn internal() -> Self {
        Self::service(5_001_101, "Internal error")
    }

    /// The HTML page of a proxy that cannot reach the service.
    pub fn html_502() -> Self {
        Self::status(ErrorBody::Other {
            status: 502,
            content_type: "text/html".to_owned(),
            text: "<html><head><title>502 Bad Gateway</title></head><body>502 Bad \
                Gateway</body></html>"
                .to_owned(),
        })
    }

    /// The same error after the service has executed the request.
    pub fn after_commit(mut self) -> Self {
        if let Self::Status { committed, .. } = &mut self {
            *committed = true;
        }
        self
    }

    /// Whether the request does not reach the service.
    pub(in super::super) fn prevents_request(&self) -> bool {
        matches!(
            self,
            Self::CutBefore
                | Self::HangBefore
                | Self::Status {
                    committed: false,
                    ..
                }
        )
    }

    /// Whether the effect is possible for that request.
    pub(in super::super) fn applies_to(&self, request: &Request) -> bool {
        match self {
            // A first page has no page before it, and must not use up the fault.
            Self::RepeatPage => pages::previous_page(request).is_some(),
            Self::Job(_) => false,
            // A write acts on the current state in any case.
            Self::Stale(_) => request.method == "GET",
            _ => true,
        }
    }

    /// The request that the service gets.
    pub(in super::super) fn changed_request<'a>(&self, request: &'a Request) -> Cow<'a, Request> {
        match self {
            Self::RepeatPage => {
                pages::previous_page(request).map_or(Cow::Borrowed(request), Cow::Owned)
            }
            _ => Cow::Borrowed(request),
        }
    }

    /// The answer that is sent. `response` is empty if the request did not reach the service.
    pub(in super::super) fn answer(
        &self,
        response: Response,
        shape: ErrorShape,
        request_id: &str,
        now: Timestamp,
    ) -> Answer {
        match self {
            Self::CutBefore | Self::CutAfter => Answer::Cut,
            Self::HangBefore | Self::HangAfter => Answer::Never,
            // A client could not notice a cut after the end of the body.
            Self::Truncate(bytes) if *bytes < response.body.len() => {
                Answer::Truncated(response, *bytes)
            }
            Self::DropItems(items) => Answer::Complete(pages::drop_items(response, *items)),
            Self::DropFirst(items) => Answer::Complete(pages::drop_first(response, *items)),
            Self::WrongTotal(by) => Answer::Complete(pages::wrong_total(response, *by)),
            Self::Truncate(_)
            | Self::Delay(_)
            | Self::RepeatPage
            | Self::Stale(_)
            | Self::Stranger(_)
            | Self::Job(_) => Answer::Complete(response),
            Self::Status {
                body, retry_after, ..
            } => {
                let response = body.response(shape, request_id);
                Answer::Complete(match retry_after {
                    Some(retry_after) => {
                        response.with_header("Retry-After", retry_after.header(now))
                    }
                    None => response,
                })
            }
        }
    }

    /// The additional delay of the answer.
    pub(in super::super) fn delay(&self) -> Duration {
        match self {
            Self::Delay(delay) => *delay,
            _ => Duration::ZERO,
        }
    }

    /// Its name on the command line and in the journal.
    pub(in super::super) fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::CutBefore => "cut-before",
            Self::CutAfter => "cut-after",
            Self::HangBefore => "hang-before",
            Self::HangAfter => "hang-after",
            Self::Truncate(_) => "truncate",
            Self::Delay(_) => "delay",
            Self::DropItems(_) => "drop-items",
            Self::DropFirst(_) => "drop-first",
            Self::RepeatPage => "repeat-page",
            Self::WrongTotal(_) => "wrong-total",
            Self::Stale(Lag::Writes(_)) => "stale-writes",
            Self::Stale(Lag::Reads(_)) => "stale-reads",
            Self::Stranger(_) => "stranger",
            Self::Job(_) => "job",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_errors_have_their_status_and_code() {
        for (effect, status, code) in [
            (Effect::throttled(Some(3)), 429, "APIGW.0308"),
            (Effect::unauthorized(), 401, "APIGW.0301"),
            (Effect::expired_token(), 401, "SVCSTG.SWR.4010000"),
            (
                Effect::codearts_expired_token(CodeArtsShape::V4),
                401,
                "DEV.00000003",
            ),
            (Effect::gateway_not_found(), 404, "APIGW.0101"),
            (Effect::forbidden(), 403, "SVCSTG.SWR.4037018"),
            (Effect::internal(), 500, "SVCSTG.SWR.5001101"),
        ] {
            let retry_after = matches!(
                effect,
                Effect::Status {
                    retry_after: Some(RetryAfter::Seconds(3)),
                    ..
                }
            );
            let answer = effect.answer(
                Response::default(),
                ErrorShape::C,
                "id",
                Timestamp::UNIX_EPOCH,
            );
            let Answer::Complete(response) = answer else {
                panic!("an error is an answer")
            };
            assert_eq!(
                (response.status, &response.value()["error_code"]),
                (status, &code.into())
            );
            assert_eq!(response.header("retry-after"), retry_after.then_some("3"));
        }
    }
}
