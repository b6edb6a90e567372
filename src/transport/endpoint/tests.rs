//! Which endpoint wins, and which ones are refused.

use super::*;
use crate::diagnostics::Source;

fn wanted<'a>(service: Service, region: &'a str, chart: Option<&'a str>) -> Wanted<'a> {
    let wanted = Wanted::new(service, region);
    match chart {
        Some(text) => wanted.in_chart(text, None),
        None => wanted,
    }
}

/// The values of the endpoint variables of the services.
fn overrides<'a>(
    variables: &[(Service, Option<&str>)],
    allowed_hosts: &'a [String],
) -> Overrides<'a> {
    let value = |name: &str| {
        let (_, value) = variables.iter().find(|(of, _)| variable(*of) == name)?;
        value.map(str::to_owned)
    };
    Overrides::read(&value, allowed_hosts)
}

fn resolve(
    region: &str,
    environment: Option<&str>,
    chart: Option<&str>,
    allowed: &[&str],
) -> String {
    let allowed_hosts: Vec<String> = allowed.iter().map(|&host| host.to_owned()).collect();
    let overrides = overrides(&[(Service::Swr, environment)], &allowed_hosts);
    match Endpoints::resolve(&[wanted(Service::Swr, region, chart)], &overrides) {
        Ok(endpoints) => endpoints.base(Service::Swr, region).unwrap().to_string(),
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn environment(template: &str, expected: &str) {
    let resolved = resolve("cn-north-4", Some(template), None, &[]);
    assert!(resolved.contains(expected), "{resolved}");
}

#[track_caller]
fn chart(template: &str, allowed: &[&str], expected: &str) {
    let resolved = resolve("cn-north-4", None, Some(template), allowed);
    assert!(resolved.contains(expected), "{resolved}");
}

#[test]
fn by_region() {
    assert_eq!(
        resolve("cn-north-4", None, None, &[]),
        "https://swr-api.cn-north-4.myhuaweicloud.com"
    );
    assert_eq!(
        resolve("eu-west-101", None, None, &[]),
        "https://swr-api.eu-west-101.myhuaweicloud.eu"
    );
    assert_eq!(
        resolve("cn-north-208", Some(""), Some(""), &[]),
        "https://swr-api.cn-north-208.myhuaweicloud.com"
    );
}

#[test]
fn the_first_that_is_given_wins() {
    let chart = Some("https://swr.{region}.myhuaweicloud.com");
    assert_eq!(
        resolve("a-1", None, chart, &[]),
        "https://swr.a-1.myhuaweicloud.com"
    );
    assert_eq!(
        resolve("a-1", Some("https://e.example/{region}/"), chart, &[]),
        "https://e.example/a-1"
    );
    // The chart's endpoint is not used, so it need not be allowed.
    assert_eq!(
        resolve(
            "a-1",
            Some("http://[::1]:80"),
            Some("https://evil.example"),
            &[]
        ),
        "http://[::1]"
    );
}

#[test]
fn the_host_that_is_signed_is_the_one_that_is_sent() {
    let base = parse(
        "https://Swr.EXAMPLE:443/x/",
        "a-1",
        &Origin::Variable(Service::Swr),
    )
    .unwrap();
    assert_eq!(
        (&*base.origin, &*base.authority),
        ("https://swr.example", "swr.example")
    );
    assert_eq!((&*base.host_port, &*base.prefix), ("swr.example:443", "/x"));
    let base = parse(
        "http://127.0.0.1:18080",
        "a-1",
        &Origin::Variable(Service::Swr),
    )
    .unwrap();
    assert_eq!(
        (&*base.authority, &*base.host_port),
        ("127.0.0.1:18080", "127.0.0.1:18080")
    );
}

#[test]
fn plain_http_is_for_loopback() {
    for host in ["127.0.0.1", "127.9.9.9:80", "[::1]:5000", "localhost:8080"] {
        environment(&format!("http://{host}/"), "http://");
    }
    for host in [
        "example.com",
        "10.0.0.1",
        "127.0.0.1.example.com",
        "localhost.example.com",
        "[::2]",
        "0.0.0.0",
    ] {
        environment(&format!("http://{host}"), "in the clear");
    }
}

#[test]
fn what_a_template_may_not_hold() {
    environment("https://user:pa55@example.com", "user name or a password");
    environment("https://token@example.com", "user name or a password");
    environment("https://example.com/?a=s3cret", "query or a fragment");
    environment("https://example.com/#a", "query or a fragment");
    environment("https://{zone}.example.com", "the only placeholder");
    environment("ftp://example.com", "neither https:// nor http://");
    environment("example.com", "no usable URL");
    environment("localhost:8080", "neither https:// nor http://");
    environment(" https://example.com", "a blank");
    environment("https://exa\tmple.com", "a blank");
    environment("https://example.com\\@evil", "backslash");
}

#[test]
fn messages_hold_no_password() {
    for template in [
        "https://user:pa55@example.com",
        "https://user:pa55@:0",
        "https://h.example/?pa55",
    ] {
        let message = resolve("a-1", Some(template), None, &[]);
        assert!(!message.contains("pa55"), "{message}");
    }
}

#[test]
fn a_chart_does_not_choose_the_host_that_gets_credentials() {
    chart(
        "https://swr-api.{region}.myhuaweicloud.com",
        &[],
        "https://swr-api.cn-north-4",
    );
    chart("https://x.myhuaweicloud.eu", &[], "https://x.");
    chart(
        "http://127.0.0.1:8080/{region}",
        &[],
        "http://127.0.0.1:8080/cn-north-4",
    );
    for host in [
        "evil.example",
        "myhuaweicloud.com",
        "notmyhuaweicloud.com",
        "x.myhuaweicloud.com.evil.example",
    ] {
        chart(
            &format!("https://{host}"),
            &[],
            &format!("`--allow-endpoint {host}`"),
        );
        chart(
            &format!("https://{host}/p"),
            &[host],
            &format!("https://{host}/p"),
        );
    }
    chart(
        "https://swr.{region}.example",
        &["SWR.{region}.example"],
        "https://swr.cn-north-4.example",
    );
    chart("https://evil.example", &["other.example"], "outside Huawei");
}

#[test]
fn a_region_smuggles_nothing() {
    for region in [
        "",
        "evil.com/",
        "a@b",
        "a:1",
        "A",
        "a_b",
        "a b",
        "-a",
        "a--b",
        "\u{e9}",
        "x".repeat(64).as_str(),
    ] {
        assert!(
            resolve(region, None, None, &[]).contains("is not a region id"),
            "{region}"
        );
    }
}

fn resolve_all(wanted: &[Wanted<'_>], swr: Option<&str>) -> Result<Endpoints, EndpointError> {
    Endpoints::resolve(wanted, &overrides(&[(Service::Swr, swr)], &[]))
}

#[test]
fn one_url_serves_one_region() {
    let wanted = ["a-1", "b-1"].map(|region| Wanted::new(Service::Swr, region));
    let error = resolve_all(&wanted, Some("http://127.0.0.1:1")).unwrap_err();
    assert!(matches!(error, EndpointError::Shared { .. }));
    assert_eq!(
        resolve_all(&wanted, Some("http://127.0.0.1:1/{region}"))
            .unwrap()
            .iter()
            .count(),
        2
    );
    let apart = [
        Wanted::new(Service::Swr, "a-1").in_chart("http://localhost:1", None),
        Wanted::new(Service::Swr, "b-1").in_chart("http://localhost:2", None),
    ];
    assert_eq!(resolve_all(&apart, None).unwrap().iter().count(), 2);
}

#[test]
fn one_server_has_many_names() {
    let both = |first: &str, second: &str| {
        let wanted = |region, chart| wanted(Service::Swr, region, chart);
        resolve_all(
            &[wanted("a-1", Some(first)), wanted("b-1", Some(second))],
            None,
        )
    };
    let here = [
        "localhost",
        "LOCALHOST",
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "127.0.0.2",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
    ];
    for name in here {
        let url = format!("http://{name}:8080");
        let error = both("http://127.0.0.1:8080/", &url).unwrap_err();
        assert!(
            matches!(error, EndpointError::Shared { .. }),
            "{name}: {error}"
        );
        assert!(both("http://127.0.0.1:8081", &url).is_ok(), "{name}");
    }
    let cloud = "https://swr.x.myhuaweicloud.com";
    for (first, second, is_one) in [
        (cloud, "https://SWR.X.myhuaweicloud.com:443/", true),
        (cloud, "https://swr.x.myhuaweicloud.com./", true),
        (cloud, "https://swr.x.myhuaweicloud.com:8443", false),
        (cloud, "https://swr.x.myhuaweicloud.eu", false),
        ("https://localhost/a~b", "https://127.0.0.1/a%7Eb/", true),
        ("https://localhost/a/b", "https://localhost//a/./b//", true),
        ("https://localhost/a", "https://localhost/A", false),
        ("https://localhost/a", "https://localhost/a/b", false),
        ("https://localhost/a/b", "https://localhost/a%2Fb", true),
        ("https://127.0.0.1", "https://[::ffff:127.0.0.1]", true),
        ("http://localhost:443", "https://127.0.0.1", true),
        ("http://localhost", "https://localhost", false),
        (
            "http://127.0.0.1:8080/{region}",
            "http://localhost:8080/{region}",
            false,
        ),
    ] {
        let allowed = ["swr.x.myhuaweicloud.com.", "[::ffff:7f00:1]"].map(str::to_owned);
        let overrides = overrides(&[], &allowed);
        let wanted = |region, chart| wanted(Service::Swr, region, chart);
        let resolved = Endpoints::resolve(
            &[wanted("a-1", Some(first)), wanted("b-1", Some(second))],
            &overrides,
        )
        .map(|_| ());
        let is_shared = matches!(resolved, Err(EndpointError::Shared { .. }));
        assert!(
            is_shared == is_one && (is_shared || resolved.is_ok()),
            "{first} {second}: {resolved:?}"
        );
    }
    let error = both("http://127.0.0.1:1", "http://localhost:1")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("endpoint http://localhost:1, which is also written http://127.0.0.1:1:"),
        "{error}"
    );
}

#[test]
fn one_region_has_one_url() {
    let twice = |first, second| {
        [first, second].map(|chart| Wanted::new(Service::Swr, "a-1").in_chart(chart, None))
    };
    assert!(resolve_all(&twice("http://localhost:1", "http://localhost:1/"), None).is_ok());
    let error = resolve_all(&twice("http://localhost:1", "http://localhost:2"), None).unwrap_err();
    assert!(matches!(error, EndpointError::Conflict { .. }));
}

fn codearts(region: &str, environment: Option<&str>, chart: Option<&str>) -> String {
    let variables = [
        (Service::Swr, Some("https://swr.example")),
        (Service::CodeArts, environment),
    ];
    let wanted = wanted(Service::CodeArts, region, chart);
    match Endpoints::resolve(&[wanted], &overrides(&variables, &[])) {
        Ok(endpoints) => endpoints
            .base(Service::CodeArts, region)
            .unwrap()
            .to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn codearts_has_hosts_of_its_own() {
    for (region, host) in [
        (
            "cn-north-4",
            "https://codehub-ext.cn-north-4.myhuaweicloud.com",
        ),
        (
            "tr-west-1",
            "https://codeartsrepo-ext.tr-west-1.myhuaweicloud.com",
        ),
        (
            "eu-west-101",
            "https://codeartsrepo-ext.eu-west-101.myhuaweicloud.eu",
        ),
        ("me-east-1", "https://repo.me-east-1.myhuaweicloud.com"),
    ] {
        assert_eq!(codearts(region, None, None), host);
    }
    let unknown = codearts("cn-north-208", None, None);
    assert!(
        unknown.contains("`endpoints.codearts`")
            && unknown.contains("`PORTOLAN_ENDPOINT_CODEARTS`"),
        "{unknown}"
    );
    assert_eq!(
        codearts("a-1", Some("https://e.example/{region}"), None),
        "https://e.example/a-1"
    );
    assert_eq!(
        codearts("a-1", None, Some("https://x.{region}.myhuaweicloud.com")),
        "https://x.a-1.myhuaweicloud.com"
    );
    let foreign = codearts("a-1", None, Some("https://evil.example"));
    assert!(
        foreign.starts_with("`endpoints.codearts` would send credentials to `evil.example`"),
        "{foreign}"
    );
    assert!(
        foreign.ends_with("set `PORTOLAN_ENDPOINT_CODEARTS`"),
        "{foreign}"
    );
    assert!(codearts("a-1", Some("http://example.com"), None).contains("in the clear"));
}

#[test]
fn two_services_may_share_a_host() {
    let wanted = [Service::Swr, Service::CodeArts].map(|service| Wanted::new(service, "a-1"));
    let overrides = Overrides::read(&|_| Some("http://127.0.0.1:1".to_owned()), &[]);
    assert_eq!(
        Endpoints::resolve(&wanted, &overrides)
            .unwrap()
            .iter()
            .count(),
        2
    );
}

fn iam(region: &str, swr: Option<&str>, environment: Option<&str>, chart: Option<&str>) -> String {
    let wanted = [
        wanted(Service::Swr, region, swr),
        wanted(Service::Iam, region, chart),
    ];
    let allowed = ["swr.example.com".to_owned()];
    let overrides = overrides(&[(Service::Iam, environment)], &allowed);
    match Endpoints::resolve(&wanted, &overrides) {
        Ok(endpoints) => endpoints
            .base(Service::Iam, region)
            .map_or_else(|| "none".to_owned(), Base::to_string),
        Err(error) => error.to_string(),
    }
}

#[test]
fn iam_is_the_regions_own_where_the_other_services_are() {
    assert_eq!(
        iam("cn-north-4", None, None, None),
        "https://iam.cn-north-4.myhuaweicloud.com"
    );
    assert_eq!(
        iam("eu-west-101", None, None, None),
        "https://iam.eu-west-101.myhuaweicloud.eu"
    );
    let elsewhere = Some("https://swr.example.com");
    assert_eq!(iam("a-1", elsewhere, None, None), "none");
    assert_eq!(
        iam("a-1", elsewhere, Some("https://iam.example.com"), None),
        "https://iam.example.com"
    );
    let refused = iam("a-1", elsewhere, None, Some("https://iam.example.com"));
    assert!(
        refused.contains("`endpoints.iam`") && refused.contains("PORTOLAN_ENDPOINT_IAM"),
        "{refused}"
    );
    assert!(iam("a-1", None, Some("http://iam.example.com"), None).contains("in the clear"));
}

#[test]
fn one_iam_serves_all_regions() {
    let wanted = ["a-1", "b-1"].map(|region| Wanted::new(Service::Iam, region));
    let overrides = Overrides::read(&|_| Some("https://iam.myhuaweicloud.com".to_owned()), &[]);
    assert_eq!(
        Endpoints::resolve(&wanted, &overrides)
            .unwrap()
            .iter()
            .count(),
        2
    );
}

#[test]
fn an_endpoint_knows_its_origin() {
    let origin = |wanted: Wanted<'_>, variable| {
        let overrides = overrides(&[(Service::Swr, variable)], &[]);
        let resolved = Endpoints::resolve(&[wanted], &overrides);
        resolved.map(|endpoints| endpoints.iter().next().unwrap().2.origin.to_string())
    };
    let url = "https://swr.myhuaweicloud.com";
    let of_region = Wanted::new(Service::Swr, "a-1");
    for (wanted, variable, expected) in [
        (of_region.clone(), None, "the region's endpoint"),
        (of_region.clone(), Some(""), "the region's endpoint"),
        (
            of_region.clone().in_chart("", None),
            None,
            "the region's endpoint",
        ),
        (
            of_region.clone().in_chart(url, None),
            None,
            "`endpoints.swr`",
        ),
        (
            of_region.clone().in_chart(url, None),
            Some(url),
            "`PORTOLAN_ENDPOINT_SWR`",
        ),
        (
            of_region.clone().in_saved_plan(url),
            None,
            "the saved plan's endpoint of `swr`",
        ),
    ] {
        assert_eq!(origin(wanted, variable).unwrap(), expected);
    }
    let source = Source {
        file: "chart.yaml".into(),
        line: 3,
        column: 19,
    };
    let refused = origin(
        of_region.in_chart("https://evil.example", Some(source)),
        None,
    );
    let message = refused.unwrap_err().to_string();
    assert!(
        message.starts_with("chart.yaml:3:19: `endpoints.swr` would send credentials"),
        "{message}"
    );
}

/// The endpoint of a region that another one copies to.
fn abroad(
    variable: Option<&str>,
    source: Option<&str>,
    own: Option<&str>,
    allowed: &[&str],
) -> String {
    let allowed: Vec<String> = allowed.iter().map(|&host| host.to_owned()).collect();
    let overrides = overrides(&[(Service::Swr, variable)], &allowed);
    let sources = [wanted(Service::Swr, "a-1", source)];
    let mut endpoints = Endpoints::resolve(&sources, &overrides).unwrap();
    match endpoints.add_abroad(&wanted(Service::Swr, "b-1", own), &sources, &overrides) {
        Ok(()) => endpoints.base(Service::Swr, "b-1").unwrap().to_string(),
        Err(reason) => reason,
    }
}

#[test]
fn a_region_abroad_has_an_endpoint_of_its_own_or_none() {
    let of_region = "https://swr-api.b-1.myhuaweicloud.com";
    let fixed = "https://swr.example.com";
    let template = "https://{region}.example.com";
    let hosts = ["swr.example.com", "{region}.example.com"];
    for (variable, source, own, expected) in [
        (None, None, None, of_region),
        (Some(template), None, None, "https://b-1.example.com"),
        (Some(template), None, Some(fixed), "https://b-1.example.com"),
        (
            Some(fixed),
            None,
            Some(template),
            "`PORTOLAN_ENDPOINT_SWR` has no `{region}`",
        ),
        (None, Some(template), None, "https://b-1.example.com"),
        (None, Some(template), Some(fixed), fixed),
        (None, Some(fixed), None, "`endpoints.swr` has no `{region}`"),
        (
            None,
            Some(fixed),
            Some(fixed),
            "its endpoint is that of another region",
        ),
        // The account is that of Huawei Cloud.
        (
            None,
            Some("https://swr-api.a-1.myhuaweicloud.com"),
            None,
            of_region,
        ),
    ] {
        assert_eq!(
            abroad(variable, source, own, &hosts),
            expected,
            "{variable:?} {source:?} {own:?}"
        );
    }
    let refused = abroad(None, None, Some(fixed), &[]);
    assert!(refused.contains("outside Huawei Cloud"), "{refused}");
}
