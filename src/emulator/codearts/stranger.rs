//! Changes of a mirror by another client, at the emulated time: a run, and a push.

use thiserror::Error;

use super::runs::{Order, Started};
use crate::emulator::{Emulator, settings::assumptions::PushToScheduled};

/// Why a push was rejected.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Rejected {
    /// The repository does not exist.
    #[error("repository not found")]
    NotFound,
    /// The repository is a scheduled mirror.
    #[error("the repository is a scheduled mirror and cannot be pushed to")]
    ReadOnly,
}

impl Emulator {
    /// Runs a mirror as another client would. None if the run was refused or the mirror does not
    /// exist.
    pub fn start_run(&self, region: &str, project: &str, path: &str) -> Option<String> {
        let (now, settings) = (self.now(), self.settings.clone());
        self.edit(|state| {
            let jid = state.next_jid();
            state.use_jid();
            let repository = state.git_repository_mut(region, project, path)?;
            repository.mirror.as_ref()?;
            let order = Order {
                jid,
                // Another client has its own credentials for the source.
                authenticated: true,
                ..Order::default()
            };
            match repository.start(order, now, &settings) {
                Started::Run(jid) | Started::Existing(jid) => Some(jid),
                Started::Conflict => None,
            }
        })
    }

    /// Pushes a commit to a branch as another client would.
    pub fn push(
        &self,
        region: &str,
        project: &str,
        path: &str,
        branch: &str,
        commit: &str,
    ) -> Result<(), Rejected> {
        let read_only = self.settings.assumptions.push_to_scheduled == PushToScheduled::Refuse;
        self.edit(|state| {
            let repository = state
                .git_repository_mut(region, project, path)
                .ok_or(Rejected::NotFound)?;
            if read_only
                && repository
                    .mirror
                    .as_ref()
                    .is_some_and(|mirror| mirror.scheduled)
            {
                return Err(Rejected::ReadOnly);
            }
            repository
                .refs
                .branches
                .insert(branch.to_owned(), commit.to_owned());
            Ok(())
        })
    }
}
