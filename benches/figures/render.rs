//! How long it takes to print a plan of 10,000 changes for people.

use std::time::Instant;

use portolan::{
    diagnostics::Source,
    kind::repository,
    plan::{Plan, Scope, build::build},
    render::{
        markdown::markdown,
        plan::text,
        style::{Depth, Look},
    },
    state::{Attributes, Chart, Children, DesiredResource, Live, LiveResource, Presence},
    time::Moment,
};

use super::figure;

const CHANGES: usize = 10_000;
const BUDGET: usize = 65_000;
const TARGET: f64 = 200.0;

pub(super) fn measure() {
    let plan = plan();
    assert_eq!(plan.changes.len(), CHANGES);
    let timed = |what: &str, render: &dyn Fn() -> String| {
        let start = Instant::now();
        let length = render().len();
        figure(what, start.elapsed().as_secs_f64() * 1000.0, TARGET, "ms");
        length
    };
    timed("as text", &|| text(&plan, Look::plain(Depth::Folded)));
    timed("as text, with all details", &|| {
        text(&plan, Look::plain(Depth::Full))
    });
    let length = timed("as Markdown", &|| markdown(&plan, BUDGET));
    assert!(length <= BUDGET, "{length} bytes");
}

/// All changes differ, and each third is a deletion.
fn plan() -> Plan {
    let (mut chart, mut live) = (Chart::default(), Live::default());
    for number in 0..CHANGES {
        let address = repository::address("cn-north-4", "estate", format!("service-{number:05}"));
        let values = |text: String| {
            Attributes::from_iter([("is_public", false.into()), ("description", text.into())])
        };
        let presence = if number % 3 == 0 {
            Presence::Absent
        } else {
            let text =
                format!("Component {number} of its service; see the runbook before you touch it");
            Presence::Present(values(text).into())
        };
        let source = Source {
            file: "estate.yaml".into(),
            line: 1,
            column: 1,
        };
        chart.resources.insert(
            address.clone(),
            DesiredResource {
                presence,
                source,
                children: Children::default(),
            },
        );
        let attributes = values(format!(
            "Component {number} of its service; see the wiki before you touch it"
        ));
        live.resources.insert(
            address,
            LiveResource {
                attributes,
                facts: repository::IMAGES.count(3),
                ..LiveResource::default()
            },
        );
    }
    build(&chart, &live, &[], Scope::default(), Moment::default())
}
