//! Texts with secrets, and texts that only look like it.

use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;

const KEY: &str = "s3cr?t>>key~~ÿ-1";

fn mask(secrets: &[&str]) -> Mask {
    Mask::new(secrets.iter().map(|text| Secret::new((*text).to_owned())))
}

#[test]
fn a_login_in_a_url_is_masked_and_nothing_beside_it() {
    let cases = [
        (
            "https://bob:t0ken@git.example.com/x.git",
            "https://***@git.example.com/x.git",
        ),
        (
            "clone http://t0ken@h, then ssh://git:p@h:22/x",
            "clone http://***@h, then ssh://***@h:22/x",
        ),
        ("https://a@b:c@h/x@y", "https://***@h/x@y"),
        ("see ///u:p@h", "see ///***@h"),
        ("//ü:ß@h?x=//y:z@h", "//***@h?x=//***@h"),
        ("https://***@h", "https://***@h"),
    ];
    for (text, expected) in cases {
        assert!(holds_login(text), "{text}");
        assert_eq!(logins(text), expected);
        assert_eq!(Mask::default().text(text), expected);
    }
}

#[test]
fn a_text_without_a_login_is_not_changed() {
    let texts = [
        "",
        "bob@example.com",
        "mailto:bob@example.com",
        "git@host:x/y.git",
        "https://host/x?owner=a@b",
        "https://host/x@y",
        "https://host#a@b",
        "// a@b",
        "https://@host",
        "a // b @ c",
        "////",
    ];
    for text in texts {
        assert!(!holds_login(text), "{text}");
        assert!(
            matches!(mask(&["another secret"]).text(text), Cow::Borrowed(same) if same == text),
            "{text}"
        );
    }
}

#[test]
fn a_known_secret_is_masked_however_it_is_wrapped() {
    let mask = mask(&[KEY, "short"]);
    assert_eq!(
        mask.text(&format!("is {KEY} wrong? short")),
        "is *** wrong? short"
    );
    for around in ["", "a", "ab", "abc", "user:"] {
        for text in [format!("{around}{KEY}"), format!("{around}{KEY}{around}")] {
            let encodings = [
                STANDARD.encode(&text),
                URL_SAFE.encode(&text),
                STANDARD_NO_PAD.encode(&text),
                URL_SAFE_NO_PAD.encode(&text),
            ];
            for encoded in encodings {
                assert!(mask.is_in(&Secret::new(encoded.clone())), "{text}");
                let shown = mask.text(&format!("Basic {encoded} é")).into_owned();
                assert!(
                    shown.starts_with("Basic ") && shown.contains("***") && shown.ends_with(" é"),
                    "{shown}"
                );
                assert!(
                    shown.len() < 30 && !mask.is_in(&Secret::new(shown.clone())),
                    "{shown}"
                );
            }
        }
    }
    assert!(
        !mask.is_in(&Secret::new(KEY[1..].to_owned()))
            && !mask.is_in(&Secret::new(STANDARD.encode(&KEY[1..])))
    );
}

#[test]
fn a_secret_of_seven_characters_is_not_masked() {
    assert_eq!(mask(&["passwor", ""]).text("a password"), "a password");
    assert_eq!(mask(&["password"]).text("a password"), "a ***");
}

#[test]
fn overlapping_places_are_masked_once() {
    assert_eq!(
        mask(&["12345678", "56789abc"]).text("x123456789abcx12345678"),
        "x***x***"
    );
    assert_eq!(
        mask(&["password"]).text("https://me:password@h"),
        "https://***@h"
    );
}

#[test]
fn a_body_is_read_before_it_is_masked() {
    let mask = mask(&["pass/word"]);
    assert_eq!(
        mask.body(br#"{"a": ["https:\/\/u\u003ap\u0040h", "pass\/word"]}"#),
        r#"{"a":["https://***@h","***"]}"#
    );
    assert_eq!(
        mask.body(br#"{"a": "https:\/\/u:p@h"#),
        r#"{"a": "https://***@h"#
    );
}

#[test]
fn a_masked_value_is_read_back() {
    let value = value("https://***@h");
    assert_eq!(
        (masked_text(&value), readable(&value)),
        (Some("https://***@h"), Some("https://***@h"))
    );
    assert_eq!(
        (
            masked_text(&json!("x")),
            readable(&json!("x")),
            readable(&json!(1))
        ),
        (None, Some("x"), None)
    );
    assert_eq!(masked_text(&json!({ "masked": "x", "more": 1 })), None);
}

proptest! {
    #[test]
    fn every_secret_is_masked_and_nothing_else(
        parts in prop::collection::vec(
            prop_oneof!["[a-z @:/?#.é]{0,6}", Just("hunter2-hunter2".to_owned())],
            0..8,
        ),
    ) {
        let text = parts.concat();
        let mask = mask(&["hunter2-hunter2"]);
        let shown = mask.text(&text);
        prop_assert!(!shown.contains("hunter2-hunter2"));
        prop_assert_eq!(mask.text(&shown), shown.clone(), "masked twice");
        if !text.contains("hunter2-hunter2") && !holds_login(&text) {
            prop_assert_eq!(&*shown, &*text);
        }
    }
}
