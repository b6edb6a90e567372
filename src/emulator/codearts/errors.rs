//! Errors of CodeArts Repo and their bodies (`codearts-repo-api.md`, section 7).
//!
//! The texts of the three documented errors are verbatim. The page of the 403 calls its status "Bad
//! Request"; the emulator sends 403.

use serde_json::json;

use crate::emulator::{message::Response, settings::assumptions};

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
    /// Whether the body has the shape of versions 1 to 3.
    enveloped: bool,
    assumption: Option<&'static str>,
}

impl Refusal {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            enveloped: false,
            assumption: None,
        }
    }

    /// The error for an expired or invalid token.
    pub(super) fn expired() -> Self {
        Self::new(401, "DEV.00000003", "Authentication information expired.")
    }

    pub(super) fn forbidden() -> Self {
        Self::new(
            403,
            "CH.004403",
            "Insufficient permissions. Apply for the required permission and try again.",
        )
    }

    pub(super) fn repository_not_found() -> Self {
        Self::new(404, "CH.004404", "Repository Not Found")
    }

    pub(super) fn project_not_found() -> Self {
        Self::new(404, "CH.004404", "Project Not Found")
    }

    pub(super) fn invalid(message: &str) -> Self {
        Self::new(400, "CH.010001", format!("Invalid parameter: {message}"))
    }

    /// No published code means this: the code is made up, and a client must not depend on it.
    pub(super) fn conflict(message: &str) -> Self {
        Self::new(
            409,
            "CH.004999",
            format!("{message} (this code is made up)"),
        )
    }

    /// Marks a refusal that is an assumption, not documented.
    pub(super) fn assuming(mut self, name: &'static str) -> Self {
        self.assumption = Some(name);
        self
    }

    /// Gives the body the shape of versions 1 to 3.
    pub(super) fn enveloped(mut self) -> Self {
        self.enveloped = true;
        self
    }

    pub(super) fn response(&self) -> Response {
        let Self { code, message, .. } = self;
        let body = match self.enveloped {
            true => json!({ "error": { "code": code, "message": message }, "status": "failed" }),
            // Unlike the gateway's shape, it has no request id.
            false => json!({ "error_code": code, "error_msg": message }),
        };
        let response = Response::json(self.status, &body);
        match self.assumption {
            Some(name) => response.with_header(assumptions::HEADER, name),
            None => response,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_errors_are_verbatim() {
        for (refusal, status, text) in [
            (
                Refusal::expired(),
                401,
                r#"{"error_code":"DEV.00000003","error_msg":"Authentication information expired."}"#,
            ),
            (
                Refusal::forbidden(),
                403,
                r#"{"error_code":"CH.004403","error_msg":"Insufficient permissions. Apply for the required permission and try again."}"#,
            ),
            (
                Refusal::repository_not_found(),
                404,
                r#"{"error_code":"CH.004404","error_msg":"Repository Not Found"}"#,
            ),
        ] {
            let response = refusal.response();
            assert_eq!(
                (
                    response.status,
                    String::from_utf8(response.body).unwrap().as_str()
                ),
                (status, text)
            );
        }
    }

    #[test]
    fn older_versions_wrap_the_error() {
        let response = Refusal::invalid("page_size").enveloped().response();
        let expected = json!({
            "error": { "code": "CH.010001", "message": "Invalid parameter: page_size" },
            "status": "failed",
        });
        assert_eq!((response.status, response.value()), (400, expected));
    }
}
