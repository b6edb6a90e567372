//! What the journal keeps of a body: everything but who logs in with what.
//!
//! An empty text stays: that a client sent it is no secret, and worth seeing.

use serde_json::Value;

const SECRETS: [&str; 2] = ["username", "password"];

/// The same value, with `...` in place of each secret.
pub(super) fn without_secrets(mut value: Value) -> Value {
    hide(&mut value);
    value
}

fn hide(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Object(fields) => {
            for (name, value) in fields {
                match SECRETS.contains(&name.as_str()) {
                    true => hide_secret(value),
                    false => hide(value),
                }
            }
        }
        _ => {}
    }
}

/// IAM calls a whole method `password`, of which only the parts are secret.
fn hide_secret(value: &mut Value) {
    match value {
        Value::Null => {}
        Value::String(text) if text.is_empty() => {}
        Value::Object(fields) if fields.contains_key("user") => hide(value),
        _ => *value = "...".into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_secrets_are_hidden() {
        let mirror = json!({ "username": "dQ==", "password": "cA==", "endpoint_uuid": "0123", "force_fetch": false });
        let shown = json!({ "username": "...", "password": "...", "endpoint_uuid": "0123", "force_fetch": false });
        assert_eq!(without_secrets(mirror), shown);
        let empty = json!({ "username": "", "password": null, "endpoint_uuid": "" });
        assert_eq!(without_secrets(empty.clone()), empty);
        let odd = json!([{ "password": 7 }, { "password": { "x": "s" } }, { "deep": { "username": ["s"] } }]);
        let hidden = json!([{ "password": "..." }, { "password": "..." }, { "deep": { "username": "..." } }]);
        assert_eq!(without_secrets(odd), hidden);
    }

    #[test]
    fn the_login_of_iam_keeps_its_shape() {
        let login = |password: &str| {
            json!({ "auth": { "identity": { "methods": ["password"], "password": { "user": {
            "name": "me", "password": password } } } } })
        };
        assert_eq!(without_secrets(login("secret")), login("..."));
    }
}
