//! Plans the resources that requests refer to by an id: to create, change or run them.
//!
//! Pure: the current time is a parameter.

use super::{Action, Change, Fetch, Reason, Run, Stop, Uncompared, change::step};
use crate::{
    address::Address,
    diagnostics::Source,
    diff,
    kind::{Identity, Kind, REGISTRY, Role, Unrepairable},
    plan::risk::Risk,
    state::{
        Attributes, DesiredResource, Live, LiveResource, Presence, ReadFailure, RemoteId, RunState,
        Terms,
    },
    text::visible,
    time::Moment,
};

/// Whether a stop has this code because of a difference that portolan cannot repair. Such stops
/// count as drift, unlike the limits of an apply.
pub(crate) fn is_unrepairable(code: &str) -> bool {
    let mut kinds = REGISTRY.iter().filter_map(|kind| kind.lookup());
    let of_persons = || REGISTRY.iter().filter_map(|kind| kind.naming());
    kinds.any(|lookup| lookup.missing.code == code || lookup.incomplete.code == code)
        || of_persons().any(|naming| {
            [
                &naming.missing,
                &naming.disagrees,
                &naming.renamed,
                &naming.of_creator,
            ]
            .iter()
            .any(|stop| stop.code == code)
        })
}

/// The plan for one resource.
pub(super) enum Verdict {
    Change(Box<Change>),
    Unchanged,
    /// Portolan cannot make the change.
    Stopped(Stop),
}

pub(super) fn judge(
    address: &Address,
    desired: &DesiredResource,
    terms: &Terms,
    live: &Live,
    now: Moment,
) -> Verdict {
    let Some(lookup) = address.kind().lookup() else {
        return Verdict::Unchanged;
    };
    // The object itself is missing, and only a user can create it.
    let Some(id) = live.ids.get(address) else {
        return Verdict::Stopped(stop(address, &desired.source, &lookup.missing));
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
        // Without a URL the service cannot make it a mirror, and none can be guessed.
        None if !wanted.contains_key(lookup.required) => {
            return Verdict::Stopped(stop(address, &desired.source, &lookup.incomplete));
        }
        None => Some(due.creation()),
        // A change brings its own run, so a run alone is planned only without a change.
        Some(found) => due.alteration(found).or_else(|| due.run_alone(found)),
    };
    let Some(mut change) = change else {
        return Verdict::Unchanged;
    };
    change.precondition.id = Some((lookup.id, *id));
    change.source = Some(desired.source.clone());
    change.notes.extend(notes(&change, wanted));
    let run = change.action.run().and_then(Run::fetch);
    if let (Some(run), Some(runs)) = (run, address.kind().runs) {
        change.notes.extend(
            state
                .failure(Some(now))
                .map(|error| format!("the last run failed: {error}")),
        );
        // The risk is known only here: `step` sees the action, but not the run that follows.
        if run.force {
            let (class, evidence) = runs.forced_risk;
            change.risks.push(Risk {
                class,
                evidence: evidence.to_owned(),
            });
        }
    }
    Verdict::Change(Box::new(change))
}

/// Failures for responses about another id than the request's: the resource's state is unknown.
pub(super) fn answers_of_others(live: &Live) -> impl Iterator<Item = ReadFailure> {
    live.ids.iter().filter_map(|(address, asked)| {
        let other = live
            .resources
            .get(address)?
            .id
            .filter(|other| *other != u64::from(*asked))?;
        Some(ReadFailure {
            subject: address.to_string(),
            message: (address.kind().id()?.moved)(*asked, other),
            hint: Some(
                "this response is not from the service: check the endpoint and any proxy"
                    .to_owned(),
            ),
        })
    })
}

/// Failures for resources whose response should contain an id but does not: no request could refer
/// to them.
pub(super) fn without_id(live: &Live) -> impl Iterator<Item = ReadFailure> {
    let is_assigned = |kind: &Kind| matches!(kind.identity, Identity::Assigned(_));
    // No request can use an id outside the documented range.
    let is_valid = |id: Option<u64>| id.is_some_and(|id| RemoteId::try_from(id).is_ok());
    live.resources
        .iter()
        .filter(move |(address, found)| is_assigned(address.kind()) && !is_valid(found.id))
        .map(|(address, _)| ReadFailure {
            subject: address.to_string(),
            message: "the response has no valid id".to_owned(),
            hint: Some(
                "this response is not from the service: check the endpoint and any proxy"
                    .to_owned(),
            ),
        })
}

pub(super) fn stop(address: &Address, source: &Source, reason: &Unrepairable) -> Stop {
    let message = format!("{address}: {}", reason.problem);
    let lift = format!(
        "{}, or leave it out with --exclude '{address}'",
        reason.remedy
    );
    Stop::new(reason.code, message, Some(lift)).at(source)
}

/// The inputs that decide whether a resource is run.
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
            // A success ahead of the service's clock is not fresh: a wrong clock must not stop all
            // runs.
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

    /// The run that follows a change to these values, if the chart sets `max_age`. Every change
    /// needs one, however fresh the mirror is: it is fresh in its old configuration.
    fn run(&self, attributes: &Attributes) -> Option<Box<Run>> {
        let (max_age, runs) = (self.terms.max_age?, self.address.kind().runs?);
        let because = match &self.state.last_success {
            None => "never succeeded".to_owned(),
            Some(success) if success.moment.is_fresh(max_age, self.now) => {
                "its configuration changes".to_owned()
            }
            Some(success) if success.moment.is_ahead_of(self.now) => {
                format!(
                    "last success {} is in the future, so it does not count",
                    visible(&success.text)
                )
            }
            Some(success) => format!(
                "last success {}, older than {max_age}",
                visible(&success.text)
            ),
        };
        Some(Box::new(Run::Fetch(Fetch {
            because,
            last_success: self
                .state
                .last_success
                .as_ref()
                .map(|success| success.text.clone()),
            max_age,
            force: self.wanted.get(runs.force) == Some(&serde_json::Value::Bool(true)),
            endpoint: attributes
                // The value after the change: the endpoint that the run uses is the new one.
                .get(runs.endpoint)
                .and_then(|value| value.as_str())
                .unwrap_or_default()
                .to_owned(),
            credentials: self.terms.credentials.clone(),
        })))
    }
}

/// The attributes that are sent with changes but cannot be compared.
fn write_only(kind: &Kind) -> impl Iterator<Item = &'static str> {
    kind.attributes
        .iter()
        .filter(|attribute| attribute.role == Role::WriteOnly)
        .map(|attribute| attribute.name)
}

/// Whether the attribute is sent only with runs.
fn is_of_runs(kind: &Kind, name: &str) -> bool {
    kind.runs.is_some_and(|runs| runs.force == name)
}

/// Notes about values that are sent although they may not differ.
fn notes(change: &Change, wanted: &Attributes) -> Vec<String> {
    let Action::Update { after, .. } = &change.action else {
        return Vec::new();
    };
    let kind = change.address.kind();
    let note = |name: &'static str| {
        let sent = after.get(name)?;
        Some(match wanted.get(name) {
            Some(_) => format!("{name} {sent} is sent too, but cannot be compared"),
            None => format!(
                "{name} {sent} is sent too: the chart does not set it, and the service does not \
                return it"
            ),
        })
    };
    write_only(kind)
        .filter(|name| !is_of_runs(kind, name))
        .filter_map(note)
        .collect()
}

/// The attributes that this plan neither compares nor sends.
pub(super) fn uncompared(
    address: &Address,
    wanted: &Attributes,
    change: Option<&Change>,
) -> Option<Uncompared> {
    let kind = address.kind();
    let is_sent = |name: &str| match change.map(|change| &change.action) {
        None => false,
        // A run alone sends no configuration.
        Some(Action::Run { .. }) => is_of_runs(kind, name),
        Some(_) => true,
    };
    let unsent = write_only(kind).filter(|name| wanted.contains_key(*name) && !is_sent(name));
    let names: Vec<String> = unsent.map(str::to_owned).collect();
    (!names.is_empty()).then(|| Uncompared {
        address: address.clone(),
        attributes: names,
    })
}

#[cfg(test)]
mod tests;
