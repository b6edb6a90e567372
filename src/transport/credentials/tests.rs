//! Which variables are used, and which combinations are refused.

use std::path::Path;

use secrecy::ExposeSecret;

use super::*;
use crate::wire::Service;

fn find_in(variables: &[(&str, &str)]) -> Result<Found, CredentialError> {
    find_among(variables, &[], &Choice::default())
}

/// With files in the home folder `/home`.
fn find_among(
    variables: &[(&str, &str)],
    files: &[(&str, &str)],
    choice: &Choice,
) -> Result<Found, CredentialError> {
    with(variables, files, |here| find(here, choice))
}

fn with<T>(
    variables: &[(&str, &str)],
    files: &[(&str, &str)],
    work: impl FnOnce(&Surroundings<'_>) -> T,
) -> T {
    let of = |list: &[(&str, &str)], name: &str| {
        let (_, value) = list.iter().find(|(key, _)| *key == name)?;
        Some((*value).to_owned())
    };
    let variable = |name: &str| match name {
        "HOME" => Some("/home".to_owned()),
        name => of(variables, name),
    };
    let file = |path: &Path| Ok(of(files, path.to_str().unwrap()));
    work(&Surroundings {
        variable: &variable,
        file: &file,
    })
}

/// The credentials in one line.
fn summary(variables: &[(&str, &str)]) -> String {
    summary_of(find_in(variables))
}

fn fixed(found: Found) -> Credentials {
    match found.source {
        Source::Fixed(credentials) => credentials,
        other => panic!("{other:?}"),
    }
}

fn summary_of(found: Result<Found, CredentialError>) -> String {
    let found = match found {
        Ok(found) => found,
        Err(error) => return format!("{error}"),
    };
    match fixed(found) {
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
const VENDOR: [(&str, &str); 2] = [
    ("HUAWEI_CLOUD_ACCESS_KEY_ID", "v-ak"),
    ("HUAWEI_CLOUD_SECRET_ACCESS_KEY", "v-sk"),
];
const TOKEN: [(&str, &str); 1] = [("HW_AUTH_TOKEN", "t0k3n")];

#[test]
fn secrets_have_no_trailing_line_break() {
    let variables = [
        ("HW_SECRET_KEY", "one\r\n"),
        ("HW_AUTH_TOKEN", "two\n"),
        ("HUAWEICLOUD_SDK_SK", "\n"),
    ];
    let secrets: Vec<String> = with(&variables, &[], secrets)
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
fn of_equal_sets_the_first_is_used_as_a_whole() {
    let variables = [
        &[("HW_ACCESS_KEY", "sdk-ak"), ("HW_SECRET_KEY", "sdk-sk")],
        &SDK[..],
        &[("HW_PROJECT_ID", "hw-project")],
    ]
    .concat();
    assert_eq!(summary(&variables), "sdk-ak:sdk-sk token=None project=None");
    assert_eq!(
        find_in(&variables).unwrap().origin,
        "HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK"
    );
}

#[test]
fn sets_with_different_keys_are_refused() {
    let same = [("HW_ACCESS_KEY", "sdk-ak"), ("HW_SECRET_KEY", "sdk-sk")];
    let token = [("HW_SECURITY_TOKEN", "hw-token")];
    for other in [&HW[..], &[&same[..], &token].concat()] {
        assert_eq!(
            summary(&[&SDK[..], other].concat()),
            "`HUAWEICLOUD_SDK_AK` and `HW_ACCESS_KEY` are both set, with different keys, which may \
            belong to different accounts: unset one of the two sets"
        );
    }
    // Also where neither is the first of all sets.
    let error = find_in(&[&HW[..], &VENDOR].concat()).unwrap_err();
    assert!(matches!(error, CredentialError::TwoSets { .. }), "{error}");
}

#[test]
fn the_variables_of_the_vendors_action_have_two_spellings() {
    assert_eq!(
        summary(&[&VENDOR[..], &[("HUAWEI_CLOUD_PROJECT_ID", "p")]].concat()),
        r#"v-ak:v-sk token=None project=Some("p")"#
    );
    let short = [("HUAWEI_CLOUD_AK", "v-ak"), ("HUAWEI_CLOUD_SK", "v-sk")];
    let token = [("HUAWEI_CLOUD_SECURITY_TOKEN", "st")];
    let expected = r#"v-ak:v-sk token=Some("st") project=None"#;
    assert_eq!(summary(&[&short[..], &token].concat()), expected);
    assert_eq!(summary(&[&VENDOR[..], &short, &token].concat()), expected);
    assert_eq!(
        find_in(&token).unwrap_err(),
        CredentialError::HalfASet {
            given: "HUAWEI_CLOUD_SECURITY_TOKEN",
            missing: "HUAWEI_CLOUD_ACCESS_KEY_ID"
        }
    );
    // A region and a project alone are no set.
    let alone = [
        ("HUAWEI_CLOUD_REGION", "cn-north-4"),
        ("HUAWEI_CLOUD_PROJECT_ID", "p"),
    ];
    assert_eq!(find_in(&alone).unwrap_err(), CredentialError::Missing);
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
                place: "`HW_SECRET_KEY`".to_owned()
            },
            "{bad:?}"
        );
    }
    for bad in ["t k", "t\tk", "t\u{7f}", "t\u{e9}"] {
        let error = find_in(&[("HW_AUTH_TOKEN", bad)]).unwrap_err();
        assert_eq!(
            error,
            CredentialError::BadCharacter {
                place: "`HW_AUTH_TOKEN`".to_owned()
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
    let keys = fixed(find_in(&[&HW[..], &[("HW_PROJECT_ID", "p")]].concat()).unwrap());
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
    let token = fixed(find_in(&TOKEN).unwrap());
    assert!(token.clone().for_regions(1).is_ok());
    assert_eq!(
        token.for_regions(2).unwrap_err(),
        CredentialError::TokenForRegions { regions: 2 }
    );
}

const CONFIG: &str = "/home/.hcloud/config.json";
const CREDENTIALS: &str = "/home/.huaweicloud/credentials";

/// A file of KooCLI with these profiles.
fn config(encrypted: &str, profiles: &str) -> String {
    format!(r#"{{"authEncrypt": {encrypted}, "current": "default", "profiles": [{profiles}]}}"#)
}

const PLAIN: &str = r#"{"name": "default", "mode": "AKSK", "accessKeyId": "KOOAK",
    "secretAccessKey": "koo-sk", "securityToken": "", "projectId": "p"}"#;

fn of_config(text: &str, profile: Option<&str>) -> String {
    let choice = Choice {
        profile: profile.map(str::to_owned),
        ..Choice::default()
    };
    summary_of(find_among(&[], &[(CONFIG, text)], &choice))
}

#[test]
fn a_profile_is_used_behind_the_variables() {
    let koo = config("false", PLAIN);
    let sdk = "# mine\n[global]\nak = no\nsk = no\n[basic]\nak = ini-ak\nsk: ini-sk\n";
    let files = [(CONFIG, &*koo), (CREDENTIALS, sdk)];
    let found = |variables: &[(&str, &str)], files: &[(&str, &str)]| {
        summary_of(find_among(variables, files, &Choice::default()))
    };
    assert_eq!(found(&HW, &files), "hw-ak:hw-sk token=None project=None");
    let of_koo = r#"KOOAK:koo-sk token=None project=Some("p")"#;
    assert_eq!(found(&[], &files), of_koo);
    let of_sdk = "ini-ak:ini-sk token=None project=None";
    assert_eq!(found(&[], &files[1..]), of_sdk);
    // A file of KooCLI without keys is passed over.
    for empty in [r#"{}"#, r#"{"current": "a", "profiles": []}"#] {
        assert_eq!(found(&[], &[(CONFIG, empty), (CREDENTIALS, sdk)]), of_sdk);
    }
    // A name beats every variable.
    let named = [&HW[..], &[("HW_PROFILE", "default")]].concat();
    assert_eq!(found(&named, &files), of_koo);
    let profile = Choice {
        source: Some(SourceName::Profile),
        profile: None,
    };
    assert_eq!(summary_of(find_among(&HW, &files, &profile)), of_koo);
    assert_eq!(summary_of(find_among(&HW, &files[1..], &profile)), of_sdk);
    let env = Choice {
        source: Some(SourceName::Env),
        profile: None,
    };
    assert_eq!(
        summary_of(find_among(&named, &files, &env)),
        "hw-ak:hw-sk token=None project=None"
    );
    let error = find_among(&[], &files, &env).unwrap_err();
    assert!(
        matches!(error, CredentialError::MissingSource { .. }),
        "{error}"
    );
    let both = Choice {
        source: Some(SourceName::Env),
        profile: Some("default".to_owned()),
    };
    let error = find_among(&HW, &files, &both).unwrap_err();
    assert!(
        matches!(error, CredentialError::ProfileElsewhere { .. }),
        "{error}"
    );
}

#[test]
fn an_encrypted_profile_signs_nothing() {
    let base64 = PLAIN.replace("KOOAK", "u7Tf/x==");
    for (encrypted, profile, refused) in [
        ("\"true\"", PLAIN, true),
        ("true", PLAIN, true),
        ("\"false\"", PLAIN, false),
        ("false", &base64, false),
        ("null", PLAIN, false),
        ("null", &base64, true),
    ] {
        let found = of_config(&config(encrypted, profile), None);
        assert_eq!(
            found.contains(&format!(
                "the keys of the profile `default` of {CONFIG} are encrypted"
            )),
            refused,
            "{encrypted}: {found}"
        );
    }
}

#[test]
fn the_mode_of_a_profile_says_where_its_keys_are() {
    let sso = r#"{"name": "default", "mode": "SSO", "accessKeyId": "OLD", "ssoAuth": {"stsToken":
        {"accessKeyId": "SSOAK", "secretAccessKey": "sso-sk", "securityToken": "st"}}}"#;
    assert_eq!(
        of_config(&config("false", sso), None),
        r#"SSOAK:sso-sk token=Some("st") project=None"#
    );
    for (mode, expected) in [
        ("ecsAgency", "`--credentials metadata`"),
        ("AssumeRole", "`PORTOLAN_ASSUME_AGENCY`"),
        ("token", "use a profile of the mode `AKSK` or `SSO`"),
    ] {
        let found = of_config(&config("false", &PLAIN.replace("AKSK", mode)), None);
        assert!(found.contains(expected) && found.contains(mode), "{found}");
    }
}

#[test]
fn half_a_profile_is_refused() {
    for (field, missing) in [
        ("secretAccessKey", "secretAccessKey"),
        ("accessKeyId", "accessKeyId"),
    ] {
        let half = PLAIN.replace(&format!("\"{field}\""), "\"other\"");
        let found = of_config(&config("false", &half), None);
        assert!(
            found.contains(&format!("no `{missing}`")) && !found.contains("koo-sk"),
            "{found}"
        );
    }
    for text in [
        "[basic]\nak = a\n",
        "[basic]\nsk = a\n",
        "[basic]\nsecurity_token = a\n",
    ] {
        let found = summary_of(find_among(&[], &[(CREDENTIALS, text)], &Choice::default()));
        assert!(
            found.contains("`[basic]`") && found.contains("but no `"),
            "{found}"
        );
    }
}

#[test]
fn a_profile_that_is_not_there_is_named() {
    let text = config("false", PLAIN);
    let found = of_config(&text, Some("prod"));
    assert_eq!(
        found,
        format!("{CONFIG} has no profile `prod`; it has `default`")
    );
    assert_eq!(
        of_config(&text, Some("default")),
        r#"KOOAK:koo-sk token=None project=Some("p")"#
    );
    let found = of_config("{ \"secretAccessKey\": koo-sk }", None);
    assert!(
        found.contains("line 1") && !found.contains("koo-sk"),
        "{found}"
    );
}

#[test]
fn the_secrets_of_files_are_known() {
    let koo = config("false", PLAIN);
    let files = [(CONFIG, &*koo), (CREDENTIALS, "[global]\nsk = ini-sk\n")];
    let secrets: Vec<String> = with(&[], &files, secrets)
        .iter()
        .map(|secret| secret.expose_secret().to_owned())
        .collect();
    assert_eq!(secrets, ["koo-sk", "ini-sk"]);
}

const URNS: [(&str, &str); 2] = [
    ("HUAWEICLOUD_OIDC_PROVIDER_URN", "iam::0a:oidc-provider:ci"),
    ("HUAWEICLOUD_OIDC_AGENCY_URN", "iam::0a:agency:portolan"),
];
const JOB: [(&str, &str); 2] = [
    ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://ci.example/token"),
    ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "bearer"),
];

#[test]
fn the_first_id_token_of_file_variable_and_job() {
    let file = [("HUAWEICLOUD_OIDC_TOKEN_FILE", "/run/token")];
    let text = [("HUAWEICLOUD_OIDC_ID_TOKEN", "a.b.c")];
    for (variables, expected) in [
        (
            [&URNS[..], &JOB, &text, &file].concat(),
            "the id token of the file /run/token",
        ),
        (
            [&URNS[..], &JOB, &text].concat(),
            "the id token of `HUAWEICLOUD_OIDC_ID_TOKEN`",
        ),
        (
            [&URNS[..], &JOB].concat(),
            "the id token of GitHub's token endpoint",
        ),
    ] {
        let found = find_in(&variables).unwrap();
        assert_eq!(found.origin, format!("OIDC with {expected}"));
        assert_eq!(found.issuers(), [Service::Sts]);
        // Complete keys come first.
        let found = find_in(&[&HW[..], &variables].concat()).unwrap();
        assert_eq!(found.origin, "HW_ACCESS_KEY and HW_SECRET_KEY");
        assert_eq!(found.issuers(), []);
    }
    assert_eq!(find_in(&URNS).unwrap_err(), CredentialError::NoIdToken);
    // What a job of GitHub has says nothing about Huawei Cloud.
    assert_eq!(find_in(&JOB).unwrap_err(), CredentialError::Missing);
    for half in [&URNS[..1], &URNS[1..], &text] {
        let error = find_in(&[&HW[..], half].concat()).unwrap_err();
        assert!(matches!(error, CredentialError::HalfASet { .. }), "{error}");
    }
    let duration = [("HUAWEICLOUD_OIDC_DURATION_SECONDS", "1h")];
    let error = find_in(&[&URNS[..], &text, &duration].concat()).unwrap_err();
    assert!(matches!(error, CredentialError::NoNumber { .. }), "{error}");
}

#[test]
fn an_agency_is_a_urn_or_an_account_and_a_name() {
    let found = |text: &str| {
        let agency = [("PORTOLAN_ASSUME_AGENCY", text)];
        find_in(&[&HW[..], &agency].concat()).map(|found| (found.issuers(), found.origin))
    };
    let origin = "HW_ACCESS_KEY and HW_SECRET_KEY, with the agency";
    let urn = "iam::0a:agency:portolan";
    let expected = (vec![Service::Sts], format!("{origin} `{urn}`"));
    assert_eq!(found(urn).unwrap(), expected);
    let expected = (vec![Service::Iam], format!("{origin} `acme/portolan`"));
    assert_eq!(found("acme/portolan").unwrap(), expected);
    for wrong in ["portolan", "/portolan", "acme/"] {
        assert_eq!(found(wrong).unwrap_err(), CredentialError::BadAgency);
    }
}

#[test]
fn the_expiry_of_an_id_token() {
    let expiry = |token: &str| oidc::expiry(&token.into());
    // {"exp": 1600000000}
    assert_eq!(
        expiry("e30.eyJleHAiOjE2MDAwMDAwMDB9.sig"),
        Some(1_600_000_000)
    );
    for other in ["", "a", "a.b.c", "e30.e30.sig"] {
        assert_eq!(expiry(other), None, "{other}");
    }
}
