//! What a fault does to the request it strikes. Which request that is, `faults` decides.

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
};

/// What a fault does.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Answers with an error.
    Status {
        /// What the answer says.
        body: ErrorBody,
        /// What a `Retry-After` header says.
        retry_after: Option<RetryAfter>,
        /// Whether the service did what it was asked before the answer was lost.
        committed: bool,
    },
    /// Closes the connection without an answer; nothing was done.
    CutBefore,
    /// Closes the connection without an answer; it was done.
    CutAfter,
    /// Never answers; nothing was done.
    HangBefore,
    /// Never answers; it was done.
    HangAfter,
    /// Closes the connection after so many bytes of the body, unless it is no longer than that; it
    /// was done.
    Truncate(usize),
    /// Answers late; it was done at once.
    Delay(Duration),
    /// Leaves so many items out at the end of a list, and says nothing about it.
    DropItems(usize),
    /// Answers with the page before the one that is asked for; a request for a first page is not
    /// struck.
    RepeatPage,
    /// Says that a list has so many items more than it has, or fewer.
    WrongTotal(i64),
    /// Answers a read from a state of the past; one that would see the present is not struck.
    Stale(Lag),
    /// Somebody else does something right before the request, which is then served as usual.
    Stranger(Edit),
}

/// How far a read lags behind the writes. Only those count that came after the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lag {
    /// It does not see the last so many of them.
    Writes(usize),
    /// It does not see a write until so many reads that match have passed since.
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

    /// One of the service's own errors, such as `4090023`.
    pub fn service(code: u32, message: &str) -> Self {
        Self::status(ErrorBody::Service {
            code,
            message: message.to_owned(),
        })
    }

    /// 429 of the gateway.
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

    /// 401 of the gateway.
    pub fn unauthorized() -> Self {
        Self::gateway(
            401,
            "0301",
            "Incorrect IAM authentication information: token expires",
        )
    }

    /// 401 of the image service, in the shape of the settings.
    pub fn expired_token() -> Self {
        Self::service(4_010_000, "The token expires or is invalid")
    }

    /// 401 of the git service.
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

    /// 403 of the service.
    pub fn forbidden() -> Self {
        Self::service(
            4_037_018,
            "No permission on the images of this organization",
        )
    }

    /// The 404 of the gateway, which says nothing about the thing.
    pub fn gateway_not_found() -> Self {
        Self::gateway(
            404,
            "0101",
            "The API does not exist or has not been published in the environment",
        )
    }

    /// 500 of the service.
    pub fn internal() -> Self {
        Self::service(5_001_101, "Internal error")
    }

    /// The HTML page of a proxy whose upstream is gone.
    pub fn html_502() -> Self {
        Self::status(ErrorBody::Other {
            status: 502,
            content_type: "text/html".to_owned(),
            text: "<html><head><title>502 Bad Gateway</title></head><body>502 Bad \
                Gateway</body></html>"
                .to_owned(),
        })
    }

    /// The same error, except that the service did what it was asked.
    pub fn after_commit(mut self) -> Self {
        if let Self::Status { committed, .. } = &mut self {
            *committed = true;
        }
        self
    }

    /// Whether the request never gets as far as the service.
    pub(in super::super) fn prevents(&self) -> bool {
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

    /// Whether it can happen to that request at all.
    pub(in super::super) fn concerns(&self, request: &Request) -> bool {
        match self {
            Self::RepeatPage => pages::page_before(request).is_some(),
            Self::Stale(_) => request.method == "GET",
            _ => true,
        }
    }

    /// What the service is asked instead.
    pub(in super::super) fn replaces<'a>(&self, request: &'a Request) -> Cow<'a, Request> {
        let other = match self {
            Self::RepeatPage => pages::page_before(request),
            _ => None,
        };
        other.map_or(Cow::Borrowed(request), Cow::Owned)
    }

    /// What becomes of the answer; the service's own is empty where the effect prevented it.
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
            Self::Truncate(bytes) if *bytes < response.body.len() => {
                Answer::Truncated(response, *bytes)
            }
            Self::DropItems(items) => Answer::Complete(pages::drop_items(response, *items)),
            Self::WrongTotal(by) => Answer::Complete(pages::wrong_total(response, *by)),
            Self::Truncate(_)
            | Self::Delay(_)
            | Self::RepeatPage
            | Self::Stale(_)
            | Self::Stranger(_) => Answer::Complete(response),
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

    /// How much later the answer comes.
    pub(in super::super) fn delay(&self) -> Duration {
        match self {
            Self::Delay(delay) => *delay,
            _ => Duration::ZERO,
        }
    }

    /// What it is called on the command line and in the journal.
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
            Self::RepeatPage => "repeat-page",
            Self::WrongTotal(_) => "wrong-total",
            Self::Stale(Lag::Writes(_)) => "stale-writes",
            Self::Stale(Lag::Reads(_)) => "stale-reads",
            Self::Stranger(_) => "stranger",
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
