//! The plan as text, for people. Scripts read the JSON document instead.

use std::sync::Arc;

use super::{
    cloud, outline,
    style::{Color, Depth, Look, Role},
    unlisted, words,
};
use crate::{
    config::grammar::Form,
    diagnostics::{Severity, View},
    diff::FieldChange,
    pattern::Pattern,
    plan::{Action, Change, Outcome, Plan, Reason, Summary, Withheld, risk::RiskClass},
    text::{escaped, visible},
};

/// Where the sources start at most: behind the longest address, but one long address must not move them all.
pub(super) const SOURCE_COLUMN: usize = 72;

/// What stands below a headline is moved to the right.
const INDENT: &str = "      ";

/// Names of attributes are padded to this.
const NAME_WIDTH: usize = 11;

/// Values are padded to this before what is said of them.
const VALUE_WIDTH: usize = 20;

/// The whole plan, its summary lines included.
pub fn text(plan: &Plan, look: Look) -> String {
    let mut out = blocks(plan, look);
    out.push_str(&unlisted::text(plan, look, !out.is_empty()));
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&stops(plan, look.color));
    out.push_str(&summary(plan, !plan.scope.selection.is_partial(), look.color));
    out.push_str(&cloud(plan, look.color));
    out
}

/// The changes.
pub(super) fn blocks(plan: &Plan, look: Look) -> String {
    outline::text(&plan.changes, source_column(plan.changes.iter(), look), look)
}

/// Why nothing of it may be applied.
pub(super) fn stops(plan: &Plan, color: Color) -> String {
    let mut out = String::new();
    for stop in &plan.stopped {
        out.push_str(&color.paint(Role::Destroy, format!("Stopped: {}", visible(&stop.message))));
        out.push_str(
            &stop.lift.as_ref().map_or_else(String::new, |lift| format!("; to let it pass: {}", visible(lift))),
        );
        out.push('\n');
    }
    out
}

/// Each change as a finding at its line, for services that annotate files: what is grave is an error. Where nothing
/// may be applied or not everything could be read, that is a finding too: no findings would read as "all is well".
pub fn views(plan: &Plan) -> impl Iterator<Item = View> {
    let whole = |message: String, hint: &Option<String>| View {
        file: plan.chart.files.first().map(|file| Arc::from(file.as_str())),
        ..View::error("unreadable", message, hint.clone())
    };
    let failures = plan
        .failures
        .iter()
        .map(move |failure| whole(format!("cannot read the {}: {}", failure.subject, failure.message), &failure.hint));
    let stops = plan.stopped.iter().map(move |stop| {
        let lift = stop.lift.as_ref().map(|lift| format!("to let it pass: {lift}"));
        View { code: "plan-stopped".to_owned(), ..whole(format!("stopped: {}", stop.message), &lift) }
    });
    let part = plan.scope.selection.is_partial().then(|| View {
        severity: Severity::Warning,
        code: "plan-partial".to_owned(),
        ..whole("this is a part of the chart; nothing is said of the rest".to_owned(), &None)
    });
    part.into_iter().chain(failures).chain(stops).chain(plan.changes.iter().map(view))
}

pub(super) fn view(change: &Change) -> View {
    let mut message = format!("{} {}", change.verbs().join(" and "), change.address);
    let told = change.fields.iter().filter_map(|field| {
        let (before, after) = (field.before.as_ref()?, field.after.as_ref()?);
        Some(format!("{} {} -> {}", field.name, words::short(before), words::short(after)))
    });
    let told: Vec<String> = told
        .chain(change.risks.iter().map(|risk| risk.evidence.clone()).filter(|said| !said.is_empty()))
        .chain(why(change))
        .chain(change.action.run().map(words::run))
        .chain(change.action.run().into_iter().flat_map(|_| change.notes.iter().cloned()))
        .collect();
    if !told.is_empty() {
        message.push_str(&format!(": {}", told.join("; ")));
    }
    let hint = change.withheld.as_ref().map(|withheld| match withheld {
        Withheld::Risk { lift, .. } => format!("withheld; {lift} would let it go"),
        Withheld::Protect { pattern } => format!("withheld: protected by `{}`", escaped(pattern)),
    });
    View {
        severity: if change.is_grave() { Severity::Error } else { Severity::Warning },
        address: Some(change.address.to_string()),
        file: change.source.as_ref().map(|source| source.file.clone()),
        line: change.source.as_ref().map(|source| source.line),
        column: change.source.as_ref().map(|source| source.column),
        ..View::error(&format!("plan-{}", change.verbs()[0]), message, hint)
    }
}

/// The two closing lines, and what a partial plan is a part of. `is_all`: whether nothing differs but what it holds.
pub(super) fn summary(plan: &Plan, is_all: bool, color: Color) -> String {
    let mut lines = totals(plan, is_all).into_iter();
    let mut out = color.paint(Role::Strong, lines.next().unwrap_or_default());
    out.push('\n');
    lines.for_each(|line| out.push_str(&format!("{line}\n")));
    if plan.scope.selection.is_partial() {
        out.push_str(&partial(plan));
    }
    out
}

/// Which cloud it is about: the last line, since tools look for those before it.
pub(super) fn cloud(plan: &Plan, color: Color) -> String {
    let line = cloud::line(plan, cloud::quoted);
    line.map_or_else(String::new, |line| color.paint(Role::Quiet, line) + "\n")
}

/// The one or two lines with the numbers.
pub(super) fn totals(plan: &Plan, is_all: bool) -> Vec<String> {
    let summary = plan.summary();
    let first = match plan.outcome() {
        Outcome::Unknown if plan.is_elsewhere() => {
            "Unknown: nothing was compared, because this is not the chart's account.".to_owned()
        }
        Outcome::Unknown => format!("Unknown: {} could not be read, so no plan can be made.", failures(plan)),
        Outcome::NoChanges if is_all && plan.uncompared.is_empty() => {
            "No changes. The live state is as the chart says.".to_owned()
        }
        Outcome::NoChanges if is_all => {
            "No changes. The live state is as the chart says, as far as it can be compared.".to_owned()
        }
        _ => format!("Plan: {} to add, {} to change, {} to destroy.", summary.add, summary.change, summary.destroy),
    };
    let second = counts(&summary);
    let known = plan.outcome() != Outcome::Unknown && !second.is_empty();
    [Some(first), known.then_some(second), uncompared(plan)].into_iter().flatten().collect()
}

/// What nobody can say "no change" of.
fn uncompared(plan: &Plan) -> Option<String> {
    let mut names: Vec<&str> = plan.uncompared.iter().flat_map(|it| &it.attributes).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let of = match plan.uncompared.as_slice() {
        [] => return None,
        [only] => only.address.to_string(),
        many => format!("{} {}s", many.len(), many[0].address.kind().name),
    };
    Some(format!("Cannot be compared: {} of {of}.", names.join(" and ")))
}

/// A part of the world says nothing about the rest.
fn partial(plan: &Plan) -> String {
    let said = |option: &str, patterns: &[Pattern]| {
        patterns.iter().map(|pattern| format!(" {option} '{}'", escaped(&pattern.to_string()))).collect::<String>()
    };
    let (targets, excludes) =
        (said("--target", &plan.scope.selection.targets), said("--exclude", &plan.scope.selection.excludes));
    format!("This is a part of the chart:{targets}{excludes}.\n")
}

fn failures(plan: &Plan) -> String {
    match plan.failures.len() {
        1 => "1 object".to_owned(),
        number => format!("{number} objects"),
    }
}

/// What is not zero of run, unchanged, withheld and unlisted.
fn counts(summary: &Summary) -> String {
    let counts = [
        (summary.run, "to run"),
        (summary.unchanged, "unchanged"),
        (summary.withheld, "withheld"),
        (summary.unlisted, "unlisted"),
    ];
    let said = words::counted(&counts);
    if said.is_empty() { said } else { format!("{said}.") }
}

pub(super) fn role(action: &Action) -> Role {
    match action {
        Action::Create { .. } => Role::Add,
        Action::Update { .. } | Action::Run { .. } => Role::Change,
        Action::Replace { .. } | Action::Delete { .. } => Role::Destroy,
    }
}

/// One change: its headline, then a line for each field, then what else is to be said.
pub(super) fn block(out: &mut String, change: &Change, column: usize, look: Look) {
    let Look { color, depth, .. } = look;
    out.push_str(&headline(change, column, look));
    out.push('\n');
    let mut remarks = remarks(change, color);
    let shown = |field: &&FieldChange| {
        depth == Depth::Full || (is_worth_showing(change, field) && !matches!(change.action, Action::Delete { .. }))
    };
    for field in change.fields.iter().filter(shown) {
        field_lines(out, field, &mut remarks, look);
    }
    if depth == Depth::Full {
        unchanged_lines(out, change, color);
    }
    for remark in remarks {
        out.push_str(&format!("      {}\n", remark.text));
    }
}

pub(super) fn plain_headline(change: &Change) -> String {
    format!("{:>3} {}", change.action.symbol(), change.address)
}

fn plain_place(change: &Change) -> Option<String> {
    change.source.as_ref().map(|source| format!("{}:{}", escaped(&source.file), source.line))
}

/// Where the places stand: behind the longest headline, as far as that leaves room for the longest place.
pub(super) fn source_column<'c>(changes: impl Iterator<Item = &'c Change> + Clone, look: Look) -> usize {
    let longest = |text: &str| text.chars().count();
    let heads = changes.clone().map(|change| longest(&plain_headline(change))).max();
    let places = changes.filter_map(plain_place).map(|place| longest(&place)).max();
    let room = look.width.map_or(SOURCE_COLUMN, |width| width.saturating_sub(places.unwrap_or(0)));
    heads.map_or(SOURCE_COLUMN, |heads| heads + 2).min(SOURCE_COLUMN).min(room)
}

pub(super) fn headline(change: &Change, column: usize, look: Look) -> String {
    let plain = plain_headline(change);
    let head = look.color.paint(role(&change.action), &plain);
    let Some(place) = plain_place(change) else { return head };
    let length = plain.chars().count();
    let padding = column.saturating_sub(length).max(2);
    let gap =
        if look.fits(length + padding + place.chars().count()) { " ".repeat(padding) } else { format!("\n{INDENT}") };
    format!("{head}{gap}{}", look.color.paint(Role::Quiet, place))
}

/// A value that is the same for every new resource of its kind tells nothing.
pub(super) fn is_worth_showing(change: &Change, field: &FieldChange) -> bool {
    let fixed = change.address.kind().attribute(field.name).and_then(|attribute| match attribute.role {
        crate::kind::Role::Fixed(preset) => Some(preset.into()),
        _ => None,
    });
    !(matches!(change.action, Action::Create { .. }) && field.after == fixed && fixed.is_some())
}

/// Something to say of a change, behind the field that it is about or on a line of its own.
struct Remark {
    field: Option<&'static str>,
    text: String,
}

fn remarks(change: &Change, color: Color) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let mut say = |field, text| remarks.push(Remark { field, text });
    match &change.withheld {
        Some(Withheld::Risk { class, lift }) => {
            let evidence = evidence(change, *class);
            let text = format!("withheld: {class}, {evidence}; {lift} would let it go");
            say(None, color.paint(Role::Warning, text));
        }
        Some(Withheld::Protect { pattern }) => {
            say(None, color.paint(Role::Warning, format!("withheld: protected by `{}`", escaped(pattern))));
        }
        None => {
            for risk in change.risks.iter().filter(|risk| risk.class.needs_consent()) {
                let text = format!("! {} (allowed): {}", risk.class, risk.evidence);
                say(exposed_field(change, risk.class), color.paint(Role::Warning, text));
            }
        }
    }
    for risk in change.risks.iter().filter(|risk| matches!(risk.class, RiskClass::Overwrites | RiskClass::Gap)) {
        say(None, format!("! {}: {}", risk.class, risk.evidence));
    }
    if let Some(run) = change.action.run() {
        let mark = if matches!(change.action, Action::Run { .. }) { "" } else { "> run: " };
        say(None, format!("{mark}{}", words::run(run)));
    }
    if let Some(why) = why(change) {
        let place = changed_field(change).filter(|_| change.reason == Reason::CannotBeChangedInPlace);
        say(place, format!("({why})"));
    }
    // What is sent unseen, or what a run is about, is not said of one field.
    let place = changed_field(change).filter(|_| {
        change.action.run().is_none()
            && change.address.kind().attributes.iter().all(|attribute| attribute.role.is_readable())
    });
    for note in &change.notes {
        say(place, format!("({note})"));
    }
    remarks
}

/// Why a change is there, where its action does not say it.
pub(super) fn why(change: &Change) -> Option<String> {
    match change.reason {
        Reason::CannotBeChangedInPlace => Some("cannot be changed in place".to_owned()),
        Reason::Unlisted => Some("unlisted, and its organization says `unlisted: delete`".to_owned()),
        Reason::Undeclared => {
            let kind = change.address.kind();
            let (parent, key) = (kind.parent?.name, kind.place.key.name);
            Some(match kind.place.key.form {
                Form::Single(_, Some(word)) => format!("the {parent} says `{key}: {word}`"),
                _ => format!("not in the {parent}'s `{key}` list"),
            })
        }
        // Of a run, its own words tell.
        Reason::Missing | Reason::Differs | Reason::DeclaredAbsent | Reason::Stale | Reason::NeverSucceeded => None,
    }
}

fn evidence(change: &Change, class: RiskClass) -> &str {
    change.risks.iter().find(|risk| risk.class == class).map_or("", |risk| risk.evidence.as_str())
}

fn exposed_field(change: &Change, class: RiskClass) -> Option<&'static str> {
    let exposing = change.address.kind().exposing().filter(|_| class == RiskClass::Exposes)?;
    Some(exposing.name)
}

/// The field that a remark about the whole change stands behind: the only one.
fn changed_field(change: &Change) -> Option<&'static str> {
    let mut shown = change.fields.iter().filter(|field| is_worth_showing(change, field));
    let only = shown.next()?;
    shown.next().is_none().then_some(only.name)
}

/// What a write sends as it is: the API replaces, so it is part of the change.
fn unchanged_lines(out: &mut String, change: &Change, color: Color) {
    let after = change.action.after().into_iter().flatten();
    for (name, value) in after.filter(|(name, _)| !change.fields.iter().any(|field| field.name == **name)) {
        let line = format!("{name:NAME_WIDTH$}  {}  (unchanged)", words::value(value));
        out.push_str(&format!("      {}\n", color.paint(Role::Quiet, line)));
    }
}

fn field_lines(out: &mut String, field: &FieldChange, remarks: &mut Vec<Remark>, look: Look) {
    let Look { color, depth, .. } = look;
    let name = format!("{:NAME_WIDTH$}", field.name);
    let one = |value| if depth == Depth::Full { words::value(value) } else { words::short(value) };
    if let (Some(before), Some(after)) = (&field.before, &field.after)
        && words::is_long(before, after)
    {
        out.push_str(&format!("      {}\n", name.trim_end()));
        for line in words::changes(before, after, depth == Depth::Full, color) {
            out.push_str(&format!("        {}{line}\n", words::GUTTER));
        }
        return;
    }
    let value = match (&field.before, &field.after) {
        (Some(before), Some(after)) => format!("{} -> {}", words::value(before), words::value(after)),
        (None, Some(after)) => one(after),
        (Some(before), None) => one(before),
        (None, None) => String::new(),
    };
    let length = |text: &str| anstream::adapter::strip_str(text).to_string().chars().count();
    let said: Vec<String> = remarks.extract_if(.., |remark| remark.field == Some(field.name)).map(|r| r.text).collect();
    let line = format!("{INDENT}{name}  {value:VALUE_WIDTH$}  {}", said.join(" "));
    if !said.is_empty() && look.fits(length(&line)) {
        out.push_str(&format!("{line}\n"));
    } else {
        out.push_str(&format!("{INDENT}{name}  {value}\n"));
        out.extend(said.iter().map(|said| format!("{INDENT}{said}\n")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::{live, plan};

    #[test]
    fn one_of_each_action() {
        let live = live(&[
            ("o/api", false, 3, &[("x-1", "y", false), ("x-1", "z", true)]),
            ("o/full", false, 143, &[]),
            ("o/gone", false, 0, &[]),
            ("o/web", false, 3, &[]),
            ("o/forgotten", false, 0, &[]),
        ]);
        let chart = "organizations: { o: { repositories: {
  api: { sync: [ { target_region: x-1, target_organization: y, override: true }, { target_region: x-1, target_organization: new } ] },
  full: { state: absent }, gone: { state: absent },
  new: { category: linux },
  web: { is_public: true, description: new } } } }";
        let plan = plan(chart, &live, &["exposes"]);
        insta::assert_snapshot!(text(&plan, Look::plain(Depth::Unfolded)), @r#"
          + sync_rule r-1/o/api -> x-1/new  chart.yaml:4
              (3 existing tags are not copied)
              (left to the service: override)
        -/+ sync_rule r-1/o/api -> x-1/y    chart.yaml:4
              override     false -> true         (cannot be changed in place)
              ! overwrites: tags that exist in the target are overwritten
              ! gap: what is pushed in between is not copied
          - sync_rule r-1/o/api -> x-1/z    chart.yaml:4
              (not in the repository's `sync` list)
          - repository r-1/o/full           chart.yaml:5
              withheld: destroys-data, 143 tags; --allow destroys-data=1 would let it go
          - repository r-1/o/gone           chart.yaml:5
          + repository r-1/o/new            chart.yaml:6
              is_public    false
              category     "linux"
              (left to the service: description)
          ~ repository r-1/o/web            chart.yaml:7
              is_public    false -> true         ! exposes (allowed): anyone can pull 3 tags
              description  "old" -> "new"

        Unlisted, so to be decided: list each, or set `unlisted: delete` or `ignore`.
          ? repository r-1/o/forgotten  (empty)

        Plan: 3 to add, 1 to change, 3 to destroy.
        2 unchanged, 1 withheld, 1 unlisted.
        "#);
    }

    #[test]
    fn a_narrow_terminal_breaks_no_line() {
        let live = live(&[("o/api", false, 3, &[("x-1", "a-long-name-of-a-target", false)]), ("o/web", false, 3, &[])]);
        let chart = "organizations: { o: { repositories: { api: { sync: [
  { target_region: x-1, target_organization: a-long-name-of-a-target, override: true } ] }, web: { is_public: true } } } }";
        let look = Look { width: Some(60), ..Look::plain(Depth::Folded) };
        insta::assert_snapshot!(text(&plan(chart, &live, &["exposes"]), look), @r"
        -/+ sync_rule r-1/o/api -> x-1/a-long-name-of-a-target
              chart.yaml:4
              override     false -> true
              (cannot be changed in place)
              ! overwrites: tags that exist in the target are overwritten
              ! gap: what is pushed in between is not copied
          ~ repository r-1/o/web                        chart.yaml:4
              is_public    false -> true
              ! exposes (allowed): anyone can pull 3 tags

        Plan: 1 to add, 1 to change, 1 to destroy.
        2 unchanged.
        ");
    }

    #[test]
    fn nothing_unknown_and_stopped() {
        let same = live(&[("o/a", false, 0, &[])]);
        let none = plan("organizations: { o: { repositories: { a: } } }", &same, &[]);
        let stopped = plan("organizations: { o: { repositories: { a: { state: absent } } } }", &same, &[]);
        let failed = crate::state::ReadFailure { subject: "list".to_owned(), message: "no".to_owned(), hint: None };
        let unknown = Plan { failures: vec![failed], ..Plan::default() };
        let texts = [none, stopped, unknown].map(|plan| text(&plan, Look::plain(Depth::Unfolded)));
        insta::assert_snapshot!(texts.join("\n"), @r"
        No changes. The live state is as the chart says.
        2 unchanged.

          - repository r-1/o/a  chart.yaml:3

        Stopped: organization r-1/o would lose its only repository; to let it pass: --allow deletes=1
        Plan: 0 to add, 0 to change, 1 to destroy.
        1 unchanged.

        Unknown: 1 object could not be read, so no plan can be made.
        ");
    }
}
