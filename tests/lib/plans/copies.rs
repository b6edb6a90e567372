//! Live states and charts of the scenarios about copies: runs of rules, and jobs.

use portolan::{
    copies::Held,
    kind::{
        Item,
        copying::{Job, JobStatus},
        repository, sync_rule,
    },
    state::Live,
    time::Moment,
};

use super::scenarios::NOW;
use crate::given;

pub(super) const COPYING: &str = "\
organizations:
  o:
    repositories:
      a: { sync: [ { target_region: x-1, target_organization: dr } ] }
      b: { sync: [ { target_region: x-1, target_organization: dr } ] }
      c: { sync: [ { target_region: x-1, target_organization: dr } ] }
";

/// Rules with copies that failed, that hang and that were cancelled.
pub(super) fn copying() -> Live {
    let rows = [("a", 9), ("b", 2), ("c", 1)];
    let mut live = given::live(rows.map(|(name, images)| {
        let found = given::repository(&format!("r-1/o/{name}")).images(images);
        found.rule("x-1", "dr", false)
    }));
    let mut add = |name: &str, tag: &str, status: JobStatus| {
        let parent = repository::address("r-1", "o", name);
        let jobs = live.jobs.entry(parent.clone()).or_default();
        let id = jobs.len() as u64;
        jobs.push(Job {
            id,
            rule: sync_rule::address(&parent, "x-1", "dr"),
            item: tag.to_owned(),
            status,
            created: Some(Moment(NOW - 86_400 + i64::try_from(id).unwrap())),
            updated: None,
        });
        live.judged_jobs.insert(parent);
    };
    for number in 1..7 {
        add("a", &format!("v{number}"), JobStatus::Failed);
    }
    add("a", "v7", JobStatus::Running);
    add("b", "v1", JobStatus::TimedOut);
    add("b", "</details>\n::error::x", JobStatus::Failed);
    add("c", "v1", JobStatus::Cancelled);
    live
}

pub(super) const BACKFILL: &str = "\
defaults: { sync_rule: { override: false, backfill: missing } }
organizations:
  o:
    repositories:
      long: { sync: [ { target_region: x-1, target_organization: dr } ] }
      new: { sync: [ { target_region: x-1, target_organization: dr, backfill: on-create } ] }
      replaced: { sync: [ { target_region: x-1, target_organization: dr } ] }
      same: { sync: [ { target_region: x-1, target_organization: dr } ] }
      there: { sync: [ { target_region: x-1, target_organization: dr } ] }
";

/// Rules with four tags at the source, of which one was pushed just now; the target has one. The
/// repository `long` has thirty, and `there` misses none.
pub(super) fn copied() -> Live {
    let names = ["long", "new", "replaced", "same", "there"];
    let rows = names.map(|name| (format!("r-1/o/{name}"), name));
    let given = rows.iter().map(|(path, name)| {
        let found = given::repository(path).images(4);
        match *name {
            "new" => found,
            name => found.rule("x-1", "dr", name == "replaced"),
        }
    });
    let mut live = given::live(given);
    for name in names {
        let tags: Vec<String> = match name {
            "long" => (1..=30).map(|number| format!("v{number}")).collect(),
            _ => ["latest", "v1", "v2", "v3"].map(str::to_owned).to_vec(),
        };
        let item = |tag: &String| Item {
            name: tag.clone(),
            since: Some(Moment(if tag == "v3" { NOW - 60 } else { NOW - 86_400 })),
            digest: None,
        };
        let mut items: Vec<Item> = tags.iter().map(item).collect();
        items.sort_by(|one, other| one.name.cmp(&other.name));
        let there = if name == "there" {
            tags
        } else {
            vec!["latest".to_owned()]
        };
        let there = there.into_iter().map(String::into_boxed_str).collect();
        let held = &mut live.copies.held;
        held.insert(repository::address("r-1", "o", name), Held::Listed(items));
        held.insert(repository::address("x-1", "dr", name), Held::Named(there));
    }
    live
}
