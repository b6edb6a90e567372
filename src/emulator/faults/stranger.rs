//! The edits of another client, each described in one line.
//!
//! An edit does not use the API, so it is never refused: the edit of a missing object does nothing.

use std::{fmt, str::FromStr};

use jiff::Timestamp;

use crate::emulator::{
    settings::Settings,
    state::{Repository, State, SyncRule, Tag, regions},
    swr::copies,
};

/// One edit of another client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    verb: Verb,
    subject: Subject,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    CreateOrganization,
    DeleteOrganization,
    CreateRepository,
    DeleteRepository,
    ToggleRepository,
    PushImage,
    PushTag,
    DeleteTag,
    CreateRule,
    DeleteRule,
    ToggleRule,
}

/// The name of a verb, the verb, and the depth of its address: 1 an organization, 2 a repository,
/// 3 a rule, 4 a tag, 5 a tag with or without a digest.
const VERBS: [(&str, Verb, u8); 11] = [
    ("create-organization", Verb::CreateOrganization, 1),
    ("delete-organization", Verb::DeleteOrganization, 1),
    ("create-repository", Verb::CreateRepository, 2),
    ("delete-repository", Verb::DeleteRepository, 2),
    ("toggle-repository", Verb::ToggleRepository, 2),
    ("push-image", Verb::PushImage, 2),
    ("create-rule", Verb::CreateRule, 3),
    ("delete-rule", Verb::DeleteRule, 3),
    ("toggle-rule", Verb::ToggleRule, 3),
    ("delete-tag", Verb::DeleteTag, 4),
    ("push-tag", Verb::PushTag, 5),
];

/// The object of an edit. The names that its address does not have are empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Subject {
    region: String,
    organization: String,
    repository: String,
    target: (String, String),
    tag: String,
    digest: String,
}

impl Edit {
    /// Makes the edit. A new object has the id 0, which is filled in later.
    pub(in super::super) fn apply(&self, state: &mut State, settings: &Settings, now: Timestamp) {
        let Subject {
            region,
            organization,
            repository,
            target,
            tag,
            digest,
        } = &self.subject;
        match self.verb {
            Verb::PushImage | Verb::PushTag => {
                let found = state.repository(region, organization, repository);
                let Some(next) = found.map(Repository::next_name) else {
                    return;
                };
                let tag = Tag {
                    digest: digest.clone(),
                    ..Tag::named(if tag.is_empty() { &next } else { tag })
                };
                let place = [region, organization, repository].map(Clone::clone);
                copies::push(state, settings, now, &place, [tag]);
            }
            // `ensure` leaves an object that exists as it is.
            Verb::CreateOrganization => {
                state.ensure_organization(region, organization);
            }
            Verb::CreateRepository => {
                state.ensure_repository(region, organization, repository);
            }
            Verb::DeleteOrganization => {
                if let Some(region) = state.regions.get_mut(region) {
                    region.organizations.remove(organization);
                }
            }
            Verb::DeleteRepository => {
                if let Some(organization) = state.organization_mut(region, organization) {
                    organization.repositories.remove(repository);
                }
            }
            verb => {
                let found = state.repository_mut(region, organization, repository);
                let Some(repository) = found else {
                    return;
                };
                let rules = &mut repository.sync_rules;
                let position = rules
                    .iter()
                    .position(|rule| rule.is_to(&target.0, &target.1));
                match (verb, position) {
                    (Verb::ToggleRepository, _) => repository.is_public = !repository.is_public,
                    (Verb::DeleteTag, _) => drop(repository.remove_tag(tag)),
                    (Verb::CreateRule, None) => rules.push(SyncRule::to(&target.0, &target.1)),
                    (Verb::DeleteRule, Some(at)) => drop(rules.remove(at)),
                    (Verb::ToggleRule, Some(at)) => rules[at].overrides = !rules[at].overrides,
                    _ => {}
                }
            }
        }
    }

    /// The forms of all edits, for the help and for errors.
    pub(in super::super) fn forms() -> [String; 5] {
        let addresses = [
            "REGION/ORGANIZATION",
            "REGION/ORGANIZATION/REPOSITORY",
            "REGION/ORGANIZATION/REPOSITORY -> REGION/ORGANIZATION",
            "REGION/ORGANIZATION/REPOSITORY:TAG",
            "REGION/ORGANIZATION/REPOSITORY:TAG[@DIGEST]",
        ];
        [1, 2, 3, 4, 5].map(|depth| {
            let names: Vec<&str> = VERBS
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

    /// Reads `VERB ADDRESS`, such as `delete-repository cn-north-4/team-a/web/front`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is not an edit; expected {}",
                Self::forms().join("; ")
            )
        };
        let (name, address) = text.split_once(' ').ok_or_else(wrong)?;
        let (_, verb, depth) = VERBS
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
                return Err(format!(
                    "unknown region `{region}`; expected an id such as `cn-north-4`"
                ));
            }
        }
        Ok(Self { verb, subject })
    }
}

impl Subject {
    fn read(address: &str, depth: u8) -> Option<Self> {
        // A tag is in a repository: the address of one is in front of the colon.
        let (address, tag, depth) = match depth {
            4 | 5 => {
                let (address, tag) = address.split_once(':')?;
                let (tag, digest) = tag.split_once('@').unwrap_or((tag, ""));
                if tag.is_empty() || depth == 4 && !digest.is_empty() {
                    return None;
                }
                (address, (tag, digest), 2)
            }
            _ => (address, ("", ""), depth),
        };
        let (object, target) = match address.split_once(" -> ") {
            Some((object, target)) => (object, Some(target.split_once('/')?)),
            None => (address, None),
        };
        let (region, rest) = object.split_once('/')?;
        let (organization, repository) = match rest.split_once('/') {
            Some((organization, repository)) => (organization, Some(repository)),
            None => (rest, None),
        };
        let found = 1 + u8::from(repository.is_some()) + u8::from(target.is_some());
        let parts = [
            Some(region),
            Some(organization),
            repository,
            target.map(|target| target.0),
            target.map(|target| target.1),
        ];
        let complete = parts.into_iter().flatten().all(|part| !part.is_empty());
        let (remote_region, remote) = target.unwrap_or_default();
        (found == depth && complete).then(|| Self {
            region: region.to_owned(),
            organization: organization.to_owned(),
            repository: repository.unwrap_or_default().to_owned(),
            target: (remote_region.to_owned(), remote.to_owned()),
            tag: tag.0.to_owned(),
            digest: tag.1.to_owned(),
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
            tag,
            digest,
        } = &self.subject;
        // Every verb is in the table, so the fallback is not used.
        let (name, ..) = VERBS
            .iter()
            .find(|(_, verb, _)| *verb == self.verb)
            .unwrap_or(&VERBS[0]);
        write!(f, "{name} {region}/{organization}")?;
        if !repository.is_empty() {
            write!(f, "/{repository}")?;
        }
        if !target.0.is_empty() {
            write!(f, " -> {}/{}", target.0, target.1)?;
        }
        for (mark, text) in [(':', tag), ('@', digest)] {
            if !text.is_empty() {
                write!(f, "{mark}{text}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        let mut state = State::new("acme");
        let web = state.ensure_repository("cn-north-4", "team-a", "web/front");
        web.sync_rules.push(SyncRule::to("cn-east-3", "dr"));
        state.fill_in();
        state
    }

    fn after(edit: &str) -> State {
        let (mut state, edit) = (state(), edit.parse::<Edit>().unwrap());
        edit.apply(&mut state, &Settings::default(), Timestamp::UNIX_EPOCH);
        state.fill_in();
        state
    }

    #[test]
    fn each_edit_changes_one_object() {
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
        let tags = |edit| {
            let repository = web(&after(edit)).unwrap();
            let tags = repository.tags.iter();
            tags.map(|tag| (tag.name.clone(), tag.digest.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            tags("push-tag cn-north-4/team-a/web/front:v1@sha256:0"),
            [("v1".to_owned(), "sha256:0".to_owned())]
        );
        assert_eq!(tags("delete-tag cn-north-4/team-a/web/front:old"), []);
        let toggled = web(&after(
            "toggle-rule cn-north-4/team-a/web/front -> cn-east-3/dr",
        ))
        .unwrap();
        assert!(toggled.sync_rules[0].overrides);
    }

    #[test]
    fn an_edit_of_a_missing_object_does_nothing() {
        for edit in [
            "delete-organization cn-north-4/other",
            "delete-organization cn-east-3/team-a",
            "delete-repository cn-north-4/team-a/other",
            "toggle-repository cn-north-4/other/web",
            "push-image cn-north-4/team-a/other",
            "push-tag cn-north-4/team-a/other:v1",
            "delete-tag cn-north-4/team-a/other:v1",
            "delete-tag cn-north-4/team-a/web/front:v1",
            "delete-rule cn-north-4/team-a/web/front -> cn-east-3/other",
            "toggle-rule cn-north-4/team-a/other -> cn-east-3/dr",
            "create-rule cn-north-4/team-a/web/front -> cn-east-3/dr",
            "create-organization cn-north-4/team-a",
        ] {
            assert_eq!(after(edit), state(), "{edit}");
        }
    }

    #[test]
    fn a_written_edit_is_read_back() {
        for (name, _, depth) in VERBS {
            let addresses = [
                "a/b",
                "a/b/c/d",
                "a/b/c -> cn-east-3/dr",
                "a/b/c/d:v1",
                "a/b/c/d:v1@sha256:0",
            ];
            let address = addresses[usize::from(depth) - 1];
            let text = format!("{name} {}", address.replacen('a', "cn-north-4", 1));
            assert_eq!(text.parse::<Edit>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "delete-repository",
            "delete-repository cn-north-4/team-a",
            "delete-organization cn-north-4/team-a/web",
            "delete-organization cn-north-4/",
            "delete-rule cn-north-4/team-a/web",
            "delete-rule cn-north-4/team-a/web -> cn-east-3",
            "toggle-organization cn-north-4/team-a",
            "push-tag cn-north-4/team-a/web",
            "push-tag cn-north-4/team-a/web:",
            "push-tag cn-north-4/team-a:v1",
            "push-tag cn-north-4/team-a/web -> cn-east-3/dr:v1",
            "delete-tag cn-north-4/team-a/web:v1@sha256:0",
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
                "unknown region `mars-1`; expected an id such as `cn-north-4`"
            );
        }
    }
}
