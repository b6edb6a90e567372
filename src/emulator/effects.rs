//! What a fault does to the request it strikes. Which request that is, `faults` decides.

use std::time::Duration;

use serde_json::Value;

use super::{
    api::Refusal,
    message::{Answer, Response},
    settings::ErrorShape,
};

/// What a fault does.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Answers with an error.
    Status {
        /// What the answer says.
        body: ErrorBody,
        /// Seconds for a `Retry-After` header.
        retry_after: Option<u64>,
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
    /// Closes the connection after so many bytes of the body, unless it is no longer than that; it was done.
    Truncate(usize),
    /// Answers late; it was done at once.
    Delay(Duration),
    /// Leaves so many items out at the end of a list, and says nothing about it.
    DropItems(usize),
}

/// The bodies in which errors come.
#[derive(Debug, Clone, PartialEq)]
pub enum ErrorBody {
    /// The service's, in the shape of the settings: seven digits, of which three are the status.
    Service {
        /// What follows `SVCSTG.SWR.`
        code: u32,
        /// For people.
        message: String,
    },
    /// The gateway's.
    Gateway {
        /// The HTTP status.
        status: u16,
        /// What follows `APIGW.`
        code: String,
        /// For people.
        message: String,
    },
    /// Anything else, such as the page of a proxy.
    Other {
        /// The HTTP status.
        status: u16,
        /// As in the header.
        content_type: String,
        /// As it is sent.
        text: String,
    },
}

impl Effect {
    fn status(body: ErrorBody) -> Self {
        Self::Status { body, retry_after: None, committed: false }
    }

    fn gateway(status: u16, code: &str, message: &str) -> Self {
        Self::status(ErrorBody::Gateway { status, code: code.to_owned(), message: message.to_owned() })
    }

    /// One of the service's own errors, such as `4090023`.
    pub fn service(code: u32, message: &str) -> Self {
        Self::status(ErrorBody::Service { code, message: message.to_owned() })
    }

    /// 429 of the gateway.
    pub fn throttled(retry_after: Option<u64>) -> Self {
        let message = "Throttling threshold has been reached: limit:1,time:1 minute".to_owned();
        let body = ErrorBody::Gateway { status: 429, code: "0308".to_owned(), message };
        Self::Status { body, retry_after, committed: false }
    }

    /// 401 of the gateway.
    pub fn unauthorized() -> Self {
        Self::gateway(401, "0301", "Incorrect IAM authentication information: token expires")
    }

    /// 403 of the service.
    pub fn forbidden() -> Self {
        Self::service(4_037_018, "No permission on the images of this organization")
    }

    /// The 404 of the gateway, which says nothing about the thing.
    pub fn gateway_not_found() -> Self {
        Self::gateway(404, "0101", "The API does not exist or has not been published in the environment")
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
            text: "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>".to_owned(),
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
    pub(super) fn prevents(&self) -> bool {
        matches!(self, Self::CutBefore | Self::HangBefore | Self::Status { committed: false, .. })
    }

    /// What becomes of the answer; the service's own is none where the effect prevented it.
    pub(super) fn answer(&self, response: Response, shape: ErrorShape, request_id: &str) -> Answer {
        match self {
            Self::CutBefore | Self::CutAfter => Answer::Cut,
            Self::HangBefore | Self::HangAfter => Answer::Never,
            Self::Truncate(bytes) if *bytes < response.body.len() => Answer::Truncated(response, *bytes),
            Self::Truncate(_) | Self::Delay(_) => Answer::Complete(response),
            Self::DropItems(items) => Answer::Complete(drop_items(response, *items)),
            Self::Status { body, retry_after, .. } => {
                let response = body.response(shape, request_id);
                Answer::Complete(match retry_after {
                    Some(seconds) => response.with_header("Retry-After", seconds.to_string()),
                    None => response,
                })
            }
        }
    }

    /// How much later the answer comes.
    pub(super) fn delay(&self) -> Duration {
        match self {
            Self::Delay(delay) => *delay,
            _ => Duration::ZERO,
        }
    }
}

impl ErrorBody {
    fn response(&self, shape: ErrorShape, request_id: &str) -> Response {
        match self {
            Self::Service { code, message } => Refusal::service(*code, message).response(shape, request_id),
            Self::Gateway { status, code, message } => {
                Refusal::gateway(*status, code, message).response(shape, request_id)
            }
            Self::Other { status, content_type, text } => Response::text(*status, content_type, text.as_str()),
        }
    }
}

/// The headers stay as they were, so that only the length of the list gives it away.
fn drop_items(response: Response, items: usize) -> Response {
    let mut body = response.value();
    let list = match &mut body {
        Value::Object(fields) => fields.get_mut("namespaces"),
        body => Some(body),
    };
    let Some(list) = list.and_then(Value::as_array_mut) else {
        return response;
    };
    list.truncate(list.len().saturating_sub(items));
    Response { body: body.to_string().into_bytes(), ..response }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_errors_have_their_status_and_code() {
        for (effect, status, code) in [
            (Effect::throttled(Some(3)), 429, "APIGW.0308"),
            (Effect::unauthorized(), 401, "APIGW.0301"),
            (Effect::gateway_not_found(), 404, "APIGW.0101"),
            (Effect::forbidden(), 403, "SVCSTG.SWR.4037018"),
            (Effect::internal(), 500, "SVCSTG.SWR.5001101"),
        ] {
            let retry_after = matches!(effect, Effect::Status { retry_after: Some(3), .. });
            let Answer::Complete(response) = effect.answer(Response::default(), ErrorShape::C, "id") else {
                panic!("an error is an answer")
            };
            assert_eq!((response.status, &response.value()["error_code"]), (status, &code.into()));
            assert_eq!(response.header("retry-after"), retry_after.then_some("3"));
        }
    }

    #[test]
    fn a_list_loses_its_last_items() {
        let array = Response::text(200, "application/json", "[1,2,3]").with_header("Content-Range", "0-3/3");
        let short = drop_items(array, 2);
        assert_eq!((short.value(), short.header("content-range")), (serde_json::json!([1]), Some("0-3/3")));
        let object = Response::text(200, "application/json", r#"{"namespaces":[1]}"#);
        assert_eq!(drop_items(object, 5).value(), serde_json::json!({ "namespaces": [] }));
        let other = Response::text(200, "application/json", r#"{"id":1}"#);
        assert_eq!(drop_items(other.clone(), 1), other);
    }
}
