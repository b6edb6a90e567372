//! Refusals and the bodies in which they are said (`swr-api.md`, section 4).
//!
//! The service has used three shapes for its own, the gateway before it a fourth.

use serde_json::{Value, json};

use crate::emulator::{
    message::Response,
    settings::{ErrorShape, assumptions},
};

/// Why a request was not done.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Refusal {
    status: u16,
    code: String,
    message: String,
    gateway: bool,
    assumption: Option<&'static str>,
}

impl Refusal {
    /// The service's: the first three digits of a code are its status.
    pub(in super::super) fn service(code: u32, message: impl Into<String>) -> Self {
        // Codes have seven digits, so that the quotient has three.
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

    /// The gateway's: the request never reached the service.
    pub(in super::super) fn gateway(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: format!("APIGW.{code}"),
            message: message.into(),
            gateway: true,
            assumption: None,
        }
    }

    /// What a path without an operation gets. It says nothing about whether the thing exists.
    pub(in super::super) fn no_route() -> Self {
        Self::gateway(
            404,
            "0101",
            "The API does not exist or has not been published in the environment",
        )
    }

    /// What a missing or wrong signature gets.
    pub(in super::super) fn unauthorized(reason: &str) -> Self {
        Self::gateway(
            401,
            "0301",
            format!("Incorrect IAM authentication information: {reason}"),
        )
    }

    /// Marks a refusal that no document promises.
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
                let mut body = json!({ "errors": errors, "error_code": code, "error_msg": message, "details": details });
                // Present on authorisation failures only; the service encodes it, so that nobody
                // can rely on it.
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
    fn each_shape_says_the_same() {
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
    fn the_gateway_has_a_shape_of_its_own() {
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
