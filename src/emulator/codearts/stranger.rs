//! What others do to a mirror behind the API's back, at the emulated time: they run it, and they
//! push to it.

use thiserror::Error;

use super::runs::{Order, Started};
use crate::emulator::{Emulator, settings::assumptions::PushToScheduled};

/// Why a push did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Rejected {
    /// There is no such repository.
    #[error("repository not found")]
    NotFound,
    /// It is run by a schedule.
    #[error("the repository is a scheduled mirror and cannot be pushed to")]
    ReadOnly,
}

impl Emulator {
    /// Runs a mirror as a stranger would. None if that was refused, or there is no such mirror.
    pub fn start_run(&self, region: &str, project: &str, path: &str) -> Option<String> {
        let (now, settings) = (self.now(), self.settings.clone());
        self.edit(|state| {
            let jid = state.next_jid();
            state.use_jid();
            let repository = state.git_repository_mut(region, project, path)?;
            repository.mirror.as_ref()?;
            let order = Order {
                jid,
                authenticated: true,
                ..Order::default()
            };
            match repository.start(order, now, &settings) {
                Started::Run(jid) | Started::Nothing(jid) => Some(jid),
                Started::Conflict => None,
            }
        })
    }

    /// Pushes a commit to a branch as a stranger would.
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
