//! Random retention policies, and what they mean: what a live one becomes, and which tags it
//! deletes.
//!
//! The tags of these live states are the generated ones: `v1`, `v2` ..., all pushed in 2024.

use portolan::emulator::{self, Repository, Tag};
use proptest::{prelude::*, sample::subsequence};
use serde_json::{Value, json};

use super::{
    cautious_world, expected,
    site::{Deletion, Site, World},
};
use crate::law::law;

/// The exceptions: what a chart writes, a selector of the API, and whether it holds a tag. The
/// pattern means the same under each reading.
const EXCEPTIONS: [(&str, bool); 3] = [("v1", false), ("^v[13]$", true), ("latest", false)];

#[test]
fn no_tag_is_collected_without_consent() {
    law((cautious_world(), any::<u64>()), |(mut world, seed)| {
        loosen(&mut world, &mut fastrand::Rng::with_seed(seed));
        world
            .chart
            .allow
            .retain(|class| !class.starts_with("collects"));
        // An update may run a policy that never ran before, which is no loss by the update. So each
        // live one has run already.
        let regions = world.live.regions.values_mut();
        let organizations = regions.flat_map(|region| region.organizations.values_mut());
        organizations
            .flat_map(|organization| organization.repositories.values_mut())
            .for_each(run);
        let site = Site::new(&world.live, Deletion::Images);
        let before = site.state();
        let plan = site.plan(&world.chart.yaml());
        let _ = site.apply(&plan);
        let after = site.state();
        for (region, content) in &after.regions {
            for (organization, content) in &content.organizations {
                for (name, repository) in &content.repositories {
                    let old = before.repository(region, organization, name);
                    let left = names(repository);
                    let lost = old.map(names).unwrap_or_default();
                    let lost: Vec<&String> =
                        lost.iter().filter(|tag| !left.contains(tag)).collect();
                    prop_assert!(lost.is_empty(), "{}/{} lost {:?}", organization, name, lost);
                }
            }
        }
        Ok(())
    });
}

/// Gives most repositories with a policy in the chart a live one that deletes less: a greater
/// number, one more exception, or the other way of counting.
fn loosen(world: &mut World, dice: &mut fastrand::Rng) {
    for ((region, organization, name), mut policy) in expected::policies(&world.chart) {
        let organization = world.live.organization_mut(region, organization);
        let found = organization.and_then(|found| found.repositories.get_mut(name));
        let Some(found) = found else { continue };
        match dice.u8(..5) {
            0 => continue,
            1 => policy.number += 1 + dice.u64(..3),
            2 => policy.except = (0..EXCEPTIONS.len()).collect(),
            3 => policy.by_days ^= true,
            _ => {
                found.retentions.clear();
                continue;
            }
        }
        found.num_images = found.num_images.max(4);
        found.retentions = vec![policy.live()];
    }
}

/// Deletes what the live policy deletes.
fn run(repository: &mut Repository) {
    if let Some(policy) = repository.retentions.first().map(Retention::of) {
        policy.collect(repository);
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Retention {
    by_days: bool,
    number: u64,
    /// Positions in [`EXCEPTIONS`].
    except: Vec<usize>,
}

pub(crate) fn retention() -> impl Strategy<Value = Retention> {
    // Much less and much more than the age of the tags is enough.
    let way = prop_oneof![
        (1..5_u64).prop_map(|number| (false, number)),
        prop_oneof![Just(1), Just(365)].prop_map(|number| (true, number)),
    ];
    let except = subsequence(vec![0, 1, 2], 0..=3);
    (way, except).prop_map(|((by_days, number), except)| Retention {
        by_days,
        number,
        except,
    })
}

impl Retention {
    /// A policy that keeps almost nothing.
    pub(crate) fn least() -> Retention {
        Retention {
            by_days: false,
            number: 1,
            except: Vec::new(),
        }
    }

    /// The entry of a chart.
    pub(crate) fn value(&self) -> Value {
        let except = self.except.iter().map(|at| match EXCEPTIONS[*at] {
            (text, true) => json!({ "regexp": text }),
            (text, false) => json!(text),
        });
        let key = if self.by_days {
            "keep_days"
        } else {
            "keep_tags"
        };
        json!({ key: self.number, "except": except.collect::<Vec<_>>() })
    }

    /// The policy of a live repository.
    pub(crate) fn live(&self) -> emulator::Retention {
        let selectors = self.except.iter().map(|at| {
            let (pattern, is_regexp) = EXCEPTIONS[*at];
            json!({ "kind": if is_regexp { "regexp" } else { "label" }, "pattern": pattern })
        });
        let (template, parameter) = if self.by_days {
            ("date_rule", "days")
        } else {
            ("tag_rule", "num")
        };
        let rule = json!({
            "template": template,
            "params": { parameter: self.number.to_string() },
            "tag_selectors": selectors.collect::<Vec<_>>(),
        });
        emulator::Retention {
            id: 0,
            rules: vec![rule],
        }
    }

    /// A live policy that was made from one.
    fn of(policy: &emulator::Retention) -> Retention {
        let rule = &policy.rules[0];
        let by_days = rule["template"] == "date_rule";
        let number = &rule["params"][if by_days { "days" } else { "num" }];
        let is_there = |at: &usize| {
            let selectors = rule["tag_selectors"].as_array().unwrap();
            let pattern = |selector: &Value| selector["pattern"] == EXCEPTIONS[*at].0;
            selectors.iter().any(pattern)
        };
        Retention {
            by_days,
            number: number.as_str().unwrap().parse().unwrap(),
            except: (0..EXCEPTIONS.len()).filter(is_there).collect(),
        }
    }

    fn holds(&self, tag: &str) -> bool {
        self.except.iter().any(|at| match at {
            0 => tag == "v1",
            1 => tag == "v1" || tag == "v3",
            _ => tag == "latest",
        })
    }

    /// The same policy in a normal form.
    fn sorted(policy: &emulator::Retention) -> Vec<Value> {
        let mut rules = policy.rules.clone();
        for rule in &mut rules {
            let selectors = rule["tag_selectors"].as_array_mut().unwrap();
            selectors.sort_by_key(Value::to_string);
        }
        rules
    }

    /// Whether the policy in place of the live one could delete a tag of the repository, as far as
    /// its number of images shows: whether that counts tags is not documented.
    pub(crate) fn may_delete(&self, found: &Repository) -> bool {
        if found.num_images == 0 {
            return false;
        }
        let Some(live) = found.retentions.first() else {
            return true;
        };
        let (old, new) = (&live.rules[0], &self.live().rules[0]);
        if old["template"] != new["template"] {
            return true;
        }
        let number = |rule: &Value| -> u64 {
            let name = if self.by_days { "days" } else { "num" };
            rule["params"][name].as_str().unwrap().parse().unwrap()
        };
        let selectors = |rule: &Value| rule["tag_selectors"].as_array().unwrap().clone();
        let kept = selectors(new);
        number(new) < number(old) || selectors(old).iter().any(|old| !kept.contains(old))
    }

    /// Makes this the policy of a repository, and deletes what it deletes.
    pub(crate) fn replace(&self, repository: &mut Repository) {
        let wanted = self.live();
        let is_same = |live: &emulator::Retention| Self::sorted(live) == Self::sorted(&wanted);
        if repository.retentions.len() == 1 && repository.retentions.iter().all(is_same) {
            return;
        }
        // An update keeps the id, a replacement does not.
        let id = match repository.retentions.as_slice() {
            [live] if live.rules[0]["template"] == wanted.rules[0]["template"] => live.id,
            _ => 0,
        };
        repository.retentions = vec![emulator::Retention { id, ..wanted }];
        self.collect(repository);
    }

    /// Deletes what a run of the policy deletes.
    fn collect(&self, repository: &mut Repository) {
        let mut names = names(repository);
        let free: Vec<String> = names
            .iter()
            .filter(|tag| !self.holds(tag))
            .cloned()
            .collect();
        let going = if self.by_days {
            // All of them are older than a year.
            free.len()
        } else {
            free.len()
                .saturating_sub(usize::try_from(self.number).unwrap())
        };
        names.retain(|tag| !free[..going].contains(tag));
        write(repository, names);
    }
}

/// The names of the tags, the oldest first.
fn names(repository: &Repository) -> Vec<String> {
    let mut names: Vec<String> = repository.tags.iter().map(|tag| tag.name.clone()).collect();
    let number = |name: &String| name.strip_prefix('v')?.parse::<usize>().ok();
    let last = names.iter().filter_map(number).max().unwrap_or(0);
    let more = usize::try_from(repository.num_images).unwrap() - names.len();
    names.extend((1..=more).map(|next| format!("v{}", last + next)));
    names
}

/// Writes down all tags by their names alone.
fn write(repository: &mut Repository, names: Vec<String>) {
    repository.num_images = names.len() as u64;
    let tag = |name| Tag {
        name,
        ..Tag::default()
    };
    repository.tags = names.into_iter().map(tag).collect();
}

/// A repository whose policies and tags can be compared: with sorted exceptions, without ids of new
/// policies, with all tags by name, without histories.
pub(crate) fn comparable(repository: &mut Repository, old: &mut dyn FnMut(&mut u64)) {
    let names = names(repository);
    write(repository, names);
    repository.retention_log.clear();
    for policy in &mut repository.retentions {
        policy.rules = Retention::sorted(policy);
        old(&mut policy.id);
    }
}
