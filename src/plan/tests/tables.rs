//! What a plan takes from the table of a kind, shown with a test-only kind.

use serde_json::json;

use crate::{
    address::Address,
    kind::{
        ActionRisk, Attribute, Hazard, Identity, Kind, Lifecycle, Listing, Page, Preset, Role,
        Shape, Unmentioned, Verb, organization,
        place::{Form, KeyRule, Place, Record, key},
        probes::cleanup,
        repository,
    },
    names::Name,
    plan::{
        Action, Change, Plan, Scope,
        build::build,
        document::{self, PlanDocument},
        risk,
        tests::{NOW, chart, live, plan},
    },
    risk::RiskClass,
    scope,
    state::{Attributes, DesiredResource, LiveResource, Presence},
    wire::{Method, Request, Service},
};

static ENTRY: Record = Record {
    name: "bucket",
    keys: &[],
    slots: &[],
    attributes_of: None,
    key_rule: KeyRule::Any,
};

/// Its attribute has the name of one of repositories, its creation destroys data, and it contains
/// nothing.
static BUCKET: Kind = Kind {
    name: "bucket",
    service: Service::Swr,
    key: &["region", "organization", "bucket"],
    names: &[Name::Region, organization::NAME, organization::NAME],
    tail: None,
    parent: Some(&organization::ORGANIZATION),
    place: Place {
        key: key(
            "buckets",
            Form::Dictionary(organization::NAME, &ENTRY),
            "{}",
            "Buckets.",
        ),
        defaults: None,
        shared: None,
        item_errors: None,
    },
    attributes: &[
        attribute("is_public", None),
        attribute("scheduled", None),
        attribute(
            "locked",
            Some(Hazard {
                class: RiskClass::OneWay,
                value: true,
                on_creation: true,
                evidence: held,
            }),
        ),
    ],
    lifecycle: Lifecycle::Owned,
    risks: &[ActionRisk {
        of: Verb::Create,
        class: RiskClass::DestroysData,
        evidence: |_| Some(String::new()),
    }],
    collects: None,
    copying: None,
    holds: None,
    blocks_parent: None,
    unmentioned: Unmentioned::Kept,
    expected_copy: None,
    note_on_creation: None,
    identity: Identity::Key,
    runs: None,
    listing: Listing::PerParent {
        request,
        decode: |_, _| Ok(Page::default()),
    },
    quota: None,
    gone_codes: &[],
    absent_codes: &[],
    wire: repository::REPOSITORY.wire,
};

const fn attribute(name: &'static str, hazard: Option<Hazard>) -> Attribute {
    Attribute {
        name,
        role: Role::Mutable,
        shape: Shape::Bool,
        service_default: Preset::Bool(false),
        required: false,
        is_remark: false,
        hazard,
        aliases: &[],
        example: "true",
        doc: "A switch.",
    }
}

fn request(parent: &Address) -> Request {
    Request::new(
        Service::Swr,
        parent.region(),
        Method::Get,
        "/buckets".to_owned(),
    )
}

fn held(number: Option<u64>) -> String {
    format!("{number:?}")
}

#[test]
fn risks_are_those_of_the_table() {
    use RiskClass::{Deletes, DestroysData, OneWay};
    let values = |is_public: bool, scheduled: bool, locked: bool| {
        let on = [
            ("is_public", is_public),
            ("scheduled", scheduled),
            ("locked", locked),
        ];
        on.into_iter()
            .map(|(name, value)| (name, json!(value)))
            .collect::<Attributes>()
    };
    let (off, on) = (values(false, false, false), values(true, true, true));
    let address = BUCKET.address(["r", "o", "b"]);
    let update = |before: &Attributes, after: &Attributes| Action::Update {
        before: before.clone(),
        after: after.clone(),
        then: None,
    };
    let replace = Action::Replace {
        before: off.clone(),
        after: values(true, false, false),
        then: None,
    };
    for (action, expected) in [
        (
            Action::Create {
                after: off.clone(),
                then: None,
            },
            &[DestroysData][..],
        ),
        (
            Action::Create {
                after: on.clone(),
                then: None,
            },
            &[OneWay, DestroysData],
        ),
        (update(&off, &on), &[OneWay]),
        (update(&on, &on), &[]),
        (update(&on, &off), &[]),
        (replace, &[]),
        (Action::Delete { before: on.clone() }, &[Deletes]),
    ] {
        let risks = risk::assess(&address, &action, Some(3));
        let classes: Vec<RiskClass> = risks.iter().map(|risk| risk.class).collect();
        assert_eq!(classes, expected, "{action:?}");
        let evidence = risks
            .iter()
            .find(|risk| risk.class == OneWay)
            .map(|risk| risk.evidence.as_str());
        assert!(
            evidence.is_none_or(|evidence| evidence == "Some(3)"),
            "{evidence:?}"
        );
    }
}

#[test]
fn unmentioned_resources_are_kept_if_the_table_says_so() {
    let mut live = live(&[("o/a", false, 0, &[])]);
    live.resources
        .insert(BUCKET.address(["r-1", "o", "b"]), LiveResource::default());
    for text in [
        "organizations: { o: { unlisted: delete, repositories: { a: } } }",
        "organizations: { o: { state: absent, repositories: { a: { state: absent } } } }",
    ] {
        let chart = chart(text);
        assert_eq!(
            scope::surplus(&chart, &scope::expected_copies(&chart), &live),
            [],
            "{text}"
        );
        assert_eq!(plan(text, &live, &["deletes"]).stopped, [], "{text}");
    }
}

/// The plan for a repository whose policy has that id and 14 days, while the chart has another
/// number of days.
fn cleanup(id: Option<u64>, wanted: Presence) -> Plan {
    let mut live = live(&[("o/a", false, 3, &[])]);
    let mut chart = chart("organizations: { o: { repositories: { a: } } }");
    let repository = repository::address("r-1", "o", "a");
    let source = chart.resources[&repository].source.clone();
    let attributes = Attributes::from([("days", json!(14)), ("keep", json!([]))]);
    let found = LiveResource {
        attributes,
        id,
        ..LiveResource::default()
    };
    live.resources.insert(cleanup::address(&repository), found);
    let desired = DesiredResource {
        presence: wanted,
        source,
        children: Default::default(),
    };
    chart
        .resources
        .insert(cleanup::address(&repository), desired);
    build(
        &chart,
        &live,
        &["destroys-data".parse().unwrap()],
        Scope::default(),
        NOW,
    )
}

#[test]
fn an_id_from_a_read_is_used_in_requests() {
    let days = |days: u64| Presence::Present(Attributes::from([("days", json!(days))]).into());
    for (wanted, expected) in [
        (
            days(7),
            "PATCH r-1 /v2/manage/namespaces/o/repos/a/cleanups/34",
        ),
        (
            Presence::Absent,
            "DELETE r-1 /v2/manage/namespaces/o/repos/a/cleanups/34",
        ),
    ] {
        let plan = cleanup(Some(34), wanted);
        let text = PlanDocument::new(&plan, Vec::new()).to_file(&plan);
        let saved = document::read(&text).unwrap();
        assert_eq!(saved, plan);
        let Change {
            action,
            precondition,
            ..
        } = &saved.changes[0];
        let wire = saved.changes[0].address.kind().wire;
        let request = match action.after() {
            Some(after) => wire.update(saved.changes[0].subject(), after),
            None => wire.delete(saved.changes[0].subject()),
        };
        assert_eq!(request.unwrap().to_string(), expected);
        assert!(text.contains("\"cleanup_id\": 34"), "{text}");
        // Equal values with another id are another policy.
        let attributes = saved.changes[0].action.before().unwrap().clone();
        let again = LiveResource {
            attributes,
            id: Some(35),
            ..LiveResource::default()
        };
        let moved = precondition.check(Some(&again));
        assert_eq!(
            moved,
            ["it was policy 34, is policy 35 now: it was created anew"]
        );
        // Without the id, or with that of another kind, the request would be about policy 0.
        for id in ["", ", \"repository_id\": 34"] {
            let mut forged = PlanDocument::new(&plan, Vec::new());
            let text = format!(
                "{{ \"exists\": true, \"attributes\": {} {id} }}",
                json!(precondition.attributes)
            );
            forged.changes[0].precondition = serde_json::from_str(&text).unwrap();
            let error = document::read(&forged.to_file(&plan))
                .unwrap_err()
                .to_string();
            assert!(error.contains("its id is missing"), "{error}");
        }
    }
}

#[test]
fn a_missing_id_makes_the_plan_unknown() {
    for number in [None, Some(0), Some(u64::MAX)] {
        let plan = cleanup(number, Presence::Absent);
        let failures: Vec<_> = plan
            .failures
            .iter()
            .map(|failure| failure.subject.as_str())
            .collect();
        assert_eq!(
            (failures, plan.changes.len()),
            (vec!["cleanup r-1/o/a"], 0),
            "{number:?}"
        );
    }
}
