//! Compares an observation with a change, and words the difference.

use std::borrow::Cow;

use serde_json::Value;

use crate::{
    address::Address,
    kind::Kind,
    mask,
    plan::Change,
    report::Fate,
    state::{Attributes, LiveResource, ReadFailure},
    transport::client::CallError,
};

/// Whether the live object has every readable attribute that `described` names.
pub(super) fn matches(
    kind: &Kind,
    live: Option<&LiveResource>,
    described: Option<&Attributes>,
) -> bool {
    match (live, described) {
        (None, None) => true,
        (Some(live), Some(described)) => {
            // A write-only attribute is in no response, so it can neither match nor differ.
            let mut readable = described.iter().filter(|(name, _)| is_readable(kind, name));
            readable.all(|(name, value)| is_as(kind, live, name, value))
        }
        _ => false,
    }
}

/// Both values of each attribute that is not as written.
pub(super) fn difference(change: &Change, live: Option<&LiveResource>) -> String {
    match (change.action.after(), live) {
        (None, _) => "it was deleted, but still exists".to_owned(),
        (Some(_), None) => "it was written, but does not exist".to_owned(),
        (Some(after), Some(live)) => {
            let kind = change.address.kind();
            let differs = |(name, wrote): (&&'static str, &Value)| {
                let is = live.attributes.get(*name);
                (is_readable(kind, name) && !is_as(kind, live, name, wrote)).then(|| {
                    let is = is.map_or_else(|| "nothing".to_owned(), mask::shown);
                    format!("{name}: sent {}, the service has {is}", mask::shown(wrote))
                })
            };
            after
                .iter()
                .filter_map(differs)
                .collect::<Vec<_>>()
                .join("; ")
        }
    }
}

/// The hint for a value that did not stick.
pub(super) fn did_not_stick_hint(change: &Change, live: Option<&LiveResource>) -> &'static str {
    let (Some(after), Some(live)) = (change.action.after(), live) else {
        return "another client may be writing; plan again";
    };
    let kind = change.address.kind();
    let differing: Vec<_> = after
        .iter()
        .filter(|(name, wrote)| is_readable(kind, name) && !is_as(kind, live, name, wrote))
        .map(|(name, wrote)| {
            (
                wrote.as_str(),
                live.attributes.get(*name).and_then(|is| is.as_str()),
            )
        })
        .collect();
    // Services trim texts and change their line breaks. Without this case such a text would look
    // like a concurrent change, and fail at every apply.
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let is_same = |(wrote, is): &(Option<&str>, Option<&str>)| {
        wrote.map(words) == is.map(words) && wrote.is_some()
    };
    if differing.iter().all(is_same) {
        "the service stores this text with other blanks or line breaks: write it in the chart as \
        it is now"
    } else if change.action.before() == Some(&live.attributes) {
        // Exactly the old values: another client would hardly have written those.
        "the service accepted the write but kept the old value; plan again, and ask its support \
        if it stays so"
    } else {
        "the service may have stored another value, or another client wrote; plan again"
    }
}

/// Whether a live value means the same as the described one.
fn is_as(kind: &Kind, live: &LiveResource, name: &str, value: &Value) -> bool {
    let is = live.attributes.get(name);
    is.is_some_and(|is| kind.is_same(name, value, is))
}

fn is_readable(kind: &Kind, name: &str) -> bool {
    kind.attribute(name)
        .is_none_or(|attribute| attribute.role.is_readable())
}

/// The hint for an error: from the kind, or else a general one.
pub(super) fn hint(address: &Address, error: &CallError) -> Option<Cow<'static, str>> {
    // The kind goes first: one code can have a special meaning for one kind of resource.
    let explained = match error {
        CallError::Answered { error, .. } => address.kind().wire.explain(error),
        CallError::NoAnswer(_) | CallError::Spent(_) => None,
    };
    explained.map(Cow::Borrowed).or_else(|| error.hint())
}

/// A write that the service refused.
pub(super) fn refused(address: &Address, error: &CallError) -> Fate {
    failed(error.to_string(), hint(address, error).as_deref())
}

/// A change that was not sent because the read before it failed.
pub(super) fn unchecked(failure: &ReadFailure) -> Fate {
    let message = format!(
        "not sent, because it could not be checked: {}",
        failure.message
    );
    failed(message, failure.hint.as_deref())
}

/// A change that was not sent because the live object is not what the plan saw.
pub(super) fn changed_since_plan(differences: &[String]) -> Fate {
    let message = format!(
        "not sent, because it changed since the plan was made: {}",
        differences.join("; ")
    );
    failed(
        message,
        Some("plan again, and review what another client changed"),
    )
}

pub(super) fn failed(message: String, hint: Option<&str>) -> Fate {
    Fate::Failed {
        message,
        hint: hint.map(str::to_owned),
        restored: false,
        job: None,
    }
}
