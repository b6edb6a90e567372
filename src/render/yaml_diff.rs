//! The plan as a unified difference of YAML: what is live against what shall be, one hunk a resource.

use indexmap::IndexMap;
use serde_json::Value;
use similar::TextDiff;

use crate::{
    plan::{Change, Plan},
    state::Attributes,
};

/// The difference; empty if there is nothing to do.
pub fn diff(plan: &Plan) -> String {
    plan.changes.iter().map(hunk).collect()
}

fn hunk(change: &Change) -> String {
    let before = change.action.before().map_or_else(String::new, |before| yaml(change, before));
    let after = change.action.after().map_or_else(String::new, |after| yaml(change, after));
    let name = |there: bool, side: &str| {
        if there { format!("{side}: {}", change.address) } else { "/dev/null".to_owned() }
    };
    let (live, chart) = (name(!before.is_empty(), "live"), name(!after.is_empty(), "chart"));
    TextDiff::from_lines(&before, &after).unified_diff().header(&live, &chart).to_string()
}

/// The resource as an entry of its own. What an update sends beside its fields is the live value, so it is shown too.
fn yaml(change: &Change, attributes: &Attributes) -> String {
    let values: IndexMap<&str, &Value> = attributes.iter().map(|(name, value)| (*name, value)).collect();
    // Strings and booleans always serialize.
    serde_yaml::to_string(&IndexMap::from([(change.address.to_string(), values)])).unwrap_or_default()
}
