//! What a run does to branches and tags, as far as commits can be told apart without a git object.
//!
//! A branch has diverged when it points elsewhere than a run left it and elsewhere than the source:
//! somebody pushed. A branch that only the source moved is moved along.

use crate::emulator::settings::assumptions::{
    Assumptions, DeletedBranches, DivergedBranches, MovedTags,
};
use crate::emulator::state::git::{Branches, Mirror, Refs};

/// Makes the refs of a mirror those of its source, or says why not; then nothing has moved.
pub(super) fn copy(
    refs: &mut Refs,
    mirror: &mut Mirror,
    force: bool,
    assumptions: &Assumptions,
) -> Result<(), String> {
    // A source that nobody described holds what the mirror holds.
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
    let wanted = |name: &str| all || name == mirror.source.default_branch;
    for (name, commit) in mirror
        .source
        .refs
        .branches
        .iter()
        .filter(|(name, _)| wanted(name))
    {
        let ours = refs.branches.get(name);
        let diverged =
            ours.is_some_and(|ours| ours != commit) && ours != mirror.copied.branches.get(name);
        match assumptions.diverged_branches {
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
            .retain(|name, _| !wanted(name) || mirror.source.refs.branches.contains_key(name));
    }
    Ok(())
}

fn tags(refs: &mut Refs, mirror: &Mirror, force: bool, assumptions: &Assumptions) {
    let overwrite = force || assumptions.moved_tags == MovedTags::Overwrite;
    for (name, commit) in &mirror.source.refs.tags {
        if overwrite || !refs.tags.contains_key(name) {
            refs.tags.insert(name.clone(), commit.clone());
        }
    }
}

/// The assumptions that a run without force depends on.
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

    /// A mirror that was once like its source, where `main`, `old` and `v1` moved or went since;
    /// what a run makes of it.
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
    fn what_only_the_source_moved_is_moved_along() {
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
    fn without_force_it_depends() {
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
    fn only_the_default_branch_if_that_was_asked_for() {
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
