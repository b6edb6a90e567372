//! The error bodies and the `Retry-After` header with which a fault answers.
//!
//! The refusals of the emulated services themselves are in `message/refusal.rs`.

use jiff::{SignedDuration, Timestamp, fmt::rfc2822::DateTimePrinter};
use serde_json::json;

use crate::emulator::{message::Response, message::refusal::Refusal, settings::ErrorShape};

/// An error body.
#[derive(Debug, Clone, PartialEq)]
pub enum ErrorBody {
    /// Of the image service, in the shape of the settings. The first three of the seven digits of
    /// the code are the status.
    Service {
        /// The digits after `SVCSTG.SWR.`
        code: u32,
        /// The text for people.
        message: String,
    },
    /// Of the image service, in a fixed shape.
    Shaped {
        /// The shape.
        shape: ErrorShape,
        /// The digits after `SVCSTG.SWR.`
        code: u32,
        /// The text for people.
        message: String,
    },
    /// Of the gateway.
    Gateway {
        /// The HTTP status.
        status: u16,
        /// The digits after `APIGW.`
        code: String,
        /// The text for people.
        message: String,
    },
    /// Of CodeArts Repo.
    CodeArts {
        /// The shape.
        shape: CodeArtsShape,
        /// The HTTP status.
        status: u16,
        /// The whole code, such as `CH.004404`.
        code: String,
        /// The text for people.
        message: String,
    },
    /// Any other body, such as the HTML page of a proxy.
    Other {
        /// The HTTP status.
        status: u16,
        /// The `Content-Type` header; empty for none.
        content_type: String,
        /// The body.
        text: String,
    },
}

/// The two shapes of error bodies of CodeArts Repo (`codearts-repo-api.md`, section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeArtsShape {
    /// `{"error":{"code","message"},"status":"failed"}`: versions 1 to 3 of its API.
    V1,
    /// `{"error_code","error_msg"}`: version 4.
    V4,
}

/// When the client may retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// After this number of seconds.
    Seconds(u64),
    /// At a date, this number of seconds from now; a negative number is in the past.
    Date(i64),
}

impl ErrorBody {
    /// The status that comes with it.
    pub fn status(&self) -> u16 {
        match self {
            // Codes have seven digits, so the quotient has three.
            Self::Service { code, .. } | Self::Shaped { code, .. } => {
                u16::try_from(code / 10_000).unwrap_or(500)
            }
            Self::Gateway { status, .. }
            | Self::CodeArts { status, .. }
            | Self::Other { status, .. } => *status,
        }
    }

    pub(in super::super) fn response(&self, shape: ErrorShape, request_id: &str) -> Response {
        match self {
            Self::Service { code, message } => {
                Refusal::service(*code, message).response(shape, request_id)
            }
            Self::Shaped {
                shape,
                code,
                message,
            } => Refusal::service(*code, message).response(*shape, request_id),
            Self::Gateway {
                status,
                code,
                message,
            } => Refusal::gateway(*status, code, message).response(shape, request_id),
            Self::CodeArts {
                shape: CodeArtsShape::V1,
                status,
                code,
                message,
            } => Response::json(
                *status,
                &json!({ "error": { "code": code, "message": message }, "status": "failed" }),
            ),
            Self::CodeArts {
                shape: CodeArtsShape::V4,
                status,
                code,
                message,
            } => Response::json(
                *status,
                &json!({ "error_code": code, "error_msg": message }),
            ),
            Self::Other {
                status,
                content_type,
                text,
            } if content_type.is_empty() => Response {
                status: *status,
                body: text.clone().into_bytes(),
                ..Response::default()
            },
            Self::Other {
                status,
                content_type,
                text,
            } => Response::text(*status, content_type, text.as_str()),
        }
    }
}

impl RetryAfter {
    /// The value of the header.
    pub(in super::super) fn header(self, now: Timestamp) -> String {
        match self {
            Self::Seconds(seconds) => seconds.to_string(),
            Self::Date(seconds) => {
                let date = now
                    .checked_add(SignedDuration::from_secs(seconds))
                    .unwrap_or(now);
                // Printing fails only for a year that HTTP dates cannot express.
                let printed = DateTimePrinter::new().timestamp_to_rfc9110_string(&date);
                printed.unwrap_or_else(|_| seconds.max(0).to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_body_is_as_documented() {
        let message = || "no".to_owned();
        let one = json!({ "errorCode": "SVCSTG.SWR.4090023", "errorMessage": "no", "detail": "" });
        let code = || "CH.004404".to_owned();
        for (body, status, expected) in [
            (
                ErrorBody::Shaped {
                    shape: ErrorShape::A,
                    code: 4_090_023,
                    message: message(),
                },
                409,
                json!([one]),
            ),
            (
                ErrorBody::Shaped {
                    shape: ErrorShape::B,
                    code: 4_090_023,
                    message: message(),
                },
                409,
                json!({ "errors": [one] }),
            ),
            (
                ErrorBody::Gateway {
                    status: 429,
                    code: "0308".to_owned(),
                    message: message(),
                },
                429,
                json!({ "error_msg": "no", "error_code": "APIGW.0308", "request_id": "id-1" }),
            ),
            (
                ErrorBody::CodeArts {
                    shape: CodeArtsShape::V4,
                    status: 404,
                    code: code(),
                    message: message(),
                },
                404,
                json!({ "error_code": "CH.004404", "error_msg": "no" }),
            ),
            (
                ErrorBody::CodeArts {
                    shape: CodeArtsShape::V1,
                    status: 404,
                    code: code(),
                    message: message(),
                },
                404,
                json!({ "error": { "code": "CH.004404", "message": "no" }, "status": "failed" }),
            ),
        ] {
            let response = body.response(ErrorShape::C, "id-1");
            assert_eq!(
                (response.status, body.status(), response.value()),
                (status, status, expected)
            );
        }
    }

    #[test]
    fn a_body_without_a_content_type_has_no_header() {
        let body = ErrorBody::Other {
            status: 503,
            content_type: String::new(),
            text: String::new(),
        };
        let response = body.response(ErrorShape::C, "");
        assert_eq!((response.headers.len(), response.body.len()), (0, 0));
    }

    #[test]
    fn a_date_is_an_http_date() {
        let now: Timestamp = "2024-01-15T08:30:00Z".parse().unwrap();
        assert_eq!(RetryAfter::Seconds(7).header(now), "7");
        assert_eq!(
            RetryAfter::Date(90).header(now),
            "Mon, 15 Jan 2024 08:31:30 GMT"
        );
        assert_eq!(
            RetryAfter::Date(-30).header(now),
            "Mon, 15 Jan 2024 08:29:30 GMT"
        );
        assert_eq!(
            RetryAfter::Date(i64::MAX).header(now),
            "Mon, 15 Jan 2024 08:30:00 GMT"
        );
    }
}
