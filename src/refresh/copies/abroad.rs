//! Reads targets in regions that the chart declares nothing in: whether the places exist, and the
//! names of what was copied there, one list for each place. What no backfill needs is asked for
//! once, and not for long.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio::task::JoinSet;

use super::names::{Found, Names};
use crate::{
    address::Address,
    copies::Target,
    kind::Kind,
    plan::{backfill, copies::routes},
    refresh::{
        RefreshOptions, lacking,
        pages::{self, Reader},
        targets::{self, Own, Places, Visit},
    },
    state::Chart,
    transport::client::{CallError, Client},
    wire::{Request, Response},
};

/// What was seen in such regions.
#[derive(Debug, Default)]
pub(in crate::refresh) struct Seen {
    pub(in crate::refresh) targets: BTreeMap<Address, Target>,
    pub(super) names: Found,
    /// Copies that do not exist.
    pub(super) absent: Vec<Address>,
    pub(super) unread: BTreeMap<Address, String>,
}

impl Seen {
    fn append(&mut self, mut other: Seen) {
        self.targets.append(&mut other.targets);
        self.names.append(&mut other.names);
        self.absent.append(&mut other.absent);
        self.unread.append(&mut other.unread);
    }

    fn not_looked_at(places: Places, reason: &str) -> Seen {
        let mut seen = Seen::default();
        for (place, copies) in places {
            seen.targets
                .insert(place, Target::NotLookedAt(reason.into()));
            let copies = copies.into_iter();
            seen.unread
                .extend(copies.map(|copy| (copy, reason.to_owned())));
        }
        seen
    }
}

/// The reads of all such regions.
pub(in crate::refresh) struct Abroad {
    visits: JoinSet<Seen>,
    seen: Seen,
}

impl Abroad {
    /// Starts the reads.
    pub(in crate::refresh) fn begin(
        client: &Arc<Client>,
        part: &Chart,
        own: &Own<'_>,
        options: &RefreshOptions,
    ) -> Abroad {
        let mut abroad = Abroad {
            visits: JoinSet::new(),
            seen: Seen::default(),
        };
        let Some(endpoints) = &options.abroad else {
            return abroad;
        };
        let run = backfill::compared(part);
        let needed = routes(part).filter(|route| run.holds(route.rule));
        let needed: Arc<BTreeSet<Address>> = Arc::new(needed.map(|route| route.place).collect());
        for (region, places) in targets::places(part, own, false, options) {
            match endpoints.get(&region) {
                Some(Ok(())) => {
                    let (client, needed) = (client.clone(), needed.clone());
                    abroad
                        .visits
                        .spawn(async move { visit(&client, &region, places, &needed).await });
                }
                Some(Err(reason)) => abroad.seen.append(Seen::not_looked_at(places, reason)),
                None => abroad
                    .seen
                    .append(Seen::not_looked_at(places, "its region has no endpoint")),
            }
        }
        abroad
    }

    pub(in crate::refresh) async fn end(mut self) -> Seen {
        while let Some(ended) = self.visits.join_next().await {
            self.seen.append(crate::refresh::result(ended));
        }
        self.seen
    }
}

/// Looks at the places of a region, and lists the contents of those that exist.
async fn visit(
    client: &Arc<Client>,
    region: &Arc<str>,
    mut places: Places,
    needed: &BTreeSet<Address>,
) -> Seen {
    let all = places.keys().cloned().collect();
    let targets = Arc::new(Visit::new(client)).look(region, all).await;
    let mut seen = Seen::default();
    let mut lists = JoinSet::new();
    for (place, target) in &targets {
        let copies = places.remove(place).unwrap_or_default();
        match target {
            Target::There if copies.is_empty() => {}
            Target::There => {
                let (client, place) = (client.clone(), place.clone());
                let is_needed = needed.contains(&place);
                lists.spawn(async move { list(&client, &place, copies, is_needed).await });
            }
            Target::Missing => seen.absent.extend(copies),
            Target::NotLookedAt(reason) => {
                let copies = copies.into_iter();
                seen.unread
                    .extend(copies.map(|copy| (copy, reason.to_string())));
            }
        }
    }
    seen.targets = targets;
    while let Some(ended) = lists.join_next().await {
        seen.append(crate::refresh::result(ended));
    }
    seen
}

/// Reads the first page in one try, as places are looked at. The others are read as usual: the
/// list answers.
struct Brief<'c> {
    client: &'c Arc<Client>,
    visit: Visit,
    kind: &'static Kind,
}

impl Reader for Brief<'_> {
    async fn read(&mut self, request: &Request) -> Result<Response, CallError> {
        Ok(self.visit.ask(request, self.kind).await?)
    }

    fn client(&self) -> Option<&Arc<Client>> {
        Some(self.client)
    }
}

/// Lists what is in one place, and takes the names of what these contain.
async fn list(
    client: &Arc<Client>,
    place: &Address,
    copies: BTreeSet<Address>,
    is_needed: bool,
) -> Seen {
    let Some(inside) = place.kind().blocked_by() else {
        return Seen::default();
    };
    let names = Names::of(copies.clone());
    let kind = copies.first().map_or(place.kind(), Address::kind);
    let region = place.region();
    let list = pages::List {
        subject: format!("list of {place}"),
        page_size: Some(inside.contents.page_size),
        request: &|window| (inside.contents.request)(place, window),
        decode: &|response| {
            let page = (inside.contents.decode)(region, response)?.hidden(&response.mask);
            names.page(kind, region, response, &page.items);
            Ok(page)
        },
    };
    let mut seen = Seen::default();
    let listed = if is_needed {
        pages::read(&mut { client }, &list).await
    } else {
        let visit = Visit::new(client);
        pages::read(
            &mut Brief {
                client,
                visit,
                kind,
            },
            &list,
        )
        .await
    };
    match listed {
        Ok(listed) => {
            seen.names = names.take();
            let lacking = copies.into_iter().filter(|it| !seen.names.contains_key(it));
            let (pages, lacking) = (listed.pages, lacking.collect());
            let (uncertain, absent) = if pages > 1 {
                (lacking, Vec::new())
            } else {
                (Vec::new(), lacking)
            };
            seen.absent = absent;
            confirm(client, kind, region, uncertain, &mut seen).await;
        }
        Err(failure) => {
            let unread = copies.into_iter().map(|it| (it, failure.message.clone()));
            seen.unread.extend(unread);
        }
    }
    seen
}

/// Asks for copies that a list of several pages lacks.
pub(super) async fn confirm(
    client: &Arc<Client>,
    kind: &'static Kind,
    region: &Arc<str>,
    uncertain: Vec<Address>,
    seen: &mut Seen,
) {
    if uncertain.is_empty() {
        return;
    }
    for (copy, found) in lacking::confirm(client, kind, region, uncertain).await {
        match found {
            // Its names are in its own list.
            Ok(Some(_)) => drop(seen.names.insert(copy, None)),
            Ok(None) => seen.absent.push(copy),
            Err(failure) => drop(seen.unread.insert(copy, failure.message)),
        }
    }
}
