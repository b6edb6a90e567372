//! What a look at an object says about a change, in values and in words.

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
pub(super) fn matches(kind: &Kind, live: Option<&LiveResource>, described: Option<&Attributes>) -> bool {
    match (live, described) {
        (None, None) => true,
        (Some(live), Some(described)) => {
            let mut readable = described.iter().filter(|(name, _)| is_readable(kind, name));
            readable.all(|(name, value)| live.attributes.get(name) == Some(value))
        }
        _ => false,
    }
}

/// Both values of everything that is not as the change wrote it.
pub(super) fn difference(change: &Change, live: Option<&LiveResource>) -> String {
    match (change.action.after(), live) {
        (None, _) => "it was deleted, and is there".to_owned(),
        (Some(_), None) => "it was written, and is not there".to_owned(),
        (Some(after), Some(live)) => {
            let kind = change.address.kind();
            let differs = |(name, wrote): (&&'static str, &serde_json::Value)| {
                let is = live.attributes.get(*name);
                (is_readable(kind, name) && is != Some(wrote)).then(|| {
                    let is = is.map_or_else(|| "nothing".to_owned(), mask::shown);
                    format!("{name} was written as {}, is {is}", mask::shown(wrote))
                })
            };
            after.iter().filter_map(differs).collect::<Vec<_>>().join("; ")
        }
    }
}

fn is_readable(kind: &Kind, name: &str) -> bool {
    kind.attribute(name).is_none_or(|attribute| attribute.role.is_readable())
}

/// What to do about an error: what the kind knows of it, else what holds for all.
pub(super) fn hint(address: &Address, error: &CallError) -> Option<&'static str> {
    let explained = match error {
        CallError::Answered { error, .. } => address.kind().wire.explain(error),
        CallError::NoAnswer(_) => None,
    };
    explained.or_else(|| error.hint())
}

/// A write that the service refused.
pub(super) fn refused(address: &Address, error: &CallError) -> Fate {
    failed(error.to_string(), hint(address, error))
}

/// A change that was not sent, because the read before it brought no answer.
pub(super) fn unchecked(failure: &ReadFailure) -> Fate {
    let message = format!("not sent, because it could not be checked: {}", failure.message);
    failed(message, failure.hint.as_deref())
}

/// A change that was not sent, because the live object is not what the plan saw.
pub(super) fn moved(differences: &[String]) -> Fate {
    let message = format!("not sent, because it moved since the plan was made: {}", differences.join("; "));
    failed(message, Some("plan again, and look at what was changed elsewhere"))
}

pub(super) fn failed(message: String, hint: Option<&str>) -> Fate {
    Fate::Failed { message, hint: hint.map(str::to_owned), restored: false, job: None }
}
