//! A resource that another client changed between plan and apply is not written.

use portolan::{
    emulator::{Grant, Share, State},
    kind::repository,
    plan::{Action, Change},
};
use proptest::prelude::*;

use super::{
    deletes_an_absent_organization, grants, live, parts,
    site::{Deletion, Site, subject},
    world,
};
use crate::law::law;

/// Whether the raw object differs from the one that the plan was made for.
fn moved(change: &Change, now: &State) -> bool {
    // The edits of other clients do not touch mirrors.
    if change.address.kind().name == "mirror" {
        return false;
    }
    let parts = parts(change);
    let names: Vec<&str> = parts.iter().map(String::as_str).collect();
    let values = |named: &[(&str, serde_json::Value)]| {
        let before = change.action.before();
        let same = |(name, value): &(&str, serde_json::Value)| {
            before.and_then(|before| before.get(*name)) == Some(value)
        };
        named.iter().all(same)
    };
    let (exists, same) = match names[..] {
        [region, organization] => {
            // Other tests cover the repositories of a deleted organization.
            (now.organization(region, organization).is_some(), true)
        }
        [region, organization, name] => match now.repository(region, organization, name) {
            None => (false, false),
            Some(_) if matches!(change.action, Action::Create { .. }) => (true, false),
            Some(found) if matches!(change.action, Action::Delete { .. }) => (
                true,
                found.num_images <= change.precondition.facts.get(&repository::IMAGES).unwrap(),
            ),
            Some(found) => {
                let category = ("category", found.category.as_str().into());
                let description = ("description", found.description.as_str().into());
                (
                    true,
                    values(&[("is_public", found.is_public.into()), category, description]),
                )
            }
        },
        [region, organization, "access", user] => {
            let found = now.organization(region, organization);
            let list = found.map_or(&[][..], |found| &found.access);
            level(change, list, user)
        }
        [region, organization, name, "access", user] => {
            let found = now.repository(region, organization, name);
            let list = found.map_or(&[][..], |found| &found.access);
            level(change, list, user)
        }
        [region, organization, name, "retention"] => {
            let found = now.repository(region, organization, name);
            let policy = found.and_then(|found| found.retentions.first());
            let planned = change.precondition.id.map(|(_, id)| u64::from(id));
            let id = policy.map(|policy| policy.id);
            (id.is_some(), id == planned)
        }
        [region, organization, name, account] => {
            let found = now.repository(region, organization, name);
            let is_it = |share: &&Share| share.account.eq_ignore_ascii_case(account);
            match found.and_then(|found| found.shares.iter().find(is_it)) {
                None => (false, false),
                Some(_) if matches!(change.action, Action::Delete { .. }) => (true, true),
                Some(share) => (
                    true,
                    values(&[
                        ("until", share.deadline.as_str().into()),
                        ("description", share.description.as_str().into()),
                    ]),
                ),
            }
        }
        [region, organization, name, target_region, target] => {
            let found = now.repository(region, organization, name);
            let rule = found.and_then(|found| {
                found
                    .sync_rules
                    .iter()
                    .find(|rule| rule.is_to(target_region, target))
            });
            match rule {
                None => (false, false),
                Some(_) if matches!(change.action, Action::Delete { .. }) => (true, true),
                Some(rule) => (
                    true,
                    values(&[
                        ("auto", rule.auto.into()),
                        ("override", rule.overrides.into()),
                    ]),
                ),
            }
        }
        _ => unreachable!("subjects have two to five parts"),
    };
    match change.action {
        Action::Create { .. } => exists,
        _ => !exists || !same,
    }
}

/// Whether a user has a permission, and whether it is as planned. To take it away needs no level.
fn level(change: &Change, list: &[Grant], user: &str) -> (bool, bool) {
    let Some(found) = list.iter().find(|grant| grant.user == user) else {
        return (false, false);
    };
    let mut words = grants::LEVELS.iter();
    let word = words
        .find(|(_, auth)| *auth == found.auth)
        .map(|(word, _)| (*word).into());
    let before = change
        .action
        .before()
        .and_then(|before| before.get("level"));
    let goes = matches!(change.action, Action::Delete { .. });
    (true, goes || before == word.as_ref())
}

#[test]
fn a_resource_that_another_client_changed_is_not_written() {
    law((world(), live::edits()), |(world, edits)| {
        let site = Site::new(&world.live, Deletion::Everything);
        let plan = site.plan(&world.chart.yaml());
        site.emulator
            .edit(|state| edits.iter().for_each(|edit| edit.perform(state)));
        let moved_then = site.state();
        site.apply(&plan);
        let mut writes = site.writes();
        writes.retain(|write| !deletes_an_absent_organization(write));
        let written: Vec<_> = writes.iter().map(subject).collect();
        for change in plan
            .changes
            .iter()
            .filter(|change| moved(change, &moved_then))
        {
            prop_assert!(
                !written.contains(&parts(change)),
                "moved by {:?}, and written: {:#?}",
                edits,
                change
            );
        }
        let planned: Vec<_> = plan.changes.iter().map(parts).collect();
        prop_assert!(
            written.iter().all(|written| planned.contains(written)),
            "{:#?}",
            writes
        );
        // Every object that is missing now was deleted by the plan, except rules that were deleted
        // with their repository.
        let now = site.state();
        for (region, content) in &moved_then.regions {
            for (organization, entry) in &content.organizations {
                let gone = |parts: &[&str]| planned.iter().any(|planned| planned == parts);
                let stays = now.organization(region, organization).is_some();
                prop_assert!(
                    stays || gone(&[region, organization]),
                    "{} went",
                    organization
                );
                for name in entry.repositories.keys() {
                    let stays = now.repository(region, organization, name).is_some();
                    prop_assert!(
                        stays || gone(&[region, organization, name]),
                        "{} went; {:?}",
                        name,
                        edits
                    );
                }
            }
        }
        Ok(())
    });
}
