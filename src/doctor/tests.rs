//! Limits that no test from outside hits to the second.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    CLOCK, ENDPOINT, Line, Status, checks, examine,
    seen::{ChartSeen, Endpoint, Problem, Reached, Region, Seen, Why},
};
use crate::{
    state::Chart,
    wire::{Service, host::EndpointKind},
};

fn endpoint(reached: Reached, ahead: Option<i64>) -> Endpoint {
    Endpoint {
        kind: EndpointKind::HuaweiCloud,
        host: Some("swr-api.cn-north-4.myhuaweicloud.com".to_owned()),
        reached,
        ahead,
    }
}

fn lines(endpoint: Endpoint, proxy: Option<&'static str>, check: &str) -> Vec<Line> {
    let region = Region {
        endpoints: [(Service::Swr, endpoint)].into(),
        ..Region::default()
    };
    let seen = Seen {
        chart: ChartSeen::None,
        proxy,
        regions: BTreeMap::from([(Arc::from("cn-north-4"), region)]),
        ..Seen::default()
    };
    let report = examine(&Chart::default(), &seen);
    let lines = report.lines.into_iter();
    lines.filter(|line| line.check == check).collect()
}

#[test]
fn a_clock_is_noticed_after_a_minute_and_bad_after_a_quarter_of_an_hour() {
    for (ahead, status, message) in [
        (0, Status::Ok, "as the service's"),
        (60, Status::Ok, "1m behind the service's"),
        (-60, Status::Ok, "1m ahead of the service's"),
        (61, Status::Warning, "1m 1s behind the service's"),
        (-900, Status::Warning, "15m ahead of the service's"),
        (901, Status::Failure, "15m 1s behind the service's"),
        (i64::MIN, Status::Failure, ""),
    ] {
        let found = lines(endpoint(Reached::Answered(401), Some(ahead)), None, CLOCK);
        assert_eq!(found[0].status, status, "{ahead}");
        assert!(
            message.is_empty() || found[0].message == message,
            "{found:?}"
        );
    }
    let unknown = endpoint(Reached::Answered(200), None);
    assert_eq!(lines(unknown, None, CLOCK), []);
}

#[test]
fn what_to_do_depends_on_what_went_wrong() {
    let hint = |message: &str, proxy| {
        let problem = Problem {
            why: Why::NoAnswer,
            message: message.to_owned(),
            hint: Some("the usual".to_owned()),
        };
        let found = lines(endpoint(Reached::No(problem), None), proxy, ENDPOINT);
        assert_eq!(found[0].status, Status::Failure);
        found[0].hint.clone().unwrap_or_default().into_owned()
    };
    assert!(hint("invalid peer certificate: UnknownIssuer", None).contains("--ca-file"));
    assert!(hint("invalid peer certificate: Expired", None).contains("clock"));
    assert!(hint("dns error: x", None).contains("region"));
    assert!(hint("dns error: x", Some("HTTPS_PROXY")).contains("HTTPS_PROXY"));
    assert_eq!(hint("refused", None), "the usual");
    let redirect = lines(endpoint(Reached::Answered(302), None), None, ENDPOINT);
    assert_eq!(redirect[0].status, Status::Failure);
}

#[test]
fn each_check_has_one_name() {
    let mut names: Vec<&str> = checks().collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}
