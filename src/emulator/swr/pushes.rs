//! Pushes and deletions of tags by another client, at the emulated time. No operation of the API
//! pushes: a registry does, and there is none here.

use super::copies;
use crate::emulator::{Emulator, state::Tag};

impl Emulator {
    /// Pushes tags to a repository, in this order, and so starts the jobs of its rules. False if
    /// the repository does not exist.
    ///
    /// A tag without a digest gets another one with each push, and a tag without a time is pushed
    /// now.
    pub fn push_tags(
        &self,
        region: &str,
        organization: &str,
        repository: &str,
        tags: impl IntoIterator<Item = Tag>,
    ) -> bool {
        let (now, settings) = (self.now(), self.settings.clone());
        let place = [region, organization, repository].map(str::to_owned);
        self.edit(|state| copies::push(state, &settings, now, &place, tags))
    }

    /// Deletes tags of a repository, and returns how many of them it had.
    pub fn delete_tags(
        &self,
        region: &str,
        organization: &str,
        repository: &str,
        names: &[&str],
    ) -> usize {
        self.edit(|state| {
            let found = state.repository_mut(region, organization, repository);
            let Some(repository) = found else { return 0 };
            let deleted = names.iter().filter(|name| repository.remove_tag(name));
            deleted.count()
        })
    }
}
