//! Stops a saved plan that would take away its own caller's permission.

use std::collections::BTreeSet;

use tokio::task::JoinSet;

use super::door::Door;
use crate::{
    plan::{Plan, persons},
    refresh,
};

/// Reads each list that the plan would take a permission from. What the caller may do is known only
/// to the service, so a plan of another user does not contain it.
pub(super) async fn check_saved(plan: &mut Plan, door: &Door) -> anyhow::Result<()> {
    let losses = plan.runnable().filter(|change| persons::is_loss(change));
    let lists: BTreeSet<_> = losses
        .filter_map(|change| Some((change.address.parent()?, change.address.kind())))
        .collect();
    let mut reads = JoinSet::new();
    for (parent, kind) in lists {
        let client = door.client.clone();
        reads.spawn(async move { refresh::list_children_if_there(&client, &parent, kind).await });
    }
    let mut own = BTreeSet::new();
    for found in reads.join_all().await {
        let found = found.map_err(|failure| {
            anyhow::anyhow!("cannot read the {}: {}", failure.subject, failure.message)
        })?;
        let found = found.iter().map(|(address, live)| (address, live));
        own.extend(persons::of_caller(found));
    }
    let stops = persons::locks_out(plan, &own);
    plan.stopped.extend(stops);
    Ok(())
}
