//! Replaces masked texts in requests by the secrets behind them.
//!
//! An unchanged text comes from the check right before the write, never from the plan. A new one
//! comes from the chart, so a plan from a file cannot write it.

use std::borrow::Cow;

use super::observe::failed;
use crate::{
    mask,
    plan::Change,
    report::Fate,
    state::{Attributes, LiveResource},
    wire::{Request, carried},
};

/// The values of a request before its masks are filled.
pub(super) fn to_fill(after: &Attributes) -> Attributes {
    // The body is built before the check, which alone shows the live secret, so it has
    // placeholders.
    let value = |(name, value): (&&'static str, &serde_json::Value)| match mask::masked_text(value)
    {
        Some(_) => (*name, carried(name)),
        None => (*name, value.clone()),
    };
    after.iter().map(value).collect()
}

/// The request with the secrets behind its masks. `live` is from the last check.
pub(super) fn filled<'r>(
    request: &'r Request,
    sent: Option<&Attributes>,
    change: &Change,
    live: Option<&LiveResource>,
) -> Result<Cow<'r, Request>, Fate> {
    let masked = sent
        .into_iter()
        .flatten()
        .filter(|(_, value)| mask::is_masked(value));
    // Few requests have masked values; the others need no copy.
    let mut request = Cow::Borrowed(request);
    for (name, value) in masked {
        // The plan compared masked texts. Equal ones were reviewed as unchanged, so the live secret
        // is sent, even if the chart has another one behind the same mask.
        let same = live.filter(|live| live.attributes.get(name) == Some(value));
        let text = match same {
            Some(live) => live.hidden.get(name),
            None => change.hidden.get(name),
        };
        let text = text.ok_or_else(|| secret_missing(name))?.clone();
        request.to_mut().carried.push((name, text));
    }
    Ok(request)
}

fn secret_missing(name: &str) -> Fate {
    let message =
        format!("not sent, because `{name}` contains a secret, and plan files contain none");
    failed(
        message,
        Some("apply the chart itself, or remove the secret from it"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        kind::repository,
        mask::{Hidden, value},
        plan::{Action, Precondition, Reason},
        wire::{Method, Service, secret::Secret},
    };

    fn hidden(text: &str) -> Hidden {
        Hidden::from([("description", Secret::new(text.to_owned()))])
    }

    fn sent(
        wanted: &str,
        of_chart: Option<&str>,
        live: Option<(&str, &str)>,
    ) -> Result<String, Fate> {
        let after = Attributes::from([("is_public", json!(true)), ("description", value(wanted))]);
        let change = Change {
            address: repository::address("r", "o", "a"),
            action: Action::Create {
                after: after.clone(),
                then: None,
            },
            reason: Reason::Missing,
            risks: Vec::new(),
            fields: Vec::new(),
            source: None,
            withheld: None,
            precondition: Precondition::default(),
            notes: Vec::new(),
            hidden: of_chart.map(hidden).unwrap_or_default(),
        };
        let live = live.map(|(masked, text)| LiveResource {
            attributes: Attributes::from([("description", value(masked))]),
            hidden: hidden(text),
            ..LiveResource::default()
        });
        let mut request = Request::new(Service::Swr, &"r".into(), Method::Patch, "/x".to_owned());
        request.body = Some(json!(to_fill(&after)));
        let filled = filled(&request, Some(&after), &change, live.as_ref())?;
        Ok(filled.body_text().unwrap())
    }

    #[test]
    fn unchanged_texts_come_from_the_check_and_new_ones_from_the_chart() {
        let body = |text: &str| Ok(format!(r#"{{"is_public":true,"description":"{text}"}}"#));
        let live = Some(("//***@h", "//new:t0ken@h"));
        assert_eq!(sent("//***@h", None, live), body("//new:t0ken@h"));
        assert_eq!(
            sent("//***@h", Some("//chart@h"), live),
            body("//new:t0ken@h")
        );
        assert_eq!(sent("a ***", Some("a password"), live), body("a password"));
        assert_eq!(sent("a ***", Some("a password"), None), body("a password"));
        for live in [live, None] {
            let Err(Fate::Failed { message, .. }) = sent("a ***", None, live) else {
                panic!("it was sent")
            };
            assert!(
                message.contains("`description` contains a secret"),
                "{message}"
            );
        }
    }
}
