//! The grammar: each fault can be written and read again, and each error says what is expected.

use super::*;

/// One of each field, in the notation of the command line.
const SPECS: [&str; 34] = [
    "status=403,code=4031032",
    "status=409,body=service",
    "status=409,body=service-a",
    "status=500,body=service-b,code=SVCSTG.SWR.5001101,message=a\\, b \\\\ c",
    "status=409,body=service-c,message=busy",
    "status=429",
    "status=429,retry-after=7,times=3",
    "status=503,retry-after-date=5,body=empty",
    "status=429,retry-after-date=-60",
    "status=404,body=gateway",
    "status=401,body=gateway,code=APIGW.0307",
    "status=404,body=codearts-v4",
    "status=500,body=codearts-v1,code=CH.10000,message=busy",
    "status=200,body=html,message=<title>log in</title>",
    "status=502,committed",
    "status=503,body=text,content-type=text/plain; charset=utf-8",
    "expired-token",
    "expired-token=service,times=all",
    "cut-before,route=create-rule",
    "cut-after,method=post,path=/repos/*/sync_repo,region=cn-north-4",
    "hang-before,skip=3",
    "hang-after,every=2",
    "truncate=0",
    "delay=2s,probability=0.05,seed=7",
    "delay=15ms,probability=1,times=2",
    "drop-items=2",
    "drop-first=1,route=list-jobs",
    "job=failed,probability=0.5,seed=3",
    "job=hang,path=/repos/web$front/",
    "stranger=push-tag cn-north-4/team-a/web/front:v1@sha256:0,route=copy-tags",
    "repeat-page,route=list-repositories,times=all",
    "wrong-total=-1",
    "stale-reads=2,route=show-organization,times=all",
    "stranger=delete-rule cn-north-4/team-a/web/front -> cn-east-3/dr,skip=4",
];

#[test]
fn a_written_fault_is_read_back() {
    for text in SPECS {
        let fault: Fault = text
            .parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(
            fault.to_string().parse::<Fault>().as_ref(),
            Ok(&fault),
            "{text}: {fault}"
        );
    }
}

#[test]
fn a_file_and_the_command_line_agree() {
    for text in SPECS {
        let fault: Fault = text.parse().unwrap();
        let fields: std::collections::BTreeMap<_, _> = fault.fields().into_iter().collect();
        let json = serde_json::to_string(&[fields]).unwrap();
        assert_eq!(Fault::list(&json), Ok(vec![fault]), "{json}");
    }
    let list = Fault::list(
        "- { status: 401, code: 0307, skip: 2 }\n- cut-after: true\n  probability: 0.25\n",
    )
    .unwrap();
    assert_eq!(list[0], "status=401,code=0307,skip=2".parse().unwrap());
    assert_eq!(
        list[1],
        "cut-after,probability=0.25,times=all".parse().unwrap()
    );
    assert_eq!(Fault::list("[]"), Ok(Vec::new()));
}

#[test]
fn omitted_fields_have_their_documented_defaults() {
    let fault = |text: &str| text.parse::<Fault>().unwrap();
    assert_eq!(fault("cut-after"), Fault::new(Effect::CutAfter));
    assert_eq!(
        fault("status=429,retry-after=1"),
        Fault::new(Effect::throttled(Some(1)))
    );
    assert_eq!(fault("status=502"), Fault::new(Effect::html_502()));
    assert_eq!(fault("status=500"), Fault::new(Effect::internal()));
    assert_eq!(fault("status=403"), Fault::new(Effect::forbidden()));
    assert_eq!(fault("expired-token"), Fault::new(Effect::unauthorized()));
    assert_eq!(
        fault("cut-after,every=3"),
        Fault::new(Effect::CutAfter).every(3).forever()
    );
    assert_eq!(
        fault("cut-after,probability=0.5"),
        Fault::new(Effect::CutAfter).chance(0.5, 0).forever()
    );
}

#[track_caller]
fn are_refused<const N: usize>(texts: [(&str, &str); N]) {
    for (text, words) in texts {
        let error = text.parse::<Fault>().unwrap_err();
        assert!(error.contains(words), "{text}: {error}");
    }
}

#[test]
fn an_error_names_the_expected_values() {
    are_refused([
        (
            "",
            "no effect is given; expected one of status=STATUS, expired-token",
        ),
        ("method=POST", "no effect is given"),
        (
            "cut-aftr",
            "unknown effect `cut-aftr`; expected one of status=STATUS",
        ),
        (
            "cut-after,cut-before",
            "`cut-before` and `cut-after` are two effects; expected one",
        ),
        ("cut-after,cut-after", "`cut-after` is given twice"),
        ("cut-after=3", "`cut-after` takes no value"),
        (
            "cut-after=false",
            "`cut-after` cannot be `false`: leave it out",
        ),
        (
            "cut-after,metod=POST",
            "unknown field `metod`; expected, beside an effect, route, method, path",
        ),
        (
            "cut-after,method=FETCH",
            "unknown method `FETCH`; expected one of GET, POST",
        ),
        ("cut-after,region=mars-1", "unknown region `mars-1`"),
        (
            "cut-after,route=x",
            "unknown route `x`; expected one of list-regions",
        ),
        (
            "cut-after,skip=-1",
            "`skip` cannot be `-1`: expected a number",
        ),
        (
            "cut-after,times=often",
            "`times` cannot be `often`: expected a number or `all`",
        ),
        (
            "cut-after,every=0",
            "`every` cannot be `0`: expected a number from 1 on",
        ),
        (
            "cut-after,probability=2",
            "`probability` cannot be `2`: expected from 0 to 1",
        ),
        ("cut-after,probability=NaN", "`probability` cannot be `NaN`"),
        ("cut-after,seed=1", "`seed` needs `probability`"),
    ]);
}

#[test]
fn an_error_of_an_effect_names_the_expected_values() {
    are_refused([
        ("cut-after,body=html", "`body` needs `status`"),
        (
            "status",
            "`status` cannot be `true`: expected a number from 200 to 599",
        ),
        ("status=99", "`status` cannot be `99`"),
        (
            "status=500,body=xml",
            "unknown body `xml`; expected one of service, service-a",
        ),
        (
            "status=418",
            "the body `service` has no documented code for status 418; add `code`",
        ),
        (
            "status=403,code=4090023",
            "`code` cannot be `4090023`: expected seven digits that begin with the status, 403",
        ),
        ("status=502,code=1", "the body `html` has no `code`"),
        (
            "status=500,body=empty,message=x",
            "the body `empty` has no `message`",
        ),
        (
            "status=500,content-type=x",
            "the body `service` has no `content-type`",
        ),
        (
            "status=429,retry-after=soon",
            "`retry-after` cannot be `soon`: expected a number of seconds",
        ),
        (
            "status=429,retry-after=1,retry-after-date=1",
            "set the same header; expected one of them",
        ),
        ("status=502,committed=maybe", "`committed` takes no value"),
        (
            "expired-token=swr",
            "`expired-token` cannot be `swr`: expected gateway, service",
        ),
        (
            "truncate",
            "`truncate` cannot be `true`: expected a number of bytes",
        ),
        (
            "delay=5",
            "`delay` cannot be `5`: expected a time such as `250ms` or `2s`",
        ),
        (
            "drop-items=0",
            "`drop-items` cannot be `0`: expected a number from 1 on",
        ),
        (
            "wrong-total=0",
            "`wrong-total` cannot be `0`: expected a number such as `3` or `-1`",
        ),
        ("stale-writes=x", "`stale-writes` cannot be `x`"),
        (
            "stranger",
            "`true` is not an edit; expected create-organization|delete-organization REGION",
        ),
    ]);
}

#[test]
fn a_bad_file_names_the_item() {
    for (text, words) in [
        ("cut-after: true", "expected a list of faults"),
        (
            "- [",
            "expected a list of faults, such as `- { cut-after: true, method: POST }`: ",
        ),
        ("- cut-after", "fault 1: expected a mapping"),
        (
            "- { cut-after: true }\n- { cut-after: [] }",
            "fault 2: expected a text, a number or a boolean as `cut-after`",
        ),
        (
            "- { 1: true }",
            "fault 1: expected a text as the name of a field",
        ),
        (
            "- { cut-after: true, skip: x }",
            "fault 1: `skip` cannot be `x`",
        ),
    ] {
        let error = Fault::list(text).unwrap_err();
        assert!(error.contains(words), "{text}: {error}");
    }
}

#[test]
fn help_names_every_field() {
    let help = Fault::help();
    for (name, value, _) in EFFECTS.iter().chain(&SELECTORS).chain(&DETAILS) {
        assert!(
            help.contains(&format!("\n  {name}{value} ")),
            "{name}{value}: {help}"
        );
    }
    assert!(
        help.contains("create-rule")
            && help.contains("codearts-v1")
            && help.contains("toggle-rule"),
        "{help}"
    );
}
