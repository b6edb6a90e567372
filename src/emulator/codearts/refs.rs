//! What a run does to branches and tags. Commits are only names, without history.
//!
//! So a branch counts as diverged if it differs from the source and from what the last run copied:
//! another client pushed to it. A branch that only the source moved is updated.

use crate::emulator::settings::assumptions::{
    Assumptions, DeletedBranches, DivergedBranches, MovedTags,
};
use crate::emulator::state::git::{Branches, Mirror, Refs};

/// Copies the refs of the source to a mirror. On an error nothing is changed.
pub(super) fn copy(
    refs: &mut Refs,
    mirror: &mut Mirror,
    force: bool,
    assumptions: &Assumptions,
) -> Result<(), String> {
    // A source without refs is not simulated: it has the same refs as the mirror.
    if mirror.source.refs == Refs::default() {
        return Ok(());
    }
    let mut next = refs.clone();
    branches(&mut next, mirror, force, assumptions)?;
    tags(&mut next, mirror, force, assumptions);
    mirror.copied = next.clone();
    *refs = next;
    Ok(())
}

fn branches(
    refs: &mut Refs,
    mirror: &Mirror,
    force: bool,
    assumptions: &Assumptions,
) -> Result<(), String> {
    let all = mirror.branches == Branches::All;
    let is_copied = |name: &str| all || name == mirror.source.default_branch;
    for (name, commit) in mirror
        .source
        .refs
        .branches
        .iter()
        .filter(|(name, _)| is_copied(name))
    {
        let ours = refs.branches.get(name);
        let diverged =
            ours.is_some_and(|ours| ours != commit) && ours != mirror.copied.branches.get(name);
        match assumptions.diverged_branches {
            // The text is git's.
            DivergedBranches::Fail if diverged && !force => {
                return Err(format!("! [rejected] {name} -> {name} (non-fast-forward)"));
            }
            DivergedBranches::Skip if diverged && !force => {}
            _ => {
                refs.branches.insert(name.clone(), commit.clone());
            }
        }
    }
    if force || assumptions.deleted_branches == DeletedBranches::Remove {
        refs.branches
            .retain(|name, _| !is_copied(name) || mirror.source.refs.branches.contains_key(name));
    }
    Ok(())
}

fn tags(refs: &mut Refs, mirror: &Mirror, force: bool, assumptions: &Assumptions) {
    // `git fetch` does not move an existing tag without force.
    let overwrite = force || assumptions.moved_tags == MovedTags::Overwrite;
    for (name, commit) in &mirror.source.refs.tags {
        if overwrite || !refs.tags.contains_key(name) {
            refs.tags.insert(name.clone(), commit.clone());
        }
    }
}

/// The assumptions on which a run without force depends.
pub(super) fn assumed(refs: &Refs, mirror: &Mirror) -> Vec<&'static str> {
    let source = &mirror.source.refs;
    if *source == Refs::default() {
        return Vec::new();
    }
    let moved = |ours: &str, theirs: Option<&String>| theirs.is_some_and(|theirs| theirs != ours);
    let diverged = refs.branches.iter().any(|(name, commit)| {
        moved(commit, source.branches.get(name)) && mirror.copied.branches.get(name) != Some(commit)
    });
    let deleted = refs
        .branches
        .keys()
        .any(|name| !source.branches.contains_key(name));
    let tags = refs
        .tags
        .iter()
        .any(|(name, commit)| moved(commit, source.tags.get(name)));
    let all = [
        (diverged, DivergedBranches::NAME),
        (deleted, DeletedBranches::NAME),
        (tags, MovedTags::NAME),
    ];
    all.into_iter()
        .filter(|(depends, _)| *depends)
        .map(|(_, name)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refs(branches: &[(&str, &str)], tags: &[(&str, &str)]) -> Refs {
        let map = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(name, at)| ((*name).into(), (*at).into()))
                .collect()
        };
        Refs {
            branches: map(branches),
            tags: map(tags),
        }
    }

    fn assuming(switch: &str) -> Assumptions {
        let mut assumptions = Assumptions::default();
        assumptions.set(switch).unwrap();
        assumptions
    }

    /// The refs after a run of a mirror whose source moved `main` and `v1` and removed `old` since
    /// the last run.
    fn run(ours: &[(&str, &str)], force: bool, switch: &str) -> Result<Refs, String> {
        let mut mirror = Mirror::of("https://git.example.com/app.git");
        mirror.copied = refs(&[("main", "m1"), ("old", "o1")], &[("v1", "t1")]);
        mirror.source.refs = refs(
            &[("main", "m2"), ("new", "n1")],
            &[("v1", "t2"), ("v2", "t3")],
        );
        let mut refs = refs(ours, &[("v1", "t1")]);
        copy(&mut refs, &mut mirror, force, &assuming(switch)).map(|()| refs)
    }

    const UNTOUCHED: &[(&str, &str)] = &[("main", "m1"), ("old", "o1")];
    const PUSHED: &[(&str, &str)] = &[("main", "theirs"), ("old", "o1")];

    #[test]
    fn a_branch_that_only_the_source_moved_is_updated() {
        let expected = refs(
            &[("main", "m2"), ("old", "o1"), ("new", "n1")],
            &[("v1", "t1"), ("v2", "t3")],
        );
        assert_eq!(
            run(UNTOUCHED, false, "diverged-branches=fail"),
            Ok(expected)
        );
    }

    #[test]
    fn force_makes_both_ends_equal() {
        let expected = refs(
            &[("main", "m2"), ("new", "n1")],
            &[("v1", "t2"), ("v2", "t3")],
        );
        for ours in [UNTOUCHED, PUSHED] {
            assert_eq!(
                run(ours, true, "diverged-branches=fail"),
                Ok(expected.clone())
            );
        }
    }

    #[test]
    fn without_force_the_switches_decide() {
        let main = |switch| run(PUSHED, false, switch).map(|refs| refs.branches["main"].clone());
        assert_eq!(
            main("diverged-branches=fail").unwrap_err(),
            "! [rejected] main -> main (non-fast-forward)"
        );
        assert_eq!(main("diverged-branches=overwrite"), Ok("m2".to_owned()));
        assert_eq!(main("diverged-branches=skip"), Ok("theirs".to_owned()));
        let old = |switch| {
            run(UNTOUCHED, false, switch)
                .unwrap()
                .branches
                .contains_key("old")
        };
        assert!(old("deleted-branches=keep") && !old("deleted-branches=remove"));
        let tag = |switch| run(UNTOUCHED, false, switch).unwrap().tags["v1"].clone();
        assert_eq!(
            (tag("moved-tags=keep"), tag("moved-tags=overwrite")),
            ("t1".to_owned(), "t2".to_owned())
        );
    }

    #[test]
    fn the_setting_default_copies_only_the_default_branch() {
        let mut mirror = Mirror {
            branches: Branches::Default,
            ..Mirror::default()
        };
        mirror.source.default_branch = "main".to_owned();
        mirror.source.refs = refs(&[("main", "m1"), ("dev", "d1")], &[]);
        let mut ours = refs(&[("mine", "x")], &[]);
        copy(&mut ours, &mut mirror, true, &Assumptions::default()).unwrap();
        assert_eq!(ours, refs(&[("main", "m1"), ("mine", "x")], &[]));
    }
}
