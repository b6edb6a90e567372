//! What targets lack, from given lists of tags.

use super::*;
use crate::{
    copies::Target,
    kind::{
        copying::{Job, JobStatus},
        organization, repository, sync_rule,
    },
    plan::{
        Finding,
        tests::{NOW, chart},
    },
};

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;

const CHART: &str = "organizations: { o: { repositories: { web: { sync: [ \
    { target_region: r-2, target_organization: dr } ] } } } }\n";

fn web() -> Address {
    repository::address("r-1", "o", "web")
}

fn rule() -> Address {
    sync_rule::address(&web(), "r-2", "dr")
}

fn copy() -> Address {
    repository::address("r-2", "dr", "web")
}

/// Tags with their ages in seconds.
fn listed(tags: &[(&str, Option<i64>)]) -> Held {
    let mut items: Vec<Item> = tags
        .iter()
        .map(|(name, age)| Item {
            name: (*name).to_owned(),
            since: age.map(|age| Moment(NOW.0 - age)),
            digest: None,
        })
        .collect();
    items.sort_by(|one, other| one.name.cmp(&other.name));
    Held::Listed(items)
}

fn named(names: &[&str]) -> Held {
    let mut names: Vec<Box<str>> = names.iter().map(|name| (*name).into()).collect();
    names.sort();
    Held::Named(names)
}

fn live(source: Held, target: Held) -> Live {
    let mut live = Live {
        clock: Some(NOW),
        ..Live::default()
    };
    live.copies.held = [(web(), source), (copy(), target)].into();
    live
}

fn job(tag: &str, status: JobStatus, age: i64) -> Job {
    Job {
        id: 1,
        rule: rule(),
        item: tag.to_owned(),
        status,
        created: None,
        updated: Some(Moment(NOW.0 - age)),
    }
}

fn found(chart_text: &str, live: &Live) -> Vec<String> {
    let found = findings(&chart(chart_text), live, &[], NOW);
    let line = |it: Finding| {
        let counts = if it.counts { "!" } else { "" };
        assert!(it.source.is_some(), "{it:?}");
        format!("{counts}{}: {}", it.code, it.message)
    };
    found.into_iter().map(line).collect()
}

#[test]
fn each_tag_that_is_not_there_is_in_one_list() {
    let source = listed(&[
        ("old", Some(40 * DAY)),
        ("there", Some(DAY)),
        ("unknown", None),
        ("removed", Some(20 * DAY)),
        ("edge", Some(30 * MINUTE)),
        ("new", Some(30 * MINUTE - 1)),
        ("ahead", Some(-MINUTE)),
    ]);
    let mut live = live(source, named(&["there", "only-here"]));
    live.jobs.insert(
        web(),
        vec![
            job("removed", JobStatus::Failed, DAY),
            job("removed", JobStatus::Existed, 30 * DAY - 1),
            job("old", JobStatus::Success, 30 * DAY),
            job("edge", JobStatus::Failed, MINUTE),
            job("new", JobStatus::Success, MINUTE),
            Job {
                rule: sync_rule::address(&web(), "r-2", "other"),
                ..job("unknown", JobStatus::Success, DAY)
            },
        ],
    );
    let expected = Lack {
        of: 7,
        missing: ["unknown", "old", "edge"].map(str::to_owned).into(),
        under_way: ["new", "ahead"].map(str::to_owned).into(),
        lost: BTreeSet::new(),
        removed: vec!["removed".to_owned()],
        collected: Vec::new(),
    };
    assert_eq!(lack(&rule(), &chart(CHART), &live, NOW), Some(expected));
    assert_eq!(
        found(CHART, &live),
        [
            "!copies-missing: 3 of 7 tags are not there: unknown, old, edge; \
            `apply --backfill 'r-1/o/web'` copies them",
            "copies-removed: 1 of 7 tags was copied and is gone again: removed; \
            `apply --backfill 'r-1/o/web'` copies them again",
            "copies-under-way: 2 of 7 tags are under way: new, ahead",
        ]
    );
}

#[test]
fn up_to_five_names_are_shown_in_the_order_of_their_pushes() {
    let names: Vec<String> = (0..9).map(|number| format!("v{number}")).collect();
    let tags: Vec<(&str, Option<i64>)> = names
        .iter()
        .zip(0..)
        .map(|(name, age)| (name.as_str(), Some(DAY + age)))
        .collect();
    let [text] = &found(CHART, &live(listed(&tags), named(&[])))[..] else {
        panic!("one finding")
    };
    let shown = "9 of 9 tags are not there: v8, v7, v6, v5, v4 and 4 more; ";
    assert!(text.contains(shown), "{text}");
}

#[test]
fn names_decide_whether_times_are_needed() {
    let chart = chart(CHART);
    let to_list = |live: &Live| to_list(&chart, &Wanted::All, live);
    let whole = live(named(&["a", "c"]), named(&["a", "b", "c"]));
    assert_eq!(
        lack(&rule(), &chart, &whole, NOW),
        Some(Lack {
            of: 2,
            ..Lack::default()
        })
    );
    assert!(to_list(&whole).is_empty());
    for (source, target) in [
        (named(&["a", "c"]), named(&["a", "b"])),
        (named(&["a"]), named(&[])),
        (named(&["b"]), named(&["a"])),
        (named(&["a"]), named(&["b"])),
    ] {
        let live = live(source, target);
        assert_eq!(lack(&rule(), &chart, &live, NOW), None, "{live:?}");
        assert_eq!(to_list(&live), BTreeSet::from([web()]), "{live:?}");
        let others = Wanted::Of(BTreeSet::from([copy()]));
        assert!(super::to_list(&chart, &others, &live).is_empty());
    }
    let empty = live(named(&[]), named(&[]));
    assert_eq!(lack(&rule(), &chart, &empty, NOW), Some(Lack::default()));
}

#[test]
fn jobs_are_asked_for_only_where_old_tags_are_missing() {
    let chart = chart(CHART);
    let asked = |age, run| {
        let live = live(listed(&[("a", Some(age))]), named(&[]));
        to_ask(&chart, (&Wanted::All, run), &live)
    };
    let missing = Sought::from([(rule(), "a".to_owned())]);
    assert_eq!(asked(DAY, &Wanted::Nothing), [(web(), missing)].into());
    assert!(asked(MINUTE, &Wanted::Nothing).is_empty());
    // Where a run may copy it, jobs tell whether it is under way.
    assert_eq!(asked(MINUTE, &Wanted::All), [(web(), Sought::new())].into());
}

#[test]
fn jobs_are_read_until_each_tag_was_copied_or_they_are_old() {
    let sought = Sought::from(["a", "b"].map(|tag| (rule(), tag.to_owned())));
    let tells = |jobs: &[Job]| tell_all(jobs, &sought, Some(NOW));
    let [a, b] = ["a", "b"].map(|tag| job(tag, JobStatus::Success, DAY));
    assert!(!tells(std::slice::from_ref(&a)));
    assert!(tells(&[a.clone(), b]));
    // A failure does not tell whether an earlier job copied it.
    assert!(!tells(&[a.clone(), job("b", JobStatus::Failed, DAY)]));
    assert!(!tells(&[
        a.clone(),
        job("c", JobStatus::Failed, 30 * DAY - 1)
    ]));
    assert!(tells(&[a, job("c", JobStatus::Failed, 30 * DAY)]));
    assert!(tell_all(&[], &Sought::new(), None));
}

#[test]
fn a_young_tag_is_lost_if_the_job_after_its_push_ended_without_a_copy() {
    for (status, age, is_lost) in [
        (JobStatus::Failed, MINUTE, true),
        (JobStatus::Cancelled, 2 * MINUTE, true),
        (JobStatus::TimedOut, 2 * MINUTE + 1, false),
        (JobStatus::Running, MINUTE, false),
        (JobStatus::Success, MINUTE, false),
    ] {
        let mut live = live(listed(&[("a", Some(2 * MINUTE))]), named(&[]));
        live.jobs.insert(web(), vec![job("a", status, age)]);
        let lack = lack(&rule(), &chart(CHART), &live, NOW).unwrap();
        assert_eq!(lack.under_way, ["a"]);
        assert_eq!(!lack.lost.is_empty(), is_lost, "{age}");
    }
}

#[test]
fn what_was_not_read_is_not_known() {
    let chart = chart(CHART);
    let mut unread = live(listed(&[("a", Some(DAY))]), named(&[]));
    unread.copies.held.remove(&copy());
    unread.copies.unread.insert(copy(), "403".to_owned());
    assert_eq!(lack(&rule(), &chart, &unread, NOW), None);
    assert_eq!(super::unread(&rule(), &unread), Some("403"));
    assert_eq!(lack(&rule(), &chart, &Live::default(), NOW), None);
    let all = [
        "target-organization-missing",
        "copies-missing",
        "copies-removed",
    ];
    let not_looked_for = not_looked_for(&chart, &unread);
    assert!(all.iter().all(|code| not_looked_for.contains(code)));
}

#[test]
fn what_a_retention_at_the_target_would_collect_is_left_out() {
    let document = |policy: &str| {
        format!(
            "{CHART}---\nversion: 1\nregion: r-2\norganizations: {{ dr: {{ repositories: {{ web: \
            {{ retention: {policy} }} }} }} }}\n"
        )
    };
    let source = || {
        listed(&[
            ("v1", Some(9 * DAY)),
            ("v2", Some(8 * DAY)),
            ("v3", Some(7 * DAY)),
            ("v4", Some(6 * DAY)),
        ])
    };
    let lacking = |policy: &str, target: Held| {
        let live = live(source(), target);
        let lack = lack(&rule(), &chart(&document(policy)), &live, NOW)?;
        Some([lack.missing.join(" "), lack.collected.join(" ")])
    };
    let there = |names: &[&str]| {
        let tags: Vec<_> = names.iter().map(|name| (*name, Some(DAY))).collect();
        listed(&tags)
    };
    let lists = |one: &str, other: &str| Some([one.to_owned(), other.to_owned()]);
    let keep = "{ keep_tags: 2 }";
    assert_eq!(lacking(keep, there(&["v4"])), lists("v3", "v1 v2"));
    // Newer tags that only the target has count too.
    assert_eq!(lacking(keep, there(&["v4", "x"])), lists("", "v1 v2 v3"));
    assert_eq!(lacking(keep, named(&[])), lists("v3 v4", "v1 v2"));
    assert_eq!(
        lacking("{ keep_days: 8 }", there(&["v4"])),
        lists("v3", "v1 v2")
    );
    assert_eq!(
        lacking("{ keep_tags: 2, except: [ v1 ] }", there(&["v4"])),
        lists("v1 v3", "v2")
    );
    assert_eq!(lacking("none", there(&["v4"])), lists("v1 v2 v3", ""));
    // Its other tags have no times.
    assert_eq!(lacking(keep, named(&["v4"])), None);
    let chart = chart(&document(keep));
    let named = live(source(), named(&["v4"]));
    assert_eq!(
        to_list(&chart, &Wanted::All, &named),
        BTreeSet::from([copy()])
    );
}

#[test]
fn a_missing_target_is_the_only_finding_of_its_rules() {
    let mut live = live(listed(&[("a", Some(DAY))]), named(&[]));
    let place = organization::address("r-2", "dr");
    live.targets.insert(place.clone(), Target::Missing);
    let text = "organization r-2/dr does not exist: the service accepts such a rule, and copies \
        nothing; create it";
    assert_eq!(
        found(CHART, &live),
        [format!("!target-organization-missing: {text}")]
    );
    assert_eq!(not_looked_for(&chart(CHART), &live), [""; 0]);
    live.targets
        .insert(place, Target::NotLookedAt("no answer".into()));
    assert_eq!(found(CHART, &live).len(), 1);
    assert_eq!(
        not_looked_for(&chart(CHART), &live),
        ["target-organization-missing"]
    );
}
