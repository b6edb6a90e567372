//! The jobs that copied what a repository contains: which of them a plan reads, and which count.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    address::Address,
    kind::copying::Job,
    state::{Chart, Live},
    time::Moment,
};

/// The live repositories with rules in the chart.
pub(crate) fn to_read(chart: &Chart, live: &Live) -> BTreeSet<Address> {
    let rules = chart
        .resources
        .iter()
        .filter(|(rule, desired)| rule.kind().copying.is_some() && !desired.is_absent());
    let parents = rules.filter_map(|(rule, _)| rule.parent());
    parents
        .filter(|parent| live.resources.contains_key(parent))
        .collect()
}

/// The newest job of each rule target and item.
pub(crate) fn newest(jobs: &[Job]) -> BTreeMap<(&Address, &str), &Job> {
    let ids_rise = ids_rise(jobs);
    // Without a rising id the time decides. Ids then only make the order complete.
    let age = |job: &Job| (job.created.filter(|_| !ids_rise), job.id);
    let mut newest = BTreeMap::<(&Address, &str), &Job>::new();
    for job in jobs {
        newest
            .entry((&job.rule, &job.item))
            .and_modify(|known| {
                if age(job) > age(known) {
                    *known = job;
                }
            })
            .or_insert(job);
    }
    newest
}

/// Whether a job with a larger id was never created earlier. The documents do not say so.
fn ids_rise(jobs: &[Job]) -> bool {
    let mut dated: Vec<(u64, Moment)> = jobs
        .iter()
        .filter_map(|job| Some((job.id, job.created?)))
        .collect();
    dated.sort_unstable();
    dated.is_sorted_by_key(|(_, created)| *created)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{copying::JobStatus, repository, sync_rule};

    fn job(id: u64, target: &str, tag: &str, created: Option<i64>) -> Job {
        let web = repository::address("r-1", "o", "web");
        Job {
            id,
            rule: sync_rule::address(&web, "r-2", target),
            item: tag.to_owned(),
            status: JobStatus::Success,
            created: created.map(Moment),
            updated: None,
        }
    }

    fn ids(jobs: &[Job]) -> Vec<u64> {
        newest(jobs).values().map(|job| job.id).collect()
    }

    #[test]
    fn the_newest_job_of_each_target_and_tag_counts() {
        let jobs = [
            job(7, "dr", "v1", Some(70)),
            job(9, "dr", "v2", Some(90)),
            job(8, "dr", "v1", Some(80)),
            job(5, "us", "v1", Some(50)),
            job(6, "us", "v1", None),
        ];
        assert_eq!(ids(&jobs), [8, 9, 6]);
    }

    #[test]
    fn times_decide_where_ids_do_not_rise() {
        let jobs = [
            job(1, "dr", "v1", Some(90)),
            job(2, "dr", "v1", Some(80)),
            job(3, "dr", "v1", None),
            job(4, "us", "v1", Some(10)),
            job(5, "us", "v1", Some(10)),
        ];
        assert_eq!(ids(&jobs), [1, 5]);
        assert_eq!(ids(&jobs[1..]), [2, 5]);
    }
}
