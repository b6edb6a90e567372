//! Reads all that is live in some organizations, managed or not, for a chart of it.
//!
//! A list that cannot be read is reported. The rest is exported all the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter::successors,
    sync::Arc,
};

use super::{
    RefreshOptions, Understood,
    by_id::{self, Named},
    children::{Children, Watch},
    holders, understood,
};
use crate::{
    address::Address,
    diagnostics::Source,
    kind::{self, Kind, Listing, REGISTRY},
    progress::{Listener, Stage, Tally},
    state::{
        Attributes, Chart, Children as Lists, DesiredResource, Live, Presence, ReadFailure,
        RemoteId, Unread,
    },
    transport::client::Client,
    wire::Service,
};

/// What is read.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    pub regions: Vec<String>,
    /// These organizations in each region.
    pub organizations: Vec<String>,
    /// All organizations instead.
    pub all: bool,
    /// Also what is attached to objects that no organization contains.
    pub attached: bool,
}

/// Everything that was asked for.
#[derive(Debug, Default)]
pub struct Everything {
    pub live: Live,
    /// What each resource is in, or is itself: organizations, and what has no parent either.
    pub tops: BTreeSet<Address>,
    /// Names that several objects have, so that it is unknown which of them is meant.
    pub ambiguous: Vec<(Address, Vec<RemoteId>)>,
    /// Lists that could not be read.
    pub unread: Vec<Unread>,
    /// Undecodable list items.
    pub malformed: BTreeMap<Address, ReadFailure>,
}

impl Ask {
    /// The services that are asked, in each region.
    pub fn places(&self) -> BTreeSet<(Service, Arc<str>)> {
        let kinds = REGISTRY.iter().filter(|kind| match kind.lookup() {
            Some(_) => self.attached,
            None => self.all || !self.organizations.is_empty(),
        });
        let services: BTreeSet<Service> = kinds.map(|kind| kind.service).collect();
        let regions = self.regions.iter().map(|region| Arc::from(region.as_str()));
        regions
            .flat_map(|region: Arc<str>| services.iter().map(move |it| (*it, region.clone())))
            .collect()
    }

    /// The addresses that these names have in the regions.
    pub fn named(&self, organization: &str) -> Vec<Address> {
        let regions = self.regions.iter();
        regions
            .map(|region| kind::first().address([region, organization]))
            .collect()
    }
}

/// Reads what is asked for, as far as it is of these kinds or is in a list of its region.
pub async fn read(
    client: &Arc<Client>,
    ask: &Ask,
    kinds: &[&'static Kind],
    listener: &dyn Listener,
) -> Everything {
    let mut everything = Everything::default();
    let names = ask.organizations.iter();
    everything.tops = names.flat_map(|name| ask.named(name)).collect();
    for region in &ask.regions {
        let found = find(client, &Arc::from(region.as_str()), ask, &mut everything).await;
        everything.live.failures.extend(found.err());
    }
    if everything.live.failures.is_empty() {
        read_tops(client, kinds, listener, &mut everything).await;
    }
    everything
}

/// Finds the organizations of a region, and what has no parent either.
async fn find(
    client: &Arc<Client>,
    region: &Arc<str>,
    ask: &Ask,
    everything: &mut Everything,
) -> Result<(), ReadFailure> {
    for kind in REGISTRY.iter().filter(|kind| kind.parent.is_none()) {
        match kind.listing {
            Listing::PerRegion { .. } if ask.all => {
                let listed = super::list_region(client, kind, region).await?;
                let tops = listed.items.into_iter().map(|(address, _)| address);
                everything.tops.extend(tops);
            }
            Listing::PerId { .. } if ask.attached => {
                let named: Named = by_id::candidates(client, kind, region).await?;
                for (address, ids) in named {
                    match ids[..] {
                        [_] => drop(everything.tops.insert(address)),
                        _ => everything.ambiguous.push((address, ids)),
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The reader takes a chart, so everything is declared in one.
fn declared(tops: &BTreeSet<Address>) -> Chart {
    let mut chart = Chart::default();
    for address in tops {
        let source = Source {
            file: "command line".into(),
            line: 1,
            column: 1,
        };
        let presence = Presence::Present(Attributes::new().into());
        let desired = DesiredResource {
            presence,
            source,
            children: Lists::default(),
        };
        chart.resources.insert(address.clone(), desired);
    }
    chart
}

async fn read_tops(
    client: &Arc<Client>,
    kinds: &[&'static Kind],
    listener: &dyn Listener,
    everything: &mut Everything,
) {
    let (chart, options) = (declared(&everything.tops), RefreshOptions::default());
    let Understood {
        mut live,
        mut malformed,
        ..
    } = understood(client, &chart, &chart, &options, listener).await;
    // Lists of regions also have resources beside those that were asked for.
    let is_asked = |address: &Address| {
        let mut above = successors(Some(address.clone()), Address::parent);
        above.any(|it| everything.tops.contains(&it))
    };
    live.resources.retain(|address, _| is_asked(address));
    malformed.retain(|address, _| is_asked(address));
    let tally = Tally::new(listener, Stage::Reading);
    let mut reads: Vec<(Address, &'static Kind)> = Vec::new();
    for kind in kinds {
        let parents = live.resources.keys();
        let parents = parents.filter(|parent| kind.parent == Some(parent.kind()));
        let parents: Vec<Address> = parents.cloned().collect();
        let parents = match holding(client, kind, parents).await {
            Ok(parents) => parents,
            Err(failure) => {
                live.failures.push(failure);
                continue;
            }
        };
        reads.extend(parents.into_iter().map(|parent| (parent, *kind)));
    }
    everything.malformed = malformed;
    if live.failures.is_empty() {
        let children = Children::new(client);
        everything.unread = children.finish(reads, &[], &mut live, &tally).await;
        leave_doubtful(&mut live, &mut everything.unread);
    }
    everything.live = live;
}

/// The parents that may have children of a kind: all, or those in a list of their region.
async fn holding(
    client: &Arc<Client>,
    kind: &'static Kind,
    mut all: Vec<Address>,
) -> Result<Vec<Address>, ReadFailure> {
    let Some(parents) = kind.parents() else {
        return Ok(all);
    };
    let regions: BTreeSet<Arc<str>> = all.iter().map(|it| it.region().clone()).collect();
    for region in regions {
        let (watch, _) = Watch::new(BTreeSet::new());
        let listed = holders::list(client, kind, parents, &region, &watch).await?;
        // Pages are read at different times, so what they lack is asked for all the same.
        if listed.pages > 1 {
            continue;
        }
        let named: BTreeSet<Address> = listed.items.into_iter().map(|(it, _)| it).collect();
        all.retain(|parent| *parent.region() != region || named.contains(parent));
    }
    Ok(all)
}

/// Takes out the lists that may be incomplete: with a part of one, a chart would delete the rest.
fn leave_doubtful(live: &mut Live, unread: &mut Vec<Unread>) {
    for (parent, kind) in holders::doubtful(live) {
        live.resources.retain(|address, _| {
            address.kind() != kind || address.parent().as_ref() != Some(&parent)
        });
        let failure = ReadFailure {
            subject: super::subject_of(kind, &parent),
            message: "the response is so long that it may be incomplete".to_owned(),
            hint: None,
        };
        unread.push(Unread {
            parent,
            kind,
            failure,
        });
    }
}
