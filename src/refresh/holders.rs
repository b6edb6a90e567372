//! Reads which resources of a region have children of a kind, so that only these are asked for
//! them; and looks for declared children that a response of the longest length may lack.

use std::{collections::BTreeMap, sync::Arc};

use super::{children::Watch, lacking, pages};
use crate::{
    address::Address,
    kind::{Kind, Parents},
    progress::Tally,
    state::{Chart, Live, ReadFailure},
    transport::client::Client,
};

/// How many children are read one by one at a time.
const AT_A_TIME: usize = 100;

/// The resources of a region that have children of the kind.
pub(super) async fn list(
    client: &Arc<Client>,
    kind: &'static Kind,
    parents: &Parents,
    region: &Arc<str>,
    watch: &Watch,
) -> Result<pages::Listed, ReadFailure> {
    let list = pages::List {
        subject: format!("list of what has a {} in {region}", kind.name),
        page_size: Some(parents.page_size),
        request: &|window| (parents.request)(region, window),
        decode: &|response| {
            let page = (parents.decode)(region, response)?;
            watch.holders(kind, &page.items);
            Ok(page)
        },
    };
    pages::read(&mut { client }, &list).await
}

/// The parents whose response may be incomplete, with their kind of children.
pub(crate) fn doubtful(live: &Live) -> Vec<(Address, &'static Kind)> {
    let mut counts = BTreeMap::<(Address, &'static Kind), usize>::new();
    for address in live.resources.keys() {
        if let (Some(_), Some(parent)) = (address.kind().parents(), address.parent()) {
            *counts.entry((parent, address.kind())).or_default() += 1;
        }
    }
    let is_long = |kind: &Kind, count| kind.parents().is_some_and(|it| count >= it.longest);
    counts
        .into_iter()
        .filter(|((_, kind), count)| is_long(kind, *count))
        .map(|(place, _)| place)
        .collect()
}

/// Reads each declared child that a doubtful response lacks by itself.
pub(super) async fn look_for(
    client: &Arc<Client>,
    chart: &Chart,
    live: &mut Live,
    tally: &Tally<'_>,
) {
    for (parent, kind) in doubtful(live) {
        let is_lacking =
            |address: &&Address| address.kind() == kind && !live.resources.contains_key(*address);
        // Sorted by key, so what is below the parent follows it.
        let below = chart.resources.range(parent.clone()..);
        let lacking: Vec<Address> = below
            .map(|(address, _)| address)
            .take_while(|address| address.parts().starts_with(parent.parts()))
            .filter(is_lacking)
            .cloned()
            .collect();
        tally.expect(lacking.len());
        for some in lacking.chunks(AT_A_TIME) {
            let found = lacking::confirm(client, kind, parent.region(), some.to_vec()).await;
            for (address, found) in found {
                tally.step();
                match found {
                    Ok(found) => live.resources.extend(found.map(|found| (address, found))),
                    Err(failure) => live.failures.push(failure),
                }
            }
        }
    }
}
