//! Plans for resources that requests refer to by an id, from small charts and live states.

use serde_json::json;

use crate::{
    kind::mirror,
    mask::{Foreign, Mask},
    plan::{
        Change, Outcome, Plan, Withheld,
        document::{self, PlanDocument},
        tests::plan,
    },
    render::style::{Depth, Look},
    state::{Attributes, Live, LiveResource, RemoteId, RunState},
    time::Stamp,
};

/// One scheduled mirror `p/a` of `https://x/a.git`, with a last success and an error, and the
/// repository `p/plain`, which is not a mirror.
fn live(success: &str, error: &str) -> Live {
    let mut live = Live::default();
    let stamp = |text: &str| Stamp::parse(text, None);
    let state = RunState {
        last_success: stamp(success),
        last_attempt: stamp("2026-11-21T07:59:00Z"),
        last_error: (!error.is_empty()).then(|| Foreign::new(&Mask::default(), error, 100)),
        ..RunState::default()
    };
    let attributes = Attributes::from([
        ("url", json!("https://x/a.git")),
        ("scheduled", json!(true)),
        ("endpoint", json!("")),
    ]);
    let mirror = LiveResource {
        attributes,
        runs: Some(Box::new(state)),
        ..LiveResource::default()
    };
    live.resources
        .insert(mirror::address("r-1", "p", "a"), mirror);
    for (name, number) in [("a", 7), ("plain", 8)] {
        live.ids.insert(
            mirror::address("r-1", "p", name),
            RemoteId::try_from(number).unwrap(),
        );
    }
    live
}

/// The actions and the reason for the run of each change, then the codes of stops.
fn summary(plan: &Plan) -> String {
    let because = |change: &Change| {
        change
            .action
            .run()
            .map_or_else(String::new, |run| format!(": {}", run.because()))
    };
    let changes = plan
        .changes
        .iter()
        .map(|change| format!("{}{}", change.verbs().join("+"), because(change)));
    let stops = plan.stopped.iter().map(|stop| stop.code.clone());
    changes.chain(stops).collect::<Vec<_>>().join("; ")
}

const FRESH: &str = "2026-11-21T06:00:00Z";
const OLD: &str = "2026-11-20T23:10:00Z";
const AHEAD: &str = "2026-11-21T08:15:01Z";

#[test]
fn a_run_is_due_when_the_last_success_is_too_old() {
    for (entry, success, expected) in [
        (
            "a: { max_age: 6h }",
            OLD,
            "run: last success 2026-11-20T23:10:00Z, older than 6h",
        ),
        ("a: { max_age: 530m }", OLD, ""),
        (
            "a: { max_age: 529m }",
            OLD,
            "run: last success 2026-11-20T23:10:00Z, older than 529m",
        ),
        ("a: { max_age: 6h }", FRESH, ""),
        // Clocks may differ by up to 15 minutes.
        ("a: { max_age: 6h }", "2026-11-21T08:15:00Z", ""),
        (
            "a: { max_age: 6h }",
            AHEAD,
            "run: last success 2026-11-21T08:15:01Z is in the future, so it does not count",
        ),
        ("a: {}", AHEAD, ""),
        (
            "a: { url: 'https://x/b.git', max_age: 6h }",
            AHEAD,
            "update+run: last success 2026-11-21T08:15:01Z is in the future, so it does not count",
        ),
        ("a: { max_age: 6h }", "", "run: never succeeded"),
        ("a: {}", OLD, ""),
        ("a: { max_age: null, scheduled: null }", "", ""),
        (
            "a: { url: 'https://x/b.git', max_age: 6h }",
            FRESH,
            "update+run: its configuration changes",
        ),
        (
            "a: { url: 'https://x/b.git', max_age: 6h }",
            "",
            "update+run: never succeeded",
        ),
        ("a: { url: 'https://x/b.git' }", FRESH, "update"),
        // Write-only attributes never differ.
        (
            "a: { branches: default, force: true, max_age: 6h }",
            FRESH,
            "",
        ),
        (
            "a: { force: true, max_age: 6h }",
            OLD,
            "run: last success 2026-11-20T23:10:00Z, older than 6h",
        ),
        (
            "plain: { url: 'https://x/b.git', max_age: 6h }",
            "",
            "create+run: never succeeded",
        ),
        ("plain: { url: 'https://x/b.git' }", "", "create"),
        ("plain: { max_age: 6h }", "", "mirror-without-url"),
        (
            "missing: { url: 'https://x/b.git' }",
            "",
            "no-such-repository",
        ),
    ] {
        let plan = plan(
            &format!("mirrors: {{ p/{entry} }}"),
            &live(success, ""),
            &[],
        );
        assert_eq!(summary(&plan), expected, "{entry}");
        assert_eq!(
            plan.outcome() == Outcome::NoChanges,
            expected.is_empty(),
            "{entry}"
        );
        let file = PlanDocument::new(&plan, Vec::new()).to_file(&plan);
        assert_eq!(document::read(&file).as_ref(), Ok(&plan), "{entry}");
    }
}

#[test]
fn a_success_in_the_future_does_not_hide_a_failure() {
    for (success, expected) in [
        (AHEAD, &["the last run failed: no route"][..]),
        (FRESH, &[]),
    ] {
        let mut live = live(success, "no route");
        let address = mirror::address("r-1", "p", "a");
        let state = live
            .resources
            .get_mut(&address)
            .unwrap()
            .runs
            .as_mut()
            .unwrap();
        state.last_attempt = Stamp::parse("2026-11-21T05:00:00Z", None);
        let plan = plan(
            "mirrors: { p/a: { branches: all, max_age: 1h } }",
            &live,
            &[],
        );
        assert_eq!(plan.changes[0].notes, expected, "{success}");
    }
}

#[test]
fn a_response_about_another_repository_is_refused() {
    let chart = "mirrors: { p/a: { url: 'https://x/b.git', max_age: 1h } }";
    let address = mirror::address("r-1", "p", "a");
    for (id, expected) in [
        (None, Outcome::Changes),
        (Some(7), Outcome::Changes),
        (Some(8), Outcome::Unknown),
    ] {
        let mut live = live(FRESH, "");
        live.resources.get_mut(&address).unwrap().id = id;
        let planned = plan(chart, &live, &[]);
        assert_eq!(planned.outcome(), expected, "{id:?}");
        let found = live.resources.get(&address);
        let precondition = &plan(chart, &self::live(FRESH, ""), &[]).changes[0].precondition;
        let moved = precondition.check(found);
        assert_eq!(moved.is_empty(), expected == Outcome::Changes, "{moved:?}");
    }
}

#[test]
fn every_write_sends_every_field() {
    let plan = plan(
        "mirrors: { p/a: { url: 'https://x/b.git' } }",
        &live(FRESH, ""),
        &[],
    );
    let after = plan.changes[0].action.after().unwrap();
    let expected = [
        ("url", json!("https://x/b.git")),
        ("branches", json!("all")),
        ("scheduled", json!(true)),
        ("endpoint", json!("")),
        ("force", json!(false)),
    ];
    assert_eq!(after, &Attributes::from(expected));
    assert_eq!(
        plan.changes[0].precondition.id.map(|(_, id)| u64::from(id)),
        Some(7)
    );
}

#[test]
fn live_values_that_a_chart_may_not_have_are_legal_in_plan_files() {
    let mut live = live(FRESH, "");
    let found = live
        .resources
        .get_mut(&mirror::address("r-1", "p", "a"))
        .unwrap();
    found.attributes["url"] = json!(format!("ssh://x/{}", "a".repeat(3_000)));
    found.attributes["endpoint"] = json!("none");
    for chart in [
        "mirrors: { p/a: { scheduled: false } }",
        "mirrors: { p/a: { url: 'https://x/b.git' } }",
    ] {
        let plan = plan(chart, &live, &["one-way"]);
        let file = PlanDocument::new(&plan, Vec::new()).to_file(&plan);
        assert_eq!(document::read(&file).as_ref(), Ok(&plan), "{chart}");
        let mut forged = PlanDocument::new(&plan, Vec::new());
        let after = forged.changes[0].after.as_mut().unwrap();
        after.insert("url".to_owned(), json!("https://me:pw@x/b.git"));
        let error = document::read(&forged.to_file(&plan)).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("a value that a chart may not have"),
            "{error}"
        );
    }
}

#[test]
fn switching_a_schedule_off_needs_consent() {
    let off = "mirrors: { p/a: { scheduled: false, max_age: 6h } }";
    let withheld = plan(off, &live(OLD, ""), &[]);
    assert!(
        matches!(&withheld.changes[0].withheld, Some(Withheld::Risk { lift, .. }) if lift == "--allow one-way=1")
    );
    assert_eq!(
        (
            withheld.summary().withheld,
            withheld.summary().run,
            withheld.runnable().count()
        ),
        (1, 0, 0)
    );
    let allowed = plan(off, &live(OLD, ""), &["one-way"]);
    assert_eq!(
        (
            allowed.summary().change,
            allowed.summary().run,
            allowed.summary().withheld
        ),
        (1, 1, 0)
    );
}

#[test]
fn the_text_of_plans_with_mirrors() {
    let chart = "mirrors:
  p/a: { url: 'https://x/b.git', branches: all, max_age: 6h }
  p/plain: { url: 'https://x/p.git', branches: default, scheduled: true, force: true, max_age: 1d }
";
    let changes = plan(chart, &live(OLD, "no route"), &[]);
    let run = plan(
        "mirrors: { p/a: { branches: all, max_age: 6h } }",
        &live(OLD, "no route"),
        &[],
    );
    let none = plan(
        "mirrors: { p/a: { branches: all, max_age: 1d } }",
        &live(OLD, "no route"),
        &[],
    );
    let missing = plan("mirrors: { p/no: { max_age: 1d } }", &live(OLD, ""), &[]);
    let text = |plan: &Plan| crate::render::plan::text(plan, Look::plain(Depth::Unfolded));
    insta::assert_snapshot!([changes, run, none, missing].map(|plan| text(&plan)).join("\n"), @r#"
      ~ mirror r-1/p/a      chart.yaml:4
          url          "https://x/a.git" -> "https://x/b.git"
          > run: last success 2026-11-20T23:10:00Z, older than 6h
          (branches "all" is sent too, but cannot be compared)
          (the last run failed: no route)
      + mirror r-1/p/plain  chart.yaml:5
          url          "https://x/p.git"
          branches     "default"
          scheduled    true
          endpoint     ""
          force        true
          ! overwrites: what was pushed to the mirror is overwritten
          > run: never succeeded

    Findings, which this plan does not fix:
      ? mirror r-1/p/a  failing-mirror  chart.yaml:4
          the last run failed: no route; the last success was 2026-11-20T23:10:00Z

    Plan: 1 to add, 1 to change, 0 to destroy.
    2 to run, 1 finding.

      > mirror r-1/p/a  chart.yaml:3
          last success 2026-11-20T23:10:00Z, older than 6h
          (the last run failed: no route)

    Findings, which this plan does not fix:
      ? mirror r-1/p/a  failing-mirror  chart.yaml:3
          the last run failed: no route; the last success was 2026-11-20T23:10:00Z

    Plan: 0 to add, 0 to change, 0 to destroy.
    1 to run, 1 finding.
    Cannot be compared: branches of mirror r-1/p/a.

    Findings, which this plan does not fix:
      ? mirror r-1/p/a  failing-mirror  chart.yaml:3
          the last run failed: no route; the last success was 2026-11-20T23:10:00Z

    No changes. The live state matches the chart, as far as it can be compared.
    1 unchanged, 1 finding.
    Cannot be compared: branches of mirror r-1/p/a.

    Stopped: mirror r-1/p/no: there is no git repository of this name, and portolan cannot create one (chart.yaml:3); to continue: create the repository, or leave it out with --exclude 'mirror r-1/p/no' [no-such-repository]
    Plan: 0 to add, 0 to change, 0 to destroy.
    "#);
}
