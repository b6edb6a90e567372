//! Error responses and their bodies (`swr-api.md`, section 4).
//!
//! The service has used three shapes of error bodies, and the gateway uses a fourth.

use serde_json::{Value, json};

use crate::emulator::{
    message::Response,
    settings::{ErrorShape, assumptions},
};

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Refusal {
    status: u16,
    code: String,
    message: String,
    gateway: bool,
    assumption: Option<&'static str>,
}

impl Refusal {
    /// An error of the service. The first three digits of its code are the status.
    pub(in super::super) fn service(code: u32, message: impl Into<String>) -> Self {
        // Codes have seven digits, so the quotient has three.
        let status = u16::try_from(code / 10_000).unwrap_or(500);
        let code = format!("SVCSTG.SWR.{code}");
        Self {
            status,
            code,
            message: message.into(),
            gateway: false,
            assumption: None,
        }
    }

    /// An error of the gateway: the request did not reach the service.
    pub(in super::super) fn gateway(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: format!("APIGW.{code}"),
            message: message.into(),
            gateway: true,
            assumption: None,
        }
    }

    /// The error for a path without an operation. It does not mean that the object is absent.
    pub(in super::super) fn no_route() -> Self {
        Self::gateway(
            404,
            "0101",
            "The API does not exist or has not been published in the environment",
        )
    }

    /// The error for a missing or wrong signature.
    pub(in super::super) fn unauthorized(reason: &str) -> Self {
        Self::gateway(
            401,
            "0301",
            format!("Incorrect IAM authentication information: {reason}"),
        )
    }

    /// Marks a refusal that is an assumption, not documented.
    pub(in super::super) fn assuming(mut self, name: &'static str) -> Self {
        self.assumption = Some(name);
        self
    }

    pub(in super::super) fn response(&self, shape: ErrorShape, request_id: &str) -> Response {
        let body = if self.gateway {
            json!({ "error_msg": self.message, "error_code": self.code, "request_id": request_id })
        } else {
            self.service_body(shape)
        };
        let response = Response::json(self.status, &body);
        match self.assumption {
            Some(name) => response.with_header(assumptions::HEADER, name),
            None => response,
        }
    }

    fn service_body(&self, shape: ErrorShape) -> Value {
        let Self { code, message, .. } = self;
        let errors = json!([{ "errorCode": code, "errorMessage": message, "detail": "" }]);
        match shape {
            ErrorShape::A => errors,
            ErrorShape::B => json!({ "errors": errors }),
            ErrorShape::C => {
                let details = json!([{ "error_code": code, "error_msg": message }]);
                let mut body = json!({
                   "errors": errors,
                   "error_code": code,
                   "error_msg": message,
                   "details": details,
                });
                // Present on authorisation failures only (section 4.1). The real value is opaque
                // too, so a client must not depend on it.
                if self.status == 403 {
                    body["encoded_authorization_message"] = json!("ZW11bGF0b3I=");
                }
                body
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(refusal: &Refusal, shape: ErrorShape, status: u16, body: &Value) {
        let response = refusal.response(shape, "id-1");
        assert_eq!((response.status, &response.value()), (status, body));
    }

    #[test]
    fn each_shape_has_the_same_code_and_message() {
        let refusal = Refusal::service(4_090_060, "taken");
        let one =
            json!({ "errorCode": "SVCSTG.SWR.4090060", "errorMessage": "taken", "detail": "" });
        check(&refusal, ErrorShape::A, 409, &json!([one]));
        check(&refusal, ErrorShape::B, 409, &json!({ "errors": [one] }));
        let both = json!({
            "errors": [one],
            "error_code": "SVCSTG.SWR.4090060",
            "error_msg": "taken",
            "details": [{ "error_code": "SVCSTG.SWR.4090060", "error_msg": "taken" }],
        });
        check(&refusal, ErrorShape::C, 409, &both);
    }

    #[test]
    fn the_gateway_has_its_own_shape() {
        let body = json!({ "error_msg": "slow", "error_code": "APIGW.0308", "request_id": "id-1" });
        for shape in [ErrorShape::A, ErrorShape::B, ErrorShape::C] {
            check(&Refusal::gateway(429, "0308", "slow"), shape, 429, &body);
        }
    }

    #[test]
    fn only_missing_rights_carry_the_encoded_message() {
        let has = |code| {
            let body = Refusal::service(code, "")
                .response(ErrorShape::C, "")
                .value();
            body.get("encoded_authorization_message").is_some()
        };
        assert!(has(4_037_018) && !has(4_040_113));
    }
}
