//! The class of an answer, and the error in its body. Both depend on the answer only, not on the
//! request.
//!
//! The services and the gateway have several shapes of errors, and a web filter may answer in HTML.
//! All of them can be read, without failing. The caller decides what to do about a class.

use std::fmt;

use serde_json::Value;

use super::Response;
use crate::mask::{Foreign, Mask};

/// How much of an unreadable body a message shows.
const MAX_BODY_SHOWN: usize = 200;
/// How much of the service's message is shown.
const MAX_MESSAGE: usize = 600;

/// The class of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Any 2xx: the API is not consistent about which one.
    Success,
    /// The object does not exist. A wrong path is not in this class, although the gateway answers
    /// it with 404 as well.
    Absent,
    /// The rate limit, or the service is busy. The request was not executed.
    Throttled,
    /// The credentials are not accepted.
    Unauthorized,
    /// The credentials lack a permission.
    Forbidden,
    /// The object exists already.
    Conflict,
    /// Any other definite refusal.
    Refused,
    /// 502, 503 and 504: a proxy or gateway could not reach the service, or got no answer in time.
    Unavailable,
    /// Any other 5xx.
    ServerError,
}

const CODES: &str = "SVCSTG.SWR.";
/// "URL not found": the path is wrong, so the object is not known to be absent.
const URL_NOT_FOUND: &str = "SVCSTG.SWR.4040083";
const SLOW_DOWN: [&str; 2] = ["SVCSTG.SWR.4031032", "SVCSTG.SWR.4031042"];
const BUSY: &str = "SVCSTG.SWR.4090023";
/// "The throttling threshold has been reached", by the gateway with any status.
const GATEWAY_SLOW_DOWN: [&str; 2] = ["APIG.0308", "APIGW.0308"];
/// "Token not obtainable from context": an authentication failure, although its status is 400.
const NO_TOKEN: &str = "SVCSTG.SWR.4001048";

/// CodeArts Repo: the repository does not exist, or the caller may not see it.
const REPOSITORY_NOT_FOUND: [&str; 2] = ["CH.004404", "CH.000404"];
/// CodeArts Repo: no permission in the repository. Its status is 401, but the credentials are
/// valid.
const NO_PERMISSION: &str = "CH.080401";

/// Classifies an answer. `absent_codes` are codes of a 400 that mean "absent" for this request
/// only, such as those of some deletions.
pub fn classify(response: &Response, absent_codes: &[&str]) -> Class {
    if (200..300).contains(&response.status) {
        return Class::Success;
    }
    let code = ApiError::read(response).code;
    let code = code.as_deref().unwrap_or_default();
    match response.status {
        429 => Class::Throttled,
        // Before the rules for single statuses: the gateway sends these codes with several.
        400.. if GATEWAY_SLOW_DOWN.contains(&code) => Class::Throttled,
        // SWR itself reports its rate limit as a 403, and "system busy" as a 409 (swr-api: 4.3).
        403 if SLOW_DOWN.contains(&code) => Class::Throttled,
        409 if code == BUSY => Class::Throttled,
        400 if absent_codes.contains(&code) => Class::Absent,
        404 if is_absence(code) => Class::Absent,
        // Before the other 401: refused credentials end the whole command, and these are valid.
        401 if code == NO_PERMISSION => Class::Forbidden,
        401 => Class::Unauthorized,
        400 if code == NO_TOKEN => Class::Unauthorized,
        403 => Class::Forbidden,
        409 => Class::Conflict,
        502..=504 => Class::Unavailable,
        500.. => Class::ServerError,
        _ => Class::Refused,
    }
}

/// Whether a 404 means that the object is absent. This needs a code of the service: the gateway's
/// `APIGW.0101` means that the path does not exist.
fn is_absence(code: &str) -> bool {
    let of_swr = code
        .strip_prefix(CODES)
        .is_some_and(|digits| digits.starts_with("404"));
    (of_swr && code != URL_NOT_FOUND) || REPOSITORY_NOT_FOUND.contains(&code)
}

/// The error of an answer, as far as it can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    pub status: u16,
    /// `SVCSTG.SWR.4040113`, or the gateway's `APIGW.0101`.
    pub code: Option<Foreign>,
    /// The service's message, or a description of a body without one.
    pub message: Option<Foreign>,
    pub request_id: Option<Foreign>,
    /// The method and the path of the request, which the client adds.
    pub request: Option<String>,
    /// The right that the request needs, which the client adds.
    pub right: Option<&'static str>,
}

impl std::error::Error for ApiError {}

impl fmt::Display for ApiError {
    /// `404 APIGW.0101: API not published (GET /v2/manage/repos, request id 9f3c)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        match (&self.request, &self.request_id) {
            (Some(request), Some(id)) => write!(f, " ({request}, request id {id})"),
            (Some(request), None) => write!(f, " ({request})"),
            (None, Some(id)) => write!(f, " (request id {id})"),
            (None, None) => Ok(()),
        }
    }
}

impl ApiError {
    /// Reads the error of an answer. A success usually has neither code nor message.
    pub fn read(response: &Response) -> Self {
        let mut error = ApiError {
            status: response.status,
            code: None,
            message: None,
            request_id: response
                .request_id
                .as_deref()
                .map(|id| Foreign::new(&response.mask, id, MAX_BODY_SHOWN)),
            request: None,
            right: None,
        };
        // The target is shown, because a redirect usually means a wrong endpoint or a login page.
        if let Some(location) = response.location.as_deref().filter(|_| error.is_redirect()) {
            let target = Foreign::new(&response.mask, without_secrets(location), MAX_BODY_SHOWN);
            error.message = Some(Foreign::quoted("a redirect to", &target));
            return error;
        }
        match serde_json::from_slice::<Value>(&response.body) {
            Ok(body) => error.fill(&body, response),
            Err(_) => error.message = Some(describe(&response.body, &response.mask)),
        }
        error
    }

    /// Whether the answer is a redirect. The services never send one.
    pub(crate) fn is_redirect(&self) -> bool {
        (300..400).contains(&self.status)
    }

    /// Tries the shapes in this order: the service's list, the gateway's flat object, a bare list
    /// (older regions), a flat object in the service's spelling, the nested object of CodeArts'
    /// older versions.
    fn fill(&mut self, body: &Value, response: &Response) {
        let printable = |text: &str, most: usize| Foreign::new(&response.mask, text, most);
        let (listed, bare, nested) = (&body["errors"][0], &body[0], &body["error"]);
        self.code = text(&listed["errorCode"])
            .or_else(|| text(&body["error_code"]))
            .or_else(|| text(&bare["errorCode"]))
            .or_else(|| text(&body["errorCode"]))
            .or_else(|| text(&nested["code"]))
            .map(|code| printable(code, MAX_BODY_SHOWN));
        self.message = text(&listed["errorMessage"])
            .or_else(|| text(&body["error_msg"]))
            .or_else(|| text(&bare["errorMessage"]))
            .or_else(|| text(&body["errorMessage"]))
            .or_else(|| text(&nested["message"]))
            .map(|message| printable(message, MAX_MESSAGE));
        // The header goes first: bodies of the service have no request id, only those of the
        // gateway do.
        if self.request_id.is_none() {
            self.request_id = text(&body["request_id"]).map(|id| printable(id, MAX_BODY_SHOWN));
        }
        if self.code.is_none() && self.message.is_none() {
            let shown = Foreign::body(&response.mask, &response.body, MAX_BODY_SHOWN);
            self.message = Some(Foreign::described("JSON without an error code", &shown));
        }
    }
}

/// A URL without its query and login, which may be secret.
fn without_secrets(location: &str) -> &str {
    let location = location.split(['?', '#']).next().unwrap_or_default();
    let host = location.find("//").map_or(0, |at| at + 2);
    let authority = location[host..].split('/').next().unwrap_or_default();
    authority
        // The last one, because a password may contain an `@`.
        .rfind('@')
        .map_or(location, |at| &location[host + at + 1..])
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// Describes a body that is not JSON: gateways and web filters answer in HTML, proxies with a line
/// of text.
fn describe(body: &[u8], mask: &Mask) -> Foreign {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() {
        return Foreign::ours("an empty body");
    }
    let start: String = text
        .chars()
        .take(MAX_BODY_SHOWN)
        .collect::<String>()
        .to_ascii_lowercase();
    if start.starts_with("<!doctype html") || start.contains("<html") {
        let ours = "HTML instead of JSON";
        let title = title(text).map(|title| Foreign::new(mask, title, MAX_BODY_SHOWN));
        return title.map_or_else(
            || Foreign::ours(ours),
            |title| Foreign::described(ours, &title),
        );
    }
    Foreign::described(
        "text instead of JSON",
        &Foreign::body(mask, text.as_bytes(), MAX_BODY_SHOWN),
    )
}

fn title(html: &str) -> Option<&str> {
    // ASCII case folding keeps all byte positions.
    let folded = html.to_ascii_lowercase();
    let start = folded.find("<title>")? + "<title>".len();
    let end = start + folded[start..].find("</title>")?;
    Some(html[start..end].trim()).filter(|title| !title.is_empty())
}

#[cfg(test)]
mod tests;
