//! The fields of a `multipart/form-data` body, as `curl -F` sends it.
//!
//! Every value is a string, which is parsed where the field is used.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use multer::Multipart;
use serde_json::{Map, Value};

/// Whether a `Content-Type` is that of a form.
pub(super) fn is_form(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("multipart/form-data")
}

/// The fields of a form by name. Of several fields with the same name the first counts.
pub(super) fn read(content_type: &str, body: &[u8]) -> Result<Map<String, Value>, String> {
    let boundary = multer::parse_boundary(content_type).map_err(|error| error.to_string())?;
    // The parser is asynchronous, but it never waits: the whole body is in memory.
    match pin!(fields(boundary, body)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(fields) => fields,
        Poll::Pending => Err("the form has no end".to_owned()),
    }
}

async fn fields(boundary: String, body: &[u8]) -> Result<Map<String, Value>, String> {
    let mut form = Multipart::with_reader(body, boundary);
    let mut fields = Map::new();
    while let Some(field) = form.next_field().await.map_err(|error| error.to_string())? {
        let name = field.name().ok_or("a field has no name")?.to_owned();
        let bytes = field.bytes().await.map_err(|error| error.to_string())?;
        let text = String::from_utf8(bytes.into()).map_err(|_| format!("{name} is not UTF-8"))?;
        fields.entry(name).or_insert(Value::String(text));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=x";

    fn parse(body: &str) -> Result<Value, String> {
        read(TYPE, body.replace('\n', "\r\n").as_bytes()).map(Value::Object)
    }

    #[test]
    fn fields_are_strings_by_name() {
        let form = "--x\nContent-Disposition: form-data; name=\"a\"\n\n1\n\
            --x\nContent-Disposition: form-data; name=\"b\"\n\n\n\
            --x\nContent-Disposition: form-data; name=\"a\"\n\n2\n--x--\n";
        assert_eq!(parse(form).unwrap(), json!({ "a": "1", "b": "" }));
        assert_eq!(parse("--x--\n").unwrap(), json!({}));
    }

    #[test]
    fn a_broken_form_is_an_error() {
        let field = "--x\nContent-Disposition: form-data; name=\"a\"\n\n1";
        for body in [
            "",
            "{}",
            "--y--\n",
            field,
            "--x\nContent-Disposition: form-data\n\n1\n--x--\n",
            "--x\n\n\n",
        ] {
            parse(body).expect_err(body);
        }
        let bytes = [
            b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n",
            &[0xff][..],
            b"\r\n--x--\r\n",
        ];
        assert_eq!(read(TYPE, &bytes.concat()).unwrap_err(), "a is not UTF-8");
        read("multipart/form-data", b"--x--\r\n").unwrap_err();
    }

    #[test]
    fn a_damaged_form_is_read_or_refused() {
        let form = b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n";
        let without_end = form.len() - b"--\r\n".len();
        for end in 0..without_end {
            read(TYPE, &form[..end]).expect_err("the form has no end");
        }
        for at in 0..form.len() {
            for byte in [0, b'\r', b'\n', b'"', b'-', b';', 0x80, 0xff] {
                let mut damaged = form.to_vec();
                damaged[at] = byte;
                let _ = read(TYPE, &damaged);
            }
        }
        for content_type in [
            "",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=\"",
            "multipart/\u{80}",
        ] {
            let _ = read(content_type, form);
        }
    }

    #[test]
    fn the_content_type_is_compared_without_its_parameters() {
        assert!(
            is_form(TYPE)
                && is_form("Multipart/Form-Data")
                && !is_form("application/json")
                && !is_form("")
        );
    }
}
