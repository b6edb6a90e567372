//! Which variables are used, and which combinations are refused.

use secrecy::ExposeSecret;

use super::*;

fn find_in(variables: &[(&str, &str)]) -> Result<Found, CredentialError> {
    find(&|name| {
        variables
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    })
}

/// The credentials in one line.
fn summary(variables: &[(&str, &str)]) -> String {
    let found = match find_in(variables) {
        Ok(found) => found,
        Err(error) => return format!("{error}"),
    };
    match found.credentials {
        Credentials::Keys(keys) => {
            let token = keys
                .security_token
                .map(|token| token.expose_secret().to_owned());
            format!(
                "{}:{} token={token:?} project={:?}",
                keys.ak,
                keys.sk.expose_secret(),
                keys.project_id
            )
        }
        Credentials::Token(token) => {
            format!(
                "token {} project={:?}",
                token.token.expose_secret(),
                token.project_id
            )
        }
    }
}

const SDK: [(&str, &str); 2] = [
    ("HUAWEICLOUD_SDK_AK", "sdk-ak"),
    ("HUAWEICLOUD_SDK_SK", "sdk-sk"),
];
const HW: [(&str, &str); 2] = [("HW_ACCESS_KEY", "hw-ak"), ("HW_SECRET_KEY", "hw-sk")];
const TOKEN: [(&str, &str); 1] = [("HW_AUTH_TOKEN", "t0k3n")];

#[test]
fn secrets_have_no_trailing_line_break() {
    let environment = |name: &str| match name {
        "HW_SECRET_KEY" => Some("one\r\n".to_owned()),
        "HW_AUTH_TOKEN" => Some("two\n".to_owned()),
        "HUAWEICLOUD_SDK_SK" => Some("\n".to_owned()),
        _ => None,
    };
    let secrets: Vec<String> = secrets(&environment)
        .iter()
        .map(|secret| secret.expose_secret().to_owned())
        .collect();
    assert_eq!(secrets, ["one", "two"]);
}

#[test]
fn complete_sources() {
    assert_eq!(summary(&SDK), "sdk-ak:sdk-sk token=None project=None");
    assert_eq!(summary(&HW), "hw-ak:hw-sk token=None project=None");
    assert_eq!(summary(&TOKEN), "token t0k3n project=None");
    assert_eq!(
        find_in(&HW).unwrap().origin,
        "HW_ACCESS_KEY and HW_SECRET_KEY"
    );
}

#[test]
fn the_sdk_set_wins_as_a_whole() {
    let variables = [
        &HW[..],
        &SDK,
        &[
            ("HW_SECURITY_TOKEN", "hw-token"),
            ("HW_PROJECT_ID", "hw-project"),
        ],
    ]
    .concat();
    assert_eq!(summary(&variables), "sdk-ak:sdk-sk token=None project=None");
    assert_eq!(
        find_in(&variables).unwrap().origin,
        "HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK"
    );
}

#[test]
fn a_set_has_its_own_token_and_project() {
    let variables = [
        &HW[..],
        &[
            ("HW_SECURITY_TOKEN", "st"),
            ("HW_PROJECT_ID", "p"),
            ("HUAWEICLOUD_SDK_PROJECT_ID", "q"),
        ],
    ]
    .concat();
    assert_eq!(
        summary(&variables),
        r#"hw-ak:hw-sk token=Some("st") project=Some("p")"#
    );
    let variables = [&TOKEN[..], &[("HW_PROJECT_ID", "p")]].concat();
    assert_eq!(summary(&variables), r#"token t0k3n project=Some("p")"#);
}

#[test]
fn an_empty_variable_is_unset() {
    let variables = [
        &HW[..],
        &[("HUAWEICLOUD_SDK_AK", ""), ("HW_AUTH_TOKEN", "")],
    ]
    .concat();
    assert_eq!(summary(&variables), "hw-ak:hw-sk token=None project=None");
    assert_eq!(
        find_in(&[("HW_ACCESS_KEY", ""), ("HW_SECRET_KEY", "")]).unwrap_err(),
        CredentialError::Missing
    );
}

#[test]
fn half_a_set_is_always_refused() {
    let halves = [
        ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"),
        ("HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_AK"),
        ("HUAWEICLOUD_SDK_SECURITY_TOKEN", "HUAWEICLOUD_SDK_AK"),
    ];
    for (given, missing) in halves {
        for beside in [&[][..], &HW, &TOKEN] {
            let variables = [beside, &[(given, "x")]].concat();
            assert_eq!(
                find_in(&variables).unwrap_err(),
                CredentialError::HalfASet { given, missing }
            );
        }
    }
    let error = find_in(&[&SDK[..], &[("HW_SECRET_KEY", "x")]].concat()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`HW_SECRET_KEY` is set, but `HW_ACCESS_KEY` is not: set it too, or unset `HW_SECRET_KEY`"
    );
}

#[test]
fn a_project_alone_is_not_half_a_set() {
    assert_eq!(
        find_in(&[("HW_PROJECT_ID", "p")]).unwrap_err(),
        CredentialError::Missing
    );
    assert_eq!(
        summary(&[&SDK[..], &[("HW_PROJECT_ID", "p")]].concat()),
        "sdk-ak:sdk-sk token=None project=None"
    );
}

#[test]
fn a_token_beside_keys_is_ambiguous() {
    for keys in [SDK, HW] {
        let error = find_in(&[&keys[..], &TOKEN].concat()).unwrap_err();
        assert!(
            matches!(error, CredentialError::Ambiguous { .. }),
            "{error}"
        );
    }
}

#[test]
fn only_one_trailing_line_break_is_removed() {
    for end in ["\n", "\r\n"] {
        let (ak, sk) = (format!("ak{end}"), format!("sk{end}"));
        assert_eq!(
            summary(&[("HW_ACCESS_KEY", &ak), ("HW_SECRET_KEY", &sk)]),
            "ak:sk token=None project=None"
        );
        assert_eq!(
            find_in(&[("HW_AUTH_TOKEN", end)]).unwrap_err(),
            CredentialError::Missing
        );
    }
    for bad in ["sk\n\n", "\nsk", "s\nk", "sk\r"] {
        let error = find_in(&[("HW_ACCESS_KEY", "ak"), ("HW_SECRET_KEY", bad)]).unwrap_err();
        assert_eq!(
            error,
            CredentialError::LineBreak {
                variable: "HW_SECRET_KEY"
            },
            "{bad:?}"
        );
    }
    for bad in ["t k", "t\tk", "t\u{7f}", "t\u{e9}"] {
        let error = find_in(&[("HW_AUTH_TOKEN", bad)]).unwrap_err();
        assert_eq!(
            error,
            CredentialError::BadCharacter {
                variable: "HW_AUTH_TOKEN"
            }
        );
        assert!(!error.to_string().contains(bad));
    }
}

#[test]
fn debug_shows_no_value() {
    let keys = [&SDK[..], &[("HUAWEICLOUD_SDK_SECURITY_TOKEN", "st")]].concat();
    for variables in [&keys[..], &TOKEN] {
        let shown = format!("{:?}", find_in(variables).unwrap());
        for (_, value) in variables {
            assert!(!shown.contains(value), "{shown}");
        }
    }
}

#[test]
fn a_project_and_a_token_belong_to_one_region() {
    let keys = find_in(&[&HW[..], &[("HW_PROJECT_ID", "p")]].concat())
        .unwrap()
        .credentials;
    assert!(!keys.clone().for_regions(1).unwrap().dropped_project_id);
    let scoped = keys.for_regions(2).unwrap();
    assert!(scoped.dropped_project_id);
    assert!(matches!(
        scoped.credentials,
        Credentials::Keys(Keys {
            project_id: None,
            ..
        })
    ));
    let token = find_in(&TOKEN).unwrap().credentials;
    assert!(token.clone().for_regions(1).is_ok());
    assert_eq!(
        token.for_regions(2).unwrap_err(),
        CredentialError::TokenForRegions { regions: 2 }
    );
}
