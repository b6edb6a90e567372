//! The effect `status` with its fields.

use super::fields::Fields;
use crate::emulator::{
    faults::{
        bodies::{CodeArtsShape, ErrorBody, RetryAfter},
        effects::Effect,
    },
    settings::ErrorShape,
};

const BODIES: [&str; 10] = [
    "service",
    "service-a",
    "service-b",
    "service-c",
    "gateway",
    "codearts-v4",
    "codearts-v1",
    "empty",
    "text",
    "html",
];

const SERVICE: &str = "SVCSTG.SWR.";
const GATEWAY: &str = "APIGW.";

/// The default codes and messages of a body: a documented code for each status.
const CODES: [(&str, u16, &str, &str); 19] = [
    (SERVICE, 400, "4000014", "Invalid API parameter"),
    (SERVICE, 401, "4010000", "The token expires or is invalid"),
    (
        SERVICE,
        403,
        "4037018",
        "No permission on the images of this organization",
    ),
    (SERVICE, 404, "4040113", "The repository does not exist"),
    (SERVICE, 406, "4060012", "The repository holds images"),
    (SERVICE, 409, "4090023", "The system is busy"),
    (SERVICE, 413, "4131001", "The request body is too large"),
    (SERVICE, 500, "5001101", "Internal error"),
    (
        SERVICE,
        507,
        "5070070",
        "OBS is not available for the account",
    ),
    (GATEWAY, 400, "0201", "Bad request"),
    (
        GATEWAY,
        401,
        "0301",
        "Incorrect IAM authentication information: token expires",
    ),
    (
        GATEWAY,
        404,
        "0101",
        "The API does not exist or has not been published in the environment",
    ),
    (GATEWAY, 413, "0201", "The request body exceeds 12 MB"),
    (
        GATEWAY,
        429,
        "0308",
        "Throttling threshold has been reached: limit:1,time:1 minute",
    ),
    ("CH.", 400, "CH.010001", "Invalid parameter"),
    ("CH.", 401, "DEV.00000003", "The token has expired"),
    ("CH.", 403, "CH.004403", "Insufficient permission"),
    ("CH.", 404, "CH.004404", "Repository Not Found"),
    ("CH.", 500, "CH.000001", "Unknown error"),
];

/// The names of all bodies, for a message.
pub(super) fn bodies() -> String {
    BODIES.join(", ")
}

pub(super) fn read(fields: &mut Fields) -> Result<Effect, String> {
    // From 200 on: a 1xx has no body, and another answer has to follow it.
    let fits = |status: &u16| (200..600).contains(status);
    let status = fields
        .number("status", fits, "a number from 200 to 599")?
        .unwrap_or_default();
    let body = body(fields, status)?;
    let seconds = fields
        .number("retry-after", |_: &u64| true, "a number of seconds")?
        .map(RetryAfter::Seconds);
    // About 3,000 years: within the dates that can be computed.
    let fits = |seconds: &i64| seconds.unsigned_abs() < 100_000_000_000;
    let date = fields
        .number("retry-after-date", fits, "a number of seconds from now")?
        .map(RetryAfter::Date);
    if seconds.is_some() && date.is_some() {
        return Err(
            "`retry-after` and `retry-after-date` set the same header; expected one of them"
                .to_owned(),
        );
    }
    Ok(Effect::Status {
        body,
        retry_after: seconds.or(date),
        committed: fields.truth("committed")?,
    })
}

fn body(fields: &mut Fields, status: u16) -> Result<ErrorBody, String> {
    let name = fields
        .take("body")
        .unwrap_or_else(|| default_body(status).to_owned());
    let (code, message) = (fields.take("code"), fields.take("message"));
    let content_type = fields.take("content-type");
    let plain = ["empty", "text", "html"].contains(&name.as_str());
    let unused = match plain {
        true if code.is_some() => Some("code"),
        true if name == "empty" && message.is_some() => Some("message"),
        false if content_type.is_some() => Some("content-type"),
        _ => None,
    };
    if let Some(unused) = unused {
        return Err(format!("the body `{name}` has no `{unused}`"));
    }
    let code_and_message = |family: &str| {
        let known = CODES
            .iter()
            .find(|(of, at, ..)| *of == family && *at == status);
        let code = code.clone().or_else(|| Some(known?.2.to_owned()));
        let code = code.ok_or_else(|| {
            format!("the body `{name}` has no documented code for status {status}; add `code`")
        })?;
        Ok::<_, String>((
            code,
            message
                .clone()
                .unwrap_or_else(|| known.map_or("An error", |known| known.3).to_owned()),
        ))
    };
    let shaped = |shape: Option<ErrorShape>| {
        let (code, message) = code_and_message(SERVICE)?;
        let code = service_code(&code, status)?;
        Ok(match shape {
            Some(shape) => ErrorBody::Shaped {
                shape,
                code,
                message,
            },
            None => ErrorBody::Service { code, message },
        })
    };
    let codearts = |shape| {
        let (code, message) = code_and_message("CH.")?;
        Ok(ErrorBody::CodeArts {
            shape,
            status,
            code,
            message,
        })
    };
    let other = |default_type: &str, default_text: &str| ErrorBody::Other {
        status,
        content_type: content_type
            .clone()
            .unwrap_or_else(|| default_type.to_owned()),
        text: message.clone().unwrap_or_else(|| default_text.to_owned()),
    };
    match name.as_str() {
        "service" => shaped(None),
        "service-a" => shaped(Some(ErrorShape::A)),
        "service-b" => shaped(Some(ErrorShape::B)),
        "service-c" => shaped(Some(ErrorShape::C)),
        "gateway" => {
            let (code, message) = code_and_message(GATEWAY)?;
            // With or without the prefix, as in the documents and in `Effect`.
            let code = code.strip_prefix(GATEWAY).unwrap_or(&code).to_owned();
            Ok(ErrorBody::Gateway {
                status,
                code,
                message,
            })
        }
        "codearts-v4" => codearts(CodeArtsShape::V4),
        "codearts-v1" => codearts(CodeArtsShape::V1),
        "empty" => Ok(other("", "")),
        "text" => Ok(other(
            "text/plain",
            "upstream connect error or disconnect/reset before headers",
        )),
        "html" => Ok(other("text/html", &page(status))),
        _ => Err(format!(
            "unknown body `{name}`; expected one of {}",
            bodies()
        )),
    }
}

/// The body with which that status is usually sent: authentication and throttling are the gateway's
/// task, and a 502 to 504 comes from a proxy in front of it.
fn default_body(status: u16) -> &'static str {
    match status {
        401 | 429 => "gateway",
        502..=504 => "html",
        _ => "service",
    }
}

fn service_code(code: &str, status: u16) -> Result<u32, String> {
    let digits = code.strip_prefix(SERVICE).unwrap_or(code);
    let number = digits
        .parse::<u32>()
        .ok()
        .filter(|number| number / 10_000 == u32::from(status));
    number.ok_or_else(|| {
        format!(
            "`code` cannot be `{code}`: expected seven digits that begin with the status, {status}"
        )
    })
}

fn page(status: u16) -> String {
    let reason = match status {
        403 => " Forbidden",
        502 => " Bad Gateway",
        503 => " Service Unavailable",
        504 => " Gateway Timeout",
        _ => "",
    };
    format!(
        "<html><head><title>{status}{reason}</title></head><body>{status}{reason}</body></html>"
    )
}

/// The fields that describe the effect.
pub(super) fn fields(
    body: &ErrorBody,
    retry_after: Option<RetryAfter>,
    committed: bool,
) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("status", body.status().to_string()),
        ("body", name(body).to_owned()),
    ];
    match body {
        ErrorBody::Service { code, message } | ErrorBody::Shaped { code, message, .. } => {
            fields.extend([("code", code.to_string()), ("message", message.clone())]);
        }
        ErrorBody::Gateway { code, message, .. } | ErrorBody::CodeArts { code, message, .. } => {
            fields.extend([("code", code.clone()), ("message", message.clone())]);
        }
        ErrorBody::Other {
            text, content_type, ..
        } if name(body) != "empty" => {
            fields.extend([
                ("content-type", content_type.clone()),
                ("message", text.clone()),
            ]);
        }
        ErrorBody::Other { .. } => {}
    }
    match retry_after {
        Some(RetryAfter::Seconds(seconds)) => fields.push(("retry-after", seconds.to_string())),
        Some(RetryAfter::Date(seconds)) => fields.push(("retry-after-date", seconds.to_string())),
        None => {}
    }
    if committed {
        fields.push(("committed", "true".to_owned()));
    }
    fields
}

fn name(body: &ErrorBody) -> &'static str {
    match body {
        ErrorBody::Service { .. } => "service",
        ErrorBody::Shaped {
            shape: ErrorShape::A,
            ..
        } => "service-a",
        ErrorBody::Shaped {
            shape: ErrorShape::B,
            ..
        } => "service-b",
        ErrorBody::Shaped {
            shape: ErrorShape::C,
            ..
        } => "service-c",
        ErrorBody::Gateway { .. } => "gateway",
        ErrorBody::CodeArts {
            shape: CodeArtsShape::V4,
            ..
        } => "codearts-v4",
        ErrorBody::CodeArts {
            shape: CodeArtsShape::V1,
            ..
        } => "codearts-v1",
        ErrorBody::Other {
            text, content_type, ..
        } if text.is_empty() && content_type.is_empty() => "empty",
        ErrorBody::Other { content_type, .. } if content_type.starts_with("text/html") => "html",
        ErrorBody::Other { .. } => "text",
    }
}
