//! Copies: what a push starts, what a manual copy accepts, and how jobs end.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{RULES, Service, refused, rule};
use crate::emulator::{
    message::{Request, Response},
    state::{State, SyncRule, Tag, jobs::JobEnding},
    swr::{self, copies},
};

const COPY: &str = "/v2/manage/namespaces/team-a/repos/web$front/sync_images";
const JOBS: &str = "/v2/manage/namespaces/team-a/repos/web$front/sync_job";
const NEWEST: &str = "/v2/manage/namespaces/team-a/repos/web$front/sync_job?filter=limit::100|\
    offset::0|order::desc";

/// A service with the organization `dr` in cn-east-3, whose time a test moves.
struct Copies {
    service: Service,
    now: Timestamp,
}

impl Copies {
    /// `team-a/web/front` has these tags, and no rule.
    fn new(switch: &str, tags: &[&str]) -> Self {
        let mut service = match switch {
            "" => Service::new(),
            switch => Service::assuming(switch),
        };
        service.state.ensure_organization("cn-east-3", "dr");
        let web = service
            .state
            .ensure_repository("cn-north-4", "team-a", "web/front");
        web.tags = tags.iter().map(|name| Tag::named(name)).collect();
        service.state.fill_in();
        Self {
            service,
            now: "2026-01-02T03:04:05Z".parse().unwrap(),
        }
    }

    /// The same with a rule to `dr`.
    fn with_rule(switch: &str, overrides: bool) -> Self {
        let mut copies = Self::new(switch, &[]);
        let web = copies
            .state()
            .repository_mut("cn-north-4", "team-a", "web/front");
        web.unwrap().sync_rules.push(SyncRule {
            overrides,
            ..SyncRule::to("cn-east-3", "dr")
        });
        copies.state().fill_in();
        copies
    }

    fn state(&mut self) -> &mut State {
        &mut self.service.state
    }

    fn place() -> copies::Place {
        ["cn-north-4", "team-a", "web/front"].map(str::to_owned)
    }

    fn push(&mut self, name: &str) {
        let (now, settings) = (self.now, self.service.settings.clone());
        let tag = Tag::named(name);
        assert!(copies::push(
            self.state(),
            &settings,
            now,
            &Self::place(),
            [tag]
        ));
    }

    fn wait(&mut self, seconds: i64) {
        self.wait_for(seconds, |_| None);
    }

    fn wait_for(&mut self, seconds: i64, ending: impl FnMut(&copies::Place) -> Option<JobEnding>) {
        self.now += SignedDuration::from_secs(seconds);
        let Service { state, settings } = &mut self.service;
        let _ = copies::advance(state, settings, self.now, ending);
    }

    fn call(&mut self, method: &str, target: &str, body: &Value) -> Response {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request = Request {
            region: "cn-north-4".to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            body: body.to_string().into_bytes(),
            ..Request::default()
        };
        let Service { state, settings } = &mut self.service;
        swr::answer(state, settings, &request, self.now, "id-1").0
    }

    fn copy(&mut self, tags: &[&str]) -> Response {
        let body = json!({ "remoteRegionId": "cn-east-3", "remoteNamespace": "dr",
            "imageTag": tags });
        self.call("POST", COPY, &body)
    }

    /// Tags and statuses of the jobs, the newest first.
    fn jobs(&mut self) -> String {
        let jobs = self.call("GET", NEWEST, &Value::Null).value();
        let text = |job: &Value, name: &str| job[name].as_str().unwrap().to_owned();
        let jobs = jobs.as_array().unwrap().iter();
        jobs.map(|job| format!("{} {}", text(job, "tag"), text(job, "status")))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The tags of the copy.
    fn copied(&self) -> Vec<Tag> {
        let copy = self
            .service
            .state
            .repository("cn-east-3", "dr", "web/front");
        copy.map(|copy| copy.tags.clone()).unwrap_or_default()
    }

    fn copied_names(&self) -> Vec<String> {
        self.copied().into_iter().map(|tag| tag.name).collect()
    }

    fn digest(&self, tag: &str) -> String {
        let source = self
            .service
            .state
            .repository("cn-north-4", "team-a", "web/front");
        source.unwrap().tag(tag).unwrap().digest
    }
}

/// The assumptions of an answer.
fn assumptions(response: &Response) -> Vec<&str> {
    let headers = response.headers.iter();
    headers
        .filter(|(name, _)| name == "x-emulator-assumption")
        .map(|(_, value)| value.as_str())
        .collect()
}

#[test]
fn a_push_is_copied_by_the_clock() {
    let mut copies = Copies::with_rule("", false);
    copies.push("v1");
    assert_eq!(copies.jobs(), "v1 waiting");
    copies.wait(1);
    assert_eq!(copies.jobs(), "v1 running");
    assert_eq!(copies.copied(), []);
    copies.wait(4);
    assert_eq!(copies.jobs(), "v1 success");
    let expected = Tag {
        digest: copies.digest("v1"),
        pushed: "2026-01-02T03:04:10Z".to_owned(),
        copied: true,
        ..Tag::named("v1")
    };
    assert_eq!(copies.copied(), [expected]);
    let copy = copies.state().repository("cn-east-3", "dr", "web/front");
    let copy = copy.unwrap();
    assert!(!copy.is_public && copy.id > 0);
    assert_eq!(copy.created, "2026-01-02T03:04:10Z");
}

#[test]
fn a_job_has_all_its_fields() {
    let mut copies = Copies::with_rule("", true);
    copies.push("v1");
    copies.wait(2);
    let response = copies.call("GET", NEWEST, &Value::Null);
    assert_eq!(response.header("Content-Range"), Some("0-1/1"));
    let body = response.value();
    assert_eq!(
        body,
        json!([{
            "id": 1, "namespace": "team-a", "repoName": "web/front", "tag": "v1",
            "remoteRegionId": "cn-east-3", "remoteNamespace": "dr", "override": true,
            "status": "running",
            "syncOperatorId": body[0]["syncOperatorId"], "syncOperatorName": "acme",
            "domainID": body[0]["domainID"], "domainName": "acme",
            "createdAt": "2026-01-02T03:04:05Z", "updatedAt": "2026-01-02T03:04:06Z",
        }])
    );
    assert_eq!(body[0]["syncOperatorId"].as_str().unwrap().len(), 32);
}

#[test]
fn only_an_automatic_rule_copies_and_only_what_is_pushed_later() {
    let mut copies = Copies::new("", &["old"]);
    copies.call("POST", RULES, &rule(false, false));
    copies.push("v1");
    let of_hand = json!({ "remoteRegionId": "cn-east-3", "remoteNamespace": "audit",
        "syncAuto": true });
    copies.state().ensure_organization("cn-east-3", "audit");
    copies.call("POST", RULES, &of_hand);
    copies.push("v2");
    copies.wait(10);
    assert_eq!(copies.jobs(), "v2 success");
    let copy = copies.state().repository("cn-east-3", "audit", "web/front");
    assert_eq!(copy.unwrap().tags[0].name, "v2");
    assert_eq!(copies.copied(), []);
}

#[test]
fn a_tag_at_the_target_is_replaced_only_with_override() {
    for (switch, overrides, moved, status, replaced) in [
        ("", false, false, "existed", false),
        ("", false, true, "existed", false),
        ("other-digest=cancel", false, false, "existed", false),
        ("other-digest=cancel", false, true, "cancel", false),
        ("", true, true, "success", true),
        ("", true, false, "success", true),
    ] {
        let mut copies = Copies::with_rule(switch, overrides);
        copies.push("v1");
        copies.wait(5);
        let old = copies.copied();
        let digest = copies.digest("v1");
        if moved {
            copies.push("v1");
            assert_ne!(copies.digest("v1"), digest);
        } else {
            let tag = Tag {
                digest,
                ..Tag::named("v1")
            };
            let (now, settings) = (copies.now, copies.service.settings.clone());
            let _ = copies::push(copies.state(), &settings, now, &Copies::place(), [tag]);
        }
        copies.wait(5);
        assert_eq!(
            copies.jobs(),
            format!("v1 {status}, v1 success"),
            "{switch}"
        );
        let new = copies.copied();
        assert_eq!(new != old, replaced, "{switch}");
        if replaced {
            assert_eq!((new.len(), &new[0].digest), (1, &copies.digest("v1")));
        }
        let list = copies.call("GET", NEWEST, &Value::Null);
        let rests = assumptions(&list).contains(&"other-digest");
        assert_eq!(rests, status == "existed" || status == "cancel");
    }
}

#[test]
fn a_missing_target_gets_nothing_for_ever() {
    for (switch, jobs) in [("", ""), ("missing-target=failed-job", "v1 failed")] {
        for is_foreign in [false, true] {
            let mut copies = Copies::with_rule(switch, false);
            if is_foreign {
                copies.state().ensure_organization("cn-east-3", "dr").owner =
                    Some("other".to_owned());
            } else {
                copies.state().regions.remove("cn-east-3");
            }
            copies.push("v1");
            let response = copies.copy(&["v1"]);
            assert_eq!(response.status, 200);
            assert!(assumptions(&response).contains(&"missing-target"));
            copies.wait(5);
            let jobs = match jobs {
                "" => String::new(),
                jobs => format!("{jobs}, {jobs}"),
            };
            assert_eq!(copies.jobs(), jobs);
            copies.state().ensure_organization("cn-east-3", "dr").owner = None;
            copies.wait(1_000_000);
            assert_eq!((copies.jobs(), copies.copied()), (jobs, Vec::new()));
        }
    }
}

#[test]
fn a_target_that_goes_away_fails_the_job() {
    let mut copies = Copies::with_rule("", false);
    copies.push("v1");
    copies.state().regions.remove("cn-east-3");
    copies.wait(5);
    assert_eq!(copies.jobs(), "v1 failed");
}

#[test]
fn tags_are_copied_by_hand_without_a_rule() {
    let mut copies = Copies::new("", &["v1", "v2", "v3"]);
    let response = copies.copy(&["v3", "v1"]);
    assert_eq!((response.status, response.value()), (200, json!([])));
    assert_eq!(
        assumptions(&response),
        ["sync-images-answer", "sync-images-rule"]
    );
    assert_eq!(copies.jobs(), "v1 waiting, v3 waiting");
    copies.wait(5);
    assert_eq!(copies.copied_names(), ["v3", "v1"]);
    let _ = copies.copy(&["v1"]);
    copies.wait(5);
    assert_eq!(copies.jobs(), "v1 existed, v1 success, v3 success");
}

#[test]
fn a_manual_copy_needs_a_rule_if_that_is_assumed() {
    let mut copies = Copies::new("sync-images-rule=required", &["v1"]);
    let response = copies.copy(&["v1"]);
    refused(&response, "4009991");
    assert_eq!(assumptions(&response), ["sync-images-rule"]);
    copies.call("POST", RULES, &rule(true, false));
    assert_eq!(copies.copy(&["v1"]).status, 200);
}

#[test]
fn the_answer_to_a_manual_copy_says_what_is_assumed() {
    for (switch, answer) in [
        ("", json!([])),
        ("sync-images-answer=accepted", json!(["v1"])),
        ("sync-images-answer=failed", json!(["none"])),
    ] {
        let mut copies = Copies::new(switch, &["v1"]);
        assert_eq!(copies.copy(&["none", "v1"]).value(), answer, "{switch}");
    }
}

#[test]
fn an_unknown_tag_is_accepted() {
    for (switch, jobs) in [
        ("", "v1 success"),
        ("unknown-tag=failed-job", "v1 success, none failed"),
    ] {
        let mut copies = Copies::new(switch, &["v1"]);
        let response = copies.copy(&["none", "v1"]);
        assert_eq!(response.status, 200);
        assert!(assumptions(&response).contains(&"unknown-tag"));
        copies.wait(5);
        assert_eq!(copies.jobs(), jobs);
    }
}

#[test]
fn a_manual_copy_may_have_any_number_of_tags_or_fifty() {
    let names: Vec<String> = (0..51).map(|number| format!("t{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut copies = Copies::new("", &names);
    let response = copies.copy(&names);
    assert_eq!(response.status, 200);
    assert!(assumptions(&response).contains(&"sync-images-limit"));
    copies.wait(5);
    assert_eq!(copies.copied().len(), 51);
    let mut copies = Copies::new("sync-images-limit=50", &names);
    refused(&copies.copy(&names), "4009992");
    assert_eq!(copies.copy(&names[1..]).status, 200);
}

#[test]
fn an_incomplete_manual_copy_is_refused() {
    let mut copies = Copies::new("", &["v1"]);
    let whole = json!({ "remoteRegionId": "cn-east-3", "remoteNamespace": "dr",
        "imageTag": ["v1"] });
    for (field, value, code) in [
        ("remoteRegionId", Value::Null, "4001014"),
        ("remoteNamespace", json!(""), "4001014"),
        ("imageTag", Value::Null, "4001014"),
        ("imageTag", json!([]), "4001014"),
        ("imageTag", json!("v1"), "4001018"),
        ("imageTag", json!(["v1", 2]), "4001018"),
        ("imageTag", json!(["v1", ""]), "4001018"),
        ("override", json!("no"), "4001018"),
        ("remoteRegionId", json!("mars-1"), "5001101"),
    ] {
        let mut body = whole.clone();
        body[field] = value;
        refused(&copies.call("POST", COPY, &body), code);
    }
    for (path, code) in [
        (
            "/v2/manage/namespaces/none/repos/web/sync_images",
            "4040058",
        ),
        (
            "/v2/manage/namespaces/team-a/repos/none/sync_images",
            "4040113",
        ),
        (
            "/v2/manage/namespaces/theirs/repos/web/sync_images",
            "4037017",
        ),
    ] {
        refused(&copies.call("POST", path, &whole), code);
        let list = path.replace("sync_images", "sync_job?filter=limit::1|offset::0");
        refused(&copies.call("GET", &list, &Value::Null), code);
    }
    assert_eq!(copies.jobs(), "");
}

#[test]
fn the_list_of_jobs_wants_a_filter_with_limit_and_offset() {
    let mut copies = Copies::new("", &["a", "b", "c"]);
    for (query, code) in [
        ("", "4001025"),
        ("?limit=10&offset=0", "4001025"),
        ("?filter=limit::10", "4001025"),
        ("?filter=offset::0|order::desc", "4001025"),
        ("?filter=limit::x|offset::0", "4001025"),
        ("?filter=limit::10|offset::0|order::up", "4001025"),
        ("?filter=limit::10|offset::0|tag::v1", "4001035"),
        ("?filter=limit::0|offset::0", "4000056"),
        ("?filter=limit::1001|offset::0", "4000056"),
    ] {
        refused(
            &copies.call("GET", &format!("{JOBS}{query}"), &Value::Null),
            code,
        );
    }
    let _ = copies.copy(&["a", "b", "c"]);
    for (filter, tags, range) in [
        (
            "limit%3A%3A2%7Coffset%3A%3A0%7Corder%3A%3Adesc",
            "c b",
            "0-2/3",
        ),
        ("limit::2|offset::2|order::desc", "a", "2-1/3"),
        ("limit::2|offset::0|order::asc", "a b", "0-2/3"),
        ("limit::2|offset::9|order::asc", "", "9-0/3"),
    ] {
        let page = copies.call("GET", &format!("{JOBS}?filter={filter}"), &Value::Null);
        assert_eq!(page.header("Content-Range"), Some(range));
        let page = page.value();
        let items = page.as_array().unwrap().iter();
        let found: Vec<&str> = items.map(|job| job["tag"].as_str().unwrap()).collect();
        assert_eq!(found.join(" "), tags, "{filter}");
    }
    for (switch, first) in [("job-order=desc", "c"), ("job-order=asc", "a")] {
        copies.service.settings.assumptions.set(switch).unwrap();
        let path = format!("{JOBS}?filter=limit::1|offset::0");
        let page = copies.call("GET", &path, &Value::Null);
        assert_eq!(page.value()[0]["tag"], first);
        assert_eq!(assumptions(&page), ["job-order"]);
    }
}

#[test]
fn a_new_rule_leaves_no_job_or_one_that_copies_nothing() {
    for (switch, tags, jobs) in [
        ("", &["v1", "v2"][..], ""),
        ("rule-job=one", &["v1", "v2"], "v2 success"),
        ("rule-job=one", &[], "latest success"),
    ] {
        let mut copies = Copies::new(switch, tags);
        assert_eq!(copies.call("POST", RULES, &rule(true, false)).status, 200);
        copies.wait(10);
        assert_eq!(
            (copies.jobs().as_str(), copies.copied()),
            (jobs, Vec::new())
        );
        let list = copies.call("GET", NEWEST, &Value::Null);
        assert_eq!(assumptions(&list), ["rule-job"]);
    }
}

#[test]
fn the_time_of_a_copied_tag_is_that_of_the_copy_or_of_the_push() {
    for (switch, time) in [
        ("", "2026-01-02T03:04:10Z"),
        ("copied-time=source", "2026-01-02T03:04:05Z"),
    ] {
        let mut copies = Copies::with_rule(switch, false);
        copies.push("v1");
        copies.wait(5);
        assert_eq!(copies.copied()[0].pushed, time);
        let Service { state, settings } = &mut copies.service;
        let request = Request {
            region: "cn-east-3".to_owned(),
            method: "GET".to_owned(),
            path: "/v2/manage/namespaces/dr/repos/web$front/tags".to_owned(),
            ..Request::default()
        };
        let response = swr::answer(state, settings, &request, copies.now, "id-1").0;
        assert_eq!(response.value()[0]["updated"], time);
        assert_eq!(assumptions(&response), ["copied-time"]);
    }
}

#[test]
fn a_job_can_end_without_a_copy_or_never() {
    for (ending, status) in [
        (JobEnding::Failed, "failed"),
        (JobEnding::Timeout, "timeout"),
        (JobEnding::Cancel, "cancel"),
        (JobEnding::Hang, "running"),
    ] {
        let mut copies = Copies::with_rule("", false);
        copies.push("v1");
        let mut places = Vec::new();
        copies.wait_for(5, |place| {
            places.push(place.clone());
            Some(ending)
        });
        copies.wait(1_000_000);
        assert_eq!(places, [Copies::place()]);
        assert_eq!(copies.jobs(), format!("v1 {status}"));
        assert_eq!(copies.copied(), []);
    }
}

#[test]
fn jobs_end_in_the_order_of_their_times() {
    let mut copies = Copies::with_rule("", true);
    copies.push("v1");
    copies.wait(2);
    copies.push("v2");
    copies.push("v3");
    // Everything is due at once, and the first push comes first.
    copies.wait(100);
    assert_eq!(copies.copied_names(), ["v1", "v2", "v3"]);
    let times: Vec<String> = copies.copied().into_iter().map(|tag| tag.pushed).collect();
    assert_eq!(
        times,
        [
            "2026-01-02T03:04:10Z",
            "2026-01-02T03:04:12Z",
            "2026-01-02T03:04:12Z"
        ]
    );
}

#[test]
fn a_job_of_no_time_ends_at_once() {
    let mut copies = Copies::with_rule("", false);
    copies.service.settings.job_delay = Duration::ZERO;
    copies.service.settings.job_duration = Duration::ZERO;
    copies.push("v1");
    copies.wait(0);
    assert_eq!(copies.jobs(), "v1 success");
}

#[test]
fn what_is_pushed_and_gone_before_the_job_runs_is_not_copied() {
    let mut copies = Copies::with_rule("", false);
    copies.push("v1");
    copies.push("v1");
    let newest = copies.digest("v1");
    copies.push("v2");
    let web = copies
        .state()
        .repository_mut("cn-north-4", "team-a", "web/front");
    assert!(web.unwrap().remove_tag("v2"));
    copies.wait(5);
    assert_eq!(copies.jobs(), "v2 failed, v1 existed, v1 success");
    let copied: Vec<String> = copies.copied().into_iter().map(|tag| tag.digest).collect();
    assert_eq!(copied, [newest]);
}

#[test]
fn a_copy_starts_no_other_copy() {
    let mut copies = Copies::with_rule("", false);
    let back = copies
        .state()
        .ensure_repository("cn-east-3", "dr", "web/front");
    back.sync_rules.push(SyncRule::to("cn-north-4", "team-a"));
    copies.push("v1");
    copies.wait(5);
    let copy = copies.state().repository("cn-east-3", "dr", "web/front");
    assert_eq!(copy.unwrap().jobs, []);
}
