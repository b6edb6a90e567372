//! Formats a plan as a unified diff of YAML: the live state against the chart, one hunk for each
//! resource.

use indexmap::IndexMap;
use serde_json::Value;
use similar::TextDiff;

use super::{
    cloud,
    words::{self, on_one_line},
    yaml::Quoted,
};
use crate::{
    mask,
    plan::{Action, Change, Outcome, Plan, Withheld},
    state::Attributes,
};

/// The diff; empty if there is nothing to do and nothing was found. Stops, withheld changes and
/// findings are on `#` lines, which tools skip.
pub fn diff(plan: &Plan) -> String {
    let mut out = String::new();
    if plan.outcome() == Outcome::Unknown && !plan.is_for_other_account() {
        out.push_str("# unknown: not everything could be read, so no plan can be made\n");
    }
    for stop in &plan.stopped {
        let place = stop.source.as_ref().map_or_else(String::new, |source| {
            format!(" ({})", on_one_line(&words::place(source)))
        });
        let lift = stop.lift.as_ref().map_or_else(String::new, |lift| {
            format!("; to continue: {}", on_one_line(lift))
        });
        let message = on_one_line(&stop.message);
        out.push_str(&format!(
            "# stopped: {message}{place}{lift} [{}]\n",
            stop.code
        ));
    }
    if plan.scope.selection.is_partial() {
        out.push_str("# only a part of the chart was compared\n");
    }
    for uncompared in &plan.uncompared {
        let (names, address) = (
            uncompared.attributes.join(" and "),
            uncompared.address.to_string(),
        );
        out.push_str(&format!(
            "# cannot be compared: {names} of {}\n",
            on_one_line(&address)
        ));
    }
    for finding in &plan.findings {
        out.push_str(&format!(
            "# finding {}: {}: {}\n",
            on_one_line(&finding.code),
            on_one_line(&finding.address.to_string()),
            on_one_line(&finding.message)
        ));
    }
    plan.changes
        .iter()
        .for_each(|change| out.push_str(&hunk(change)));
    match cloud::line(plan, cloud::quoted) {
        Some(line) if !out.is_empty() => format!("# {line}\n{out}"),
        _ => out,
    }
}

fn hunk(change: &Change) -> String {
    let before = change
        .action
        .before()
        .map_or_else(String::new, |before| yaml(change, before));
    let after = change
        .action
        .after()
        .map_or_else(String::new, |after| yaml(change, after));
    let name = |there: bool, side: &str| {
        if there {
            format!("{side}: {}", on_one_line(&change.address.to_string()))
        } else {
            "/dev/null".to_owned()
        }
    };
    let (live, chart) = (
        name(!before.is_empty(), "live"),
        name(!after.is_empty(), "chart"),
    );
    let withheld = match &change.withheld {
        None => String::new(),
        Some(Withheld::Risk { class, lift }) => {
            format!("# withheld: {class}; {lift} would let it go\n")
        }
        Some(Withheld::Renamed { created, lift }) => {
            let created = on_one_line(&created.to_string());
            format!("# withheld: maybe renamed to {created}; {lift} would let it go\n")
        }
        Some(Withheld::Protect { pattern }) => {
            format!("# withheld: protected by {}\n", on_one_line(pattern))
        }
    };
    let run = change.action.run().map_or_else(String::new, |run| {
        format!(
            "# run {}: {}\n",
            on_one_line(&change.address.to_string()),
            on_one_line(&words::run(run, usize::MAX))
        )
    });
    // A run changes no attribute, so there is nothing to compare.
    if matches!(change.action, Action::Run { .. }) {
        return withheld + &run;
    }
    let mut diff = TextDiff::from_lines(&before, &after)
        .unified_diff()
        .header(&live, &chart)
        .to_string();
    // The headers alone still show that the resource is created or deleted.
    if diff.is_empty() {
        // A resource without values, such as an organization.
        diff = format!("--- {live}\n+++ {chart}\n");
    }
    withheld + &diff + &run
}

/// The resource as a YAML entry. Unchanged values are included, because an update sends them too.
fn yaml(change: &Change, attributes: &Attributes) -> String {
    let address = change.address.to_string();
    let texts = attributes
        .values()
        .flat_map(mask::texts)
        .chain([address.as_str()]);
    let mut quoted = Quoted::among(texts);
    let mut shown = |value: &Value| mask::with_texts(value, &mut |text| quoted.hold(text));
    let values: IndexMap<&str, Value> = attributes
        .iter()
        .map(|(name, value)| (*name, shown(value)))
        .collect();
    // Plain JSON always serializes.
    let yaml = serde_yaml::to_string(&IndexMap::from([(address, values)])).unwrap_or_default();
    quoted.fill(&yaml)
}
