//! What a plan reads, taken from a snapshot in place of the service.
//!
//! In the order of `refresh`, and with the same decisions about what to read, so that a plan from
//! a complete snapshot is the plan from the service. What the snapshot does not hold is unknown,
//! and the plan leaves it out.

use std::{collections::BTreeSet, sync::Arc};

use super::{NotRead, Snapshot};
use crate::{
    address::Address,
    copies::{Held, Target, Wanted},
    kind::{Kind, Listing, REGISTRY},
    plan::{
        Gap, Kept, Plan, backfill, contents,
        copies::{self, routes},
        health, jobs,
    },
    scope::{self, Selection, Unknown},
    state::{Chart, DesiredResource, Live, ReadFailure},
    text::visible,
    time::{Age, Moment},
    wire::Service,
};

/// The code of a gap: a plan needs what the snapshot does not hold.
pub(crate) const NOT_IN_SNAPSHOT: &str = "not-in-snapshot";

/// The code of a gap: the snapshot is older than allowed.
pub(crate) const OLD_SNAPSHOT: &str = "old-snapshot";

/// The reason that a person reads.
const REASON: &str = "not in the snapshot";

/// What is read beside the state of the chart's resources.
#[derive(Debug, Clone, Default)]
pub struct ReplayOptions {
    /// The rules whose targets are compared with their sources.
    pub copies: Wanted,
    /// Whether the newest jobs of each parent with rules are read.
    pub jobs: bool,
    /// Whether it is looked at targets.
    pub targets: bool,
}

/// What a plan reads from a snapshot.
#[derive(Debug, Default)]
pub struct Replayed {
    pub live: Live,
    /// What the plan leaves out.
    pub unknown: Unknown,
    /// Why.
    pub gaps: Vec<Gap>,
}

/// Reads what a plan of this part of the chart needs.
pub fn replay(
    snapshot: &Snapshot,
    chart: &Chart,
    part: &Chart,
    options: &ReplayOptions,
) -> Replayed {
    let mut replay = Replay {
        snapshot,
        chart,
        part,
        options,
        done: Replayed {
            live: Live {
                clock: snapshot.live.clock,
                ..Live::default()
            },
            ..Replayed::default()
        },
    };
    replay.lists();
    replay.malformed();
    replay.children();
    replay.jobs();
    replay.persons();
    replay.contents();
    replay.targets();
    replay.copies();
    let mut done = replay.done;
    done.gaps
        .sort_by(|one, other| (&one.address, &one.message).cmp(&(&other.address, &other.message)));
    done.gaps.dedup();
    done
}

/// Adds the gaps to a plan, and those of what is kept because something in it is unknown.
pub fn complete(plan: &mut Plan, gaps: Vec<Gap>) {
    let unknown = &plan.scope.selection.unknown;
    let (unsure, kept): (Vec<Kept>, Vec<Kept>) = std::mem::take(&mut plan.kept)
        .into_iter()
        .partition(|kept| unknown.holds(&kept.inside));
    plan.kept = kept;
    plan.gaps = gaps;
    plan.gaps.extend(unsure.into_iter().map(|kept| Gap {
        code: NOT_IN_SNAPSHOT.to_owned(),
        message: format!("it is not deleted: {} in it is {REASON}", kept.inside),
        address: Some(kept.address),
        hint: None,
    }));
}

/// The gap of a snapshot that is older than allowed, or from the future.
pub fn age(snapshot: &Snapshot, most: Age, now: Moment) -> Option<Gap> {
    let taken = snapshot.taken_at;
    let (message, hint) = if taken.is_ahead_of(now) {
        (
            format!("the snapshot was taken at {taken}, and it is only {now} here"),
            "set the clock of this machine, or take the snapshot again",
        )
    } else if taken.is_older_than(most, now) {
        (
            format!(
                "the snapshot is {} old (taken at {taken}), and may be at most {most} old",
                span(now.0.saturating_sub(taken.0))
            ),
            "take it again with `portolan snapshot --out FILE`, or raise `--max-age`",
        )
    } else {
        return None;
    };
    Some(Gap {
        code: OLD_SNAPSHOT.to_owned(),
        address: None,
        message,
        hint: Some(hint.to_owned()),
    })
}

/// `3d 4h`, `25m`: the two largest units.
fn span(seconds: i64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let mut left = seconds;
    let parts = units.into_iter().filter_map(|(size, unit)| {
        let count = left / size;
        left %= size;
        (count > 0).then(|| format!("{count}{unit}"))
    });
    parts.take(2).collect::<Vec<_>>().join(" ")
}

struct Replay<'r> {
    snapshot: &'r Snapshot,
    chart: &'r Chart,
    part: &'r Chart,
    options: &'r ReplayOptions,
    done: Replayed,
}

impl Replay<'_> {
    fn has_list(&self, kind: &'static Kind, region: &Arc<str>) -> bool {
        let lists = &self.snapshot.live.reads.lists;
        lists.contains(&(kind, region.clone()))
    }

    fn is_known_region(&self, region: &str) -> bool {
        let mut regions = self.snapshot.scope.regions.iter();
        regions.any(|known| known == region)
    }

    /// Leaves a resource out, with what is in it.
    fn lack(&mut self, address: &Address, what: &str) {
        if self.done.unknown.holds(address) {
            return;
        }
        self.gap(address, what, None);
        self.done.unknown.whole.insert(address.clone());
    }

    /// Leaves out the children of a kind; the parent too, if it goes, because it is not known what
    /// goes with it.
    fn lack_children(&mut self, parent: &Address, kind: &'static Kind) {
        if self.done.unknown.holds(parent) {
            return;
        }
        let declared = self.chart.resources.get(parent);
        if declared.is_none_or(DesiredResource::is_absent) {
            self.gap(parent, &its(kind), Some(kind));
            self.done.unknown.whole.insert(parent.clone());
        } else if self.done.unknown.children.insert((parent.clone(), kind)) {
            self.gap(parent, &its(kind), Some(kind));
        }
    }

    /// What is said of something that is left out.
    fn gap(&mut self, address: &Address, what: &str, kind: Option<&'static Kind>) {
        let recorded = |not_read: &&NotRead| {
            not_read.failed
                && not_read.address.as_ref() == Some(address)
                && not_read.children.as_deref() == kind.map(|kind| kind.name)
        };
        let failed = self.snapshot.not_read.iter().find(recorded);
        let of = match what {
            "" => String::new(),
            what => format!("{what}: "),
        };
        let (message, hint) = match failed {
            Some(failed) => (
                // From a file, where anything may be written.
                format!(
                    "{of}{REASON}: it could not be read: {}",
                    visible(&failed.why)
                ),
                failed.hint.as_deref().map(visible),
            ),
            None if !self.is_known_region(address.region()) => (
                format!("{of}{REASON}, which has nothing of {}", address.region()),
                Some("take it with a chart of this region".to_owned()),
            ),
            None => (format!("{of}{REASON}"), Some(advice(kind))),
        };
        self.done.gaps.push(Gap {
            code: NOT_IN_SNAPSHOT.to_owned(),
            address: Some(address.clone()),
            message,
            hint,
        });
    }

    fn lists(&mut self) {
        let declared: BTreeSet<(Service, &Arc<str>)> = self
            .chart
            .resources
            .keys()
            .map(|address| (address.kind().service, address.region()))
            .collect();
        for (service, region) in self.chart.places() {
            let matters =
                |kind: &Kind| declared.contains(&(service, &region)) || kind.parent.is_none();
            // Parents come first, so what they lack is known.
            for kind in REGISTRY
                .iter()
                .copied()
                .filter(|kind| kind.service == service && matters(kind))
            {
                match kind.listing {
                    Listing::PerRegion { .. } if kind.parent.is_none() => self.list(kind, &region),
                    Listing::PerRegion { .. } => self.list_inside(kind, &region),
                    Listing::PerListedParent { .. } => self.holders(kind, &region),
                    Listing::PerId { .. } => self.by_id(kind, &region),
                    Listing::PerParent { .. } | Listing::Single => {}
                }
            }
        }
    }

    /// All resources of a kind without a parent.
    fn list(&mut self, kind: &'static Kind, region: &Arc<str>) {
        if self.has_list(kind, region) {
            let all = self.snapshot.live.resources.iter();
            let here = all.filter(|(it, _)| it.kind() == kind && it.region() == region);
            let here = here.map(|(address, found)| (address.clone(), found.clone()));
            self.done.live.resources.extend(here);
            self.done.live.reads.lists.insert((kind, region.clone()));
            return;
        }
        let all = self.chart.resources.keys();
        let declared = all.filter(|it| it.kind() == kind && it.region() == region);
        let declared: Vec<&Address> = declared.collect();
        // A chart can watch a region in which it declares nothing.
        if declared.is_empty() {
            self.done.gaps.push(Gap {
                code: NOT_IN_SNAPSHOT.to_owned(),
                address: None,
                message: format!("the {} of {region} are {REASON}", kind.several()),
                hint: Some(advice(None)),
            });
        }
        for address in declared {
            self.lack(address, "");
        }
    }

    /// All resources of a kind whose parents are declared.
    fn list_inside(&mut self, kind: &'static Kind, region: &Arc<str>) {
        let all = self.chart.resources.keys();
        let parents = all.filter(|it| Some(it.kind()) == kind.parent && it.region() == region);
        for parent in parents {
            if !self.done.live.resources.contains_key(parent) {
                continue;
            }
            let list = (parent.clone(), kind);
            if self.snapshot.live.reads.children.contains(&list) {
                self.take_children(parent, kind);
            } else {
                self.lack_children(parent, kind);
            }
        }
    }

    fn take_children(&mut self, parent: &Address, kind: &'static Kind) {
        // Sorted by key, so what is below the parent follows it.
        let below = self.snapshot.live.resources.range(parent.clone()..);
        let below = below.take_while(|(it, _)| it.parts().starts_with(parent.parts()));
        let own = below.filter(|(it, _)| it.kind() == kind && it.parent().as_ref() == Some(parent));
        let own = own.map(|(address, found)| (address.clone(), found.clone()));
        self.done.live.resources.extend(own);
        let list = (parent.clone(), kind);
        self.done.live.reads.children.insert(list);
    }

    /// The resources that have children of a kind.
    fn holders(&mut self, kind: &'static Kind, region: &Arc<str>) {
        let wanted = scope::to_list_if_live(self.part);
        let mut wanted = wanted.iter();
        let is_wanted = wanted.any(|(parent, of)| *of == kind && parent.region() == region);
        if is_wanted && self.has_list(kind, region) {
            let all = self.snapshot.live.holders.get(&kind).into_iter().flatten();
            let here = all.filter(|it| it.region() == region).cloned();
            let holders = self.done.live.holders.entry(kind).or_default();
            holders.extend(here);
            self.done.live.reads.lists.insert((kind, region.clone()));
        }
    }

    /// The resources that requests refer to by an id.
    fn by_id(&mut self, kind: &'static Kind, region: &Arc<str>) {
        let (held, part) = (&self.snapshot.live, self.part);
        let all = part.resources.keys();
        for address in all.filter(|it| it.kind() == kind && it.region() == region) {
            let stated = part.terms.get(address).and_then(|terms| terms.id);
            let known = held.ids.get(address).copied();
            // The chart may have been given another id since.
            let is_same = stated.is_none_or(|stated| Some(stated) == known);
            if !(held.reads.ids.contains(address) && is_same) {
                self.lack(address, "");
                continue;
            }
            let live = &mut self.done.live;
            live.reads.ids.insert(address.clone());
            live.ids.extend(known.map(|id| (address.clone(), id)));
            let found = held.resources.get(address).cloned();
            live.resources
                .extend(found.map(|found| (address.clone(), found)));
        }
    }

    /// Objects that the service lists, and that could not be decoded.
    fn malformed(&mut self) {
        let snapshot = self.snapshot;
        let failed = snapshot.not_read.iter().filter(|it| it.failed);
        let single = failed.filter(|it| it.children.is_none());
        for address in single.filter_map(|it| it.address.as_ref()) {
            let parent = address.parent();
            let is_inside = parent.is_none_or(|it| self.chart.resources.contains_key(&it));
            if is_inside || self.chart.resources.contains_key(address) {
                self.lack(address, "");
            }
        }
    }

    fn children(&mut self) {
        for (parent, kind) in scope::to_list(self.part, &self.done.live) {
            if self.done.unknown.holds(&parent) {
                continue;
            }
            let live = &self.snapshot.live;
            let is_read = live.reads.children.contains(&(parent.clone(), kind));
            let has_none = kind.parents().is_some()
                && self.has_list(kind, parent.region())
                && !self
                    .done
                    .live
                    .holders
                    .get(&kind)
                    .is_some_and(|it| it.contains(&parent));
            if is_read {
                self.take_children(&parent, kind);
            } else if !has_none {
                self.lack_children(&parent, kind);
            }
        }
    }

    fn jobs(&mut self) {
        if self.options.jobs {
            let judged = jobs::to_read(self.part, &self.done.live);
            self.take_jobs(&judged);
            self.done.live.judged_jobs = judged;
        }
    }

    fn take_jobs(&mut self, of: &BTreeSet<Address>) {
        let held = &self.snapshot.live;
        let live = &mut self.done.live;
        for parent in of {
            if let Some(jobs) = held.jobs.get(parent) {
                live.jobs.insert(parent.clone(), jobs.clone());
                continue;
            }
            let unread = held.unread_jobs.get(parent).cloned();
            let unread = unread.unwrap_or_else(|| ReadFailure {
                subject: format!("sync jobs of {parent}"),
                message: REASON.to_owned(),
                hint: Some("take it with `--include jobs`".to_owned()),
            });
            live.unread_jobs.insert(parent.clone(), unread);
        }
    }

    fn persons(&mut self) {
        let held = &self.snapshot.live;
        for (kind, region, name) in scope::to_look_up(self.part, &self.done.live) {
            let person = (region, name);
            if held.reads.persons.contains(&person) {
                let live = &mut self.done.live;
                let id = held.persons.get(&person).cloned();
                live.persons.extend(id.map(|id| (person.clone(), id)));
                live.reads.persons.insert(person);
                continue;
            }
            let (region, name) = person;
            let is_meant = |address: &&Address| {
                let part = kind.naming().and_then(|naming| address.part(naming.part));
                address.kind().family() == kind
                    && *address.region() == region
                    && part == Some(&name)
                    && !self.done.live.resources.contains_key(*address)
            };
            let part = self.part;
            let all: Vec<&Address> = part.resources.keys().filter(is_meant).collect();
            for address in all {
                self.lack(address, "the id of the person");
            }
        }
    }

    fn contents(&mut self) {
        let held = &self.snapshot.live;
        for (parent, child) in contents::to_count(self.part, &self.done.live) {
            if self.done.unknown.holds(&child) {
                continue;
            }
            if let Some(items) = held.contents.get(&parent) {
                let contents = &mut self.done.live.contents;
                contents.insert(parent, items.clone());
            } else {
                let words = parent.kind().collected_by().map(|it| it.list.words.1);
                let what = format!("the {} of {parent}", words.unwrap_or_default());
                self.lack(&child, &what);
            }
        }
    }

    /// Whether the places exist that rules copy to.
    fn targets(&mut self) {
        if !self.options.targets {
            return;
        }
        let held = &self.snapshot.live;
        for route in routes(self.part) {
            let place = route.place;
            let list = (place.kind(), place.region().clone());
            let is_own = self.done.live.reads.lists.contains(&list);
            let declared = self.part.resources.get(&place);
            if is_own && declared.is_some_and(|desired| !desired.is_absent()) {
                continue;
            }
            let target = if is_own && self.done.live.resources.contains_key(&place) {
                Target::There
            } else {
                let known = held.targets.get(&place).cloned();
                known.unwrap_or_else(|| Target::NotLookedAt(REASON.into()))
            };
            self.done.live.targets.insert(place, target);
        }
    }

    fn copies(&mut self) {
        let wanted = &self.options.copies;
        let part = self.part;
        let compared = || routes(part).filter(|route| wanted.holds(route.rule));
        let ends = compared().flat_map(|route| [route.source, route.copy]);
        for it in ends.collect::<BTreeSet<_>>() {
            self.take_copies(it);
        }
        let asked = copies::to_ask(
            self.chart,
            (wanted, &backfill::compared(part)),
            &self.done.live,
        );
        self.take_jobs(&asked.into_keys().collect());
        let again = health::to_list(part, &self.done.live);
        let held = &self.snapshot.live;
        for (of, _) in again {
            let items = held.contents.get(&of).cloned();
            let contents = &mut self.done.live.contents;
            contents.extend(items.map(|items| (of, items)));
        }
        // What a rule has to copy is a part of its change.
        let everything = Selection {
            unknown: self.done.unknown.clone(),
            ..Selection::default()
        };
        let narrowed = everything.narrow(part);
        let now = self.snapshot.taken_at;
        let unread = backfill::unread(part, &narrowed, &everything, &self.done.live, now);
        for (rule, failure) in unread {
            let what = match failure.message == REASON {
                true => "what it has to copy".to_owned(),
                false => format!("what it has to copy ({})", failure.message),
            };
            self.lack(&rule, &what);
        }
    }

    /// What a source or a target contains.
    fn take_copies(&mut self, it: Address) {
        let held = &self.snapshot.live.copies;
        let live = &mut self.done.live;
        if let Some(why) = held.unread.get(&it) {
            live.copies.unread.insert(it, why.clone());
        } else if let Some(known) = held.held.get(&it) {
            live.copies.held.insert(it, known.clone());
        } else if is_absent(&it, live) {
            // What does not exist contains nothing.
            live.copies.held.insert(it, Held::Named(Vec::new()));
        } else {
            live.copies.unread.insert(it, REASON.to_owned());
        }
    }
}

/// What to do about something that is not in the snapshot.
fn advice(kind: Option<&'static Kind>) -> String {
    match kind.filter(|kind| kind.is_read_per_parent()) {
        Some(kind) => format!("take it with `--include {}`", kind.included_as()),
        None => "take it again with this chart".to_owned(),
    }
}

/// `its rules`, as what a chart calls them.
fn its(kind: &Kind) -> String {
    match kind.is_read_per_parent() {
        true => format!("its {}", kind.included_as()),
        false => format!("its {}", kind.several()),
    }
}

/// Whether all resources of the kind in its parent are known, and it is none of them.
fn is_absent(address: &Address, live: &Live) -> bool {
    let Some(parent) = address.parent() else {
        return false;
    };
    let has_parent = live.resources.contains_key(&parent);
    let tops = (parent.kind(), parent.region().clone());
    let list = (parent, address.kind());
    !live.resources.contains_key(address)
        && (live.reads.children.contains(&list)
            || (!has_parent && live.reads.lists.contains(&tops)))
}
