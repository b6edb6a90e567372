//! Reads a complete answer, or the reason why there is none.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822};
use reqwest::header::{CONTENT_RANGE, DATE, HeaderMap, LOCATION, RETRY_AFTER};

use super::Timeouts;
use crate::{transport::NoAnswer, transport::causes, wire::Response};

/// Far above a full page of a list. The limit protects the memory.
const MAX_BODY: usize = 64 << 20;
/// Longer than any wait, and small enough to be added to any time.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads the body to its end: a truncated one could look like a shorter list.
pub(super) async fn read(
    host: &str,
    timeouts: &Timeouts,
    mut response: reqwest::Response,
) -> Result<Response, NoAnswer> {
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| no_answer(host, timeouts, error))?
    {
        // By what arrives: `Content-Length` can be missing or wrong.
        if body.len() + chunk.len() > MAX_BODY {
            let message = format!(
                "{host} answered {status} with more than {} MiB",
                MAX_BODY >> 20
            );
            return Err(NoAnswer {
                message,
                never_sent: false,
            });
        }
        body.extend_from_slice(&chunk);
    }
    let header = |name: &str| text(response.headers(), name);
    Ok(Response {
        status,
        request_id: header("x-request-id"),
        request: None,
        retry_after: header(RETRY_AFTER.as_str())
            .and_then(|value| retry_after(&value, Timestamp::now())),
        content_range: header(CONTENT_RANGE.as_str()),
        location: header(LOCATION.as_str()),
        date: header(DATE.as_str()),
        body,
        mask: std::sync::Arc::default(),
    })
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Seconds, or an HTTP date. A date in the past is a wait of zero.
fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let wait = match value.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = rfc2822::DateTimeParser::new()
                // A wrong weekday must not discard the wait.
                .relaxed_weekday(true)
                .parse_timestamp(value)
                .ok()?;
            Duration::try_from(at.duration_since(now)).unwrap_or_default()
        }
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

/// The error without a complete answer. Without a connection (refused, unresolved, TLS, refused by
/// a proxy) the request did not reach the service.
pub(super) fn no_answer(host: &str, timeouts: &Timeouts, error: reqwest::Error) -> NoAnswer {
    let never_sent = error.is_connect();
    let (connect, answer) = (timeouts.connect, timeouts.answer);
    let message = match (never_sent, error.is_timeout()) {
        (true, true) => format!("no connection to {host} within {connect:?}"),
        (true, false) => match causes(error) {
            problem if problem.contains("UnknownIssuer") => {
                format!(
                    "no connection to {host}: {problem}; `--ca-file` adds an authority to trust"
                )
            }
            problem => format!("no connection to {host}: {problem}"),
        },
        (false, true) => format!("no complete answer from {host} within {answer:?}"),
        (false, false) if error.is_body() || error.is_decode() => {
            format!(
                "the answer from {host} was truncated or invalid: {}",
                causes(error)
            )
        }
        (false, false) => format!("no answer from {host}: {}", causes(error)),
    };
    NoAnswer {
        message,
        never_sent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(value: &str) -> Option<u64> {
        let now = "1994-11-06T08:49:37Z".parse().unwrap();
        retry_after(value, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait(" 0 "), Some(0));
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:07 GMT"), Some(30));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:00 GMT"), Some(0));
        for nonsense in ["", "soon", "-1", "1.5"] {
            assert_eq!(wait(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_wait_has_a_limit() {
        assert_eq!(wait("18446744073709551615"), Some(86_400));
        assert_eq!(wait("Mon, 06 Nov 2094 08:49:37 GMT"), wait("86400"));
    }
}
