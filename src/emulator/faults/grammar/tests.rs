//! The grammar: what is read is shown as it can be read again, and what cannot be read says what is
//! expected.

use super::*;

/// One of each field, in the notation of the command line.
const SPECS: [&str; 30] = [
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
    "repeat-page,route=list-repositories,times=all",
    "wrong-total=-1",
    "stale-reads=2,route=show-organization,times=all",
    "stranger=delete-rule cn-north-4/team-a/web/front -> cn-east-3/dr,skip=4",
];

#[test]
fn what_is_read_is_shown_so_that_it_reads_the_same() {
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
fn a_file_says_the_same_as_the_command_line() {
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
fn what_is_left_out_has_its_documented_value() {
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

#[test]
fn a_bad_spec_says_what_is_expected() {
    for (text, words) in [
        (
            "",
            "it does not say what happens, which is one of status=STATUS, expired-token",
        ),
        ("method=POST", "it does not say what happens"),
        (
            "cut-aftr",
            "nothing is called `cut-aftr`; what happens is one of status=STATUS",
        ),
        (
            "cut-after,cut-before",
            "`cut-before` and `cut-after` are two faults",
        ),
        ("cut-after,cut-after", "`cut-after` is given twice"),
        ("cut-after=3", "`cut-after` takes no value"),
        ("cut-after=false", "`cut-after` is true, or left out"),
        (
            "cut-after,metod=POST",
            "there is no field `metod`; with an effect there are route, method, path",
        ),
        ("cut-after,method=FETCH", "`FETCH` is no method"),
        ("cut-after,region=mars-1", "no region `mars-1`"),
        ("cut-after,route=x", "no route is called `x`: list-regions"),
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
        ("cut-after,seed=1", "`seed` belongs to `probability`"),
        ("cut-after,body=html", "`body` belongs to `status`"),
        (
            "status",
            "`status` cannot be `true`: expected a number from 200 to 599",
        ),
        ("status=99", "`status` cannot be `99`"),
        (
            "status=500,body=xml",
            "no body is called `xml`; there are service, service-a",
        ),
        (
            "status=418",
            "no document tells a code of 418 for the body `service`: give `code`",
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
            "are two headers of one name",
        ),
        ("status=502,committed=maybe", "`committed` takes no value"),
        (
            "expired-token=swr",
            "one of gateway, service, codearts-v4, codearts-v1",
        ),
        (
            "truncate",
            "`truncate` cannot be `true`: expected a number of bytes",
        ),
        (
            "delay=5",
            "`delay` is a time such as `250ms` or `2s`, and not `5`",
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
            "`true` is nothing a stranger does; expected create-organization|delete-organization \
            REGION",
        ),
    ] {
        let error = text.parse::<Fault>().unwrap_err();
        assert!(error.contains(words), "{text}: {error}");
    }
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
            "fault 2: `cut-after` has no plain value",
        ),
        ("- { 1: true }", "fault 1: the name of a field is a text"),
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
    for (name, value, _) in EFFECTS.iter().chain(&CHOICES).chain(&DETAILS) {
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
