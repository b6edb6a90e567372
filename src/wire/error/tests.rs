//! The documented error bodies and codes, one row each.

use super::*;

fn answer(status: u16, body: &str) -> Response {
    Response {
        status,
        body: body.into(),
        ..Response::default()
    }
}

fn coded(status: u16, code: &str) -> Response {
    answer(
        status,
        &format!(r#"{{"errors":[{{"errorCode":"{code}","errorMessage":"m","detail":""}}]}}"#),
    )
}

#[track_caller]
fn reads(status: u16, body: &str, expected: &str) {
    assert_eq!(ApiError::read(&answer(status, body)).to_string(), expected);
}

#[test]
fn every_documented_shape_is_read() {
    let a = r#"[{"errorCode":"SVCSTG.SWR.4001048","errorMessage":"no token","detail":"d"}]"#;
    reads(400, a, "400 SVCSTG.SWR.4001048: no token");
    let b =
        r#"{"errors":[{"errorCode":"SVCSTG.SWR.4001158","errorMessage":"not found","detail":""}]}"#;
    reads(400, b, "400 SVCSTG.SWR.4001158: not found");
    let c = r#"{"errors":[{"errorCode":"first","errorMessage":"1"}],"error_code":"second",
    "error_msg":"2",
        "details":[{"error_code":"third","error_msg":"3"}],"encoded_authorization_message":"x"}"#;
    reads(403, c, "403 first: 1");
    let d = r#"{"error_msg":"API not published","error_code":"APIGW.0101","request_id":"9f3c"}"#;
    reads(
        404,
        d,
        "404 APIGW.0101: API not published (request id 9f3c)",
    );
    reads(
        400,
        r#"{"errorCode":"SVCSTG.SWR.4001090","errorMessage":"no share"}"#,
        "400 SVCSTG.SWR.4001090: no share",
    );
    reads(500, r#"{"errors":[],"error_code":"E"}"#, "500 E");
}

#[test]
fn the_request_id_of_the_header_wins() {
    let body = r#"{"error_code":"E","error_msg":"m","request_id":"body"}"#;
    let response = Response {
        request_id: Some("header".to_owned()),
        ..answer(500, body)
    };
    assert_eq!(
        ApiError::read(&response).to_string(),
        "500 E: m (request id header)"
    );
}

#[test]
fn other_bodies_are_described() {
    reads(503, "", "503: an empty body");
    reads(502, " \r\n", "502: an empty body");
    let html = "<html>\n<head><TITLE>502 Bad Gateway</TITLE></head></html>";
    reads(502, html, "502: HTML instead of JSON (\"502 Bad Gateway\")");
    reads(
        418,
        "<!DOCTYPE html><p>blocked",
        "418: HTML instead of JSON",
    );
    reads(
        502,
        "upstream\nfailed \u{1b}[2J",
        "502: text instead of JSON (\"upstream\\nfailed \\u{1b}[2J\")",
    );
    reads(
        400,
        "{\"a\": 1}",
        "400: JSON without an error code (\"{\"a\":1}\")",
    );
    reads(400, "null", "400: JSON without an error code (\"null\")");
    let cut = ApiError::read(&answer(500, "\u{0130}<html>".repeat(500).as_str()))
        .message
        .unwrap();
    assert_eq!(&*cut, "HTML instead of JSON");
    let text = ApiError::read(&answer(500, "\u{e9}".repeat(5000).as_str()))
        .message
        .unwrap();
    assert!(
        text.chars().count() < 240 && text.ends_with("…\")"),
        "{text}"
    );
}

#[test]
fn a_message_cannot_control_a_terminal() {
    let body = r#"{"error_code":"E\u001b[0m","error_msg":"a\u202eb\nc","request_id":"\r"}"#;
    reads(
        500,
        body,
        "500 E\\u{1b}[0m: a\\u{202e}b\\nc (request id \\r)",
    );
}

#[track_caller]
fn check_class(class: Class, rows: &[(u16, &str)]) {
    for (status, code) in rows {
        assert_eq!(
            classify(&coded(*status, code), &[]),
            class,
            "{status} {code}"
        );
    }
}

#[test]
fn classes_by_status_and_code() {
    check_class(Class::Success, &[(200, ""), (201, ""), (204, "")]);
    let codes = ["4040058", "4041061", "4040010", "4040113", "4040126"]
        .map(|digits| format!("SVCSTG.SWR.{digits}"));
    for code in &codes {
        check_class(Class::Absent, &[(404, code)]);
    }
    check_class(Class::Throttled, &[(429, "APIGW.0308"), (429, "")]);
    check_class(
        Class::Throttled,
        &[
            (403, "SVCSTG.SWR.4031032"),
            (403, "SVCSTG.SWR.4031042"),
            (409, "SVCSTG.SWR.4090023"),
        ],
    );
    check_class(
        Class::Unauthorized,
        &[
            (401, "APIGW.0301"),
            (401, "SVCSTG.SWR.4010000"),
            (400, "SVCSTG.SWR.4001048"),
        ],
    );
    check_class(Class::Forbidden, &[(403, "SVCSTG.SWR.4030170"), (403, "")]);
    check_class(
        Class::Conflict,
        &[(409, "SVCSTG.SWR.4090060"), (409, "SVCSTG.SWR.4090006")],
    );
    check_class(
        Class::Refused,
        &[
            (400, "SVCSTG.SWR.4000014"),
            (406, "SVCSTG.SWR.4060074"),
            (413, "APIGW.0201"),
            (302, ""),
        ],
    );
    check_class(
        Class::Unavailable,
        &[(502, ""), (503, ""), (504, "SVCSTG.SWR.5001101")],
    );
    check_class(
        Class::ServerError,
        &[
            (500, "SVCSTG.SWR.5001101"),
            (507, "SVCSTG.SWR.5070070"),
            (501, ""),
        ],
    );
}

#[test]
fn most_404s_do_not_mean_absent() {
    let rows = [
        (404, "APIGW.0101"),
        (404, "SVCSTG.SWR.4040083"),
        (404, "SVCSTG.CCE.4040113"),
        (404, "4040113"),
    ];
    check_class(Class::Refused, &rows);
    for body in ["", "<html><title>404</title></html>", "{}", "[]"] {
        assert_eq!(classify(&answer(404, body), &[]), Class::Refused, "{body}");
    }
    check_class(Class::Refused, &[(400, "SVCSTG.SWR.4040113")]);
}

#[test]
fn a_400_means_absent_only_where_the_caller_allows_it() {
    let gone = "SVCSTG.SWR.4001158";
    let response = coded(400, gone);
    assert_eq!(classify(&response, &[]), Class::Refused);
    assert_eq!(classify(&response, &[gone]), Class::Absent);
    assert_eq!(classify(&coded(500, gone), &[gone]), Class::ServerError);
}

#[test]
fn the_errors_of_codearts() {
    let flat = |status, code: &str| {
        answer(
            status,
            &format!(r#"{{"error_code":"{code}","error_msg":"m"}}"#),
        )
    };
    for (status, code, class) in [
        (401, "DEV.00000003", Class::Unauthorized),
        (403, "CH.004403", Class::Forbidden),
        (404, "CH.004404", Class::Absent),
        (404, "CH.000404", Class::Absent),
        // A missing permission in the repository, not invalid credentials.
        (401, "CH.080401", Class::Forbidden),
        (400, "CH.010001", Class::Refused),
        (500, "CH.10000", Class::ServerError),
        (504, "CH.080504", Class::Unavailable),
        (404, "APIGW.0101", Class::Refused),
        (401, "APIGW.0301", Class::Unauthorized),
        (429, "APIGW.0308", Class::Throttled),
        (403, "APIG.0308", Class::Throttled),
    ] {
        assert_eq!(classify(&flat(status, code), &[]), class, "{status} {code}");
    }
    reads(
        404,
        r#"{"error_code":"CH.004404","error_msg":"Repository Not Found"}"#,
        "404 CH.004404: Repository Not Found",
    );
    reads(
        400,
        r#"{"error":{"code":"CH.010001","message":"bad"},"status":"failed"}"#,
        "400 CH.010001: bad",
    );
}

#[test]
fn a_redirect_is_shown_without_secrets() {
    for (location, shown) in [
        (
            "https://login.example.com/sso?ticket=s3cr3t#s3cr3t",
            "https://login.example.com/sso",
        ),
        (
            "https://bob:s3cr3t@login.example.com/",
            "login.example.com/",
        ),
        ("/elsewhere", "/elsewhere"),
    ] {
        let response = Response {
            location: Some(location.to_owned()),
            ..answer(302, "<html>moved")
        };
        assert_eq!(
            ApiError::read(&response).to_string(),
            format!("302: a redirect to \"{shown}\"")
        );
    }
    // Without the header the body is described.
    reads(302, "", "302: an empty body");
}

#[test]
fn the_request_is_shown_before_its_id() {
    let mut error = ApiError::read(&answer(
        404,
        r#"{"error_code":"E","error_msg":"m","request_id":"9f3c"}"#,
    ));
    error.request = Some("GET /v2/x".to_owned());
    assert_eq!(error.to_string(), "404 E: m (GET /v2/x, request id 9f3c)");
    error.request_id = None;
    assert_eq!(error.to_string(), "404 E: m (GET /v2/x)");
}
