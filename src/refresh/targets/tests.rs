//! Looks at targets through a service in this process, in simulated time.

use super::*;
use crate::{
    plan::tests::chart,
    progress::Silent,
    refresh::refresh_part,
    transport::{Exchange, Transport},
    wire::Response,
};

const CHART: &str = "organizations: { o: { repositories: { web: { sync: [ \
    { target_region: r-2, target_organization: dr }, \
    { target_region: r-2, target_organization: us } ] } } } }";

const NOT_FOUND: &str =
    r#"{ "errors": [ { "errorCode": "SVCSTG.SWR.4040017", "errorMessage": "not found" } ] }"#;

/// What the target region answers to a path; `None`: never.
type Judge = fn(&str) -> Option<(u16, &'static str)>;

/// The region r-1 has the repository, and each answer takes a tenth of a second.
struct Service {
    abroad: Judge,
    home: u16,
}

impl Transport for Service {
    fn send<'a>(&'a self, request: &'a Request) -> Exchange<'a> {
        let body = match &*request.path {
            "/v2/manage/namespaces" => r#"{ "namespaces": [ { "name": "o" } ] }"#,
            "/v2/manage/repos" => {
                r#"[ { "name": "web", "namespace": "o", "is_public": false, "num_images": 0 } ]"#
            }
            _ => "[]",
        };
        let answer = match &*request.region {
            "r-1" => Some((self.home, body)),
            _ => (self.abroad)(&request.path),
        };
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let Some((status, body)) = answer else {
                return std::future::pending().await;
            };
            Ok(Response {
                status,
                body: body.into(),
                ..Response::default()
            })
        })
    }
}

/// The targets, how many requests were sent, and how long it took.
async fn looked(home: u16, abroad: Judge) -> (Live, usize, Duration) {
    let client = Arc::new(Client::new(Arc::new(Service { abroad, home }), 10));
    let chart = chart(CHART);
    let options = RefreshOptions {
        abroad: Some([("r-2".into(), Ok(()))].into()),
        ..RefreshOptions::default()
    };
    let began = Instant::now();
    let live = refresh_part(&client, &chart, &chart, &options, &Silent).await;
    (live, client.requests(), began.elapsed())
}

fn words(live: &Live) -> Vec<String> {
    let word = |(place, target): (&Address, &Target)| match target {
        Target::There => format!("{place} there"),
        Target::Missing => format!("{place} missing"),
        Target::NotLookedAt(reason) => format!("{place}: {reason}"),
    };
    live.targets.iter().map(word).collect()
}

#[tokio::test(start_paused = true)]
async fn missing_is_what_the_list_lacks_and_its_own_read_does_not_find() {
    let (live, requests, _) = looked(200, |path| match path {
        "/v2/manage/namespaces" => Some((200, r#"{ "namespaces": [ { "name": "dr" } ] }"#)),
        _ => Some((404, NOT_FOUND)),
    })
    .await;
    assert_eq!(
        words(&live),
        ["organization r-2/dr there", "organization r-2/us missing"]
    );
    // Two lists and the rules, and beside them one list and one organization.
    assert_eq!(requests, 3 + 2);
}

#[tokio::test(start_paused = true)]
async fn an_organization_that_only_the_list_lacks_is_there() {
    let (live, requests, _) = looked(200, |path| match path {
        "/v2/manage/namespaces" => Some((200, r#"{ "namespaces": [] }"#)),
        "/v2/manage/namespaces/dr" => Some((200, r#"{ "name": "dr" }"#)),
        _ => Some((403, "{}")),
    })
    .await;
    let [there, unclear] = &words(&live)[..] else {
        panic!("two targets")
    };
    assert_eq!(there, "organization r-2/dr there");
    assert!(
        unclear.contains("us: ") && unclear.contains("403"),
        "{unclear}"
    );
    assert_eq!((requests, live.failures.len()), (6, 0));
}

#[tokio::test(start_paused = true)]
async fn a_region_that_hangs_costs_five_seconds() {
    let silent: [Judge; 2] = [
        |_| None,
        |path| match path {
            "/v2/manage/namespaces" => Some((200, r#"{ "namespaces": [] }"#)),
            _ => None,
        },
    ];
    for abroad in silent {
        let (live, _, time) = looked(200, abroad).await;
        for text in words(&live) {
            assert!(text.ends_with(": no answer within 5 seconds"), "{text}");
        }
        assert_eq!((live.targets.len(), live.failures.len()), (2, 0));
        // It begins when the first answer of the other region is there.
        assert_eq!(time, Duration::from_millis(100) + PATIENCE);
    }
}

#[tokio::test(start_paused = true)]
async fn a_region_that_refuses_is_asked_once_and_stops_nothing() {
    for status in [401, 403, 429, 500, 503] {
        // Statics, because the judge is no closure.
        let abroad: Judge = match status {
            401 => |_| Some((401, "{}")),
            403 => |_| Some((403, "{}")),
            429 => |_| Some((429, "{}")),
            500 => |_| Some((500, "{}")),
            _ => |_| Some((503, "{}")),
        };
        let (live, requests, _) = looked(200, abroad).await;
        assert_eq!((live.failures.len(), live.targets.len()), (0, 2));
        assert_eq!(requests, 3 + 1, "{status}");
        let text = &words(&live)[0];
        assert!(text.contains(&status.to_string()), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_refused_at_home_are_not_tried_abroad() {
    let (live, requests, _) = looked(401, |_| Some((200, "[]"))).await;
    assert!(!live.failures.is_empty() && live.targets.is_empty());
    assert!(requests <= 2, "{requests}");
}
