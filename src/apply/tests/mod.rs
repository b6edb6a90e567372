//! The probes through refresh, plan, apply and verify, against a small fake service.

pub(crate) mod service;

use std::sync::Arc;

use serde_json::json;

use self::service::Fake;
use super::{Options, Shutdown, run};
use crate::{
    export,
    kind::repository,
    plan::{
        Outcome, Plan, Scope, Withheld,
        build::build,
        document::{self, PlanDocument},
        tests::{NOW, chart},
    },
    progress::{Listener, Silent},
    refresh::{
        everything::{self, Everything},
        refresh,
    },
    report::{Fate, Record},
    risk::RiskClass,
    state::Chart,
};

const ALL: &[&str] = &["destroys-data", "deletes"];

async fn planned(service: &Arc<Fake>, chart: &Chart, allow: &[&str]) -> Plan {
    let live = refresh(&service.client(), chart, &Silent).await;
    let consents: Vec<_> = allow.iter().map(|text| text.parse().unwrap()).collect();
    build(chart, &live, &consents, Scope::default(), NOW)
}

/// Applies a plan as if from a file.
async fn applied(service: &Arc<Fake>, plan: &Plan) -> Vec<Record> {
    let plan = document::read(&PlanDocument::new(plan, Vec::new()).to_file(plan)).unwrap();
    service.asked();
    let listener: Arc<dyn Listener> = Arc::new(Silent);
    run(
        &service.client(),
        &plan,
        Options::default(),
        &Shutdown::default(),
        &listener,
    )
    .await
}

fn summary(plan: &Plan) -> Vec<String> {
    assert_eq!(plan.failures, []);
    plan.changes
        .iter()
        .map(|change| format!("{} {}", change.action.symbol(), change.address))
        .collect()
}

fn messages(records: &[Record]) -> Vec<String> {
    let message = |record: &Record| match &record.fate {
        Fate::Failed { message, .. } => message.clone(),
        Fate::Applied { verified: true } => "verified".to_owned(),
        fate => format!("{fate:?}"),
    };
    records.iter().map(message).collect()
}

/// A chart with one organization: its members, and the policy and members of repository `a`.
fn within(text: [&str; 3]) -> Chart {
    let [of_organization, policy, of_repository] = text;
    chart(&format!(
        "organizations: {{ o: {{ members: [ {of_organization} ], repositories: {{ a: {{ cleanup: \
        {policy}, members: [ {of_repository} ] }} }} }} }}"
    ))
}

#[tokio::test(start_paused = true)]
async fn probes_are_created_changed_and_deleted() {
    let service = Fake::new(&["a"]);
    let first = within([
        "{ user: ada, level: read }",
        "{ days: 14, keep: [ latest, { regexp: ^v } ] }",
        "{ user: bob, level: write }",
    ]);
    let second = within([
        "{ user: ada, level: manage }",
        "{ days: 7, keep: [ { regexp: ^v }, latest ] }",
        "{ user: bob, level: read }",
    ]);
    let last = within(["", "none", ""]);
    let (of_organization, of_repository) =
        ("/namespaces/o/members", "/namespaces/o/repos/a/members");
    let policy = "/namespaces/o/repos/a/cleanups";
    let names = [
        "cleanup r-1/o/a",
        "repository_member r-1/o/a: bob",
        "member r-1/o: ada",
    ];
    for (chart, symbol, [own, of_user, other]) in [
        (
            &first,
            "+",
            [
                format!("POST {policy}"),
                format!("POST {of_organization}"),
                format!("POST {of_repository}"),
            ],
        ),
        (
            &second,
            "~",
            [
                format!("PATCH {policy}/1"),
                format!("PATCH {of_organization}/ada"),
                format!("PATCH {of_repository}/bob"),
            ],
        ),
        (
            &last,
            "-",
            [
                format!("DELETE {policy}/1"),
                format!("DELETE {of_organization}/ada"),
                format!("DELETE {of_repository}/bob"),
            ],
        ),
    ] {
        let plan = planned(&service, chart, ALL).await;
        assert_eq!(summary(&plan), names.map(|name| format!("{symbol} {name}")));
        let records = applied(&service, &plan).await;
        assert_eq!(messages(&records), ["verified"; 3]);
        let mut written = service.written();
        written.sort();
        let mut expected = [own, of_user, other];
        expected.sort();
        assert_eq!(written, expected);
        let again = planned(&service, chart, &[]).await;
        assert_eq!(
            (again.outcome(), summary(&again)),
            (Outcome::NoChanges, vec![])
        );
    }
}

#[tokio::test(start_paused = true)]
async fn probes_are_created_in_new_parents() {
    let service = Fake::new(&[]);
    service.state().organizations.clear();
    let chart = within([
        "{ user: ada, level: read }",
        "{ days: 14 }",
        "{ user: bob, level: write }",
    ]);
    let plan = planned(&service, &chart, ALL).await;
    let records = applied(&service, &plan).await;
    assert_eq!(messages(&records), ["verified"; 5]);
    let written = service.written();
    let place = |end: &str| {
        written
            .iter()
            .position(|request| request.ends_with(end))
            .unwrap()
    };
    assert_eq!(written.len(), 5);
    assert!(
        place("POST /namespaces") < place("/o/repos") && place("/o/repos") < place("/a/cleanups"),
        "{written:?}"
    );
    assert_eq!(summary(&planned(&service, &chart, &[]).await), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn objects_without_a_list_are_read_back_side_by_side() {
    let service = Fake::new(&["a", "b", "c", "d"]);
    let chart = chart(
        "organizations: { o: { repositories: { a: { cleanup: { days: 1 } }, b: { cleanup: { days: \
        1 } }, c: { cleanup: { days: 1 } }, d: { cleanup: { days: 1 } } } } }",
    );
    let plan = planned(&service, &chart, ALL).await;
    let records = applied(&service, &plan).await;
    assert_eq!(messages(&records), ["verified"; 4]);
    assert_eq!(service.reads_side_by_side(), 4);
}

/// The policy and the members of a repository at plan time.
fn fill(service: &Fake) {
    service.edit("a", |repository| {
        repository.policy = Some((34, json!({ "days": 14, "keep": [] })));
        repository
            .members
            .insert("bob".to_owned(), "write".to_owned());
    });
    service.state().last = 34;
}

#[tokio::test(start_paused = true)]
async fn concurrent_changes_are_not_overwritten() {
    let changed = within(["", "{ days: 7 }", "{ user: bob, level: read }"]);
    let gone = within(["", "none", ""]);
    let new = within([
        "{ user: ada, level: read }",
        "null",
        "{ user: bob, level: write }",
    ]);
    let again = |repository: &mut service::Repository| repository.policy.as_mut().unwrap().0 = 35;
    let longer = |repository: &mut service::Repository| {
        repository.policy.as_mut().unwrap().1["days"] = json!(30);
    };
    let raised = |repository: &mut service::Repository| {
        drop(
            repository
                .members
                .insert("bob".to_owned(), "manage".to_owned()),
        );
    };
    let away = |repository: &mut service::Repository| drop(repository.members.remove("bob"));
    let moved = "not sent, because it changed since the plan was made: ";
    let made_again = "it was policy 34, is policy 35 now: it was created anew";
    for (chart, of_stranger, what, expected) in [
        (
            &changed,
            &again as &dyn Fn(&mut service::Repository),
            "cleanup",
            made_again,
        ),
        (&changed, &longer, "cleanup", "days was 14, is 30 now"),
        (
            &changed,
            &raised,
            "repository_member",
            "level was \"write\", is \"manage\" now",
        ),
        (
            &changed,
            &away,
            "repository_member",
            "it existed, but is gone now",
        ),
        (&gone, &again, "cleanup", made_again),
    ] {
        let service = Fake::new(&["a"]);
        fill(&service);
        let plan = planned(&service, chart, ALL).await;
        service.edit("a", of_stranger);
        let records = applied(&service, &plan).await;
        let at = plan
            .changes
            .iter()
            .position(|change| change.address.kind().name == what)
            .unwrap();
        assert_eq!(messages(&records)[at], format!("{moved}{expected}"));
        // The other change of the plan is not affected.
        assert_eq!(service.written().len(), 1, "{what}: {expected}");
    }
    let service = Fake::new(&["a"]);
    fill(&service);
    let plan = planned(&service, &new, ALL).await;
    assert_eq!(summary(&plan), ["+ member r-1/o: ada"]);
    service
        .state()
        .organizations
        .get_mut("o")
        .unwrap()
        .members
        .insert("ada".to_owned(), "manage".to_owned());
    let records = applied(&service, &plan).await;
    assert_eq!(
        messages(&records),
        [format!("{moved}it did not exist, but exists now")]
    );
    assert_eq!(service.written(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_risk_of_a_probe_is_withheld_until_it_is_allowed() {
    let chart = within(["", "{ days: 7 }", "{ user: bob, level: read }"]);
    let service = Fake::new(&["a"]);
    let plan = planned(&service, &chart, &[]).await;
    let at = plan
        .changes
        .iter()
        .position(|change| change.address.kind().name == "cleanup")
        .unwrap();
    let withheld = plan.changes[at].withheld.as_ref();
    assert!(
        matches!(withheld, Some(Withheld::Risk { class: RiskClass::DestroysData, lift }) if lift == "--allow destroys-data=1"),
        "{withheld:?}"
    );
    let document = PlanDocument::new(&plan, Vec::new());
    assert_eq!(
        document.changes[at].evidence[&RiskClass::DestroysData],
        "3 tags may go"
    );
    let records = applied(&service, &plan).await;
    assert!(
        matches!(records[at].fate, Fate::Withheld),
        "{:?}",
        records[at]
    );
    assert_eq!(service.written(), ["POST /namespaces/o/repos/a/members"]);
    let allowed = planned(&service, &chart, &["destroys-data=1"]).await;
    applied(&service, &allowed).await;
    assert_eq!(service.written(), ["POST /namespaces/o/repos/a/cleanups"]);
    // An empty repository has no risk.
    let empty = Fake::new(&["a"]);
    empty.edit("a", |repository| repository.images = 0);
    assert!(
        planned(&empty, &chart, &[])
            .await
            .changes
            .iter()
            .all(|change| change.withheld.is_none())
    );
}

const LISTS: [&str; 2] = ["GET /namespaces", "GET /repos"];

/// The reads for a plan of this chart, except the lists of the region.
async fn asked(service: &Arc<Fake>, chart: &Chart) -> Vec<String> {
    service.asked();
    planned(service, chart, &[]).await;
    let mut asked = service.asked();
    let all = asked.len();
    asked.retain(|request| !LISTS.contains(&request.as_str()));
    assert_eq!(all - asked.len(), LISTS.len());
    asked
}

#[tokio::test(start_paused = true)]
async fn only_what_the_chart_manages_is_read() {
    let service = Fake::new(&["a", "b", "c"]);
    let text = |members: &str, of_repositories: &str| {
        chart(&format!(
            "organizations: {{ o: {{ {members} repositories: {{ {of_repositories} }} }} }}"
        ))
    };
    let place = "GET /namespaces/o";
    for (chart, expected) in [
        (text("", "a: , b: , c:"), vec![]),
        (
            text("", "a: { cleanup: none }, b: , c:"),
            vec!["/repos/a/cleanups"],
        ),
        (
            text(
                "",
                "a: { cleanup: { days: 1 } }, b: { members: [] }, c: { sync: [] }",
            ),
            vec![
                "/repos/a/cleanups",
                "/repos/b/members",
                "/repos/c/sync_repo",
            ],
        ),
        (
            text("members: [],", "a: { cleanup: null, members: null }"),
            vec!["/members"],
        ),
        // No read below a parent that does not exist or is deleted.
        (
            text("", "new: { cleanup: { days: 1 } }, a: { state: absent }"),
            vec![],
        ),
    ] {
        let expected: Vec<String> = expected.iter().map(|end| format!("{place}{end}")).collect();
        assert_eq!(asked(&service, &chart).await, expected);
    }
    service.asked();
    everything(&service).await;
    // The organization's members, and each repository's policy, members and rules.
    assert_eq!(service.asked().len(), LISTS.len() + 1 + 3 * 3);
}

/// What an export reads of the organization.
async fn everything(service: &Arc<Fake>) -> Everything {
    let ask = everything::Ask {
        regions: vec!["r-1".to_owned()],
        organizations: vec!["o".to_owned()],
        ..everything::Ask::default()
    };
    let kinds = export::kinds_with(&[]);
    everything::read(&service.client(), &ask, &kinds, &Silent).await
}

#[tokio::test(start_paused = true)]
async fn a_read_that_fails_makes_its_own_kind_unknown() {
    let service = Fake::new(&["a"]);
    fill(&service);
    service.state().forbidden = Some("cleanups");
    let managed =
        chart("organizations: { o: { repositories: { a: { cleanup: none, members: [] } } } }");
    let unknown = planned(&service, &managed, ALL).await;
    let subjects: Vec<&str> = unknown
        .failures
        .iter()
        .map(|failure| failure.subject.as_str())
        .collect();
    assert_eq!(
        (subjects, unknown.outcome()),
        (vec!["cleanup r-1/o/a"], Outcome::Unknown)
    );
    let members = chart("organizations: { o: { repositories: { a: { members: [] } } } }");
    assert_eq!(
        summary(&planned(&service, &members, ALL).await),
        ["- repository_member r-1/o/a: bob"]
    );
    // An export omits the unreadable kind and keeps the other.
    let read = everything(&service).await;
    let kinds = export::kinds_with(&[]);
    let exported = export::chart(&read.live, &kinds, &read.unread, &read.malformed);
    let unmanaged: Vec<&str> = exported
        .unmanaged
        .iter()
        .map(|left| left.what.as_str())
        .collect();
    assert_eq!(unmanaged, ["cleanup of repository r-1/o/a"]);
    let repository = &exported.chart.resources[&repository::address("r-1", "o", "a")];
    let known: Vec<&str> = repository.children.kinds().map(|kind| kind.name).collect();
    assert_eq!(known, ["sync_rule", "repository_member"]);
}

#[tokio::test(start_paused = true)]
async fn not_found_means_absent_for_single_children() {
    for refuses in [false, true] {
        let service = Fake::new(&["a"]);
        service.state().refuses_what_is_missing = refuses;
        let chart = within(["", "{ days: 7, keep: [ latest ] }", ""]);
        let plan = planned(&service, &chart, ALL).await;
        assert_eq!(summary(&plan), ["+ cleanup r-1/o/a"], "{refuses}");
        assert_eq!(
            messages(&applied(&service, &plan).await),
            ["verified"],
            "{refuses}"
        );
        let none = within(["", "none", ""]);
        let plan = planned(&service, &none, ALL).await;
        assert_eq!(
            messages(&applied(&service, &plan).await),
            ["verified"],
            "{refuses}"
        );
        assert_eq!(
            summary(&planned(&service, &none, ALL).await),
            [""; 0],
            "{refuses}"
        );
    }
}
