//! Plans what a rule copies that was there before it: the run of a rule.
//!
//! A new rule is copied for first and created then, so that an interrupted apply leaves no rule,
//! and the next plan begins again. What is planned here is withheld together with the change of
//! the rule that it belongs to.

use std::collections::BTreeSet;

use super::{
    Action, Change, Copies, Reason, Run,
    change::step,
    copies::{self, Lack},
};
use crate::{
    address::Address,
    copies::Wanted,
    diff,
    kind::copying::{Backfill, Copying},
    scope::Selection,
    state::{Attributes, Chart, DesiredResource, Live, LiveResource, Presence, ReadFailure},
    text::{counted, listed},
    time::Moment,
};

/// How many names a note shows.
const MOST_NAMED: usize = 5;

/// What is copied for one rule.
struct Wish {
    copying: &'static Copying,
    /// The rule is created or replaced by this plan.
    is_new: bool,
    /// What was copied once and is gone again is copied too.
    with_removed: bool,
}

impl Wish {
    fn of(
        rule: &Address,
        wanted: &Attributes,
        found: Option<&LiveResource>,
        chart: &Chart,
        live: &Live,
    ) -> Option<Wish> {
        let copying = rule.kind().copying?;
        let is_asked = chart.backfill.iter().any(|pattern| pattern.covers(rule));
        let policy = copying.backfill(wanted);
        // Most rules are such, so they save the lookup of their source.
        if policy == Backfill::Never && !is_asked {
            return None;
        }
        // A source that this plan creates is empty.
        if !live.resources.contains_key(&rule.parent()?) {
            return None;
        }
        let is_new = found.is_none_or(|found| is_replaced(rule, wanted, found));
        let is_wanted = policy != Backfill::OnCreate || is_new || is_asked;
        is_wanted.then_some(Wish {
            copying,
            is_new,
            with_removed: is_asked || policy == Backfill::OnCreate,
        })
    }

    /// What is copied, and what stays missing.
    fn divide(&self, lack: Lack) -> Divided {
        let Lack {
            missing,
            mut under_way,
            lost,
            removed,
            collected,
            ..
        } = lack;
        let mut divided = Divided {
            copied: missing,
            collected,
            ..Divided::default()
        };
        // No rule copies what is young, where the rule is new.
        let is_copied = |item: &mut String| self.is_new || lost.contains(item);
        divided.copied.extend(under_way.extract_if(.., is_copied));
        divided.under_way = under_way;
        if self.with_removed {
            divided.copied.extend(removed);
        } else {
            divided.removed = removed;
        }
        divided
    }
}

/// What a target lacks, by what becomes of it.
#[derive(Default)]
struct Divided {
    copied: Vec<String>,
    under_way: Vec<String>,
    removed: Vec<String>,
    collected: Vec<String>,
}

fn is_replaced(rule: &Address, wanted: &Attributes, found: &LiveResource) -> bool {
    let kind = rule.kind();
    diff::needs_replacement(kind, &diff::fields(kind, wanted, &found.attributes))
}

/// The rules that are compared with their targets for a plan.
pub(crate) fn compared(chart: &Chart) -> Wanted {
    let may_run = |(rule, desired): &(&Address, &DesiredResource)| {
        let (Some(copying), Presence::Present(wanted)) = (rule.kind().copying, &desired.presence)
        else {
            return false;
        };
        copying.backfill(wanted) != Backfill::Never
            || chart.backfill.iter().any(|pattern| pattern.covers(rule))
    };
    let rules = chart.resources.iter().filter(may_run);
    let rules: BTreeSet<Address> = rules.map(|(rule, _)| rule.clone()).collect();
    match rules.is_empty() {
        true => Wanted::Nothing,
        false => Wanted::Of(rules),
    }
}

/// Whether this plan copies what was there before the rule.
pub(super) fn is_wanted(
    rule: &Address,
    wanted: &Attributes,
    found: Option<&LiveResource>,
    chart: &Chart,
    live: &Live,
) -> bool {
    Wish::of(rule, wanted, found, chart, live).is_some()
}

/// The rules of which it is not known what they have to copy.
pub(crate) fn unread(
    chart: &Chart,
    part: &Chart,
    selection: &Selection,
    live: &Live,
    now: Moment,
) -> Vec<(Address, ReadFailure)> {
    let failure = |(rule, desired): (&Address, &DesiredResource)| {
        let Presence::Present(wanted) = &desired.presence else {
            return None;
        };
        let found = live.resources.get(rule);
        let wish = Wish::of(rule, wanted, found, chart, live)?;
        let items = wish.copying.list.words.1;
        let (message, hint) = match copies::lack(rule, chart, live, now) {
            None => (
                copies::unread(rule, live).unwrap_or("they were not read"),
                "its backfill needs them: make the target readable, or set `backfill: never`",
            ),
            Some(lack) if wish.with_removed || lack.missing.is_empty() => return None,
            Some(_) => (
                live.unread_jobs.get(&rule.parent()?)?.message.as_str(),
                "only the jobs tell what somebody removed at the target: make them readable, or \
                copy all of it with `--backfill`",
            ),
        };
        let failure = ReadFailure {
            subject: format!("{items} that {rule} has to copy"),
            message: message.to_owned(),
            hint: Some(hint.to_owned()),
        };
        Some((rule.clone(), failure))
    };
    let selected = part.resources.iter();
    let selected = selected.filter(|(address, _)| selection.holds(address));
    selected.filter_map(failure).collect()
}

/// Adds the run of a rule to its change, or makes it the change.
pub(super) fn with_run(
    change: Option<Change>,
    (rule, desired): (&Address, &DesiredResource),
    found: Option<&LiveResource>,
    (chart, live): (&Chart, &Live),
    now: Moment,
) -> Option<Change> {
    let Presence::Present(wanted) = &desired.presence else {
        return change;
    };
    let wish = Wish::of(rule, wanted, found, chart, live);
    let planned = wish.and_then(|wish| {
        let lack = copies::lack(rule, chart, live, now)?;
        Some((wish, lack))
    });
    let Some((wish, lack)) = planned else {
        return change;
    };
    let of = lack.of;
    let divided = wish.divide(lack);
    if divided.copied.is_empty() {
        return change;
    }
    let notes = notes(&divided, wish.copying);
    let run = run(&wish, divided, of, found.is_some());
    let mut change = match (change, found) {
        (Some(change), _) => with(change, run),
        (None, Some(found)) => {
            let attributes = found.attributes.clone();
            let action = Action::Run { attributes, run };
            let mut change = step(rule, action, Reason::ItemsMissing, Vec::new(), None);
            change.source = Some(desired.source.clone());
            change
        }
        (None, None) => return None,
    };
    change.notes.extend(notes);
    Some(change)
}

fn with(mut change: Change, run: Box<Run>) -> Change {
    if let Action::Create { then, .. }
    | Action::Update { then, .. }
    | Action::Replace { then, .. } = &mut change.action
    {
        *then = Some(run);
    }
    change
}

fn run(wish: &Wish, divided: Divided, of: usize, exists: bool) -> Box<Run> {
    let number = divided.copied.len();
    let missing = format!(
        "{number} of {} missing",
        counted(of, wish.copying.list.words)
    );
    let because = match (wish.is_new, exists) {
        (false, _) => missing,
        (true, false) => format!("the rule is new, {missing}"),
        (true, true) => format!("the rule is replaced, {missing}"),
    };
    let mut left_out = Vec::new();
    if wish.is_new {
        left_out.extend(divided.collected);
        left_out.extend(divided.removed);
        left_out.sort_unstable();
    }
    Box::new(Run::Copy(Copies {
        because,
        items: divided.copied,
        left_out,
    }))
}

/// What stays missing, and why.
fn notes(divided: &Divided, copying: &Copying) -> Vec<String> {
    [
        (
            &divided.under_way,
            "pushed in the last half hour, so under way",
        ),
        (
            &divided.removed,
            "copied and then deleted at the target, so left alone (`--backfill` copies it)",
        ),
        (&divided.collected, copying.collected),
    ]
    .into_iter()
    .filter(|(names, _)| !names.is_empty())
    .map(|(names, why)| {
        let number = counted(names.len(), copying.list.words);
        format!("{number} {why}: {}", listed(names, MOST_NAMED))
    })
    .collect()
}
