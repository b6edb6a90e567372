//! Risk classes: what a change could do that cannot be undone, with evidence from the live state.
//!
//! Finds risks and withholds what nobody consented to. How much may be removed at once is in `limits`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Action, Change, Withheld};
use crate::{
    address::Address,
    pattern::{Index, Pattern},
    state::{Attributes, Consent, Live, Protection},
};

/// A class of risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RiskClass {
    /// Something goes; replacements aside.
    Deletes,
    /// In addition: a repository that holds images goes.
    DestroysData,
    /// An existing repository turns public.
    Exposes,
    /// A rule may overwrite tags in its target, or a run what was pushed to its mirror.
    Overwrites,
    /// A rule is replaced: what is pushed in between is not copied.
    Gap,
    /// The schedule of a mirror is switched off, which may be final.
    OneWay,
}

impl RiskClass {
    pub const ALL: [RiskClass; 6] = [
        RiskClass::Deletes,
        RiskClass::DestroysData,
        RiskClass::Exposes,
        RiskClass::Overwrites,
        RiskClass::Gap,
        RiskClass::OneWay,
    ];

    pub fn name(self) -> &'static str {
        match self {
            RiskClass::Deletes => "deletes",
            RiskClass::DestroysData => "destroys-data",
            RiskClass::Exposes => "exposes",
            RiskClass::Overwrites => "overwrites",
            RiskClass::Gap => "gap",
            RiskClass::OneWay => "one-way",
        }
    }

    /// Whether changes of this class wait for consent even where nobody set a number.
    pub fn needs_consent(self) -> bool {
        matches!(self, RiskClass::DestroysData | RiskClass::Exposes | RiskClass::OneWay)
    }
}

impl fmt::Display for RiskClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One risk of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Risk {
    pub class: RiskClass,
    /// What the live state says about it, as half a sentence; empty where the action says it all.
    pub evidence: String,
}

impl FromStr for Consent {
    type Err = String;

    /// `CLASS` or `CLASS=N`.
    fn from_str(text: &str) -> Result<Consent, String> {
        let (name, most) = match text.split_once('=') {
            Some((name, number)) => {
                let most = number.parse().map_err(|_| format!("`{number}` is not a number of changes (`CLASS=N`)"))?;
                (name, Some(most))
            }
            None => (text, None),
        };
        let class = RiskClass::ALL.into_iter().find(|class| class.name() == name).ok_or_else(|| {
            let names = RiskClass::ALL.map(|class| format!("`{class}`")).join(", ");
            format!("`{name}` is not a class of risk; there are {names}")
        })?;
        Ok(Consent { class, most })
    }
}

/// `N tags`, as people count images.
pub(crate) fn tags(number: Option<u64>) -> String {
    match number {
        None => "an unknown number of tags".to_owned(),
        Some(1) => "1 tag".to_owned(),
        Some(number) => format!("{number} tags"),
    }
}

/// What strangers get once a repository is public. An empty one is exposed as well: images are pushed later.
fn exposed(num_images: Option<u64>) -> String {
    match num_images {
        Some(0) => "anyone can pull what will be pushed (empty now)".to_owned(),
        number => format!("anyone can pull {}", tags(number)),
    }
}

/// The risks of an action; `num_images` is the live count of the repository that it touches.
pub(super) fn assess(address: &Address, action: &Action, num_images: Option<u64>) -> Vec<Risk> {
    let mut risks = Vec::new();
    let mut add = |class, evidence: String| risks.push(Risk { class, evidence });
    let holds_images = address.kind().attribute("is_public").is_some();
    match action {
        Action::Delete { .. } => {
            add(RiskClass::Deletes, String::new());
            // A count that is not known is treated as data.
            if holds_images && num_images != Some(0) {
                add(RiskClass::DestroysData, tags(num_images));
            }
        }
        Action::Update { before, after } if turns_on("is_public", Some(before), after) => {
            add(RiskClass::Exposes, exposed(num_images));
        }
        Action::Update { before, after } if turns_on("scheduled", Some(after), before) => {
            add(RiskClass::OneWay, "the service may not let the schedule be switched on again".to_owned());
        }
        Action::Update { .. } | Action::Run { .. } => {}
        Action::Create { after } => {
            if turns_on("override", None, after) {
                add(RiskClass::Overwrites, "tags that exist in the target are overwritten".to_owned());
            }
        }
        Action::Replace { before, after } => {
            if turns_on("override", Some(before), after) {
                add(RiskClass::Overwrites, "tags that exist in the target are overwritten".to_owned());
            }
            add(RiskClass::Gap, "what is pushed in between is not copied".to_owned());
        }
    }
    risks
}

fn turns_on(name: &str, before: Option<&Attributes>, after: &Attributes) -> bool {
    let on = Some(&Value::Bool(true));
    after.get(name) == on && before.and_then(|before| before.get(name)) != on
}

/// Marks what is protected, and what carries a risk that nobody consented to.
pub(super) fn withhold(changes: &mut [Change], protect: &[Protection], live: &Live, consents: &[Consent]) {
    let guard = Guard::new(protect);
    for change in changes.iter_mut() {
        change.withheld = guard.holds(change, live);
    }
    let missing: Vec<(RiskClass, usize)> = RiskClass::ALL
        .into_iter()
        // What `deletes` counts is a limit on the whole apply, not on one change.
        .filter(|class| *class != RiskClass::Deletes)
        .map(|class| {
            (class, changes.iter().filter(|change| change.withheld.is_none() && carries(change, class)).count())
        })
        .filter(|(class, count)| !consented(*class, *count, consents))
        .collect();
    for change in changes.iter_mut().filter(|change| change.withheld.is_none()) {
        let holding: Vec<&(RiskClass, usize)> = missing.iter().filter(|(class, _)| carries(change, *class)).collect();
        let Some((class, _)) = holding.first() else { continue };
        // Of several classes each wants its consent.
        let lift: Vec<String> = holding.iter().map(|(class, count)| format!("--allow {class}={count}")).collect();
        change.withheld = Some(Withheld::Risk { class: *class, lift: lift.join(" ") });
    }
    withhold_parents(changes);
}

fn carries(change: &Change, class: RiskClass) -> bool {
    change.risks.iter().any(|risk| risk.class == class)
}

/// The patterns of `protect`, by name: of several that cover a resource the first is told, wherever they stand.
struct Guard {
    names: Vec<String>,
    index: Index,
}

impl Guard {
    fn new(protect: &[Protection]) -> Guard {
        let mut named: Vec<(String, &Pattern)> =
            protect.iter().map(|it| (it.pattern.to_string(), &it.pattern)).collect();
        named.sort_by(|(one, _), (other, _)| one.cmp(other));
        let index = Index::new(named.iter().map(|(_, pattern)| *pattern));
        Guard { names: named.into_iter().map(|(name, _)| name).collect(), index }
    }

    /// What goes takes along what lives in it, so that holds it too.
    fn holds(&self, change: &Change, live: &Live) -> Option<Withheld> {
        let first = |address: &Address| self.index.first(address);
        let own = || first(&change.address);
        let number = match &change.action {
            Action::Delete { .. } => own().or_else(|| live.inside(&change.address).filter_map(first).min()),
            Action::Replace { .. } => own(),
            Action::Create { .. } | Action::Update { .. } | Action::Run { .. } => None,
        };
        Some(Withheld::Protect { pattern: self.names.get(number?)?.clone() })
    }
}

/// The consents that hold in a run. What the run says of a class takes the place of what the chart says of it, so that
/// `--allow CLASS=0` consents to none.
pub(super) fn in_force(standing: &[Consent], of_run: &[Consent]) -> Vec<Consent> {
    let is_replaced = |consent: &&Consent| of_run.iter().any(|other| other.class == consent.class);
    standing.iter().filter(|consent| !is_replaced(consent)).chain(of_run).copied().collect()
}

/// The widest of several consents to a class: `Some(None)` has no limit, `None` is no consent.
pub(super) fn widest(class: RiskClass, consents: &[Consent]) -> Option<Option<usize>> {
    let given = consents.iter().filter(|consent| consent.class == class).map(|consent| consent.most);
    given.max_by_key(|most| most.unwrap_or(usize::MAX))
}

/// Whether this many changes of a class may run.
fn consented(class: RiskClass, count: usize, consents: &[Consent]) -> bool {
    widest(class, consents).map_or(!class.needs_consent(), |most| most.is_none_or(|most| count <= most))
}

/// What holds something that may not go cannot go either.
fn withhold_parents(changes: &mut [Change]) {
    let kept: Vec<(Address, Withheld)> = changes
        .iter()
        .filter(|change| matches!(change.action, Action::Delete { .. }))
        .filter_map(|change| Some((change.address.parent()?, change.withheld.clone()?)))
        .collect();
    for change in changes.iter_mut().filter(|change| change.withheld.is_none()) {
        if !matches!(change.action, Action::Delete { .. }) {
            continue;
        }
        // A consent would help only if nothing in there is protected.
        let held = kept.iter().filter(|(parent, _)| *parent == change.address).map(|(_, withheld)| withheld);
        let held = held.max_by_key(|withheld| matches!(withheld, Withheld::Protect { .. }));
        change.withheld = held.cloned();
    }
}
