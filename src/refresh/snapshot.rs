//! Reads more than one plan needs: for a snapshot, from which later plans are made.

use std::{collections::BTreeMap, sync::Arc};

use super::{RefreshOptions, understood};
use crate::{
    address::Address,
    progress::Listener,
    state::{Chart, Live, ReadFailure, Unread},
    transport::client::Client,
};

/// What was read for a chart, and what could not be.
#[derive(Debug, Default)]
pub struct Understood {
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
) -> Understood {
    let options = RefreshOptions {
        goes_on: true,
        ..options.clone()
    };
    understood(client, chart, chart, &options, listener).await
}
