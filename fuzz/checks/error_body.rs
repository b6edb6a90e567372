//! Answers with arbitrary statuses and bodies: each has a class and a message of one line and of
//! bounded length.

use portolan::wire::{
    Response,
    error::{ApiError, Class, classify},
};

/// More than the longest message with its code, id and escapes.
const LONGEST: usize = 20_000;

pub(crate) fn check(bytes: &[u8]) {
    let [high, low, body @ ..] = bytes else {
        return;
    };
    let response = Response {
        status: 100 + u16::from_be_bytes([*high, *low]) % 500,
        request_id: Some(String::from_utf8_lossy(body).into_owned()),
        body: body.to_vec(),
        ..Response::default()
    };
    let class = classify(&response, &["SVCSTG.SWR.4001158"]);
    assert_eq!(
        class == Class::Success,
        (200..300).contains(&response.status)
    );
    let message = ApiError::read(&response).to_string();
    assert!(
        message.len() < LONGEST && !message.contains(char::is_control),
        "{message:?}"
    );
}
