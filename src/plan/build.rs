//! Builds a plan from the desired and the live state. Pure and deterministic.

use std::borrow::Cow;

use super::{
    Action, Change, Kept, Plan, Reason, Scope, Stop, Unlisted, abroad, backfill,
    by_id::{self, Verdict},
    change::step,
    contents, copies,
    finding::{self, renamed},
    health, limits, outside,
    persons::{self, Judged},
    risk,
};
use crate::{
    address::{Address, Ascending},
    diagnostics::Source,
    diff::{self, FieldChange},
    kind::{IdField, Identity, Kind, REGISTRY, Role, Unmentioned},
    scope::{self, Disposition, Selection, Surplus},
    state::{
        Attributes, Chart, Consent, DesiredResource, Live, LiveResource, Presence, ReadFailure,
        RemoteId,
    },
    time::Moment,
};

/// Builds the smallest set of changes. `consents` are those of the command line; those of the chart
/// are added. `now` decides which mirrors are due.
pub fn build(chart: &Chart, live: &Live, consents: &[Consent], scope: Scope, now: Moment) -> Plan {
    let selection = scope.selection.clone();
    let mut plan = Plan {
        chart: chart.stamp.clone(),
        scope,
        ..Plan::default()
    };
    let narrowed = selection.narrow(chart);
    plan.failures = unreadable((chart, &narrowed), &selection, live, now);
    // What was not read is unknown and not absent, so a comparison could plan creations of things
    // that exist, or miss deletions.
    if !plan.failures.is_empty() {
        return plan;
    }
    // From the whole chart: rules outside the selection have expected copies too.
    let copies = scope::expected_copies(chart);
    let mut blocking = Vec::new();
    compare((chart, &narrowed), &selection, live, now, &mut plan);
    for surplus in scope::surplus(chart, &copies, live)
        .into_iter()
        .filter(|surplus| selection.holds(surplus.address))
    {
        dispose(&surplus, chart, live, &mut plan, &mut blocking);
    }
    arrange(&mut plan, chart, &selection, live);
    // Now that it is known which organizations are really deleted.
    blocking.retain(|address| {
        address
            .parent()
            .is_some_and(|parent| is_deleted(&parent, &selection, &plan.kept))
    });
    let percent = chart.limits.collect_percent;
    let large = contents::judge(&mut plan.changes, live, percent, now);
    // Withheld first, because the limits count only what is not withheld.
    let consents = risk::in_force(&chart.limits.allow, consents);
    let tops: Vec<&Address> = scope::unlisted_tops(chart, &copies, live)
        .filter(|address| selection.holds(address))
        .collect();
    let renamed = renamed::find(&plan, chart, &tops);
    risk::withhold(
        &mut plan.changes,
        &chart.protect,
        live,
        &renamed,
        &consents,
        &large,
    );
    persons::withhold_losses(&mut plan.changes);
    plan.findings
        .extend(renamed::findings(&renamed, chart, live));
    let mut others = outside::of(chart, live, now);
    others.append(&mut copies::findings(chart, live, &plan.changes, now));
    others.append(&mut health::findings(chart, live, &plan.changes, now));
    finding::complete(&mut plan, chart, live, &tops, others);
    plan.stopped.extend(abroad::stops(&plan, live));
    plan.stopped
        .extend(stops_for_blocked_organizations(&blocking));
    plan.stopped
        .extend(limits::check(&plan.changes, live, &chart.limits, &consents));
    plan
}

/// What could not be read, so that no plan can be made.
fn unreadable(
    (chart, narrowed): (&Chart, &Chart),
    selection: &Selection,
    live: &Live,
    now: Moment,
) -> Vec<ReadFailure> {
    let failures: Vec<ReadFailure> = live
        .failures
        .iter()
        .cloned()
        .chain(by_id::answers_of_others(live))
        .chain(by_id::without_id(live))
        .chain(persons::unclear(chart, live))
        .collect();
    if !failures.is_empty() {
        return failures;
    }
    let unread = backfill::unread(chart, narrowed, selection, live, now);
    unread.into_iter().map(|(_, failure)| failure).collect()
}

/// Compares what is declared with what is live.
fn compare(
    (chart, narrowed): (&Chart, &Chart),
    selection: &Selection,
    live: &Live,
    now: Moment,
    plan: &mut Plan,
) {
    let mut found = Ascending::new(&live.resources);
    for (address, desired) in &narrowed.resources {
        if let Some(terms) = narrowed.terms.get(address) {
            let verdict = by_id::judge(address, desired, terms, live, now);
            add_by_id(address, desired, verdict, plan);
            continue;
        }
        let seen = found.get(address);
        if outside::is_over(address, desired, seen, now) {
            plan.unchanged += usize::from(selection.holds(address));
            continue;
        }
        let desired = match persons::judge(address, desired, seen, live) {
            Judged::Plain => Cow::Borrowed(desired),
            Judged::Known(desired) => Cow::Owned(desired),
            _ if !selection.holds(address) => continue,
            Judged::Kept => {
                plan.unchanged += 1;
                continue;
            }
            Judged::Stopped(stop) => {
                plan.stopped.push(stop);
                continue;
            }
        };
        let change = match &desired.presence {
            Presence::Present(wanted) if selection.holds(address) => {
                let copied = backfill::is_wanted(address, wanted, seen, chart, live);
                let change = change(address, &desired, seen, live, copied);
                backfill::with_run(change, (address, &desired), seen, (chart, live), now)
            }
            _ => change(address, &desired, seen, live, false),
        };
        match change {
            // A parent of selected resources is created if it is missing, and otherwise left alone.
            Some(change)
                if !selection.holds(address) && !matches!(change.action, Action::Create { .. }) => {
            }
            Some(mut change) => {
                let note = outside::revival(&change, seen, now);
                change.notes.extend(note);
                plan.changes.push(change);
            }
            None if !selection.holds(address) => {}
            // An absent resource that is declared absent is not part of the live state, so it does
            // not count as unchanged.
            None if desired.is_absent() => {}
            None => plan.unchanged += 1,
        }
    }
}

/// Orders the changes, and leaves out what must not be part of the plan.
fn arrange(plan: &mut Plan, chart: &Chart, selection: &Selection, live: &Live) {
    // Few charts have secrets in texts; the others save a lookup for each change.
    if !chart.hidden.is_empty() {
        for change in &mut plan.changes {
            change.hidden = chart
                .hidden
                .get(&change.address)
                .cloned()
                .unwrap_or_default();
        }
    }
    // Addresses are unique, so an unstable sort gives the same order. A stable one would need half
    // as much memory again.
    plan.changes
        .sort_unstable_by(|one, other| one.address.cmp(&other.address));
    // Before the limits: what is left out must not count as deleted.
    if selection.leaves_out() {
        leave_out_parents(plan, selection, live);
    }
}

/// Leaves out deletions of parents with children outside the selection: the service would delete
/// those too, or refuse.
fn leave_out_parents(plan: &mut Plan, selection: &Selection, live: &Live) {
    let kept_for = |change: &Change| match change.action {
        Action::Delete { .. } => live
            .inside(&change.address)
            .find(|inside| !selection.holds(inside))
            .cloned(),
        _ => None,
    };
    let changes = std::mem::take(&mut plan.changes);
    for change in changes {
        match kept_for(&change) {
            Some(inside) => plan.kept.push(Kept {
                address: change.address,
                inside,
            }),
            None => plan.changes.push(change),
        }
    }
}

fn is_deleted(organization: &Address, selection: &Selection, kept: &[Kept]) -> bool {
    selection.holds(organization) && !kept.iter().any(|kept| kept.address == *organization)
}

fn add_by_id(address: &Address, desired: &DesiredResource, verdict: Verdict, plan: &mut Plan) {
    let change = match verdict {
        Verdict::Stopped(stop) => return plan.stopped.push(stop),
        Verdict::Unchanged => None,
        Verdict::Change(change) => Some(change),
    };
    if let Presence::Present(wanted) = &desired.presence {
        plan.uncompared
            .extend(by_id::uncompared(address, wanted, change.as_deref()));
    }
    match change {
        Some(change) => plan.changes.push(*change),
        None => plan.unchanged += 1,
    }
}

/// The change that one declared resource needs, if any. `is_copied`: what its parent contains is
/// copied too.
fn change(
    address: &Address,
    desired: &DesiredResource,
    found: Option<&LiveResource>,
    live: &Live,
    is_copied: bool,
) -> Option<Change> {
    let kind = address.kind();
    match (&desired.presence, found) {
        (Presence::Absent, None) => None,
        (Presence::Absent, Some(found)) => Some(deletion(
            address,
            found,
            Reason::DeclaredAbsent,
            Some(desired.source.clone()),
        )),
        (Presence::Present(wanted), None) => {
            let after = diff::creation(kind, wanted);
            let fields = diff::appearing(&after);
            let held = held_above(address, live);
            let notes = notes_on_creation(address, &after, held.filter(|_| !is_copied));
            let mut change = step(
                address,
                Action::Create { after, then: None },
                Reason::Missing,
                fields,
                held,
            );
            change.notes = notes;
            change.source = Some(desired.source.clone());
            Some(change)
        }
        (Presence::Present(wanted), Some(found)) => {
            let fields = diff::fields(kind, wanted, &found.attributes);
            if fields.is_empty() {
                return None;
            }
            // A rule contains nothing itself. What it exposes or copies is in its repository.
            let held = match kind.holds {
                Some(_) => kind.held(found),
                None => held_above(address, live),
            };
            // By the name that the service has: it may have another spelling than the chart.
            let own = kind
                .ignores_case()
                .then(|| live.resources.get_key_value(address));
            let address = own.flatten().map_or(address, |(own, _)| own);
            let mut change = alteration(address, wanted, found, fields, held);
            change.source = Some(desired.source.clone());
            Some(change)
        }
    }
}

fn alteration(
    address: &Address,
    wanted: &Attributes,
    found: &LiveResource,
    fields: Vec<FieldChange>,
    held: Option<u64>,
) -> Change {
    let kind = address.kind();
    let before = found.attributes.clone();
    let after = diff::overlay(kind, wanted, &before);
    let (action, reason) = if diff::needs_replacement(kind, &fields) {
        (
            Action::Replace {
                before,
                after,
                then: None,
            },
            Reason::CannotBeChangedInPlace,
        )
    } else {
        (
            Action::Update {
                before,
                after,
                then: None,
            },
            Reason::Differs,
        )
    };
    let mut change = step(address, action, reason, fields, held);
    change.precondition.id = assigned_id(kind, found);
    let foreign = kind
        .attributes
        .iter()
        .filter(|attribute| attribute.role == Role::Foreign)
        .filter(|attribute| {
            change
                .fields
                .iter()
                .any(|field| field.name == attribute.name)
        });
    let lost = foreign.map(|it| format!("`{}` is lost: a chart cannot express it", it.name));
    change.notes.extend(lost);
    change
}

fn deletion(
    address: &Address,
    found: &LiveResource,
    reason: Reason,
    source: Option<Source>,
) -> Change {
    let kind = address.kind();
    let before = found.attributes.clone();
    let fields = diff::vanishing(&before);
    let mut change = step(
        address,
        Action::Delete { before },
        reason,
        fields,
        kind.held(found),
    );
    change.precondition.facts = found.facts;
    change.precondition.id = assigned_id(kind, found);
    let has_room = kind
        .blocked_by()
        .is_none_or(|child| change.precondition.facts.insert(child.fact, 0));
    debug_assert!(has_room, "a {} has too many facts", kind.name);
    change.source = source;
    change
}

/// The id from the read of a resource, for kinds whose ids the service assigns.
fn assigned_id(kind: &Kind, found: &LiveResource) -> Option<(&'static IdField, RemoteId)> {
    match kind.identity {
        Identity::Assigned(id) => Some((id, RemoteId::try_from(found.id?).ok()?)),
        Identity::Key | Identity::LookedUp(_) | Identity::Named(_) => None,
    }
}

fn not_in_list(kind: &Kind) -> Reason {
    let mut lists = REGISTRY
        .iter()
        .filter(|kind| kind.unmentioned == Unmentioned::ListIsComplete);
    match lists.next() {
        Some(first) if *first == kind => Reason::NotInFirstList,
        _ => Reason::NotInList,
    }
}

/// The number of things in the nearest ancestor that contains any. `None` if it is unknown, and for
/// a kind that contains things itself: a resource that does not exist yet is empty.
fn held_above(address: &Address, live: &Live) -> Option<u64> {
    if address.kind().holds.is_some() {
        return None;
    }
    let holder = std::iter::successors(address.parent(), Address::parent)
        .find(|holder| holder.kind().holds.is_some())?;
    match live.resources.get(&holder) {
        Some(found) => holder.kind().held(found),
        // The plan creates it, empty.
        None => Some(0),
    }
}

fn notes_on_creation(address: &Address, sent: &Attributes, held: Option<u64>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(note) = address.kind().note_on_creation {
        notes.extend(held.filter(|number| *number > 0).map(note));
    }
    let defaulted = address
        .kind()
        .attributes
        .iter()
        // A resource has one of several alternatives: the others stay absent.
        .filter(|attribute| !address.kind().is_alternative(attribute))
        .map(|attribute| attribute.name)
        .filter(|name| !sent.contains_key(name));
    let defaulted: Vec<&str> = defaulted.collect();
    if !defaulted.is_empty() {
        notes.push(format!("left to the service: {}", defaulted.join(", ")));
    }
    notes
}

fn dispose<'a>(
    surplus: &Surplus<'a>,
    chart: &Chart,
    live: &Live,
    plan: &mut Plan,
    blocking: &mut Vec<&'a Address>,
) {
    let Some(found) = live.resources.get(surplus.address) else {
        return;
    };
    // The line of the policy or list is the source: an unlisted resource has none of its own.
    let mut delete = |reason, source: &Source| {
        plan.changes.push(deletion(
            surplus.address,
            found,
            reason,
            Some(source.clone()),
        ));
    };
    match surplus.disposition {
        Disposition::DeleteUnlisted(source) => delete(Reason::Unlisted, source),
        Disposition::DeleteUndeclared(source) => {
            let reason = not_in_list(surplus.address.kind());
            delete(reason, source);
        }
        Disposition::Report { counts } => {
            let held = surplus.address.kind().held(found);
            let finding = finding::unlisted(chart, surplus.address, found, counts);
            plan.findings.push(finding);
            plan.unlisted.push(Unlisted {
                address: surplus.address.clone(),
                held,
            });
        }
        Disposition::Blocks => blocking.push(surplus.address),
    }
}

/// Whether the service refuses to delete an organization with repositories, or deletes them with
/// it, is not documented (swr-api: section 19, row 8). So portolan never sends such a request.
fn stops_for_blocked_organizations(blocking: &[&Address]) -> Vec<Stop> {
    let stop = |address: &&Address| {
        let organization = address.parent()?;
        let child = address.kind().blocks_parent?;
        let message = format!(
            "{organization} is to be deleted, but contains {address}, which the chart does not list"
        );
        let lift = format!("list the {} there with `state: absent`", child.words.0);
        Some(Stop::new("organization-not-empty", message, Some(lift)))
    };
    blocking.iter().filter_map(stop).collect()
}
