//! What a command knows and must not show.

use std::sync::Arc;

use super::logins;
use crate::{
    cli::Global,
    mask::Mask,
    state::{Chart, LoginSource},
    transport::credentials::{self, Surroundings},
    wire::secret::Secret,
};

/// The secrets that this command may sign with. No mirror's git server may get them.
pub(super) fn own(global: &Global) -> Mask {
    // Nothing is signed for the emulator, so no key can be meant for it.
    match global.emulator {
        Some(_) => Mask::default(),
        None => Mask::new(of_cloud()),
    }
}

/// Every secret that this command knows, with the logins of mirrors.
pub(super) fn mask<'s>(logins: impl Iterator<Item = &'s LoginSource>) -> Arc<Mask> {
    Arc::new(Mask::new(of_cloud().chain(logins::known(logins))))
}

/// Every secret that a command with this chart knows.
pub(super) fn mask_of(chart: &Chart) -> Arc<Mask> {
    let terms = chart.terms.values();
    mask(terms.filter_map(|terms| terms.credentials.as_ref()))
}

fn of_cloud() -> impl Iterator<Item = Secret> {
    let secrets = with_surroundings(credentials::secrets);
    secrets.into_iter().map(Secret::from)
}

/// Looks at the variables and files of this machine.
pub(super) fn with_surroundings<T>(look: impl FnOnce(&Surroundings<'_>) -> T) -> T {
    look(&Surroundings {
        variable: &|name| std::env::var(name).ok(),
        file: &credentials::files::read,
    })
}
