//! What makes a resource with a number as the chart wants it: making it, changing it, and running
//! it when that is due.
//!
//! Pure: what the time is comes in as a value.

use super::{Action, Change, Reason, Run, Stop, Uncompared, change::step};
use crate::{
    address::Address,
    diff,
    kind::{Identity, Kind, Lack, REGISTRY, Role},
    plan::risk::Risk,
    state::{
        Attributes, DesiredResource, Live, LiveResource, Presence, ReadFailure, RemoteId, RunState,
        Terms,
    },
    text::visible,
    time::Moment,
};

/// The stops that report a difference which portolan cannot repair. Unlike limits of an apply they
/// count as drift.
pub fn is_lack(code: &str) -> bool {
    let mut kinds = REGISTRY.iter().filter_map(|kind| kind.numbered());
    kinds.any(|numbered| {
        [&numbered.missing, &numbered.needless]
            .iter()
            .any(|lack| lack.code == code)
    })
}

/// What is to be done about a resource.
pub(super) enum Verdict {
    Change(Box<Change>),
    Unchanged,
    /// Nothing that portolan could do.
    Stopped(Stop),
}

pub(super) fn judge(
    address: &Address,
    desired: &DesiredResource,
    terms: &Terms,
    live: &Live,
    now: Moment,
) -> Verdict {
    let Some(numbered) = address.kind().numbered() else {
        return Verdict::Unchanged;
    };
    let Some(number) = live.numbers.get(address) else {
        return Verdict::Stopped(stop(address, &numbered.missing));
    };
    let Presence::Present(wanted) = &desired.presence else {
        return Verdict::Unchanged;
    };
    let found = live.resources.get(address);
    let state = found
        .and_then(|found| found.runs.as_deref())
        .cloned()
        .unwrap_or_default();
    let due = Due {
        address,
        wanted,
        terms,
        state: &state,
        now,
    };
    let change = match found {
        None if !wanted.contains_key(numbered.needs) => {
            return Verdict::Stopped(stop(address, &numbered.needless));
        }
        None => Some(due.creation()),
        Some(found) => due.alteration(found).or_else(|| due.run_alone(found)),
    };
    let Some(mut change) = change else {
        return Verdict::Unchanged;
    };
    change.precondition.id = Some((numbered.id, *number));
    change.source = Some(desired.source.clone());
    change.notes.extend(notes(&change, wanted));
    if let (Some(run), Some(runs)) = (change.action.run(), address.kind().runs) {
        change.notes.extend(
            state
                .failure(Some(now))
                .map(|said| format!("the last run failed: {said}")),
        );
        if run.force {
            let (class, evidence) = runs.forced;
            change.risks.push(Risk {
                class,
                evidence: evidence.to_owned(),
            });
        }
    }
    Verdict::Change(Box::new(change))
}

/// Resources for which the service answered about another one: what they are is not known.
pub(super) fn mistaken(live: &Live) -> impl Iterator<Item = ReadFailure> {
    live.numbers.iter().filter_map(|(address, asked)| {
        let told = live
            .resources
            .get(address)?
            .number
            .filter(|told| *told != u64::from(*asked))?;
        Some(ReadFailure {
            subject: address.to_string(),
            message: (address.kind().id()?.moved)(*asked, told),
            hint: Some(
                "this is not the answer of the service: check the endpoint and what stands between"
                    .to_owned(),
            ),
        })
    })
}

/// Resources whose number the service should have told, and did not: no request could name them.
pub(super) fn nameless(live: &Live) -> impl Iterator<Item = ReadFailure> {
    let is_told = |kind: &Kind| matches!(kind.identity, Identity::Told(_));
    let is_name =
        |number: Option<u64>| number.is_some_and(|number| RemoteId::try_from(number).is_ok());
    let nameless = move |(address, found): &(&Address, &LiveResource)| {
        is_told(address.kind()) && !is_name(found.number)
    };
    live.resources
        .iter()
        .filter(nameless)
        .map(|(address, _)| ReadFailure {
            subject: address.to_string(),
            message: "its id is missing in the answer, or is no number of a resource".to_owned(),
            hint: Some(
                "this is not the answer of the service: check the endpoint and what stands between"
                    .to_owned(),
            ),
        })
}

fn stop(address: &Address, lack: &Lack) -> Stop {
    let pattern = address.parts().join("/");
    let message = format!("{address}: {}", lack.problem);
    let lift = format!(
        "{}, or leave it out with --exclude '{pattern}'",
        lack.remedy
    );
    Stop::new(lack.code, message, Some(lift))
}

/// What decides whether one resource is run.
struct Due<'a> {
    address: &'a Address,
    wanted: &'a Attributes,
    terms: &'a Terms,
    state: &'a RunState,
    now: Moment,
}

impl Due<'_> {
    fn creation(&self) -> Change {
        let after = diff::creation(self.address.kind(), self.wanted);
        let fields = diff::appearing(&after);
        let then = self.run(&after);
        step(
            self.address,
            Action::Create { after, then },
            Reason::Missing,
            fields,
            None,
        )
    }

    fn alteration(&self, found: &LiveResource) -> Option<Change> {
        let kind = self.address.kind();
        let fields = diff::fields(kind, self.wanted, &found.attributes);
        if fields.is_empty() {
            return None;
        }
        let before = found.attributes.clone();
        let after = diff::overlay(kind, self.wanted, &before);
        let then = self.run(&after);
        Some(step(
            self.address,
            Action::Update {
                before,
                after,
                then,
            },
            Reason::Differs,
            fields,
            None,
        ))
    }

    fn run_alone(&self, found: &LiveResource) -> Option<Change> {
        let max_age = self.terms.max_age?;
        let reason = match &self.state.last_success {
            None => Reason::NeverSucceeded,
            Some(success) if success.moment.is_fresh(max_age, self.now) => return None,
            Some(_) => Reason::Stale,
        };
        let run = self.run(&found.attributes)?;
        let action = Action::Run {
            attributes: found.attributes.clone(),
            run,
        };
        Some(step(self.address, action, reason, Vec::new(), None))
    }

    /// The run of a change that leaves these values, where the chart wants the resource fresh.
    fn run(&self, attributes: &Attributes) -> Option<Box<Run>> {
        let (max_age, runs) = (self.terms.max_age?, self.address.kind().runs?);
        let because = match &self.state.last_success {
            None => "never succeeded".to_owned(),
            Some(success) if success.moment.is_fresh(max_age, self.now) => {
                "its configuration changes".to_owned()
            }
            Some(success) if success.moment.is_ahead_of(self.now) => {
                format!(
                    "last success {} lies in the future, so it does not count",
                    visible(&success.text)
                )
            }
            Some(success) => format!(
                "last success {}, older than {max_age}",
                visible(&success.text)
            ),
        };
        Some(Box::new(Run {
            because,
            last_success: self
                .state
                .last_success
                .as_ref()
                .map(|success| success.text.clone()),
            max_age,
            force: self.wanted.get(runs.force) == Some(&serde_json::Value::Bool(true)),
            endpoint: attributes
                .get(runs.endpoint)
                .and_then(|value| value.as_str())
                .unwrap_or_default()
                .to_owned(),
            credentials: self.terms.credentials.clone(),
        }))
    }
}

/// The attributes that are sent with changes and that nobody can compare.
fn blind(kind: &Kind) -> impl Iterator<Item = &'static str> {
    kind.attributes
        .iter()
        .filter(|attribute| attribute.role == Role::WriteOnly)
        .map(|attribute| attribute.name)
}

/// Whether an attribute is sent with runs alone.
fn is_of_runs(kind: &Kind, name: &str) -> bool {
    kind.runs.is_some_and(|runs| runs.force == name)
}

/// What is sent without being known to differ.
fn notes(change: &Change, wanted: &Attributes) -> Vec<String> {
    let Action::Update { after, .. } = &change.action else {
        return Vec::new();
    };
    let kind = change.address.kind();
    let note = |name: &'static str| {
        let sent = after.get(name)?;
        Some(match wanted.get(name) {
            Some(_) => format!("{name} {sent} is sent along; it cannot be compared"),
            None => format!(
                "{name} {sent} is sent along, because the chart does not say and it cannot be read"
            ),
        })
    };
    blind(kind)
        .filter(|name| !is_of_runs(kind, name))
        .filter_map(note)
        .collect()
}

/// What of a resource the plan has neither compared nor sends.
pub(super) fn uncompared(
    address: &Address,
    wanted: &Attributes,
    change: Option<&Change>,
) -> Option<Uncompared> {
    let kind = address.kind();
    let is_sent = |name: &str| match change.map(|change| &change.action) {
        None => false,
        Some(Action::Run { .. }) => is_of_runs(kind, name),
        Some(_) => true,
    };
    let unsent = blind(kind).filter(|name| wanted.contains_key(*name) && !is_sent(name));
    let names: Vec<String> = unsent.map(str::to_owned).collect();
    (!names.is_empty()).then(|| Uncompared {
        address: address.clone(),
        attributes: names,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        given,
        kind::mirror,
        mask::{Foreign, Mask},
        plan::{
            Change, Outcome, Plan, Withheld,
            document::{self, PlanDocument},
            tests::plan,
        },
        render::style::{Depth, Look},
        state::{Attributes, Live, RunState},
        time::Stamp,
    };

    /// One mirror `p/a` of `https://x/a.git`, scheduled, with a last success and an error; and an
    /// ordinary repository.
    fn live(success: &str, error: &str) -> Live {
        let stamp = |text: &str| Stamp::parse(text, None);
        let state = RunState {
            last_success: stamp(success),
            last_attempt: stamp("2026-11-21T07:59:00Z"),
            last_error: (!error.is_empty()).then(|| Foreign::new(&Mask::default(), error, 100)),
            ..RunState::default()
        };
        let mirror = given::mirror("r-1/p/a", 7).with("url", "https://x/a.git");
        let plain = given::git_repository("r-1/p/plain", 8);
        given::live([mirror.runs(state), plain])
    }

    /// Verbs and the reason for the run of each change, then the codes of stops.
    fn told(plan: &Plan) -> String {
        let because = |change: &Change| {
            change
                .action
                .run()
                .map_or_else(String::new, |run| format!(": {}", run.because))
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
            // Clocks may differ by a quarter of an hour.
            ("a: { max_age: 6h }", "2026-11-21T08:15:00Z", ""),
            (
                "a: { max_age: 6h }",
                AHEAD,
                "run: last success 2026-11-21T08:15:01Z lies in the future, so it does not count",
            ),
            ("a: {}", AHEAD, ""),
            (
                "a: { url: 'https://x/b.git', max_age: 6h }",
                AHEAD,
                "update+run: last success 2026-11-21T08:15:01Z lies in the future, so it does not \
                count",
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
            // What cannot be read is never a difference.
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
            assert_eq!(told(&plan), expected, "{entry}");
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
    fn a_success_in_the_future_hides_no_failure() {
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
    fn an_answer_about_another_repository_is_not_believed() {
        let chart = "mirrors: { p/a: { url: 'https://x/b.git', max_age: 1h } }";
        let address = mirror::address("r-1", "p", "a");
        for (told, expected) in [
            (None, Outcome::Changes),
            (Some(7), Outcome::Changes),
            (Some(8), Outcome::Unknown),
        ] {
            let mut live = live(FRESH, "");
            live.resources.get_mut(&address).unwrap().number = told;
            let made = plan(chart, &live, &[]);
            assert_eq!(made.outcome(), expected, "{told:?}");
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
            plan.changes[0]
                .precondition
                .id
                .map(|(_, number)| u64::from(number)),
            Some(7)
        );
    }

    #[test]
    fn a_mirror_that_no_chart_could_say_is_no_damage() {
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
            assert!(error.to_string().contains("no chart could say"), "{error}");
        }
    }

    #[test]
    fn a_schedule_is_not_switched_off_unasked() {
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
    fn as_people_read_it() {
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
              (branches "all" is sent along; it cannot be compared)
              (the last run failed: no route)
          + mirror r-1/p/plain  chart.yaml:5
              url          "https://x/p.git"
              branches     "default"
              scheduled    true
              endpoint     ""
              force        true
              ! overwrites: what was pushed to the mirror is overwritten
              > run: never succeeded

        Plan: 1 to add, 1 to change, 0 to destroy.
        2 to run.

          > mirror r-1/p/a  chart.yaml:3
              last success 2026-11-20T23:10:00Z, older than 6h
              (the last run failed: no route)

        Plan: 0 to add, 0 to change, 0 to destroy.
        1 to run.
        Cannot be compared: branches of mirror r-1/p/a.

        No changes. The live state matches the chart, as far as it can be compared.
        1 unchanged.
        Cannot be compared: branches of mirror r-1/p/a.

        Stopped: mirror r-1/p/no: no git repository is called so, and portolan cannot create one; to continue: create the repository, or leave it out with --exclude 'r-1/p/no'
        Plan: 0 to add, 0 to change, 0 to destroy.
        "#);
    }
}
