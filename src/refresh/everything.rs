//! Reads more than one plan needs: for an export, and for a snapshot that later plans use.

use std::{collections::BTreeMap, sync::Arc};

use super::{RefreshOptions, children::Children, understood};
use crate::{
    address::Address,
    kind::Kind,
    progress::{Listener, Stage, Tally},
    state::{Chart, Live, ReadFailure, Unread},
    transport::client::Client,
};

/// Everything in the chart's organizations.
#[derive(Debug, Default)]
pub struct Everything {
    pub live: Live,
    /// Listed objects whose children could not be read.
    pub unread: Vec<Unread>,
    /// Undecodable list items.
    pub malformed: BTreeMap<Address, ReadFailure>,
}

/// Reads what a plan of this chart needs, and what the options ask for, for a snapshot.
pub async fn read_for_snapshot(
    client: &Arc<Client>,
    chart: &Chart,
    options: &RefreshOptions,
    listener: &dyn Listener,
) -> Everything {
    let options = RefreshOptions {
        goes_on: true,
        ..options.clone()
    };
    understood(client, chart, chart, &options, listener).await
}

/// Reads the chart's organizations with everything in them, managed or not.
pub(crate) async fn read_all(
    client: &Arc<Client>,
    chart: &Chart,
    listener: &dyn Listener,
) -> Everything {
    let options = RefreshOptions::default();
    let mut all = understood(client, chart, chart, &options, listener).await;
    let reads = all.live.resources.keys().flat_map(reads_in).collect();
    let tally = Tally::new(listener, Stage::Reading);
    all.unread = Children::new(client)
        .finish(reads, &[], &mut all.live, &tally)
        .await;
    all
}

/// Every read of children of a resource that a chart made from the live state has.
fn reads_in(parent: &Address) -> impl Iterator<Item = (Address, &'static Kind)> + use<> {
    let parent = parent.clone();
    parent
        .kind()
        .read_per_parent()
        .filter(|kind| kind.is_exported())
        .map(move |kind| (parent.clone(), kind))
}
