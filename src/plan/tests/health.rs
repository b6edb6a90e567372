//! Findings about the jobs of rules.

use super::*;
use crate::{
    kind::{
        copying::{Job, JobStatus},
        sync_rule,
    },
    plan::health,
    state::ReadFailure,
    time::Moment,
};

const CHART: &str = "organizations: { o: { repositories: {
    web: { sync: [ { target_region: x-1, target_organization: y },
        { target_region: x-2, target_organization: y } ] }, api: } } }";

const HOUR: i64 = 3600;

/// A job of `web` that was created so many hours ago, and changed an hour later.
fn job(id: u64, target: &str, tag: &str, status: JobStatus, hours: i64) -> Job {
    let web = repository::address("r-1", "o", "web");
    let created = NOW.0 - hours * HOUR;
    Job {
        id,
        rule: sync_rule::address(&web, target, "y"),
        item: tag.to_owned(),
        status,
        created: Some(Moment(created)),
        updated: Some(Moment(created + HOUR)),
    }
}

/// The state after these jobs, which `--jobs` reads.
fn after(jobs: Vec<Job>) -> Live {
    let rules = [("x-1", "y", false), ("x-2", "y", false)];
    let mut live = live(&[("o/web", false, 9, &rules), ("o/api", false, 0, &[])]);
    let web = repository::address("r-1", "o", "web");
    live.judged_jobs.insert(web.clone());
    live.jobs.insert(web, jobs);
    live
}

/// Code, target region, whether it counts, and what stands before the advice.
fn found(live: &Live) -> Vec<String> {
    let line = |finding: &Finding| {
        let counts = if finding.counts { "!" } else { "" };
        assert!(finding.source.is_some());
        let (what, advice) = finding.message.split_once("; ").unwrap();
        assert_eq!(
            advice,
            "`apply --backfill 'r-1/o/web'` copies what is missing there"
        );
        format!(
            "{}{counts} {}: {what}",
            finding.code,
            &finding.address.parts()[3]
        )
    };
    plan(CHART, live, &[]).findings.iter().map(line).collect()
}

#[test]
fn the_newest_job_of_each_tag_and_target_decides() {
    use JobStatus::*;
    let live = after(vec![
        job(1, "x-1", "v1", Failed, 30),
        job(2, "x-1", "v1", Success, 29),
        job(3, "x-1", "v2", Success, 28),
        job(4, "x-1", "v2", Failed, 27),
        job(5, "x-1", "v3", TimedOut, 26),
        job(6, "x-2", "v2", Existed, 25),
        job(7, "x-2", "v1", Cancelled, 24),
        // No live rule has this target.
        job(8, "x-3", "v1", Failed, 23),
    ]);
    assert_eq!(
        found(&live),
        [
            "sync-failed! x-1: 2 tags were not copied since 2026-11-20T06:00:00Z (1 failed, \
            1 timeout): v2, v3",
            "sync-failed x-2: 1 tag was not copied since 2026-11-20T09:00:00Z (1 cancel): v1",
        ]
    );
}

#[test]
fn a_job_hangs_after_six_hours_of_the_services_clock() {
    use JobStatus::*;
    let mut exactly = job(1, "x-1", "v1", Waiting, 6);
    let undated = Job {
        created: None,
        updated: None,
        ..job(2, "x-1", "v2", Running, 99)
    };
    assert!(found(&after(vec![exactly.clone(), undated])).is_empty());
    exactly.created = Some(Moment(NOW.0 - 6 * HOUR - 1));
    let unknown = Other(crate::mask::Foreign::new(&Default::default(), "paused", 40));
    let live = after(vec![
        exactly,
        job(2, "x-1", "v2", Running, 7),
        job(3, "x-1", "v3", unknown, 8),
        job(4, "x-1", "v4", Failed, 8),
    ]);
    assert_eq!(
        found(&live),
        [
            "sync-failed! x-1: 1 tag was not copied since 2026-11-21T01:00:00Z (1 failed): v4",
            "sync-stuck! x-1: 3 tags have not been copied since 2026-11-21T00:00:00Z (1 paused, \
            1 running, 1 waiting): v1, v2, v3",
        ]
    );
}

#[test]
fn a_message_names_five_tags_and_breaks_out_of_nothing() {
    let mut jobs: Vec<Job> = (10..17)
        .map(|number| job(number, "x-1", &format!("v{number}"), JobStatus::Failed, 9))
        .collect();
    jobs[0].item = "a\u{1b}[31m\n::error::".to_owned();
    for job in &mut jobs {
        (job.created, job.updated) = (None, None);
    }
    assert_eq!(
        found(&after(jobs)),
        [
            "sync-failed! x-1: 7 tags were not copied (7 failed): a\\u{1b}[31m\\n::error::, v11, \
            v12, v13, v14 and 2 more"
        ]
    );
}

#[test]
fn only_what_was_asked_for_and_is_in_the_chart_is_judged() {
    let failed = || vec![job(1, "x-1", "v1", JobStatus::Failed, 9)];
    let mut unasked = after(failed());
    unasked.judged_jobs.clear();
    assert!(found(&unasked).is_empty());
    let mut no_rule = after(failed());
    no_rule
        .resources
        .retain(|address, _| address.parts().len() < 5);
    assert!(found(&no_rule).is_empty());
    // The plan deletes the rule, so nothing of it is left to mend.
    let without = "organizations: { o: { repositories: { web: { sync: [] }, api: } } }";
    assert!(plan(without, &after(failed()), &[]).findings.is_empty());
}

#[test]
fn a_tag_at_the_target_clears_its_job_only_with_the_digest_of_the_source() {
    let item = |name: &str, digest: Option<&str>| crate::kind::Item {
        name: name.to_owned(),
        since: None,
        digest: digest.map(str::to_owned),
    };
    let names = ["same", "other", "missing", "gone", "undigested"];
    let jobs = (1..).zip(names);
    let mut live = after(
        jobs.map(|(id, tag)| job(id, "x-1", tag, JobStatus::Failed, 9))
            .collect(),
    );
    let [web, copy] = [("r-1", "o"), ("x-1", "y")].map(|(r, o)| repository::address(r, o, "web"));
    let listed = |live: &Live| -> Vec<Address> {
        health::to_list(&chart(CHART), live).into_keys().collect()
    };
    assert_eq!(listed(&live), [web.clone(), copy.clone()]);
    let source = vec![
        item("same", Some("1")),
        item("other", Some("2")),
        item("missing", Some("3")),
        item("undigested", None),
    ];
    live.contents.insert(web, source);
    // Nothing is known of the target.
    let what = "since 2026-11-21T00:00:00Z";
    assert_eq!(
        found(&live),
        [format!(
            "sync-failed! x-1: 4 tags were not copied {what} (4 failed): missing, other, same, \
            undigested"
        )]
    );
    assert_eq!(listed(&live), std::slice::from_ref(&copy));
    let target = vec![
        item("gone", Some("1")),
        item("other", Some("1")),
        item("same", Some("1")),
        item("undigested", None),
    ];
    live.contents.insert(copy.clone(), target);
    assert!(listed(&live).is_empty());
    let message = |live: &Live| plan(CHART, live, &[]).findings[0].message.clone();
    assert_eq!(
        message(&live),
        format!(
            "3 tags were not copied {what} (3 failed): missing, other, undigested; `apply --backfill 'r-1/o/web'` copies what is missing there; it does not overwrite the 2 with \
            other content, and neither does the rule"
        )
    );
    live.contents
        .get_mut(&copy)
        .unwrap()
        .push(item("missing", Some("4")));
    let all = format!(
        "3 tags were not copied {what} (3 failed): missing, other, undigested; the target has \
        other content of that name, which"
    );
    assert_eq!(
        message(&live),
        format!(
            "{all} neither a backfill nor the rule overwrites: set `override: true` and push it \
            again, or delete it there, and `apply --backfill 'r-1/o/web'` copies it"
        )
    );
    let rule = sync_rule::address(&repository::address("r-1", "o", "web"), "x-1", "y");
    let found = live.resources.get_mut(&rule).unwrap();
    found.attributes.insert("override", json!(true));
    assert_eq!(
        message(&live),
        format!("{all} no backfill overwrites: push it again")
    );
}

#[test]
fn unread_jobs_are_a_warning() {
    let mut live = after(Vec::new());
    let [web, api] = ["web", "api"].map(|name| repository::address("r-1", "o", name));
    let failure = |message: &str| ReadFailure {
        subject: String::new(),
        message: message.to_owned(),
        hint: None,
    };
    assert_eq!(health::unread(&live), None);
    // For whatever they were asked for.
    live.unread_jobs.insert(web, failure("404"));
    let message = |live: &Live| health::unread(live).unwrap().message;
    assert_eq!(
        message(&live),
        "the sync jobs of repository r-1/o/web could not be read: 404"
    );
    live.unread_jobs.insert(api, failure("403"));
    assert_eq!(
        message(&live),
        "the sync jobs of repository r-1/o/api and 1 more could not be read: 403"
    );
    let plan = plan(CHART, &live, &[]);
    assert_eq!(
        (plan.outcome(), plan.findings.len()),
        (Outcome::NoChanges, 0)
    );
}
