//! Somebody else's writes: what one of them does, described in a line.
//!
//! A stranger does not go through the API, so nothing is refused: an edit of what is not there does
//! nothing.

use std::{fmt, str::FromStr};

use crate::emulator::state::{State, SyncRule, regions};

/// One thing that a stranger does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    deed: Deed,
    subject: Subject,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    CreateOrganization,
    DeleteOrganization,
    CreateRepository,
    DeleteRepository,
    ToggleRepository,
    PushImage,
    CreateRule,
    DeleteRule,
    ToggleRule,
}

/// The name of a deed, the deed, and how many things its address names: 1 an organization, 2 a
/// repository, 3 a rule.
const DEEDS: [(&str, Deed, u8); 9] = [
    ("create-organization", Deed::CreateOrganization, 1),
    ("delete-organization", Deed::DeleteOrganization, 1),
    ("create-repository", Deed::CreateRepository, 2),
    ("delete-repository", Deed::DeleteRepository, 2),
    ("toggle-repository", Deed::ToggleRepository, 2),
    ("push-image", Deed::PushImage, 2),
    ("create-rule", Deed::CreateRule, 3),
    ("delete-rule", Deed::DeleteRule, 3),
    ("toggle-rule", Deed::ToggleRule, 3),
];

/// What it is done to; the names that an address does not have are empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Subject {
    region: String,
    organization: String,
    repository: String,
    target: (String, String),
}

impl Edit {
    /// What is new has no id yet.
    pub(in super::super) fn apply(&self, state: &mut State) {
        let Subject {
            region,
            organization,
            repository,
            target,
        } = &self.subject;
        match self.deed {
            Deed::CreateOrganization => {
                state.ensure_organization(region, organization);
            }
            Deed::CreateRepository => {
                state.ensure_repository(region, organization, repository);
            }
            Deed::DeleteOrganization => {
                if let Some(region) = state.regions.get_mut(region) {
                    region.organizations.remove(organization);
                }
            }
            Deed::DeleteRepository => {
                if let Some(organization) = state.organization_mut(region, organization) {
                    organization.repositories.remove(repository);
                }
            }
            deed => {
                let content = state.organization_mut(region, organization);
                let Some(repository) =
                    content.and_then(|content| content.repositories.get_mut(repository))
                else {
                    return;
                };
                let rules = &mut repository.sync_rules;
                let known = rules
                    .iter()
                    .position(|rule| rule.is_to(&target.0, &target.1));
                match (deed, known) {
                    (Deed::ToggleRepository, _) => repository.is_public = !repository.is_public,
                    (Deed::PushImage, _) => repository.num_images += 1,
                    (Deed::CreateRule, None) => rules.push(SyncRule::to(&target.0, &target.1)),
                    (Deed::DeleteRule, Some(at)) => drop(rules.remove(at)),
                    (Deed::ToggleRule, Some(at)) => rules[at].overrides = !rules[at].overrides,
                    _ => {}
                }
            }
        }
    }

    /// What can be done, and how it is written.
    pub(in super::super) fn forms() -> [String; 3] {
        let addresses = [
            "REGION/ORGANIZATION",
            "REGION/ORGANIZATION/REPOSITORY",
            "REGION/ORGANIZATION/REPOSITORY -> REGION/ORGANIZATION",
        ];
        [1, 2, 3].map(|depth| {
            let names: Vec<&str> = DEEDS
                .iter()
                .filter(|(.., of)| *of == depth)
                .map(|(name, ..)| *name)
                .collect();
            format!("{} {}", names.join("|"), addresses[usize::from(depth) - 1])
        })
    }
}

impl FromStr for Edit {
    type Err = String;

    /// Reads `DEED ADDRESS`, such as `delete-repository cn-north-4/team-a/web/front`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is nothing a stranger does; expected {}",
                Self::forms().join("; ")
            )
        };
        let (name, address) = text.split_once(' ').ok_or_else(wrong)?;
        let (_, deed, depth) = DEEDS
            .into_iter()
            .find(|(known, ..)| *known == name)
            .ok_or_else(wrong)?;
        let subject = Subject::read(address.trim(), depth).ok_or_else(wrong)?;
        for region in [
            Some(&subject.region),
            (depth == 3).then_some(&subject.target.0),
        ]
        .into_iter()
        .flatten()
        {
            if !regions::exists(region) {
                return Err(format!("the emulator knows no region `{region}`"));
            }
        }
        Ok(Self { deed, subject })
    }
}

impl Subject {
    fn read(address: &str, depth: u8) -> Option<Self> {
        let (object, target) = match address.split_once(" -> ") {
            Some((object, target)) => (object, Some(target.split_once('/')?)),
            None => (address, None),
        };
        let (region, rest) = object.split_once('/')?;
        let (organization, repository) = match rest.split_once('/') {
            Some((organization, repository)) => (organization, Some(repository)),
            None => (rest, None),
        };
        let named = 1 + u8::from(repository.is_some()) + u8::from(target.is_some());
        let parts = [
            Some(region),
            Some(organization),
            repository,
            target.map(|both| both.0),
            target.map(|both| both.1),
        ];
        let complete = parts.into_iter().flatten().all(|part| !part.is_empty());
        let (remote_region, remote) = target.unwrap_or_default();
        (named == depth && complete).then(|| Self {
            region: region.to_owned(),
            organization: organization.to_owned(),
            repository: repository.unwrap_or_default().to_owned(),
            target: (remote_region.to_owned(), remote.to_owned()),
        })
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Subject {
            region,
            organization,
            repository,
            target,
        } = &self.subject;
        let (name, ..) = DEEDS
            .iter()
            .find(|(_, deed, _)| *deed == self.deed)
            .unwrap_or(&DEEDS[0]);
        write!(f, "{name} {region}/{organization}")?;
        if !repository.is_empty() {
            write!(f, "/{repository}")?;
        }
        if !target.0.is_empty() {
            write!(f, " -> {}/{}", target.0, target.1)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> State {
        let mut state = State::new("acme");
        let web = state.ensure_repository("cn-north-4", "team-a", "web/front");
        web.sync_rules.push(SyncRule::to("cn-east-3", "dr"));
        state.settle();
        state
    }

    fn after(edit: &str) -> State {
        let (mut state, edit) = (world(), edit.parse::<Edit>().unwrap());
        edit.apply(&mut state);
        state.settle();
        state
    }

    #[test]
    fn each_deed_changes_one_thing() {
        let web = |state: &State| {
            state
                .repository("cn-north-4", "team-a", "web/front")
                .cloned()
        };
        assert!(
            after("create-organization cn-north-4/theirs")
                .organization("cn-north-4", "theirs")
                .unwrap()
                .id
                > 0
        );
        assert!(
            after("delete-organization cn-north-4/team-a")
                .organization("cn-north-4", "team-a")
                .is_none()
        );
        assert!(
            after("create-repository cn-north-4/team-a/a/b")
                .repository("cn-north-4", "team-a", "a/b")
                .is_some()
        );
        assert_eq!(
            web(&after("delete-repository cn-north-4/team-a/web/front")),
            None
        );
        assert!(
            web(&after("toggle-repository cn-north-4/team-a/web/front"))
                .unwrap()
                .is_public
        );
        assert_eq!(
            web(&after("push-image cn-north-4/team-a/web/front"))
                .unwrap()
                .num_images,
            1
        );
        assert_eq!(
            web(&after(
                "create-rule cn-north-4/team-a/web/front -> cn-east-3/b"
            ))
            .unwrap()
            .sync_rules
            .len(),
            2
        );
        assert_eq!(
            web(&after(
                "delete-rule cn-north-4/team-a/web/front -> cn-east-3/dr"
            ))
            .unwrap()
            .sync_rules,
            []
        );
        let toggled = web(&after(
            "toggle-rule cn-north-4/team-a/web/front -> cn-east-3/dr",
        ))
        .unwrap();
        assert!(toggled.sync_rules[0].overrides);
    }

    #[test]
    fn what_is_not_there_is_left_alone() {
        for edit in [
            "delete-organization cn-north-4/other",
            "delete-organization cn-east-3/team-a",
            "delete-repository cn-north-4/team-a/other",
            "toggle-repository cn-north-4/other/web",
            "push-image cn-north-4/team-a/other",
            "delete-rule cn-north-4/team-a/web/front -> cn-east-3/other",
            "toggle-rule cn-north-4/team-a/other -> cn-east-3/dr",
            "create-rule cn-north-4/team-a/web/front -> cn-east-3/dr",
            "create-organization cn-north-4/team-a",
        ] {
            assert_eq!(after(edit), world(), "{edit}");
        }
    }

    #[test]
    fn an_edit_is_shown_as_it_is_written() {
        for (name, _, depth) in DEEDS {
            let address = ["a/b", "a/b/c/d", "a/b/c -> cn-east-3/dr"][usize::from(depth) - 1];
            let text = format!("{name} {}", address.replacen('a', "cn-north-4", 1));
            assert_eq!(text.parse::<Edit>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_lines_are_refused() {
        for text in [
            "",
            "delete-repository",
            "delete-repository cn-north-4/team-a",
            "delete-organization cn-north-4/team-a/web",
            "delete-organization cn-north-4/",
            "delete-rule cn-north-4/team-a/web",
            "delete-rule cn-north-4/team-a/web -> cn-east-3",
            "toggle-organization cn-north-4/team-a",
        ] {
            let error = text.parse::<Edit>().unwrap_err();
            assert!(
                error.contains("push-image REGION/ORGANIZATION/REPOSITORY"),
                "{error}"
            );
        }
        for text in [
            "create-organization mars-1/a",
            "create-rule cn-north-4/a/b -> mars-1/a",
        ] {
            assert_eq!(
                text.parse::<Edit>().unwrap_err(),
                "the emulator knows no region `mars-1`"
            );
        }
    }
}
