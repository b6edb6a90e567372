//! The lists of all regions that matter to a chart: which are read, and what of them is kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio::task::JoinSet;

use super::{
    Listed, RefreshOptions, by_id, children::Watch, copies::Names, holders, list_whole, lives_in,
    misread,
};
use crate::{
    address::{Address, Ascending},
    kind::{Kind, Listing, REGISTRY},
    state::{Chart, Live, ReadFailure},
    transport::client::Client,
    wire::Service,
};

/// A list of a region, or why it could not be read.
pub(super) type Answer = (&'static Kind, Result<Listed, ReadFailure>, Arc<str>);

/// Which lists are read.
pub(super) struct Lists<'a> {
    client: &'a Arc<Client>,
    chart: &'a Chart,
    part: Arc<Chart>,
    options: &'a RefreshOptions,
    /// The children that are listed if their parent is live.
    wanted: &'a BTreeSet<(Address, &'static Kind)>,
    /// Of the whole chart and not of the part: only the lists show what no file names.
    pub(super) declared: BTreeSet<(Service, &'a Arc<str>)>,
}

/// What the lists had.
#[derive(Default)]
pub(super) struct Found {
    pub(super) live: Live,
    /// Undecodable items that matter to the chart.
    pub(super) malformed: BTreeMap<Address, ReadFailure>,
    /// The lists of several pages.
    pub(super) several: Vec<(&'static Kind, Arc<str>)>,
    /// The lists that changed while they were read.
    pub(super) moved: Vec<(&'static Kind, Arc<str>)>,
}

impl<'a> Lists<'a> {
    pub(super) fn new(
        client: &'a Arc<Client>,
        chart: &'a Chart,
        part: Arc<Chart>,
        options: &'a RefreshOptions,
        wanted: &'a BTreeSet<(Address, &'static Kind)>,
    ) -> Lists<'a> {
        let declared = chart
            .resources
            .keys()
            .map(|address| (address.kind().service, address.region()))
            .collect();
        Lists {
            client,
            chart,
            part,
            options,
            wanted,
            declared,
        }
    }

    /// Starts the reads: lists, and what is read by id.
    pub(super) fn begin(
        &self,
        watch: Watch,
        names: &Arc<Names>,
    ) -> (JoinSet<Answer>, JoinSet<Live>) {
        let (mut lists, mut ids) = (JoinSet::new(), JoinSet::new());
        for (kind, region) in self.places() {
            let (client, part) = (self.client.clone(), self.part.clone());
            match kind.listing {
                Listing::PerRegion { .. } => {
                    let (watch, names) = (watch.clone(), names.clone());
                    lists.spawn(async move {
                        let seen = Some((&watch, &*names));
                        let listed = list_whole(&client, kind, &region, seen).await;
                        (kind, listed, region)
                    });
                }
                Listing::PerId { .. } => {
                    // Dropping the handle does not cancel the task; the set still collects its
                    // result.
                    drop(
                        ids.spawn(async move { by_id::read(&client, kind, &part, &region).await }),
                    );
                }
                Listing::PerListedParent { ref parents, .. } if self.has_child(kind, &region) => {
                    let watch = watch.clone();
                    lists.spawn(async move {
                        let listed = holders::list(&client, kind, parents, &region, &watch).await;
                        (kind, listed, region)
                    });
                }
                Listing::PerParent { .. } | Listing::PerListedParent { .. } | Listing::Single => {}
            }
        }
        (lists, ids)
    }

    /// The kinds that may be listed, with their regions.
    fn places(&self) -> impl Iterator<Item = (&'static Kind, Arc<str>)> {
        self.chart
            .places()
            .into_iter()
            .flat_map(|(service, region)| {
                // Where nothing is declared, only the organizations themselves matter.
                let is_declared = self.declared.contains(&(service, &region));
                let matters = move |kind: &&Kind| {
                    kind.service == service && (is_declared || kind.parent.is_none())
                };
                let kinds = REGISTRY.iter().copied().filter(matters);
                kinds.map(move |kind| (kind, region.clone()))
            })
    }

    fn has_child(&self, kind: &'static Kind, region: &Arc<str>) -> bool {
        let mut all = self.wanted.iter();
        self.options.include.contains(kind)
            || all.any(|(parent, of)| *of == kind && parent.region() == region)
    }

    /// Keeps what matters of one list.
    pub(super) fn take(&self, (kind, listed, region): Answer, found: &mut Found) {
        let listed = match listed {
            Ok(listed) => listed,
            Err(failure) => return found.live.failures.push(failure),
        };
        let live = &mut found.live;
        live.reads.lists.insert((kind, region.clone()));
        if kind.parents().is_some() {
            let holders = live.holders.entry(kind).or_default();
            // Pages are read at different times, so what they lack is asked for all the same.
            let lacking = self.wanted.iter().filter(|(parent, of)| {
                listed.pages > 1 && *of == kind && *parent.region() == region
            });
            holders.extend(lacking.map(|(parent, _)| parent.clone()));
            return holders.extend(listed.items.into_iter().map(|(parent, _)| parent));
        }
        live.reads.at = live.reads.at.max(listed.at);
        if listed.pages > 1 {
            found.several.push((kind, region.clone()));
        }
        if listed.readings > 1 {
            found.moved.push((kind, region.clone()));
        }
        live.accounts
            .extend(listed.account.map(|account| (region, account)));
        let mut named = Ascending::new(&self.chart.resources);
        let mut well = Vec::new();
        for (address, item) in listed.items {
            match misread(&address, &item) {
                // First, so that an undecodable object outside the chart does not fail the plan.
                _ if !(named.holds(&address) || lives_in(self.chart, &address)) => {}
                Some(failure) => drop(found.malformed.insert(address, failure)),
                None => well.push((address, item)),
            }
        }
        // Both are sorted: appending is linear, single insertions are not.
        live.resources.append(&mut well.into_iter().collect());
    }
}
