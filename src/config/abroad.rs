//! Checks items that name another account, against their parent and the chart.

use std::collections::BTreeMap;

use serde_json::Value;

use super::lint::PlacedRule;
use crate::{
    address::Address,
    diagnostics::Diagnostic,
    state::{Chart, DesiredResource, Presence},
    text::visible,
};

const CAPITALS: &str = "account-capitals";

/// The errors and the lints of all items of a chart.
pub(super) fn check(chart: &Chart, items: &[PlacedRule]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut counts = BTreeMap::<Address, usize>::new();
    for (address, span) in items {
        let kind = address.kind();
        let abroad = kind.place.item_errors.and_then(|words| words.abroad);
        let (Some(abroad), Some(parent)) = (abroad, address.parent()) else {
            continue;
        };
        let Some(account) = address.part(abroad.account) else {
            continue;
        };
        let at = |diagnostic: Diagnostic| diagnostic.at(*span).address(address.to_string());
        if let Some(attribute) = public(chart, &parent) {
            let hint =
                format!("anyone can pull from it: remove this item, or write `{attribute}: false`");
            found.push(at(abroad.public.error().hint(hint)));
        }
        if chart
            .account
            .as_ref()
            .is_some_and(|own| own.eq_ignore_ascii_case(account))
        {
            found.push(at(abroad.own.error().hint("remove this item")));
        }
        if account.contains(|character: char| character.is_ascii_uppercase()) {
            let message = format!("the account's name `{}` has capitals", visible(account));
            let hint = format!(
                "names are compared without regard to case; if the service shows it so, write \
                `{}`",
                visible(&account.to_ascii_lowercase())
            );
            found.push(at(Diagnostic::warning(CAPITALS, message).hint(hint)));
        }
        let count = counts.entry(parent).or_default();
        *count += 1;
        let (most, error) = abroad.most;
        // Only at the first one beyond the limit, so that the error appears once.
        if *count == most + 1 {
            let hint = format!("remove the items after the first {most}");
            found.push(at(error.error().hint(hint)));
        }
    }
    found
}

/// The attribute that makes the resource public, if the chart sets it.
fn public(chart: &Chart, parent: &Address) -> Option<&'static str> {
    let attribute = parent.kind().exposing()?;
    let Some(DesiredResource {
        presence: Presence::Present(attributes),
        ..
    }) = chart.resources.get(parent)
    else {
        return None;
    };
    (attributes.get(attribute.name) == Some(&Value::Bool(true))).then_some(attribute.name)
}
