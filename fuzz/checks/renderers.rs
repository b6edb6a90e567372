//! Hostile texts of the service and of the chart, through every renderer: the output has no secret
//! and no control character, and in text and Markdown no line begins, spaces aside, with such a
//! text. A harmless text is unchanged.
//!
//! The input is a few texts with `\u{1}` between them. `§` is replaced by a secret of the command
//! and `¶` by a URL with a login.

use std::sync::Arc;

use portolan::{
    address::Address,
    config::{self, Decoded, context::Context},
    diagnostics::{SourceMap, View, render},
    drift::{Drift, DriftDocument, Ignores, judge},
    kind::{
        mirror::{self, MIRROR},
        repository::{self, REPOSITORY},
    },
    mask::Mask,
    plan::{
        Plan, Scope,
        build::build,
        document::{PlanDocument, pretty},
    },
    receipt::{PlanStamp, Receipt},
    render::{
        chart,
        checkout::Checkout,
        drift, findings,
        fit::fit,
        gitlab, markdown, plan, question, report, sarif,
        style::{Color, Depth, Look},
        yaml_diff,
    },
    report::{Fate, Record, Report},
    state::{Chart, Consent, Live, RemoteId},
    time::Moment,
    wire::{Response, error::ApiError, secret::Secret},
};
use serde_json::{Value, json};

const SECRET: &str = "hunter2-hunter2";
const URL: &str = "https://bob:t0ken-0f-bob@git.example.com/x";
/// What must not be in the output. The last two are the secret in Base64, at two byte offsets.
const SECRETS: [&str; 4] = [
    SECRET,
    "t0ken-0f-bob",
    "aHVudGVyMi1odW50ZXIy",
    "h1bnRlcjItaHVudGVyM",
];
/// The mark at the beginning of each line of a hostile text.
const MARK: &str = "ZqX";
const BUDGET: usize = 65_000;
const REGION: &str = "cn-north-4";

pub(crate) fn check(bytes: &[u8]) {
    let given = String::from_utf8_lossy(bytes);
    let mut texts = given
        .split('\u{1}')
        .chain(std::iter::repeat(""))
        .map(marked);
    let mut next = || texts.next().unwrap_or_default();
    let (wanted, found, category, error, refusal) = (next(), next(), next(), next(), next());
    let mask = Arc::new(Mask::new([Secret::new(SECRET.to_owned())]));
    // Some texts are not allowed in a chart, but the service may send them.
    let charted = charted(&wanted, &mask).or_else(|| charted(MARK, &mask));
    let (chart, views) = charted.expect("a chart with a harmless text");
    let live = live(&found, &category, &error, &mask);
    let consents: Vec<Consent> = Vec::new();
    let plan = build(
        &chart,
        &live,
        &consents,
        Scope::default(),
        Moment(1_790_000_000),
    );
    assert!(
        (3..=4).contains(&plan.changes.len()),
        "a, unless it is equal already, b, a new one, and the mirror"
    );
    let refusal = refused(&refusal, &mask);
    documents(&chart, &plan, views.clone(), &refusal);
    texts_for_people(&plan, &views, &refusal);
    harmless(&plan, &found);
}

/// A text with the mark at the beginning of each line, for every line ending.
fn marked(text: &str) -> String {
    let text = text.replace('§', SECRET).replace('¶', URL);
    let mut out = MARK.to_owned();
    for character in text.chars() {
        out.push(character);
        if matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}') {
            out.push_str(MARK);
        }
    }
    out
}

/// A chart with the text, if it is allowed in a chart.
fn charted(wanted: &str, mask: &Mask) -> Option<(Chart, Vec<View>)> {
    let repositories = json!({ "a": { "description": wanted }, "b": { "category": "linux" },
        "new": { "description": wanted } });
    let accept = json!([{ "address": "o/b", "until": "2099-01-01", "reason": wanted }]);
    let chart = json!({
        "version": 1, "region": REGION, "organizations": { "o": { "repositories": repositories } },
        "mirrors": { "p/a": { "repository_id": 7, "scheduled": true, "max_age": "1h" } },
        "accept": accept,
    });
    let yaml = portolan::text::json(chart.to_string());
    let mut sources = SourceMap::default();
    sources.add("chart.yaml", yaml.as_str());
    let context = Context {
        sources: &sources,
        environment: &|_| None,
        region: None,
    };
    let Decoded {
        mut chart,
        found,
        foreign,
        ..
    } = config::decode(context);
    config::hide_secrets(&found, &foreign, &mut sources);
    sources.cover_lines(|line| mask.hides(line));
    for diagnostic in &found {
        drives_no_terminal("a diagnostic", &render(diagnostic, &sources, false, 80));
    }
    chart.hide(mask);
    let views = found
        .iter()
        .map(|diagnostic| diagnostic.view(&sources))
        .collect();
    (!found.has_errors()).then_some((chart, views))
}

fn live(found: &str, category: &str, error: &str, mask: &Arc<Mask>) -> Live {
    let mut live = Live::default();
    let answer = |body: Value| Response {
        body: body.to_string().into_bytes(),
        mask: mask.clone(),
        ..Response::default()
    };
    let organization = portolan::kind::organization::address(REGION, "o");
    live.resources
        .insert(organization, portolan::state::LiveResource::default());
    for name in ["a", "b"] {
        let address = repository::address(REGION, "o", name);
        let body = json!({ "name": name, "namespace": "o", "is_public": false,
            "category": category, "description": found });
        let resource = REPOSITORY
            .decode_read(&address, &answer(body))
            .unwrap_or_default();
        live.resources
            .extend(resource.map(|resource| (address, resource)));
    }
    let address: Address = mirror::address(REGION, "p", "a");
    let body = json!({
        "url": found, "mirroring_enabled": false, "endpoint_uuid": category, "last_error": error,
        "update_status": error,
    });
    let resource = MIRROR
        .decode_read(&address, &answer(body))
        .unwrap_or_default();
    live.resources
        .extend(resource.map(|resource| (address.clone(), resource)));
    live.ids
        .extend(RemoteId::try_from(7).map(|number| (address, number)));
    live
}

fn refused(text: &str, mask: &Arc<Mask>) -> String {
    let texts = [
        json!({ "error_code": text, "error_msg": text }).to_string(),
        json!([text]).to_string(),
        text.to_owned(),
    ];
    let body = |text: String| Response {
        status: 400,
        body: text.into_bytes(),
        mask: mask.clone(),
        ..Response::default()
    };
    texts
        .into_iter()
        .map(|text| ApiError::read(&body(text)).to_string())
        .collect::<Vec<_>>()
        .join("; ")
}

/// A report in which every change failed with the message.
fn failed<'p>(plan: &'p Plan, message: &str) -> Report<'p> {
    let fate = Fate::Failed {
        message: message.to_owned(),
        hint: None,
        restored: false,
        job: None,
    };
    let records = plan
        .changes
        .iter()
        .map(|_| Record::from(fate.clone()))
        .collect();
    Report {
        plan,
        records,
        refused: None,
        halt: None,
        is_known: true,
    }
}

fn judged(chart_plan: &Plan) -> Drift {
    judge(
        chart_plan.clone(),
        &[],
        Ignores::default(),
        &[],
        "2026-01-01"
            .parse()
            .unwrap_or_else(|_| unreachable!("a day")),
    )
}

/// The formats for programs.
fn documents(chart: &Chart, plan: &Plan, views: Vec<View>, refusal: &str) {
    let report = failed(plan, refusal);
    let drift = judged(plan);
    let stamp = PlanStamp::new("id".to_owned(), plan);
    let checkout = Checkout {
        root: "/w".into(),
        directory: "/w".into(),
        chart: "chart.yaml".to_owned(),
    };
    let all: Vec<View> = views.iter().cloned().chain(plan::views(plan)).collect();
    for (name, text) in [
        (
            "the plan as JSON",
            pretty(&PlanDocument::new(plan, views.clone())),
        ),
        (
            "a saved plan",
            PlanDocument::new(plan, views.clone()).to_file(plan),
        ),
        ("the report", pretty(&report.document(views.clone()))),
        (
            "the receipt",
            pretty(&Receipt::new(&report, stamp, views.clone())),
        ),
        (
            "the drift as JSON",
            pretty(&DriftDocument::new(&drift, views)),
        ),
        ("SARIF", sarif::sarif(&all, &[], &checkout)),
        ("Code Quality", gitlab::gitlab(&all, &checkout)),
        ("workflow commands", findings::github(&all)),
        ("the difference", yaml_diff::diff(plan)),
        ("the chart", chart::text(chart)),
    ] {
        is_clean(name, &text);
        if name != "workflow commands" {
            has_no_command(name, &text);
        }
    }
}

/// The formats for people.
fn texts_for_people(plan: &Plan, views: &[View], refusal: &str) {
    let drift = judged(plan);
    let report = failed(plan, refusal);
    let looks = [Depth::Folded, Depth::Unfolded, Depth::Full].map(Look::plain);
    let narrow = Look {
        width: Some(40),
        ..Look::plain(Depth::Full)
    };
    for look in looks.into_iter().chain([narrow]) {
        drives_no_terminal("the plan", &plan::text(plan, look));
        drives_no_terminal("the drift", &drift::text(&drift, look));
    }
    for (name, text) in [
        ("the question", question::text(plan, false, Color::Never)),
        ("the report", report::text(&report, Color::Never)),
    ] {
        drives_no_terminal(name, &text);
    }
    for (name, text) in [
        ("the comment", markdown::markdown(plan, BUDGET)),
        ("the comment on drift", drift::markdown(&drift, BUDGET)),
        (
            "the comment without a plan",
            markdown::unready("plan", views, BUDGET),
        ),
    ] {
        // An invisible space after `@` keeps a text from notifying people.
        drives_no_terminal(name, &text.replace("@\u{200b}", "@"));
    }
    // A terminal wraps lines, so a line may begin with the mark. It is not a runner's log, so
    // commands have no effect there.
    is_clean("a fitted plan", &fit(&plan::text(plan, looks[2]), 40));
}

#[track_caller]
fn is_clean(name: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{name} contains a secret: {text}");
    }
    let hidden = text
        .chars()
        .find(|c| *c != '\n' && portolan::text::is_hidden(*c));
    assert!(hidden.is_none(), "{name} contains {hidden:?}: {text:?}");
}

#[track_caller]
fn has_no_command(name: &str, text: &str) {
    assert!(
        !portolan::text::has_command(text),
        "{name} has a command for a runner: {text}"
    );
}

#[track_caller]
fn drives_no_terminal(name: &str, text: &str) {
    is_clean(name, text);
    has_no_command(name, text);
    let line = text
        .lines()
        .find(|line| line.trim_start().starts_with(MARK));
    assert!(
        line.is_none(),
        "{name} has a line of a hostile text: {text}"
    );
}

/// A text without secrets and hidden characters is unchanged in the document, and in the text if it
/// is short.
fn harmless(plan: &Plan, found: &str) {
    let is_harmless = !found.contains(portolan::text::is_hidden)
        && !found.contains("//")
        && !found.contains("##[");
    if !is_harmless || SECRETS.iter().any(|secret| found.contains(secret)) {
        return;
    }
    let document = json!(PlanDocument::new(plan, Vec::new()));
    let changes = document["changes"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let Some(change) = changes
        .iter()
        .find(|change| change["before"]["description"] != Value::Null)
    else {
        return;
    };
    assert_eq!(change["before"]["description"], *found);
    let is_plain = |c: char| c.is_alphanumeric() || c == ' ';
    if found.chars().count() <= 40 && found.chars().all(is_plain) && !found.ends_with(' ') {
        let text = plan::text(plan, Look::plain(Depth::Full));
        assert!(
            text.contains(&format!("\"{found}\"")) || text.contains("[-"),
            "{found:?} is not in {text}"
        );
    }
}
